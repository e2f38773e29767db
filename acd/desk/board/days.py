"""Figures of today: counts that begin anew at midnight UTC, when something is next counted."""

from __future__ import annotations

from acd.desk.board.state import DAY_MS, AgentDay, AgentState, QueueState
from acd.statistics.counts import QueueCounts


def queue_day(queue: QueueState, at_ms: int) -> QueueCounts:
    """Return the counts of the day of this moment, at 0 if it has just begun."""
    if queue.day != at_ms // DAY_MS:
        queue.day, queue.counts = at_ms // DAY_MS, QueueCounts()
    return queue.counts


def agent_day(agent: AgentState, at_ms: int) -> AgentDay:
    """Return the figures of the day of this moment, at 0 if it has just begun."""
    if agent.day.day != at_ms // DAY_MS:
        agent.day = AgentDay(at_ms // DAY_MS)
    return agent.day
