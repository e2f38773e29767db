"""RFC 6455 by an outside suite, against both kinds of socket of the house; what it echoes is all that the test adds.

The desk answers pings itself, refuses compression, and bounds messages; so does the socket here, with a bound that
lets the suite's largest messages through. What the real bound answers (1009) stands in `test_sockets.py`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest
from aiohttp import WSMsgType, web

from acd.desk.sockets import DeskSocket
from acd.websocket import Websocket

pytest.importorskip("kosoku", reason="the conformance suite is not installed")


async def echo(request: web.Request) -> web.StreamResponse:
    """Send everything back, and answer pings as the desk does."""
    socket: web.WebSocketResponse
    if request.path == "/desk":
        socket = DeskSocket(compress=False, autoping=False, timeout=2.0, max_msg_size=64 * 2**20)
    else:  # as switches and customers' pages have it
        socket = Websocket(compress=False, heartbeat=10.0, max_msg_size=64 * 2**20)
    await socket.prepare(request)
    async for message in socket:
        if message.type is WSMsgType.PING:
            await socket.pong(message.data)
        elif message.type is WSMsgType.TEXT:
            await socket.send_str(message.data)
        elif message.type is WSMsgType.BINARY:
            await socket.send_bytes(message.data)
    return socket


async def run_suite(folder: Path, path: str, *cases: str) -> dict[str, dict[str, str]]:
    """Run cases and return what became of each."""
    app = web.Application()
    app.router.add_get(path, echo)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    try:
        process = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).with_name("kosoku")), "-o", str(folder), *(f"-i{case}" for case in cases),
            f"ws://127.0.0.1:{port}{path}", stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        await asyncio.wait_for(process.wait(), 600)
    finally:
        await runner.cleanup()
    (report,) = json.loads((folder / "index.json").read_text()).values()
    found: dict[str, dict[str, str]] = report
    return found


def failures(found: dict[str, dict[str, str]]) -> dict[str, tuple[str, str]]:
    """Return the cases that went wrong, in behaviour or at the close."""
    good = {"OK", "NON-STRICT", "INFORMATIONAL", "UNIMPLEMENTED"}
    return {
        case: (result["behavior"], result["behaviorClose"])
        for case, result in found.items()
        if result["behavior"] not in good or result["behaviorClose"] not in good
    }


@pytest.mark.parametrize("path", ["/desk", "/switch"])
async def test_frames_pings_fragments_and_closes(tmp_path: Path, path: str) -> None:
    found = await run_suite(tmp_path, path, "1.*", "2.*", "3.*", "4.*", "5.*", "7.*")
    assert len(found) > 100
    assert not failures(found)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("path", ["/desk", "/switch"])
async def test_the_whole_suite(tmp_path: Path, path: str) -> None:
    found = await run_suite(tmp_path, path)
    assert len(found) > 500
    assert not failures(found)
    assert all(
        result["behavior"] == "UNIMPLEMENTED"
        for case, result in found.items()
        if case.startswith(("12.", "13."))
    )
