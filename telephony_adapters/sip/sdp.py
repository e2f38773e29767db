"""Session descriptions as a B2BUA touches them: passed on between two legs, never invented.

Each leg is a session of its own (RFC 8866 section 5.2), so the `o=` line is ours with a version that grows on
every change; direction is changed for holding (RFC 3264 section 8.4). Codecs, ports and addresses stay the
peers': media flows end to end. What the media room says itself is its own business (`media.sdp`).
"""

from __future__ import annotations

from typing import Final

from telephony_adapters.sip.errors import SipError

BYTES_MAX: Final = 16_384
DIRECTIONS: Final = ("sendrecv", "sendonly", "recvonly", "inactive")
_MIRROR: Final = {
    "sendrecv": "sendrecv",
    "sendonly": "recvonly",
    "recvonly": "sendonly",
    "inactive": "inactive",
}
_HOLDING: Final = frozenset({"sendonly", "inactive"})


def check_session(body: bytes) -> None:
    """Raise `SipError` unless `body` is a session description with at least one stream."""
    if len(body) > BYTES_MAX:
        raise SipError(413, f"a description of {len(body)} bytes, expected at most {BYTES_MAX}")
    lines = body.split(b"\n")
    if lines[0].strip() != b"v=0":
        raise SipError(400, "a description must begin with v=0")
    kinds = {line[:2] for line in lines}
    if b"o=" not in kinds or b"m=" not in kinds:
        raise SipError(488, "a description without o= or m=")


def with_origin(body: bytes, session_id: int, version: int) -> bytes:
    """Return the description as ours: `o=` with this id and version, the rest untouched but for line ends."""
    lines = _lines(body)
    address = next((line[2:].strip() for line in lines if line.startswith("c=")), "IN IP4 0.0.0.0")
    lines = [f"o=- {session_id} {version} {address}" if line.startswith("o=") else line for line in lines]
    return _joined(lines)


def direction_of(body: bytes) -> str:
    """Return the direction of the first live stream; an unspecified address counts as held (RFC 2543)."""
    session_level = "sendrecv"
    found = ""
    in_media = False
    unspecified = False
    for line in _lines(body):
        if line.startswith("m="):
            if in_media:
                break
            in_media = True
        elif line.startswith("c=") and line.split(" ")[-1].strip() in ("0.0.0.0", "::"):
            unspecified = True
        elif line.startswith("a=") and line[2:] in DIRECTIONS:
            if in_media:
                found = line[2:]
            else:
                session_level = line[2:]
    direction = found or session_level
    return "sendonly" if unspecified and direction == "sendrecv" else direction


def with_direction(body: bytes, direction: str) -> bytes:
    """Return the description with every stream in this direction."""
    result: list[str] = []
    for line in _lines(body):
        if line[:2] == "a=" and line[2:] in DIRECTIONS:
            continue
        if line.startswith("m=") and any(each.startswith("m=") for each in result):
            result.append(f"a={direction}")
        result.append(line)
    if any(line.startswith("m=") for line in result):
        result.append(f"a={direction}")
    return _joined(result)


def is_hold(body: bytes) -> bool:
    """Whether the writer does not want to hear the other side."""
    return direction_of(body) in _HOLDING


def mirrored(direction: str) -> str:
    """Return the direction that answers `direction` in full (RFC 3264 section 6.1)."""
    return _MIRROR[direction]


def same_media(one: bytes, other: bytes) -> bool:
    """Whether two descriptions differ in nothing but who wrote them and when."""
    return _media_lines(one) == _media_lines(other)


def endpoint_of(body: bytes) -> tuple[str, str, str]:
    """Return address, port and direction of the first stream: where the other side must send."""
    address = port = ""
    for line in _lines(body):
        if line.startswith("m="):
            if port:
                break
            port = line.split(" ")[1] if " " in line else ""
        elif line.startswith("c="):
            address = line[2:]
    return address, port, direction_of(body)


def padded(body: bytes, earlier: bytes) -> bytes:
    """Return the description with refused streams added, so that it has as many as `earlier` (RFC 3264 section 8)."""
    streams = [line for line in _lines(earlier) if line.startswith("m=")]
    own = sum(1 for line in _lines(body) if line.startswith("m="))
    if own >= len(streams):
        return body
    lines = _lines(body)
    for line in streams[own:]:
        words = line.split(" ")
        lines.append(" ".join([words[0], "0", *words[2:]]))
    return _joined(lines)


def _media_lines(body: bytes) -> list[str]:
    return [line for line in _lines(body) if line[:2] not in ("o=", "s=", "t=")]


def _lines(body: bytes) -> list[str]:
    text = body.decode("utf-8", errors="replace")
    return [line for line in (each.rstrip("\r") for each in text.split("\n")) if line]


def _joined(lines: list[str]) -> bytes:
    return ("\r\n".join(lines) + "\r\n").encode("utf-8")
