"""The house of the desk tests."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.desk.house import House


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator["House"]:
    """A house that serves, with people and rules, and nobody at a desk."""
    from tests.desk.house import open_house

    async with open_house(tmp_path / "desk") as opened:
        yield opened
