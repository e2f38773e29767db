"""The guide, followed to the letter: its commands run in a shell against a whole server, and print what it prints."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from acd.client import Desk, sign_in
from tests.end_to_end.house import free_port, is_ready
from tests.socket_cli import SocketCli

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "telephony_adapters" / "cti" / "GUIDE.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE)
WAIT_S = 30

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed (Debian package curl)"),
]


def pattern(printed: str) -> str:
    """What a block of output means: itself, with anything where `...` stands."""
    return r"[\s\S]*?".join(re.escape(part) for part in printed.rstrip("\n").split("..."))


@dataclass
class Reader:
    """Somebody who reads the guide, with a shell and a server of their own."""

    address: str
    key: str
    commands: list[str] = field(default_factory=list)

    def here(self, text: str) -> str:
        """A command of the guide for this server."""
        return text.replace("localhost:8080", self.address).replace("python -m", f"{sys.executable} -m")

    async def shell(self, command: str) -> str:
        """Run a command as it is printed."""
        self.commands.append(command)
        done = await asyncio.to_thread(
            subprocess.run, ["bash", "-c", self.here(command)], env={**os.environ, "KEY": self.key},
            capture_output=True, text=True, timeout=WAIT_S, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout


def make_key() -> tuple[str, str]:
    """Run the first command of the guide; returns the key and the digest that it prints."""
    kind, command = BLOCKS[0]
    assert kind == "sh" and command.startswith("KEY=")
    done = subprocess.run(
        ["bash", "-c", command + '\necho "$KEY"'], capture_output=True, text=True, timeout=WAIT_S, check=True
    )
    digest, key = done.stdout.split("\n")[:2]
    return key, digest.split()[0]


@asynccontextmanager
async def open_server(folder: Path) -> AsyncIterator[Reader]:
    """Serve the example configuration with the guide's switch in it."""
    key, digest = make_key()
    shutil.copytree(ROOT / "config", folder / "config")
    kind, switches = BLOCKS[1]
    assert kind == "yaml"
    (folder / "config" / "switches.yaml").write_text(
        switches.replace(switches.split(": ")[-1], digest + "\n")
    )
    port = free_port()
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "acd.cli", "serve", "--config", str(folder / "config"),
            "--var", str(folder / "var"), "--set", f"server.http.port={port}", "--set", "server.sip.port=0",
            cwd=ROOT, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        async with asyncio.timeout(60):
            while not await asyncio.to_thread(is_ready, f"http://127.0.0.1:{port}"):
                assert process.returncode is None, (folder / "log").read_text()[-3000:]
        yield Reader(f"127.0.0.1:{port}", key)
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 20) == 0, (folder / "log").read_text()[-3000:]
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_every_command_of_the_guide_prints_what_the_guide_says(tmp_path: Path) -> None:
    async with open_server(tmp_path) as reader:
        socket: SocketCli | None = None
        for (kind, text), (follows, printed) in zip(BLOCKS[2:], [*BLOCKS[3:], ("", "")], strict=True):
            expected = printed if follows == "text" else ""
            if kind == "sh" and "websockets" in text:
                socket = await SocketCli.open(reader.here(text.split('"')[1].replace("$KEY", reader.key)))
            elif kind == "sh":
                assert expected, f"the guide does not say what comes of: {text}"
                found = await reader.shell(text)
                assert re.fullmatch(pattern(expected), found.rstrip("\n")), (text, found)
            elif kind == "json":
                assert socket is not None
                for line in text.splitlines():
                    await socket.type(line)
            if kind == "text" and socket is not None:
                for line in text.splitlines():
                    await socket.until(pattern(line))
        assert socket is not None
        assert len(reader.commands) == 6
        await socket.close()


async def test_the_whole_call_of_the_guide(tmp_path: Path) -> None:
    """Section 4: every line of `you` and `we`, with Ann at a real desk."""
    async with open_server(tmp_path) as reader:
        socket = await SocketCli.open(f"ws://pbx-1:{reader.key}@{reader.address}/cti/v1/socket")
        signed_in = await sign_in(f"http://{reader.address}", "ann", "ann-example")
        async with Desk(signed_in.address, signed_in.token) as desk:
            await desk.act("set_presence", presence="ready")

            async def say(number: int, what: str, **data: Any) -> None:
                event = {"specversion": "1.0", "id": str(number), "source": "pbx-1", "type": what}
                await socket.type(json.dumps(event | {"subject": "call-17", "data": data}))
                await socket.until(rf'< {{"result":{{"id":"{number}","outcome":"accepted"')

            await say(1, "acd.call.arrived", entry="4001")
            order = json.loads((await socket.until(r'< (\{"order":.*"acd\.order\.offer".*\})'))[1])["order"]
            offer = order["data"]["offer"]
            assert (order["subject"], order["data"]["agent"]) == ("call-17", "ann")
            await desk.until(lambda d: d.rows("offers"))
            await desk.act("accept_offer", offer=offer)
            await socket.until(r'"acd\.order\.connect"')
            await say(2, "acd.call.connected", offer=offer)
            await desk.until(lambda d: any(row["offer"] == offer for row in d.rows("assignments")))
            bad = {"specversion": "1.0", "id": "nonsense-1", "source": "pbx-1", "type": "acd.nonsense"}
            await socket.type(json.dumps(bad))
            await socket.until(r'"id":"nonsense-1","outcome":"refused","code":"unknown_type"')
            await say(3, "acd.call.left")
            await socket.until(r'"acd\.order\.release"')
        await socket.close()
