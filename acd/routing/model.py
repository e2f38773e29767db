"""The words of routing: ids, kinds, and the rules that an operator writes.

Everything here is frozen plain data, so that it can be journaled, hashed, sent and compared. The rules are
built from `config/` by `acd.config` and enter the engine as one event (`RulesLoaded`): state is a fold of
facts, rules included. What changes while contacts are served (who waits, who talks) lives in `engine`.

Times are whole milliseconds (`_ms`); moments are milliseconds since the epoch (`_at_ms`).
"""

from __future__ import annotations

from enum import StrEnum
from typing import NewType, TypeVar

import msgspec

ContactId = NewType("ContactId", str)
AgentId = NewType("AgentId", str)
QueueId = NewType("QueueId", str)
SkillId = NewType("SkillId", str)
RegionId = NewType("RegionId", str)
TeamId = NewType("TeamId", str)
GroupId = NewType("GroupId", str)
EntryId = NewType("EntryId", str)
HoursId = NewType("HoursId", str)
TicketId = NewType("TicketId", str)
LegId = NewType("LegId", str)
PersonId = NewType("PersonId", str)
"""Whoever acts: an agent, a supervisor, an admin, a key of an integrator."""

Identity = NewType("Identity", str)
"""One name of a customer on one channel: `tel:+8613800138000`, `chat:v-81c2`, `account:4711`."""

OfferId = NewType("OfferId", int)
"""Counted by the engine from 1, never used twice in a zone. An assignment bears the id of its offer."""


_E = TypeVar("_E", bound=StrEnum)


def quick(words: type[_E]) -> type[_E]:
    """Make the members plain attributes of their class, as Python 3.12 does by itself.

    Python 3.11 reads each through a descriptor: 200 ns instead of 30, and a decision reads dozens.
    """
    for word in words:
        type.__setattr__(words, word.name, word)
    return words


@quick
class Channel(StrEnum):
    """How a contact reaches us. Capacity is counted per channel."""

    VOICE = "voice"
    CHAT = "chat"


@quick
class Origin(StrEnum):
    """Why a contact exists."""

    INBOUND = "inbound"
    RETURN_CALL = "return_call"


@quick
class Link(StrEnum):
    """Something of an agent that must be alive before a contact can reach them."""

    DESK = "desk"
    PHONE = "phone"
    MICROPHONE = "microphone"


@quick
class Presence(StrEnum):
    """What the agent has declared. Being busy is computed from assignments, never stored here."""

    SIGNED_OUT = "signed_out"
    NOT_READY = "not_ready"
    READY = "ready"


@quick
class ContactState(StrEnum):
    """Where a contact stands; it is in exactly one of these."""

    WAITING = "waiting"
    OFFERED = "offered"
    ASSIGNED = "assigned"
    INTAKE = "intake"
    """With the bot; the place in the line is kept until the bot has taken the matter down."""
    ENDED = "ended"


@quick
class OfferState(StrEnum):
    """An offer is open, or has exactly one of these outcomes."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    WITHDRAWN = "withdrawn"
    LOST_RACE = "lost_race"


@quick
class AssignmentState(StrEnum):
    """An accepted offer, from pick-up to disposition."""

    CONNECTING = "connecting"
    TALKING = "talking"
    HELD = "held"
    WRAP_UP = "wrap_up"
    DONE = "done"


@quick
class Outcome(StrEnum):
    """How a contact ended; every contact ends in exactly one."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    OVERFLOWED = "overflowed"
    REFUSED = "refused"
    """Turned away at the door: unknown entry, closed, full. Never joined a line."""
    UNREACHED = "unreached"
    """A return call whose customer could not be reached in all its tries, or was merged into another."""


@quick
class Strategy(StrEnum):
    """A queue's way of ranking eligible agents; ties go on as DESIGN section 3 says, in the end by id."""

    LONGEST_IDLE = "longest_idle"
    LEAST_BUSY = "least_busy"
    FEWEST_CONTACTS = "fewest_contacts"
    MOST_PROFICIENT = "most_proficient"
    LEAST_SKILLED = "least_skilled"
    ROUND_ROBIN = "round_robin"
    WEIGHTED = "weighted"
    RING_ALL = "ring_all"


