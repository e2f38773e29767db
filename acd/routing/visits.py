"""Who was here before: visits remembered by identity, over all channels.

Return calls that were answered are remembered as well, for who spoke with the customer last and how it ended; they are
ours, so they are not counted as visits of the customer. Under each identity the latest visits are kept whole, of
older ones the moment alone, so that the count stays right for those who call very often. Both identities and moments
are limited; the identity that was touched longest ago is forgotten first.
"""

from __future__ import annotations

import msgspec

from acd.routing.contact import Contact
from acd.routing.model import AgentId, ContactId, Identity, Origin, Outcome, Repeat, TicketId, Visit
from acd.routing.state import State

OLDER_MAX = 200


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
    came = sum(visit.origin is Origin.INBOUND for visit in latest_first) + len(older)
    return Repeat(
        max(1, came),
        tuple(latest_first[: rules.repeat_visits_kept]),
        bool(latest_first) and latest_first[0].is_solved,
    )


def first_owner(repeat: Repeat) -> AgentId | None:
    """The agent who was the first to be asked in the matter that is still open; None if none is known.

    A visit that was closed as solved ends a matter: whoever had it before has nothing to do with the next.
    """
    owner = None
    for visit in repeat.visits:
        if visit.is_solved:
            break
        owner = visit.agent or owner
    return owner


def note(state: State, contact: Contact, outcome: Outcome, at_ms: int) -> None:
    """Remember a contact that has just ended under each of its identities."""
    if state.rules is None:
        return
    ticket = contact.more.ticket if contact.more is not None else None
    moment_ms = contact.arrived_ms
    if contact.origin is Origin.RETURN_CALL:
        if not contact.answered_ms:
            return
        moment_ms = contact.answered_ms
    visit = Visit(
        contact.id,
        moment_ms,
        contact.channel,
        contact.queue,
        outcome,
        contact.last_agent,
        origin=contact.origin,
        ticket=ticket,
    )
    kept = state.rules.repeat_visits_kept
    visits = state.visits
    for identity in names(contact):
        latest = visits.get(identity)
        if latest is None:
            visits[identity] = (visit,)
            if len(visits) > state.rules.identities_max:
                state.older_visits.pop(visits.popitem(last=False)[0], None)
            continue
        visits.move_to_end(identity)
        latest = (visit, *latest)
        if len(latest) > kept:
            gone = tuple(past.at_ms for past in latest[kept:] if past.origin is Origin.INBOUND)
            if gone:
                state.older_visits[identity] = (gone + state.older_visits.get(identity, ()))[:OLDER_MAX]
            latest = latest[:kept]
        visits[identity] = latest


def settle(state: State, contact: Contact, agent: AgentId, disposition: str, is_solved: bool) -> None:
    """The agent's disposition came after the end of the contact: add it to the visit."""
    for identity in names(contact):
        latest = state.visits.get(identity, ())
        if not disposition and latest and latest[0].contact == contact.id and latest[0].agent == agent:
            continue
        for place, visit in enumerate(latest):
            if visit.contact == contact.id:
                told = msgspec.structs.replace(
                    visit, agent=agent, disposition=disposition, is_solved=is_solved
                )
                state.visits[identity] = (*latest[:place], told, *latest[place + 1 :])
                break


def link(state: State, contact: Contact, ticket: TicketId) -> None:
    """A ticket was opened for a contact that may have ended before: add it to the visit."""
    for identity in names(contact):
        latest = state.visits.get(identity, ())
        if any(visit.contact == contact.id for visit in latest):
            state.visits[identity] = tuple(
                msgspec.structs.replace(visit, ticket=ticket) if visit.contact == contact.id else visit
                for visit in latest
            )


def names(contact: Contact) -> tuple[Identity, ...]:
    """The identities of a contact, each once; of a return call the number that was called as well."""
    identities = contact.identities
    if contact.origin is Origin.RETURN_CALL and contact.more is not None and contact.more.number:
        identities = (*identities, Identity(f"tel:{contact.more.number}"))
    return identities if len(identities) < 2 else tuple(dict.fromkeys(identities))
