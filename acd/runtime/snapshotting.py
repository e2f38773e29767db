"""Taking snapshots: a process of its own folds the journal, so that the loop never stops for it.

`python -m acd.runtime.snapshotting FOLDER` reads on from the latest snapshot to the end of the journal, beside
the server that writes it, and keeps the result. It folds, so a snapshot is also a proof that the journal can be folded.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sys
from pathlib import Path
from typing import Final

import msgspec

import acd.routing
from acd.ports import Core, Record
from acd.routing.engine import Engine
from acd.routing.errors import Defect
from acd.routing.model import Rules
from acd.routing.outputs import AnyFact, RulesInForce
from acd.runtime.journal import (
    Entry,
    JournalReader,
    Snapshot,
    SnapshotShelf,
    decode_facts,
    decode_record,
)
from acd.runtime.live import LiveRecords
from acd.runtime.logs import named

_log = logging.getLogger("acd.journal")

_NICENESS: Final = 10
_DAY_MS: Final = 86_400_000


class Kept(msgspec.Struct):
    """What a snapshot holds."""

    core: bytes
    rules: Rules | None
    live: LiveRecords
    records: list[Record]
    """Those that still matter, thinned, in order."""


_decoder: Final = msgspec.msgpack.Decoder(Kept)
_encoder: Final = msgspec.msgpack.Encoder()


def day_of(at_ms: int) -> int:
    """Return the number of a moment's day, in UTC."""
    return at_ms // _DAY_MS


def kept_of(snapshot: Snapshot) -> Kept | None:
    """Return what a snapshot holds; None where another version wrote it in another form."""
    try:
        return _decoder.decode(snapshot.payload)
    except msgspec.DecodeError:
        return None


def build_name() -> bytes:
    """Return what names this version of the fold: a hash of the core's own source."""
    digest = hashlib.blake2b(digest_size=16)
    folder = Path(acd.routing.__file__).parent
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.digest()


def usable_snapshot(core: Core, reader: JournalReader, shelf: SnapshotShelf) -> tuple[Snapshot, Kept] | None:
    """Restore the latest snapshot that fits journal and program into `core`, and return it; None: there is none.

    A snapshot of another version of the fold is passed over, unless the journal does not reach back to the
    beginning any more: then it is the only way to the state.
    """
    extent = reader.extent()
    build = build_name()
    for snapshot in shelf.newest_first():
        if not extent.base_seq <= snapshot.seq <= extent.last_seq:
            continue
        if snapshot.build != build and not extent.base_seq:
            continue
        if reader.chain_at(snapshot.seq) != snapshot.chain:
            continue
        kept = kept_of(snapshot)
        if kept is not None and _is_restored(core, kept, snapshot.seq):
            return snapshot, kept
    return None


def _is_restored(core: Core, kept: Kept, seq: int) -> bool:
    try:
        core.restore(kept.core)
    except (msgspec.DecodeError, Defect) as error:
        _log.warning(named("snapshot_passed_over", seq=seq, why=error))
        return False
    return True


def build_snapshot(
    core: Core, reader: JournalReader, shelf: SnapshotShelf | None, until_seq: int | None = None
) -> Snapshot:
    """Fold the journal into an empty engine, up to `until_seq` or its end, and return the snapshot of that record.

    Args:
        shelf: Where to find a snapshot to go on from; None: from the beginning.

    Raises:
        JournalRefused: The journal is damaged; snapshots are of no help then.
    """
    found = usable_snapshot(core, reader, shelf) if shelf is not None else None
    live = found[1].live if found is not None else LiveRecords()
    rules = found[1].rules if found is not None else None
    old = {record.seq: record for record in found[1].records} if found is not None else {}
    seq, chain = (
        (found[0].seq, found[0].chain)
        if found is not None
        else (reader.meta.base_seq, reader.meta.base_chain)
    )
    at_ms = found[0].at_ms if found is not None else 0
    for entry in reader.entries(seq, chain):
        if until_seq is not None and entry.seq > until_seq:
            break
        seq, at_ms = entry.seq, entry.at_ms
        for fact in _facts(reader, entry):
            core.apply(fact, at_ms)
            live.apply(fact, seq)
            if isinstance(fact, RulesInForce):
                rules = fact.rules
    records = [old[number] if number in old else _read(reader, number) for number in live.seqs()]
    kept = Kept(core.snapshot(), rules, live, [live.thinned(record) for record in records])
    return Snapshot(seq, at_ms, reader.chain_at(seq), build_name(), _encoder.encode(kept))


def main(folder: Path) -> None:
    """Take a snapshot of the journal in a folder, if there is anything new."""
    os.nice(_NICENESS)
    shelf = SnapshotShelf(folder)
    reader = JournalReader(folder / "journal.sqlite3")
    if reader.extent().last_seq > max(shelf.seqs(), default=0):
        shelf.write(build_snapshot(Engine(), reader, shelf))
    reader.close()


def _facts(reader: JournalReader, entry: Entry) -> list[AnyFact]:
    try:
        return decode_facts(entry)
    except msgspec.DecodeError as error:
        reader.unreadable(entry, error)


def _read(reader: JournalReader, seq: int) -> Record:
    entry = next(reader.entries(seq - 1))
    return decode_record(entry)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
