"""The wire of one leg: its sockets, the packets that are believed, the packets that go out.

Nothing that arrives makes it raise: what is malformed, foreign or too much is counted and dropped.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from telephony_adapters.sip.media.g711 import FRAME_BYTES, PCMU, SILENCE
from telephony_adapters.sip.media.latch import SourceLatch
from telephony_adapters.sip.media.reception import Reception
from telephony_adapters.sip.media.rtp import (
    DIGITS,
    HEADER,
    MARKER,
    SEQUENCE_MASK,
    TIMESTAMP_MASK,
    VERSION_BYTE,
    RtpPacket,
    SenderState,
    build_digit_payloads,
    build_goodbye,
    build_report,
    is_rtcp,
    parse_rtcp,
    parse_rtp,
)
from telephony_adapters.sip.media.sdp import RemoteAudio
from telephony_adapters.sip.media.sockets import SocketPair

PACKET_BYTES_MAX: Final = 2048
PACKETS_PER_TICK_MAX: Final = 25
"""Twenty-five times a telephone's rate; a flood is left to the kernel until the next tick."""
_PACK = HEADER.pack
_DIGIT_FRAMES: Final = 5
_DIGIT_GAP: Final = ((b"", False),) * 3
_DIGIT_QUEUE_MAX: Final = 1024


@dataclass(slots=True)
class StreamCounts:
    """What went wrong or was thrown away."""

    malformed: int = 0
    floods: int = 0
    unsendable: int = 0
    unknown_payloads: int = 0


