"""What needs a supervisor's eye: limits compared with the board, a few times a minute. Shown, never acted on.

An alert lasts as long as its cause, and keeps the moment at which it was first seen.
"""

from __future__ import annotations

from collections.abc import Iterator

from acd.desk.board import BoardState
from acd.desk.board.build import build_queue
from acd.desk.board.state import AgentState
from acd.desk.people import AlertLimits
from acd.desk.rows import AlertRow, QueueRow
from acd.routing.model import AssignmentState, ContactState, Presence

CRITICAL_FACTOR = 2
"""Beyond the limit by this much, a warning becomes critical."""


class Alerts:
    """The alerts that stand."""

    def __init__(self, limits: AlertLimits) -> None:
        self._limits = limits
        self._rows: dict[str, AlertRow] = {}

    @property
    def rows(self) -> list[AlertRow]:
        """The alerts, in order of their keys."""
        return [self._rows[key] for key in sorted(self._rows)]

    def refresh(self, state: BoardState, now_ms: int) -> None:
        """Compare everything with the limits anew."""
        found: dict[str, AlertRow] = {}
        for row in self._find(state, now_ms):
            known = self._rows.get(row.key)
            found[row.key] = row if known is None or known.level != row.level else known
        self._rows = found

    def _find(self, state: BoardState, now_ms: int) -> Iterator[AlertRow]:
        for name in state.queues:
            row = build_queue(state, name)
            if row is not None:
                yield from _of_queue(row, self._limits, now_ms)
        for agent in state.agents.values():
            if agent.presence is not Presence.SIGNED_OUT:
                yield from _of_agent(state, agent, self._limits, now_ms)
        yield from _of_repeat_callers(state, now_ms)


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


def _of_agent(state: BoardState, agent: AgentState, limits: AlertLimits, now_ms: int) -> Iterator[AlertRow]:
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


def _of_repeat_callers(state: BoardState, now_ms: int) -> Iterator[AlertRow]:
    for card in state.contacts.values():
        if card.repeat is None or card.state is ContactState.ENDED:
            continue
        queue = state.queues.get(card.queue)
        if queue is not None and queue.rules.repeat.flag_supervisor:
            yield AlertRow(
                f"repeat_caller/{card.contact}", "repeat_caller", "contacts", card.contact, card.arrived_ms,
                "warning", str(card.repeat.count), "0",
            )  # fmt: skip


def _alert(kind: str, table: str, about: str, now_ms: int, found: int, expected: int) -> AlertRow:
    level = "critical" if found >= expected * CRITICAL_FACTOR else "warning"
    return AlertRow(f"{kind}/{about}", kind, table, about, now_ms, level, str(found), str(expected))
