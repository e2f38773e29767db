"""How facts about agents change the state."""

from __future__ import annotations

from acd.routing.availability import SIGNED_OUT, hide, note_work, refresh
from acd.routing.keys import NUMBER_MASK
from acd.routing.model import Link, Presence
from acd.routing.outputs import AgentJoined, AgentSet, LinkSet, NextPresenceSet, PresenceSet
from acd.routing.state import LINK_BITS, Agent, State
from acd.routing.states import PRESENCE_MOVES
from acd.routing.strategies import shares
from acd.routing.waiting import could_serve, forget_owner


def fold_joined(state: State, fact: AgentJoined, at_ms: int) -> None:
    """A session; the clocks since sign-in start with the first one after a sign-out."""
    agent = state.agents[fact.agent]
    agent.session = fact.session
    if agent.presence is Presence.SIGNED_OUT:
        agent.signed_in_ms = at_ms
        agent.working_ms = 0
        agent.taken = 0
        agent.busy_since_ms = 0
        note_work(agent, at_ms)
        agent.share = 0
        if not agent.released_ms:
            agent.released_ms = at_ms
    refresh(state, agent)


def fold_presence(state: State, fact: PresenceSet, at_ms: int) -> None:
    """Declared presence; a choice for later is spent."""
    agent = state.agents[fact.agent]
    if agent.presence is not fact.presence:
        agent.since_ms = at_ms
    agent.presence = PRESENCE_MOVES[agent.presence, fact.presence]
    agent.reason = fact.reason
    agent.next_presence = None
    agent.next_reason = ""
    if state.pools.compares_shares:
        agent.share = shares(agent, at_ms)
    if fact.presence is Presence.SIGNED_OUT:
        agent.wake_ms = None
        agent.session = ""
    refresh(state, agent)
    if fact.presence is Presence.SIGNED_OUT:
        _let_go(state, agent, at_ms)
        forget_if_gone(state, agent)


def fold_next_presence(state: State, fact: NextPresenceSet, at_ms: int) -> None:
    """A choice for the end of the work in hand."""
    agent = state.agents[fact.agent]
    agent.next_presence = fact.presence
    agent.next_reason = fact.reason if fact.presence is not None else ""
    refresh(state, agent)


def fold_link(state: State, fact: LinkSet, at_ms: int) -> None:
    """A link is up or down; a lost desk has its grace."""
    agent = state.agents[fact.agent]
    bit = LINK_BITS[fact.link]
    if fact.is_up:
        agent.links |= bit
        if fact.session:
            agent.link_sessions = {**(agent.link_sessions or {}), fact.link: fact.session}
    else:
        agent.links &= ~bit
        if agent.link_sessions is not None:
            agent.link_sessions.pop(fact.link, None)
    if fact.link is Link.DESK:
        if fact.is_up:
            agent.wake_ms = None
        elif agent.presence is not Presence.SIGNED_OUT and state.rules is not None:
            agent.wake_ms = at_ms + state.rules.desk_grace_ms
            state.agent_alarms.set(agent.wake_ms, agent.rank)
    refresh(state, agent)


def fold_agent(state: State, fact: AgentSet, at_ms: int) -> None:
    """Other skills or queues, at once."""
    agent = state.agents[fact.agent]
    hide(state, agent)
    if fact.skills is not None:
        agent.skills = dict(fact.skills)
    if fact.queues is not None:
        agent.queues = {queue: agent.queues.get(queue, 0) for queue in fact.queues}
    state.pools.add_agent(agent)
    state.pools.fit(agent)
    refresh(state, agent)
    _let_go(state, agent, at_ms)


def forget_if_gone(state: State, agent: Agent) -> None:
    """An agent who is no longer in the rules and has nothing in hand is dropped."""
    if agent.is_gone and agent.presence is Presence.SIGNED_OUT and not agent.offers and not agent.consulting:
        hide(state, agent)
        del state.agents[agent.id]
        state.statuses[SIGNED_OUT] -= 1
        # The numbers of the others stay: the place in `by_rank` is kept by a ghost until rules are loaded.


def _let_go(state: State, agent: Agent, at_ms: int) -> None:
    """Contacts that waited for an agent who has gone, or cannot serve them now, wait for anybody."""
    for key in agent.alone or ():
        contact = state.numbered[key & NUMBER_MASK]
        if agent.presence is Presence.SIGNED_OUT or not could_serve(state, contact, agent):
            forget_owner(state, contact, at_ms)
