"""A stand-in of the loop: takes events, gives each a record with the facts that the test wants, remembers all.

Rooms under test are driven by `tell` (facts) and `order` (commands), in the order of the real loop: facts first.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from acd.ports import Overloaded, Record, Room
from acd.routing.events import AnyEvent, ContactArrived, TimePassed
from acd.routing.outputs import AnyCommand, AnyFact

E = TypeVar("E")
START_MS = 1_795_467_600_000
WAIT_S = 30


class ScriptedLoop:
    """One zone's loop, without an engine."""

    def __init__(self) -> None:
        self.seq = 0
        self.now_ms = START_MS
        self.events: list[AnyEvent] = []
        self.rooms: list[Room] = []
        self.answers: dict[type, Callable[[Any], Sequence[AnyFact]]] = {}
        """What facts an event of this kind makes true."""
        self.refuses = ""
        """A code with which arrivals are refused at the doors; empty: they are not."""
        self._came = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    def submit(self, event: AnyEvent) -> asyncio.Future[Record]:
        if self.refuses and isinstance(event, ContactArrived):
            raise Overloaded(self.refuses)
        self.events.append(event)
        future: asyncio.Future[Record] = asyncio.get_running_loop().create_future()
        task = asyncio.get_running_loop().create_task(self._answer(event, future))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return future

    async def _answer(self, event: AnyEvent, future: asyncio.Future[Record]) -> None:
        answer = self.answers.get(type(event))
        future.set_result(self.tell(*(answer(event) if answer else ()), event=event))
        async with self._came:
            self._came.notify_all()

    def tell(self, *facts: AnyFact, event: AnyEvent | None = None, is_replay: bool = False) -> Record:
        """Let these facts be true."""
        self.seq += 1
        self.now_ms += 1
        record = Record(self.seq, 1, self.now_ms, event if event is not None else TimePassed(), list(facts))
        for room in self.rooms:
            room.observe(record, is_replay)
        return record

    def order(self, *commands: AnyCommand) -> None:
        """Give orders as the loop does: a named adapter alone, or everybody who knows the command."""
        for command in commands:
            for room in self.rooms:
                named = command.adapter in ("", room.name)
                if named and type(command) in room.commands:
                    room.execute(command)

    async def event(self, kind: type[E], count: int = 1) -> E:
        """Wait for the count-th event of a kind and return it."""

        def found() -> list[Any]:
            return [event for event in self.events if isinstance(event, kind)]

        async with asyncio.timeout(WAIT_S), self._came:
            await self._came.wait_for(lambda: len(found()) >= count)
        return found()[count - 1]
