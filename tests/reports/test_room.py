"""The reports room over real databases: killed and restarted at any record, it counts as one fold does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from random import Random

import msgspec
import pytest
from sqlalchemy import text

from acd.database import Database, open_database
from acd.ports import FiguresAsked, FiguresBy, FiguresRow, FiguresTooMany, Record
from acd.reports import ReportRoom
from acd.reports.quarters import Closed
from acd.routing.events import TimePassed
from acd.routing.model import AgentId, AgentRules, Presence, QueueId, RegionId, Rules, TeamId
from acd.routing.outputs import PresenceSet, RulesInForce
from acd.statistics.counts import AgentCounts, QueueCounts
from acd.statistics.intervals import QUARTER_MS, Statistics
from tests.databases import on_both_databases
from tests.reports.days import DAY_MS, START_MS, folded, records_of_day

END_MS = START_MS + 12 * QUARTER_MS
HOUR_MS = 4 * QUARTER_MS
ANN, BOB = AgentId("ann"), AgentId("bob")


def quarters_of(from_ms: int, to_ms: int, length_ms: int = QUARTER_MS) -> list[tuple[int, int]]:
    return [(start, start + length_ms) for start in range(from_ms, to_ms, length_ms)]


def no_submit(event: object) -> object:
    raise AssertionError(f"the reports room told the engine {event}")


@asynccontextmanager
async def running(database: Database, now_ms: int = END_MS, days: int = 800) -> AsyncIterator[ReportRoom]:
    room = await ReportRoom.open(database, lambda: now_ms, days)
    await room.start(no_submit)  # type: ignore[arg-type]
    try:
        yield room
    finally:
        await room.stop()


async def hear(room: ReportRoom, records: Sequence[Record]) -> None:
    for record in records:
        room.observe(record, is_replay=False)
    assert await room.spool.drained(10)


async def all_counts(room: ReportRoom) -> dict[tuple[str, int, str], object]:
    """Everything that the room answers, by quarter."""
    found: dict[tuple[str, int, str], object] = {}
    for by in FiguresBy:
        asked = FiguresAsked(quarters_of(START_MS, END_MS + 40 * QUARTER_MS), by)
        for row in await room.figures(asked):
            for name, counts in (("contacts", row.queue_counts), ("agents", row.agent_counts)):
                if counts is not None:
                    found[f"{by} {name}", row.from_ms, row.key] = msgspec.structs.asdict(counts)
    return found


def expected(statistics: Statistics, now_ms: int) -> dict[tuple[str, int, str], object]:
    """The same of a fold in one go, summed by hand."""
    statistics.book(now_ms)
    sums: dict[tuple[str, int, str], dict[str, int]] = {}

    def add(name: str, start: int, key: str, counts: QueueCounts | AgentCounts) -> None:
        into = sums.setdefault((name, start, key), dict.fromkeys(counts.__struct_fields__, 0))
        for field in into:
            more = getattr(counts, field)
            into[field] = max(into[field], more) if field == "wait_longest_ms" else into[field] + more

    for start, interval in statistics.intervals():
        for queue, regions in interval.queues.items():
            for region, counts in regions.items():
                add("queue contacts", start, queue, counts)
                add("region contacts", start, region, counts)
        for agent, times in interval.agents.items():
            team, region = statistics.place_of(agent)
            add("agent agents", start, agent, times)
            add("team agents", start, team, times)
            add("region agents", start, region, times)
    return dict(sums)


@on_both_databases
async def test_what_is_answered_is_what_one_fold_counts(address: str) -> None:
    records = records_of_day()
    database = await open_database(address)
    async with running(database) as room:
        await hear(room, records)
        assert await all_counts(room) == expected(folded(records), END_MS)
    async with database.reading() as connection:
        written = (await connection.execute(text("SELECT count(*) FROM figures_queues"))).scalar()
        [seq] = (await connection.execute(text("SELECT seq FROM room_progress"))).scalars()
        [dumped] = (await connection.execute(text("SELECT seq FROM figures_open"))).scalars()
    await database.close()
    assert written and 0 < seq == dumped < records[-1].seq


@on_both_databases
@pytest.mark.parametrize("seed", [1, 2])
async def test_killed_at_any_record_it_counts_as_if_it_never_died(address: str, seed: int) -> None:
    """A kill forgets what was not written: what is told again begins after `kept_seq`, as recovery does it."""
    records, chance = records_of_day(), Random(seed)
    database = await open_database(address)
    borders = [
        place
        for place, (before, after) in enumerate(pairwise(records))
        if before.at_ms // QUARTER_MS != after.at_ms // QUARTER_MS
    ]
    kills = sorted(
        {*chance.sample(range(len(records)), 25), *(b + d for b in borders[:8] for d in (0, 1, 2))}
    )
    again = 0
    for place in [*kills, len(records)]:
        room = await ReportRoom.open(database, lambda: END_MS, 800)
        begin = room.kept_seq
        for record in records[begin:place]:
            room.observe(record, is_replay=True)
            again += 1
        if chance.random() < 0.6:
            await room.start(no_submit)  # type: ignore[arg-type]
            await room.stop()
        # else: it dies before its spool was written.
    assert again > len(records) + 500
    async with running(database) as room:
        closed_before = [each.at_ms // QUARTER_MS for each in records if each.seq <= room.kept_seq]
        await hear(room, records[room.kept_seq :])
        assert await all_counts(room) == expected(folded(records), END_MS)
    assert closed_before, "nothing had been written before the last start"
    await database.close()


@on_both_databases
async def test_a_restart_hears_again_no_more_than_a_quarter_of_an_hour(address: str) -> None:
    records = records_of_day()
    database = await open_database(address)
    async with running(database) as room:
        await hear(room, records)
    async with running(database) as room:
        first = records[room.kept_seq]
        assert room.kept_seq > 2_000
        assert records[-1].at_ms // QUARTER_MS == first.at_ms // QUARTER_MS
    await database.close()


async def test_a_batch_whose_dump_came_later_is_written_again_after_a_kill(tmp_path: Path) -> None:
    records = records_of_day()
    database = await open_database(f"sqlite:///{tmp_path}/acd.sqlite")
    room = await ReportRoom.open(database, lambda: END_MS, 800)
    for record in records:
        room.observe(record, is_replay=True)
    waiting: list[Closed] = list(room._waiting)
    assert [each.dump is None for each in waiting] == [True] * (len(waiting) - 1) + [False]
    async with database.writing() as connection:
        after = await room._write(connection, waiting[:3])
    after()
    assert len(room._waiting) == len(waiting) - 3
    async with running(database) as again:
        assert again.kept_seq == 0
        await hear(again, records)
        assert again.spool.refused == 0
        assert await all_counts(again) == expected(folded(records), END_MS)
    await database.close()


async def test_an_answer_while_quarters_wait_for_the_database_counts_nothing_twice(tmp_path: Path) -> None:
    records = records_of_day()
    database = await open_database(f"sqlite:///{tmp_path}/acd.sqlite")
    room = await ReportRoom.open(database, lambda: END_MS, 800)
    for record in records:
        room.observe(record, is_replay=True)
    whole = expected(folded(records), END_MS)
    assert await all_counts(room) == whole
    async with database.writing() as connection:
        after = await room._write(connection, room._waiting)
    # Committed, and the room has not heard of it yet.
    assert await all_counts(room) == whole
    after()
    assert room._waiting == []
    assert await all_counts(room) == whole
    await database.close()


# --- a small centre by hand -----------------------------------------------------------------------------

RULES = Rules(
    1,
    agents=(
        AgentRules(ANN, region=RegionId("north"), team=TeamId("red")),
        AgentRules(BOB, region=RegionId("south"), team=TeamId("blue")),
    ),
)


def said(seq: int, at_ms: int, *facts: PresenceSet | RulesInForce) -> Record:
    return Record(seq, 1, at_ms, TimePassed(), list(facts))


def two_days() -> list[Record]:
    """Ann is ready for 26 hours, Bob for the last of them."""
    return [
        said(1, START_MS, RulesInForce(RULES), PresenceSet(ANN, Presence.READY)),
        said(2, START_MS + 25 * HOUR_MS, PresenceSet(BOB, Presence.READY)),
        said(
            3,
            START_MS + 26 * HOUR_MS,
            PresenceSet(ANN, Presence.SIGNED_OUT),
            PresenceSet(BOB, Presence.SIGNED_OUT),
        ),
        said(4, START_MS + 27 * HOUR_MS),
    ]


def ready(rows: Sequence[FiguresRow]) -> list[tuple[int, str, int]]:
    """Period, key and ready time, in quarters of an hour."""
    return [
        ((row.from_ms - START_MS) // QUARTER_MS, row.key, row.agent_counts.ready_idle_ms // QUARTER_MS)
        for row in rows
        if row.agent_counts is not None
    ]


@on_both_databases
async def test_hours_and_days_are_sums_of_quarters_and_are_narrowed_before_they_are_summed(
    address: str,
) -> None:
    database = await open_database(address)
    async with running(database, START_MS + 27 * HOUR_MS) as room:
        await hear(room, two_days())
        hours = FiguresAsked(
            quarters_of(START_MS + 24 * HOUR_MS, START_MS + 27 * HOUR_MS, HOUR_MS), FiguresBy.AGENT
        )
        assert ready(await room.figures(hours)) == [(96, "ann", 4), (100, "ann", 4), (100, "bob", 4)]
        days = FiguresAsked(quarters_of(START_MS, START_MS + 2 * DAY_MS, DAY_MS), FiguresBy.TEAM)
        assert ready(await room.figures(days)) == [(0, "red", 96), (96, "blue", 4), (96, "red", 8)]
        region = msgspec.structs.replace(days, by=FiguresBy.REGION)
        assert ready(await room.figures(region)) == [(0, "north", 96), (96, "north", 8), (96, "south", 4)]
        for narrow in ({"teams": frozenset({TeamId("blue")})}, {"agents": frozenset({BOB})}):
            for asked in (days, region, hours):
                found = ready(await room.figures(msgspec.structs.replace(asked, **narrow)))
                assert [(quarter >= 96, counted) for quarter, _, counted in found] == [(True, 4)]
        nobody = msgspec.structs.replace(days, teams=frozenset())
        assert await room.figures(nobody) == []
        with pytest.raises(FiguresTooMany):
            await room.figures(msgspec.structs.replace(hours, rows_max=2))
    await database.close()


async def test_what_is_open_is_narrowed_too(tmp_path: Path) -> None:
    database = await open_database(f"sqlite:///{tmp_path}/acd.sqlite")
    async with running(database, START_MS + 25 * HOUR_MS + QUARTER_MS) as room:
        await hear(room, two_days()[:2])
        days = FiguresAsked(quarters_of(START_MS, START_MS + 2 * DAY_MS, DAY_MS), FiguresBy.TEAM)
        for narrow in ({"teams": frozenset({TeamId("blue")})}, {"agents": frozenset({BOB})}):
            assert ready(await room.figures(msgspec.structs.replace(days, **narrow))) == [(96, "blue", 1)]
    await database.close()


async def test_queues_are_narrowed_before_they_are_summed(tmp_path: Path) -> None:
    database = await open_database(f"sqlite:///{tmp_path}/acd.sqlite")
    async with running(database) as room:
        await hear(room, records_of_day())
        for length_ms in (QUARTER_MS, DAY_MS):
            whole = [(START_MS, START_MS + length_ms)]
            by_queue = await room.figures(FiguresAsked(whole, FiguresBy.QUEUE))
            one = FiguresAsked(whole, FiguresBy.QUEUE, queues=frozenset({QueueId("sales")}))
            assert await room.figures(one) == [row for row in by_queue if row.key == "sales"]
            regions = await room.figures(
                FiguresAsked(whole, FiguresBy.REGION, frozenset({QueueId("sales")}), teams=frozenset())
            )
            entered = sum(row.queue_counts.entered for row in regions if row.queue_counts is not None)
            [sales] = await room.figures(one)
            assert sales.queue_counts is not None and sales.queue_counts.entered == entered > 0
    await database.close()


@on_both_databases
async def test_what_is_older_than_the_retention_is_taken_away(address: str) -> None:
    database = await open_database(address)
    async with running(database, START_MS + 27 * HOUR_MS, days=1) as room:
        await hear(room, two_days())
    async with database.reading() as connection:
        rows = (
            await connection.execute(text("SELECT count(*) FROM figures_agents WHERE agent = 'ann'"))
        ).scalar()
    # The last close is at 27 hours: of 26 hours the first three are gone.
    assert rows == 23 * 4
    await database.close()


async def test_a_quarter_that_the_database_will_not_have_does_not_stop_those_behind_it(
    tmp_path: Path,
) -> None:
    database = await open_database(f"sqlite:///{tmp_path}/acd.sqlite")
    records = two_days()
    records.insert(3, said(4, START_MS + 26 * HOUR_MS + 1, PresenceSet(AgentId("x" * 9), Presence.READY)))
    records[4] = said(5, START_MS + 27 * HOUR_MS)
    async with database.writing() as connection:
        await connection.execute(
            text(
                "CREATE TRIGGER no_x BEFORE INSERT ON figures_agents WHEN NEW.agent = 'xxxxxxxxx' "
                "BEGIN SELECT RAISE(ABORT, 'not this one'); END"
            )
        )
    async with running(database, START_MS + 28 * HOUR_MS) as room:
        await hear(room, records)
        assert room.spool.refused == 1
        await hear(
            room, [said(6, START_MS + 27 * HOUR_MS + 5, PresenceSet(AgentId("x" * 9), Presence.SIGNED_OUT))]
        )
        await hear(
            room,
            [
                said(7, START_MS + 28 * HOUR_MS, PresenceSet(ANN, Presence.READY)),
                said(8, START_MS + 29 * HOUR_MS),
            ],
        )
        whole = FiguresAsked(
            [(START_MS, START_MS + 2 * DAY_MS)], FiguresBy.TEAM, teams=frozenset({TeamId("red")})
        )
        assert ready(await room.figures(whole)) == [(0, "red", 26 * 4 + 4)]
    await database.close()


async def test_with_too_much_waiting_it_takes_nothing_more_until_the_next_start(tmp_path: Path) -> None:
    records = records_of_day()
    database = await open_database(f"sqlite:///{tmp_path}/acd.sqlite")
    room = ReportRoom(database, lambda: END_MS, 800, rows_waiting_max=100)
    for record in records:
        room.observe(record, is_replay=True)
    assert room.is_behind
    assert sum(len(each.queues) + len(each.agents) for each in room._waiting) < 250
    assert room.kept_seq < records[-1].seq
    await room.start(no_submit)  # type: ignore[arg-type]
    await room.stop()
    async with running(database) as again:
        assert 0 < again.kept_seq < records[-1].seq
        await hear(again, records[again.kept_seq :])
        assert await all_counts(again) == expected(folded(records), END_MS)
    await database.close()


async def test_a_trimmed_journal_is_taken_up_and_what_is_unknown_is_counted(tmp_path: Path) -> None:
    database = await open_database(f"sqlite:///{tmp_path}/acd.sqlite")
    async with running(database) as room:
        await hear(room, records_of_day()[1_500:])
        assert room.passed_over > 0
        assert await all_counts(room)
    await database.close()


async def test_a_dump_of_another_version_begins_anew_and_keeps_what_was_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    records = records_of_day()
    database = await open_database(f"sqlite:///{tmp_path}/acd.sqlite")
    async with running(database) as room:
        await hear(room, records[:2_000])
        kept = room.kept_seq
        before = await all_counts(room)
    async with database.writing() as connection:
        await connection.execute(text("UPDATE figures_open SET dump = X'78'"))
        [seq] = (await connection.execute(text("SELECT seq FROM room_progress"))).scalars()
    assert kept == 2_000 > seq
    async with running(database) as room:
        assert room.kept_seq == seq and "figures_begin_anew" in caplog.text
        stands = await all_counts(room)
        assert stands and stands.items() <= before.items()
        await hear(room, records[seq:])
        assert stands.items() <= (await all_counts(room)).items()
    await database.close()
