"""The rows that desks see. A view is a set of tables; a table maps a key to a row; a delta sets whole rows.

Rows are complete: a row in a delta replaces the row with the same key. Moments are milliseconds since the
epoch and end in `_at_ms`; durations end in `_ms`. Ages are computed by the reader from a moment and the
clock of the server (`at_ms` of every message), so that a row changes only when something happens.
Rows may gain fields; readers ignore those they do not know.
"""

from __future__ import annotations

import msgspec

from acd.ports import ChatMessage, TicketCard
from acd.routing.model import (
    AgentId,
    AssignmentState,
    Channel,
    ContactId,
    ContactState,
    Decision,
    Disposition,
    EntryId,
    Identity,
    Label,
    MonitorMode,
    OfferId,
    Origin,
    PersonId,
    Presence,
    QueueId,
    RegionId,
    SkillId,
    TeamId,
    TicketId,
)


class CapacityCell(msgspec.Struct, frozen=True):
    """How many contacts of a channel an agent may hold at once, and holds (offers included)."""

    limit: int
    used: int


class LinkStates(msgspec.Struct, frozen=True):
    """Which links of an agent are up."""

    desk: bool = False
    phone: bool = False
    microphone: bool = False


class VisitMark(msgspec.Struct, frozen=True):
    """One earlier contact of the customer; with `origin` return_call one of ours, which `count` leaves out."""

    contact: ContactId
    at_ms: int
    channel: Channel
    queue: QueueId
    outcome: str
    origin: Origin
    agent: AgentId | None = None
    agent_name: str = ""
    disposition: str = ""
    is_solved: bool = False
    ticket: TicketId | None = None


class RepeatMark(msgspec.Struct, frozen=True):
    """The customer was here before, inside the window: how often, and what the last visit was."""

    count: int
    last_at_ms: int
    last_channel: Channel
    last_queue: QueueId
    last_outcome: str
    last_agent: AgentId | None = None
    last_agent_name: str = ""
    last_disposition: str = ""
    is_recurring: bool = False
    """The latest matter was closed as solved, and the customer comes again."""
    visits: tuple[VisitMark, ...] = ()
    """The latest ones, newest first; the first is the one that the fields above speak of."""


class IntakeNote(msgspec.Struct, frozen=True):
    """What the bot took down."""

    category: str = ""
    words: str = ""
    recording: str = ""
    number: str = ""


class DayFigures(msgspec.Struct, frozen=True):
    """An agent's figures since midnight (UTC day of the server's clock) or since the first record kept."""

    offered: int = 0
    answered: int = 0
    no_answer: int = 0
    declined: int = 0
    done: int = 0
    talk_ms: int = 0
    hold_ms: int = 0
    wrap_up_ms: int = 0
    ready_ms: int = 0
    not_ready_ms: int = 0
    """Up to `since_at_ms` of the agent's row: what runs now is not in it."""


class Work(msgspec.Struct, frozen=True):
    """One offer or assignment, as the agent's line in a supervisor's table shows it."""

    offer: OfferId
    contact: ContactId
    channel: Channel
    queue: QueueId
    state: str
    """`offered`, or a state of an assignment."""
    since_at_ms: int


class AgentRow(msgspec.Struct, frozen=True):
    """One agent. Key: `agent`. In table `me` (own desk) and `agents` (supervisors)."""

    agent: AgentId
    name: str
    region: RegionId
    team: TeamId
    presence: Presence
    reason: str
    is_system: bool
    """True if the system chose the presence: reasons `rona`, `connection_lost`, `shift_end`."""
    since_at_ms: int
    links: LinkStates
    capacity: dict[Channel, CapacityCell]
    work: tuple[Work, ...]
    skills: dict[SkillId, int]
    queues: tuple[QueueId, ...]
    next_presence: Presence | None = None
    next_reason: str = ""
    set_by: PersonId | None = None
    """Who chose the presence, if somebody else than the agent did."""
    signed_in_at_ms: int | None = None
    figures: DayFigures = DayFigures()


class QueueLabel(msgspec.Struct, frozen=True):
    """What an agent must know of a queue. Key: `queue`. In table `labels`."""

    queue: QueueId
    label: Label
    dispositions: tuple[Disposition, ...]
    """The tree: `path` is `branch/leaf`."""
    disposition_default: str = ""
    wrap_up: str = "timed"
    waiting: int = 0
    is_open: bool = True


