"""Offers: accepted, refused, connected or not."""

from __future__ import annotations

from acd.routing import orders
from acd.routing.answer import Answer
from acd.routing.contact import Contact, Offer
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


def find_offer(answer: Answer, number: OfferId) -> Offer | None:
    """The live offer or assignment of this id; else the event is answered: late if it ever was, refused if not."""
    offer = answer.state.offers.get(number)
    if offer is None:
        if 0 < number <= answer.state.offer_count:
            answer.late(number, "the offer is over")
        else:
            answer.refuse(number, "unknown_offer")
    return offer


def may(answer: Answer, offer: Offer, trigger: AssignmentTrigger) -> bool:
    """Whether the assignment knows this trigger now; if not, the event is answered."""
    if offer.assignment is None:
        if trigger is AssignmentTrigger.FINISH:
            answer.refuse(offer.id, "still_talking", "an open offer")
        else:
            answer.refuse(offer.id, "not_talking", "an open offer")
        return False
    verdict = ASSIGNMENT_MOVES[offer.assignment, trigger]
    if verdict is LATE:
        answer.late(offer.id, f"{offer.assignment.value}: {trigger.value} came before")
        return False
    if isinstance(verdict, Refusal):
        answer.refuse(offer.id, verdict.code, offer.assignment.value)
        return False
    return True


def on_accepted(answer: Answer, event: OfferAccepted) -> None:
    """The agent takes the contact: connect them."""
    offer = find_offer(answer, event.offer)
    if offer is None:
        return
    if OFFER_MOVES[offer.state, OfferTrigger.ACCEPT] is LATE:
        answer.late(offer.id, "accepted before")
        return
    if offer.is_customer_first and not offer.reached:
        answer.late(offer.id, "the customer is still being called")
        return
    rules = answer.state.rules
    limit_ms = rules.connect_limit_ms if rules is not None else 0
    contact = offer.contact
    if contact.origin is Origin.RETURN_CALL:
        limit_ms += offer.plan.rules.return_calls.ring_ms
    answer.emit(OfferTaken(offer.id, answer.now_ms + limit_ms))
    if contact.rung:
        _end_race(answer, offer)
    answer.order(orders.connect(offer))


def on_declined(answer: Answer, event: OfferDeclined) -> None:
    """The agent says no."""
    offer = _open(answer, event.offer)
    if offer is not None:
        fail_offer(answer, offer, OfferState.DECLINED, event.reason[:200])
        after_work(answer, offer.agent)


def on_failed(answer: Answer, event: OfferFailed) -> None:
    """The agent's side could not be rung, or did not answer."""
    if event.outcome not in _FAILURES:
        answer.refuse(event.offer, "senseless", event.outcome, "busy, no_answer or unreachable")
        return
    offer = _open(answer, event.offer)
    if offer is not None:
        fail_offer(answer, offer, event.outcome)
        after_work(answer, offer.agent)


def on_connected(answer: Answer, event: ContactConnected) -> None:
    """Customer and agent talk: the answer."""
    offer = find_offer(answer, event.offer)
    if offer is None or not may(answer, offer, AssignmentTrigger.CONNECT):
        return
    contact = offer.contact
    told = contact.told
    estimate_ms = None
    if told is not None and told.first_ms is not None:
        estimate_ms = told.first_at_ms - contact.since_ms + told.first_ms
    waited_ms = answer.now_ms - contact.since_ms
    answer.emit(
        AssignmentConnected(
            offer.id, contact.id, offer.agent.id, not contact.answered_ms, waited_ms, estimate_ms
        )
    )


def on_connect_failed(answer: Answer, event: ConnectFailed) -> None:
    """No bridge: back to the old place. Or a number outside did not take the customer over."""
    offer = answer.state.offers.get(event.offer)
    if offer is not None and is_leaving(offer.contact):
        transfer_failed(answer, offer, event.reason[:200])
        return
    offer = find_offer(answer, event.offer)
    if offer is not None and may(answer, offer, AssignmentTrigger.FAIL):
        fail_connecting(answer, offer, event.reason[:200])


def is_leaving(contact: Contact) -> bool:
    """Whether a number outside is being given the customer."""
    return contact.state is ContactState.ASSIGNED and contact.more is not None and bool(contact.more.leaving)


def transfer_failed(answer: Answer, offer: Offer, reason: str) -> None:
    """The customer stays: with the agent if they are still there, else in line, place kept."""
    contact = offer.contact
    answer.emit(TransferFailed(offer.id, reason))
    if contact.state is ContactState.ASSIGNED and (
        offer.assignment is AssignmentState.WRAP_UP or contact.offer != offer.id
    ):
        answer.trigger = "offer_failed"
        answer.emit(ContactReturned(contact.id, "transfer_failed"))
        answer.order(orders.treatment(answer.state, contact))


def on_reached(answer: Answer, event: CustomerReached) -> None:
    """Customer-first: the customer is on the line, now the agent rings."""
    offer = _open(answer, event.offer)
    if offer is None:
        return
    if not offer.is_customer_first or offer.reached:
        answer.late(offer.id, "reached before")
        return
    answer.emit(CustomerAnswered(offer.id, answer.now_ms + offer.plan.rules.offer_ms))
    answer.order(orders.present(offer))


def on_dial_failed(answer: Answer, event: DialFailed) -> None:
    """The customer of a return call did not answer."""
    offer = find_offer(answer, event.offer)
    if offer is None:
        return
    contact = offer.contact
    if contact.origin is not Origin.RETURN_CALL or contact.answered_ms:
        answer.late(offer.id, "nobody is being called")
        return
    outcome = event.outcome[:200]
    if offer.state is OfferState.OPEN:
        if not offer.is_customer_first:
            answer.late(offer.id, "nobody is being called")
            return
        dial_failed_first(answer, offer, outcome)
    else:
        fail_connecting(answer, offer, outcome)


def dial_failed_first(answer: Answer, offer: Offer, outcome: str) -> None:
    """Customer-first: not reached, the agent never rang."""
    contact = offer.contact
    answer.emit(OfferEnded(offer.id, contact.id, offer.agent.id, OfferState.WITHDRAWN, outcome))
    answer.order(orders.withdraw(offer, outcome))
    after_work(answer, offer.agent)
    try_again_later(answer, contact, outcome)


def _open(answer: Answer, number: OfferId) -> Offer | None:
    offer = find_offer(answer, number)
    if offer is not None and offer.state is not OfferState.OPEN:
        answer.late(number, "accepted before")
        return None
    return offer


def _end_race(answer: Answer, winner: Offer) -> None:
    """Ring all: the others have lost."""
    for offer in live_offers(answer, winner.contact):
        answer.emit(OfferEnded(offer.id, offer.contact.id, offer.agent.id, OfferState.LOST_RACE))
        answer.order(orders.withdraw(offer, "lost_race"))
        after_work(answer, offer.agent)
