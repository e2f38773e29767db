"""What is known of the stream that a peer sends: counts for reports, and keys, each told once.

A key press arrives as many packets with one timestamp, some lost, some late; it is told at the first of them,
so that a prompt stops at once. Pure. Source: RFC 3550 appendix A (counts), RFC 4733 section 2.5.2.2 (keys).
"""

from __future__ import annotations

from typing import Final

from telephony_adapters.sip.media.rtp import (
    SEQUENCE_MASK,
    RtpPacket,
    build_report_block,
    parse_digit,
    timestamp_ahead,
)

_JUMP_MAX: Final = 3000
"""Further than this a sequence number is a new beginning, not loss. Source: RFC 3550 appendix A.1."""


class Reception:
    """The counts of one leg."""

    __slots__ = (
        "_base", "_digit_timestamp", "_expected_before", "_highest", "_jitter_16", "_received",
        "_received_before", "_ssrc", "_transit", "last_report",
    )  # fmt: skip

    def __init__(self) -> None:
        self._ssrc: int | None = None
        self._base = 0
        self._highest = 0
        self._received = 0
        self._jitter_16 = 0
        self._transit = 0
        self.last_report = 0
        """Of the peer's newest sender report, to be echoed."""
        self._expected_before = 0
        self._received_before = 0
        self._digit_timestamp: int | None = None

    def count(self, packet: RtpPacket, arrival: int) -> None:
        """Take one believed packet in; `arrival` is local time in samples (8 a millisecond)."""
        transit = arrival - packet.timestamp
        if packet.ssrc != self._ssrc:
            self._begin(packet)
            self._transit = transit
        ahead = (packet.sequence - self._highest) & SEQUENCE_MASK
        if ahead < 0x8000:
            if ahead > _JUMP_MAX:
                self._begin(packet)
            self._highest += (packet.sequence - self._highest) & SEQUENCE_MASK
        self._received += 1
        difference = abs(timestamp_ahead(transit, self._transit))
        self._transit = transit
        if difference < 8_000:
            self._jitter_16 += difference - ((self._jitter_16 + 8) >> 4)

    def digit_of(self, packet: RtpPacket) -> str | None:
        """Return the key if this packet is the first heard of its press."""
        digit = parse_digit(packet.payload)
        last = self._digit_timestamp
        if digit is None or (last is not None and timestamp_ahead(packet.timestamp, last) <= 0):
            return None
        self._digit_timestamp = packet.timestamp
        return digit

    @property
    def packets(self) -> int:
        """How many packets were believed."""
        return self._received

    def report_block(self) -> bytes:
        """Return the block for our next report; empty while nothing was heard."""
        if self._ssrc is None:
            return b""
        expected = self._highest - self._base + 1
        expected_now, received_now = expected - self._expected_before, self._received - self._received_before
        self._expected_before, self._received_before = expected, self._received
        lost, jitter = expected_now - received_now, self._jitter_16 >> 4
        return build_report_block(self._ssrc, lost, expected_now, self._highest, jitter, self.last_report)

    def _begin(self, packet: RtpPacket) -> None:
        if packet.ssrc != self._ssrc:
            self._digit_timestamp = None
        self._ssrc = packet.ssrc
        self._base = self._highest = packet.sequence
        self._received = self._expected_before = self._received_before = self._jitter_16 = 0
