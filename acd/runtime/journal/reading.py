"""Reading records back, checked one by one: numbers without a gap, CRC, chain."""

from __future__ import annotations

import shutil
import sqlite3
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn

import msgspec

from acd.ports import Record
from acd.runtime.journal.entries import Entry, decode_record, entry_body, entry_check, next_chain
from acd.runtime.journal.errors import JournalDamaged, JournalRefused, JournalTooNew
from acd.runtime.journal.mark import MARK_NAME, Mark, read_mark
from acd.runtime.journal.meta import VERSION, Meta, check_version, read_meta
from acd.runtime.journal.wal import find_break

UNREADABLE: Final = (sqlite3.DatabaseError, UnicodeDecodeError)
"""What SQLite raises over pages that are not as it wrote them; text that rotted is not even text."""

_DISK: Final = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
)
_ROOM_MIN: Final = 65_536
_SLICE: Final = 1000
_TYPES: Final = (int, int, int, bytes, bytes, int, bytes)
_SELECT: Final = "SELECT seq, epoch, at_ms, event, facts, crc, chain FROM records WHERE seq > ? ORDER BY seq"


class Extent(NamedTuple):
    """Which records a journal holds: those after `base_seq` up to `last_seq`, both 0 when it is new."""

    base_seq: int
    last_seq: int
    last_chain: bytes
    last_at_ms: int


