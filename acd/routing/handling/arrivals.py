"""Customers at the door, in the line, and gone."""

from __future__ import annotations

from typing import Final

from acd.routing import orders, overflow
from acd.routing.answer import Answer
from acd.routing.contact import Contact
from acd.routing.estimates import estimate
from acd.routing.events import (
    ArrivalsRefused,
    AttributesChanged,
    ContactArrived,
    CustomerChose,
    CustomerLeft,
    LegsCompared,
    LegStored,
)
from acd.routing.handling.leaving import customer_left, has_leg
from acd.routing.matching import is_anyone_free, settle
from acd.routing.model import (
    AgentId,
    ContactId,
    ContactState,
    EntryId,
    EntryRules,
    Identity,
    Needs,
    Origin,
    OverflowAction,
    QueueRules,
    Repeat,
)
from acd.routing.outputs import (
    ArrivalsTurnedAway,
    ContactChanged,
    ContactEntered,
    ContactTurnedAway,
    EstimateTold,
    HeadStartSet,
    LegKept,
    OverflowDeclined,
    TurnAway,
)
from acd.routing.plans import join_needs
from acd.routing.state import (
    ATTRIBUTES_MAX,
    IDENTITIES_PER_CONTACT_MAX,
    LEGS_MAX,
    RESUME_BYTES_MAX,
    Queue,
    State,
)
from acd.routing.states import CONTACT_MOVES, LATE, ContactTrigger
from acd.routing.visits import first_owner, repeat_of
from acd.routing.waiting import stand_all

ID_MAX = 200
HEAD_START_MAX_MS = 30 * 24 * 3_600_000
MOMENT_MAX_MS = 1 << 52
"""No clock will ever say more; larger numbers are nonsense."""
SKILLS_ASKED_MAX = 32
ATTRIBUTE_MAX = 4_000
JOINED_MAX = 1_024
NO_PARTS: dict[str, int] = {}
"""Shared by all contacts without a head start; facts are frozen, nobody writes here."""
_ENDED: Final = ContactState.ENDED
_WAITING: Final = ContactState.WAITING


def on_arrived(answer: Answer, event: ContactArrived) -> None:
    """Let a contact in, or turn it away with a reason; then look for an agent, then for a way out."""
    state = answer.state
    if event.contact in state.contacts:
        answer.late(event.contact, "arrived before")
        return
    found = _door(answer, event)
    if isinstance(found, str):
        _turn_away(answer, event, found)
        return
    entry, queue, needs, own = found
    rules = queue.plan.rules
    repeat = repeat_of(state, event.identities, answer.now_ms) if event.identities else None
    by_repeat_ms = rules.repeat.head_start_ms if repeat is not None else 0
    head_start_ms = rules.head_start_ms + entry.head_start_ms + by_repeat_ms
    # The event's own number where it is alone: equal numbers of many contacts are then one object.
    head_start_ms = event.head_start_ms + head_start_ms if head_start_ms else event.head_start_ms
    answer.trigger = "arrival"
    answer.emit(
        ContactEntered(
            event.contact,
            Origin.INBOUND,
            event.channel,
            event.adapter,
            entry.entry,
            queue.id,
            event.language or entry.language,
            event.region if event.region is not None else entry.region,
            answer.now_ms,
            needs,
            head_start_ms,
            own,
            event.identities,
            event.display,
            event.owner if event.owner is not None else owner_by_policy(rules, repeat),
            event.links,
            event.attributes,
            event.verified,
            repeat,
            return_adapter=event.return_adapter,
            return_links=event.return_links,
            head_starts=_parts_of(rules, entry, event, by_repeat_ms)
            if head_start_ms or event.head_start_ms
            else NO_PARTS,
        )
    )
    contact = state.contacts[event.contact]
    if rules.overflow and not overflow.is_open(state, rules):
        # Closed, but with a way out: that comes first.
        stand_all(state, answer.now_ms)
        state.loose.append(contact)
        greet(answer, contact)
        overflow.check(answer, contact)
        return
    settle(answer)
    greet(answer, contact)
    if rules.overflow:
        overflow.check(answer, contact)


