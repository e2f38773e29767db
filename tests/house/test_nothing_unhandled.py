"""Every event is handled, every fact applied, every command both given and carried out, and each is listed in a note."""

from __future__ import annotations

import ast
from functools import cache
from typing import Final

import pytest

from acd.routing import events, outputs
from tests.house.catalogue import FILE, kinds, write_catalogue
from tests.house.tree import python_files, syntax

DECLARED: Final = ("acd/routing/events.py", "acd/routing/outputs/")
NAMES: Final = {
    "event": [kind.__name__ for kind in kinds(events.Event)],
    "fact": [kind.__name__ for kind in kinds(outputs.Fact)],
    "command": [kind.__name__ for kind in kinds(outputs.Command)],
}


@cache
def names_used(start: str) -> frozenset[str]:
    """Return every name that stands in code under `start`, imports and declarations left out."""
    used: set[str] = set()
    for name in python_files(start):
        if not name.startswith(DECLARED):
            used |= {node.id for node in ast.walk(syntax(name)) if isinstance(node, ast.Name)}
            used |= {node.attr for node in ast.walk(syntax(name)) if isinstance(node, ast.Attribute)}
    return frozenset(used)


@cache
def names_in_rooms() -> frozenset[str]:
    """Return every name that stands in code outside the core."""
    tops = {name.split("/")[1].removesuffix(".py") for name in python_files("acd/")} - {
        "routing",
        "statistics",
    }
    rooms = [names_used(f"acd/{top}") for top in sorted(tops)]
    return frozenset().union(names_used("telephony_adapters/"), *rooms)


@pytest.mark.parametrize("event", NAMES["event"])
def test_the_engine_handles_every_event(event: str) -> None:
    assert event in names_used("acd/routing/")


@pytest.mark.parametrize("fact", NAMES["fact"])
def test_the_engine_applies_every_fact(fact: str) -> None:
    assert fact in names_used("acd/routing/")


@pytest.mark.parametrize("command", NAMES["command"])
def test_every_command_is_given_by_the_engine_and_known_to_a_room(command: str) -> None:
    assert command in names_used("acd/routing/"), "nobody gives it"
    assert command in names_in_rooms(), "nobody carries it out"


def test_the_catalogue_lists_them_all() -> None:
    assert FILE.read_text(encoding="utf-8") == write_catalogue(), "run: python -m tests.house.catalogue"


def test_names_in_imports_alone_are_not_use() -> None:
    tree = ast.parse("from acd.routing.events import HoursTurned\n")
    assert not {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
