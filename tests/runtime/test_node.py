"""A node from start to stop, and again after it was killed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from acd.ports import ConfigError, KeptLeg, Record, Submit
from acd.routing.events import ContactArrived, CustomerLeft, LegStored, NodeStarted, RulesLoaded
from acd.routing.model import ContactId, LegId, Rules
from acd.routing.outputs import PlayTreatment
from acd.runtime.journal import JournalInUse, open_journal
from acd.runtime.loop import NodeStopped
from acd.runtime.node import Node
from tests.runtime.doubles import LineEngine, Remembering, arrival, until


@asynccontextmanager
async def running(
    folder: Path, *rooms: Remembering, rules: Rules | None = None, patience_ms: int | None = None
) -> AsyncIterator[Node]:
    node = Node(open_journal(folder), LineEngine(patience_ms), rooms)
    ready = asyncio.Event()
    task = asyncio.create_task(node.run(rules, ready.set))
    waiter = asyncio.create_task(ready.wait())
    await asyncio.wait([task, waiter], timeout=20, return_when=asyncio.FIRST_COMPLETED)
    waiter.cancel()
    try:
        if not task.done():
            yield node
    finally:
        node.stop()
        await asyncio.wait_for(task, 20)


async def tell(room: Remembering, *events: object) -> list[Record]:
    assert room.submit is not None
    return await asyncio.gather(*(room.submit(event) for event in events))  # type: ignore[arg-type]


async def test_a_second_start_finds_the_same_state_and_reissues_what_it_wants(tmp_path: Path) -> None:
    phones = Remembering()
    async with running(tmp_path, phones) as node:
        await tell(phones, arrival("a"), arrival("b"), arrival("c"), CustomerLeft(ContactId("b")))
        before = node.core.state_hash()
    again = Remembering()
    async with running(tmp_path, again) as node:
        assert node.core.state_hash() == before
        assert [record.seq for record in again.replayed] == [1, 2, 3, 4, 5, 6]
        assert again.replayed[-1].event == NodeStarted(2)
        assert again.told[0] == "start"
        assert [command.key for command in again.commands_told()] == [
            "PlayTreatment/a/1",
            "PlayTreatment/c/1",
        ]
        [record] = await tell(again, arrival("d"))
        assert (record.seq, record.epoch) == (7, 2)
    assert again.told[-1] == "stop"


async def test_kept_legs_are_handed_to_their_adapter_before_any_order(tmp_path: Path) -> None:
    phones, chats = Remembering(), Remembering("chats")
    async with running(tmp_path, phones, chats):
        await tell(
            phones,
            arrival("a"),
            arrival("gone"),
            LegStored(ContactId("a"), LegId("a/customer"), b"dialog"),
            LegStored(ContactId("a"), LegId("a/agent"), b"other"),
            LegStored(ContactId("gone"), LegId("gone/customer"), b"x"),
            LegStored(ContactId("a"), LegId("a/agent"), b""),
            CustomerLeft(ContactId("gone")),
        )
    again = Remembering()
    again.on_execute = lambda command: again.told.append(f"resumed {len(again.resumed)}")
    async with running(tmp_path, again, Remembering("chats")):
        assert again.resumed == [KeptLeg(ContactId("a"), LegId("a/customer"), b"dialog")]
        assert "resumed 1" in again.told
        assert "resumed 0" not in again.told


async def test_rules_are_loaded_where_they_differ_and_not_again_where_they_do_not(tmp_path: Path) -> None:
    events = []
    for rules in (Rules(1), Rules(1), Rules(2)):
        phones = Remembering()
        async with running(tmp_path, phones, rules=rules):
            events.append([type(record.event) for record in phones.replayed])
    first = [NodeStarted, RulesLoaded]
    assert events == [first, [*first, NodeStarted], [*first, NodeStarted, *first]]


async def test_orders_wait_until_every_room_has_started(tmp_path: Path) -> None:
    class Late(Remembering):
        async def start(self, submit: Submit) -> None:
            await until(lambda: bool(phones.records_told()), "the arrival is durable while this room starts")
            assert phones.commands_told() == []
            await super().start(submit)

    class Early(Remembering):
        async def start(self, submit: Submit) -> None:
            await super().start(submit)
            submit(arrival("a"))

    phones, desk = Early(), Late("desk")
    async with running(tmp_path, phones, desk):
        await until(lambda: bool(phones.commands_told()), "the order comes")
    assert desk.told[0] == "start"
    assert [type(command) for command in phones.commands_told()] == [PlayTreatment]


async def test_a_room_that_cannot_start_ends_the_node_and_stops_those_that_had(tmp_path: Path) -> None:
    class Taken(Remembering):
        async def start(self, submit: Submit) -> None:
            raise ConfigError("sip.udp_port", "5060, which is taken", "a free port")

    phones = Remembering()
    with pytest.raises(ConfigError, match="5060"):
        async with running(tmp_path, phones, Taken("desk")):
            pass
    assert phones.told[-1] == "stop"
    async with running(tmp_path, Remembering()):
        pass


async def test_a_poison_event_stops_the_node_and_the_next_start_goes_on_without_it(tmp_path: Path) -> None:
    phones = Remembering()
    with pytest.raises(NodeStopped):
        async with running(tmp_path, phones) as node:
            await tell(phones, arrival("a"))
            assert phones.submit is not None
            phones.submit(arrival("bad", entry="poison"))
            await until(lambda: node.loop.refusal() == "stopping", "the node stops")
    again = Remembering()
    async with running(tmp_path, again) as node:
        assert node.readiness() is None
        assert list(node.core.waiting) == ["a"]  # type: ignore[attr-defined]
        assert b"acd_quarantined_events 1.0" in node.metrics.page()


async def test_a_timer_that_raises_stops_the_node_and_the_next_start_lets_it_pass(tmp_path: Path) -> None:
    phones = Remembering()
    with pytest.raises(NodeStopped, match="at the time of contact bomb"):
        async with running(tmp_path, phones, patience_ms=50) as node:
            await tell(phones, arrival("bomb"))
            await until(lambda: node.loop.refusal() == "stopping", "its patience is over, and the node stops")
    again = Remembering()
    async with running(tmp_path, again, patience_ms=50) as node:
        await tell(again, arrival("b"))
        await until(lambda: list(node.core.waiting) == ["bomb"], "another's patience is over")  # type: ignore[attr-defined]
        assert node.readiness() is None
        await tell(again, CustomerLeft(ContactId("bomb")))
        assert not node.core.waiting  # type: ignore[attr-defined]
    [(path, entry)] = node.quarantine.entries()
    assert entry is not None
    assert (entry.timer, path.name.endswith("timer-contact-bomb.json")) == ("contact bomb", True)
    assert "planted" in entry.trace


async def test_a_second_server_is_refused_and_told_the_first_ones_pid(tmp_path: Path) -> None:
    async with running(tmp_path, Remembering()):
        with pytest.raises(JournalInUse, match=f"pid {os.getpid()}"):
            open_journal(tmp_path)
    async with running(tmp_path, Remembering()):
        pass


KILLED = """
import asyncio, sys
from pathlib import Path
from acd.runtime.journal import open_journal
from acd.runtime.node import Node
from tests.runtime.doubles import LineEngine, Remembering, arrival

