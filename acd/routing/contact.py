"""A contact and the offers about it, as they change while somebody is served.

Plain mutable data: only the fold of facts writes here. The collector does not look at contacts and offers
(`gc=False`): none of them can be part of a cycle, since nothing that they name names them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import msgspec

from acd.routing.keys import NUMBER_MASK
from acd.routing.line import order_key
from acd.routing.model import (
    AgentId,
    AssignmentState,
    Channel,
    ContactId,
    ContactState,
    EntryId,
    Identity,
    LegId,
    Link,
    MonitorMode,
    Needs,
    OfferId,
    OfferState,
    Origin,
    PersonId,
    QueueId,
    RegionId,
    Repeat,
    TicketId,
)

if TYPE_CHECKING:
    from acd.routing.line import Rank
    from acd.routing.plans import Plan
    from acd.routing.state import Agent


class Intake:
    """What the bot has taken down so far."""

    __slots__ = (
        "category",
        "is_partial",
        "is_taken",
        "number",
        "recording",
        "return_call",
        "rule",
        "since_ms",
        "words",
    )

    def __init__(self, rule: str, since_ms: int) -> None:
        self.rule = rule
        self.since_ms = since_ms
        self.category = ""
        self.words = ""
        self.recording = ""
        self.number = ""
        self.is_taken = False
        self.is_partial = False
        self.return_call = False


class Told:
    """The first estimate a customer heard, and the latest."""

    __slots__ = ("at_ms", "estimate_ms", "first_at_ms", "first_ms", "position", "staffed")

    def __init__(self, at_ms: int, position: int, estimate_ms: int | None, staffed: int) -> None:
        self.first_at_ms = at_ms
        self.first_ms = estimate_ms
        self.at_ms = at_ms
        self.position = position
        self.estimate_ms = estimate_ms
        self.staffed = staffed


class More:
    """What few contacts have; made when the first of it is there."""

    __slots__ = (
        "asked",
        "base_head_start_ms",
        "been",
        "declined",
        "intake",
        "is_reached",
        "leaving",
        "leaving_until_ms",
        "legs",
        "not_before_ms",
        "number",
        "of",
        "refusals",
        "return_by",
        "ticket",
        "ticket_wanted",
        "tries",
    )

    def __init__(self) -> None:
        self.of: ContactId | None = None
        self.number = ""
        self.not_before_ms: int | None = None
        self.ticket: TicketId | None = None
        self.ticket_wanted = False
        self.tries = 0
        self.is_reached = False
        """Return call, customer first: the customer is on the line."""
        self.intake: Intake | None = None
        self.refusals: dict[AgentId, int] = {}
        """Agent to the moment from which they may be asked again."""
        self.asked: tuple[str, int] | None = None
        """Name of the overflow rule that the customer is being asked about, and until when."""
        self.declined: dict[str, int] = {}
        """Name of a rule to the moment of its last decline."""
        self.base_head_start_ms: int | None = None
        self.been: tuple[QueueId, ...] = ()
        """Queues that it left while it waited: no overflow leads back there."""
        self.legs: dict[LegId, bytes] = {}
        self.leaving = ""
        """Number outside to which the customer is being transferred."""
        self.leaving_until_ms = 0
        self.return_by: tuple[str, tuple[Link, ...]] | None = None
        """Who makes a return call of this contact, and the agents' links that it needs, if not as this one."""


class Contact(msgspec.Struct, eq=False, gc=False):
    """A contact from its entry until nothing is left to be done about it."""

    id: ContactId
    key: int
    """Place in every line, see `line.order_key`; its low bits are the contact's number."""
    origin: Origin
    channel: Channel
    adapter: str
    entry: EntryId
    queue: QueueId
    plan: Plan
    language: str
    region: RegionId | None
    arrived_ms: int
    since_ms: int
    """When it came into this queue (a return call: when it may first be dialled)."""
    needs: Needs
    own_needs: Needs
    head_start_ms: int
    identities: tuple[Identity, ...]
    display: str
    owner: AgentId | None
    links: int
    attributes: dict[str, str] | None
    repeat: Repeat | None
    step: int
    state: ContactState = ContactState.WAITING
    rank: Rank | None = None
    place: int = 0
    """Index: where it stands while it waits: `NOWHERE`, `DORMANT`, `LOOSE`, `ALONE`, `IN_POOL`."""
    alarm: int = 0
    """Index: the key of its next alarm, 0 for none."""
    offer: int = 0
    """The live offer or assignment, 0 for none; of several (ring all) the first."""
    rung: tuple[int, ...] = ()
    """Open offers; more than one only where a queue rings all."""
    offers_live: int = 0
    """How many offers and assignments, wrap-ups included, still speak of this contact."""
    alone_until_ms: int = 0
    """Until when it waits for its owner alone; 0 if it does not."""
    turn: int = 1
    treatment: str = "queued"
    told: Told | None = None
    more: More | None = None
    answered_ms: int = 0
    """Moment of the first answer, 0 for none."""
    last_agent: AgentId | None = None

    @property
    def number(self) -> int:
        """Counted by the engine at the entry."""
        return self.key & NUMBER_MASK

    @staticmethod
    def key_of(arrived_ms: int, head_start_ms: int, number: int) -> int:
        """The place in every line."""
        return order_key(arrived_ms, head_start_ms, number)

    @property
    def rare(self) -> More:
        """The rarer attributes, made at first use."""
        if self.more is None:
            self.more = More()
        return self.more


class Consult:
    """Somebody whom an agent asks while the customer is held, or who has joined."""

    __slots__ = ("is_answered", "is_conference", "to_agent", "to_number", "turn")

    def __init__(self, turn: int, to_agent: AgentId | None, to_number: str) -> None:
        self.turn = turn
        self.to_agent = to_agent
        self.to_number = to_number
        self.is_answered = False
        self.is_conference = False


NOBODY: Final[Mapping[PersonId, MonitorMode]] = MappingProxyType({})


class Offer(msgspec.Struct, eq=False, gc=False):
    """One contact shown to one agent; once accepted, the assignment."""

    id: OfferId
    contact: Contact
    agent: Agent
    queue: QueueId
    plan: Plan
    made_ms: int
    wake_ms: int | None
    """Deadline of the ringing, the connecting or the wrap-up; None: only the agent or the customer ends it."""
    state: OfferState = OfferState.OPEN
    assignment: AssignmentState | None = None
    taken_ms: int = 0
    connected_ms: int = 0
    talk_ended_ms: int = 0
    blocks: bool = False
    wrap_asked: bool = False
    extensions: int = 0
    turn: int = 0
    """Counts holds and retrievals: part of their commands' keys."""
    consults: int = 0
    """Counts consults, for the same reason."""
    consult: Consult | None = None
    monitors: Mapping[PersonId, MonitorMode] = NOBODY
    """Supervisors who take part; replaced, never changed."""
    reached: bool = False
    """Customer-first return call: the customer is on the line."""
    is_customer_first: bool = False
    is_direct: bool = False
    """Given by a supervisor or by a transfer, not chosen."""
