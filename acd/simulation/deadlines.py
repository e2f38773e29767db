"""Deadlines, as an auditor keeps them: none is forgotten (5), and none comes before its time (12)."""

from __future__ import annotations

import heapq
from collections.abc import Callable

Key = tuple[str, str | int]


class Deadlines:
    """What has a deadline, by kind and id; `expect(holds, invariant, what, *found)` takes what does not hold."""

    def __init__(self, expect: Callable[..., None]) -> None:
        self._expect = expect
        self._due: dict[Key, int] = {}
        self._heap: list[tuple[int, Key]] = []

    def set(self, kind: str, number: str | int, deadline_ms: int | None) -> None:
        """It has until then; None: somebody owns it, and no time ends it."""
        key = (kind, number)
        if deadline_ms is None:
            self._due.pop(key, None)
            return
        self._due[key] = deadline_ms
        heapq.heappush(self._heap, (deadline_ms, key))

    def clear(self, kind: str, number: str | int) -> None:
        """It is over."""
        self._due.pop((kind, number), None)

    def ran_out(self, kind: str, number: str | int, at_ms: int) -> None:
        """Time has ended it: was it time?"""
        deadline_ms = self._due.get((kind, number))
        is_due = deadline_ms is not None and deadline_ms <= at_ms
        self._expect(is_due, 12, "{} {} ran out before its deadline {}", kind, number, deadline_ms)

    def look(self, at_ms: int) -> None:
        """Whatever is due by the moment of a record has been done in it."""
        heap = self._heap
        while heap and heap[0][0] <= at_ms:
            deadline_ms, key = heapq.heappop(heap)
            if self._due.get(key) == deadline_ms:
                self._expect(False, 5, "{} {} is over its deadline {}", *key, deadline_ms)
