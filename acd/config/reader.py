"""Nodes to forms: every value is checked against its kind, every problem is kept with its line.

A reader is used for all files of one configuration, since names are defined in one and used in another. It never
stops at the first problem: what cannot be read is left out, and the rest is still checked.
"""

from __future__ import annotations

import difflib
import re
import types
from collections.abc import Callable, Iterable
from collections.abc import Mapping as Table
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, Final, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from acd.config.forms.form import Form
from acd.config.kinds import Defines, Ref, Secret, Size, Text, Unique, Whole
from acd.config.nodes import Items, Mapping, Node, Scalar
from acd.ports import ConfigError

F = TypeVar("F", bound=Form)

PROBLEMS_MAX: Final = 1_000
Complain = Callable[[str, str, str], None]
"""Takes key, found, expected."""
Check = Callable[[Any, str, Complain], None]
"""Takes a form, its key and where to complain."""
EMPTY: Final[Table[type[Form], Check]] = {}

NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]{0,17}|[1-9][0-9]{0,2}(_[0-9]{3}){1,5})")
MISSING: Final = object()
"""Stands for a value that could not be read; its problem is in the list already."""


class Reader:
    """Reads forms, and remembers where everything stood."""

    def __init__(self, checks: Table[type[Form], Check] = EMPTY) -> None:
        """Remember `checks`: what to ask of a form, beyond its single values, as soon as it was read."""
        self._checks = checks
        self.problems: list[ConfigError] = []
        self.file = ""
        """The file that is being read; problems are reported under this name."""
        self._places: dict[str, tuple[str, int]] = {}
        self._defined: dict[str, dict[str, str]] = {}
        self._used: list[tuple[str, str, str]] = []
        self._unique: dict[tuple[str, str], str] = {}
        self._incomplete: set[str] = set()

    def complain(self, line: int, key: str, found: str, expected: str) -> None:
        """Add a problem of the file that is being read."""
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(ConfigError(key, found, expected, self.file, line))

    def complain_at(self, key: str, found: str, expected: str) -> None:
        """Add a problem of a key that was read before; its line, or that of the nearest key above, is known."""
        place = key
        while place and place not in self._places:
            place = re.sub(r"(\.|^)[^.\[]*$|\[\d+\]$", "", place)
        file, line = self._places.get(place, (self.file, 0))
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(ConfigError(key, found, expected, file, line))

    def excuse(self, hint: Any) -> None:
        """Note that what `hint` defines could not be read: a name of that kind may be unknown without a fault."""
        self._incomplete |= kinds_defined(hint)

    def read_form(self, form: type[F], node: Node, key: str = "") -> F | None:
        """Return the form that `node` fills in, or None if any key of it was wrong."""
        if not isinstance(node, Mapping):
            self.complain(node.line, key, describe(node), "a mapping of keys to values")
            return None
        hints = form_hints(form)
        values: dict[str, Any] = {}
        for name, (line, below) in node.entries.items():
            path = f"{key}.{name}" if key else name
            self._places[path] = (self.file, line)
            if name in hints:
                values[name] = self._read(hints[name], below, path, line)
            else:
                self.complain(
                    line, path, "an unknown key", f"one of: {', '.join(hints)}{nearest(name, hints)}"
                )
                values[name] = MISSING
                for meant in difflib.get_close_matches(name, hints, n=1):
                    # A misspelt key is one mistake, not also a missing one.
                    values.setdefault(meant, MISSING)
                    self.excuse(hints[meant])
        for name in required_keys(form):
            if name not in values:
                path = f"{key}.{name}" if key else name
                self.complain(
                    node.line, path, "nothing", f"{expectation(hints[name])}; this key must be given"
                )
                values[name] = MISSING
                self.excuse(hints[name])
        if any(value is MISSING for value in values.values()):
            return None
        filled = form(**values)
        if form in self._checks:
            self._checks[form](filled, key, self.complain_at)
        return filled

    def check_references(self) -> None:
        """Complain of every name that is used and nowhere defined; to be called when all files are read."""
        for kind, name, key in self._used:
            known = self._defined.get(kind, {})
            if name not in known and kind not in self._incomplete:
                listed = f"one of: {', '.join(sorted(known)[:20])}" if known else "one; none is defined"
                self.complain_at(
                    key, f'no {kind} "{name}"', f"the name of a {kind}, {listed}{nearest(name, known)}"
                )

    def _read(self, hint: Any, node: Node, key: str, line: int) -> Any:
        kind, marks = unwrap(hint)
        if get_origin(kind) in (Union, types.UnionType):
            if isinstance(node, Scalar) and node.is_nothing:
                return None
            (inner,) = (arm for arm in get_args(kind) if arm is not type(None))
            return self._read(inner, node, key, line)
        if isinstance(kind, type) and issubclass(kind, Form):
            value = self.read_form(kind, node, key)
            return MISSING if value is None else value
        if get_origin(kind) is tuple:
            return self._read_list(kind, marks, node, key)
        if get_origin(kind) is dict:
            return self._read_table(kind, marks, node, key)
        return self._read_scalar(hint, node, key, node.line if node.line else line)

    def _read_list(self, kind: Any, marks: tuple[Any, ...], node: Node, key: str) -> Any:
        if not isinstance(node, Items):
            self.complain(node.line, key, describe(node), "a list")
            return MISSING
        if not self._has_size(len(node.items), marks, node.line, key):
            return MISSING
        inner = get_args(kind)[0]
        values = []
        for at, item in enumerate(node.items):
            path = f"{key}[{at}]"
            self._places[path] = (self.file, item.line)
            values.append(self._read(inner, item, path, item.line))
        return MISSING if any(value is MISSING for value in values) else tuple(values)

    def _read_table(self, kind: Any, marks: tuple[Any, ...], node: Node, key: str) -> Any:
        if not isinstance(node, Mapping):
            self.complain(node.line, key, describe(node), "a mapping of keys to values")
            self.excuse(kind)
            return MISSING
        if not self._has_size(len(node.entries), marks, node.line, key):
            return MISSING
        key_hint, value_hint = get_args(kind)
        values: dict[Any, Any] = {}
        for name, (line, below) in node.entries.items():
            path = f"{key}.{name}"
            self._places[path] = (self.file, line)
            own = self._read_scalar(key_hint, Scalar(line, name, is_quoted=True), path, line)
            value = self._read(value_hint, below, path, line)
            values[MISSING if own is MISSING or value is MISSING else own] = value
        return MISSING if MISSING in values else values

    def _read_scalar(self, hint: Any, node: Node, key: str, line: int) -> Any:
        kind, marks = unwrap(hint)
        value = _scalar_value(kind, marks, node)
        if value is MISSING:
            shown = "(hidden)" if _has(marks, Secret) else describe(node)
            expected = expectation(hint)
            if isinstance(node, Scalar) and isinstance(kind, type) and issubclass(kind, StrEnum):
                expected += nearest(node.text, list(kind))
            self.complain(line, key, shown, expected)
            self.excuse(hint)
            return MISSING
        self._note(marks, value, key, line)
        return value

    def _note(self, marks: tuple[Any, ...], value: Any, key: str, line: int) -> None:
        for mark in marks:
            if isinstance(mark, Defines):
                self._defined.setdefault(mark.of, {})[value] = key
                self._claim(mark.of, value, key, line)
            elif isinstance(mark, Ref):
                self._used.append((mark.of, value, key))
            elif isinstance(mark, Unique):
                self._claim(mark.of, value, key, line)

    def _claim(self, kind: str, value: str, key: str, line: int) -> None:
        holder = self._unique.setdefault((kind, value), key)
        if holder != key:
            file, first = self._places[holder]
            self.complain(
                line, key, f'"{value}" a second time (first in {file}:{first})', f"each {kind} once"
            )

    def _has_size(self, count: int, marks: tuple[Any, ...], line: int, key: str) -> bool:
        for mark in marks:
            if isinstance(mark, Size) and not mark.low <= count <= mark.high:
                self.complain(line, key, f"{count} entries", f"{mark.low} to {mark.high} entries")
                return False
        return True


