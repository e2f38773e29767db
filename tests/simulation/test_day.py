"""Simulated hours with faults and crashes: no invariant breaks, nothing is lost, the same seed is the same day."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from acd.routing.model import Outcome
from acd.routing.outputs import ContactEnded, Fact, OfferMade
from acd.simulation.auditor import Auditor
from acd.simulation.day import Day, Report
from acd.simulation.sweep import Sum, sweep
from tests.simulation.centre import plan

ROOT = Path(__file__).parents[2]


def run(seed: int, **more: object) -> Report:
    return Day(plan(seed, **more), lambda: 0.0).run()  # type: ignore[arg-type]


def assert_sound(report: Report) -> None:
    assert report.broken == []
    assert (report.lost, report.assigned_twice) == (0, 0)
    assert report.contacts == sum(report.outcomes.values())


@pytest.mark.parametrize("seed", range(1, 9))
def test_two_hours_with_faults_and_crashes_break_no_invariant(seed: int) -> None:
    report = run(seed)
    assert_sound(report)
    assert report.faults > 50
    assert report.contacts > 300


@pytest.mark.parametrize("seed", range(101, 104))
def test_an_overloaded_centre_overflows_and_loses_nobody(seed: int) -> None:
    report = run(seed, per_agent_hour=30)
    assert_sound(report)
    assert report.outcomes[Outcome.OVERFLOWED] > 10
    assert report.outcomes[Outcome.ABANDONED] > 10


def test_the_same_seed_gives_the_same_day_under_any_hash_seed() -> None:
    code = "from tests.simulation.test_day import run; print(run(5).hash)"
    hashes = set()
    for hash_seed in ("1", "4242"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        hashes.add(done.stdout.strip())
    assert len(hashes) == 1
    assert len(hashes.pop()) >= 32


class Forgetful(Auditor):
    """Sees the day with one fact changed or left out: the auditor must notice."""

    def __init__(self, kind: type[Fact], at: int = 40) -> None:
        super().__init__()
        self._kind, self._left = kind, at

    def apply(self, facts: Sequence[Fact], at_ms: int, *more: Any) -> None:
        kept = []
        for fact in facts:
            if isinstance(fact, self._kind):
                self._left -= 1
                if self._left == 0:
                    continue
            kept.append(fact)
        super().apply(kept, at_ms, *more)


def test_an_end_that_is_not_told_is_noticed() -> None:
    day = Day(plan(1, is_faulty=False), lambda: 0.0)
    day.auditor = Forgetful(ContactEnded)
    assert day.run().lost == 1


def test_an_offer_that_is_not_told_is_noticed() -> None:
    day = Day(plan(1, is_faulty=False), lambda: 0.0)
    day.auditor = Forgetful(OfferMade)
    with pytest.raises(KeyError):  # what follows the offer speaks of nothing known
        day.run()


def sweep_of(seeds: range) -> Sum:
    base = plan(1)
    total = Sum()
    for seed, report in sweep(base, seeds, True, lambda: 0.0):
        total.add(seed, report)
    return total


def test_drawn_rules_use_everything_and_break_no_invariant() -> None:
    total = sweep_of(range(36, 46))
    assert total.broken == []
    assert total.is_sound()
    assert total.contacts > 5_000


@pytest.mark.slow
@pytest.mark.timeout(1_200)
def test_drawn_rules_at_length() -> None:
    assert sweep_of(range(1, 301)).broken == []


@pytest.mark.slow
def test_a_hundred_seeds() -> None:
    for seed in range(1_000, 1_100):
        assert_sound(run(seed, per_agent_hour=12 + seed % 20))
