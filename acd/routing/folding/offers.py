"""How facts about offers and assignments change the state."""

from __future__ import annotations

from typing import Final

from acd.routing import visits
from acd.routing.availability import note_work, refresh, release, take_shares
from acd.routing.capacity import LOADS
from acd.routing.contact import NOBODY, Consult, Contact, Offer
from acd.routing.estimates import learn
from acd.routing.folding.agents import forget_if_gone
from acd.routing.folding.contacts import forget_if_done
from acd.routing.model import AssignmentState, ContactState, OfferState, Origin
from acd.routing.orders import close_ticket
from acd.routing.outputs import (
    AssignmentConnected,
    AssignmentDone,
    AssignmentHeld,
    ConsultAnswered,
    ConsultOver,
    ConsultStarted,
    CustomerAnswered,
    MonitorSet,
    OfferEnded,
    OfferMade,
    OfferTaken,
    ParticipantGone,
    TalkEnded,
    TransferFailed,
    TransferMade,
    WrapUpExtended,
    WrapUpStarted,
)
from acd.routing.state import REFUSALS_MAX, Agent, State
from acd.routing.states import (
    ASSIGNMENT_MOVES,
    CONTACT_MOVES,
    OFFER_MOVES,
    AssignmentTrigger,
    ContactTrigger,
    OfferTrigger,
    Row,
    move,
)
from acd.routing.waiting import displace, schedule

OUTCOME_TRIGGERS = {
    OfferState.DECLINED: OfferTrigger.DECLINE,
    OfferState.NO_ANSWER: OfferTrigger.NO_ANSWER,
    OfferState.BUSY: OfferTrigger.BUSY,
    OfferState.UNREACHABLE: OfferTrigger.UNREACHABLE,
    OfferState.WITHDRAWN: OfferTrigger.WITHDRAW,
    OfferState.LOST_RACE: OfferTrigger.LOSE_RACE,
}
DIRECT = frozenset({"given", "transfer"})
"""Triggers of offers that somebody ordered: nobody was chosen, so nobody is rested for not answering."""
_REFUSALS = frozenset({OfferState.DECLINED, OfferState.NO_ANSWER, OfferState.BUSY, OfferState.UNREACHABLE})
_HANDLE_SHARE = 8
_CONNECTING: Final = AssignmentState.CONNECTING
_WRAP_UP: Final = AssignmentState.WRAP_UP
_HOLD: Final = AssignmentTrigger.HOLD
_RETRIEVE: Final = AssignmentTrigger.RETRIEVE
_ASSIGNED: Final = ContactState.ASSIGNED
_ENDED: Final = ContactState.ENDED
_WAITING: Final = ContactState.WAITING
_RETURN_CALL: Final = Origin.RETURN_CALL
_CLOSED: Final = Row(ASSIGNMENT_MOVES, AssignmentTrigger.CLOSE)
_WRAPPING: Final = Row(ASSIGNMENT_MOVES, AssignmentTrigger.WRAP)
_OVER: Final = Row(ASSIGNMENT_MOVES, AssignmentTrigger.END)
_CONNECTED: Final = Row(ASSIGNMENT_MOVES, AssignmentTrigger.CONNECT)
_ACCEPTED: Final = Row(OFFER_MOVES, OfferTrigger.ACCEPT)
_TAKEN: Final = Row(CONTACT_MOVES, ContactTrigger.TAKE)
_OFFERED: Final = Row(CONTACT_MOVES, ContactTrigger.OFFER)


def fold_made(state: State, fact: OfferMade, at_ms: int) -> None:
    """Agent and contact are reserved for each other."""
    number = int(fact.offer)
    state.offer_count = number
    contact = state.contacts[fact.contact]
    agent = state.agents[fact.agent]
    offer = state.offers[number] = Offer(fact.offer, contact, agent, contact.queue, contact.plan, at_ms, None)
    if contact.state is _WAITING:
        displace(state, contact)
        contact.offer = number
    contact.state = _OFFERED[contact.state]
    contact.offers_live += 1
    contact.rung = (*contact.rung, number)
    offer.is_direct = fact.decision.trigger in DIRECT
    if contact.origin is _RETURN_CALL and not contact.answered_ms and not contact.rare.is_reached:
        offer.is_customer_first = offer.plan.rules.return_calls.customer_first
    agent.offers += (number,)
    agent.last_offer = number
    agent.load += LOADS[contact.channel]
    note_work(agent, at_ms)
    state.set_deadline(offer, fact.deadline_ms)
    if contact.alarm or contact.more is not None:
        schedule(state, contact, at_ms)
    refresh(state, agent)
    if state.pools.compares_shares:
        take_shares(state, at_ms)


def fold_customer_answered(state: State, fact: CustomerAnswered, at_ms: int) -> None:
    """Customer-first: now the agent rings."""
    offer = state.offers[fact.offer]
    offer.reached = True
    offer.contact.rare.is_reached = True
    state.set_deadline(offer, fact.deadline_ms)


