"""Random streams of events, likely and senseless: every decision like the oracle's, every invariant after every event."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from acd.routing import timers
from acd.routing.engine import Engine
from acd.routing.events import NodeStarted, TimePassed
from acd.routing.model import Strategy
from acd.routing.outputs import AnyFact, Late, Refused
from acd.routing.snapshot import to_plain
from tests.routing import invariants
from tests.routing.oracle import Oracle
from tests.routing.streams import Stream
from tests.routing.zone import START_MS

_FACT: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(AnyFact)


def run(seed: int, length: int, agents: int = 6, hash_every: int = 25, **more: Any) -> Oracle:
    """Run one stream; `AssertionError` names the seed and the event."""
    stream = Stream(seed, agents, **more)
    engine, twin, oracle, ledger = stream.engine, Engine(), Oracle(), invariants.Ledger()
    now_ms = START_MS
    script = stream.start()
    for number in range(length):
        event = script.pop(0) if script else stream.draw()
        if not script:
            now_ms += stream.random.choice([0, 1, 50, 400, 2_000, 9_000])
        due_ms = engine.next_deadline_ms()
        if due_ms is not None and due_ms <= now_ms and stream.random.random() < 0.7:
            event, now_ms = TimePassed(), max(due_ms, now_ms - 9_000)
        is_checked = number % hash_every == 0
        before = engine.state_hash() if is_checked else ""
        try:
            facts = engine.handle(event, now_ms).facts
            while engine.is_unfinished:
                facts += engine.handle(TimePassed(), now_ms).facts
            at_ms = engine.state.at_ms if facts else now_ms
            oracle.watch(facts, max(at_ms, now_ms), not isinstance(event, NodeStarted))
            invariants.check(engine)
            ledger.note(facts, engine)
            for fact in facts:
                twin.apply(_FACT.decode(msgspec.msgpack.encode(fact)), now_ms)
            if is_checked:
                after = engine.state_hash()
                assert twin.state_hash() == after, difference(engine, twin)
                if all(isinstance(fact, Late | Refused) for fact in facts):
                    assert after == before, "changed without a fact"
                restored = Engine()
                restored.restore(engine.snapshot())
                assert restored.state_hash() == after, difference(engine, restored)
                invariants.check(restored)
        except Exception as fault:
            raise AssertionError(
                f"seed {seed}, event {number} at {now_ms}: {str(event)[:200]}: {fault!r}"
            ) from fault
        now_ms = max(now_ms, engine.state.at_ms)
    return oracle


def difference(one: Engine, other: Engine) -> str:
    """Where two states differ, for people."""
    plain, plain_2 = to_plain(one.state), to_plain(other.state)
    for name in plain.__struct_fields__:
        left, right = getattr(plain, name), getattr(plain_2, name)
        if left != right:
            if isinstance(left, list) and len(left) == len(right):
                left, right = next((a, b) for a, b in zip(left, right, strict=True) if a != b)
            return f"{name}: {left} != {right}"
    return "nothing differs"


@pytest.mark.parametrize("seed", range(12))
def test_every_decision_is_the_oracles(seed: int) -> None:
    assert run(seed, 400).decisions > 5


@pytest.mark.parametrize("strategy", list(Strategy))
def test_every_decision_is_the_oracles_under(strategy: Strategy) -> None:
    run(1000 + list(Strategy).index(strategy), 300, strategies=(strategy,))


@pytest.mark.parametrize("seed", range(2_000, 2_006))
def test_every_decision_is_the_oracles_while_heaps_are_sifted(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acd.routing.cells.LIMIT_MIN", 2)
    monkeypatch.setattr("acd.routing.timers.LIMIT_MIN", 2)
    monkeypatch.setattr("acd.routing.cells.SIFTED", 1)
    monkeypatch.setattr("acd.routing.timers.SIFTED", 1)
    run(seed, 400, agents=9)


@pytest.mark.parametrize("seed", range(3_000, 3_008))
def test_every_decision_is_the_oracles_while_time_is_dealt_with_in_slices(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acd.routing.handling.clock.WORK_MAX", 1)
    run(seed, 400, agents=9)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10_000, 10_300))
def test_every_decision_is_the_oracles_at_length(seed: int) -> None:
    run(seed, 1_500, agents=3 + seed % 20)


@pytest.mark.parametrize("seed", range(4))
def test_no_alarm_is_lost_while_dead_ones_are_sifted_out(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timers, "LIMIT_MIN", 2)
    assert run(seed, 600).decisions > 5
