"""How fast is a freed agent offered the next contact, and is anything lost, with so many desks and so many contacts?

    python -m bench.desk_load --desks 1000 --rate 300 --seconds 60 --json

Starts the real server with its journal (FULL) in a temporary folder, brings customers through the cti adapter as a
switch would, and plays every agent at a real desk websocket through the whole life of a contact: offer, accept, talk,
end, wrap-up. Talks last so long that the agents together are a little slower than the customers, so a line stands and
every agent who finishes is waited for. Supervisors watch everything, in every second stretch of the load, so that what
they cost shows; `--mute` of them never read. The last line is one
JSON object; README.md says what its keys mean.
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
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if __package__ in (None, ""):
    sys.path.insert(0, str(ROOT))

import uvloop

from bench.desks.house import start_house
from bench.desks.mute import Mute
from bench.desks.switch import Switch
from bench.sip_load.house import House
from bench.sip_load.witness import percentiles

SETTLE_S = 1.5
"""Not counted after supervisors have come or gone: the first look at everything is dear, and rare."""
OVERHEAD_S = 0.06
"""What accepting, connecting, ending and finishing take beside talk and wrap-up."""


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    """Return the command line's wishes."""
    parser = argparse.ArgumentParser(prog="desk_load", description=__doc__.split("\n\n")[0])
    parser.add_argument("--desks", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=300.0, help="contacts a second, Poisson")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument(
        "--load", type=float, default=1.03, help="customers' pace to the agents'; above 1 a line stands"
    )
    parser.add_argument("--supervisors", type=int, default=10, help="watching everything")
    parser.add_argument("--mute", type=int, default=1, help="how many of them never read")
    parser.add_argument(
        "--turns",
        type=int,
        default=6,
        help="stretches, by turns without and with supervisors; 1: with, all the time",
    )
    parser.add_argument("--processes", type=int, default=1, help="processes that play the agents")
    parser.add_argument("--encoding", choices=("msgpack", "json"), default="msgpack")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--metrics", default="", help="file to write the server's metrics to, after the load")
    parser.add_argument("--keep", action="store_true", help="keep the server's folder and say where it is")
    parser.add_argument(
        "--json", action="store_true", help="print nothing but progress (stderr) and the last line"
    )
    return parser.parse_args(arguments)


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of the load, with or without supervisors."""

    begun_s: float
    ended_s: float
    is_watched: bool

    def holds(self, at_s: float) -> bool:
        """Return whether a moment lies in it."""
        return self.begun_s <= at_s < self.ended_s


class People:
    """A process of people."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, wishes: dict[str, Any]) -> People:
        """Start a process and tell it what to do."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.desks.people", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            cwd=ROOT, limit=2**28,
        )  # fmt: skip
        people = cls(process)
        people._write(json.dumps(wishes))
        return people

    async def hear(self) -> dict[str, Any]:
        """Return what it says next."""
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), 300)
        if not line:
            raise RuntimeError("a process of people has died; see above")
        said: dict[str, Any] = json.loads(line)
        return said

    async def ask(self, word: str) -> dict[str, Any]:
        """Say a word and return the answer."""
        self._write(word)
        return await self.hear()

    async def stop(self) -> dict[str, Any]:
        """Send everybody home and return what they saw."""
        self._write("stop")
        said = await self.hear()
        await asyncio.wait_for(self._process.wait(), 60)
        return said

    def kill(self) -> None:
        """End it without mercy, if it is still there."""
        if self._process.returncode is None:
            self._process.kill()

    def _write(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")


class Supervisors:
    """Those who watch everything, and those of them who never read: they come and go together."""

    def __init__(self, wishes: argparse.Namespace, house: House, people: list[People]) -> None:
        self.mute = [Mute(house.http, at) for at in range(wishes.mute)]
        self.started = asyncio.Event()
        """Set when the load has begun."""
        self._people = people
        self._tasks: list[asyncio.Task[None]] = []

    async def come(self, group: asyncio.TaskGroup) -> None:
        """Let everybody open the whole view."""
        for each in self._people:
            await each.ask("come")
        for mute in self.mute:
            opened = asyncio.Event()
            self._tasks.append(group.create_task(mute.stay(opened)))
            await opened.wait()

    async def go(self) -> None:
        """Send them away."""
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()
        for each in self._people:
            await each.ask("go")


async def measure(wishes: argparse.Namespace, house: House, key: str) -> dict[str, Any]:
    """Seat everybody, let the load run, let it drain, and put the figures together."""
    readers = range(wishes.mute, wishes.supervisors)
    cycle_s = wishes.desks / wishes.rate * wishes.load
    talk_s, wrap_up_s = 0.85 * max(cycle_s - OVERHEAD_S, 0.05), 0.15 * max(cycle_s - OVERHEAD_S, 0.05)
    tell(f"{wishes.desks} desks; talk {talk_s:.2f} s, wrap-up {wrap_up_s:.2f} s")
    people = [
        await People.start(
            {
                "http": house.http, "encoding": wishes.encoding, "seed": wishes.seed + at,
                "talk_s": talk_s, "wrap_up_s": wrap_up_s, "agents": list(range(at, wishes.desks, wishes.processes)),
                "supervisors": [],
            }
        )
        for at in range(wishes.processes)
    ]  # fmt: skip
    # A process of their own: what they read would hold up the agents' clock, and be taken for the server's slowness.
    watchers = await People.start(
        {
            "http": house.http, "encoding": wishes.encoding, "seed": wishes.seed, "talk_s": talk_s,
            "wrap_up_s": wrap_up_s, "agents": [], "supervisors": list(readers),
        }
    )  # fmt: skip
    people.append(watchers)
    switch = Switch(house.http, key, time.perf_counter)
    supervisors = Supervisors(wishes, house, [watchers])
    try:
        async with asyncio.TaskGroup() as group:
            seated = sum([(await each.hear())["seated"] for each in people])
            tell(f"{seated} seated")
            running = group.create_task(switch.run())
            await asyncio.sleep(1)
            windows: list[Window] = []
            coming = group.create_task(come_and_go(wishes, supervisors, windows, group))
            figures = await load(wishes, house, switch, supervisors)
            await coming
            await supervisors.go()
            seen = [await each.stop() for each in people]
            running.cancel()
    finally:
        for each in people:
            each.kill()
    return figures | summary(seen, switch, windows) | watched(supervisors, seen)


async def come_and_go(
    wishes: argparse.Namespace, supervisors: Supervisors, windows: list[Window], group: asyncio.TaskGroup
) -> None:
    """Measure in turns without supervisors and with them, so that a drift of the machine falls on both alike."""
    await supervisors.started.wait()
    turn_s = wishes.seconds / wishes.turns
    for turn in range(wishes.turns):
        is_watched = bool(turn % 2) or wishes.turns == 1
        ends_s = time.perf_counter() + turn_s
        if is_watched:
            await supervisors.come(group)
        await asyncio.sleep(SETTLE_S)
        begun_s = time.perf_counter()
        await asyncio.sleep(max(0.0, ends_s - begun_s))
        windows.append(Window(begun_s, ends_s, is_watched))
        if is_watched and turn < wishes.turns - 1:
            await supervisors.go()


async def load(
    wishes: argparse.Namespace, house: House, switch: Switch, supervisors: Supervisors
) -> dict[str, Any]:
    """Fill the agents' hands and a line, then bring customers for the time agreed, then wait for the last one."""
    ahead = wishes.desks + 50
    for number in range(ahead):
        await switch.arrive(number)
    await until(lambda: switch.connected >= min(ahead, wishes.desks), 60)
    supervisors.started.set()
    cpu, begun, ended = house.cpu_s(), time.perf_counter(), switch.ended
    arrived = await switch.arrivals(wishes.rate, wishes.seconds, ahead, wishes.seed)
    took = time.perf_counter() - begun
    done_in_window = switch.ended - ended
    cpu_load, memory = house.cpu_s() - cpu, house.memory_mb()
    tell(f"{arrived} arrived in {took:.1f} s, {done_in_window} done; waiting for the last")
    await until(lambda: switch.ended + sum(switch.refused.values()) >= ahead + arrived, 60)
    await asyncio.sleep(1.0)
    if wishes.metrics:
        text = await asyncio.to_thread(
            lambda: urllib.request.urlopen(f"{house.http}/metrics").read().decode()
        )
        await asyncio.to_thread(Path(wishes.metrics).write_text, text)
    return {
        "contacts": ahead + arrived,
        "arrived_per_s": round(arrived / took, 1),
        "done_per_s": round(done_in_window / took, 1),
        "server_cpu_s": round(cpu_load, 2),
        "server_cpu_share": round(cpu_load / took, 3),
        "server_cpu_ms_per_contact": round(1000 * cpu_load / max(1, done_in_window), 2),
        "server_memory_mb": memory,
        "seconds": round(took, 1),
    }


