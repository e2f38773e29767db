"""When to wake up: one moment per contact, offer and agent, kept in heaps of whole numbers.

A key packs the moment and the number of whoever waits for it. Moments that were moved leave dead keys behind;
these are dropped when they surface, and a heap that is mostly dead is made anew. What is due lives in the
owner's `wake_ms`: this is an index, not a state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from heapq import heapify, heappop, heappush
from typing import Final

SHIFT: Final = 40
"""Bits of the number below the moment: contacts and offers are counted up to 2**40."""
MASK: Final = (1 << SHIFT) - 1


class Alarms:
    """The moments of one kind of thing, by number.

    `moment_of(number)` says which moment a thing waits for now, None for none; any other key of it is dead.
    """

    __slots__ = ("_moment_of", "heap", "limit")

    def __init__(self, moment_of: Callable[[int], int | None]) -> None:
        self.heap: list[int] = []
        self.limit = 1024
        self._moment_of = moment_of

    def set(self, moment_ms: int, number: int) -> None:
        """Wake `number` at `moment_ms`; the owner's own record of the moment makes it live."""
        heappush(self.heap, (moment_ms << SHIFT) | number)
        if len(self.heap) > self.limit:
            self._compact()

    def fill(self, keys: Iterable[tuple[int, int]]) -> None:
        """Begin anew with these moments and numbers."""
        self.heap = [(moment_ms << SHIFT) | number for moment_ms, number in keys]
        heapify(self.heap)
        self.limit = max(1024, 2 * len(self.heap))

    def soonest(self) -> int | None:
        """The next live moment, or None."""
        while self.heap:
            key = self.heap[0]
            if self._moment_of(key & MASK) == key >> SHIFT:
                return key >> SHIFT
            heappop(self.heap)
        return None

    def pop_due(self, now_ms: int) -> int | None:
        """Take the first live key that is due and return its number; None when nothing is due any more."""
        while self.heap and self.heap[0] >> SHIFT <= now_ms:
            key = heappop(self.heap)
            if self._moment_of(key & MASK) == key >> SHIFT:
                return key & MASK
        return None

    def _compact(self) -> None:
        live = dict.fromkeys(key for key in self.heap if self._moment_of(key & MASK) == key >> SHIFT)
        self.heap = list(live)
        heapify(self.heap)
        self.limit = max(1024, 2 * len(self.heap))
