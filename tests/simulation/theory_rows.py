"""The rows of the theory table: systems with exact values, the runs that are held against them, and the rule.

The rule, fixed before the runs (2026-11-24): ten batches, each of at least 30,000 calls and of at least 20
relaxation times of the system, after a warm-up of one batch from an empty house; the 95 % interval of the batch
means, by Student's t with 9 degrees of freedom. An exact value inside its interval agrees. One in twenty falls
outside by chance: a row with a value outside is run once more, with another seed and twice as long, and these
values alone are judged again; who is outside again, disagrees. Intervals are never widened; the skill graphs'
exact values have an error bound of their solver, which is theirs.

`python -m tests.simulation.theory_rows [PART OF A NAME]` runs the rows and prints the table.
"""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from acd.routing.model import Strategy
from tests.simulation import erlang
from tests.simulation.theory import BATCHES, Kind, Measures, System, interval

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "theory"
BATCH_CALLS = 30_000
BATCH_RELAXATIONS = 20
FAR = 1_000_000
"""A line that is never full."""

Measure = Callable[[Measures], float]


@dataclass(frozen=True)
class Row:
    """One system: its agents' skills, its customers, and what theory says of it."""

    name: str
    agents: list[tuple[str, ...]]
    kinds: list[Kind]
    exact: dict[str, float]
    measures: dict[str, Measure]
    relaxation_calls: float
    line_max: int = FAR
    threshold_ms: float = 0.0
    strategy: Strategy = Strategy.LONGEST_IDLE
    batch_calls: int = BATCH_CALLS
    """The least that a batch has."""
    bound: float = 0.0
    """How exact the exact values are."""

    def calls(self) -> int:
        """How many calls the first run has, warm-up not counted."""
        return BATCHES * max(self.batch_calls, int(BATCH_RELAXATIONS * self.relaxation_calls))


@dataclass
class Verdict:
    """What a run found: (exact, mean, half width) by measure, and what was outside."""

    row: Row
    found: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    again: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    """The second run of those that were outside in the first."""

    def outside(self) -> list[str]:
        """The measures that disagree under the rule."""
        return [name for name, found in self.again.items() if not self._is_inside(found)]

    def outside_at_first(self) -> list[str]:
        """The measures that were outside in the first run."""
        return [name for name, found in self.found.items() if not self._is_inside(found)]

    def _is_inside(self, found: tuple[float, float, float]) -> bool:
        exact, mean, half = found
        return abs(mean - exact) <= half + self.row.bound


def judge(row: Row) -> Verdict:
    """Run a row under the rule of this module."""
    verdict = Verdict(row, _run(row, row.name, row.calls()))
    outside = verdict.outside_at_first()
    if outside:
        second = _run(row, f"{row.name}, again", 2 * row.calls())
        verdict.again = {name: second[name] for name in outside}
    return verdict


def rows() -> Iterator[Row]:
    """All rows: those of the reference tables, if they are here, and our own."""
    if DATA.is_dir():
        with (DATA / "erlang_reference.csv").open() as file:
            for line in csv.DictReader(file):
                yield _of_reference(line)
        for case in GRAPHS:
            yield _of_graph(case)
    yield from own_rows()


def own_rows() -> Iterator[Row]:
    """Rows whose exact values come from the formulas in `erlang`: other sizes, bounded lines, priorities."""
    for agents, load in ((1, 0.5), (30, 25.0), (100, 84.0)):
        yield _system(
            f"own B n={agents} load={load}",
            agents,
            load,
            {"P_block": erlang.erlang_b(agents, load)},
            line_max=0,
        )
    for agents, load in ((1, 0.7), (5, 4.0), (25, 22.0)):
        yield _system(
            f"own C n={agents} load={load}", agents, load, erlang.measures_c(agents, load, 0.2), threshold=0.2
        )
    for agents, load, patience in ((3, 4.0, 0.5), (30, 30.0, 1.0), (40, 36.0, 3.0)):
        name = f"own A n={agents} load={load} patience={patience}"
        yield _system(name, agents, load, erlang.measures_a(agents, load, patience), patience=patience)
    for agents, load, line_max in ((2, 1.8, 3), (10, 12.0, 8)):
        name = f"own bounded n={agents} load={load} line={line_max}"
        yield _system(name, agents, load, erlang.measures_bounded(agents, load, line_max), line_max=line_max)
    for strategy in Strategy:
        exact = erlang.measures_c(6, 5.0, 0.2)
        yield _system(f"own C n=6 load=5.0 {strategy}", 6, 5.0, exact, threshold=0.2, strategy=strategy)
    yield _priorities(8, 3.0, 4.0)


def _of_reference(line: dict[str, str]) -> Row:
    agents, load = int(line["n"]), float(line["load"])
    talk_s = _seconds(line["aht"]) if line["aht"] else 180.0
    names = ("P_block", "P_wait", "P_abandon", "ASA", "SL", "SL_served", "Lq", "occupancy")
    exact = {name: float(line[name]) for name in names if line[name]}
    if "ASA" in exact:
        exact["ASA"] /= talk_s
    return _system(
        f"{line['model']} n={agents} load={load:g}",
        agents,
        load,
        exact,
        patience=float(line["patience"]) / talk_s if line["patience"] else None,
        threshold=_seconds(line["awt"]) / talk_s if line["awt"] else 0.0,
        line_max=0 if line["model"] == "B" else FAR,
    )