def _parts_of(
    rules: QueueRules, entry: EntryRules, event: ContactArrived, by_repeat_ms: int
) -> dict[str, int]:
    """What a head start is made of; no zeros."""
    parts = {
        "queue": rules.head_start_ms,
        "entry": entry.head_start_ms,
        "value": event.head_start_ms,
        "repeat": by_repeat_ms,
    }
    return {why: part_ms for why, part_ms in parts.items() if part_ms}


def greet(answer: Answer, contact: Contact) -> None:
    """Let a contact that came into a line hear so, with position and estimate if it has to wait."""
    if contact.state is _WAITING and contact.plan.rules.announce_ms:
        position, wait_ms = estimate(answer.state, contact)
        answer.emit(EstimateTold(contact.id, position, wait_ms))
    answer.order(orders.treatment(answer.state, contact))


def on_refused(answer: Answer, event: ArrivalsRefused) -> None:
    """Let the history know of those who were refused before the engine was asked."""
    if event.count < 1 or not 0 < len(event.code) <= ID_MAX:
        answer.refuse(event.entry, "senseless", event.count, "1 or more, with a code")
        return
    entry = event.entry if event.entry in answer.state.entries else EntryId("")
    answer.emit(ArrivalsTurnedAway(entry, event.code, event.count))


def on_left(answer: Answer, event: CustomerLeft) -> None:
    """The customer is gone, whatever was going on."""
    contact = answer.state.contacts.get(event.contact)
    if contact is None or contact.state is _ENDED:
        answer.late(event.contact, "no such contact, or ended before")
        return
    if not has_leg(answer, contact):
        answer.late(event.contact, "nobody is on the line")
        return
    customer_left(answer, contact, event.reason[:200])


def on_compared(answer: Answer, event: LegsCompared) -> None:
    """After a restart: what the switch no longer has is gone."""
    gone = [
        answer.state.contacts[contact]
        for contact in dict.fromkeys(event.gone)
        if contact in answer.state.contacts
    ]
    for contact in gone:
        is_live = contact.adapter == event.adapter and contact.state is not ContactState.ENDED
        if is_live and has_leg(answer, contact):
            customer_left(answer, contact, "lost")
    if event.gone and not answer.facts:
        answer.late(event.adapter, "none of these was there")


def on_chose(answer: Answer, event: CustomerChose) -> None:
    """An answer to what was offered, or a wish of the customer's own."""
    contact = answer.state.contacts.get(event.contact)
    if contact is None or CONTACT_MOVES[contact.state, ContactTrigger.CHOOSE] is LATE:
        answer.late(event.contact, "not waiting any more")
        return
    if contact.origin is Origin.RETURN_CALL:
        answer.refuse(event.contact, "not_allowed", "a return call", "a customer who came by themselves")
        return
    asked = contact.more.asked if contact.more is not None else None
    if event.choice in ("accept", "decline"):
        if asked is None:
            answer.late(event.contact, "nothing is being asked")
            return
        rule = overflow.find_rule(contact, asked[0])
        if event.choice == "decline" or rule is None or not overflow.is_possible(answer, contact, rule):
            answer.emit(OverflowDeclined(contact.id, asked[0]))
            answer.order(orders.treatment(answer.state, contact))
        else:
            overflow.act(answer, contact, rule, was_offered=True)
        return
    actions = {"intake": OverflowAction.INTAKE, "return_call": OverflowAction.RETURN_CALL}
    action = actions.get(event.choice)
    if action is None:
        answer.refuse(event.contact, "senseless", event.choice, "accept, decline, intake or return_call")
        return
    for rule in contact.plan.rules.overflow:
        if rule.action is action and (rule.wish or (asked is not None and rule.name == asked[0])):
            if overflow.is_possible(answer, contact, rule):
                overflow.act(answer, contact, rule, was_offered=False)
            else:
                answer.refuse(
                    event.contact, "number_missing" if event.choice == "return_call" else "not_allowed"
                )
            return
    answer.refuse(event.contact, "not_allowed", event.choice)


