"""What the house tests read: the files that git tracks (and new ones that it would), and their syntax trees."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PRODUCT: Final = ("acd/", "telephony_adapters/")


@cache
def tracked_files() -> tuple[str, ...]:
    """Return every file of the repository, sorted, as a path from its root; what git ignores is left out."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=30,
    )  # fmt: skip
    return tuple(sorted(name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()))


def python_files(*starts: str) -> list[str]:
    """Return the Python files whose path begins with one of `starts` (all of them if none is given)."""
    return [
        name for name in tracked_files() if name.endswith(".py") and (not starts or name.startswith(starts))
    ]


@cache
def syntax(name: str) -> ast.Module:
    """Return the syntax tree of a file of the repository."""
    return ast.parse((ROOT / name).read_text(encoding="utf-8"), filename=name)


def dotted(node: ast.expr) -> str:
    """Return `a.b.c` for a chain of names, with `()` where something is called, and "" for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    if isinstance(node, ast.Call):
        return dotted(node.func) + "()"
    return ""


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function and method, nested ones too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
