"""The switch adapter on a real HTTP server with the real engine; a record is durable at the next turn of the loop."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from acd.ports import Overloaded, Record
from acd.routing import events as e
from acd.routing.engine import Engine
from acd.routing.model import (
    AgentId,
    AgentRules,
    Disposition,
    EntryId,
    EntryRules,
    Link,
    Presence,
    QueueId,
    QueueRules,
    QueueServed,
    Rules,
)
from acd.routing.outputs import AnyFact
from telephony_adapters.cti.adapter import CtiAdapter
from telephony_adapters.cti.connection import CtiRoutes
from telephony_adapters.cti.settings import CtiSettings, SwitchSettings

KEY, SOURCE, ANN = "k" * 64, "pbx-1", AgentId("ann")
SWITCH = SwitchSettings(SOURCE, hashlib.sha256(KEY.encode()).hexdigest())
SUPPORT = QueueId("support")
RULES = Rules(
    1,
    queues=(QueueRules(SUPPORT, dispositions=(Disposition("solved"),), disposition_default="solved"),),
    entries=(EntryRules(EntryId("400"), SUPPORT),),
    agents=(AgentRules(ANN, queues=(QueueServed(SUPPORT),)),),
)
HEADERS = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/cloudevents+json"}


def said(what: str, number: object, call: str = "", sequence: str = "", **data: object) -> dict[str, Any]:
    """A CloudEvent of the switch."""
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": str(number),
        "source": SOURCE,
        "type": what,
        "data": data,
    }
    return event | ({"subject": call} if call else {}) | ({"sequence": sequence} if sequence else {})


@dataclass
class House:
    """What a test holds of it."""

    adapter: CtiAdapter
    session: aiohttp.ClientSession
    url: str
    engine: Engine = field(default_factory=Engine)
    now_ms: int = 1_700_000_000_000
    seq: int = 0
    facts: list[AnyFact] = field(default_factory=list)
    events: list[e.AnyEvent] = field(default_factory=list)
    """Everything that was taken, in order."""
    is_full: bool = False
    full_code: str = "overloaded"
    _ready: list[tuple[asyncio.Future[Record], Record, list[Any]]] = field(default_factory=list)

    def submit(self, event: e.AnyEvent) -> asyncio.Future[Record]:
        if self.is_full and isinstance(event, e.ContactArrived):
            raise Overloaded(self.full_code)
        self.events.append(event)
        outputs = self.engine.handle(event, self.now_ms)
        self.seq += 1
        record = Record(self.seq, 1, self.now_ms, event, outputs.facts)
        future: asyncio.Future[Record] = asyncio.get_running_loop().create_future()
        self._ready.append((future, record, outputs.commands))
        asyncio.get_running_loop().call_soon(self._deliver)
        return future

    def _deliver(self) -> None:
        future, record, commands = self._ready.pop(0)
        self.facts.extend(record.facts)
        self.adapter.observe(record, False)
        for command in commands:
            if type(command) in self.adapter.commands:
                self.adapter.execute(command)
        future.set_result(record)

    def made(self, kind: type) -> list[Any]:
        """All facts of a kind so far."""
        return [fact for fact in self.facts if isinstance(fact, kind)]

    async def post(self, body: Any, **headers: str) -> tuple[int, Any]:
        """Post events; returns the status and the body."""
        async with self.session.post(f"{self.url}/events", json=body, headers=HEADERS | headers) as answer:
            return answer.status, await answer.json()

    async def post_raw(self, body: bytes, **headers: str) -> tuple[int, Any]:
        """The same with bytes."""
        async with self.session.post(f"{self.url}/events", data=body, headers=HEADERS | headers) as answer:
            return answer.status, await answer.json()


@asynccontextmanager
async def open_house(
    settings: CtiSettings = CtiSettings((SWITCH,)), stream: str = "s1"
) -> AsyncIterator[House]:
    """Open it, with Ann signed in and ready."""
    house: House | None = None
    adapter = CtiAdapter(settings, lambda: house.now_ms if house else 0, stream)
    app = web.Application()
    CtiRoutes(adapter).add_to(app)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    async with aiohttp.ClientSession() as session:
        house = House(adapter, session, f"http://127.0.0.1:{runner.addresses[0][1]}/cti/v1")
        for event in (
            e.RulesLoaded(RULES),
            e.NodeStarted(1),
            e.AgentSignedIn(ANN, "s", Presence.READY),
            e.LinkChanged(ANN, Link.DESK, True, "s"),
        ):
            await house.submit(event)
        await adapter.start(house.submit)
        try:
            yield house
        finally:
            await adapter.stop()
            await runner.cleanup()