@quick
class Reach(StrEnum):
    """Which regions a step looks in, seen from the contact's own."""

    HOME = "home"
    NEIGHBOURS = "neighbours"
    """The home region and its neighbours."""
    ALL = "all"


@quick
class WrapUpMode(StrEnum):
    """What stands between the end of a talk and the next offer."""

    NONE = "none"
    OPTIONAL = "optional"
    """The agent is free at once; a disposition may still be given within `limit_ms`."""
    MANDATORY = "mandatory"
    """Until the agent gives a disposition; no time limit."""
    TIMED = "timed"
    """Until a disposition or `limit_ms`, whichever is first; then the default disposition is stored."""
    ON_REQUEST = "on_request"
    """Free at once unless the agent asked for wrap-up while talking; then as TIMED."""


@quick
class OverflowAction(StrEnum):
    """Where an overflow leads."""

    INTAKE = "intake"
    RETURN_CALL = "return_call"
    QUEUE = "queue"
    MESSAGE_AND_END = "message_and_end"


@quick
class MonitorMode(StrEnum):
    """How a supervisor takes part in a live contact."""

    MONITOR = "monitor"
    WHISPER = "whisper"
    BARGE = "barge"
    TAKE_OVER = "take_over"


class Label(msgspec.Struct, frozen=True):
    """What people see and hear, in both languages of the house."""

    en: str = ""
    zh: str = ""


class SkillNeed(msgspec.Struct, frozen=True):
    """One skill at a least proficiency, 1 to 5, more is better."""

    skill: SkillId
    proficiency_min: int = 1


class Needs(msgspec.Struct, frozen=True):
    """What a contact asks of an agent.

    `required` is a choice of conjunctions (disjunctive normal form): the agent must hold every skill of at
    least one alternative. An empty tuple asks for nothing. `preferred` skills are asked for too, until a
    step drops them.
    """

    required: tuple[tuple[SkillNeed, ...], ...] = ()
    preferred: tuple[SkillNeed, ...] = ()


class Step(msgspec.Struct, frozen=True):
    """One step of relaxation, in force from `after_ms` of waiting. Steps only ever ask for less.

    `proficiency_less` is subtracted from every required proficiency, never below 1.
    """

    after_ms: int = 0
    reach: Reach = Reach.ALL
    proficiency_less: int = 0
    preferred_dropped: tuple[SkillId, ...] = ()


class Reserve(msgspec.Struct, frozen=True):
    """A group of agents who serve the queue only while it is in need.

    Borrowed when the head's wait or the estimated wait reaches `borrow_ms`; given back when both are under
    `release_ms` (less than `borrow_ms`: the hysteresis).
    """

    group: GroupId
    borrow_ms: int
    release_ms: int


class Delays(msgspec.Struct, frozen=True):
    """How long an agent is passed over for a contact after an offer that failed, by the way in which it failed.

    None: as `QueueRules.refusal_memory_ms` says. An offer that was withdrawn or has lost a race is no failure.
    """

    declined_ms: int | None = None
    no_answer_ms: int | None = None
    busy_ms: int | None = None
    unreachable_ms: int | None = None

    def of(self, outcome: OfferState) -> int | None:
        """The delay after this outcome; None where nothing is said."""
        known = {
            OfferState.DECLINED: self.declined_ms,
            OfferState.NO_ANSWER: self.no_answer_ms,
            OfferState.BUSY: self.busy_ms,
            OfferState.UNREACHABLE: self.unreachable_ms,
        }
        return known.get(outcome)


class Spill(msgspec.Struct, frozen=True):
    """Widening by load: while too many wait for too few at home, contacts reach further at once.

    The load of a region in a queue is the number of contacts from there in its line, in percent of the ready agents
    from there who serve it, at work or not; with nobody ready it is endless as soon as one waits. The spill begins
    at `begin_percent` and ends under `end_percent` (less: the hysteresis). A fence holds all the same.
    """

    reach: Reach = Reach.ALL
    begin_percent: int = 100
    end_percent: int = 50


