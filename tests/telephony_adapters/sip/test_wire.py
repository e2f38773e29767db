"""The parser: RFC 4475, hostile bytes, any cut of a stream, and two other parsers as second opinion."""

from __future__ import annotations

import csv
import re
import time
from pathlib import Path

import aiosipua
import pytest
import sipmessage
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony_adapters.sip.errors import SipError
from telephony_adapters.sip.message import SipRequest, SipResponse, build_response, parse_via
from telephony_adapters.sip.uri import parse_address, parse_uri
from telephony_adapters.sip.wire import Framer, Malformed, parse_message, serialize

CORPUS = Path(__file__).parents[4] / "shared" / "data" / "rfc4475"
needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"the RFC 4475 messages are not in {CORPUS}")
INVITE = (
    b"INVITE sip:4001@192.0.2.1 SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bK776asdhds;rport\r\n"
    b"Max-Forwards: 70\r\n"
    b'From: "Bob" <sip:bob@192.0.2.2>;tag=1928301774\r\n'
    b"To: <sip:4001@192.0.2.1>\r\n"
    b"Call-ID: a84b4c76e66710@192.0.2.2\r\n"
    b"CSeq: 314159 INVITE\r\n"
    b"Contact: <sip:bob@192.0.2.2:5060>\r\n"
    b"Content-Type: application/sdp\r\n"
    b"Content-Length: 4\r\n\r\nv=0\n"
)


def rows() -> list[dict[str, str]]:
    """The corpus and what each message must become."""
    if not CORPUS.is_dir():
        return []
    with (CORPUS / "expected.csv").open() as file:
        return list(csv.DictReader(file))


def outcome_of(data: bytes) -> str:
    """What the parser makes of a message: `parsed`, the status of the answer, or `dropped`."""
    try:
        parse_message(data)
    except Malformed as error:
        return str(error.status)
    except SipError:
        return "dropped"
    return "parsed"


# Decided by somebody above the parser (registrar, endpoint), or liberal on purpose: the parser takes them.
LIBERAL = {"regbadct.dat", "baddn.dat"}
OTHER = {"novelsc.dat": "416", "multi01.dat": "400", "bcast.dat": "dropped", "badinv01.dat": "dropped"}


@needs_corpus
@pytest.mark.parametrize("row", rows(), ids=lambda row: row["file"])
def test_every_torture_message_becomes_what_the_rfc_says(row: dict[str, str]) -> None:
    name = row["file"]
    outcome = outcome_of((CORPUS / name).read_bytes())
    if name in OTHER:
        assert outcome == OTHER[name]
    elif row["class"] == "invalid" and name not in LIBERAL:
        assert outcome == ("dropped" if name == "scalarlg.dat" else "400")
    else:
        assert outcome == "parsed"


@needs_corpus
def test_what_was_parsed_says_the_same_after_it_was_written_and_read_again() -> None:
    written = 0
    for row in rows():
        data = (CORPUS / row["file"]).read_bytes()
        if outcome_of(data) != "parsed":
            continue
        first = parse_message(data)
        second = parse_message(serialize(first))
        first.headers.pop("Content-Length", None)
        second.headers.pop("Content-Length")
        assert second.headers == first.headers, row["file"]
        assert second.body == first.body, row["file"]
        written += 1
    assert written == 17


@needs_corpus
def test_details_of_the_torture_messages() -> None:
    esc01 = parse_message((CORPUS / "esc01.dat").read_bytes())
    assert isinstance(esc01, SipRequest)
    assert parse_uri(esc01.uri).user_text == "sips:user@example.com"
    assert esc01.to.uri.user_text == "user"
    escnull = parse_message((CORPUS / "escnull.dat").read_bytes())
    assert escnull.to.uri.user_text == "null-\0-null"
    assert escnull.items("Contact") == ["<sip:%00@host5.example.com>", "<sip:%00%00@host5.example.com>"]
    longreq = parse_message((CORPUS / "longreq.dat").read_bytes())
    assert len(longreq.items("Via")) == 34
    transports = parse_message((CORPUS / "transports.dat").read_bytes())
    assert [parse_via(value).transport for value in transports.items("Via")] == [
        "UDP", "SCTP", "TLS", "UNKNOWN", "TCP",
    ]  # fmt: skip
    unreason = parse_message((CORPUS / "unreason.dat").read_bytes())
    assert isinstance(unreason, SipResponse)
    assert unreason.reason.startswith("= 2**3 * 5**2 но")
    dblreq = parse_message((CORPUS / "dblreq.dat").read_bytes())
    assert dblreq.body == b""
    cparam = parse_message((CORPUS / "cparam01.dat").read_bytes())
    assert parse_address(cparam.items("Contact")[0]).parameters == {"unknownparam": None}


