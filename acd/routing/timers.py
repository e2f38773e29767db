"""When to wake up: one moment per contact, offer and agent, kept as whole numbers (`acd.routing.keys`).

Most delays are constant (ringing, connecting, wrap-up, steps), so most keys come in the order in which they fall due:
each goes to the first lane whose last key is smaller, and there are as many lanes as there are delays. What fits into
no lane goes to a heap. Moments that were moved leave dead keys behind; these are dropped when their time comes, and a
lane or heap that has outgrown what lives in it is sifted, a few keys with each that comes. What is due lives with the
owner: this is an index, not a state.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from heapq import heappop, heappush
from typing import Final

from acd.routing.keys import NUMBER_BITS, ORIGIN_MS, moment_of, pack

LIMIT_MIN: Final = 1024
SIFTED: Final = 4
"""How many old keys are looked at with each new alarm."""
LANES_MAX: Final = 8
NEVER_MS: Final = 1 << 60
NO_KEY: Final = pack(NEVER_MS, 0)


class Bell:
    """Before this moment nothing that was set is due. Several kinds of alarms share one bell."""

    __slots__ = ("ms",)

    def __init__(self) -> None:
        self.ms = NEVER_MS


class Lane:
    """Keys in ascending order: they come at the back and go at the front.

    While a grown lane is sifted it is in two pieces, and what lives moves from the end of the first to the
    beginning of the second.
    """

    __slots__ = ("back", "front", "limit")

    def __init__(self, key: int) -> None:
        self.front: deque[int] = deque()
        self.back: deque[int] = deque((key,))
        self.limit = LIMIT_MIN

    def sift(self, is_live: Callable[[int], bool]) -> None:
        """Begin to drop dead keys, or go on with it. The last key stays at the back, for the next to be compared."""
        front, back = self.front, self.back
        if not front:
            self.front, self.back = back, deque((back.pop(),))
            return
        for _ in range(min(SIFTED, len(front))):
            key = front.pop()
            if is_live(key):
                back.appendleft(key)
        if not front:
            self.limit = max(LIMIT_MIN, 2 * len(back))


class Heap:
    """Keys that came in no order, with the same means against dead ones."""

    __slots__ = ("keys", "limit", "old")

    def __init__(self) -> None:
        self.keys: list[int] = []
        self.old: list[int] = []
        self.limit = LIMIT_MIN

    def push(self, key: int, is_live: Callable[[int], bool]) -> None:
        """Any key."""
        heappush(self.keys, key)
        old = self.old
        if old:
            for _ in range(min(SIFTED, len(old))):
                known = old.pop()  # the last of a heap may always go
                if is_live(known):
                    heappush(self.keys, known)
            if not old:
                self.limit = max(LIMIT_MIN, 2 * len(self.keys))
        elif len(self.keys) > self.limit:
            self.keys, self.old = [], self.keys

    def piece(self) -> list[int]:
        """The one of both heaps that has the first key, empty if there is none."""
        if self.old and (not self.keys or self.old[0] < self.keys[0]):
            return self.old
        return self.keys


class Alarms:
    """The moments of one kind of thing. `is_live(key)` says whether its owner still waits for that very moment."""

    __slots__ = ("_is_live", "bell", "heap", "lanes", "next")

    def __init__(self, is_live: Callable[[int], bool], bell: Bell) -> None:
        self.lanes: list[Lane] = []
        self.heap = Heap()
        self.bell = bell
        self.next = NO_KEY
        """The first key, live or dead."""
        self._is_live = is_live

    def set(self, moment_ms: int, number: int) -> None:
        """Wake the bearer of this number; the owner's own record of the moment makes it live."""
        key = ((moment_ms - ORIGIN_MS) << NUMBER_BITS) | number
        if key < self.next:
            self.next = key
            if moment_ms < self.bell.ms:
                self.bell.ms = moment_ms
        for lane in self.lanes:
            back = lane.back
            if not back or back[-1] <= key:
                back.append(key)
                if lane.front or len(back) > lane.limit:
                    lane.sift(self._is_live)
                return
        if len(self.lanes) < LANES_MAX:
            self.lanes.append(Lane(key))
        else:
            self.heap.push(key, self._is_live)

    def fill(self, moments: Iterable[tuple[int, int]]) -> None:
        """Begin anew with these moments and numbers."""
        self.lanes = []
        self.heap = Heap()
        self.next = NO_KEY
        for moment_ms, number in sorted(moments):
            self.set(moment_ms, number)

    def first(self, end: int = NO_KEY) -> int:
        """The first live key, `NO_KEY` when there is none; dead ones before it are dropped.

        What is not before `end` is not looked at: it may be dead.
        """
        while self.next < end and not self._is_live(self.next):
            self._drop()
        return self.next

    def soonest(self) -> int | None:
        """The next live moment, or None."""
        first = self.first()
        return moment_of(first) if first < NO_KEY else None

    def pop_due(self, now_ms: int) -> int | None:
        """Take the first live key that is due; None when nothing is due any more."""
        end = (now_ms - ORIGIN_MS + 1) << NUMBER_BITS
        if self.next >= end or self.first(end) >= end:
            return None
        key = self.next
        self._drop()
        return key

    def _drop(self) -> None:
        """Take the first key out and find the next."""
        key, following = self.next, NO_KEY
        for lane in self.lanes:
            piece = lane.front or lane.back
            if piece:
                if piece[0] == key:
                    piece.popleft()
                    key = NO_KEY
                    piece = lane.front or lane.back
                    if not piece:
                        continue
                if piece[0] < following:
                    following = piece[0]
        heap = self.heap.piece()
        if heap:
            if heap[0] == key:
                heappop(heap)
                heap = self.heap.piece()
            if heap and heap[0] < following:
                following = heap[0]
        self.next = following
