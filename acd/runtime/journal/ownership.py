"""Exclusive ownership of a folder: one server at a time, by a lock that dies with its process."""

from __future__ import annotations

import fcntl
import os
import re
from datetime import UTC, datetime
from pathlib import Path

from acd.runtime.clock import wall_ms
from acd.runtime.journal.errors import JournalInUse


class Ownership:
    """Holds `journal.lock`. The kernel lets go of it when the process dies, however it dies."""

    def __init__(self, folder: Path) -> None:
        """Take the folder.

        Raises:
            JournalInUse: Another process has it; names its pid and since when.
        """
        self._path = folder / "journal.lock"
        self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(self._fd, 200, 0).decode(errors="replace").strip() or "it has not said which"
            os.close(self._fd)
            raise JournalInUse(str(folder), owner) from None
        since = datetime.fromtimestamp(wall_ms() / 1000, UTC).isoformat(timespec="seconds")
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, f"pid {os.getpid()}, since {since}\n".encode(), 0)

    def release(self) -> None:
        """Let the folder go; the file stays, since deleting it would race with the next owner."""
        os.close(self._fd)


def owner_of(folder: Path) -> int | None:
    """Return the pid of the server that owns a folder, or None where nobody does."""
    try:
        fd = os.open(folder / "journal.lock", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        said = re.match(rb"pid (\d+)", os.pread(fd, 200, 0))
        return int(said[1]) if said else None
    finally:
        os.close(fd)
    return None
