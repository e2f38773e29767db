"""The one timer, on a loop whose clock is ours."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from telephony_adapters.sip.media.ticker import PHASE_MEMBERS, Ticker


class Clock:
    """As much of a loop as the ticker uses; time moves when told."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.due: list[tuple[float, Callable[[], Any], Any]] = []
        self.wakes = 0

    def time(self) -> float:
        return self.now_s

    def call_at(self, when_s: float, callback: Callable[[], Any]) -> Any:
        entry = (when_s, callback, self)
        self.due.append(entry)
        clock = self

        class Handle:
            def cancel(self) -> None:
                if entry in clock.due:
                    clock.due.remove(entry)

        return Handle()

    def run_until(self, until_s: float, late_s: float = 0.0) -> None:
        while self.due and self.due[0][0] + late_s <= until_s:
            when_s, callback, _ = self.due.pop(0)
            self.now_s = max(self.now_s, when_s + late_s)
            self.wakes += 1
            callback()
        self.now_s = max(self.now_s, until_s)


class Member:
    def __init__(self) -> None:
        self.ticks = 0
        self.skipped = 0

    def tick(self) -> None:
        self.ticks += 1

    def skip(self, ticks: int) -> None:
        self.skipped += ticks


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ticker(clock: Clock) -> Ticker:
    loop: Any = clock
    return Ticker(loop)


def test_a_minute_has_3000_ticks_however_late_each_wake_is(clock: Clock, ticker: Ticker) -> None:
    member = Member()
    ticker.add(member)
    clock.run_until(1060.001, late_s=0.0004)
    assert member.ticks in (2999, 3000)
    assert clock.wakes <= 3001, "it sleeps between ticks"


def test_a_wake_that_comes_a_fraction_early_does_not_spin(clock: Clock, ticker: Ticker) -> None:
    member = Member()
    ticker.add(member)
    clock.run_until(1001.0, late_s=-0.0003)
    assert clock.wakes <= 52


def test_what_was_missed_is_made_up_for_at_once(clock: Clock, ticker: Ticker) -> None:
    member = Member()
    ticker.add(member)
    clock.run_until(1000.1)
    before = member.ticks
    clock.run_until(1000.2, late_s=0.09)
    clock.run_until(1000.301)
    assert member.ticks - before == 10
    assert member.skipped == 0


def test_too_long_a_gap_is_skipped_and_told(clock: Clock, ticker: Ticker) -> None:
    member = Member()
    ticker.add(member)
    clock.run_until(1000.101)
    ticks = member.ticks
    clock.run_until(1010.101, late_s=9.98)
    assert member.ticks - ticks + member.skipped in (499, 500, 501)
    assert member.skipped > 480
    assert ticker.ticks_skipped == member.skipped


def test_members_fill_one_phase_before_the_next(clock: Clock, ticker: Ticker) -> None:
    members = [Member() for _ in range(PHASE_MEMBERS + 1)]
    for member in members:
        ticker.add(member)
    clock.run_until(1001.001)
    assert {member.ticks for member in members} <= {49, 50, 51}
    assert 99 <= clock.wakes <= 102, "two phases, two wakes in 20 ms"


def test_without_members_it_sleeps_for_good(clock: Clock, ticker: Ticker) -> None:
    member = Member()
    ticker.add(member)
    ticker.remove(member)
    assert clock.due == []
    ticker.remove(member)
    ticker.add(member)
    clock.run_until(clock.now_s + 0.101)
    assert member.ticks in (4, 5)


def test_a_member_that_raises_does_not_stop_the_others(clock: Clock, ticker: Ticker) -> None:
    class Broken(Member):
        def tick(self) -> None:
            raise AssertionError("a defect")

    other = Member()
    ticker.add(other)
    ticker.add(Broken())
    with pytest.raises(AssertionError):
        clock.run_until(1000.1)
    assert clock.due, "the timer is armed again"


def test_a_member_may_leave_while_its_phase_is_walked(clock: Clock, ticker: Ticker) -> None:
    class Leaver(Member):
        def tick(self) -> None:
            super().tick()
            ticker.remove(self)

    leaver, stayer = Leaver(), Member()
    ticker.add(leaver)
    ticker.add(stayer)
    clock.run_until(1000.201)
    assert leaver.ticks == 1 and stayer.ticks in (9, 10)


async def test_it_runs_on_a_real_loop() -> None:
    ticker = Ticker(asyncio.get_running_loop())
    done = asyncio.Event()

    class Counter(Member):
        def tick(self) -> None:
            super().tick()
            if self.ticks == 5:
                done.set()

    member = Counter()
    ticker.add(member)
    await asyncio.wait_for(done.wait(), 5)
    ticker.remove(member)
