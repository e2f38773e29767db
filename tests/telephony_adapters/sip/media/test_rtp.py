"""RTP and RTCP on the wire, and the counts that are made of them."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from telephony_adapters.sip.media.reception import Reception
from telephony_adapters.sip.media.rtp import (
    RtpPacket,
    SenderState,
    build_digit_payloads,
    build_goodbye,
    build_report,
    build_report_block,
    parse_digit,
    parse_rtcp,
    parse_rtp,
    timestamp_ahead,
)


def packet(sequence: int, timestamp: int, ssrc: int = 7, kind: int = 0, payload: bytes = b"") -> RtpPacket:
    return RtpPacket(kind, False, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc, payload)


def test_a_packet_with_everything_in_it_loses_all_but_its_payload() -> None:
    head = struct.pack("!BBHII", 0x80 | 0x20 | 0x10 | 2, 0x80 | 101, 5, 6, 7)
    data = head + b"c" * 8 + struct.pack("!HH", 0xBEDE, 1) + b"extn" + b"voice" + b"\0\0\3"
    assert parse_rtp(data) == RtpPacket(101, True, 5, 6, 7, b"voice")


@given(st.binary(max_size=80))
def test_no_bytes_raise(data: bytes) -> None:
    parse_rtp(data)
    parse_rtp(b"\xbf" + data)
    parse_rtcp(data, 7)
    parse_rtcp(b"\x81\xc8" + data, 7)
    parse_digit(data)


def test_timestamps_are_compared_over_the_wrap() -> None:
    assert timestamp_ahead(5, 0xFFFFFFFB) == 10
    assert timestamp_ahead(0xFFFFFFFB, 5) == -10


def test_a_key_press_has_one_code_growing_duration_and_three_ends() -> None:
    payloads = build_digit_payloads("#", 2)
    assert [struct.unpack("!BBH", each) for each in payloads] == [
        (11, 10, 160), (11, 10, 320), (11, 0x8A, 480), (11, 0x8A, 480), (11, 0x8A, 480),
    ]  # fmt: skip
    assert {parse_digit(each) for each in payloads} == {"#"}
    assert parse_digit(struct.pack("!BBH", 16, 0, 0)) is None, "a hook flash is no key"


def test_a_report_says_what_was_heard_and_is_read_back() -> None:
    block = build_report_block(ssrc=99, lost=5, expected=20, highest=70_000, jitter=80, last_report=0xABCD)
    data = build_report(SenderState(7, 0x1122334455667788, 1600, 10, 1600), block, "acd@192.0.2.9")
    report = parse_rtcp(data, 99)
    assert report is not None and report.last_report == 0x33445566
    assert report.reception is not None
    assert (
        report.reception.fraction_lost_256,
        report.reception.packets_lost,
        report.reception.jitter_ms,
    ) == (64, 5, 10)
    assert len(data) % 4 == 0


def test_a_report_before_anything_was_sent_is_a_receiver_report() -> None:
    data = build_report(SenderState(7, 0, 0, 0, 0), b"", "a")
    assert data[1] == 201
    assert parse_rtcp(data, 99) is not None


def test_goodbye_is_understood() -> None:
    report = parse_rtcp(build_goodbye(7), 99)
    assert report is not None and report.goodbye


def test_loss_is_counted_over_the_wrap_and_late_packets_are_no_loss() -> None:
    reception = Reception()
    for sequence in (65_534, 65_535, 0, 2, 1, 3, 6):
        reception.count(packet(sequence, sequence * 160), sequence * 160)
    _, lost, highest, *_ = struct.unpack("!IIIIII", reception.report_block())
    assert lost & 0xFFFFFF == 2, "4 and 5 are missing"
    assert highest & 0xFFFF == 6 and highest >> 16 == 1
    for sequence in range(7, 17):
        reception.count(packet(sequence, sequence * 160), sequence * 160)
    assert struct.unpack("!IIIIII", reception.report_block())[1] == 0, "a report tells what is new"


def test_a_new_source_begins_anew() -> None:
    reception = Reception()
    reception.count(packet(1, 160), 160)
    reception.count(packet(40_000, 99_000, ssrc=8), 320)
    assert struct.unpack("!IIIIII", reception.report_block())[:3] == (8, 0, 40_000)


def test_jitter_grows_with_uneven_arrival_only() -> None:
    even, uneven = Reception(), Reception()
    for at in range(200):
        even.count(packet(at, at * 160), at * 160 + 5000)
        uneven.count(packet(at, at * 160), at * 160 + (at % 2) * 80)
    assert struct.unpack("!IIIIII", even.report_block())[3] == 0
    assert 70 <= struct.unpack("!IIIIII", uneven.report_block())[3] <= 80


def test_a_key_is_told_once_even_if_packets_are_lost_late_or_repeated() -> None:
    reception = Reception()
    one, two = build_digit_payloads("1", 3), build_digit_payloads("2", 3)
    heard = [reception.digit_of(packet(0, 1000, payload=one[at])) for at in (1, 2, 2, 4)]
    heard += [reception.digit_of(packet(0, 4000, payload=payload)) for payload in two]
    heard += [reception.digit_of(packet(0, 1000, payload=one[5]))]
    assert [digit for digit in heard if digit] == ["1", "2"]
