"""Facts folded into the board's state: agents, queues and the zone here;
contacts in `fold_contacts.py`, offers and assignments in `fold_offers.py`.

Pure: what a record says, at the moment it bears. A fact about what the board has never heard of (its beginning was
cut off with the oldest part of a journal) is counted in `unknown` and passed over: a screen must not stop routing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from acd.desk.board.changed import Changed
from acd.desk.board.counting import count_agent, region_of, uncount_agent
from acd.desk.board.days import agent_day
from acd.desk.board.fold_contacts import CONTACT_FOLDS
from acd.desk.board.fold_offers import OFFER_FOLDS
from acd.desk.board.marking import forget_if_gone, mark_contact
from acd.desk.board.state import DAY_MS, AgentState, BoardState, QueueState
from acd.ports import Record
from acd.routing.model import AgentRules, Link, Presence, QueueRules
from acd.routing.outputs import facts as f


class Board:
    """The state of the zone as the desks show it."""

    def __init__(self) -> None:
        self.state = BoardState()
        self.changed = Changed()
        self.unknown = 0
        """Facts passed over because they are about something unknown."""

    def apply(self, record: Record) -> None:
        """Fold one record; records come in order of `seq`, an older one changes nothing."""
        if record.seq <= self.state.seq:
            return
        if self.state.at_ms // DAY_MS != record.at_ms // DAY_MS:
            self._turn_day()
        self.state.seq = record.seq
        self.state.at_ms = record.at_ms
        for fact in record.facts:
            fold = _FOLDS.get(type(fact))
            if fold is not None and not fold(self.state, self.changed, fact, record.at_ms):
                self.unknown += 1

    def take_changed(self) -> Changed:
        """Return what changed since the last time, and begin anew."""
        changed, self.changed = self.changed, Changed()
        return changed

    def dump(self) -> bytes:
        """Return everything as MessagePack, for a snapshot of the journal."""
        return msgspec.msgpack.encode(self.state)

    def load(self, dumped: bytes) -> None:
        """Take up what `dump` gave, in place of everything known.

        Raises:
            msgspec.DecodeError: These bytes are no dump of this version.
        """
        self.state = msgspec.msgpack.decode(dumped, type=BoardState)
        self.changed = Changed()

    def _turn_day(self) -> None:
        """A new day: figures of yesterday are on the screens no longer."""
        self.changed.queues |= dict.fromkeys(self.state.queues)
        self.changed.agents |= dict.fromkeys(self.state.agents)


# --- the zone -----------------------------------------------------------------------------------------


def _rules(state: BoardState, changed: Changed, fact: f.RulesInForce, at_ms: int) -> bool:
    rules = fact.rules
    state.staff_version += 1
    state.region_rules = {region.region: region for region in rules.regions}
    state.entries = {entry.entry: entry.queue for entry in rules.entries}
    _set_queues(state, changed, rules.queues)
    names = {agent.agent for agent in rules.agents}
    for name in [name for name in state.agents if name not in names]:
        _set_gone(state, changed, state.agents[name])
    for agent_rules in rules.agents:
        agent = state.agents.get(agent_rules.agent) or AgentState(agent_rules.agent, since_ms=at_ms)
        state.agents[agent_rules.agent] = agent
        _set_agent_rules(agent, agent_rules)
        count_agent(state, agent, changed)
        changed.agents[agent.agent] = None
    for region in rules.regions:
        region_of(state, region.region)
        changed.regions[region.region] = None
    return True


def _set_queues(state: BoardState, changed: Changed, queues: tuple[QueueRules, ...]) -> None:
    """Take over the queues' rules. A queue that is no longer named goes when nobody is left in it."""
    named = {rules.queue for rules in queues}
    for rules in queues:
        known = state.queues.get(rules.queue)
        if known is None:
            state.queues[rules.queue] = QueueState(rules)
        else:
            known.rules = rules
        state.queues[rules.queue].shared_version += 1
        changed.queues[rules.queue] = None
    for name in [name for name in state.queues if name not in named]:
        place = state.queues[name].place
        if not (place.waiting or place.offered or place.assigned or place.intake or place.return_calls):
            for agent in state.agents.values():
                if name in agent.queues:
                    uncount_agent(state, agent, changed)
                    agent.queues = tuple(queue for queue in agent.queues if queue != name)
                    count_agent(state, agent, changed)
            del state.queues[name]
        changed.queues[name] = None


def _set_gone(state: BoardState, changed: Changed, agent: AgentState) -> None:
    """An agent who left the rules serves no queue any more."""
    agent.is_gone = True
    agent.queues = ()
    count_agent(state, agent, changed)
    changed.agents[agent.agent] = None
    forget_if_gone(state, changed, agent)


def _set_agent_rules(agent: AgentState, rules: AgentRules) -> None:
    agent.is_gone = False
    agent.name = rules.name or rules.agent
    agent.region = rules.region
    agent.team = rules.team
    agent.skills = dict(rules.skills)
    agent.queues = tuple(served.queue for served in rules.queues)
    agent.capacity = dict(rules.capacity)


