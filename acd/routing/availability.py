"""Whether an agent may be offered something, and the standing of the free ones in the pools.

What an agent may be offered follows from presence, links, work in hand and wrap-up; it is computed here after
every fact that touches one of these, and nowhere stored but as an index.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

from acd.routing.keys import ORIGIN_MS, RANK_BITS
from acd.routing.model import AgentId, Presence
from acd.routing.state import CHANNEL_ALL, LINK_ALL, Agent, State
from acd.routing.strategies import shares

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


def release(state: State, agent: Agent, at_ms: int) -> None:
    """Capacity was given back: the idle clock starts, and the shares are taken. `refresh` must follow."""
    agent.released_ms = at_ms
    note_work(agent, at_ms)
    if state.pools.compares_shares:
        agent.share = shares(agent, at_ms)


def refresh(state: State, agent: Agent) -> None:
    """Bring the indexes in line with the agent. Call after every change of what this module names."""
    old = agent.mask
    mask = agent.links
    if agent.presence is _READY:
        status = READY
        if not (agent.wrapping or agent.consulting or agent.next_presence is not None):
            mask |= agent.capacity.open_channels(agent.load)
    else:
        status = _STATUS[agent.presence]
    if agent.status != status or (mask ^ old) & LINK_ALL:
        _set_status(state, agent, status, mask)
    was_free = old & CHANNEL_ALL
    if not mask & CHANNEL_ALL:
        agent.mask = mask
        agent.is_loose = False
        if was_free:
            _count(state, agent, old, mask)
        return
    key = ((agent.released_ms - ORIGIN_MS) << RANK_BITS) | agent.rank
    moved = key != agent.key
    agent.key = key
    if mask != old:
        agent.mask = mask
        _count(state, agent, old, mask)
        if mask & ~old:
            state.opened.append(agent)
        if not was_free:
            agent.is_loose = True
            return
    if not agent.is_loose:
        for cell in agent.cells:
            both = cell.mask
            if mask & both == both and (moved or old & both != both or not cell.requirement.is_plain):
                cell.enter(agent, state)


def stand_opened(state: State) -> None:
    """Let all agents who have become free stand in their cells, for contacts to find them there."""
    for agent in state.opened:
        if agent.is_loose:
            take_stand(state, agent)


def take_stand(state: State, agent: Agent) -> None:
    """Nobody waits for a freed agent: they stand in their cells from now on."""
    agent.is_loose = False
    mask = agent.mask
    for cell in agent.cells:
        if mask & cell.mask == cell.mask:
            cell.enter(agent, state)


def _count(state: State, agent: Agent, old: int, mask: int) -> None:
    """Count who is free for what, after the mask has changed from `old`."""
    changes = {}
    for both, tally in state.pools.tallies.items():
        changes[both] = change = (mask & both == both) - (old & both == both)
        tally.open += change
    if len(changes) == 1:
        # All contacts that were met want the same: the usual case, and the quickest.
        if change:
            for count in agent.counts:
                count.count += change
            for cell in agent.cells:
                cell.count += change
        return
    for count in agent.counts:
        count.count += changes[count.mask]
    for cell in agent.cells:
        cell.count += changes[cell.mask]


def _set_status(state: State, agent: Agent, status: int, mask: int) -> None:
    """Count who is signed out, not ready, ready, and ready with which links."""
    was, old = agent.status, agent.mask
    if was != status:
        agent.status = status
        state.statuses[was] -= 1
        state.statuses[status] += 1
        if was == READY or status == READY:
            _count_staff(state, agent, 1 if status == READY else -1)
    for tally in state.pools.tallies.values():
        links = tally.links
        tally.linked += (status == READY and mask & links == links) - (was == READY and old & links == links)


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
    for count in (*agent.counts, *agent.cells):
        if old & count.mask == count.mask:
            count.count -= 1
    state.statuses[agent.status] -= 1
    if agent.status == READY:
        _count_staff(state, agent, -1)
    agent.mask = 0
    agent.is_loose = False
    agent.status = SIGNED_OUT
    state.statuses[SIGNED_OUT] += 1


def _count_staff(state: State, agent: Agent, change: int) -> None:
    for queue_id in agent.queues:
        queue = state.queues[queue_id]
        queue.staffed += change
        queue.staffed_in[agent.region] = queue.staffed_in.get(agent.region, 0) + change
        if queue.plan.watched:
            state.touched.append(queue)
    for cell in agent.cells:
        cell.staffed += change
