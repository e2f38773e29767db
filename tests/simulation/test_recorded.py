"""A day that was, played again: the same customers at the same moments, talking as long, under whatever rules."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest

from acd.ports import Record
from acd.routing.model import Outcome, Strategy
from acd.simulation.day import Day, Plan
from acd.simulation.population import CustomerProfile
from acd.simulation.recorded import PATIENCE_MS, RecordedDay
from acd.simulation.world import NO_FAULTS
from tests.simulation import centre


def recorded_day(plan: Plan) -> tuple[RecordedDay, Any]:
    """Play a drawn day, keep its records as a journal would, and read them."""
    day = Day(plan, time.monotonic)
    records: list[Record] = []
    note = day._record

    def keep(event: Any, facts: Any, now_ms: int) -> None:
        records.append(Record(len(records) + 1, 1, now_ms, event, list(facts)))
        note(event, facts, now_ms)

    day._record = keep  # type: ignore[method-assign]
    report = day.run()
    recorded = RecordedDay()
    recorded.read(records)
    return recorded, report


def again(recorded: RecordedDay, plan: Plan) -> tuple[Day, Any]:
    day = Day(
        msgspec.structs.replace(
            plan,
            rules=recorded.staffed(plan.rules),
            start_ms=recorded.start_ms,
            length_ms=recorded.end_ms - recorded.start_ms,
            customers=recorded.customers(),
            agents=recorded.agents(),
            recorded=recorded,
        ),
        time.monotonic,
    )
    return day, day.run()


PLAN = msgspec.structs.replace(
    centre.plan(seed=5),
    length_ms=3_600_000,
    customers=CustomerProfile(per_hour=300, patience_ms=60_000),
    faults=NO_FAULTS,
    crash_every=0,
)


def test_the_same_customers_come_again_and_nobody_is_lost() -> None:
    recorded, first = recorded_day(PLAN)
    day, second = again(recorded, PLAN)
    assert second.contacts >= first.contacts - first.outcomes[Outcome.OVERFLOWED]
    assert len(recorded.visits) == day._world.arrived > 100
    assert (second.lost, second.broken) == (0, [])
    assert second.outcomes[Outcome.ANSWERED] >= first.outcomes[Outcome.ANSWERED] * 8 // 10


def test_who_gave_up_has_that_patience_and_who_was_served_a_longer_one() -> None:
    recorded, first = recorded_day(PLAN)
    gave_up = [visit for visit in recorded.visits if visit.gave_up_ms]
    assert len(gave_up) == first.outcomes[Outcome.ABANDONED] > 0
    waits = sum(visit.gave_up_ms for visit in gave_up) + sum(visit.waited_ms for visit in recorded.visits)
    assert recorded.customers().patience_ms == max(1_000, waits // len(gave_up))


def test_other_rules_may_be_tried_on_the_same_day() -> None:
    recorded, _ = recorded_day(PLAN)
    queues = tuple(
        msgspec.structs.replace(queue, strategy=Strategy.LEAST_SKILLED) for queue in PLAN.rules.queues
    )
    other = msgspec.structs.replace(PLAN, rules=msgspec.structs.replace(PLAN.rules, queues=queues))
    day, report = again(recorded, other)
    assert report.broken == []
    assert sum(day.taken.values()) > 0


def test_a_journal_without_customers_says_so() -> None:
    with pytest.raises(ValueError, match="found no arrival in the journal, expected at least one"):
        RecordedDay().read([])
    assert RecordedDay().customers().patience_ms == PATIENCE_MS
