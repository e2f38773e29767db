"""Keeps the journal short to read and no longer than allowed: snapshots, and the end of retention.

A snapshot is taken by a process of its own after so many records, and once an hour while there are new ones. Records
are taken away when they are older than `journal_days` and no snapshot needs them.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable
from typing import Final

from acd.runtime.clock import Clock
from acd.runtime.journal import JournalFile, JournalReader, JournalWriter, SnapshotShelf
from acd.runtime.logs import named

RECORDS_BETWEEN: Final = 100_000
_LOOK_S: Final = 15.0
_HOUR_MS: Final = 3_600_000
_DAY_MS: Final = 24 * _HOUR_MS
_SNAPSHOT_S_MAX: Final = 600.0

_log = logging.getLogger("acd.journal")


class Keeping:
    """Watches the journal of a running node."""

    def __init__(
        self,
        file: JournalFile,
        writer: JournalWriter,
        clock: Clock,
        journal_days: int | None = None,
        records_between: int = RECORDS_BETWEEN,
        look_s: float = _LOOK_S,
    ) -> None:
        self._file = file
        self._writer = writer
        self._clock = clock
        self._journal_days = journal_days
        self._records_between = records_between
        self._look_s = look_s
        self._shelf = SnapshotShelf(file.folder)

    async def run(self, durable_seq: Callable[[], int]) -> None:
        """Watch until cancelled."""
        last_seq = max(self._shelf.seqs(), default=0)
        last_ms = self._clock.now_ms()
        while True:
            await asyncio.sleep(self._look_s)
            now_ms = self._clock.now_ms()
            new = durable_seq() - last_seq
            if new >= self._records_between or (new and now_ms - last_ms >= _HOUR_MS):
                last_seq, last_ms = durable_seq(), now_ms
                await self._take()
                await asyncio.to_thread(self._forget, now_ms)

    async def _take(self) -> None:
        """Let another process take a snapshot; that it could not is said, and tried again later."""
        order = (sys.executable, "-m", "acd.runtime.snapshotting", str(self._file.folder))
        child = await asyncio.create_subprocess_exec(*order, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE)
        try:
            async with asyncio.timeout(_SNAPSHOT_S_MAX):
                _, said = await child.communicate()
        except TimeoutError:
            said = b"it took too long"
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        if child.returncode:
            why = said.decode(errors="replace").strip().splitlines()[-1:] or [str(child.returncode)]
            _log.error(named("snapshot_failed", why=why[0]))
        else:
            _log.info(named("snapshot_taken", seq=max(self._shelf.seqs(), default=0)))

    def _forget(self, now_ms: int) -> None:
        """Take away what is older than allowed, up to the oldest snapshot that is kept."""
        oldest = min(self._shelf.seqs(), default=0)
        if self._journal_days is None or not oldest:
            return
        reader = JournalReader(self._file.path)
        try:
            seq = reader.last_before(now_ms - self._journal_days * _DAY_MS)
        finally:
            reader.close()
        if min(seq, oldest) > reader.meta.base_seq:
            self._writer.forget_until(min(seq, oldest))
