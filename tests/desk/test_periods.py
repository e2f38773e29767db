"""Moments, time zones and borders of intervals."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from acd.desk.periods import PeriodsRefused, begin_of_day, parse_moment, parse_zone, split

BERLIN, SHANGHAI = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Shanghai")
HOUR_MS = 3_600_000


def at(words: str) -> int:
    return round(datetime.fromisoformat(words).timestamp() * 1000)


@pytest.mark.parametrize(
    ("words", "zone", "moment"),
    [
        ("2026-11-24", SHANGHAI, "2026-11-24T00:00+08:00"),
        ("2026-11-24T08:30", SHANGHAI, "2026-11-24T08:30+08:00"),
        ("2026-11-24T08:30+00:00", SHANGHAI, "2026-11-24T08:30+00:00"),
        ("2026-11-24T08:30", ZoneInfo("Asia/Kathmandu"), "2026-11-24T08:30+05:45"),
    ],
)
def test_a_moment_is_the_zones_unless_it_has_an_offset(words: str, zone: ZoneInfo, moment: str) -> None:
    assert parse_moment("from", words, zone) == at(moment)


@pytest.mark.parametrize(
    "words", ["", "yesterday", "2026-11-24T08:07", "2026-11-24T08:30:01", "0001-01-01", "9999-12-31"]
)
def test_what_is_no_border_of_a_quarter_is_refused(words: str) -> None:
    with pytest.raises(PeriodsRefused) as refused:
        parse_moment("to", words, SHANGHAI)
    assert refused.value.found == f"to={words}" and refused.value.expected.startswith("to: ")


@pytest.mark.parametrize("name", ["", "Mars/Base", "../etc/passwd", "/etc/passwd", "Europe", "x\0y"])
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(PeriodsRefused):
        parse_zone(name)


def test_days_are_those_of_the_zone_also_where_clocks_change() -> None:
    spring = split(at("2026-03-28T00:00+01:00"), at("2026-03-31T00:00+02:00"), "day", BERLIN)
    assert [(end - begin) // HOUR_MS for begin, end in spring] == [24, 23, 24]
    autumn = split(at("2026-10-24T06:00+02:00"), at("2026-10-26T03:00+01:00"), "day", BERLIN)
    assert [(end - begin) // HOUR_MS for begin, end in autumn] == [18, 25, 3]
    assert begin_of_day(at("2026-11-24T17:00+00:00"), SHANGHAI) == at("2026-11-25T00:00+08:00")


def test_intervals_follow_each_other_and_the_last_is_cut_short() -> None:
    begin = at("2026-11-24T08:15+08:00")
    assert split(begin, begin + HOUR_MS, "15", SHANGHAI) == [
        (begin + k * HOUR_MS // 4, begin + (k + 1) * HOUR_MS // 4) for k in range(4)
    ]
    hours = split(begin, begin + 2 * HOUR_MS + HOUR_MS // 4, "60", SHANGHAI)
    assert [end - start for start, end in hours] == [HOUR_MS, HOUR_MS, HOUR_MS // 4]
    assert split(begin, begin + 90 * 24 * HOUR_MS, "whole", SHANGHAI) == [(begin, begin + 90 * 24 * HOUR_MS)]


@pytest.mark.parametrize(
    ("length_ms", "interval"),
    [(0, "60"), (-HOUR_MS, "60"), (HOUR_MS, "7"), (3_001 * HOUR_MS, "60"), (3_661 * 24 * HOUR_MS, "day")],
)
def test_empty_and_endless_periods_are_refused(length_ms: int, interval: str) -> None:
    begin = at("2020-01-01T00:00+00:00")
    with pytest.raises(PeriodsRefused):
        split(begin, begin + length_ms, interval, BERLIN)
