"""Which records still matter for the present, so that rooms need not hear the whole past at a start.

A fold of facts: for each contact that is not over, the records that speak of it; for each agent, hours, gate and
reserve, the latest record of each kind; the rules. Everything else has no bearing on what is now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from acd.ports import Record
from acd.routing.model import ContactId, OfferId
from acd.routing.outputs import (
    AgentJoined,
    AgentSet,
    AnyFact,
    AssignmentDone,
    ContactEnded,
    ContactEntered,
    HoursInForce,
    LinkSet,
    NextPresenceSet,
    OfferEnded,
    OfferMade,
    PresenceSet,
    QueueGateSet,
    ReserveSet,
    RulesInForce,
    SpillSet,
)

LATEST: Final[dict[type, Callable[..., str]]] = {
    RulesInForce: lambda fact: "rules",
    HoursInForce: lambda fact: f"hours/{fact.hours}",
    QueueGateSet: lambda fact: f"gate/{fact.queue}",
    ReserveSet: lambda fact: f"reserve/{fact.queue}/{fact.group}",
    SpillSet: lambda fact: f"spill/{fact.queue}/{fact.region}",
    AgentJoined: lambda fact: f"joined/{fact.agent}",
    PresenceSet: lambda fact: f"presence/{fact.agent}",
    NextPresenceSet: lambda fact: f"next/{fact.agent}",
    LinkSet: lambda fact: f"link/{fact.agent}/{fact.link}",
    # Skills and queues are set one without the other: the latest of each.
    AgentSet: lambda fact: f"set/{fact.agent}/{fact.skills is None}/{fact.queues is None}",
}
"""Facts of which only the latest of a key counts, and the key."""


class LiveContact(msgspec.Struct):
    """The records of a contact that is not over. `offers`: those that are not over either."""

    seqs: list[int]
    offers: list[OfferId] = []
    has_ended: bool = False


class LiveRecords(msgspec.Struct):
    """The fold. Plain data, so that a snapshot holds it."""

    latest: dict[str, int] = {}
    contacts: dict[ContactId, LiveContact] = {}
    offers: dict[OfferId, ContactId] = {}

    def apply(self, fact: AnyFact, seq: int) -> None:
        """Take note of a fact of the record `seq`."""
        key_of = LATEST.get(type(fact))
        if key_of is not None:
            self.latest[key_of(fact)] = seq
            return
        if isinstance(fact, ContactEntered):
            self.contacts[fact.contact] = LiveContact([])
        contact_id = self.contact_of(fact)
        if contact_id is None:
            return
        contact = self.contacts[contact_id]
        if not contact.seqs or contact.seqs[-1] != seq:
            contact.seqs.append(seq)
        if isinstance(fact, OfferMade):
            contact.offers.append(fact.offer)
            self.offers[fact.offer] = contact_id
        elif isinstance(fact, OfferEnded | AssignmentDone):
            self.offers.pop(fact.offer, None)
            if fact.offer in contact.offers:
                contact.offers.remove(fact.offer)
        elif isinstance(fact, ContactEnded):
            contact.has_ended = True
        if contact.has_ended and not contact.offers:
            del self.contacts[contact_id]

    def contact_of(self, fact: AnyFact) -> ContactId | None:
        """Return the living contact that a fact is about."""
        contact_id: ContactId | None = getattr(fact, "contact", None)
        if contact_id is None:
            offer: OfferId | None = getattr(fact, "offer", None)
            contact_id = None if offer is None else self.offers.get(offer)
        return contact_id if contact_id in self.contacts else None

    def seqs(self) -> list[int]:
        """Return the numbers of all records that matter, in order."""
        found = set(self.latest.values())
        for contact in self.contacts.values():
            found.update(contact.seqs)
        return sorted(found)

    def thinned(self, record: Record) -> Record:
        """Return a record with only those facts that matter."""
        return msgspec.structs.replace(record, facts=list(self._kept(record)))

    def _kept(self, record: Record) -> Iterable[AnyFact]:
        return (fact for fact in record.facts if self._matters(fact, record.seq))

    def _matters(self, fact: AnyFact, seq: int) -> bool:
        key_of = LATEST.get(type(fact))
        if key_of is not None:
            return self.latest.get(key_of(fact)) == seq
        contact_id = getattr(fact, "contact", None)
        offer = getattr(fact, "offer", None)
        # An offer that is over is no longer known; its facts would be about nothing.
        is_known = offer is None or offer in self.offers
        return is_known and (contact_id in self.contacts if contact_id is not None else offer is not None)