async def main():
    phones = Remembering()
    node = Node(open_journal(Path(sys.argv[1])), LineEngine(), [phones])
    ready = asyncio.Event()
    task = asyncio.create_task(node.run(None, ready.set))
    await ready.wait()
    number = 0
    while True:
        batch = [phones.submit(arrival(f"{node.loop.epoch}-{number + i}")) for i in range(7)]
        number += 7
        for record in await asyncio.gather(*batch):
            sys.stdout.write(record.event.contact + "\\n")
        sys.stdout.flush()
asyncio.run(main())
"""


def acknowledged_before_kill(folder: Path, lines: int) -> list[str]:
    """Start a server that prints what it has acknowledged, kill it after some lines, return what it printed."""
    child = subprocess.Popen([sys.executable, "-c", KILLED, str(folder)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    with child.stdout:
        names = [child.stdout.readline().strip() for _ in range(lines)]
        child.send_signal(signal.SIGKILL)
        names.extend(line.strip() for line in child.stdout if line.endswith("\n"))
    assert child.wait(20) == -signal.SIGKILL
    return names


async def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    acknowledged: list[str] = []
    for lines in (1, 30, 200):
        acknowledged.extend(acknowledged_before_kill(tmp_path, lines))
        phones = Remembering()
        async with running(tmp_path, phones):
            arrived = (record.event for record in phones.replayed)
            replayed = [event.contact for event in arrived if isinstance(event, ContactArrived)]
            assert [name for name in acknowledged if name not in set(replayed)] == []
            assert len(set(replayed)) == len(replayed)
    assert len(acknowledged) > 200
