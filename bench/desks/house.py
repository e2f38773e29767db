"""The server under test for desks: a centre of one queue, one switch, many people, and the real `acd serve`."""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
import socket
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Final

import argon2

from bench.sip_load.house import House, free_port

ENTRY: Final = "4000"
QUEUE: Final = "line"
PASSWORD: Final = "bench-password"
SOURCE: Final = "bench"
START_S_MAX: Final = 90.0
PROFILE: list[str] = []


def agent_name(at: int) -> str:
    """Return the sign-in name of an agent."""
    return f"agent{at:05d}"


def supervisor_name(at: int) -> str:
    """Return the sign-in name of a supervisor who sees everything."""
    return f"admin{at:02d}"


def write_config(folder: Path, agents: int, supervisors: int, http_port: int, key: str) -> None:
    """Write the centre. JSON is YAML. Passwords are hashed cheaply: signing in is not what is measured."""
    label = {"en": "Line", "zh": "Line"}
    hashed = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    people: dict[str, Any] = {
        agent_name(at): {
            "name": f"Agent {at}", "role": "agent", "password_hash": hashed, "language": "en", "region": f"r{at % 3}",
            "team": f"t{at % 20}", "skills": {"calls": 3}, "queues": [{"queue": QUEUE}], "capacity": {"voice": 1},
        }
        for at in range(agents)
    }  # fmt: skip
    for at in range(supervisors):
        people[supervisor_name(at)] = {
            "name": f"Admin {at}", "role": "admin", "password_hash": hashed, "language": "en",
        }  # fmt: skip
    files: dict[str, Any] = {
        "centre": {"zone": "bench", "name": label},
        "regions": {"regions": {f"r{at}": {"label": label} for at in range(3)}},
        "skills": {"skills": {"calls": {"label": label}}},
        "hours": {"hours": {}},
        "dispositions": {"dispositions": {"line": [{"path": "done", "label": label}]}},
        "queues": {"queues": {QUEUE: {
            "label": label, "channels": ["voice"], "needs": {"required": [{"calls": 1}]},
            "wrap_up": {"mode": "timed", "limit_s": 60}, "announce_s": 0, "offer_s": 20,
            "dispositions": "line", "disposition_default": "done",
        }}},
        "entries": {"entries": {ENTRY: {"channel": "voice", "queue": QUEUE, "label": label, "language": "en"}}},
        "people": {"teams": {f"t{at}": {"label": label} for at in range(20)}, "people": people},
        "server": {
            "http": {"host": "127.0.0.1", "port": http_port},
            "sip": {"host": "127.0.0.1", "port": free_port(socket.SOCK_DGRAM)},
            "log": {"level": "warning"},
        },
        "switches": {"events_per_s_max": 100_000, "switches": {
            SOURCE: {"key_sha256": hashlib.sha256(key.encode()).hexdigest()},
        }},
        "desk": {"reasons": {"break": {"label": label}}},
        "intake": {"categories": {"other": {"label": label}}},
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / f"{name}.yaml").write_text(json.dumps(content) + "\n")


async def start_house(folder: Path, agents: int, supervisors: int) -> tuple[House, str]:
    """Start the server and wait until it is ready; return it with the key of its switch.

    Raises:
        RuntimeError: It did not come up; says how its log ends.
    """
    key, http_port = secrets.token_hex(32), free_port()
    write_config(folder / "config", agents, supervisors, http_port, key)
    return await run_house(folder, http_port), key


async def run_house(folder: Path, http_port: int) -> House:
    """Start the server of a folder, again or for the first time."""
    with (folder / "server.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *PROFILE, "-m", "acd.cli", "serve",
            "--config", str(folder / "config"), "--var", str(folder / "var"),
            stdout=log, stderr=log,
        )  # fmt: skip
    house = House(process, ("127.0.0.1", 0), f"http://127.0.0.1:{http_port}", folder)
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
