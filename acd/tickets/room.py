"""The ticket room: opens and closes tickets on the engine's orders, and keeps them true to the journal.

Orders and records go into the spool and are written behind everybody's back, so nothing that routes ever waits for
SQL. The answer to an order (`TicketOpened`, `TicketClosed`) is submitted once its transaction is committed; an order
that comes again, after a crash, finds its ticket by contact and is answered again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from acd.database import Database, Spool
from acd.ports import Record, Submit, TicketCard, TicketEntry, TicketThread
from acd.routing.events import AnyEvent, TicketClosed, TicketOpened
from acd.routing.model import Identity, PersonId, TicketId
from acd.routing.outputs import AnyCommand, CloseTicket, Command, OpenTicket
from acd.tickets import store
from acd.tickets.following import Follower, TicketChange

NOTE_CHARACTERS_MAX: Final = 10_000
DRAIN_TIMEOUT_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Opening:
    """An order to open a ticket, the customer's name, and when it came."""

    order: OpenTicket
    customer: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Closing:
    """An order to close a ticket, and when it came."""

    order: CloseTicket
    at_ms: int


@dataclass(frozen=True, slots=True)
class Following:
    """Everything that one record changes: written together or not at all."""

    changes: tuple[TicketChange, ...]


Item = Opening | Closing | Following

_log = logging.getLogger(__name__)


class TicketRoom:
    """A `Room` for the loop and a `TicketShelf` for the desks."""

    name = "tickets"
    commands: frozenset[type[Command]] = frozenset({OpenTicket, CloseTicket})

    def __init__(
        self, database: Database, now_ms: Callable[[], int], clocks: store.Clocks = store.Clocks()
    ) -> None:
        self._database = database
        self._now_ms = now_ms
        self._clocks = clocks
        self._spool: Spool[Item] = Spool(database, self.name, self._write)
        self._follower = Follower()
        self._listeners: list[Callable[[TicketCard], None]] = []
        self._submit: Submit | None = None
        self._stack = AsyncExitStack()
        self._running: asyncio.Task[None] | None = None

    @classmethod
    async def open(
        cls, database: Database, now_ms: Callable[[], int], clocks: store.Clocks = store.Clocks()
    ) -> TicketRoom:
        """Make the room and read where its tables stand. To be done before the first record is observed."""
        room = cls(database, now_ms, clocks)
        await room._spool.load()
        async with database.reading() as connection:
            room._follower = Follower(await store.live_return_calls(connection))
        return room

    @property
    def kept_seq(self) -> int:
        """The last record whose consequences the tables hold."""
        return self._spool.seq

    @property
    def spool(self) -> Spool[Item]:
        """What waits to be written; for metrics."""
        return self._spool

    async def start(self, submit: Submit) -> None:
        """Begin to write."""
        self._submit = submit
        group = await self._stack.enter_async_context(asyncio.TaskGroup())
        self._running = group.create_task(self._spool.run(), name="tickets spool")

    def execute(self, command: AnyCommand) -> None:
        """Open or close a ticket, soon."""
        if isinstance(command, OpenTicket):
            customer = self._follower.display(command.contact, command.identities)
            self._put(Opening(command, customer, self._now_ms()))
        elif isinstance(command, CloseTicket):
            self._put(Closing(command, self._now_ms()))

    def observe(self, record: Record, is_replay: bool) -> None:
        """Keep return calls and contact lists of tickets true."""
        if record.seq <= self._spool.seq:
            for fact in record.facts:
                self._follower.recall(fact)
            return
        changes = [change for fact in record.facts for change in self._follower.follow(fact, record.at_ms)]
        if changes:
            self._spool.put(Following(tuple(changes)), record.seq)
        else:
            self._spool.passed(record.seq)

    async def stop(self) -> None:
        """Write what waits, for at most some seconds; the rest is in the journal."""
        if self._running is not None:
            if not await self._spool.drained(DRAIN_TIMEOUT_S):
                _log.warning("spool_left room=tickets items=%d", len(self._spool))
            self._running.cancel()
        await self._stack.aclose()

    async def open_tickets(self, limit: int) -> Sequence[TicketCard]:
        """Return tickets that are not closed, the latest first."""
        async with self._database.reading() as connection:
            return await store.read_open(connection, limit)

    async def tickets_of(self, identities: Sequence[Identity], limit: int) -> Sequence[TicketCard]:
        """Return a customer's tickets over all channels, open ones first, then the latest."""
        async with self._database.reading() as connection:
            return await store.read_of(connection, identities, limit)

    async def ticket(self, ticket: TicketId) -> TicketThread | None:
        """Return one ticket with its thread; None if there is no such ticket."""
        async with self._database.reading() as connection:
            return await store.read_thread(connection, ticket)

    async def add_note(self, ticket: TicketId, by: PersonId, text: str, key: str) -> TicketEntry | None:
        """Add to the thread; what is beyond 10,000 characters is left out."""
        async with self._database.writing() as connection:
            entry = await store.add_note(
                connection, ticket, by, text[:NOTE_CHARACTERS_MAX], key, self._now_ms()
            )
            cards = await store.read_cards(connection, [ticket])
        self._tell(cards)
        return entry

    def listen(self, hear: Callable[[TicketCard], None]) -> None:
        """Call `hear` for every ticket that is opened, changed or closed, from now on."""
        self._listeners.append(hear)

    def _put(self, item: Opening | Closing) -> None:
        if not self._spool.put(item):
            # The engine still wants it, and orders it again at the next start.
            _log.error("order_left key=%s waiting=%d", item.order.key, len(self._spool))

    async def _write(self, connection: AsyncConnection, items: Sequence[Item]) -> Callable[[], None]:
        answers: list[AnyEvent] = []
        touched: list[TicketId] = []
        for item in items:
            if isinstance(item, Opening):
                ticket = await store.open_ticket(
                    connection, item.order, item.customer, item.at_ms, self._clocks
                )
                answers.append(TicketOpened(item.order.contact, ticket))
                touched.append(ticket)
            elif isinstance(item, Closing):
                if not await store.close_ticket(connection, item.order, item.at_ms):
                    _log.error("ticket_unknown ticket=%s contact=%s", item.order.ticket, item.order.contact)
                answers.append(TicketClosed(item.order.ticket))
                touched.append(item.order.ticket)
            else:
                for change in item.changes:
                    await store.apply_change(connection, change)
                    touched.append(change.ticket)
        cards = await store.read_cards(connection, touched) if self._listeners else []
        return lambda: self._committed(answers, cards)

    def _committed(self, answers: Sequence[AnyEvent], cards: Sequence[TicketCard]) -> None:
        assert self._submit is not None, "nothing is written before start"
        for answer in answers:
            self._submit(answer)
        self._tell(cards)

    def _tell(self, cards: Sequence[TicketCard]) -> None:
        for card in cards:
            for hear in self._listeners:
                hear(card)
