"""What time alone brings about: deadlines, steps, announcements, graces."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from acd.routing import orders, overflow
from acd.routing.answer import Answer
from acd.routing.contact import Contact, Offer
from acd.routing.estimates import estimate
from acd.routing.events import TimePassed
from acd.routing.handling.leaving import end_contact, fail_connecting, fail_offer, finish
from acd.routing.handling.offers import dial_failed_first, transfer_failed
from acd.routing.keys import NUMBER_MASK
from acd.routing.matching import OFFER_WORK, WORK_ENDLESS, settle
from acd.routing.model import AssignmentState, ContactState, OfferState, Origin, Outcome, Presence
from acd.routing.outputs import (
    ContactReturned,
    EstimateTold,
    OverflowDeclined,
    PresenceSet,
    StepTaken,
)
from acd.routing.reserves import review_touched
from acd.routing.state import IN_POOL, Agent
from acd.routing.waiting import replace, schedule, wake_elsewhere

WORK_MAX: Final = 800
"""How many moments one `TimePassed` deals with at most; the rest is left to the next, which is due at once."""
_CONNECTING: Final = AssignmentState.CONNECTING
_WAITING: Final = ContactState.WAITING
_NO_ANSWER: Final = OfferState.NO_ANSWER
_INBOUND: Final = Origin.INBOUND
_ELSEWHERE: Final = frozenset({ContactState.INTAKE, ContactState.ASSIGNED})


def on_time(answer: Answer, event: TimePassed) -> None:
    """Everything that is due has been done before any event is looked at."""


def run_due(answer: Answer, work_max: int = WORK_ENDLESS) -> None:
    """Do whatever was due by now, or as much of it as is asked for: `answer.is_unfinished` tells.

    First every contact whose moment has come stands where it belongs and asks for what it asks for now, so that all of
    one moment are served in the order of the line; then come the offers, which free agents, the agents, and the rest of
    what the contacts' moments bring. Who is to be passed over wakes no more, until something else happens to them.
    """
    state, now_ms = answer.state, answer.now_ms
    answer.is_unfinished = True
    left = work_max
    while True:
        left = _contacts_due(answer, left)
        if left <= 0:
            return
        answer.trigger = "step"
        if state.loose:
            left = settle(answer, left)
            if left <= 0 and work_max != WORK_ENDLESS:
                return
        while state.touched:
            review_touched(answer)
            settle(answer)
        left = _others_due(answer, left)
        while answer.due and left > 0:
            contact = answer.timer = answer.due.popleft()
            contact_due(answer, contact)
            if state.loose or state.opened:
                settle(answer)
            schedule(state, contact, now_ms)
            left -= 1
        if left <= 0 and work_max != WORK_ENDLESS:
            return
        if not state.is_due(now_ms):
            break
    answer.timer = None
    answer.is_unfinished = False


def _contacts_due(answer: Answer, left: int) -> int:
    """The contacts whose moment has come take their step; what of the work is left, 0 if more of them are due."""
    state, now_ms = answer.state, answer.now_ms
    while (key := state.contact_alarms.pop_due(now_ms)) is not None:
        contact = state.numbered[key & NUMBER_MASK]
        contact.alarm = 0
        if _is_wanted(answer, contact):
            replace(state, contact, now_ms)
            if contact.state is _WAITING:
                _take_step(answer, contact)
            if contact.more is None and contact.plan.is_quiet:
                if not contact.alarm:
                    schedule(state, contact, now_ms)
            else:
                answer.due.append(contact)
        left -= 1
        if left <= 0:
            return 0
    return left


def _others_due(answer: Answer, left: int) -> int:
    """The offers whose moment has come, then the agents; what of the work is left."""
    state, now_ms = answer.state, answer.now_ms
    while left > 0 and (key := state.offer_alarms.pop_due(now_ms)) is not None:
        offer = state.due_offer(key)
        assert offer is not None
        answer.trigger = "agent_free"
        if _is_wanted(answer, offer):
            offer_due(answer, offer)
            settle(answer)
        left -= OFFER_WORK
    while left > 0 and (key := state.agent_alarms.pop_due(now_ms)) is not None:
        agent = state.by_rank[key & NUMBER_MASK]
        if _is_wanted(answer, agent):
            agent_due(answer, agent)
        left -= 1
    return left


def timer_name(whose: Contact | Offer | Agent | None) -> str:
    """Name whose moment it is, for people and for passing over; "" for nobody's."""
    return "" if whose is None else f"{type(whose).__name__.lower()} {whose.id}"


