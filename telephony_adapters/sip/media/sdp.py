"""Session descriptions as far as a treatment needs them: one audio stream, G.711, telephone events.

`parse_remote` reads a peer's offer or answer and says what can be used of it; `build_answer` and `build_offer`
write ours. What cannot be served (no audio, no G.711, encryption, a name instead of an address) is
`MediaRefused(488)` with the reason. Pure: no sockets.

Source: RFC 8866 (syntax), RFC 3264 (offer and answer), RFC 3551 section 6 (static types), RFC 5761 (one port).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from telephony_adapters.sip.media.errors import MediaRefused
from telephony_adapters.sip.media.g711 import PCMA, PCMU

BYTES_MAX: Final = 16_384
STREAMS_MAX: Final = 16
_CODECS: Final = {"PCMU/8000": PCMU, "PCMA/8000": PCMA}
_PLAIN: Final = frozenset({"RTP/AVP", "RTP/AVPF"})
_OWN_EVENT_TYPE: Final = 101
_FORMATS_MAX: Final = 64


class Direction(StrEnum):
    """Who sends, seen from the one who wrote the description."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"


_DIRECTIONS: Final = frozenset(str(each) for each in Direction)
_MIRROR: Final = {
    Direction.SENDRECV: Direction.SENDRECV,
    Direction.SENDONLY: Direction.RECVONLY,
    Direction.RECVONLY: Direction.SENDONLY,
    Direction.INACTIVE: Direction.INACTIVE,
}


@dataclass(frozen=True, slots=True)
class StreamLine:
    """One `m=` line of the peer: our answer must have as many, in the same order. RFC 3264 section 6."""

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RemoteAudio:
    """What a peer's description lets us do."""

    host: str
    port: int
    rtcp_port: int
    codec: int
    """PCMU or PCMA: how samples are written."""
    payload_type: int
    """The number that this codec bears in this session."""
    event_type: int | None
    """The number of telephone events, None if the peer has none."""
    direction: Direction
    rtcp_mux: bool
    index: int
    """Which of `streams` this is."""
    streams: tuple[StreamLine, ...]

    @property
    def listens(self) -> bool:
        """Whether the peer wants to hear us."""
        return self.direction in (Direction.SENDRECV, Direction.RECVONLY) and self.port > 0


@dataclass(frozen=True, slots=True)
class LocalEnd:
    """Where and as whom we describe ourselves. Each new description of one leg must raise `version`."""

    host: str
    port: int
    session_id: int
    version: int


@dataclass(slots=True)
class _Section:
    stream: StreamLine
    host: str | None = None
    attributes: list[str] = field(default_factory=list)


def parse_remote(sdp: bytes) -> RemoteAudio:
    """Return the first stream of the peer that we can serve.

    Raises:
        MediaRefused: Status 488; `why` names what was found.
    """
    session_host, session_attributes, sections = _split(sdp)
    why = "no audio stream"
    for index, section in enumerate(sections):
        if section.stream.kind != "audio" or section.stream.port == 0:
            continue
        if section.stream.protocol.upper() not in _PLAIN:
            why = f"audio over {section.stream.protocol}, expected RTP/AVP"
            continue
        codec = _choose_codec(section)
        if codec is None:
            why = f"no G.711 among the formats {' '.join(section.stream.formats)}"
            continue
        host = _checked_host(section.host or session_host)
        streams = tuple(each.stream for each in sections)
        return _remote_audio(section, host, codec, session_attributes, index, streams)
    raise MediaRefused(488, why)


def build_answer(remote: RemoteAudio, local: LocalEnd) -> bytes:
    """Return our answer to an offer: its chosen stream taken, all others refused with port 0."""
    lines = _session_lines(local)
    for index, stream in enumerate(remote.streams):
        if index == remote.index:
            lines += _audio_lines(
                local.port,
                stream.protocol,
                ((remote.payload_type, remote.codec),),
                remote.event_type,
                _MIRROR[remote.direction],
            )
            if remote.rtcp_mux:
                lines.append("a=rtcp-mux")
        else:
            lines.append(f"m={stream.kind} 0 {stream.protocol} {' '.join(stream.formats) or '0'}")
    return _joined(lines)


def build_offer(local: LocalEnd) -> bytes:
    """Return our own offer: both laws and telephone events."""
    codecs = ((PCMU, PCMU), (PCMA, PCMA))
    return _joined(
        _session_lines(local)
        + _audio_lines(local.port, "RTP/AVP", codecs, _OWN_EVENT_TYPE, Direction.SENDRECV)
    )


def _split(sdp: bytes) -> tuple[str | None, list[str], list[_Section]]:
    if len(sdp) > BYTES_MAX:
        raise MediaRefused(488, f"description of {len(sdp)} bytes, expected at most {BYTES_MAX}")
    session_host: str | None = None
    session_attributes: list[str] = []
    sections: list[_Section] = []
    for kind, value in _lines(sdp):
        if kind == "m":
            sections.append(_Section(_parse_stream(value)))
            if len(sections) > STREAMS_MAX:
                raise MediaRefused(488, f"more than {STREAMS_MAX} streams")
        elif kind == "c":
            host = _connection_host(value)
            if sections:
                sections[-1].host = sections[-1].host or host
            else:
                session_host = host
        elif kind == "a":
            (sections[-1].attributes if sections else session_attributes).append(value)
    return session_host, session_attributes, sections


