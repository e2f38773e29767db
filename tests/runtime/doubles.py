"""A tiny engine, rooms that remember, and journals on disk, for the tests of the runtime.

The real engine has tests of its own; here it matters only that state is a fold of facts, that time is asked for,
and that something raises on demand.
"""

from __future__ import annotations

import asyncio
import hashlib
from asyncio import Future
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from acd.ports import KeptLeg, Record, Submit
from acd.routing.events import (
    AnyEvent,
    AttributesChanged,
    ContactArrived,
    ContactClosed,
    CustomerLeft,
    LegStored,
    NodeStarted,
    RulesLoaded,
    TimePassed,
)
from acd.routing.model import Channel, ContactId, EntryId, LegId, Needs, Origin, Outcome, QueueId
from acd.routing.outputs import (
    AnyCommand,
    AnyFact,
    Command,
    ContactEnded,
    ContactEntered,
    EndContact,
    Late,
    LegKept,
    NodeTookOver,
    Outputs,
    PlayTreatment,
    RulesInForce,
)
from acd.runtime.clock import Clock
from acd.runtime.dispatch import Dispatcher
from acd.runtime.doors import Limits
from acd.runtime.journal import JournalFile, JournalState, JournalWriter, open_journal
from acd.runtime.loop import Loop
from acd.runtime.metrics import RuntimeMetrics
from acd.runtime.quarantine import Quarantine


class Kept(NamedTuple):
    """A stored leg."""

    adapter: str
    contact: ContactId
    leg: LegId
    resume: bytes


class LineEngine:
    """Contacts wait in one line and leave it; a contact whose entry is `poison` raises, and one whose name begins with
    `bomb` when its patience is over."""

    def __init__(self, patience_ms: int | None = None) -> None:
        self.waiting: dict[ContactId, int] = {}
        self.applied = 0
        self.legs: dict[tuple[ContactId, LegId], Kept] = {}
        self.patience_ms = patience_ms
        self.timer = ""
        self.passed_over: frozenset[str] = frozenset()

    def handle(self, event: AnyEvent, now_ms: int) -> Outputs:
        facts: list[AnyFact] = []
        commands: list[AnyCommand] = []
        if isinstance(event, ContactArrived):
            if event.entry == "poison":
                self.waiting[event.contact] = -1  # half done, as a defect leaves it
                raise RuntimeError("planted")
            facts.append(entered(event.contact, now_ms, event.adapter))
            commands.append(PlayTreatment(event.adapter, event.contact, 1, "queued", "en"))
        elif isinstance(event, CustomerLeft | ContactClosed):
            facts.append(self._ended(event.contact))
        elif isinstance(event, LegStored):
            facts.append(LegKept(event.contact, event.leg, event.resume))
        elif isinstance(event, NodeStarted):
            facts.append(NodeTookOver(event.epoch))
        elif isinstance(event, RulesLoaded):
            facts.append(RulesInForce(event.rules))
        elif isinstance(event, TimePassed):
            overdue = [
                contact
                for contact, since in self.waiting.items()
                if since + (self.patience_ms or 0) <= now_ms and f"contact {contact}" not in self.passed_over
            ]
            for contact in overdue:
                self.timer = f"contact {contact}"
                if contact.startswith("bomb"):
                    raise RuntimeError("a timer was planted")
            self.timer = ""
            facts.extend(self._ended(contact) for contact in overdue)
            commands.extend(EndContact("phones", contact, "patience") for contact in overdue)
        elif isinstance(event, AttributesChanged):
            pass
        for fact in facts:
            self.apply(fact, now_ms)
        return Outputs(facts, commands)

    def apply(self, fact: AnyFact, at_ms: int) -> None:
        self.applied += 1
        if isinstance(fact, ContactEntered):
            self.waiting[fact.contact] = fact.arrived_ms
        elif isinstance(fact, LegKept) and fact.resume:
            self.legs[fact.contact, fact.leg] = Kept("phones", fact.contact, fact.leg, fact.resume)
        elif isinstance(fact, LegKept):
            self.legs.pop((fact.contact, fact.leg), None)
        elif isinstance(fact, ContactEnded):
            self.waiting.pop(fact.contact, None)
            self.legs = {key: kept for key, kept in self.legs.items() if kept.contact != fact.contact}

    def next_deadline_ms(self) -> int | None:
        waiting = [at for name, at in self.waiting.items() if f"contact {name}" not in self.passed_over]
        return min(waiting) + self.patience_ms if self.patience_ms is not None and waiting else None

    @property
    def is_unfinished(self) -> bool:
        return False

    def timer_in_hand(self) -> str:
        return self.timer

    def pass_over(self, timers: frozenset[str]) -> None:
        self.passed_over = timers

    def wanted_commands(self) -> Sequence[AnyCommand]:
        return [PlayTreatment("phones", contact, 1, "queued", "en") for contact in self.waiting]

    def kept_legs(self) -> Sequence[Kept]:
        return list(self.legs.values())

    def snapshot(self) -> bytes:
        return msgspec.msgpack.encode(self.waiting)

    def restore(self, data: bytes) -> None:
        self.waiting = msgspec.msgpack.decode(data, type=dict[ContactId, int])

    def state_hash(self) -> str:
        return hashlib.sha256(repr(list(self.waiting.items())).encode()).hexdigest()

    def _ended(self, contact: ContactId) -> AnyFact:
        if contact not in self.waiting:
            return Late("CustomerLeft", contact, "not waiting")
        return ContactEnded(contact, Outcome.ABANDONED, "hung_up", QueueId("main"))