class WrapUp(msgspec.Struct, frozen=True):
    """Rule for the time after a contact; `limit_ms` of 0 with TIMED means none."""

    mode: WrapUpMode = WrapUpMode.TIMED
    limit_ms: int = 30_000
    extend_ms: int = 30_000
    extensions_max: int = 2


class Disposition(msgspec.Struct, frozen=True):
    """An outcome an agent may pick.

    `path` places it in the tree: `delivery/late`. Closes a linked ticket if `solves`.
    """

    path: str
    label: Label = Label()
    solves: bool = False


class OverflowRule(msgspec.Struct, frozen=True):
    """When a waiting contact may leave its line, and where to.

    Conditions that are None do not count; those given must all hold. `wish` fires only when the customer
    asks for it (key or button). `offered` asks the customer first, who may decline and keeps the place;
    asked again `again_ms` later, None meaning never again. `answer_ms` without an answer is a decline.
    """

    name: str
    action: OverflowAction
    wait_ms: int | None = None
    estimated_wait_ms: int | None = None
    length: int | None = None
    nobody_staffed: bool = False
    closed: bool = False
    wish: bool = False
    offered: bool = True
    again_ms: int | None = 60_000
    answer_ms: int = 15_000
    to_queue: QueueId | None = None
    message: str = ""
    """Name of the prompt that is played, for MESSAGE_AND_END."""


class RepeatPolicy(msgspec.Struct, frozen=True):
    """What being a repeat caller changes; recognition itself is a fact for every contact."""

    head_start_ms: int = 0
    same_agent_patience_ms: int = 0
    """0: no preference for the last agent."""
    never_to_bot: bool = False
    flag_supervisor: bool = True


class ReturnCallPolicy(msgspec.Struct, frozen=True):
    """How booked return calls are made."""

    customer_first: bool = False
    tries_max: int = 3
    retry_ms: int = 600_000
    ring_ms: int = 30_000


class QueueRules(msgspec.Struct, frozen=True):
    """Everything that routing must know of one queue."""

    queue: QueueId
    label: Label = Label()
    channels: tuple[Channel, ...] = (Channel.VOICE, Channel.CHAT)
    strategy: Strategy = Strategy.LONGEST_IDLE
    needs: Needs = Needs()
    steps: tuple[Step, ...] = (Step(),)
    """Sorted by `after_ms`, the first at 0; at most 10."""
    fence: bool = False
    """True keeps contacts inside their region whatever the steps say."""
    reserves: tuple[Reserve, ...] = ()
    spill: Spill | None = None
    offer_ms: int = 20_000
    refusal_memory_ms: int = 60_000
    """How long an agent who refused a contact is passed over for that contact."""
    delays: Delays = Delays()
    """The same for each outcome by itself."""
    rona_rest: bool = True
    """True: an unanswered offer sets the agent not_ready with the reason `rona`."""
    wrap_up: WrapUp = WrapUp()
    dispositions: tuple[Disposition, ...] = ()
    disposition_default: str = ""
    head_start_ms: int = 0
    sticky_patience_ms: int = 0
    """How long a contact waits for its owner alone before the pool is asked; 0: no owner is asked for."""
    repeat: RepeatPolicy = RepeatPolicy()
    overflow: tuple[OverflowRule, ...] = ()
    return_calls: ReturnCallPolicy = ReturnCallPolicy()
    length_max: int = 10_000
    """How many may wait; 0: only who finds an agent at once comes in."""
    hours: HoursId | None = None
    threshold_ms: int = 20_000
    """Service level: answered within this."""
    short_abandon_ms: int = 5_000
    announce_ms: int = 30_000
    """How often position and estimate are told to a waiting customer; 0: never."""


class EntryRules(msgspec.Struct, frozen=True):
    """A dialled number or a page: where it leads."""

    entry: EntryId
    queue: QueueId
    channel: Channel = Channel.VOICE
    language: str = "en"
    region: RegionId | None = None
    needs: Needs = Needs()
    """Asked for in addition to the queue's."""
    head_start_ms: int = 0


