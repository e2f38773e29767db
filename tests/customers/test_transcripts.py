"""The transcripts: every line whole, in order, told when durable."""

import asyncio

import pytest

from acd.customers import TranscriptRoom
from acd.database import open_database
from acd.ports import ChatMessage, Speaker
from acd.routing.model import AgentId, ContactId
from tests.databases import PostgresServer, on_both_databases
from tests.naughty import naughty_strings
from tests.scripted_loop import START_MS, ScriptedLoop


def line(contact: str, number: int, words: str, by: Speaker = Speaker.CUSTOMER) -> ChatMessage:
    agent = AgentId("ann") if by is Speaker.AGENT else None
    return ChatMessage(
        ContactId(contact), number, by, words, START_MS + number, "Ann" if agent else "", agent
    )


@on_both_databases
async def test_lines_come_back_whole_in_order_with_their_keys(address: str) -> None:
    database = await open_database(address)
    room = TranscriptRoom(database)
    await room.start(ScriptedLoop().submit)
    strings = [each.replace("\0", "").encode("utf-8", "ignore").decode() for each in naughty_strings()]
    durable: list[int] = []
    for number, words in enumerate(strings, 1):
        by = list(Speaker)[number % 4]
        assert room.keep(line("a", number, words, by), f"k{number}", lambda n=number: durable.append(n))  # type: ignore[misc]
    assert room.keep(line("b", 1, "other"), "", lambda: None)
    assert await room.spool.drained(20)
    assert durable == list(range(1, len(strings) + 1))
    found = await room.lines_of([ContactId("a"), ContactId("b"), ContactId("nobody")])
    await room.stop()
    await database.close()
    assert set(found) == {"a", "b"} and room.spool.refused == 0
    assert [(each.text, key) for each, key in found[ContactId("a")]] == [
        (words, f"k{number}") for number, words in enumerate(strings, 1)
    ]
    first = found[ContactId("a")][0][0]
    assert first == line("a", 1, strings[0], list(Speaker)[1])


@pytest.mark.needs("pg_ctlcluster")
@pytest.mark.xdist_group("postgresql")
async def test_while_the_database_is_away_lines_wait_and_a_full_spool_refuses(
    postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acd.customers.transcripts.ITEMS_MAX", 100)
    database = await open_database(await asyncio.to_thread(postgres_server.new_database))
    room = TranscriptRoom(database)
    await room.start(ScriptedLoop().submit)
    await asyncio.to_thread(postgres_server.stop)
    told: list[int] = []
    taken = [room.keep(line("a", n, "x"), "", lambda n=n: told.append(n)) for n in range(1, 121)]  # type: ignore[misc]
    assert taken == [True] * 100 + [False] * 20 and told == []
    await asyncio.to_thread(postgres_server.start)
    assert await room.spool.drained(20)
    assert told == list(range(1, 101))
    assert room.keep(line("a", 101, "x"), "", lambda: None), "it takes lines again"
    assert await room.spool.drained(20)
    assert len((await room.lines_of([ContactId("a")]))[ContactId("a")]) == 101
    await room.stop()
    await database.close()
