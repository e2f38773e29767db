"""The forms as JSON Schema (2020-12), for editors that complete and check while one types.

It holds what a single file can show; names defined elsewhere and keys that contradict each other are found by
`acd check-config` alone.
"""

from __future__ import annotations

import types
from enum import StrEnum
from typing import Any, Final, Union, get_args, get_origin

from acd.config.forms import Form
from acd.config.kinds import Defines, Size, Text, Whole
from acd.config.reader import form_hints, required_keys, unwrap
from acd.config.settings import FILES

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def build_schema(file: str) -> dict[str, Any]:
    """Return the schema of one file of the configuration.

    Raises:
        KeyError: There is no such file; FILES names them.
    """
    definitions: dict[str, Any] = {}
    root = _form(FILES[file], definitions)
    return {"$schema": DIALECT, "title": file, **root, "$defs": definitions}


def build_whole_schema() -> dict[str, Any]:
    """Return one schema for all files together: an object with a key for each file, without its ending."""
    definitions: dict[str, Any] = {}
    files = {name.removesuffix(".yaml"): _form(form, definitions) for name, form in FILES.items()}
    return {"$schema": DIALECT, "type": "object", "properties": files, "$defs": definitions}


def _form(form: type[Form], definitions: dict[str, Any]) -> dict[str, Any]:
    hints = form_hints(form)
    required = list(required_keys(form))
    schema: dict[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: _value(hint, definitions) for name, hint in hints.items()},
    }
    if required:
        schema["required"] = required
    return schema


def _value(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    kind, marks = unwrap(hint)
    if get_origin(kind) in (Union, types.UnionType):
        inner = next(arm for arm in get_args(kind) if arm is not type(None))
        return {"anyOf": [_value(inner, definitions), {"type": "null"}]}
    if isinstance(kind, type) and issubclass(kind, Form):
        if kind.__name__ not in definitions:
            definitions[kind.__name__] = {}
            definitions[kind.__name__].update(_form(kind, definitions))
        return {"$ref": f"#/$defs/{kind.__name__}"}
    if get_origin(kind) is tuple:
        items = _value(get_args(kind)[0], definitions)
        return {"type": "array", "items": items} | _sizes(marks, "minItems", "maxItems")
    if get_origin(kind) is dict:
        key, value = get_args(kind)
        names = {name: rule for name, rule in _value(key, definitions).items() if name != "type"}
        schema = {"type": "object", "additionalProperties": _value(value, definitions)}
        return (
            schema
            | ({"propertyNames": names} if names else {})
            | _sizes(marks, "minProperties", "maxProperties")
        )
    return _scalar(kind, marks)


def _scalar(kind: Any, marks: tuple[Any, ...]) -> dict[str, Any]:
    if kind is bool:
        return {"type": "boolean"}
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return {"enum": [str(one) for one in kind]}
    if kind is int:
        bounds = next((mark for mark in marks if isinstance(mark, Whole)), None)
        limits = {"minimum": bounds.low, "maximum": bounds.high} if bounds else {}
        return {"type": "integer", **limits}
    rule = next(
        (
            mark.text if isinstance(mark, Defines) else mark
            for mark in marks
            if isinstance(mark, Text | Defines)
        ),
        None,
    )
    if rule is None:
        return {"type": "string"}
    # A number without quotes is taken as written, so editors must not complain of it.
    schema: dict[str, Any] = {"type": ["string", "integer"], "description": rule.expected}
    if rule.pattern:
        return schema | {"pattern": f"^({rule.pattern})$"}
    return schema | {"minLength": rule.length_min, "maxLength": rule.length_max}


def _sizes(marks: tuple[Any, ...], low: str, high: str) -> dict[str, int]:
    return {
        name: value
        for mark in marks
        if isinstance(mark, Size)
        for name, value in ((low, mark.low), (high, mark.high))
    }