class RegionRules(msgspec.Struct, frozen=True):
    """A region of the pool and those next to it."""

    region: RegionId
    label: Label = Label()
    neighbours: tuple[RegionId, ...] = ()


class QueueServed(msgspec.Struct, frozen=True):
    """That an agent serves a queue. `preference_ms` is the head start its contacts get with this agent."""

    queue: QueueId
    preference_ms: int = 0


class Blend(msgspec.Struct, frozen=True):
    """While holding `holding`, the agent may be offered contacts of `admits` (within capacity)."""

    holding: Channel
    admits: tuple[Channel, ...] = ()


class AgentRules(msgspec.Struct, frozen=True):
    """One agent as the rules know them."""

    agent: AgentId
    name: str = ""
    region: RegionId = RegionId("")
    team: TeamId = TeamId("")
    skills: dict[SkillId, int] = {}
    queues: tuple[QueueServed, ...] = ()
    """In the agent's order; an empty tuple serves no queue."""
    capacity: dict[Channel, int] = msgspec.field(default_factory=lambda: {Channel.VOICE: 1, Channel.CHAT: 3})
    blends: tuple[Blend, ...] = (Blend(Channel.CHAT, (Channel.CHAT,)),)
    """A channel that is not named as `holding` admits nothing while it is held."""
    groups: tuple[GroupId, ...] = ()
    weight: int = 1


class Rules(msgspec.Struct, frozen=True):
    """All rules of a zone under one version. Contacts keep the queue rules they entered under."""

    version: int
    queues: tuple[QueueRules, ...] = ()
    entries: tuple[EntryRules, ...] = ()
    regions: tuple[RegionRules, ...] = ()
    agents: tuple[AgentRules, ...] = ()
    skills: tuple[SkillId, ...] = ()
    repeat_window_ms: int = 7 * 24 * 3_600_000
    repeat_visits_kept: int = 5
    desk_grace_ms: int = 30_000
    """How long a lost desk may stay away before its agent is set not_ready with the reason `connection_lost`."""
    connect_limit_ms: int = 15_000
    """An accepted offer that is not connected by then has failed."""
    intake_limit_ms: int = 900_000
    """How long a contact may be with the bot before it is taken back into the line."""
    leave_limit_ms: int = 60_000
    """How long a transfer to a number outside may take without word from the adapter."""
    contacts_max: int = 200_000
    identities_max: int = 1_000_000


class Visit(msgspec.Struct, frozen=True, gc=False):
    """An earlier contact of the same customer; with `origin` return_call one of ours, which is not counted."""

    contact: ContactId
    at_ms: int
    channel: Channel
    queue: QueueId
    outcome: Outcome
    agent: AgentId | None = None
    disposition: str = ""
    origin: Origin = Origin.INBOUND
    ticket: TicketId | None = None
    is_solved: bool = False
    """The disposition is one that solves."""


class Repeat(msgspec.Struct, frozen=True):
    """That a customer was here before, inside the window: how often, and the latest visits, newest first."""

    count: int
    """Times that they came by themselves; at least 1."""
    visits: tuple[Visit, ...]
    is_recurring: bool = False
    """The latest matter was closed as solved, and they come again."""


class Decision(msgspec.Struct, frozen=True):
    """Why this agent and this contact met. Ranks compare as tuples; the lower one is chosen.

    `removed` counts, filter by filter in the order of DESIGN section 3, the agents that each took out:
    signed_out, not_ready, unreachable, no_capacity, queue, needs, region, refused.
    """

    trigger: str
    """What made us look: arrival, agent_free, step, offer_failed, moved, rules."""
    strategy: Strategy
    step: int
    waited_ms: int
    eligible: int
    removed: dict[str, int]
    rank: tuple[int | str, ...] = ()
    runner_up: AgentId | None = None
    runner_up_rank: tuple[int | str, ...] = ()
    waiting: int = 0
    """How many contacts waited in this agent's queues when an agent chose."""
    passed_over: tuple[tuple[ContactId, str], ...] = ()
    """Contacts that stood nearer and were not chosen, with the reason; at most 5."""
    sticky: bool = False
    rules_version: int = 0
