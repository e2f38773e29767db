"""The loop: durability before effect, order, limits, time, defects."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from acd.ports import Overloaded, Record
from acd.routing.events import AttributesChanged, CustomerLeft, TimePassed
from acd.routing.model import ContactId
from acd.routing.outputs import ContactEntered, EndContact, Late, PlayTreatment
from acd.runtime.doors import Limits
from acd.runtime.journal import JournalReader, decode_record
from acd.runtime.loop import NodeStopped
from tests.runtime.doubles import LineEngine, Remembering, Shell, arrival, until


def journaled(folder: Path) -> list[Record]:
    reader = JournalReader(folder / "journal.sqlite3")
    try:
        return list(reader.records())
    finally:
        reader.close()


async def test_a_record_is_observed_then_its_commands_are_carried_out_then_the_asker_hears(
    tmp_path: Path,
) -> None:
    phones = Remembering()
    async with Shell(tmp_path, LineEngine(), phones) as shell:
        order: list[str] = []
        phones.on_observe = lambda record: order.append("observe")
        phones.on_execute = lambda command: order.append("execute")
        future = shell.loop.submit(arrival("a"))
        future.add_done_callback(lambda _: order.append("asker"))
        record = await future
    assert order == ["observe", "execute", "asker"]
    assert (record.seq, record.epoch) == (1, 1)
    assert isinstance(record.facts[0], ContactEntered)


async def test_no_effect_leaves_before_its_record_can_be_read_back_from_disk(tmp_path: Path) -> None:
    phones = Remembering()
    missing: list[int] = []

    def look(record: Record) -> None:
        on_disk = {kept.seq for kept in journaled(tmp_path)}
        if record.seq not in on_disk:
            missing.append(record.seq)

    phones.on_observe = look
    async with Shell(tmp_path, LineEngine(), phones) as shell:
        futures = [shell.loop.submit(arrival(f"c{number}")) for number in range(200)]
        await asyncio.gather(*futures)
    assert len(phones.records_told()) == 200
    assert missing == []


async def test_the_engine_goes_on_while_the_disk_is_slow_and_nothing_leaves_meanwhile(tmp_path: Path) -> None:
    phones = Remembering()
    engine = LineEngine()
    async with Shell(tmp_path, engine, phones, hold=True) as shell:
        first = shell.loop.submit(arrival("a"))
        await until(lambda: len(engine.waiting) == 1, "the first is decided")
        second = shell.loop.submit(arrival("b"))
        await until(lambda: len(engine.waiting) == 2, "the second is decided before the first is durable")
        assert phones.told == []
        assert not first.done()
        shell.let_go()
        await asyncio.gather(first, second)
        assert [record.seq for record in phones.records_told()] == [1, 2]


async def test_records_are_delivered_in_order_and_without_a_gap(tmp_path: Path) -> None:
    phones, desk = Remembering(), Remembering("desk", frozenset())
    async with Shell(tmp_path, LineEngine(), phones, desk) as shell:
        futures = [shell.loop.submit(arrival(f"c{number}")) for number in range(500)]
        await asyncio.gather(*futures)
    for room in (phones, desk):
        assert [record.seq for record in room.records_told()] == list(range(1, 501))
    assert [record.seq for record in journaled(tmp_path)] == list(range(1, 501))
    assert desk.commands_told() == []


async def test_what_starts_something_is_refused_at_the_limit_and_what_ends_something_never(
    tmp_path: Path,
) -> None:
    async with Shell(tmp_path, LineEngine(), Remembering(), limits=Limits(intake_max=3)) as shell:
        futures = [shell.loop.submit(arrival(f"c{number}")) for number in range(3)]
        with pytest.raises(Overloaded) as refused:
            shell.loop.submit(arrival("one too many"))
        futures.append(shell.loop.submit(CustomerLeft(ContactId("c0"))))
        await asyncio.gather(*futures)
        assert refused.value.code == "overloaded"
        await shell.tell(arrival("later"))
    assert b'acd_turned_down_total{code="overloaded"} 1.0' in shell.metrics.page()


async def test_the_engine_pauses_while_the_disk_is_too_far_behind(tmp_path: Path) -> None:
    engine = LineEngine()
    limits = Limits(undurable_max=64)
    async with Shell(tmp_path, engine, Remembering(), limits=limits, hold=True) as shell:
        futures = [shell.loop.submit(CustomerLeft(ContactId(f"c{number}"))) for number in range(300)]
        await until(lambda: shell.loop.depths()[1] >= 64, "64 records wait for the disk")
        for _ in range(20):
            await asyncio.sleep(0)
        intake, undurable, _ = shell.loop.depths()
        assert intake + undurable == 300
        assert undurable <= 64 + 64
        with pytest.raises(Overloaded):
            shell.loop.submit(arrival("new"))
        shell.let_go()
        records = await asyncio.gather(*futures)
        assert all(isinstance(record.facts[0], Late) for record in records)


async def test_time_that_is_due_is_handed_in_without_any_event(tmp_path: Path) -> None:
    phones = Remembering()
    async with Shell(tmp_path, LineEngine(patience_ms=30), phones) as shell:
        arrived = await shell.tell(arrival("a"))
        await until(lambda: len(phones.records_told()) == 2, "the patience runs out")
        ended = phones.records_told()[1]
        assert isinstance(ended.event, TimePassed)
        assert ended.at_ms - arrived.at_ms >= 30
        assert EndContact("phones", ContactId("a"), "patience") in phones.commands_told()


async def test_an_event_that_changes_nothing_is_still_a_record(tmp_path: Path) -> None:
    async with Shell(tmp_path, LineEngine(), Remembering()) as shell:
        record = await shell.tell(AttributesChanged(ContactId("a"), {}))
        assert record.facts == []
    assert [kept.seq for kept in journaled(tmp_path)] == [1]


async def test_an_event_that_raises_stops_the_node_and_only_that_event_is_missing(tmp_path: Path) -> None:
    shell = Shell(tmp_path, LineEngine(), Remembering())
    async with shell:
        shell.loop.submit(arrival("before"))
        shell.loop.submit(arrival("bad", entry="poison"))
        shell.loop.submit(arrival("behind"))
        with pytest.raises(NodeStopped, match="planted"):
            await asyncio.wait_for(shell.task, 10)
        with pytest.raises(Overloaded, match="stopping"):
            shell.loop.submit(arrival("after"))
    assert [record.event for record in journaled(tmp_path)] == [arrival("before")]
    [(path, entry)] = shell.quarantine.entries()
    assert entry is not None
    assert entry.event == arrival("bad", entry="poison")
    assert "planted" in entry.error
    assert "Traceback" in entry.trace
    assert path.parent.name == "quarantine"


async def test_a_room_that_raises_stops_the_node_and_the_next_start_passes_over_that_delivery(
    tmp_path: Path,
) -> None:
    def fail(record: Record) -> None:
        if record.event == arrival("bad"):
            raise RuntimeError("the room is broken")

    phones, desk = Remembering(), Remembering("desk", frozenset())
    desk.on_observe = fail
    shell = Shell(tmp_path, LineEngine(), phones, desk)
    async with shell:
        shell.loop.submit(arrival("good"))
        shell.loop.submit(arrival("bad"))
        with pytest.raises(NodeStopped, match="room desk raised at record 2"):
            await asyncio.wait_for(shell.task, 10)
    assert [record.seq for record in journaled(tmp_path)] == [1, 2]
    assert shell.quarantine.passed_over() == {("desk", 2)}


async def test_a_command_goes_to_the_adapter_that_it_names_alone(tmp_path: Path) -> None:
    phones, chats = Remembering("phones"), Remembering("chats")
    async with Shell(tmp_path, LineEngine(), phones, chats) as shell:
        await shell.tell(arrival("a"))
        shell.dispatcher.execute(EndContact("", ContactId("a"), "everybody who can"))
        shell.dispatcher.execute(EndContact("elsewhere", ContactId("a"), "nobody"))
    assert [type(command) for command in phones.commands_told()] == [PlayTreatment, EndContact]
    assert [type(command) for command in chats.commands_told()] == [EndContact]
    assert b"acd_undeliverable_commands_total 1.0" in shell.metrics.page()


async def test_records_are_the_same_when_read_back(tmp_path: Path) -> None:
    async with Shell(tmp_path, LineEngine(), Remembering()) as shell:
        told = [await shell.tell(arrival("a")), await shell.tell(CustomerLeft(ContactId("a")))]
    reader = JournalReader(tmp_path / "journal.sqlite3")
    assert [decode_record(entry) for entry in reader.entries()] == told
    reader.close()
