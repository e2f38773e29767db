"""The garbage collector, kept out of the loop's way.

A full collection visits every object: with 100,000 agents that is a pause of tenths of a second. Once the state
stands, it is frozen: no collection looks at it again. The youngest generations go on being collected, which is
what reclaims the cycles of finished tasks and exceptions; the oldest is visited only when nobody is being served.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from typing import Final

from acd.runtime.pages import ask_for_large_pages

_YOUNG: Final = 2_500
_MIDDLE: Final = 3
"""The middle generation is at most some 10,000 objects, for the sake of pauses (bench/routing.py measures them)."""
_NEVER: Final = 1_000_000


IDLE_EVERY_S: Final = 600.0
"""How often a moment of rest is used to collect what lived long and is no longer reached."""


async def collect_at_rest(is_at_rest: Callable[[], bool], every_s: float = IDLE_EVERY_S) -> None:
    """Collect everything now and then while nobody is being served; runs until cancelled."""
    while True:
        await asyncio.sleep(every_s)
        if is_at_rest():
            gc.collect()


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
