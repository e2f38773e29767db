"""Where an agent or a contact stands in the live counts of queues, regions and teams.

Each stands in exactly one column at a time; moving it takes it out of the old places and puts it into the new
ones, so that a count never needs a walk over everybody.
"""

from __future__ import annotations

from acd.desk.board.changed import Changed
from acd.desk.board.state import AgentState, BoardState, ContactCard, GroupState, Place, QueueState
from acd.routing.model import (
    AssignmentState,
    ContactId,
    ContactState,
    Origin,
    Presence,
    QueueId,
    RegionId,
    TeamId,
)


def column_of_agent(state: BoardState, agent: AgentState) -> str:
    """Return `signed_out`, `working`, `wrap_up`, `ready` or `not_ready`.

    Whoever is offered something or talks is working; who has nothing left but a wrap-up that keeps offers
    away is in wrap-up; the rest goes by presence.
    """
    column = ""
    for offer in agent.held:
        held = state.offers[offer]
        if held.state is not AssignmentState.WRAP_UP:
            return "working"
        if held.blocks:
            column = "wrap_up"
    if column:
        return column
    if agent.presence is Presence.SIGNED_OUT:
        return "signed_out"
    return "ready" if agent.presence is Presence.READY else "not_ready"


def column_of_contact(contact: ContactCard) -> str | None:
    """Return the column of a contact, None once it has ended. Return calls in line have one of their own."""
    match contact.state:
        case ContactState.ENDED:
            return None
        case ContactState.WAITING if contact.origin is Origin.RETURN_CALL:
            return "return_calls"
        case _:
            return contact.state.value


def count_agent(state: BoardState, agent: AgentState, changed: Changed) -> None:
    """Bring the counts up to date after anything changed about an agent."""
    now = (column_of_agent(state, agent), agent.region, agent.team, agent.queues)
    if now == agent.counted:
        return
    if agent.counted is not None:
        _shift_agent(state, agent.counted, -1, changed)
    _shift_agent(state, now, 1, changed)
    agent.counted = now


def uncount_agent(state: BoardState, agent: AgentState, changed: Changed) -> None:
    """Take an agent out of all counts."""
    if agent.counted is not None:
        _shift_agent(state, agent.counted, -1, changed)
        agent.counted = None


def count_contact(state: BoardState, contact: ContactCard, changed: Changed) -> None:
    """Bring the counts and lines up to date after anything changed about a contact."""
    column = column_of_contact(contact)
    now = (column, contact.queue, contact.region) if column else None
    if now == contact.counted:
        return
    if contact.counted is not None:
        _shift_contact(state, contact.counted, contact, -1, changed)
    if now is not None:
        _shift_contact(state, now, contact, 1, changed)
    contact.counted = now


def region_of(state: BoardState, region: RegionId) -> GroupState:
    """Return the counts of a region, new if nobody was counted there yet."""
    return state.regions.setdefault(region, GroupState())


def place_in(queue: QueueState, region: RegionId) -> Place:
    """Return a queue's counts in one region."""
    return queue.regions.setdefault(region, Place())


def _shift_agent(
    state: BoardState, where: tuple[str, RegionId, TeamId, tuple[QueueId, ...]], by: int, changed: Changed
) -> None:
    column, region, team, queues = where
    _add(region_of(state, region).place, column, by)
    _add(state.teams.setdefault(team, GroupState()).place, column, by)
    changed.regions[region] = None
    changed.teams[team] = None
    for name in queues:
        queue = state.queues.get(name)
        if queue is not None:
            _add(queue.place, column, by)
            _add(place_in(queue, region), column, by)
            changed.queues[name] = None


def _shift_contact(
    state: BoardState,
    where: tuple[str, QueueId, RegionId | None],
    contact: ContactCard,
    by: int,
    changed: Changed,
) -> None:
    column, name, maybe_region = where
    region = maybe_region or RegionId("")
    group = region_of(state, region)
    _add(group.place, column, by)
    changed.regions[region] = None
    queue = state.queues.get(name)
    if queue is None:
        return
    _add(queue.place, column, by)
    _add(place_in(queue, region), column, by)
    changed.queues[name] = None
    queue.shared_version += 1
    if column == "waiting":
        _line(queue, group, contact.contact, contact.arrived_ms, by)
    if contact.origin is Origin.RETURN_CALL:
        _keep_return_call(queue, contact.contact, by)


def _line(queue: QueueState, group: GroupState, contact: ContactId, arrived_ms: int, by: int) -> None:
    for line in (queue.line, group.line):
        if by > 0:
            line.join(contact, arrived_ms)
        else:
            line.leave(contact)


def _keep_return_call(queue: QueueState, contact: ContactId, by: int) -> None:
    if by > 0:
        queue.return_calls[contact] = None
    else:
        queue.return_calls.pop(contact, None)


def _add(place: Place, column: str, by: int) -> None:
    setattr(place, column, getattr(place, column) + by)
