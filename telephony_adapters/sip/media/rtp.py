"""RTP, telephone events and RTCP on the wire: bytes to values and back, and never a socket.

Nothing a peer sends makes these functions raise: what is malformed is None. Sequence numbers and timestamps
are unsigned and wrap; `timestamp_ahead` compares them as the RFC asks.

Source: RFC 3550 sections 5.1, 6.4 and 6.5 (RTP, RTCP), RFC 4733 section 2.3 (telephone events),
RFC 5761 section 4 (telling RTP and RTCP apart on one port).
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

HEADER: Final = struct.Struct("!BBHII")
HEADER_BYTES: Final = 12
VERSION_BYTE: Final = 0x80
MARKER: Final = 0x80
SEQUENCE_MASK: Final = 0xFFFF
TIMESTAMP_MASK: Final = 0xFFFFFFFF
DIGITS: Final = "0123456789*#ABCD"
"""Telephone event codes 0 to 15 in order. Source: RFC 4733 section 3.2."""

_EVENT: Final = struct.Struct("!BBH")
_EVENT_VOLUME: Final = 10
_EVENT_END: Final = 0x80
_SENDER_REPORT: Final = 200
_RECEIVER_REPORT: Final = 201
_DESCRIPTION: Final = 202
_GOODBYE: Final = 203
_REPORT_BLOCK: Final = struct.Struct("!IIIIII")


class RtpPacket(NamedTuple):
    """One received packet. `payload` has lost padding, contributing sources and extension."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


class Reception(NamedTuple):
    """What a peer says about the stream that we send it, from the newest report block."""

    fraction_lost_256: int
    packets_lost: int
    jitter_ms: int
    last_report: int
    delay_since: int
    """In units of 1/65536 s, as on the wire; with `last_report` it gives the round trip."""


def parse_rtp(data: bytes) -> RtpPacket | None:
    """Return the packet, or None if these bytes are not a whole RTP packet of version 2."""
    if len(data) < HEADER_BYTES or data[0] & 0xC0 != VERSION_BYTE:
        return None
    first, second, sequence, timestamp, ssrc = HEADER.unpack_from(data)
    start, end = HEADER_BYTES, len(data)
    if first & 0x3F:
        start += 4 * (first & 0x0F)
        if first & 0x10:
            if end < start + 4:
                return None
            start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4])
        if first & 0x20:
            padding = data[-1]
            if padding == 0:
                return None
            end -= padding
        if end < start:
            return None
    return RtpPacket(second & 0x7F, bool(second & MARKER), sequence, timestamp, ssrc, data[start:end])


def is_rtcp(data: bytes) -> bool:
    """Whether a packet on a shared port is RTCP. Source: RFC 5761 section 4."""
    return len(data) >= 2 and data[0] & 0xC0 == VERSION_BYTE and 192 <= data[1] <= 223


def timestamp_ahead(newer: int, older: int) -> int:
    """Return how many samples `newer` is ahead of `older`, negative if behind, over the wrap."""
    ahead = (newer - older) & TIMESTAMP_MASK
    return ahead - (1 << 32) if ahead & 0x80000000 else ahead


def parse_digit(payload: bytes) -> str | None:
    """Return the key of a telephone-event payload, or None for tones and flashes that are no key."""
    if len(payload) < _EVENT.size or payload[0] >= len(DIGITS):
        return None
    return DIGITS[payload[0]]


def build_digit_payloads(digit: str, frames: int) -> list[bytes]:
    """Return the payloads of one key press, one for each 20 ms, the last of them sent three times.

    All of them carry the timestamp of the first. Source: RFC 4733 section 2.5.1.4.
    """
    code = DIGITS.index(digit)
    payloads = [_EVENT.pack(code, _EVENT_VOLUME, 160 * count) for count in range(1, frames + 1)]
    end = _EVENT.pack(code, _EVENT_END | _EVENT_VOLUME, 160 * (frames + 1))
    return [*payloads, end, end, end]


