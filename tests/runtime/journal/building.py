"""Journals made for the tests, and what is read back of them."""

from __future__ import annotations

import asyncio
from pathlib import Path

from acd.ports import Record
from acd.routing.events import AttributesChanged
from acd.routing.model import ContactId, LegId
from acd.routing.outputs import LegKept
from acd.runtime.journal import JournalReader, JournalState, JournalWriter, encode_record, open_journal


def record(seq: int, epoch: int = 1, size: int = 40) -> Record:
    """A record whose content names its number."""
    contact = ContactId(f"contact-{seq}")
    fact = LegKept(contact, LegId("leg"), bytes([seq % 256]) * size)
    return Record(seq, epoch, 1_000_000 + seq, AttributesChanged(contact, {"n": str(seq)}), [fact])


async def write(folder: Path, batches: list[int], *, clean: bool = True, size: int = 40) -> list[int]:
    """Append batches of so many records each, one commit a batch, behind what is there; return what was acknowledged.

    Args:
        clean: False leaves the write-ahead log as it is, as a killed process would (the file is copied away first).
    """
    file = open_journal(folder)
    acknowledged: list[int] = []
    told = asyncio.Event()

    def durable(seq: int, seconds: float) -> None:
        acknowledged.append(seq)
        told.set()

    writer = JournalWriter(
        file, asyncio.get_running_loop(), durable, lambda state, why: None, reserve_bytes=0
    )
    writer.start()
    seq = file.extent.last_seq
    for batch in batches:
        told.clear()
        writer.append(
            [encode_record(record(number, file.epoch, size)) for number in range(seq + 1, seq + batch + 1)]
        )
        seq += batch
        await asyncio.wait_for(told.wait(), 10)
    if not clean:
        keep_as_killed(folder)
    assert writer.stop(10)
    assert writer.state is JournalState.WRITING
    file.close()
    if not clean:
        put_back(folder)
    return acknowledged


def keep_as_killed(folder: Path) -> None:
    """Copy the files as they are now; the shared index is left out, as after a power cut."""
    aside = folder / "aside"
    aside.mkdir(exist_ok=True)
    for name in ("journal.sqlite3", "journal.sqlite3-wal", "journal.mark"):
        if (folder / name).exists():
            (aside / name).write_bytes((folder / name).read_bytes())


def put_back(folder: Path) -> None:
    """Put the copied files in the place of those that a clean end has left."""
    for path in folder.glob("journal.sqlite3*"):
        path.unlink()
    for path in (folder / "aside").iterdir():
        path.replace(folder / path.name)
    (folder / "aside").rmdir()


def read(folder: Path) -> list[Record]:
    """All records, checked."""
    reader = JournalReader(folder / "journal.sqlite3")
    try:
        return list(reader.records())
    finally:
        reader.close()


def reopened(folder: Path) -> list[Record]:
    """Open as a server does, close again, and return what is there."""
    file = open_journal(folder)
    try:
        return list(file.reader.records())
    finally:
        file.close()
