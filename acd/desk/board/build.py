"""Rows from the board's state. Pure; None where there is nothing to show any more."""

from __future__ import annotations

from acd.desk.board.days import agent_day, queue_day
from acd.desk.board.state import OFFERED, AgentState, BoardState, ContactCard, GroupState, OfferState, Place
from acd.desk.rows import (
    AgentRow,
    AssignmentRow,
    CapacityCell,
    ConsultRow,
    ContactRow,
    DayFigures,
    GroupRow,
    IntakeNote,
    LinkStates,
    OfferRow,
    QueueLabel,
    QueueRow,
    RegionCount,
    RepeatMark,
    ReturnCallRow,
    VisitMark,
    Work,
)
from acd.routing.model import (
    AgentId,
    AssignmentState,
    ContactId,
    ContactState,
    Label,
    MonitorMode,
    Origin,
    QueueId,
    RegionId,
    TeamId,
)
from acd.statistics.figures import estimate_error_ms
from acd.statistics.service_level import ServiceLevelRule, service_level

_NO_FIGURES = DayFigures()


def build_agent(state: BoardState, name: AgentId) -> AgentRow | None:
    """Return the row of an agent."""
    agent = state.agents.get(name)
    if agent is None:
        return None
    used: dict[str, int] = {}
    work = []
    for offer_id in agent.held:
        offer = state.offers[offer_id]
        shown = OFFERED if offer.state is None else offer.state.value
        work.append(Work(offer_id, offer.contact, offer.channel, offer.queue, shown, offer.since_ms))
        if offer.state is not AssignmentState.WRAP_UP or offer.blocks:
            used[offer.channel] = used.get(offer.channel, 0) + 1
    return AgentRow(
        agent=agent.agent,
        name=agent.name,
        region=agent.region,
        team=agent.team,
        presence=agent.presence,
        reason=agent.reason,
        is_system=agent.is_system,
        since_at_ms=agent.since_ms,
        links=LinkStates(agent.desk, agent.phone, agent.microphone),
        capacity={
            channel: CapacityCell(limit, used.get(channel, 0)) for channel, limit in agent.capacity.items()
        },
        work=tuple(work),
        skills=agent.skills,
        queues=agent.queues,
        next_presence=agent.next_presence,
        next_reason=agent.next_reason,
        set_by=agent.set_by,
        signed_in_at_ms=agent.signed_in_ms,
        figures=_build_figures(agent, state.at_ms),
    )


def _build_figures(agent: AgentState, at_ms: int) -> DayFigures:
    day = agent_day(agent, at_ms)
    if not day.offered and not day.ready_ms and not day.not_ready_ms:
        return _NO_FIGURES
    return DayFigures(
        offered=day.offered,
        answered=day.answered,
        no_answer=day.no_answer,
        declined=day.declined,
        done=day.done,
        talk_ms=day.talk_ms,
        hold_ms=day.hold_ms,
        wrap_up_ms=day.wrap_up_ms,
        ready_ms=day.ready_ms,
        not_ready_ms=day.not_ready_ms,
    )


def build_label(state: BoardState, name: QueueId) -> QueueLabel | None:
    """Return what agents must know of a queue."""
    queue = state.queues.get(name)
    if queue is None:
        return None
    rules = queue.rules
    return QueueLabel(
        queue=name,
        label=rules.label,
        dispositions=rules.dispositions,
        disposition_default=rules.disposition_default,
        wrap_up=rules.wrap_up.mode.value,
        waiting=queue.place.waiting,
        is_open=is_open(state, name),
    )


def is_open(state: BoardState, name: QueueId) -> bool:
    """Return whether hours and gate of a queue are both open."""
    queue = state.queues[name]
    hours = queue.rules.hours
    return queue.gate_open and (hours is None or state.hours.get(hours, True))


