"""The switch adapter's far side: a small switch over real sockets."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Awaitable, Callable

from aiohttp import web

from acd.routing.model import AgentId, ContactId, OfferId
from acd.routing.outputs import facts as f
from telephony_adapters.cti.adapter import CtiAdapter
from telephony_adapters.cti.connection import CtiRoutes
from telephony_adapters.cti.settings import CtiSettings, SwitchSettings
from telephony_adapters.cti.wire import contact_of
from tests.telephony_adapters.cti.switch import KEY, SECRET, SOURCE, Call, Switch
from tests.telephony_adapters.driver import Driver


class CtiDriver(Driver):
    """By websocket, or by HTTP and webhook."""

    def __init__(self, by_webhook: bool) -> None:
        super().__init__()
        self.switch = Switch(by_webhook)
        self._runs = 0
        self._calls = 0
        self._server = contextlib.AsyncExitStack()

    async def open(self) -> None:
        if self.switch.by_webhook:
            await self.switch.open_hook()
        adapter, url = await self._serve()
        await self.zone.open(adapter)
        await self.switch.open(url)

    async def _serve(self) -> tuple[CtiAdapter, str]:
        self._runs += 1
        digest = hashlib.sha256(KEY.encode()).hexdigest()
        hook = self.switch.hook_url
        known = SwitchSettings(SOURCE, digest, hook, (SECRET,) if hook else (), allow_private=True)
        adapter = CtiAdapter(CtiSettings((known,)), self.zone.now_ms, f"run-{self._runs}")
        app = web.Application()
        CtiRoutes(adapter).add_to(app)
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        self._server.push_async_callback(runner.cleanup)
        self._server.push_async_callback(adapter.stop)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return adapter, f"http://127.0.0.1:{runner.addresses[0][1]}"

    async def close(self) -> None:
        await self.switch.close()
        await self._server.aclose()

    async def crash(self, meanwhile: Callable[[], Awaitable[None]] | None = None) -> None:
        self.zone.is_adapter_dead = True
        await self.switch.cut()
        await self._server.aclose()
        if meanwhile is not None:
            await meanwhile()
        adapter, url = await self._serve()
        await self.zone.reopen(adapter)
        await self.switch.open(url)
        await self.switch.compare()

    async def cut(self) -> None:
        await self.switch.cut()

    async def mend(self) -> None:
        await self.switch.open(self.switch._url)
        await self.switch.compare()

    async def arrive(self, entry: str = "4001") -> ContactId:
        self._calls += 1
        name = f"call-{self._calls}"
        contact = contact_of(SOURCE, name)
        self.switch.calls[name] = Call()
        self.switch.says_twice = self.says_twice
        await self.switch.say("acd.call.arrived", name, entry=entry, **{"from": "+8613800138000"})
        await self.zone.fact(f.ContactEntered, contact=contact)
        return contact

    async def leave(self, contact: ContactId) -> None:
        await self.switch.leave(_name(contact))

    async def pick_up(self, offer: OfferId, agent: AgentId) -> None:
        self.switch.ringing.pop(offer, None)
        await self.switch.say("acd.offer.accepted", offer=offer)

    async def refuse(self, offer: OfferId, agent: AgentId) -> None:
        self.switch.ringing.pop(offer, None)
        await self.switch.say("acd.offer.failed", offer=offer, outcome="busy")

    async def ring_off(self, offer: OfferId, agent: AgentId) -> None:
        for call in self.switch.calls.values():
            if call.offer == offer:
                call.parties.discard(agent)
        await self.switch.say("acd.agent.left", offer=offer)

    async def target_answers(self, target: str) -> None:
        await self.until(
            lambda: any(target in (call.consulted, call.dials) for call in self.switch.calls.values()),
            f"{target} is called",
        )
        await self.switch.target_answers(target)

    async def answer_late(self, contact: ContactId, offer: OfferId, agent: AgentId) -> None:
        await self.leave(contact)
        await self.zone.fact(f.ContactEnded, contact=contact)
        said = await self.switch.say("acd.offer.accepted", offer=offer)

        def answer() -> str:
            return next((each["outcome"] for each in self.switch.answers if each["id"] == said), "")

        await self.until(answer, "the switch is answered")
        assert answer() == "late"

    def is_treated(self, contact: ContactId) -> bool:
        return self._call(contact).treated > 0

    def rings(self, agent: AgentId) -> bool:
        return agent in self.switch.ringing.values()

    def talks_to(self, contact: ContactId) -> frozenset[str]:
        call = self._call(contact)
        return frozenset() if call.is_held else frozenset(call.parties)

    def is_held(self, contact: ContactId) -> bool:
        return self._call(contact).is_held

    def is_gone(self, contact: ContactId) -> bool:
        return not self._call(contact).is_here

    def listeners(self, contact: ContactId) -> dict[str, str]:
        return self._call(contact).listeners

    def agent_is_free(self, agent: AgentId) -> bool:
        calls = self.switch.calls.values()
        return not self.rings(agent) and all(agent not in call.parties for call in calls)

    def _call(self, contact: ContactId) -> Call:
        return self.switch.calls[_name(contact)]


def _name(contact: ContactId) -> str:
    return contact.rpartition(":")[2]
