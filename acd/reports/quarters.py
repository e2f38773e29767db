"""The fold of records into quarters of an hour, closed one after the other. Pure: no clock, no database.

A quarter is closed by the first record that is stamped after it: nothing can be booked into it any more. What is open
then (contacts, offers, running presence times) is dumped beside the counts, so that the fold can go on from there.

A quarter is given out only if every record of it was heard. Where the beginning of the journal is gone, that is from
the first border on; what was heard before it (the records that still mattered) says only what was open.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from acd.ports import Record
from acd.routing.model import AgentId, QueueId, RegionId, TeamId
from acd.statistics.counts import AgentCounts, QueueCounts, add_counts
from acd.statistics.intervals import QUARTER_MS, Interval, Statistics


class QueueRow(msgspec.Struct, frozen=True):
    """What was counted of one queue's contacts from one region in one quarter."""

    start_ms: int
    queue: QueueId
    region: RegionId
    counts: QueueCounts


class AgentRow(msgspec.Struct, frozen=True):
    """What was counted of one agent in one quarter, with team and region as they were when it closed."""

    start_ms: int
    agent: AgentId
    team: TeamId
    region: RegionId
    counts: AgentCounts


Row = TypeVar("Row", QueueRow, AgentRow)


class Closed(msgspec.Struct):
    """The quarters that one record closed, [from_ms, to_ms), and how to go on after the record `seq` before it."""

    seq: int
    from_ms: int
    to_ms: int
    queues: Sequence[QueueRow]
    agents: Sequence[AgentRow]
    dump: bytes | None
    """None once a later one makes it superfluous."""


class _Dump(msgspec.Struct):
    seq: int
    at_ms: int
    border_ms: int
    whole_from_ms: int
    statistics: bytes


class Quarters:
    """The fold. `seq` is the last record heard."""

    def __init__(self) -> None:
        self.seq = 0
        self.statistics = Statistics()
        self._at_ms = 0
        self._border_ms = 0
        """End of the open quarter; 0 before the first record."""
        self._whole_from_ms = 0

    @property
    def open_from_ms(self) -> int:
        """Where the open quarter begins, or 0 before the first record; what lies before has been given out."""
        return max(0, self._border_ms - QUARTER_MS)

    def observe(self, record: Record) -> Closed | None:
        """Fold a record; return what it closed. Records come in order of `seq`; one that was heard is passed over."""
        if record.seq <= self.seq:
            return None
        at_ms = max(record.at_ms, self._at_ms)
        if record.seq != self.seq + 1:
            self._begin_anew(at_ms)
        closed = self._close(at_ms) if at_ms >= self._border_ms else None
        self.seq, self._at_ms = record.seq, at_ms
        self.statistics.apply(record.facts, at_ms)
        return closed

    def open_rows(self, now_ms: int) -> tuple[list[QueueRow], list[AgentRow]]:
        """Return copies of what is open, with what runs counted up to `now_ms`; nothing is booked."""
        queues, agents = self._rows(list(self.statistics.intervals()))
        copies = {(row.start_ms, row.agent): _copy(row) for row in agents}
        for start, agent, times in self.statistics.running(now_ms):
            if start < self._whole_from_ms:
                continue
            if (start, agent) in copies:
                add_counts(copies[start, agent].counts, times)
            else:
                copies[start, agent] = AgentRow(start, agent, *self.statistics.place_of(agent), times)
        return [_copy(row) for row in queues], list(copies.values())

    def load(self, dumped: bytes) -> None:
        """Go on from what a `Closed` holds.

        Raises:
            msgspec.DecodeError: These bytes are no dump of this version.
        """
        dump = msgspec.msgpack.decode(dumped, type=_Dump)
        self.statistics.load(dump.statistics)
        self.seq, self._at_ms = dump.seq, dump.at_ms
        self._border_ms, self._whole_from_ms = dump.border_ms, dump.whole_from_ms

    def skip_to(self, seq: int) -> None:
        """Go on after record `seq` without knowing what was open then."""
        self.seq = seq
        self._whole_from_ms = -1

    def _begin_anew(self, at_ms: int) -> None:
        """Records are missing: forget the counts, keep what is open, and trust nothing before the next border."""
        border_ms = at_ms - at_ms % QUARTER_MS + QUARTER_MS
        self.statistics.take_before(border_ms - QUARTER_MS)
        self._border_ms = self._whole_from_ms = border_ms

    def _close(self, at_ms: int) -> Closed | None:
        """Close what ended before the moment of a record that has not been applied yet."""
        from_ms, to_ms = self.open_from_ms, at_ms - at_ms % QUARTER_MS
        is_first, self._border_ms = not self._border_ms, to_ms + QUARTER_MS
        if is_first:
            if self._whole_from_ms < 0:
                self._whole_from_ms = self._border_ms
            return None
        queues, agents = self._rows(self.statistics.take_before(to_ms))
        dump = _Dump(self.seq, self._at_ms, self._border_ms, self._whole_from_ms, self.statistics.dump())
        first_ms = min(max(from_ms, self._whole_from_ms), to_ms)
        return Closed(self.seq, first_ms, to_ms, queues, agents, msgspec.msgpack.encode(dump))

    def _rows(self, found: Sequence[tuple[int, Interval]]) -> tuple[list[QueueRow], list[AgentRow]]:
        queues: list[QueueRow] = []
        agents: list[AgentRow] = []
        for start, interval in found:
            if start < self._whole_from_ms:
                continue
            for queue, regions in interval.queues.items():
                queues += (QueueRow(start, queue, region, counts) for region, counts in regions.items())
            for agent, counts in interval.agents.items():
                agents.append(AgentRow(start, agent, *self.statistics.place_of(agent), counts))
        return queues, agents


def _copy(row: Row) -> Row:
    return msgspec.structs.replace(row, counts=msgspec.structs.replace(row.counts))
