"""Dialogs (RFC 3261 section 12): what two user agents remember of each other, and how it survives a crash.

Pure. A dialog builds the requests inside it and checks those that come. Tags, Call-IDs and branches come
from `Identity.token`, a source of at least 128 secret bits (attack S21), handed in so that tests repeat.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from telephony_adapters.sip.errors import SipError
from telephony_adapters.sip.message import Headers, SipRequest, SipResponse
from telephony_adapters.sip.transactions import COOKIE, Peer
from telephony_adapters.sip.uri import parse_address, parse_uri

CSEQ_LEAP: Final = 1_000
"""After a crash our CSeq goes on this far ahead: requests sent since the last `LegStored` stay behind it."""
_FORWARDS: Final = "70"


class Identity(msgspec.Struct, frozen=True):
    """Who we are on this transport: the address that peers see, and where secret ids come from."""

    host: str
    port: int
    token: Callable[[], str]

    @property
    def sent_by(self) -> str:
        """Host and port for Via and Contact; IPv6 in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def via(self) -> str:
        """Return a Via value with a fresh branch; `rport` as RFC 3581 asks."""
        return f"SIP/2.0/UDP {self.sent_by};branch={COOKIE}{self.token()};rport"

    def contact(self, user: str = "") -> str:
        """Return our Contact value."""
        return f"<sip:{user + '@' if user else ''}{self.sent_by}>"


class DialogId(msgspec.Struct, frozen=True):
    """Call-ID, our tag, their tag."""

    call_id: str
    local_tag: str
    remote_tag: str


class Dialog(msgspec.Struct):
    """One dialog. `local` and `remote` are whole From/To values with their tags."""

    id: DialogId
    local: str
    remote: str
    remote_target: str
    route_set: list[str]
    peer: Peer
    contact: str
    local_cseq: int
    remote_cseq: int = -1

    def build_request(
        self, method: str, identity: Identity, headers: tuple[tuple[str, str], ...] = (), body: bytes = b""
    ) -> SipRequest:
        """Return the next request inside this dialog. Source: section 12.2.1.1."""
        self.local_cseq += 1
        return self._request(method, self.local_cseq, identity, headers, body)

    def build_ack(self, number: int, identity: Identity, body: bytes = b"") -> SipRequest:
        """Return the ACK of a 2xx to the INVITE with this CSeq number. Source: section 13.2.2.4."""
        return self._request("ACK", number, identity, (), body)

    def check_request(self, request: SipRequest, peer: Peer) -> None:
        """Take note of a request's CSeq; refuse what is old, or comes from another host.

        Raises:
            SipError: 481 another host than the dialog's (attack S21), 500 out of order (section 12.2.2).
        """
        if peer[0] != self.peer[0]:
            raise SipError(481, "an in-dialog request from another host")
        number = request.cseq[0]
        if number <= self.remote_cseq:
            raise SipError(500, f"CSeq {number} after {self.remote_cseq}")
        self.remote_cseq = number

    def refresh_target(self, message: SipRequest | SipResponse) -> None:
        """Take the peer's new Contact, if it gives one (section 12.2.2)."""
        contacts = message.items("Contact")
        if len(contacts) == 1:
            self.remote_target = str(parse_address(contacts[0]).uri)

    def _request(
        self, method: str, number: int, identity: Identity, headers: tuple[tuple[str, str], ...], body: bytes
    ) -> SipRequest:
        uri, routes = self._routed()
        fields: Headers = {
            "Via": [identity.via()],
            "Max-Forwards": [_FORWARDS],
            "From": [self.local],
            "To": [self.remote],
            "Call-ID": [self.id.call_id],
            "CSeq": [f"{number} {method}"],
        }
        if routes:
            fields["Route"] = routes
        if method in ("INVITE", "UPDATE", "REFER", "NOTIFY"):
            fields["Contact"] = [self.contact]
        for name, value in headers:
            fields.setdefault(name, []).append(value)
        if body:
            fields.setdefault("Content-Type", ["application/sdp"])
        return SipRequest(method, uri, fields, body)

    def _routed(self) -> tuple[str, list[str]]:
        """Return Request-URI and Route values, loose or strict."""
        if not self.route_set:
            return self.remote_target, []
        first = parse_address(self.route_set[0]).uri
        if "lr" in first.parameters:
            return self.remote_target, list(self.route_set)
        return str(first), [*self.route_set[1:], f"<{self.remote_target}>"]


def accept_dialog(invite: SipRequest, peer: Peer, local_tag: str, contact: str) -> Dialog:
    """Return the dialog that an INVITE to us opens once we answer with `local_tag`. Source: section 12.1.1."""
    contacts = invite.items("Contact")
    if len(contacts) != 1:
        raise SipError(400, f"an INVITE with {len(contacts)} Contacts, expected 1")
    target = parse_address(contacts[0]).uri
    if not target.is_sip:
        raise SipError(400, f"a Contact of scheme {target.scheme}")
    remote = invite.from_
    return Dialog(
        id=DialogId(invite.call_id, local_tag, remote.tag or ""),
        local=f"{invite.require('To')};tag={local_tag}",
        remote=invite.require("From"),
        remote_target=str(target),
        route_set=invite.items("Record-Route"),
        peer=peer,
        contact=contact,
        local_cseq=0,
        remote_cseq=invite.cseq[0],
    )


def open_dialog(invite: SipRequest, response: SipResponse, peer: Peer) -> Dialog:
    """Return the dialog that a 2xx to our INVITE opens. Source: section 12.1.2."""
    contacts = response.items("Contact")
    target = str(parse_address(contacts[0]).uri) if contacts else invite.uri
    return Dialog(
        id=DialogId(invite.call_id, invite.from_.tag or "", response.to.tag or ""),
        local=invite.require("From"),
        remote=response.require("To"),
        remote_target=target,
        route_set=list(reversed(response.items("Record-Route"))),
        peer=peer,
        contact=invite.require("Contact"),
        local_cseq=invite.cseq[0],
    )


def next_hop(uri_text: str, source: Peer) -> Peer:
    """Return where in-dialog requests go: the numeric host of the URI, or the observed source.

    A name is never looked up (a peer could point us anywhere), and a Contact with another host than the
    source is a private address behind a NAT: both go back to where the peer was seen.
    """
    uri = parse_uri(uri_text)
    if uri.host == source[0]:
        return source[0], uri.port or 5060
    return source