def _lines(sdp: bytes) -> Iterator[tuple[str, str]]:
    text = sdp.decode("utf-8", errors="replace").replace("\r\n", "\n").strip("\n")
    if not text.startswith("v=0"):
        raise MediaRefused(488, "a description must begin with v=0")
    for line in text.split("\n"):
        kind, equals, value = line.partition("=")
        if equals and len(kind) == 1:
            yield kind, value.strip()


def _parse_stream(value: str) -> StreamLine:
    words = value.split()
    port = words[1].partition("/")[0] if len(words) >= 4 else ""
    if not port.isascii() or not port.isdigit() or int(port) > 65_535 or len(words) > _FORMATS_MAX:
        raise MediaRefused(488, f"malformed m= line {value[:80]!r}")
    return StreamLine(words[0], int(port), words[2], tuple(words[3:]))


def _connection_host(value: str) -> str:
    words = value.split()
    if len(words) != 3 or words[0] != "IN":
        raise MediaRefused(488, f"malformed c= line {value[:80]!r}")
    return words[2].partition("/")[0]


def _checked_host(host: str | None) -> str:
    if host is None:
        raise MediaRefused(488, "no c= line")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise MediaRefused(488, f"connection address {host[:80]!r} is not an IP address") from None
    if address.is_multicast or host == "255.255.255.255":
        raise MediaRefused(488, f"connection address {host} is not one peer's")
    return str(address)


def _rtpmaps(section: _Section) -> dict[str, str]:
    names = {"0": "PCMU/8000", "8": "PCMA/8000"}
    for attribute in section.attributes:
        key, _, value = attribute.partition(":")
        if key == "rtpmap":
            number, _, encoding = value.partition(" ")
            names[number] = "/".join(encoding.strip().upper().split("/")[:2])
    return names


def _choose_codec(section: _Section) -> tuple[int, int, int | None] | None:
    names = _rtpmaps(section)
    event_type: int | None = None
    chosen: tuple[int, int] | None = None
    for number in section.stream.formats:
        if not number.isascii() or not number.isdigit() or int(number) > 127:
            continue
        name = names.get(number, "")
        if chosen is None and name in _CODECS:
            chosen = (_CODECS[name], int(number))
        elif event_type is None and name == "TELEPHONE-EVENT/8000":
            event_type = int(number)
    return (*chosen, event_type) if chosen else None


def _remote_audio(
    section: _Section,
    host: str,
    codec: tuple[int, int, int | None],
    session_attributes: list[str],
    index: int,
    streams: tuple[StreamLine, ...],
) -> RemoteAudio:
    direction, rtcp_port, mux = Direction.SENDRECV, section.stream.port + 1, False
    for attribute in (*session_attributes, *section.attributes):
        key, _, value = attribute.partition(":")
        number = value.split(" ")[0]
        if attribute in _DIRECTIONS:
            direction = Direction(attribute)
        elif key == "rtcp" and number.isascii() and number.isdigit():
            rtcp_port = min(int(number), 65_535)
        elif attribute == "rtcp-mux":
            mux = True
    if ipaddress.ip_address(host).is_unspecified:
        # Hold as RFC 2543 wrote it: an address that nobody can hear at.
        direction = Direction.SENDONLY if direction is Direction.SENDRECV else Direction.INACTIVE
    return RemoteAudio(
        host=host,
        port=section.stream.port,
        rtcp_port=section.stream.port if mux else min(rtcp_port, 65_535),
        codec=codec[0],
        payload_type=codec[1],
        event_type=codec[2],
        direction=direction,
        rtcp_mux=mux,
        index=index,
        streams=streams,
    )


def _session_lines(local: LocalEnd) -> list[str]:
    family = "IP6" if ":" in local.host else "IP4"
    return [
        "v=0",
        f"o=- {local.session_id} {local.version} IN {family} {local.host}",
        "s=-",
        f"c=IN {family} {local.host}",
        "t=0 0",
    ]


def _audio_lines(
    port: int,
    protocol: str,
    codecs: tuple[tuple[int, int], ...],
    event_type: int | None,
    direction: Direction,
) -> list[str]:
    numbers = [str(number) for number, _ in codecs] + ([] if event_type is None else [str(event_type)])
    lines = [f"m=audio {port} {protocol} {' '.join(numbers)}"]
    lines += [f"a=rtpmap:{number} {'PCMU' if codec == PCMU else 'PCMA'}/8000" for number, codec in codecs]
    if event_type is not None:
        lines += [f"a=rtpmap:{event_type} telephone-event/8000", f"a=fmtp:{event_type} 0-15"]
    return [*lines, "a=ptime:20", f"a={direction}"]


def _joined(lines: list[str]) -> bytes:
    return ("\r\n".join(lines) + "\r\n").encode("ascii", errors="replace")
