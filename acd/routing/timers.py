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


def alarm_key(moment_ms: int, number: int) -> int:
    """The key under which `number` wakes at `moment_ms`."""
    return (moment_ms << SHIFT) | number


class Alarms:
    """The moments of one kind of thing. `is_live(key)` says whether its owner still waits for that very moment."""

    __slots__ = ("_is_live", "heap", "limit")

    def __init__(self, is_live: Callable[[int], bool]) -> None:
        self.heap: list[int] = []
        self.limit = 1024
        self._is_live = is_live

    def set(self, key: int) -> None:
        """Wake whoever the key names; the owner's own record of the moment makes it live."""
        heappush(self.heap, key)
        if len(self.heap) > self.limit:
            self._compact()

    def fill(self, keys: Iterable[int]) -> None:
        """Begin anew with these keys."""
        self.heap = list(keys)
        heapify(self.heap)
        self.limit = max(1024, 2 * len(self.heap))

    def soonest(self) -> int | None:
        """The next live moment, or None."""
        while self.heap:
            key = self.heap[0]
            if self._is_live(key):
                return key >> SHIFT
            heappop(self.heap)
        return None

    def pop_due(self, now_ms: int) -> int | None:
        """Take the first live key that is due and return its number; None when nothing is due any more."""
        while self.heap and self.heap[0] >> SHIFT <= now_ms:
            key = heappop(self.heap)
            if self._is_live(key):
                return key & MASK
        return None

    def _compact(self) -> None:
        self.fill(dict.fromkeys(key for key in self.heap if self._is_live(key)))
