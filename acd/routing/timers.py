"""When to wake up: one moment per contact, offer and agent, kept as whole numbers (`acd.routing.keys`).

Keys that fall due within the same half second lie in one bucket, unsorted ; only the
bucket whose time is next is sorted (`near`, the first key last). So setting an alarm is an append, and taking one a
pop. Moments that were moved leave dead keys behind; these are dropped when their time comes, and when more lies here
than twice what lived the last time, everything is sifted, a few keys with each that comes. What is due lives with the
owner: this is an index, not a state.
"""

from __future__ import annotations

from array import array
from bisect import insort
from collections.abc import Callable, Iterable
from heapq import heappop, heappush
from operator import neg
from typing import TYPE_CHECKING, Final

from acd.routing.keys import NUMBER_BITS, ORIGIN_MS, moment_of, pack

LIMIT_MIN: Final = 1024
SIFTED: Final = 4
"""How many old keys are looked at with each new alarm."""
FILTERED_MAX: Final = 256
"""Of a bucket of more keys the dead ones go one by one."""
BUCKET_BITS: Final = NUMBER_BITS + 9
"""A bucket holds 512 ms."""
NEVER_MS: Final = 1 << 60
NO_KEY: Final = pack(NEVER_MS, 0)
LARGE: Final = 1 << 63
NO_BUCKET: Final = NO_KEY >> BUCKET_BITS
if TYPE_CHECKING:
    Keys = list[int] | array[int]


class Bell:
    """Before this moment nothing that was set is due. Several kinds of alarms share one bell."""

    __slots__ = ("ms",)

    def __init__(self) -> None:
        self.ms = NEVER_MS


class Alarms:
    """The moments of one kind of thing. `is_live(key)` says whether its owner still waits for that very moment."""

    __slots__ = (
        "_is_live", "_place", "_sifting", "bell", "buckets", "count", "index", "later", "limit", "near", "next",
    )  # fmt: skip

    def __init__(self, is_live: Callable[[int], bool], bell: Bell) -> None:
        self._is_live = is_live
        self.bell = bell
        self._empty()

    def _empty(self) -> None:
        self.near: Keys = []
        """The bucket whose time is next, sorted, the first key last."""
        self.next = NO_KEY
        """Not after the first key."""
        self.index = 0
        """Its number: none that has keys is lower."""
        self.buckets: dict[int, Keys] = {}
        """Arrays, which the collector does not look into: there may be very many keys of one moment."""
        self.later: list[int] = []
        """The numbers of the buckets, a heap."""
        self.count = 0
        """All keys, live and dead."""
        self.limit = LIMIT_MIN
        self._sifting: list[int] = []
        """Buckets to be looked through for dead keys, and how far the last of them has been."""
        self._place = 0

    def set(self, moment_ms: int, number: int) -> None:
        """Wake the bearer of this number. The owner's own record of the moment makes it live; it is made before."""
        if moment_ms < self.bell.ms:
            self.bell.ms = moment_ms
        key = ((moment_ms - ORIGIN_MS) << NUMBER_BITS) | number
        if key < self.next:
            self.next = key
        index = key >> BUCKET_BITS
        bucket = self.buckets.get(index)
        if bucket is not None:
            try:
                bucket.append(key)
            except OverflowError:  # a made-up clock: no array holds its keys
                self.buckets[index] = [*bucket, key]
        elif index > self.index:
            self.buckets[index] = array("q", (key,)) if -LARGE < key < LARGE else [key]
            heappush(self.later, index)
        elif index == self.index:
            insort(self.near, key, key=neg)
        else:
            if self.near:
                self.buckets[self.index] = self.near
                heappush(self.later, self.index)
            self.near, self.index = [key], index
        self.count += 1
        if self.count > self.limit:
            self._sift()

    def fill(self, moments: Iterable[tuple[int, int]]) -> None:
        """Begin anew with these moments and numbers."""
        self._empty()
        for moment_ms, number in moments:
            self.set(moment_ms, number)

    def first(self, end: int = NO_KEY) -> int:
        """The first live key, `NO_KEY` when there is none; dead ones before it are dropped.

        What is not before `end` is not looked at: then the answer is not before `end` either, and not after the first.
        """
        near, is_live = self.near, self._is_live
        while True:
            while near:
                key = near[-1]
                if key >= end or is_live(key):
                    self.next = key
                    return key
                near.pop()
                self.count -= 1
            key = self.later[0] << BUCKET_BITS if self.later else NO_KEY
            if key >= end:
                self.next = key
                return key
            near = self._turn()

    def _turn(self) -> Keys:
        """Open the next bucket."""
        self.index = index = heappop(self.later)
        bucket = self.buckets.pop(index)
        near: Keys
        if len(bucket) <= FILTERED_MAX:
            near = sorted(filter(self._is_live, bucket), reverse=True)
            self.count += len(near) - len(bucket)
        else:
            near = sorted(bucket, reverse=True)
            if isinstance(bucket, array):
                near = array("q", near)
        self.near = near
        return near

    def soonest(self) -> int | None:
        """The next live moment, or None."""
        first = self.first()
        return moment_of(first) if first < NO_KEY else None

    def pop_due(self, now_ms: int) -> int | None:
        """Take the first live key that is due; None when nothing is due any more."""
        end = (now_ms - ORIGIN_MS + 1) << NUMBER_BITS
        key = self.first(end)
        if key >= end:
            return None
        near = self.near
        near.pop()
        self.count -= 1
        if near:
            self.next = near[-1]
        return key

    def _sift(self) -> None:
        """Drop dead keys, or go on with it: the order inside of a bucket is nothing."""
        if not self._sifting:
            self._sifting = [*self.buckets, NO_BUCKET]
            self._place = 0
        is_live = self._is_live
        for _ in range(SIFTED):
            bucket = self.buckets.get(self._sifting[-1], ())
            if self._place >= len(bucket):
                self._sifting.pop()
                self._place = 0
                if not self._sifting:
                    self.limit = max(LIMIT_MIN, 2 * self.count)
                    return
            elif is_live(bucket[self._place]):
                self._place += 1
            else:
                assert not isinstance(bucket, tuple)
                last = bucket.pop()
                if self._place < len(bucket):
                    bucket[self._place] = last
                self.count -= 1
