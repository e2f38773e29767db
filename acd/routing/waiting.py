"""Where a waiting contact stands, and when it must be looked at again. Indexes only; nothing here decides.

Every moment is a function of the contact, its plan and the time: so a standby that only folds facts wakes at
the same moments as the node that decided.
"""

from __future__ import annotations

from typing import Final

from acd.routing.contact import Contact
from acd.routing.keys import NUMBER_BITS, NUMBER_MASK, ORIGIN_MS
from acd.routing.model import ContactState, Origin, OverflowRule
from acd.routing.state import ALONE, DORMANT, IN_POOL, LOOSE, NOWHERE, Agent, Queue, State

CHECK_MS = 5_000
"""How often conditions that depend on others (length, estimate, staff) are looked at for each waiting contact."""

_WAITING = ContactState.WAITING
_ASSIGNED: Final = ContactState.ASSIGNED
_ENDED: Final = ContactState.ENDED
_INTAKE: Final = ContactState.INTAKE
_OFFERED: Final = ContactState.OFFERED
_INBOUND: Final = Origin.INBOUND


def number_of(contact: Contact) -> int:
    """The number that the engine gave to the contact at its entry."""
    return contact.key & NUMBER_MASK


def choose_company(state: State, contact: Contact, now_ms: int) -> None:
    """Decide, as a contact comes into a line, until when it waits for its owner alone.

    Only for an owner who is signed in, could serve it at some step, and has not refused it.
    """
    contact.alone_until_ms = 0
    patience_ms = patience(contact)
    if not patience_ms or contact.owner is None:
        return
    owner = state.agents.get(contact.owner)
    if owner is None or not owner.status:
        return
    if contact.more is not None and contact.more.refusals.get(owner.id, 0) > now_ms:
        return
    if could_serve(state, contact, owner):
        contact.alone_until_ms = contact.since_ms + patience_ms


def patience(contact: Contact) -> int:
    """For how long the queue lets a contact wait for its owner, in ms; 0: it does not ask for owners."""
    rules = contact.plan.rules
    if contact.repeat is not None and rules.repeat.same_agent_patience_ms > rules.sticky_patience_ms:
        return rules.repeat.same_agent_patience_ms
    return rules.sticky_patience_ms


def could_serve(state: State, contact: Contact, agent: Agent) -> bool:
    """Whether the agent serves the contact's queue and has the skills of its last step."""
    requirement = state.pools.rank_of(contact).requirement
    return any(cell.requirement is requirement for cell in agent.cells)


def place(state: State, contact: Contact, now_ms: int) -> None:
    """A contact comes (back) to the lines: it sleeps until its time, or wants an agent at this moment."""
    more = contact.more
    owner = state.agents.get(contact.owner) if contact.alone_until_ms and contact.owner is not None else None
    if owner is not None:
        owner.alone = [*(owner.alone or ()), contact.key]
    if more is not None and more.not_before_ms is not None and more.not_before_ms > now_ms:
        contact.place = DORMANT
        schedule(state, contact, now_ms)
        return
    contact.place = LOOSE
    state.loose.append(contact)


def stand(state: State, contact: Contact, now_ms: int) -> None:
    """Nobody is free for a loose contact: it stands in its line, and in the pool or before its owner's door."""
    queue = state.queues[contact.queue]
    queue.line.join(contact.key)
    if queue.plan.watched:
        _touch(state, queue, contact, 1)
    if contact.alone_until_ms > now_ms:
        contact.place = ALONE
    else:
        state.pools.join(contact)
        contact.place = IN_POOL
    schedule(state, contact, now_ms)


def _touch(state: State, queue: Queue, contact: Contact, change: int) -> None:
    """The line of a watched queue has changed: reserves and spills are to be looked at."""
    state.touched.append(queue)
    region = state.pools.region_number(contact.region)
    queue.waiting_in[region] = queue.waiting_in.get(region, 0) + change


def stand_all(state: State, now_ms: int) -> None:
    """Let all loose contacts stand without looking for agents: others have looked before."""
    loose, state.loose = state.loose, []
    for contact in loose:
        if contact.place == LOOSE:
            stand(state, contact, now_ms)


def displace(state: State, contact: Contact) -> None:
    """Take a contact out of wherever it stands."""
    place_now = contact.place
    if place_now == IN_POOL:
        state.pools.leave(contact)
    if contact.alone_until_ms:
        _leave_owner(state, contact)
    if place_now >= ALONE:
        queue = state.queues[contact.queue]
        queue.line.leave(contact.key)
        if queue.plan.watched:
            _touch(state, queue, contact, -1)
    contact.place = NOWHERE


