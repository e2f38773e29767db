"""The only reader of the clock.

`Clock.now_ms` is milliseconds since the epoch that never go backwards. It is anchored to the wall clock once,
at the start, and driven by the monotonic clock from then on: when somebody sets the wall clock, no timer
fires early and nobody's wait grows. What is lost by that: after such a jump, times for people are off by
the jump until the next start; `wall_offset_ms` says by how much, and the loop reports it.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime


class Clock:
    """Milliseconds since the epoch, growing with the monotonic clock."""

    def __init__(self) -> None:
        self._wall_ms = time.time_ns() // 1_000_000
        self._monotonic_ns = time.monotonic_ns()

    def raise_floor(self, floor_ms: int) -> None:
        """Be at `floor_ms` at least: the latest moment that the journal knows.

        A wall clock that was set back while the server was down does not take time back.
        """
        self._wall_ms += max(0, floor_ms - self.now_ms())

    def now_ms(self) -> int:
        """Return the moment, for the engine and for records."""
        return self._wall_ms + (time.monotonic_ns() - self._monotonic_ns) // 1_000_000

    def utc_now(self) -> datetime:
        """Return the same moment for people: aware, in UTC."""
        return datetime.fromtimestamp(self.now_ms() / 1000, UTC)

    def wall_offset_ms(self) -> int:
        """Return how far the wall clock has run away from us: positive when it is ahead."""
        return time.time_ns() // 1_000_000 - self.now_ms()


def monotonic_s() -> float:
    """Return seconds that only ever grow, from an unknown start; for measuring how long something took."""
    return time.monotonic()


def wall_ms() -> int:
    """Return what the wall clock says, in milliseconds since the epoch; it may jump. For files and tools."""
    return time.time_ns() // 1_000_000


def process_cpu_s() -> float:
    """Return the CPU seconds that this process has used."""
    return time.process_time()


def sleep_s(seconds: float) -> None:
    """Block this thread. Never on the event loop: it is for the journal's own thread and for tools."""
    time.sleep(seconds)