def test_compact_names_folds_and_blanks_are_read_as_written_in_full() -> None:
    data = INVITE.replace(b"Via:", b"v :").replace(b"From:", b"f  :").replace(b"Call-ID:", b"I:")
    data = data.replace(b"Content-Length: 4", b"l:\r\n  4").replace(b"To: <sip", b"t:\r\n\t<sip")
    assert parse_message(data).headers == parse_message(INVITE).headers


def test_latin_1_is_read_where_it_is_not_utf_8() -> None:
    assert parse_message(INVITE.replace(b"Bob", b"J\xf6rg")).from_.display_name == "Jörg"
    assert parse_message(INVITE.replace(b"Bob", "张伟".encode())).from_.display_name == "张伟"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b"CSeq: 314159 INVITE\r\n", b"", "400"),
        (b"CSeq: 314159", b"CSeq: 2147483648", "400"),
        (b"CSeq: 314159", b"CSeq: -1", "400"),
        (b"Max-Forwards: 70", b"Max-Forwards: 70000", "400"),
        (b"Max-Forwards: 70", b"Max-Forwards: -1", "400"),
        (b"tag=1928301774", b"tag=", "400"),
        (b"SIP/2.0\r\nVia", b"SIP/7.0\r\nVia", "505"),
        (b"SIP/2.0\r\nVia", b"sip/2.0\r\nVia", "parsed"),
        (b"sip:4001@192.0.2.1 SIP", b"sip:4001@192.0.2.1:99999 SIP", "400"),
        (b"sip:4001@192.0.2.1 SIP", b"tel:+8613800138000 SIP", "parsed"),
        (b"sip:4001@192.0.2.1 SIP", b"http://192.0.2.1 SIP", "416"),
        (b"Content-Length: 4", b"Content-Length: 5", "400"),
        (b"Content-Length: 4", b"Content-Length: 0x4", "400"),
        (b"Content-Length: 4", b"Content-Length: 4\r\nContent-Length: 3", "400"),
        (b"Max-Forwards: 70\r\n", b"Max-Forwards: 70\r\nno colon here\r\n", "400"),
        (b"Max-Forwards: 70\r\n", b"Max-Forwards: 70\r\nBad Name: x\r\n", "400"),
        (b"Max-Forwards: 70\r\n", b"Max-Forwards: 70\r\nX: a\rb\r\n", "400"),
        (b"Max-Forwards: 70\r\n", b"X: y\r\n" * 300, "dropped"),
        (b"Max-Forwards: 70\r\n", b"X: " + b"y" * 9000 + b"\r\n", "400"),
        (b"\r\n\r\nv=0\n", b"", "dropped"),
        (b"Via: SIP/2.0/UDP 192.0.2.2:5060", b"Via: SIP/2.0/UDP 192.0.2.2:0", "dropped"),
        (b"Via: SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bK776asdhds;rport\r\n", b"", "dropped"),
    ],
)
def test_what_is_wrong_is_answered_or_dropped(old: bytes, new: bytes, expected: str) -> None:
    assert old in INVITE
    assert outcome_of(INVITE.replace(old, new, 1)) == expected


@pytest.mark.parametrize("data", [b"", b"\r\n\r\n", b"\0" * 200, b"GET / HTTP/1.1\r\n\r\n", b"x" * 70_000])
def test_noise_is_dropped(data: bytes) -> None:
    assert outcome_of(data) == "dropped"


def test_an_answer_to_a_wrong_request_can_be_built() -> None:
    with pytest.raises(Malformed) as raised:
        parse_message(INVITE.replace(b"CSeq: 314159 INVITE", b"CSeq: x INVITE"))
    response = build_response(raised.value.request, 400)
    assert response.headers["Via"] == parse_message(INVITE).headers["Via"]


def test_line_ends_in_what_we_say_never_end_a_line() -> None:
    request = parse_message(INVITE)
    assert isinstance(request, SipRequest)
    wire = serialize(build_response(request, 182, reason="Queued\r\nX-Evil: 1"))
    assert b"\r\nX-Evil" not in wire
    assert str(parse_address('"a\\"b" <sip:x@192.0.2.1>')) == '"a\\"b" <sip:x@192.0.2.1>'
    address = parse_address("<sip:x@192.0.2.1>")
    evil = type(address)(address.uri, 'x"\r\nX-Evil: 1\r\n')
    assert "\r" not in str(evil) and "\n" not in str(evil)


@pytest.mark.parametrize("step", [1, 2, 3, 7, 100, 5000])
def test_a_stream_may_be_cut_anywhere(step: int) -> None:
    framer = Framer()
    stream = b"\r\n\r\n" + INVITE + b"\r\n" + INVITE.replace(b"4001", b"4002")
    frames: list[bytes] = []
    for start in range(0, len(stream), step):
        frames += framer.feed(stream[start : start + step])
    assert frames == [INVITE, INVITE.replace(b"4001", b"4002")]
    assert framer.pings == 1


