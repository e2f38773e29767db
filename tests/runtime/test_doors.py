"""The doors: pace, lag, what waits; named, counted, told; and that those inside go first."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from acd.ports import Overloaded
from acd.routing.events import AgentSignedIn, ArrivalsRefused, ContactArrived, CustomerLeft
from acd.routing.model import AgentId, ContactId, EntryId, Presence
from acd.routing.outputs import ContactEnded, ContactEntered, Late
from acd.runtime.clock import monotonic_s, sleep_s
from acd.runtime.doors import LAG, RATE, Doors, Limits
from tests.runtime.doubles import LineEngine, Remembering, Shell, arrival, until


def test_no_more_come_in_than_agreed_however_they_bunch() -> None:
    doors = Doors(Limits(arrivals_per_s_max=50))
    start_s = monotonic_s()
    let_in = [doors.let_in(start_s + ms / 1000) is None for ms in range(20_000)]
    assert sum(let_in[:100]) == 100  # two seconds' worth at once, after a quiet time
    assert sum(let_in) == pytest.approx(100 + 20 * 50, abs=2)
    assert doors.let_in(start_s + 20) in (None, RATE)


def test_without_a_limit_everybody_comes_in() -> None:
    doors = Doors(Limits(arrivals_per_s_max=0))
    assert all(doors.let_in(1.0) is None for _ in range(10_000))


def test_other_limits_hold_from_the_next_arrival_on() -> None:
    doors = Doors(Limits(arrivals_per_s_max=1))
    now_s = monotonic_s()
    while doors.let_in(now_s) is None:
        pass
    doors.replace(Limits(arrivals_per_s_max=0))
    assert doors.let_in(now_s) is None


async def test_one_hitch_shuts_no_door_and_a_loop_that_stays_late_does() -> None:
    lates: list[float] = []
    doors = Doors(Limits(lag_ms_max=40), lates.append)
    seen: list[tuple[float, str | None]] = []
    watching = asyncio.create_task(doors.watch(lambda: None))
    async with asyncio.timeout(20):
        while len(lates) < 4:  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.001)
        sleep_s(0.2)
        await asyncio.sleep(0.12)
        assert doors.let_in(monotonic_s()) is None, "one hitch"
        while doors.let_in(monotonic_s()) is None:
            sleep_s(0.15)
            await asyncio.sleep(0)
        seen.append((doors.lag_s, doors.let_in(monotonic_s())))
        while doors.let_in(monotonic_s()) is not None:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)
    watching.cancel()
    assert seen[0][1] == LAG
    assert seen[0][0] >= 0.04
    assert max(lates) >= 0.09


async def test_who_was_turned_away_stands_in_the_journal_by_entry_and_reason(tmp_path: Path) -> None:
    phones = Remembering()
    limits = Limits(arrivals_per_s_max=1)
    async with Shell(tmp_path, LineEngine(), phones, limits=limits) as shell:
        codes = []
        for number in range(12):
            try:
                shell.loop.submit(arrival(f"c{number}", "400" if number % 2 else "401"))
            except Overloaded as refused:
                codes.append(refused.code)
        assert codes == [RATE] * 10
        shell.loop.tell_refused()
        await until(lambda: len(phones.records_told()) == 4, "two come in, two entries are told of")
        told = {record.event for record in phones.records_told() if isinstance(record.event, ArrivalsRefused)}
        assert told == {
            ArrivalsRefused(EntryId("400"), RATE, 5),
            ArrivalsRefused(EntryId("401"), RATE, 5),
        }
        shell.loop.tell_refused()
        await shell.tell(CustomerLeft(ContactId("c0")))
        assert len(phones.records_told()) == 5, "told once"
    assert b'acd_turned_down_total{code="rate"} 10.0' in shell.metrics.page()


def test_a_flood_of_invented_entries_is_told_in_few_words() -> None:
    doors = Doors(Limits())
    for number in range(10_000):
        doors.note_refused(EntryId(f"{number}"), RATE)
    told = doors.take_refused()
    assert len(told) <= 66
    assert sum(event.count for event in told) == 10_000
    assert doors.take_refused() == []


async def test_agents_may_sign_in_while_the_loop_is_late_and_customers_may_not(tmp_path: Path) -> None:
    async with Shell(tmp_path, LineEngine(), Remembering(), limits=Limits(lag_ms_max=1)) as shell:
        shell.loop.doors._lates.extend([1.0] * 3)
        with pytest.raises(Overloaded) as refused:
            shell.loop.submit(arrival("a"))
        assert refused.value.code == LAG
        assert shell.loop.refusal() == LAG
        await shell.tell(AgentSignedIn(AgentId("ann"), "s", Presence.READY))


async def test_what_goes_on_is_decided_before_what_begins(tmp_path: Path) -> None:
    phones = Remembering()
    async with Shell(tmp_path, LineEngine(), phones) as shell:
        await shell.tell(arrival("inside"))
        for number in range(50):
            shell.loop.submit(arrival(f"c{number}"))
        last = shell.loop.submit(CustomerLeft(ContactId("inside")))
        await last
        second = phones.records_told()[1]
        assert isinstance(second.event, CustomerLeft)
        assert isinstance(second.facts[0], ContactEnded)


async def test_what_is_said_of_a_contact_never_overtakes_its_arrival(tmp_path: Path) -> None:
    phones = Remembering()
    async with Shell(tmp_path, LineEngine(), phones) as shell:
        shell.loop.submit(arrival("a"))
        left = shell.loop.submit(CustomerLeft(ContactId("a")))
        again = shell.loop.submit(CustomerLeft(ContactId("a")))
        assert isinstance((await left).facts[0], ContactEnded)
        assert isinstance((await again).facts[0], Late)
        kinds = [type(record.event) for record in phones.records_told()]
        assert kinds == [ContactArrived, CustomerLeft, CustomerLeft]
        assert isinstance(phones.records_told()[0].facts[0], ContactEntered)
        assert shell.loop.depths() == (0, 0, 0)
        assert not shell.loop._arriving
