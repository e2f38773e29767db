"""The engine against exact queueing theory: Erlang B, C, A and small skill graphs, row by row."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.simulation.theory import Kind, Measures, System, interval

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "theory"
CALLS = 300_000
CALLS_NEAR_SATURATION = 3_000_000
"""Waits are correlated over thousands of calls there; shorter batches give intervals that are too narrow."""
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"the reference tables are missing: {DATA}")


def erlang_rows() -> list[dict[str, str]]:
    if not DATA.is_dir():
        return []
    with (DATA / "erlang_reference.csv").open() as file:
        return list(csv.DictReader(file))


def graph_values(case: str) -> dict[str, float]:
    with (DATA / "skill_graph_reference.csv").open() as file:
        return {row["measure"]: float(row["value"]) for row in csv.DictReader(file) if row["case"] == case}


def seconds(text: str) -> float:
    top, _, bottom = text.partition("/")
    return float(top) / float(bottom or 1)


def agrees(
    batches: list[Measures], measure: Callable[[Measures], float], exact: float, slack: float = 0.0
) -> str | None:
    """None if the exact value lies in the interval (widened by `slack` for whole milliseconds), else a line."""
    mean, half = interval([measure(batch) for batch in batches])
    if abs(mean - exact) <= half + slack:
        return None
    return f"found {mean:.5f} +- {half:.5f}, exact {exact:.5f}"


@needs_data
@pytest.mark.slow
@pytest.mark.parametrize(
    "row", erlang_rows(), ids=lambda row: f"{row['model']}-n{row['n']}-load{row['load']}"
)
def test_the_engine_agrees_with_erlang(row: dict[str, str]) -> None:
    """At most one of a row's measures may fall outside its 95 % interval: one in twenty does by chance."""
    agents = int(row["n"])
    talk_s = seconds(row["aht"]) if row["aht"] else 180.0
    unit = 1000.0 if talk_s >= 30 else 60_000.0
    kind = Kind(
        gap_ms=talk_s * unit / float(row["load"]),
        talk_ms=talk_s * unit,
        patience_ms=float(row["patience"]) * unit if row["patience"] else None,
    )
    is_near = row["model"] == "C" and float(row["load"]) / agents > 0.94
    calls = CALLS_NEAR_SATURATION if is_near else CALLS
    line_max = 0 if row["model"] == "B" else 1_000_000
    awt_ms = seconds(row["awt"]) * unit if row["awt"] else 0.0
    batches = System([()] * agents, [kind], f"{row}", line_max, awt_ms).run(calls)
    measures: dict[str, Callable[[Measures], float]] = {
        "P_block": lambda b: b.blocked[0] / b.arrived[0],
        "P_wait": lambda b: b.waited[0] / b.arrived[0],
        "P_abandon": lambda b: b.abandoned[0] / b.arrived[0],
        "ASA": lambda b: b.wait_ms[0] / b.arrived[0] / unit,
        "SL": lambda b: b.in_time[0] / b.arrived[0],
        "occupancy": lambda b: 1 - sum(b.idle_ms.values()) / (b.length_ms * agents),
    }
    wrong = {
        name: line
        for name, measure in measures.items()
        if row[name] and (line := agrees(batches, measure, float(row[name]), slack=2 / unit))
    }
    assert len(wrong) <= 1, wrong


GRAPHS = {
    "W3_LI": ([("0",), ("0", "1"), ("1",)], [1.2, 1.0], 0),
    "N2_LI": ([("0", "1"), ("1",)], [0.5, 1.0], 0),
    "N2_PRIO1": ([("0", "1"), ("1",)], [0.5, 1.0], 10**9),
}


@needs_data
@pytest.mark.slow
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("case", GRAPHS)
def test_the_engine_agrees_with_exact_skill_graphs(case: str) -> None:
    agents, rates, head_start = GRAPHS[case]
    unit = 10_000.0
    kinds = [
        Kind(unit / rate, unit, unit / 0.5, skill=str(number), head_start_ms=head_start if number == 0 else 0)
        for number, rate in enumerate(rates)
    ]
    exact = graph_values(case)
    batches = System(agents, kinds, case, 1_000_000, 0.0).run(CALLS)
    wrong: dict[str, str] = {}
    for name, value in exact.items():
        what, _, number = name.rpartition("_")
        if what not in ("P_wait", "EW", "P_ab", "idle"):
            continue
        n = int(number)
        measure: Callable[[Measures], float] = {
            "P_wait": lambda b, n=n: b.waited[n] / b.arrived[n],
            "EW": lambda b, n=n: b.wait_ms[n] / b.arrived[n] / unit,
            "P_ab": lambda b, n=n: b.abandoned[n] / b.arrived[n],
            "idle": lambda b, n=n: b.idle_ms.get(n, 0.0) / b.length_ms,
        }[what]
        if line := agrees(batches, measure, value, slack=exact["trunc"] + 2 / unit):
            wrong[name] = line
    assert len(wrong) <= 1, wrong
