"""Bytes to SIP messages and back (RFC 3261 section 7), written from the specification.

Pure: never heard of a socket. Every limit stands here; whatever a peer sends becomes a message or a
`SipError` that says what to answer. A request that is wrong but whose answerable headers were found comes
with the error as `Malformed.request`, so that it can be told 400. `Framer` cuts a stream (TCP, TLS).
"""

from __future__ import annotations

import re
from typing import Final

from telephony_adapters.sip.errors import SipError
from telephony_adapters.sip.message import (
    Headers,
    SipRequest,
    SipResponse,
    canonical,
    one_line,
    parse_number,
    parse_via,
)
from telephony_adapters.sip.uri import parse_uri, split_list

MESSAGE_BYTES_MAX: Final = 65_535
HEAD_BYTES_MAX: Final = 32_768
LINE_CHARS_MAX: Final = 8_192
HEADERS_MAX: Final = 256
SEEN_NAMES_MAX: Final = 500
_SEEN_NAMES: Final[dict[str, str]] = {}
"""A cache of pure answers; strangers can fill it, no more."""
_TOKEN: Final = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+", re.ASCII)
_REQUEST_LINE: Final = re.compile(
    r"([A-Za-z0-9\-.!%*_+`'~]{1,64}) (\S+) SIP/(\d+\.\d+)", re.ASCII | re.IGNORECASE
)
_STATUS_LINE: Final = re.compile(r"SIP/2\.0 ([1-6][0-9]{2}) ?(.*)", re.ASCII | re.IGNORECASE | re.DOTALL)
_FOLD: Final = re.compile(r"[ \t]*\r\n[ \t]+")
_SINGLE: Final = (
    "From",
    "To",
    "Call-ID",
    "CSeq",
    "Max-Forwards",
    "Content-Length",
    "Content-Type",
    "Expires",
)
_MANDATORY: Final = ("Via", "From", "To", "Call-ID", "CSeq")


class Malformed(SipError):
    """A request that is wrong, but of which enough was read to answer it."""

    def __init__(self, error: SipError, request: SipRequest) -> None:
        super().__init__(error.status, error.why, error.headers)
        self.request = request


def parse_message(data: bytes) -> SipRequest | SipResponse:
    """Return the message in one datagram; bytes beyond Content-Length are ignored (section 18.3).

    Raises:
        Malformed: A wrong request that can be answered.
        SipError: Anything else that is wrong; nothing is to be answered.
    """
    if len(data) > MESSAGE_BYTES_MAX:
        raise SipError(513, f"{len(data)} bytes, expected at most {MESSAGE_BYTES_MAX}")
    data = data.lstrip(b"\r\n")
    end = data.find(b"\r\n\r\n", 0, HEAD_BYTES_MAX + 4)
    if end < 0:
        raise SipError(400, "no empty line after the headers")
    text = _decode(data[:end])
    if "\r\n " in text or "\r\n\t" in text:
        text = _FOLD.sub(" ", text)
    lines = text.split("\r\n")
    status_line = _STATUS_LINE.fullmatch(lines[0])
    if status_line is not None:
        headers = _parse_headers(lines)
        response = SipResponse(int(status_line[1]), status_line[2], headers)
        _check_response(response)
        response.body = _cut_body(headers, data[end + 4 :])
        return response
    return _parse_request(lines, data[end + 4 :])


def serialize(message: SipRequest | SipResponse) -> bytes:
    """Return the bytes of a message; Content-Length is ours."""
    if isinstance(message, SipRequest):
        lines = [f"{message.method} {message.uri} SIP/2.0"]
    else:
        lines = [f"SIP/2.0 {message.status} {one_line(message.reason)}"]
    for name, values in message.headers.items():
        if name != "Content-Length":
            for value in values:
                lines.append(f"{name}: {value}")
    lines.append(f"Content-Length: {len(message.body)}\r\n\r\n")
    head = "\r\n".join(lines)
    return head.encode("utf-8", errors="replace") + message.body


class Framer:
    """Cuts a byte stream into messages. Feed any cut; an error means the stream must be closed.

    Empty lines between messages are keep-alives (RFC 5626 section 4.4.1): a double one is counted in `pings`.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._expected: int | None = None
        self.pings = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Return the complete messages, as bytes for `parse_message`.

        Raises:
            SipError: The frame has no end, no length, or is too large.
        """
        self._buffer += data
        frames: list[bytes] = []
        while (frame := self._next_frame()) is not None:
            frames.append(frame)
        if len(self._buffer) > HEAD_BYTES_MAX + MESSAGE_BYTES_MAX:
            raise SipError(513, "a frame that is too large")
        return frames

    def _next_frame(self) -> bytes | None:
        if self._expected is None and not self._find_length():
            return None
        assert self._expected is not None, "a length was just found"
        if len(self._buffer) < self._expected:
            return None
        frame = bytes(self._buffer[: self._expected])
        del self._buffer[: self._expected]
        self._expected = None
        return frame

    def _find_length(self) -> bool:
        while self._buffer.startswith(b"\r\n"):
            if self._buffer.startswith(b"\r\n\r\n"):
                self.pings += 1
                del self._buffer[:4]
            elif len(self._buffer) < 4:
                return False
            else:
                del self._buffer[:2]
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > HEAD_BYTES_MAX:
                raise SipError(513, f"headers of more than {HEAD_BYTES_MAX} bytes")
            return False
        lines = _FOLD.sub(" ", _decode(bytes(self._buffer[:end]))).split("\r\n")
        lengths = _parse_headers(lines).get("Content-Length")
        if not lengths:
            raise SipError(400, "no Content-Length on a stream")
        self._expected = end + 4 + parse_number(lengths[0], "Content-Length", MESSAGE_BYTES_MAX)
        return True


