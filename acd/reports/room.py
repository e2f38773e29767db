"""The reports room: folds every record into figures by interval, and writes each quarter of an hour once it has closed.

The counts of closed quarters, the dump of what was open, and the number of the record are written in one transaction,
so a start hears again at most what came since the last close. What is not written yet is in memory: the open quarter,
and closed ones while the database is away. An answer takes the former from the tables and the latter from here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from acd.database import Database, Spool
from acd.ports import FiguresAsked, FiguresRow, Record, Submit
from acd.reports import store
from acd.reports.quarters import AgentRow, Closed, Quarters, QueueRow
from acd.reports.sums import Sums
from acd.routing.outputs import AnyCommand, Command

ROWS_WAITING_MAX: Final = 400_000
"""Rows of closed quarters that may wait for the database: some 200 MB. Then nothing more is taken until the next
start, which reads the journal from where the tables stand."""
DRAIN_TIMEOUT_S: Final = 5.0
_DAY_MS: Final = 86_400_000
_log = logging.getLogger(__name__)


class ReportRoom:
    """A `KeepingRoom` for the loop and a `FigureBook` for the desks.

    Args:
        now_ms: The clock of the house.
        days: How long quarters are kept, counted back from the latest one.
    """

    name = "reports"
    commands: frozenset[type[Command]] = frozenset()

    def __init__(
        self,
        database: Database,
        now_ms: Callable[[], int],
        days: int,
        rows_waiting_max: int = ROWS_WAITING_MAX,
    ) -> None:
        self.is_behind = False
        """Too much waited for the database; nothing more is taken until the next start."""
        self._database = database
        self._now_ms = now_ms
        self._days = days
        self._rows_waiting_max = rows_waiting_max
        self._quarters = Quarters()
        self._waiting: list[Closed] = []
        self._spool: Spool[Closed] = Spool(database, self.name, self._write)
        self._stack = AsyncExitStack()
        self._running: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, database: Database, now_ms: Callable[[], int], days: int) -> ReportRoom:
        """Make the room and go on from where its tables stand. To be done before the first record is observed."""
        room = cls(database, now_ms, days)
        seq = await room._spool.load()
        async with database.reading() as connection:
            dump = await store.read_open(connection)
        if dump is not None:
            try:
                room._quarters.load(dump)
            except msgspec.DecodeError as error:
                # Written by another version: what was open is lost, what was counted stands.
                _log.warning("figures_begin_anew seq=%d why=%s", seq, error)
                room._quarters = Quarters()
                room._quarters.skip_to(seq)
        return room

    @property
    def kept_seq(self) -> int:
        """Before the first record is observed: the last one before the close that was written last."""
        return self._quarters.seq

    @property
    def spool(self) -> Spool[Closed]:
        """What waits to be written; for metrics."""
        return self._spool

    @property
    def passed_over(self) -> int:
        """How many facts spoke of contacts or offers whose beginning was never heard."""
        return self._quarters.statistics.passed_over

    async def start(self, submit: Submit) -> None:
        """Begin to write."""
        group = await self._stack.enter_async_context(asyncio.TaskGroup())
        self._running = group.create_task(self._spool.run(), name="reports spool")

    def execute(self, command: AnyCommand) -> None:
        """The engine orders nothing of this room."""

    def observe(self, record: Record, is_replay: bool) -> None:
        """Fold a record; what it closes goes into the spool."""
        if self.is_behind:
            return
        closed = self._quarters.observe(record)
        if closed is not None:
            self._put(closed)

    async def stop(self) -> None:
        """Write the closed quarters that wait, for at most some seconds; the rest is in the journal."""
        if self._running is not None:
            if not await self._spool.drained(DRAIN_TIMEOUT_S):
                _log.warning("spool_left room=reports items=%d", len(self._spool))
            self._running.cancel()
        await self._stack.aclose()

    async def figures(self, asked: FiguresAsked) -> Sequence[FiguresRow]:
        """Return what was counted, by period and key, up to now.

        Raises:
            FiguresTooMany: Ask for less.
        """
        sums = Sums(asked)
        queues, agents, before_ms = self._in_memory()
        async with self._database.reading() as connection:
            await store.read_sums(connection, asked, before_ms, sums)
        for queue_row in queues:
            sums.add_queue_row(queue_row)
        for agent_row in agents:
            sums.add_agent_row(agent_row)
        return sums.rows()

    def _in_memory(self) -> tuple[list[QueueRow], list[AgentRow], int | None]:
        """Return the quarters that the tables may not hold, and where they begin: the tables are asked up to there
        (None: for everything).

        Taken at one moment: a quarter that is written while the tables are read is counted once.
        """
        queues, agents = self._quarters.open_rows(self._now_ms()) if not self.is_behind else ([], [])
        before_ms = self._quarters.open_from_ms
        for closed in self._waiting:
            queues += closed.queues
            agents += closed.agents
            before_ms = min(before_ms, closed.from_ms)
        return queues, agents, before_ms or None

    def _put(self, closed: Closed) -> None:
        rows = sum(len(each.queues) + len(each.agents) for each in self._waiting)
        if rows > self._rows_waiting_max or not self._spool.put(closed, closed.seq):
            self.is_behind = True
            _log.error("reports_behind rows_waiting=%d seq=%d", rows, closed.seq)
            return
        for older in self._waiting:
            # A start that finds rows without their dump goes on from an older one, and writes them again.
            older.dump = None
        self._waiting.append(closed)

    async def _write(self, connection: AsyncConnection, items: Sequence[Closed]) -> Callable[[], None]:
        for closed in items:
            await store.write_closed(connection, closed)
        newest = items[-1]
        if newest.dump is not None:
            await store.write_open(connection, newest)
        await store.forget_before(connection, newest.to_ms - self._days * _DAY_MS)
        return lambda: self._written(newest.seq)

    def _written(self, seq: int) -> None:
        # One that the database would not have stands before it, and waits no more either.
        self._waiting = [each for each in self._waiting if each.seq > seq]