def on_leg(answer: Answer, event: LegStored) -> None:
    """Keep what an adapter needs to resume, within limits."""
    contact = answer.state.contacts.get(event.contact)
    if contact is None or contact.state is ContactState.ENDED:
        answer.late(event.contact, "no such contact")
        return
    legs = contact.more.legs if contact.more is not None else {}
    if len(event.resume) > RESUME_BYTES_MAX:
        answer.refuse(event.contact, "limit", len(event.resume), f"resume of {RESUME_BYTES_MAX} bytes")
    elif len(event.leg) > ID_MAX:
        answer.refuse(event.contact, "senseless", "a long leg", f"{ID_MAX} characters")
    elif event.leg not in legs and len(legs) >= LEGS_MAX:
        answer.refuse(event.contact, "limit", len(legs), f"{LEGS_MAX} legs")
    elif legs.get(event.leg, b"") == event.resume:
        answer.late(event.contact, "stored before")
    else:
        answer.emit(LegKept(event.contact, event.leg, event.resume))


def on_attributes(answer: Answer, event: AttributesChanged) -> None:
    """More is known; new identities may tell that the customer was here before."""
    contact = answer.state.contacts.get(event.contact)
    if contact is None or contact.state is ContactState.ENDED:
        answer.late(event.contact, "no such contact")
        return
    known = contact.attributes or {}
    changed = {name: text for name, text in event.attributes.items() if known.get(name) != text}
    new = tuple(
        identity for identity in dict.fromkeys(event.identities) if identity not in contact.identities
    )
    if not changed and not new:
        answer.late(event.contact, "known before")
        return
    if len({**known, **changed}) > ATTRIBUTES_MAX or _too_long(changed):
        answer.refuse(
            event.contact, "limit", len(changed), f"{ATTRIBUTES_MAX} attributes of {ATTRIBUTE_MAX} characters"
        )
        return
    if len(contact.identities) + len(new) > IDENTITIES_PER_CONTACT_MAX or any(
        len(name) > ID_MAX for name in new
    ):
        answer.refuse(event.contact, "limit", len(new), f"{IDENTITIES_PER_CONTACT_MAX} identities")
        return
    repeat = repeat_of(answer.state, contact.identities + new, answer.now_ms, but=contact.id) if new else None
    was_known = contact.repeat is not None
    rules = contact.plan.rules
    owner = owner_by_policy(rules, repeat) if contact.owner is None and not was_known else None
    answer.trigger = "moved"
    answer.emit(ContactChanged(contact.id, changed, new, repeat, owner))
    bonus_ms = rules.repeat.head_start_ms
    if repeat is not None and not was_known and bonus_ms and contact.state is ContactState.WAITING:
        answer.emit(HeadStartSet(contact.id, contact.head_start_ms + bonus_ms, None, "repeat"))


def _door(answer: Answer, event: ContactArrived) -> tuple[EntryRules, Queue, Needs, Needs] | str:
    """What the contact enters by, or the code with which it is turned away."""
    state = answer.state
    rules = state.rules
    if rules is None:
        return "rules_missing"
    if event.contact in state.ended_ids:
        return "id_used"
    entry = state.entries.get(event.entry)
    if entry is None:
        return "unknown_entry"
    queue = state.queues.get(event.queue if event.queue is not None else entry.queue)
    if queue is None:
        return "unknown_queue"
    limits = queue.plan.rules
    if event.channel not in limits.channels:
        return "channel"
    if not _is_sensible(event):
        return "senseless"
    own = entry.needs if event.needs is None else join_needs(entry.needs, event.needs)
    needs = None if own is None else _joined(queue, own)
    if own is None or needs is None:
        return "senseless"
    if len(state.contacts) >= rules.contacts_max:
        return "full"
    if queue.line.length >= limits.length_max and not _needs_no_line(state, queue, event, entry, needs):
        return "full"
    if not overflow.is_open(state, limits) and not any(rule.closed for rule in limits.overflow):
        return "closed"
    return entry, queue, needs, own


