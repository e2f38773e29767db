"""The garbage collector, kept out of the loop's way.

A full collection visits every object: with 100,000 agents that is a pause of tenths of a second. Once the state
stands, it is frozen: no collection looks at it again. The youngest generations go on being collected, which is
what reclaims the cycles of finished tasks and exceptions; the oldest is never visited by itself.
"""

from __future__ import annotations

import gc
from typing import Final

from acd.runtime.pages import ask_for_large_pages

_YOUNG: Final = 2_500
_MIDDLE: Final = 3
"""The middle generation is at most some 10,000 objects, for the sake of pauses (bench/routing.py measures them)."""
_NEVER: Final = 1_000_000


def settle() -> int:
    """Collect once, freeze what is left and ask for large pages for it, and allow no full collections.

    Returns:
        How many objects are frozen.
    """
    gc.collect()
    gc.freeze()
    ask_for_large_pages()
    gc.set_threshold(_YOUNG, _MIDDLE, _NEVER)
    return gc.get_freeze_count()
