"""How a queue ranks eligible agents: by what its strategy counts, the lowest first, then by idle time, then by id.

Idle time and id are one number, the agent's key: moment of the last release of capacity, then the agent's place among
all ids. So equals always go to whoever is idle longest, then to the lower id. What a strategy counts is listed in
NOTES.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from acd.routing.keys import ORIGIN_MS, RANK_BITS
from acd.routing.model import Strategy

if TYPE_CHECKING:
    from acd.routing.model import Rules
    from acd.routing.pools import Requirement
    from acd.routing.state import Agent

PLAIN: Final = frozenset({Strategy.LONGEST_IDLE, Strategy.RING_ALL})
SHARED: Final = frozenset({Strategy.LEAST_BUSY, Strategy.FEWEST_CONTACTS, Strategy.WEIGHTED})
"""Strategies that compare shares of signed-in time."""
_SUM_MAX: Final = 1 << 12


def idle_key(agent: Agent) -> int:
    """Longest since last release, then id."""
    return ((agent.released_ms - ORIGIN_MS) << RANK_BITS) | agent.rank


def value_of(agent: Agent, requirement: Requirement) -> int:
    """What the strategy of the requirement's queue counts; lower is chosen first."""
    strategy = requirement.strategy
    if strategy in PLAIN:
        return 0
    if strategy is Strategy.LEAST_BUSY:
        return ((agent.share >> 32) << 10) | _load_share(agent)
    if strategy is Strategy.FEWEST_CONTACTS:
        return agent.share & 0xFFFFFFFF
    if strategy is Strategy.MOST_PROFICIENT:
        return _SUM_MAX - sum(agent.skills.get(skill, 0) for skill in requirement.skills)
    if strategy is Strategy.LEAST_SKILLED:
        return sum(agent.skills.values())
    if strategy is Strategy.ROUND_ROBIN:
        return agent.last_offer
    return (agent.share & 0xFFFFFFFF) * 1000 // agent.weight


def compares_shares(rules: Rules | None) -> bool:
    """Whether some queue ranks agents by shares of their time: only then are these taken."""
    return rules is not None and any(queue.strategy in SHARED for queue in rules.queues)


def order_of(agent: Agent, requirement: Requirement) -> tuple[int, int]:
    """The whole order of agents for a requirement."""
    return value_of(agent, requirement), agent.key


def shares(agent: Agent, now_ms: int) -> int:
    """Work as share of the time since sign-in (per mille), and contacts taken per 1,000 hours, packed.

    Taken when capacity is released, when presence is set, and in rotation (`availability.take_shares`): shares
    sink while an agent is idle, each in its own way, so none could be kept in order by itself.
    """
    signed_in_ms = max(1, now_ms - agent.signed_in_ms)
    working_ms = agent.working_ms + (now_ms - agent.busy_since_ms if agent.busy_since_ms else 0)
    busy = min(1000, working_ms * 1000 // signed_in_ms)
    rate = min(0xFFFFFFFF, agent.taken * 3_600_000_000 // signed_in_ms)
    return (busy << 32) | rate


def _load_share(agent: Agent) -> int:
    """Contacts in hand as share of capacity, per mille, the fuller channel counting."""
    return agent.capacity.load_share(agent.load)
