"""What is: the mutable state of a zone. Only the fold of facts (`acd.routing.folding`) writes here.

What can be computed from the rest (who is busy, who may be offered what, which moment is next) is an index and
no part of the state: it is left out of the hash and made anew after a restart.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from acd.routing.line import NUMBER_MASK, Line, Rank, order_key
from acd.routing.model import (
    AgentId,
    AgentRules,
    AssignmentState,
    Channel,
    ContactId,
    ContactState,
    EntryId,
    EntryRules,
    GroupId,
    HoursId,
    Identity,
    LegId,
    Link,
    MonitorMode,
    Needs,
    OfferId,
    OfferState,
    Origin,
    PersonId,
    Presence,
    QueueId,
    RegionId,
    Repeat,
    Rules,
    SkillId,
    TicketId,
    Visit,
)
from acd.routing.timers import SHIFT, Alarms

if TYPE_CHECKING:
    from acd.routing.capacity import Capacity
    from acd.routing.outputs import AnyCommand
    from acd.routing.plans import Plan
    from acd.routing.pools import Cell, Pools

LINK_BITS: Final = {Link.DESK: 1, Link.PHONE: 2, Link.MICROPHONE: 4}
LINK_ALL: Final = 7
CHANNEL_BITS: Final = {Channel.VOICE: 8, Channel.CHAT: 16}
CHANNEL_ALL: Final = 24
CHANNEL_PLACES: Final = {Channel.VOICE: 0, Channel.CHAT: 1}

NOWHERE: Final = 0
DORMANT: Final = 1
"""A return call whose time has not come."""
ALONE: Final = 2
"""Waits for its owner only."""
IN_POOL: Final = 3

ENDED_KEPT: Final = 20_000
"""Ids of ended contacts that are remembered, so that a repeated arrival is not a new one."""
LEGS_MAX: Final = 8
RESUME_BYTES_MAX: Final = 16_384
ATTRIBUTES_MAX: Final = 64
IDENTITIES_PER_CONTACT_MAX: Final = 8
REFUSALS_MAX: Final = 64
MONITORS_MAX: Final = 5
TEXT_MAX: Final = 20_000
DURABLE_MAX: Final = 200_000


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
        "declined",
        "intake",
        "leaving",
        "leaving_until_ms",
        "legs",
        "not_before_ms",
        "number",
        "of",
        "refusals",
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
        self.intake: Intake | None = None
        self.refusals: dict[AgentId, int] = {}
        """Agent to the moment from which they may be asked again."""
        self.asked: tuple[str, int] | None = None
        """Name of the overflow rule that the customer is being asked about, and until when."""
        self.declined: dict[str, int] = {}
        """Name of a rule to the moment of its last decline."""
        self.base_head_start_ms: int | None = None
        self.legs: dict[LegId, bytes] = {}
        self.leaving = ""
        """Number outside to which the customer is being transferred."""
        self.leaving_until_ms = 0


class Contact:
    """A contact from its entry until nothing is left to be done about it."""

    __slots__ = (
        "adapter",
        "alone_until_ms",
        "answered_ms",
        "arrived_ms",
        "attributes",
        "channel",
        "display",
        "entry",
        "head_start_ms",
        "id",
        "identities",
        "key",
        "language",
        "last_agent",
        "links",
        "more",
        "needs",
        "offer",
        "offers_live",
        "origin",
        "own_needs",
        "owner",
        "place",
        "plan",
        "queue",
        "rank",
        "region",
        "repeat",
        "return_by",
        "rung",
        "since_ms",
        "state",
        "step",
        "told",
        "treatment",
        "turn",
        "verified",
        "wake_ms",
    )

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
    verified: bool
    repeat: Repeat | None
    state: ContactState
    rank: Rank | None
    place: int
    """Index: where it stands while it waits: `NOWHERE`, `DORMANT`, `ALONE`, `IN_POOL`."""
    offer: int
    """The live offer or assignment, 0 for none; of several (ring all) the first."""
    alone_until_ms: int
    """Until when it waits for its owner alone; 0 if it does not."""
    rung: tuple[int, ...]
    """Open offers; more than one only where a queue rings all."""
    offers_live: int
    """How many offers and assignments, wrap-ups included, still speak of this contact."""
    turn: int
    treatment: str
    step: int
    wake_ms: int
    told: Told | None
    more: More | None
    answered_ms: int
    """Moment of the first answer, 0 for none."""
    last_agent: AgentId | None
    return_by: tuple[str, tuple[Link, ...]] | None
    """Who makes a return call of this contact, and the agents' links that it needs, if not as this one."""

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


