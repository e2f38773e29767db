"""Ten times as many customers as agreed: does the work that was accepted go on, and how soon is all as before?

    python -m bench.surge --json

Starts the real server with its journal (FULL), brings customers through the cti adapter as a switch would, and
plays every agent at a real desk websocket through the whole life of a contact. First the agreed number of customers
comes, then `--factor` times as many for `--seconds`, then the agreed number again. Talks last so long that the agents
together are a little slower than the agreed customers: a line stands all the time, and what is carried through is all
that agents and server can carry. The last line is one JSON object; README.md says what its keys mean.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import uvloop

from acd.routing.outputs import ArrivalsTurnedAway
from acd.runtime.journal import JournalReader
from bench.desk_load import OVERHEAD_S, People, tell, until
from bench.desks.house import run_house, write_config
from bench.desks.switch import Switch
from bench.sip_load.house import House, free_port
from bench.sip_load.witness import percentiles

SUSTAINED = 3
"""So many seconds in a row must be as before to count as recovered."""


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    """Return the command line's wishes."""
    parser = argparse.ArgumentParser(prog="surge", description=__doc__.split("\n\n")[0])
    parser.add_argument("--rate", type=float, default=100.0, help="agreed contacts a second, Poisson")
    parser.add_argument("--factor", type=float, default=10.0, help="how many times as many come in the surge")
    parser.add_argument("--seconds", type=float, default=120.0, help="length of the surge")
    parser.add_argument("--before", type=float, default=30.0, help="seconds of agreed customers before it")
    parser.add_argument("--after", type=float, default=60.0, help="seconds in which all must be as before")
    parser.add_argument("--desks", type=int, default=400)
    parser.add_argument("--supervisors", type=int, default=3, help="watching everything")
    parser.add_argument("--load", type=float, default=1.03, help="customers' pace to the agents'")
    parser.add_argument(
        "--margin",
        type=float,
        default=1.1,
        help="loop.arrivals_per_s_max as a multiple of --rate; 0: no limit",
    )
    parser.add_argument("--lag-ms", type=int, default=250, help="loop.lag_ms_max; 0: no limit")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print nothing but progress and the last line")
    return parser.parse_args(arguments)


class Crowd(Switch):
    """A switch that counts by seconds what was carried through, refused, and how long each answer took."""

    def __init__(self, http: str, key: str) -> None:
        super().__init__(http, key, time.perf_counter)
        self.done_in: Counter[int] = Counter()
        self.refused_in: Counter[int] = Counter()
        self.answers_in: dict[int, list[float]] = {}
        self._sent: dict[str, float] = {}

    async def arrive(self, number: int) -> None:
        """Note when the customer was announced."""
        self._sent[f"call-{number}"] = time.perf_counter()
        await super().arrive(number)

    async def _take(self, message: dict[str, Any]) -> None:
        now = time.perf_counter()
        ended, refused = self.ended, self.refused.total()
        result = message.get("result")
        call = None if result is None else self._results.get(result["id"])
        await super()._take(message)
        self.done_in[int(now)] += self.ended - ended
        self.refused_in[int(now)] += self.refused.total() - refused
        if call is not None:
            self.answers_in.setdefault(int(now), []).append((now - self._sent.pop(call)) * 1000)

    async def bring(self, rate: float, seconds: float, first: int, chance: random.Random) -> int:
        """Bring customers by chance, whatever becomes of them; those that are due together are sent together."""
        begun, number = time.perf_counter(), first
        due = begun
        while due < begun + seconds:
            if due > (now := time.perf_counter()):
                await asyncio.sleep(max(due - now, 0.002))
            await self.arrive(number)
            number += 1
            due += chance.expovariate(rate)
        return number - first

    def pace(self, start: float, end: float) -> float:
        """Return the contacts carried through a second, over whole seconds."""
        whole = range(int(start) + 1, int(end))
        return sum(self.done_in[second] for second in whole) / max(1, len(whole))

    def answers(self, start: float, end: float) -> list[float]:
        """Return how long answers took, in milliseconds."""
        return [ms for second in range(int(start), int(end)) for ms in self.answers_in.get(second, ())]