class SenderState(NamedTuple):
    """Our side of a sender report."""

    ssrc: int
    ntp: int
    """64-bit NTP time."""
    timestamp: int
    packets: int
    octets: int


def build_report(sender: SenderState, block: bytes, cname: str) -> bytes:
    """Return a compound packet: a sender report (a receiver report before we sent anything) and our name."""
    count = 1 if block else 0
    if sender.packets:
        body = struct.pack(
            "!IQIII",
            sender.ssrc,
            sender.ntp,
            sender.timestamp,
            sender.packets,
            sender.octets & TIMESTAMP_MASK,
        )
        kind = _SENDER_REPORT
    else:
        body, kind = struct.pack("!I", sender.ssrc), _RECEIVER_REPORT
    name = cname.encode("ascii")[:255]
    item = struct.pack("!IBB", sender.ssrc, 1, len(name)) + name
    item += b"\0" * (4 - len(item) % 4)
    return _rtcp(kind, count, body + block) + _rtcp(_DESCRIPTION, 1, item)


def build_goodbye(ssrc: int) -> bytes:
    """Return the packet that ends our stream. Source: RFC 3550 section 6.6."""
    return _rtcp(_RECEIVER_REPORT, 0, struct.pack("!I", ssrc)) + _rtcp(_GOODBYE, 1, struct.pack("!I", ssrc))


def build_report_block(
    ssrc: int, lost: int, expected: int, highest: int, jitter: int, last_report: int
) -> bytes:
    """Return the block about the peer's stream; the delay field is left to the peer's patience: zero if unknown."""
    fraction = min(255, 256 * lost // expected) if expected > 0 and lost > 0 else 0
    lost_24 = max(-0x800000, min(0x7FFFFF, lost)) & 0xFFFFFF
    return _REPORT_BLOCK.pack(
        ssrc, (fraction << 24) | lost_24, highest & TIMESTAMP_MASK, jitter & TIMESTAMP_MASK, last_report, 0
    )


class ReportIn(NamedTuple):
    """What a compound RTCP packet told us."""

    last_report: int
    """Middle 32 bits of the peer's NTP time, to be echoed; 0 if it sent no sender report."""
    reception: Reception | None
    goodbye: bool


def parse_rtcp(data: bytes, our_ssrc: int) -> ReportIn | None:
    """Return what a compound packet says, or None if it is malformed. Unknown kinds are passed over."""
    last_report, reception, goodbye, at = 0, None, False, 0
    if not is_rtcp(data):
        return None
    while at < len(data):
        if len(data) - at < 4 or data[at] & 0xC0 != VERSION_BYTE:
            return None
        count, kind = data[at] & 0x1F, data[at + 1]
        end = at + 4 + 4 * int.from_bytes(data[at + 2 : at + 4])
        if end > len(data):
            return None
        body = data[at + 4 : end]
        if kind == _SENDER_REPORT and len(body) >= 24:
            last_report = int.from_bytes(body[6:10])
            reception = _own_block(body[24:], count, our_ssrc) or reception
        elif kind == _RECEIVER_REPORT and len(body) >= 4:
            reception = _own_block(body[4:], count, our_ssrc) or reception
        elif kind == _GOODBYE:
            goodbye = True
        at = end
    return ReportIn(last_report, reception, goodbye)


def _own_block(blocks: bytes, count: int, our_ssrc: int) -> Reception | None:
    for at in range(0, min(count * 24, len(blocks) - 23), 24):
        ssrc, lost, _, jitter, last_report, delay = _REPORT_BLOCK.unpack_from(blocks, at)
        if ssrc == our_ssrc:
            total = lost & 0xFFFFFF
            total -= (total & 0x800000) << 1
            return Reception(lost >> 24, total, jitter // 8, last_report, delay)
    return None


def _rtcp(kind: int, count: int, body: bytes) -> bytes:
    return struct.pack("!BBH", VERSION_BYTE | count, kind, len(body) // 4) + body
