"""How fast, how completely and how fairly are telephone calls served?

    python -m bench.sip_calls --agents 100 --rate 50 --seconds 60 --json
    python -m bench.sip_calls --mode freed --waiting 100 --json

Starts the real server on free ports with its journal (FULL) in a temporary folder, plays all agents' telephones and
all callers from SIP code of its own, on one clock, and judges from the wire alone. The last line is one JSON object.
See README.md for what the figures mean and how to measure.
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
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if __package__ in (None, ""):
    sys.path.insert(0, str(ROOT))

import uvloop

from bench.sip_load.house import ENTRY, House, password, phone_number, start_house
from bench.sip_load.line import open_line
from bench.sip_load.traffic import Load, run_freed, run_rate
from bench.sip_load.witness import Witness, percentiles


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    """Return the command line's wishes."""
    parser = argparse.ArgumentParser(prog="sip_calls", description=__doc__.split("\n\n")[0])
    parser.add_argument("--mode", choices=("rate", "freed"), default="rate")
    parser.add_argument("--agents", type=int, default=100)
    parser.add_argument("--rate", type=float, default=50.0, help="calls a second, Poisson (mode rate)")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long the load lasts")
    parser.add_argument(
        "--talk",
        type=float,
        default=None,
        help="seconds of talk; default: half the agents busy, 3 at most",
    )
    parser.add_argument("--ring", type=float, default=0.0, help="seconds until an agent picks up")
    parser.add_argument("--waiting", type=int, default=100, help="callers always in line (mode freed)")
    parser.add_argument("--hangups", type=float, default=5.0, help="hang-ups a second, Poisson (mode freed)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="keep the server's folder and say where it is")
    parser.add_argument(
        "--json", action="store_true", help="print nothing but progress (stderr) and the last line"
    )
    return parser.parse_args(arguments)


def say(line: str) -> None:
    """Show progress."""
    print(line, file=sys.stderr, flush=True)


async def measure(wishes: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Run the load against a fresh server and return the figures."""
    load_before = os.getloadavg()[0]
    say(f"starting the server with {wishes.agents} agents (load of the machine: {load_before:.2f})")
    house = await start_house(folder, wishes.agents)
    desks = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.sip_load.desks", house.http, str(wishes.agents),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    try:
        return await _with_desks(wishes, house, desks, load_before)
    finally:
        assert desks.stdin is not None, "asked for a pipe"
        desks.stdin.close()
        await desks.wait()
        await house.stop()


async def _with_desks(
    wishes: argparse.Namespace, house: House, desks: asyncio.subprocess.Process, load_before: float
) -> dict[str, Any]:
    witness = Witness()
    lines = [await open_line(), await open_line()]
    load = Load(house.sip, ENTRY, witness, lines[0], lines[1], random.Random(wishes.seed))
    await load.seat([(phone_number(at), password(at)) for at in range(wishes.agents)], wishes.ring)
    say(f"{wishes.agents} telephones registered; signing in the desks")
    assert desks.stdout is not None, "asked for a pipe"
    told = await asyncio.wait_for(desks.stdout.readline(), 30 + wishes.agents)
    if not told.startswith(b"ready"):
        raise RuntimeError("the desks did not sign in")
    await asyncio.sleep(1)
    cpu_s, started_s = house.cpu_s(), time.perf_counter()
    own_cpu_s = time.process_time()
    if wishes.mode == "rate":
        talk_s = wishes.talk if wishes.talk is not None else min(3.0, wishes.agents / 2 / wishes.rate)
        await run_rate(load, wishes.rate, wishes.seconds, talk_s, say)
    else:
        await run_freed(load, wishes.waiting, wishes.hangups, wishes.seconds, say)
    cpu_s, own_cpu_s = house.cpu_s() - cpu_s, time.process_time() - own_cpu_s
    elapsed_s = time.perf_counter() - started_s
    memory_mb = house.memory_mb()
    await load.end_all(20)
    figures = _figures(wishes, load, cpu_s, elapsed_s)
    figures |= {
        "generator_cpu_share": round(own_cpu_s / elapsed_s, 3), "server_memory_mb": memory_mb,
        "load_before": round(load_before, 2),
    }  # fmt: skip
    for line in lines:
        line.close()
    return figures


def _figures(wishes: argparse.Namespace, load: Load, cpu_s: float, elapsed_s: float) -> dict[str, Any]:
    witness, lost = load.witness, load.witness.lost()
    answered = sum(len(call.agents) == 1 for call in witness.calls.values())
    return {
        "mode": wishes.mode,
        "agents": wishes.agents,
        "calls": len(witness.calls),
        "answered": answered,
        "lost": sum(lost.values()),
        "lost_by_reason": lost,
        "offers": witness.offers,
        "offers_unknown": witness.unknown_offers,
        "out_of_order": witness.out_of_order,
        "arrival_to_offer_ms": percentiles(witness.arrival_to_offer_ms),
        "freed_to_offer_ms": percentiles(witness.freed_to_offer_ms),
        "freed_samples": len(witness.freed_to_offer_ms),
        "retransmitted": dict(load.agents_line.retransmitted + load.callers_line.retransmitted),
        "repeated_by_server": dict(load.agents_line.repeated + load.callers_line.repeated),
        "timeouts": load.agents_line.timeouts + load.callers_line.timeouts,
        "server_cpu_ms_per_call": round(1000 * cpu_s / max(1, answered), 2),
        "server_cpu_share": round(cpu_s / elapsed_s, 3),
    }


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; return the exit status: 1 where a call was lost or overtaken."""
    wishes = options(arguments)
    folder = Path(tempfile.mkdtemp(prefix="sip_calls_"))
    try:
        figures = uvloop.run(measure(wishes, folder))
    finally:
        if wishes.keep:
            say(f"configuration, log and journal: {folder}")
        else:
            shutil.rmtree(folder)
    if not wishes.json:
        for name, value in figures.items():
            print(f"{name:24} {value}")
    print(json.dumps(figures))
    return 1 if figures["lost"] or figures["out_of_order"] else 0


if __name__ == "__main__":
    sys.exit(main())
