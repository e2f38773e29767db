"""SQLite's write-ahead log, as far as needed to name where it is damaged. Reads only.

SQLite ends the log at the first frame whose checksum is wrong, silently: right for a torn tail, wrong for a
frame that rotted after it was durable, since whole commits may stand behind it. Only the last transaction can
be unsynced, so two good commits behind a bad frame mean damage.

Source: "The SQLite Database File Format", section 4, "The Write-Ahead Log".
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Final, NamedTuple

_HEADER: Final = struct.Struct(">8I")
_FRAME: Final = struct.Struct(">6I")
_MAGICS: Final = {0x377F0682: "<", 0x377F0683: ">"}


class WalBreak(NamedTuple):
    """A bad frame with good commits behind it."""

    offset: int
    commits_behind: int


def find_break(path: Path) -> WalBreak | None:
    """Return the first bad frame of a log that has good commits of its generation behind it, or None."""
    try:
        body = path.read_bytes()
    except FileNotFoundError:
        return None
    if len(body) < _HEADER.size:
        return None
    magic, _, page_size, _, salt1, salt2, sum1, sum2 = _HEADER.unpack_from(body)
    order = _MAGICS.get(magic)
    if order is None or page_size < 512 or _checksum(order, body[:24], (0, 0)) != (sum1, sum2):
        return None
    bad_at: int | None = None
    commits = 0
    sums = (sum1, sum2)
    size = _FRAME.size + page_size
    for offset in range(_HEADER.size, len(body) - size + 1, size):
        _, commit, frame_salt1, frame_salt2, stored1, stored2 = _FRAME.unpack_from(body, offset)
        good = (frame_salt1, frame_salt2) == (salt1, salt2)
        if good:
            head = _checksum(order, body[offset : offset + 8], sums)
            good = _checksum(order, body[offset + _FRAME.size : offset + size], head) == (stored1, stored2)
        if not good and bad_at is None:
            bad_at = offset
        if good and bad_at is not None and commit:
            commits += 1
        # From the stored sum, so that the frame behind a bad one can still be told good from bad.
        sums = (stored1, stored2)
    return WalBreak(bad_at, commits) if bad_at is not None and commits else None


def _checksum(order: str, body: bytes, sums: tuple[int, int]) -> tuple[int, int]:
    first, second = sums
    words = struct.unpack(f"{order}{len(body) // 4}I", body)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & 0xFFFFFFFF
        second = (second + odd + first) & 0xFFFFFFFF
    return first, second
