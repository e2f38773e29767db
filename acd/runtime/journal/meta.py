"""What a journal says of itself: its version, its zone, its epoch, where it begins."""

from __future__ import annotations

import sqlite3
import zlib
from pathlib import Path
from typing import Final, NamedTuple

from acd.runtime.journal.entries import CHAIN_START
from acd.runtime.journal.errors import JournalDamaged, JournalRefused, JournalTooNew

VERSION: Final = 1
"""Grows when an older program could no longer read what a newer one writes."""

APPLICATION_ID: Final = 0x61636431


class Meta(NamedTuple):
    """`base_seq` and `base_chain` are those of the last record that retention has taken away."""

    zone: str
    epoch: int = 0
    base_seq: int = 0
    base_chain: bytes = CHAIN_START


def check_version(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse what is no journal, or one of a newer version.

    Raises:
        JournalRefused: No journal.
        JournalTooNew: Says which version was found.
    """
    application: int = connection.execute("PRAGMA application_id").fetchone()[0]
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if application != APPLICATION_ID:
        raise JournalRefused(
            f"{path} is not a journal: application id {application:#x}, expected {APPLICATION_ID:#x}"
        )
    if version > VERSION:
        raise JournalTooNew(str(path), f"journal version {version}", f"at most {VERSION}")


def read_meta(connection: sqlite3.Connection, path: Path) -> Meta:
    """Return what the journal says of itself.

    Raises:
        JournalDamaged: It does not add up.
    """
    row = connection.execute(
        "SELECT zone, epoch, base_seq, base_chain, crc FROM meta WHERE id = 1"
    ).fetchone()
    if row is None:
        raise JournalDamaged(str(path), "table meta", "no row", "one row")
    meta = Meta(*row[:4])
    if row[4] != _crc(meta):
        raise JournalDamaged(str(path), "table meta", f"CRC32 {_crc(meta):08x}", str(row[4]))
    return meta


def write_meta(connection: sqlite3.Connection, meta: Meta) -> None:
    """Put it down, inside the caller's transaction."""
    connection.execute("INSERT OR REPLACE INTO meta VALUES (1, ?, ?, ?, ?, ?)", (*meta, _crc(meta)))


def _crc(meta: Meta) -> int:
    return zlib.crc32(repr(tuple(meta)).encode())
