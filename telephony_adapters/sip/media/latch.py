"""Whose packets are believed, and where ours go: symmetric RTP that a stranger cannot steal.

The description names an address; behind a NAT the packets come from another one. So: a packet from the
described address is believed at once; any other source must show `PROBATION` packets of one stream in
sequence before it is taken, and only while nobody is. Whoever is taken stays, unless the described address
itself speaks up, or it has been silent for `SILENT_TICKS` and the same host comes back from another port.
Everything else is counted and dropped. A new description begins anew. Pure.
"""

from __future__ import annotations

from typing import Final

Address = tuple[str, int]

PROBATION: Final = 3
SILENT_TICKS: Final = 100
"""Two seconds."""


class SourceLatch:
    """The source of one leg."""

    __slots__ = (
        "_candidate",
        "_candidate_count",
        "_candidate_next",
        "_heard_tick",
        "described",
        "source",
        "strangers",
    )

    def __init__(self, described: Address) -> None:
        self.described = described
        self.source: Address | None = None
        self.strangers = 0
        """Packets dropped because of where they came from."""
        self._heard_tick = 0
        self._candidate: tuple[Address, int] | None = None
        self._candidate_next = 0
        self._candidate_count = 0

    @property
    def destination(self) -> Address:
        """Where our packets go."""
        return self.source or self.described

    def begin_anew(self, described: Address) -> None:
        """A new description came by signalling; if its address changed, sources are learned again."""
        if described != self.described:
            self.described, self.source, self._candidate = described, None, None

    def accepts(self, source: Address, tick: int, ssrc: int, sequence: int) -> bool:
        """Whether a well-formed packet from this source is believed."""
        if source == self.source:
            self._heard_tick = tick
            return True
        if source == self.described:
            self._take(source, tick)
            return True
        if self._may_replace(source, tick) and self._passes_probation(source, ssrc, sequence):
            self._take(source, tick)
            return True
        self.strangers += 1
        return False

    def _may_replace(self, source: Address, tick: int) -> bool:
        if self.source is None:
            return True
        return source[0] == self.source[0] and tick - self._heard_tick > SILENT_TICKS

    def _passes_probation(self, source: Address, ssrc: int, sequence: int) -> bool:
        if self._candidate == (source, ssrc) and sequence == self._candidate_next:
            self._candidate_count += 1
        else:
            self._candidate, self._candidate_count = (source, ssrc), 1
        self._candidate_next = (sequence + 1) & 0xFFFF
        return self._candidate_count >= PROBATION

    def _take(self, source: Address, tick: int) -> None:
        self.source, self._heard_tick, self._candidate = source, tick, None
