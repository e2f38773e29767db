"""Who did what to another's contact, agent or queue: one line each in a file, every line bound to the one before.

A line is durable before the act is done. `hash` is SHA-256 over the line without it, which holds the hash of
the line before: to alter, delete or reorder a line breaks the chain at that place. Deleting the end of the
file is found by comparing with `head` that was noted elsewhere (it stands in each answer of the HTTP API).
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

FIRST: Final = "0" * 64


class AuditLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One act. `outcome`: `allowed` (then the journal holds what came of it) or the code of the refusal."""

    number: int
    at: str
    person: str
    role: str
    act: str
    about: str
    outcome: str
    detail: str
    before: str
    hash: str = ""


class AuditBroken(Exception):
    """The chain does not hold: `number` is the line where it breaks, counted from 1."""

    def __init__(self, number: int, why: str) -> None:
        super().__init__(f"audit line {number}: {why}")
        self.number = number


class AuditLog:
    """The file that is written."""

    def __init__(self, path: Path) -> None:
        """Open the log behind its last whole line; a torn line was never confirmed and is cut off.

        Raises:
            AuditBroken: The last line is not bound to its text.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._thread = ThreadPoolExecutor(1, "audit")
        self._count, self.head = _cut_torn_end(path)
        self._file = path.open("ab", buffering=0)
        path.chmod(0o600)

    async def write(
        self, at_ms: int, person: str, role: str, act: str, about: str, outcome: str, detail: str = ""
    ) -> None:
        """Write an act down; durable when this returns.

        Raises:
            OSError: It could not be written: the act must not be done.
        """
        at = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
        line = AuditLine(0, at, person, role, act, about, outcome, detail, "")
        await asyncio.get_running_loop().run_in_executor(self._thread, self._append, line)

    async def tail(self, limit: int) -> list[AuditLine]:
        """Return the latest lines, the newest last."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, _read_tail, self.path, limit)

    def close(self) -> None:
        """Finish what waits and close the file."""
        self._thread.shutdown(wait=True)
        self._file.close()

    def _append(self, line: AuditLine) -> None:
        number = self._count + 1
        bound = msgspec.structs.replace(line, number=number, before=self.head)
        bound = msgspec.structs.replace(bound, hash=hash_of(bound))
        size = os.fstat(self._file.fileno()).st_size
        raw = msgspec.json.encode(bound) + b"\n"
        try:
            if self._file.write(raw) != len(raw):
                raise OSError(errno.ENOSPC, f"only a part of audit line {number} could be written")
            os.fsync(self._file.fileno())
        except OSError:
            # Half a line must not stand in the way of the next one.
            os.ftruncate(self._file.fileno(), size)
            raise
        self._count, self.head = number, bound.hash


def hash_of(line: AuditLine) -> str:
    """Return the hash that binds a line: over its text without `hash`."""
    return hashlib.sha256(msgspec.json.encode(msgspec.structs.replace(line, hash=""))).hexdigest()


def verify(path: Path) -> tuple[int, str]:
    """Read the whole log and return how many lines it has and its head.

    Raises:
        AuditBroken: A line was altered, deleted or moved.
    """
    count, head = 0, FIRST
    for number, line in enumerate(_read(path), 1):
        if line.number != number:
            raise AuditBroken(number, f"bears the number {line.number}")
        if line.before != head:
            raise AuditBroken(number, "does not follow the line before it")
        if line.hash != hash_of(line):
            raise AuditBroken(number, "was altered")
        count, head = number, line.hash
    return count, head


def _read(path: Path) -> Iterator[AuditLine]:
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            try:
                yield msgspec.json.decode(raw, type=AuditLine)
            except msgspec.DecodeError as error:
                raise AuditBroken(number, str(error)) from None


def _read_tail(path: Path, limit: int) -> list[AuditLine]:
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - limit * 2048))
        lines = file.read().splitlines()
    whole = lines if end <= limit * 2048 else lines[1:]
    return [msgspec.json.decode(line, type=AuditLine) for line in whole[-limit:]] if limit > 0 else []


def _cut_torn_end(path: Path) -> tuple[int, str]:
    if not path.exists() or path.stat().st_size == 0:
        return 0, FIRST
    with path.open("r+b") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - 1_048_576))
        tail = file.read()
        whole = tail[: tail.rfind(b"\n") + 1]
        file.truncate(end - len(tail) + len(whole))
    if not whole:
        return 0, FIRST
    last = whole.splitlines()[-1]
    try:
        line = msgspec.json.decode(last, type=AuditLine)
    except msgspec.DecodeError as error:
        raise AuditBroken(0, f"the last line is unreadable: {error}") from None
    if line.hash != hash_of(line):
        raise AuditBroken(line.number, "was altered")
    return line.number, line.hash
