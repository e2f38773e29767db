"""The loop: one task owns the engine.

It takes one event at a time, stamps it, lets the engine decide, and hands the record to the journal. It does
not wait for the disk: while one batch is being synced it goes on with the next events. What a record orders and
says leaves the loop only when the record is durable, in order of `seq`.

Limits: `intake_max` events may wait for the engine before those that start something new are refused;
`undurable_max` records may wait for the disk before the engine pauses. What ends or answers something is always
taken: there can only be as much of it as there are contacts, offers and agents in the house.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections import deque
from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

import msgspec

from acd.ports import Core, Overloaded, Record
from acd.routing.events import AgentSignedIn, AnyEvent, ContactArrived, ReturnCallAsked, TimePassed
from acd.routing.outputs import AnyCommand, Late, Refused
from acd.runtime.clock import Clock, monotonic_s
from acd.runtime.dispatch import Dispatcher
from acd.runtime.journal import Entry, JournalState, encode_record
from acd.runtime.logs import line, named
from acd.runtime.metrics import RuntimeMetrics
from acd.runtime.quarantine import Quarantine, SetAside

STARTERS: Final = (ContactArrived, ReturnCallAsked, AgentSignedIn)
"""Events that start something new, and may be refused."""

_SLICE: Final = 64
"""Events handled, or records delivered, before the sockets get their turn."""

_log = logging.getLogger("acd.loop")


class Limits(msgspec.Struct, frozen=True):
    """How much may wait."""

    intake_max: int = 5_000
    undurable_max: int = 20_000


class NodeStopped(Exception):
    """A defect stopped the node; what it was at is in the quarantine. The message says what and where."""


class Journal(Protocol):
    """What the loop needs of the journal's writer."""

    @property
    def state(self) -> JournalState:
        """Return whether records become durable."""
        ...

    def append(self, entries: list[Entry]) -> None:
        """Hand rows over; returns at once."""
        ...


class _Taken(NamedTuple):
    event: AnyEvent
    future: asyncio.Future[Record] | None
    taken_s: float


class _Made(NamedTuple):
    record: Record
    commands: list[AnyCommand]
    taken: _Taken


