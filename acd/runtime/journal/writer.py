"""The group-commit thread: the one that writes the journal.

While one commit is being synced, the next batch gathers; so the more there is to do, the more each sync
carries. The loop is told of durable records in order, by a callback on its own thread, and of nothing else.

When the disk is full nothing is acknowledged; the same batch is tried again until there is room. A reserve file
is given up first, so that what is still going on can be brought to its end. After any other failure the file
is not touched again: after a failed fsync nobody knows what is on the disk, and asking twice does not help.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from asyncio import AbstractEventLoop
from collections.abc import Callable
from enum import StrEnum
from typing import Final

from acd.runtime.clock import monotonic_s
from acd.runtime.journal.entries import Entry, entry_check
from acd.runtime.journal.file import JournalFile
from acd.runtime.journal.meta import write_meta

_INSERT: Final = "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?)"
_RETRY_S: Final = 0.25
_SLICE: Final = 500
RESERVE_BYTES: Final = 8 << 20


class JournalState(StrEnum):
    """Whether records become durable."""

    WRITING = "writing"
    FULL = "full"
    """The disk is full; tried again until there is room."""
    FAILED = "failed"
    """Given up until the next start."""


class JournalWriter:
    """Owns the thread. `append` and `stop` are for the loop's thread.

    Args:
        on_durable: Told the number of the last durable record and how long its commit took, in order.
        on_state: Told each change of state, with the reason.
    """

    def __init__(
        self,
        file: JournalFile,
        loop: AbstractEventLoop,
        on_durable: Callable[[int, float], None],
        on_state: Callable[[JournalState, str], None],
        *,
        reserve_bytes: int = RESERVE_BYTES,
    ) -> None:
        self._file = file
        self._loop = loop
        self._on_durable = on_durable
        self._on_state = on_state
        self._chain = file.extent.last_chain
        self._state = JournalState.WRITING
        self._reserve = file.folder / "journal.reserve"
        self._reserve_bytes = reserve_bytes
        self._queue: list[Entry] = []
        self._forget_until = 0
        self._is_stopping = False
        self._wake = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)

    @property
    def state(self) -> JournalState:
        """Return whether records become durable, as the thread last knew."""
        return self._state

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def append(self, entries: list[Entry]) -> None:
        """Hand rows over, in order; returns at once."""
        with self._wake:
            self._queue.extend(entries)
            self._wake.notify()

    def forget_until(self, seq: int) -> None:
        """Take away the records up to and with `seq`, in slices, whenever there is nothing better to do."""
        with self._wake:
            self._forget_until = max(self._forget_until, seq)
            self._wake.notify()

    def stop(self, timeout_s: float) -> bool:
        """Finish what was handed over and end the thread; False if it could not be finished in time."""
        with self._wake:
            self._is_stopping = True
            self._wake.notify()
        self._thread.join(timeout_s)
        return not self._thread.is_alive() and not self._queue

    def _run(self) -> None:
        self._fill_reserve()
        while (batch := self._next_batch()) is not None:
            if not batch:
                if not self._forget_slice():
                    return
                continue
            started_s = monotonic_s()
            if not self._commit_or_wait(batch):
                return
            self._tell(self._on_durable, batch[-1].seq, monotonic_s() - started_s)
            if self._state is JournalState.FULL and self._fill_reserve():
                self._set_state(JournalState.WRITING, "there is room on the disk again")

    def _next_batch(self) -> list[Entry] | None:
        """Wait for rows; return none where there is a chore, and None at the end."""
        with self._wake:
            while not self._queue:
                if self._is_stopping:
                    return None
                if (
                    self._forget_until > self._file.reader.meta.base_seq
                    and self._state is JournalState.WRITING
                ):
                    return []
                if self._state is JournalState.FULL and self._fill_reserve():
                    self._set_state(JournalState.WRITING, "there is room on the disk again")
                self._wake.wait(_RETRY_S if self._state is JournalState.FULL else None)
            batch, self._queue = self._queue, []
            return batch

    def _commit_or_wait(self, batch: list[Entry]) -> bool:
        """Make a batch durable, however long the disk is full; False where that cannot be."""
        while True:
            try:
                self._commit(batch)
            except sqlite3.Error as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
                    with self._wake:
                        self._queue = batch + self._queue
                    self._set_state(JournalState.FAILED, f"{error.sqlite_errorname}: {error}")
                    return False
                if self._state is not JournalState.FULL:
                    self._set_state(JournalState.FULL, str(error))
                    self._give_reserve()
                    continue
                if self._wait_for_room():
                    with self._wake:
                        self._queue = batch + self._queue
                    return False
            except OSError as error:  # the mark: what is durable stays so, but this disk is trusted no more
                self._set_state(JournalState.FAILED, f"the mark cannot be written: {error}")
                return False
            else:
                return True

    def _wait_for_room(self) -> bool:
        """Wait a moment; True if the server stops meanwhile."""
        with self._wake:
            if not self._is_stopping:
                self._wake.wait(_RETRY_S)
            return self._is_stopping

    def _commit(self, batch: list[Entry]) -> None:
        chain = self._chain
        rows = []
        for entry in batch:
            crc, chain = entry_check(entry, chain)
            rows.append((*entry, crc, chain))
        connection = self._file.connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(_INSERT, rows)
            connection.execute("COMMIT")
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        self._chain = chain
        self._file.note(batch[-1].seq, chain)

    def _forget_slice(self) -> bool:
        """Take away one slice of old records and move the beginning behind it; False once the file has failed."""
        reader = self._file.reader
        until = min(self._forget_until, reader.meta.base_seq + _SLICE)
        connection = self._file.connection
        try:
            meta = reader.meta._replace(base_seq=until, base_chain=reader.chain_at(until))
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("DELETE FROM records WHERE seq <= ?", (until,))
            write_meta(connection, meta)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self._forget_until = 0
            if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
                return True
            self._set_state(JournalState.FAILED, f"{error.sqlite_errorname}: {error}")
            return False
        reader.meta = meta
        return True

    def _fill_reserve(self) -> bool:
        """Put room aside; False where the disk is (still) too full."""
        if not self._reserve_bytes:
            return True
        try:
            fd = os.open(self._reserve, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                _allocate(fd, self._reserve_bytes)
            finally:
                os.close(fd)
        except OSError:
            self._give_reserve()
            return False
        return True

    def _give_reserve(self) -> None:
        """Let the journal have the room that was put aside; on a disk that lets nothing be removed it gets none."""
        with contextlib.suppress(OSError):
            self._reserve.unlink(missing_ok=True)

    def _set_state(self, state: JournalState, why: str) -> None:
        self._state = state
        self._tell(self._on_state, state, why)

    def _tell(self, callback: Callable[..., None], *args: object) -> None:
        try:
            self._loop.call_soon_threadsafe(callback, *args)
        except RuntimeError:
            # The loop is closed: nobody is left to be told.
            self._is_stopping = True


def _allocate(fd: int, length: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(fd, 0, length)
        return
    if os.fstat(fd).st_size < length:  # macOS
        os.pwrite(fd, bytes(length), 0)
        os.fsync(fd)
