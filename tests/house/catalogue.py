"""Writes `acd/routing/CATALOGUE.md`: every event, fact and command, with the first sentence of its docstring.

Run as `python -m tests.house.catalogue` after one of them was added; a house test says when that was forgotten.
"""

import inspect
from collections.abc import Iterator
from typing import Final

import msgspec

from acd.routing import events, outputs
from tests.house.tree import ROOT

FILE: Final = ROOT / "acd" / "routing" / "CATALOGUE.md"
HEAD: Final = """# Events, facts and commands

Made from the docstrings of `events.py` and `outputs/` by `python -m tests.house.catalogue`; what each field means stands
there. Events are told to the engine, facts are what became true inside it, commands are its orders to the rooms.
"""


def kinds(base: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    """Yield every kind below `base` that has no kinds of its own, in the order in which they are declared."""
    for kind in base.__subclasses__():
        if kind.__subclasses__():
            yield from kinds(kind)
        else:
            yield kind


def write_catalogue() -> str:
    """Return the text of the file as it should be."""
    parts = [HEAD]
    for title, base in (("Events", events.Event), ("Facts", outputs.Fact), ("Commands", outputs.Command)):
        rows = [f"| `{kind.__name__}` | {_first_sentence(kind)} |" for kind in kinds(base)]
        parts.append("\n".join([f"## {title}", "", "| name | what |", "|---|---|", *rows]) + "\n")
    return "\n".join(parts)


def _first_sentence(kind: type[msgspec.Struct]) -> str:
    first = (inspect.getdoc(kind) or "").split("\n\n")[0].replace("\n", " ").replace("|", "/")
    return first.partition(". ")[0].rstrip(".")


if __name__ == "__main__":
    FILE.write_text(write_catalogue(), encoding="utf-8")