class OfferRow(msgspec.Struct, frozen=True):
    """One contact shown to this agent. Key: `offer`. It goes when accepted, declined, failed or withdrawn."""

    offer: OfferId
    contact: ContactId
    channel: Channel
    adapter: str
    """The room that holds the customer's leg; what it cannot do stands in `Welcome.cannot`."""
    origin: Origin
    queue: QueueId
    entry: EntryId
    language: str
    display: str
    """Name of the customer as they or their telephone gave it; never to be trusted, show as text."""
    identities: tuple[Identity, ...]
    verified: bool
    arrived_at_ms: int
    """Wait so far: now less this."""
    offered_at_ms: int
    deadline_at_ms: int
    region: RegionId | None = None
    repeat: RepeatMark | None = None
    attributes: dict[str, str] = {}
    ticket: TicketId | None = None
    number: str = ""
    """Number to be dialled, for a return call."""
    intake: IntakeNote | None = None
    decision: Decision | None = None
    """Why this agent and this contact."""


class ConsultRow(msgspec.Struct, frozen=True):
    """A consult of an assignment; the customer is held meanwhile."""

    to_agent: AgentId | None = None
    to_number: str = ""
    is_answered: bool = False


class AssignmentRow(msgspec.Struct, frozen=True):
    """One assignment of this agent. Key: `offer`. It goes when wrap-up is finished."""

    offer: OfferId
    contact: ContactId
    channel: Channel
    adapter: str
    """The room that holds the customer's leg; what it cannot do stands in `Welcome.cannot`."""
    origin: Origin
    queue: QueueId
    entry: EntryId
    language: str
    display: str
    identities: tuple[Identity, ...]
    verified: bool
    state: AssignmentState
    since_at_ms: int
    arrived_at_ms: int
    connected_at_ms: int | None = None
    deadline_at_ms: int | None = None
    """End of connecting or of wrap-up; None: no limit."""
    wrap_up_wanted: bool = False
    blocks: bool = False
    """Whether this wrap-up keeps offers away."""
    region: RegionId | None = None
    repeat: RepeatMark | None = None
    attributes: dict[str, str] = {}
    ticket: TicketId | None = None
    number: str = ""
    intake: IntakeNote | None = None
    consult: ConsultRow | None = None
    is_conference: bool = False
    monitors: tuple[MonitorMode, ...] = ()
    """Supervisors who take part audibly: whisper, barge, take_over."""
    ended_why: str = ""


class ReturnCallRow(msgspec.Struct, frozen=True):
    """A return call that stands in a line of this agent's queues. Key: `contact`."""

    contact: ContactId
    queue: QueueId
    number: str
    display: str
    state: ContactState
    arrived_at_ms: int
    not_before_at_ms: int | None = None
    tries: int = 0
    ticket: TicketId | None = None
    owner: AgentId | None = None


class RegionCount(msgspec.Struct, frozen=True):
    """A queue's live figures in one region: contacts from there, agents who are there."""

    waiting: int = 0
    assigned: int = 0
    signed_in: int = 0
    ready: int = 0


class QueueRow(msgspec.Struct, frozen=True):
    """One queue, for supervisors. Key: `queue`. Counts of today since midnight UTC."""

    queue: QueueId
    label: Label
    is_open: bool
    """Hours and gate together."""
    gate_reason: str
    """Not empty while closed by hand."""
    waiting: int
    """Customers who wait now; return calls in line are in `return_calls`."""
    offered: int
    assigned: int
    intake: int
    return_calls: int
    longest_arrived_at_ms: int | None
    """Arrival of the customer who has waited longest."""
    signed_in: int
    """Agents serving the queue: those ready, working and in wrap-up, and the rest, who are not ready."""
    ready: int
    """Ready, with nothing in hand."""
    working: int
    """With an offer or a talk."""
    wrap_up: int
    """With nothing but a wrap-up that keeps offers away."""
    entered: int
    answered: int
    answered_in_time: int
    abandoned: int
    abandoned_short: int
    overflowed: int
    refused: int
    wait_ms_sum: int
    """Of the answered."""
    wait_ms_max: int
    service_level: int | None
    """Per mille, rule `abandons negative`: answered in time of all answered and abandoned; None: nothing counted."""
    threshold_ms: int
    regions: dict[RegionId, RegionCount] = {}
    borrowed: tuple[str, ...] = ()
    """Reserve groups that the queue has borrowed."""
    spilled: tuple[RegionId, ...] = ()
    """Regions whose contacts reach further for now, since too many wait for too few at home."""
    overflow_asked: int = 0
    """Customers who were asked whether to leave the line."""
    overflow_declined: int = 0
    """Of these, who said no or nothing; the share is the refusal rate."""
    estimates: int = 0
    """Answered contacts that had been told an estimate."""
    estimate_error_ms: int | None = None
    """By how much the first estimate that a customer was told was wrong, on average; None: nothing counted."""


