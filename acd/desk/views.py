"""Views kept up to date from the board: one stream for each agent at a desk, one for each scope of supervisors.

A view exists while somebody reads it, and for a while after, so that a reader may resume. Building rows stands in
`board/build.py`, who gets what bytes in `streams.py`; here is which row belongs into which view.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from acd.desk.board import BoardState, Changed
from acd.desk.board.build import (
    build_agent,
    build_assignment,
    build_contact,
    build_label,
    build_offer,
    build_queue,
    build_region,
    build_return_call,
    build_team,
)
from acd.desk.rows import AlertRow, AnyRow
from acd.desk.scope import Scope, Sight
from acd.desk.streams import Cell, Stream
from acd.ports import ChatMessage, Conversations, TicketCard
from acd.routing.model import AgentId, Channel, ContactId, OfferId, QueueId

RETURN_CALLS_MAX = 200
TICKETS_MAX = 200
CHAT_LINES_MAX = 500


class QueueShelf:
    """Rows that all agents of a queue share, built once for each change."""

    def __init__(self) -> None:
        self._labels: dict[QueueId, tuple[int, Cell]] = {}
        self._return_calls: dict[QueueId, tuple[int, list[tuple[str, Cell]]]] = {}

    def label(self, state: BoardState, name: QueueId) -> Cell | None:
        """Return the label of a queue."""
        queue = state.queues.get(name)
        if queue is None:
            return None
        known = self._labels.get(name)
        if known is None or known[0] != queue.shared_version:
            row = build_label(state, name)
            assert row is not None, f"queue {name} is on the board and has no label"
            known = self._labels[name] = (queue.shared_version, Cell(row))
        return known[1]

    def return_calls(self, state: BoardState, name: QueueId) -> list[tuple[str, Cell]]:
        """Return the return calls in a queue's line, the first to have been booked first."""
        queue = state.queues.get(name)
        if queue is None:
            return []
        known = self._return_calls.get(name)
        if known is None or known[0] != queue.shared_version:
            cells: list[tuple[str, Cell]] = []
            for contact in queue.return_calls:
                row = build_return_call(state, contact)
                if row is not None:
                    cells.append((contact, Cell(row)))
                if len(cells) == RETURN_CALLS_MAX:
                    break
            known = self._return_calls[name] = (queue.shared_version, cells)
        return known[1]


class AgentView:
    """What one agent sees."""

    def __init__(self, agent: AgentId, name: str, conversations: Conversations | None) -> None:
        self.agent = agent
        self.stream = Stream(name)
        self._conversations = conversations
        self._held: dict[OfferId, str] = {}
        self._chats: dict[ContactId, list[str]] = {}
        self._versions: dict[QueueId, int] = {}
        self._tickets_version = -1

    def refresh(self, state: BoardState) -> None:
        """Bring what is the agent's alone up to date."""
        row = build_agent(state, self.agent)
        if row is None:
            self.stream.drop("me", self.agent)
            return
        self.stream.put("me", self.agent, Cell(row))
        agent = state.agents[self.agent]
        held = {offer: self._put_held(state, offer) for offer in agent.held}
        for offer, table in self._held.items():
            if held.get(offer) != table:
                self.stream.drop(table, str(offer))
        self._held = held
        self._refresh_chats(state)

    def refresh_shared(self, state: BoardState, shelf: QueueShelf) -> None:
        """Bring what the agent's queues share up to date."""
        agent = state.agents.get(self.agent)
        queues = agent.queues if agent else ()
        versions = {name: state.queues[name].shared_version for name in queues if name in state.queues}
        if versions == self._versions:
            return
        self._versions = versions
        labels = [(name, shelf.label(state, name)) for name in versions]
        self._replace("labels", [(name, cell) for name, cell in labels if cell is not None])
        calls = [pair for name in versions for pair in shelf.return_calls(state, name)]
        self._replace("return_calls", calls[:RETURN_CALLS_MAX])

    def refresh_tickets(
        self, version: int, cells: Sequence[tuple[str, QueueId, Cell]], state: BoardState
    ) -> None:
        """Bring the open tickets of the agent's queues up to date; `cells` hold the latest first."""
        if version == self._tickets_version:
            return
        self._tickets_version = version
        agent = state.agents.get(self.agent)
        queues = agent.queues if agent else ()
        own = [
            (key, cell) for key, queue, cell in cells if queue in queues or _is_owner(cell.row, self.agent)
        ]
        self._replace("tickets", own[:TICKETS_MAX])

    def hear(self, message: ChatMessage) -> None:
        """A line was said in a chat of this agent's."""
        keys = self._chats.get(message.contact)
        if keys is not None:
            self._put_line(keys, message)

    def _put_held(self, state: BoardState, name: OfferId) -> str:
        offer = state.offers[name]
        row: AnyRow | None
        if offer.state is None:
            table, row = "offers", build_offer(state, offer)
        else:
            table, row = "assignments", build_assignment(state, offer)
        if row is not None:
            self.stream.put(table, str(name), Cell(row))
        return table

    def _refresh_chats(self, state: BoardState) -> None:
        wanted = {
            state.offers[name].contact for name in self._held if state.offers[name].channel is Channel.CHAT
        }
        for contact in [contact for contact in self._chats if contact not in wanted]:
            for key in self._chats.pop(contact):
                self.stream.drop("chat_messages", key)
        for contact in sorted(wanted - self._chats.keys()):
            keys = self._chats[contact] = []
            lines = self._conversations.transcript(contact) if self._conversations else ()
            for message in lines[-CHAT_LINES_MAX:]:
                self._put_line(keys, message)

    def _put_line(self, keys: list[str], message: ChatMessage) -> None:
        key = f"{message.contact}/{message.number}"
        self.stream.put("chat_messages", key, Cell(message))
        keys.append(key)
        if len(keys) > CHAT_LINES_MAX:
            self.stream.drop("chat_messages", keys.pop(0))

    def _replace(self, table: str, pairs: Sequence[tuple[str, Cell]]) -> None:
        """Make a table hold exactly these rows."""
        wanted = {key for key, _ in pairs}
        for key in self.stream.keys_of(table):
            if key not in wanted:
                self.stream.drop(table, key)
        for key, cell in pairs:
            self.stream.put(table, key, cell)


