"""Why a journal cannot be used. Each of these is for the operator: printed, exit status 2."""

from __future__ import annotations


class JournalRefused(Exception):
    """The journal cannot be used as it is; the message says what was found and what to do."""


class JournalInUse(JournalRefused):
    """Another server owns the journal."""

    def __init__(self, path: str, owner: str) -> None:
        super().__init__(
            f"{path} is in use by another server ({owner}); stop that one first, or give this one another --var"
        )
        self.owner = owner


class JournalTooNew(JournalRefused):
    """A newer version has written the journal."""

    def __init__(self, path: str, found: str, expected: str) -> None:
        super().__init__(
            f"{path} was written by a newer version of this program: found {found}, expected {expected}; "
            "start the newer version, or give this one another --var"
        )


class JournalDamaged(JournalRefused):
    """Something in the middle of the journal is not what was written; nothing was skipped or mended."""

    def __init__(self, path: str, position: str, found: str, expected: str) -> None:
        super().__init__(
            f"{path} is damaged at {position}: found {found}, expected {expected}; "
            "restore it from a copy, or move it away to start with an empty one"
        )
        self.position = position
