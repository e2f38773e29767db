"""The house of the desk tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.desk.house import House, open_house


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A house that serves, with people and rules, and nobody at a desk."""
    async with open_house(tmp_path / "desk") as opened:
        yield opened
