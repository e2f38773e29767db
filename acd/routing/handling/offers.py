"""Offers: accepted, refused, connected or not."""

from __future__ import annotations

from acd.routing import orders
from acd.routing.core import Core
from acd.routing.events import (
    ConnectFailed,
    ContactConnected,
    CustomerReached,
    DialFailed,
    OfferAccepted,
    OfferDeclined,
    OfferFailed,
)
from acd.routing.handling.leaving import after_work, fail_connecting, fail_offer, live_offers, try_again_later
from acd.routing.model import AssignmentState, ContactState, OfferId, OfferState, Origin
from acd.routing.outputs import (
    AssignmentConnected,
    ContactReturned,
    CustomerAnswered,
    OfferEnded,
    OfferTaken,
    TransferFailed,
)
from acd.routing.state import Offer
from acd.routing.states import (
    ASSIGNMENT_MOVES,
    LATE,
    OFFER_MOVES,
    AssignmentTrigger,
    OfferTrigger,
    Refusal,
)

_FAILURES = {
    OfferState.BUSY: OfferTrigger.BUSY,
    OfferState.NO_ANSWER: OfferTrigger.NO_ANSWER,
    OfferState.UNREACHABLE: OfferTrigger.UNREACHABLE,
}


def find_offer(core: Core, number: OfferId) -> Offer | None:
    """The live offer or assignment of this id; else the event is answered: late if it ever was, refused if not."""
    offer = core.state.offers.get(number)
    if offer is None:
        if 0 < number <= core.state.offer_count:
            core.late(number, "the offer is over")
        else:
            core.refuse(number, "unknown_offer")
    return offer


def may(core: Core, offer: Offer, trigger: AssignmentTrigger) -> bool:
    """Whether the assignment knows this trigger now; if not, the event is answered."""
    if offer.assignment is None:
        if trigger is AssignmentTrigger.FINISH:
            core.refuse(offer.id, "still_talking", "an open offer")
        else:
            core.refuse(offer.id, "not_talking", "an open offer")
        return False
    answer = ASSIGNMENT_MOVES[offer.assignment, trigger]
    if answer is LATE:
        core.late(offer.id, f"{offer.assignment.value}: {trigger.value} came before")
        return False
    if isinstance(answer, Refusal):
        core.refuse(offer.id, answer.code, offer.assignment.value)
        return False
    return True


def on_accepted(core: Core, event: OfferAccepted) -> None:
    """The agent takes the contact: connect them."""
    offer = find_offer(core, event.offer)
    if offer is None:
        return
    if OFFER_MOVES[offer.state, OfferTrigger.ACCEPT] is LATE:
        core.late(offer.id, "accepted before")
        return
    if offer.is_customer_first and not offer.reached:
        core.late(offer.id, "the customer is still being called")
        return
    rules = core.state.rules
    limit_ms = rules.connect_limit_ms if rules is not None else 0
    contact = offer.contact
    if contact.origin is Origin.RETURN_CALL:
        limit_ms += offer.plan.rules.return_calls.ring_ms
    core.emit(OfferTaken(offer.id, core.now_ms + limit_ms))
    if contact.rung:
        _end_race(core, offer)
    core.order(orders.connect(offer))


def on_declined(core: Core, event: OfferDeclined) -> None:
    """The agent says no."""
    offer = _open(core, event.offer)
    if offer is not None:
        fail_offer(core, offer, OfferState.DECLINED, event.reason[:200])
        after_work(core, offer.agent)


def on_failed(core: Core, event: OfferFailed) -> None:
    """The agent's side could not be rung, or did not answer."""
    if event.outcome not in _FAILURES:
        core.refuse(event.offer, "senseless", event.outcome, "busy, no_answer or unreachable")
        return
    offer = _open(core, event.offer)
    if offer is not None:
        fail_offer(core, offer, event.outcome)
        after_work(core, offer.agent)


def on_connected(core: Core, event: ContactConnected) -> None:
    """Customer and agent talk: the answer."""
    offer = find_offer(core, event.offer)
    if offer is None or not may(core, offer, AssignmentTrigger.CONNECT):
        return
    contact = offer.contact
    told = contact.told
    estimate_ms = None
    if told is not None and told.first_ms is not None:
        estimate_ms = told.first_at_ms - contact.since_ms + told.first_ms
    waited_ms = core.now_ms - contact.since_ms
    core.emit(
        AssignmentConnected(
            offer.id, contact.id, offer.agent.id, not contact.answered_ms, waited_ms, estimate_ms
        )
    )


def on_connect_failed(core: Core, event: ConnectFailed) -> None:
    """No bridge: back to the old place. Or a number outside did not take the customer over."""
    offer = core.state.offers.get(event.offer)
    if offer is not None and offer.contact.more is not None and offer.contact.more.leaving:
        transfer_failed(core, offer, event.reason[:200])
        return
    offer = find_offer(core, event.offer)
    if offer is not None and may(core, offer, AssignmentTrigger.FAIL):
        fail_connecting(core, offer, event.reason[:200])


def transfer_failed(core: Core, offer: Offer, reason: str) -> None:
    """The customer stays: with the agent if they are still there, else in line, place kept."""
    contact = offer.contact
    core.emit(TransferFailed(offer.id, reason))
    if contact.state is ContactState.ASSIGNED and (
        offer.assignment is AssignmentState.WRAP_UP or contact.offer != offer.id
    ):
        core.trigger = "offer_failed"
        core.emit(ContactReturned(contact.id, "transfer_failed"))
        core.order(orders.treatment(core.state, contact))


def on_reached(core: Core, event: CustomerReached) -> None:
    """Customer-first: the customer is on the line, now the agent rings."""
    offer = _open(core, event.offer)
    if offer is None:
        return
    if not offer.is_customer_first or offer.reached:
        core.late(offer.id, "reached before")
        return
    core.emit(CustomerAnswered(offer.id, core.now_ms + offer.plan.rules.offer_ms))
    core.order(orders.present(offer))


def on_dial_failed(core: Core, event: DialFailed) -> None:
    """The customer of a return call did not answer."""
    offer = find_offer(core, event.offer)
    if offer is None:
        return
    contact = offer.contact
    if contact.origin is not Origin.RETURN_CALL or contact.answered_ms:
        core.late(offer.id, "nobody is being called")
        return
    outcome = event.outcome[:200]
    if offer.state is OfferState.OPEN:
        if not offer.is_customer_first:
            core.late(offer.id, "nobody is being called")
            return
        dial_failed_first(core, offer, outcome)
    elif may(core, offer, AssignmentTrigger.FAIL):
        fail_connecting(core, offer, outcome)


def dial_failed_first(core: Core, offer: Offer, outcome: str) -> None:
    """Customer-first: not reached, the agent never rang."""
    contact = offer.contact
    core.emit(OfferEnded(offer.id, contact.id, offer.agent.id, OfferState.WITHDRAWN, outcome))
    core.order(orders.withdraw(offer, outcome))
    after_work(core, offer.agent)
    try_again_later(core, contact, outcome)


def _open(core: Core, number: OfferId) -> Offer | None:
    offer = find_offer(core, number)
    if offer is not None and offer.state is not OfferState.OPEN:
        core.late(number, "accepted before")
        return None
    return offer


def _end_race(core: Core, winner: Offer) -> None:
    """Ring all: the others have lost."""
    for offer in live_offers(core, winner.contact):
        core.emit(OfferEnded(offer.id, offer.contact.id, offer.agent.id, OfferState.LOST_RACE))
        core.order(orders.withdraw(offer, "lost_race"))
        after_work(core, offer.agent)