class Loop:
    """Owns the engine. `submit` may be called from this thread only.

    Args:
        last_seq: Number of the last record that recovery found; the next is one more.
    """

    def __init__(
        self,
        core: Core,
        journal: Journal,
        dispatcher: Dispatcher,
        clock: Clock,
        metrics: RuntimeMetrics,
        quarantine: Quarantine,
        *,
        epoch: int,
        last_seq: int,
        limits: Limits = Limits(),
    ) -> None:
        self._core = core
        self._journal = journal
        self._dispatcher = dispatcher
        self._clock = clock
        self._metrics = metrics
        self._quarantine = quarantine
        self._limits = limits
        self.epoch = epoch
        self.seq = last_seq
        """The last record that was made, durable or not."""
        self.durable_seq = last_seq
        self.delivered_seq = last_seq
        self._intake: deque[_Taken] = deque()
        self._undurable: deque[_Made] = deque()
        self._undelivered: deque[_Made] = deque()
        self._wake = asyncio.Event()
        self._wake_delivery = asyncio.Event()
        self._settled = asyncio.Event()
        self._in_hand: AnyEvent | None = None
        self._is_refusing = False
        self._failure: Exception | None = None

    # --- for the rooms ---------------------------------------------------------------------------------

    def submit(self, event: AnyEvent) -> asyncio.Future[Record]:
        """Take an event in; see `acd.ports.Submit`."""
        if isinstance(event, STARTERS) and (code := self.refusal()) is not None:
            self._metrics.count_turned_down(code)
            raise Overloaded(code)
        future: asyncio.Future[Record] = asyncio.get_running_loop().create_future()
        self._intake.append(_Taken(event, future, monotonic_s()))
        self._wake.set()
        return future

    def refusal(self) -> str | None:
        """Return why nothing new is taken at present, or None where it is."""
        if self._is_refusing:
            return "stopping"
        if self._journal.state is not JournalState.WRITING:
            return "journal_full" if self._journal.state is JournalState.FULL else "journal_failed"
        full = (
            len(self._intake) >= self._limits.intake_max or len(self._undurable) >= self._limits.undurable_max
        )
        return "overloaded" if full else None

    # --- for the house ---------------------------------------------------------------------------------

    async def run(self) -> None:
        """Turn until cancelled.

        Raises:
            NodeStopped: The engine or a room raised; what it was at has been set aside.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._decide(), name="decide")
                tasks.create_task(self._deliver(), name="deliver")
        except ExceptionGroup as group:
            error = group.exceptions[0]
            raise self._stop_for(error) from error

    def begin(self, events: Sequence[AnyEvent]) -> list[Record]:
        """Handle the first events of a start, before time and before anybody else; `run` delivers them.

        Raises:
            NodeStopped: The engine raised.
        """
        entries: list[Entry] = []
        made: list[Record] = []
        try:
            for event in events:
                self._handle(_Taken(event, None, monotonic_s()), self._clock.now_ms(), entries)
                made.append(self._undurable[-1].record)
        except Exception as error:
            raise self._stop_for(error) from error
        self._journal.append(entries)
        return made

    def refuse_new(self) -> None:
        """From now on take only what ends or answers something."""
        self._is_refusing = True

    async def settle(self, timeout_s: float) -> bool:
        """Wait until everything taken so far has been decided, made durable and delivered; False if it was not."""
        try:
            async with asyncio.timeout(timeout_s):
                while self._intake or self._undurable or self._undelivered:
                    self._settled.clear()
                    await self._settled.wait()
        except TimeoutError:
            return False
        return True

    def on_durable(self, seq: int, commit_s: float) -> None:
        """Hear from the journal that all records up to `seq` are durable."""
        self._metrics.commit_seconds.observe(commit_s)
        self._metrics.journal_seq.set(seq)
        self.durable_seq = seq
        undurable = self._undurable
        while undurable and undurable[0].record.seq <= seq:
            self._undelivered.append(undurable.popleft())
        self._wake_delivery.set()
        self._wake.set()

    def on_journal_state(self, state: JournalState, why: str) -> None:
        """Hear from the journal that it can, or cannot, make records durable."""
        self._metrics.journal_ok.set(1 if state is JournalState.WRITING else 0)
        if state is JournalState.WRITING:
            _log.warning(named("journal_writing", why=why))
        else:
            _log.critical(
                named(f"journal_{state}", why=why, undurable=len(self._undurable), new_contacts="refused")
            )

    def depths(self) -> tuple[int, int, int]:
        """Return how many events wait for the engine, records for the disk, records for the rooms."""
        return len(self._intake), len(self._undurable), len(self._undelivered)

    # --- deciding --------------------------------------------------------------------------------------

    async def _decide(self) -> None:
        while True:
            await self._until_wanted()
            entries: list[Entry] = []
            try:
                self._turn(entries)
            finally:
                # What was decided before an event that raised is as true as ever.
                if entries:
                    self._journal.append(entries)
            await asyncio.sleep(0)

    async def _until_wanted(self) -> None:
        """Sleep until there is an event, or time is due; while the disk is far behind, until it has caught up."""
        while True:
            self._wake.clear()
            if len(self._undurable) >= self._limits.undurable_max:
                await self._wake.wait()
                continue
            if self._intake:
                return
            deadline_ms = self._core.next_deadline_ms()
            if deadline_ms is None:
                await self._wake.wait()
                continue
            delay_ms = deadline_ms - self._clock.now_ms()
            if delay_ms <= 0:
                return
            timer = asyncio.get_running_loop().call_later(delay_ms / 1000, self._wake.set)
            try:
                await self._wake.wait()
            finally:
                timer.cancel()

    def _turn(self, entries: list[Entry]) -> None:
        """Decide a slice of what waits. Time that is due comes before events."""
        for _ in range(_SLICE):
            now_ms = self._clock.now_ms()
            deadline_ms = self._core.next_deadline_ms()
            if deadline_ms is not None and deadline_ms <= now_ms:
                self._handle(_Taken(TimePassed(), None, monotonic_s()), now_ms, entries)
                after_ms = self._core.next_deadline_ms()
                assert after_ms != deadline_ms or entries, (
                    f"time due at {deadline_ms} was handed in and changed nothing"
                )
            elif self._intake:
                self._handle(self._intake.popleft(), now_ms, entries)
            else:
                return

    def _handle(self, taken: _Taken, now_ms: int, entries: list[Entry]) -> None:
        event = self._in_hand = taken.event
        started_s = monotonic_s()
        outputs = self._core.handle(event, now_ms)
        self._metrics.handle_seconds.observe(monotonic_s() - started_s)
        self._metrics.count_event(type(event))
        if type(event) is TimePassed and not outputs.facts and not outputs.commands:
            self._in_hand = None
            return
        record = Record(self.seq + 1, self.epoch, now_ms, event, outputs.facts)
        entries.append(encode_record(record))
        self.seq += 1
        self._undurable.append(_Made(record, outputs.commands, taken))
        self._in_hand = None

    # --- delivering ------------------------------------------------------------------------------------

    async def _deliver(self) -> None:
        while True:
            if not self._undelivered:
                self._wake_delivery.clear()
                await self._wake_delivery.wait()
            for _ in range(min(_SLICE, len(self._undelivered))):
                self._deliver_one(self._undelivered[0])
                self._undelivered.popleft()
            self._settled.set()
            await asyncio.sleep(0)

    def _deliver_one(self, made: _Made) -> None:
        record = made.record
        self._note(record)
        self._dispatcher.observe(record, False)
        self._metrics.effect_seconds.observe(monotonic_s() - made.taken.taken_s)
        for command in made.commands:
            self._dispatcher.execute(command)
        self.delivered_seq = record.seq
        future = made.taken.future
        if future is not None and not future.done():
            future.set_result(record)

    def _note(self, record: Record) -> None:
        is_loud = _log.isEnabledFor(logging.DEBUG)
        if is_loud:
            _log.debug(line(record.event))
        for fact in record.facts:
            self._metrics.count_fact(type(fact))
            if is_loud:
                _log.debug(line(fact))
            elif isinstance(fact, Late | Refused):
                _log.info(line(fact))

    # --- defects ---------------------------------------------------------------------------------------

    def _stop_for(self, error: Exception) -> NodeStopped:
        """Set aside what was in hand, and say why the node stops."""
        trace = "".join(traceback.format_exception(error))
        at_ms = self._clock.now_ms()
        text = f"{type(error).__name__}: {error}"
        if self._dispatcher.delivering is not None:
            room, seq, key = self._dispatcher.delivering
            entry = SetAside(at_ms, self.epoch, text, trace, room=room, seq=seq, key=key)
            what = f"room {room} raised at {key or f'record {seq}'}"
        else:
            entry = SetAside(at_ms, self.epoch, text, trace, event=self._in_hand)
            what = (
                "the loop raised" if self._in_hand is None else f"the engine raised at {line(self._in_hand)}"
            )
        path = self._quarantine.set_aside(entry)
        _log.critical(named("node_stopped", what=what, error=text, set_aside=path))
        self.refuse_new()
        return NodeStopped(f"{what}: {text}; set aside in {path}")

    def abandon(self) -> None:
        """Cancel what nobody will answer any more; the last thing that is done."""
        waiting: Sequence[_Taken] = [
            *self._intake,
            *(made.taken for made in (*self._undurable, *self._undelivered)),
        ]
        for taken in waiting:
            if taken.future is not None:
                taken.future.cancel()
