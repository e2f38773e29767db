"""Figures of today: counts that begin anew at midnight UTC, when something is next counted."""

from __future__ import annotations

from acd.desk.board.state import DAY_MS, AgentDay, AgentState, QueueDay, QueueState


def queue_day(queue: QueueState, at_ms: int) -> QueueDay:
    """Return the counts of the day of this moment, at 0 if it has just begun."""
    if queue.day.day != at_ms // DAY_MS:
        queue.day = QueueDay(at_ms // DAY_MS)
    return queue.day


def agent_day(agent: AgentState, at_ms: int) -> AgentDay:
    """Return the figures of the day of this moment, at 0 if it has just begun."""
    if agent.day.day != at_ms // DAY_MS:
        agent.day = AgentDay(at_ms // DAY_MS)
    return agent.day