def build_repeat(state: BoardState, card: ContactCard) -> RepeatMark | None:
    """Return that the customer was here before, with the name of the agent of the last visit.

    A return call is no visit of the customer: `last_` tells of one only where all visits that are kept are such.
    """
    if card.repeat is None or not card.repeat.visits:
        return None
    visits = card.repeat.visits
    last = next((visit for visit in visits if visit.origin is not Origin.RETURN_CALL), visits[0])
    return RepeatMark(
        count=card.repeat.count,
        last_at_ms=last.at_ms,
        last_channel=last.channel,
        last_queue=last.queue,
        last_outcome=last.outcome.value,
        last_agent=last.agent,
        last_agent_name=_name_of(state, last.agent),
        last_disposition=last.disposition,
        is_recurring=card.repeat.is_recurring,
        visits=tuple(
            VisitMark(
                contact=visit.contact,
                at_ms=visit.at_ms,
                channel=visit.channel,
                queue=visit.queue,
                outcome=visit.outcome.value,
                origin=visit.origin,
                agent=visit.agent,
                agent_name=_name_of(state, visit.agent),
                disposition=visit.disposition,
                is_solved=visit.is_solved,
                ticket=visit.ticket,
            )
            for visit in card.repeat.visits
        ),
    )


def _name_of(state: BoardState, agent: AgentId | None) -> str:
    known = state.agents.get(agent) if agent else None
    return known.name if known else (agent or "")


def build_intake(card: ContactCard) -> IntakeNote | None:
    """Return what the bot took down, None if nothing."""
    if not (card.category or card.words or card.recording):
        return None
    return IntakeNote(card.category, card.words, card.recording, card.intake_number)


def build_offer(state: BoardState, offer: OfferState) -> OfferRow | None:
    """Return the row of an open offer."""
    card = state.contacts.get(offer.contact)
    if card is None or offer.state is not None:
        return None
    return OfferRow(
        offer=offer.offer,
        contact=offer.contact,
        channel=offer.channel,
        adapter=card.adapter,
        origin=card.origin,
        queue=offer.queue,
        entry=card.entry,
        language=card.language,
        display=card.display,
        identities=card.identities,
        verified=card.verified,
        arrived_at_ms=card.arrived_ms,
        offered_at_ms=offer.made_ms,
        deadline_at_ms=offer.deadline_ms or 0,
        region=card.region,
        repeat=build_repeat(state, card),
        attributes=card.attributes,
        ticket=card.ticket,
        number=card.number,
        intake=build_intake(card),
        decision=offer.decision,
    )


def build_assignment(state: BoardState, offer: OfferState) -> AssignmentRow | None:
    """Return the row of an assignment."""
    card = state.contacts.get(offer.contact)
    if card is None or offer.state is None:
        return None
    return AssignmentRow(
        offer=offer.offer,
        contact=offer.contact,
        channel=offer.channel,
        adapter=card.adapter,
        origin=card.origin,
        queue=offer.queue,
        entry=card.entry,
        language=card.language,
        display=card.display,
        identities=card.identities,
        verified=card.verified,
        state=offer.state,
        since_at_ms=offer.since_ms,
        arrived_at_ms=card.arrived_ms,
        connected_at_ms=offer.connected_ms,
        deadline_at_ms=offer.deadline_ms,
        wrap_up_wanted=offer.wrap_up_wanted,
        blocks=offer.blocks,
        region=card.region,
        repeat=build_repeat(state, card),
        attributes=card.attributes,
        ticket=card.ticket,
        number=card.number,
        intake=build_intake(card),
        consult=_build_consult(offer),
        is_conference=offer.conference,
        monitors=tuple(mode for mode in offer.monitors.values() if mode is not MonitorMode.MONITOR),
        ended_why=offer.ended_why,
    )


def _build_consult(offer: OfferState) -> ConsultRow | None:
    if offer.consult_agent is None and not offer.consult_number:
        return None
    return ConsultRow(offer.consult_agent, offer.consult_number, offer.consult_answered)


def build_return_call(state: BoardState, name: ContactId) -> ReturnCallRow | None:
    """Return the row of a return call that has not ended."""
    card = state.contacts.get(name)
    if card is None or card.state is ContactState.ENDED:
        return None
    return ReturnCallRow(
        contact=name,
        queue=card.queue,
        number=card.number,
        display=card.display,
        state=card.state,
        arrived_at_ms=card.arrived_ms,
        not_before_at_ms=card.not_before_ms,
        tries=card.tries,
        ticket=card.ticket,
        owner=card.owner,
    )


