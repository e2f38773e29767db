"""SIP URIs and addresses (RFC 3261 sections 19.1, 20.10, 25.1), as text and as values.

Pure. A parser either returns a value or raises `SipError(400)`; other schemes than sip and sips are kept
whole in `user`, so that the caller can answer 416. Escapes are decoded once, by `user_text`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

import msgspec

from telephony_adapters.sip.errors import SipError

_USER: Final = r"(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/#\[\]]|%[0-9A-Fa-f]{2})+"
_PASSWORD: Final = r"(?:[A-Za-z0-9\-_.!~*'()&=+$,]|%[0-9A-Fa-f]{2})*"
_HOST: Final = r"\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9](?:[A-Za-z0-9.\-_]{0,253}[A-Za-z0-9.])?"
_URI: Final = re.compile(
    rf"(?P<scheme>[sS][iI][pP][sS]?):(?:(?P<user>{_USER})(?::(?P<password>{_PASSWORD}))?@)?"
    rf"(?P<host>{_HOST})(?::(?P<port>[0-9]{{1,5}}))?(?P<parameters>;[^?\s\"<>]*)?(?:\?(?P<headers>[^\s\"<>]*))?",
    re.ASCII,
)
_OTHER_SCHEME: Final = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*):(?P<rest>[^\s\"<>]+)", re.ASCII)
_NAME_ADDR: Final = re.compile(
    r'(?:"(?P<quoted>(?:[^"\\]|\\.)*)"\s*|(?P<plain>[^"<>:;]*))<(?P<uri>[^<>"\s]+)>\s*(?P<parameters>;.*)?',
    re.DOTALL,
)
_PARAMETER: Final = re.compile(
    r"\s*;\s*(?P<name>[A-Za-z0-9\-.!%*_+`'~]+)"
    r"(?:\s*=\s*(?:\"(?P<quoted>(?:[^\"\\]|\\.)*)\"|(?P<value>[^\s;,\"<>]*)))?\s*",
    re.ASCII | re.DOTALL,
)
_PLAIN_PARAMETERS: Final = re.compile(r"(?:;[A-Za-z0-9\-.!%*_+`'~]+(?:=[^\s;,\"<>=]*)?)*", re.ASCII)
"""The usual form, without quotes and blanks: read three times as fast."""
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


class SipUri(msgspec.Struct, frozen=True):
    """One URI, its parts as they stood in the text (escapes not decoded).

    `host` of a sip URI is in lower case and without brackets; of another scheme it is empty and `user` holds
    all that followed the colon.
    """

    scheme: str
    user: str
    host: str
    port: int | None = None
    parameters: dict[str, str | None] = {}
    headers: str = ""

    @property
    def is_sip(self) -> bool:
        """Whether this is a sip or sips URI."""
        return self.scheme in ("sip", "sips")

    @property
    def user_text(self) -> str:
        """The user part with its escapes decoded, once (RFC 3261 section 19.1.2)."""
        return unquote(self.user, errors="replace") if "%" in self.user else self.user

    @property
    def transport(self) -> str:
        """The transport parameter in lower case, udp if there is none."""
        return (self.parameters.get("transport") or "udp").lower()

    def __str__(self) -> str:
        if not self.is_sip:
            return f"{self.scheme}:{self.user}"
        user = f"{self.user}@" if self.user else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port is None else f":{self.port}"
        headers = f"?{self.headers}" if self.headers else ""
        return f"{self.scheme}:{user}{host}{port}{_format_parameters(self.parameters)}{headers}"


class Address(msgspec.Struct, frozen=True):
    """A From, To, Contact, Route or Refer-To value: display name, URI and header parameters."""

    uri: SipUri
    display_name: str = ""
    parameters: dict[str, str | None] = {}

    @property
    def tag(self) -> str | None:
        """The tag parameter, None if there is none."""
        return self.parameters.get("tag")

    def __str__(self) -> str:
        name = f"{quote(self.display_name)} " if self.display_name else ""
        return f"{name}<{self.uri}>{_format_parameters(self.parameters)}"


def parse_uri(text: str) -> SipUri:
    """Return the URI that is the whole of `text`."""
    match = _URI.fullmatch(text)
    if match is None:
        return _parse_other(text)
    port_text = match["port"]
    port = None if port_text is None else int(port_text)
    if port is not None and not 0 < port < 65536:
        raise SipError(400, f"port {port} in a URI is not in 1 to 65535")
    parameters = match["parameters"]
    return SipUri(
        match["scheme"].lower(),
        _with_password(match["user"] or "", match["password"]),
        match["host"].strip("[]").lower(),
        port,
        parse_parameters(parameters) if parameters else {},
        match["headers"] or "",
    )


def parse_address(text: str) -> Address:
    """Return the address that is the whole of `text`: name-addr, or addr-spec with header parameters."""
    text = text.strip()
    match = _NAME_ADDR.fullmatch(text)
    if match is not None:
        quoted = match["quoted"]
        name = unescape(quoted) if quoted is not None else (match["plain"] or "").strip()
        parameters = match["parameters"]
        return Address(parse_uri(match["uri"]), name, parse_parameters(parameters) if parameters else {})
    if '"' in text or "<" in text or ">" in text:
        raise SipError(400, "an address with unbalanced quotes or brackets")
    bare, semicolon, rest = text.partition(";")
    if "?" in bare or "," in bare:
        raise SipError(400, "an address with a comma or question mark needs brackets")
    return Address(parse_uri(bare), "", parse_parameters(semicolon + rest) if semicolon else {})


def parse_parameters(text: str) -> dict[str, str | None]:
    """Return the parameters of `;a=b;c`, names in lower case; a parameter without value has None."""
    parameters: dict[str, str | None] = {}
    if _PLAIN_PARAMETERS.fullmatch(text):
        for part in text.split(";")[1:]:
            name, equals, value = part.partition("=")
            name = name.lower()
            if name in parameters:
                raise SipError(400, f"parameter {name} twice")
            parameters[name] = value if equals else None
        return parameters
    position = 0
    for match in iter_matches(_PARAMETER, text):
        if match["name"].lower() in parameters:
            raise SipError(400, f"parameter {match['name'].lower()} twice")
        quoted = match["quoted"]
        parameters[match["name"].lower()] = unescape(quoted) if quoted is not None else match["value"]
        position = match.end()
    if text[position:].strip():
        raise SipError(400, "a parameter that is not name=value")
    return parameters


def split_list(value: str) -> list[str]:
    """Split a header value at the commas outside quotes and angle brackets."""
    if "," not in value:
        return [value.strip()]
    parts: list[str] = []
    start = 0
    in_quotes = False
    in_brackets = False
    escaped = False
    for position, char in enumerate(value):
        if escaped:
            escaped = False
        elif in_quotes:
            escaped = char == "\\"
            in_quotes = char != '"'
        elif char == '"':
            in_quotes = True
        elif char in "<>":
            in_brackets = char == "<"
        elif char == "," and not in_brackets:
            parts.append(value[start:position].strip())
            start = position + 1
    parts.append(value[start:].strip())
    return [part for part in parts if part]


def iter_matches(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Yield the matches of `pattern` that follow each other without a gap from the start of `text`."""
    position = 0
    while position < len(text):
        match = pattern.match(text, position)
        if match is None or match.end() == position:
            return
        yield match
        position = match.end()


def quote(text: str) -> str:
    """Return `text` as a quoted string that cannot end its line (RFC 3261 section 25.1; attack S23)."""
    cleaned = "".join(char for char in text if char >= " " and char != "\x7f")
    return '"' + cleaned.replace("\\", "\\\\").replace('"', '\\"') + '"'


def unescape(text: str) -> str:
    """Undo the backslashes inside a quoted string."""
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL) if "\\" in text else text


def _with_password(user: str, password: str | None) -> str:
    return user if password is None else f"{user}:{password}"


def _parse_other(text: str) -> SipUri:
    match = _OTHER_SCHEME.fullmatch(text)
    if match is None or match["scheme"].lower() in ("sip", "sips"):
        raise SipError(400, f"not a URI: {text[:80]!r}")
    if _BAD_ESCAPE.search(match["rest"]):
        raise SipError(400, "a URI with a broken escape")
    return SipUri(match["scheme"].lower(), match["rest"], "")


def _format_parameters(parameters: dict[str, str | None]) -> str:
    if not parameters:
        return ""
    return "".join(f";{name}" if value is None else f";{name}={value}" for name, value in parameters.items())
