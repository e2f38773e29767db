"""The collector: what stands is frozen, and no full collection comes by itself."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import weakref

from acd.runtime import collector

SETTLED = """
import gc
from acd.runtime.collector import settle
state = [[number] for number in range(50_000)]
assert settle() > 50_000
seen = []
gc.callbacks.append(lambda phase, info: seen.append(info["generation"]))
rubbish = []
for number in range(2_000_000):
    pair = [number]
    pair.append(pair)
    if number % 4 == 0:
        rubbish.append(pair)
    if len(rubbish) > 2_000:
        rubbish.clear()
assert seen.count(0) > 50 and seen.count(1) > 1, seen
assert 2 not in seen
assert len(gc.get_objects()) < 400_000, "what the young generations can reclaim has piled up"
"""


def test_cycles_are_reclaimed_without_ever_looking_at_everything() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SETTLED], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


async def test_what_lived_long_is_collected_when_nobody_is_served() -> None:
    at_rest = False
    task = asyncio.create_task(collector.collect_at_rest(lambda: at_rest, 0.01))
    cycle = Cycle()
    cycle.itself = cycle
    gone = weakref.ref(cycle)
    gc.collect()
    del cycle
    thresholds = gc.get_threshold()
    gc.disable()
    try:
        await asyncio.sleep(0.05)
        assert gone() is not None, "somebody is being served"
        at_rest = True
        async with asyncio.timeout(5):
            while gone() is not None:  # noqa: ASYNC110 - a weak reference has no event
                await asyncio.sleep(0.01)
    finally:
        gc.enable()
        gc.set_threshold(*thresholds)
        task.cancel()


class Cycle:
    """Something that only a collection can reclaim."""

    itself: object = None
