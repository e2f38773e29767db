"""Planted mistakes are found; the tool notices a mutation that changes nothing."""

from __future__ import annotations

import json

import pytest

from tests.simulation.mutants import MUTANTS, Mutant
from tests.simulation.mutations import UNMUTATED, NotFound, found_by, main, mutated, run_one


def test_every_mutation_applies_once_and_compiles() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 36
    for mutant in MUTANTS:
        compile(mutated(mutant), mutant.name, "exec")


def test_a_mutation_whose_text_is_gone_is_an_error() -> None:
    with pytest.raises(NotFound, match=r"found the text 0 times in capacity\.py"):
        mutated(Mutant("gone", "capacity.py", "no such text", ""))


def test_the_unmutated_engine_passes_and_two_mistakes_are_found() -> None:
    assert run_one(UNMUTATED, 1)["what"] == ""
    assert found_by(run_one("wrap_up_never_over", 1)["what"]) == "4"
    assert found_by(run_one("capacity_blend_ignored", 1)["what"]) == "3"


@pytest.mark.slow
@pytest.mark.timeout(2_400)
def test_at_least_thirty_are_found(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json"]) == 0
    score = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert score["unmutated_is_sound"]
    assert score["found"] >= 30