def _took_over(state: BoardState, changed: Changed, fact: f.NodeTookOver, at_ms: int) -> bool:
    for agent in state.agents.values():
        if agent.desk or agent.phone or agent.microphone:
            agent.desk = agent.phone = agent.microphone = False
            changed.agents[agent.agent] = None
    return True


def _hours(state: BoardState, changed: Changed, fact: f.HoursInForce, at_ms: int) -> bool:
    state.hours[fact.hours] = fact.is_open
    for queue in state.queues.values():
        if queue.rules.hours == fact.hours:
            queue.shared_version += 1
            changed.queues[queue.rules.queue] = None
    return True


def _gate(state: BoardState, changed: Changed, fact: f.QueueGateSet, at_ms: int) -> bool:
    queue = state.queues.get(fact.queue)
    if queue is None:
        return False
    queue.gate_open = fact.is_open
    queue.gate_reason = "" if fact.is_open else fact.reason or "closed by hand"
    queue.shared_version += 1
    changed.queues[fact.queue] = None
    return True


def _reserve(state: BoardState, changed: Changed, fact: f.ReserveSet, at_ms: int) -> bool:
    queue = state.queues.get(fact.queue)
    if queue is None:
        return False
    others = [group for group in queue.borrowed if group != fact.group]
    queue.borrowed = [*others, fact.group] if fact.is_borrowed else others
    changed.queues[fact.queue] = None
    return True


def _spill(state: BoardState, changed: Changed, fact: f.SpillSet, at_ms: int) -> bool:
    queue = state.queues.get(fact.queue)
    if queue is None:
        return False
    others = [region for region in queue.spilled if region != fact.region]
    queue.spilled = [*others, fact.region] if fact.is_spilled else others
    changed.queues[fact.queue] = None
    return True


# --- agents -------------------------------------------------------------------------------------------


def _joined(state: BoardState, changed: Changed, fact: f.AgentJoined, at_ms: int) -> bool:
    agent = state.agents.get(fact.agent)
    if agent is None:
        return False
    agent.session = fact.session
    if agent.presence is Presence.SIGNED_OUT:
        agent.signed_in_ms = at_ms
    changed.agents[fact.agent] = None
    return True


def _presence(state: BoardState, changed: Changed, fact: f.PresenceSet, at_ms: int) -> bool:
    agent = state.agents.get(fact.agent)
    if agent is None:
        return False
    day, spent = agent_day(agent, at_ms), max(0, at_ms - max(agent.since_ms, at_ms - at_ms % DAY_MS))
    if agent.presence is Presence.READY:
        day.ready_ms += spent
    elif agent.presence is Presence.NOT_READY:
        day.not_ready_ms += spent
    agent.presence = fact.presence
    agent.reason = fact.reason
    agent.is_system = fact.is_system
    is_chosen_before = fact.by is None and not fact.is_system and fact.presence is agent.next_presence
    agent.set_by = agent.next_by if is_chosen_before else fact.by
    agent.since_ms = at_ms
    agent.next_presence = None
    agent.next_reason = ""
    agent.next_by = None
    if fact.presence is Presence.SIGNED_OUT:
        agent.signed_in_ms = None
    count_agent(state, agent, changed)
    changed.agents[fact.agent] = None
    forget_if_gone(state, changed, agent)
    return True


def _next_presence(state: BoardState, changed: Changed, fact: f.NextPresenceSet, at_ms: int) -> bool:
    agent = state.agents.get(fact.agent)
    if agent is None:
        return False
    agent.next_presence = fact.presence
    agent.next_reason = fact.reason if fact.presence else ""
    agent.next_by = fact.by if fact.presence else None
    changed.agents[fact.agent] = None
    return True


def _link(state: BoardState, changed: Changed, fact: f.LinkSet, at_ms: int) -> bool:
    agent = state.agents.get(fact.agent)
    if agent is None:
        return False
    match fact.link:
        case Link.DESK:
            agent.desk = fact.is_up
        case Link.PHONE:
            agent.phone = fact.is_up
        case Link.MICROPHONE:
            agent.microphone = fact.is_up
    changed.agents[fact.agent] = None
    return True


def _agent_set(state: BoardState, changed: Changed, fact: f.AgentSet, at_ms: int) -> bool:
    agent = state.agents.get(fact.agent)
    if agent is None:
        return False
    if fact.skills is not None:
        agent.skills = dict(fact.skills)
    if fact.queues is not None:
        agent.queues = fact.queues
        state.staff_version += 1
        count_agent(state, agent, changed)
    changed.agents[fact.agent] = None
    for offer in agent.held:
        mark_contact(state, changed, state.offers[offer].contact)
    return True


_FOLDS: dict[type[f.Fact], Callable[[BoardState, Changed, Any, int], bool]] = {
    f.RulesInForce: _rules,
    f.NodeTookOver: _took_over,
    f.HoursInForce: _hours,
    f.QueueGateSet: _gate,
    f.ReserveSet: _reserve,
    f.SpillSet: _spill,
    f.AgentJoined: _joined,
    f.PresenceSet: _presence,
    f.NextPresenceSet: _next_presence,
    f.LinkSet: _link,
    f.AgentSet: _agent_set,
    **CONTACT_FOLDS,
    **OFFER_FOLDS,
}
"""Each returns False if the fact is about something unknown."""
