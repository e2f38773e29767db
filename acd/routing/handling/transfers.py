"""Handing a customer on, asking somebody first, and conferences."""

from __future__ import annotations

from acd.routing import orders
from acd.routing.core import Core
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
from acd.routing.state import CHANNEL_BITS, Agent, Offer
from acd.routing.states import AssignmentTrigger

NUMBER_MAX = 64


def on_transfer(core: Core, event: TransferAsked) -> None:
    """Blind transfer: to a queue, an agent or a number."""
    offer = find_offer(core, event.offer)
    if offer is None or not may(core, offer, AssignmentTrigger.ASK):
        return
    if sum((event.to_queue is not None, event.to_agent is not None, bool(event.to_number))) != 1:
        core.refuse(offer.id, "one_target")
    elif offer.consult is not None:
        core.refuse(offer.id, "consult_open")
    elif offer.contact.more is not None and offer.contact.more.leaving:
        core.late(offer.id, "is leaving already")
    elif event.to_queue is not None:
        _to_queue(core, offer, event)
    elif event.to_agent is not None:
        _to_agent(core, offer, event.to_agent)
    else:
        _to_number(core, offer, event.to_number)


def on_consult(core: Core, event: ConsultAsked) -> None:
    """The customer is held, somebody is called."""
    offer = find_offer(core, event.offer)
    if offer is None or not may(core, offer, AssignmentTrigger.ASK):
        return
    if (event.to_agent is not None) == bool(event.to_number):
        core.refuse(offer.id, "one_target")
        return
    if offer.consult is not None or (offer.contact.more is not None and offer.contact.more.leaving):
        core.refuse(offer.id, "consult_open")
        return
    if event.to_agent is not None:
        if event.to_agent == offer.agent.id:
            core.refuse(offer.id, "own_target", event.to_agent)
            return
        target = _consultable(core, offer, event.to_agent)
        if target is None:
            return
    elif len(event.to_number) > NUMBER_MAX:
        core.refuse(offer.id, "senseless", "a long number", f"{NUMBER_MAX} characters")
        return
    if offer.assignment is AssignmentState.TALKING:
        core.emit(AssignmentHeld(offer.id, True))
        core.order(orders.hold(offer))
    core.emit(ConsultStarted(offer.id, event.to_agent, event.to_number))
    core.order(orders.start_consult(offer))


def on_consult_connected(core: Core, event: ConsultConnected) -> None:
    """The consulted side is on."""
    offer = find_offer(core, event.offer)
    if offer is None:
        return
    if offer.consult is None or offer.consult.is_answered:
        core.late(offer.id, "no consult is being answered")
        return
    core.emit(ConsultAnswered(offer.id))


def on_consult_ended(core: Core, event: ConsultEnded) -> None:
    """Back to the customer."""
    offer = find_offer(core, event.offer)
    if offer is None:
        return
    if offer.consult is None or offer.consult.is_conference:
        if event.by is not None:
            core.refuse(offer.id, "no_consult")
        else:
            core.late(offer.id, "no consult is open")
        return
    end_open_consult(core, offer, event.reason[:200])
    if offer.assignment is AssignmentState.HELD:
        core.emit(AssignmentHeld(offer.id, False))
        core.order(orders.hold(offer))


def on_consult_completed(core: Core, event: ConsultCompleted) -> None:
    """Attended transfer, or all three together."""
    offer = find_offer(core, event.offer)
    if offer is None or not may(core, offer, AssignmentTrigger.ASK):
        return
    consult = offer.consult
    if consult is None or (consult.is_conference and event.conference):
        core.refuse(offer.id, "no_consult")
    elif not consult.is_answered:
        core.refuse(offer.id, "consult_unanswered")
    elif event.conference:
        core.emit(ConsultOver(offer.id, "conference"))
        core.order(orders.end_consult(offer, consult.turn, "conference"))
        if offer.assignment is AssignmentState.HELD:
            core.emit(AssignmentHeld(offer.id, False))
            core.order(orders.hold(offer))
    else:
        hand_over(core, offer)


def on_participant(core: Core, event: ParticipantLeft) -> None:
    """A third person or a supervisor left."""
    offer = find_offer(core, event.offer)
    if offer is None:
        return
    by = PersonId(event.who)
    consult = offer.consult
    if by in offer.monitors:
        core.emit(MonitorSet(offer.id, by, None))
    elif consult is not None and event.who in (consult.to_agent, consult.to_number):
        if consult.is_conference:
            target = core.state.agents.get(consult.to_agent) if consult.to_agent is not None else None
            core.emit(ParticipantGone(offer.id, event.who[:200]))
            if target is not None:
                after_work(core, target)
        else:
            on_consult_ended(core, ConsultEnded(offer.id, "left"))
    else:
        core.late(offer.id, "takes no part")


def end_open_consult(core: Core, offer: Offer, why: str = "retrieved") -> None:
    """End a consult, if there is one, and let the consulted side go."""
    consult = offer.consult
    if consult is None:
        return
    core.emit(ConsultOver(offer.id, why))
    core.order(orders.end_consult(offer, consult.turn, "retrieve"))
    if consult.to_agent is not None and consult.to_agent in core.state.agents:
        after_work(core, core.state.agents[consult.to_agent])


def leave_conference(core: Core, offer: Offer) -> None:
    """The agent leaves a conference: the customer stays with the third."""
    hand_over(core, offer)


