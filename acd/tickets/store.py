"""The SQL of the ticket room: each function works in the transaction that it is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import Row, Select, and_, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from acd.database import moment_of, ms_of
from acd.ports import TicketCard, TicketEntry, TicketThread
from acd.routing.model import AgentId, ContactId, Identity, PersonId, TicketId
from acd.routing.outputs import CloseTicket, OpenTicket
from acd.tickets.following import ReturnCallState, TicketChange
from acd.tickets.tables import TICKET_CONTACTS, TICKET_ENTRIES, TICKET_IDENTITIES, TICKETS

OPEN: Final = "open"
CLOSED: Final = "closed"
BOT: Final = "bot"
ENTRIES_MAX: Final = 1_000
_OVER: Final = ("", ReturnCallState.DONE, ReturnCallState.UNREACHED, ReturnCallState.CANCELLED)


class Clocks(msgspec.Struct, frozen=True):
    """How soon somebody should speak to the customer, and how soon the matter should be settled."""

    respond_ms: int = 4 * 3_600_000
    resolve_ms: int = 72 * 3_600_000


async def open_ticket(
    connection: AsyncConnection, order: OpenTicket, customer: str, at_ms: int, clocks: Clocks
) -> TicketId:
    """Open the ticket of an order's contact, or return the one that it has."""
    found = await connection.execute(select(TICKETS.c.number).where(TICKETS.c.contact == order.contact))
    number = found.scalar()
    if number is None:
        row = _new_row(order, customer, moment_of(at_ms), clocks)
        number = (
            await connection.execute(insert(TICKETS).values(row).returning(TICKETS.c.number))
        ).scalar_one()
        identities = [
            {"ticket": number, "identity": identity, "place": place}
            for place, identity in enumerate(dict.fromkeys(order.identities))
        ]
        if identities:
            await connection.execute(insert(TICKET_IDENTITIES), identities)
        await connection.execute(insert(TICKET_CONTACTS).values(ticket=number, contact=order.contact))
        await add_entry(
            connection, number, at_ms, "opened", by=BOT, contact=order.contact, text=order.category
        )
    return TicketId(str(number))


async def close_ticket(connection: AsyncConnection, order: CloseTicket, at_ms: int) -> bool:
    """Close a ticket; return False if there is none. One that is closed stays as it was closed."""
    number = number_of(order.ticket)
    moment = moment_of(at_ms)
    done = await connection.execute(
        update(TICKETS)
        .where(and_(TICKETS.c.number == number, TICKETS.c.state == OPEN))
        .values(
            state=CLOSED, closed_at=moment, changed_at=moment, disposition=order.disposition, notes=order.notes,
            owner=func.coalesce(TICKETS.c.owner, order.agent),
            responded_at=func.coalesce(TICKETS.c.responded_at, moment),
        )
    )  # fmt: skip
    if done.rowcount:
        text = f"{order.disposition}: {order.notes}" if order.notes else order.disposition
        await add_entry(connection, number, at_ms, "closed", by=order.agent, contact=order.contact, text=text)
        return True
    found = await connection.execute(select(TICKETS.c.number).where(TICKETS.c.number == number))
    return found.first() is not None


async def apply_change(connection: AsyncConnection, change: TicketChange) -> bool:
    """Write what a fact changed; return False if the ticket is not ours."""
    number = number_of(change.ticket)
    values: dict[str, Any] = {"changed_at": moment_of(change.at_ms)}
    if change.return_call is not None:
        values["return_call"] = change.return_call.value
    if change.return_contact is not None:
        values["return_contact"] = change.return_contact
    if change.not_before_ms is not None:
        values["not_before_at"] = moment_of(change.not_before_ms)
    if change.tries is not None:
        values["tries"] = change.tries
    if change.responder is not None:
        values["owner"] = func.coalesce(TICKETS.c.owner, change.responder)
        values["responded_at"] = func.coalesce(TICKETS.c.responded_at, moment_of(change.at_ms))
    done = await connection.execute(update(TICKETS).where(TICKETS.c.number == number).values(values))
    if not done.rowcount:
        return False
    await add_contact(connection, number, change.contact)
    await add_entry(
        connection, number, change.at_ms, change.kind, by=change.by, contact=change.contact, text=change.text
    )
    return True


async def add_contact(connection: AsyncConnection, number: int, contact: ContactId) -> None:
    """Put a contact on the ticket's list, once."""
    mine = and_(TICKET_CONTACTS.c.ticket == number, TICKET_CONTACTS.c.contact == contact)
    if (await connection.execute(select(TICKET_CONTACTS.c.ticket).where(mine))).first() is None:
        await connection.execute(insert(TICKET_CONTACTS).values(ticket=number, contact=contact))


async def add_entry(
    connection: AsyncConnection,
    number: int,
    at_ms: int,
    kind: str,
    *,
    by: str = "",
    contact: ContactId | None = None,
    text: str = "",
    key: str | None = None,
) -> None:
    """Add to the ticket's thread."""
    row = {"ticket": number, "at": moment_of(at_ms), "kind": kind, "by": by, "contact": contact, "text": text}
    await connection.execute(insert(TICKET_ENTRIES).values(row | {"key": key}))


async def add_note(
    connection: AsyncConnection, ticket: TicketId, by: PersonId, text: str, key: str, at_ms: int
) -> TicketEntry | None:
    """Add a person's note, or return the one of this key; None if there is no such ticket."""
    number = number_of(ticket)
    mine = update(TICKETS).where(TICKETS.c.number == number).values(changed_at=moment_of(at_ms))
    if not (await connection.execute(mine)).rowcount:
        return None
    whole_key = f"{number}/{by}/{key}"[:200]
    same = select(TICKET_ENTRIES).where(TICKET_ENTRIES.c.key == whole_key)
    if (await connection.execute(same)).first() is None:
        await add_entry(connection, number, at_ms, "note", by=by, text=text, key=whole_key)
    return _entry((await connection.execute(same)).one())


