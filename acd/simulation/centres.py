"""Centres drawn from a seed: rules that use everything routing knows, each seed another mixture of it.

For sweeps over many seeds, where one configuration would leave most rules untried.
"""

from __future__ import annotations

import msgspec

from acd.routing.model import (
    AgentId,
    AgentRules,
    Blend,
    Channel,
    Delays,
    Disposition,
    EntryId,
    EntryRules,
    GroupId,
    Needs,
    OverflowAction,
    OverflowRule,
    QueueId,
    QueueRules,
    QueueServed,
    Reach,
    RegionId,
    RegionRules,
    RepeatPolicy,
    Reserve,
    ReturnCallPolicy,
    Rules,
    SkillId,
    SkillNeed,
    Spill,
    Step,
    Strategy,
    WrapUp,
    WrapUpMode,
)
from acd.simulation.population import Chance

SKILLS = tuple(SkillId(name) for name in ("billing", "tech", "en", "zh"))
NORTH, EAST, SOUTH = (RegionId(name) for name in ("north", "east", "south"))
GROUP = GroupId("back_office")
SOLVED = Disposition("solved", solves=True)
QUEUES = ("support", "sales", "care")
TWO_CALLS = (Blend(Channel.VOICE, (Channel.VOICE,)), Blend(Channel.CHAT, (Channel.CHAT,)))
VOICE_AND_CHATS = (Blend(Channel.CHAT, (Channel.CHAT, Channel.VOICE)), Blend(Channel.VOICE, (Channel.CHAT,)))


def drawn_rules(seed: str, staff: int) -> Rules:
    """Return three queues, six entries, three regions and `staff` agents, all drawn from the seed."""
    chance = Chance(f"{seed}/rules")
    queues = tuple(_queue(chance, QueueId(name), QUEUES[number - 1]) for number, name in enumerate(QUEUES))
    entries = tuple(
        EntryRules(
            EntryId(f"{number}"),
            queues[number % 3].queue,
            channel=Channel.CHAT if number >= 4 else Channel.VOICE,
            region=chance.pick((None, None, NORTH, EAST, SOUTH)),
            needs=_needs(chance),
            head_start_ms=chance.pick((0, 0, 0, 15_000, 60_000)),
        )
        for number in range(6)
    )
    regions = (
        RegionRules(NORTH, neighbours=(EAST,)),
        RegionRules(EAST, neighbours=(NORTH, SOUTH)),
        RegionRules(SOUTH, neighbours=(EAST,)),
    )
    agents = tuple(_agent(chance, number) for number in range(staff))
    agents = _with_two_calls(Chance(f"{seed}/more"), agents)
    return Rules(
        1,
        queues,
        entries,
        regions,
        agents,
        SKILLS,
        repeat_window_ms=chance.pick((600_000, 3_600_000)),
        intake_limit_ms=chance.pick((8_000, 900_000)),
    )


def _with_two_calls(chance: Chance, agents: tuple[AgentRules, ...]) -> tuple[AgentRules, ...]:
    """Some agents take two calls at once: drawn apart, so that the other draws stay."""
    two = {Channel.VOICE: 2, Channel.CHAT: 2}
    return tuple(
        msgspec.structs.replace(agent, capacity=two, blends=TWO_CALLS) if chance.share(120) else agent
        for agent in agents
    )


def _queue(chance: Chance, name: QueueId, other: str) -> QueueRules:
    return QueueRules(
        name,
        strategy=chance.pick(tuple(Strategy)),
        needs=_needs(chance),
        steps=_steps(chance),
        fence=chance.share(150),
        reserves=(Reserve(GROUP, 30_000, 10_000),) if chance.share(300) else (),
        offer_ms=chance.pick((12_000, 20_000)),
        refusal_memory_ms=chance.pick((0, 20_000, 60_000)),
        rona_rest=chance.share(700),
        wrap_up=WrapUp(chance.pick(tuple(WrapUpMode)), 30_000),
        dispositions=(SOLVED, Disposition("open")),
        disposition_default="open",
        head_start_ms=chance.pick((0, 0, 20_000)),
        sticky_patience_ms=chance.pick((0, 0, 20_000)),
        repeat=RepeatPolicy(
            head_start_ms=chance.pick((0, 30_000)),
            same_agent_patience_ms=chance.pick((0, 15_000)),
            never_to_bot=chance.share(300),
        ),
        overflow=_overflow(chance, QueueId(other)),
        return_calls=ReturnCallPolicy(customer_first=chance.share(300), tries_max=2, retry_ms=120_000),
        length_max=chance.pick((6, 30, 10_000)),
        announce_ms=chance.pick((0, 30_000)),
        delays=Delays(
            chance.pick((None, 5_000)), chance.pick((None, 90_000)), chance.pick((None, 0, 40_000))
        ),
        spill=chance.pick((None, None, Spill(Reach.NEIGHBOURS, 60, 30), Spill(Reach.ALL, 120, 60))),
    )


def _steps(chance: Chance) -> tuple[Step, ...]:
    whole = (
        Step(0, Reach.HOME),
        Step(chance.pick((8_000, 20_000)), Reach.NEIGHBOURS),
        Step(45_000, Reach.ALL, 1),
        Step(60_000, Reach.ALL, 4, SKILLS),
    )
    return whole if chance.share(700) else (Step(), Step(40_000, Reach.ALL, 4, SKILLS))


def _needs(chance: Chance) -> Needs:
    if chance.share(400):
        return Needs()
    one, other = chance.pick(SKILLS), chance.pick(SKILLS)
    required: list[tuple[SkillNeed, ...]] = [(SkillNeed(one, 1 + chance.below(3)),)]
    if chance.share(300):
        required.append((SkillNeed(other, 2), SkillNeed(SKILLS[0], 1)))
    preferred = (SkillNeed(chance.pick(SKILLS), 2),) if chance.share(200) else ()
    return Needs(tuple(required), preferred)


def _overflow(chance: Chance, other: QueueId) -> tuple[OverflowRule, ...]:
    rules = (
        OverflowRule("bot", OverflowAction.INTAKE, wait_ms=45_000),
        OverflowRule("later", OverflowAction.RETURN_CALL, wait_ms=30_000, length=4),
        OverflowRule("elsewhere", OverflowAction.QUEUE, wait_ms=90_000, offered=False, to_queue=other),
        OverflowRule("full", OverflowAction.INTAKE, length=12, offered=False),
    )
    return tuple(rule for rule in rules if chance.share(500))


def _agent(chance: Chance, number: int) -> AgentRules:
    """Most skills at 2 to 5 and two queues or three: the choice is never trivial, and everybody finds somebody."""
    served = [QueueServed(QueueId(name), chance.pick((0, 0, 10_000))) for name in QUEUES if chance.share(750)]
    return AgentRules(
        AgentId(f"agent-{number + 1:03}"),
        name=f"Agent {number + 1}",
        region=chance.pick((NORTH, EAST, SOUTH)),
        skills={skill: 2 + chance.below(4) for skill in SKILLS if chance.share(800)},
        queues=tuple(served) or (QueueServed(QueueId(QUEUES[0])),),
        capacity={Channel.VOICE: 1, Channel.CHAT: 1 + chance.below(3)},
        blends=VOICE_AND_CHATS if chance.share(300) else (Blend(Channel.CHAT, (Channel.CHAT,)),),
        groups=(GROUP,) if chance.share(200) else (),
        weight=1 + chance.below(3),
    )
