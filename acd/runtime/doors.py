"""The doors: whether a new contact is let in, decided before it costs anything.

A house that takes more than it can serve serves nobody well. So what starts something new is refused early, with a
named code, while everything about contacts that are already inside is always taken. What was turned away here is
counted, and told to the engine once a second, so that journal and reports know of it.

| code | while |
|---|---|
| `stopping` | the node is going down |
| `journal_full`, `journal_failed` | nothing becomes durable |
| `overloaded` | too much waits for engine, disk or rooms |
| `lag` | the loop has woken late for some time: the processor does not keep up |
| `rate` | more contacts a second than agreed |
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from typing import Final

import msgspec

from acd.routing.events import ArrivalsRefused
from acd.routing.model import EntryId
from acd.runtime.clock import monotonic_s

RATE: Final = "rate"
LAG: Final = "lag"
BURST_S: Final = 2.0
"""Arrivals of so many seconds may come at once."""

_LOOK_S: Final = 0.05
_LATE_IN_A_ROW: Final = 3
_TELL_S: Final = 1.0
_KINDS_MAX: Final = 64


class Limits(msgspec.Struct, frozen=True):
    """How much may wait, and how much may come; 0 for no limit of `arrivals_per_s_max` and `lag_ms_max`."""

    intake_max: int = 5_000
    undurable_max: int = 20_000
    undelivered_max: int = 20_000
    arrivals_per_s_max: int = 0
    lag_ms_max: int = 250


class Doors:
    """Knows pace and lag. `now_s` everywhere: seconds of the monotonic clock.

    Args:
        on_lag: Told how late the loop woke, each time.
    """

    def __init__(self, limits: Limits, on_lag: Callable[[float], None] = lambda late_s: None) -> None:
        self._limits = limits
        self._on_lag = on_lag
        self._room = self._room_max = float(limits.arrivals_per_s_max) * BURST_S
        self._room_s = monotonic_s()
        self._lates: deque[float] = deque(maxlen=_LATE_IN_A_ROW)
        self._refused: Counter[tuple[EntryId, str]] = Counter()

    def replace(self, limits: Limits) -> None:
        """Take other limits from now on; what may come at once begins full."""
        self._limits = limits
        self._room = self._room_max = float(limits.arrivals_per_s_max) * BURST_S
        self._room_s = monotonic_s()

    @property
    def lag_s(self) -> float:
        """Return how late the loop wakes: the least of the latest times, so that one hitch shuts no door."""
        return min(self._lates) if len(self._lates) == _LATE_IN_A_ROW else 0.0

    def is_late(self) -> bool:
        """Tell whether the loop lags too far behind to begin anything."""
        return 0 < self._limits.lag_ms_max < self.lag_s * 1000

    def let_in(self, now_s: float) -> str | None:
        """Let one arrival in, or return why not."""
        if self.is_late():
            return LAG
        rate = self._limits.arrivals_per_s_max
        if not rate:
            return None
        self._room = min(self._room_max, self._room + (now_s - self._room_s) * rate)
        self._room_s = now_s
        if self._room < 1:
            return RATE
        self._room -= 1
        return None

    def note_refused(self, entry: EntryId, code: str) -> None:
        """Count an arrival that was turned away; beyond a number of kinds their entries are not told apart."""
        key = (entry, code)
        if key not in self._refused and len(self._refused) >= _KINDS_MAX:
            key = (EntryId(""), code)
        self._refused[key] += 1

    def take_refused(self) -> list[ArrivalsRefused]:
        """Return what was turned away since the last time."""
        events = [ArrivalsRefused(entry, code, count) for (entry, code), count in self._refused.items()]
        self._refused.clear()
        return events

    async def watch(self, tell: Callable[[], None]) -> None:
        """Measure the lag until cancelled; call `tell` once a second."""
        told_s = monotonic_s()
        while True:
            due_s = monotonic_s() + _LOOK_S
            await asyncio.sleep(_LOOK_S)
            now_s = monotonic_s()
            self._lates.append(max(0.0, now_s - due_s))
            self._on_lag(self._lates[-1])
            if now_s - told_s >= _TELL_S:
                told_s = now_s
                tell()
