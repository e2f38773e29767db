"""The records of simulated hours, made once for all tests of the room."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from acd.ports import Record
from acd.routing.events import TimePassed
from acd.routing.outputs import AnyFact
from acd.simulation.day import Day
from acd.statistics.intervals import Statistics
from tests.simulation.centre import plan

START_MS = 1_795_467_900_000 - 1_795_467_900_000 % 900_000
DAY_MS = 86_400_000


class _Listening(Statistics):
    """Keeps what it is told, and counts it."""

    def __init__(self, records: list[Record]) -> None:
        super().__init__()
        self._records = records

    def apply(self, facts: Iterable[AnyFact], at_ms: int) -> None:  # type: ignore[override]
        told = list(facts)
        self._records.append(Record(len(self._records) + 1, 1, at_ms, TimePassed(), told))
        super().apply(told, at_ms)


@cache
def records_of_day(seed: int = 7, staff: int = 30, hours: int = 2) -> tuple[Record, ...]:
    """Return every record of a faulty centre, until everybody has gone home."""
    found: list[Record] = []
    day = Day(plan(seed, staff=staff, start_ms=START_MS, length_ms=hours * 3_600_000), lambda: 0.0)
    day.statistics = _Listening(found)
    report = day.run()
    assert not report.broken and len(found) == report.records > 2_000
    return tuple(found)


def folded(records: Iterable[Record]) -> Statistics:
    """Return the statistics of these records, folded in one go."""
    statistics = Statistics()
    for record in records:
        statistics.apply(record.facts, record.at_ms)
    return statistics
