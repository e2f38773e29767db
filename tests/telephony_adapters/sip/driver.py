"""SIP's far side: telephones of customers, agents and a trunk, with sockets of their own."""

from __future__ import annotations

import asyncio
import ipaddress
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from acd.ports import Ability
from acd.routing.model import AgentId, ContactId, EntryId, Link, OfferId
from acd.routing.outputs import facts as f
from acd.routing.state import LINK_BITS
from telephony_adapters.sip.adapter import SipAdapter
from telephony_adapters.sip.connection import UdpConnection
from telephony_adapters.sip.legs import Leg, LegState
from telephony_adapters.sip.media import MediaRoom, MediaSettings, PromptLibrary
from telephony_adapters.sip.sdp import direction_of, endpoint_of
from telephony_adapters.sip.settings import PhoneAccount
from telephony_adapters.sip.transactions import Peer
from tests.telephony_adapters.driver import Driver
from tests.telephony_adapters.sip.house import SETTINGS
from tests.telephony_adapters.sip.telephones import Telephone
from tests.telephony_adapters.zone import ANN, BEN, NUMBER

NUMBERS = {ANN: "2001", BEN: "2002"}
_LIBRARY: list[PromptLibrary] = []


class TwoWayTelephone(Telephone):
    """A telephone whose line can be cut, and can repeat whatever is sent."""

    is_cut = False
    says_twice = False

    async def open(self, host: str = "127.0.0.1") -> TwoWayTelephone:
        """Open the socket, with a hand on what is sent."""
        await super().open(host)
        send = self._connection.send

        def sent(data: bytes, peer: Peer) -> None:
            if self.is_cut:
                return
            for _ in range(2 if self.says_twice else 1):
                send(data, peer)

        self._connection.send = sent  # type: ignore[method-assign]
        return self

    def cut(self, is_cut: bool) -> None:
        """Cut the line, or mend it."""
        self.is_cut = self.is_deaf = is_cut