def hand_over(core: Core, offer: Offer) -> None:
    """The consulted side takes the customer over; an agent among them gets an assignment of their own."""
    consult = offer.consult
    assert consult is not None
    contact = offer.contact
    target = core.state.agents.get(consult.to_agent) if consult.to_agent is not None else None
    how = "retrieve" if consult.is_conference else "transfer"
    if not consult.is_conference:
        core.order(orders.end_consult(offer, consult.turn, how))
    core.emit(TransferMade(offer.id, contact.id, None, consult.to_agent, consult.to_number, True))
    if target is not None:
        core.emit(ConsultOver(offer.id, "transferred"))
        end_talk(core, offer, "transferred")
        core.order(orders.release(offer, "transferred"))
        core.emit(ContactReturned(contact.id, "transferred"))
        core.state.loose.clear()
        assign(core, offer, target)
    else:
        end_talk(core, offer, "transferred")
        core.order(orders.release(offer, "transferred"))


def assign(core: Core, offer: Offer, target: Agent) -> None:
    """An assignment without an offer: the two are together already."""
    contact, state = offer.contact, core.state
    number = OfferId(state.offer_count + 1)
    decision = direct_decision(core, contact, "transfer")
    now_ms = core.now_ms
    core.emit(OfferMade(number, contact.id, target.id, contact.queue, contact.channel, now_ms, decision))
    core.emit(OfferTaken(number, now_ms))
    core.emit(AssignmentConnected(number, contact.id, target.id, False, now_ms - contact.since_ms))


def take_over(core: Core, offer: Offer, by: PersonId) -> None:
    """A supervisor who is an agent as well takes the customer; the agent goes."""
    target = core.state.agents.get(AgentId(by))
    if target is None or target.presence is Presence.SIGNED_OUT:
        core.refuse(offer.id, "signed_out", by, "a supervisor who is signed in as an agent")
        return
    if target is offer.agent:
        core.refuse(offer.id, "own_target", by)
        return
    end_open_consult(core, offer)
    contact = offer.contact
    core.order(orders.set_monitor(offer, by, MonitorMode.TAKE_OVER))
    core.emit(TransferMade(offer.id, contact.id, None, target.id, "", True))
    end_talk(core, offer, "supervisor")
    core.order(orders.release(offer, "taken_over"))
    core.emit(ContactReturned(contact.id, "taken_over"))
    core.state.loose.clear()
    assign(core, offer, target)


def _to_queue(core: Core, offer: Offer, event: TransferAsked) -> None:
    contact = offer.contact
    if event.to_queue not in core.state.queues:
        core.refuse(offer.id, "unknown_queue", event.to_queue)
        return
    core.trigger = "moved"
    core.emit(TransferMade(offer.id, contact.id, event.to_queue))
    end_talk(core, offer, "transferred")
    core.order(orders.release(offer, "transferred"))
    core.emit(ContactRequeued(contact.id, event.to_queue, "transfer", event.by))
    core.order(orders.treatment(core.state, contact))


def _to_agent(core: Core, offer: Offer, to_agent: AgentId) -> None:
    contact = offer.contact
    if to_agent == offer.agent.id:
        core.refuse(offer.id, "own_target", to_agent)
        return
    target = free_agent(core, offer.id, to_agent, CHANNEL_BITS[contact.channel], contact.links)
    if target is None:
        return
    core.emit(TransferMade(offer.id, contact.id, None, to_agent))
    end_talk(core, offer, "transferred")
    core.order(orders.release(offer, "transferred"))
    core.emit(ContactReturned(contact.id, "transfer"))
    core.order(orders.treatment(core.state, contact))
    core.state.loose.remove(contact)
    make_offer(core, contact, target, direct_decision(core, contact, "transfer"))


def _to_number(core: Core, offer: Offer, number: str) -> None:
    if len(number) > NUMBER_MAX:
        core.refuse(offer.id, "senseless", "a long number", f"{NUMBER_MAX} characters")
        return
    core.emit(TransferMade(offer.id, offer.contact.id, None, None, number))
    core.order(orders.transfer_out(offer, number))


def free_agent(core: Core, about: object, agent_id: AgentId, channel: int, links: int) -> Agent | None:
    """The agent of this id if they could be offered a contact now; else the event is refused."""
    agent = core.state.agents.get(agent_id)
    if agent is None:
        core.refuse(about, "unknown_agent", agent_id)
    elif agent.presence is Presence.SIGNED_OUT:
        core.refuse(about, "signed_out", agent_id)
    elif agent.presence is not Presence.READY or agent.next_presence is not None:
        core.refuse(about, "agent_not_ready", agent.reason)
    elif agent.mask & links != links:
        core.refuse(about, "agent_unreachable", agent_id)
    elif not agent.mask & channel:
        core.refuse(about, "agent_busy", agent_id)
    else:
        return agent
    return None


def _consultable(core: Core, offer: Offer, agent_id: AgentId) -> Agent | None:
    """Whom one may consult: signed in (on a break as well), without work in hand."""
    agent = core.state.agents.get(agent_id)
    if agent is None:
        core.refuse(offer.id, "unknown_agent", agent_id)
    elif agent.presence is Presence.SIGNED_OUT:
        core.refuse(offer.id, "signed_out", agent_id)
    elif agent.load or agent.wrapping or agent.consulting:
        core.refuse(offer.id, "agent_busy", agent_id)
    else:
        return agent
    return None