async def until(is_so: Any, seconds: float) -> None:
    """Wait until something is so, or the time is over."""
    end = time.perf_counter() + seconds
    while not is_so() and time.perf_counter() < end:  # noqa: ASYNC110 - what is watched has no event
        await asyncio.sleep(0.05)


def summary(seen: list[dict[str, Any]], switch: Switch, windows: list[Window]) -> dict[str, Any]:
    """Put together what switch and people saw."""
    refusals = [code for each in seen for code in each["refusals"]]
    unfinished = sum(state not in ("done", "refused") for state in switch.calls.values())
    freed = [(at, took) for each in seen for at, took in each["freed_to_offer"]]
    inside = [(window.is_watched, took) for at, took in freed for window in windows if window.holds(at)]
    alone, watched_too = (
        [took for is_watched, took in inside if is_watched is which] for which in (False, True)
    )
    figures = {
        "lost": unfinished,
        "refused_at_the_door": dict(switch.refused),
        "finished_at_desks": sum(each["done"] for each in seen),
        "desk_refusals": {code: refusals.count(code) for code in sorted(set(refusals))},
        "gaps": sum(each["gaps"] for each in seen),
        "reconnects": sum(each["reconnects"] for each in seen),
        "freed_to_offer_ms": percentiles([took for _, took in freed]),
        "freed_samples": len(freed),
        "freed_alone_ms": percentiles(alone),
        "freed_watched_ms": percentiles(watched_too),
        "action_ms": percentiles([v for each in seen for v in each["action_ms"]]),
        "generator_cpu_s": round(sum(each["cpu_s"] for each in seen), 1),
    }
    if alone and watched_too:
        before, after = percentiles(alone)["p99"], percentiles(watched_too)["p99"]
        assert before is not None and after is not None, "no figures of a window that has samples"
        figures["p99_change_share"] = round(after / before - 1, 3)
    return figures