class RtpStream:
    """Silent and deaf until `take_remote`. Belongs to the loop's thread."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        sockets: SocketPair,
        hear_voice: Callable[[RtpPacket], None],
        hear_digit: Callable[[str], None],
    ) -> None:
        self.counts = StreamCounts()
        self.codec = PCMU
        self._loop = loop
        self._sockets = sockets
        self._hear_voice = hear_voice
        self._hear_digit = hear_digit
        self._remote: RemoteAudio | None = None
        self._latch = SourceLatch(("", 0))
        self._reception = Reception()
        self._payload_type = PCMU
        self._event_type: int | None = None
        self._sends = False
        self._ssrc = secrets.randbits(32)
        self._sequence = secrets.randbits(15)
        self._timestamp = secrets.randbits(31)
        self._packets_sent = 0
        self._ticks = 0
        self._read_in_tick = 0
        self._is_reading = False
        self._digits_out: deque[tuple[bytes, bool]] = deque()
        self._digits_timestamp = 0
        loop.add_reader(sockets.rtcp.fileno(), self._on_rtcp_readable)
        self._resume_reading()

    @property
    def strangers(self) -> int:
        """How many packets were dropped because of their source."""
        return self._latch.strangers

    @property
    def packets_received(self) -> int:
        """How many voice packets were believed."""
        return self._reception.packets

    @property
    def last_report_heard(self) -> int:
        """The middle of the NTP time in the peer's newest sender report; 0 before the first."""
        return self._reception.last_report

    @property
    def packets_sent(self) -> int:
        """How many packets were given to the network."""
        return self._packets_sent

    def take_remote(self, remote: RemoteAudio) -> None:
        """Speak with this peer from now on."""
        if self._remote is None:
            self._latch = SourceLatch((remote.host, remote.port))
        else:
            self._latch.begin_anew((remote.host, remote.port))
        self._remote, self.codec, self._payload_type = remote, remote.codec, remote.payload_type
        self._event_type, self._sends = remote.event_type, remote.listens

    def close(self) -> None:
        """Say goodbye and stop reading; the sockets stay open for their owner to close."""
        if self._packets_sent:
            self._send_rtcp(build_goodbye(self._ssrc))
        for each in (self._sockets.rtp, self._sockets.rtcp):
            self._loop.remove_reader(each.fileno())
        self._remote = None

    # Time and sending.

    def begin_tick(self) -> bool:
        """Note that 20 ms have passed; return whether a key that we press takes the place of the sound."""
        self._ticks += 1
        if self._read_in_tick:
            self._read_in_tick = 0
            if not self._is_reading:
                self._resume_reading()
        if self._digits_out:
            self._send_digit_frame()
            return True
        return False

    def send_frame(self, frame: bytes) -> None:
        """Send 20 ms of sound, in the codec of the session."""
        self._sequence = sequence = (self._sequence + 1) & SEQUENCE_MASK
        self._timestamp = timestamp = (self._timestamp + FRAME_BYTES) & TIMESTAMP_MASK
        if self._sends:
            self._send(_PACK(VERSION_BYTE, self._payload_type, sequence, timestamp, self._ssrc) + frame)

    def skip(self, ticks: int) -> None:
        """Move on without sending: the process was held up for too long."""
        self._ticks += ticks
        self._timestamp = (self._timestamp + ticks * FRAME_BYTES) & TIMESTAMP_MASK

    def send_digits(self, digits: str) -> None:
        """Press these keys towards the peer; unknown keys, and more than fit a queue, are left out."""
        for digit in digits:
            if digit in DIGITS and len(self._digits_out) < _DIGIT_QUEUE_MAX:
                payloads = build_digit_payloads(digit, _DIGIT_FRAMES)
                self._digits_out.extend((payload, at == 0) for at, payload in enumerate(payloads))
                self._digits_out.extend(_DIGIT_GAP)

    def report(self, ntp: int, name: str) -> None:
        """Send an RTCP report; `ntp` is the 64-bit NTP time."""
        if self._remote is not None:
            octets = self._packets_sent * FRAME_BYTES
            state = SenderState(self._ssrc, ntp, self._timestamp, self._packets_sent, octets)
            self._send_rtcp(build_report(state, self._reception.report_block(), name))

    def _send(self, packet: bytes) -> None:
        try:
            self._sockets.rtp.sendto(packet, self._latch.destination)
            self._packets_sent += 1
        except OSError:
            # A full buffer or an unreachable peer: sound that is late is worth nothing, so it is dropped.
            self.counts.unsendable += 1

    def _send_rtcp(self, packet: bytes) -> None:
        if self._remote is None:
            return
        host, port = self._latch.destination
        try:
            if self._remote.rtcp_mux:
                self._sockets.rtp.sendto(packet, (host, port))
            else:
                self._sockets.rtcp.sendto(packet, (host, self._remote.rtcp_port))
        except OSError:
            self.counts.unsendable += 1

    def _send_digit_frame(self) -> None:
        payload, is_first = self._digits_out.popleft()
        if not payload or self._event_type is None:
            self.send_frame(SILENCE[self.codec])
            return
        self._sequence = (self._sequence + 1) & SEQUENCE_MASK
        self._timestamp = (self._timestamp + FRAME_BYTES) & TIMESTAMP_MASK
        if is_first:
            self._digits_timestamp = self._timestamp
        if self._sends:
            kind = self._event_type | (MARKER if is_first else 0)
            self._send(
                _PACK(VERSION_BYTE, kind, self._sequence, self._digits_timestamp, self._ssrc) + payload
            )

    # Receiving.

    def _resume_reading(self) -> None:
        self._is_reading = True
        self._loop.add_reader(self._sockets.rtp.fileno(), self._on_rtp_readable)

    def _on_rtp_readable(self) -> None:
        self._read_in_tick += 1
        if self._read_in_tick > PACKETS_PER_TICK_MAX:
            self.counts.floods += 1
            self._is_reading = False
            self._loop.remove_reader(self._sockets.rtp.fileno())
            return
        received = _receive(self._sockets.rtp)
        if received is None or self._remote is None:
            return
        data, source = received
        packet = parse_rtp(data)
        if packet is None:
            self.counts.malformed += 1
        elif self._remote.rtcp_mux and is_rtcp(data):
            self._hear_rtcp(data, source)
        elif self._latch.accepts(source, self._ticks, packet.ssrc, packet.sequence):
            self._hear(packet)

    def _hear(self, packet: RtpPacket) -> None:
        kind = packet.payload_type
        if kind == self._event_type:
            digit = self._reception.digit_of(packet)
            if digit is not None:
                self._hear_digit(digit)
        elif kind == self._payload_type:
            self._reception.count(packet, int(self._loop.time() * 8000))
            self._hear_voice(packet)
        else:
            self.counts.unknown_payloads += 1

    def _on_rtcp_readable(self) -> None:
        received = _receive(self._sockets.rtcp)
        if received is not None:
            self._hear_rtcp(*received)

    def _hear_rtcp(self, data: bytes, source: tuple[str, int]) -> None:
        if source[0] != self._latch.destination[0]:
            return
        report = parse_rtcp(data, self._ssrc)
        if report is None:
            self.counts.malformed += 1
        elif report.last_report:
            self._reception.last_report = report.last_report


def _receive(each: socket.socket) -> tuple[bytes, tuple[str, int]] | None:
    try:
        data, source = each.recvfrom(PACKET_BYTES_MAX)
    except OSError:
        # Nothing there after all, or an ICMP error about a packet of ours: there is no packet to hear.
        return None
    return data, (source[0], source[1])
