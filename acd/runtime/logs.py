"""Structured logs: one line per event, fact and command, `name key=value ...` or one JSON object; no number in clear.

Of our own messages only plain fields are printed; what may bear a customer's number or words is masked or left out.
Whatever reaches the log by any other way (a library, an exception) is masked as a whole: see `masking.py`. Events,
facts and commands are logged at DEBUG, since a busy day has thousands of them a second; what an operator must know is
logged at INFO and above, and a line that repeats itself is held back and counted.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import Enum
from types import TracebackType
from typing import IO, Final

import msgspec

from acd.runtime.masking import mask, mask_error, mask_line

__all__ = ["HELD_BACK", "line", "mask", "named", "set_up"]

LINES_MAX: Final = 200
"""Lines of one name in `WINDOW_S`; more are held back, and counted in a line `held_back`."""
WINDOW_S: Final = 10.0
HELD_BACK: Final = "held_back"
_NAMES_MAX: Final = 1_000
_TEXT_MAX: Final = 8_000
"""Characters of one message; the rest is cut."""

_MASKED: Final = frozenset({"identities", "number", "to_number", "identity"})
_LEFT_OUT: Final = frozenset(
    {"attributes", "words", "notes", "resume", "rules", "decision", "recording", "repeat"}
)
_STRUCTURED: Final = re.compile(r'[A-Za-z_]\w*(?: \w+=(?:"(?:[^"\\]|\\.)*"|[^\s"]*))*')
_PAIR: Final = re.compile(r' (\w+)=("(?:[^"\\]|\\.)*"|[^\s"]*)')
_WHOLE: Final = re.compile(r"-?[0-9]{1,15}")


def line(message: msgspec.Struct) -> str:
    """Return the log line of an event, fact or command."""
    pairs = (f"{key}={_quote(value)}" for key, value in _fields(message))
    return " ".join((type(message).__name__, *pairs))


def named(name: str, **fields: object) -> str:
    """Return a log line of the house itself: `journal_full why="disk is full"`."""
    pairs = ((key, mask_line(f"{key}={value}")) for key, value in fields.items() if value is not None)
    return " ".join((name, *(f"{key}={_quote(pair.removeprefix(f'{key}='))}" for key, pair in pairs)))


def set_up(level: str, form: str = "text", stream: IO[str] | None = None) -> None:
    """Send everything that anybody logs, warns or dies of to standard error, masked.

    Args:
        level: The least important that is written.
        form: `text` or `json`.
        stream: Elsewhere than standard error.
    """
    handler = _Lines(stream or sys.stderr)
    handler.setFormatter(_AsJson() if form == "json" else _AsText())
    root = logging.getLogger()
    for earlier in root.handlers:
        if isinstance(earlier, _Lines):
            earlier.close()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(True)
    sys.excepthook = _log_death
    threading.excepthook = lambda dead: _log_death(
        dead.exc_type, dead.exc_value or dead.exc_type(), dead.exc_traceback
    )
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # Its access log would print addresses and queries for every frame of the pages; asyncio's and the
    # libraries' debugging prints frames as they are.
    for name in ("aiohttp.access", "asyncio", "websockets", "aiosqlite", "sqlalchemy"):
        logging.getLogger(name).setLevel(logging.WARNING)


class _Lines(logging.StreamHandler[IO[str]]):
    """Writes lines, and holds back those that repeat themselves. `CRITICAL` and `DEBUG` are never held back."""

    def __init__(self, stream: IO[str]) -> None:
        super().__init__(stream)
        self._counts: dict[tuple[str, str], int] = {}
        self._until_s = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        if record.created >= self._until_s:
            self.tell_held_back(record.created)
        if record.levelno in (logging.DEBUG, logging.CRITICAL):
            super().emit(record)
            return
        key = (record.name, str(record.msg).split(" ", 1)[0][:60])
        if key not in self._counts and len(self._counts) >= _NAMES_MAX:
            key = ("", "other")
        self._counts[key] = count = self._counts.get(key, 0) + 1
        if count <= LINES_MAX:
            super().emit(record)

    def tell_held_back(self, now_s: float) -> None:
        """Begin a new window; say what the last one held back."""
        counts, self._counts, self._until_s = self._counts, {}, now_s + WINDOW_S
        for (logger, name), count in counts.items():
            if count > LINES_MAX:
                text = named(HELD_BACK, line=name, lines=count - LINES_MAX)
                told = logging.LogRecord(logger, logging.WARNING, "", 0, text, None, None)
                super().emit(told)

    def close(self) -> None:
        self.acquire()
        try:
            self.tell_held_back(self._until_s)
        except ValueError:
            pass  # the stream was closed before us; there is nowhere left to say it
        finally:
            self.release()
        super().close()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is logging's
        """A line that cannot be written: logging would print its arguments as they are."""
        kind = sys.exc_info()[0]
        self.stream.write(f"log_failed logger={record.name} error={kind.__name__ if kind else None}\n")


class _AsText(logging.Formatter):
    """`2026-11-24T10:00:00.123 INFO name key=value`, a traceback below it."""

    def format(self, record: logging.LogRecord) -> str:
        at = self.formatTime(record, "%Y-%m-%dT%H:%M:%S")
        text = f"{at}.{int(record.msecs):03d} {record.levelname} {_message(record)}"
        if record.exc_info and record.exc_info[1] is not None:
            text += "\n" + "\n".join(_error(record.exc_info[1]))
        return text


class _AsJson(logging.Formatter):
    """One object a line: `at`, `level`, `logger`, then `name` and its fields, or `text`; `error` with its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        plain: dict[str, object] = {
            "at": at.replace("+00:00", "Z"), "level": record.levelname.lower(), "logger": record.name,
        }  # fmt: skip
        text = _message(record)
        if _STRUCTURED.fullmatch(text):
            plain["name"] = text.split(" ", 1)[0]
            for key, value in _PAIR.findall(text):
                plain[f"{key}_" if key in plain or key == "error" else key] = _value(value)
        else:
            plain["text"] = text
        if record.exc_info and record.exc_info[1] is not None:
            plain["error"] = _error(record.exc_info[1])
        return msgspec.json.encode(plain).decode()


def _message(record: logging.LogRecord) -> str:
    """Return what a record says, masked, in one line. Exceptions among its arguments are masked as such."""
    if isinstance(record.args, tuple) and record.args:
        words = tuple(
            mask_error(str(each)) if isinstance(each, BaseException) else each for each in record.args
        )
        text = str(record.msg) % words
    else:
        text = record.getMessage()
    if record.name.startswith("acd") or record.name.startswith("telephony_adapters"):
        text = mask_line(text)
    else:
        text = mask_error(text)
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text[:_TEXT_MAX])


def _error(error: BaseException) -> list[str]:
    """Return a traceback: where, and what it says, masked. Lines of source are ours and bear nobody's data."""
    lines: list[str] = []
    for part in traceback.TracebackException.from_exception(error).format():
        for each in part.rstrip("\n").split("\n"):
            is_place = each.lstrip(" |+-").startswith('File "')
            lines.append(each if is_place else mask_error(each)[:_TEXT_MAX])
    return lines


def _log_death(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt | SystemExit):
        logging.getLogger("acd").critical("died", exc_info=(kind, error, trace))


def _value(text: str) -> object:
    if text.startswith('"'):
        text = text[1:-1].replace('\\"', '"')
        return re.sub(r"\\n", "\n", text)
    return int(text) if _WHOLE.fullmatch(text) else text


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
