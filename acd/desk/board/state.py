"""What the board remembers: agents, contacts, offers and queues as plain, mutable data that can be dumped.

Only `fold.py` changes it. Moments are milliseconds since the epoch, as the facts give them.
"""

from __future__ import annotations

import heapq

import msgspec

from acd.routing.model import (
    AgentId,
    AssignmentState,
    Channel,
    ContactId,
    ContactState,
    Decision,
    EntryId,
    HoursId,
    Identity,
    Label,
    MonitorMode,
    OfferId,
    Origin,
    PersonId,
    Presence,
    QueueId,
    QueueRules,
    RegionId,
    RegionRules,
    Repeat,
    SkillId,
    TeamId,
    TicketId,
)
from acd.statistics.counts import QueueCounts

DAY_MS = 86_400_000
OFFERED = "offered"
"""State of what an agent holds before they accept."""


class AgentDay(msgspec.Struct):
    """An agent's figures of one day."""

    day: int = 0
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


class AgentState(msgspec.Struct):
    """One agent. `held` are open offers and assignments, in the order in which they came."""

    agent: AgentId
    name: str = ""
    region: RegionId = RegionId("")
    team: TeamId = TeamId("")
    skills: dict[SkillId, int] = {}
    queues: tuple[QueueId, ...] = ()
    capacity: dict[Channel, int] = {}
    presence: Presence = Presence.SIGNED_OUT
    reason: str = ""
    is_system: bool = False
    since_ms: int = 0
    set_by: PersonId | None = None
    next_presence: Presence | None = None
    next_reason: str = ""
    next_by: PersonId | None = None
    desk: bool = False
    phone: bool = False
    microphone: bool = False
    session: str = ""
    signed_in_ms: int | None = None
    held: list[OfferId] = []
    past: list[OfferId] = []
    """The last that were held: to tell what came too late from what was never theirs."""
    day: AgentDay = msgspec.field(default_factory=AgentDay)
    is_gone: bool = False
    """No longer in the rules; forgotten when signed out with nothing in hand."""
    counted: tuple[str, RegionId, TeamId, tuple[QueueId, ...]] | None = None
    """Under what this agent stands in the counts of queues, region and team."""


class OfferState(msgspec.Struct):
    """An open offer, or the assignment that it became."""

    offer: OfferId
    contact: ContactId
    agent: AgentId
    queue: QueueId
    channel: Channel
    made_ms: int
    deadline_ms: int | None
    decision: Decision | None
    state: AssignmentState | None = None
    """None: still an offer."""
    since_ms: int = 0
    connected_ms: int | None = None
    held_ms: int = 0
    """Time on hold so far."""
    wrap_up_wanted: bool = False
    blocks: bool = False
    consult_agent: AgentId | None = None
    consult_number: str = ""
    consult_answered: bool = False
    conference: bool = False
    monitors: dict[PersonId, MonitorMode] = {}
    ended_why: str = ""


class ContactCard(msgspec.Struct):
    """One contact. Kept until it has ended and nobody wraps it up any more."""

    contact: ContactId
    channel: Channel
    origin: Origin
    adapter: str
    queue: QueueId
    entry: EntryId
    language: str
    region: RegionId | None
    display: str
    identities: tuple[Identity, ...]
    attributes: dict[str, str]
    verified: bool
    state: ContactState
    since_ms: int
    arrived_ms: int
    head_start_ms: int
    repeat: Repeat | None = None
    owner: AgentId | None = None
    step: int = 0
    queue_head_start_ms: int = 0
    """The part of the head start that is the queue's: another queue brings its own."""
    head_starts: dict[str, int] = {}
    offers: list[OfferId] = []
    """Open offers and assignments of this contact."""
    position: int | None = None
    estimate_ms: int | None = None
    refusals: int = 0
    why: str = ""
    ticket: TicketId | None = None
    number: str = ""
    not_before_ms: int | None = None
    tries: int = 0
    category: str = ""
    words: str = ""
    recording: str = ""
    intake_number: str = ""
    wait_from_ms: int = 0
    """Where the wait begins: the arrival, or for a return call the moment from which it is due."""
    counted: tuple[str, QueueId, RegionId | None] | None = None
    """Under what this contact stands in the counts of its queue and region."""


class Line(msgspec.Struct):
    """Arrivals of those who wait somewhere; entries of those who left are skipped when they come to the top."""

    heap: list[tuple[int, ContactId]] = []
    members: dict[ContactId, int] = {}

    def join(self, contact: ContactId, arrived_ms: int) -> None:
        """Add a contact."""
        if contact not in self.members:
            self.members[contact] = arrived_ms
            heapq.heappush(self.heap, (arrived_ms, contact))
            if len(self.heap) > 2 * len(self.members) + 64:
                self.heap = [(arrived, member) for member, arrived in self.members.items()]
                heapq.heapify(self.heap)

    def leave(self, contact: ContactId) -> None:
        """Take a contact out."""
        self.members.pop(contact, None)

    def first_arrived_ms(self) -> int | None:
        """Return the earliest arrival of those who wait."""
        while self.heap and self.members.get(self.heap[0][1]) != self.heap[0][0]:
            heapq.heappop(self.heap)
        return self.heap[0][0] if self.heap else None


class Place(msgspec.Struct):
    """Live counts of one queue, one region, one team, or of a queue in one region."""

    waiting: int = 0
    offered: int = 0
    assigned: int = 0
    intake: int = 0
    return_calls: int = 0
    ready: int = 0
    not_ready: int = 0
    working: int = 0
    wrap_up: int = 0
    signed_out: int = 0


class QueueState(msgspec.Struct):
    """One queue."""

    rules: QueueRules
    place: Place = msgspec.field(default_factory=Place)
    regions: dict[RegionId, Place] = {}
    line: Line = msgspec.field(default_factory=Line)
    day: int = 0
    """Days since 1970, UTC; which day `counts` are of."""
    counts: QueueCounts = msgspec.field(default_factory=QueueCounts)
    gate_open: bool = True
    gate_reason: str = ""
    borrowed: list[str] = []
    spilled: list[RegionId] = []
    shared_version: int = 0
    """Grows with everything that the agents of the queue share: its length, its return calls."""
    return_calls: dict[ContactId, None] = {}


class GroupState(msgspec.Struct):
    """One region or team."""

    place: Place = msgspec.field(default_factory=Place)
    line: Line = msgspec.field(default_factory=Line)


class BoardState(msgspec.Struct):
    """All of it."""

    seq: int = 0
    at_ms: int = 0
    region_rules: dict[RegionId, RegionRules] = {}
    agents: dict[AgentId, AgentState] = {}
    offers: dict[OfferId, OfferState] = {}
    contacts: dict[ContactId, ContactCard] = {}
    queues: dict[QueueId, QueueState] = {}
    hours: dict[HoursId, bool] = {}
    entries: dict[EntryId, QueueId] = {}
    regions: dict[RegionId, GroupState] = {}
    teams: dict[TeamId, GroupState] = {}
    team_labels: dict[TeamId, Label] = {}
    """By the configuration; a team without one is shown by its id."""
    staff_version: int = 0
    """Grows when anybody's team or queues change."""
