"""When to wake up: one moment per contact, offer and agent, kept in heaps of whole numbers.

A key packs the moment and the number of whoever waits for it. Moments that were moved leave dead keys behind;
these are dropped when they surface, and a heap that is mostly dead is made anew. What is due lives with the owner:
this is an index, not a state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from heapq import heapify, heappop, heappush
from typing import Final

SHIFT: Final = 40
"""Bits of the number below the moment: contacts and offers are counted up to 2**40."""
MASK: Final = (1 << SHIFT) - 1
LIMIT_MIN: Final = 1024
SIFTED: Final = 4
"""How many old keys are looked at with each new alarm."""


def alarm_key(moment_ms: int, number: int) -> int:
    """The key under which `number` wakes at `moment_ms`."""
    return (moment_ms << SHIFT) | number


class Alarms:
    """The moments of one kind of thing. `is_live(key)` says whether its owner still waits for that very moment.

    A heap that has grown to its limit is sifted a few keys at a time, with each new alarm: never all at once, which
    with 100,000 of them would hold everything up for a tenth of a second.
    """

    __slots__ = ("_is_live", "heap", "limit", "old")

    def __init__(self, is_live: Callable[[int], bool]) -> None:
        self.heap: list[int] = []
        self.old: list[int] = []
        """A heap that is being sifted into the other."""
        self.limit = LIMIT_MIN
        self._is_live = is_live

    def set(self, key: int) -> None:
        """Wake whoever the key names; the owner's own record of the moment makes it live."""
        heappush(self.heap, key)
        if self.old:
            self._sift()
        elif len(self.heap) > self.limit:
            self.heap, self.old = [], self.heap

    def fill(self, keys: Iterable[int]) -> None:
        """Begin anew with these keys."""
        self.heap = list(keys)
        self.old = []
        heapify(self.heap)
        self.limit = max(LIMIT_MIN, 2 * len(self.heap))

    def soonest(self) -> int | None:
        """The next live moment, or None."""
        heads = []
        for heap in (self.heap, self.old):
            while heap and not self._is_live(heap[0]):
                heappop(heap)
            heads += heap[:1]
        return min(heads) >> SHIFT if heads else None

    def pop_due(self, now_ms: int) -> int | None:
        """Take the first live key that is due and return its number; None when nothing is due any more."""
        while self.heap or self.old:
            heap = self.heap if not self.old or (self.heap and self.heap[0] < self.old[0]) else self.old
            if heap[0] >> SHIFT > now_ms:
                return None
            key = heappop(heap)
            if self._is_live(key):
                return key & MASK
        return None

    def _sift(self) -> None:
        old = self.old
        for _ in range(min(SIFTED, len(old))):
            key = old.pop()  # the last of a heap may always go
            if self._is_live(key):
                heappush(self.heap, key)
        if not old:
            self.limit = max(LIMIT_MIN, 2 * len(self.heap))