class SipDriver(Driver):
    """Everybody has a telephone; the trunk is one as well."""

    def __init__(self) -> None:
        super().__init__()
        self.phones: dict[str, TwoWayTelephone] = {}
        self.callers: dict[ContactId, tuple[TwoWayTelephone, Leg]] = {}
        self._media: list[MediaRoom] = []
        self._adapters: list[SipAdapter] = []
        self._folder = tempfile.TemporaryDirectory(prefix="acd-test-")

    async def open(self) -> None:
        if not _LIBRARY:
            _LIBRARY.append(PromptLibrary.load())
        settings = replace(
            SETTINGS,
            entries=(EntryId("4001"), EntryId("4002")),
            phones=tuple(PhoneAccount(number, "secret", agent) for agent, number in NUMBERS.items()),
            trusted=(ipaddress.ip_network("127.0.0.0/24"),),
            registrations=Path(self._folder.name) / "registrations.json",
        )
        await self.zone.open(self._make(settings, 21_000))
        trunk = await self._telephone("trunk", answers=False)
        adapter = self._adapters[-1]
        adapter.settings = adapter.board.settings = replace(settings, trunk=trunk.address)

    def _make(self, settings: Any, port: int) -> SipAdapter:
        self._media.append(MediaRoom(MediaSettings(port_min=port, port_max=port + 1_999), _LIBRARY[0]))
        self._adapters.append(SipAdapter(settings, self._media[-1]))
        return self._adapters[-1]

    async def _telephone(self, number: str, **habits: Any) -> TwoWayTelephone:
        phone = TwoWayTelephone(self._adapters[-1].address, number, **habits)
        self.phones[number] = await phone.open()
        phone.says_twice = self.says_twice
        return phone

    async def close(self) -> None:
        for phone in self.phones.values():
            phone.close()
        await self._adapters[-1].stop()
        for media in self._media:
            await media.close()
        self._folder.cleanup()

    async def crash(self, meanwhile: Callable[[], Awaitable[None]] | None = None) -> None:
        await self.until(self._is_kept, "the registrations are on the disk")
        self.zone.is_adapter_dead = True
        old = self._adapters[-1]
        old.board.stop()
        assert isinstance(old._connection, UdpConnection)
        old._connection.close()
        await asyncio.sleep(0)  # the loop closes the socket on its next turn
        for timer in (old._refresher, old.phones._sweeper, old.phones._saver):
            if timer is not None:
                timer.cancel()
        for call in old.board.calls.values():
            old.board.close_sound(call)
        old.board._submit = _nobody  # what it still had to say is lost with it
        if meanwhile is not None:
            await meanwhile()
        await self.zone.reopen(self._make(replace(old.settings, port=old.address[1]), 25_000))
        for agent, number in NUMBERS.items():
            if number in self.phones:
                await self._register(agent)

    def _is_kept(self) -> bool:
        path = self._adapters[-1].settings.registrations
        assert path is not None
        there = {number for number in NUMBERS.values() if number in self.phones}
        kept = path.read_text() if path.exists() else ""
        return all(f'"{number}"' in kept for number in there)

    async def cut(self) -> None:
        for phone in self.phones.values():
            phone.cut(True)

    async def mend(self) -> None:
        for phone in self.phones.values():
            phone.cut(False)

    async def seat(self, agent: AgentId) -> None:
        if NUMBERS[agent] not in self.phones:
            await self._telephone(NUMBERS[agent], answers=False)
        await self._register(agent)
        await super().seat(agent)

    async def _register(self, agent: AgentId) -> None:
        answer = await self.phones[NUMBERS[agent]].register()
        assert answer.status == 200, answer
        known = self.zone.engine.state.agents[agent]
        await self.until(lambda: Link.PHONE in _links(known), f"the telephone of {agent} is known")

    async def arrive(self, entry: str = "4001") -> ContactId:
        phone = await self._telephone(f"1380013800{len(self.callers)}")
        seen = len(self.zone.of(f.ContactEntered))
        leg = phone.call(entry)
        entered = await self.zone.fact(f.ContactEntered, seen + 1)
        self.callers[entered.contact] = (phone, leg)
        return entered.contact

    async def leave(self, contact: ContactId) -> None:
        phone, leg = self.callers[contact]
        phone.hang_up(leg)

    async def pick_up(self, offer: OfferId, agent: AgentId) -> None:
        phone = self.phones[NUMBERS[agent]]
        leg = self._ringing(phone)[-1]
        phone.signalling.answer(leg, phone.sdp, phone.now_ms())
        phone.flush()

    async def answer_late(self, contact: ContactId, offer: OfferId, agent: AgentId) -> None:
        phone = self.phones[NUMBERS[agent]]
        phone.is_deaf = True  # the CANCEL is on its way
        await self.leave(contact)
        await self.zone.fact(f.ContactEnded, contact=contact)
        await self.pick_up(offer, agent)
        phone.is_deaf = False

    async def refuse(self, offer: OfferId, agent: AgentId) -> None:
        phone = self.phones[NUMBERS[agent]]
        phone.signalling.refuse(self._ringing(phone)[-1], 486, phone.now_ms())
        phone.flush()

    async def ring_off(self, offer: OfferId, agent: AgentId) -> None:
        phone = self.phones[NUMBERS[agent]]
        for leg in phone.legs:
            if leg.is_up and not leg.is_ended:
                phone.hang_up(leg)

    async def target_answers(self, target: str) -> None:
        phone = self.phones["trunk" if target == NUMBER else NUMBERS[AgentId(target)]]
        await self.until(lambda: self._ringing(phone), f"{target} is called")
        leg = self._ringing(phone)[-1]
        phone.signalling.answer(leg, phone.sdp, phone.now_ms())
        phone.flush()

    def is_treated(self, contact: ContactId) -> bool:
        phone, leg = self.callers[contact]
        return leg.is_up or 182 in phone.statuses()

    def rings(self, agent: AgentId) -> bool:
        phone = self.phones.get(NUMBERS[agent])
        return phone is not None and bool(self._ringing(phone))

    def talks_to(self, contact: ContactId) -> frozenset[str]:
        _, leg = self.callers[contact]
        if leg.is_ended or not leg.is_up or leg.is_negotiating or direction_of(leg.remote_sdp) != "sendrecv":
            return frozenset()
        heard = endpoint_of(leg.remote_sdp)
        everybody: dict[str, str] = {**NUMBERS, NUMBER: "trunk"}
        names = {
            name
            for name, number in everybody.items()
            if number in self.phones and endpoint_of(self.phones[number].sdp) == heard
        }
        return frozenset(name for name in names if self._hears(everybody[name], contact))

    def _hears(self, number: str, contact: ContactId) -> bool:
        """Whether a telephone has a leg that sends its sound to this customer."""
        phone, _ = self.callers[contact]
        return any(
            leg.is_up
            and not leg.is_ended
            and endpoint_of(leg.remote_sdp) == endpoint_of(phone.sdp)
            and direction_of(leg.remote_sdp) == "sendrecv"
            for leg in self.phones[number].legs
        )

    def is_held(self, contact: ContactId) -> bool:
        _, leg = self.callers[contact]
        if leg.is_ended or not leg.is_up or leg.is_negotiating:
            return False
        ports = [endpoint_of(phone.sdp) for phone in self.phones.values()]
        return endpoint_of(leg.remote_sdp) not in ports or direction_of(leg.remote_sdp) == "inactive"

    def is_gone(self, contact: ContactId) -> bool:
        return self.callers[contact][1].is_ended

    def can(self, ability: str) -> bool:
        # The bot is a room of the house, which this adapter was not given.
        return ability != Ability.INTAKE and super().can(ability)

    def agent_is_free(self, agent: AgentId) -> bool:
        phone = self.phones.get(NUMBERS[agent])
        return phone is None or all(leg.is_ended for leg in phone.legs)

    def _ringing(self, phone: Telephone) -> list[Leg]:
        return [leg for leg in phone.legs if leg.state is LegState.CALLING]


def _links(agent: Any) -> set[Link]:
    return {link for link in Link if agent.links & LINK_BITS[link]}


def _nobody(event: object) -> asyncio.Future[Any]:
    return asyncio.get_running_loop().create_future()
