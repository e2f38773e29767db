"""SIP requests and responses as values, and the headers inside them (RFC 3261 sections 7 and 20).

Pure. Headers are kept as text under their full names, in order within a name; what routing a message needs
(top Via, From, To, CSeq) is parsed once, when first asked for. Nothing here reads bytes: see `wire`.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from telephony_adapters.sip.errors import SipError, reason_of
from telephony_adapters.sip.uri import Address, parse_address, parse_parameters, split_list

_COMPACT: Final = {
    "a": "Accept-Contact",
    "b": "Referred-By",
    "c": "Content-Type",
    "e": "Content-Encoding",
    "f": "From",
    "i": "Call-ID",
    "k": "Supported",
    "l": "Content-Length",
    "m": "Contact",
    "o": "Event",
    "r": "Refer-To",
    "s": "Subject",
    "t": "To",
    "u": "Allow-Events",
    "v": "Via",
    "x": "Session-Expires",
}
_FULL_NAMES: Final = (
    "Accept", "Alert-Info", "Allow", "Authorization", "CSeq", "Call-ID", "Call-Info", "Contact",
    "Content-Disposition", "Content-Encoding", "Content-Length", "Content-Type", "Date", "Expires", "From",
    "Max-Forwards", "Min-Expires", "P-Asserted-Identity", "Proxy-Authenticate", "Proxy-Authorization",
    "Proxy-Require", "RAck", "RSeq", "Reason", "Record-Route", "Refer-To", "Referred-By", "Replaces",
    "Require", "Retry-After", "Route", "Session-Expires", "Supported", "To", "Unsupported", "Via",
    "WWW-Authenticate",
)  # fmt: skip
_CANONICAL: Final = {name.lower(): name for name in _FULL_NAMES} | _COMPACT
_VIA: Final = re.compile(
    r"SIP\s{0,4}/\s{0,4}2\.0\s{0,4}/\s{0,4}(?P<transport>[A-Za-z0-9\-.!%*_+`'~]+)\s+"
    r"(?P<host>\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9.\-_]{1,255})(?:\s{0,4}:\s{0,4}(?P<port>[0-9]{1,5}))?"
    r"(?P<parameters>\s{0,4};.*)?",
    re.ASCII | re.IGNORECASE | re.DOTALL,
)
_NUMBER_MAX: Final = 2**31
Headers = dict[str, list[str]]
"""Full header name to its values, in the order in which they stood."""


class Via(msgspec.Struct, frozen=True):
    """One Via value: where a request has come by."""

    transport: str
    host: str
    port: int | None
    parameters: dict[str, str | None] = {}

    @property
    def branch(self) -> str:
        """The transaction's id; empty if there is none (RFC 2543)."""
        return self.parameters.get("branch") or ""

    @property
    def sent_by(self) -> str:
        """Host and port that the sender wrote, for matching."""
        return f"{self.host}:{self.port or 5060}"


class SipMessage:
    """What requests and responses share."""

    __slots__ = ("_cseq", "_from", "_to", "_via", "body", "headers")

    def __init__(self, headers: Headers, body: bytes = b"") -> None:
        self.headers = headers
        self.body = body
        self._via: Via | None = None
        self._from: Address | None = None
        self._to: Address | None = None
        self._cseq: tuple[int, str] | None = None

    def get(self, name: str) -> str | None:
        """Return the first value of a header by its full name, None if it is absent."""
        values = self.headers.get(name)
        return values[0] if values else None

    def items(self, name: str) -> list[str]:
        """Return all values of a comma-separated header."""
        values = self.headers.get(name)
        if not values:
            return []
        return [item for value in values for item in split_list(value)]

    def require(self, name: str) -> str:
        """Return the only value of a header that must stand exactly once."""
        values = self.headers.get(name)
        if not values:
            raise SipError(400, f"no {name} header")
        if len(values) > 1:
            raise SipError(400, f"{len(values)} {name} headers, expected 1")
        return values[0]

    @property
    def via(self) -> Via:
        """The top Via."""
        if self._via is None:
            values = self.headers.get("Via")
            if not values:
                raise SipError(400, "no Via header")
            self._via = parse_via(split_list(values[0])[0] if "," in values[0] else values[0])
        return self._via

    @property
    def from_(self) -> Address:
        """Who the request is from."""
        if self._from is None:
            self._from = parse_address(self.require("From"))
        return self._from

    @property
    def to(self) -> Address:
        """Who the request is to."""
        if self._to is None:
            self._to = parse_address(self.require("To"))
        return self._to

    @property
    def call_id(self) -> str:
        """The Call-ID, as it stands."""
        return self.require("Call-ID")

    @property
    def cseq(self) -> tuple[int, str]:
        """Sequence number and method."""
        if self._cseq is None:
            self._cseq = parse_cseq(self.require("CSeq"))
        return self._cseq


