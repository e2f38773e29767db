"""Facts: what has become true inside the engine, in order. State is their fold; history is made of them."""

from __future__ import annotations

import msgspec

from acd.routing.model import (
    AgentId,
    Channel,
    ContactId,
    Decision,
    EntryId,
    HoursId,
    Identity,
    LegId,
    Link,
    MonitorMode,
    Needs,
    OfferId,
    OfferState,
    Origin,
    Outcome,
    OverflowAction,
    PersonId,
    Presence,
    QueueId,
    RegionId,
    Repeat,
    Rules,
    SkillId,
    TicketId,
)


class Fact(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag=True):
    """Base of all facts; the tag in JSON and MessagePack is the class name under `type`."""


# --- the zone -----------------------------------------------------------------------------------------


class RulesInForce(Fact, frozen=True):
    """These rules decide from now on."""

    rules: Rules
    by: PersonId | None = None


class NodeTookOver(Fact, frozen=True):
    """A node runs the zone under this epoch; every agent's links are down until reported."""

    epoch: int


class HoursInForce(Fact, frozen=True):
    """Opening hours are open or closed, until the given moment if known."""

    hours: HoursId
    is_open: bool
    until_ms: int | None = None


class QueueGateSet(Fact, frozen=True):
    """A queue was closed or opened by hand."""

    queue: QueueId
    is_open: bool
    by: PersonId | None = None
    reason: str = ""


class Late(Fact, frozen=True):
    """The outside repeated itself or crossed our own decision on the wire; nothing changed."""

    event: str
    about: str
    why: str


class Refused(Fact, frozen=True):
    """Somebody asked for what cannot be; nothing changed. `code` is stable, see `NOTES.md`."""

    event: str
    about: str
    code: str
    found: str = ""
    expected: str = ""


# --- agents -------------------------------------------------------------------------------------------


class AgentJoined(Fact, frozen=True):
    """An agent signed in under this session."""

    agent: AgentId
    session: str


class PresenceSet(Fact, frozen=True):
    """Declared presence. `by` is None when the system set it: reasons `rona`, `connection_lost`, `shift_end`."""

    agent: AgentId
    presence: Presence
    reason: str = ""
    by: PersonId | None = None
    is_system: bool = False


class NextPresenceSet(Fact, frozen=True):
    """What the presence becomes when the work in hand is done; None takes an earlier choice back."""

    agent: AgentId
    presence: Presence | None
    reason: str = ""
    by: PersonId | None = None


class LinkSet(Fact, frozen=True):
    """A link of an agent is up or down."""

    agent: AgentId
    link: Link
    is_up: bool
    session: str = ""


class AgentSet(Fact, frozen=True):
    """An agent's skills or queues were changed by hand; None means unchanged."""

    agent: AgentId
    skills: dict[SkillId, int] | None = None
    queues: tuple[QueueId, ...] | None = None
    by: PersonId | None = None


# --- contacts -----------------------------------------------------------------------------------------


class ContactEntered(Fact, frozen=True):
    """A contact joined a line. `arrived_ms` orders it; a returned or moved contact keeps it."""

    contact: ContactId
    origin: Origin
    channel: Channel
    adapter: str
    entry: EntryId
    queue: QueueId
    language: str
    region: RegionId | None
    arrived_ms: int
    needs: Needs
    """The queue's, the entry's and the event's together."""
    head_start_ms: int
    own_needs: Needs = Needs()
    """The entry's and the event's alone: what stays asked for in another queue."""
    identities: tuple[Identity, ...] = ()
    display: str = ""
    owner: AgentId | None = None
    links: tuple[Link, ...] = ()
    attributes: dict[str, str] = {}
    verified: bool = False
    repeat: Repeat | None = None
    of: ContactId | None = None
    """The contact that a return call answers."""
    number: str = ""
    """Number to dial for a return call."""
    not_before_ms: int | None = None
    ticket: TicketId | None = None
    return_adapter: str = ""
    """The room that dials a return call to this customer; "": `adapter`."""
    return_links: tuple[Link, ...] = (Link.PHONE,)
    head_starts: dict[str, int] = {}
    """What the head start is made of, in ms: queue, entry, value (it came with the contact), repeat; no zeros."""


class ContactTurnedAway(Fact, frozen=True):
    """A contact was refused at the door: unknown_entry, closed, full, rules_missing, id_used."""

    contact: ContactId
    adapter: str
    channel: Channel
    entry: EntryId
    code: str
    identities: tuple[Identity, ...] = ()


