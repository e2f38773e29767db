"""A node: journal, engine, loop and rooms, from start to stop.

The order of a start: own and check the journal; fold it, with the rooms looking on; `NodeStarted` under a new
epoch and, where they differ, the rules of the configuration; start the rooms; let adapters take their legs up
again; carry out what the state still wants; only then is the node ready.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Final, TypeGuard

from acd.ports import Adapter, ConfigError, Core, KeepingRoom, KeptLeg, Record, Room
from acd.routing.events import AnyEvent, NodeStarted, RulesLoaded
from acd.routing.model import Rules
from acd.routing.outputs import Refused
from acd.runtime import collector
from acd.runtime.clock import Clock, monotonic_s
from acd.runtime.dispatch import Dispatcher
from acd.runtime.doors import Limits
from acd.runtime.journal import JournalFile, JournalState, JournalWriter, SnapshotShelf
from acd.runtime.keeping import Keeping
from acd.runtime.logs import named
from acd.runtime.loop import Loop
from acd.runtime.metrics import RuntimeMetrics
from acd.runtime.quarantine import Quarantine
from acd.runtime.recovery import Audience, Recovered, recover

Companion = Callable[[], Coroutine[Any, Any, None]]
"""Something that runs as long as the node does."""

_ROOM_STOP_S: Final = 10.0
_RESUME_S: Final = 15.0
_SETTLE_S: Final = 5.0
_BOOT_S: Final = 20.0
_JOURNAL_STOP_S: Final = 30.0
_DRAIN_LOOK_S: Final = 0.2

_log = logging.getLogger("acd.node")


class Node:
    """One running zone.

    Args:
        file: The journal, owned; the node closes it at the end of `run`, or if the constructor raises.
        core: An empty engine; the constructor folds the journal into it.
        rooms: Started in this order, stopped in the reverse order.
        journal_days: Records older than this may be taken away; None: never.
        progress: Told how many records of how many have been folded.
        count_served: How many customers are on the line or in a chat, for `drain`.

    Raises:
        JournalRefused: From the constructor; nothing was opened or changed.
    """

    def __init__(
        self,
        file: JournalFile,
        core: Core,
        rooms: Sequence[Room],
        *,
        clock: Clock | None = None,
        metrics: RuntimeMetrics | None = None,
        limits: Limits = Limits(),
        journal_days: int | None = None,
        progress: Callable[[int, int], None] = lambda done, total: None,
        count_served: Callable[[], int] = lambda: 0,
    ) -> None:
        self.metrics = metrics if metrics is not None else RuntimeMetrics()
        self.core = core
        self._started: list[Room] = []
        self._stop = asyncio.Event()
        self.count_served = count_served
        self._drain_until_s: float | None = None
        self.is_ready = False
        self.quarantine = Quarantine(file.folder)
        self._file = file
        try:
            self._dispatcher = Dispatcher(rooms, self.metrics, self.quarantine.passed_over())
            self.recovered: Recovered = recover(
                core,
                self._file.reader,
                shelf=SnapshotShelf(file.folder),
                audience=_audience_of(self._dispatcher),
                progress=progress,
            )
        except BaseException:
            self._file.close()
            raise
        core.pass_over(self.quarantine.timers())
        self.clock = clock if clock is not None else Clock()
        self.clock.raise_floor(self.recovered.last_at_ms)
        self._writer = JournalWriter(
            self._file, asyncio.get_running_loop(), self._hear_durable, self._hear_state
        )
        self.loop = Loop(
            core,
            self._writer,
            self._dispatcher,
            self.clock,
            self.metrics,
            self.quarantine,
            epoch=self._file.epoch,
            last_seq=self.recovered.last_seq,
            limits=limits,
        )
        self._keeping = Keeping(file, self._writer, self.clock, journal_days)
        self._read_gauges()

    def stop(self) -> None:
        """Ask `run` to stop: nothing new is taken, what goes on is handed over."""
        self._stop.set()

    @property
    def is_stopping(self) -> bool:
        """Whether `stop` has been called."""
        return self._stop.is_set()

    def drain(self, limit_s: float) -> None:
        """Take nothing new from now on; stop when everybody is served, or when the time is over."""
        if self._drain_until_s is None:
            self.loop.refuse_new("draining")
            _log.warning(named("draining", limit_s=limit_s, contacts=self.count_served()))
        self._drain_until_s = monotonic_s() + limit_s

    async def _watch_drain(self) -> None:
        """Stop the node when a drain has come to its end."""
        while not self._stop.is_set():
            until_s = self._drain_until_s
            if until_s is not None:
                left = self.count_served()
                if not left or monotonic_s() >= until_s:
                    _log.warning(named("drained", contacts_left=left))
                    self.stop()
            await asyncio.sleep(_DRAIN_LOOK_S)

    def health(self) -> str | None:
        """Return what is wrong so that a restart would help, or None."""
        return "the journal has failed" if self._writer.state is JournalState.FAILED else None

    def readiness(self) -> str | None:
        """Return why no new contact is taken, or None."""
        return self.loop.refusal() if self.is_ready else "starting"

    async def run(
        self,
        rules: Rules | None,
        on_ready: Callable[[], None] = lambda: None,
        beside: Sequence[Companion] = (),
    ) -> None:
        """Run until `stop`, or until something is beyond repair.

        Args:
            rules: Those of the configuration; None keeps those of the journal.
            beside: What else is to run as long as the node does.

        Raises:
            ConfigError: A room cannot start, or the rules are refused.
            NodeStopped: A defect; what it was at has been set aside.
        """
        self._report_quarantine()
        self._writer.start()
        boot: list[AnyEvent] = [NodeStarted(self._file.epoch)]
        if rules is not None and rules != self.recovered.rules:
            boot.append(RulesLoaded(rules))
        try:
            records = self.loop.begin(boot)
            _refuse_rules(records[1:])
            await self._run_with(on_ready, beside)
        except ExceptionGroup as group:
            raise _first(group) from group
        finally:
            self.is_ready = False
            await self._close()

    async def _run_with(self, on_ready: Callable[[], None], beside: Sequence[Companion]) -> None:
        keeping = partial(self._keeping.run, lambda: self.loop.durable_seq)
        doors = partial(self.loop.doors.watch, self.loop.tell_refused)
        resting = partial(collector.collect_at_rest, lambda: not self.count_served())
        companions: list[Companion] = [self.loop.run, doors, keeping, resting, self._watch_drain, *beside]
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(each()) for each in companions]
            try:
                await self._open_rooms()
                self.is_ready = True
                _log.info(named("ready", epoch=self._file.epoch, frozen=collector.settle()))
                on_ready()
                await self._stop.wait()
                self.loop.refuse_new()
                await self._stop_rooms()
                self.loop.tell_refused()
                await self.loop.settle(_SETTLE_S)
            finally:
                for task in running:
                    task.cancel()

    async def _open_rooms(self) -> None:
        if not await self.loop.settle(_BOOT_S):
            raise ConfigError(
                "journal", "a journal that cannot be written", "room on its disk", str(self._file.path)
            )
        wanted = list(self.core.wanted_commands())
        for room in self._dispatcher.rooms:
            await room.start(self.loop.submit)
            self._started.append(room)
            self._dispatcher.started(room)
        async with asyncio.TaskGroup() as tasks:
            for room in self._dispatcher.rooms:
                legs = self.recovered.legs.get(room.name, [])
                if _is_adapter(room):
                    tasks.create_task(_resume(room, legs), name=f"resume {room.name}")
        self._dispatcher.open(wanted)

    async def _stop_rooms(self) -> None:
        while self._started:
            room = self._started.pop()
            try:
                async with asyncio.timeout(_ROOM_STOP_S):
                    await room.stop()
            except TimeoutError:
                _log.warning(named("room_stop_slow", room=room.name, seconds=_ROOM_STOP_S))

    async def _close(self) -> None:
        await self._stop_rooms()
        self.loop.abandon()
        finished = await asyncio.to_thread(self._writer.stop, _JOURNAL_STOP_S)
        if not finished:
            _log.critical(named("journal_unfinished", state=self._writer.state))
        await asyncio.to_thread(self._file.close)
        _log.info(named("stopped", seq=self.loop.durable_seq))

    def _hear_durable(self, seq: int, commit_s: float) -> None:
        self.loop.on_durable(seq, commit_s)

    def _hear_state(self, state: JournalState, why: str) -> None:
        self.loop.on_journal_state(state, why)

    def _report_quarantine(self) -> None:
        entries = self.quarantine.entries()
        self.metrics.quarantined.set(len(entries))
        for path, entry in entries:
            error = entry.error if entry is not None else "unreadable"
            _log.error(
                named("set_aside", file=path.name, error=error, meaning="this start goes on without it")
            )

    def _read_gauges(self) -> None:
        metrics = self.metrics
        metrics.epoch.set(self._file.epoch)
        metrics.journal_ok.set(1)
        metrics.journal_seq.set(self.recovered.last_seq)
        metrics.intake_events.set_function(lambda: self.loop.depths()[0])
        metrics.undurable_records.set_function(lambda: self.loop.depths()[1])
        metrics.undelivered_records.set_function(lambda: self.loop.depths()[2])
        metrics.journal_bytes.set_function(self._file.size_bytes)
        metrics.disk_free_bytes.set_function(lambda: shutil.disk_usage(self._file.folder).free)
        metrics.clock_offset_ms.set_function(self.clock.wall_offset_ms)


def _audience_of(dispatcher: Dispatcher) -> Audience:
    keepers = [
        (room.kept_seq, partial(room.observe, is_replay=True))
        for room in dispatcher.rooms
        if _is_keeper(room)
    ]
    return Audience(partial(dispatcher.observe, is_replay=True), keepers)


def _is_keeper(room: Room) -> TypeGuard[KeepingRoom]:
    return hasattr(room, "kept_seq")


async def _resume(room: Adapter, legs: list[KeptLeg]) -> None:
    async with asyncio.timeout(_RESUME_S):
        await room.resume(legs)


def _is_adapter(room: Room) -> TypeGuard[Adapter]:
    return hasattr(room, "resume")


def _first(group: ExceptionGroup[Exception]) -> Exception:
    """Return the one failure that explains a group of them."""
    error = group.exceptions[0]
    return _first(error) if isinstance(error, ExceptionGroup) else error


def _refuse_rules(records: Sequence[Record]) -> None:
    for record in records:
        for fact in record.facts:
            if isinstance(fact, Refused):
                raise ConfigError("rules", f"{fact.code}: {fact.found}", fact.expected or "rules that agree")
