"""The journal on disk: a SQLite file in WAL mode, owned by one server.

`open_journal` takes ownership, refuses what must not be written to, and gives the file a new epoch. What has
been committed is durable: `synchronous=FULL` syncs the write-ahead log at every commit.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from acd.runtime.journal.errors import JournalDamaged
from acd.runtime.journal.mark import MARK_NAME, Mark, MarkFile, read_mark
from acd.runtime.journal.meta import APPLICATION_ID, VERSION, Meta, write_meta
from acd.runtime.journal.ownership import Ownership
from acd.runtime.journal.reading import UNREADABLE, Extent, JournalReader, trouble
from acd.runtime.journal.wal import find_break

FILE_NAME: Final = "journal.sqlite3"
_SCHEMA: Final = Path(__file__).with_name("schema.sql")


class JournalFile:
    """An owned, open journal. Made by `open_journal`."""

    def __init__(
        self, folder: Path, connection: sqlite3.Connection, reader: JournalReader, ownership: Ownership
    ) -> None:
        self.folder = folder
        self.path = folder / FILE_NAME
        self.connection = connection
        self.reader = reader
        self.epoch = reader.meta.epoch
        self.extent: Extent = reader.extent()
        self.mark = MarkFile(folder / MARK_NAME)
        self._ownership = ownership

    def note(self, seq: int, chain: bytes) -> None:
        """Note how far has been acknowledged."""
        self.mark.write(Mark(seq, chain))

    def size_bytes(self) -> int:
        """Return the size of the journal and its write-ahead log."""
        paths = (self.path, self.path.with_name(self.path.name + "-wal"))
        return sum(path.stat().st_size for path in paths if path.exists())

    def close(self) -> None:
        """Close; the write-ahead log is folded into the file. Ownership goes last."""
        self.connection.close()
        self.mark.close()
        self._ownership.release()


def open_journal(folder: Path) -> JournalFile:
    """Take ownership of a folder's journal, or make one; its epoch is one more than before.

    Raises:
        JournalRefused: In use, too new, damaged, or no journal; nothing was changed then.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ownership = Ownership(folder)
    try:
        return _open_owned(folder, ownership)
    except BaseException:
        ownership.release()
        raise


def _open_owned(folder: Path, ownership: Ownership) -> JournalFile:
    path = folder / FILE_NAME
    is_new = _is_new(path)
    if not is_new:
        _refuse(path)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        if is_new:
            _make(connection)
        # What a failed fsync has left in the page cache only is written anew, and synced.
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        reader = JournalReader(path, connection)
        _raise_epoch(connection, reader)
        _sync_folder(folder)
        return JournalFile(folder, connection, reader, ownership)
    except UNREADABLE as error:
        connection.close()
        raise trouble(path, error) from error
    except BaseException:
        connection.close()
        raise


def _is_new(path: Path) -> bool:
    """Tell whether a journal is to be made: there is none, or its making was cut short."""
    mark = read_mark(path.with_name(MARK_NAME))
    if path.exists() and path.with_name(path.name + "-journal").exists():
        # Only making one leaves a rollback journal; it is rolled back by being looked at.
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master")
    if path.exists() and (path.stat().st_size or path.with_name(path.name + "-wal").exists()):
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            try:
                return (
                    mark is None
                    and connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
                )
            except UNREADABLE:
                return False
    if mark is not None:
        raise JournalDamaged(str(path), "its beginning", "no journal", f"one with records up to {mark.seq}")
    return True


def _make(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for statement in _SCHEMA.read_text().split(";"):
        if statement.strip():
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")
    write_meta(connection, Meta(zone=secrets.token_hex(8)))
    connection.execute("COMMIT")


def _refuse(path: Path) -> None:
    """Refuse what must not be written to. Reads only, so that the evidence of a damage stays as it is."""
    wal = path.with_name(path.name + "-wal")
    broken = find_break(wal)
    if broken is not None and broken.commits_behind > 1:
        found = f"a frame with a wrong checksum and {broken.commits_behind} whole commits behind it"
        raise JournalDamaged(str(wal), f"byte {broken.offset}", found, "no break before the end")
    JournalReader(path).close()


def _raise_epoch(connection: sqlite3.Connection, reader: JournalReader) -> None:
    reader.meta = reader.meta._replace(epoch=reader.meta.epoch + 1)
    connection.execute("BEGIN IMMEDIATE")
    write_meta(connection, reader.meta)
    connection.execute("COMMIT")


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
