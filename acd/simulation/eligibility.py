"""Who may serve whom, decided the slow and obvious way from the rules alone; for auditors, never for routing."""

from __future__ import annotations

import msgspec

from acd.routing.model import (
    AgentId,
    AgentRules,
    Needs,
    QueueRules,
    Reach,
    RegionId,
    Rules,
    SkillId,
    SkillNeed,
    Step,
)


class Seen(msgspec.Struct):
    """What an auditor has seen of a waiting contact."""

    region: RegionId | None
    arrived_ms: int
    needs: Needs
    head_start_ms: int
    not_before_ms: int = 0
    owner: AgentId | None = None
    step: int = 0
    refused_until: dict[AgentId, int] = {}


def is_eligible(
    rules: Rules,
    queue: QueueRules,
    agent: AgentRules,
    skills: dict[SkillId, int],
    contact: Seen,
    now_ms: int,
    is_spilled: bool = False,
) -> bool:
    """Say whether an agent holds the needs of the contact's step and stands in a region that it reaches.

    A refusal that is still remembered rules the agent out. Where the contact's region spills, the spill's reach counts
    beside the step's.
    """
    step = queue.steps[min(contact.step, len(queue.steps) - 1)]
    return (
        _holds(contact.needs, step, skills)
        and (
            _reaches(rules, queue, step.reach, contact.region, agent.region)
            or (
                is_spilled
                and queue.spill is not None
                and _reaches(rules, queue, queue.spill.reach, contact.region, agent.region)
            )
        )
        and contact.refused_until.get(agent.agent, 0) <= now_ms
    )


def both_needs(queue: Needs, own: Needs) -> Needs:
    """Return what a queue and a contact ask for together: every pair of alternatives, all preferences."""
    pairs = tuple(one + two for one in queue.required or ((),) for two in own.required or ((),))
    return Needs(() if pairs == ((),) else pairs, queue.preferred + own.preferred)


def _holds(needs: Needs, step: Step, skills: dict[SkillId, int]) -> bool:
    def has(need: SkillNeed) -> bool:
        return skills.get(need.skill, 0) >= max(1, need.proficiency_min - step.proficiency_less)

    asked = [need for need in needs.preferred if need.skill not in step.preferred_dropped]
    any_of = not needs.required or any(all(has(need) for need in each) for each in needs.required)
    return any_of and all(has(need) for need in asked)


def _reaches(rules: Rules, queue: QueueRules, wide: Reach, home: RegionId | None, region: RegionId) -> bool:
    reach = Reach.HOME if queue.fence else wide
    if home is None or reach is Reach.ALL or region == home:
        return True
    if reach is Reach.HOME:
        return False
    return any(home == each.region and region in each.neighbours for each in rules.regions)
