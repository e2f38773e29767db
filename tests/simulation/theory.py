"""The engine as a queueing system: Poisson arrivals, exponential talks and patience, against exact values.

The driver is the least there can be around the engine: an offer is accepted and connected in the same
millisecond, there is no wrap-up, and an event happens at the millisecond after its exact time.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import sqrt
from random import Random

from acd.routing import events as e
from acd.routing.engine import Engine
from acd.routing.model import (
    AgentId,
    AgentRules,
    Channel,
    ContactId,
    EntryId,
    EntryRules,
    Needs,
    Presence,
    QueueId,
    QueueRules,
    QueueServed,
    Rules,
    SkillId,
    SkillNeed,
    Strategy,
    WrapUp,
    WrapUpMode,
)
from acd.routing.outputs import AssignmentConnected, ContactTurnedAway, OfferMade, TalkEnded

BATCHES = 10
"""Few and long: what is left of the correlation between two batches falls with their length, not their number."""
T_95 = 2.262
"""Student's t for 9 degrees of freedom, two-sided 95 %."""
START_MS = 1_000_000


@dataclass(frozen=True)
class Kind:
    """Customers of one kind; times in ms, None: endlessly patient. `skills` are those that may serve it."""

    gap_ms: float
    talk_ms: float
    patience_ms: float | None = None
    skill: str = ""
    head_start_ms: int = 0


@dataclass
class Measures:
    """Sums over one batch, by kind."""

    arrived: list[int]
    waited: list[int]
    abandoned: list[int]
    blocked: list[int]
    wait_ms: list[float]
    in_time: list[int]
    idle_ms: dict[int, float] = field(default_factory=dict)
    length_ms: float = 0.0


def rules_of(
    agents: Sequence[Sequence[str]],
    kinds: Sequence[Kind],
    line_max: int,
    strategy: Strategy = Strategy.LONGEST_IDLE,
) -> Rules:
    """One queue; `agents` lists each one's skills; a kind is an entry that asks for its skill."""
    skills = tuple(sorted({SkillId(skill) for each in agents for skill in each}))
    queue = QueueRules(
        QueueId("q"),
        strategy=strategy,
        wrap_up=WrapUp(WrapUpMode.NONE),
        length_max=line_max,
        announce_ms=0,
        refusal_memory_ms=0,
    )
    entries = tuple(
        EntryRules(
            EntryId(str(number)),
            queue.queue,
            head_start_ms=kind.head_start_ms,
            needs=Needs(((SkillNeed(SkillId(kind.skill)),),)) if kind.skill else Needs(),
        )
        for number, kind in enumerate(kinds)
    )
    people = tuple(
        AgentRules(
            AgentId(f"a{number:04}"),
            skills={SkillId(skill): 3 for skill in each},
            queues=(QueueServed(queue.queue),),
            capacity={Channel.VOICE: 1},
        )
        for number, each in enumerate(agents)
    )
    return Rules(1, queues=(queue,), entries=entries, agents=people, skills=skills, repeat_window_ms=0)


