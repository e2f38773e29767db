"""What needs a supervisor's eye: limits compared with the board, a part at a time. Shown, never acted on.

An alert lasts as long as its cause, and keeps the moment at which it was first seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from acd.desk.board import BoardState
from acd.desk.board.build import build_queue
from acd.desk.people import AlertLimits
from acd.desk.rows import AlertRow, QueueRow
from acd.routing.model import AgentId, AssignmentState, ContactId, ContactState, Presence, QueueId

CRITICAL_FACTOR = 2
"""Beyond the limit by this much, a warning becomes critical."""
HOUSE: Final = "house"
HOUSE_KINDS: Final = ("journal_full", "journal_failed", "draining")


class Alerts:
    """The alerts that stand, found subject by subject, so that no single look takes long."""

    def __init__(self, limits: AlertLimits) -> None:
        self._limits = limits
        self._by_subject: dict[tuple[str, str], dict[str, AlertRow]] = {}
        self._is_changed = False
        self._agents: list[AgentId] = []
        self._queues: list[QueueId] = []

    @property
    def rows(self) -> list[AlertRow]:
        """The alerts, in order of their keys."""
        return sorted(
            (row for rows in self._by_subject.values() for row in rows.values()), key=lambda row: row.key
        )

    def take_is_changed(self) -> bool:
        """Return whether there is anything new since the last time."""
        is_changed, self._is_changed = self._is_changed, False
        return is_changed

    def look(self, state: BoardState, now_ms: int, turns: int) -> None:
        """Compare a part of the queues and agents with the limits; after `turns` of this all were looked at."""
        if not self._agents:
            self._agents = list(state.agents)
        if not self._queues:
            self._queues = list(state.queues)
        for _ in range(min(len(self._queues), -(-len(state.queues) // turns))):
            name = self._queues.pop()
            row = build_queue(state, name)
            self._set("queues", name, _of_queue(row, self._limits, now_ms) if row is not None else ())
        for _ in range(min(len(self._agents), -(-len(state.agents) // turns))):
            agent = self._agents.pop()
            self._set("agents", agent, _of_agent(state, agent, self._limits, now_ms))

    def look_at_house(self, code: str | None, now_ms: int) -> None:
        """Say why the house takes nothing new, where that lasts (the metrics tell the rest); None: it takes all."""
        row = AlertRow(f"{code}/{HOUSE}", str(code), HOUSE, HOUSE, now_ms, "critical", str(code), "ready")
        self._set(HOUSE, HOUSE, (row,) if code in HOUSE_KINDS else ())

    def look_at_contacts(self, state: BoardState, contacts: Iterable[ContactId]) -> None:
        """Compare contacts that changed: a repeat caller is one from the beginning to the end."""
        for contact in contacts:
            self._set("contacts", contact, _of_contact(state, contact))

    def look_again(self, state: BoardState) -> None:
        """Compare all contacts: those that are there, and those about which something is said."""
        said = [ContactId(about) for table, about in self._by_subject if table == "contacts"]
        self.look_at_contacts(
            state, [*state.contacts, *(name for name in said if name not in state.contacts)]
        )

    def _set(self, table: str, about: str, found: Iterable[AlertRow]) -> None:
        """Replace the alerts about one subject. One that goes on keeps the moment at which it was first seen."""
        before = self._by_subject.get((table, about), {})
        now: dict[str, AlertRow] = {}
        for row in found:
            known = before.get(row.key)
            now[row.key] = row if known is None or known.level != row.level else known
        if now == before:
            return
        self._is_changed = True
        if now:
            self._by_subject[(table, about)] = now
        else:
            del self._by_subject[(table, about)]


def _of_queue(row: QueueRow, limits: AlertLimits, now_ms: int) -> Iterator[AlertRow]:
    if limits.wait_ms and row.longest_arrived_at_ms is not None:
        wait_ms = now_ms - row.longest_arrived_at_ms
        if wait_ms >= limits.wait_ms:
            yield _alert("queue_wait", "queues", row.queue, now_ms, wait_ms, limits.wait_ms)
    if limits.length and row.waiting >= limits.length:
        yield _alert("queue_length", "queues", row.queue, now_ms, row.waiting, limits.length)
    counted = row.answered + row.abandoned
    level = row.service_level
    if (
        level is not None
        and counted >= limits.service_level_contacts_min
        and level < limits.service_level_per_mille
    ):
        yield AlertRow(
            f"service_level/{row.queue}", "service_level", "queues", row.queue, now_ms, "warning",
            str(level), str(limits.service_level_per_mille),
        )  # fmt: skip
    if row.waiting and not row.signed_in:
        yield AlertRow(
            f"nobody_ready/{row.queue}", "nobody_ready", "queues", row.queue, now_ms, "critical", "0", "1"
        )


def _of_agent(state: BoardState, name: AgentId, limits: AlertLimits, now_ms: int) -> Iterator[AlertRow]:
    agent = state.agents.get(name)
    if agent is None or agent.presence is Presence.SIGNED_OUT:
        return
    if agent.is_system and agent.reason == "connection_lost":
        yield AlertRow(
            f"agent_lost/{agent.agent}",
            "agent_lost",
            "agents",
            agent.agent,
            now_ms,
            "warning",
            "no desk",
            "a desk",
        )
    spent_ms, limit_ms = 0, 0
    for offer in agent.held:
        held = state.offers[offer]
        if held.state is AssignmentState.WRAP_UP and held.blocks:
            spent_ms, limit_ms = now_ms - held.since_ms, limits.wrap_up_ms
        elif held.state in (AssignmentState.TALKING, AssignmentState.HELD) and held.connected_ms is not None:
            spent_ms, limit_ms = now_ms - held.connected_ms, limits.talk_ms
    if not agent.held and agent.presence is Presence.NOT_READY:
        spent_ms, limit_ms = now_ms - agent.since_ms, limits.not_ready_ms
    if limit_ms and spent_ms >= limit_ms:
        yield _alert("agent_state_long", "agents", agent.agent, now_ms, spent_ms, limit_ms)


def _of_contact(state: BoardState, name: ContactId) -> Iterator[AlertRow]:
    card = state.contacts.get(name)
    if card is None or card.repeat is None or card.state is ContactState.ENDED:
        return
    queue = state.queues.get(card.queue)
    if queue is not None and queue.rules.repeat.flag_supervisor:
        yield AlertRow(
            f"repeat_caller/{name}", "repeat_caller", "contacts", name, card.arrived_ms,
            "warning", str(card.repeat.count), "0",
        )  # fmt: skip


def _alert(kind: str, table: str, about: str, now_ms: int, found: int, expected: int) -> AlertRow:
    level = "critical" if found >= expected * CRITICAL_FACTOR else "warning"
    return AlertRow(f"{kind}/{about}", kind, table, about, now_ms, level, str(found), str(expected))
