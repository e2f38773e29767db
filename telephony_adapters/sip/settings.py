"""What the operator decides about SIP; built by `acd.config` from `server.yaml`, `people.yaml` and the entries."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

from acd.routing.model import AgentId, EntryId
from telephony_adapters.sip.limits import Rates
from telephony_adapters.sip.transactions import Peer

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class PhoneAccount:
    """A telephone that registers: its number is its user name."""

    number: str
    password: str = field(repr=False)
    agent: AgentId | None = None
    """Whose phone it is; None for a telephone of the house that only calls."""


@dataclass(frozen=True, slots=True)
class SipSettings:
    """One SIP listener."""

    host: str = "127.0.0.1"
    port: int = 5060
    """0 takes a free port; `SipAdapter.address` tells which."""
    public_host: str = ""
    """What peers are told to reach us at; empty: `host`."""
    country: str = ""
    """Whose numbers come without a country code, as in `acd.numbers`."""
    realm: str = "acd"
    algorithms: tuple[str, ...] = ("SHA-256", "MD5")
    """Of digest, best first. Old telephones know MD5 alone; some choke on anything before it."""
    entries: tuple[EntryId, ...] = ()
    """Numbers that customers call."""
    phones: tuple[PhoneAccount, ...] = ()
    trusted: tuple[Network, ...] = ()
    """Trunks: hosts whose calls need no password and whose `P-Asserted-Identity` is believed."""
    trunk: Peer | None = None
    """Where calls to outside numbers go; None: there are none."""
    allowed_numbers: tuple[str, ...] = ()
    """Beginnings of the numbers that may be called outside (toll fraud); none: nothing may."""
    registration_s_max: int = 3_600
    registrations: Path | None = None
    """File that keeps where the telephones are over a restart; None: they register again."""
    recordings: Path = Path("var/recordings")
    answer_at_once: bool = False
    """True: a waiting caller is answered before the music; False: music is early media."""
    early_ms_max: int = 120_000
    """Early media is turned into an answer after this: trunks cut what rings for too long."""
    treatment_delay_ms: int = 250
    """A call that is answered within this gets no music, and its media go straight to the agent."""
    phone_silence_ms: int = 4_000
    """A telephone that says nothing at all to an INVITE for so long is unreachable."""
    refresh_ms: int = 60_000
    """How often 182 is said again, so that no proxy on the way gives the call up (Timer C is 3 minutes), and how
    often both sides of a talk are asked whether they still know the call."""
    rates: Rates = field(default_factory=Rates)
    calls_max: int = 5_000

    def is_trusted(self, host: str) -> bool:
        """Whether this host is one of the trunks."""
        if not self.trusted:
            return False
        address = ipaddress.ip_address(host)
        return any(address in network for network in self.trusted)

    def may_dial(self, number: str) -> bool:
        """Whether a number outside may be called: digits only, and with an allowed beginning."""
        digits = number.removeprefix("+")
        if not digits.isascii() or not digits.isdigit() or len(digits) > 20:
            return False
        return any(number.startswith(beginning) for beginning in self.allowed_numbers if beginning)
