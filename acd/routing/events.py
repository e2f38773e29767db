"""What the outside tells the engine. Past tense: each event is something that has happened.

Events name offers by id, never "this contact and that agent", so that a late message about an old offer
cannot touch a new one. Any event may come late, twice or out of order; the engine answers with a `Late` or
`Refused` fact and stays as it was. `by` names the person who acted, None where nobody did.
"""

from __future__ import annotations

import msgspec

from acd.routing.model import (
    AgentId,
    Channel,
    ContactId,
    EntryId,
    HoursId,
    Identity,
    LegId,
    Link,
    MonitorMode,
    Needs,
    OfferId,
    OfferState,
    PersonId,
    Presence,
    QueueId,
    RegionId,
    Rules,
    SkillId,
    TicketId,
)


class Event(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag=True):
    """Base of all events; the tag in JSON and MessagePack is the class name under `type`."""


# --- the zone -----------------------------------------------------------------------------------------


class TimePassed(Event, frozen=True):
    """Nothing but time; handed in when `next_deadline_ms` is due."""


class NodeStarted(Event, frozen=True):
    """A node took the zone under a new epoch. All links of agents are unknown until they report again."""

    epoch: int


class RulesLoaded(Event, frozen=True):
    """New rules are to be in force. Contacts in the lines keep the queue rules they entered under."""

    rules: Rules
    by: PersonId | None = None


class HoursTurned(Event, frozen=True):
    """Opening hours opened or closed, as the calendar says (time zones and holidays are its business)."""

    hours: HoursId
    is_open: bool
    until_ms: int | None = None


class QueueGateTurned(Event, frozen=True):
    """A supervisor closed a queue at once (emergency closure), or opened it again; `queue` of `*`: all of them."""

    queue: QueueId
    is_open: bool
    by: PersonId | None = None
    reason: str = ""


class CommandDone(Event, frozen=True):
    """A room has carried out a durable command (`Command.key`); it is not issued again after a crash."""

    key: str


# --- customers ----------------------------------------------------------------------------------------


class ContactArrived(Event, frozen=True):
    """A customer is at the door. `contact` is chosen by the adapter and never used twice.

    Fields that are None are taken from the entry. `identities` names the customer, best first; empty for a
    withheld number. `links` are the agent's links that this contact needs alive to be answered. `adapter`
    is the name of the room that holds the customer's leg.
    """

    contact: ContactId
    adapter: str
    channel: Channel
    entry: EntryId
    identities: tuple[Identity, ...] = ()
    display: str = ""
    """What agents see as the name of the customer; never trusted as an identity."""
    region: RegionId | None = None
    queue: QueueId | None = None
    language: str | None = None
    needs: Needs | None = None
    head_start_ms: int = 0
    """Customer value, in time: added to the queue's and the entry's."""
    owner: AgentId | None = None
    links: tuple[Link, ...] = ()
    attributes: dict[str, str] = {}
    verified: bool = False
    """Whether the first identity is vouched for by a trusted trunk or a sign-in."""
    return_adapter: str = ""
    """The room that dials a return call to this customer; "": `adapter`. A chat names one that can call."""
    return_links: tuple[Link, ...] = (Link.PHONE,)
    """The agent's links that such a return call needs; without `return_adapter` they are `links`."""


class ArrivalsRefused(Event, frozen=True):
    """So many contacts of an entry were refused before the engine was asked; told together, once a second.

    `entry` is as it was dialled, and need not exist; "": of several.
    """

    entry: EntryId
    code: str
    count: int


class CustomerLeft(Event, frozen=True):
    """The customer's leg is gone: hung up, closed the page, or lost (`reason`)."""

    contact: ContactId
    reason: str = "hung_up"


class CustomerChose(Event, frozen=True):
    """The customer pressed a key or a button while waiting: `accept`, `decline`, `return_call`, `intake`."""

    contact: ContactId
    choice: str


class LegStored(Event, frozen=True):
    """What an adapter needs to take a leg up again after a crash; empty bytes forget the leg."""

    contact: ContactId
    leg: LegId
    resume: bytes


class LegsCompared(Event, frozen=True):
    """After a restart an adapter has compared with its switch: these of its contacts are gone."""

    adapter: str
    gone: tuple[ContactId, ...] = ()


