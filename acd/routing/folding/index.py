"""Making all indexes anew from the state: after new rules, and after a snapshot was read."""

from __future__ import annotations

from acd.routing.availability import refresh
from acd.routing.contact import Contact
from acd.routing.keys import pack
from acd.routing.line import Line
from acd.routing.model import ContactState, RegionId
from acd.routing.plans import NO_NEEDS, join_needs
from acd.routing.pools import Pools
from acd.routing.state import NOWHERE, State
from acd.routing.strategies import idle_key
from acd.routing.waiting import could_serve, place, schedule, stand_all


def rebuild(state: State, now_ms: int) -> None:
    """Number the agents by id, put everybody into the pools, every waiting contact into its lines."""
    pools = state.pools = Pools(state)
    state.by_rank = [state.agents[agent_id] for agent_id in sorted(state.agents)]
    state.statuses = [len(state.by_rank), 0, 0]
    for queue in state.queues.values():
        queue.staffed = 0
        queue.staffed_in = {}
        queue.waiting_in = {}
        queue.line = Line()
    for rank, agent in enumerate(state.by_rank):
        agent.rank = rank
        agent.region = state.regions.get(RegionId(agent.rules.region), -1)
        agent.capacity = pools.capacity_of(agent)
        agent.mask = agent.status = 0
        agent.is_loose = False
        agent.key = idle_key(agent)
        agent.cells = ()
        agent.alone = None
        agent.queues = pools.share_queues(agent.queues)
        agent.counts = pools.counts_of(agent)
        pools.add_agent(agent)
    _build_known(state)
    for agent in state.by_rank:
        refresh(state, agent)
    for contact in state.contacts.values():
        contact.rank = None
        contact.place = NOWHERE
        contact.alarm = 0
    state.contact_alarms.fill(())
    for contact in sorted(state.contacts.values(), key=lambda contact: contact.key):
        if contact.state is ContactState.WAITING:
            if contact.alone_until_ms > now_ms and not _has_owner(state, contact):
                contact.alone_until_ms = 0
            place(state, contact, now_ms)
        else:
            schedule(state, contact, now_ms)
    stand_all(state, now_ms)
    moments = [(offer.wake_ms, offer.agent.rank) for offer in state.offers.values() if offer.wake_ms]
    state.deadlines.clear()
    state.deadlines.update(pack(moment_ms, rank) for moment_ms, rank in moments)
    state.offer_alarms.fill(moments)
    state.agent_alarms.fill((agent.wake_ms, agent.rank) for agent in state.by_rank if agent.wake_ms)


def _has_owner(state: State, contact: Contact) -> bool:
    owner = state.agents.get(contact.owner) if contact.owner is not None else None
    return owner is not None and bool(owner.status) and could_serve(state, contact, owner)


def _build_known(state: State) -> None:
    """The requirements of queues and entries, before anybody asks: the first contact need not wait for them."""
    if state.rules is None:
        return
    for entry in state.rules.entries:
        queue = state.queues[entry.queue]
        needs = join_needs(queue.plan.rules.needs, entry.needs)
        state.pools.requirement_for(queue.plan, needs or NO_NEEDS, entry.channel, 0).from_rules = True
