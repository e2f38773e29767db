"""HTTP about a case: a live contact, its customer, tickets and their threads. Only for whoever holds it or may see it.

Reading waits for the SQL of other rooms, behind their Protocols; the socket never does.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from aiohttp import web
from msgspec import Meta

from acd.desk.actions import ActionId
from acd.desk.board.build import build_contact
from acd.desk.board.state import ContactCard
from acd.desk.desks import Desks
from acd.desk.http import ApiError, Problem, answer, identify, not_found, read_body
from acd.desk.people import Person
from acd.desk.requests import sight_of
from acd.desk.roles import reach_of
from acd.desk.ticketing import may_read
from acd.ports import CustomerBook, CustomerCard, TicketCard, TicketEntry, TicketThread
from acd.routing.model import AgentId, ContactId, TicketId

TICKETS_MAX: Final = 50
TIMELINE_MAX: Final = 100


class TicketList(msgspec.Struct, frozen=True):
    """A customer's tickets."""

    tickets: tuple[TicketCard, ...]


class CustomerAnswer(msgspec.Struct, frozen=True):
    """The customer over all channels; null for a stranger."""

    customer: CustomerCard | None


NOTE_MAX: Final = 10_000
"""Characters of a note."""
NOTE_BYTES_MAX: Final = 12 * NOTE_MAX + 1_024
"""Every character of it may come as two escapes of six bytes."""


class NoteBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A note on a ticket. `id` is chosen by the client: the same again is the same note."""

    id: ActionId
    text: Annotated[str, Meta(min_length=1, max_length=NOTE_MAX)]


class Cases:
    """The handlers."""

    def __init__(self, desks: Desks, customers: CustomerBook | None) -> None:
        self._desks = desks
        self._customers = customers

    def add_routes(self, app: web.Application) -> None:
        """Add the routes."""
        app.router.add_get("/api/contacts/{contact}", self.contact)
        app.router.add_get("/api/contacts/{contact}/tickets", self.tickets)
        app.router.add_get("/api/contacts/{contact}/customer", self.customer)
        app.router.add_get("/api/tickets/{ticket}", self.ticket)
        app.router.add_post("/api/tickets/{ticket}/notes", self.note)

    async def contact(self, request: web.Request) -> web.Response:
        """One live contact, with the decision that led to its offer."""
        _, person = identify(request, self._desks.sign_in, "read_board")
        card = self._find(request, person)
        row = build_contact(self._desks.board.state, card.contact)
        if row is None:
            raise not_found(card.contact)
        return answer(row)

    async def tickets(self, request: web.Request) -> web.Response:
        """Tickets of the customer of a contact that I hold, or may see."""
        _, person = identify(request, self._desks.sign_in, "read_ticket")
        card = self._find(request, person)
        shelf = self._desks.tickets.shelf
        found = await shelf.tickets_of(card.identities, TICKETS_MAX) if shelf is not None else ()
        return answer(TicketList(tuple(found)))

    async def customer(self, request: web.Request) -> web.Response:
        """The customer of a contact that I hold, or may see: who, and what was before, over all channels."""
        _, person = identify(request, self._desks.sign_in, "read_customer")
        card = self._find(request, person)
        if self._customers is None:
            return answer(CustomerAnswer(None))
        return answer(CustomerAnswer(await self._customers.customer_of(card.identities, TIMELINE_MAX)))

    async def ticket(self, request: web.Request) -> web.Response:
        """One ticket with its thread."""
        _, person = identify(request, self._desks.sign_in, "read_ticket")
        return answer(await self._find_ticket(request, person))

    async def note(self, request: web.Request) -> web.Response:
        """Add to a ticket's thread."""
        _, person = identify(request, self._desks.sign_in, "note_ticket")
        body = await read_body(request, NoteBody, NOTE_BYTES_MAX)
        thread = await self._find_ticket(request, person)
        shelf = self._desks.tickets.shelf
        entry: TicketEntry | None = None
        if shelf is not None:
            entry = await shelf.add_note(thread.card.ticket, person.person, body.text, body.id)
        if entry is None:
            raise not_found(thread.card.ticket)
        return answer(entry)

    # --- reach --------------------------------------------------------------------------------------

    def _find(self, request: web.Request, person: Person) -> ContactCard:
        """Return the contact of the address.

        Raises:
            ApiError: 404, the same for what does not exist and what is not within reach.
        """
        contact = ContactId(request.match_info["contact"])
        state = self._desks.board.state
        card = state.contacts.get(contact)
        holds = card is not None and any(state.offers[o].agent == AgentId(person.person) for o in card.offers)
        may_see = reach_of(person.role, "read_board") is not None and sight_of(person).sees_contact(
            state, contact
        )
        if card is None or not (holds or may_see):
            raise not_found(contact)
        return card

    async def _find_ticket(self, request: web.Request, person: Person) -> TicketThread:
        name = TicketId(request.match_info["ticket"])
        shelf = self._desks.tickets.shelf
        if shelf is None:
            raise ApiError(503, Problem("unavailable", "no tickets room", "a house that keeps tickets"))
        thread = await shelf.ticket(name)
        if thread is None or not may_read(thread, person, self._desks.board.state):
            raise not_found(name)
        return thread
