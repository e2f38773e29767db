"""Who is free, and who waits, by what is asked: the two sides that matching brings together.

A requirement is what the contacts of a queue ask for: the plan of the queue, needs, channel, links. Each agent
who can ever serve it stands in exactly one of its cells: (first step at which their skills are enough, region,
reserve group). A contact at step k looks at the heads of the cells up to k whose region the step reaches; a
freed agent looks at the sorted heads of the ranks of their requirements. Neither agents nor waiting contacts
enter the cost. All of this is an index: it is made anew from the state at any time, and never hashed.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from heapq import heapify, heappop, heappush
from typing import Final

from acd.routing.capacity import Capacity, capacity_key
from acd.routing.contact import Contact
from acd.routing.line import Rank
from acd.routing.model import Channel, GroupId, Needs, QueueId, RegionId, SkillId
from acd.routing.plans import NEVER, WIDTHS, Plan, near_regions
from acd.routing.state import CHANNEL_BITS, Agent, State
from acd.routing.strategies import PLAIN, RANK_MASK, SHARED, agent_key
from acd.routing.timers import SIFTED

LIMIT_MIN: Final = 64
"""A cell's heap is sifted when it has outgrown this, or twice what was live."""
REQUIREMENTS_MAX: Final = 4096
"""Beyond this many, requirements for which nobody waits are forgotten."""


class Tally:
    """Of all agents: how many are ready and have the links of a mask, and how many are free for it as well."""

    __slots__ = ("linked", "links", "mask", "open")

    def __init__(self, mask: int) -> None:
        self.mask = mask
        self.links = mask & 7
        self.linked = 0
        self.open = 0


class Cell:
    """Agents alike for a requirement; a heap of keys of those who are free, dead keys left to lie.

    A cell without requirement only counts: all free agents of a queue.
    """

    __slots__ = ("count", "group", "heap", "limit", "mask", "old", "region", "requirement", "sifted", "step")

    def __init__(
        self, requirement: Requirement | None, mask: int, step: int, region: int, group: GroupId | None
    ) -> None:
        self.requirement = requirement
        self.mask = mask
        self.step = step
        self.region = region
        self.group = group
        self.count = 0
        self.heap: list[int] = []
        self.old: list[int] = []
        """A heap that is being sifted into the other, a few keys with each that comes: see `timers.Alarms`."""
        self.sifted: set[int] = set()
        """What came into the new heap while the old one is sifted: whoever came and went has keys there twice."""
        self.limit = LIMIT_MIN

    def enter(self, key: int, state: State) -> None:
        """A free agent stands here under this key."""
        if self.old:
            self._keep(key)
            self._sift(state)
            return
        heappush(self.heap, key)
        if len(self.heap) > self.limit:
            self.heap, self.old, self.sifted = [], self.heap, set()

    def _keep(self, key: int) -> None:
        if key not in self.sifted:
            self.sifted.add(key)
            heappush(self.heap, key)

    def head(self, state: State) -> int:
        """The lowest live key; only to be asked when `count` is not 0."""
        heap, mask, by_rank, requirement = self.heap, self.mask, state.by_rank, self.requirement
        assert requirement is not None
        if self.old:
            return self._head_of_both(state)
        plain = requirement.is_plain
        while True:
            key = heap[0]
            agent = by_rank[key & RANK_MASK]
            if agent.mask & mask == mask and key == (agent.key if plain else agent_key(agent, requirement)):
                return key
            heappop(heap)

    def is_live(self, key: int, state: State) -> bool:
        """Whether the agent of this key is free and stands here under this very key."""
        agent = state.by_rank[key & RANK_MASK]
        assert self.requirement is not None
        return agent.mask & self.mask == self.mask and key == agent_key(agent, self.requirement)

    def live_keys(self, state: State) -> list[int]:
        """All live keys, lowest first."""
        return [key for key in sorted({*self.heap, *self.old}) if self.is_live(key, state)]

    def _head_of_both(self, state: State) -> int:
        heads = []
        for heap in (self.heap, self.old):
            while heap and not self.is_live(heap[0], state):
                self.sifted.discard(heappop(heap))
            heads += heap[:1]
        return min(heads)

    def _sift(self, state: State) -> None:
        old = self.old
        for _ in range(min(SIFTED, len(old))):
            key = old.pop()
            if self.is_live(key, state):
                self._keep(key)
        if not old:
            self.limit = max(LIMIT_MIN, 2 * len(self.heap))

    def second(self, state: State) -> int | None:
        """The lowest live key after the head, or None. The head must be live."""
        if self.count < 2:
            return None
        first = self.head(state)
        for heap in (self.heap, self.old):
            while heap and heap[0] == first:
                heappop(heap)
        key = self.head(state)
        heappush(self.heap, first)
        return key

    def expel(self, agent: Agent) -> None:
        """An agent who stood here has other skills or queues now."""
        self.heap = [key for key in (*self.heap, *self.old) if key & RANK_MASK != agent.rank]
        self.old = []
        heapify(self.heap)


