"""Structured logs: one line per event, fact and command, `name key=value ...`, no customer's number in clear.

Only plain fields are printed; what may bear a customer's number or words is masked or left out. Events, facts
and commands are logged at DEBUG, since a busy day has thousands of them a second; what an operator must know
is logged at INFO and above.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator
from enum import Enum
from typing import Final

import msgspec

_MASKED: Final = frozenset({"identities", "number", "to_number", "identity"})
_LEFT_OUT: Final = frozenset(
    {"attributes", "words", "notes", "resume", "rules", "decision", "recording", "repeat"}
)
_KEPT_DIGITS: Final = 2
_DIGIT: Final = re.compile(r"\d")


def mask(text: str) -> str:
    """Return a number or name with all but its last two digits hidden; names without digits lose all but one."""
    digits = _DIGIT.findall(text)
    if not digits:
        return text[:1] + "***" if text else ""
    hidden = len(digits) - _KEPT_DIGITS
    seen = 0

    def hide(match: re.Match[str]) -> str:
        nonlocal seen
        seen += 1
        return "*" if seen <= hidden else match.group()

    return _DIGIT.sub(hide, text)


def line(message: msgspec.Struct) -> str:
    """Return the log line of an event, fact or command."""
    pairs = (f"{key}={_quote(value)}" for key, value in _fields(message))
    return " ".join((type(message).__name__, *pairs))


def named(name: str, **fields: object) -> str:
    """Return a log line of the house itself: `journal_full why="disk is full"`."""
    return " ".join(
        (name, *(f"{key}={_quote(str(value))}" for key, value in fields.items() if value is not None))
    )


def set_up(level: str) -> None:
    """Send log lines to standard error, with the time that the reader's own clock says."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        logging.Formatter("%(asctime)s.%(msecs)03d %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # Its access log would print addresses and queries for every frame of the pages.
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)


def _fields(message: msgspec.Struct) -> Iterator[tuple[str, str]]:
    for key in message.__struct_fields__:
        value = getattr(message, key)
        if value is None or value == "" or value == () or key in _LEFT_OUT:
            continue
        if key == "display":
            yield key, str(value)[:1] + "***"
        elif key in _MASKED:
            yield key, ",".join(map(mask, value)) if isinstance(value, tuple) else mask(str(value))
        elif isinstance(value, Enum):
            yield key, str(value.value)
        elif isinstance(value, str | int | bool):
            yield key, str(value)
        elif isinstance(value, tuple):
            yield key, str(len(value))


def _quote(value: str) -> str:
    """Return a value that cannot break out of its line."""
    if value and all(char.isprintable() and char not in ' "=\\' for char in value):
        return value
    escaped = value.encode("unicode_escape").decode().replace('"', '\\"')
    return f'"{escaped}"'
