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
from itertools import chain
from typing import Final

from acd.routing.capacity import Capacity, capacity_key
from acd.routing.cells import NO_MEMO, Count, PlainCell, RankedCell
from acd.routing.contact import Contact
from acd.routing.line import Rank
from acd.routing.model import Channel, GroupId, Needs, QueueId, RegionId, SkillId
from acd.routing.plans import NEVER, WIDTHS, Plan, near_regions
from acd.routing.state import CHANNEL_BITS, Agent, State
from acd.routing.strategies import PLAIN, compares_shares

AnyCell = PlainCell | RankedCell
STEP_BITS: Final = 4
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


class Requirement:
    """What some contacts of a queue ask for, and both sides of it."""

    __slots__ = (
        "cells", "channel", "everyone", "from_rules", "head_ranks", "heads", "is_forgotten", "is_plain", "mask",
        "needs", "plan", "queue", "ranks", "reachable", "strategy", "tally", "up_to", "waiting",
    )  # fmt: skip

    def __init__(
        self, plan: Plan, needs: Needs, channel: Channel, mask: int, tally: Tally, everyone: Count
    ) -> None:
        self.plan = plan
        self.queue: QueueId = plan.rules.queue
        self.needs = needs
        self.channel = channel
        self.mask = mask
        self.strategy = plan.rules.strategy
        self.is_plain = self.strategy in PLAIN
        self.tally = tally
        self.everyone = everyone
        self.cells: dict[int | tuple[int, GroupId], AnyCell] = {}
        """By region and step, and the reserve group if it is one."""
        self.reachable: dict[int, tuple[AnyCell, ...]] = {}
        """Memo: for a contact's region and step the cells that it may be served from."""
        self.up_to: dict[int, tuple[AnyCell, ...]] = {}
        """Memo: the cells of all regions up to a step, reserves left out."""
        self.ranks: dict[tuple[int, int], Rank] = {}
        """By region and head start; those in which somebody waits."""
        self.heads: list[int] = []
        self.head_ranks: dict[int, Rank] = {}
        self.waiting = 0
        self.from_rules = False
        self.is_forgotten = False

    @property
    def skills(self) -> tuple[SkillId, ...]:
        """All skills that the needs name, each once."""
        asked = [need.skill for alternative in self.needs.required for need in alternative]
        return tuple(dict.fromkeys(asked + [need.skill for need in self.needs.preferred]))


