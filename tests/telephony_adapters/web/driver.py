"""The web adapter's far side: customers' pages on a real websocket; agents sit at desks, nothing rings."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from websockets.exceptions import ConnectionClosed

from acd.customers import TranscriptRoom
from acd.database import open_database
from acd.ports import Ability
from acd.routing.model import AgentId, Channel, ContactId, OfferId
from acd.routing.outputs import facts as f
from telephony_adapters.web import WebAdapter, WebSettings
from tests.telephony_adapters.driver import Driver
from tests.telephony_adapters.web.page import Page, new_visitor


class Visitor:
    """One customer with one page, which comes back by itself after a cut."""

    def __init__(self) -> None:
        self.word = new_visitor()
        self.contact = ""
        self.state: dict[str, Any] = {}
        self.is_over = False
        self.wants_to_leave = False
        self.page: Page | None = None
        self.reader: asyncio.Task[None] | None = None

    async def open(self, port: int, entry: str) -> None:
        """Open the page and read along."""
        more = {"contact": self.contact} if self.contact else {}
        self.page = await Page.visit(port, self.word, entry=entry, **more)
        self.reader = asyncio.get_running_loop().create_task(self._read(self.page))

    async def cut(self) -> None:
        """Lose the network, without a word."""
        if self.reader is not None and self.page is not None:
            self.reader.cancel()
            await asyncio.wait([self.reader])
            self.page.socket.transport.abort()
            await self.page.socket.wait_closed()
        self.page = self.reader = None

    async def leave(self, times: int = 1) -> None:
        """End the visit, now or as soon as the network is back."""
        self.wants_to_leave = True
        for _ in range(times):
            if self.page is not None:
                with contextlib.suppress(ConnectionClosed):
                    await self.page.send(type="leave")

    async def _read(self, page: Page) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                message = await page.any()
                if message["type"] == "welcome":
                    self.contact, self.state = message["contact"], message["state"]
                elif message["type"] == "state":
                    self.state = message
                elif message["type"] == "ended":
                    self.is_over = True


class WebDriver(Driver):
    """Chats."""

    channel = Channel.CHAT
    can_say_late = False

    def __init__(self) -> None:
        super().__init__()
        self.visitors: dict[ContactId, Visitor] = {}
        self._folder = tempfile.TemporaryDirectory(prefix="acd-test-")
        self._house = contextlib.AsyncExitStack()
        self._port = 0

    async def open(self) -> None:
        await self.zone.open(await self._make())
        await self._serve()

    async def _make(self) -> WebAdapter:
        self._house = contextlib.AsyncExitStack()
        database = await open_database(f"sqlite:///{self._folder.name}/house.db")
        self._house.push_async_callback(database.close)
        store = TranscriptRoom(database)
        await store.start(self.zone.submit)
        self._house.push_async_callback(store.stop)
        return WebAdapter(WebSettings(), store, self.zone.now_ms)

    async def _serve(self) -> None:
        adapter = self.zone.adapter
        assert isinstance(adapter, WebAdapter)
        self._house.push_async_callback(adapter.stop)
        app = web.Application()
        adapter.add_routes(app)
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        self._house.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self._port = runner.addresses[0][1]

    async def close(self) -> None:
        await self.cut()
        await self._house.aclose()
        self._folder.cleanup()

    async def crash(self, meanwhile: Callable[[], Awaitable[None]] | None = None) -> None:
        self.zone.is_adapter_dead = True
        await self.cut()
        await self._house.aclose()
        if meanwhile is not None:
            await meanwhile()
        await self.zone.reopen(await self._make())
        await self._serve()
        await self.mend()

    async def cut(self) -> None:
        for visitor in self.visitors.values():
            await visitor.cut()

    async def mend(self) -> None:
        for visitor in self.visitors.values():
            await visitor.open(self._port, "4001")
            if visitor.wants_to_leave:
                await visitor.leave()

    async def arrive(self, entry: str = "4001") -> ContactId:
        visitor = Visitor()
        await visitor.open(self._port, entry)
        await self.until(lambda: visitor.contact, "the page is welcome")
        contact = ContactId(visitor.contact)
        self.visitors[contact] = visitor
        await self.zone.fact(f.ContactEntered, contact=contact)
        return contact

    async def leave(self, contact: ContactId) -> None:
        await self.visitors[contact].leave(2 if self.says_twice else 1)

    def can(self, ability: str) -> bool:
        # The bot is a room of the house, which this adapter was not given.
        return ability != Ability.INTAKE and super().can(ability)

    def is_treated(self, contact: ContactId) -> bool:
        return bool(self._state(contact) == "waiting")

    def rings(self, agent: AgentId) -> bool:
        """Desks ring: whoever was offered a chat and has not answered."""
        over: set[OfferId] = {each.offer for each in self.zone.of(f.OfferTaken)}
        over |= {each.offer for each in self.zone.of(f.OfferEnded)}
        return any(made.offer not in over for made in self.zone.of(f.OfferMade, agent=agent))

    def talks_to(self, contact: ContactId) -> frozenset[str]:
        visitor = self.visitors[contact]
        is_talk = self._state(contact) == "talking" and not visitor.is_over
        return frozenset((visitor.state["agent"],)) if is_talk else frozenset()

    def is_held(self, contact: ContactId) -> bool:
        return bool(self._state(contact) == "held")

    def is_gone(self, contact: ContactId) -> bool:
        return self.visitors[contact].is_over

    def agent_is_free(self, agent: AgentId) -> bool:
        return not self.rings(agent)

    def _state(self, contact: ContactId) -> object:
        return self.visitors[contact].state.get("state")
