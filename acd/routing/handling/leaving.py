"""What becomes of agent and contact when one of them goes: shared by many events."""

from __future__ import annotations

from acd.routing import orders
from acd.routing.answer import Answer
from acd.routing.contact import Contact, Offer
from acd.routing.model import (
    AssignmentState,
    ContactState,
    OfferState,
    Origin,
    Outcome,
    PersonId,
    Presence,
    WrapUpMode,
)
from acd.routing.outputs import (
    AssignmentDone,
    ContactEnded,
    ContactReturned,
    IntakeTaken,
    OfferEnded,
    PresenceSet,
    ReturnCallRescheduled,
    TalkEnded,
    WrapUpStarted,
)
from acd.routing.state import Agent

_RESTS = {OfferState.NO_ANSWER: "rona", OfferState.BUSY: "busy", OfferState.UNREACHABLE: "unreachable"}


def customer_left(answer: Answer, contact: Contact, reason: str) -> None:
    """The customer's leg is gone: end the contact as its state says."""
    state = contact.state
    if state is ContactState.WAITING:
        if contact.more is not None and contact.more.is_reached and not contact.answered_ms:
            try_again_later(answer, contact, reason)
        else:
            end_contact(answer, contact, Outcome.ABANDONED, reason)
    elif state is ContactState.OFFERED:
        _leave_ringing(answer, contact, reason)
    elif state is ContactState.INTAKE:
        _leave_intake(answer, contact, reason)
    else:
        _leave_assignment(answer, contact, reason)


def end_contact(
    answer: Answer, contact: Contact, outcome: Outcome, why: str, by: PersonId | None = None
) -> None:
    """The contact is over."""
    answer.emit(ContactEnded(contact.id, outcome, why, contact.queue, by))


def live_offers(answer: Answer, contact: Contact) -> list[Offer]:
    """The open offers of a contact, oldest first; one, unless the queue rings all."""
    return [answer.state.offers[number] for number in contact.rung]


def fail_offer(answer: Answer, offer: Offer, outcome: OfferState, reason: str = "") -> None:
    """An open offer has failed: rest the agent if the rule says so, put the contact back at its place."""
    contact, agent = offer.contact, offer.agent
    rests = offer.plan.rules.rona_rest and outcome in _RESTS and not offer.is_direct
    answer.trigger = "offer_failed"
    answer.emit(OfferEnded(offer.id, contact.id, agent.id, outcome, reason))
    answer.order(orders.withdraw(offer, outcome.value))
    if rests and agent.presence is Presence.READY:
        answer.emit(PresenceSet(agent.id, Presence.NOT_READY, _RESTS[outcome], None, True))
    return_if_free(answer, contact, outcome.value)


def return_if_free(answer: Answer, contact: Contact, why: str) -> None:
    """Back into the line, unless others still ring for the contact."""
    if not contact.rung:
        answer.emit(ContactReturned(contact.id, why))
        if contact.more is not None and contact.more.is_reached:
            answer.order(orders.treatment(answer.state, contact))


def fail_connecting(answer: Answer, offer: Offer, reason: str) -> None:
    """An accepted offer did not become a talk: the agent is free, the contact goes back or is tried again later."""
    contact = offer.contact
    answer.trigger = "offer_failed"
    answer.emit(AssignmentDone(offer.id, contact.id, offer.agent.id, "", "", True))
    answer.order(orders.release(offer, reason))
    after_work(answer, offer.agent)
    if contact.state is ContactState.ASSIGNED:
        if contact.origin is Origin.RETURN_CALL and not contact.answered_ms:
            try_again_later(answer, contact, reason)
        else:
            answer.emit(ContactReturned(contact.id, reason))
            answer.order(orders.treatment(answer.state, contact))


def try_again_later(answer: Answer, contact: Contact, outcome: str) -> None:
    """A return call was not reached: another try, or the end."""
    rules = contact.plan.rules.return_calls
    tries = contact.rare.tries + 1
    if tries >= rules.tries_max:
        end_contact(answer, contact, Outcome.UNREACHED, outcome)
    else:
        answer.emit(ReturnCallRescheduled(contact.id, tries, answer.now_ms + rules.retry_ms, outcome))


def end_talk(answer: Answer, offer: Offer, why: str) -> None:
    """The talk is over for the agent: then wrap-up, as the queue's rule says."""
    answer.emit(TalkEnded(offer.id, offer.contact.id, offer.agent.id, why))
    start_wrap_up(answer, offer)


