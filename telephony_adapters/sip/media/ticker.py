"""One timer for all legs: every leg is asked for 20 ms of sound each 20 ms, without drift.

A process that wakes is cold: sending for 25 legs four times costs twice as much as sending for 100 once. But one
burst for 500 legs is 4 ms in which no call is offered to anybody. So legs fill a phase of `PHASE_MEMBERS` before
the next of the four phases, 5 ms apart, is begun, and empty phases are slept through. A slot is 5 ms since the
ticker started; the timer aims at whole slots, so lateness never adds up: slots that were missed are made up for at
once, up to `CATCH_UP_SLOTS`; beyond that the time is skipped, and the legs move their timestamps on.

The ticker sleeps while it has no legs.
"""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

PHASES: Final = 4
PHASE_MEMBERS: Final = 100
SLOT_MS: Final = 20 // PHASES
CATCH_UP_SLOTS: Final = 40
"""200 ms: what a telephone's jitter buffer may still take in."""


class Ticking(Protocol):
    """What the ticker drives."""

    def tick(self) -> None:
        """Twenty milliseconds have passed."""

    def skip(self, ticks: int) -> None:
        """So many times 20 ms have passed in which the process could do nothing."""


class Ticker:
    """Drives its members; `ticks_skipped` and `lateness_ms_max` say how well it could."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        # Replaced, never changed in place: a member may leave while its phase is being walked.
        self._phases: list[tuple[Ticking, ...]] = [()] * PHASES
        self._timer: asyncio.TimerHandle | None = None
        self._started_at = 0.0
        self._slots_done = 0
        self.ticks_skipped = 0
        self.lateness_ms_max = 0

    def add(self, member: Ticking) -> None:
        """Drive this member from its next slot on."""
        fullness = [len(phase) for phase in self._phases]
        phase = next(
            (at for at in range(PHASES) if fullness[at] < PHASE_MEMBERS), fullness.index(min(fullness))
        )
        self._phases[phase] = (*self._phases[phase], member)
        if self._timer is None:
            self._started_at, self._slots_done = self._loop.time(), 0
            self._arm()

    def remove(self, member: Ticking) -> None:
        """Drive this member no more; unknown members are no error."""
        self._phases = [tuple(each for each in phase if each is not member) for phase in self._phases]
        if self._timer is not None and not any(self._phases):
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        slot = self._slots_done + 1
        while not self._phases[slot % PHASES]:
            slot += 1
        self._timer = self._loop.call_at(self._started_at + slot * SLOT_MS / 1000, self._wake)

    def _wake(self) -> None:
        # Rounded: a timer that comes a fraction early must find its slot due, or it would spin until it is.
        due = round((self._loop.time() - self._started_at) * 1000) // SLOT_MS
        try:
            if due - self._slots_done > CATCH_UP_SLOTS:
                self._skip(due - self._slots_done - 1)
            while self._slots_done < due:
                self._slots_done += 1
                for member in self._phases[self._slots_done % PHASES]:
                    member.tick()
        finally:
            # A member that raises is a defect of ours, told by the loop's handler; the others must play on.
            if any(self._phases):
                self._arm()
            else:
                self._timer = None

    def _skip(self, slots: int) -> None:
        turns = slots // PHASES
        self._slots_done += turns * PHASES
        self.ticks_skipped += turns
        self.lateness_ms_max = max(self.lateness_ms_max, turns * 20)
        for phase in self._phases:
            for member in phase:
                member.skip(turns)
