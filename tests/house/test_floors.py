"""Imports only go down (STYLE, section 2): the contracts of pyproject.toml, and what they cannot say."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

from tests.house.tree import ROOT, python_files, syntax

CORE: Final = ("acd/routing/", "acd/statistics/")
CONTRACTS: Final = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]


def test_the_contracts_are_kept() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [str(linter), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_module_of_the_house_stands_on_a_floor() -> None:
    floors = next(contract for contract in CONTRACTS if contract["id"] == "floors")
    named = {name.strip(" ()") for layer in floors["layers"] for name in layer.split("|")}
    standing = {"acd." + Path(name).parts[1].removesuffix(".py") for name in python_files("acd/")}
    assert not standing - named - {"acd.__init__", "acd.__main__"}, "give it a floor in pyproject.toml"


def test_the_core_uses_msgspec_and_the_standard_library_alone() -> None:
    foreign = {}
    for name in python_files(*CORE):
        outside = {root for root in _imported_roots(syntax(name)) if root not in sys.stdlib_module_names}
        if outside - {"msgspec", "acd"}:
            foreign[name] = outside
    assert not foreign


def _imported_roots(tree: ast.Module) -> set[str]:
    roots: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            roots |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            roots.add(node.module.split(".")[0])
    return roots
