"""Handing a customer on, asking somebody first, and conferences."""

from __future__ import annotations

from acd.routing import orders
from acd.routing.answer import Answer
from acd.routing.contact import Offer
from acd.routing.events import (
    ConsultAsked,
    ConsultCompleted,
    ConsultConnected,
    ConsultEnded,
    ParticipantLeft,
    TransferAsked,
)
from acd.routing.handling.leaving import after_work, end_talk
from acd.routing.handling.offers import find_offer, may
from acd.routing.identities import can_be_dialled
from acd.routing.matching import direct_decision, make_offer
from acd.routing.model import AgentId, AssignmentState, MonitorMode, OfferId, PersonId, Presence
from acd.routing.outputs import (
    AssignmentConnected,
    AssignmentHeld,
    ConsultAnswered,
    ConsultOver,
    ConsultStarted,
    ContactRequeued,
    ContactReturned,
    MonitorSet,
    OfferMade,
    OfferTaken,
    ParticipantGone,
    TransferMade,
)
from acd.routing.overflow import refusal_of
from acd.routing.state import CHANNEL_BITS, Agent
from acd.routing.states import AssignmentTrigger

NUMBER_MAX = 64


def on_transfer(answer: Answer, event: TransferAsked) -> None:
    """Blind transfer: to a queue, an agent or a number."""
    offer = find_offer(answer, event.offer)
    if offer is None or not may(answer, offer, AssignmentTrigger.ASK):
        return
    if sum((event.to_queue is not None, event.to_agent is not None, bool(event.to_number))) != 1:
        answer.refuse(offer.id, "one_target")
    elif offer.consult is not None:
        answer.refuse(offer.id, "consult_open")
    elif offer.contact.more is not None and offer.contact.more.leaving:
        answer.late(offer.id, "is leaving already")
    elif event.to_queue is not None:
        _to_queue(answer, offer, event)
    elif event.to_agent is not None:
        _to_agent(answer, offer, event.to_agent)
    else:
        _to_number(answer, offer, event.to_number)


def on_consult(answer: Answer, event: ConsultAsked) -> None:
    """The customer is held, somebody is called."""
    offer = find_offer(answer, event.offer)
    if offer is None or not may(answer, offer, AssignmentTrigger.ASK):
        return
    if (event.to_agent is not None) == bool(event.to_number):
        answer.refuse(offer.id, "one_target")
        return
    if offer.consult is not None or (offer.contact.more is not None and offer.contact.more.leaving):
        answer.refuse(offer.id, "consult_open")
        return
    if event.to_agent is not None:
        if event.to_agent == offer.agent.id:
            answer.refuse(offer.id, "own_target", event.to_agent)
            return
        target = _consultable(answer, offer, event.to_agent)
        if target is None:
            return
    elif not _is_number(answer, offer, event.to_number):
        return
    if offer.assignment is AssignmentState.TALKING:
        answer.emit(AssignmentHeld(offer.id, True))
        answer.order(orders.hold(offer))
    answer.emit(ConsultStarted(offer.id, event.to_agent, event.to_number))
    answer.order(orders.start_consult(offer))


def on_consult_connected(answer: Answer, event: ConsultConnected) -> None:
    """The consulted side is on."""
    offer = find_offer(answer, event.offer)
    if offer is None:
        return
    if offer.consult is None or offer.consult.is_answered:
        answer.late(offer.id, "no consult is being answered")
        return
    answer.emit(ConsultAnswered(offer.id))


def on_consult_ended(answer: Answer, event: ConsultEnded) -> None:
    """Back to the customer."""
    offer = find_offer(answer, event.offer)
    if offer is None:
        return
    if offer.consult is None or offer.consult.is_conference:
        if event.by is not None:
            answer.refuse(offer.id, "no_consult")
        else:
            answer.late(offer.id, "no consult is open")
        return
    end_open_consult(answer, offer, event.reason[:200])
    answer.emit(AssignmentHeld(offer.id, False))
    answer.order(orders.hold(offer))


