"""A package is named after a thing in a contact centre or a wall of the house (STYLE, section 1)."""

from pathlib import PurePosixPath
from typing import Final

from tests.house.tree import python_files

NAMELESS: Final = frozenset(
    {"utils", "util", "common", "helpers", "helper", "manager", "managers", "service", "services", "misc"}
)


def nameless(name: str) -> set[str]:
    """Return the parts of a path that name nothing."""
    return {part.removesuffix(".py") for part in PurePosixPath(name).parts} & NAMELESS


def test_every_module_has_found_its_thing() -> None:
    found = {name: sorted(nameless(name)) for name in python_files() if nameless(name)}
    assert not found, f"these names mean that the thing has not been found: {found}"


def test_a_nameless_module_is_seen() -> None:
    assert nameless("acd/utils/text.py") == {"utils"}
    assert nameless("acd/desk/helpers.py") == {"helpers"}
    assert not nameless("acd/desk/sessions.py")
