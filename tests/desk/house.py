"""A small house around the desks: the real engine, the real room on a real server.

Only journal and telephone are not there. A record is "durable" at the next turn of the loop. Time stands still
unless a test moves it.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import argon2
from aiohttp import web

from acd.client import Desk, sign_in
from acd.client.http import SignedIn
from acd.desk.people import DeskSettings, Person, Role
from acd.desk.room import DeskRoom
from acd.ports import ChatMessage, Overloaded, Record, Speaker
from acd.routing import events as e
from acd.routing.engine import Engine
from acd.routing.model import (
    AgentId,
    AgentRules,
    Channel,
    ContactId,
    Disposition,
    EntryId,
    EntryRules,
    Identity,
    Label,
    PersonId,
    QueueId,
    QueueRules,
    QueueServed,
    RegionId,
    RegionRules,
    Rules,
    TeamId,
)
from acd.routing.outputs import ConnectContact, HoldContact

PASSWORD = "correct horse 电池"
_HASHER = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD_HASH = _HASHER.hash(PASSWORD)
SALES, SUPPORT = QueueId("sales"), QueueId("support")

RULES = Rules(
    version=1,
    queues=(
        QueueRules(
            SALES,
            Label("Sales", "销售"),
            dispositions=(Disposition("order/new"), Disposition("order/late"), Disposition("other")),
            disposition_default="other",
        ),
        QueueRules(SUPPORT, Label("Support", "支持"), dispositions=(Disposition("solved", solves=True),)),
    ),
    entries=(
        EntryRules(EntryId("4001"), SALES, region=RegionId("north")),
        EntryRules(EntryId("4002"), SUPPORT, region=RegionId("south"), language="zh"),
        EntryRules(EntryId("page"), SALES, channel=Channel.CHAT),
    ),
    regions=(RegionRules(RegionId("north"), Label("North", "北")), RegionRules(RegionId("south"))),
    agents=tuple(
        AgentRules(
            AgentId(name),
            name=name.title(),
            region=RegionId(region),
            team=TeamId(team),
            queues=tuple(QueueServed(queue) for queue in queues),
        )
        for name, region, team, queues in (
            ("ann", "north", "red", (SALES,)),
            ("bob", "north", "red", (SALES, SUPPORT)),
            ("cho", "south", "blue", (SUPPORT,)),
            ("sue", "north", "red", ()),
        )
    ),
)


def person(name: str, role: Role, *teams: str) -> Person:
    """Return somebody who may sign in with `PASSWORD`."""
    return Person(
        PersonId(name), name.title(), role, PASSWORD_HASH, tuple(TeamId(team) for team in teams), "en"
    )


PEOPLE = (
    person("ann", Role.AGENT, "red"),
    person("bob", Role.AGENT, "red"),
    person("cho", Role.AGENT, "blue"),
    person("sue", Role.SUPERVISOR, "red"),
    person("adi", Role.ADMIN),
    person("ina", Role.INTEGRATOR),
    person("aud", Role.AUDITOR),
)


class Chats:
    """Conversations without a web page behind them."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self.lines: dict[ContactId, list[ChatMessage]] = {}
        self._now_ms = now_ms
        self._keys: dict[tuple[str, str], ChatMessage] = {}
        self._hear: list[Callable[[ChatMessage], None]] = []

    def transcript(self, contact: ContactId) -> list[ChatMessage]:
        return list(self.lines.get(contact, []))

    def say(self, contact: ContactId, agent: AgentId, text: str, key: str) -> ChatMessage:
        if (contact, key) not in self._keys:
            self._keys[(contact, key)] = self._add(contact, Speaker.AGENT, text, agent)
        return self._keys[(contact, key)]

    def customer_says(self, contact: str, text: str) -> None:
        self._add(ContactId(contact), Speaker.CUSTOMER, text, None)

    def listen(self, hear: Callable[[ChatMessage], None]) -> None:
        self._hear.append(hear)

    def _add(self, contact: ContactId, by: Speaker, text: str, agent: AgentId | None) -> ChatMessage:
        lines = self.lines.setdefault(contact, [])
        line = ChatMessage(contact, len(lines) + 1, by, text, self._now_ms(), agent=agent)
        lines.append(line)
        for hear in self._hear:
            hear(line)
        return line


