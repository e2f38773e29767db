"""How facts about the zone change the state."""

from __future__ import annotations

from itertools import chain

from acd.routing.availability import refresh
from acd.routing.folding.index import rebuild
from acd.routing.keys import NUMBER_MASK
from acd.routing.model import GroupId, Presence
from acd.routing.outputs import (
    ArrivalsTurnedAway,
    CommandFulfilled,
    HoursInForce,
    Late,
    NodeTookOver,
    QueueGateSet,
    Refused,
    ReserveSet,
    RulesInForce,
    SpillSet,
    TicketDone,
)
from acd.routing.plans import Plan
from acd.routing.state import CHANNEL_ALL, Agent, Queue, State
from acd.routing.strategies import compares_shares, shares


def fold_rules(state: State, fact: RulesInForce, at_ms: int) -> None:
    """New rules: agents keep what they do, contacts keep the plans they entered under."""
    rules = fact.rules
    state.rules = rules
    state.entries = {entry.entry: entry for entry in rules.entries}
    state.regions = {region.region: number for number, region in enumerate(rules.regions)}
    for queue_rules in rules.queues:
        queue = state.queues.get(queue_rules.queue)
        if queue is None:
            state.queues[queue_rules.queue] = Queue(Plan(queue_rules, rules.version))
        elif queue.plan.rules != queue_rules:
            queue.plan = Plan(queue_rules, rules.version)
            groups = [reserve.group for reserve in queue_rules.reserves]
            queue.borrowed = {group: True for group in queue.borrowed if group in groups}
            if queue_rules.spill is None:
                queue.spilled = {}
        queue = state.queues[queue_rules.queue]
        queue.spilled = {region: True for region in queue.spilled if region in state.regions}
    named = {queue_rules.queue for queue_rules in rules.queues}
    for gone in [queue for queue in state.queues if queue not in named]:
        del state.queues[gone]
    _set_agents(state, fact)
    if compares_shares(rules):
        for agent in state.agents.values():
            agent.share = shares(agent, at_ms)
    rebuild(state, at_ms)


def _set_agents(state: State, fact: RulesInForce) -> None:
    rules = fact.rules
    named = {agent.agent for agent in rules.agents}
    for agent_rules in rules.agents:
        agent = state.agents.get(agent_rules.agent)
        if agent is None:
            agent = state.agents[agent_rules.agent] = Agent(agent_rules)
        agent.rules = agent_rules
        agent.skills = agent_rules.skills
        agent.queues = {served.queue: served.preference_ms for served in agent_rules.queues}
        agent.groups = agent_rules.groups
        agent.weight = agent_rules.weight
        agent.is_gone = False
    for agent_id in [agent_id for agent_id in state.agents if agent_id not in named]:
        agent = state.agents[agent_id]
        if agent.presence is Presence.SIGNED_OUT and not agent.offers and not agent.consulting:
            del state.agents[agent_id]
        else:
            agent.is_gone = True
            agent.queues = {}
            agent.groups = ()


def fold_node(state: State, fact: NodeTookOver, at_ms: int) -> None:
    """All links are down until reported; whoever had a desk has the grace to come back."""
    state.epoch = fact.epoch
    grace_ms = state.rules.desk_grace_ms if state.rules is not None else 0
    for number, agent in enumerate(state.by_rank):
        if not agent.links:
            continue
        if agent.links & 1 and agent.presence is not Presence.SIGNED_OUT:
            agent.wake_ms = at_ms + grace_ms
            state.agent_alarms.set(agent.wake_ms, number)
        agent.links = 0
        agent.link_sessions = None
        refresh(state, agent)


def fold_hours(state: State, fact: HoursInForce, at_ms: int) -> None:
    """Opening hours."""
    state.hours[fact.hours] = (fact.is_open, fact.until_ms)


def fold_gate(state: State, fact: QueueGateSet, at_ms: int) -> None:
    """Emergency closure."""
    state.queues[fact.queue].gate_open = fact.is_open


def fold_reserve(state: State, fact: ReserveSet, at_ms: int) -> None:
    """Borrowed agents serve the queue from now on, or no longer."""
    queue = state.queues[fact.queue]
    if fact.is_borrowed:
        queue.borrowed[GroupId(fact.group)] = True
        for agent in state.pools.grouped.get(GroupId(fact.group), ()):
            if agent.mask & CHANNEL_ALL:
                state.opened.append(agent)
    else:
        queue.borrowed.pop(GroupId(fact.group), None)


def fold_spill(state: State, fact: SpillSet, at_ms: int) -> None:
    """Contacts from a region reach further from now on, or no longer."""
    queue = state.queues[fact.queue]
    if fact.is_spilled:
        queue.spilled[fact.region] = True
    else:
        queue.spilled.pop(fact.region, None)
    region = state.pools.region_number(fact.region)
    state.pools.forget_reach(fact.queue, region)
    if not fact.is_spilled:
        return
    # Whoever is fewer looks for the others: both choices are the same.
    if queue.waiting_in.get(region, 0) < queue.staffed:
        for key in queue.line:
            contact = state.numbered[key & NUMBER_MASK]
            if contact.region == fact.region:
                state.loose.append(contact)
    else:
        pools = state.pools
        lent = [pools.grouped.get(group, ()) for group in queue.borrowed]
        for agent in chain(pools.serving.get(fact.queue, ()), *lent):
            if agent.mask & CHANNEL_ALL:
                state.opened.append(agent)


def fold_nothing(state: State, fact: Late | Refused | ArrivalsTurnedAway, at_ms: int) -> None:
    """Told for the record; the state stays as it was."""


def fold_fulfilled(state: State, fact: CommandFulfilled, at_ms: int) -> None:
    """A durable command is done."""
    state.durable.pop(fact.key, None)


def fold_ticket_done(state: State, fact: TicketDone, at_ms: int) -> None:
    """A ticket is closed."""
    state.durable.pop(f"CloseTicket/{fact.ticket}", None)
