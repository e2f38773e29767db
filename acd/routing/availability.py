"""Whether an agent may be offered something, and the standing of the free ones in the pools.

What an agent may be offered follows from presence, links, work in hand and wrap-up; it is computed here after
every fact that touches one of these, and nowhere stored but as an index.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

from acd.routing.model import AgentId, Presence
from acd.routing.state import CHANNEL_ALL, Agent, State
from acd.routing.strategies import RANK_BITS, agent_key, shares

ROTATION: Final = 2
"""How many agents' shares are taken anew with each offer."""
SIGNED_OUT: Final = 0
NOT_READY: Final = 1
READY: Final = 2
_STATUS: Final = {Presence.SIGNED_OUT: SIGNED_OUT, Presence.NOT_READY: NOT_READY, Presence.READY: READY}
_READY: Final = Presence.READY


def is_working(agent: Agent) -> bool:
    """Whether work in hand stands against a change of presence: ringing offers do not, wrap-up does."""
    return bool(agent.load or agent.wrapping or agent.consulting)


def note_work(agent: Agent, at_ms: int) -> None:
    """Keep the clock of working time, after load, wrap-ups or consults have changed."""
    if agent.load or agent.wrapping or agent.consulting:
        if not agent.busy_since_ms:
            agent.busy_since_ms = at_ms
    elif agent.busy_since_ms:
        agent.working_ms += at_ms - agent.busy_since_ms
        agent.busy_since_ms = 0


def release(agent: Agent, at_ms: int) -> None:
    """Capacity was given back: the idle clock starts, and the shares are taken."""
    agent.released_ms = at_ms
    note_work(agent, at_ms)
    agent.share = shares(agent, at_ms)


def refresh(state: State, agent: Agent) -> None:
    """Bring the indexes in line with the agent. Call after every change of what this module names."""
    old = agent.mask
    presence = agent.presence
    mask = agent.links
    if presence is _READY:
        if not (agent.wrapping or agent.consulting or agent.next_presence is not None):
            mask |= agent.capacity.open_channels(agent.load)
        status = READY
    else:
        status = _STATUS[presence]
    key = (agent.released_ms << RANK_BITS) | agent.rank
    moved = key != agent.key
    was = agent.status
    pools = state.pools
    agent.key = key
    if mask == old and was == status and not mask & CHANNEL_ALL:
        return  # not free before and not now: no cell and no count knows a difference
    agent.mask = mask
    if was != status:
        agent.status = status
        state.statuses[was] -= 1
        state.statuses[status] += 1
        if was == READY or status == READY:
            _count_staff(state, agent, 1 if status == READY else -1)
    if mask != old or was != status:
        for tally in pools.tallies.values():
            links, both = tally.links, tally.mask
            tally.linked += (status == READY and mask & links == links) - (
                was == READY and old & links == links
            )
            tally.open += (mask & both == both) - (old & both == both)
    for cell in agent.cells:
        both = cell.mask
        if mask & both == both:
            requirement = cell.requirement
            if old & both != both:
                cell.count += 1
                if requirement is not None:
                    cell.enter(key if requirement.is_plain else agent_key(agent, requirement), state)
            elif requirement is not None and (moved or not requirement.is_plain):
                cell.enter(key if requirement.is_plain else agent_key(agent, requirement), state)
        elif old & both == both:
            cell.count -= 1
    if mask & CHANNEL_ALL and mask & ~old:
        state.opened.append(agent)


def take_shares(state: State, at_ms: int) -> None:
    """Take the shares of the next agents by id anew; called with every offer where a strategy compares shares."""
    by_rank = state.by_rank
    place = bisect_right(by_rank, state.share_cursor, key=_id_of)
    left = ROTATION
    for step in range(len(by_rank)):
        agent = by_rank[(place + step) % len(by_rank)]
        if state.agents.get(agent.id) is agent:
            agent.share = shares(agent, at_ms)
            state.share_cursor = agent.id
            refresh(state, agent)
            left -= 1
            if not left:
                return


def _id_of(agent: Agent) -> AgentId:
    return agent.id


def hide(state: State, agent: Agent) -> None:
    """Take an agent out of all cells and counts, before their skills, queues or place change."""
    old = agent.mask
    for tally in state.pools.tallies.values():
        tally.linked -= agent.status == READY and old & tally.links == tally.links
        tally.open -= old & tally.mask == tally.mask
    for cell in agent.cells:
        if old & cell.mask == cell.mask:
            cell.count -= 1
    state.statuses[agent.status] -= 1
    if agent.status == READY:
        _count_staff(state, agent, -1)
    agent.mask = 0
    agent.status = SIGNED_OUT
    state.statuses[SIGNED_OUT] += 1


def _count_staff(state: State, agent: Agent, change: int) -> None:
    for queue_id in agent.queues:
        queue = state.queues[queue_id]
        queue.staffed += change
        queue.staffed_in[agent.region] = queue.staffed_in.get(agent.region, 0) + change
        if queue.plan.watched:
            state.touched.append(queue)
