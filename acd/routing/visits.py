"""Who was here before: visits remembered by identity, over all channels.

Return calls are ours, not visits of the customer: they are not counted. Under each identity the latest visits
are kept whole, of older ones the moment alone, so that the count stays right for those who call very often.
Both identities and moments are limited; the identity that was touched longest ago is forgotten first.
"""

from __future__ import annotations

import msgspec

from acd.routing.model import AgentId, ContactId, Identity, Origin, Outcome, Repeat, Visit
from acd.routing.state import Contact, State, Visits

OLDER_MAX = 200


def repeat_of(
    state: State, identities: tuple[Identity, ...], now_ms: int, but: ContactId | None = None
) -> Repeat | None:
    """What these identities tell of earlier visits inside the window; None for a first visit."""
    rules = state.rules
    if rules is None or not identities:
        return None
    from_ms = now_ms - rules.repeat_window_ms
    found: dict[ContactId, Visit] = {}
    older: dict[int, None] = {}
    for identity in identities:
        known = state.visits.get(identity)
        if known is None:
            continue
        for visit in known.latest:
            if visit.at_ms >= from_ms and visit.contact != but:
                found[visit.contact] = visit
        for at_ms in known.older_at_ms:
            if at_ms >= from_ms:
                older[at_ms] = None
    if not found:
        return None
    latest = sorted(found.values(), key=lambda visit: (-visit.at_ms, visit.contact))
    return Repeat(count=len(found) + len(older), visits=tuple(latest[: rules.repeat_visits_kept]))


def note(state: State, contact: Contact, outcome: Outcome, at_ms: int) -> None:
    """Remember a contact that has just ended under each of its identities."""
    if contact.origin is Origin.RETURN_CALL or state.rules is None or not contact.identities:
        return
    agent = contact.last_agent
    visit = Visit(contact.id, contact.arrived_ms, contact.channel, contact.queue, outcome, agent)
    kept = state.rules.repeat_visits_kept
    for identity in dict.fromkeys(contact.identities):
        known = state.visits.get(identity)
        if known is None:
            known = state.visits[identity] = Visits()
        else:
            state.visits.move_to_end(identity)
        known.latest.insert(0, visit)
        if len(known.latest) > kept:
            known.older_at_ms[:0] = [gone.at_ms for gone in known.latest[kept:]]
            del known.latest[kept:]
            del known.older_at_ms[OLDER_MAX:]
    while len(state.visits) > state.rules.identities_max:
        state.visits.popitem(last=False)


def settle(state: State, contact: Contact, agent: AgentId, disposition: str) -> None:
    """The agent's disposition came after the end of the contact: add it to the visit."""
    for identity in contact.identities:
        known = state.visits.get(identity)
        if known is None:
            continue
        for place, visit in enumerate(known.latest):
            if visit.contact == contact.id:
                known.latest[place] = msgspec.structs.replace(visit, agent=agent, disposition=disposition)
                break