def replace(state: State, contact: Contact, now_ms: int) -> None:
    """Time has passed, or an owner went: stand where one belongs now."""
    if contact.place == DORMANT:
        if contact.alone_until_ms:
            _leave_owner(state, contact)
        place(state, contact, now_ms)
    elif contact.place == ALONE and contact.alone_until_ms <= now_ms:
        state.pools.join(contact)
        contact.place = IN_POOL
        state.loose.append(contact)


def schedule(state: State, contact: Contact, now_ms: int) -> None:
    """Set the alarm of a contact anew."""
    wake_ms = next_wake(state, contact, now_ms)
    if not wake_ms:
        contact.alarm = 0
    elif (contact.alarm >> NUMBER_BITS) + ORIGIN_MS != wake_ms or not contact.alarm:
        number = contact.key & NUMBER_MASK
        contact.alarm = ((wake_ms - ORIGIN_MS) << NUMBER_BITS) | number
        # Only now: while dead alarms are sifted out, this one must be known to live.
        state.contact_alarms.set(wake_ms, number)


def next_wake(state: State, contact: Contact, now_ms: int) -> int:
    """The next moment at which something may change for this contact by time alone; 0 for none."""
    more = contact.more
    if contact.state is not _WAITING:
        return wake_elsewhere(state, contact) if more is not None else 0
    if contact.place == DORMANT:
        assert more is not None and more.not_before_ms is not None
        return more.not_before_ms
    plan = contact.plan
    rules = plan.rules
    wake_ms = 0
    if contact.step < plan.last:
        wake_ms = contact.arrived_ms + plan.after[contact.step + 1]
    asked = more is not None and more.asked is not None
    if rules.announce_ms and contact.origin is _INBOUND and not asked:
        at_ms = (contact.told.at_ms if contact.told is not None else contact.since_ms) + rules.announce_ms
        if not wake_ms or at_ms < wake_ms:
            wake_ms = at_ms
    if contact.place == ALONE and (not wake_ms or contact.alone_until_ms < wake_ms):
        wake_ms = contact.alone_until_ms
    for reserve in rules.reserves:
        at_ms = contact.arrived_ms + reserve.borrow_ms
        if at_ms > now_ms and (not wake_ms or at_ms < wake_ms):
            wake_ms = at_ms
    if more is not None:
        for at_ms in more.refusals.values():
            if at_ms > now_ms and (not wake_ms or at_ms < wake_ms):
                wake_ms = at_ms
        if more.asked is not None:
            return min(wake_ms, more.asked[1]) if wake_ms else more.asked[1]
    if rules.overflow and contact.origin is _INBOUND:
        for rule in rules.overflow:
            at_ms = next_check(contact, rule, now_ms)
            if at_ms and (not wake_ms or at_ms < wake_ms):
                wake_ms = at_ms
    return wake_ms


def rule_from(contact: Contact, rule: OverflowRule) -> int | None:
    """From which moment on a rule may concern a contact, as far as time goes; None: never again."""
    from_ms = contact.since_ms + (rule.wait_ms or 0)
    if contact.more is not None:
        declined_ms = contact.more.declined.get(rule.name)
        if declined_ms is not None:
            if rule.again_ms is None:
                return None
            from_ms = max(from_ms, declined_ms + rule.again_ms)
    return from_ms


def next_check(contact: Contact, rule: OverflowRule, now_ms: int) -> int:
    """When the rule must be looked at next; 0 for never."""
    if rule.wish:
        return 0
    from_ms = rule_from(contact, rule)
    if from_ms is None:
        return 0
    if from_ms > now_ms:
        return from_ms
    # Its time has come and it did not fire: another condition does not hold yet.
    return now_ms + CHECK_MS - (now_ms - contact.since_ms) % CHECK_MS


def wake_elsewhere(state: State, contact: Contact) -> int:
    more = contact.more
    if more is None or state.rules is None or contact.state is _ENDED:
        return 0
    if contact.state is _INTAKE and more.intake is not None:
        return more.intake.since_ms + state.rules.intake_limit_ms
    if contact.state is _OFFERED and more.asked is not None:
        return more.asked[1]
    if contact.state is _ASSIGNED and more.leaving_until_ms:
        return more.leaving_until_ms
    return 0


def forget_owner(state: State, contact: Contact, now_ms: int) -> None:
    """The owner cannot come any more: whoever waits for them alone waits for anybody."""
    if contact.alone_until_ms > now_ms:
        _leave_owner(state, contact)
        contact.alone_until_ms = 0
        replace(state, contact, now_ms)
        schedule(state, contact, now_ms)


def _leave_owner(state: State, contact: Contact) -> None:
    owner = state.agents.get(contact.owner) if contact.owner is not None else None
    if owner is not None and owner.alone is not None:
        owner.alone = [key for key in owner.alone if key != contact.key] or None
