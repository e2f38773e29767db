"""What can be wrong with a database when it is opened. Either way the operator acts; no room has started yet."""

from __future__ import annotations


class DatabaseUnusable(Exception):
    """The database cannot be reached or opened. `address` holds no password."""

    def __init__(self, address: str, why: str) -> None:
        super().__init__(f"database {address}: {why}")
        self.address = address
        self.why = why


class SchemaTooNew(Exception):
    """The tables were made by a newer version of this program; we do not touch what we do not understand."""

    def __init__(self, address: str, found: str, expected: str) -> None:
        super().__init__(
            f"database {address}: its tables are of version {found}, which this program does not know; "
            f"it expected {expected} or older. Start the newer program, or open a backup made before the upgrade."
        )
        self.address = address
        self.found = found
        self.expected = expected