class Requirement:
    """What some contacts of a queue ask for, and both sides of it."""

    __slots__ = (
        "cells", "channel", "everyone", "from_rules", "head_ranks", "heads", "is_plain", "links", "mask", "needs",
        "plan", "queue", "ranks", "reach", "skills", "strategy", "tally", "tiers", "waiting",
    )  # fmt: skip

    def __init__(
        self, plan: Plan, needs: Needs, channel: Channel, links: int, tally: Tally, everyone: Cell
    ) -> None:
        self.plan = plan
        self.queue: QueueId = plan.rules.queue
        self.needs = needs
        self.channel = channel
        self.links = links
        self.mask = CHANNEL_BITS[channel] | links
        self.strategy = plan.rules.strategy
        self.is_plain = self.strategy in PLAIN
        self.skills: tuple[SkillId, ...] = tuple(
            dict.fromkeys(
                [need.skill for alternative in needs.required for need in alternative]
                + [need.skill for need in needs.preferred]
            )
        )
        self.tally = tally
        self.everyone = everyone
        self.cells: dict[tuple[int, int, GroupId | None], Cell] = {}
        self.tiers: dict[tuple[int, int], tuple[Cell, ...]] = {}
        self.reach: dict[int, dict[int, int]] = {}
        """For a contact's region: each agent's region to the first step that reaches it."""
        self.ranks: dict[tuple[int, int], Rank] = {}
        self.heads: list[int] = []
        self.head_ranks: dict[int, Rank] = {}
        self.waiting = 0
        self.from_rules = False


