"""NOTES.md is held to the code: every fact, command and refusal code stands there, and every kind has its function."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import get_args

from acd.routing import events
from acd.routing.answer import EXPECTED
from acd.routing.folding import FOLDS
from acd.routing.handling import HANDLERS
from acd.routing.outputs import AnyCommand, AnyFact
from acd.routing.outputs import facts as fact_kinds

PACKAGE = Path(events.__file__).parent
NOTES = (PACKAGE / "NOTES.md").read_text()


def constants(node: ast.expr) -> list[object]:
    """What an argument may be, conditions left aside."""
    if isinstance(node, ast.IfExp):
        return constants(node.body) + constants(node.orelse)
    return [node.value] if isinstance(node, ast.Constant) else []


def test_every_event_has_its_handler_and_every_fact_its_fold() -> None:
    assert set(HANDLERS) == set(get_args(events.AnyEvent))
    assert set(FOLDS) == set(get_args(AnyFact))
    kinds = {
        kind
        for kind in vars(fact_kinds).values()
        if isinstance(kind, type) and issubclass(kind, fact_kinds.Fact)
    }
    assert kinds - {fact_kinds.Fact} == set(get_args(AnyFact))


def test_every_event_fact_and_command_is_in_the_notes() -> None:
    kinds = [*get_args(events.AnyEvent), *get_args(AnyFact), *get_args(AnyCommand)]
    missing = [kind.__name__ for kind in kinds if f"`{kind.__name__}" not in NOTES]
    assert not missing, f"NOTES.md does not name {missing}"


def test_every_refusal_code_is_in_the_notes() -> None:
    codes = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                name = (
                    node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                )
                place = {"refuse": 1, "Refusal": 0}.get(name)
                if place is not None and place < len(node.args):
                    codes |= set(constants(node.args[place]))
    codes = {code for code in codes if isinstance(code, str) and re.fullmatch(r"[a-z_]+", code)}
    assert {"unknown_offer", "limit", "not_talking"} <= codes
    assert codes <= set(EXPECTED), f"answer.py does not say what {codes - set(EXPECTED)} expect"
    missing = sorted(code for code in codes if f"`{code}`" not in NOTES)
    assert not missing, f"NOTES.md does not explain {missing}"
