"""Just enough SIP to be a telephone: messages from bytes, to bytes, and digest (MD5 and SHA-256)."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass, field

_SHORT = {
    "v": "via",
    "f": "from",
    "t": "to",
    "i": "call-id",
    "m": "contact",
    "l": "content-length",
    "c": "content-type",
}
_PARAMETER = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')


@dataclass(slots=True)
class Message:
    """A request (`method` set) or a response (`status` set)."""

    start: str
    headers: dict[str, list[str]]
    body: bytes
    method: str = ""
    status: int = 0
    cseq: int = 0
    cseq_method: str = ""

    def one(self, name: str) -> str:
        """Return the first value of a header, "" where there is none."""
        values = self.headers.get(name)
        return values[0] if values else ""

    @property
    def call_id(self) -> str:
        """The Call-ID."""
        return self.one("call-id")

    @property
    def branch(self) -> str:
        """The branch of the topmost Via."""
        return parameter(self.one("via"), "branch")


def parse(data: bytes) -> Message:
    """Return the message.

    Raises:
        ValueError: It is none.
    """
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("utf-8", errors="replace").split("\r\n")
    headers: dict[str, list[str]] = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        name = name.strip().lower()
        headers.setdefault(_SHORT.get(name, name), []).append(value.strip())
    message = Message(lines[0], headers, body)
    number, _, message.cseq_method = message.one("cseq").partition(" ")
    message.cseq = int(number)
    words = lines[0].split(" ", 2)
    if words[0] == "SIP/2.0":
        message.status = int(words[1])
    else:
        message.method = words[0]
    return message


def parameter(value: str, name: str) -> str:
    """Return a `;name=value` of a header value."""
    found = re.search(rf";\s*{name}=([^;>\s]+)", value)
    return found.group(1) if found else ""


def uri_of(value: str) -> str:
    """Return the URI of `"name" <uri>;params`, or of a bare one."""
    found = re.search(r"<([^>]+)>", value)
    return found.group(1) if found else value.split(";")[0].strip()


def user_of(uri: str) -> str:
    """Return the user part of a sip URI."""
    found = re.match(r"sips?:([^@;>]+)@", uri)
    return found.group(1) if found else ""


def address_of(uri: str) -> tuple[str, int]:
    """Return host and port of a sip URI with a numeric address."""
    found = re.match(r"sips?:(?:[^@]*@)?([\d.]+)(?::(\d+))?", uri)
    if not found:
        raise ValueError(f"no numeric address in {uri!r}")
    return found.group(1), int(found.group(2) or 5060)


def media_address(body: bytes) -> tuple[str, int] | None:
    """Return where the writer of a description wants to hear audio."""
    host = re.search(rb"^c=IN IP4 ([\d.]+)", body, re.MULTILINE)
    port = re.search(rb"^m=audio (\d+)", body, re.MULTILINE)
    return (host.group(1).decode(), int(port.group(1))) if host and port else None


def description(host: str, port: int, session: int, version: int) -> bytes:
    """Return a telephone's own description: G.711 and telephone events."""
    lines = (
        "v=0", f"o=- {session} {version} IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0",
        f"m=audio {port} RTP/AVP 0 8 101", "a=rtpmap:0 PCMU/8000", "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15", "a=sendrecv",
    )  # fmt: skip
    return ("\r\n".join(lines) + "\r\n").encode()


def build(start: str, headers: list[tuple[str, str]], body: bytes = b"") -> bytes:
    """Return the bytes of a message."""
    lines = [start, *(f"{name}: {value}" for name, value in headers)]
    if body:
        lines.append("Content-Type: application/sdp")
    return ("\r\n".join(lines) + f"\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body


def build_response(
    request: Message, status: int, reason: str, tag: str, contact: str = "", body: bytes = b""
) -> bytes:
    """Return the answer to a request; `tag` completes To where it has none."""
    to = request.one("to")
    if "tag=" not in to and status > 100:
        to += f";tag={tag}"
    headers = [("Via", value) for value in request.headers.get("via", [])]
    headers += [("Record-Route", value) for value in request.headers.get("record-route", [])]
    headers += [
        ("From", request.one("from")),
        ("To", to),
        ("Call-ID", request.call_id),
        ("CSeq", request.one("cseq")),
    ]
    if contact:
        headers.append(("Contact", contact))
    return build(f"SIP/2.0 {status} {reason}", headers, body)


def new_branch() -> str:
    """Return a fresh branch. Source: RFC 3261 section 8.1.1.7."""
    return "z9hG4bK" + secrets.token_hex(8)


@dataclass(slots=True)
class Challenge:
    """What a 401 asks for; counts its uses."""

    values: dict[str, str] = field(default_factory=dict)
    uses: int = 0

    @classmethod
    def of(cls, header: str) -> Challenge:
        """Read a WWW-Authenticate."""
        return cls({name.lower(): quoted or bare for name, quoted, bare in _PARAMETER.findall(header)})

    def answer(self, user: str, password: str, method: str, uri: str) -> str:
        """Return the Authorization. Source: RFC 8760, RFC 7616 section 3.4."""
        self.uses += 1
        algorithm = self.values.get("algorithm", "MD5")
        make = hashlib.sha256 if algorithm.upper().startswith("SHA-256") else hashlib.md5
        nonce, realm, count, chance = (
            self.values["nonce"],
            self.values["realm"],
            f"{self.uses:08x}",
            secrets.token_hex(8),
        )

        def digest(text: str) -> str:
            return make(text.encode()).hexdigest()

        first, second = digest(f"{user}:{realm}:{password}"), digest(f"{method}:{uri}")
        text = (
            f'Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}", algorithm={algorithm}'
        )
        if "qop" in self.values:
            response = digest(f"{first}:{nonce}:{count}:{chance}:auth:{second}")
            text += f', qop=auth, nc={count}, cnonce="{chance}"'
        else:
            response = digest(f"{first}:{nonce}:{second}")
        if "opaque" in self.values:
            text += f', opaque="{self.values["opaque"]}"'
        return text + f', response="{response}"'
