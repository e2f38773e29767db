"""Records folded into quarters: what closes when, going on from any close, and journals without their beginning."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

import msgspec
import pytest

from acd.ports import Record
from acd.reports.quarters import Closed, Quarters
from acd.routing.events import TimePassed
from acd.routing.model import AgentId, AgentRules, Presence, RegionId, Rules, TeamId
from acd.routing.outputs import PresenceSet, RulesInForce
from acd.statistics.counts import AgentCounts
from acd.statistics.intervals import QUARTER_MS, Statistics
from tests.reports.days import START_MS, folded, records_of_day

ANN = AgentId("ann")
END_MS = START_MS + 10 * 3_600_000
Counted = dict[tuple[str, int, str, str], dict[str, int]]


def record(seq: int, at_ms: int, *facts: PresenceSet | RulesInForce) -> Record:
    return Record(seq, 1, at_ms, TimePassed(), list(facts))


def ready(seq: int, at_ms: int) -> Record:
    return record(seq, at_ms, PresenceSet(ANN, Presence.READY))


def counted(statistics: Statistics, now_ms: int) -> Counted:
    """What one fold counted, by quarter."""
    statistics.book(now_ms)
    found: Counted = {}
    for start, interval in statistics.intervals():
        for queue, regions in interval.queues.items():
            for region, counts in regions.items():
                found["queue", start, queue, region] = msgspec.structs.asdict(counts)
        for agent, times in interval.agents.items():
            found["agent", start, agent, ""] = msgspec.structs.asdict(times)
    return found


def given_out(closes: Iterable[Closed], rest: Quarters, now_ms: int) -> Counted:
    """What came out of the room's fold: closed quarters and, at the end, the open one."""
    queues, agents = rest.open_rows(now_ms)
    for closed in closes:
        queues += closed.queues
        agents += closed.agents
    found: Counted = {
        ("queue", row.start_ms, row.queue, row.region): msgspec.structs.asdict(row.counts) for row in queues
    }
    found |= {("agent", row.start_ms, row.agent, ""): msgspec.structs.asdict(row.counts) for row in agents}
    assert len(found) == len(queues) + len(agents), "a quarter was given out twice"
    return found


def test_the_quarters_of_a_day_hold_what_one_fold_counts() -> None:
    records, quarters = records_of_day(), Quarters()
    closes = [closed for each in records if (closed := quarters.observe(each)) is not None]
    assert len(closes) >= 8
    assert given_out(closes, quarters, END_MS) == counted(folded(records), END_MS)
    assert quarters.statistics.passed_over == 0


def test_going_on_from_any_close_gives_the_same_counts() -> None:
    records, quarters = records_of_day(), Quarters()
    closes = [closed for each in records if (closed := quarters.observe(each)) is not None]
    expected = counted(folded(records), END_MS)
    for place, closed in enumerate(closes):
        assert closed.dump is not None
        again = Quarters()
        again.load(closed.dump)
        assert (again.seq, again.open_from_ms) == (closed.seq, closed.to_ms)
        more = [found for each in records if (found := again.observe(each)) is not None]
        assert [each.seq for each in more] == [each.seq for each in closes[place + 1 :]]
        assert given_out([*closes[: place + 1], *more], again, END_MS) == expected


def test_looking_at_what_runs_books_nothing() -> None:
    records, quarters, chance = records_of_day(), Quarters(), Random(4)
    closes = []
    for each in records:
        if (closed := quarters.observe(each)) is not None:
            closes.append(closed)
        if chance.random() < 0.01:
            quarters.open_rows(each.at_ms + chance.randrange(3_600_000))
    assert given_out(closes, quarters, END_MS) == counted(folded(records), END_MS)