class AttributesChanged(Event, frozen=True):
    """More became known of a contact; the given attributes are set, the others stay."""

    contact: ContactId
    attributes: dict[str, str]
    identities: tuple[Identity, ...] = ()
    """Names to add."""


# --- intake and tickets -------------------------------------------------------------------------------


class IntakeProgressed(Event, frozen=True):
    """The bot has taken something down; a hang-up from now on loses nothing. Given fields replace."""

    contact: ContactId
    category: str = ""
    words: str = ""
    recording: str = ""
    number: str = ""
    """Where to call back, as dialled; empty: the number the customer called from."""


class IntakeFinished(Event, frozen=True):
    """The bot has the whole matter; a ticket is to be opened and, if wanted, a return call booked."""

    contact: ContactId
    return_call: bool = True


class IntakeGaveUp(Event, frozen=True):
    """The customer asked for a person, or was not understood: back to the line, place kept."""

    contact: ContactId
    reason: str


class TicketOpened(Event, frozen=True):
    """The ticket room has opened the ticket that `OpenTicket` asked for."""

    contact: ContactId
    ticket: TicketId


class TicketClosed(Event, frozen=True):
    """The ticket room has closed the ticket that `CloseTicket` asked for."""

    ticket: TicketId


class ReturnCallAsked(Event, frozen=True):
    """Somebody books a return call: an agent, a web page, an integrator. Duplicates by number are merged."""

    contact: ContactId
    """Id of the return call itself, chosen by the asker."""
    queue: QueueId
    number: str
    adapter: str
    identities: tuple[Identity, ...] = ()
    language: str = "en"
    not_before_ms: int | None = None
    ticket: TicketId | None = None
    owner: AgentId | None = None
    by: PersonId | None = None


class CustomerReached(Event, frozen=True):
    """The customer of a customer-first return call has picked up and now waits for the agent."""

    offer: OfferId


class DialFailed(Event, frozen=True):
    """The customer of a return call was not reached: busy, no_answer, unreachable, forbidden."""

    offer: OfferId
    outcome: str


# --- offers and assignments ---------------------------------------------------------------------------


class OfferAccepted(Event, frozen=True):
    """The agent took the offer: the phone was picked up or the desk said so."""

    offer: OfferId
    by: PersonId | None = None


class OfferDeclined(Event, frozen=True):
    """The agent said no."""

    offer: OfferId
    reason: str = ""
    by: PersonId | None = None


class OfferFailed(Event, frozen=True):
    """The outside ended the offer: BUSY, NO_ANSWER or UNREACHABLE."""

    offer: OfferId
    outcome: OfferState


class ContactConnected(Event, frozen=True):
    """Customer and agent can talk; the answer of the contact."""

    offer: OfferId


class ConnectFailed(Event, frozen=True):
    """The bridge did not come about although the offer was accepted; the contact goes back to its place."""

    offer: OfferId
    reason: str


class AgentLegEnded(Event, frozen=True):
    """The agent's side of an assignment is over: hung up, or pressed end."""

    offer: OfferId
    reason: str = "hung_up"
    by: PersonId | None = None


class HoldChosen(Event, frozen=True):
    """The agent put the customer on hold, or took them back."""

    offer: OfferId
    is_held: bool
    by: PersonId | None = None


class WrapUpAsked(Event, frozen=True):
    """The agent wants wrap-up after this contact (mode ON_REQUEST), or more of it."""

    offer: OfferId
    by: PersonId | None = None


class WrapUpFinished(Event, frozen=True):
    """The agent has finished with a contact. An unknown disposition is refused and wrap-up goes on."""

    offer: OfferId
    disposition: str
    notes: str = ""
    by: PersonId | None = None


class TransferAsked(Event, frozen=True):
    """Blind transfer of an assignment; exactly one target. `number` leaves the house."""

    offer: OfferId
    to_queue: QueueId | None = None
    to_agent: AgentId | None = None
    to_number: str = ""
    by: PersonId | None = None


class ConsultAsked(Event, frozen=True):
    """The agent wants to speak to somebody first while the customer is held; exactly one target."""

    offer: OfferId
    to_agent: AgentId | None = None
    to_number: str = ""
    by: PersonId | None = None