def start_wrap_up(answer: Answer, offer: Offer) -> None:
    """Wrap-up by the mode of the queue that the contact was offered from."""
    rule = offer.plan.rules.wrap_up
    mode = rule.mode
    if mode is WrapUpMode.ON_REQUEST:
        mode = WrapUpMode.TIMED if offer.wrap_asked else WrapUpMode.NONE
    if mode is WrapUpMode.NONE or (mode is not WrapUpMode.MANDATORY and rule.limit_ms <= 0):
        finish(answer, offer)
        return
    deadline_ms = None if mode is WrapUpMode.MANDATORY else answer.now_ms + rule.limit_ms
    blocks = mode is not WrapUpMode.OPTIONAL
    answer.emit(WrapUpStarted(offer.id, offer.agent.id, deadline_ms, blocks))
    if not blocks:
        after_work(answer, offer.agent)


def finish(answer: Answer, offer: Offer, disposition: str | None = None, notes: str = "") -> None:
    """The assignment is done; without a disposition the queue's default is stored."""
    is_default = disposition is None
    told = offer.plan.rules.disposition_default if disposition is None else disposition
    answer.emit(AssignmentDone(offer.id, offer.contact.id, offer.agent.id, told, notes, is_default))
    ticket = offer.contact.more.ticket if offer.contact.more is not None else None
    if ticket is not None:
        command = answer.state.durable.get(f"CloseTicket/{ticket}")
        if command is not None and not any(command is known for known in answer.commands):
            answer.order(command)
    after_work(answer, offer.agent)


def after_work(answer: Answer, agent: Agent) -> None:
    """A presence that was chosen for the end of the work takes effect when there is none left."""
    if agent.next_presence is not None and not (agent.load or agent.wrapping or agent.consulting):
        answer.emit(PresenceSet(agent.id, agent.next_presence, agent.next_reason))


def drop_offers(answer: Answer, agent: Agent, outcome: OfferState, reason: str) -> None:
    """End all open offers of an agent who is going."""
    for number in agent.offers:
        offer = answer.state.offers[number]
        if offer.state is OfferState.OPEN:
            fail_offer(answer, offer, outcome, reason)


def has_leg(answer: Answer, contact: Contact) -> bool:
    """Whether the customer can have a leg: not in a return call before they are called; what comes then is an echo
    of an earlier try."""
    if not orders.must_dial(contact):
        return True
    offer = answer.state.offers.get(contact.offer)
    return offer is not None and (
        offer.assignment is AssignmentState.CONNECTING
        or (offer.is_customer_first and offer.state is OfferState.OPEN)
    )


def _leave_ringing(answer: Answer, contact: Contact, reason: str) -> None:
    for offer in live_offers(answer, contact):
        answer.emit(OfferEnded(offer.id, contact.id, offer.agent.id, OfferState.WITHDRAWN, reason))
        answer.order(orders.withdraw(offer, "customer_left"))
        after_work(answer, offer.agent)
    if contact.origin is Origin.RETURN_CALL and not contact.answered_ms:
        try_again_later(answer, contact, reason)
    else:
        end_contact(answer, contact, Outcome.ABANDONED, reason)


def _leave_intake(answer: Answer, contact: Contact, reason: str) -> None:
    intake = contact.rare.intake
    assert intake is not None
    if not intake.is_taken and (intake.words or intake.recording):
        answer.emit(IntakeTaken(contact.id, True, True))
        answer.order(answer.state.durable[f"OpenTicket/{contact.id}"])
    outcome = Outcome.OVERFLOWED if intake.is_taken else Outcome.ABANDONED
    end_contact(answer, contact, outcome, reason)


def _leave_assignment(answer: Answer, contact: Contact, reason: str) -> None:
    offer = answer.state.offers.get(contact.offer)
    if offer is None or offer.assignment is AssignmentState.WRAP_UP:
        # Handed to a number outside; the agent has gone before.
        end_contact(answer, contact, Outcome.ANSWERED, reason)
        return
    agent = offer.agent
    if offer.assignment is AssignmentState.CONNECTING:
        answer.trigger = "offer_failed"
        if contact.origin is Origin.RETURN_CALL and not contact.answered_ms:
            fail_connecting(answer, offer, reason)
            return
        outcome = Outcome.ANSWERED if contact.answered_ms else Outcome.ABANDONED
        end_contact(answer, contact, outcome, reason)
        answer.emit(AssignmentDone(offer.id, contact.id, agent.id, "", "", True))
        answer.order(orders.release(offer, "customer_left"))
        after_work(answer, agent)
        return
    leaving = contact.more.leaving if contact.more is not None else ""
    answer.emit(TalkEnded(offer.id, contact.id, agent.id, "transferred" if leaving else "customer"))
    end_contact(answer, contact, Outcome.ANSWERED, reason)
    answer.order(orders.release(offer, "customer_left"))
    start_wrap_up(answer, offer)