def test_running_presence_is_split_at_the_border_and_counted_up_to_now() -> None:
    quarters = Quarters()
    rules = Rules(1, agents=(AgentRules(ANN, region=RegionId("north"), team=TeamId("red")),))
    quarters.observe(record(1, START_MS, RulesInForce(rules)))
    assert quarters.observe(ready(2, START_MS + QUARTER_MS - 1_000)) is None
    assert quarters.open_from_ms == START_MS
    _, [now] = quarters.open_rows(START_MS + QUARTER_MS - 400)
    assert now.counts == AgentCounts(signed_in_ms=600, ready_idle_ms=600)
    _, rows = quarters.open_rows(START_MS + QUARTER_MS + 300)
    assert [(row.start_ms - START_MS, row.counts.ready_idle_ms) for row in rows] == [
        (0, 1_000),
        (QUARTER_MS, 300),
    ]
    closed = quarters.observe(ready(3, START_MS + 3 * QUARTER_MS))
    assert closed is not None and quarters.open_from_ms == START_MS + 3 * QUARTER_MS
    assert (closed.seq, closed.from_ms, closed.to_ms) == (2, START_MS, START_MS + 3 * QUARTER_MS)
    assert [(row.start_ms - START_MS, row.counts.ready_idle_ms) for row in closed.agents] == [
        (0, 1_000), (QUARTER_MS, QUARTER_MS), (2 * QUARTER_MS, QUARTER_MS),
    ]  # fmt: skip
    assert {(row.team, row.region) for row in closed.agents} == {("red", "north")}
    assert list(quarters.statistics.intervals()) == []


def test_a_record_that_was_heard_is_passed_over() -> None:
    quarters = Quarters()
    quarters.observe(ready(1, START_MS))
    assert quarters.observe(record(1, START_MS, PresenceSet(ANN, Presence.SIGNED_OUT))) is None
    _, [row] = quarters.open_rows(START_MS + 5)
    assert row.counts.ready_idle_ms == 5


@pytest.mark.parametrize("cut", [300, 1_500, 2_900])
def test_a_journal_without_its_beginning_gives_whole_quarters_only_and_never_fails(cut: int) -> None:
    records, quarters = records_of_day(), Quarters()
    closes = [closed for each in records[cut:] if (closed := quarters.observe(each)) is not None]
    found = given_out(closes, quarters, END_MS)
    begin_ms = records[cut].at_ms - records[cut].at_ms % QUARTER_MS + QUARTER_MS
    assert quarters.statistics.passed_over > 0
    assert found and min(start for _, start, _, _ in found) == begin_ms
    assert all(closed.from_ms >= min(begin_ms, closed.to_ms) for closed in closes)
    expected = counted(folded(records), END_MS)
    for (kind, start, key, region), counts in found.items():
        if kind == "queue" and start >= begin_ms + 2 * QUARTER_MS:
            assert counts["entered"] == expected[kind, start, key, region]["entered"]


def test_what_still_mattered_says_what_was_open_and_is_not_counted() -> None:
    quarters = Quarters()
    quarters.observe(ready(5, START_MS - 30 * QUARTER_MS))
    quarters.observe(record(90, START_MS + 7))
    assert quarters.open_rows(START_MS + 10) == ([], [])
    closed = quarters.observe(record(91, START_MS + 2 * QUARTER_MS))
    assert closed is not None and closed.from_ms == START_MS + QUARTER_MS
    assert [(row.start_ms, row.counts.ready_idle_ms) for row in closed.agents] == [
        (START_MS + QUARTER_MS, QUARTER_MS)
    ]


def test_after_a_dump_that_cannot_be_read_it_goes_on_with_the_next_whole_quarter() -> None:
    quarters = Quarters()
    with pytest.raises(msgspec.DecodeError):
        quarters.load(b"\x93nothing")
    quarters = Quarters()
    quarters.skip_to(40)
    quarters.observe(ready(41, START_MS + 3))
    closed = quarters.observe(record(42, START_MS + 2 * QUARTER_MS))
    assert closed is not None
    assert [row.start_ms for row in closed.agents] == [START_MS + QUARTER_MS]
