"""Calls that the house does without, each with its reason (STYLE, sections 7, 9 and 11)."""

import ast
from collections.abc import Iterator
from typing import Final

import pytest

from tests.house.tree import PRODUCT, dotted, python_files, syntax

CLOCK: Final = "only acd/runtime/clock.py reads the clock; take now_ms as an argument or ask the loop's time"
TASK: Final = "a task is started by a TaskGroup that waits for it"
SETTINGS: Final = "only acd/config reads the environment"
UNSAFE: Final = "runs or revives whatever it is given"
PRINT: Final = "only the command line and the benches print; elsewhere there is the log"

CALLS: Final[dict[str, str]] = {
    **dict.fromkeys(
        ("time.time", "time.time_ns", "time.monotonic", "time.monotonic_ns", "time.perf_counter",
         "time.perf_counter_ns", "datetime.now", "datetime.utcnow", "datetime.today", "date.today",
         "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.date.today"), CLOCK),
    **dict.fromkeys(
        ("asyncio.create_task", "asyncio.ensure_future", "loop.create_task",
         "asyncio.get_running_loop().create_task", "asyncio.get_event_loop().create_task"), TASK),
    **dict.fromkeys(
        ("eval", "exec", "yaml.load", "yaml.load_all", "yaml.unsafe_load", "yaml.full_load", "os.system",
         "os.popen"), UNSAFE),
    **dict.fromkeys(("os.getenv", "os.environ.get"), SETTINGS),
    "print": PRINT,
}  # fmt: skip
FROM_IMPORTS: Final[dict[str, str]] = {
    **dict.fromkeys(
        ("time.time", "time.time_ns", "time.monotonic", "time.monotonic_ns", "time.perf_counter"), CLOCK
    ),
    **dict.fromkeys(("asyncio.create_task", "asyncio.ensure_future"), TASK),
    **dict.fromkeys(("os.environ", "os.getenv"), SETTINGS),
}
MODULES: Final = ("pickle", "marshal", "shelve", "cPickle", "dill")
ALLOWED: Final[dict[str, tuple[str, ...]]] = {
    CLOCK: ("acd/runtime/clock.py",),
    SETTINGS: ("acd/config.py", "acd/config/"),
    PRINT: ("acd/cli.py", "acd/cli/", "acd/__main__.py"),
}
"""Reason -> where the call may stand all the same."""


def banned(tree: ast.Module) -> Iterator[tuple[int, str, str]]:
    """Yield line, call and reason of everything in a module that the house does without."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _banned_call(node)
        elif isinstance(node, ast.Subscript | ast.Attribute) and dotted(node.value) == "os.environ":
            yield node.lineno, "os.environ", SETTINGS
        elif isinstance(node, ast.Import):
            yield from ((node.lineno, a.name, UNSAFE) for a in node.names if a.name in MODULES)
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from ((node.lineno, name, FROM_IMPORTS[name]) for name in names if name in FROM_IMPORTS)
            if node.module in MODULES:
                yield node.lineno, str(node.module), UNSAFE
        elif isinstance(node, ast.ExceptHandler) and _swallows(node):
            yield node.lineno, "except ...: pass", "an error that nobody acts on is an error nobody sees"


def _banned_call(node: ast.Call) -> Iterator[tuple[int, str, str]]:
    name = dotted(node.func)
    if name in CALLS:
        yield node.lineno, name, CALLS[name]
    for keyword in node.keywords:
        if keyword.arg == "shell" and isinstance(keyword.value, ast.Constant) and keyword.value.value is True:
            yield node.lineno, "shell=True", UNSAFE


def _swallows(handler: ast.ExceptHandler) -> bool:
    caught = "" if handler.type is None else dotted(handler.type)
    does_nothing = all(
        isinstance(line, ast.Pass | ast.Continue)
        or (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant))
        for line in handler.body
    )
    return does_nothing and caught in ("", "Exception", "BaseException")


@pytest.mark.parametrize("name", python_files(*PRODUCT))
def test_nothing_banned_stands_in(name: str) -> None:
    found = [
        f"{name}:{line}: {call}: {reason}"
        for line, call, reason in banned(syntax(name))
        if not name.startswith(ALLOWED.get(reason, ("\0",)))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("source", [
    "import time\nnow = time.monotonic()",
    "from time import monotonic",
    "from datetime import datetime\nx = datetime.now()",
    "asyncio.create_task(f())",
    "asyncio.get_running_loop().create_task(f())",
    "from asyncio import create_task",
    "import pickle",
    "from pickle import loads",
    "yaml.load(text)",
    "eval('1')",
    "exec('1')",
    "subprocess.run(order, shell=True)",
    "try:\n    f()\nexcept Exception:\n    pass",
    "try:\n    f()\nexcept:\n    ...",
    "for x in y:\n    try:\n        f()\n    except Exception:\n        continue",
    "print('hello')",
    "home = os.environ['HOME']",
    "home = os.environ.get('HOME')",
    "from os import environ",
])  # fmt: skip
def test_the_check_sees(source: str) -> None:
    assert list(banned(ast.parse(source)))


@pytest.mark.parametrize("source", [
    "async with asyncio.TaskGroup() as group:\n    group.create_task(f())",
    "try:\n    f()\nexcept KeyError:\n    pass",
    "try:\n    f()\nexcept Exception as fault:\n    stop(fault)",
    "subprocess.run(order, shell=False)",
    "now_ms = clock.now_ms()",
])  # fmt: skip
def test_the_check_leaves_alone(source: str) -> None:
    wrapped = (
        source
        if not source.startswith("async with")
        else f"async def g():\n    {source.replace(chr(10), chr(10) + '    ')}"
    )
    assert not list(banned(ast.parse(wrapped)))
