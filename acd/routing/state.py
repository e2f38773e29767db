"""What is: the mutable state of a zone. Only the fold of facts (`acd.routing.folding`) writes here.

What can be computed from the rest (who is busy, who may be offered what, which moment is next) is an index and
no part of the state: it is left out of the hash and made anew after a restart.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from acd.routing.contact import Contact, Offer
from acd.routing.keys import NUMBER_BITS, NUMBER_MASK, ORIGIN_MS, moment_of
from acd.routing.line import Line
from acd.routing.model import (
    AgentId,
    AgentRules,
    Channel,
    ContactId,
    EntryId,
    EntryRules,
    GroupId,
    HoursId,
    Identity,
    Link,
    Presence,
    QueueId,
    RegionId,
    Rules,
    SkillId,
    Visit,
)
from acd.routing.timers import NO_KEY, Alarms, Bell

if TYPE_CHECKING:
    from acd.routing.capacity import Capacity
    from acd.routing.cells import Count
    from acd.routing.outputs import AnyCommand
    from acd.routing.plans import Plan
    from acd.routing.pools import AnyCell, Pools

LINK_BITS: Final = {Link.DESK: 1, Link.PHONE: 2, Link.MICROPHONE: 4}
LINK_ALL: Final = 7
CHANNEL_BITS: Final = {Channel.VOICE: 8, Channel.CHAT: 16}
CHANNEL_ALL: Final = 24
CHANNEL_PLACES: Final = {Channel.VOICE: 0, Channel.CHAT: 1}

NOWHERE: Final = 0
DORMANT: Final = 1
"""A return call whose time has not come."""
LOOSE: Final = 2
"""Wants an agent at this moment; if none is found, it goes and stands in its line."""
ALONE: Final = 3
"""Waits for its owner only."""
IN_POOL: Final = 4

ENDED_KEPT: Final = 20_000
"""Ids of ended contacts that are remembered, so that a repeated arrival is not a new one."""
BEEN_MAX: Final = 16
"""Queues that a waiting contact has left, and to which no overflow takes it back."""
LEGS_MAX: Final = 8
RESUME_BYTES_MAX: Final = 16_384
ATTRIBUTES_MAX: Final = 64
IDENTITIES_PER_CONTACT_MAX: Final = 8
REFUSALS_MAX: Final = 64
MONITORS_MAX: Final = 5
TEXT_MAX: Final = 20_000
DURABLE_MAX: Final = 200_000


class Agent:
    """An agent of the rules, signed in or not."""

    __slots__ = (
        "alone",
        "busy_since_ms",
        "capacity",
        "cells",
        "consulting",
        "counts",
        "groups",
        "id",
        "is_gone",
        "is_loose",
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
        self.offers: tuple[int, ...] = ()
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
        """Work as share of signed-in time, per mille, and contacts per 1,000 hours (`rate`), as taken last; packed
        as share << 32 | rate."""
        self.is_gone = False
        """No longer in the rules; forgotten when the work in hand is done."""
        self.is_loose = False
        """Free since this moment: counted in the cells, but not standing in them before contacts were looked for."""
        self.mask = 0
        self.status = 0
        self.key = 0
        self.capacity: Capacity
        self.counts: list[Count] = []
        self.cells: tuple[AnyCell, ...] = ()
        self.alone: list[int] | None = None
        """Keys of contacts in line that wait for this agent alone, have done so, or will."""


class Queue:
    """A queue and who waits in it."""

    __slots__ = (
        "bias", "borrowed", "gate_open", "handle_ms", "handled", "id", "line", "plan", "spilled", "staffed",
        "staffed_in", "waiting_in",
    )  # fmt: skip

    def __init__(self, plan: Plan) -> None:
        self.id: QueueId = plan.rules.queue
        self.plan = plan
        self.line = Line()
        self.gate_open = True
        self.borrowed: dict[GroupId, bool] = {}
        self.spilled: dict[RegionId, bool] = {}
        """Regions whose contacts reach further for now."""
        self.handle_ms = 0
        """Recent handle time, moved by an eighth towards each new one; 0 with `handled` 0."""
        self.handled = 0
        self.bias = 1_000
        """By which factor, per mille, waits were longer than estimated of late (`acd.routing.estimates`)."""
        self.staffed = 0
        """Ready agents who serve it, at work or not."""
        self.staffed_in: dict[int, int] = {}
        """The same by number of their region."""
        self.waiting_in: dict[int, int] = {}
        """Contacts in the line by number of their region; kept where the plan is watched."""


class Latest:
    """The ids that came last, up to a number; the oldest is forgotten first. None may come twice."""

    __slots__ = ("_ids", "_order", "limit")

    def __init__(self, limit: int, ids: Iterable[ContactId] = ()) -> None:
        self.limit = limit
        self._order = deque(ids)
        self._ids = set(self._order)

    def add(self, contact: ContactId) -> None:
        """Remember one more."""
        self._ids.add(contact)
        self._order.append(contact)
        if len(self._order) > self.limit:
            self._ids.discard(self._order.popleft())

    def __contains__(self, contact: ContactId) -> bool:
        return contact in self._ids

    def __iter__(self) -> Iterator[ContactId]:
        """Oldest first."""
        return iter(self._order)


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
        """The number given to a contact last (`acd.routing.keys`)."""
        self.offer_count = 0
        self.share_cursor = AgentId("")
        """Whose shares were taken last in rotation."""
        self.entered = 0
        self.ended = 0
        self.durable: dict[str, AnyCommand] = {}
        """Commands that stay wanted until somebody says that they are done, by key."""
        self.visits: OrderedDict[Identity, tuple[Visit, ...]] = OrderedDict()
        """The latest visits of each identity, newest first; identities least lately touched first."""
        self.older_visits: dict[Identity, tuple[int, ...]] = {}
        """Moments of visits of which no more is kept, newest first."""
        self.ended_ids = Latest(ENDED_KEPT)
        self.return_numbers: dict[str, ContactId] = {}
        """Number to the return call that stands in line for it."""
        # Indexes.
        self.statuses = [0, 0, 0]
        """How many agents are signed out, not ready, ready."""
        self.pools: Pools
        self.bell = Bell()
        self.contact_alarms = Alarms(self._contact_waits, self.bell)
        self.deadlines: set[int] = set()
        """The keys of all alarms of offers that hold: most are moved before they are due."""
        self.offer_alarms = Alarms(self.deadlines.__contains__, self.bell)
        """By the agents' ranks: offers are numbered beyond what a key can hold."""
        self.agent_alarms = Alarms(self._agent_waits, self.bell)
        self.alarms = (self.offer_alarms, self.contact_alarms, self.agent_alarms)
        self.opened: list[Agent] = []
        """Agents who gained capacity since the event began."""
        self.touched: list[Queue] = []
        """Queues with reserves whose line has changed since the event began."""
        self.loose: list[Contact] = []
        """Contacts that came into a line, or ask for less, since the event began."""

    def is_due(self, now_ms: int) -> bool:
        """Whether somebody's moment has come."""
        bell = self.bell
        if now_ms < bell.ms:
            return False
        end = (now_ms - ORIGIN_MS + 1) << NUMBER_BITS
        next_key = NO_KEY
        for alarms in self.alarms:
            key = alarms.next
            if key < end:
                key = alarms.first(end)
            if key < next_key:
                next_key = key
        bell.ms = (next_key >> NUMBER_BITS) + ORIGIN_MS
        return next_key < end

    def due_offer(self, key: int) -> Offer | None:
        """The oldest offer whose moment this key of an alarm is."""
        rank = key & NUMBER_MASK
        if rank < len(self.by_rank):
            moment_ms = (key >> NUMBER_BITS) + ORIGIN_MS
            for number in self.by_rank[rank].offers:
                offer = self.offers[number]
                if offer.wake_ms == moment_ms:
                    return offer
        return None

    def _contact_waits(self, key: int) -> bool:
        contact = self.numbered.get(key & NUMBER_MASK)
        return contact is not None and contact.alarm == key

    def set_deadline(self, offer: Offer, deadline_ms: int | None) -> None:
        """Move an offer's alarm to this moment; None: it has none any more."""
        agent = offer.agent
        was_ms = offer.wake_ms
        if was_ms is not None:
            offer.wake_ms = None
            if len(agent.offers) < 2 or not self._has_other(agent, was_ms):
                self.deadlines.discard(((was_ms - ORIGIN_MS) << NUMBER_BITS) | agent.rank)
        if deadline_ms is not None:
            offer.wake_ms = deadline_ms
            self.deadlines.add(((deadline_ms - ORIGIN_MS) << NUMBER_BITS) | agent.rank)
            self.offer_alarms.set(deadline_ms, agent.rank)

    def _has_other(self, agent: Agent, moment_ms: int) -> bool:
        """Whether another offer to the agent has an alarm at this moment."""
        return any(
            number in self.offers and self.offers[number].wake_ms == moment_ms for number in agent.offers
        )

    def _agent_waits(self, key: int) -> bool:
        rank = key & NUMBER_MASK
        return rank < len(self.by_rank) and self.by_rank[rank].wake_ms == moment_of(key)
