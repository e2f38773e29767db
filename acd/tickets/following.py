"""What the journal's records mean for tickets: how the return call of each one goes. Pure; no SQL here.

`Follower` knows which live contacts belong to which tickets. It is fed every record once and in order, and says
what is to be written; whoever writes it stores the record's number in the same transaction.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final

import msgspec

from acd.routing.model import AgentId, ContactId, Identity, Origin, Outcome, TicketId
from acd.routing.outputs import (
    AnyFact,
    AssignmentConnected,
    AssignmentDone,
    ContactEnded,
    ContactEntered,
    ContactReturned,
    OfferEnded,
    OfferMade,
    ReturnCallMerged,
    ReturnCallRescheduled,
    TicketLinked,
)

DISPLAYS_MAX: Final = 200_000
ENDED_MAX: Final = 1_000


class ReturnCallState(StrEnum):
    """How a ticket's return call stands; a ticket without one bears the empty string."""

    WAITING = "waiting"
    OFFERED = "offered"
    TALKING = "talking"
    DONE = "done"
    UNREACHED = "unreached"
    CANCELLED = "cancelled"


class TicketChange(msgspec.Struct, frozen=True):
    """One entry in a ticket's thread, and the columns that change with it; None leaves a column as it is."""

    ticket: TicketId
    at_ms: int
    kind: str
    contact: ContactId
    text: str = ""
    by: str = ""
    return_call: ReturnCallState | None = None
    return_contact: ContactId | None = None
    not_before_ms: int | None = None
    tries: int | None = None
    responder: AgentId | None = None
    """Somebody spoke to the customer: stops the first clock if it still runs, and owns the ticket if nobody does."""


class Follower:
    """Follows the contacts that belong to tickets."""

    def __init__(self, live: Iterable[tuple[ContactId, TicketId]] = ()) -> None:
        """Begin with the return calls that the tables hold as not over."""
        self._tickets: dict[ContactId, tuple[TicketId, ...]] = {}
        self._ended: OrderedDict[ContactId, tuple[TicketId, ...]] = OrderedDict()
        self._displays: OrderedDict[ContactId, str] = OrderedDict()
        for contact, ticket in live:
            self._add(contact, ticket)

    def display(self, contact: ContactId, identities: tuple[Identity, ...]) -> str:
        """Return how the customer of a contact is called: the name they gave, else their first identity."""
        return self._displays.get(contact) or (identities[0] if identities else "")

    def recall(self, fact: AnyFact) -> None:
        """Take note of a fact whose changes are written already."""
        if isinstance(fact, ContactEntered):
            self._name(fact)
        elif isinstance(fact, ContactEnded):
            self._displays.pop(fact.contact, None)

    def follow(self, fact: AnyFact, at_ms: int) -> Iterator[TicketChange]:
        """Take note of a fact, and yield what it changes."""
        if isinstance(fact, ContactEntered):
            yield from self._entered(fact, at_ms)
        elif isinstance(fact, TicketLinked):
            yield TicketChange(fact.ticket, at_ms, "linked", fact.contact)
        elif isinstance(fact, ReturnCallMerged):
            yield from self._merged(fact, at_ms)
        elif isinstance(fact, ContactEnded):
            yield from self._contact_ended(fact, at_ms)
        elif isinstance(fact, AssignmentDone):
            yield from self._assignment_done(fact, at_ms)
        elif isinstance(fact, _IN_LINE):
            yield from self._moved(fact, at_ms)

    def _entered(self, fact: ContactEntered, at_ms: int) -> Iterator[TicketChange]:
        self._name(fact)
        if fact.ticket is None or fact.origin is not Origin.RETURN_CALL:
            return
        self._add(fact.contact, fact.ticket)
        yield TicketChange(
            fact.ticket, at_ms, "return_call", fact.contact, "waiting",
            return_call=ReturnCallState.WAITING, return_contact=fact.contact, not_before_ms=fact.not_before_ms,
        )  # fmt: skip

    def _merged(self, fact: ReturnCallMerged, at_ms: int) -> Iterator[TicketChange]:
        if fact.ticket is None:
            return
        self._add(fact.into, fact.ticket)
        yield TicketChange(
            fact.ticket, at_ms, "return_call", fact.into, "merged",
            return_call=ReturnCallState.WAITING, return_contact=fact.into,
        )  # fmt: skip

    def _moved(self, fact: _InLine, at_ms: int) -> Iterator[TicketChange]:
        for ticket in self._tickets.get(fact.contact, ()):
            yield _moved(ticket, fact, at_ms)

    def _contact_ended(self, fact: ContactEnded, at_ms: int) -> Iterator[TicketChange]:
        self._displays.pop(fact.contact, None)
        tickets = self._tickets.pop(fact.contact, ())
        if not tickets:
            return
        # The agent's disposition comes after the talk.
        self._ended[fact.contact] = tickets
        if len(self._ended) > ENDED_MAX:
            self._ended.popitem(last=False)
        state = _ENDS.get(fact.outcome, ReturnCallState.CANCELLED)
        for ticket in tickets:
            yield TicketChange(ticket, at_ms, "return_call", fact.contact, state.value, return_call=state)

    def _assignment_done(self, fact: AssignmentDone, at_ms: int) -> Iterator[TicketChange]:
        tickets = self._ended.pop(fact.contact, None) or self._tickets.get(fact.contact, ())
        if not (fact.disposition or fact.notes):
            return
        text = f"{fact.disposition}: {fact.notes}" if fact.notes else fact.disposition
        for ticket in tickets:
            yield TicketChange(ticket, at_ms, "disposition", fact.contact, text, by=fact.agent)

    def _name(self, fact: ContactEntered) -> None:
        if fact.display:
            self._displays[fact.contact] = fact.display
            if len(self._displays) > DISPLAYS_MAX:
                self._displays.popitem(last=False)

    def _add(self, contact: ContactId, ticket: TicketId) -> None:
        held = self._tickets.get(contact, ())
        if ticket not in held:
            self._tickets[contact] = (*held, ticket)


_InLine = OfferMade | OfferEnded | ContactReturned | ReturnCallRescheduled | AssignmentConnected
_IN_LINE: Final = (OfferMade, OfferEnded, ContactReturned, ReturnCallRescheduled, AssignmentConnected)
_ENDS: Final = {Outcome.ANSWERED: ReturnCallState.DONE, Outcome.UNREACHED: ReturnCallState.UNREACHED}


def _moved(ticket: TicketId, fact: _InLine, at_ms: int) -> TicketChange:
    waiting = ReturnCallState.WAITING
    if isinstance(fact, OfferMade):
        offered = ReturnCallState.OFFERED
        return TicketChange(
            ticket, at_ms, "return_call", fact.contact, "offered", by=fact.agent, return_call=offered
        )
    if isinstance(fact, AssignmentConnected):
        return TicketChange(
            ticket, at_ms, "return_call", fact.contact, "talking", by=fact.agent,
            return_call=ReturnCallState.TALKING, responder=fact.agent,
        )  # fmt: skip
    if isinstance(fact, ReturnCallRescheduled):
        return TicketChange(
            ticket, at_ms, "return_call", fact.contact, fact.outcome,
            return_call=waiting, not_before_ms=fact.not_before_ms, tries=fact.tries,
        )  # fmt: skip
    if isinstance(fact, OfferEnded):
        return TicketChange(
            ticket, at_ms, "return_call", fact.contact, fact.outcome.value, by=fact.agent, return_call=waiting
        )
    return TicketChange(ticket, at_ms, "return_call", fact.contact, fact.why, return_call=waiting)
