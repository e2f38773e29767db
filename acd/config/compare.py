"""Two configurations side by side: what changed, as lines for people, and what a reload cannot change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from acd.config.forms import Form
from acd.config.kinds import Secret
from acd.config.reader import form_hints, unwrap
from acd.config.settings import FILES, Settings
from acd.routing.model import Channel

AT_START_ONLY: Final = (
    "centre.zone",
    "centre.country",
    "server.http",
    "server.sip",
    "server.media",
    "server.chat",
    "server.database",
    "retention.journal_days",
    "retention.figures_days",
    "retention.config_versions",
    "switches.events_per_s_max",
    "thresholds.alerts",
    "switches.switches",
    "desk.token_minutes",
    "desk.shift_hours_max",
    "desk.heartbeat_s",
    "desk.silence_s",
    "desk.sign_in_tries_max",
    "desk.sign_in_rest_s",
    "desk.limits",
    "intake.misses_max",
    "intake.words_s_max",
    "intake.silence_s",
    "intake.chat_silence_s",
    "intake.categories",
)
"""File and key of what is opened or claimed at the start; a change waits for the next one."""


def compare(old: Settings, new: Settings) -> list[str]:
    """Return one line for every value that differs, in the order of files: `queues: queues.support.offer_s: 20 -> 30`.

    What is only in one of the two is `added` or `removed`; a secret that differs is `changed`, without its value.
    """
    return [f"{file}.yaml: {line}" for file, line in _differences(old, new)]


def changed_files(old: Settings, new: Settings) -> frozenset[str]:
    """Return the files whose meaning changed, without their ending; a new comment changes nothing."""
    stems = (name.removesuffix(".yaml") for name in FILES)
    return frozenset(stem for stem in stems if getattr(old, stem) != getattr(new, stem))


def needs_restart(old: Settings, new: Settings) -> list[str]:
    """Return the changed parts that a reload cannot bring into force, such as `server.http`; empty for none."""
    parts = [part for part in AT_START_ONLY if _part(old, part) != _part(new, part)]
    if _voice_numbers(old) != _voice_numbers(new):
        parts.append("entries.entries (numbers that SIP answers)")
    if _phones(old) != _phones(new):
        parts.append("people.people (telephones)")
    return parts


def _voice_numbers(settings: Settings) -> list[str]:
    entries = settings.entries.entries.items()
    return [
        number for name, entry in entries if entry.channel is Channel.VOICE for number in (name, *entry.also)
    ]


def _phones(settings: Settings) -> dict[str, Any]:
    people = settings.people.people.items()
    return {name: (each.phone, each.region is None) for name, each in people if each.phone is not None}


def _part(settings: Settings, part: str) -> Any:
    file, key = part.split(".")
    return getattr(getattr(settings, file), key)


def _differences(old: Settings, new: Settings) -> Iterator[tuple[str, str]]:
    for name, form in FILES.items():
        stem = name.removesuffix(".yaml")
        for line in _forms(form, getattr(old, stem), getattr(new, stem), ""):
            yield stem, line


def _forms(form: type[Form], old: Form, new: Form, key: str) -> Iterator[str]:
    for name, hint in form_hints(form).items():
        below = f"{key}.{name}" if key else name
        yield from _values(hint, getattr(old, name), getattr(new, name), below)


def _values(hint: Any, old: Any, new: Any, key: str) -> Iterator[str]:
    if old == new:
        return
    _, marks = unwrap(hint)
    if any(isinstance(mark, Secret) for mark in marks) or _is_secret_inside(hint):
        yield f"{key}: changed"
    elif isinstance(old, Form) and type(old) is type(new):
        yield from _forms(type(old), old, new, key)
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        yield from _tables(old, new, key)
    elif (
        isinstance(old, tuple) and len(old) == len(new) and all(isinstance(one, Form) for one in (*old, *new))
    ):
        for at, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from _values(type(before), before, after, f"{key}[{at}]")
    else:
        yield f"{key}: {_show(old)} -> {_show(new)}"


def _tables(old: Mapping[str, Any], new: Mapping[str, Any], key: str) -> Iterator[str]:
    for name, value in old.items():
        if name not in new:
            yield f"{key}.{name}: removed"
        else:
            yield from _values(type(value), value, new[name], f"{key}.{name}")
    yield from (f"{key}.{name}: added" for name in new if name not in old)


def _is_secret_inside(hint: Any) -> bool:
    """Tell whether an optional value (`X | None`) is a secret."""
    kind, _ = unwrap(hint)
    arms = getattr(kind, "__args__", ())
    return any(isinstance(mark, Secret) for arm in arms for mark in unwrap(arm)[1])


def _show(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(_show(one) for one in value)}]"
    if isinstance(value, Form):
        shown = (f"{name}: {_show(getattr(value, name))}" for name in value.__struct_fields__)
        return "{" + ", ".join(shown) + "}"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_show(one)}" for name, one in value.items()) + "}"
    return str(value)