def fold_taken(state: State, fact: OfferTaken, at_ms: int) -> None:
    """The agent accepted."""
    offer = state.offers[fact.offer]
    offer.state = _ACCEPTED[offer.state]
    offer.assignment = _CONNECTING
    offer.taken_ms = at_ms
    contact = offer.contact
    contact.state = _TAKEN[contact.state]
    contact.offer = offer.id
    contact.rung = without(contact.rung, offer.id)
    if contact.more is not None:
        contact.more.asked = None
        schedule(state, contact, at_ms)
    state.set_deadline(offer, fact.deadline_ms)


def fold_offer_ended(state: State, fact: OfferEnded, at_ms: int) -> None:
    """The agent is let go; whoever refused is not asked again for a while."""
    offer = state.offers.pop(fact.offer)
    offer.state = move(OFFER_MOVES, offer.state, OUTCOME_TRIGGERS[fact.outcome])
    contact, agent = offer.contact, offer.agent
    if fact.outcome in _REFUSALS:
        rules = offer.plan.rules
        delay_ms = rules.delays.of(fact.outcome)
        until_ms = at_ms + (rules.refusal_memory_ms if delay_ms is None else delay_ms)
        remember_refusal(contact, agent, at_ms, until_ms)
    contact.rung = without(contact.rung, offer.id)
    _let_go(state, offer, at_ms)
    agent.load -= LOADS[contact.channel]
    note_work(agent, at_ms)
    refresh(state, agent)
    if agent.is_gone:
        forget_if_gone(state, agent)


def fold_connected(state: State, fact: AssignmentConnected, at_ms: int) -> None:
    """They talk."""
    offer = state.offers[fact.offer]
    assert offer.assignment is not None
    offer.assignment = _CONNECTED[offer.assignment]
    offer.connected_ms = at_ms
    state.set_deadline(offer, None)
    contact = offer.contact
    contact.last_agent = offer.agent.id
    if not contact.answered_ms:
        contact.answered_ms = at_ms
        queue = state.queues.get(contact.queue) if fact.estimate_ms is not None else None
        if queue is not None and fact.estimate_ms is not None:
            learn(queue, fact.estimate_ms, fact.waited_ms)
    offer.agent.taken += 1


def fold_held(state: State, fact: AssignmentHeld, at_ms: int) -> None:
    """On hold, or back."""
    offer = state.offers[fact.offer]
    assert offer.assignment is not None
    trigger = _HOLD if fact.is_held else _RETRIEVE
    offer.assignment = move(ASSIGNMENT_MOVES, offer.assignment, trigger)
    offer.turn += 1


def fold_talk_ended(state: State, fact: TalkEnded, at_ms: int) -> None:
    """Nobody talks; what becomes of agent and contact the facts that follow say."""
    offer = state.offers[fact.offer]
    assert offer.assignment is not None
    offer.assignment = _OVER[offer.assignment]
    offer.talk_ended_ms = at_ms
    offer.monitors = NOBODY
    if offer.consult is not None:
        end_consult(state, offer, at_ms)


def fold_wrap_up(state: State, fact: WrapUpStarted, at_ms: int) -> None:
    """The agent writes down what was; a call no longer counts against the limits, the wrap-up may block all."""
    offer = state.offers[fact.offer]
    assert offer.assignment is not None
    offer.assignment = _WRAPPING[offer.assignment]
    offer.blocks = fact.blocks
    agent = offer.agent
    agent.load -= LOADS[offer.contact.channel]
    if fact.blocks:
        agent.wrapping += 1
        note_work(agent, at_ms)
    else:
        release(state, agent, at_ms)
    state.set_deadline(offer, fact.deadline_ms)
    refresh(state, agent)


def fold_wrap_up_extended(state: State, fact: WrapUpExtended, at_ms: int) -> None:
    """Asked for while talking, or longer."""
    offer = state.offers[fact.offer]
    if offer.assignment is _WRAP_UP:
        offer.extensions += 1
        state.set_deadline(offer, fact.deadline_ms)
    else:
        offer.wrap_asked = True


def fold_done(state: State, fact: AssignmentDone, at_ms: int) -> None:
    """The assignment is over: capacity is given back, the handle time is learned, a solved ticket is to close."""
    offer = state.offers.pop(fact.offer)
    contact, agent = offer.contact, offer.agent
    assert offer.assignment is not None
    was = offer.assignment
    offer.assignment = _CLOSED[was]
    if offer.connected_ms:
        _learn_handle_time(state, offer, at_ms)
        if fact.disposition or contact.last_agent != agent.id:
            is_solved = fact.disposition in offer.plan.solving
            visits.settle(state, contact, agent.id, fact.disposition, is_solved)
        if contact.more is not None:
            _close_ticket(state, offer, fact)
    elif contact.state is _ASSIGNED:
        # It never connected: not the same two again at once.
        remember_refusal(contact, agent, at_ms, at_ms + offer.plan.rules.refusal_memory_ms)
    if was is _WRAP_UP:
        if offer.blocks:
            agent.wrapping -= 1
            release(state, agent, at_ms)
    else:
        agent.load -= LOADS[contact.channel]
        if offer.connected_ms:
            release(state, agent, at_ms)
        else:
            note_work(agent, at_ms)
    _let_go(state, offer, at_ms)
    refresh(state, agent)
    if agent.is_gone:
        forget_if_gone(state, agent)


