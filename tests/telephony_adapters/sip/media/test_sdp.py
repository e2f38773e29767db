"""What of a peer's description can be served, and what we say about ourselves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony_adapters.sip.media import MediaRefused
from telephony_adapters.sip.media.g711 import PCMA, PCMU
from telephony_adapters.sip.media.sdp import (
    Direction,
    LocalEnd,
    RemoteAudio,
    build_answer,
    build_offer,
    parse_remote,
)

LOCAL = LocalEnd("192.0.2.9", 10_000, 7, 1)
SESSION = "v=0\r\no=a 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"


def parsed(media: str, session: str = SESSION) -> RemoteAudio:
    return parse_remote((session + media).encode())


def test_the_first_codec_of_the_peer_that_we_have_is_taken() -> None:
    remote = parsed("m=audio 4000 RTP/AVP 18 8 0 96\r\na=rtpmap:96 telephone-event/8000\r\n")
    assert (remote.codec, remote.payload_type, remote.event_type) == (PCMA, 8, 96)
    assert (remote.host, remote.port, remote.rtcp_port) == ("192.0.2.1", 4000, 4001)


def test_g711_under_another_number_keeps_that_number() -> None:
    remote = parsed("m=audio 4000 RTP/AVP 100\r\na=rtpmap:100 pcmu/8000/1\r\n")
    assert (remote.codec, remote.payload_type) == (PCMU, 100)
    assert b"m=audio 10000 RTP/AVP 100\r\na=rtpmap:100 PCMU/8000\r\n" in build_answer(remote, LOCAL)


def test_wideband_events_are_not_ours() -> None:
    remote = parsed("m=audio 4000 RTP/AVP 0 102\r\na=rtpmap:102 telephone-event/48000\r\n")
    assert remote.event_type is None


def test_an_answer_has_as_many_streams_as_the_offer() -> None:
    remote = parsed(
        "m=video 5000 RTP/AVP 96 97\r\nm=audio 0 RTP/AVP 0\r\nm=audio 4000 RTP/AVP 0\r\na=rtcp-mux\r\n"
    )
    lines = [line for line in build_answer(remote, LOCAL).split(b"\r\n") if line.startswith(b"m=")]
    assert lines == [b"m=video 0 RTP/AVP 96 97", b"m=audio 0 RTP/AVP 0", b"m=audio 10000 RTP/AVP 0"]
    assert b"a=rtcp-mux" in build_answer(remote, LOCAL)
    assert remote.rtcp_port == 4000


@pytest.mark.parametrize(
    ("theirs", "ours", "listens"),
    [("sendrecv", "sendrecv", True), ("sendonly", "recvonly", False), ("recvonly", "sendonly", True),
     ("inactive", "inactive", False)],
)  # fmt: skip
def test_direction_is_mirrored(theirs: str, ours: str, listens: bool) -> None:
    remote = parsed(f"m=audio 4000 RTP/AVP 0\r\na={theirs}\r\n")
    assert f"a={ours}\r\n".encode() in build_answer(remote, LOCAL)
    assert remote.listens is listens


def test_a_direction_of_the_session_holds_unless_the_stream_says_otherwise() -> None:
    assert parsed("m=audio 4000 RTP/AVP 0\r\n", SESSION + "a=sendonly\r\n").direction is Direction.SENDONLY
    stream = parsed("m=audio 4000 RTP/AVP 0\r\na=sendrecv\r\n", SESSION + "a=sendonly\r\n")
    assert stream.direction is Direction.SENDRECV


def test_an_unspecified_address_is_hold_as_it_was_written_once() -> None:
    assert not parsed("m=audio 4000 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n").listens


def test_a_streams_own_address_and_rtcp_port_come_first() -> None:
    remote = parsed("m=audio 4000 RTP/AVP 0\r\nc=IN IP4 192.0.2.77\r\na=rtcp:4999 IN IP4 192.0.2.77\r\n")
    assert (remote.host, remote.rtcp_port) == ("192.0.2.77", 4999)


def test_version_6_addresses_are_taken_and_given() -> None:
    remote = parsed(
        "m=audio 4000 RTP/AVP 0\r\n", SESSION.replace("c=IN IP4 192.0.2.1", "c=IN IP6 2001:db8::1")
    )
    assert remote.host == "2001:db8::1"
    assert b"c=IN IP6 2001:db8::9\r\n" in build_answer(remote, LocalEnd("2001:db8::9", 10_000, 7, 1))


@pytest.mark.parametrize(
    ("sdp", "why"),
    [
        ("", "v=0"),
        ("v=1\r\n", "v=0"),
        (SESSION, "no audio"),
        (SESSION + "m=video 4000 RTP/AVP 96\r\n", "no audio"),
        (SESSION + "m=audio 0 RTP/AVP 0\r\n", "no audio"),
        (SESSION + "m=audio 4000 RTP/SAVP 0\r\n", "RTP/SAVP"),
        (SESSION + "m=audio 4000 UDP/TLS/RTP/SAVPF 0\r\n", "SAVPF"),
        (SESSION + "m=audio 4000 RTP/AVP 18 9\r\n", "18 9"),
        (SESSION + "m=audio 4000 RTP/AVP 0\r\na=rtpmap:0 G722/8000\r\n", "no G.711"),
        (SESSION + "m=audio 4000 RTP/AVP\r\n", "malformed m="),
        (SESSION + "m=audio 70000 RTP/AVP 0\r\n", "malformed m="),
        (SESSION + "m=audio ４０ RTP/AVP 0\r\n", "malformed m="),
        (SESSION.replace("c=IN IP4 192.0.2.1", "x=") + "m=audio 4000 RTP/AVP 0\r\n", "no c="),
        (SESSION.replace("c=IN IP4 192.0.2.1", "c=IN IP4 phone.example") + "m=audio 4000 RTP/AVP 0\r\n", "not an IP"),
        (SESSION.replace("c=IN IP4 192.0.2.1", "c=IN IP4 224.1.1.1") + "m=audio 4000 RTP/AVP 0\r\n", "one peer"),
        (SESSION + "c=IN IP4\r\nm=audio 4000 RTP/AVP 0\r\n", "malformed c="),
        (SESSION + "m=audio 4000 RTP/AVP 0\r\n" * 17, "more than 16"),
        (SESSION + "a=" + "x" * 20_000, "20"),
    ],
)  # fmt: skip
def test_what_cannot_be_served_is_488_and_says_why(sdp: str, why: str) -> None:
    with pytest.raises(MediaRefused, match="488") as refused:
        parse_remote(sdp.encode())
    assert why in refused.value.why


@given(st.binary(max_size=400))
def test_no_bytes_raise_anything_else(tail: bytes) -> None:
    for head in (b"", b"v=0\r\n", SESSION.encode() + b"m=audio 4000 RTP/AVP 0\r\n"):
        try:
            parse_remote(head + tail)
        except MediaRefused as refused:
            assert refused.status == 488


def test_our_own_offer_is_one_that_we_would_take() -> None:
    remote = parse_remote(build_offer(LOCAL))
    assert (remote.codec, remote.event_type, remote.port) == (PCMU, 101, 10_000)
