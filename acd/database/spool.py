"""The spool: what a room wants to write waits here, in order, so that no room ever waits for its database.

One task lets records gather for half a second (an order, whose answer somebody waits for, ends that at once), then
writes what there is in one transaction, together with the number of the last record
that it came from: a crash in between leaves either both or neither, so a record replayed at the next start is
written exactly once. While the database is away the spool fills; when it is full, it takes nothing more, says so
once, and stays behind until the next start reads the journal again from where the tables stand.

An item that the database refuses for what it is (not for being away) must not stop those behind it: it is put
aside in `spool_refused`, with the reason, for a person to look at.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

from sqlalchemy import Column, Integer, Table, insert, select, update
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
    SQLAlchemyError,
    StatementError,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from acd.database.opening import Database
from acd.database.tables import METADATA, ROOM_PROGRESS, PlainText

ITEMS_MAX: Final = 100_000
BATCH_MAX: Final = 500
LINGER_S: Final = 0.5
"""How long records gather before they are written: nobody waits for them, and a transaction costs more than a row."""
PASSED_MAX: Final = 5_000
"""Records that left nothing to write, after which the progress is written by itself."""
RETRY_MIN_S: Final = 0.1
RETRY_MAX_S: Final = 5.0
WRITE_TIMEOUT_S: Final = 60.0

T = TypeVar("T")
AfterCommit = Callable[[], None]
Write = Callable[[AsyncConnection, Sequence[T]], Awaitable[AfterCommit | None]]

SPOOL_REFUSED: Final = Table(
    "spool_refused",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("room", PlainText, nullable=False),
    Column("item", PlainText, nullable=False),
    Column("why", PlainText, nullable=False),
)

_FAULTY_STATES: Final = frozenset({"22", "23", "42", "54"})
"""SQLSTATE classes: data, integrity, syntax or access, program limit. Source: PostgreSQL, appendix A."""

_log = logging.getLogger(__name__)


class Spool(Generic[T]):
    """The spool of one room. Belongs to the loop's thread."""

    def __init__(self, database: Database, room: str, write: Write[T], items_max: int = ITEMS_MAX) -> None:
        """Take what writes a batch.

        Args:
            database: Where to.
            room: Under which name the progress is kept.
            write: Writes items, in order, in the given transaction, and returns what is to be done once it is
                committed. May be called again with the same items after a failure.
            items_max: How many may wait.
        """
        self.refused = 0
        """Items that the database would not have."""
        self.is_full = False
        """It has overflowed, and takes nothing more of the journal until the next start."""
        self._database = database
        self._room = room
        self._write = write
        self._items_max = items_max
        self._waiting: deque[tuple[T, int]] = deque()
        self._seq_written = 0
        self._seq_taken = 0
        self._wake = asyncio.Event()
        self._hurry = asyncio.Event()
        self._emptied = asyncio.Event()
        self._emptied.set()

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def seq(self) -> int:
        """The last record that was taken in; those up to it need not be looked at again."""
        return self._seq_taken

    async def load(self) -> int:
        """Read how far the tables are, before the first record is observed, and return it."""
        question = select(ROOM_PROGRESS.c.seq).where(ROOM_PROGRESS.c.room == self._room)
        async with self._database.reading() as connection:
            self._seq_written = self._seq_taken = (await connection.execute(question)).scalar() or 0
        return self._seq_taken

    def put(self, item: T, seq: int = 0) -> bool:
        """Take an item that came from record `seq` (0: from none); return False if the spool is full."""
        if len(self._waiting) >= self._items_max or (seq and self.is_full):
            if seq:
                self._overflow()
            return False
        self._seq_taken = max(seq, self._seq_taken)
        self._waiting.append((item, seq))
        self._emptied.clear()
        self._wake.set()
        if not seq or len(self._waiting) >= BATCH_MAX:
            # Somebody waits for the answer to an order; a full batch gains nothing by waiting.
            self._hurry.set()
        return True

    def passed(self, seq: int) -> None:
        """Note that a record was looked at and left nothing to write; it need not be looked at again.

        Without this a room that seldom writes would have to hear the whole journal at every start.
        """
        if self.is_full:
            return
        self._seq_taken = max(seq, self._seq_taken)
        if self._seq_taken - self._seq_written >= PASSED_MAX:
            self._wake.set()
            self._hurry.set()

    async def run(self) -> None:
        """Write what comes, for ever; the room's task."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LINGER_S):
                    await self._hurry.wait()
            self._hurry.clear()
            while self._waiting or self._seq_taken - self._seq_written >= PASSED_MAX:
                await self._write_some()
            self._emptied.set()

    async def drained(self, timeout_s: float) -> bool:
        """Wait until everything is written, which is begun at once; return False if that took too long."""
        if self._waiting:
            self._hurry.set()
        try:
            async with asyncio.timeout(timeout_s):
                await self._emptied.wait()
        except TimeoutError:
            return False
        return True

    async def _write_some(self) -> None:
        count = min(len(self._waiting), BATCH_MAX)
        batch = [self._waiting[place] for place in range(count)]
        refusal: Exception | None = None
        pause_s = RETRY_MIN_S
        while True:
            try:
                after = await self._commit(batch, refusal)
                break
            except (SQLAlchemyError, OSError, TimeoutError, ValueError) as error:
                if batch and refusal is None and is_own_fault(error):
                    # Halve until the culprit stands alone, then put it aside.
                    refusal = error if len(batch) == 1 else None
                    batch = batch[: max(1, len(batch) // 2)]
                    continue
                level = logging.WARNING if pause_s == RETRY_MIN_S else logging.DEBUG
                _log.log(
                    level, "spool_waits room=%s items=%d why=%r", self._room, len(self._waiting), str(error)
                )
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, RETRY_MAX_S)
        for _ in batch:
            self._waiting.popleft()
        if after is not None:
            after()

    async def _commit(self, batch: Sequence[tuple[T, int]], refusal: Exception | None) -> AfterCommit | None:
        seq = max(self._seq_written, *(seq for _, seq in batch)) if batch else self._seq_written
        if len(batch) == len(self._waiting):
            # Nothing else waits, so everything that was looked at is in the tables with this.
            seq = self._seq_taken
        async with asyncio.timeout(WRITE_TIMEOUT_S), self._database.writing() as connection:
            if not batch:
                after = None
            elif refusal is None:
                after = await self._write(connection, [item for item, _ in batch])
            else:
                after = await self._put_aside(connection, batch[0], refusal)
            if seq > self._seq_written:
                await self._keep_progress(connection, seq)
        self._seq_written = seq
        return after

    async def _put_aside(
        self, connection: AsyncConnection, entry: tuple[T, int], error: Exception
    ) -> AfterCommit:
        item, seq = entry
        row = {"room": self._room, "item": ascii(item), "why": ascii(str(error))}
        await connection.execute(insert(SPOOL_REFUSED).values(row))

        def count() -> None:
            self.refused += 1
            kinds = type(item).__name__, type(error).__name__
            _log.error("spool_refused room=%s seq=%d item=%s why=%s", self._room, seq, *kinds)

        return count

    async def _keep_progress(self, connection: AsyncConnection, seq: int) -> None:
        mine = ROOM_PROGRESS.c.room == self._room
        changed = await connection.execute(update(ROOM_PROGRESS).where(mine).values(seq=seq))
        if changed.rowcount == 0:
            await connection.execute(insert(ROOM_PROGRESS).values(room=self._room, seq=seq))

    def _overflow(self) -> None:
        if not self.is_full:
            self.is_full = True
            _log.error("spool_full room=%s items=%d seq=%d", self._room, len(self._waiting), self._seq_taken)


def is_own_fault(error: Exception) -> bool:
    """Return whether the database refused the values themselves, rather than being away, locked or full."""
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None)
        if error.connection_invalidated or isinstance(error, OperationalError):
            return False
        if isinstance(state, str):
            return state[:2] in _FAULTY_STATES
        return isinstance(error, IntegrityError | DataError | ProgrammingError | InterfaceError)
    return isinstance(error, StatementError | ValueError)
