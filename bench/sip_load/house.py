"""The server under test: a configuration for it, its process, and what it costs."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

START_S_MAX = 60.0
ENTRY = "4000"
QUEUE = "line"


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """Return a port that was free a moment ago."""
    with socket.socket(socket.AF_INET, kind) as each:
        each.bind(("127.0.0.1", 0))
        port: int = each.getsockname()[1]
        return port


def write_config(
    folder: Path, agents: int, sip_port: int, http_port: int, media_ports: tuple[int, int]
) -> None:
    """Write a centre of one queue that all agents serve, without wrap-up. JSON is YAML."""
    label = {"en": "Line", "zh": "Line"}
    people = {
        agent_name(at): {
            "name": f"Agent {at}", "role": "agent", "example_password": password(at), "language": "en",
            "region": "here", "team": "all", "phone": {"number": phone_number(at), "password": password(at)},
            "skills": {"calls": 3}, "queues": [{"queue": QUEUE}], "capacity": {"voice": 1},
        }
        for at in range(agents)
    }  # fmt: skip
    files: dict[str, Any] = {
        "centre": {"zone": "bench", "name": label},
        "regions": {"regions": {"here": {"label": label}}},
        "skills": {"skills": {"calls": {"label": label}}},
        "hours": {"hours": {}},
        "queues": {"queues": {QUEUE: {
            "label": label, "channels": ["voice"], "needs": {"required": [{"calls": 1}]}, "wrap_up": {"mode": "none"},
            "announce_s": 0,
        }}},
        "entries": {"entries": {ENTRY: {"channel": "voice", "queue": QUEUE, "label": label, "language": "en"}}},
        "people": {"teams": {"all": {"label": label}}, "people": people},
        "server": {
            "http": {"host": "127.0.0.1", "port": http_port},
            "sip": {"host": "127.0.0.1", "port": sip_port, "trusted": ["127.0.0.0/8"]},
            "media": {"host": "127.0.0.1", "port_min": media_ports[0], "port_max": media_ports[1]},
            "log": {"level": "warning"},
        },
        "desk": {"reasons": {"break": {"label": label}}},
        "intake": {"categories": {"other": {"label": label}}},
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / f"{name}.yaml").write_text(json.dumps(content, indent=1) + "\n")


def agent_name(at: int) -> str:
    """Return the sign-in name of an agent."""
    return f"agent{at:04d}"


def phone_number(at: int) -> str:
    """Return the number that the agent's telephone registers under."""
    return str(20_000 + at)


def password(at: int) -> str:
    """Return the example password of an agent, for desk and telephone."""
    return f"bench-pass-{at:04d}"


@dataclass
class House:
    """A running server."""

    process: asyncio.subprocess.Process
    sip: tuple[str, int]
    http: str
    folder: Path

    def cpu_s(self) -> float:
        """Return CPU seconds of the server and its children so far."""
        server = psutil.Process(self.process.pid)
        total = 0.0
        for each in (server, *server.children(recursive=True)):
            times = each.cpu_times()
            total += times.user + times.system
        return total

    def memory_mb(self) -> float:
        """Return the server's resident memory."""
        return round(psutil.Process(self.process.pid).memory_info().rss / 2**20, 1)

    async def stop(self) -> None:
        """End the server; after 15 s without mercy."""
        if self.process.returncode is not None:
            return
        self.process.terminate()
        try:
            await asyncio.wait_for(self.process.wait(), 15)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()


async def start_house(folder: Path, agents: int) -> House:
    """Start `acd serve` on free ports with its journal under `folder`, and wait until it is ready.

    Raises:
        RuntimeError: It did not come up; says where its log is.
    """
    sip_port, http_port = free_port(socket.SOCK_DGRAM), free_port()
    low = 10_000 + sip_port % 97 * 200  # below the ports that systems give out
    write_config(folder / "config", agents, sip_port, http_port, (low, low + 2_999))
    with (folder / "server.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "acd.cli", "serve", "--config", str(folder / "config"), "--var", str(folder / "var"),
            stdout=log, stderr=log,
        )  # fmt: skip
    house = House(process, ("127.0.0.1", sip_port), f"http://127.0.0.1:{http_port}", folder)
    deadline = asyncio.get_running_loop().time() + START_S_MAX
    while not await asyncio.to_thread(_is_ready, house.http):
        if process.returncode is not None or asyncio.get_running_loop().time() > deadline:
            await house.stop()
            tail = (folder / "server.log").read_text(errors="replace")[-2000:]
            raise RuntimeError(f"the server did not become ready; its log ends:\n{tail}")
        await asyncio.sleep(0.1)
    return house


def _is_ready(http: str) -> bool:
    try:
        with urllib.request.urlopen(f"{http}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
