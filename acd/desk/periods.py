"""From what is asked in an address to the periods that are summed: moments, time zones, borders of intervals. Pure.

Days are those of the asked time zone, also where a clock is put forward or back; shorter intervals follow each other
from the first moment on.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

QUARTER_MS: Final = 900_000
PERIODS_MAX: Final = 3_000
DAYS_MAX: Final = 3_660
INTERVALS: Final = ("15", "30", "60", "day", "whole")


class PeriodsRefused(Exception):
    """What was asked for is no period."""

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(f"found {found}, expected {expected}")
        self.found = found
        self.expected = expected


def parse_zone(name: str) -> ZoneInfo:
    """Return a time zone of the tz database.

    Raises:
        PeriodsRefused: There is none of this name.
    """
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        expected = "zone: a time zone of the tz database such as Asia/Shanghai"
        raise PeriodsRefused(f"zone={name[:100]}", expected) from None


def parse_moment(key: str, words: str, zone: ZoneInfo) -> int:
    """Return the ms of a day's first moment or of a moment; without an offset it is the zone's.

    Raises:
        PeriodsRefused: It is neither, or no border of a quarter of an hour.
    """
    expected = f"{key}: a day (2026-11-24) or a moment (2026-11-24T08:30) on a quarter of an hour"
    try:
        moment = datetime.fromisoformat(words)
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
        at_ms = round(aware.timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        raise PeriodsRefused(f"{key}={words[:100]}", expected) from None
    if at_ms % QUARTER_MS or not 1970 < aware.year < 9000:
        raise PeriodsRefused(f"{key}={words[:100]}", expected)
    return at_ms


def begin_of_day(now_ms: int, zone: ZoneInfo) -> int:
    """Return the first moment of the day of a moment."""
    return _midnight(datetime.fromtimestamp(now_ms / 1000, zone).date(), zone)


def split(from_ms: int, to_ms: int, interval: str, zone: ZoneInfo) -> list[tuple[int, int]]:
    """Return the intervals of a period; the last one may be cut short by its end.

    Raises:
        PeriodsRefused: The period is empty or too long for the interval, or there is no such interval.
    """
    if interval not in INTERVALS:
        raise PeriodsRefused(f"interval={interval[:100]}", "interval: one of " + ", ".join(INTERVALS))
    if not from_ms < to_ms <= from_ms + DAYS_MAX * 86_400_000:
        found = f"from {moment_in(from_ms, zone).isoformat()} to {moment_in(to_ms, zone).isoformat()}"
        raise PeriodsRefused(found, f"a from before its to, and at most {DAYS_MAX} days")
    if interval == "whole":
        return [(from_ms, to_ms)]
    if interval == "day":
        begins = [from_ms]
        day = datetime.fromtimestamp(from_ms / 1000, zone).date() + timedelta(1)
        while (begin := _midnight(day, zone)) < to_ms:
            begins.append(begin)
            day += timedelta(1)
    else:
        length_ms = int(interval) * 60_000
        count = -(-(to_ms - from_ms) // length_ms)
        if count > PERIODS_MAX:
            raise PeriodsRefused(
                f"{count} intervals", f"at most {PERIODS_MAX}: a shorter period or a longer interval"
            )
        begins = list(range(from_ms, to_ms, length_ms))
    return list(zip(begins, [*begins[1:], to_ms], strict=True))


def moment_in(at_ms: int, zone: ZoneInfo) -> datetime:
    """Return a moment as the clocks of the zone show it, with their offset."""
    return datetime.fromtimestamp(at_ms // 1000, UTC).astimezone(zone)


def _midnight(day: date, zone: ZoneInfo) -> int:
    return round(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp() * 1000)
