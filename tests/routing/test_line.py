"""Lines and ranks against a sorted list, and alarms against a plain dictionary."""

from __future__ import annotations

from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from acd.routing.engine import Engine
from acd.routing.line import Line, Rank, order_key
from acd.routing.timers import MASK, SHIFT, Alarms, alarm_key


def test_a_line_keeps_order_positions_and_length() -> None:
    random, line, plain = Random(1), Line(), []
    assert line.first() is None and line.position(5) == 1
    for number in range(6_000):
        if plain and random.random() < 0.35:
            key = random.choice(plain)
            plain.remove(key)
            line.leave(key)
        else:
            key = order_key(number if random.random() < 0.8 else random.randrange(6_000), 0, number)
            plain.append(key)
            line.join(key)
    plain.sort()
    assert list(line) == plain
    assert line.length == len(plain)
    assert line.first() == plain[0]
    assert [line.position(key) for key in plain[::97]] == list(range(1, len(plain) + 1, 97))
    for key in plain:
        line.leave(key)
    assert line.length == 0 and not line.blocks


def test_whoever_is_not_in_the_line_cannot_leave_it() -> None:
    line = Line()
    line.join(1)
    with pytest.raises(AssertionError, match="not in the line"):
        line.leave(0)


def test_a_rank_finds_its_first_whatever_comes_goes_and_returns() -> None:
    random = Random(2)
    state: Any = SimpleNamespace(numbered={})
    rank = Rank(0, 0, None)  # type: ignore[arg-type]
    gone: list[Any] = []
    for number in range(1, 3_000):
        live = sorted((c for c in state.numbered.values() if c.rank is rank), key=lambda c: c.key)
        assert rank.head == (live[0].key if live else None)
        if number % 100 == 0:
            assert list(rank.contacts(state)) == live
        if live and random.random() < 0.5:
            contact = live[0] if random.random() < 0.6 else random.choice(live)
            contact.rank = None
            gone.append(contact)
            rank.leave(contact.key, state)
        elif gone and random.random() < 0.4:
            contact = gone.pop(random.randrange(len(gone)))
            contact.rank = rank
            rank.join(contact.key)
        else:
            arrived = number if random.random() < 0.9 else random.randrange(number)
            contact = SimpleNamespace(key=order_key(arrived, 0, number), rank=rank)
            state.numbered[number] = contact
            rank.join(contact.key)
    assert len(rank.keys) < 6_000


def test_alarms_wake_at_the_moment_that_holds_now() -> None:
    moments: dict[int, int] = {}
    alarms = Alarms(lambda key: moments.get(key & MASK) == key >> SHIFT)
    alarms.limit = 8
    for number in range(4):
        for moment in (50, 40, 30 + number):
            moments[number] = moment
            alarms.set(alarm_key(moment, number))
    assert len(alarms.heap) < 12, "dead keys are dropped"
    assert alarms.soonest() == 30
    assert alarms.pop_due(29) is None
    assert [alarms.pop_due(32) for _ in range(4)] == [0, 1, 2, None]
    del moments[3]
    assert alarms.soonest() is None
    alarms.fill([alarm_key(7, 1)])
    moments[1] = 8
    assert alarms.pop_due(100) is None


def test_agents_beyond_the_list_have_no_moment() -> None:
    state = Engine().state
    state.agent_alarms.set(alarm_key(5, 3))
    assert state.agent_alarms.soonest() is None
