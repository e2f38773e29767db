"""How facts about contacts change the state."""

from __future__ import annotations

from sys import intern
from typing import Final

from acd.routing import visits
from acd.routing.contact import Contact, Intake, Told
from acd.routing.estimates import eligible_staff
from acd.routing.keys import NUMBER_MASK
from acd.routing.line import order_key
from acd.routing.model import ContactId, ContactState
from acd.routing.orders import open_ticket
from acd.routing.outputs import (
    ContactChanged,
    ContactEnded,
    ContactEntered,
    ContactRequeued,
    ContactReturned,
    ContactTurnedAway,
    EstimateTold,
    HeadStartSet,
    IntakeEntered,
    IntakeNoted,
    IntakeTaken,
    LegKept,
    OverflowDeclined,
    OverflowOffered,
    ReturnCallMerged,
    ReturnCallRescheduled,
    StepTaken,
    TicketLinked,
)
from acd.routing.plans import join_needs
from acd.routing.state import BEEN_MAX, IN_POOL, LINK_BITS, State
from acd.routing.states import CONTACT_MOVES, ContactTrigger, Row, move
from acd.routing.waiting import choose_company, displace, number_of, place, schedule

_ENDED: Final = ContactState.ENDED
_OFFERED: Final = ContactState.OFFERED
_WAITING: Final = ContactState.WAITING
_OVER: Final = Row(CONTACT_MOVES, ContactTrigger.END)
_INTAKE: Final = ContactTrigger.INTAKE
_RETURN: Final = ContactTrigger.RETURN


def fold_entered(state: State, fact: ContactEntered, at_ms: int) -> None:
    """A contact joins a line."""
    state.entered += 1
    number = state.contact_count = _next_number(state)
    queue = state.queues[fact.queue]
    links = 0
    for link in fact.links:
        links |= LINK_BITS[link]
    plan = queue.plan
    contact = Contact(
        fact.contact,
        order_key(fact.arrived_ms, fact.head_start_ms, number),
        fact.origin,
        fact.channel,
        intern(fact.adapter),
        fact.entry,
        queue.id,
        plan,
        intern(fact.language),
        fact.region,
        fact.arrived_ms,
        at_ms,
        fact.needs,
        fact.own_needs,
        fact.head_start_ms,
        fact.identities,
        fact.display,
        fact.owner,
        links,
        fact.attributes or None,
        fact.repeat,
        plan.step_at(at_ms - fact.arrived_ms) if at_ms != fact.arrived_ms else 0,
    )
    if fact.return_adapter:
        contact.rare.return_by = (intern(fact.return_adapter), fact.return_links)
    if fact.number:
        more = contact.rare
        more.of = fact.of
        more.number = fact.number
        more.not_before_ms = fact.not_before_ms
        more.ticket = fact.ticket
        if fact.not_before_ms is not None:
            contact.since_ms = max(at_ms, fact.not_before_ms)
        state.return_numbers[fact.number] = fact.contact
    state.contacts[fact.contact] = contact
    state.numbered[number] = contact
    if contact.owner is not None:
        choose_company(state, contact, at_ms)
    place(state, contact, at_ms)


def _next_number(state: State) -> int:
    """The number after the last one given that no living contact bears; after the greatest comes 1 again."""
    number = state.contact_count % NUMBER_MASK + 1
    while number in state.numbered:
        number = number % NUMBER_MASK + 1
    return number


def fold_changed(state: State, fact: ContactChanged, at_ms: int) -> None:
    """More is known."""
    contact = state.contacts[fact.contact]
    if fact.attributes:
        contact.attributes = {**(contact.attributes or {}), **fact.attributes}
    if fact.identities:
        contact.identities = (*contact.identities, *fact.identities)
    if fact.repeat is not None:
        contact.repeat = fact.repeat
    if fact.owner is not None:
        contact.owner = fact.owner
        if contact.state is ContactState.WAITING:
            displace(state, contact)
            choose_company(state, contact, at_ms)
            place(state, contact, at_ms)


def fold_step(state: State, fact: StepTaken, at_ms: int) -> None:
    """It asks for less."""
    contact = state.contacts[fact.contact]
    contact.step = fact.step
    if _may_be_next(state, contact):
        state.loose.append(contact)
    schedule(state, contact, at_ms)