def build_contact(state: BoardState, name: ContactId) -> ContactRow | None:
    """Return the row of a contact that has not ended, with the offer or assignment it is in, if any."""
    card = state.contacts.get(name)
    if card is None or card.state is ContactState.ENDED:
        return None
    held = None
    for offer_id in card.offers:
        offer = state.offers[offer_id]
        if offer.state is not AssignmentState.WRAP_UP:
            held = offer
    return ContactRow(
        contact=name,
        channel=card.channel,
        adapter=card.adapter,
        origin=card.origin,
        queue=card.queue,
        entry=card.entry,
        language=card.language,
        region=card.region,
        display=card.display,
        state=card.state,
        since_at_ms=card.since_ms,
        arrived_at_ms=card.arrived_ms,
        head_start_ms=card.head_start_ms,
        step=card.step,
        verified=card.verified,
        repeat=build_repeat(state, card),
        agent=held.agent if held else None,
        offer=held.offer if held else None,
        assignment=held.state if held else None,
        position=card.position,
        estimate_ms=card.estimate_ms,
        refusals=card.refusals,
        why=card.why,
        ticket=card.ticket,
        not_before_at_ms=card.not_before_ms,
        monitors=held.monitors if held else {},
        decision=held.decision if held else None,
        head_starts=card.head_starts,
    )


def build_queue(state: BoardState, name: QueueId) -> QueueRow | None:
    """Return the row of a queue."""
    queue = state.queues.get(name)
    if queue is None:
        return None
    place, day = queue.place, queue_day(queue, state.at_ms)
    return QueueRow(
        queue=name,
        label=queue.rules.label,
        is_open=is_open(state, name),
        gate_reason=queue.gate_reason,
        waiting=place.waiting,
        offered=place.offered,
        assigned=place.assigned,
        intake=place.intake,
        return_calls=place.return_calls,
        longest_arrived_at_ms=queue.line.first_arrived_ms(),
        signed_in=_signed_in(place),
        ready=place.ready,
        working=place.working,
        wrap_up=place.wrap_up,
        entered=day.entered,
        answered=day.answered,
        answered_in_time=day.answered_in_time,
        abandoned=day.abandoned,
        abandoned_short=day.abandoned_short,
        overflowed=day.overflowed,
        refused=day.refused,
        wait_ms_sum=day.wait_answered_ms,
        wait_ms_max=day.wait_longest_ms,
        service_level=service_level(day, ServiceLevelRule.ABANDONS_NEGATIVE),
        threshold_ms=queue.rules.threshold_ms,
        regions={
            region: RegionCount(counts.waiting, counts.assigned, _signed_in(counts), counts.ready)
            for region, counts in queue.regions.items()
        },
        borrowed=tuple(queue.borrowed),
        spilled=tuple(queue.spilled),
        overflow_asked=day.overflow_asked,
        overflow_declined=day.overflow_declined,
        estimates=day.estimates,
        estimate_error_ms=estimate_error_ms(day),
    )


def build_region(state: BoardState, name: RegionId) -> GroupRow | None:
    """Return the row of a region."""
    group, rules = state.regions.get(name), state.region_rules.get(name)
    if group is None or (rules is None and not _agents(group.place) and not group.place.waiting):
        return None
    return _build_group(str(name), rules.label if rules else Label(), group)


def build_team(state: BoardState, name: TeamId) -> GroupRow | None:
    """Return the row of a team."""
    group = state.teams.get(name)
    if group is None or not _agents(group.place):
        return None
    return _build_group(str(name), state.team_labels.get(name, Label()), group)


def _build_group(key: str, label: Label, group: GroupState) -> GroupRow:
    place = group.place
    return GroupRow(
        key=key,
        label=label,
        agents=_agents(place),
        signed_in=_signed_in(place),
        ready=place.ready,
        not_ready=place.not_ready,
        working=place.working,
        wrap_up=place.wrap_up,
        waiting=place.waiting,
        longest_arrived_at_ms=group.line.first_arrived_ms(),
    )


def _signed_in(place: Place) -> int:
    return place.ready + place.not_ready + place.working + place.wrap_up


def _agents(place: Place) -> int:
    return _signed_in(place) + place.signed_out
