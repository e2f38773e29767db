"""A telephone's sound for these tests: plain sockets and bytes written by hand, independent of the room's code."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

OFFER = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio {port} RTP/AVP {formats}\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\n"
)


@dataclass
class Heard:
    """One packet as the telephone got it."""

    kind: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    at_s: float


@dataclass
class Phone(asyncio.DatagramProtocol):
    """Keeps what it hears, says what it is told."""

    heard: list[Heard] = field(default_factory=list)
    sequence: int = 100
    timestamp: int = 5000
    ssrc: int = 77

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport
        self.port: int = transport.get_extra_info("sockname")[1]
        self._changed = asyncio.Event()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        first, second, sequence, timestamp, ssrc = struct.unpack_from("!BBHII", data)
        assert first == 0x80, "version 2, nothing else"
        at_s = asyncio.get_running_loop().time()
        self.heard.append(
            Heard(second & 0x7F, bool(second & 0x80), sequence, timestamp, ssrc, data[12:], at_s)
        )
        self._changed.set()

    def offer(self, formats: str = "0 8 101") -> bytes:
        return OFFER.format(port=self.port, formats=formats).encode()

    def send(self, port: int, payload: bytes, kind: int = 0) -> None:
        """Say one packet of 20 ms."""
        self.sequence += 1
        self.timestamp += 160
        header = struct.pack("!BBHII", 0x80, kind, self.sequence & 0xFFFF, self.timestamp, self.ssrc)
        self.transport.sendto(header + payload, ("127.0.0.1", port))

    def press(self, port: int, digit: str, kind: int = 101) -> None:
        """Press a key: four packets on the way, three at the end, all with one timestamp."""
        code = "0123456789*#ABCD".index(digit)
        self.timestamp += 160
        for count in range(7):
            end = 0x80 if count >= 4 else 0
            self.sequence += 1
            payload = struct.pack("!BBH", code, end | 10, 160 * (count + 1))
            header = struct.pack("!BBHII", 0x80, kind, self.sequence & 0xFFFF, self.timestamp, self.ssrc)
            self.transport.sendto(header + payload, ("127.0.0.1", port))
        self.timestamp += 1600

    async def until(self, is_enough: Callable[[list[Heard]], bool], seconds: float = 5.0) -> list[Heard]:
        """Wait until what was heard is enough."""
        async with asyncio.timeout(seconds):
            while not is_enough(self.heard):
                self._changed.clear()
                await self._changed.wait()
        return self.heard


async def open_phone() -> Phone:
    """Return a telephone on a free port."""
    loop = asyncio.get_running_loop()
    _, phone = await loop.create_datagram_endpoint(Phone, local_addr=("127.0.0.1", 0))
    return phone
