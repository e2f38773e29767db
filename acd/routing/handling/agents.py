"""Agents: sign-in, presence, links, skills."""

from __future__ import annotations

from acd.routing.answer import Answer
from acd.routing.availability import is_working
from acd.routing.events import AgentChanged, AgentSignedIn, AgentSignedOut, LinkChanged, PresenceChosen
from acd.routing.handling.arrivals import ID_MAX
from acd.routing.handling.leaving import drop_offers
from acd.routing.model import AgentId, OfferState, PersonId, Presence
from acd.routing.outputs import AgentJoined, AgentSet, LinkSet, NextPresenceSet, PresenceSet
from acd.routing.state import LINK_BITS, Agent

SKILLS_MAX = 64
QUEUES_MAX = 64


def on_signed_in(answer: Answer, event: AgentSignedIn) -> None:
    """A session. Presence comes with it, or is kept if the agent was there already."""
    agent = answer.state.agents.get(event.agent)
    if agent is None or agent.is_gone:
        answer.refuse(event.agent, "unknown_agent")
        return
    if len(event.session) > ID_MAX:
        answer.refuse(event.agent, "senseless", "a long session", f"{ID_MAX} characters")
        return
    was_out = agent.presence is Presence.SIGNED_OUT
    if (
        not was_out
        and agent.session == event.session
        and event.presence in (agent.presence, Presence.NOT_READY)
    ):
        answer.late(event.agent, "signed in before")
        return
    if agent.session != event.session or was_out:
        answer.emit(AgentJoined(agent.id, event.session))
    presence = Presence.NOT_READY if event.presence is Presence.SIGNED_OUT else event.presence
    if was_out:
        answer.emit(PresenceSet(agent.id, presence, event.reason[:ID_MAX]))
    elif presence is Presence.READY and (agent.presence is not presence or agent.next_presence is not None):
        _choose(answer, agent, presence, "", None)


def on_signed_out(answer: Answer, event: AgentSignedOut) -> None:
    """Out at once, or when the work in hand is done."""
    _presence(answer, event.agent, Presence.SIGNED_OUT, event.reason, event.by)


def on_presence(answer: Answer, event: PresenceChosen) -> None:
    """Presence now, or next while there is work in hand."""
    _presence(answer, event.agent, event.presence, event.reason, event.by)


def on_link(answer: Answer, event: LinkChanged) -> None:
    """A link came or went; going is believed only of the session that came."""
    agent = answer.state.agents.get(event.agent)
    if agent is None:
        answer.refuse(event.agent, "unknown_agent")
        return
    is_up = bool(agent.links & LINK_BITS[event.link])
    session = (agent.link_sessions or {}).get(event.link, "")
    if len(event.session) > ID_MAX:
        answer.refuse(event.agent, "senseless", "a long session", f"{ID_MAX} characters")
    elif not event.is_up and (not is_up or (session and session != event.session)):
        answer.late(event.agent, f"{event.link.value} of another session, or down before")
    elif event.is_up and is_up and session == event.session:
        answer.late(event.agent, f"{event.link.value} is up")
    else:
        answer.emit(LinkSet(agent.id, event.link, event.is_up, event.session))


def on_changed(answer: Answer, event: AgentChanged) -> None:
    """Skills and queues by hand."""
    agent = answer.state.agents.get(event.agent)
    if agent is None or agent.is_gone:
        answer.refuse(event.agent, "unknown_agent")
        return
    if event.skills is not None and (
        len(event.skills) > SKILLS_MAX
        or any(not 1 <= proficiency <= 5 for proficiency in event.skills.values())
        or any(len(skill) > ID_MAX for skill in event.skills)
    ):
        answer.refuse(event.agent, "senseless", event.skills, f"at most {SKILLS_MAX} skills of 1 to 5")
        return
    rules = answer.state.rules
    if event.skills is not None and rules is not None and rules.skills:
        strange = [skill for skill in event.skills if skill not in rules.skills]
        if strange:
            answer.refuse(event.agent, "unknown_skill", strange)
            return
    if event.queues is not None:
        unknown = [queue for queue in event.queues if queue not in answer.state.queues]
        if unknown or len(event.queues) > QUEUES_MAX:
            answer.refuse(
                event.agent, "unknown_queue" if unknown else "limit", unknown, f"at most {QUEUES_MAX} queues"
            )
            return
    same_skills = event.skills is None or event.skills == agent.skills
    same_queues = event.queues is None or event.queues == tuple(agent.queues)
    if same_skills and same_queues:
        answer.late(event.agent, "so before")
        return
    answer.trigger = "agent_free"
    answer.emit(AgentSet(agent.id, event.skills, event.queues, event.by))


def _presence(
    answer: Answer, agent_id: AgentId, presence: Presence, reason: str, by: PersonId | None
) -> None:
    agent = answer.state.agents.get(agent_id)
    if agent is None:
        answer.refuse(agent_id, "unknown_agent")
    elif agent.presence is Presence.SIGNED_OUT:
        if presence is Presence.SIGNED_OUT:
            answer.late(agent_id, "signed out before")
        else:
            answer.refuse(agent_id, "signed_out")
    elif agent.is_gone and presence is Presence.READY:
        answer.refuse(agent_id, "unknown_agent")
    else:
        _choose(answer, agent, presence, reason[:ID_MAX], by)


def _choose(answer: Answer, agent: Agent, presence: Presence, reason: str, by: PersonId | None) -> None:
    if presence is not Presence.READY:
        outcome = OfferState.DECLINED if by is None or str(by) == agent.id else OfferState.WITHDRAWN
        drop_offers(answer, agent, outcome, "presence")
    if is_working(agent):
        if presence is agent.presence and (presence is Presence.READY or reason == agent.reason):
            if agent.next_presence is None:
                answer.late(agent.id, "chosen before")
            else:
                answer.emit(NextPresenceSet(agent.id, None, "", by))
        elif presence is agent.next_presence and reason == agent.next_reason:
            answer.late(agent.id, "chosen before")
        else:
            answer.emit(NextPresenceSet(agent.id, presence, reason, by))
        return
    if presence is agent.presence and reason == agent.reason and agent.next_presence is None:
        answer.late(agent.id, "chosen before")
    else:
        answer.emit(PresenceSet(agent.id, presence, reason, by))
