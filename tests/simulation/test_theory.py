"""The engine against exact queueing theory, row by row, under the rule that `theory_rows` fixes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.simulation import erlang
from tests.simulation.theory_rows import DATA, FAR, Row, judge, own_rows, rows

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"the reference tables are missing: {DATA}")


def references(model: str) -> Iterator[Row]:
    return (row for row in rows() if row.name.startswith(f"{model} "))


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("row", list(rows()), ids=lambda row: row.name)
def test_the_engine_agrees_with_theory(row: Row) -> None:
    verdict = judge(row)
    assert verdict.outside() == [], (verdict.found, verdict.again)


def test_an_engine_with_an_agent_too_few_would_disagree() -> None:
    """The rule must be able to say no: one agent held against the exact values of two."""
    row = next(row for row in own_rows() if row.name.startswith("own bounded n=2"))
    short = replace(row, agents=row.agents[:1], batch_calls=500)
    assert row.calls() > 100_000
    assert judge(short).outside() != []


@needs_data
def test_the_formulas_of_our_own_rows_give_the_reference_values() -> None:
    """What our rows are held against is right where others have computed it too."""
    for row in references("B"):
        (load,) = (60_000.0 / kind.gap_ms for kind in row.kinds)
        assert erlang.erlang_b(len(row.agents), load) == pytest.approx(row.exact["P_block"], abs=1e-9)
    for row in references("C"):
        (load,) = (60_000.0 / kind.gap_ms for kind in row.kinds)
        found = erlang.measures_c(len(row.agents), load, row.threshold_ms / 60_000.0)
        assert {name: found[name] for name in row.exact} == pytest.approx(row.exact, abs=1e-7)
    for row in references("A"):
        (kind,) = row.kinds
        assert kind.patience_ms is not None
        found = erlang.measures_a(len(row.agents), 60_000.0 / kind.gap_ms, kind.patience_ms / 60_000.0)
        known = {name: value for name, value in row.exact.items() if name in found}
        assert {name: found[name] for name in known} == pytest.approx(known, abs=1e-9)


def test_a_bounded_line_of_no_length_is_erlang_b_and_a_far_bound_is_erlang_c() -> None:
    assert erlang.measures_bounded(5, 3.0, 0)["P_block"] == pytest.approx(erlang.erlang_b(5, 3.0))
    assert erlang.measures_bounded(5, 3.0, 400)["P_wait"] == pytest.approx(erlang.erlang_c(5, 3.0))


def test_near_saturation_a_system_remembers_for_long() -> None:
    assert erlang.relaxation_calls(100, 98.6944444444, None, FAR) > 20_000
    assert erlang.relaxation_calls(14, 10.0, None, FAR) < 60
