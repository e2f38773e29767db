"""What holds for every test: the marker `needs`, which skips where a program is missing."""

import pytest

from tests.programs import missing_reason


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests whose programs are not on this machine, and say which package brings them."""
    for item in items:
        for marker in item.iter_markers("needs"):
            reason = missing_reason(marker.args)
            if reason is not None:
                item.add_marker(pytest.mark.skip(reason=reason))
