"""The customers room: folds records into accounts and timelines, behind everybody's back. Orders nothing, asks nothing.

Whoever bears a common identity is one customer: when a contact shows that two accounts are one, they are joined, and
`customer_joinings` keeps which contact told so.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from acd.customers import store
from acd.customers.following import ContactChange, change_of, fold
from acd.database import Database, Spool
from acd.ports import CustomerCard, Record, Submit
from acd.routing.model import Identity
from acd.routing.outputs import AnyCommand, Command

DRAIN_TIMEOUT_S: Final = 5.0
_log = logging.getLogger(__name__)


class CustomerRoom:
    """A `Room` for the loop and a `CustomerBook` for the desks."""

    name = "customers"
    commands: frozenset[type[Command]] = frozenset()

    def __init__(self, database: Database) -> None:
        self._database = database
        self._spool: Spool[tuple[ContactChange, ...]] = Spool(database, self.name, self._write)
        self._stack = AsyncExitStack()
        self._running: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, database: Database) -> CustomerRoom:
        """Make the room and read where its tables stand. To be done before the first record is observed."""
        room = cls(database)
        await room._spool.load()
        return room

    @property
    def kept_seq(self) -> int:
        """The last record whose consequences the tables hold."""
        return self._spool.seq

    @property
    def spool(self) -> Spool[tuple[ContactChange, ...]]:
        """What waits to be written; for metrics."""
        return self._spool

    async def start(self, submit: Submit) -> None:
        """Begin to write."""
        group = await self._stack.enter_async_context(asyncio.TaskGroup())
        self._running = group.create_task(self._spool.run(), name="customers spool")

    def execute(self, command: AnyCommand) -> None:
        """The engine orders nothing of this room."""

    def observe(self, record: Record, is_replay: bool) -> None:
        """Put what the record changes into the spool."""
        if record.seq <= self._spool.seq:
            return
        found = (change_of(fact, record.at_ms) for fact in record.facts)
        changes = tuple(change for change in found if change is not None)
        if changes:
            self._spool.put(changes, record.seq)
        else:
            self._spool.passed(record.seq)

    async def stop(self) -> None:
        """Write what waits, for at most some seconds; the rest is in the journal."""
        if self._running is not None:
            if not await self._spool.drained(DRAIN_TIMEOUT_S):
                _log.warning("spool_left room=customers items=%d", len(self._spool))
            self._running.cancel()
        await self._stack.aclose()

    async def customer_of(self, identities: Sequence[Identity], limit: int) -> CustomerCard | None:
        """Return the account that bears one of these identities."""
        async with self._database.reading() as connection:
            return await store.read_customer(connection, identities, limit)

    async def _write(self, connection: AsyncConnection, items: Sequence[tuple[ContactChange, ...]]) -> None:
        await store.write_changes(connection, fold(change for item in items for change in item))
