"""Lines and ranks against a sorted list, and alarms against a plain dictionary."""

from __future__ import annotations

from random import Random

import pytest

from acd.routing.engine import Engine
from acd.routing.line import Line, order_key
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


def test_a_heap_that_has_grown_is_sifted_a_little_at_a_time() -> None:
    random, moments = Random(3), {}
    alarms = Alarms(lambda key: moments.get(key & MASK) == key >> SHIFT)
    alarms.limit = 16
    now_ms, woken = 0, []
    for number in range(4_000):
        moments[number % 700] = now_ms + random.randrange(1, 900)
        alarms.set(alarm_key(moments[number % 700], number % 700))
        now_ms += random.randrange(3)
        assert alarms.soonest() == min(moments.values(), default=None)
        while (due := alarms.pop_due(now_ms)) is not None:
            assert moments.pop(due) <= now_ms
            woken.append(due)
        assert not moments or min(moments.values()) > now_ms
    assert woken and len(alarms.heap) + len(alarms.old) < 3_000


def test_agents_beyond_the_list_have_no_moment() -> None:
    state = Engine().state
    state.agent_alarms.set(alarm_key(5, 3))
    assert state.agent_alarms.soonest() is None