def _may_be_next(state: State, contact: Contact) -> bool:
    """Whether a step can bring an agent: of those who ask for the same only the first can have one, unless there are
    agents whom the first has refused. When the first is served, matching looks at the next (`matching.settle`)."""
    rank = contact.rank
    if contact.place != IN_POOL or rank is None or contact.owner is not None:
        return True
    first = rank.first()
    if first is None or first == contact.key:
        return True
    more = state.numbered[first & NUMBER_MASK].more
    return more is not None and bool(more.refusals)


def fold_told(state: State, fact: EstimateTold, at_ms: int) -> None:
    """The first telling belongs to the greeting; the others are treatments of their own."""
    contact = state.contacts[fact.contact]
    staffed = eligible_staff(state, contact)
    told = contact.told
    if told is None:
        contact.told = Told(at_ms, fact.position, fact.estimate_ms, staffed)
    else:
        told.at_ms = at_ms
        told.position = fact.position
        told.estimate_ms = fact.estimate_ms
        told.staffed = staffed
        if told.first_ms is None and fact.estimate_ms is not None:
            told.first_ms, told.first_at_ms = fact.estimate_ms, at_ms
        contact.turn += 1
        contact.treatment = "position"
    schedule(state, contact, at_ms)


def fold_head_start(state: State, fact: HeadStartSet, at_ms: int) -> None:
    """Another place in the line."""
    contact = state.contacts[fact.contact]
    more = contact.rare
    if fact.why == "repeat":
        if more.base_head_start_ms is not None:
            more.base_head_start_ms += fact.head_start_ms - contact.head_start_ms
    elif more.base_head_start_ms is None:
        more.base_head_start_ms = contact.head_start_ms
    displace(state, contact)
    contact.head_start_ms = fact.head_start_ms
    contact.rank = None
    contact.key = order_key(contact.arrived_ms, fact.head_start_ms, number_of(contact))
    place(state, contact, at_ms)


def fold_requeued(state: State, fact: ContactRequeued, at_ms: int) -> None:
    """Another queue: its rules, its needs beside the contact's own, its head start instead of the old one's."""
    contact = state.contacts[fact.contact]
    if contact.state is _WAITING:
        displace(state, contact)
        been = (*contact.rare.been, contact.queue)[-BEEN_MAX:]
    else:
        contact.state = move(CONTACT_MOVES, contact.state, _RETURN)
        contact.offer = 0
        been = ()
    old = contact.plan.rules
    queue = state.queues[fact.queue]
    contact.queue = queue.id
    contact.plan = queue.plan
    contact.rank = None
    contact.since_ms = at_ms
    contact.needs = join_needs(queue.plan.rules.needs, contact.own_needs) or queue.plan.rules.needs
    contact.head_start_ms += queue.plan.rules.head_start_ms - old.head_start_ms
    contact.key = order_key(contact.arrived_ms, contact.head_start_ms, number_of(contact))
    contact.step = contact.plan.step_at(at_ms - contact.arrived_ms)
    contact.told = None
    more = contact.rare
    more.been = been
    more.asked = None
    more.declined = {}
    if more.base_head_start_ms is not None:
        more.base_head_start_ms += queue.plan.rules.head_start_ms - old.head_start_ms
    contact.turn += 1
    contact.treatment = "queued"
    if contact.owner is not None:
        choose_company(state, contact, at_ms)
    place(state, contact, at_ms)


def fold_overflow_offered(state: State, fact: OverflowOffered, at_ms: int) -> None:
    """The customer is asked."""
    contact = state.contacts[fact.contact]
    contact.rare.asked = (fact.rule, fact.deadline_ms)
    contact.turn += 1
    contact.treatment = "overflow_offer"
    schedule(state, contact, at_ms)


def fold_overflow_declined(state: State, fact: OverflowDeclined, at_ms: int) -> None:
    """The customer stays."""
    contact = state.contacts[fact.contact]
    contact.rare.asked = None
    contact.rare.declined[fact.rule] = at_ms
    contact.turn += 1
    contact.treatment = "back_in_line"
    schedule(state, contact, at_ms)


def fold_intake_entered(state: State, fact: IntakeEntered, at_ms: int) -> None:
    """With the bot."""
    contact = state.contacts[fact.contact]
    displace(state, contact)
    contact.state = move(CONTACT_MOVES, contact.state, _INTAKE)
    more = contact.rare
    more.asked = None
    more.declined[fact.rule] = at_ms
    intake = Intake(fact.rule, at_ms)
    if more.intake is not None:
        # What an earlier visit to the bot has brought is not lost.
        intake.category, intake.words = more.intake.category, more.intake.words
        intake.recording, intake.number = more.intake.recording, more.intake.number
    more.intake = intake
    contact.turn += 1
    contact.treatment = "intake"
    schedule(state, contact, at_ms)