class Pools:
    """All requirements of a zone."""

    def __init__(self, state: State) -> None:
        rules = state.rules
        regions = rules.regions if rules is not None else ()
        self.state = state
        self.compares_shares = rules is not None and any(queue.strategy in SHARED for queue in rules.queues)
        """Whether some queue ranks agents by shares of their time."""
        self.near = near_regions(regions)
        self.names = [rule.region for rule in regions]
        self.requirements: dict[tuple[int, Needs, Channel, int], Requirement] = {}
        self.by_queue: dict[QueueId, list[Requirement]] = {}
        self.by_group: dict[GroupId, list[Requirement]] = {}
        self.tallies: dict[int, Tally] = {}
        self.everyone: dict[tuple[QueueId, int], Cell] = {}
        self.plan_serials: dict[int, tuple[Plan, int]] = {}
        self.by_identity: dict[tuple[int, int, Channel, int], tuple[Needs, Requirement]] = {}
        self.skilled: dict[SkillId, list[Agent]] = {}
        self.serving: dict[QueueId, list[Agent]] = {}
        self.grouped: dict[GroupId, list[Agent]] = {}
        self.capacities: dict[object, Capacity] = {}
        self.queue_sets: dict[object, dict[QueueId, int]] = {}

    # --- agents ---------------------------------------------------------------------------------------

    def add_agent(self, agent: Agent) -> None:
        """Take note of an agent's skills, queues and groups; requirements made before must be told by `fit`."""
        for skill in agent.skills:
            self.skilled.setdefault(skill, []).append(agent)
        for queue in agent.queues:
            self.serving.setdefault(queue, []).append(agent)
        for group in agent.groups:
            self.grouped.setdefault(group, []).append(agent)

    def capacity_of(self, agent: Agent) -> Capacity:
        """The limits that agents with the same rules share."""
        key = capacity_key(agent.rules)
        capacity = self.capacities.get(key)
        if capacity is None:
            capacity = self.capacities[key] = Capacity(agent.rules.capacity, agent.rules.blends)
        return capacity

    def share_queues(self, queues: dict[QueueId, int]) -> dict[QueueId, int]:
        """The one dictionary that all agents with the same queues share; nobody may change it."""
        return self.queue_sets.setdefault(tuple(queues.items()), queues)

    def fit(self, agent: Agent) -> None:
        """Put an agent, who must not be free in any cell, into the right cells of all requirements."""
        for cell in agent.cells:
            if cell.requirement is not None:
                cell.expel(agent)
        cells: list[Cell] = []
        for queue in agent.queues:
            for (of_queue, _), everyone in self.everyone.items():
                if of_queue == queue:
                    cells.append(everyone)
            for requirement in self.by_queue.get(queue, ()):
                own = self._cell_for(requirement, agent)
                if own is not None:
                    cells.append(own)
        for group in agent.groups:
            for requirement in self.by_group.get(group, ()):
                if requirement.queue not in agent.queues:
                    own = self._cell_for(requirement, agent)
                    if own is not None and own not in cells:
                        cells.append(own)
        agent.cells = tuple(cells)

    # --- requirements ---------------------------------------------------------------------------------

    def requirement_for(self, plan: Plan, needs: Needs, channel: Channel, links: int) -> Requirement:
        """The requirement of a contact, made at first use."""
        by_identity = (id(plan), id(needs), channel, links)
        known = self.by_identity.get(by_identity)
        if known is not None:
            return known[1]
        serial = self.plan_serials.setdefault(id(plan), (plan, len(self.plan_serials)))[1]
        key = (serial, needs, channel, links)
        requirement = self.requirements.get(key)
        if requirement is None:
            if len(self.requirements) >= REQUIREMENTS_MAX:
                self._forget_unused()
            requirement = self._build(plan, needs, channel, links)
            self.requirements[key] = requirement
        if len(self.by_identity) >= REQUIREMENTS_MAX:
            self.by_identity.clear()
        # The needs are held with their requirement, so the number stays theirs.
        self.by_identity[by_identity] = (needs, requirement)
        return requirement

    def tier(self, requirement: Requirement, region: int, step: int) -> tuple[Cell, ...]:
        """The cells that a contact from `region` may be served from at `step`."""
        tier = requirement.tiers.get((region, step))
        if tier is None:
            reach = self.reach(requirement, region)
            tier = requirement.tiers[region, step] = tuple(
                cell
                for cell in requirement.cells.values()
                if cell.step <= step and reach.get(cell.region, NEVER) <= step
            )
        return tier

    def reach(self, requirement: Requirement, region: int) -> dict[int, int]:
        """For each region of agents the first step that reaches it from `region` (-1: everywhere at once)."""
        reach = requirement.reach.get(region)
        if reach is None:
            plan = requirement.plan
            spilled = self._spill_width(requirement, region)
            reach = {-1: 0 if region < 0 or spilled >= 2 else plan.step_of_width(2)}
            for other in range(len(self.near)):
                width = -1 if region < 0 else self.near[region][other]
                reach[other] = 0 if width <= spilled else plan.step_of_width(width)
            requirement.reach[region] = reach
        return reach

    def _spill_width(self, requirement: Requirement, region: int) -> int:
        """How far contacts from a region reach at once, whatever their step: -1 not at all, unless it spills."""
        queue = self.state.queues.get(requirement.queue)
        if queue is None or not queue.spilled or queue.plan.rules.spill is None or region < 0:
            return -1
        if requirement.plan.rules.fence or self.names[region] not in queue.spilled:
            return -1
        return WIDTHS[queue.plan.rules.spill.reach]

    def forget_reach(self, queue: QueueId, region: int) -> None:
        """A spill of this region has begun or ended: what was reached from there is to be found out anew."""
        for requirement in self.by_queue.get(queue, ()):
            requirement.reach.pop(region, None)
            for tier in [tier for tier in requirement.tiers if tier[0] == region]:
                del requirement.tiers[tier]

    def region_number(self, region: RegionId | None) -> int:
        """The number of a region; -1 for none and for one that the rules do not know."""
        return -1 if region is None else self.state.regions.get(region, -1)

    # --- waiting contacts -----------------------------------------------------------------------------

    def join(self, contact: Contact) -> None:
        """A contact waits, visible to the whole pool."""
        requirement = self.requirement_for(contact.plan, contact.needs, contact.channel, contact.links)
        place = (self.region_number(contact.region), contact.head_start_ms)
        rank = requirement.ranks.get(place)
        if rank is None:
            rank = requirement.ranks[place] = Rank(place[0], place[1], requirement)
        contact.rank = rank
        before = rank.first()
        rank.join(contact.key)
        requirement.waiting += 1
        if before is None or contact.key < before:
            self._set_head(requirement, rank, before)

    def leave(self, contact: Contact) -> None:
        """A contact waits no more."""
        rank = contact.rank
        assert rank is not None
        requirement = rank.requirement
        contact.rank = None
        before = rank.first()
        rank.leave(contact.key)
        requirement.waiting -= 1
        if contact.key == before:
            self._set_head(requirement, rank, before)
            if not rank.length:
                del requirement.ranks[rank.region, rank.head_start_ms]

    def _set_head(self, requirement: Requirement, rank: Rank, before: int | None) -> None:
        heads = requirement.heads
        if before is not None:
            del heads[bisect_left(heads, before)]
            del requirement.head_ranks[before]
        head = rank.first()
        if head is not None:
            insort(heads, head)
            requirement.head_ranks[head] = rank

    # --- making ---------------------------------------------------------------------------------------

    def _build(self, plan: Plan, needs: Needs, channel: Channel, links: int) -> Requirement:
        mask = CHANNEL_BITS[channel] | links
        queue = plan.rules.queue
        tally = self._tally(mask)
        everyone = self._everyone(queue, mask)
        requirement = Requirement(plan, needs, channel, links, tally, everyone)
        self.by_queue.setdefault(queue, []).append(requirement)
        groups = [reserve.group for reserve in plan.rules.reserves]
        for group in groups:
            self.by_group.setdefault(group, []).append(requirement)
        for agent in self._candidates(queue, groups, needs):
            cell = self._cell_for(requirement, agent)
            if cell is not None and cell not in agent.cells:
                agent.cells = (*agent.cells, cell)
                if agent.mask & mask == mask:
                    cell.count += 1
                    cell.heap.append(agent_key(agent, requirement))
        for cell in requirement.cells.values():
            heapify(cell.heap)
            cell.limit = max(LIMIT_MIN, 2 * len(cell.heap))
        return requirement

    def _candidates(self, queue: QueueId, groups: list[GroupId], needs: Needs) -> Iterable[Agent]:
        """Agents who might hold one alternative, by its rarest skill; a preferred skill rules nobody out for good."""
        if not needs.required:
            yield from self.serving.get(queue, ())
        for alternative in needs.required:
            holders: list[Agent] = self.serving.get(queue, [])
            for need in alternative:
                skilled = self.skilled.get(need.skill, [])
                if len(skilled) < len(holders):
                    holders = skilled
            yield from holders
        for group in groups:
            yield from self.grouped.get(group, ())

    def _cell_for(self, requirement: Requirement, agent: Agent) -> Cell | None:
        plan = requirement.plan
        group: GroupId | None = None
        if requirement.queue not in agent.queues:
            for reserve in plan.rules.reserves:
                if reserve.group in agent.groups:
                    group = reserve.group
                    break
            else:
                return None
        step = plan.step_of_skills(requirement.needs, agent.skills)
        if step == NEVER:
            return None
        place = (step, agent.region, group)
        cell = requirement.cells.get(place)
        if cell is None:
            cell = requirement.cells[place] = Cell(requirement, requirement.mask, step, agent.region, group)
            requirement.tiers.clear()
        return cell

    def _tally(self, mask: int) -> Tally:
        tally = self.tallies.get(mask)
        if tally is None:
            tally = self.tallies[mask] = Tally(mask)
            for agent in self.state.by_rank:
                if agent.status == 2 and agent.mask & tally.links == tally.links:
                    tally.linked += 1
                    if agent.mask & mask == mask:
                        tally.open += 1
        return tally

    def _everyone(self, queue: QueueId, mask: int) -> Cell:
        everyone = self.everyone.get((queue, mask))
        if everyone is None:
            everyone = self.everyone[queue, mask] = Cell(None, mask, 0, -1, None)
            for agent in self.serving.get(queue, ()):
                if queue in agent.queues and everyone not in agent.cells:
                    agent.cells = (*agent.cells, everyone)
                    if agent.mask & mask == mask:
                        everyone.count += 1
        return everyone

    def _forget_unused(self) -> None:
        """At the limit: requirements that came with contacts and for which nobody waits are dropped."""
        dropped = {
            key: requirement
            for key, requirement in self.requirements.items()
            if not requirement.waiting and not requirement.from_rules
        }
        for key, requirement in dropped.items():
            del self.requirements[key]
            self.by_queue[requirement.queue].remove(requirement)
            for reserve in requirement.plan.rules.reserves:
                self.by_group[reserve.group].remove(requirement)
        gone = {id(requirement) for requirement in dropped.values()}
        self.by_identity = {
            place: known for place, known in self.by_identity.items() if id(known[1]) not in gone
        }
        for agent in self.state.by_rank:
            if any(id(cell.requirement) in gone for cell in agent.cells):
                agent.cells = tuple(cell for cell in agent.cells if id(cell.requirement) not in gone)