async def start_centre(folder: Path, wishes: argparse.Namespace) -> tuple[House, str]:
    """Start the server, with its limits."""
    key, port = "k" * 64, free_port()
    write_config(folder / "config", wishes.desks, wishes.supervisors, port, key)
    path = folder / "config" / "server.yaml"
    server = json.loads(path.read_text())
    server["loop"] = {
        "arrivals_per_s_max": int(wishes.rate * wishes.margin),
        "lag_ms_max": wishes.lag_ms,
    }
    path.write_text(json.dumps(server))
    return await run_house(folder, port), key


async def measure(wishes: argparse.Namespace, house: House, key: str) -> dict[str, Any]:
    """Seat everybody, let the three times pass, wait for the last contact."""
    work_s = max(wishes.desks / wishes.rate * wishes.load - OVERHEAD_S, 0.05)
    people = await People.start(
        {
            "http": house.http, "encoding": "msgpack", "seed": wishes.seed, "talk_s": 0.85 * work_s,
            "wrap_up_s": 0.15 * work_s, "agents": list(range(wishes.desks)),
            "supervisors": list(range(wishes.supervisors)),
        }
    )  # fmt: skip
    crowd = Crowd(house.http, key)
    try:
        async with asyncio.TaskGroup() as group:
            tell(f"{(await people.hear())['seated']} seated; talk {0.85 * work_s:.2f} s")
            switch = group.create_task(crowd.run())
            await asyncio.sleep(1)
            figures = await the_three_times(wishes, house, crowd)
            seen = await people.stop()
            switch.cancel()
    finally:
        people.kill()
    unfinished = sum(state not in ("done", "refused", "turned away") for state in crowd.calls.values())
    return figures | {
        "lost": unfinished,
        "gaps": seen["gaps"],
        "desk_refusals": dict(Counter(seen["refusals"])),
        "freed_to_offer_ms": percentiles([took for _, took in seen["freed_to_offer"]]),
        "generator_cpu_s": round(seen["cpu_s"] + time.process_time(), 1),
    }


async def the_three_times(wishes: argparse.Namespace, house: House, crowd: Crowd) -> dict[str, Any]:
    """Fill the agents' hands, then before, surge, and after."""
    chance, number = random.Random(wishes.seed), 0
    for _ in range(wishes.desks + 50):
        await crowd.arrive(number)
        number += 1
        await asyncio.sleep(1 / (2 * wishes.rate))  # a quiet beginning: nobody is refused yet
    await until(lambda: crowd.connected >= wishes.desks, 60)
    begun = time.perf_counter()
    number += await crowd.bring(wishes.rate, wishes.before, number, chance)
    surge, cpu, refused_before = time.perf_counter(), house.cpu_s(), crowd.refused.total()
    tell(f"before: {crowd.pace(begun, surge):.1f} contacts/s carried through")
    came = await crowd.bring(wishes.rate * wishes.factor, wishes.seconds, number, chance)
    number += came
    calm, cpu = time.perf_counter(), house.cpu_s() - cpu
    tell(
        f"surge: {came} came, {crowd.pace(surge, calm):.1f}/s carried through, {crowd.refused.total()} refused"
    )
    in_line = sum(state == "in line" for state in crowd.calls.values())
    number += await crowd.bring(wishes.rate, wishes.after, number, chance)
    end = time.perf_counter()
    tell(f"after: {crowd.pace(calm, end):.1f}/s; waiting for the last")
    await until(
        lambda: not any(state in ("sent", "in line", "connected") for state in crowd.calls.values()), 240
    )
    await asyncio.sleep(1.2)  # the doors tell once a second
    before = crowd.pace(begun, surge)
    took = calm - surge
    return {
        "contacts": number,
        "accepted": number - crowd.refused.total(),
        "refused": dict(crowd.refused),
        "refused_before": refused_before,
        "refused_counted": await asyncio.to_thread(counted, house.http),
        "arrived_per_s": round(came / took, 1),
        "carried_before_per_s": round(before, 1),
        "carried_surge_per_s": round(crowd.pace(surge, calm), 1),
        "goodput_share": round(crowd.pace(surge, calm) / before, 3),
        "recovered_s": recovered(crowd, begun, surge, calm, end),
        "in_line_after_surge": in_line,
        "answer_ms_before": percentiles(crowd.answers(begun, surge)),
        "answer_ms_surge": percentiles(crowd.answers(surge, calm)),
        "answer_ms_after": percentiles(crowd.answers(calm, end)),
        "server_cpu_s": round(cpu, 1),
        "server_cpu_share": round(cpu / took, 3),
        "server_memory_mb": house.memory_mb(),
    }  # fmt: skip


