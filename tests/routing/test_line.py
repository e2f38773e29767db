"""Lines and ranks against a sorted list, and alarms against a plain dictionary."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest

from acd.routing.engine import Engine
from acd.routing.keys import NUMBER_MASK, moment_of
from acd.routing.line import Line, order_key
from acd.routing.timers import Alarms, Bell


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


def alarms_of(moments: dict[int, int]) -> Alarms:
    """Alarms whose live moments are those of the dictionary."""
    return Alarms(lambda key: moments.get(key & NUMBER_MASK) == moment_of(key), Bell())


def test_alarms_wake_at_the_moment_that_holds_now() -> None:
    moments: dict[int, int] = {}
    alarms = alarms_of(moments)
    for number in range(4):
        for moment in (50, 40, 30 + number):
            moments[number] = moment
            alarms.set(moment, number)
    assert alarms.bell.ms == 30
    assert alarms.soonest() == 30
    assert alarms.pop_due(29) is None
    woken = [alarms.pop_due(32) for _ in range(4)]
    assert [key and key & NUMBER_MASK for key in woken] == [0, 1, 2, None]
    del moments[3]
    assert alarms.soonest() is None
    alarms.fill([(7, 1)])
    moments[1] = 8
    assert alarms.pop_due(100) is None


@pytest.mark.parametrize("delays", [range(1, 900), (20, 300, 60), (100,)])
def test_alarms_that_have_grown_are_sifted_a_little_at_a_time(
    delays: Sequence[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acd.routing.timers.LIMIT_MIN", 16)
    random = Random(3)
    moments: dict[int, int] = {}
    alarms = alarms_of(moments)
    now_ms, woken, longest = 0, 0, 0
    for number in range(8_000):
        whose = random.randrange(70)
        moments[whose] = now_ms + random.choice(delays)
        alarms.set(moments[whose], whose)
        now_ms += random.random() < 0.5
        if number % 3 == 0:
            assert alarms.soonest() == min(moments.values(), default=None)
        while (due := alarms.pop_due(now_ms)) is not None:
            assert moments.pop(due & NUMBER_MASK) == moment_of(due) <= now_ms
            woken += 1
        assert not moments or min(moments.values()) > now_ms
        assert alarms.bell.ms <= min(moments.values(), default=alarms.bell.ms)
        kept = len(alarms.near) + sum(map(len, alarms.buckets.values()))
        assert kept == alarms.count
        longest = max(longest, kept)
    assert woken > 100
    assert longest < 9 * (2 * 70 + 16) + 70, "dead keys are dropped"


def test_agents_beyond_the_list_have_no_moment() -> None:
    state = Engine().state
    state.agent_alarms.set(5, 3)
    state.offer_alarms.set(5, 3)
    assert state.agent_alarms.soonest() is None and state.offer_alarms.soonest() is None
