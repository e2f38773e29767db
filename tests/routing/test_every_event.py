"""Every kind of event in every state of contact, offer and agent: never fatal, never senseless, always with a reason."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any, get_args

import msgspec
import pytest

from acd.routing.engine import Engine
from acd.routing.events import AnyEvent, TimePassed
from acd.routing.outputs import AnyFact, ContactTurnedAway, Late, Refused
from tests.routing import invariants
from tests.routing.every_event import GARBAGE, GROUPS, TABLE, write_table
from tests.routing.situations import AGENTS, CONTACTS
from tests.routing.zone import START_MS

_FACT: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(AnyFact)
SITUATIONS = {**CONTACTS, **{f"agent_{name}": make for name, make in AGENTS.items()}}
TEXT_MAX = 20_000
MEANT_TO_ADD_UP = ("WrapUpAsked", "IntakeProgressed", "ReturnCallAsked other id")
"""Events of which a second one says something new: more wrap-up, more words, one more wish for the same call."""


@functools.cache
def prepared(name: str) -> tuple[bytes, int]:
    """A situation as a snapshot, and its moment."""
    zone = SITUATIONS[name]()
    return zone.engine.snapshot(), zone.now_ms


def at(name: str) -> tuple[Engine, int]:
    """An engine in a situation."""
    data, now_ms = prepared(name)
    engine = Engine()
    engine.restore(data)
    return engine, now_ms


def texts(thing: Any) -> Iterator[str]:
    """All strings in a fact."""
    if isinstance(thing, str):
        yield thing
    elif isinstance(thing, dict):
        for key, value in thing.items():
            yield from texts(key)
            yield from texts(value)
    elif isinstance(thing, list | tuple):
        for part in thing:
            yield from texts(part)


def tell(engine: Engine, event: Any, now_ms: int) -> list[AnyFact]:
    """Hand an event in; whatever comes of it must be sound."""
    before = engine.state_hash()
    twin = Engine()
    twin.restore(engine.snapshot())
    facts = engine.handle(event, now_ms).facts
    invariants.check(engine)
    for fact in facts:
        twin.apply(_FACT.decode(msgspec.msgpack.encode(fact)), now_ms)
        if isinstance(fact, Refused):
            assert fact.about and fact.code and fact.found and fact.expected, f"{fact} does not say why"
        if isinstance(fact, Late):
            assert fact.about and fact.why, f"{fact} does not say why"
        assert all(len(text) <= TEXT_MAX for text in texts(msgspec.to_builtins(fact))), "an endless text"
    if all(isinstance(fact, Late | Refused) for fact in facts):
        assert engine.state_hash() == before, f"{event} changed the state without a fact"
    assert twin.state_hash() == engine.state_hash(), f"fold differs after {event}"
    engine.wanted_commands()
    return facts


def test_the_tables_name_every_event_there_is() -> None:
    told = {type(event) for group, _ in GROUPS for event in group.values()}
    assert told == set(get_args(AnyEvent))


def test_what_comes_of_every_event_in_every_situation_is_as_written() -> None:
    """The table was read line by line when it was written; a difference is a decision, not a detail."""
    assert write_table() == TABLE.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SITUATIONS)
def test_every_event_is_sound_and_says_why_not(name: str) -> None:
    for group, _ in GROUPS:
        for event in group.values():
            engine, now_ms = at(name)
            tell(engine, event, now_ms + 1)


@pytest.mark.parametrize("name", SITUATIONS)
def test_nonsense_is_never_fatal_and_never_kept(name: str) -> None:
    for event in GARBAGE:
        engine, now_ms = at(name)
        tell(engine, event, now_ms + 1)


@pytest.mark.parametrize("name", SITUATIONS)
def test_an_event_that_comes_twice_changes_nothing_the_second_time(name: str) -> None:
    for group, _ in GROUPS:
        for title, event in group.items():
            if title in MEANT_TO_ADD_UP:
                continue
            engine, now_ms = at(name)
            engine.handle(event, now_ms + 1)
            again = tell(engine, event, now_ms + 2)
            assert all(isinstance(fact, Late | Refused | ContactTurnedAway) for fact in again), (
                f"{title}: {again}"
            )


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_moment_of_the_past_counts_as_now(name: str) -> None:
    for group, _ in GROUPS:
        for event in group.values():
            engine, now_ms = at(name)
            late, _ = at(name)
            engine.handle(TimePassed(), now_ms)
            late.handle(TimePassed(), now_ms)
            for moment in (START_MS - 1_000_000, -5):
                assert late.handle(event, moment).facts == engine.handle(event, now_ms).facts
            assert late.state_hash() == engine.state_hash(), f"{event} at a moment before the last"


@pytest.mark.slow
@pytest.mark.parametrize("name", SITUATIONS)
def test_every_event_after_every_event_is_sound(name: str) -> None:
    events = [event for group, _ in GROUPS for event in group.values()]
    for first in events:
        engine, now_ms = at(name)
        engine.handle(first, now_ms + 1)
        data = engine.snapshot()
        for second in (*events, *GARBAGE):
            engine = Engine()
            engine.restore(data)
            try:
                engine.handle(second, now_ms + 2)
                invariants.check(engine)
                engine.wanted_commands()
            except Exception as fault:
                raise AssertionError(f"{name}, {first}, {second}: {fault!r}") from fault
