"""Watches the calendars and tells the engine when hours open or close. Decides nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from typing import Final

from acd.hours.calendar import Calendar, Turn
from acd.ports import Record, Submit
from acd.routing.events import HoursTurned
from acd.routing.model import HoursId
from acd.routing.outputs import AnyCommand, Command, HoursInForce

_LOOK_S_MAX: Final = 30.0
"""The longest sleep: a node that was suspended notices soon."""

_LOOK_MS_MAX: Final = 24 * 3_600_000


class HoursRoom:
    """One task that sleeps until the next turn of any calendar."""

    name = "hours"
    commands: frozenset[type[Command]] = frozenset()

    def __init__(self, calendars: Mapping[HoursId, Calendar], now_ms: Callable[[], int]) -> None:
        self._calendars = dict(calendars)
        self._now_ms = now_ms
        self._told: dict[HoursId, Turn] = {}
        self._submit: Submit | None = None
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stack = AsyncExitStack()

    async def start(self, submit: Submit) -> None:
        """Tell how things stand where the journal says otherwise, and watch from now on."""
        self._submit = submit
        group = await self._stack.enter_async_context(asyncio.TaskGroup())
        self._task = group.create_task(self._watch(), name="hours")

    def replace(self, calendars: Mapping[HoursId, Calendar]) -> None:
        """Take other calendars, after the configuration was reloaded."""
        self._calendars = dict(calendars)
        self._changed.set()

    def execute(self, command: AnyCommand) -> None:
        """No command is for this room."""

    def observe(self, record: Record, is_replay: bool) -> None:
        """Remember what is in force, so that nothing is said twice."""
        for fact in record.facts:
            if isinstance(fact, HoursInForce):
                self._told[fact.hours] = Turn(fact.is_open, fact.until_ms)

    async def stop(self) -> None:
        """Stop watching."""
        if self._task is not None:
            self._task.cancel()
        await self._stack.aclose()

    async def _watch(self) -> None:
        while True:
            next_ms = self._tell()
            self._changed.clear()
            while not self._changed.is_set() and (left_s := (next_ms - self._now_ms()) / 1000) > 0:
                try:
                    async with asyncio.timeout(min(left_s, _LOOK_S_MAX)):
                        await self._changed.wait()
                except TimeoutError:
                    continue

    def _tell(self) -> int:
        """Tell what has turned; return when to look again."""
        assert self._submit is not None
        now_ms = self._now_ms()
        next_ms = now_ms + _LOOK_MS_MAX
        for hours, calendar in sorted(self._calendars.items()):
            turn = calendar.turn_at(now_ms)
            if self._told.get(hours) != turn:
                self._told[hours] = turn
                self._submit(HoursTurned(hours, turn.is_open, turn.until_ms))
            if turn.until_ms is not None:
                next_ms = min(next_ms, turn.until_ms)
        return next_ms
