"""Opening hours over weekdays, single days, midnight and summer time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from acd.hours import Calendar, Turn, build_calendar

OFFICE = {
    "mon": ["08:00-12:30", "13:00-20:00"],
    "tue": ["08:00-20:00"],
    "wed": ["08:00-20:00"],
    "thu": ["08:00-20:00"],
    "fri": ["08:00-20:00"],
}


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.fixture
def office() -> Calendar:
    return build_calendar("Asia/Shanghai", OFFICE, {"2026-11-25": [], "2026-11-28": ["10:00-11:00"]})


@pytest.mark.parametrize(
    ("moment", "is_open", "until"),
    [
        ("2026-11-23T07:59:59+08:00", False, "2026-11-23T08:00:00+08:00"),
        ("2026-11-23T08:00:00+08:00", True, "2026-11-23T12:30:00+08:00"),
        ("2026-11-23T12:30:00+08:00", False, "2026-11-23T13:00:00+08:00"),
        ("2026-11-23T19:59:59+08:00", True, "2026-11-23T20:00:00+08:00"),
        # Wednesday is a day off, so Tuesday evening lasts until Thursday.
        ("2026-11-24T20:00:00+08:00", False, "2026-11-26T08:00:00+08:00"),
        # A Saturday that is open for an hour, then the weekend.
        ("2026-11-28T10:30:00+08:00", True, "2026-11-28T11:00:00+08:00"),
        ("2026-11-28T11:00:00+08:00", False, "2026-11-30T08:00:00+08:00"),
    ],
)
def test_a_calendar_says_how_it_stands_and_until_when(
    office: Calendar, moment: str, is_open: bool, until: str
) -> None:
    assert office.turn_at(ms(moment)) == Turn(is_open, ms(until))


def test_days_that_touch_at_midnight_are_one_span() -> None:
    night = build_calendar("Asia/Shanghai", {"fri": ["22:00-24:00"], "sat": ["00:00-06:00"]}, {})
    assert night.turn_at(ms("2026-11-27T23:00:00+08:00")) == Turn(True, ms("2026-11-28T06:00:00+08:00"))


def test_always_open_never_closed_and_closed_by_hand_have_no_end() -> None:
    every = {name: ["00:00-24:00"] for name in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    now_ms = ms("2026-11-23T10:00:00+08:00")
    assert build_calendar("Asia/Shanghai", every, {}).turn_at(now_ms) == Turn(True, None)
    assert build_calendar("Asia/Shanghai", {}, {}).turn_at(now_ms) == Turn(False, None)
    assert build_calendar("Asia/Shanghai", every, {}, is_closed=True).turn_at(now_ms) == Turn(False, None)


def test_summer_time_is_followed_on_both_sides() -> None:
    berlin = build_calendar("Europe/Berlin", {"sun": ["01:00-05:00"]}, {})
    # 25 October 2026: the clock is put back at 03:00, so four hours on the wall are five.
    opened = berlin.turn_at(ms("2026-10-25T01:00:00+02:00"))
    assert opened == Turn(True, ms("2026-10-25T05:00:00+01:00"))
    assert opened.until_ms is not None
    assert opened.until_ms - ms("2026-10-25T01:00:00+02:00") == 5 * 3_600_000
    # 28 March 2027: 02:00 does not exist, and four hours are three.
    spring = berlin.turn_at(ms("2027-03-28T01:00:00+01:00"))
    assert spring.until_ms == ms("2027-03-28T05:00:00+02:00")


def test_the_end_is_the_first_moment_that_stands_otherwise() -> None:
    office = build_calendar("Asia/Shanghai", OFFICE, {})
    now_ms = int(datetime(2026, 11, 23, tzinfo=UTC).timestamp() * 1000)
    for _ in range(60):
        turn = office.turn_at(now_ms)
        assert turn.until_ms is not None
        assert turn.until_ms > now_ms
        assert office.turn_at(turn.until_ms - 1).is_open == turn.is_open
        assert office.turn_at(turn.until_ms).is_open != turn.is_open
        now_ms = turn.until_ms
