"""A small zone for the core's tests: rules by a few words, an engine with a clock, and a twin that only folds.

Every event goes to the engine; its facts, sent through MessagePack, go to the twin; after each event both must
have the same hash, and so must an engine that was restored from a snapshot.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from acd.routing.engine import Engine
from acd.routing.events import (
    AgentSignedIn,
    AnyEvent,
    ContactArrived,
    ContactConnected,
    LinkChanged,
    OfferAccepted,
    RulesLoaded,
    TimePassed,
)
from acd.routing.model import (
    AgentId,
    AgentRules,
    Channel,
    ContactId,
    EntryId,
    EntryRules,
    Identity,
    Link,
    OfferId,
    Presence,
    QueueId,
    QueueRules,
    QueueServed,
    RegionId,
    Rules,
    SkillId,
)
from acd.routing.outputs import AnyCommand, AnyFact, Late, OfferMade, Outputs, Refused

START_MS = 1_700_000_000_000
_T = TypeVar("_T")
_FACT: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(AnyFact)


class Zone:
    """An engine under test."""

    def __init__(self, *rules: Any, twin: bool = True, **settings: Any) -> None:
        self.engine = Engine()
        self.twin = Engine() if twin else None
        self.now_ms = START_MS
        self.facts: list[AnyFact] = []
        self.commands: list[AnyCommand] = []
        self.out = Outputs([], [])
        if rules or settings:
            self.load(*rules, **settings)

    def load(self, *parts: Any, **settings: Any) -> Outputs:
        """Load rules made of the given queues, entries, agents and regions."""
        return self.do(RulesLoaded(rules_of(*parts, **settings)))

    def do(self, event: AnyEvent, after_ms: int = 0) -> Outputs:
        """Let time pass, bring what is due meanwhile, then the event."""
        target_ms = self.now_ms + after_ms
        while (due_ms := self.engine.next_deadline_ms()) is not None and due_ms <= target_ms:
            self._handle(TimePassed(), max(due_ms, self.now_ms))
        return self._handle(event, target_ms)

    def wait(self, after_ms: int) -> list[AnyFact]:
        """Let time pass; all facts that it brought."""
        before = len(self.facts)
        self.do(TimePassed(), after_ms)
        return self.facts[before:]

    def _handle(self, event: AnyEvent, at_ms: int) -> Outputs:
        self.now_ms = at_ms
        before = self.engine.state_hash() if self.twin is not None else ""
        self.out = self.engine.handle(event, at_ms)
        self.facts += self.out.facts
        self.commands += self.out.commands
        if self.twin is not None:
            for fact in self.out.facts:
                self.twin.apply(_FACT.decode(msgspec.msgpack.encode(fact)), at_ms)
            after = self.engine.state_hash()
            assert self.twin.state_hash() == after, f"fold differs after {event}"
            restored = Engine()
            restored.restore(self.engine.snapshot())
            assert restored.state_hash() == after, f"snapshot differs after {event}"
            assert restored.wanted_commands() == self.engine.wanted_commands()
            if all(isinstance(fact, Late | Refused) for fact in self.out.facts):
                assert after == before, f"{event} changed the state without a fact"
        return self.out

    # --- common lives -----------------------------------------------------------------------------------

    def ready(self, *agents: str, links: tuple[Link, ...] = ()) -> None:
        """Sign agents in, ready, in this order, a millisecond apart."""
        for agent in agents:
            self.do(AgentSignedIn(AgentId(agent), f"s-{agent}", Presence.READY), 1)
            for link in links:
                self.do(LinkChanged(AgentId(agent), link, True, f"s-{agent}"))

    def arrive(self, contact: str, entry: str = "100", after_ms: int = 1, **more: Any) -> Outputs:
        """A customer comes to the door."""
        more.setdefault("channel", Channel.VOICE)
        if "tel" in more:
            more["identities"] = (Identity(f"tel:{more.pop('tel')}"),)
        return self.do(ContactArrived(ContactId(contact), "sip", entry=EntryId(entry), **more), after_ms)

    def offer(self) -> OfferMade:
        """The latest offer made."""
        return last(self.facts, OfferMade)

    def accept(self, offer: int | None = None, after_ms: int = 1_000) -> OfferId:
        """Accept and connect an offer, by default the latest."""
        number = OfferId(offer if offer is not None else self.offer().offer)
        self.do(OfferAccepted(number), after_ms)
        self.do(ContactConnected(number), 100)
        return number


def rules_of(*parts: Any, **settings: Any) -> Rules:
    """Rules of these parts; strings are queues; entry 100 leads to the first queue unless there are entries."""
    queues = tuple(
        QueueRules(QueueId(part)) if isinstance(part, str) else part
        for part in parts
        if isinstance(part, str | QueueRules)
    )
    entries = tuple(part for part in parts if isinstance(part, EntryRules))
    if not entries and queues:
        entries = (EntryRules(EntryId("100"), queues[0].queue),)
    return Rules(
        version=settings.pop("version", 1),
        queues=queues,
        entries=entries,
        agents=tuple(part for part in parts if isinstance(part, AgentRules)),
        regions=tuple(part for part in parts if type(part).__name__ == "RegionRules"),
        **settings,
    )


def agent(name: str, *queues: str, region: str = "", **more: Any) -> AgentRules:
    """An agent; skills by keyword `skills={"de": 3}`; serves queue `q` unless others are named."""
    served = tuple(QueueServed(QueueId(queue)) for queue in (queues or ("q",)))
    skills = {SkillId(skill): level for skill, level in more.pop("skills", {}).items()}
    more.setdefault("queues", served)
    return AgentRules(AgentId(name), region=RegionId(region), skills=skills, **more)


def only(outputs: Outputs | list[Any], kind: type[_T]) -> _T:
    """The one fact or command of this kind."""
    found = of(outputs, kind)
    assert len(found) == 1, f"found {found}, expected one {kind.__name__}"
    return found[0]


def last(outputs: Outputs | list[Any], kind: type[_T]) -> _T:
    """The latest fact or command of this kind."""
    found = of(outputs, kind)
    assert found, f"no {kind.__name__}"
    return found[-1]


def of(outputs: Outputs | list[Any], kind: type[_T]) -> list[_T]:
    """All facts and commands of this kind."""
    things = [*outputs.facts, *outputs.commands] if isinstance(outputs, Outputs) else outputs
    return [thing for thing in things if isinstance(thing, kind)]


def names(outputs: Outputs) -> list[str]:
    """The kinds of facts, then of commands."""
    return [type(thing).__name__ for thing in [*outputs.facts, *outputs.commands]]
