"""Where telephones are: bindings from a number to an address, for a limited time (RFC 3261 section 10).

Pure: time is passed in. Who may register is settled before (`digest`); here stands what they may register.
A binding is reached at the address that the REGISTER came from, never at what its Contact claims, so a
Contact cannot point us at a third party (attack S17). `probe_due` names bindings to ask whether they still live.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Final

import msgspec

from telephony_adapters.sip.errors import SipError
from telephony_adapters.sip.message import SipRequest, parse_number
from telephony_adapters.sip.transactions import Peer
from telephony_adapters.sip.uri import parse_address

CONTACTS_MAX: Final = 4
EXPIRES_S_MIN: Final = 30
PROBE_MS: Final = 30_000
PROBES_LOST_MAX: Final = 2
_EXPIRES_LIMIT: Final = 2**32 - 1


class Binding(msgspec.Struct):
    """One telephone of a number."""

    number: str
    uri: str
    peer: Peer
    expires_ms: int
    call_id: str
    cseq: int
    probe_ms: int
    probes_lost: int = 0


class Registrar:
    """All bindings. `expires_s_max` shortens what telephones ask for."""

    def __init__(self, expires_s_max: int = 3_600, probe_ms: int = PROBE_MS) -> None:
        self._expires_s_max = max(expires_s_max, EXPIRES_S_MIN)
        self._probe_ms = probe_ms
        self._bindings: dict[str, list[Binding]] = {}

    def register(self, request: SipRequest, peer: Peer, number: str, now_ms: int) -> list[tuple[str, str]]:
        """Carry out a REGISTER signed by `number`; returns the headers of the 200.

        Raises:
            SipError: 403 another's number, another host's Contact, too many; 423 too brief; 400 malformed.
        """
        to = request.to.uri
        if not to.is_sip or to.user_text != number:
            raise SipError(403, f"{number} may not register {to.user_text[:40]!r}")
        contacts = request.items("Contact")
        if "*" in contacts:
            self._remove_all(request, number, contacts)
        else:
            self._bind_all(request, peer, number, contacts, now_ms)
        return [
            ("Contact", f"<{binding.uri}>;expires={max(0, binding.expires_ms - now_ms) // 1000}")
            for binding in self._bindings.get(number, ())
        ]

    def reach(self, number: str, now_ms: int) -> Binding | None:
        """Return the telephone to ring: the one that registered last; None if none is there."""
        live = [binding for binding in self._bindings.get(number, ()) if binding.expires_ms > now_ms]
        return live[-1] if live else None

    def expire(self, now_ms: int) -> list[str]:
        """Drop bindings whose time is over; returns the numbers that have none left."""
        gone: list[str] = []
        for number, bindings in list(self._bindings.items()):
            if any(binding.expires_ms <= now_ms for binding in bindings):
                self._keep(number, [binding for binding in bindings if binding.expires_ms > now_ms])
                if number not in self._bindings:
                    gone.append(number)
        return gone

    def probe_due(self, now_ms: int) -> Iterator[Binding]:
        """Yield the bindings that must be asked now; each is due again a while later."""
        for bindings in self._bindings.values():
            for binding in bindings:
                if binding.probe_ms <= now_ms:
                    binding.probe_ms = now_ms + self._probe_ms
                    yield binding

    def note_probe(self, binding: Binding, is_alive: bool) -> bool:
        """Take the answer to a probe; returns whether the binding was dropped because of too many losses."""
        binding.probes_lost = 0 if is_alive else binding.probes_lost + 1
        if binding.probes_lost < PROBES_LOST_MAX:
            return False
        return self.drop(binding)

    def drop(self, binding: Binding) -> bool:
        """Forget a telephone that does not answer; returns whether it was there."""
        bindings = self._bindings.get(binding.number, [])
        if binding not in bindings:
            return False
        self._keep(binding.number, [each for each in bindings if each is not binding])
        return True

    def is_reachable(self, number: str) -> bool:
        """Whether any telephone of this number is there."""
        return number in self._bindings

    def is_bound_from(self, number: str, host: str) -> bool:
        """Whether the number has a telephone at this host."""
        return any(binding.peer[0] == host for binding in self._bindings.get(number, ()))

    def has_host(self, host: str) -> bool:
        """Whether any telephone stands at this host."""
        return any(binding.peer[0] == host for bindings in self._bindings.values() for binding in bindings)

    def all(self) -> list[Binding]:
        """Return all bindings, to be kept over a restart."""
        return [binding for bindings in self._bindings.values() for binding in bindings]

    def restore(self, bindings: list[Binding], now_ms: int) -> None:
        """Take up bindings of an earlier process; each is asked at once whether it lives."""
        for binding in bindings:
            if binding.expires_ms > now_ms:
                binding.probe_ms, binding.probes_lost = now_ms, 0
                self._bindings.setdefault(binding.number, []).append(binding)

    def _remove_all(self, request: SipRequest, number: str, contacts: list[str]) -> None:
        expires = request.get("Expires")
        if len(contacts) > 1 or expires is None or parse_number(expires, "Expires", _EXPIRES_LIMIT) != 0:
            raise SipError(400, "Contact * asks for Expires 0 and nothing else")
        self._bindings.pop(number, None)

    def _bind_all(
        self, request: SipRequest, peer: Peer, number: str, contacts: list[str], now_ms: int
    ) -> None:
        """Check everything, then change everything: section 10.3, all or nothing."""
        bindings = list(self._bindings.get(number, ()))
        for contact in contacts:
            address = parse_address(contact)
            uri = str(address.uri)
            if not address.uri.is_sip or not _is_own_host(address.uri.host, request, peer):
                raise SipError(403, "a Contact on another host")
            expires_s = self._expires_s(request, address.parameters.get("expires"))
            old = next((binding for binding in bindings if binding.uri == uri), None)
            if old is not None and old.call_id == request.call_id and request.cseq[0] <= old.cseq:
                raise SipError(400, f"REGISTER {request.cseq[0]} after {old.cseq}")
            bindings = [binding for binding in bindings if binding is not old]
            if expires_s > 0:
                expires_ms = now_ms + expires_s * 1000
                probe_ms = now_ms + self._probe_ms
                bindings.append(
                    Binding(number, uri, peer, expires_ms, request.call_id, request.cseq[0], probe_ms)
                )
        if len(bindings) > CONTACTS_MAX:
            raise SipError(403, f"{len(bindings)} contacts, expected at most {CONTACTS_MAX}")
        self._keep(number, bindings)

    def _expires_s(self, request: SipRequest, parameter: str | None) -> int:
        text = parameter if parameter is not None else request.get("Expires")
        wanted = self._expires_s_max if text is None else parse_number(text, "Expires", _EXPIRES_LIMIT)
        if 0 < wanted < EXPIRES_S_MIN:
            raise SipError(423, f"expires {wanted}", (("Min-Expires", str(EXPIRES_S_MIN)),))
        return min(wanted, self._expires_s_max)

    def _keep(self, number: str, bindings: list[Binding]) -> None:
        if bindings:
            self._bindings[number] = bindings
        else:
            self._bindings.pop(number, None)


def _is_own_host(host: str, request: SipRequest, peer: Peer) -> bool:
    """Whether a Contact's host is the sender's: where it came from, or, behind a NAT, what its Via says."""
    if host == peer[0]:
        return True
    if host != request.via.host:
        return host.endswith(".invalid")  # RFC 7118: a web page has no address of its own
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return False