def fold_intake_noted(state: State, fact: IntakeNoted, at_ms: int) -> None:
    """The bot wrote something down."""
    intake = state.contacts[fact.contact].rare.intake
    assert intake is not None
    intake.category = fact.category or intake.category
    intake.words = fact.words or intake.words
    intake.recording = fact.recording or intake.recording
    intake.number = fact.number or intake.number


def fold_intake_taken(state: State, fact: IntakeTaken, at_ms: int) -> None:
    """The matter is down; the ticket stays wanted until it is there."""
    contact = state.contacts[fact.contact]
    intake = contact.rare.intake
    assert intake is not None
    intake.is_taken = True
    intake.is_partial = fact.is_partial
    intake.return_call = fact.return_call
    contact.rare.ticket_wanted = True
    command = open_ticket(contact)
    state.durable[command.key] = command


def fold_returned(state: State, fact: ContactReturned, at_ms: int) -> None:
    """Back at the old place."""
    contact = state.contacts[fact.contact]
    if contact.state is not _OFFERED or (contact.more is not None and contact.more.is_reached):
        contact.turn += 1
        contact.treatment = "back_in_line"
    contact.state = move(CONTACT_MOVES, contact.state, _RETURN)
    contact.offer = 0
    if contact.owner is not None:
        choose_company(state, contact, at_ms)
    place(state, contact, at_ms)


def fold_ticket_linked(state: State, fact: TicketLinked, at_ms: int) -> None:
    """The ticket is there."""
    contact = state.contacts[fact.contact]
    more = contact.rare
    more.ticket = fact.ticket
    more.ticket_wanted = False
    state.durable.pop(f"OpenTicket/{fact.contact}", None)
    if contact.state is ContactState.ENDED:
        visits.link(state, contact, fact.ticket)
    forget_if_done(state, contact)


def fold_merged(state: State, fact: ReturnCallMerged, at_ms: int) -> None:
    """One return call does for two; a ticket that the first had not is taken over."""
    contact = state.contacts.get(fact.into)
    if contact is not None and fact.ticket is not None and contact.rare.ticket is None:
        contact.rare.ticket = fact.ticket


def fold_rescheduled(state: State, fact: ReturnCallRescheduled, at_ms: int) -> None:
    """Another try, later, at the old place."""
    contact = state.contacts[fact.contact]
    if contact.state is _WAITING:
        displace(state, contact)
    else:
        contact.state = move(CONTACT_MOVES, contact.state, _RETURN)
    contact.rare.is_reached = False
    contact.rare.tries = fact.tries
    contact.rare.not_before_ms = fact.not_before_ms
    contact.since_ms = max(at_ms, fact.not_before_ms)
    contact.offer = 0
    if contact.owner is not None:
        choose_company(state, contact, at_ms)
    place(state, contact, at_ms)


def fold_ended(state: State, fact: ContactEnded, at_ms: int) -> None:
    """Over, once and for all."""
    contact = state.contacts[fact.contact]
    if contact.state is _WAITING:
        displace(state, contact)
    contact.state = _OVER[contact.state]
    contact.alarm = 0
    contact.offer = 0
    state.ended += 1
    visits.note(state, contact, fact.outcome, at_ms)
    more = contact.more
    if more is not None:
        more.legs = {}
        if more.number and state.return_numbers.get(more.number) == contact.id:
            del state.return_numbers[more.number]
    _use_up(state, contact.id)
    forget_if_done(state, contact)


def fold_turned_away(state: State, fact: ContactTurnedAway, at_ms: int) -> None:
    """Its arrival may be said again while there is room: that must not let in somebody who has gone."""
    if fact.code != "id_used":
        _use_up(state, fact.contact)


def _use_up(state: State, contact: ContactId) -> None:
    state.ended_ids.add(contact)


def fold_leg(state: State, fact: LegKept, at_ms: int) -> None:
    """How to take a leg up again."""
    legs = state.contacts[fact.contact].rare.legs
    if fact.resume:
        legs[fact.leg] = fact.resume
    else:
        legs.pop(fact.leg, None)


def forget_if_done(state: State, contact: Contact) -> None:
    """Drop an ended contact of which nothing speaks any more."""
    if (
        contact.state is _ENDED
        and not contact.offers_live
        and (contact.more is None or not contact.more.ticket_wanted)
    ):
        del state.contacts[contact.id]
        del state.numbered[contact.key & NUMBER_MASK]