class ConsultConnected(Event, frozen=True):
    """The consulted side has answered."""

    offer: OfferId


class ConsultEnded(Event, frozen=True):
    """A consult is over without transfer: the target left, failed, or the agent took the customer back."""

    offer: OfferId
    reason: str = "retrieved"
    by: PersonId | None = None


class ConsultCompleted(Event, frozen=True):
    """The agent hands the customer to the consulted side (attended transfer), or joins all (`conference`)."""

    offer: OfferId
    conference: bool = False
    by: PersonId | None = None


class ParticipantLeft(Event, frozen=True):
    """Somebody other than customer and agent left a conference or a monitored contact."""

    offer: OfferId
    who: str


class MonitorAsked(Event, frozen=True):
    """A supervisor wants to hear, whisper to, join or take over a live contact; None ends it."""

    offer: OfferId
    by: PersonId
    mode: MonitorMode | None


# --- agents -------------------------------------------------------------------------------------------


class AgentSignedIn(Event, frozen=True):
    """The agent has signed in; presence becomes not_ready unless `presence` says more in the same step.

    A new session takes the place of an older one of the same agent.
    """

    agent: AgentId
    session: str
    presence: Presence = Presence.NOT_READY
    reason: str = "signed_in"


class AgentSignedOut(Event, frozen=True):
    """The agent has signed out, or was signed out by somebody. While talking it takes effect at the end."""

    agent: AgentId
    by: PersonId | None = None
    reason: str = ""


class PresenceChosen(Event, frozen=True):
    """The agent, or a supervisor for them, chose a presence. While talking it is the next presence."""

    agent: AgentId
    presence: Presence
    reason: str = ""
    by: PersonId | None = None


class LinkChanged(Event, frozen=True):
    """A link of an agent came up or went down. `session` names the desk's connection; stale ones are late."""

    agent: AgentId
    link: Link
    is_up: bool
    session: str = ""


class AgentChanged(Event, frozen=True):
    """A supervisor changed an agent's skills or queues at once; None leaves as it is."""

    agent: AgentId
    skills: dict[SkillId, int] | None = None
    queues: tuple[QueueId, ...] | None = None
    by: PersonId | None = None


# --- supervisors on contacts --------------------------------------------------------------------------


class ContactMoved(Event, frozen=True):
    """A supervisor moved a waiting contact to another queue; its arrival is kept."""

    contact: ContactId
    queue: QueueId
    by: PersonId | None = None


class HeadStartChanged(Event, frozen=True):
    """The manual head start of a waiting contact, in ms; replaces an earlier manual one."""

    contact: ContactId
    head_start_ms: int
    by: PersonId | None = None


class ContactGiven(Event, frozen=True):
    """A supervisor offers a waiting contact to one agent, over presence and capacity if `force`."""

    contact: ContactId
    agent: AgentId
    force: bool = False
    by: PersonId | None = None


class ContactClosed(Event, frozen=True):
    """A supervisor (or the integrator that brought it) ended a contact."""

    contact: ContactId
    reason: str
    by: PersonId | None = None


AnyEvent = (
    TimePassed
    | NodeStarted
    | RulesLoaded
    | HoursTurned
    | QueueGateTurned
    | CommandDone
    | ContactArrived
    | ArrivalsRefused
    | CustomerLeft
    | CustomerChose
    | LegStored
    | LegsCompared
    | AttributesChanged
    | IntakeProgressed
    | IntakeFinished
    | IntakeGaveUp
    | TicketOpened
    | TicketClosed
    | ReturnCallAsked
    | CustomerReached
    | DialFailed
    | OfferAccepted
    | OfferDeclined
    | OfferFailed
    | ContactConnected
    | ConnectFailed
    | AgentLegEnded
    | HoldChosen
    | WrapUpAsked
    | WrapUpFinished
    | TransferAsked
    | ConsultAsked
    | ConsultConnected
    | ConsultEnded
    | ConsultCompleted
    | ParticipantLeft
    | MonitorAsked
    | AgentSignedIn
    | AgentSignedOut
    | PresenceChosen
    | LinkChanged
    | AgentChanged
    | ContactMoved
    | HeadStartChanged
    | ContactGiven
    | ContactClosed
)
