"""The zone: nodes, rules, hours, gates, and supervisors' acts on waiting contacts."""

from __future__ import annotations

from acd.routing import orders, overflow
from acd.routing.answer import Answer
from acd.routing.contact import Contact
from acd.routing.events import (
    CommandDone,
    ContactClosed,
    ContactGiven,
    ContactMoved,
    HeadStartChanged,
    HoursTurned,
    NodeStarted,
    QueueGateTurned,
    RulesLoaded,
)
from acd.routing.handling.arrivals import HEAD_START_MAX_MS, ID_MAX, MOMENT_MAX_MS
from acd.routing.handling.leaving import drop_offers, end_contact, end_talk, fail_connecting, live_offers
from acd.routing.handling.transfers import end_open_consult, free_agent
from acd.routing.line import NUMBER_MASK
from acd.routing.matching import direct_decision, make_offer
from acd.routing.model import (
    AssignmentState,
    ContactId,
    ContactState,
    OfferState,
    Outcome,
    Presence,
    QueueId,
)
from acd.routing.outputs import (
    CommandFulfilled,
    ContactRequeued,
    HeadStartSet,
    HoursInForce,
    NextPresenceSet,
    NodeTookOver,
    OfferEnded,
    PresenceSet,
    QueueGateSet,
    RulesInForce,
)
from acd.routing.plans import find_fault
from acd.routing.state import CHANNEL_BITS
from acd.routing.states import CONTACT_MOVES, LATE, ContactTrigger, Refusal
from acd.routing.strategies import RANK_MASK

HOURS_MAX = 10_000


def on_node(answer: Answer, event: NodeStarted) -> None:
    """A new epoch: talks go on, lines keep place and age, links must report again."""
    if event.epoch <= answer.state.epoch:
        answer.refuse(event.epoch, "senseless", event.epoch, f"more than {answer.state.epoch}")
        return
    answer.emit(NodeTookOver(event.epoch))


def on_rules(answer: Answer, event: RulesLoaded) -> None:
    """New rules, if they make sense and no queue is taken away under the contacts in it."""
    rules = event.rules
    state = answer.state
    fault = find_fault(rules)
    if fault is None and len(rules.agents) > RANK_MASK:
        fault = f"found {len(rules.agents)} agents, expected at most {RANK_MASK}"
    if fault is None:
        named = {queue.queue for queue in rules.queues}
        for contact in state.contacts.values():
            if contact.queue not in named and contact.state is not ContactState.ENDED:
                fault = f"queue {contact.queue} is gone while contacts are in it"
                break
    if fault is not None:
        answer.refuse(rules.version, "rules_invalid", fault)
        return
    answer.trigger = "rules"
    answer.emit(RulesInForce(rules, event.by))
    for agent in list(state.by_rank):
        if agent.is_gone and agent.id in state.agents and agent.presence is not Presence.SIGNED_OUT:
            drop_offers(answer, agent, OfferState.WITHDRAWN, "removed")
            if agent.load or agent.wrapping or agent.consulting:
                answer.emit(NextPresenceSet(agent.id, Presence.SIGNED_OUT, "removed"))
            else:
                answer.emit(PresenceSet(agent.id, Presence.SIGNED_OUT, "removed", None, True))


def on_hours(answer: Answer, event: HoursTurned) -> None:
    """Opening hours turned; whoever waits may have a way out."""
    known = answer.state.hours.get(event.hours)
    if known == (event.is_open, event.until_ms):
        answer.late(event.hours, "so before")
        return
    if len(event.hours) > ID_MAX or abs(event.until_ms or 0) > MOMENT_MAX_MS:
        answer.refuse(event.hours, "senseless", event.until_ms, f"an id of {ID_MAX} characters, a moment")
        return
    if known is None and len(answer.state.hours) >= HOURS_MAX:
        answer.refuse(event.hours, "limit", len(answer.state.hours), f"{HOURS_MAX} kinds of hours")
        return
    answer.emit(HoursInForce(event.hours, event.is_open, event.until_ms))
    for queue in list(answer.state.queues.values()):
        if queue.plan.rules.hours == event.hours:
            _check_all(answer, queue.id)


def on_gate(answer: Answer, event: QueueGateTurned) -> None:
    """Emergency closure of a queue, or its end."""
    queue = answer.state.queues.get(event.queue)
    if queue is None:
        answer.refuse(event.queue, "unknown_queue")
    elif queue.gate_open is event.is_open:
        answer.late(event.queue, "so before")
    else:
        answer.emit(QueueGateSet(event.queue, event.is_open, event.by, event.reason[:200]))
        _check_all(answer, event.queue)


def on_command_done(answer: Answer, event: CommandDone) -> None:
    """A durable command has been carried out."""
    if event.key in answer.state.durable:
        answer.emit(CommandFulfilled(event.key))
    else:
        answer.late(event.key, "not wanted, or done before")