def _system(
    name: str,
    agents: int,
    load: float,
    exact: dict[str, float],
    patience: float | None = None,
    threshold: float = 0.0,
    line_max: int = FAR,
    strategy: Strategy = Strategy.LONGEST_IDLE,
) -> Row:
    """One kind of customers, agents who are all alike; times in talks."""
    talk_ms = 60_000.0
    kind = Kind(talk_ms / load, talk_ms, None if patience is None else patience * talk_ms)
    known: dict[str, Measure] = {
        "P_block": lambda b: b.blocked[0] / b.arrived[0],
        "P_wait": lambda b: b.waited[0] / b.arrived[0],
        "P_abandon": lambda b: b.abandoned[0] / b.arrived[0],
        "ASA": lambda b: b.wait_ms[0] / b.arrived[0] / talk_ms,
        "SL": lambda b: b.in_time[0] / b.arrived[0],
        "SL_served": lambda b: b.in_time[0] / (b.arrived[0] - b.abandoned[0]),
        "Lq": lambda b: b.wait_ms[0] / b.length_ms,
        "occupancy": lambda b: 1 - sum(b.idle_ms.values()) / (b.length_ms * agents),
    }
    relaxation = erlang.relaxation_calls(agents, load, patience, line_max if line_max == FAR else 0)
    return Row(
        name, [()] * agents, [kind], exact, known, relaxation, line_max, threshold * talk_ms, strategy
    )  # fmt: skip


GRAPHS = {
    "W3_LI": ([("0",), ("0", "1"), ("1",)], [1.2, 1.0], 0),
    "N2_LI": ([("0", "1"), ("1",)], [0.5, 1.0], 0),
    "N2_PRIO1": ([("0", "1"), ("1",)], [0.5, 1.0], 10**9),
}


def _of_graph(case: str) -> Row:
    agents, rates, head_start = GRAPHS[case]
    unit = 10_000.0
    kinds = [
        Kind(unit / rate, unit, unit / 0.5, skill=str(number), head_start_ms=head_start if number == 0 else 0)
        for number, rate in enumerate(rates)
    ]
    with (DATA / "skill_graph_reference.csv").open() as file:
        exact = {
            line["measure"]: float(line["value"]) for line in csv.DictReader(file) if line["case"] == case
        }
    bound = exact.pop("trunc")
    measures = {name: _measure_of_kind(name, unit) for name in exact}
    return Row(case, list(agents), kinds, exact, measures, sum(rates) * 2, bound=bound)


def _measure_of_kind(name: str, unit: float) -> Measure:
    what, _, number = name.rpartition("_")
    n = int(number)
    known: dict[str, Measure] = {
        "P_wait": lambda b: b.waited[n] / b.arrived[n],
        "EW": lambda b: b.wait_ms[n] / b.arrived[n] / unit,
        "P_ab": lambda b: b.abandoned[n] / b.arrived[n],
        "idle": lambda b: b.idle_ms.get(n, 0.0) / b.length_ms,
    }
    return known[what]


def _priorities(agents: int, first: float, second: float) -> Row:
    """Two kinds, the first with a head start that no wait makes good: strict priority, nobody interrupted."""
    unit = 60_000.0
    kinds = [Kind(unit / first, unit, head_start_ms=10**9), Kind(unit / second, unit)]
    waits = erlang.waits_by_priority(agents, first, second)
    exact = {"EW_0": waits[0], "EW_1": waits[1], "P_wait_0": erlang.erlang_c(agents, first + second)}
    measures = {name: _measure_of_kind(name, unit) for name in exact}
    relaxation = erlang.relaxation_calls(agents, first + second, None, FAR)
    return Row(
        f"own priorities n={agents} load={first}+{second}", [()] * agents, kinds, exact, measures, relaxation
    )


def _run(row: Row, seed: str, calls: int) -> dict[str, tuple[float, float, float]]:
    system = System(row.agents, row.kinds, seed, row.line_max, row.threshold_ms, row.strategy)
    batches = system.run(calls)
    found = {}
    for name, exact in row.exact.items():
        mean, half = interval([row.measures[name](batch) for batch in batches])
        found[name] = (exact, mean, half)
    return found


def _seconds(text: str) -> float:
    top, _, bottom = text.partition("/")
    return float(top) / float(bottom or 1)


HEAD = "| row | calls | values | outside at first | outside | widest gap in half widths | s |\n|---|---|---|---|---|---|---|\n"


def line_of(verdict: Verdict, took_s: float) -> str:
    """Return one line of the table."""
    gap = max(abs(mean - exact) / half if half else 0.0 for exact, mean, half in verdict.found.values())
    outside, at_first = (", ".join(names) or "-" for names in (verdict.outside(), verdict.outside_at_first()))
    row = verdict.row
    return f"| {row.name} | {row.calls():,} | {len(verdict.found)} | {at_first} | {outside} | {gap:.2f} | {took_s:.0f} |\n"


def values_of(verdict: Verdict) -> Iterator[str]:
    """Yield a line for each value and run."""
    for what, found in (("", verdict.found), (" again", verdict.again)):
        for name, (exact, mean, half) in found.items():
            yield f"    {name}{what}: exact {exact:.6f}, found {mean:.6f} +- {half:.6f}\n"


def main(part: str = "") -> int:
    """Print the table of all rows whose name holds `part`; the exit status is 1 if one disagrees."""
    wrong = 0
    sys.stdout.write(HEAD)
    for row in rows():
        if part in row.name:
            began = time.process_time()
            verdict = judge(row)
            wrong += bool(verdict.outside())
            sys.stdout.write(line_of(verdict, time.process_time() - began))
            sys.stdout.flush()
            sys.stderr.writelines(values_of(verdict))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