def _is_wanted(answer: Answer, whose: Contact | Offer | Agent) -> bool:
    """Note whose moment it is; tell whether to deal with it."""
    answer.timer = whose
    return not answer.passed_over or timer_name(whose) not in answer.passed_over


def offer_due(answer: Answer, offer: Offer) -> None:
    """A deadline of ringing, connecting or wrap-up."""
    if offer.assignment is None:
        if offer.is_customer_first and not offer.reached:
            dial_failed_first(answer, offer, "no_answer")
        else:
            fail_offer(answer, offer, _NO_ANSWER)
    elif offer.assignment is _CONNECTING:
        fail_connecting(answer, offer, "timeout")
    else:
        finish(answer, offer)


def agent_due(answer: Answer, agent: Agent) -> None:
    """A desk stayed away longer than its grace."""
    if agent.presence is Presence.READY or agent.next_presence is Presence.READY:
        answer.emit(PresenceSet(agent.id, Presence.NOT_READY, "connection_lost", None, True))


def contact_due(answer: Answer, contact: Contact) -> None:
    """Whatever has become due for one contact, if it is not over by now, nor begun in this very moment."""
    if contact.state in _ELSEWHERE and wake_elsewhere(answer.state, contact) > answer.now_ms:
        return
    _DUE[contact.state](answer, contact)


def _take_step(answer: Answer, contact: Contact) -> None:
    """Ask for less, or ask those again who refused. Agents are looked for when all of this moment have done so."""
    state = answer.state
    queue = state.queues[contact.queue]
    if queue.plan.rules.reserves:
        state.touched.append(queue)
    step = contact.plan.step_at(answer.now_ms - contact.arrived_ms)
    if step > contact.step:
        answer.emit(StepTaken(contact.id, step))
    elif contact.more is not None and contact.more.refusals and contact.place == IN_POOL:
        state.loose.append(contact)


def _waiting_due(answer: Answer, contact: Contact) -> None:
    if _question_due(answer, contact) or (contact.more is not None and contact.more.asked is not None):
        return
    if contact.plan.rules.overflow and overflow.check(answer, contact):
        return
    _announce(answer, contact)


def _announce(answer: Answer, contact: Contact) -> None:
    every_ms = contact.plan.rules.announce_ms
    if not every_ms or contact.origin is not _INBOUND:
        return
    last_ms = contact.told.at_ms if contact.told is not None else contact.since_ms
    if answer.now_ms >= last_ms + every_ms:
        position, wait_ms = estimate(answer.state, contact)
        answer.emit(EstimateTold(contact.id, position, wait_ms))
        answer.order(orders.treatment(answer.state, contact))


def _question_due(answer: Answer, contact: Contact) -> bool:
    """Silence is a decline."""
    asked = contact.more.asked if contact.more is not None else None
    if asked is None or asked[1] > answer.now_ms:
        return False
    answer.emit(OverflowDeclined(contact.id, asked[0], False))
    answer.order(orders.treatment(answer.state, contact))
    return True


def _intake_due(answer: Answer, contact: Contact) -> None:
    """The bot took too long: back to the line; if it has the matter already, the visit is over."""
    intake = contact.rare.intake
    assert intake is not None
    if intake.is_taken:
        end_contact(answer, contact, Outcome.OVERFLOWED, "intake")
        answer.order(orders.end(contact, "intake"))
        return
    answer.trigger = "moved"
    answer.emit(ContactReturned(contact.id, "intake_limit"))
    answer.order(orders.treatment(answer.state, contact))


def _leaving_due(answer: Answer, contact: Contact) -> None:
    """No word of a transfer to a number: it has failed, as far as we know."""
    offer = answer.state.offers.get(contact.offer)
    if offer is not None:
        transfer_failed(answer, offer, "timeout")
        return
    answer.trigger = "moved"
    answer.emit(ContactReturned(contact.id, "transfer_failed"))
    answer.order(orders.treatment(answer.state, contact))


def _nothing_due(answer: Answer, contact: Contact) -> None:
    """It ended at this same moment."""


_DUE: Final[Mapping[ContactState, Callable[[Answer, Contact], object]]] = {
    ContactState.WAITING: _waiting_due,
    ContactState.OFFERED: _question_due,
    ContactState.ASSIGNED: _leaving_due,
    ContactState.INTAKE: _intake_due,
    ContactState.ENDED: _nothing_due,
}
