"""What time alone brings about: deadlines, steps, announcements, graces."""

from __future__ import annotations

from acd.routing import orders, overflow
from acd.routing.core import Core
from acd.routing.estimates import estimate
from acd.routing.events import TimePassed
from acd.routing.handling.leaving import end_contact, fail_connecting, fail_offer, finish
from acd.routing.handling.offers import dial_failed_first, transfer_failed
from acd.routing.matching import settle
from acd.routing.model import AssignmentState, ContactState, OfferState, Origin, Outcome, Presence
from acd.routing.outputs import (
    ContactReturned,
    EstimateTold,
    OverflowDeclined,
    PresenceSet,
    StepTaken,
)
from acd.routing.state import ALONE, DORMANT, IN_POOL, Agent, Contact, Offer
from acd.routing.waiting import replace, schedule


def on_time(core: Core, event: TimePassed) -> None:
    """Everything that is due has been done before any event is looked at."""


def run_due(core: Core) -> None:
    """Do whatever was due by now: first what frees agents, then what loses them, then the contacts."""
    state, now_ms = core.state, core.now_ms
    while True:
        number = state.offer_alarms.pop_due(now_ms)
        if number is not None:
            offer_due(core, state.offers[number])
            settle(core)
            continue
        number = state.agent_alarms.pop_due(now_ms)
        if number is not None:
            agent_due(core, state.by_rank[number])
            settle(core)
            continue
        number = state.contact_alarms.pop_due(now_ms)
        if number is None:
            return
        contact = state.numbered[number]
        contact.wake_ms = 0
        contact_due(core, contact)
        settle(core)
        if contact.id in state.contacts and contact.state is not ContactState.ENDED:
            schedule(state, contact, now_ms)


def offer_due(core: Core, offer: Offer) -> None:
    """A deadline of ringing, connecting or wrap-up."""
    if offer.assignment is None:
        if offer.is_customer_first and not offer.reached:
            dial_failed_first(core, offer, "no_answer")
        else:
            fail_offer(core, offer, OfferState.NO_ANSWER)
    elif offer.assignment is AssignmentState.CONNECTING:
        fail_connecting(core, offer, "timeout")
    elif offer.assignment is AssignmentState.WRAP_UP:
        finish(core, offer)


def agent_due(core: Core, agent: Agent) -> None:
    """A desk stayed away longer than its grace."""
    if agent.presence is Presence.READY or agent.next_presence is Presence.READY:
        core.emit(PresenceSet(agent.id, Presence.NOT_READY, "connection_lost", None, True))


def contact_due(core: Core, contact: Contact) -> None:
    """Whatever has become due for one contact."""
    if contact.state is ContactState.INTAKE:
        _intake_due(core, contact)
    elif contact.state is ContactState.ASSIGNED:
        _leaving_due(core, contact)
    elif contact.state is ContactState.OFFERED:
        _question_due(core, contact)
    elif contact.state is ContactState.WAITING:
        _waiting_due(core, contact)


def _waiting_due(core: Core, contact: Contact) -> None:
    state, now_ms = core.state, core.now_ms
    core.trigger = "step"
    if contact.place in (DORMANT, ALONE):
        replace(state, contact, now_ms)
        if contact.place == DORMANT:
            return
    step = contact.plan.step_at(now_ms - contact.arrived_ms)
    if step > contact.step:
        core.emit(StepTaken(contact.id, step))
    elif contact.more is not None and contact.more.refusals and contact.place == IN_POOL:
        # Somebody who refused may be asked again.
        state.loose.append(contact)
    settle(core)
    if contact.state is not ContactState.WAITING:
        return
    if _question_due(core, contact) or (contact.more is not None and contact.more.asked is not None):
        return
    if contact.plan.rules.overflow and overflow.check(core, contact):
        return
    _announce(core, contact)


def _announce(core: Core, contact: Contact) -> None:
    every_ms = contact.plan.rules.announce_ms
    if not every_ms or contact.origin is not Origin.INBOUND:
        return
    last_ms = contact.told.at_ms if contact.told is not None else contact.since_ms
    if core.now_ms >= last_ms + every_ms:
        position, wait_ms = estimate(core.state, contact)
        core.emit(EstimateTold(contact.id, position, wait_ms))
        core.order(orders.treatment(core.state, contact))


def _question_due(core: Core, contact: Contact) -> bool:
    """Silence is a decline."""
    asked = contact.more.asked if contact.more is not None else None
    if asked is None or asked[1] > core.now_ms:
        return False
    core.emit(OverflowDeclined(contact.id, asked[0], False))
    core.order(orders.treatment(core.state, contact))
    return True


def _intake_due(core: Core, contact: Contact) -> None:
    """The bot took too long: back to the line; if it has the matter already, the visit is over."""
    intake = contact.rare.intake
    assert intake is not None
    if intake.is_taken:
        end_contact(core, contact, Outcome.OVERFLOWED, "intake")
        core.order(orders.end(contact, "intake"))
        return
    core.trigger = "moved"
    core.emit(ContactReturned(contact.id, "intake_limit"))
    core.order(orders.treatment(core.state, contact))


def _leaving_due(core: Core, contact: Contact) -> None:
    """No word of a transfer to a number: it has failed, as far as we know."""
    offer = core.state.offers.get(contact.offer)
    if offer is not None:
        transfer_failed(core, offer, "timeout")
        return
    core.trigger = "moved"
    core.emit(ContactReturned(contact.id, "transfer_failed"))
    core.order(orders.treatment(core.state, contact))
