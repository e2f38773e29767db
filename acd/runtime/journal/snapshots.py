"""Snapshots: the folded state at one record, so that recovery need not begin at the first.

A snapshot is a file of its own, written under another name, synced, and renamed: a crash leaves the old one or
the new one. It is a shortcut and never the truth: a damaged one is passed over, and the journal is folded.
"""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path
from typing import Final, NamedTuple

_HEAD: Final = struct.Struct(">4sHQQ16s16sII")
_MAGIC: Final = b"acdS"
_VERSION: Final = 1
_KEPT: Final = 2
_DAY_MS: Final = 86_400_000


class Snapshot(NamedTuple):
    """The state up to and with record `seq`; `build` names the program whose form of state it is."""

    seq: int
    at_ms: int
    chain: bytes
    build: bytes
    payload: bytes


class SnapshotShelf:
    """The snapshots of one journal, in a folder beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "snapshots"

    def write(self, snapshot: Snapshot) -> None:
        """Keep a snapshot, the one before it, and the latest of an earlier day (UTC); others go.

        Raises:
            OSError: It could not be written; what was there before is still there.
        """
        self.folder.mkdir(exist_ok=True)
        payload = zlib.compress(snapshot.payload, 1)
        head = (snapshot.seq, snapshot.at_ms, snapshot.chain, snapshot.build, len(payload))
        body = _HEAD.pack(_MAGIC, _VERSION, *head, zlib.crc32(payload))
        target = self.folder / f"{snapshot.seq:016d}-{snapshot.at_ms:014d}.snapshot"
        draft = target.with_suffix(f".{os.getpid()}.draft")
        try:
            with draft.open("wb") as file:
                file.write(body + struct.pack(">I", zlib.crc32(body)) + payload)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(target)
        except OSError:
            draft.unlink(missing_ok=True)
            raise
        _sync(self.folder)
        self._thin_out(snapshot.at_ms)

    def newest_first(self) -> list[Snapshot]:
        """Return those that are whole."""
        return [found for path in self._paths() if (found := _read(path)) is not None]

    def seqs(self) -> list[int]:
        """Return the numbers of those that are there, whole or not, newest first."""
        return [int(path.name.split("-")[0]) for path in self._paths()]

    def _thin_out(self, now_ms: int) -> None:
        paths = self._paths()
        earlier = next((path for path in paths if _at_ms(path) // _DAY_MS < now_ms // _DAY_MS), None)
        for path in paths[_KEPT:]:
            if path != earlier:
                path.unlink(missing_ok=True)

    def _paths(self) -> list[Path]:
        return sorted(self.folder.glob("*.snapshot"), reverse=True)


def _at_ms(path: Path) -> int:
    return int(path.stem.split("-")[1])


def _read(path: Path) -> Snapshot | None:
    body = path.read_bytes()
    size = _HEAD.size
    if len(body) < size + 4 or struct.unpack_from(">I", body, size)[0] != zlib.crc32(body[:size]):
        return None
    magic, version, seq, at_ms, chain, build, length, crc = _HEAD.unpack_from(body)
    payload = body[size + 4 :]
    if (magic, version) != (_MAGIC, _VERSION) or len(payload) != length or zlib.crc32(payload) != crc:
        return None
    return Snapshot(seq, at_ms, chain, build, zlib.decompress(payload))


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