class ArrivalsTurnedAway(Fact, frozen=True):
    """So many contacts were refused at the doors, unseen by the engine: rate, lag, overloaded, stopping,
    journal_full, journal_failed."""

    entry: EntryId
    code: str
    count: int


class ContactChanged(Fact, frozen=True):
    """Attributes were set and identities added; `repeat` is what the added identities tell."""

    contact: ContactId
    attributes: dict[str, str]
    identities: tuple[Identity, ...] = ()
    repeat: Repeat | None = None
    owner: AgentId | None = None
    """Who is asked first from now on, as the repeat policy says; None: nothing changes."""


class StepTaken(Fact, frozen=True):
    """A waiting contact asks for less from now on; `step` counts from 0."""

    contact: ContactId
    step: int


class ReserveSet(Fact, frozen=True):
    """A queue borrowed a reserve group, or gave it back."""

    queue: QueueId
    group: str
    is_borrowed: bool


class SpillSet(Fact, frozen=True):
    """The load of a region in a queue is too high: its contacts reach further until it is well again."""

    queue: QueueId
    region: RegionId
    is_spilled: bool


class EstimateTold(Fact, frozen=True):
    """Position and estimated wait as told to a customer; None: unknown, and nothing was said of it."""

    contact: ContactId
    position: int
    estimate_ms: int | None


class HeadStartSet(Fact, frozen=True):
    """The whole head start of a waiting contact, in ms. `why`: `manual`, or `repeat` when a repeat was found late."""

    contact: ContactId
    head_start_ms: int
    by: PersonId | None = None
    why: str = "manual"


class ContactRequeued(Fact, frozen=True):
    """A waiting contact stands in another queue; its arrival is kept."""

    contact: ContactId
    queue: QueueId
    why: str
    by: PersonId | None = None


class OverflowOffered(Fact, frozen=True):
    """The customer was asked whether to leave the line; no answer by the deadline is a decline."""

    contact: ContactId
    rule: str
    action: OverflowAction
    deadline_ms: int


class OverflowDeclined(Fact, frozen=True):
    """The customer stays, with the place kept. `answered` is False when nothing was said."""

    contact: ContactId
    rule: str
    answered: bool = True


class IntakeEntered(Fact, frozen=True):
    """The contact is with the bot; the place in the line is kept."""

    contact: ContactId
    rule: str
    was_offered: bool


class IntakeNoted(Fact, frozen=True):
    """What the bot has so far; later facts replace the fields they give."""

    contact: ContactId
    category: str = ""
    words: str = ""
    recording: str = ""
    number: str = ""


class IntakeTaken(Fact, frozen=True):
    """The matter is down; a ticket is wanted. `is_partial`: the customer left before the end."""

    contact: ContactId
    return_call: bool
    is_partial: bool = False


class ContactReturned(Fact, frozen=True):
    """A contact came back to the line at its old place: the bot gave up, an offer or a bridge failed."""

    contact: ContactId
    why: str


class TicketLinked(Fact, frozen=True):
    """A ticket belongs to this contact."""

    contact: ContactId
    ticket: TicketId


class TicketDone(Fact, frozen=True):
    """A ticket that the engine asked to close is closed."""

    ticket: TicketId


class ReturnCallMerged(Fact, frozen=True):
    """A return call to a number that already has one in line was merged into it."""

    contact: ContactId
    into: ContactId
    ticket: TicketId | None = None


class ReturnCallRescheduled(Fact, frozen=True):
    """A try failed; the return call stands in line again from this moment."""

    contact: ContactId
    tries: int
    not_before_ms: int
    outcome: str


class ContactEnded(Fact, frozen=True):
    """A contact is over, once and for all. `arrived_ms` and `queue` stand here so that reports need no memory."""

    contact: ContactId
    outcome: Outcome
    why: str
    queue: QueueId
    by: PersonId | None = None


class LegKept(Fact, frozen=True):
    """An adapter's resume bytes for a leg; empty bytes forget it."""

    contact: ContactId
    leg: LegId
    resume: bytes


# --- offers and assignments ---------------------------------------------------------------------------


class OfferMade(Fact, frozen=True):
    """A contact is offered to an agent until the deadline; `decision` says why these two."""

    offer: OfferId
    contact: ContactId
    agent: AgentId
    queue: QueueId
    channel: Channel
    deadline_ms: int
    decision: Decision


class OfferTaken(Fact, frozen=True):
    """The agent accepted; the assignment is connecting until `deadline_ms`."""

    offer: OfferId
    deadline_ms: int


