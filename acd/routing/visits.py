"""Who was here before: visits remembered by identity, over all channels.

Return calls are ours, not visits of the customer: they are not counted. Under each identity the latest visits
are kept whole, of older ones the moment alone, so that the count stays right for those who call very often.
Both identities and moments are limited; the identity that was touched longest ago is forgotten first.
"""

from __future__ import annotations

from typing import Final

import msgspec

from acd.routing.contact import Contact
from acd.routing.model import AgentId, ContactId, Identity, Origin, Outcome, Repeat, Visit
from acd.routing.state import State

OLDER_MAX = 200
_RETURN_CALL: Final = Origin.RETURN_CALL


def repeat_of(
    state: State, identities: tuple[Identity, ...], now_ms: int, but: ContactId | None = None
) -> Repeat | None:
    """What these identities tell of earlier visits inside the window; None for a first visit."""
    rules = state.rules
    assert rules is not None, "nobody comes in before there are rules"
    known = [state.visits[identity] for identity in identities if identity in state.visits]
    if not known:
        return None
    from_ms = now_ms - rules.repeat_window_ms
    found = {visit.contact: visit for latest in known for visit in latest if visit.at_ms >= from_ms}
    if but is not None:
        found.pop(but, None)
    moments = [state.older_visits[identity] for identity in identities if identity in state.older_visits]
    older = {at_ms for many in moments for at_ms in many if at_ms >= from_ms}
    if not found and not older:
        return None
    latest_first = sorted(found.values(), key=lambda visit: (-visit.at_ms, visit.contact))
    return Repeat(count=len(found) + len(older), visits=tuple(latest_first[: rules.repeat_visits_kept]))


def note(state: State, contact: Contact, outcome: Outcome, at_ms: int) -> None:
    """Remember a contact that has just ended under each of its identities."""
    if contact.origin is _RETURN_CALL or state.rules is None:
        return
    agent = contact.last_agent
    visit = Visit(contact.id, contact.arrived_ms, contact.channel, contact.queue, outcome, agent)
    kept = state.rules.repeat_visits_kept
    visits = state.visits
    identities = contact.identities
    for identity in identities if len(identities) < 2 else dict.fromkeys(identities):
        latest = visits.get(identity)
        if latest is None:
            visits[identity] = (visit,)
            if len(visits) > state.rules.identities_max:
                state.older_visits.pop(visits.popitem(last=False)[0], None)
            continue
        visits.move_to_end(identity)
        latest = (visit, *latest)
        if len(latest) > kept:
            older = tuple(gone.at_ms for gone in latest[kept:]) + state.older_visits.get(identity, ())
            state.older_visits[identity] = older[:OLDER_MAX]
            latest = latest[:kept]
        visits[identity] = latest


def settle(state: State, contact: Contact, agent: AgentId, disposition: str) -> None:
    """The agent's disposition came after the end of the contact: add it to the visit."""
    for identity in contact.identities:
        latest = state.visits.get(identity, ())
        if not disposition and latest and latest[0].contact == contact.id and latest[0].agent == agent:
            continue
        for place, visit in enumerate(latest):
            if visit.contact == contact.id:
                told = msgspec.structs.replace(visit, agent=agent, disposition=disposition)
                state.visits[identity] = (*latest[:place], told, *latest[place + 1 :])
                break