def _decode(head: bytes) -> str:
    try:
        return head.decode("utf-8")
    except UnicodeDecodeError:
        return head.decode("latin-1")


def _parse_request(lines: list[str], rest: bytes) -> SipRequest:
    words = lines[0].split(" ", 1)
    if not _TOKEN.fullmatch(words[0]) or "SIP/" not in lines[0].upper():
        raise SipError(400, "neither a request nor a response")
    tolerant: list[SipError] = []
    headers = _parse_headers(lines, tolerant)
    match = _REQUEST_LINE.fullmatch(lines[0])
    request = SipRequest(words[0], match[2] if match else "", headers)
    _check_answerable(request)
    try:
        if tolerant:
            raise tolerant[0]
        if match is None:
            raise SipError(400, "malformed request line")
        if match[3] != "2.0":
            raise SipError(505, f"version {match[3]}, expected 2.0")
        _check_request(request)
        request.body = _cut_body(headers, rest)
    except SipError as error:
        raise Malformed(error, request) from None
    return request


def _parse_headers(lines: list[str], errors: list[SipError] | None = None) -> Headers:
    """Return the headers; with `errors`, a wrong line is noted there and passed over, so that we can answer."""
    if len(lines) > HEADERS_MAX + 1:
        raise SipError(400, f"{len(lines) - 1} header lines, expected at most {HEADERS_MAX}")
    headers: Headers = {}
    for index in range(1, len(lines)):
        line = lines[index]
        name, colon, value = line.partition(":")
        full = _SEEN_NAMES.get(name) or _full_name(name.rstrip(" \t"))
        if not colon or full is None or len(line) > LINE_CHARS_MAX or "\r" in line or "\n" in line:
            error = SipError(400, f"malformed header line {index}")
            if errors is None:
                raise error
            errors.append(error)
            continue
        existing = headers.get(full)
        if existing is None:
            headers[full] = [value.strip(" \t")]
        else:
            existing.append(value.strip(" \t"))
    return headers


def _full_name(name: str) -> str | None:
    """Return the full name of a header, None if this is no header name. Names seen before are remembered."""
    if not _TOKEN.fullmatch(name):
        return None
    full = canonical(name)
    if len(_SEEN_NAMES) < SEEN_NAMES_MAX and len(name) <= 40:
        _SEEN_NAMES[name] = full
    return full


def _check_answerable(request: SipRequest) -> None:
    """Refuse to answer what has no usable way back: the top Via must be sound."""
    values = request.headers.get("Via")
    if not values:
        raise SipError(400, "no Via header")
    parts = split_list(values[0]) if "," in values[0] else [values[0]]
    if not parts or values[0].count(",") != len(parts) - 1:
        raise SipError(400, "a Via header with an empty value")
    if len(parts) > 1:
        values[:1] = parts
    request._via = parse_via(parts[0])  # the message's own cache, filled early


def _check_request(request: SipRequest) -> None:
    _check_single(request.headers)
    if not (uri := parse_uri(request.uri)).is_sip:
        if uri.scheme != "tel":
            raise SipError(416, f"scheme {uri.scheme} in the Request-URI")
    elif uri.headers:
        raise SipError(400, "headers in the Request-URI")
    number, method = request.cseq
    if method != request.method:
        status = 400 if request.method.isupper() else 501
        raise SipError(status, f"CSeq method {method[:40]!r} of CSeq {number} is not the request's")
    if request.from_.tag == "" or request.to.tag == "":
        raise SipError(400, "an empty tag")
    if (forwards := request.get("Max-Forwards")) is not None:
        parse_number(forwards, "Max-Forwards", 255)


def _check_response(response: SipResponse) -> None:
    _check_single(response.headers)
    parts = response.items("Via")
    if len(parts) != 1:
        raise SipError(400, f"a response with {len(parts)} Vias, expected ours alone")
    response._via = parse_via(parts[0])  # the message's own cache, filled early
    _ = response.cseq, response.from_, response.to


def _check_single(headers: Headers) -> None:
    for name in _MANDATORY:
        if name not in headers or not headers[name][0]:
            raise SipError(400, f"no {name} header")
    for name in _SINGLE:
        values = headers.get(name)
        if values is not None and len(values) > 1:
            raise SipError(400, f"{len(values)} {name} headers, expected 1")


def _cut_body(headers: Headers, rest: bytes) -> bytes:
    lengths = headers.get("Content-Length")
    if not lengths:
        return rest
    length = parse_number(lengths[0], "Content-Length", MESSAGE_BYTES_MAX)
    if length > len(rest):
        raise SipError(400, f"Content-Length {length}, found {len(rest)} bytes")
    return rest[:length]
