"""How a queue ranks eligible agents: one whole number per agent, the lowest is chosen.

The low 61 bits are the same for all strategies: moment of the last release of capacity, then the agent's place
among all ids. So equals always go to whoever is idle longest, then to the lower id. What a strategy puts above
these bits is listed in NOTES.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from acd.routing.model import Strategy

if TYPE_CHECKING:
    from acd.routing.pools import Requirement
    from acd.routing.state import Agent

RANK_BITS: Final = 20
"""Agents are numbered by their place among all ids; so a zone has at most 2**20 of them."""
RANK_MASK: Final = (1 << RANK_BITS) - 1
KEY_BITS: Final = 62
KEY_MASK: Final = (1 << KEY_BITS) - 1
PLAIN: Final = frozenset({Strategy.LONGEST_IDLE, Strategy.RING_ALL})
SHARED: Final = frozenset({Strategy.LEAST_BUSY, Strategy.FEWEST_CONTACTS, Strategy.WEIGHTED})
"""Strategies that compare shares of signed-in time."""
_SUM_MAX: Final = 1 << 12


def idle_key(agent: Agent) -> int:
    """Longest since last release, then id."""
    return (agent.released_ms << RANK_BITS) | agent.rank


def strategy_value(strategy: Strategy, agent: Agent, requirement: Requirement) -> int:
    """What a strategy that is not plain puts above the idle key; lower is chosen first."""
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


def agent_key(agent: Agent, requirement: Requirement) -> int:
    """The whole rank of an agent for a requirement, as one number."""
    if requirement.is_plain:
        return agent.key
    return (strategy_value(requirement.strategy, agent, requirement) << KEY_BITS) | agent.key


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