class ContactRow(msgspec.Struct, frozen=True):
    """One contact that has not ended, for supervisors. Key: `contact`. It goes when the contact has ended."""

    contact: ContactId
    channel: Channel
    adapter: str
    origin: Origin
    queue: QueueId
    entry: EntryId
    language: str
    region: RegionId | None
    display: str
    state: ContactState
    since_at_ms: int
    """When it came into this state."""
    arrived_at_ms: int
    head_start_ms: int
    step: int
    """Step of relaxation, from 0."""
    verified: bool
    repeat: RepeatMark | None = None
    agent: AgentId | None = None
    offer: OfferId | None = None
    assignment: AssignmentState | None = None
    position: int | None = None
    """As last told to the customer."""
    estimate_ms: int | None = None
    refusals: int = 0
    """Offers of it that failed."""
    why: str = ""
    """What last sent it back to the line, or put it where it is."""
    ticket: TicketId | None = None
    not_before_at_ms: int | None = None
    monitors: dict[PersonId, MonitorMode] = {}
    decision: Decision | None = None
    head_starts: dict[str, int] = {}
    """What `head_start_ms` is made of: queue, entry, value, repeat, manual; parts of 0 are left out."""


class GroupRow(msgspec.Struct, frozen=True):
    """A region or a team, for supervisors. Key: `key`. In tables `regions` and `teams`."""

    key: str
    label: Label
    agents: int
    signed_in: int
    ready: int
    not_ready: int
    working: int
    wrap_up: int
    waiting: int = 0
    """Contacts of the region in all lines; 0 for a team."""
    longest_arrived_at_ms: int | None = None


class AlertRow(msgspec.Struct, frozen=True):
    """Something needs a supervisor's eye. Key: `key`. It goes when it is no longer so."""

    key: str
    kind: str
    """queue_wait, queue_length, service_level, nobody_ready, agent_state_long, repeat_caller, agent_lost; of the house
    journal_full, journal_failed, draining: nothing new is taken."""
    table: str
    """The table that `about` is a key of: `queues`, `agents` or `contacts`; `house`: the server itself."""
    about: str
    since_at_ms: int
    level: str = "warning"
    """`warning` or `critical`."""
    found: str = ""
    expected: str = ""


class Tables(msgspec.Struct, frozen=True, omit_defaults=True):
    """Rows by table. In a snapshot: all rows of the view. In a delta: rows that are new or changed."""

    me: tuple[AgentRow, ...] = ()
    labels: tuple[QueueLabel, ...] = ()
    offers: tuple[OfferRow, ...] = ()
    assignments: tuple[AssignmentRow, ...] = ()
    chat_messages: tuple[ChatMessage, ...] = ()
    tickets: tuple[TicketCard, ...] = ()
    return_calls: tuple[ReturnCallRow, ...] = ()
    queues: tuple[QueueRow, ...] = ()
    agents: tuple[AgentRow, ...] = ()
    contacts: tuple[ContactRow, ...] = ()
    regions: tuple[GroupRow, ...] = ()
    teams: tuple[GroupRow, ...] = ()
    alerts: tuple[AlertRow, ...] = ()


AnyRow = (
    AgentRow
    | QueueLabel
    | OfferRow
    | AssignmentRow
    | ChatMessage
    | TicketCard
    | ReturnCallRow
    | QueueRow
    | ContactRow
    | GroupRow
    | AlertRow
)

TABLES_OF_AGENT = ("me", "labels", "offers", "assignments", "chat_messages", "tickets", "return_calls")
TABLES_OF_SUPERVISOR = ("queues", "agents", "contacts", "regions", "teams", "alerts")

KEY_FIELD = {
    "me": "agent",
    "labels": "queue",
    "offers": "offer",
    "assignments": "offer",
    "chat_messages": "contact",
    "tickets": "ticket",
    "return_calls": "contact",
    "queues": "queue",
    "agents": "agent",
    "contacts": "contact",
    "regions": "key",
    "teams": "key",
    "alerts": "key",
}
"""Which field is a row's key; a line of a chat has the key `contact/number`."""