def fold_transfer(state: State, fact: TransferMade, at_ms: int) -> None:
    """Handed on; the one who did it is not asked for the same contact at once."""
    offer = state.offers[fact.offer]
    contact = offer.contact
    if fact.to_number:
        more = contact.rare
        more.leaving = fact.to_number
        assert state.rules is not None
        more.leaving_until_ms = at_ms + state.rules.leave_limit_ms
        schedule(state, contact, at_ms)
    else:
        remember_refusal(contact, offer.agent, at_ms, at_ms + offer.plan.rules.refusal_memory_ms)


def fold_transfer_failed(state: State, fact: TransferFailed, at_ms: int) -> None:
    """The number outside did not take the customer."""
    contact = state.offers[fact.offer].contact
    contact.rare.leaving = ""
    contact.rare.leaving_until_ms = 0
    schedule(state, contact, at_ms)


def fold_consult(state: State, fact: ConsultStarted, at_ms: int) -> None:
    """Somebody is asked; an agent who is asked gets no offers meanwhile."""
    offer = state.offers[fact.offer]
    offer.consults += 1
    offer.consult = Consult(offer.consults, fact.to_agent, fact.to_number)
    if fact.to_agent is not None:
        agent = state.agents[fact.to_agent]
        agent.consulting = offer.id
        note_work(agent, at_ms)
        refresh(state, agent)


def fold_consult_answered(state: State, fact: ConsultAnswered, at_ms: int) -> None:
    """The consulted side is on."""
    consult = state.offers[fact.offer].consult
    assert consult is not None
    consult.is_answered = True


def fold_consult_over(state: State, fact: ConsultOver, at_ms: int) -> None:
    """Ended, or become a conference."""
    offer = state.offers[fact.offer]
    if fact.why == "conference":
        assert offer.consult is not None
        offer.consult.is_conference = True
    else:
        end_consult(state, offer, at_ms)


def fold_participant(state: State, fact: ParticipantGone, at_ms: int) -> None:
    """A third person left the conference."""
    end_consult(state, state.offers[fact.offer], at_ms)


def fold_monitor(state: State, fact: MonitorSet, at_ms: int) -> None:
    """A supervisor takes part, or no longer."""
    offer = state.offers[fact.offer]
    monitors = dict(offer.monitors)
    if fact.mode is None:
        monitors.pop(fact.by, None)
    else:
        monitors[fact.by] = fact.mode
    offer.monitors = monitors


def remember_refusal(contact: Contact, agent: Agent, at_ms: int, until_ms: int) -> None:
    """Pass this agent over for this contact until then; what is past, or beyond the limit, is forgotten. A longer
    memory is not shortened by a later refusal."""
    refusals = contact.rare.refusals
    for gone in [known for known, moment_ms in refusals.items() if moment_ms <= at_ms]:
        del refusals[gone]
    if until_ms > at_ms:
        if len(refusals) >= REFUSALS_MAX:
            del refusals[next(iter(refusals))]
        refusals[agent.id] = max(until_ms, refusals.get(agent.id, 0))


def without(numbers: tuple[int, ...], number: int) -> tuple[int, ...]:
    """The same numbers but for one."""
    if len(numbers) == 1 and numbers[0] == number:
        return ()
    return tuple(known for known in numbers if known != number)


def end_consult(state: State, offer: Offer, at_ms: int) -> None:
    """Let go of whoever was consulted."""
    consult = offer.consult
    assert consult is not None
    offer.consult = None
    if consult.to_agent is not None:
        agent = state.agents[consult.to_agent]
        agent.consulting = 0
        release(state, agent, at_ms)
        refresh(state, agent)
        if agent.is_gone:
            forget_if_gone(state, agent)


def _let_go(state: State, offer: Offer, at_ms: int) -> None:
    contact, agent = offer.contact, offer.agent
    state.set_deadline(offer, None)
    agent.offers = without(agent.offers, offer.id)
    contact.offers_live -= 1
    if contact.offer == offer.id:
        contact.offer = contact.rung[0] if contact.rung else 0
    if contact.state is _ENDED:
        forget_if_done(state, contact)


def _learn_handle_time(state: State, offer: Offer, at_ms: int) -> None:
    queue = state.queues.get(offer.queue)
    if queue is None:
        return
    handle_ms = at_ms - offer.taken_ms
    queue.handled += 1
    if queue.handled == 1:
        queue.handle_ms = handle_ms
    else:
        queue.handle_ms += (handle_ms - queue.handle_ms) // _HANDLE_SHARE


def _close_ticket(state: State, offer: Offer, fact: AssignmentDone) -> None:
    contact = offer.contact
    if contact.more is None or contact.more.ticket is None or contact.origin is not _RETURN_CALL:
        return
    if fact.disposition in offer.plan.solving:
        command = close_ticket(offer, fact.disposition, fact.notes)
        state.durable[command.key] = command
