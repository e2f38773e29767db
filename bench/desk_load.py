"""How fast is a freed agent offered the next contact, and is anything lost, with so many desks and so many contacts?

    python -m bench.desk_load --desks 1000 --rate 300 --seconds 60 --json

Starts the real server with its journal (FULL) in a temporary folder, brings customers through the cti adapter as a
switch would, and plays every agent at a real desk websocket through the whole life of a contact: offer, accept, talk,
end, wrap-up. Talks last so long that the agents together are a little slower than the customers, so a line stands and
every agent who finishes is waited for. Supervisors watch everything; `--mute` of them never read. The last line is one
JSON object; README.md says what its keys mean.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import shutil
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if __package__ in (None, ""):
    sys.path.insert(0, str(ROOT))

import uvloop

from acd.client import sign_in
from bench.desks.house import PASSWORD, start_house, supervisor_name
from bench.desks.switch import Switch
from bench.sip_load.house import House
from bench.sip_load.witness import percentiles

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
    parser.add_argument("--processes", type=int, default=1, help="processes that play the agents")
    parser.add_argument("--encoding", choices=("msgpack", "json"), default="msgpack")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--metrics", default="", help="file to write the server's metrics to, after the load")
    parser.add_argument("--keep", action="store_true", help="keep the server's folder and say where it is")
    parser.add_argument(
        "--json", action="store_true", help="print nothing but progress (stderr) and the last line"
    )
    return parser.parse_args(arguments)


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


async def mute_supervisor(http: str, at: int) -> asyncio.StreamWriter:
    """Open a supervisor's desk and never read from it; heartbeats are answered in advance by `beat`."""
    token = (await sign_in(http, supervisor_name(at), PASSWORD)).token
    host, port = http.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=4096)
    key = base64.b64encode(os.urandom(16)).decode()
    writer.write(
        f"GET /desk HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
        "Sec-WebSocket-Protocol: acd.desk.v1+json\r\n\r\n".encode()
    )
    await reader.readuntil(b"\r\n\r\n")
    writer.write(masked(json.dumps({"type": "hello", "token": token, "view": "supervisor"}).encode()))
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    return writer


def masked(data: bytes) -> bytes:
    """Return a client's text frame under a mask of zeros."""
    length = bytes((0x80 | len(data),)) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2, "big")
    return b"\x81" + length + bytes(4) + data


async def beat(writers: list[asyncio.StreamWriter]) -> None:
    """Give signs of life for those who do not read, so that it is their slowness that is dealt with."""
    while True:
        for writer in writers:
            if not writer.is_closing():
                writer.write(masked(b'{"type":"heartbeat"}'))
        await asyncio.sleep(3)


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
                "supervisors": [name for name in readers if name % wishes.processes == at],
            }
        )
        for at in range(wishes.processes)
    ]  # fmt: skip
    switch = Switch(house.http, key, time.perf_counter)
    try:
        async with asyncio.TaskGroup() as group:
            seated = sum([(await each.hear())["seated"] for each in people])
            tell(f"{seated} seated")
            mute = [await mute_supervisor(house.http, at) for at in range(wishes.mute)]
            tasks = [group.create_task(switch.run()), group.create_task(beat(mute))]
            await asyncio.sleep(1)
            figures = await load(wishes, house, switch)
            seen = [await each.stop() for each in people]
            for task in tasks:
                task.cancel()
            for writer in mute:
                writer.close()
    finally:
        for each in people:
            each.kill()
    return figures | summary(seen, switch, figures)


async def load(wishes: argparse.Namespace, house: House, switch: Switch) -> dict[str, Any]:
    """Fill the agents' hands and a line, then bring customers for the time agreed, then wait for the last one."""
    ahead = wishes.desks + 50
    for number in range(ahead):
        await switch.arrive(number)
    await until(lambda: switch.connected >= min(ahead, wishes.desks), 60)
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


def summary(seen: list[dict[str, Any]], switch: Switch, figures: dict[str, Any]) -> dict[str, Any]:
    """Put together what switch and people saw."""
    refusals = [code for each in seen for code in each["refusals"]]
    unfinished = sum(state not in ("done", "refused") for state in switch.calls.values())
    return {
        "lost": unfinished,
        "refused_at_the_door": dict(switch.refused),
        "finished_at_desks": sum(each["done"] for each in seen),
        "desk_refusals": {code: refusals.count(code) for code in sorted(set(refusals))},
        "gaps": sum(each["gaps"] for each in seen),
        "reconnects": sum(each["reconnects"] for each in seen),
        "freed_to_offer_ms": percentiles([v for each in seen for v in each["freed_to_offer_ms"]]),
        "freed_samples": sum(len(each["freed_to_offer_ms"]) for each in seen),
        "action_ms": percentiles([v for each in seen for v in each["action_ms"]]),
        "generator_cpu_s": round(sum(each["cpu_s"] for each in seen), 1),
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