class JournalReader:
    """Reads a journal; several may, while a server writes it."""

    def __init__(self, path: Path, connection: sqlite3.Connection | None = None) -> None:
        """Open for reading.

        Raises:
            JournalRefused: There is none, it is not a journal, a newer version wrote it, or it is damaged.
        """
        self.path = path
        if connection is None:
            if not path.exists():
                raise JournalRefused(
                    f"there is no journal at {path}: expected the folder of a server's data, as --var"
                )
            connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
        self._connection = connection
        mark = read_mark(path.with_name(MARK_NAME))
        try:
            check_version(connection, path)
            self.meta: Meta = read_meta(connection, path)
            if mark is not None:
                self._check_mark(mark)
        except UNREADABLE as error:
            connection.close()
            self.damaged(error)
        except JournalRefused:
            connection.close()
            raise

    def extent(self) -> Extent:
        """Return which records there are."""
        base = self.meta
        try:
            row = self._connection.execute(
                "SELECT seq, chain, at_ms FROM records ORDER BY seq DESC LIMIT 1"
            ).fetchone()
        except UNREADABLE as error:
            self.damaged(error)
        if row is not None and tuple(map(type, row)) != (int, bytes, int):
            raise JournalDamaged(
                str(self.path), "its last record", "values of another kind", "numbers and bytes"
            )
        if row is None:
            return Extent(base.base_seq, base.base_seq, base.base_chain, 0)
        return Extent(base.base_seq, row[0], row[1], row[2])

    def entries(self, after_seq: int | None = None, chain: bytes | None = None) -> Iterator[Entry]:
        """Yield rows in order, each checked.

        Args:
            after_seq: Begin behind this one; None: with the first that is kept.
            chain: The chain up to `after_seq`, from a snapshot; None: as the journal has it.

        Raises:
            JournalDamaged: Names the record.
        """
        if after_seq is None or after_seq < self.meta.base_seq:
            after_seq, chain = self.meta.base_seq, self.meta.base_chain
        if chain is None:
            chain = self.chain_at(after_seq)
        expected = after_seq + 1
        try:
            cursor = self._connection.execute(_SELECT, (after_seq,))
            while rows := cursor.fetchmany(_SLICE):
                for row in rows:
                    entry = Entry._make(row[:5])
                    own_chain = _chain_of_whole(row, entry, expected, chain)
                    chain = own_chain if own_chain is not None else self._check(row, expected, chain)
                    expected += 1
                    yield entry
        except UNREADABLE as error:
            self.damaged(error, f"behind record {expected - 1}")

    def records(self, after_seq: int | None = None) -> Iterator[Record]:
        """Yield whole records; raises as `entries` does, and `JournalTooNew` at one that it cannot read."""
        for entry in self.entries(after_seq):
            try:
                yield decode_record(entry)
            except msgspec.DecodeError as error:
                self.unreadable(entry, error)

    def chain_at(self, seq: int) -> bytes:
        """Return the chain up to and with a record, as the journal has it."""
        if seq == self.meta.base_seq:
            return self.meta.base_chain
        row = None
        try:
            row = self._connection.execute("SELECT chain FROM records WHERE seq = ?", (seq,)).fetchone()
        except UNREADABLE as error:
            self.damaged(error, f"at record {seq}")
        if row is None or not isinstance(row[0], bytes):
            raise JournalDamaged(str(self.path), f"record {seq}", "no such record", "one")
        return row[0]

    def last_before(self, at_ms: int) -> int:
        """Return the last record that is older than a moment; the base where there is none. Moments only grow."""
        low, high = self.meta.base_seq, self.extent().last_seq
        while low < high:
            middle = (low + high + 1) // 2
            row = self._connection.execute("SELECT at_ms FROM records WHERE seq = ?", (middle,)).fetchone()
            if row is not None and row[0] < at_ms:
                low = middle
            else:
                high = middle - 1
        return low

    def damaged(self, error: Exception, position: str = "its first pages") -> NoReturn:
        """Say where SQLite found its own pages wrong, or that the disk does not let it work.

        Raises:
            JournalRefused: Always.
        """
        raise trouble(self.path, error, position) from error

    def unreadable(self, entry: Entry, error: msgspec.DecodeError) -> NoReturn:
        """Say that a record is whole (its checks hold) but not understood.

        Raises:
            JournalTooNew: Always.
        """
        found = f"record {entry.seq} ({error})"
        raise JournalTooNew(
            str(self.path), found, f"facts and events of journal version {VERSION}"
        ) from error

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _check_mark(self, mark: Mark) -> None:
        """Refuse a journal that lacks what had been acknowledged."""
        extent = self.extent()
        path = str(self.path)
        if mark.seq > extent.last_seq:
            wal = self.path.with_name(self.path.name + "-wal")
            broken = find_break(wal)
            where = f"; {wal.name} is broken at byte {broken.offset}" if broken is not None else ""
            found = f"its end, although record {mark.seq} had been acknowledged{where}"
            raise JournalDamaged(path, f"record {extent.last_seq + 1}", found, f"records up to {mark.seq}")
        if mark.seq > extent.base_seq and self.chain_at(mark.seq) != mark.chain:
            raise JournalDamaged(path, f"record {mark.seq}", "another history", "the acknowledged one")

    def _check(
        self, row: tuple[int, int, int, bytes, bytes, int, bytes], expected: int, chain: bytes
    ) -> bytes:
        path = str(self.path)
        if row[0] != expected:
            raise JournalDamaged(
                path, f"record {expected}", f"record {row[0]} in its place", f"record {expected}"
            )
        if tuple(map(type, row)) != _TYPES:
            raise JournalDamaged(path, f"record {expected}", "values of another kind", "numbers and bytes")
        crc, own_chain = entry_check(Entry(*row[:5]), chain)
        if crc != row[5]:
            raise JournalDamaged(path, f"record {expected}", f"CRC32 {crc:08x}", f"{row[5]:08x}")
        if own_chain != row[6]:
            raise JournalDamaged(path, f"record {expected}", f"chain {own_chain.hex()}", bytes(row[6]).hex())
        return own_chain


def _chain_of_whole(row: Any, entry: Entry, expected: int, chain: bytes) -> bytes | None:
    """Return the chain up to and with a row that is as it must be; None where something is to be said about it."""
    try:
        body = entry_body(*entry)
    except (TypeError, struct.error):
        return None
    own_chain = next_chain(chain, body)
    is_whole = entry.seq == expected and row[5] == zlib.crc32(body) and row[6] == own_chain
    return own_chain if is_whole else None


def trouble(path: Path, error: Exception, position: str = "its first pages") -> JournalRefused:
    """Return what to tell an operator: the disk does not let us work, or pages are damaged."""
    if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _DISK:
        return JournalDamaged(str(path), position, str(error), "readable pages")
    room = shutil.disk_usage(path.parent).free
    full = f"; its disk is full ({room} bytes are free)" if room < _ROOM_MIN else ""
    return JournalRefused(f"{path} cannot be used: {error}{full}")
