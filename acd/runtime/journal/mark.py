"""The mark: how far the journal has been acknowledged, kept beside it and never waited for.

A log cannot tell a tail that was torn before its fsync from one that was durable and lost later: both end
early. So after each commit the number of its last record is noted in a small file, without fsync. A power cut
may lose the mark, which costs nothing; but a mark that names a record which the journal lacks proves that
something acknowledged is gone (a damaged or deleted write-ahead log, an old copy put back).
"""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path
from typing import Final, NamedTuple

MARK_NAME: Final = "journal.mark"

_FORM: Final = struct.Struct(">4sQ16s")
_CRC: Final = struct.Struct(">I")
_MAGIC: Final = b"acdM"


class Mark(NamedTuple):
    """The last acknowledged record, and the chain up to it."""

    seq: int
    chain: bytes


class MarkFile:
    """Writes the mark; one small write in place."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)

    def write(self, mark: Mark) -> None:
        """Note the mark; whether it outlives a power cut is left to chance."""
        body = _FORM.pack(_MAGIC, mark.seq, mark.chain)
        os.pwrite(self._fd, body + _CRC.pack(zlib.crc32(body)), 0)

    def close(self) -> None:
        """Make it last, and close."""
        os.fsync(self._fd)
        os.close(self._fd)


def read_mark(path: Path) -> Mark | None:
    """Return the mark, or None where there is none or it was torn."""
    try:
        body = path.read_bytes()
    except FileNotFoundError:
        return None
    if len(body) != _FORM.size + _CRC.size:
        return None
    head = body[: _FORM.size]
    magic, seq, chain = _FORM.unpack(head)
    if magic != _MAGIC or _CRC.unpack(body[_FORM.size :]) != (zlib.crc32(head),):
        return None
    return Mark(seq, chain)
