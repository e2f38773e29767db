"""A supervisor who opens the whole view and never reads, again and again, and what the server holds for them."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import urllib.request
from pathlib import Path

from acd.client import sign_in
from bench.desks.house import PASSWORD, supervisor_name

BEAT_S = 3.0
LOOK_S = 0.5


class Mute:
    """One of them. They answer heartbeats without reading them, so that it is their slowness that is dealt with."""

    def __init__(self, http: str, at: int) -> None:
        self.cuts = 0
        """How often the server cut them."""
        self.held_bytes_max = 0
        """Most that the server held for them: its own buffers and the system's, as the server's side shows them."""
        self._http = http
        self._at = at

    async def stay(self, opened: asyncio.Event) -> None:
        """Be there until cancelled, and look at what is held meanwhile."""
        token = (await sign_in(self._http, supervisor_name(self._at), PASSWORD)).token
        while True:
            writer = await self._open(token)
            opened.set()
            try:
                await self._sit(writer)
            finally:
                writer.transport.abort()
            self.cuts += 1

    async def _open(self, token: str) -> asyncio.StreamWriter:
        host, port = self._http.removeprefix("http://").split(":")
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

    async def _sit(self, writer: asyncio.StreamWriter) -> None:
        """Give signs of life until the server has hung up."""
        own, server = (writer.get_extra_info(name)[1] for name in ("sockname", "peername"))
        turns = 0
        while True:
            await asyncio.sleep(LOOK_S)
            queued = await asyncio.to_thread(system_bytes, server, own)
            if queued is None:
                return
            held = await asyncio.to_thread(held_by_server, self._http)
            self.held_bytes_max = max(self.held_bytes_max, queued + held)
            turns += 1
            if turns % int(BEAT_S / LOOK_S) == 0 and not writer.is_closing():
                writer.write(masked(b'{"type":"heartbeat"}'))


def held_by_server(http: str) -> int:
    """Return the most bytes that the server's own buffers hold for any one socket now."""
    with urllib.request.urlopen(f"{http}/metrics", timeout=10) as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith("acd_desk_held_bytes_max "):
                return int(float(line.split()[1]))
    return 0


def system_bytes(local: int, remote: int) -> int | None:
    """Return what the system queues to be sent from one port of this machine to another; None: not connected."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        ends = tuple(int(end.split(":")[1], 16) for end in fields[1:3])
        if ends == (local, remote) and fields[3] == "01":
            return int(fields[4].split(":")[0], 16)
    return None


def masked(data: bytes) -> bytes:
    """Return a client's text frame under a mask of zeros."""
    length = bytes((0x80 | len(data),)) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2, "big")
    return b"\x81" + length + bytes(4) + data