def entered(contact: ContactId, at_ms: int, adapter: str = "phones") -> ContactEntered:
    return ContactEntered(
        contact,
        Origin.INBOUND,
        Channel.VOICE,
        adapter,
        EntryId("400"),
        QueueId("main"),
        "en",
        None,
        at_ms,
        Needs(),
        0,
    )


def arrival(name: str, entry: str = "400") -> ContactArrived:
    return ContactArrived(ContactId(name), "phones", Channel.VOICE, EntryId(entry))


class Remembering:
    """A room that remembers what it was told, in order."""

    def __init__(self, name: str = "phones", commands: frozenset[type[Command]] | None = None) -> None:
        self.name = name
        self.commands = frozenset({PlayTreatment, EndContact}) if commands is None else commands
        self.told: list[Record | AnyCommand | str] = []
        self.replayed: list[Record] = []
        self.resumed: list[KeptLeg] = []
        self.cannot: frozenset[str] = frozenset()
        self.submit: Submit | None = None
        self.on_execute: Callable[[AnyCommand], None] = lambda command: None
        self.on_observe: Callable[[Record], None] = lambda record: None

    async def start(self, submit: Submit) -> None:
        self.submit = submit
        self.told.append("start")

    async def resume(self, legs: Sequence[KeptLeg]) -> None:
        self.resumed.extend(legs)

    def execute(self, command: AnyCommand) -> None:
        self.told.append(command)
        self.on_execute(command)

    def observe(self, record: Record, is_replay: bool) -> None:
        (self.replayed if is_replay else self.told).append(record)
        self.on_observe(record)

    async def stop(self) -> None:
        self.told.append("stop")

    def commands_told(self) -> list[AnyCommand]:
        return [said for said in self.told if isinstance(said, Command)]

    def records_told(self) -> list[Record]:
        return [said for said in self.told if isinstance(said, Record)]


class Shell:
    """A loop with its journal on disk; `async with`."""

    def __init__(
        self,
        folder: Path,
        engine: LineEngine,
        *rooms: Remembering,
        limits: Limits = Limits(),
        hold: bool = False,
    ) -> None:
        self.file: JournalFile = open_journal(folder)
        self.rooms = rooms
        self.metrics = RuntimeMetrics()
        self.engine = engine
        self.states: list[JournalState] = []
        self.is_held = hold
        self._kept: list[tuple[int, float]] = []
        self.writer = JournalWriter(
            self.file, asyncio.get_running_loop(), self._durable, self._state, reserve_bytes=1 << 16
        )
        self.dispatcher = Dispatcher(rooms, self.metrics)
        self.dispatcher.open([])
        self.quarantine = Quarantine(folder)
        self.loop = Loop(
            engine,
            self.writer,
            self.dispatcher,
            Clock(),
            self.metrics,
            self.quarantine,
            epoch=self.file.epoch,
            last_seq=self.file.extent.last_seq,
            limits=limits,
        )

    def _durable(self, seq: int, seconds: float) -> None:
        if self.is_held:
            self._kept.append((seq, seconds))
        else:
            self.loop.on_durable(seq, seconds)

    def let_go(self) -> None:
        """Tell the loop what has become durable meanwhile."""
        self.is_held = False
        for kept in self._kept:
            self.loop.on_durable(*kept)
        self._kept.clear()

    def _state(self, state: JournalState, why: str) -> None:
        self.states.append(state)
        self.loop.on_journal_state(state, why)

    async def __aenter__(self) -> Shell:
        self.writer.start()
        self.task = asyncio.create_task(self.loop.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.task.cancel()
        await asyncio.wait([self.task], timeout=5)
        self.loop.abandon()
        self.writer.stop(10)
        self.file.close()

    async def tell(self, event: AnyEvent) -> Record:
        """Submit and wait for the durable record."""
        future: Future[Record] = self.loop.submit(event)
        async with asyncio.timeout(10):
            return await future


async def until(is_so: Callable[[], bool], what: str) -> None:
    """Let the loop turn until something is so; fail, naming it, after ten seconds."""
    try:
        async with asyncio.timeout(10):
            while not is_so():  # noqa: ASYNC110 - what is waited for has no event of its own
                await asyncio.sleep(0.001)
    except TimeoutError:
        raise AssertionError(f"never happened: {what}") from None
