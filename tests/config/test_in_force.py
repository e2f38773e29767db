"""Every key of every file is in force after a reload, or the reload says that it waits for the next start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import msgspec
import pytest

from acd.config import load, needs_restart, rooms
from acd.config.forms import Form
from acd.config.rules import build_rules
from acd.config.settings import FILES, Settings
from tests.config.folder import EXAMPLE

VAR = Path("var")
TIME_ZONES = available_timezones()
SETTINGS = load(EXAMPLE)


def variants(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield every key below a value, with the whole value in which this one is another."""
    if isinstance(value, Form):
        for name in value.__struct_fields__:
            for below, other in variants(getattr(value, name), f"{path}.{name}"):
                yield below, msgspec.structs.replace(value, **{name: other})
    elif isinstance(value, Mapping) and value:
        for key in value:
            for below, other in variants(value[key], f"{path}.*"):
                yield below, {**value, key: other}
    elif isinstance(value, tuple) and value and isinstance(value[0], Form):
        for at, each in enumerate(value):
            for below, other in variants(each, f"{path}[]"):
                yield below, (*value[:at], other, *value[at + 1 :])
    elif (other := another(value)) is not None:
        yield path, other


def another(value: Any) -> Any:
    """Return another value of the same kind; None where the example has none to begin with."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, Enum):
        kinds = list(type(value))
        return kinds[(kinds.index(value) + 1) % len(kinds)] if len(kinds) > 1 else None
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str):
        return "Asia/Tokyo" if value in TIME_ZONES else value + "x"
    if isinstance(value, tuple) and value:
        return value[:-1]
    return None


def in_force(settings: Settings) -> tuple[Any, ...]:
    """Return all that a reload hands on, by the functions that it uses."""
    desk = rooms.desk_settings(settings, VAR)
    return (
        build_rules(settings, 1),
        rooms.calendars(settings),
        rooms.loop_limits(settings),
        desk.people,
        desk.reasons,
        desk.team_labels,
        settings.server.log,
        settings.server.drain_s,
    )


BEFORE = in_force(SETTINGS)


def all_variants() -> dict[str, list[Settings]]:
    """Return, by key, every configuration in which this key alone differs."""
    found: dict[str, list[Settings]] = {}
    for file in FILES:
        stem = file.removesuffix(".yaml")
        for path, form in variants(getattr(SETTINGS, stem), stem):
            found.setdefault(path, []).append(msgspec.structs.replace(SETTINGS, **{stem: form}))
    return found


VARIANTS = all_variants()
WORDS_ONLY = {
    "centre.name.en",
    "centre.name.zh",
    "entries.entries.*.label.en",
    "entries.entries.*.label.zh",
    "people.groups.*.label.en",
    "people.groups.*.label.zh",
    "skills.skills.*.label.en",
    "skills.skills.*.label.zh",
}
"""Words for whoever reads the configuration: nothing decides by them, and a page that shows them reads the file."""


def test_the_example_has_enough_keys_to_prove_something() -> None:
    assert len(VARIANTS) > 120


@pytest.mark.parametrize("key", sorted(VARIANTS))
def test_a_changed_key_is_in_force_or_waits_for_the_next_start(key: str) -> None:
    for changed in VARIANTS[key]:
        try:
            now = in_force(changed)
        except (ValueError, KeyError, TypeError):
            continue  # a value that the reader refuses; another of this key is looked at
        if now != BEFORE or needs_restart(SETTINGS, changed):
            return
    assert key in WORDS_ONLY, "neither in force nor named by needs_restart"


def test_only_labels_are_words() -> None:
    assert VARIANTS.keys() >= WORDS_ONLY
    assert all(key.endswith((".en", ".zh")) for key in WORDS_ONLY)
