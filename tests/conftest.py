"""What holds for every test: the marker `needs`, which skips where a program is missing, and the databases."""

import pytest

from tests.databases import address, postgres_server
from tests.programs import missing_reason

__all__ = ["address", "postgres_server"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests whose programs are not on this machine, and say which package brings them."""
    for item in items:
        for marker in item.iter_markers("needs"):
            reason = missing_reason(marker.args)
            if reason is not None:
                item.add_marker(pytest.mark.skip(reason=reason))
