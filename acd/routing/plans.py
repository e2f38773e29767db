"""A queue's rules made ready for use: steps made cumulative, moments sorted, needs joined.

A contact keeps the plan of the rules that it entered under, whatever rules come into force afterwards.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from itertools import pairwise
from typing import Final

from acd.routing.model import (
    AgentRules,
    Needs,
    QueueId,
    QueueRules,
    Reach,
    RegionId,
    RegionRules,
    Rules,
    SkillId,
)

NO_NEEDS: Final = Needs()
ALTERNATIVES_MAX: Final = 64
CONTACTS_MAX: Final = 4_000_000
"""So that there is always a number for the next contact (`acd.routing.keys`)."""
NEVER: Final = 1 << 30
WIDTHS: Final = {Reach.HOME: 0, Reach.NEIGHBOURS: 1, Reach.ALL: 2}


class Plan:
    """The rules of one queue under one version of the rules."""

    __slots__ = (
        "after", "dropped", "is_quiet", "joined", "last", "less", "rules", "solving", "version", "watched", "widths",
        "words",
    )  # fmt: skip

    def __init__(self, rules: QueueRules, version: int) -> None:
        self.rules = rules
        self.version = version
        self.joined: dict[int, tuple[Needs, Needs]] = {}
        """Memo: a contact's own needs, by identity, and these joined with the queue's."""
        self.after: list[int] = []
        """From which wait on each step is in force; the first is 0."""
        self.less: list[int] = []
        self.widths: list[int] = []
        self.dropped: list[frozenset[SkillId]] = []
        less, width, dropped = 0, 0, frozenset[SkillId]()
        for step in rules.steps:
            # Steps only ever ask for less, even if somebody has written them otherwise.
            less = max(less, step.proficiency_less)
            width = max(width, 0 if rules.fence else WIDTHS[step.reach])
            dropped |= frozenset(step.preferred_dropped)
            self.after.append(step.after_ms)
            self.less.append(less)
            self.widths.append(width)
            self.dropped.append(dropped)
        self.last = len(self.after) - 1
        self.solving = frozenset(known.path for known in rules.dispositions if known.solves)
        self.watched = bool(rules.reserves) or rules.spill is not None
        """Whether a change of the line must be looked at (`acd.routing.reserves`)."""
        self.is_quiet = not rules.overflow and not rules.announce_ms
        """Whether time brings its waiting contacts nothing but steps, unless something rare is about them."""
        self.words = [f"step_{step}" for step in range(len(self.after))]
        """What a decision says of a contact that had not waited long enough for a step."""

    def step_at(self, wait_ms: int) -> int:
        """Which step is in force after this wait."""
        return max(0, bisect_right(self.after, wait_ms) - 1) if self.last else 0

    def step_of_skills(self, needs: Needs, skills: Mapping[SkillId, int]) -> int:
        """The first step at which these skills are enough, `NEVER` if none."""
        for step in range(self.last + 1):
            less, dropped = self.less[step], self.dropped[step]
            if any(
                skills.get(need.skill, 0) < need.proficiency_min
                for need in needs.preferred
                if need.skill not in dropped
            ):
                continue
            if not needs.required or any(
                all(skills.get(need.skill, 0) >= max(1, need.proficiency_min - less) for need in alternative)
                for alternative in needs.required
            ):
                return step
        return NEVER

    def step_of_width(self, width: int) -> int:
        """The first step that reaches this far (0 home, 1 neighbours, 2 all), `NEVER` if none."""
        for step in range(self.last + 1):
            if self.widths[step] >= width:
                return step
        return NEVER


def join_needs(first: Needs, second: Needs) -> Needs | None:
    """Both together; None when that makes more alternatives than the limit."""
    if first == NO_NEEDS:
        return second
    if second == NO_NEEDS:
        return first
    if not first.required or not second.required:
        required = first.required or second.required
    else:
        if len(first.required) * len(second.required) > ALTERNATIVES_MAX:
            return None
        required = tuple(
            one + tuple(need for need in other if need not in one)
            for one in first.required
            for other in second.required
        )
    preferred = first.preferred + tuple(need for need in second.preferred if need not in first.preferred)
    return Needs(required=required, preferred=preferred)


def near_regions(regions: tuple[RegionRules, ...]) -> list[list[int]]:
    """For each pair of regions, by number, how far apart they are: 0 the same, 1 neighbours, 2 further."""
    numbers: dict[RegionId, int] = {rule.region: number for number, rule in enumerate(regions)}
    return [
        [
            0 if other.region == rule.region else 1 if other.region in rule.neighbours else 2
            for other in regions
        ]
        for rule in regions
        if rule.region in numbers
    ]


def find_fault(rules: Rules) -> str | None:
    """What is wrong with these rules, in words; None when nothing is."""
    queues = {queue.queue for queue in rules.queues}
    if len(queues) != len(rules.queues):
        return "a queue is named twice"
    if len({agent.agent for agent in rules.agents}) != len(rules.agents):
        return "an agent is named twice"
    if len({entry.entry for entry in rules.entries}) != len(rules.entries):
        return "an entry is named twice"
    if rules.contacts_max > CONTACTS_MAX:
        return f"found contacts_max {rules.contacts_max}, expected at most {CONTACTS_MAX}"
    for queue in rules.queues:
        fault = _queue_fault(queue, queues)
        if fault is not None:
            return f"queue {queue.queue}: {fault}"
    for entry in rules.entries:
        if entry.queue not in queues:
            return f"entry {entry.entry}: found queue {entry.queue}, expected one of the rules"
    for agent in rules.agents:
        fault = _agent_fault(agent, queues)
        if fault is not None:
            return f"agent {agent.agent}: {fault}"
    return None


def _queue_fault(queue: QueueRules, queues: set[QueueId]) -> str | None:
    steps = queue.steps
    if not 1 <= len(steps) <= 10 or steps[0].after_ms != 0:
        return "found no step at 0 ms or more than 10 steps"
    if any(later.after_ms <= earlier.after_ms for earlier, later in pairwise(steps)):
        return "steps are not sorted by after_ms"
    for rule in queue.overflow:
        if rule.to_queue is not None and rule.to_queue not in queues:
            return f"overflow {rule.name}: found queue {rule.to_queue}, expected one of the rules"
        if rule.action == "queue" and rule.to_queue in (None, queue.queue):
            return f"overflow {rule.name}: expected another queue"
    if len({rule.name for rule in queue.overflow}) != len(queue.overflow):
        return "an overflow rule is named twice"
    for reserve in queue.reserves:
        if reserve.release_ms >= reserve.borrow_ms:
            return f"reserve {reserve.group}: release_ms must be less than borrow_ms"
    if queue.spill is not None and not 0 < queue.spill.end_percent < queue.spill.begin_percent:
        return "spill: end_percent must be positive and less than begin_percent"
    if queue.offer_ms <= 0 or queue.length_max < 0:
        return "offer_ms must be positive, length_max not negative"
    return None


def _agent_fault(agent: AgentRules, queues: set[QueueId]) -> str | None:
    for served in agent.queues:
        if served.queue not in queues:
            return f"found queue {served.queue}, expected one of the rules"
    for skill, proficiency in agent.skills.items():
        if not 1 <= proficiency <= 5:
            return f"skill {skill}: found proficiency {proficiency}, expected 1 to 5"
    if agent.weight < 1:
        return "weight must be at least 1"
    return None
