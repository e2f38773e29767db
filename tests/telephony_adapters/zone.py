"""One zone around one adapter: the real engine in real time, each record durable at the next turn of the loop.

It follows `acd.ports`: events in by `submit`, each record observed before its orders are carried out. It keeps
everything that became true, so that a test can look and the end can be audited.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import TypeVar

from acd.ports import Adapter, KeptLeg, Record
from acd.routing import events as e
from acd.routing.engine import Engine
from acd.routing.model import (
    AgentId,
    AgentRules,
    Channel,
    ContactId,
    EntryId,
    EntryRules,
    Link,
    OfferId,
    OverflowAction,
    OverflowRule,
    Presence,
    QueueId,
    QueueRules,
    QueueServed,
    Rules,
    WrapUp,
    WrapUpMode,
)
from acd.routing.outputs import AnyCommand, AnyFact, Late, Refused
from acd.routing.outputs import facts as f

Fact = TypeVar("Fact")
WAIT_S = 15.0
ENTRY, SERVICE, BACK, BOT = EntryId("4001"), QueueId("service"), QueueId("back-office"), QueueId("bot")
ANN, BEN = AgentId("agent1"), AgentId("agent2")
NUMBER = "+861012345678"
"""A number outside that may be called."""


def rules_for(channel: Channel) -> Rules:
    """Two agents on two queues; a third queue that nobody serves and that leads to the bot at once."""
    no_wrap_up = WrapUp(WrapUpMode.NONE, 0)
    served = (QueueServed(SERVICE), QueueServed(BACK))
    return Rules(
        1,
        queues=(
            QueueRules(SERVICE, wrap_up=no_wrap_up, offer_ms=8_000),
            QueueRules(BACK, wrap_up=no_wrap_up, offer_ms=8_000),
            QueueRules(
                BOT,
                overflow=(OverflowRule("bot", OverflowAction.INTAKE, nobody_staffed=True, offered=False),),
            ),
        ),
        entries=(EntryRules(ENTRY, SERVICE, channel), EntryRules(EntryId("4002"), BOT, channel)),
        agents=tuple(AgentRules(agent, agent, queues=served) for agent in (ANN, BEN)),
    )


class Zone:
    """What a test holds of it."""

    def __init__(self, channel: Channel = Channel.VOICE) -> None:
        self.engine = Engine()
        self.facts: list[AnyFact] = []
        self.events: list[e.AnyEvent] = []
        self.commands: list[AnyCommand] = []
        self.adapter: Adapter
        self.orders_twice = False
        """Every order is given a second time, as after a crash."""
        self.is_adapter_dead = False
        """Orders reach nobody: the adapter has crashed and is not back."""
        self._channel = channel
        self._seq = 0
        self._start_s = time.time() - time.monotonic()
        self._made: list[tuple[Record, asyncio.Future[Record], list[AnyCommand]]] = []
        self._alarm: asyncio.TimerHandle | None = None
        self._changed = asyncio.Event()

    def now_ms(self) -> int:
        """The clock of the engine."""
        return int((self._start_s + time.monotonic()) * 1000)

    async def open(self, adapter: Adapter) -> None:
        """Load the rules and start the adapter."""
        self.adapter = adapter
        self.submit(e.RulesLoaded(rules_for(self._channel)))
        await self.submit(e.NodeStarted(1))
        await adapter.start(self.submit)
        await adapter.resume([])

    async def reopen(self, adapter: Adapter) -> None:
        """Start another adapter with what the journal kept, as after a crash of the node."""
        self.adapter, self.is_adapter_dead = adapter, False
        signed_in = [agent for agent, known in self.engine.state.agents.items() if known.session is not None]
        self._seq += 1
        for fact in self.facts:
            adapter.observe(Record(self._seq, 1, self.now_ms(), e.TimePassed(), [fact]), True)
        kept = [KeptLeg(leg.contact, leg.leg, leg.resume) for leg in self.engine.kept_legs()]
        await self.submit(e.NodeStarted(2))
        await adapter.start(self.submit)
        await adapter.resume(kept)
        for agent in signed_in:
            self.submit(e.LinkChanged(agent, Link.DESK, True, agent))
        for command in self.engine.wanted_commands():
            self._give(command)

    def close(self) -> None:
        """Let no alarm ring any more."""
        if self._alarm is not None:
            self._alarm.cancel()

    def submit(self, event: e.AnyEvent) -> asyncio.Future[Record]:
        """`acd.ports.Submit`."""
        self.events.append(event)
        outputs = self.engine.handle(event, self.now_ms())
        self._seq += 1
        record = Record(self._seq, 1, self.now_ms(), event, outputs.facts)
        future: asyncio.Future[Record] = asyncio.get_running_loop().create_future()
        self._made.append((record, future, outputs.commands))
        asyncio.get_running_loop().call_soon(self._deliver)
        self._set_alarm()
        return future

    async def tell(self, event: e.AnyEvent) -> list[AnyFact]:
        """Hand an event in and return what it made true."""
        return (await self.submit(event)).facts

    async def sign_in(self, agent: AgentId) -> None:
        """Let an agent sit down at a desk, ready."""
        await self.tell(e.AgentSignedIn(agent, agent, Presence.READY, ""))
        await self.tell(e.LinkChanged(agent, Link.DESK, True, agent))

    async def sign_out(self, agent: AgentId) -> None:
        """Let an agent leave the desk."""
        await self.tell(e.AgentSignedOut(agent))

    def of(self, kind: type[Fact], **fields: object) -> list[Fact]:
        """The facts of a kind with these values, in order."""
        return [
            fact
            for fact in self.facts
            if isinstance(fact, kind) and all(getattr(fact, name) == value for name, value in fields.items())
        ]

    async def fact(self, kind: type[Fact], count: int = 1, **fields: object) -> Fact:
        """Wait for the count-th fact of a kind with these values."""
        await self.until(lambda: len(self.of(kind, **fields)) >= count, f"{kind.__name__} {fields}")
        return self.of(kind, **fields)[count - 1]

    async def until(self, is_so: Callable[[], object], what: str) -> None:
        """Wait until something is so; fails with what became true instead."""
        try:
            async with asyncio.timeout(WAIT_S):
                while not is_so():
                    self._changed.clear()
                    try:
                        await asyncio.wait_for(self._changed.wait(), 0.02)
                    except TimeoutError:
                        continue
        except TimeoutError:
            seen = [str(fact)[:160] for fact in self.facts if not isinstance(fact, f.LegKept)][-15:]
            raise AssertionError(f"did not come about: {what}; last facts:\n" + "\n".join(seen)) from None

    def live_offers(self) -> list[OfferId]:
        """Offers and assignments that are not over."""
        return list(self.engine.state.offers)

    def is_live(self, contact: ContactId) -> bool:
        """Whether a contact has entered and not ended."""
        return contact in self.engine.state.contacts

    def audit(self) -> None:
        """Check what must hold at any end: nobody is counted twice, nothing was refused that was ours to say."""
        entered = Counter(fact.contact for fact in self.of(f.ContactEntered))
        ended = Counter(fact.contact for fact in self.of(f.ContactEnded))
        assert all(count == 1 for count in entered.values()), f"entered twice: {entered}"
        assert all(count == 1 for count in ended.values()), f"ended twice: {ended}"
        assert set(ended) <= set(entered), "ended without having entered"
        live = {contact for contact in entered if self.is_live(contact)}
        assert live == set(entered) - set(ended), "neither live nor ended"
        firsts = Counter(fact.contact for fact in self.of(f.AssignmentConnected, is_first=True))
        assert all(count == 1 for count in firsts.values()), f"answered twice: {firsts}"

    def not_taken(self) -> list[AnyFact]:
        """What came late or was refused."""
        return [fact for fact in self.facts if isinstance(fact, Late | Refused)]

    def _deliver(self) -> None:
        record, future, commands = self._made.pop(0)
        self.facts.extend(record.facts)
        if not self.is_adapter_dead:
            self.adapter.observe(record, False)
        for command in commands:
            self.commands.append(command)
            self._give(command)
        future.set_result(record)
        self._changed.set()

    def _give(self, command: AnyCommand) -> None:
        named = command.adapter in ("", self.adapter.name)
        if self.is_adapter_dead or not named or type(command) not in self.adapter.commands:
            return
        for _ in range(2 if self.orders_twice else 1):
            self.adapter.execute(command)

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        due_ms = self.engine.next_deadline_ms()
        if due_ms is not None:
            wait_s = max(0, due_ms - self.now_ms()) / 1000
            self._alarm = asyncio.get_running_loop().call_later(wait_s, self.submit, e.TimePassed())