class OfferEnded(Fact, frozen=True):
    """An offer is over without an assignment; the outcomes are told apart."""

    offer: OfferId
    contact: ContactId
    agent: AgentId
    outcome: OfferState
    reason: str = ""


class AssignmentConnected(Fact, frozen=True):
    """Customer and agent talk. The first one of a contact is its answer."""

    offer: OfferId
    contact: ContactId
    agent: AgentId
    is_first: bool
    waited_ms: int = 0
    """From arrival (or from the transfer into this queue) to now."""
    estimate_ms: int | None = None
    """The whole wait as the first estimate told it; None: none was told. The difference is its error."""


class AssignmentHeld(Fact, frozen=True):
    """The customer is on hold, or was taken back."""

    offer: OfferId
    is_held: bool


class TalkEnded(Fact, frozen=True):
    """Nobody talks any more in this assignment. `why`: customer, agent, transferred, failed, supervisor, lost."""

    offer: OfferId
    contact: ContactId
    agent: AgentId
    why: str


class WrapUpStarted(Fact, frozen=True):
    """The agent wraps up; None means until they finish. `blocks`: no offers meanwhile."""

    offer: OfferId
    agent: AgentId
    deadline_ms: int | None
    blocks: bool


class WrapUpExtended(Fact, frozen=True):
    """Wrap-up was asked for (deadline None while still talking) or lasts longer."""

    offer: OfferId
    deadline_ms: int | None


class AssignmentDone(Fact, frozen=True):
    """The assignment is over; the disposition is the agent's, or the default when `is_default`."""

    offer: OfferId
    contact: ContactId
    agent: AgentId
    disposition: str
    notes: str = ""
    is_default: bool = False


class TransferMade(Fact, frozen=True):
    """An assignment was handed on: to a queue (in line again), an agent (offered), or a number (left the house)."""

    offer: OfferId
    contact: ContactId
    to_queue: QueueId | None = None
    to_agent: AgentId | None = None
    to_number: str = ""
    attended: bool = False


class TransferFailed(Fact, frozen=True):
    """The number outside was not reached; customer and agent are still together."""

    offer: OfferId
    reason: str


class CustomerAnswered(Fact, frozen=True):
    """The customer of a customer-first return call is on the line; the agent rings until the deadline."""

    offer: OfferId
    deadline_ms: int


class ConsultStarted(Fact, frozen=True):
    """The customer is held while the agent calls somebody."""

    offer: OfferId
    to_agent: AgentId | None = None
    to_number: str = ""


class ConsultAnswered(Fact, frozen=True):
    """The consulted side is on."""

    offer: OfferId


class ConsultOver(Fact, frozen=True):
    """The consult ended: retrieved, failed, transferred, conference."""

    offer: OfferId
    why: str


class ParticipantGone(Fact, frozen=True):
    """Somebody other than customer and agent left."""

    offer: OfferId
    who: str


class MonitorSet(Fact, frozen=True):
    """A supervisor takes part in this way; None: no longer."""

    offer: OfferId
    by: PersonId
    mode: MonitorMode | None


class CommandFulfilled(Fact, frozen=True):
    """A durable command has been carried out."""

    key: str


AnyFact = (
    RulesInForce
    | NodeTookOver
    | HoursInForce
    | QueueGateSet
    | Late
    | Refused
    | AgentJoined
    | PresenceSet
    | NextPresenceSet
    | LinkSet
    | AgentSet
    | ContactEntered
    | ContactTurnedAway
    | ArrivalsTurnedAway
    | ContactChanged
    | StepTaken
    | ReserveSet
    | SpillSet
    | EstimateTold
    | HeadStartSet
    | ContactRequeued
    | OverflowOffered
    | OverflowDeclined
    | IntakeEntered
    | IntakeNoted
    | IntakeTaken
    | ContactReturned
    | TicketLinked
    | TicketDone
    | ReturnCallMerged
    | ReturnCallRescheduled
    | ContactEnded
    | LegKept
    | OfferMade
    | OfferTaken
    | OfferEnded
    | AssignmentConnected
    | AssignmentHeld
    | TalkEnded
    | WrapUpStarted
    | WrapUpExtended
    | AssignmentDone
    | TransferMade
    | TransferFailed
    | CustomerAnswered
    | ConsultStarted
    | ConsultAnswered
    | ConsultOver
    | ParticipantGone
    | MonitorSet
    | CommandFulfilled
)
