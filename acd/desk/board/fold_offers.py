"""Facts about offers and assignments, folded into the board's state. See `fold.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from acd.desk.board.changed import Changed
from acd.desk.board.days import agent_day, queue_day
from acd.desk.board.marking import drop_offer, move_contact, touch_offer
from acd.desk.board.state import BoardState, OfferState
from acd.routing.model import AssignmentState, ContactState, MonitorMode
from acd.routing.model import OfferState as OfferOutcome
from acd.routing.outputs import facts as f

NO_REFUSAL = (OfferOutcome.WITHDRAWN, OfferOutcome.LOST_RACE)


def _offer_made(state: BoardState, changed: Changed, fact: f.OfferMade, at_ms: int) -> bool:
    offer = OfferState(
        fact.offer,
        fact.contact,
        fact.agent,
        fact.queue,
        fact.channel,
        made_ms=at_ms,
        deadline_ms=fact.deadline_ms,
        decision=fact.decision,
        since_ms=at_ms,
    )
    state.offers[fact.offer] = offer
    agent = state.agents.get(fact.agent)
    if agent is not None:
        agent.held = [*agent.held, fact.offer]
        agent_day(agent, at_ms).offered += 1
    card = state.contacts.get(fact.contact)
    if card is not None:
        card.offers = [*card.offers, fact.offer]
        move_contact(state, changed, card, ContactState.OFFERED, at_ms)
    touch_offer(state, changed, offer)
    return agent is not None and card is not None


def _offer_taken(state: BoardState, changed: Changed, fact: f.OfferTaken, at_ms: int) -> bool:
    offer = state.offers.get(fact.offer)
    if offer is None:
        return False
    offer.state = AssignmentState.CONNECTING
    offer.since_ms = at_ms
    offer.deadline_ms = fact.deadline_ms
    card = state.contacts.get(offer.contact)
    if card is not None:
        move_contact(state, changed, card, ContactState.ASSIGNED, at_ms)
    touch_offer(state, changed, offer)
    return True


def _offer_ended(state: BoardState, changed: Changed, fact: f.OfferEnded, at_ms: int) -> bool:
    offer = state.offers.get(fact.offer)
    if offer is None:
        return False
    agent, card = state.agents.get(fact.agent), state.contacts.get(fact.contact)
    if agent is not None:
        day = agent_day(agent, at_ms)
        day.declined += fact.outcome is OfferOutcome.DECLINED
        day.no_answer += fact.outcome is OfferOutcome.NO_ANSWER
    if card is not None and fact.outcome not in NO_REFUSAL:
        card.refusals += 1
        card.why = fact.outcome.value
    drop_offer(state, changed, offer)
    return True


def _connected(state: BoardState, changed: Changed, fact: f.AssignmentConnected, at_ms: int) -> bool:
    offer = state.offers.get(fact.offer)
    if offer is None:
        return False
    offer.state = AssignmentState.TALKING
    offer.since_ms = at_ms
    offer.connected_ms = at_ms
    offer.deadline_ms = None
    agent, card = state.agents.get(fact.agent), state.contacts.get(fact.contact)
    if agent is not None:
        agent_day(agent, at_ms).answered += 1
    queue = state.queues.get(offer.queue)
    if fact.is_first and queue is not None and card is not None:
        day, wait = queue_day(queue, at_ms), max(0, at_ms - card.wait_from_ms)
        day.answered += 1
        day.answered_in_time += wait <= queue.rules.threshold_ms
        day.wait_answered_ms += wait
        day.wait_longest_ms = max(day.wait_longest_ms, wait)
        if fact.estimate_ms is not None:
            day.estimates += 1
            day.estimate_error_ms += abs(fact.estimate_ms - fact.waited_ms)
        changed.queues[offer.queue] = None
    touch_offer(state, changed, offer)
    return True


def _held(state: BoardState, changed: Changed, fact: f.AssignmentHeld, at_ms: int) -> bool:
    offer = state.offers.get(fact.offer)
    if offer is None:
        return False
    if offer.state is AssignmentState.HELD:
        offer.held_ms += at_ms - offer.since_ms
    offer.state = AssignmentState.HELD if fact.is_held else AssignmentState.TALKING
    offer.since_ms = at_ms
    touch_offer(state, changed, offer)
    return True


def _talk_ended(state: BoardState, changed: Changed, fact: f.TalkEnded, at_ms: int) -> bool:
    offer = state.offers.get(fact.offer)
    if offer is None:
        return False
    if offer.state is AssignmentState.HELD:
        offer.held_ms += at_ms - offer.since_ms
    agent = state.agents.get(fact.agent)
    if agent is not None and offer.connected_ms is not None:
        day = agent_day(agent, at_ms)
        day.talk_ms += at_ms - offer.connected_ms - offer.held_ms
        day.hold_ms += offer.held_ms
    offer.state = AssignmentState.WRAP_UP
    offer.since_ms = at_ms
    offer.deadline_ms = None
    offer.ended_why = fact.why
    offer.monitors = {}
    offer.consult_agent, offer.consult_number, offer.consult_answered = None, "", False
    offer.conference = False
    touch_offer(state, changed, offer)
    return True


def _wrap_up(state: BoardState, changed: Changed, fact: f.WrapUpStarted, at_ms: int) -> bool:
    offer = state.offers.get(fact.offer)
    if offer is None:
        return False
    offer.state = AssignmentState.WRAP_UP
    offer.since_ms = at_ms
    offer.deadline_ms = fact.deadline_ms
    offer.blocks = fact.blocks
    touch_offer(state, changed, offer)
    return True


def _wrap_up_extended(state: BoardState, changed: Changed, fact: f.WrapUpExtended, at_ms: int) -> bool:
    offer = state.offers.get(fact.offer)
    if offer is None:
        return False
    offer.wrap_up_wanted = True
    if offer.state is AssignmentState.WRAP_UP:
        offer.deadline_ms = fact.deadline_ms
    touch_offer(state, changed, offer)
    return True


def _done(state: BoardState, changed: Changed, fact: f.AssignmentDone, at_ms: int) -> bool:
    offer = state.offers.get(fact.offer)
    if offer is None:
        return False
    agent = state.agents.get(fact.agent)
    if agent is not None:
        day = agent_day(agent, at_ms)
        day.done += offer.connected_ms is not None
        if offer.state is AssignmentState.WRAP_UP and offer.blocks:
            day.wrap_up_ms += at_ms - offer.since_ms
    drop_offer(state, changed, offer)
    return True


def _consult(state: BoardState, changed: Changed, fact: f.ConsultStarted, at_ms: int) -> bool:
    return _set_consult(state, changed, fact.offer, fact.to_agent, fact.to_number, is_answered=False)


def _consult_answered(state: BoardState, changed: Changed, fact: f.ConsultAnswered, at_ms: int) -> bool:
    offer = state.offers.get(fact.offer)
    if offer is None:
        return False
    return _set_consult(
        state, changed, fact.offer, offer.consult_agent, offer.consult_number, is_answered=True
    )


def _consult_over(state: BoardState, changed: Changed, fact: f.ConsultOver, at_ms: int) -> bool:
    offer = state.offers.get(fact.offer)
    if offer is None:
        return False
    offer.conference = fact.why == "conference"
    return _set_consult(state, changed, fact.offer, None, "", is_answered=False)


def _set_consult(
    state: BoardState, changed: Changed, name: Any, to_agent: Any, number: str, *, is_answered: bool
) -> bool:
    offer = state.offers.get(name)
    if offer is None:
        return False
    offer.consult_agent, offer.consult_number, offer.consult_answered = to_agent, number, is_answered
    touch_offer(state, changed, offer)
    return True


def _participant_gone(state: BoardState, changed: Changed, fact: f.ParticipantGone, at_ms: int) -> bool:
    offer = state.offers.get(fact.offer)
    if offer is None:
        return False
    offer.conference = False
    touch_offer(state, changed, offer)
    return True


def _monitor(state: BoardState, changed: Changed, fact: f.MonitorSet, at_ms: int) -> bool:
    offer = state.offers.get(fact.offer)
    if offer is None:
        return False
    monitors: dict[Any, MonitorMode] = {who: mode for who, mode in offer.monitors.items() if who != fact.by}
    offer.monitors = monitors | ({fact.by: fact.mode} if fact.mode is not None else {})
    touch_offer(state, changed, offer)
    return True


def _customer_answered(state: BoardState, changed: Changed, fact: f.CustomerAnswered, at_ms: int) -> bool:
    offer = state.offers.get(fact.offer)
    if offer is None:
        return False
    offer.deadline_ms = fact.deadline_ms
    touch_offer(state, changed, offer)
    return True


OFFER_FOLDS: dict[type[f.Fact], Callable[[BoardState, Changed, Any, int], bool]] = {
    f.OfferMade: _offer_made,
    f.OfferTaken: _offer_taken,
    f.OfferEnded: _offer_ended,
    f.CustomerAnswered: _customer_answered,
    f.AssignmentConnected: _connected,
    f.AssignmentHeld: _held,
    f.TalkEnded: _talk_ended,
    f.WrapUpStarted: _wrap_up,
    f.WrapUpExtended: _wrap_up_extended,
    f.AssignmentDone: _done,
    f.ConsultStarted: _consult,
    f.ConsultAnswered: _consult_answered,
    f.ConsultOver: _consult_over,
    f.ParticipantGone: _participant_gone,
    f.MonitorSet: _monitor,
}
