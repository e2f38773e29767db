"""Facts about contacts, folded into the board's state. See `fold.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from acd.desk.board.changed import Changed
from acd.desk.board.days import queue_day
from acd.desk.board.marking import mark_contact, move_contact
from acd.desk.board.state import BoardState, ContactCard
from acd.routing.model import ContactId, ContactState, Origin, Outcome, QueueId, QueueRules
from acd.routing.outputs import facts as f


def _entered(state: BoardState, changed: Changed, fact: f.ContactEntered, at_ms: int) -> bool:
    state.contacts[fact.contact] = card = ContactCard(
        contact=fact.contact,
        channel=fact.channel,
        origin=fact.origin,
        adapter=fact.adapter,
        queue=fact.queue,
        entry=fact.entry,
        language=fact.language,
        region=fact.region,
        display=fact.display,
        identities=fact.identities,
        attributes=dict(fact.attributes),
        verified=fact.verified,
        state=ContactState.WAITING,
        since_ms=at_ms,
        arrived_ms=fact.arrived_ms,
        head_start_ms=fact.head_start_ms,
        head_starts=fact.head_starts,
        repeat=fact.repeat,
        owner=fact.owner,
        number=fact.number,
        not_before_ms=fact.not_before_ms,
        ticket=fact.ticket,
        wait_from_ms=max(at_ms, fact.not_before_ms or 0)
        if fact.origin is Origin.RETURN_CALL
        else fact.arrived_ms,
    )
    queue = state.queues.get(fact.queue)
    if queue is not None:
        queue_day(queue, at_ms).entered += 1
        card.queue_head_start_ms = queue.rules.head_start_ms
        card.step = _step_at(queue.rules, at_ms - fact.arrived_ms)
    move_contact(state, changed, card, ContactState.WAITING, at_ms)
    return queue is not None


def _step_at(rules: QueueRules, waited_ms: int) -> int:
    """Return which step is in force after this wait; only later ones are told by `StepTaken`."""
    return max(0, sum(step.after_ms <= waited_ms for step in rules.steps) - 1)


def _turned_away(state: BoardState, changed: Changed, fact: f.ContactTurnedAway, at_ms: int) -> bool:
    name = state.entries.get(fact.entry)
    queue = state.queues.get(name) if name else None
    if name is not None and queue is not None and fact.code != "id_used":
        queue_day(queue, at_ms).refused += 1
        changed.queues[name] = None
    return True


def _turned_away_unseen(state: BoardState, changed: Changed, fact: f.ArrivalsTurnedAway, at_ms: int) -> bool:
    name = state.entries.get(fact.entry)
    queue = state.queues.get(name) if name else None
    if name is not None and queue is not None:
        queue_day(queue, at_ms).refused += fact.count
        changed.queues[name] = None
    return True


def _changed(state: BoardState, changed: Changed, fact: f.ContactChanged, at_ms: int) -> bool:
    card = state.contacts.get(fact.contact)
    if card is None:
        return False
    card.attributes = card.attributes | fact.attributes
    card.identities = (*card.identities, *(name for name in fact.identities if name not in card.identities))
    if fact.repeat is not None:
        card.repeat = fact.repeat
    mark_contact(state, changed, fact.contact)
    return True


def _step(state: BoardState, changed: Changed, fact: f.StepTaken, at_ms: int) -> bool:
    return _set(state, changed, fact.contact, step=fact.step)


def _estimate(state: BoardState, changed: Changed, fact: f.EstimateTold, at_ms: int) -> bool:
    return _set(state, changed, fact.contact, position=fact.position, estimate_ms=fact.estimate_ms)


def _head_start(state: BoardState, changed: Changed, fact: f.HeadStartSet, at_ms: int) -> bool:
    card = state.contacts.get(fact.contact)
    if card is not None:
        _add_part(card, fact.why, fact.head_start_ms - card.head_start_ms)
    return _set(state, changed, fact.contact, head_start_ms=fact.head_start_ms)


def _add_part(card: ContactCard, why: str, change_ms: int) -> None:
    parts = {**card.head_starts, why: card.head_starts.get(why, 0) + change_ms}
    card.head_starts = {name: part_ms for name, part_ms in parts.items() if part_ms}


def _asked(state: BoardState, changed: Changed, fact: f.OverflowOffered, at_ms: int) -> bool:
    return _count_asked(state, changed, fact.contact, at_ms, 1, 0)


def _declined(state: BoardState, changed: Changed, fact: f.OverflowDeclined, at_ms: int) -> bool:
    return _count_asked(state, changed, fact.contact, at_ms, 0, 1)


def _count_asked(
    state: BoardState, changed: Changed, contact: ContactId, at_ms: int, asked: int, declined: int
) -> bool:
    card = state.contacts.get(contact)
    queue = state.queues.get(card.queue) if card is not None else None
    if card is None or queue is None:
        return False
    day = queue_day(queue, at_ms)
    day.overflow_asked += asked
    day.overflow_declined += declined
    changed.queues[card.queue] = None
    return True


def _ticket(state: BoardState, changed: Changed, fact: f.TicketLinked, at_ms: int) -> bool:
    # The customer may have hung up long before the ticket was opened.
    _set(state, changed, fact.contact, ticket=fact.ticket)
    return True


def _merged(state: BoardState, changed: Changed, fact: f.ReturnCallMerged, at_ms: int) -> bool:
    into = state.contacts.get(fact.into)
    if fact.ticket is not None and into is not None and into.ticket is None:
        _set(state, changed, fact.into, ticket=fact.ticket)
    return True


def _set(state: BoardState, changed: Changed, contact: ContactId, **fields: object) -> bool:
    """Set fields of a contact."""
    card = state.contacts.get(contact)
    if card is None:
        return False
    for name, value in fields.items():
        setattr(card, name, value)
    mark_contact(state, changed, contact)
    return True


def _noted(state: BoardState, changed: Changed, fact: f.IntakeNoted, at_ms: int) -> bool:
    card = state.contacts.get(fact.contact)
    if card is None:
        return False
    card.category = fact.category or card.category
    card.words = fact.words or card.words
    card.recording = fact.recording or card.recording
    card.intake_number = fact.number or card.intake_number
    mark_contact(state, changed, fact.contact)
    return True


def _requeued(state: BoardState, changed: Changed, fact: f.ContactRequeued, at_ms: int) -> bool:
    card = state.contacts.get(fact.contact)
    if card is None:
        return False
    card.queue = fact.queue
    card.why = fact.why
    card.position, card.estimate_ms = None, None
    queue = state.queues.get(fact.queue)
    if queue is not None:
        change_ms = queue.rules.head_start_ms - card.queue_head_start_ms
        card.head_start_ms += change_ms
        _add_part(card, "queue", change_ms)
        card.queue_head_start_ms = queue.rules.head_start_ms
        card.step = _step_at(queue.rules, at_ms - card.arrived_ms)
    move_contact(state, changed, card, ContactState.WAITING, at_ms)
    return True


def _intake(state: BoardState, changed: Changed, fact: f.IntakeEntered, at_ms: int) -> bool:
    card = state.contacts.get(fact.contact)
    if card is None:
        return False
    card.why = fact.rule
    move_contact(state, changed, card, ContactState.INTAKE, at_ms)
    return True


def _returned(state: BoardState, changed: Changed, fact: f.ContactReturned, at_ms: int) -> bool:
    card = state.contacts.get(fact.contact)
    if card is None:
        return False
    card.why = fact.why
    move_contact(state, changed, card, ContactState.WAITING, at_ms)
    return True


def _rescheduled(state: BoardState, changed: Changed, fact: f.ReturnCallRescheduled, at_ms: int) -> bool:
    card = state.contacts.get(fact.contact)
    if card is None:
        return False
    card.tries, card.not_before_ms, card.why = fact.tries, fact.not_before_ms, fact.outcome
    move_contact(state, changed, card, ContactState.WAITING, at_ms)
    return True


def _ended(state: BoardState, changed: Changed, fact: f.ContactEnded, at_ms: int) -> bool:
    card = state.contacts.get(fact.contact)
    if card is None:
        return False
    _count_end(state, changed, card, fact, at_ms)
    card.why = fact.why
    move_contact(state, changed, card, ContactState.ENDED, at_ms)
    if not card.offers:
        del state.contacts[fact.contact]
    return True


def _count_end(
    state: BoardState, changed: Changed, card: ContactCard, fact: f.ContactEnded, at_ms: int
) -> None:
    queue = state.queues.get(fact.queue)
    if queue is None:
        return
    day, wait = queue_day(queue, at_ms), max(0, at_ms - card.wait_from_ms)
    if fact.outcome is Outcome.OVERFLOWED:
        day.overflowed += 1
    elif fact.outcome is Outcome.REFUSED:
        day.refused += 1
    elif fact.outcome is Outcome.ABANDONED and fact.by is None:
        day.abandoned += 1
        day.abandoned_short += wait <= queue.rules.short_abandon_ms
        day.wait_longest_ms = max(day.wait_longest_ms, wait)
    changed.queues[QueueId(fact.queue)] = None


CONTACT_FOLDS: dict[type[f.Fact], Callable[[BoardState, Changed, Any, int], bool]] = {
    f.ContactEntered: _entered,
    f.ContactTurnedAway: _turned_away,
    f.ArrivalsTurnedAway: _turned_away_unseen,
    f.ContactChanged: _changed,
    f.StepTaken: _step,
    f.EstimateTold: _estimate,
    f.HeadStartSet: _head_start,
    f.OverflowOffered: _asked,
    f.OverflowDeclined: _declined,
    f.ContactRequeued: _requeued,
    f.IntakeEntered: _intake,
    f.IntakeNoted: _noted,
    f.ContactReturned: _returned,
    f.TicketLinked: _ticket,
    f.ReturnCallMerged: _merged,
    f.ReturnCallRescheduled: _rescheduled,
    f.ContactEnded: _ended,
}