def on_moved(answer: Answer, event: ContactMoved) -> None:
    """A supervisor moves a waiting contact."""
    contact = _waiting(answer, event.contact)
    if contact is None:
        return
    code = overflow.refusal_of(answer.state, contact, event.queue)
    if event.queue == contact.queue:
        answer.refuse(contact.id, "own_target", event.queue)
    elif code:
        answer.refuse(contact.id, code, event.queue)
    else:
        answer.trigger = "moved"
        answer.emit(ContactRequeued(contact.id, event.queue, "supervisor", event.by))
        answer.order(orders.treatment(answer.state, contact))


def on_head_start(answer: Answer, event: HeadStartChanged) -> None:
    """A supervisor lets a contact go sooner or later."""
    contact = _waiting(answer, event.contact)
    if contact is None:
        return
    if abs(event.head_start_ms) > HEAD_START_MAX_MS:
        answer.refuse(contact.id, "senseless", event.head_start_ms, f"at most {HEAD_START_MAX_MS}")
        return
    base_ms = contact.more.base_head_start_ms if contact.more is not None else None
    if base_ms is None:
        base_ms = contact.head_start_ms
    if base_ms + event.head_start_ms == contact.head_start_ms:
        answer.late(contact.id, "so before")
        return
    answer.trigger = "moved"
    answer.emit(HeadStartSet(contact.id, base_ms + event.head_start_ms, event.by))


def on_given(answer: Answer, event: ContactGiven) -> None:
    """A supervisor offers a waiting contact to one agent."""
    contact = _waiting(answer, event.contact)
    if contact is None:
        return
    agent = answer.state.agents.get(event.agent)
    if event.force and agent is not None:
        if agent.presence is Presence.SIGNED_OUT:
            answer.refuse(contact.id, "signed_out", event.agent)
            return
    else:
        agent = free_agent(answer, contact.id, event.agent, CHANNEL_BITS[contact.channel], contact.links)
        if agent is None:
            return
    answer.trigger = "given"
    make_offer(answer, contact, agent, direct_decision(answer, contact, "given"))


def on_closed(answer: Answer, event: ContactClosed) -> None:
    """A supervisor ends a contact, wherever it stands."""
    contact = answer.state.contacts.get(event.contact)
    if contact is None or contact.state is ContactState.ENDED:
        _answer_gone(answer, event.contact)
        return
    reason = event.reason[:200]
    offer = answer.state.offers.get(contact.offer)
    if contact.state is ContactState.OFFERED:
        for rung in live_offers(answer, contact):
            answer.emit(OfferEnded(rung.id, contact.id, rung.agent.id, OfferState.WITHDRAWN, reason))
            answer.order(orders.withdraw(rung, "closed"))
    elif offer is not None and offer.assignment is AssignmentState.CONNECTING:
        outcome = Outcome.ANSWERED if contact.answered_ms else Outcome.OVERFLOWED
        end_contact(answer, contact, outcome, reason, event.by)
        fail_connecting(answer, offer, "closed")
        answer.order(orders.end(contact, "closed"))
        return
    elif offer is not None and offer.assignment in (AssignmentState.TALKING, AssignmentState.HELD):
        end_open_consult(answer, offer)
        end_talk(answer, offer, "supervisor")
        answer.order(orders.release(offer, "closed"))
    outcome = Outcome.ANSWERED if contact.answered_ms else Outcome.OVERFLOWED
    end_contact(answer, contact, outcome, reason, event.by)
    answer.order(orders.end(contact, "closed"))


def _check_all(answer: Answer, queue_id: QueueId) -> None:
    """Look for ways out for everybody who waits in a queue."""
    queue = answer.state.queues[queue_id]
    waiting = [answer.state.numbered[key & NUMBER_MASK] for key in queue.line]
    for contact in waiting:
        if contact.plan.rules.overflow:
            overflow.check(answer, contact)


def _answer_gone(answer: Answer, contact_id: ContactId) -> None:
    """Nothing can be done to this contact: it is over, or nobody has heard of it."""
    if contact_id in answer.state.contacts or contact_id in answer.state.ended_ids:
        answer.late(contact_id, "ended before")
    else:
        answer.refuse(contact_id, "unknown_contact")


def _waiting(answer: Answer, contact_id: ContactId) -> Contact | None:
    """The contact, if a supervisor may act on it; else the event is answered."""
    contact = answer.state.contacts.get(contact_id)
    if contact is None:
        _answer_gone(answer, contact_id)
        return None
    verdict = CONTACT_MOVES[contact.state, ContactTrigger.MOVE]
    if verdict is LATE:
        answer.late(contact_id, "ended before")
        return None
    if isinstance(verdict, Refusal):
        answer.refuse(contact_id, verdict.code, contact.state.value)
        return None
    return contact