def on_consult_completed(answer: Answer, event: ConsultCompleted) -> None:
    """Attended transfer, or all three together."""
    offer = find_offer(answer, event.offer)
    if offer is None or not may(answer, offer, AssignmentTrigger.ASK):
        return
    consult = offer.consult
    if consult is None or (consult.is_conference and event.conference):
        answer.refuse(offer.id, "no_consult")
    elif not consult.is_answered:
        answer.refuse(offer.id, "consult_unanswered")
    elif event.conference:
        answer.emit(ConsultOver(offer.id, "conference"))
        answer.order(orders.end_consult(offer, consult.turn, "conference"))
        answer.emit(AssignmentHeld(offer.id, False))
        answer.order(orders.hold(offer))
    else:
        hand_over(answer, offer)


def on_participant(answer: Answer, event: ParticipantLeft) -> None:
    """A third person or a supervisor left."""
    offer = find_offer(answer, event.offer)
    if offer is None:
        return
    by = PersonId(event.who)
    consult = offer.consult
    if by in offer.monitors:
        answer.emit(MonitorSet(offer.id, by, None))
    elif consult is not None and event.who in (consult.to_agent, consult.to_number):
        if consult.is_conference:
            target = answer.state.agents.get(consult.to_agent) if consult.to_agent is not None else None
            answer.emit(ParticipantGone(offer.id, event.who[:200]))
            if target is not None:
                after_work(answer, target)
        else:
            on_consult_ended(answer, ConsultEnded(offer.id, "left"))
    else:
        answer.late(offer.id, "takes no part")


def end_open_consult(answer: Answer, offer: Offer, why: str = "retrieved") -> None:
    """End a consult, if there is one, and let the consulted side go."""
    consult = offer.consult
    if consult is None:
        return
    answer.emit(ConsultOver(offer.id, why))
    answer.order(orders.end_consult(offer, consult.turn, "retrieve"))
    if consult.to_agent is not None and consult.to_agent in answer.state.agents:
        after_work(answer, answer.state.agents[consult.to_agent])


def leave_conference(answer: Answer, offer: Offer) -> None:
    """The agent leaves a conference: the customer stays with the third."""
    hand_over(answer, offer)


def hand_over(answer: Answer, offer: Offer) -> None:
    """The consulted side takes the customer over; an agent among them gets an assignment of their own."""
    consult = offer.consult
    assert consult is not None
    contact = offer.contact
    target = answer.state.agents.get(consult.to_agent) if consult.to_agent is not None else None
    how = "retrieve" if consult.is_conference else "transfer"
    if not consult.is_conference:
        answer.order(orders.end_consult(offer, consult.turn, how))
    answer.emit(TransferMade(offer.id, contact.id, None, consult.to_agent, consult.to_number, True))
    if target is not None:
        answer.emit(ConsultOver(offer.id, "transferred"))
        end_talk(answer, offer, "transferred")
        answer.order(orders.release(offer, "transferred"))
        answer.emit(ContactReturned(contact.id, "transferred"))
        assign(answer, offer, target)
    else:
        end_talk(answer, offer, "transferred")
        answer.order(orders.release(offer, "transferred"))


def assign(answer: Answer, offer: Offer, target: Agent) -> None:
    """An assignment without an offer: the two are together already."""
    contact, state = offer.contact, answer.state
    number = OfferId(state.offer_count + 1)
    decision = direct_decision(answer, contact, "transfer")
    now_ms = answer.now_ms
    answer.emit(OfferMade(number, contact.id, target.id, contact.queue, contact.channel, now_ms, decision))
    answer.emit(OfferTaken(number, now_ms))
    answer.emit(AssignmentConnected(number, contact.id, target.id, False, now_ms - contact.since_ms))


