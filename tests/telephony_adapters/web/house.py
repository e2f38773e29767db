"""The web adapter with its stores and bot on a real HTTP server, and a scripted stand-in of the loop."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from acd.customers import TranscriptRoom
from acd.database import open_database
from acd.intake import IntakeRoom
from acd.ports import Record
from acd.routing.events import ContactArrived
from acd.routing.model import (
    AgentId,
    AgentRules,
    Channel,
    ContactId,
    Decision,
    Needs,
    OfferId,
    Origin,
    QueueId,
    Rules,
    Strategy,
)
from acd.routing.outputs import (
    AnyFact,
    AssignmentConnected,
    ConnectContact,
    ContactEntered,
    OfferMade,
    OfferTaken,
    RulesInForce,
)
from telephony_adapters.web import WebAdapter, WebSettings
from tests.scripted_loop import START_MS, ScriptedLoop

ANN = AgentId("ann")
SERVICE = QueueId("service")
DECISION = Decision("arrival", Strategy.LONGEST_IDLE, 0, 0, 1, {})


@dataclass
class House:
    """What a test holds of it."""

    loop: ScriptedLoop
    adapter: WebAdapter
    intake: IntakeRoom
    transcripts: TranscriptRoom
    port: int

    async def connect_to_ann(self, contact: str, offer: int = 1) -> None:
        """Let Ann accept the contact, as the engine would."""
        whom, which = ContactId(contact), OfferId(offer)
        self.loop.tell(OfferMade(which, whom, ANN, SERVICE, Channel.CHAT, START_MS, DECISION))
        self.loop.tell(OfferTaken(which, START_MS))
        self.loop.order(ConnectContact("web", which, whom, ANN, Channel.CHAT))
        self.loop.tell(AssignmentConnected(which, whom, ANN, True))


def entered_by(event: ContactArrived) -> list[AnyFact]:
    return [
        ContactEntered(
            event.contact, Origin.INBOUND, event.channel, event.adapter, event.entry, SERVICE,
            event.language or "zh", None, START_MS, Needs(), 0, identities=event.identities,
            display=event.display, links=event.links,
        )
    ]  # fmt: skip


@asynccontextmanager
async def open_house(
    address: str,
    settings: WebSettings = WebSettings(),
    loop: ScriptedLoop | None = None,
    replay: list[Record] | None = None,
    legs: list[object] | None = None,
) -> AsyncIterator[House]:
    loop = loop or ScriptedLoop()
    loop.answers.setdefault(ContactArrived, entered_by)
    async with AsyncExitStack() as stack:
        database = await open_database(address)
        stack.push_async_callback(database.close)
        transcripts, intake = TranscriptRoom(database), IntakeRoom()
        adapter = WebAdapter(settings, transcripts, lambda: loop.now_ms, intake)
        loop.rooms = [transcripts, intake, adapter]
        for record in replay or []:
            for room in loop.rooms:
                room.observe(record, True)
        for room in loop.rooms:
            await room.start(loop.submit)
            stack.push_async_callback(room.stop)
        await adapter.resume(legs or [])  # type: ignore[arg-type]
        loop.tell(RulesInForce(Rules(1, agents=(AgentRules(ANN, "Ann Li"),))))
        app = web.Application()
        adapter.add_routes(app)
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        yield House(loop, adapter, intake, transcripts, port)
