"""When a waiting contact may leave its queue, and what it is offered then."""

from __future__ import annotations

from acd.routing import orders
from acd.routing.answer import Answer
from acd.routing.contact import Contact
from acd.routing.estimates import estimate
from acd.routing.model import (
    Channel,
    ContactId,
    ContactState,
    Link,
    Origin,
    Outcome,
    OverflowAction,
    OverflowRule,
    QueueId,
    QueueRules,
)
from acd.routing.outputs import (
    ContactEnded,
    ContactEntered,
    ContactRequeued,
    IntakeEntered,
    OverflowOffered,
    PlayTreatment,
    ReturnCallMerged,
)
from acd.routing.state import LINK_BITS, State
from acd.routing.waiting import rule_from


def is_open(state: State, rules: QueueRules) -> bool:
    """Whether the queue takes contacts: the gate, and the hours as far as anybody has told them."""
    queue = state.queues.get(rules.queue)
    if queue is not None and not queue.gate_open:
        return False
    return rules.hours is None or state.hours.get(rules.hours, (True, None))[0]


def check(answer: Answer, contact: Contact) -> bool:
    """Offer or do the first overflow whose conditions hold; False when none does."""
    if contact.state is not ContactState.WAITING or contact.origin is not Origin.INBOUND:
        return False
    if contact.more is not None and contact.more.asked is not None:
        return False
    for rule in contact.plan.rules.overflow:
        if not rule.wish and _holds(answer, contact, rule):
            if rule.offered:
                deadline_ms = answer.now_ms + rule.answer_ms
                answer.emit(OverflowOffered(contact.id, rule.name, rule.action, deadline_ms))
                answer.order(orders.treatment(answer.state, contact))
            else:
                act(answer, contact, rule, was_offered=False)
            return True
    return False


def find_rule(contact: Contact, name: str) -> OverflowRule | None:
    """The rule of this name among those that the contact entered under."""
    return next((rule for rule in contact.plan.rules.overflow if rule.name == name), None)


def refusal_of(state: State, contact: Contact, queue_id: QueueId) -> str:
    """The code with which another queue does not take this contact; "" when it does."""
    queue = state.queues.get(queue_id)
    if queue is None:
        return "unknown_queue"
    rules = queue.plan.rules
    if contact.channel not in rules.channels and contact.origin is Origin.INBOUND:
        return "channel"
    return "limit" if queue.line.length >= rules.length_max else ""


def is_possible(answer: Answer, contact: Contact, rule: OverflowRule) -> bool:
    """Whether the action could be done for this contact at all."""
    if rule.action is OverflowAction.INTAKE:
        return not (contact.repeat is not None and contact.plan.rules.repeat.never_to_bot)
    if rule.action is OverflowAction.RETURN_CALL:
        return bool(orders.number_of_customer(contact))
    if rule.action is OverflowAction.QUEUE:
        to_queue = rule.to_queue
        return (
            to_queue is not None
            and to_queue != contact.queue
            and not refusal_of(answer.state, contact, to_queue)
        )
    return True


def act(answer: Answer, contact: Contact, rule: OverflowRule, was_offered: bool) -> None:
    """Let the contact leave its queue as the rule says."""
    state = answer.state
    if rule.action is OverflowAction.INTAKE:
        answer.emit(IntakeEntered(contact.id, rule.name, was_offered))
        answer.order(orders.start_intake(contact))
    elif rule.action is OverflowAction.RETURN_CALL:
        book_return_call(answer, contact)
        answer.emit(ContactEnded(contact.id, Outcome.OVERFLOWED, rule.name, contact.queue))
        answer.order(orders.end(contact, "return_call"))
    elif rule.action is OverflowAction.QUEUE:
        assert rule.to_queue is not None
        answer.trigger = "moved"
        answer.emit(ContactRequeued(contact.id, rule.to_queue, rule.name))
        answer.order(orders.treatment(state, contact))
    else:
        turn = contact.turn + 1
        answer.emit(ContactEnded(contact.id, Outcome.OVERFLOWED, rule.name, contact.queue))
        answer.order(
            PlayTreatment(contact.adapter, contact.id, turn, "message", contact.language, prompt=rule.message)
        )


def book_return_call(answer: Answer, contact: Contact) -> None:
    """Let a return call take the contact's place in line; one number stands in line once."""
    state = answer.state
    number = orders.number_of_customer(contact)
    if not number:
        return
    ticket = contact.more.ticket if contact.more is not None else None
    call = ContactId(f"{contact.id}+return")
    known = state.return_numbers.get(number)
    if known is not None:
        answer.emit(ReturnCallMerged(call, known, ticket))
        return
    if call in state.contacts or contact.queue not in state.queues:
        return
    adapter, links = return_means(contact)
    answer.emit(
        ContactEntered(
            contact=call,
            origin=Origin.RETURN_CALL,
            channel=Channel.VOICE,
            adapter=adapter,
            entry=contact.entry,
            queue=contact.queue,
            language=contact.language,
            region=contact.region,
            arrived_ms=contact.arrived_ms,
            needs=contact.needs,
            head_start_ms=contact.head_start_ms,
            own_needs=contact.own_needs,
            identities=contact.identities,
            display=contact.display,
            owner=contact.owner,
            links=links,
            repeat=contact.repeat,
            of=contact.id,
            number=number,
            ticket=ticket,
        )
    )


def return_means(contact: Contact) -> tuple[str, tuple[Link, ...]]:
    """Which adapter makes the return call, and which of the agent's links it needs.

    Without a word of the contact's adapter it is that adapter itself.
    """
    if contact.more is not None and contact.more.return_by is not None:
        return contact.more.return_by
    links = tuple(link for link, bit in LINK_BITS.items() if contact.links & bit)
    return contact.adapter, links


def _holds(answer: Answer, contact: Contact, rule: OverflowRule) -> bool:
    state, now_ms = answer.state, answer.now_ms
    from_ms = rule_from(contact, rule)
    if from_ms is None or from_ms > now_ms:
        return False
    queue = state.queues[contact.queue]
    if rule.closed and is_open(state, queue.plan.rules):
        return False
    if rule.nobody_staffed and queue.staffed:
        return False
    if rule.length is not None and queue.line.length < rule.length:
        return False
    if rule.estimated_wait_ms is not None:
        wait_ms = estimate(state, contact)[1]
        if wait_ms is None or wait_ms < rule.estimated_wait_ms:
            return False
    return is_possible(answer, contact, rule)