class SupervisorView:
    """What supervisors of one scope see."""

    def __init__(self, scope: Scope, name: str) -> None:
        self.sight = Sight(scope)
        self.stream = Stream(name, is_shared=True)
        self._staff_version = -1
        self._alerts: set[str] = set()

    def fill(self, state: BoardState, cells: SharedCells) -> None:
        """Put everything in."""
        self._staff_version = state.staff_version
        changed = Changed()
        changed.agents = dict.fromkeys(state.agents)
        changed.contacts = dict.fromkeys(state.contacts)
        changed.queues = dict.fromkeys(state.queues)
        changed.regions = dict.fromkeys(state.regions)
        changed.teams = dict.fromkeys(state.teams)
        self._put_all(state, changed, cells)

    def refresh(self, state: BoardState, changed: Changed, cells: SharedCells) -> None:
        """Bring what changed up to date; after a change of staff everything, for sight itself may have changed."""
        if self._staff_version != state.staff_version and self.sight.scope.teams is not None:
            self.fill(state, cells)
        self._put_all(state, changed, cells)

    def set_alerts(self, state: BoardState, alerts: Iterable[AlertRow]) -> None:
        """Replace the alerts."""
        if "alerts" not in self.sight.scope.tables:
            return
        wanted = {alert.key: alert for alert in alerts if self._sees_alert(state, alert)}
        for key in sorted(self._alerts - wanted.keys()):
            self.stream.drop("alerts", key)
        self._alerts = set(wanted)
        for key, alert in wanted.items():
            self.stream.put("alerts", key, Cell(alert))

    def _put_all(self, state: BoardState, changed: Changed, cells: SharedCells) -> None:
        sight, tables = self.sight, self.sight.scope.tables
        if "agents" in tables:
            for agent in changed.agents:
                self._put(
                    "agents", agent, cells.get("agents", agent) if sight.sees_agent(state, agent) else None
                )
        if "contacts" in tables:
            for contact in changed.contacts:
                seen = sight.sees_contact(state, contact)
                self._put("contacts", contact, cells.get("contacts", contact) if seen else None)
        if "queues" in tables:
            for queue in changed.queues:
                self._put(
                    "queues", queue, cells.get("queues", queue) if sight.sees_queue(state, queue) else None
                )
        if "regions" in tables:
            for region in changed.regions:
                self._put(
                    "regions", region, cells.get("regions", region) if sight.sees_region(region) else None
                )
        if "teams" in tables:
            for team in changed.teams:
                self._put("teams", team, cells.get("teams", team) if sight.sees_team(team) else None)

    def _put(self, table: str, key: str, cell: Cell | None) -> None:
        if cell is None:
            self.stream.drop(table, key)
        else:
            self.stream.put(table, key, cell)

    def _sees_alert(self, state: BoardState, alert: AlertRow) -> bool:
        match alert.table:
            case "queues":
                return self.sight.sees_queue(state, QueueId(alert.about))
            case "agents":
                return self.sight.sees_agent(state, AgentId(alert.about))
            case "contacts":
                return self.sight.sees_contact(state, ContactId(alert.about))
            case _:
                return True


class SharedCells:
    """Rows of one round of refreshing, each built once for all scopes that see it."""

    def __init__(self, state: BoardState) -> None:
        self._state = state
        self._cells: dict[tuple[str, str], Cell | None] = {}

    def get(self, table: str, name: str) -> Cell | None:
        """Return the row of a table with this key, None if there is none (any more)."""
        if (table, name) not in self._cells:
            row = _BUILDERS[table](self._state, name)
            self._cells[(table, name)] = Cell(row) if row is not None else None
        return self._cells[(table, name)]


_BUILDERS: Mapping[str, Callable[[BoardState, Any], AnyRow | None]] = {
    "agents": build_agent,
    "contacts": build_contact,
    "queues": build_queue,
    "regions": build_region,
    "teams": build_team,
}


def _is_owner(row: AnyRow, agent: AgentId) -> bool:
    return isinstance(row, TicketCard) and row.owner == agent
