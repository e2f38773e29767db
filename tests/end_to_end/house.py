"""A whole server as a process of its own, and desks that speak its protocol, for tests from outside."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

ENTRY = "4000"
ROOT = Path(__file__).parents[2]


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port that was free a moment ago."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def write_config(folder: Path, agents: int, sip_port: int, http_port: int) -> None:
    """A centre of one queue that all agents serve, without wrap-up. JSON is YAML too."""
    label = {"en": "Line", "zh": "队列"}
    people = {
        f"agent{number}": {
            "name": f"Agent {number}", "role": "agent", "example_password": f"password-{number}",
            "region": "here", "team": "all", "phone": {"number": f"20{number:02}", "password": f"phone-{number:02}"},
            "queues": [{"queue": "line"}], "capacity": {"voice": 1},
        }
        for number in range(agents)
    }  # fmt: skip
    low = 20_000 + sip_port % 97 * 100
    files: dict[str, Any] = {
        "centre": {"zone": "test", "name": label},
        "skills": {"skills": {}},
        "regions": {"regions": {"here": {"label": label}}},
        "queues": {"queues": {"line": {
            "label": label, "channels": ["voice"], "wrap_up": {"mode": "none"}, "announce_s": 0,
        }}},
        "entries": {"entries": {ENTRY: {"channel": "voice", "queue": "line", "label": label}}},
        "people": {"teams": {"all": {"label": label}}, "people": people},
        "server": {
            "http": {"port": http_port}, "sip": {"port": sip_port, "trusted": ["127.0.0.0/8"]},
            "media": {"port_min": low, "port_max": low + 999},
        },
        "desk": {"reasons": {"break": {"label": label}}},
        "intake": {"categories": {"other": {"label": label}}},
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / f"{name}.yaml").write_text(json.dumps(content, ensure_ascii=False))


class Server:
    """One server and its folder; killed and started again on the same ports."""

    def __init__(self, folder: Path, agents: int) -> None:
        self.folder = folder
        self.sip = ("127.0.0.1", free_port(socket.SOCK_DGRAM))
        self.http = f"http://127.0.0.1:{free_port()}"
        write_config(folder / "config", agents, self.sip[1], int(self.http.rsplit(":", 1)[1]))
        self.process: asyncio.subprocess.Process | None = None

    @property
    def log(self) -> str:
        """What it has said so far, over all starts."""
        return (self.folder / "server.log").read_text(errors="replace")

    async def start(self) -> None:
        """Start, and wait until it takes calls."""
        with (self.folder / "server.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "acd.cli", "serve", "--config", str(self.folder / "config"),
                "--var", str(self.folder / "var"), cwd=ROOT, stdout=log, stderr=log,
            )  # fmt: skip
        async with asyncio.timeout(60):
            while not await asyncio.to_thread(is_ready, self.http):
                assert self.process.returncode is None, self.log[-3000:]
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()

    async def stop(self) -> int:
        """Ask it to stop, and return its exit status."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.terminate()
            try:
                await asyncio.wait_for(self.process.wait(), 20)
            except TimeoutError:
                self.process.kill()
                await self.process.wait()
                raise AssertionError(f"did not stop within 20 s: {self.log[-3000:]}") from None
        assert self.process.returncode is not None
        return self.process.returncode

    async def state(self) -> tuple[int, str]:
        """Number of the last record and the hash of the living state, as the server says on SIGUSR1."""
        assert self.process is not None
        before = len(self.log)
        self.process.send_signal(signal.SIGUSR1)
        async with asyncio.timeout(10):
            while (found := re.search(r"state epoch=\d+ seq=(\d+) hash=(\w+)", self.log[before:])) is None:  # noqa: ASYNC110 - a file
                await asyncio.sleep(0.02)
        return int(found[1]), found[2]

    async def said(self, words: str) -> None:
        """Wait until the log says something."""
        async with asyncio.timeout(15):
            while words not in self.log:  # noqa: ASYNC110 - a file
                await asyncio.sleep(0.02)

    def hang_up_signal(self) -> None:
        """SIGHUP: read the configuration again."""
        assert self.process is not None
        self.process.send_signal(signal.SIGHUP)

    def acd(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run another command of the command line on this server's folder."""
        order = [sys.executable, "-m", "acd.cli", *words, "--var", str(self.folder / "var")]
        return subprocess.run(order, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)

    def verify(self) -> dict[str, Any]:
        """What `acd journal verify --json` says; it must find the journal whole."""
        done = self.acd("journal", "verify", "--json")
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def export(self) -> list[dict[str, Any]]:
        """All records, as `acd journal export` prints them."""
        return [json.loads(text) for text in self.acd("journal", "export").stdout.splitlines()]


def is_ready(http: str) -> bool:
    """Whether the server says that it takes contacts."""
    try:
        with urllib.request.urlopen(f"{http}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def fetch(address: str) -> tuple[int, str]:
    """Status and body of an address."""
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


class Desk:
    """One agent's desk: signs in, makes ready, stays alive, and connects again when the server was away."""

    def __init__(self, server: Server, name: str, password: str) -> None:
        self._server, self._name, self._password = server, name, password
        self._socket: ClientConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self.tables: dict[str, dict[str, Any]] = {}

    async def open(self) -> None:
        """Connect and become ready."""
        token = await asyncio.to_thread(self._sign_in)
        address = self._server.http.replace("http://", "ws://") + "/desk"
        protocols = [Subprotocol("acd.desk.v1+json")]
        self._socket = await connect(address, subprotocols=protocols, compression=None, max_size=None)
        await self.say(type="hello", token=token, view="agent")
        await self.say(type="set_presence", id=f"ready-{token[-12:]}", presence="ready")
        answered = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._live(self._socket, answered))
        await asyncio.wait_for(answered, 15)

    async def close(self) -> None:
        """Close the socket."""
        if self._task is not None:
            self._task.cancel()
        if self._socket is not None:
            await self._socket.close()

    async def say(self, **message: Any) -> None:
        """Send a message."""
        assert self._socket is not None
        await self._socket.send(json.dumps(message))

    def _sign_in(self) -> str:
        body = json.dumps({"name": self._name, "password": self._password}).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self._server.http}/api/sign-in", body, headers)
        with urllib.request.urlopen(request, timeout=15) as answer:
            token: str = json.load(answer)["token"]
            return token

    async def _live(self, socket: ClientConnection, answered: asyncio.Future[None]) -> None:
        async for frame in socket:
            message = json.loads(frame)
            if message["type"] == "heartbeat":
                await self.say(type="heartbeat", at_ms=0)
            elif message["type"] in ("done", "refused") and not answered.done():
                # Late: ready already, since the presence outlived the connection.
                if message["type"] == "done" or message["code"] == "late":
                    answered.set_result(None)
                else:
                    answered.set_exception(AssertionError(str(message)))