def watched(supervisors: Supervisors, seen: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what the supervisors saw, and what was held for those who never read."""
    return {
        "watched_mb": round(sum(each["watched_mb"] for each in seen), 1),
        "watchers_closed": sum(each["watchers_closed"] for each in seen),
        "mute_held_kb_max": round(
            max((mute.held_bytes_max for mute in supervisors.mute), default=0) / 1024, 1
        ),
        "mute_cuts": sum(mute.cuts for mute in supervisors.mute),
    }


def tell(text: str) -> None:
    """Show progress."""
    print(text, file=sys.stderr, flush=True)


async def main(wishes: argparse.Namespace) -> int:
    """Measure and print; 1 if anything was lost."""
    before = os.getloadavg()[0]
    folder = Path(tempfile.mkdtemp(prefix="acd-desk-load-"))
    house, key = await start_house(folder, wishes.desks, wishes.supervisors)
    try:
        result = await measure(wishes, house, key)
    finally:
        await house.stop()
        if wishes.keep:
            tell(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    result |= {
        "desks": wishes.desks,
        "rate": wishes.rate,
        "supervisors": wishes.supervisors,
        "mute": wishes.mute,
    }
    result["load_before"] = round(before, 2)
    if not wishes.json:
        for name, value in result.items():
            print(f"{name:>26}  {value}")
    print(json.dumps(result))
    return 1 if result["lost"] or result["gaps"] else 0


if __name__ == "__main__":
    sys.exit(uvloop.run(main(options())))
