"""A file ends at 600 lines, a function at 60 without its docstring (STYLE, section 6)."""

import ast
from typing import Final

from tests.house.tree import ROOT, functions, python_files, syntax, tracked_files

FILE_LINES_MAX: Final = 600
FUNCTION_LINES_MAX: Final = 60
COUNTED: Final = (".py", ".js", ".sql", ".css", ".html", ".yaml")

MADE: Final = frozenset(
    {"acd/desk/asyncapi.yaml", "acd/desk/openapi.yaml", "telephony_adapters/cti/asyncapi.yaml"}
)
"""Made by a program from the types, and compared with them by a test: nobody reads or writes them line by line."""

TOO_LONG: Final[dict[str, int]] = {}
"""File, or `file:function`, that is over the wall -> the lines it may have. It may only shrink, then go."""


def function_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return how many lines a function has, its docstring and decorators left out."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        lines -= (first.end_lineno or first.lineno) - first.lineno + 1
    return lines


def test_no_file_is_over_the_wall() -> None:
    long = {}
    for name in tracked_files():
        if name.endswith(COUNTED) and name not in MADE:
            lines = len((ROOT / name).read_text(encoding="utf-8").splitlines())
            if lines > TOO_LONG.get(name, FILE_LINES_MAX):
                long[name] = lines
    assert not long, f"split along meaning; over {FILE_LINES_MAX} lines: {long}"


def test_no_function_is_over_the_wall() -> None:
    long = {}
    for name in python_files():
        for function in functions(syntax(name)):
            lines = function_lines(function)
            key = f"{name}:{function.name}"
            if lines > TOO_LONG.get(key, FUNCTION_LINES_MAX):
                long[key] = lines
    assert not long, f"pull the arithmetic out; over {FUNCTION_LINES_MAX} lines: {long}"


def test_the_ratchet_list_holds_nothing_that_was_mended() -> None:
    known = set(tracked_files()) | {f"{n}:{f.name}" for n in python_files() for f in functions(syntax(n))}
    assert not set(TOO_LONG) - known


def test_a_long_function_is_seen_and_its_docstring_is_not_counted() -> None:
    body = "\n".join(f"    x{i} = {i}" for i in range(60))
    source = f'def f():\n    """One.\n\n    Two.\n    """\n{body}\n'
    (function,) = functions(ast.parse(source))
    assert function_lines(function) == 61