class System:
    """Runs calls through the engine and measures batch by batch."""

    def __init__(
        self,
        agents: Sequence[Sequence[str]],
        kinds: Sequence[Kind],
        seed: str,
        line_max: int,
        threshold_ms: float,
        strategy: Strategy = Strategy.LONGEST_IDLE,
    ) -> None:
        self._kinds, self._random, self._threshold_ms = kinds, Random(seed), threshold_ms
        self._engine = Engine()
        self._events: list[tuple[float, int, str, object]] = []
        self._count = 0
        self._waiting: dict[ContactId, tuple[int, float]] = {}
        self._talks: dict[ContactId, int] = {}
        self._agents = len(agents)
        self._idle_since: dict[str, float] = {}
        self._last = float(START_MS)
        self.batches: list[Measures] = []
        self._now = self._fresh()
        self._feed(e.RulesLoaded(rules_of(agents, kinds, line_max, strategy)), START_MS)
        self._feed(e.NodeStarted(1), START_MS)
        for number in range(len(agents)):
            agent = AgentId(f"a{number:04}")
            self._feed(e.AgentSignedIn(agent, "s", Presence.READY), START_MS)
            self._idle_since[agent] = START_MS
        for number in range(len(kinds)):
            self._plan(START_MS + self._draw(kinds[number].gap_ms), "arrive", number)

    def run(self, calls: int) -> list[Measures]:
        """Play `calls` arrivals after a warm-up of one batch; return the batches."""
        arrived, warm, size = 0, calls // BATCHES, calls // BATCHES
        while len(self.batches) < BATCHES:
            at, _, what, whom = heapq.heappop(self._events)
            self._step(at, what, whom)
            if what == "arrive":
                arrived += 1
                if arrived == warm:
                    self._close_batch(at, keep=False)
                elif arrived > warm and (arrived - warm) % size == 0:
                    self._close_batch(at, keep=True)
        return self.batches

    def _fresh(self) -> Measures:
        n = len(self._kinds)
        return Measures([0] * n, [0] * n, [0] * n, [0] * n, [0.0] * n, [0] * n)

    def _draw(self, mean: float) -> float:
        return self._random.expovariate(1.0 / mean)

    def _plan(self, at: float, what: str, whom: object) -> None:
        self._count += 1
        heapq.heappush(self._events, (at, self._count, what, whom))

    def _close_batch(self, at: float, keep: bool) -> None:
        for agent, since in self._idle_since.items():
            self._idle(agent, at - since)
            self._idle_since[agent] = at
        self._now.length_ms = at - self._last
        if keep:
            self.batches.append(self._now)
        self._last, self._now = at, self._fresh()

    def _idle(self, agent: str, spent: float) -> None:
        number = int(agent[1:])
        self._now.idle_ms[number] = self._now.idle_ms.get(number, 0.0) + spent

    def _step(self, at: float, what: str, whom: object) -> None:
        now_ms = int(at) + 1
        if what == "arrive":
            assert isinstance(whom, int)
            self._arrive(whom, at, now_ms)
        elif what == "patience":
            contact = ContactId(str(whom))
            if contact in self._waiting:
                kind, since = self._waiting.pop(contact)
                self._now.abandoned[kind] += 1
                self._now.wait_ms[kind] += at - since
                self._feed(e.CustomerLeft(contact), now_ms, at)
        else:
            self._feed(e.CustomerLeft(ContactId(str(whom))), now_ms, at)

    def _arrive(self, kind: int, at: float, now_ms: int) -> None:
        rules = self._kinds[kind]
        self._plan(at + self._draw(rules.gap_ms), "arrive", kind)
        contact = ContactId(f"c{self._count}")
        self._now.arrived[kind] += 1
        self._waiting[contact] = (kind, at)
        self._feed(e.ContactArrived(contact, "t", Channel.VOICE, EntryId(str(kind))), now_ms, at)
        if contact in self._waiting:
            self._now.waited[kind] += 1
            if rules.patience_ms is not None:
                self._plan(at + self._draw(rules.patience_ms), "patience", contact)

    def _feed(self, event: e.AnyEvent, now_ms: int, at: float | None = None) -> None:
        todo = deque([event])
        while todo:
            for fact in self._engine.handle(todo.popleft(), now_ms).facts:
                if isinstance(fact, OfferMade):
                    todo.append(e.OfferAccepted(fact.offer))
                    todo.append(e.ContactConnected(fact.offer))
                elif isinstance(fact, AssignmentConnected):
                    self._answered(fact, at if at is not None else now_ms)
                elif isinstance(fact, TalkEnded):
                    self._idle_since[fact.agent] = at if at is not None else now_ms
                elif isinstance(fact, ContactTurnedAway):
                    kind, _ = self._waiting.pop(fact.contact)
                    self._now.blocked[kind] += 1

    def _answered(self, fact: AssignmentConnected, at: float) -> None:
        kind, since = self._waiting.pop(fact.contact)
        self._now.wait_ms[kind] += at - since
        self._now.in_time[kind] += at - since <= self._threshold_ms
        self._idle(fact.agent, at - self._idle_since.pop(fact.agent))
        self._plan(at + self._draw(self._kinds[kind].talk_ms), "leave", fact.contact)


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Return mean and half width of the 95 % confidence interval of batch means."""
    mean = sum(values) / len(values)
    variance = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
    return mean, T_95 * sqrt(variance / len(values))
