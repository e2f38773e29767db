"""Checks and small readings of requests that `Signalling` needs: where answers go, what cannot be served. Pure."""

from __future__ import annotations

import re
from typing import Final

from telephony_adapters.sip import sdp
from telephony_adapters.sip.errors import SipError
from telephony_adapters.sip.message import SipRequest
from telephony_adapters.sip.transactions import Peer
from telephony_adapters.sip.uri import parse_address

SUPPORTED: Final = frozenset[str]()
"""Option tags that we can be required to use: none."""
_SIGNAL: Final = re.compile(rb"^\s*Signal\s*=\s*([0-9A-D*#])\s*$", re.IGNORECASE | re.MULTILINE)
_DIGITS: Final = b"0123456789*#ABCD"


def note_source(request: SipRequest, peer: Peer) -> Peer:
    """Write where a request came from into its top Via and return where answers go.

    Source: RFC 3261 section 18.2.1 and 18.2.2, RFC 3581 section 4. Answers never go to another host than the
    source, whatever `maddr` or `received` say.
    """
    via = request.via
    value = request.headers["Via"][0]
    if "received" in via.parameters:
        value = re.sub(r";\s*received\s*=[^;]*", "", value, flags=re.IGNORECASE)
    if "rport" in via.parameters:
        value = re.sub(
            r";\s*rport\s*(=[^;]*)?(?=;|$)", f";rport={peer[1]}", value, count=1, flags=re.IGNORECASE
        )
        request.headers["Via"][0] = f"{value};received={peer[0]}"
        return peer
    if via.host != peer[0]:
        request.headers["Via"][0] = f"{value};received={peer[0]}"
    return peer[0], via.port or 5060


def check_extensions(request: SipRequest) -> None:
    """Refuse what must be understood and is not. Source: section 8.2.2.3."""
    wanted = [tag for name in ("Require", "Proxy-Require") for tag in request.items(name)]
    unknown = [tag for tag in wanted if tag.lower() not in SUPPORTED]
    if unknown:
        raise SipError(420, f"extensions {unknown!r}", (("Unsupported", ", ".join(unknown)),))
    if request.get("Content-Encoding") not in (None, "", "identity"):
        raise SipError(415, "an encoded body", (("Accept-Encoding", "identity"),))


def check_content(request: SipRequest) -> None:
    """Refuse a body that is not a session description, or whose answer would not be understood."""
    kind = (request.get("Content-Type") or "").partition(";")[0].strip().lower()
    if kind != "application/sdp":
        raise SipError(415, f"a body of type {kind[:40]!r}", (("Accept", "application/sdp"),))
    accepted = [item.partition(";")[0].strip().lower() for item in request.items("Accept")]
    if accepted and not {"application/sdp", "application/*", "*/*"} & set(accepted):
        raise SipError(406, f"accepts {accepted[:3]!r} only")
    sdp.check_session(request.body)


def info_digit(body: bytes) -> str:
    """Return the key in an INFO body: `Signal=5` or the bare key; empty if there is none."""
    match = _SIGNAL.search(body)
    if match is not None:
        return match[1].decode("ascii").upper()
    bare = body.strip().upper()
    return bare.decode("ascii") if len(bare) == 1 and bare in _DIGITS else ""


def refer_target(request: SipRequest) -> str:
    """Return the URI of Refer-To as text.

    Raises:
        SipError: 400 without one, 501 for an attended transfer (`Replaces`), which the desk does.
    """
    address = parse_address(request.require("Refer-To"))
    if "replaces" in address.uri.headers.lower():
        raise SipError(501, "REFER with Replaces")
    return str(address.uri)