@pytest.mark.parametrize(
    "data",
    [
        INVITE.replace(b"Content-Length: 4\r\n", b""),
        INVITE.replace(b"Content-Length: 4", b"Content-Length: 99999999"),
        INVITE.replace(b"Content-Length: 4", b"Content-Length: -4"),
        b"x" * 40_000,
    ],
)
def test_a_stream_that_cannot_be_cut_is_given_up(data: bytes) -> None:
    with pytest.raises(SipError):
        Framer().feed(data)


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=600))
def test_any_bytes_are_parsed_or_refused(data: bytes) -> None:
    outcome_of(data)


@settings(max_examples=600, deadline=None)
@given(st.integers(0, len(INVITE) - 1), st.integers(0, 40), st.binary(max_size=12))
def test_any_damage_to_a_message_is_parsed_or_refused(at: int, cut: int, new: bytes) -> None:
    data = INVITE[:at] + new + INVITE[at + cut :]
    try:
        message = parse_message(data)
    except SipError:
        return
    assert parse_message(serialize(message)).headers.keys() >= {"Via", "From", "To", "Call-ID", "CSeq"}


@pytest.mark.parametrize(
    "value",
    [
        '"' + '\\"' * 4000 + '" <sip:x@192.0.2.1>',
        "<sip:x@192.0.2.1>" + ";a=b" * 2000,
        "<sip:x@192.0.2.1>" + ";" * 8000,
        " " * 8000 + "<",
        "a " * 4000 + "<",
        "sip:" + "a" * 8000 + "%",
        "sip:" + "a:" * 4000,
        "<sip:x@192.0.2.1>;a=" + '"' + "\\" * 8000,
        "sip:x@" + "a." * 4000,
        ";" + " " * 8000,
    ],
)
def test_no_value_takes_long(value: str) -> None:
    started = time.process_time()
    for parse in (parse_address, parse_uri, parse_via):
        try:
            parse(value)
        except SipError:
            continue
    assert time.process_time() - started < 0.25


USERS = st.from_regex(r"\A[a-zA-Z0-9_.!~*'()&=+$,-]{1,12}\Z")
HOSTS = st.sampled_from(["192.0.2.1", "example.com", "a-b.example", "[2001:db8::1]"])
TOKENS = st.from_regex(r"\A[a-z0-9]{1,10}\Z")


@settings(max_examples=300, deadline=None)
@given(USERS, HOSTS, st.one_of(st.none(), st.integers(1, 65535)), TOKENS, st.text('ab çö张"\\', max_size=8))
def test_addresses_mean_the_same_to_sipmessage(
    user: str, host: str, port: int | None, tag: str, name: str
) -> None:
    uri = f"sip:{user}@{host}{'' if port is None else f':{port}'};transport=udp"
    shown = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '" ' if name else ""
    ours = parse_address(f"{shown}<{uri}>;tag={tag}")
    theirs = sipmessage.Address.parse(f"{shown}<{uri}>;tag={tag}")
    assert (ours.uri.user, ours.uri.port, ours.tag) == (
        theirs.uri.user,
        theirs.uri.port,
        theirs.parameters.get("tag"),
    )
    assert ours.uri.host == theirs.uri.host.strip("[]")
    assert ours.display_name.split() == (theirs.name or "").split()  # it joins blanks inside the quotes
    assert parse_address(str(ours)) == ours


@settings(max_examples=200, deadline=None)
@given(
    TOKENS,
    TOKENS,
    st.integers(1, 2**31 - 1),
    st.sampled_from(["OPTIONS", "BYE", "INFO", "INVITE"]),
    st.binary(max_size=40),
)
def test_whole_messages_mean_the_same_to_aiosipua(
    branch: str, tag: str, number: int, method: str, body: bytes
) -> None:
    if re.search(rb"[^\x20-\x7e]", body):
        body = b""
    data = serialize(
        SipRequest(
            method,
            "sip:4001@192.0.2.1",
            {
                "Via": [f"SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bK{branch}"],
                "From": [f"<sip:a@192.0.2.2>;tag={tag}"],
                "To": ["<sip:4001@192.0.2.1>"],
                "Call-ID": [f"{branch}@x"],
                "CSeq": [f"{number} {method}"],
                "Max-Forwards": ["70"],
            },
            body,
        )
    )
    ours, theirs = parse_message(data), aiosipua.SipMessage.parse(data.decode())
    assert isinstance(ours, SipRequest)
    assert (ours.method, ours.uri) == (theirs.method, theirs.uri)
    assert ours.call_id == theirs.call_id
    assert ours.from_.tag == theirs.from_addr.tag
    assert ours.cseq == (theirs.cseq.seq, theirs.cseq.method)
    assert ours.body == theirs.body