class Pools:
    """All requirements of a zone."""

    def __init__(self, state: State) -> None:
        rules = state.rules
        regions = rules.regions if rules is not None else ()
        self.state = state
        self.compares_shares = compares_shares(rules)
        self.near = near_regions(regions)
        self.names = [rule.region for rule in regions]
        self.requirements: dict[tuple[int, Needs, Channel, int], Requirement] = {}
        self.by_queue: dict[QueueId, list[Requirement]] = {}
        self.by_group: dict[GroupId, list[Requirement]] = {}
        self.tallies: dict[int, Tally] = {}
        self.everyone: dict[tuple[QueueId, int], Count] = {}
        self.plan_serials: dict[int, tuple[Plan, int]] = {}
        """Plans that were met, held so that their identities stay theirs."""
        self.reaches: dict[tuple[int, int], dict[int, int]] = {}
        self.by_identity: dict[tuple[int, int, Channel, int], tuple[Needs, Requirement]] = {}
        self.skilled: dict[SkillId, list[Agent]] = {}
        self.serving: dict[QueueId, list[Agent]] = {}
        self.grouped: dict[GroupId, list[Agent]] = {}
        self.capacities: dict[object, Capacity] = {}
        self.queue_sets: dict[object, dict[QueueId, int]] = {}
        self.counts: dict[tuple[QueueId, ...], list[Count]] = {}

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
        return self.queue_sets.setdefault(tuple(chain.from_iterable(queues.items())), queues)

    def counts_of(self, agent: Agent) -> list[Count]:
        """The counts of free agents in which an agent is counted; those with the same queues share the list."""
        queues = tuple(sorted(agent.queues))
        counts = self.counts.get(queues)
        if counts is None:
            counts = self.counts[queues] = [
                everyone for (queue, _), everyone in self.everyone.items() if queue in agent.queues
            ]
        return counts

    def fit(self, agent: Agent) -> None:
        """Put an agent, who must not be free in any cell, into the right cells of all requirements."""
        for cell in agent.cells:
            cell.expel(agent, self.state)
        agent.counts = self.counts_of(agent)
        cells: list[AnyCell] = []
        for queue in agent.queues:
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
        key = (self.plan_number(plan), needs, channel, links)
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

    def cells_for(self, requirement: Requirement, region: int, step: int) -> tuple[AnyCell, ...]:
        """The cells that a contact from `region` may be served from at `step`."""
        place = (region << STEP_BITS) | step
        cells = requirement.reachable.get(place)
        if cells is None:
            reach = self.reach(requirement.plan, region)
            cells = requirement.reachable[place] = tuple(
                cell
                for cell in requirement.cells.values()
                if cell.step <= step and reach.get(cell.region, NEVER) <= step
            )
        return cells

    def cells_up_to(self, requirement: Requirement, step: int) -> tuple[AnyCell, ...]:
        """The cells of all regions whose agents hold the needs at `step`, reserves left out."""
        cells = requirement.up_to.get(step)
        if cells is None:
            cells = requirement.up_to[step] = tuple(
                cell for cell in requirement.cells.values() if cell.group is None and cell.step <= step
            )
        return cells

    def need_of(self, cell: AnyCell, region: int) -> int:
        """The first step at which a contact from `region` may have the agents of a cell."""
        reached = self.reach(cell.requirement.plan, region).get(cell.region, NEVER)
        need = max(reached, cell.step)
        cell.needs = {**cell.needs, region: need}
        return need

    def reach(self, plan: Plan, region: int) -> dict[int, int]:
        """For each region of agents the first step that reaches it from `region` (-1: everywhere at once)."""
        reach = self.reaches.get((id(plan), region))
        if reach is None:
            self.plan_number(plan)
            spilled = self._spill_width(plan, region)
            reach = {-1: 0 if region < 0 or spilled >= 2 else plan.step_of_width(2)}
            for other in range(len(self.near)):
                width = -1 if region < 0 else self.near[region][other]
                reach[other] = 0 if width <= spilled else plan.step_of_width(width)
            self.reaches[id(plan), region] = reach
        return reach

    def _spill_width(self, plan: Plan, region: int) -> int:
        """How far contacts from a region reach at once, whatever their step: -1 not at all, unless it spills."""
        queue = self.state.queues.get(plan.rules.queue)
        if queue is None or not queue.spilled or queue.plan.rules.spill is None or region < 0:
            return -1
        if plan.rules.fence or self.names[region] not in queue.spilled:
            return -1
        return WIDTHS[queue.plan.rules.spill.reach]

    def forget_reach(self, queue: QueueId, region: int) -> None:
        """A spill of this region has begun or ended: what was reached from there is to be found out anew."""
        for plan, _ in self.plan_serials.values():
            if plan.rules.queue == queue:
                self.reaches.pop((id(plan), region), None)
        for requirement in self.by_queue.get(queue, ()):
            for place in [place for place in requirement.reachable if place >> STEP_BITS == region]:
                del requirement.reachable[place]
            for cell in requirement.cells.values():
                cell.needs = NO_MEMO

    def plan_number(self, plan: Plan) -> int:
        """A number for a plan, the same as long as these pools live."""
        return self.plan_serials.setdefault(id(plan), (plan, len(self.plan_serials)))[1]

    def region_number(self, region: RegionId | None) -> int:
        """The number of a region; -1 for none and for one that the rules do not know."""
        return -1 if region is None else self.state.regions.get(region, -1)

    # --- waiting contacts -----------------------------------------------------------------------------

    def rank_of(self, contact: Contact) -> Rank:
        """The rank in which a contact waits, or would."""
        rank = contact.rank
        if rank is None or rank.requirement.is_forgotten:
            requirement = self.requirement_for(contact.plan, contact.needs, contact.channel, contact.links)
            region = self.region_number(contact.region)
            rank = requirement.ranks.get((region, contact.head_start_ms))
            if rank is None:
                rank = Rank(region, contact.head_start_ms, requirement)
            contact.rank = rank
        return rank

    def join(self, contact: Contact) -> None:
        """A contact waits, visible to the whole pool."""
        rank = self.rank_of(contact)
        requirement = rank.requirement
        if not rank.length:
            # Empty ranks are not kept: somebody else may have begun another one meanwhile.
            rank = contact.rank = requirement.ranks.setdefault((rank.region, rank.head_start_ms), rank)
        before = rank.first()
        rank.join(contact.key)
        requirement.waiting += 1
        if before is None:
            insort(requirement.heads, contact.key)
            requirement.head_ranks[contact.key] = rank
        elif contact.key < before:
            self._set_head(requirement, rank, before)

    def leave(self, contact: Contact) -> None:
        """A contact waits no more."""
        rank = contact.rank
        assert rank is not None
        requirement = rank.requirement
        before = rank.first()
        rank.leave(contact.key)
        requirement.waiting -= 1
        if contact.key == before:
            self._set_head(requirement, rank, before)
            if not rank.length:
                del requirement.ranks[rank.region, rank.head_start_ms]

    def _set_head(self, requirement: Requirement, rank: Rank, before: int) -> None:
        heads = requirement.heads
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
        requirement = Requirement(plan, needs, channel, mask, self._tally(mask), self._everyone(queue, mask))
        self.by_queue.setdefault(queue, []).append(requirement)
        groups = [reserve.group for reserve in plan.rules.reserves]
        for group in groups:
            self.by_group.setdefault(group, []).append(requirement)
        free: dict[AnyCell, list[Agent]] = {}
        for agent in self._candidates(queue, groups, needs):
            cell = self._cell_for(requirement, agent)
            if cell is not None and cell not in agent.cells:
                agent.cells = (*agent.cells, cell)
                cell.staffed += agent.status == 2
                if agent.mask & mask == mask:
                    free.setdefault(cell, []).append(agent)
        for cell, agents in free.items():
            cell.fill(agents)
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

    def _cell_for(self, requirement: Requirement, agent: Agent) -> AnyCell | None:
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
        place = (agent.region << STEP_BITS) | step
        key = place if group is None else (place, group)
        cell = requirement.cells.get(key)
        if cell is None:
            kind = PlainCell if requirement.is_plain else RankedCell
            cell = requirement.cells[key] = kind(requirement, step, agent.region, group)
            requirement.reachable = {}
            requirement.up_to = {}
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

    def _everyone(self, queue: QueueId, mask: int) -> Count:
        everyone = self.everyone.get((queue, mask))
        if everyone is None:
            everyone = self.everyone[queue, mask] = Count(mask)
            for queues, counts in self.counts.items():
                if queue in queues:
                    counts.append(everyone)
            for agent in dict.fromkeys(self.serving.get(queue, ())):
                if queue in agent.queues and agent.mask & mask == mask:
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
            requirement.is_forgotten = True
            del self.requirements[key]
            self.by_queue[requirement.queue].remove(requirement)
            for reserve in requirement.plan.rules.reserves:
                self.by_group[reserve.group].remove(requirement)
        self.by_identity = {
            place: known for place, known in self.by_identity.items() if not known[1].is_forgotten
        }
        for agent in self.state.by_rank:
            if any(cell.requirement.is_forgotten for cell in agent.cells):
                agent.cells = tuple(cell for cell in agent.cells if not cell.requirement.is_forgotten)
