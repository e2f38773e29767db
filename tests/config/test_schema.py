"""The JSON Schema says what the reader takes: both are asked about the same files."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from acd.config import FILES, build_schema, build_whole_schema
from acd.config.forms import Form
from acd.config.reader import form_hints, unwrap
from tests.config.folder import EXAMPLE, change, copy_example


def keys_of(form: type[Form]) -> set[tuple[str, str]]:
    """Return every (form, key) pair that a form can hold, at any depth."""
    found: set[tuple[str, str]] = set()

    def walk(hint: Any) -> None:
        kind, _ = unwrap(hint)
        if isinstance(kind, type) and issubclass(kind, Form):
            for name, inner in form_hints(kind).items():
                if (kind.__name__, name) not in found:
                    found.add((kind.__name__, name))
                    walk(inner)
        for inner in getattr(kind, "__args__", ()):
            walk(inner)

    walk(form)
    return found


def read(path: Path) -> Any:
    """Read a file as an editor does: plain values, dates and times as they are written."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506


def typed(value: Any) -> Any:
    """Give bare values of BaseLoader the types that YAML 1.2 gives them."""
    if isinstance(value, dict):
        return {name: typed(one) for name, one in value.items()}
    if isinstance(value, list):
        return [typed(one) for one in value]
    if value in ("true", "false", "null"):
        return json.loads(value)
    return int(value) if re.fullmatch(r"-?\d{1,9}", value) else value


@pytest.mark.parametrize("file", FILES)
def test_the_schema_takes_the_example(file: str) -> None:
    schema = build_schema(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(typed(read(EXAMPLE / file)), schema)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("queues.yaml", "offer_s: 20", "offer_s: 4"),
        ("queues.yaml", "offer_s: 20", "offers_s: 20"),
        ("queues.yaml", "strategy: longest_idle", "strategy: longest_idel"),
        ("queues.yaml", "channels: [voice, chat]", "channels: []"),
        ("queues.yaml", "{support: 2}", "{support: 9}"),
        ("skills.yaml", "label: {en: English, zh: 英语}", "label: {en: English}"),
        ("hours.yaml", '"08:00-12:30"', '"8:00-12:30"'),
        ("people.yaml", "role: auditor", "role: boss"),
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(file: str, old: str, new: str, tmp_path: Path) -> None:
    folder = copy_example(tmp_path)
    change(folder, file, old, new)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(typed(read(folder / file)), build_schema(file))


def test_one_schema_holds_all_files() -> None:
    schema = build_whole_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate({name.removesuffix(".yaml"): typed(read(EXAMPLE / name)) for name in FILES}, schema)


@pytest.mark.parametrize("file", FILES)
def test_every_key_stands_explained_in_the_example(file: str) -> None:
    """A key is explained if, somewhere in its file, a comment stands right above it or its group."""
    lines = (EXAMPLE / file).read_text(encoding="utf-8").splitlines()
    missing = []
    for form, key in sorted(keys_of(FILES[file])):
        if form in ("LabelForm", "WeekForm", "NeedsForm") and file != "queues.yaml":
            continue  # explained in README.md, in hours.yaml's own words, and in queues.yaml
        if form == "LabelForm":
            continue
        if not any(explains(lines, at, key) for at in range(len(lines))):
            missing.append(f"{form}.{key}")
    assert not missing


def explains(lines: list[str], at: int, key: str) -> bool:
    """Tell whether `key` is in line `at`, with a comment above the run of keys it belongs to."""
    if not re.search(rf"(^|[\s{{,]){key}:", lines[at]):
        return False
    is_top = lines[at].startswith(f"{key}:")
    above = at - 1
    while above >= 0 and not lines[above].lstrip().startswith("#") and (is_top or lines[above].strip()):
        above -= 1
    return above >= 0 and lines[above].lstrip().startswith("# ")
