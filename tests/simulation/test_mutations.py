"""The tool that plants bugs: it finds an obvious one, passes the engine as it is, and refuses a stale mutation."""

from __future__ import annotations

import pytest

from tests.simulation import mutations
from tests.simulation.planted import PLANTED, Mutation


def test_the_unchanged_engine_passes_and_a_planted_bug_does_not() -> None:
    assert mutations.run("", 1)["by"] == ""
    found = mutations.run("ringing takes no capacity", 1)
    assert found["by"] in ("3", "4"), found
    assert found["seed"] == 1


def test_every_mutation_stands_where_it_says() -> None:
    assert len({known.name for known in PLANTED}) == len(PLANTED) >= 60
    for known in PLANTED:
        compile(mutations.changed_source(known), known.file, "exec")


def test_a_mutation_whose_text_is_gone_is_an_error_and_no_success() -> None:
    with pytest.raises(mutations.Missing, match="found its text 0 times"):
        mutations.changed_source(Mutation("gone", "acd/routing/plans.py", "no such text", ""))


@pytest.mark.slow
def test_the_simulation_finds_nearly_all_planted_bugs() -> None:
    missed = [known.name for known in PLANTED if not mutations.run(known.name, mutations.SEEDS)["by"]]
    assert len(missed) <= 6, missed
