"""From the journal back to the living state: fold the facts, let the rooms see them, take up the legs.

The fold applies facts and decides nothing, so a newer version may decide otherwise without breaking an older
journal. A damaged record stops it with its number; nothing is skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import msgspec

from acd.ports import Core, KeptLeg, Record
from acd.routing.model import ContactId, LegId, Rules
from acd.routing.outputs import AnyFact, ContactEnded, ContactEntered, LegKept, RulesInForce
from acd.runtime.clock import monotonic_s
from acd.runtime.journal import Entry, JournalReader, decode_facts, decode_record

_PROGRESS_EVERY: Final = 20_000
_LEG_FACTS: Final = frozenset({LegKept, ContactEntered, ContactEnded})


class Recovered(NamedTuple):
    """What recovery found."""

    last_seq: int
    last_at_ms: int
    facts: int
    seconds: float
    rules: Rules | None
    """Those in force at the end of the journal."""
    legs: dict[str, list[KeptLeg]]
    """Legs to take up again, by the name of their adapter."""


class LegFold:
    """Which legs are to be taken up again; a fold of facts."""

    def __init__(self) -> None:
        self._adapters: dict[ContactId, str] = {}
        self._legs: dict[ContactId, dict[LegId, bytes]] = {}

    def apply(self, fact: object) -> None:
        """Take note of a fact."""
        if isinstance(fact, LegKept):
            legs = self._legs.setdefault(fact.contact, {})
            if fact.resume:
                legs[fact.leg] = fact.resume
            else:
                legs.pop(fact.leg, None)
        elif isinstance(fact, ContactEntered):
            self._adapters[fact.contact] = fact.adapter
        elif isinstance(fact, ContactEnded):
            self._adapters.pop(fact.contact, None)
            self._legs.pop(fact.contact, None)

    def by_adapter(self) -> dict[str, list[KeptLeg]]:
        """Return the legs of contacts that have not ended, by adapter."""
        found: dict[str, list[KeptLeg]] = {}
        for contact, legs in self._legs.items():
            adapter = self._adapters.get(contact)
            if adapter is not None:
                kept = found.setdefault(adapter, [])
                kept.extend(KeptLeg(contact, leg, resume) for leg, resume in legs.items())
        return found


def recover(
    core: Core,
    reader: JournalReader,
    *,
    observe: Callable[[Record], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Recovered:
    """Fold the journal into an empty engine.

    Args:
        observe: Hears every whole record, in order; None spares decoding the events.
        progress: Told how many records of how many have been folded, now and then.

    Raises:
        JournalDamaged: Names the record.
        JournalTooNew: A record holds what this version does not know.
    """
    started_s = monotonic_s()
    extent = reader.extent()
    apply = core.apply
    legs = LegFold()
    rules: Rules | None = None
    facts_folded = 0
    entry: Entry | None = None
    for entry, facts in _decoded(reader, observe):
        at_ms = entry.at_ms
        for fact in facts:
            apply(fact, at_ms)
            kind = type(fact)
            if kind in _LEG_FACTS:
                legs.apply(fact)
            elif isinstance(fact, RulesInForce):
                rules = fact.rules
        facts_folded += len(facts)
        if progress is not None and entry.seq % _PROGRESS_EVERY == 0:
            progress(entry.seq - extent.base_seq, extent.last_seq - extent.base_seq)
    last_seq, last_at_ms = (entry.seq, entry.at_ms) if entry is not None else (extent.last_seq, 0)
    seconds = monotonic_s() - started_s
    return Recovered(last_seq, last_at_ms, facts_folded, seconds, rules, legs.by_adapter())


def _decoded(
    reader: JournalReader, observe: Callable[[Record], None] | None
) -> Iterator[tuple[Entry, list[AnyFact]]]:
    for entry in reader.entries():
        try:
            if observe is None:
                yield entry, decode_facts(entry)
                continue
            record = decode_record(entry)
        except msgspec.DecodeError as error:
            reader.unreadable(entry, error)
        yield entry, record.facts
        observe(record)
