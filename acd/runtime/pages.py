"""Large pages for what is in memory for good.

At 100,000 agents the engine's cost is where its objects lie: spread over hundreds of megabytes, each access looks up
its page first, and there are too many of 4 KiB for the processor to remember. Linux joins them to 2 MiB where it is
asked to (`madvise`); where it is not Linux, or says no, nothing happens and nothing depends on it.
"""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Final

_LARGE: Final = 2 << 20
_MADV_HUGEPAGE: Final = 14
_MADV_COLLAPSE: Final = 25
"""Join what is there already (Linux 6.1); older kernels refuse it and join in the background."""


def ask_for_large_pages(maps: Path = Path("/proc/self/maps")) -> int:
    """Ask for large pages for all memory of this process that no file stands behind; return the bytes that got them."""
    if not maps.exists():
        return 0
    libc = ctypes.CDLL(None)
    joined = 0
    for line in maps.read_text().splitlines():
        words = line.split()
        if words[1] != "rw-p" or (len(words) > 5 and words[5] != "[heap]"):
            continue
        begin, end = (int(word, 16) for word in words[0].split("-"))
        begin = -(-begin // _LARGE) * _LARGE
        length = end // _LARGE * _LARGE - begin
        if length > 0:
            where, size = ctypes.c_void_p(begin), ctypes.c_size_t(length)
            if not libc.madvise(where, size, _MADV_HUGEPAGE) and not libc.madvise(
                where, size, _MADV_COLLAPSE
            ):
                joined += length
    return joined
