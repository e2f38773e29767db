"""The bot takes the matter down; tickets; return calls."""

from __future__ import annotations

from acd.routing import orders, overflow
from acd.routing.answer import Answer
from acd.routing.contact import Contact
from acd.routing.events import (
    IntakeFinished,
    IntakeGaveUp,
    IntakeProgressed,
    ReturnCallAsked,
    TicketClosed,
    TicketOpened,
)
from acd.routing.handling.arrivals import ID_MAX
from acd.routing.model import Channel, ContactId, ContactState, EntryId, Origin
from acd.routing.outputs import (
    ContactEntered,
    ContactReturned,
    IntakeNoted,
    IntakeTaken,
    ReturnCallMerged,
    TicketDone,
    TicketLinked,
)
from acd.routing.state import IDENTITIES_PER_CONTACT_MAX, TEXT_MAX
from acd.routing.states import CONTACT_MOVES, LATE, ContactTrigger

NOT_BEFORE_MAX_MS = 60 * 24 * 3_600_000


def on_progressed(answer: Answer, event: IntakeProgressed) -> None:
    """Something was taken down."""
    contact = _with_bot(answer, event.contact)
    if contact is None:
        return
    answer.emit(
        IntakeNoted(
            contact.id,
            event.category[:ID_MAX],
            event.words[:TEXT_MAX],
            event.recording[:TEXT_MAX],
            event.number[:ID_MAX],
        )
    )


def on_finished(answer: Answer, event: IntakeFinished) -> None:
    """The whole matter is there: a ticket is wanted."""
    contact = _with_bot(answer, event.contact)
    if contact is None:
        return
    answer.emit(IntakeTaken(contact.id, event.return_call))
    answer.order(answer.state.durable[f"OpenTicket/{contact.id}"])


def on_gave_up(answer: Answer, event: IntakeGaveUp) -> None:
    """Back to the line, place kept."""
    contact = _with_bot(answer, event.contact)
    if contact is None:
        return
    answer.trigger = "moved"
    answer.emit(ContactReturned(contact.id, event.reason[:200]))
    answer.order(orders.treatment(answer.state, contact))


def on_ticket_opened(answer: Answer, event: TicketOpened) -> None:
    """Tell the customer the number, and let the return call stand in line."""
    contact = answer.state.contacts.get(event.contact)
    more = contact.more if contact is not None else None
    if contact is None or more is None or not more.ticket_wanted:
        answer.late(event.contact, "no ticket is wanted")
        return
    if len(event.ticket) > ID_MAX:
        answer.refuse(event.contact, "senseless", "a long ticket", f"{ID_MAX} characters")
        return
    wants_call = more.intake is not None and more.intake.return_call
    answer.emit(TicketLinked(contact.id, event.ticket))
    answer.trigger = "arrival"
    if wants_call:
        overflow.book_return_call(answer, contact)
    if contact.state is ContactState.INTAKE:
        answer.order(orders.tell_ticket(contact))


def on_ticket_closed(answer: Answer, event: TicketClosed) -> None:
    """The ticket that was to be closed is closed."""
    if f"CloseTicket/{event.ticket}" not in answer.state.durable:
        answer.late(event.ticket, "not to be closed")
        return
    answer.emit(TicketDone(event.ticket))


def on_return_call(answer: Answer, event: ReturnCallAsked) -> None:
    """Book a return call; one number stands in line once."""
    state = answer.state
    code = _return_call_fault(answer, event)
    if event.contact in state.contacts or event.contact in state.ended_ids:
        answer.late(event.contact, "booked before")
        return
    if code:
        answer.refuse(event.contact, code, event.queue)
        return
    known = state.return_numbers.get(event.number)
    if known is not None:
        answer.emit(ReturnCallMerged(event.contact, known, event.ticket))
        return
    queue = state.queues[event.queue]
    rules = queue.plan.rules
    answer.trigger = "arrival"
    answer.emit(
        ContactEntered(
            contact=event.contact,
            origin=Origin.RETURN_CALL,
            channel=Channel.VOICE,
            adapter=event.adapter,
            entry=EntryId(""),
            queue=queue.id,
            language=event.language,
            region=None,
            arrived_ms=answer.now_ms
            if event.not_before_ms is None
            else max(answer.now_ms, event.not_before_ms),
            needs=rules.needs,
            head_start_ms=rules.head_start_ms,
            identities=event.identities,
            owner=event.owner,
            number=event.number,
            not_before_ms=event.not_before_ms,
            ticket=event.ticket,
        )
    )


def _return_call_fault(answer: Answer, event: ReturnCallAsked) -> str:
    state = answer.state
    if state.rules is None:
        return "rules_missing"
    if event.queue not in state.queues:
        return "unknown_queue"
    if not event.number:
        return "number_missing"
    if len(state.contacts) >= state.rules.contacts_max:
        return "limit"
    queue = state.queues[event.queue]
    if queue.line.length >= queue.plan.rules.length_max:
        return "limit"
    words = (event.contact, event.number, event.adapter, event.language, event.ticket, event.owner)
    long = any(word is not None and len(word) > ID_MAX for word in (*words, *event.identities))
    distance_ms = 0 if event.not_before_ms is None else event.not_before_ms - answer.now_ms
    many = len(event.identities) > IDENTITIES_PER_CONTACT_MAX
    if long or many or not event.contact or abs(distance_ms) > NOT_BEFORE_MAX_MS:
        return "senseless"
    return ""


def _with_bot(answer: Answer, contact_id: ContactId) -> Contact | None:
    """The contact, if it is with the bot and its matter not yet taken; else the event is late."""
    contact = answer.state.contacts.get(contact_id)
    if contact is None or CONTACT_MOVES[contact.state, ContactTrigger.NOTE] is LATE:
        answer.late(contact_id, "not with the bot")
        return None
    intake = contact.rare.intake
    if intake is None or intake.is_taken:
        answer.late(contact_id, "the matter is taken")
        return None
    return contact
