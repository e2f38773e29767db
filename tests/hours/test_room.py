"""The watcher of the calendars: says a turn once, and again only when it has turned."""

from __future__ import annotations

import asyncio

from acd.hours import HoursRoom, build_calendar
from acd.ports import Record
from acd.routing.events import AnyEvent, HoursTurned
from acd.routing.model import HoursId
from acd.routing.outputs import HoursInForce

EVERY = {name: ["00:00-24:00"] for name in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
OFFICE = HoursId("office")


class Told:
    """Takes events down, and says when there is one more."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[AnyEvent] = asyncio.Queue()

    def __call__(self, event: AnyEvent) -> asyncio.Future[Record]:
        self.events.put_nowait(event)
        return asyncio.get_running_loop().create_future()

    async def next(self) -> AnyEvent:
        return await asyncio.wait_for(self.events.get(), 5)


async def test_how_things_stand_is_told_at_the_start_and_each_turn_once() -> None:
    now_ms = [1_000_000_000_000 - 50]  # 2001-09-09T01:46:40Z, a Sunday
    sunday = build_calendar("UTC", {"sun": ["00:00-01:47"]}, {})
    opens_until = 1_000_000_020_000
    room = HoursRoom({OFFICE: sunday}, lambda: now_ms[0])
    told = Told()
    await room.start(told)
    assert await told.next() == HoursTurned(OFFICE, True, opens_until)
    now_ms[0] = opens_until
    room.replace({OFFICE: sunday})
    closed = await told.next()
    assert isinstance(closed, HoursTurned)
    assert not closed.is_open
    room.replace({OFFICE: sunday})
    room.replace({OFFICE: build_calendar("UTC", EVERY, {})})
    assert await told.next() == HoursTurned(OFFICE, True, None)
    await room.stop()
    assert told.events.empty()


async def test_what_the_journal_says_already_is_not_told_again() -> None:
    room = HoursRoom({OFFICE: build_calendar("UTC", EVERY, {})}, lambda: 1_000)
    room.observe(Record(1, 1, 0, HoursTurned(OFFICE, True, None), [HoursInForce(OFFICE, True, None)]), True)
    told = Told()
    await room.start(told)
    room.replace({OFFICE: build_calendar("UTC", {}, {})})
    assert await told.next() == HoursTurned(OFFICE, False, None)
    await room.stop()