def _needs_no_line(
    state: State, queue: Queue, event: ContactArrived, entry: EntryRules, needs: Needs
) -> bool:
    """Whether an agent is free at once, so that a full line, or a queue without one, keeps nobody out.

    Where owners are asked for nobody can say so before the contact has entered: there the line decides alone.
    """
    rules = queue.plan.rules
    if rules.sticky_patience_ms or rules.repeat.same_agent_patience_ms or not overflow.is_open(state, rules):
        return False
    region = event.region if event.region is not None else entry.region
    return is_anyone_free(state, queue, needs, event.channel, event.links, region)


def _joined(queue: Queue, own: Needs) -> Needs | None:
    """The queue's needs and the contact's own; the same object for the same object, which matching likes."""
    known = queue.plan.joined.get(id(own))
    if known is not None and known[0] is own:
        return known[1]
    needs = join_needs(queue.plan.rules.needs, own)
    if needs is not None:
        if len(queue.plan.joined) >= JOINED_MAX:
            queue.plan.joined.clear()
        queue.plan.joined[id(own)] = (own, needs)
    return needs


def _is_sensible(event: ContactArrived) -> bool:
    if not event.contact or len(event.contact) > ID_MAX or abs(event.head_start_ms) > HEAD_START_MAX_MS:
        return False
    if len(event.identities) > IDENTITIES_PER_CONTACT_MAX or len(event.display) > ID_MAX:
        return False
    if event.attributes and (len(event.attributes) > ATTRIBUTES_MAX or _too_long(event.attributes)):
        return False
    for identity in event.identities:
        if len(identity) > ID_MAX:
            return False
    words = (event.adapter, event.language, event.region, event.owner, event.return_adapter)
    if any(word is not None and len(word) > ID_MAX for word in words):
        return False
    return event.needs is None or are_sensible(event.needs)


def are_sensible(needs: Needs) -> bool:
    """Whether needs from outside are within limits: proficiency 1 to 5, no more skills than an agent could have."""
    asked = [need for alternative in needs.required for need in alternative] + list(needs.preferred)
    if len(asked) > SKILLS_ASKED_MAX or any(not alternative for alternative in needs.required):
        return False
    return all(1 <= need.proficiency_min <= 5 and len(need.skill) <= ID_MAX for need in asked)


def _too_long(attributes: dict[str, str]) -> bool:
    return any(len(name) > ID_MAX or len(text) > ATTRIBUTE_MAX for name, text in attributes.items())


def owner_by_policy(rules: QueueRules, repeat: Repeat | None) -> AgentId | None:
    """Who is asked first where nobody was named: whoever was asked first in the open matter, if the queue asks for
    owners; else, by the repeat policy, the agent of the last visit."""
    if repeat is None:
        return None
    owner = first_owner(repeat) if rules.sticky_patience_ms else None
    if owner is None and rules.repeat.same_agent_patience_ms:
        owner = next((visit.agent for visit in repeat.visits if visit.agent is not None), None)
    return owner


def _turn_away(answer: Answer, event: ContactArrived, code: str) -> None:
    state = answer.state
    entry = state.entries.get(event.entry)
    language = event.language or (entry.language if entry is not None else "en")
    answer.emit(
        ContactTurnedAway(
            ContactId(event.contact[:ID_MAX]),
            event.adapter[:ID_MAX],
            event.channel,
            EntryId(event.entry[:ID_MAX]),
            code,
            tuple(Identity(name[:ID_MAX]) for name in event.identities[:IDENTITIES_PER_CONTACT_MAX]),
        )
    )
    answer.order(TurnAway(event.adapter, event.contact, code, language))
