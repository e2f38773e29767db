"""A small centre that uses most rules of routing, for simulated days."""

from __future__ import annotations

import msgspec

from acd.routing.model import (
    Channel,
    Disposition,
    EntryId,
    EntryRules,
    Needs,
    OverflowAction,
    OverflowRule,
    QueueId,
    QueueRules,
    Reach,
    RegionId,
    RegionRules,
    Rules,
    SkillId,
    SkillNeed,
    Step,
    Strategy,
)
from acd.simulation.day import Plan
from acd.simulation.demo import with_demo_staff
from acd.simulation.population import AgentProfile, CustomerProfile
from acd.simulation.world import Faults

TECH, NORTH, EAST, SOUTH = SkillId("tech"), RegionId("north"), RegionId("east"), RegionId("south")
FAULTS = Faults(late=20, twice=20, lost=20, crossed=20, again=20, back=5)
AGENTS = AgentProfile(drops_every_ms=2 * 3_600_000)


def rules_of_centre(strategy: Strategy = Strategy.LONGEST_IDLE) -> Rules:
    """Three regions, two queues, three entries, no staff."""
    steps = (Step(0, Reach.HOME), Step(20_000, Reach.NEIGHBOURS), Step(60_000, Reach.ALL, 1))
    solved, still_open = Disposition("solved", solves=True), Disposition("open")
    support = QueueRules(
        QueueId("support"),
        strategy=strategy,
        steps=steps,
        needs=Needs(((SkillNeed(TECH, 3),),)),
        overflow=(OverflowRule("bot", OverflowAction.INTAKE, wait_ms=45_000),),
        dispositions=(solved, still_open),
        disposition_default="open",
    )
    sales = QueueRules(
        QueueId("sales"), strategy=Strategy.LEAST_BUSY, dispositions=(solved,), disposition_default="solved"
    )
    return Rules(
        1,
        queues=(support, sales),
        entries=(
            EntryRules(EntryId("400"), support.queue),
            EntryRules(EntryId("401"), sales.queue),
            EntryRules(EntryId("help"), support.queue, channel=Channel.CHAT),
        ),
        regions=(
            RegionRules(NORTH, neighbours=(EAST,)),
            RegionRules(EAST, neighbours=(NORTH, SOUTH)),
            RegionRules(SOUTH, neighbours=(EAST,)),
        ),
        skills=(TECH, SkillId("en"), SkillId("zh")),
    )


def plan(
    seed: int, staff: int = 30, per_agent_hour: int = 16, is_faulty: bool = True, **more: object
) -> Plan:
    """Two hours of this centre; 16 contacts an agent and hour are a fair load, 22 too many."""
    rules, _ = with_demo_staff(rules_of_centre(), staff)
    whole = Plan(
        rules,
        seed=seed,
        customers=CustomerProfile(per_hour=staff * per_agent_hour),
        agents=AGENTS if is_faulty else AgentProfile(),
        faults=FAULTS if is_faulty else Faults(),
        crash_every=1_500 if is_faulty else 0,
    )
    return msgspec.structs.replace(whole, **more)
