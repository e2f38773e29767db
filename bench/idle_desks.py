"""What does a desk cost that does nothing, and how long until all are back after all were cut?

    python -m bench.idle_desks --desks 10000 --json

Starts the real server, signs everybody in, connects them, lets them live for a while (heartbeats are answered),
measures memory and CPU, then tears all connections at once and takes the time until every desk has resumed; and the
same once more with the server killed and started again on its journal. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if __package__ in (None, ""):
    sys.path.insert(0, str(ROOT))

import aiohttp
import uvloop

from bench.desks.house import PASSWORD, agent_name, run_house, start_house
from bench.desks.idle import IdleDesk
from bench.sip_load.house import House

AT_ONCE = 200
"""Connections that one machine's worth of pages opens at a time; all of them together are a flood of SYNs."""
ATTEMPTS_MAX = 50


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    """Return the command line's wishes."""
    parser = argparse.ArgumentParser(prog="idle_desks", description=__doc__.split("\n\n")[0])
    parser.add_argument("--desks", type=int, default=10_000)
    parser.add_argument(
        "--seconds", type=float, default=20.0, help="how long they live before memory is read"
    )
    parser.add_argument("--keep", action="store_true", help="keep the server's folder and say where it is")
    parser.add_argument(
        "--json", action="store_true", help="print nothing but progress (stderr) and the last line"
    )
    return parser.parse_args(arguments)


async def sign_everybody_in(http: str, count: int) -> list[str]:
    """Return a token for each agent."""
    tokens = [""] * count
    todo = iter(range(count))

    async def work(session: aiohttp.ClientSession) -> None:
        for at in todo:
            body = {"name": agent_name(at), "password": PASSWORD}
            async with session.post(f"{http}/api/sign-in", json=body) as answer:
                tokens[at] = (await answer.json())["token"]

    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
        for _ in range(16):
            group.create_task(work(session))
    return tokens


async def connect_all(desks: list[IdleDesk], host: str, port: int) -> float:
    """Connect everybody; return how many seconds until the last one was welcome."""
    loop, gate, begun = asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE), time.perf_counter()

    async def bring(desk: IdleDesk) -> None:
        for _ in range(ATTEMPTS_MAX):
            async with gate:
                desk.on_welcome, desk.closed_with = loop.create_future(), 0
                try:
                    await loop.create_connection(lambda: desk, host, port)
                    await asyncio.wait_for(desk.on_welcome, 20)
                except (OSError, TimeoutError):
                    desk.abort()
                else:
                    return
            desk.refusals += 1
            await asyncio.sleep(random.uniform(0.1, 0.3))

    await asyncio.gather(*(bring(desk) for desk in desks))
    return time.perf_counter() - begun


async def measure(wishes: argparse.Namespace, house: House) -> dict[str, Any]:
    """Connect, live, cut, come back; kill, start again, come back."""
    host, port = house.http.removeprefix("http://").split(":")
    begun = time.perf_counter()
    tokens = await sign_everybody_in(house.http, wishes.desks)
    signed_in_s = time.perf_counter() - begun
    tell(f"{wishes.desks} signed in, {signed_in_s:.1f} s")
    await asyncio.sleep(1)
    before_mb = house.memory_mb()
    desks = [IdleDesk(f"{host}:{port}", token) for token in tokens]
    cpu = house.cpu_s()
    connect_s = await connect_all(desks, host, int(port))
    connect_cpu_s = house.cpu_s() - cpu
    tell(f"connected in {connect_s:.1f} s")
    cpu = house.cpu_s()
    await asyncio.sleep(wishes.seconds)
    idle_cpu_share = (house.cpu_s() - cpu) / wishes.seconds
    after_mb = house.memory_mb()
    tell(f"{before_mb} MB before, {after_mb} MB with desks; {idle_cpu_share:.2f} of a core while idle")
    lived = sum(desk.connects == 1 and not desk.closed_with for desk in desks)
    for desk in desks:
        desk.abort()
    await asyncio.sleep(0.05)
    cpu = house.cpu_s()
    reconnect_s = await connect_all(desks, host, int(port))
    reconnect_cpu_s = house.cpu_s() - cpu
    resumed = sum(desk.resumes for desk in desks)
    tell(f"all cut: back in {reconnect_s:.1f} s, {resumed} resumed")
    house.process.kill()
    await house.process.wait()
    begun = time.perf_counter()
    again = await run_house(house.folder, int(port))
    restart_s = time.perf_counter() - begun
    try:
        after_kill_s = await connect_all(desks, host, int(port))
        tell(f"killed: up in {restart_s:.1f} s, everybody back {after_kill_s:.1f} s after that")
    finally:
        await again.stop()
    return {
        "desks": wishes.desks,
        "kb_per_desk": round((after_mb - before_mb) * 1024 / wishes.desks, 1),
        "server_memory_mb": after_mb,
        "connect_s": round(connect_s, 2),
        "connect_cpu_s": round(connect_cpu_s, 2),
        "reconnect_s": round(reconnect_s, 2),
        "reconnect_cpu_s": round(reconnect_cpu_s, 2),
        "resumed": resumed,
        "told_to_come_again": sum(desk.refusals for desk in desks),
        "restart_s": round(restart_s, 2),
        "reconnect_after_kill_s": round(after_kill_s, 2),
        "idle_cpu_share": round(idle_cpu_share, 3),
        "lost_while_idle": wishes.desks - lived,
        "not_back": sum(desk.connects < 3 for desk in desks),
        "gaps": sum(desk.gaps for desk in desks),
        "sign_ins_per_s": round(wishes.desks / signed_in_s, 1),
        "generator_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def tell(text: str) -> None:
    """Show progress."""
    print(text, file=sys.stderr, flush=True)


async def main(wishes: argparse.Namespace) -> int:
    """Measure and print; 1 if a desk was lost."""
    before = os.getloadavg()[0]
    folder = Path(tempfile.mkdtemp(prefix="acd-idle-desks-"))
    house, _ = await start_house(folder, wishes.desks, 0)
    try:
        result = await measure(wishes, house)
    finally:
        await house.stop()
        if wishes.keep:
            tell(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    result["load_before"] = round(before, 2)
    if not wishes.json:
        for name, value in result.items():
            print(f"{name:>24}  {value}")
    print(json.dumps(result))
    return 1 if result["lost_while_idle"] or result["not_back"] or result["gaps"] else 0


if __name__ == "__main__":
    sys.exit(uvloop.run(main(options())))