def recovered(crowd: Crowd, begun: float, surge: float, calm: float, end: float) -> int | None:
    """Return the seconds from the end of the surge until all is as before, for some seconds in a row.

    As before: nobody refused, 80 % of the contacts carried through (of one second; it varies), answers at most twice as
    slow as before (95th percentile) or within 50 ms.
    """
    pace = crowd.pace(begun, surge)
    limit = max(50.0, 2 * (percentiles(crowd.answers(begun, surge)).get("p95") or 0))
    good = 0
    for second in range(int(calm) + 1, int(end)):
        slowest = percentiles(crowd.answers(second, second + 1)).get("p95") or 0
        is_good = not crowd.refused_in[second] and crowd.done_in[second] >= 0.8 * pace and slowest <= limit
        good = good + 1 if is_good else 0
        if good == SUSTAINED:
            return second + 1 - SUSTAINED - int(calm)
    return None


def counted(http: str) -> dict[str, int]:
    """Return what the server's own figures say was turned down, by code."""
    found = {}
    with urllib.request.urlopen(f"{http}/metrics", timeout=10) as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith("acd_turned_down_total{"):
                labels, _, value = line.rpartition(" ")
                found[labels.split('"')[1]] = int(float(value))
    return found


def journaled(folder: Path) -> dict[str, int]:
    """Return what the journal's facts say was turned away at the doors, by code."""
    found: Counter[str] = Counter()
    reader = JournalReader(folder / "var" / "journal" / "journal.sqlite3")
    for record in reader.records():
        for fact in record.facts:
            if isinstance(fact, ArrivalsTurnedAway):
                found[fact.code] += fact.count
    reader.close()
    return dict(found)


async def main(wishes: argparse.Namespace) -> int:
    """Measure and print; 1 if anything was lost, miscounted, or the promise was not kept."""
    before = os.getloadavg()[0]
    folder = Path(tempfile.mkdtemp(prefix="acd-surge-"))
    house, key = await start_centre(folder, wishes)
    try:
        result = await measure(wishes, house, key)
        await house.stop()
        result["refused_journaled"] = await asyncio.to_thread(journaled, folder)
    finally:
        await house.stop()
        shutil.rmtree(folder, ignore_errors=True)
    result |= {"desks": wishes.desks, "rate": wishes.rate, "factor": wishes.factor, "seconds": wishes.seconds}
    result["load_before"] = round(before, 2)
    if not wishes.json:
        for name, value in result.items():
            print(f"{name:>26}  {value}")
    print(json.dumps(result))
    agrees = result["refused"] == result["refused_counted"] == result["refused_journaled"]
    kept = result["goodput_share"] >= 0.95 and result["recovered_s"] is not None
    return 0 if agrees and kept and not result["lost"] and not result["gaps"] else 1


if __name__ == "__main__":
    sys.exit(uvloop.run(main(options())))
