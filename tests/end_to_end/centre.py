"""A small centre in one process: the real node with engine and journal, the rooms of tickets, customers, intake and
chats over a real database and a real HTTP server, and a telephone room that answers every call at once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from aiohttp import web

from acd.customers import CustomerRoom, TranscriptRoom
from acd.database import open_database
from acd.intake import IntakeRoom
from acd.ports import Record, Room, Submit
from acd.routing.engine import Engine
from acd.routing.events import (
    AgentSignedIn,
    AnyEvent,
    ContactConnected,
    LinkChanged,
    OfferAccepted,
    PresenceChosen,
)
from acd.routing.model import (
    AgentId,
    AgentRules,
    Channel,
    Disposition,
    EntryId,
    EntryRules,
    Link,
    OverflowAction,
    OverflowRule,
    Presence,
    QueueId,
    QueueRules,
    QueueServed,
    Rules,
)
from acd.routing.outputs import AnyCommand, AnyFact, Command, DialCustomer, OfferMade
from acd.runtime.clock import Clock
from acd.runtime.journal import open_journal
from acd.runtime.node import Node
from acd.tickets import TicketRoom
from telephony_adapters.web import WebAdapter, WebSettings

SERVICE = QueueId("service")
ANN = AgentId("ann")
WAIT_S = 20
F = TypeVar("F")


def rules(overflow_wait_ms: int = 100, again_ms: int = 300) -> Rules:
    """One queue whose customers are soon offered the bot, again and again; one agent."""
    busy = OverflowRule(
        "busy", OverflowAction.INTAKE, wait_ms=overflow_wait_ms, again_ms=again_ms, answer_ms=10_000
    )
    queue = QueueRules(
        SERVICE,
        overflow=(busy,),
        dispositions=(Disposition("solved", solves=True), Disposition("open")),
        disposition_default="open",
        announce_ms=200,
    )
    ann = AgentRules(
        ANN, "Ann Li", queues=(QueueServed(SERVICE),), capacity={Channel.VOICE: 1, Channel.CHAT: 1}
    )
    return Rules(1, (queue,), (EntryRules(EntryId("web-chat"), SERVICE, Channel.CHAT, "zh"),), agents=(ann,))


class Telephones:
    """The adapter `sip`, for tests of what is not SIP: whoever is dialled answers at once."""

    name = "sip"
    commands: frozenset[type[Command]] = frozenset({DialCustomer})

    def __init__(self) -> None:
        self.dialled: list[str] = []
        self._submit: Submit | None = None

    async def start(self, submit: Submit) -> None:
        self._submit = submit

    def execute(self, command: AnyCommand) -> None:
        assert isinstance(command, DialCustomer) and self._submit is not None
        self.dialled.append(command.number)
        self._submit(ContactConnected(command.offer))

    def observe(self, record: Record, is_replay: bool) -> None:
        return

    async def stop(self) -> None:
        return


class Witness:
    """Sees every record; tests wait for facts."""

    name = "witness"
    commands: frozenset[type[Command]] = frozenset()

    def __init__(self) -> None:
        self.facts: list[AnyFact] = []
        self._news = asyncio.Event()

    async def start(self, submit: Submit) -> None:
        return

    def execute(self, command: AnyCommand) -> None:
        raise AssertionError(f"nobody orders {command} of a witness")

    def observe(self, record: Record, is_replay: bool) -> None:
        if not is_replay:
            self.facts += record.facts
            self._news.set()

    async def stop(self) -> None:
        return

    async def fact(self, kind: type[F], suits: Callable[[F], bool] = lambda _: True, count: int = 1) -> F:
        """Wait for the count-th fact of a kind that suits."""
        async with asyncio.timeout(WAIT_S):
            while True:
                found = [each for each in self.facts if isinstance(each, kind) and suits(each)]
                if len(found) >= count:
                    return found[count - 1]
                self._news.clear()
                await self._news.wait()


@dataclass
class Centre:
    """What a test holds of it."""

    node: Node
    port: int
    web: WebAdapter
    tickets: TicketRoom
    customers: CustomerRoom
    transcripts: TranscriptRoom
    telephones: Telephones
    witness: Witness
    sessions: int = field(default=0)

    async def do(self, *events: AnyEvent) -> list[Record]:
        """Submit events and wait for their records."""
        return list(await asyncio.gather(*(self.node.loop.submit(event) for event in events)))

    async def sign_in(self, agent: AgentId = ANN) -> None:
        """Bring an agent to the desk, ready."""
        self.sessions += 1
        session = f"s{self.sessions}"
        await self.do(
            AgentSignedIn(agent, session),
            LinkChanged(agent, Link.DESK, True, session),
            LinkChanged(agent, Link.PHONE, True),
            PresenceChosen(agent, Presence.READY),
        )

    async def accept(self, count: int = 1) -> OfferMade:
        """Let the count-th offer be accepted at the desk."""
        offer = await self.witness.fact(OfferMade, count=count)
        await self.do(OfferAccepted(offer.offer))
        return offer


@asynccontextmanager
async def open_centre(folder: Path, address: str, zone: Rules | None = None) -> AsyncIterator[Centre]:
    async with AsyncExitStack() as stack:
        database = await open_database(address)
        stack.push_async_callback(database.close)
        clock = Clock()
        tickets = await TicketRoom.open(database, clock.now_ms)
        customers, transcripts, intake = (
            await CustomerRoom.open(database),
            TranscriptRoom(database),
            IntakeRoom(),
        )
        chats = WebAdapter(WebSettings(return_calls_by="sip"), transcripts, clock.now_ms, intake)
        telephones, witness = Telephones(), Witness()
        rooms: list[Room] = [witness, tickets, customers, transcripts, intake, telephones, chats]
        node = Node(open_journal(folder), Engine(), rooms, clock=clock)
        app = web.Application()
        chats.add_routes(app)
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        async with running(node, zone if zone is not None else rules()):
            yield Centre(
                node, runner.addresses[0][1], chats, tickets, customers, transcripts, telephones, witness
            )


@asynccontextmanager
async def running(node: Node, zone: Rules) -> AsyncIterator[None]:
    ready = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(node.run(zone, ready.set))
        async with asyncio.timeout(WAIT_S):
            await ready.wait()
        try:
            yield
        finally:
            node.stop()
            async with asyncio.timeout(WAIT_S):
                await task
