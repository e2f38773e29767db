"""The journal: what makes a record durable, and what is read back after a crash."""

from acd.runtime.journal.entries import Entry, decode_facts, decode_record, encode_record
from acd.runtime.journal.errors import JournalDamaged, JournalInUse, JournalRefused, JournalTooNew
from acd.runtime.journal.file import JournalFile, open_journal
from acd.runtime.journal.ownership import Ownership, owner_of
from acd.runtime.journal.reading import Extent, JournalReader
from acd.runtime.journal.snapshots import Snapshot, SnapshotShelf
from acd.runtime.journal.writer import JournalState, JournalWriter

__all__ = [
    "Entry",
    "Extent",
    "JournalDamaged",
    "JournalFile",
    "JournalInUse",
    "JournalReader",
    "JournalRefused",
    "JournalState",
    "JournalTooNew",
    "JournalWriter",
    "Ownership",
    "Snapshot",
    "SnapshotShelf",
    "decode_facts",
    "decode_record",
    "encode_record",
    "open_journal",
    "owner_of",
]
