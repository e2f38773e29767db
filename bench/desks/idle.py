"""Many desks that do nothing but live: the least that a desk can be on a socket, written from PROTOCOL.md.

It says hello, answers heartbeats, minds that deltas follow on each other, and resumes after a loss. A client of a
few hundred bytes, so that ten thousand of them fit beside the server.
"""

from __future__ import annotations

import asyncio
import base64
import os
from typing import Any, cast

import msgpack


class IdleDesk(asyncio.Protocol):
    """One desk of an agent."""

    __slots__ = (
        "_buffer", "_host", "_is_open", "_token", "_transport", "closed_with", "connects", "gaps",
        "on_welcome", "refusals",
        "resumes", "seq", "stream",
    )  # fmt: skip

    def __init__(self, host: str, token: str) -> None:
        self._host = host
        self._token = token
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._is_open = False
        self.stream, self.seq = "", -1
        self.connects = self.resumes = self.gaps = self.refusals = 0
        self.closed_with = 0
        self.on_welcome: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        # uvloop's transports are no instances of the class, only alike.
        self._transport, self._buffer, self._is_open = cast(asyncio.Transport, transport), b"", False
        key = base64.b64encode(os.urandom(16)).decode()
        self._transport.write(
            f"GET /desk HTTP/1.1\r\nHost: {self._host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Protocol: acd.desk.v1+msgpack\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        """Take what came, whole frames at a time."""
        self._buffer = self._buffer + data if self._buffer else data
        if not self._is_open:
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if not found:
                return
            if b" 101 " not in head[:20]:
                self.closed_with = int(head.split()[1])
                self.abort()
                return
            self._buffer, self._is_open = rest, True
            resume = {"stream": self.stream, "seq": self.seq} if self.stream else None
            self._send({"type": "hello", "token": self._token, "view": "agent", "resume": resume})
        while (frame := self._next_frame()) is not None:
            self._take(*frame)

    def connection_lost(self, exc: Exception | None) -> None:
        """A connection is gone; not the one in use, if that was opened before the news of the old one came."""
        if self._transport is not None and self._transport.is_closing():
            self._transport = None
            self._buffer = b""

    def abort(self) -> None:
        """Tear the connection."""
        if self._transport is not None:
            self._transport.abort()

    def _next_frame(self) -> tuple[int, bytes] | None:
        data = self._buffer
        if len(data) < 2:
            return None
        length, at = data[1], 2
        if length == 126:
            length, at = int.from_bytes(data[2:4], "big"), 4
        elif length == 127:
            length, at = int.from_bytes(data[2:10], "big"), 10
        if len(data) < at + length:
            return None
        self._buffer = data[at + length :]
        return data[0] & 0x0F, data[at : at + length]

    def _take(self, kind: int, payload: bytes) -> None:
        if kind == 8:
            self.closed_with = int.from_bytes(payload[:2], "big")
            self.abort()
            if self.on_welcome is not None and not self.on_welcome.done():
                self.on_welcome.set_exception(ConnectionResetError(f"closed with {self.closed_with}"))
            return
        message: dict[str, Any] = msgpack.unpackb(payload)
        match message["type"]:
            case "heartbeat":
                self._send({"type": "heartbeat", "at_ms": 0})
            case "snapshot":
                self.stream, self.seq = message["stream"], message["seq"]
            case "delta":
                self.gaps += message["after"] != self.seq
                self.seq = message["seq"]
            case "welcome":
                self.connects += 1
                self.resumes += message["resumed"]
                if self.on_welcome is not None and not self.on_welcome.done():
                    self.on_welcome.set_result(None)

    def _send(self, message: dict[str, Any]) -> None:
        data = msgpack.packb(message)
        length = bytes((0x80 | len(data),)) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2, "big")
        if self._transport is not None:
            self._transport.write(b"\x82" + length + bytes(4) + data)
