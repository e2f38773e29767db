"""The loop: one task owns the engine.

It takes one event at a time, stamps it, lets the engine decide, and hands the record to the journal. It does
not wait for the disk: while one batch is being synced it goes on with the next events. What a record orders and
says leaves the loop only when the record is durable, in order of `seq`.

What starts something new passes the doors (`doors.py`) first; what ends or answers something is always taken: there
can only be as much of it as there are contacts, offers and agents in the house. Arrivals stand in a line of their own
and are decided when nothing else waits; what is said of a contact whose arrival still stands there stands behind it.
`undurable_max` records may wait for the disk before the engine pauses.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections import Counter, deque
from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from acd.ports import Core, Overloaded, Record
from acd.routing.events import AgentSignedIn, AnyEvent, ContactArrived, ReturnCallAsked, TimePassed
from acd.routing.model import ContactId
from acd.routing.outputs import AnyCommand, Late, Refused
from acd.runtime.clock import Clock, monotonic_s
from acd.runtime.dispatch import Dispatcher
from acd.runtime.doors import LAG, Doors, Limits
from acd.runtime.journal import Entry, JournalState, encode_record
from acd.runtime.logs import line, named
from acd.runtime.metrics import RuntimeMetrics
from acd.runtime.quarantine import Quarantine, SetAside

STARTERS: Final = (ContactArrived, ReturnCallAsked, AgentSignedIn)
"""Events that start something new, and may be refused."""

_SLICE: Final = 64
"""Events handled, or records delivered, before the sockets get their turn."""

_log = logging.getLogger("acd.loop")


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
        self.doors = Doors(limits, metrics.lag_seconds.observe)
        self.epoch = epoch
        self.seq = last_seq
        """The last record that was made, durable or not."""
        self.durable_seq = last_seq
        self.delivered_seq = last_seq
        self._intake: deque[_Taken] = deque()
        self._arrivals: deque[_Taken] = deque()
        self._arriving: Counter[ContactId] = Counter()
        """Contacts in `_arrivals`, with how much there is about each."""
        self._undurable: deque[_Made] = deque()
        self._undelivered: deque[_Made] = deque()
        self._wake = asyncio.Event()
        self._wake_delivery = asyncio.Event()
        self._settled = asyncio.Event()
        self._in_hand: AnyEvent | None = None
        self._is_refusing: str | None = None
        self._failure: Exception | None = None

    # --- for the rooms ---------------------------------------------------------------------------------

    def submit(self, event: AnyEvent) -> asyncio.Future[Record]:
        """Take an event in; see `acd.ports.Submit`."""
        if isinstance(event, STARTERS) and (code := self._refuse(event)) is not None:
            raise Overloaded(code)
        future: asyncio.Future[Record] = asyncio.get_running_loop().create_future()
        self._stand(_Taken(event, future, monotonic_s()))
        self._wake.set()
        return future

    def refusal(self) -> str | None:
        """Return why nothing new is taken at present, or None where it is."""
        if self._is_refusing is not None:
            return self._is_refusing
        if self._journal.state is not JournalState.WRITING:
            return "journal_full" if self._journal.state is JournalState.FULL else "journal_failed"
        limits = self._limits
        is_full = (
            len(self._intake) + len(self._arrivals) >= limits.intake_max
            or len(self._undurable) >= limits.undurable_max
            or len(self._undelivered) >= limits.undelivered_max
        )
        if is_full:
            return "overloaded"
        return LAG if self.doors.is_late() else None

    def _refuse(self, event: AnyEvent) -> str | None:
        """Return why an event that starts something is not taken; an arrival that is not taken is noted."""
        code = self.refusal()
        if not isinstance(event, ContactArrived):
            # People who sign in help against a lag.
            code = None if code == LAG else code
            if code is not None:
                self._metrics.count_turned_down(code)
            return code
        if code is None:
            code = self.doors.let_in(monotonic_s())
        if code is not None:
            self.doors.note_refused(event.entry, code)
            self._metrics.count_turned_down(code)
        return code

    def _stand(self, taken: _Taken) -> None:
        """Put an event into its line: arrivals, and what is said of those who stand there, behind everything else."""
        contact: ContactId | None = getattr(taken.event, "contact", None)
        if isinstance(taken.event, ContactArrived) or contact in self._arriving:
            assert contact is not None
            self._arriving[contact] += 1
            self._arrivals.append(taken)
        else:
            self._intake.append(taken)

    def _next(self) -> _Taken | None:
        if self._intake:
            return self._intake.popleft()
        if not self._arrivals:
            return None
        taken = self._arrivals.popleft()
        contact = taken.event.contact  # type: ignore[union-attr]  # only what names a contact stands there
        self._arriving[contact] -= 1
        if not self._arriving[contact]:
            del self._arriving[contact]
        return taken

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

    def refuse_new(self, code: str = "stopping") -> None:
        """From now on take only what ends or answers something."""
        self._is_refusing = code

    def tell_refused(self) -> None:
        """Let engine and journal know of those whom the doors have turned away."""
        if self._journal.state is JournalState.WRITING:
            for event in self.doors.take_refused():
                self._stand(_Taken(event, None, monotonic_s()))
                self._wake.set()

    def replace_limits(self, limits: Limits) -> None:
        """Take other limits from now on."""
        self._limits = limits
        self.doors.replace(limits)

    async def settle(self, timeout_s: float) -> bool:
        """Wait until everything taken so far has been decided, made durable and delivered; False if it was not."""
        try:
            async with asyncio.timeout(timeout_s):
                while any(self.depths()):
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
        return len(self._intake) + len(self._arrivals), len(self._undurable), len(self._undelivered)

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
            if self._intake or self._arrivals:
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
                assert after_ms != deadline_ms or entries or self._core.is_unfinished, (
                    f"time due at {deadline_ms} was handed in and changed nothing"
                )
            elif (taken := self._next()) is not None:
                self._handle(taken, now_ms, entries)
            else:
                return

    def _handle(self, taken: _Taken, now_ms: int, entries: list[Entry]) -> None:
        event = self._in_hand = taken.event
        started_s = monotonic_s()
        outputs = self._core.handle(event, now_ms)
        self._metrics.handle_seconds.observe(monotonic_s() - started_s)
        self._metrics.count_event(type(event))
        is_empty = type(event) is TimePassed and not outputs.facts and not outputs.commands
        if is_empty and not self._core.is_unfinished:
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
        elif self._in_hand is not None and (timer := self._core.timer_in_hand()):
            entry = SetAside(at_ms, self.epoch, text, trace, event=self._in_hand, timer=timer)
            what = f"the engine raised at the time of {timer}"
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
            *self._arrivals,
            *(made.taken for made in (*self._undurable, *self._undelivered)),
        ]
        for taken in waiting:
            if taken.future is not None:
                taken.future.cancel()
