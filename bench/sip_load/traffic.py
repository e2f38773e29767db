"""The two loads: calls at a rate (open loop), and agents who hang up while callers wait."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.sip_load.line import Address, Line
from bench.sip_load.messages import Message, uri_of, user_of
from bench.sip_load.phones import MEDIA_PORT, AgentPhone, CallerPhone
from bench.sip_load.witness import Call, Witness, media_hosts

FIRST_NUMBER = 7_000_001
REGISTER_AT_ONCE = 20
Say = Callable[[str], None]


@dataclass
class Load:
    """All telephones of a run, on two lines."""

    server: Address
    entry: str
    witness: Witness
    agents_line: Line
    callers_line: Line
    chance: random.Random
    agents: dict[str, AgentPhone] = field(default_factory=dict)
    callers: dict[str, CallerPhone] = field(default_factory=dict)
    """By number."""

    def __post_init__(self) -> None:
        self.agents_line.on_request = self._to_agent
        self.callers_line.on_request = self._to_caller
        self.witness.on_connected = self._connected
        self._hosts = media_hosts("127.2")
        self._by_call_id: dict[str, CallerPhone] = {}
        self._next_number = FIRST_NUMBER

    async def seat(self, phones: list[tuple[str, str]], ring_s: float) -> None:
        """Register a telephone for each (number, password), some at a time."""
        hosts = media_hosts("127.1")
        for number, secret in phones:
            seat = self.witness.sit_down(number, (next(hosts), MEDIA_PORT))
            self.agents[number] = AgentPhone(
                self.agents_line, seat, self.witness, secret, self.server, ring_s
            )
        waiting = list(self.agents.values())
        while waiting:
            some, waiting = waiting[:REGISTER_AT_ONCE], waiting[REGISTER_AT_ONCE:]
            for phone in some:
                phone.register()
            await asyncio.wait_for(asyncio.gather(*(phone.is_registered for phone in some)), 30)

    def call(self, talk_s: float | None) -> CallerPhone:
        """Let one more customer call."""
        number = str(self._next_number)
        self._next_number += 1
        call = self.witness.arrive(number, (next(self._hosts), MEDIA_PORT), time.perf_counter())
        phone = CallerPhone(self.callers_line, call, self.witness, self.server, talk_s)
        self.callers[number] = self._by_call_id[phone.call_id] = phone
        phone.dial(self.entry)
        return phone

    def living(self) -> int:
        """Return how many calls have not ended."""
        return sum(not phone.call.ended for phone in self.callers.values())

    def talking(self) -> list[AgentPhone]:
        """Return the agents who are connected, end to end, with a caller."""
        return [phone for phone in self.agents.values() if phone.is_talking and phone.seat.told is not None]

    async def end_all(self, seconds: float) -> None:
        """Let every living call give up, and wait until the line is quiet."""
        living = [phone for phone in self.callers.values() if not phone.call.ended]
        for phone in sorted(living, key=lambda each: bool(each.call.agents)):
            phone.give_up()
            await asyncio.sleep(0.005)
        await self.until(lambda: not any(phone.is_talking for phone in self.agents.values()), seconds)

    async def until(self, is_so: Callable[[], bool], seconds: float) -> bool:
        """Wait until something is so; return whether it came to be in time."""
        deadline = time.perf_counter() + seconds
        while not is_so():
            if time.perf_counter() > deadline:
                return False
            await asyncio.sleep(0.05)
        return True

    def _to_agent(self, message: Message, now_s: float) -> None:
        number = user_of(message.start.split(" ")[1]) or user_of(uri_of(message.one("to")))
        phone = self.agents.get(number)
        if phone is None:
            self.agents_line.answer(message, 404, "Not Found", tag="none")
        else:
            phone.take(message, now_s)

    def _to_caller(self, message: Message, now_s: float) -> None:
        phone = self._by_call_id.get(message.call_id)
        if phone is None:
            self.callers_line.answer(message, 481, "Call Does Not Exist", tag="none")
        else:
            phone.take(message, now_s)

    def _connected(self, call: Call) -> None:
        self.callers[call.number].begin_talk()


async def run_rate(load: Load, rate: float, seconds: float, talk_s: float, say: Say) -> None:
    """Let calls arrive at random moments, `rate` a second on average, whatever becomes of the earlier ones."""
    started_s = time.perf_counter()
    next_s, told_s = started_s, started_s
    while True:
        next_s += load.chance.expovariate(rate)
        if next_s > started_s + seconds:
            break
        delay_s = next_s - time.perf_counter()
        if delay_s > 0:
            await asyncio.sleep(delay_s)
        load.call(talk_s)
        if time.perf_counter() - told_s > 5:
            told_s = time.perf_counter()
            counts = f"{len(load.callers)} calls, {load.living()} alive, {load.witness.waiting} waiting"
            say(f"{told_s - started_s:4.0f} s: {counts}")
    say(f"all {len(load.callers)} calls have arrived; waiting for the last to end")
    await load.until(lambda: load.living() == 0, talk_s + 30)


async def run_freed(load: Load, waiting: int, hang_ups_per_s: float, seconds: float, say: Say) -> None:
    """Fill all agents, keep `waiting` callers in line, and let random agents hang up."""
    say(f"filling {len(load.agents)} agents and a line of {waiting}")
    for _ in range(len(load.agents) + waiting):
        load.call(None)
        await asyncio.sleep(0.01)
    if not await load.until(lambda: len(load.talking()) == len(load.agents), 60):
        raise RuntimeError(f"only {len(load.talking())} of {len(load.agents)} agents got a call within 60 s")
    load.witness.arrival_to_offer_ms.clear()
    started_s = time.perf_counter()
    next_s, told_s = started_s, started_s
    while True:
        next_s += load.chance.expovariate(hang_ups_per_s)
        if next_s > started_s + seconds:
            break
        await asyncio.sleep(max(0.0, next_s - time.perf_counter()))
        talking = load.talking()
        if talking:
            load.chance.choice(talking).hang_up()
            load.call(None)
        if time.perf_counter() - told_s > 5:
            told_s = time.perf_counter()
            freed = len(load.witness.freed_to_offer_ms)
            say(
                f"{told_s - started_s:4.0f} s: {freed} offers after a hang-up, {load.witness.waiting} waiting"
            )
    await load.until(lambda: all(seat.freed_s is None for seat in load.witness.seats.values()), 10)
    load.witness.is_measuring = False
