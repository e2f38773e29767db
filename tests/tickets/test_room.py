"""The ticket room over real databases: orders, return calls, the thread, crashes, and a database that is away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text

from acd.database import open_database
from acd.ports import TicketCard
from acd.routing.events import TicketClosed, TicketOpened
from acd.routing.model import (
    AgentId,
    Channel,
    ContactId,
    Decision,
    EntryId,
    Identity,
    Needs,
    OfferId,
    Origin,
    Outcome,
    PersonId,
    QueueId,
    Strategy,
    TicketId,
)
from acd.routing.outputs import (
    AnyFact,
    AssignmentConnected,
    AssignmentDone,
    CloseTicket,
    ContactEnded,
    ContactEntered,
    OfferMade,
    OpenTicket,
    ReturnCallMerged,
    ReturnCallRescheduled,
    TicketLinked,
)
from acd.tickets import Clocks, TicketRoom
from tests.databases import PostgresServer, on_both_databases
from tests.naughty import naughty_strings
from tests.scripted_loop import START_MS, ScriptedLoop

CALL = ContactId("sip-1")
RETURN = ContactId("sip-1+return")
ANN = AgentId("ann")
SERVICE = QueueId("service")
TEL = Identity("tel:13800138000")
DECISION = Decision("arrival", Strategy.LONGEST_IDLE, 0, 0, 1, {})


def order_for(contact: str = CALL, **more: object) -> OpenTicket:
    fields: dict[str, object] = {
        "adapter": "", "contact": ContactId(contact), "queue": SERVICE, "language": "zh", "identities": (TEL,),
        "category": "product", "words": "漏水", "recording": "sip-1-1-0.wav", "number": "13800138000",
        "return_call": True,
    }  # fmt: skip
    return OpenTicket(**(fields | more))  # type: ignore[arg-type]


def entered(contact: ContactId, ticket: TicketId | None = None, display: str = "") -> ContactEntered:
    origin = Origin.INBOUND if ticket is None else Origin.RETURN_CALL
    return ContactEntered(
        contact, origin, Channel.VOICE, "sip", EntryId("400"), SERVICE, "zh", None, START_MS, Needs(), 0,
        identities=(TEL,), display=display, ticket=ticket,
    )  # fmt: skip


def offered(offer: int) -> OfferMade:
    return OfferMade(OfferId(offer), RETURN, ANN, SERVICE, Channel.VOICE, START_MS, DECISION)


@asynccontextmanager
async def running(address: str, loop: ScriptedLoop) -> AsyncIterator[TicketRoom]:
    database = await open_database(address)
    room = await TicketRoom.open(database, lambda: loop.now_ms, Clocks(respond_ms=1_000, resolve_ms=5_000))
    loop.rooms = [room]
    await room.start(loop.submit)
    try:
        yield room
    finally:
        await room.stop()
        await database.close()


async def opened(loop: ScriptedLoop, **more: object) -> TicketId:
    count = sum(isinstance(event, TicketOpened) for event in loop.events) + 1
    loop.order(order_for(**more))
    return (await loop.event(TicketOpened, count)).ticket


async def settled(room: TicketRoom) -> None:
    assert await room.spool.drained(10)


@on_both_databases
async def test_an_order_opens_a_ticket_with_a_short_number_and_all_that_was_taken_down(address: str) -> None:
    loop = ScriptedLoop()
    async with running(address, loop) as room:
        loop.tell(entered(CALL, display="李伟"))
        ticket = await opened(loop)
        assert ticket == "10001"
        thread = await room.ticket(ticket)
    assert thread is not None
    card = thread.card
    assert (card.state, card.queue, card.category, card.words) == ("open", SERVICE, "product", "漏水")
    assert (card.recording, card.number, card.customer) == ("sip-1-1-0.wav", "13800138000", "李伟")
    assert card.due_at_ms is not None and card.due_at_ms - card.opened_at_ms == 1_000
    assert thread.identities == [TEL] and thread.contacts == [CALL] and thread.language == "zh"
    assert [entry.kind for entry in thread.entries] == ["opened"]


@on_both_databases
async def test_a_repeated_order_gives_the_same_ticket_and_the_answer_again_also_after_a_crash(
    address: str,
) -> None:
    loop = ScriptedLoop()
    async with running(address, loop):
        first = await opened(loop)
        assert await opened(loop) == first
        assert await opened(loop, contact="sip-2") != first
    again = ScriptedLoop()
    async with running(address, again) as room:
        assert await opened(again) == first
        assert len(await room.open_tickets(10)) == 2


@on_both_databases
async def test_the_return_call_is_followed_to_the_end_and_the_ticket_closes_with_it(address: str) -> None:
    loop = ScriptedLoop()
    states = []
    async with running(address, loop) as room:
        room.listen(lambda card: states.append(card.return_call))
        ticket = await opened(loop)
        steps: list[tuple[AnyFact, ...]] = [
            (TicketLinked(CALL, ticket), entered(RETURN, ticket)),
            (offered(1),),
            (ReturnCallRescheduled(RETURN, 1, loop.now_ms + 60_000, "busy"),),
            (offered(2),),
            (AssignmentConnected(OfferId(2), RETURN, ANN, True),),
            (ContactEnded(RETURN, Outcome.ANSWERED, "agent", SERVICE),),
            (AssignmentDone(OfferId(2), RETURN, ANN, "solved", "new seal"),),
        ]
        for facts in steps:
            loop.tell(*facts)
            await settled(room)
        loop.order(CloseTicket("", ticket, RETURN, ANN, "solved", "new seal"))
        assert (await loop.event(TicketClosed)).ticket == ticket
        thread = await room.ticket(ticket)
        assert await room.open_tickets(10) == []
    assert states == ["", "waiting", "offered", "waiting", "offered", "talking", "done", "done", "done"]
    assert thread is not None
    assert (thread.card.state, thread.card.owner, thread.card.disposition) == ("closed", ANN, "solved")
    assert thread.contacts == [CALL, RETURN]
    assert thread.first_response_ms is not None and thread.resolution_ms is not None
    assert 0 < thread.first_response_ms < thread.resolution_ms
    assert [(entry.kind, entry.text) for entry in thread.entries] == [
        ("opened", "product"), ("linked", ""), ("return_call", "waiting"), ("return_call", "offered"),
        ("return_call", "busy"), ("return_call", "offered"), ("return_call", "talking"), ("return_call", "done"),
        ("disposition", "solved: new seal"), ("closed", "solved: new seal"),
    ]  # fmt: skip


@on_both_databases
async def test_records_that_are_replayed_after_a_crash_write_nothing_twice(address: str) -> None:
    loop = ScriptedLoop()
    async with running(address, loop) as room:
        ticket = await opened(loop)
        facts = [(TicketLinked(CALL, ticket), entered(RETURN, ticket)), (offered(1),)]
        records = [loop.tell(*each) for each in facts]
        await settled(room)
        before = await room.ticket(ticket)
    after_crash = ScriptedLoop()
    database = await open_database(address)
    room = await TicketRoom.open(database, lambda: loop.now_ms, Clocks(1_000, 5_000))
    for record in records:
        room.observe(record, True)
    await room.start(after_crash.submit)
    await settled(room)
    assert await room.ticket(ticket) == before
    after_crash.seq, after_crash.rooms = loop.seq, [room]
    after_crash.tell(AssignmentConnected(OfferId(1), RETURN, ANN, True))
    await settled(room)
    thread = await room.ticket(ticket)
    assert thread is not None and thread.card.return_call == "talking"
    await room.stop()
    await database.close()


@on_both_databases
async def test_a_record_that_was_journaled_but_not_written_before_a_crash_is_written_at_the_replay(
    address: str,
) -> None:
    loop = ScriptedLoop()
    async with running(address, loop):
        ticket = await opened(loop)
    lost = loop.tell(TicketLinked(CALL, ticket), entered(RETURN, ticket))
    database = await open_database(address)
    room = await TicketRoom.open(database, lambda: loop.now_ms)
    room.observe(lost, True)
    await room.start(loop.submit)
    await settled(room)
    assert [card.return_call for card in await room.open_tickets(10)] == ["waiting"]
    await room.stop()
    await database.close()


@on_both_databases
async def test_a_merged_return_call_stands_on_both_tickets(address: str) -> None:
    loop = ScriptedLoop()
    async with running(address, loop) as room:
        first = await opened(loop)
        second = await opened(loop, contact="sip-2")
        loop.tell(TicketLinked(CALL, first), entered(RETURN, first))
        loop.tell(ReturnCallMerged(ContactId("sip-2+return"), RETURN, second))
        loop.tell(ContactEnded(RETURN, Outcome.UNREACHED, "tries", SERVICE))
        await settled(room)
        cards = await room.open_tickets(10)
    assert [(card.ticket, card.return_call) for card in cards] == [
        (second, "unreached"),
        (first, "unreached"),
    ]


@on_both_databases
async def test_a_note_is_added_once_for_its_key_and_told_to_listeners(address: str) -> None:
    loop = ScriptedLoop()
    heard: list[TicketCard] = []
    async with running(address, loop) as room:
        ticket = await opened(loop)
        room.listen(heard.append)
        first = await room.add_note(ticket, PersonId("ann"), "called the shop", "k1")
        assert await room.add_note(ticket, PersonId("ann"), "called the shop", "k1") == first
        assert await room.add_note(TicketId("4711"), PersonId("ann"), "x", "k2") is None
        assert await room.add_note(TicketId("no number"), PersonId("ann"), "x", "k2") is None
        thread = await room.ticket(ticket)
    assert first is not None and first.text == "called the shop"
    assert thread is not None and [entry.kind for entry in thread.entries] == ["opened", "note"]
    assert [card.ticket for card in heard] == [ticket, ticket]


@on_both_databases
async def test_tickets_of_a_customer_come_over_all_identities_open_ones_first(address: str) -> None:
    loop = ScriptedLoop()
    chat = Identity("chat:1")
    async with running(address, loop) as room:
        first = await opened(loop, contact="a", identities=(TEL,))
        second = await opened(loop, contact="b", identities=(chat, TEL))
        third = await opened(loop, contact="c", identities=(chat,))
        await opened(loop, contact="d", identities=(Identity("tel:1"),))
        loop.order(CloseTicket("", third, ContactId("c"), ANN, "solved"))
        await loop.event(TicketClosed)
        cards = await room.tickets_of([TEL, chat], 10)
        assert [card.ticket for card in cards] == [second, first, third]
        assert [card.ticket for card in await room.tickets_of([TEL], 1)] == [second]


@on_both_databases
async def test_closing_twice_or_closing_what_is_not_there_is_answered_and_changes_nothing(
    address: str,
) -> None:
    loop = ScriptedLoop()
    async with running(address, loop) as room:
        ticket = await opened(loop)
        loop.order(CloseTicket("", ticket, RETURN, ANN, "solved"))
        loop.order(CloseTicket("", ticket, RETURN, AgentId("bob"), "other"))
        loop.order(CloseTicket("", TicketId("99999"), RETURN, ANN, "solved"))
        assert (await loop.event(TicketClosed, 3)).ticket == "99999"
        thread = await room.ticket(ticket)
    assert thread is not None
    assert (thread.card.owner, thread.card.disposition) == (ANN, "solved")
    assert [entry.kind for entry in thread.entries] == ["opened", "closed"]


@on_both_databases
async def test_any_text_goes_in_and_comes_out(address: str) -> None:
    loop = ScriptedLoop()
    strings = naughty_strings()
    async with running(address, loop) as room:
        for place, words in enumerate(strings):
            loop.order(order_for(f"n-{place}", words=words, category=words[:50], number=words[:20]))
        await loop.event(TicketOpened, len(strings))
        cards = await room.open_tickets(len(strings))
        assert room.spool.refused == 0
    expected = [words.replace("\0", "").encode("utf-8", "ignore").decode() for words in strings]
    assert [card.words for card in reversed(cards)] == expected


async def test_what_the_database_refuses_is_put_aside_and_stops_nobody(tmp_path: object) -> None:
    loop = ScriptedLoop()
    address = f"sqlite:///{tmp_path}/acd.sqlite"
    async with running(address, loop) as room:
        good = [order_for(f"n-{place}") for place in range(10)]
        loop.order(*good[:5], order_for("bad", queue=None), *good[5:])
        await loop.event(TicketOpened, 10)
        await settled(room)
        assert room.spool.refused == 1
        database = await open_database(address)
        async with database.reading() as connection:
            rows = (await connection.execute(text("SELECT room, item FROM spool_refused"))).all()
        await database.close()
    assert [row.room for row in rows] == ["tickets"] and "bad" in rows[0].item


@pytest.mark.needs("pg_ctlcluster")
@pytest.mark.xdist_group("postgresql")
async def test_while_the_database_is_away_orders_return_at_once_and_are_carried_out_later_in_order(
    postgres_server: PostgresServer,
) -> None:
    loop = ScriptedLoop()
    address = await asyncio.to_thread(postgres_server.new_database)
    async with running(address, loop) as room:
        first = await opened(loop)
        await asyncio.to_thread(postgres_server.stop)
        try:
            begun = asyncio.get_running_loop().time()
            for place in range(300):
                loop.order(order_for(f"w-{place}"))
            assert asyncio.get_running_loop().time() - begun < 1
            assert len(room.spool) == 300
        finally:
            await asyncio.to_thread(postgres_server.start)
        await loop.event(TicketOpened, 301)
        cards = list(reversed(await room.open_tickets(2_000)))
    assert [card.contact for card in cards] == [CALL, *(f"w-{place}" for place in range(300))]
    assert cards[0].ticket == first