def kinds_defined(hint: Any) -> set[str]:
    """Return the kinds of names that a value of this type defines."""
    kind, marks = unwrap(hint)
    found = {mark.of for mark in marks if isinstance(mark, Defines)}
    if isinstance(kind, type) and issubclass(kind, Form):
        inner: Iterable[Any] = form_hints(kind).values()
    else:
        inner = get_args(kind)
    return found.union(*(kinds_defined(one) for one in inner if one is not Ellipsis))


def describe(node: Node) -> str:
    """Say what stands there, shortly."""
    if isinstance(node, Mapping):
        return "a mapping"
    if isinstance(node, Items):
        return "a list"
    if node.is_nothing:
        return "nothing"
    text = node.text if len(node.text) <= 60 else node.text[:57] + "..."
    is_bare = not node.is_quoted and (NUMBER.fullmatch(text) or text in ("true", "false"))
    return text if is_bare else f'"{text}"'


def expectation(hint: Any) -> str:
    """Say what a value of this kind looks like."""
    kind, marks = unwrap(hint)
    if get_origin(kind) in (Union, types.UnionType):
        return expectation(next(arm for arm in get_args(kind) if arm is not type(None)))
    for mark in marks:
        if isinstance(mark, Whole | Text):
            return mark.expected
        if isinstance(mark, Defines):
            return mark.text.expected
        if isinstance(mark, Ref):
            return f"the name of a {mark.of}"
    if kind is bool:
        return "true or false"
    if get_origin(kind) is tuple:
        return "a list"
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return f"one of: {', '.join(kind)}"
    return "a mapping of keys to values"


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a question after the known name that is most like `name`, or an empty text."""
    close = difflib.get_close_matches(name, [str(one) for one in known], n=1, cutoff=0.6)
    return f' (did you mean "{close[0]}"?)' if close else ""


def _scalar_value(kind: Any, marks: tuple[Any, ...], node: Node) -> Any:
    if not isinstance(node, Scalar) or node.is_nothing:
        return MISSING
    text = node.text
    if kind is bool:
        return {"true": True, "false": False}.get(text, MISSING) if not node.is_quoted else MISSING
    if kind is int:
        if node.is_quoted or not NUMBER.fullmatch(text):
            return MISSING
        number = int(text.replace("_", ""))
        return number if all(m.low <= number <= m.high for m in marks if isinstance(m, Whole)) else MISSING
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind(text) if text in list(kind) else MISSING
    assert kind is str, kind
    return text if _is_text(text, node.is_quoted, marks) else MISSING


def _is_text(text: str, is_quoted: bool, marks: tuple[Any, ...]) -> bool:
    if not is_quoted and text.lower() in ("true", "false", "yes", "no", "on", "off"):
        return False
    for mark in marks:
        rule = mark.text if isinstance(mark, Defines) else mark
        if isinstance(rule, Text):
            if not rule.length_min <= len(text) <= rule.length_max or "\0" in text:
                return False
            if rule.pattern and not re.fullmatch(rule.pattern, text):
                return False
    return True


def unwrap(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return the bare type and everything that was said beside it."""
    if get_origin(hint) is Annotated:
        kind, *marks = get_args(hint)
        return kind, tuple(marks)
    return hint, ()


def _has(marks: tuple[Any, ...], kind: type) -> bool:
    return any(isinstance(mark, kind) for mark in marks)


@cache
def form_hints(form: type[Form]) -> dict[str, Any]:
    """Return what each key of a form may be, in the order of its declaration."""
    hints = get_type_hints(form, include_extras=True)
    return {name: hints[name] for name in form.__struct_fields__}


@cache
def required_keys(form: type[Form]) -> tuple[str, ...]:
    """Return the keys of a form that have no default."""
    return tuple(field.name for field in msgspec.structs.fields(form) if field.required)