class Offer:
    """One contact shown to one agent; once accepted, the assignment."""

    __slots__ = (
        "agent",
        "assignment",
        "blocks",
        "connected_ms",
        "consult",
        "contact",
        "extensions",
        "id",
        "is_customer_first",
        "is_direct",
        "made_ms",
        "monitors",
        "plan",
        "queue",
        "reached",
        "state",
        "taken_ms",
        "talk_ended_ms",
        "turn",
        "wake_ms",
        "wrap_asked",
    )

    def __init__(self, number: int, contact: Contact, agent: Agent, made_ms: int, deadline_ms: int) -> None:
        self.id = OfferId(number)
        self.contact = contact
        self.agent = agent
        self.queue = contact.queue
        self.plan = contact.plan
        self.state = OfferState.OPEN
        self.assignment: AssignmentState | None = None
        self.made_ms = made_ms
        self.wake_ms: int | None = deadline_ms
        """Deadline of the ringing, the connecting or the wrap-up; None: only the agent or the customer ends it."""
        self.taken_ms = 0
        self.connected_ms = 0
        self.talk_ended_ms = 0
        self.blocks = False
        self.wrap_asked = False
        self.extensions = 0
        self.turn = 0
        """Counts holds and consults: part of their commands' keys."""
        self.consult: Consult | None = None
        self.monitors: dict[PersonId, MonitorMode] = {}
        self.reached = False
        """Customer-first return call: the customer is on the line."""
        self.is_customer_first = False
        self.is_direct = False
        """Given by a supervisor or by a transfer, not chosen."""


class Agent:
    """An agent of the rules, signed in or not."""

    __slots__ = (
        "alone",
        "busy_since_ms",
        "capacity",
        "cells",
        "consulting",
        "groups",
        "id",
        "is_gone",
        "key",
        "last_offer",
        "link_sessions",
        "links",
        "load",
        "mask",
        "next_presence",
        "next_reason",
        "offers",
        "presence",
        "queues",
        "rank",
        "reason",
        "region",
        "released_ms",
        "rules",
        "session",
        "share",
        "signed_in_ms",
        "since_ms",
        "skills",
        "status",
        "taken",
        "wake_ms",
        "weight",
        "working_ms",
        "wrapping",
    )

    def __init__(self, rules: AgentRules) -> None:
        self.id = rules.agent
        self.rules = rules
        self.rank = 0
        """Place among all agents sorted by id: the last tie."""
        self.region = -1
        self.skills: dict[SkillId, int] = rules.skills
        self.queues: dict[QueueId, int] = {}
        self.groups: tuple[GroupId, ...] = rules.groups
        self.weight = rules.weight
        self.session = ""
        self.presence = Presence.SIGNED_OUT
        self.reason = ""
        self.since_ms = 0
        self.next_presence: Presence | None = None
        self.next_reason = ""
        self.links = 0
        self.link_sessions: dict[Link, str] | None = None
        self.wake_ms: int | None = None
        """Until when a lost desk may stay away."""
        self.offers: list[int] = []
        """Live offers and assignments, wrap-ups included, oldest first."""
        self.load = 0
        """Contacts in hand: calls above bit 16, chats below (`acd.routing.capacity`)."""
        self.wrapping = 0
        """Wrap-ups that block offers."""
        self.consulting = 0
        """Offer in whose consult or conference the agent takes part, 0 for none."""
        self.released_ms = 0
        """Last release of capacity; before the first one, the first sign-in."""
        self.signed_in_ms = 0
        self.working_ms = 0
        """Work since sign-in, up to `busy_since_ms` if at work."""
        self.busy_since_ms = 0
        self.taken = 0
        """Contacts connected since sign-in."""
        self.last_offer = 0
        self.share = 0
        """Work as share of signed-in time, per mille, and contacts per 1,000 hours (`rate`), taken when capacity
        was last released or presence set; packed as share << 32 | rate."""
        self.is_gone = False
        """No longer in the rules; forgotten when the work in hand is done."""
        self.mask = 0
        self.status = 0
        self.key = 0
        self.capacity: Capacity
        self.cells: tuple[Cell, ...] = ()
        self.alone: list[int] | None = None
        """Numbers of contacts that wait for this agent alone for a while."""


