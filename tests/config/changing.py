"""Changes one option of the example, whatever its kind, to see what follows."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

import msgspec

from acd.config import Settings, forms, load
from acd.config.kinds import Defines, Ref, Text, Whole
from acd.config.reader import form_hints, unwrap
from tests.config.folder import EXAMPLE

TEXTS: Final = {
    "opening times": "01:00-02:00",
    "a network": "10.0.0.0/8",
    "a time zone": "Europe/Berlin",
    "a day": "2027-03-03",
}
"""Begin of what a text is -> one that is well-formed."""

EXAMPLE_SETTINGS: Final = load(EXAMPLE)


def settings_with(old: forms.Form, new: forms.Form) -> Settings:
    """Return the example's settings with `old` replaced by `new`, wherever it stands; its rules stay as they were."""

    def swapped(value: Any) -> Any:
        if value is old:
            return new
        if isinstance(value, forms.Form | Settings):
            fields = [name for name in value.__struct_fields__ if name != "rules"]
            return msgspec.structs.replace(value, **{name: swapped(getattr(value, name)) for name in fields})
        if isinstance(value, dict):
            return {name: swapped(one) for name, one in value.items()}
        return tuple(swapped(one) for one in value) if isinstance(value, tuple) else value

    changed = swapped(EXAMPLE_SETTINGS)
    assert isinstance(changed, Settings)
    return changed


def changed(form: forms.Form, name: str) -> forms.Form:
    """Return the form with another value under one key."""
    return msgspec.structs.replace(form, **{name: other(form_hints(type(form))[name], getattr(form, name))})


def other(hint: Any, value: Any) -> Any:
    """Return a value of this kind that differs from `value`."""
    kind, marks = unwrap(hint)
    arms = [arm for arm in getattr(kind, "__args__", ()) if arm is not type(None)]
    if type(None) in getattr(kind, "__args__", ()):
        is_name = any(isinstance(mark, Ref) for mark in unwrap(arms[0])[1])
        return None if value is not None and not is_name else other(arms[0], value)
    if kind is bool:
        return not value
    if kind is int:
        bounds = next(mark for mark in marks if isinstance(mark, Whole))
        return bounds.low if value != bounds.low else bounds.high
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return next(one for one in kind if one != value)
    if kind is str:
        names = {"dispositions": "sales", "overflow": "vip", "service level": "vip", "hours": "office"}
        of = next((mark.of for mark in marks if isinstance(mark, Ref)), "")
        assert of or any(isinstance(mark, Text | Defines) for mark in marks)
        what = next((mark.what for mark in marks if isinstance(mark, Text)), "")
        texts = {key: text for key, text in TEXTS.items() if what.startswith(key)}
        new = names.get(of) or next(iter(texts.values()), "other-one")
        return new if value != new else None
    return other_group(kind, value)


def other_group(kind: Any, value: Any) -> Any:
    """Return another form, list or mapping."""
    if isinstance(kind, type) and issubclass(kind, forms.Form):
        if value is None:
            return kind(**{name: other(hint, None) for name, hint in form_hints(kind).items()})
        name, hint = next(iter(form_hints(kind).items()))
        return msgspec.structs.replace(value, **{name: other(hint, getattr(value, name))})
    if isinstance(value, Mapping):
        key_hint, value_hint = kind.__args__
        return {other(key_hint, None): other(value_hint, None)}
    inner = kind.__args__[0]
    value = value or ()
    return (*value, other(inner, value[0] if value else None)) if len(value) < 2 else value[:1]