async def live_return_calls(connection: AsyncConnection) -> list[tuple[ContactId, TicketId]]:
    """Return the return calls that are not over, with their tickets."""
    rows = await connection.execute(
        select(TICKETS.c.return_contact, TICKETS.c.number)
        .where(TICKETS.c.return_contact.is_not(None), TICKETS.c.return_call.not_in(_OVER))
        .order_by(TICKETS.c.number)
    )
    return [(ContactId(contact), TicketId(str(number))) for contact, number in rows]


async def read_cards(connection: AsyncConnection, tickets: Iterable[TicketId]) -> list[TicketCard]:
    """Return these tickets, by number; unknown ones are left out."""
    numbers = sorted({number_of(ticket) for ticket in tickets})
    return await _cards(
        connection, select(TICKETS).where(TICKETS.c.number.in_(numbers)).order_by(TICKETS.c.number)
    )


async def read_open(connection: AsyncConnection, limit: int) -> list[TicketCard]:
    """Return tickets that are not closed, the latest first."""
    question = select(TICKETS).where(TICKETS.c.state == OPEN).order_by(TICKETS.c.number.desc()).limit(limit)
    return await _cards(connection, question)


async def read_of(
    connection: AsyncConnection, identities: Sequence[Identity], limit: int
) -> list[TicketCard]:
    """Return a customer's tickets, open ones first, then the latest."""
    mine = select(TICKET_IDENTITIES.c.ticket).where(TICKET_IDENTITIES.c.identity.in_(list(identities)))
    question = (
        select(TICKETS)
        .where(TICKETS.c.number.in_(mine))
        .order_by(TICKETS.c.closed_at.is_not(None), TICKETS.c.number.desc())
        .limit(limit)
    )
    return await _cards(connection, question)


async def read_thread(connection: AsyncConnection, ticket: TicketId) -> TicketThread | None:
    """Return one ticket with everything that happened to it."""
    number = number_of(ticket)
    row = (await connection.execute(select(TICKETS).where(TICKETS.c.number == number))).first()
    if row is None:
        return None
    entries = await connection.execute(
        select(TICKET_ENTRIES).where(TICKET_ENTRIES.c.ticket == number)
        .order_by(TICKET_ENTRIES.c.id).limit(ENTRIES_MAX)
    )  # fmt: skip
    contacts = await connection.execute(
        select(TICKET_CONTACTS.c.contact).where(TICKET_CONTACTS.c.ticket == number)
        .order_by(TICKET_CONTACTS.c.contact)
    )  # fmt: skip
    identities = await connection.execute(
        select(TICKET_IDENTITIES.c.identity).where(TICKET_IDENTITIES.c.ticket == number)
        .order_by(TICKET_IDENTITIES.c.place)
    )  # fmt: skip
    return TicketThread(
        card=_card(row),
        language=row.language,
        is_partial=row.is_partial,
        transcript=row.transcript,
        entries=[_entry(entry) for entry in entries],
        contacts=[ContactId(contact) for contact in contacts.scalars()],
        identities=[Identity(identity) for identity in identities.scalars()],
        first_response_ms=_between(row.opened_at, row.responded_at),
        resolution_ms=_between(row.opened_at, row.closed_at),
    )


def number_of(ticket: TicketId) -> int:
    """Return the number of a ticket; 0, which no ticket has, for what is no number of ours."""
    text = str(ticket)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _new_row(order: OpenTicket, customer: str, moment: datetime, clocks: Clocks) -> Mapping[str, Any]:
    return {
        "contact": order.contact, "state": OPEN, "queue": order.queue, "language": order.language,
        "category": order.category, "words": order.words, "recording": order.recording, "phone": order.number,
        "customer": customer, "is_partial": order.is_partial, "return_call": "",
        "opened_at": moment, "changed_at": moment,
        "respond_by_at": moment + timedelta(milliseconds=clocks.respond_ms),
        "resolve_by_at": moment + timedelta(milliseconds=clocks.resolve_ms),
    }  # fmt: skip


async def _cards(connection: AsyncConnection, question: Select[Any]) -> list[TicketCard]:
    return [_card(row) for row in await connection.execute(question)]


def _card(row: Row[Any]) -> TicketCard:
    due = row.respond_by_at if row.responded_at is None else row.resolve_by_at
    return TicketCard(
        ticket=TicketId(str(row.number)),
        state=row.state,
        opened_at_ms=ms_of(row.opened_at),
        queue=row.queue,
        category=row.category,
        words=row.words,
        recording=row.recording,
        number=row.phone,
        customer=row.customer,
        contact=ContactId(row.contact),
        owner=None if row.owner is None else AgentId(row.owner),
        return_call=row.return_call,
        due_at_ms=None if row.state == CLOSED else ms_of(due),
        closed_at_ms=None if row.closed_at is None else ms_of(row.closed_at),
        disposition=row.disposition,
        notes=row.notes,
    )


def _entry(row: Row[Any]) -> TicketEntry:
    contact = None if row.contact is None else ContactId(row.contact)
    return TicketEntry(row.id, ms_of(row.at), row.kind, row.by, row.text, contact)


def _between(begin: datetime, end: datetime | None) -> int | None:
    return None if end is None else ms_of(end) - ms_of(begin)