def take_over(answer: Answer, offer: Offer, by: PersonId) -> None:
    """A supervisor who is an agent as well takes the customer; the agent goes."""
    target = answer.state.agents.get(AgentId(by))
    if target is None or target.presence is Presence.SIGNED_OUT:
        answer.refuse(offer.id, "signed_out", by, "a supervisor who is signed in as an agent")
        return
    if target is offer.agent:
        answer.refuse(offer.id, "own_target", by)
        return
    end_open_consult(answer, offer)
    contact = offer.contact
    number = OfferId(answer.state.offer_count + 1)
    answer.order(orders.set_monitor(offer, by, MonitorMode.TAKE_OVER, number))
    answer.emit(TransferMade(offer.id, contact.id, None, target.id, "", True))
    end_talk(answer, offer, "supervisor")
    answer.order(orders.release(offer, "taken_over"))
    answer.emit(ContactReturned(contact.id, "taken_over"))
    assign(answer, offer, target)
    assert answer.state.offer_count == number, "the order has named the offer of the assignment"


def _to_queue(answer: Answer, offer: Offer, event: TransferAsked) -> None:
    contact = offer.contact
    assert event.to_queue is not None
    if event.to_queue == contact.queue:
        answer.refuse(offer.id, "own_target", event.to_queue)
        return
    code = refusal_of(answer.state, contact, event.to_queue)
    if code:
        answer.refuse(offer.id, code, event.to_queue)
        return
    answer.trigger = "moved"
    answer.emit(TransferMade(offer.id, contact.id, event.to_queue))
    end_talk(answer, offer, "transferred")
    answer.order(orders.release(offer, "transferred"))
    answer.emit(ContactRequeued(contact.id, event.to_queue, "transfer", event.by))
    answer.order(orders.treatment(answer.state, contact))


def _to_agent(answer: Answer, offer: Offer, to_agent: AgentId) -> None:
    contact = offer.contact
    if to_agent == offer.agent.id:
        answer.refuse(offer.id, "own_target", to_agent)
        return
    target = free_agent(answer, offer.id, to_agent, CHANNEL_BITS[contact.channel], contact.links)
    if target is None:
        return
    answer.emit(TransferMade(offer.id, contact.id, None, to_agent))
    end_talk(answer, offer, "transferred")
    answer.order(orders.release(offer, "transferred"))
    answer.emit(ContactReturned(contact.id, "transfer"))
    answer.order(orders.treatment(answer.state, contact))
    make_offer(answer, contact, target, direct_decision(answer, contact, "transfer"))


def _is_number(answer: Answer, offer: Offer, number: str) -> bool:
    """Whether this can be dialled; if not, the event is answered."""
    if len(number) > NUMBER_MAX:
        answer.refuse(offer.id, "senseless", "a long number", f"{NUMBER_MAX} characters")
    elif not can_be_dialled(number):
        answer.refuse(offer.id, "senseless", number, "a telephone number, or sip:user@host")
    else:
        return True
    return False


def _to_number(answer: Answer, offer: Offer, number: str) -> None:
    if not _is_number(answer, offer, number):
        return
    answer.emit(TransferMade(offer.id, offer.contact.id, None, None, number))
    answer.order(orders.transfer_out(offer, number))


def free_agent(answer: Answer, about: object, agent_id: AgentId, channel: int, links: int) -> Agent | None:
    """The agent of this id if they could be offered a contact now; else the event is refused."""
    agent = answer.state.agents.get(agent_id)
    if agent is None:
        answer.refuse(about, "unknown_agent", agent_id)
    elif agent.presence is Presence.SIGNED_OUT:
        answer.refuse(about, "signed_out", agent_id)
    elif agent.presence is not Presence.READY or agent.next_presence is not None:
        answer.refuse(about, "agent_not_ready", agent.reason)
    elif agent.mask & links != links:
        answer.refuse(about, "agent_unreachable", agent_id)
    elif not agent.mask & channel:
        answer.refuse(about, "agent_busy", agent_id)
    else:
        return agent
    return None


def _consultable(answer: Answer, offer: Offer, agent_id: AgentId) -> Agent | None:
    """Whom one may consult: signed in (on a break as well), without work in hand."""
    agent = answer.state.agents.get(agent_id)
    if agent is None:
        answer.refuse(offer.id, "unknown_agent", agent_id)
    elif agent.presence is Presence.SIGNED_OUT:
        answer.refuse(offer.id, "signed_out", agent_id)
    elif agent.load or agent.wrapping or agent.consulting:
        answer.refuse(offer.id, "agent_busy", agent_id)
    else:
        return agent
    return None
