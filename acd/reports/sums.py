"""Quarters summed into the periods that were asked for, whether they come from the tables or from memory."""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

import msgspec

from acd.ports import FiguresAsked, FiguresBy, FiguresRow, FiguresTooMany
from acd.reports.quarters import AgentRow, QueueRow
from acd.statistics.counts import AgentCounts, QueueCounts, add_counts

OF_QUEUES: Final = frozenset({FiguresBy.QUEUE, FiguresBy.REGION})
OF_AGENTS: Final = frozenset({FiguresBy.AGENT, FiguresBy.TEAM, FiguresBy.REGION})


class Sums:
    """The sums of one question."""

    def __init__(self, asked: FiguresAsked) -> None:
        self._asked = asked
        self._begins = [from_ms for from_ms, _ in asked.periods]
        self._queues: dict[tuple[int, str], QueueCounts] = {}
        self._agents: dict[tuple[int, str], AgentCounts] = {}

    def add_queue_row(self, row: QueueRow) -> None:
        """Add a quarter from memory, if it was asked for."""
        asked = self._asked
        if asked.by in OF_QUEUES and (asked.queues is None or row.queue in asked.queues):
            self.add_queue(row.start_ms, row.queue if asked.by is FiguresBy.QUEUE else row.region, row.counts)

    def add_agent_row(self, row: AgentRow) -> None:
        """Add a quarter from memory, if it was asked for."""
        asked = self._asked
        if (
            asked.by in OF_AGENTS
            and (asked.teams is None or row.team in asked.teams)
            and (asked.agents is None or row.agent in asked.agents)
        ):
            keys = {FiguresBy.AGENT: row.agent, FiguresBy.TEAM: row.team, FiguresBy.REGION: row.region}
            self.add_agent(row.start_ms, keys[asked.by], row.counts)

    def add_queue(self, start_ms: int, key: str, counts: QueueCounts) -> None:
        """Add counts of a quarter, or of more of the same period, that passed what was asked for.

        Raises:
            FiguresTooMany: The answer grew too long.
        """
        place = self._period_of(start_ms)
        if place is not None:
            if (place, key) in self._queues:
                add_counts(self._queues[place, key], counts)
            else:
                self._queues[place, key] = msgspec.structs.replace(counts)
                self._check(len(self._queues))

    def add_agent(self, start_ms: int, key: str, counts: AgentCounts) -> None:
        """The same of agents."""
        place = self._period_of(start_ms)
        if place is not None:
            if (place, key) in self._agents:
                add_counts(self._agents[place, key], counts)
            else:
                self._agents[place, key] = msgspec.structs.replace(counts)
                self._check(len(self._agents))

    def rows(self) -> list[FiguresRow]:
        """Return one row for each period and key, in this order."""
        periods = self._asked.periods
        return [
            FiguresRow(*periods[place], key, self._queues.get((place, key)), self._agents.get((place, key)))
            for place, key in sorted(self._queues.keys() | self._agents.keys())
        ]

    def _period_of(self, start_ms: int) -> int | None:
        place = bisect_right(self._begins, start_ms) - 1
        return place if place >= 0 and start_ms < self._asked.periods[place][1] else None

    def _check(self, count: int) -> None:
        if count > self._asked.rows_max:
            raise FiguresTooMany
