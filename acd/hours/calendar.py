"""When a calendar is open: weekdays, single days, time zones. Pure: the moment is an argument.

Times are those of the wall clock at the place, so summer time is followed: a day on which the clock is put back has
25 hours, and an opening time in the missing hour of spring is reached when the clock jumps over it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

DAYS_AHEAD: Final = 400
"""A calendar that does not turn within so many days is taken to stay as it is."""

_MINUTES_A_DAY: Final = 24 * 60


class Turn(NamedTuple):
    """How things stand, and until when; None: for as long as anybody can see."""

    is_open: bool
    until_ms: int | None


class Calendar(NamedTuple):
    """Opening times in minutes since midnight of the place, sorted; 1440 is the end of the day."""

    zone: ZoneInfo
    week: tuple[tuple[tuple[int, int], ...], ...]
    """Monday to Sunday."""
    days: Mapping[date, tuple[tuple[int, int], ...]]
    """Single days that are not like their weekday."""
    is_closed: bool = False

    def turn_at(self, now_ms: int) -> Turn:
        """Return whether it is open at a moment, and when that changes."""
        if self.is_closed:
            return Turn(False, None)
        moment = datetime.fromtimestamp(now_ms / 1000, UTC)
        today = moment.astimezone(self.zone).date()
        opens_ms: list[tuple[int, int]] = []
        for ahead in range(-1, DAYS_AHEAD):
            for start_ms, end_ms in self._spans(today + timedelta(days=ahead)):
                if opens_ms and start_ms <= opens_ms[-1][1]:
                    opens_ms[-1] = (opens_ms[-1][0], max(end_ms, opens_ms[-1][1]))
                elif opens_ms and opens_ms[-1][1] > now_ms:
                    return _turn(opens_ms[-1], now_ms)
                else:
                    opens_ms.append((start_ms, end_ms))
        horizon_ms = now_ms + (DAYS_AHEAD - 2) * 86_400_000
        last = opens_ms[-1] if opens_ms else (0, 0)
        if last[0] <= now_ms and last[1] >= horizon_ms:
            return Turn(True, None)
        return _turn(last, now_ms) if last[1] > now_ms else Turn(False, None)

    def _spans(self, day: date) -> list[tuple[int, int]]:
        times = self.days.get(day, self.week[day.weekday()])
        return [(self._moment_ms(day, start), self._moment_ms(day, end)) for start, end in times]

    def _moment_ms(self, day: date, minute: int) -> int:
        if minute == _MINUTES_A_DAY:
            day, minute = day + timedelta(days=1), 0
        local = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=self.zone)
        return round(local.timestamp()) * 1000


def build_calendar(
    time_zone: str,
    week: Mapping[str, Sequence[str]],
    days: Mapping[str, Sequence[str]],
    is_closed: bool = False,
) -> Calendar:
    """Build a calendar from what the configuration says; it has been checked there.

    Args:
        week: `mon` to `sun`, each a list of `HH:MM-HH:MM`; a day that is not named is closed.
        days: `YYYY-MM-DD` to such a list.
    """
    names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    return Calendar(
        ZoneInfo(time_zone),
        tuple(_times(week.get(name, ())) for name in names),
        {date.fromisoformat(day): _times(times) for day, times in days.items()},
        is_closed,
    )


def _times(texts: Sequence[str]) -> tuple[tuple[int, int], ...]:
    spans = sorted(
        (_minute(start), _minute(end)) for start, _, end in (text.partition("-") for text in texts)
    )
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(spans)), f"times overlap: {texts}"
    return tuple(spans)


def _minute(text: str) -> int:
    hour, _, minute = text.strip().partition(":")
    return int(hour) * 60 + int(minute)


def _turn(span: tuple[int, int], now_ms: int) -> Turn:
    return Turn(True, span[1]) if span[0] <= now_ms else Turn(False, span[0])