class House:
    """Engine and desks. `records` holds everything that became true."""

    def __init__(self, settings: DeskSettings) -> None:
        self.now = 1_764_000_000_000
        self.engine = Engine()
        self.chats = Chats(lambda: self.now)
        self.room = DeskRoom(settings, lambda: self.now, self.chats)
        self.records: list[Record] = []
        self.address = ""
        self.application: web.Application
        self.is_overloaded = False
        self._numbers = itertools.count(1)
        self._contacts = itertools.count(1)
        self.connects = True

    def submit(self, event: e.AnyEvent) -> asyncio.Future[Record]:
        """The loop's, without a queue and without a disk."""
        if self.is_overloaded and isinstance(event, e.AgentSignedIn | e.ContactArrived):
            raise Overloaded()
        outputs = self.engine.handle(event, self.now)
        record = Record(next(self._numbers), 1, self.now, event, outputs.facts)
        self.records.append(record)
        self.room.observe(record, is_replay=False)
        future: asyncio.Future[Record] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(lambda: future.done() or future.set_result(record))
        if self.connects:
            for command in outputs.commands:
                if isinstance(command, ConnectContact):
                    self.submit(e.ContactConnected(command.offer))
        assert not any(isinstance(command, HoldContact) and not command.key for command in outputs.commands)
        return future

    def pass_ms(self, milliseconds: int) -> None:
        """Let time pass, deadline by deadline."""
        until = self.now + milliseconds
        while (due := self.engine.next_deadline_ms()) is not None and due <= until:
            self.now = max(self.now, due)
            self.submit(e.TimePassed())
        self.now = until

    def arrive(self, entry: str = "4001", *, number: str = "+8613800138000", **fields: Any) -> ContactId:
        """A customer is at the door."""
        contact = ContactId(f"c-{next(self._contacts)}")
        channel = Channel.CHAT if entry == "page" else Channel.VOICE
        identity = Identity(f"chat:{number}" if entry == "page" else f"tel:{number}")
        fields = {"display": "Mr Li"} | fields
        self.submit(e.ContactArrived(contact, "sim", channel, EntryId(entry), (identity,), **fields))
        return contact

    def submit_left(self, contact: ContactId) -> None:
        """A customer is gone."""
        self.submit(e.CustomerLeft(contact))

    def facts(self, kind: type) -> list[Any]:
        """Return all facts of a kind."""
        return [fact for record in self.records for fact in record.facts if isinstance(fact, kind)]

    async def sign_in(self, name: str, password: str = PASSWORD) -> SignedIn:
        """Sign somebody in."""
        return await sign_in(self.address, name, password)

    async def desk(self, name: str, **options: Any) -> Desk:
        """Return a desk of somebody, to be entered by `async with`."""
        return Desk(self.address, (await self.sign_in(name)).token, **options)

    @asynccontextmanager
    async def ready(self, name: str, **options: Any) -> AsyncIterator[Desk]:
        """An agent at a desk, ready."""
        async with await self.desk(name, **options) as desk:
            await desk.act("set_presence", presence="ready")
            yield desk


def make_settings(folder: Path, **changes: Any) -> DeskSettings:
    """Return settings for tests."""
    fields: dict[str, Any] = {
        "folder": folder,
        "people": PEOPLE,
        "reasons": {"break": Label("Break"), "lunch": Label("Lunch")},
        "supervisor_tick_ms": 20,
        "shared_tick_ms": 160,
    }
    return DeskSettings(**(fields | changes))


@asynccontextmanager
async def open_house(folder: Path, **changes: Any) -> AsyncIterator[House]:
    """A house that serves on a free port."""
    house = House(make_settings(folder, **changes))
    house.submit(e.NodeStarted(1))
    house.submit(e.RulesLoaded(RULES))
    house.application = app = web.Application()
    house.room.add_routes(app)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    house.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    await house.room.start(house.submit)
    try:
        yield house
    finally:
        await house.room.stop()
        await runner.cleanup()
