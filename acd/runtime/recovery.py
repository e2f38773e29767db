"""From the journal back to the living state: fold the facts, let the rooms see what matters, take up the legs.

The fold applies facts and decides nothing, so a newer version may decide otherwise without breaking an older
journal. A damaged record stops it with its number; nothing is skipped.

With snapshots, the engine begins at the latest one. Rooms begin at the latest one of an earlier day, so that the
figures of today are whole: they are told the records that still mattered then, and every record since.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import msgspec

from acd.ports import Core, KeptLeg, Record
from acd.routing.model import Rules
from acd.routing.outputs import AnyFact, RulesInForce
from acd.runtime.clock import monotonic_s
from acd.runtime.journal import Entry, JournalReader, SnapshotShelf, decode_facts, decode_record
from acd.runtime.snapshotting import Kept, day_of, kept_of, usable_snapshot

_PROGRESS_EVERY: Final = 5_000

Observe = Callable[[Record], None]


class Recovered(NamedTuple):
    """What recovery found."""

    last_seq: int
    last_at_ms: int
    facts: int
    """Folded into the engine, beyond its snapshot."""
    snapshot_seq: int
    """Where the engine began; 0: at the first record."""
    observed: int
    """Records that the rooms were told of."""
    seconds: float
    rules: Rules | None
    """Those in force at the end of the journal."""
    legs: dict[str, list[KeptLeg]]
    """Legs to take up again, by the name of their adapter."""


class Audience(NamedTuple):
    """Who looks on while the journal is folded."""

    observe: Observe
    """Tells all rooms."""
    keepers: Sequence[tuple[int, Observe]] = ()
    """Rooms with tables of their own: the last record that each has stored, and how to tell that room alone."""


def recover(
    core: Core,
    reader: JournalReader,
    *,
    shelf: SnapshotShelf | None = None,
    audience: Audience | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Recovered:
    """Fold the journal into an empty engine.

    Args:
        shelf: Where snapshots lie; None: fold from the first record.
        audience: None spares decoding the events.
        progress: Told how many records of how many have been read, now and then.

    Raises:
        JournalDamaged: Names the record.
        JournalTooNew: A record holds what this version does not know.
    """
    started_s = monotonic_s()
    found = None if shelf is None else usable_snapshot(core, reader, shelf)
    core_seq = found[0].seq if found is not None else reader.meta.base_seq
    rules = found[1].rules if found is not None else None
    begin, observed = core_seq, 0
    if audience is not None:
        begin, observed = _tell_the_past(reader, shelf, found[0].at_ms if found else 0, audience)
    extent = reader.extent()
    apply = core.apply
    facts_folded, last_at_ms = 0, found[0].at_ms if found is not None else extent.last_at_ms
    for entry in reader.entries(begin):
        facts, record = _decode(reader, entry, audience is not None)
        if entry.seq > core_seq:
            last_at_ms = entry.at_ms
            for fact in facts:
                apply(fact, last_at_ms)
                if type(fact) is RulesInForce:
                    rules = fact.rules
            facts_folded += len(facts)
        if audience is not None and record is not None:
            audience.observe(record)
            observed += 1
        if entry.seq % _PROGRESS_EVERY == 0:
            progress(entry.seq - begin, extent.last_seq - begin)
    snapshot_seq = found[0].seq if found is not None else 0
    seconds = monotonic_s() - started_s
    return Recovered(
        extent.last_seq, last_at_ms, facts_folded, snapshot_seq, observed, seconds, rules, _legs_of(core)
    )


def _tell_the_past(
    reader: JournalReader, shelf: SnapshotShelf | None, at_ms: int, audience: Audience
) -> tuple[int, int]:
    """Tell the rooms what stands before whole records begin; return where these begin, and how many were told."""
    past = None if shelf is None or not at_ms else _snapshot_before_today(reader, shelf, at_ms)
    if past is None:
        return reader.meta.base_seq, 0
    begin, kept = past
    told = 0
    for kept_seq, observe in audience.keepers:
        for entry in reader.entries(max(kept_seq, reader.meta.base_seq)):
            if entry.seq > begin:
                break
            _, record = _decode(reader, entry, True)
            assert record is not None
            observe(record)
            told += 1
    for record in kept.records:
        audience.observe(record)
    return begin, told + len(kept.records)


def _snapshot_before_today(
    reader: JournalReader, shelf: SnapshotShelf, at_ms: int
) -> tuple[int, Kept] | None:
    """Return the latest snapshot of a day before that of `at_ms`; the oldest where the journal begins later."""
    usable = [
        snapshot
        for snapshot in shelf.newest_first()
        if snapshot.seq >= reader.meta.base_seq and reader.chain_at(snapshot.seq) == snapshot.chain
    ]
    earlier = [snapshot for snapshot in usable if day_of(snapshot.at_ms) < day_of(at_ms)]
    chosen = earlier[0] if earlier else usable[-1] if usable and reader.meta.base_seq else None
    if chosen is None:
        return None
    kept = kept_of(chosen)
    return None if kept is None else (chosen.seq, kept)


def _decode(reader: JournalReader, entry: Entry, whole: bool) -> tuple[list[AnyFact], Record | None]:
    try:
        if not whole:
            return decode_facts(entry), None
        record = decode_record(entry)
    except msgspec.DecodeError as error:
        reader.unreadable(entry, error)
    return record.facts, record


def _legs_of(core: Core) -> dict[str, list[KeptLeg]]:
    found: dict[str, list[KeptLeg]] = {}
    for leg in core.kept_legs():
        found.setdefault(leg.adapter, []).append(KeptLeg(leg.contact, leg.leg, leg.resume))
    return found