class Queue:
    """A queue and who waits in it."""

    __slots__ = ("borrowed", "gate_open", "handle_ms", "handled", "id", "line", "plan", "staffed")

    def __init__(self, plan: Plan) -> None:
        self.id: QueueId = plan.rules.queue
        self.plan = plan
        self.line = Line()
        self.gate_open = True
        self.borrowed: dict[GroupId, bool] = {}
        self.handle_ms = 0
        """Recent handle time, moved by an eighth towards each new one; 0 with `handled` 0."""
        self.handled = 0
        self.staffed = 0
        """Ready agents who serve it, at work or not."""


class Visits:
    """What is remembered under one identity."""

    __slots__ = ("latest", "older_at_ms")

    def __init__(self) -> None:
        self.latest: list[Visit] = []
        """Newest first."""
        self.older_at_ms: list[int] = []
        """Moments of visits whose details are dropped, newest first; at most `OLDER_MAX`."""


class State:
    """Everything that a zone knows."""

    def __init__(self) -> None:
        self.at_ms = 0
        """Moment of the last fact."""
        self.epoch = 0
        self.rules: Rules | None = None
        self.entries: dict[EntryId, EntryRules] = {}
        self.regions: dict[RegionId, int] = {}
        self.agents: dict[AgentId, Agent] = {}
        self.by_rank: list[Agent] = []
        self.queues: dict[QueueId, Queue] = {}
        self.hours: dict[HoursId, tuple[bool, int | None]] = {}
        self.contacts: dict[ContactId, Contact] = {}
        self.numbered: dict[int, Contact] = {}
        self.offers: dict[int, Offer] = {}
        self.contact_count = 0
        self.offer_count = 0
        self.entered = 0
        self.ended = 0
        self.durable: dict[str, AnyCommand] = {}
        """Commands that stay wanted until somebody says that they are done, by key."""
        self.visits: OrderedDict[Identity, Visits] = OrderedDict()
        """Least lately touched first."""
        self.ended_ids: OrderedDict[ContactId, None] = OrderedDict()
        self.return_numbers: dict[str, ContactId] = {}
        """Number to the return call that stands in line for it."""
        # Indexes.
        self.statuses = [0, 0, 0]
        """How many agents are signed out, not ready, ready."""
        self.pools: Pools
        self.contact_alarms = Alarms(self._contact_moment)
        self.offer_alarms = Alarms(self._offer_moment)
        self.agent_alarms = Alarms(self._agent_moment)
        self.opened: list[Agent] = []
        """Agents who gained capacity since the event began."""
        self.touched: list[Queue] = []
        """Queues with reserves whose line has changed since the event began."""
        self.loose: list[Contact] = []
        """Contacts that came into a line, or ask for less, since the event began."""

    def is_due(self, now_ms: int) -> bool:
        """Whether some alarm, live or dead, has come."""
        limit = (now_ms + 1) << SHIFT
        for alarms in (self.offer_alarms, self.contact_alarms, self.agent_alarms):
            heap = alarms.heap
            if heap and heap[0] < limit:
                return True
        return False

    def _contact_moment(self, number: int) -> int | None:
        contact = self.numbered.get(number)
        return contact.wake_ms if contact is not None and contact.wake_ms else None

    def _offer_moment(self, number: int) -> int | None:
        offer = self.offers.get(number)
        return offer.wake_ms if offer is not None else None

    def _agent_moment(self, number: int) -> int | None:
        return self.by_rank[number].wake_ms if number < len(self.by_rank) else None