class SipRequest(SipMessage):
    """A request; `uri` is the Request-URI's text."""

    __slots__ = ("method", "uri")

    def __init__(self, method: str, uri: str, headers: Headers, body: bytes = b"") -> None:
        super().__init__(headers, body)
        self.method = method
        self.uri = uri

    def __repr__(self) -> str:
        return f"<SipRequest {self.method} {self.get('CSeq')}>"


class SipResponse(SipMessage):
    """A response."""

    __slots__ = ("reason", "status")

    def __init__(self, status: int, reason: str, headers: Headers, body: bytes = b"") -> None:
        super().__init__(headers, body)
        self.status = status
        self.reason = reason

    def __repr__(self) -> str:
        return f"<SipResponse {self.status} {self.get('CSeq')}>"


def canonical(name: str) -> str:
    """Return the full name of a header in its usual capitals; compact forms are spelled out."""
    lower = name.lower()
    known = _CANONICAL.get(lower)
    return known if known is not None else "-".join(part.capitalize() for part in lower.split("-"))


def parse_cseq(value: str) -> tuple[int, str]:
    """Return number and method of a CSeq value. Source: RFC 3261 section 20.16 (number under 2**31)."""
    number, _, method = value.strip().partition(" ")
    method = method.strip()
    if not (number.isascii() and number.isdigit() and len(number) <= 10 and int(number) < _NUMBER_MAX):
        raise SipError(400, f"CSeq number {number[:20]!r}, expected a whole number under 2**31")
    if not method or " " in method:
        raise SipError(400, "CSeq without one method")
    return int(number), method


def parse_number(value: str, name: str, limit: int) -> int:
    """Return a whole number header value, 0 to `limit`."""
    text = value.strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= limit):
        raise SipError(400, f"{name} {text[:20]!r}, expected 0 to {limit}")
    return int(text)


def parse_via(value: str) -> Via:
    """Return one Via value."""
    match = _VIA.fullmatch(value.strip())
    if match is None:
        raise SipError(400, "malformed Via")
    port = None if match["port"] is None else int(match["port"])
    if port is not None and not 0 < port < 65536:
        raise SipError(400, f"Via port {port} is not in 1 to 65535")
    parameters = match["parameters"]
    return Via(
        match["transport"].upper(),
        match["host"].strip("[]").lower(),
        port,
        parse_parameters(parameters) if parameters else {},
    )


def build_response(
    request: SipRequest,
    status: int,
    *,
    to_tag: str = "",
    reason: str = "",
    headers: tuple[tuple[str, str], ...] = (),
    body: bytes = b"",
    content_type: str = "application/sdp",
) -> SipResponse:
    """Return a response to `request` (RFC 3261 section 8.2.6); a tag in the request's To is kept.

    `reason` must be our own words; it is cleaned of line ends all the same.
    """
    source = request.headers
    to = source.get("To", [""])[0]
    if to_tag and status != 100 and request.to.tag is None:
        to = f"{to};tag={to_tag}"
    fields: Headers = {
        "Via": list(source["Via"]),
        "From": source.get("From", [""])[:1],
        "To": [to],
        "Call-ID": source.get("Call-ID", [""])[:1],
        "CSeq": source.get("CSeq", [""])[:1],
    }
    for name, value in headers:
        fields.setdefault(name, []).append(value)
    if body:
        fields["Content-Type"] = [content_type]
    return SipResponse(status, one_line(reason) or reason_of(status), fields, body)


def one_line(text: str) -> str:
    """Return `text` without anything that could end its line (attack S23)."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else " " for char in text)
