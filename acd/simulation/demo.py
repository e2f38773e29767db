"""A living centre for a newcomer: staff added to the rules as they stand, spread over regions and skills."""

from __future__ import annotations

import msgspec

from acd.routing.model import AgentId, AgentRules, QueueServed, RegionId, Rules, TeamId
from acd.simulation.population import FAMILY, GIVEN, AgentProfile, Chance, CustomerProfile

DEMO_CUSTOMERS = CustomerProfile(per_hour=1_500, swing=0, patience_ms=120_000, talk_ms=120_000)
DEMO_STAFF = AgentProfile(wrap_up_ms=12_000, break_every_ms=1_800_000)
DEMO_CROWD = 45
"""Sixty agents are just enough for these customers: now and then there is a line, and the bot is asked for."""


def with_demo_staff(rules: Rules, count: int = 60, seed: str = "demo") -> tuple[Rules, tuple[AgentId, ...]]:
    """Return the rules with `count` more agents, and the ids of these.

    They stand in all regions in turn; each holds about two thirds of the skills at 2 to 5 and serves every
    queue, so that each contact finds somebody and the choice is never trivial. They join the teams that are in
    their region, so that those teams' supervisors see them.
    """
    chance = Chance(seed)
    regions = [region.region for region in rules.regions] or [RegionId("")]
    queues = tuple(QueueServed(queue.queue) for queue in rules.queues)
    teams: dict[RegionId, list[TeamId]] = {}
    for agent in rules.agents:
        teams.setdefault(agent.region, []).append(agent.team)
    staff: list[AgentRules] = []
    for number in range(count):
        region = regions[number % len(regions)]
        skills = {skill: 2 + chance.below(4) for skill in rules.skills if chance.share(667)}
        staff.append(
            AgentRules(
                agent=AgentId(f"demo-{number + 1:03}"),
                name=f"{chance.pick(GIVEN)} {chance.pick(FAMILY)}",
                region=region,
                team=chance.pick(teams.get(region) or [TeamId(f"demo-{region}")]),
                skills=skills,
                queues=queues,
            )
        )
    added = msgspec.structs.replace(rules, agents=rules.agents + tuple(staff))
    return added, tuple(agent.agent for agent in staff)
