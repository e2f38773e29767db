"""How soon is a changed configuration in force while a thousand desks are served?

    python -m bench.reload --json

Starts the real server with its journal (FULL), seats the agents, lets the load of `desk_load` run, and meanwhile
changes a queue and an agent and asks for a reload by `POST /api/config/reload`, again and again. The answer comes
when the engine has the rules, durable. The last line is one JSON object; README.md says what its keys mean.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import aiohttp
import uvloop

from bench import desk_load
from bench.desks.house import PASSWORD, QUEUE, agent_name, start_house, supervisor_name
from bench.sip_load.house import House
from bench.sip_load.witness import percentiles


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    """Return the command line's wishes."""
    parser = argparse.ArgumentParser(prog="reload", description=__doc__.split("\n\n")[0])
    parser.add_argument("--desks", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=100.0, help="contacts a second, Poisson")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--pause", type=float, default=1.0, help="seconds between two reloads")
    parser.add_argument("--json", action="store_true", help="print nothing but progress and the last line")
    return parser.parse_args(arguments)


def change(folder: Path, turn: int) -> None:
    """Write other rules: how long an offer rings, and how well one agent knows the work."""
    for name, path, value in (
        ("queues", ("queues", QUEUE, "offer_s"), 20 + turn % 2),
        ("people", ("people", agent_name(0), "skills", "calls"), 3 + turn % 2),
    ):
        file = folder / "config" / f"{name}.yaml"
        content = json.loads(file.read_text())
        inner = content
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = value
        file.write_text(json.dumps(content) + "\n")


async def reload_again_and_again(
    house: House, folder: Path, pause_s: float, found: list[dict[str, Any]]
) -> None:
    """Change and reload until cancelled; keeps how long each took and what the server said."""
    async with aiohttp.ClientSession(house.http) as session:
        body = {"name": supervisor_name(0), "password": PASSWORD}
        async with session.post("/api/sign-in", json=body) as answer:
            token = (await answer.json())["token"]
        headers = {"Authorization": f"Bearer {token}"}
        turn = 0
        while True:
            turn += 1
            await asyncio.to_thread(change, folder, turn)
            begun_s = time.perf_counter()
            async with session.post("/api/config/reload", headers=headers) as answer:
                said = await answer.json()
                found.append({"ms": 1000 * (time.perf_counter() - begun_s), "status": answer.status, **said})
            await asyncio.sleep(pause_s)


async def main(wishes: argparse.Namespace) -> int:
    """Measure and print; 1 if a reload was refused or changed nothing, or anything was lost."""
    before = os.getloadavg()[0]
    folder = Path(tempfile.mkdtemp(prefix="acd-reload-"))
    load = desk_load.options(
        ["--desks", str(wishes.desks), "--rate", str(wishes.rate), "--seconds", str(wishes.seconds),
         "--supervisors", "1", "--mute", "0"]
    )  # fmt: skip
    house, key = await start_house(folder, wishes.desks, 1)
    found: list[dict[str, Any]] = []
    try:
        reloading = asyncio.create_task(reload_again_and_again(house, folder, wishes.pause, found))
        carried = await desk_load.measure(load, house, key)
        reloading.cancel()
    finally:
        await house.stop()
        shutil.rmtree(folder, ignore_errors=True)
    versions = [each.get("version", 0) for each in found]
    result = {
        "reloads": len(found),
        "refused": sum(each["status"] != 200 or not each["changed"] for each in found),
        "versions_rise": versions == sorted(set(versions)),
        "reload_ms": percentiles([each["ms"] for each in found]),
        "reload_ms_max": round(max(each["ms"] for each in found), 1),
        **{
            name: carried[name]
            for name in ("contacts", "lost", "gaps", "freed_to_offer_ms", "server_cpu_share")
        },
        "desks": wishes.desks,
        "rate": wishes.rate,
        "load_before": round(before, 2),
    }
    if not wishes.json:
        for name, value in result.items():
            print(f"{name:>20}  {value}")
    print(json.dumps(result))
    return 0 if result["versions_rise"] and not result["refused"] and not result["lost"] else 1


if __name__ == "__main__":
    sys.exit(uvloop.run(main(options())))
