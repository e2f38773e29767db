"""Who may come in: the checks of a call, a registration or a question from outside all dialogs.

Trunks are known by their network, telephones by their password; everybody else hears one answer, whatever they
ask for (attacks S13 to S19). A door says yes with a `Guest`, or raises what must be answered.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from acd.numbers import Numbers
from acd.routing.model import EntryId, Identity
from telephony_adapters.sip.digest import Digest
from telephony_adapters.sip.errors import SipError
from telephony_adapters.sip.limits import SourceLimits
from telephony_adapters.sip.message import SipRequest, parse_via
from telephony_adapters.sip.registrar import Registrar
from telephony_adapters.sip.settings import SipSettings
from telephony_adapters.sip.transactions import Peer
from telephony_adapters.sip.uri import Address, parse_address, parse_uri

DISPLAY_CHARS_MAX: Final = 64
_NUMBER: Final = re.compile(r"\+?[0-9]{2,20}", re.ASCII)
_WITHHELD: Final = frozenset({"", "anonymous", "unknown", "restricted", "unavailable"})


class Guest(msgspec.Struct, frozen=True):
    """A caller who may come in, and what may be believed of them."""

    entry: EntryId
    number: str
    """As it came, empty if withheld."""
    display: str
    identities: tuple[Identity, ...]
    verified: bool


class Doors:
    """All doors of one listener."""

    def __init__(
        self, settings: SipSettings, limits: SourceLimits, registrar: Registrar, digest: Digest, sent_by: str
    ) -> None:
        self._settings = settings
        self._numbers = Numbers(settings.country)
        self._limits = limits
        self._registrar = registrar
        self._digest = digest
        self._sent_by = sent_by
        self._passwords = {phone.number: phone.password for phone in settings.phones}
        self._entries = {_plain(entry): entry for entry in settings.entries}

    def admit_call(self, request: SipRequest, peer: Peer, now_ms: int) -> Guest:
        """Return who calls which entry.

        Raises:
            SipError: 401 or 403 to strangers, whatever they dialled; 404 an unknown number; 482 a loop.
        """
        if any(parse_via(value).sent_by == self._sent_by for value in request.items("Via")):
            raise SipError(482, "a request that has been here")
        user = ""
        if not self._settings.is_trusted(peer[0]):
            user = self._authenticate(request, peer, now_ms)
        self._limits.trust(peer[0])
        dialled = parse_uri(request.uri).user_text.partition(";")[0]
        entry = self._entries.get(_plain(dialled))
        if entry is None:
            status = 403 if _NUMBER.fullmatch(dialled) and user else 404
            raise SipError(status, f"{dialled[-4:]!r} is no entry")
        caller = self._caller(request, user)
        number = user or _number_of(caller)
        return Guest(
            entry,
            number,
            _clean(caller.display_name),
            self._identities(caller, number),
            verified=bool(number),
        )

    def admit_registration(
        self, request: SipRequest, peer: Peer, now_ms: int
    ) -> tuple[str, list[tuple[str, str]]]:
        """Carry out a REGISTER; returns the number and the headers of the 200."""
        user = self._authenticate(request, peer, now_ms)
        headers = self._registrar.register(request, peer, user, now_ms)
        self._limits.trust(peer[0])
        return user, headers

    def admits_question(self, peer: Peer) -> bool:
        """Whether an OPTIONS from here is answered: strangers learn nothing, not even that we are here."""
        if self._settings.is_trusted(peer[0]):
            return True
        return any(binding.peer[0] == peer[0] for binding in self._registrar.all())

    def _authenticate(self, request: SipRequest, peer: Peer, now_ms: int) -> str:
        host = peer[0]
        user = request.from_.uri.user_text[:64]
        is_known = self._settings.is_trusted(host) or self._registrar.is_bound_from(user, host)
        source = f"{user}@{host}"
        if self._limits.is_banned(source, now_ms) or (
            self._limits.is_banned(f"user:{user}", now_ms) and not is_known
        ):
            raise SipError(403, "banned for wrong passwords")
        try:
            found = self._digest.verify(request, host, self._passwords, now_ms)
        except SipError as error:
            if error.status == 403:
                self._note_failure(source, host, user, is_known, now_ms)
            raise
        if found != user:
            self._note_failure(source, host, user, is_known, now_ms)
            raise SipError(403, f"signed by {found[:20]!r}, sent as another")
        self._limits.note_success(source)
        return found

    def _note_failure(self, source: str, host: str, user: str, is_known: bool, now_ms: int) -> None:
        """Count for this user at this host, and, unless many good telephones stand there, for the host."""
        self._limits.note_failure(source, now_ms)
        if not is_known:
            self._limits.note_failure(host, now_ms)
            self._limits.note_failure(f"user:{user}", now_ms)

    def _caller(self, request: SipRequest, user: str) -> Address:
        asserted = request.items("P-Asserted-Identity")
        if not user and asserted:
            # Believed from trunks alone; the first one that is a number counts (attack S22).
            for value in asserted[:2]:
                address = parse_address(value)
                if _number_of(address):
                    return address
        return request.from_

    def _identities(self, address: Address, number: str) -> tuple[Identity, ...]:
        if phone := self._numbers.identities(number):
            return phone
        user = address.uri.user_text
        if user.lower() in _WITHHELD or address.uri.host == "anonymous.invalid" or not address.uri.is_sip:
            return ()
        return (Identity(f"sip:{_clean(user)}@{address.uri.host}"),)


def _number_of(address: Address) -> str:
    user = address.uri.user_text.partition(";")[0].replace("-", "").replace(".", "")
    return user if _NUMBER.fullmatch(user) else ""


def _plain(number: str) -> str:
    return number.removeprefix("+").lower()


def _clean(text: str) -> str:
    """Return what people may see: printable, short."""
    return "".join(char for char in text if char.isprintable())[:DISPLAY_CHARS_MAX].strip()
