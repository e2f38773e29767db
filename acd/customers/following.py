"""What facts mean for the timeline: which columns of which contact they set. Pure; no SQL here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from acd.database import moment_of
from acd.routing.model import ContactId, Identity
from acd.routing.outputs import (
    AnyFact,
    AssignmentConnected,
    AssignmentDone,
    ContactChanged,
    ContactEnded,
    ContactEntered,
    ContactRequeued,
    ContactTurnedAway,
    TicketLinked,
)


@dataclass(slots=True)
class ContactChange:
    """What becomes known of a contact. Later values replace earlier ones."""

    contact: ContactId
    at_ms: int
    values: dict[str, Any]
    identities: tuple[Identity, ...] = ()
    name: str = ""
    verified: frozenset[Identity] = field(default_factory=frozenset)


def change_of(fact: AnyFact, at_ms: int) -> ContactChange | None:
    """Return what a fact sets, or None if it sets nothing."""
    if isinstance(fact, ContactEntered):
        return _entered(fact, at_ms)
    if isinstance(fact, ContactTurnedAway):
        return _turned_away(fact, at_ms)
    if isinstance(fact, ContactChanged):
        return ContactChange(fact.contact, at_ms, {}, fact.identities) if fact.identities else None
    values = _values_of(fact, at_ms)
    contact: ContactId | None = getattr(fact, "contact", None)
    return None if values is None or contact is None else ContactChange(contact, at_ms, values)


def fold(changes: Iterable[ContactChange]) -> list[ContactChange]:
    """Return one change for each contact, in the order of their first ones: a batch writes a row once."""
    folded: dict[ContactId, ContactChange] = {}
    for change in changes:
        held = folded.get(change.contact)
        if held is None:
            folded[change.contact] = ContactChange(
                change.contact,
                change.at_ms,
                dict(change.values),
                change.identities,
                change.name,
                change.verified,
            )
            continue
        held.values.update(change.values)
        held.identities = tuple(dict.fromkeys((*held.identities, *change.identities)))
        held.name = change.name or held.name
        held.verified |= change.verified
    return list(folded.values())


def _entered(fact: ContactEntered, at_ms: int) -> ContactChange:
    values = {
        "channel": fact.channel.value, "origin": fact.origin.value, "adapter": fact.adapter, "entry": fact.entry,
        "queue": fact.queue, "language": fact.language, "arrived_at": moment_of(at_ms), "ticket": fact.ticket,
    }  # fmt: skip
    verified = frozenset(fact.identities[:1]) if fact.verified else frozenset()
    return ContactChange(fact.contact, at_ms, values, fact.identities, fact.display, verified)


def _turned_away(fact: ContactTurnedAway, at_ms: int) -> ContactChange | None:
    if fact.code == "id_used":
        # The id belongs to another contact, whose row it is.
        return None
    moment = moment_of(at_ms)
    values = {
        "channel": fact.channel.value, "origin": "inbound", "adapter": fact.adapter, "entry": fact.entry,
        "arrived_at": moment, "ended_at": moment, "outcome": "refused", "why": fact.code,
    }  # fmt: skip
    return ContactChange(fact.contact, at_ms, values, fact.identities)


def _values_of(fact: AnyFact, at_ms: int) -> dict[str, Any] | None:
    if isinstance(fact, ContactRequeued):
        return {"queue": fact.queue}
    if isinstance(fact, AssignmentConnected):
        answered = {"answered_at": moment_of(at_ms)} if fact.is_first else {}
        return {"agent": fact.agent, **answered}
    if isinstance(fact, AssignmentDone):
        return (
            {"disposition": fact.disposition, "notes": fact.notes} if fact.disposition or fact.notes else None
        )
    if isinstance(fact, TicketLinked):
        return {"ticket": fact.ticket}
    if isinstance(fact, ContactEnded):
        return {
            "ended_at": moment_of(at_ms),
            "outcome": fact.outcome.value,
            "why": fact.why,
            "queue": fact.queue,
        }
    return None
