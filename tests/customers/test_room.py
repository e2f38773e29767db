"""The customers room over real databases: accounts over identities, timelines, replays."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from sqlalchemy import Engine, text
from sqlalchemy.event import listen, remove

from acd.customers import CustomerRoom
from acd.database import open_database
from acd.ports import CustomerCard
from acd.routing.model import (
    AgentId,
    Channel,
    ContactId,
    EntryId,
    Identity,
    Needs,
    OfferId,
    Origin,
    Outcome,
    QueueId,
    TicketId,
)
from acd.routing.outputs import (
    AnyFact,
    AssignmentConnected,
    AssignmentDone,
    ContactChanged,
    ContactEnded,
    ContactEntered,
    ContactRequeued,
    ContactTurnedAway,
    TicketLinked,
)
from tests.databases import on_both_databases
from tests.naughty import naughty_strings
from tests.scripted_loop import START_MS, ScriptedLoop

ANN = AgentId("ann")
SERVICE = QueueId("service")
TEL, CHAT, OTHER = Identity("tel:13800138000"), Identity("chat:abc"), Identity("tel:4711")


def entered(contact: str, *identities: Identity, name: str = "", verified: bool = False) -> ContactEntered:
    return ContactEntered(
        ContactId(contact), Origin.INBOUND, Channel.VOICE, "sip", EntryId("400"), SERVICE, "zh", None, START_MS,
        Needs(), 0, identities=identities, display=name, verified=verified,
    )  # fmt: skip


@asynccontextmanager
async def running(address: str, loop: ScriptedLoop) -> AsyncIterator[CustomerRoom]:
    database = await open_database(address)
    room = await CustomerRoom.open(database)
    loop.rooms = [room]
    await room.start(loop.submit)
    try:
        yield room
    finally:
        await room.stop()
        await database.close()


async def told(loop: ScriptedLoop, room: CustomerRoom, records: Iterable[tuple[AnyFact, ...]]) -> None:
    for facts in records:
        loop.tell(*facts)
    assert await room.spool.drained(10)


async def card_of(room: CustomerRoom, *identities: Identity) -> CustomerCard:
    card = await room.customer_of(identities, 10)
    assert card is not None
    return card


@on_both_databases
async def test_a_contact_stands_on_the_timeline_with_all_that_happened_to_it(address: str) -> None:
    loop, contact = ScriptedLoop(), ContactId("a")
    async with running(address, loop) as room:
        steps: list[tuple[AnyFact, ...]] = [
            (entered("a", TEL, name="李伟"),),
            (ContactRequeued(contact, QueueId("other"), "overflow"),),
            (AssignmentConnected(OfferId(1), contact, ANN, True),),
            (TicketLinked(contact, TicketId("10001")),),
            (ContactEnded(contact, Outcome.ANSWERED, "agent", QueueId("other")),),
            (AssignmentDone(OfferId(1), contact, ANN, "solved", "new seal"),),
        ]
        for step in steps:
            await told(loop, room, [step])
        card = await card_of(room, TEL)
    assert (card.name, card.identities) == ("李伟", [TEL])
    [visit] = card.contacts
    assert (visit.contact, visit.channel, visit.origin, visit.queue) == ("a", "voice", "inbound", "other")
    assert (visit.outcome, visit.agent, visit.disposition, visit.notes) == (
        "answered",
        ANN,
        "solved",
        "new seal",
    )
    assert visit.ticket == "10001" and visit.answered_at_ms and visit.ended_at_ms
    assert visit.arrived_at_ms < visit.answered_at_ms < visit.ended_at_ms


@on_both_databases
async def test_one_batch_and_many_give_the_same_timeline(address: str) -> None:
    loop, contact = ScriptedLoop(), ContactId("a")
    async with running(address, loop) as room:
        records: list[tuple[AnyFact, ...]] = [
            (entered("a", TEL), entered("b", OTHER)),
            (AssignmentConnected(OfferId(1), contact, ANN, True),),
            (ContactEnded(contact, Outcome.ANSWERED, "agent", SERVICE),),
            (ContactEnded(ContactId("b"), Outcome.ABANDONED, "customer", SERVICE),),
        ]
        await told(loop, room, records)
        [visit] = (await card_of(room, TEL)).contacts
        assert (visit.outcome, visit.agent) == ("answered", ANN)
        [visit] = (await card_of(room, OTHER)).contacts
        assert (visit.outcome, visit.agent) == ("abandoned", None)


@on_both_databases
async def test_accounts_that_turn_out_to_be_one_customer_are_joined_and_it_is_kept_what_told_so(
    address: str,
) -> None:
    loop = ScriptedLoop()
    async with running(address, loop) as room:
        await told(loop, room, [(entered("a", TEL, name="Li"),), (entered("b", CHAT),)])
        older, younger = await card_of(room, TEL), await card_of(room, CHAT)
        assert older.account != younger.account
        await told(loop, room, [(entered("c", CHAT, TEL), entered("d", CHAT, OTHER))])
        card = await card_of(room, CHAT)
        assert card == await card_of(room, OTHER) == await card_of(room, TEL)
        assert card.account == older.account and card.name == "Li"
        assert sorted(each.contact for each in card.contacts) == ["a", "b", "c", "d"]
        database = await open_database(address)
        async with database.reading() as connection:
            rows = (
                await connection.execute(text('SELECT account, "into", contact FROM customer_joinings'))
            ).all()
        await database.close()
    assert [tuple(row) for row in rows] == [(int(younger.account), int(older.account), "c")]


@on_both_databases
async def test_strangers_of_one_batch_who_turn_out_to_be_one_are_one_account(address: str) -> None:
    loop = ScriptedLoop()
    async with running(address, loop) as room:
        facts = (
            entered("a", TEL),
            entered("b", CHAT, name="Li"),
            entered("c", CHAT, TEL),
            entered("d", OTHER),
        )
        await told(loop, room, [facts])
        card, stranger = await card_of(room, TEL), await card_of(room, OTHER)
        assert card == await card_of(room, CHAT)
        assert sorted(each.contact for each in card.contacts) == ["a", "b", "c"]
        assert [each.contact for each in stranger.contacts] == ["d"]
        assert card.account != stranger.account


@on_both_databases
async def test_a_batch_of_strangers_takes_few_statements(address: str) -> None:
    loop, count = ScriptedLoop(), 300
    statements: list[str] = []

    def note(*arguments: object) -> None:
        statements.append(str(arguments[2]))

    listen(Engine, "before_cursor_execute", note)
    try:
        async with running(address, loop) as room:
            statements.clear()
            people = [(entered(f"c{at}", Identity(f"tel:{at}"), name=f"N{at}"),) for at in range(count)]
            await told(loop, room, people)
            written = len(statements)
            for at in (0, count // 2, count - 1):
                card = await card_of(room, Identity(f"tel:{at}"))
                assert (card.name, [each.contact for each in card.contacts]) == (f"N{at}", [f"c{at}"])
    finally:
        remove(Engine, "before_cursor_execute", note)
    assert written < 40, written


@on_both_databases
async def test_identities_that_become_known_later_join_too(address: str) -> None:
    loop = ScriptedLoop()
    async with running(address, loop) as room:
        await told(loop, room, [(entered("a", TEL),), (entered("b", CHAT),)])
        await told(loop, room, [(ContactChanged(ContactId("b"), {}, (TEL,)),)])
        card = await card_of(room, TEL)
        assert [each.contact for each in card.contacts] == ["b", "a"] or len(card.contacts) == 1


@on_both_databases
async def test_a_withheld_number_has_a_timeline_of_nobody_and_a_stranger_no_card(address: str) -> None:
    loop = ScriptedLoop()
    async with running(address, loop) as room:
        away = ContactTurnedAway(ContactId("c"), "sip", Channel.VOICE, EntryId("400"), "closed", (TEL,))
        used = ContactTurnedAway(ContactId("a"), "sip", Channel.VOICE, EntryId("400"), "id_used", (OTHER,))
        await told(loop, room, [(entered("a"),), (away,), (used,)])
        assert await room.customer_of([OTHER], 10) is None
        [visit] = (await card_of(room, OTHER, TEL)).contacts
        assert (visit.contact, visit.outcome) == ("c", "refused")


@on_both_databases
async def test_replayed_records_write_nothing_twice_and_lost_ones_are_written(address: str) -> None:
    loop = ScriptedLoop()
    async with running(address, loop) as room:
        await told(loop, room, [(entered("a", TEL),)])
        before = await card_of(room, TEL)
    lost = loop.tell(ContactEnded(ContactId("a"), Outcome.ABANDONED, "customer", SERVICE))
    database = await open_database(address)
    room = await CustomerRoom.open(database)
    loop.seq = 0
    room.observe(ScriptedLoop().tell(entered("a", TEL, OTHER)), True)
    room.observe(lost, True)
    await room.start(loop.submit)
    assert await room.spool.drained(10)
    after = await card_of(room, TEL)
    assert (before.identities, before.account) == (after.identities, after.account)
    assert [each.outcome for each in after.contacts] == ["abandoned"]
    await room.stop()
    await database.close()


@on_both_databases
async def test_any_name_and_note_goes_in_and_comes_out(address: str) -> None:
    loop, strings = ScriptedLoop(), naughty_strings()[:150]
    async with running(address, loop) as room:
        for place, words in enumerate(strings):
            contact = f"c-{place}"
            loop.tell(
                entered(contact, Identity(f"chat:{place}"), name=words),
                AssignmentDone(OfferId(place + 1), ContactId(contact), ANN, "solved", words),
            )
        assert await room.spool.drained(20)
        assert room.spool.refused == 0
        for place, words in enumerate(strings):
            card = await card_of(room, Identity(f"chat:{place}"))
            expected = words.replace("\0", "").encode("utf-8", "ignore").decode()
            assert (card.name, card.contacts[0].notes) == (expected, expected)
