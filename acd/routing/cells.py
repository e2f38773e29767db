"""Free agents alike for a requirement, in the order of its queue.

An agent who becomes free leaves a key in each of their cells; a key lives as long as the agent is free and still
bears it. Dead keys are left to lie: they go when they come up, or when their heap is sifted.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from acd.routing.keys import RANK_MASK
from acd.routing.strategies import value_of

if TYPE_CHECKING:
    from acd.routing.model import GroupId
    from acd.routing.pools import Requirement
    from acd.routing.state import Agent, State

LIMIT_MIN: Final = 64
"""A cell's heap is sifted when it has outgrown this, or twice what was live."""
SIFTED: Final = 4
"""How many old keys are looked at with each that comes."""

NO_MEMO: Final[dict[int, int]] = {}
"""Shared by all cells of which nothing is known yet; nobody writes here."""

K = TypeVar("K", int, tuple[int, int])


class Count:
    """How many free agents a queue has under a mask."""

    __slots__ = ("count", "mask")

    def __init__(self, mask: int) -> None:
        self.mask = mask
        self.count = 0


class Cell(Count, Generic[K]):
    """Agents who stand alike towards a requirement: enough from the same step on, same region, same group."""

    __slots__ = (
        "group",
        "heap",
        "limit",
        "needs",
        "old",
        "region",
        "requirement",
        "sifted",
        "staffed",
        "step",
    )

    def __init__(self, requirement: Requirement, step: int, region: int, group: GroupId | None) -> None:
        super().__init__(requirement.mask)
        self.requirement = requirement
        self.step = step
        self.region = region
        self.group = group
        self.heap: list[K] = []
        self.old: list[K] | None = None
        """A heap that is being sifted into the other, a few keys with each that comes: see `timers.Heap`."""
        self.sifted: set[K] | None = None
        """What came into the new heap while the old one is sifted: whoever came and went has keys there twice."""
        self.limit = LIMIT_MIN
        self.needs = NO_MEMO
        """Memo: by a contact's region the first step at which its agents are enough and in reach."""
        self.staffed = 0
        """Ready agents who stand here when they are free."""

    def key_of(self, agent: Agent) -> K:
        """The agent's key here; the lowest is chosen."""
        raise NotImplementedError

    def agent_of(self, key: K, state: State) -> Agent:
        """Whose key this is, or was."""
        raise NotImplementedError

    def enter(self, agent: Agent, state: State) -> None:
        """A free agent stands here under a new key."""
        if self.old:
            self._keep(self.key_of(agent))
            self._sift(state)
            return
        heappush(self.heap, self.key_of(agent))
        if len(self.heap) > self.limit:
            self.heap, self.old, self.sifted = [], self.heap, set()

    def head(self, state: State) -> Agent:
        """Who comes first; only to be asked when `count` is not 0."""
        heaps = [self.heap, self.old] if self.old else [self.heap]
        heads = []
        for heap in heaps:
            while heap and not self.is_live(heap[0], state):
                key = heappop(heap)
                if self.sifted is not None:
                    self.sifted.discard(key)
            heads += heap[:1]
        return self.agent_of(min(heads), state)

    def second(self, state: State) -> Agent | None:
        """Who comes after the first, or None."""
        if self.count < 2:
            return None
        first = self.key_of(self.head(state))
        for heap in (self.heap, self.old):
            while heap and heap[0] == first:
                heappop(heap)
        second = self.head(state)
        heappush(self.heap, first)
        return second

    def is_live(self, key: K, state: State) -> bool:
        """Whether the agent of this key is free and stands here under this very key."""
        agent = self.agent_of(key, state)
        return agent.mask & self.mask == self.mask and key == self.key_of(agent)

    def agents(self, state: State) -> list[Agent]:
        """All free agents here, in order."""
        keys = {*self.heap, *(self.old or ())}
        return [self.agent_of(key, state) for key in sorted(keys) if self.is_live(key, state)]

    def fill(self, agents: list[Agent]) -> None:
        """Begin with these agents, all free."""
        self.heap = [self.key_of(agent) for agent in agents]
        heapify(self.heap)
        self.limit = max(LIMIT_MIN, 2 * len(self.heap))
        self.count = len(agents)

    def expel(self, agent: Agent, state: State) -> None:
        """An agent who stood here has other skills or queues now."""
        self.heap = [key for key in (*self.heap, *(self.old or ())) if self.agent_of(key, state) is not agent]
        self.old = self.sifted = None
        heapify(self.heap)

    def _keep(self, key: K) -> None:
        assert self.sifted is not None
        if key not in self.sifted:
            self.sifted.add(key)
            heappush(self.heap, key)

    def _sift(self, state: State) -> None:
        old = self.old
        assert old is not None
        for _ in range(min(SIFTED, len(old))):
            key = old.pop()  # the last of a heap may always go
            if self.is_live(key, state):
                self._keep(key)
        if not old:
            self.old = self.sifted = None
            self.limit = max(LIMIT_MIN, 2 * len(self.heap))


class PlainCell(Cell[int]):
    """In the order of idle time alone."""

    __slots__ = ()

    def key_of(self, agent: Agent) -> int:
        """Moment of the last release, then id."""
        return agent.key

    def agent_of(self, key: int, state: State) -> Agent:
        """The agent's rank is the lower part of the key."""
        return state.by_rank[key & RANK_MASK]

    def head(self, state: State) -> Agent:
        """As above, in the shortest way: an arrival asks this of many cells."""
        if self.old:
            return super().head(state)
        heap, mask, by_rank = self.heap, self.mask, state.by_rank
        while True:
            key = heap[0]
            agent = by_rank[key & RANK_MASK]
            if agent.mask & mask == mask and agent.key == key:
                return agent
            heappop(heap)


class RankedCell(Cell[tuple[int, int]]):
    """In the order of what the queue's strategy counts, then of idle time."""

    __slots__ = ()

    def key_of(self, agent: Agent) -> tuple[int, int]:
        """What the strategy counts, moment of the last release, id."""
        return (value_of(agent, self.requirement), agent.key)

    def agent_of(self, key: tuple[int, int], state: State) -> Agent:
        """The agent's rank is the lower part of the second number."""
        return state.by_rank[key[1] & RANK_MASK]
