"""Reads the folder of the configuration, and gives out settings or every problem there is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import msgspec

from acd.config import forms
from acd.config.checks import LOCAL_CHECKS, check_together
from acd.config.nodes import FILE_BYTES_MAX, Mapping, Node, Scalar, parse_nodes
from acd.config.reader import Reader, nearest
from acd.config.rules import build_rules
from acd.config.settings import FILES, Settings
from acd.ports import ConfigError
from acd.routing.model import Rules


class ConfigErrors(Exception):
    """Everything that is wrong with a configuration, file by file, in the order of lines."""

    def __init__(self, errors: Sequence[ConfigError]) -> None:
        super().__init__("\n".join(str(error) for error in errors))
        self.errors = tuple(errors)


def load(folder: Path | str, version: int = 1, overrides: Sequence[str] = ()) -> Settings:
    """Read `folder` and return its settings.

    Args:
        folder: Holds the files of FILES; a file may be absent if all its keys have defaults.
        version: The number that the rules bear; decisions name it.
        overrides: Values put in place of those in the files, as `server.http.port=0`: file, keys, value.

    Raises:
        ConfigErrors: Something is wrong; all of it is listed, whatever the number of files.
    """
    reader = Reader(LOCAL_CHECKS)
    nodes = _read_files(Path(folder), reader)
    for override in overrides:
        _override(nodes, override, reader)
    read: dict[str, forms.Form | None] = {}
    for name, form in FILES.items():
        reader.file = str(Path(folder) / name)
        node = nodes.get(name)
        filled = None if node is None else reader.read_form(form, node)
        if filled is None and (node is None or not (Path(folder) / name).exists()):
            reader.excuse(form)
        read[name.removesuffix(".yaml")] = filled
    reader.check_references()
    check_together(read, reader)
    if reader.problems:
        raise ConfigErrors(_in_order(reader.problems, Path(folder)))
    settings = Settings(rules=Rules(version=version), **cast(dict[str, Any], read))
    return msgspec.structs.replace(settings, rules=build_rules(settings, version))


def sign_ins(settings: Settings) -> list[tuple[str, forms.PersonForm]]:
    """Return the people whose password stands in the configuration, for the start to print; sorted by role, then id."""
    order = list(forms.Role)
    people = settings.people.people.items()
    return sorted(
        ((name, person) for name, person in people if person.example_password is not None),
        key=lambda pair: (order.index(pair[1].role), pair[0]),
    )


def _read_files(folder: Path, reader: Reader) -> dict[str, Node]:
    nodes: dict[str, Node] = {}
    if not folder.is_dir():
        reader.problems.append(
            ConfigError("", "no such folder", "a folder with the configuration", str(folder))
        )
        return nodes
    for path in sorted(folder.glob("*.y*ml")):
        if path.name not in FILES:
            expected = f"one of: {', '.join(FILES)}{nearest(path.name, FILES)}"
            reader.problems.append(ConfigError("", "an unknown file", expected, str(path)))
    for name in FILES:
        reader.file = str(folder / name)
        node = _read_file(folder / name, reader)
        if node is not None:
            nodes[name] = node
    return nodes


def _read_file(path: Path, reader: Reader) -> Node | None:
    if not path.exists():
        return Mapping(0, {})
    try:
        raw = path.read_bytes()
    except OSError as fault:
        reader.complain(0, "", f"a file that cannot be read ({fault.strerror})", "a readable file")
        return None
    if len(raw) > FILE_BYTES_MAX:
        reader.complain(0, "", f"{len(raw)} bytes", f"at most {FILE_BYTES_MAX}")
        return None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = raw.count(b"\n", 0, fault.start) + 1
        reader.complain(line, "", f"the byte 0x{raw[fault.start]:02x}", "text in UTF-8")
        return None
    return parse_nodes(text, reader.complain)


def _override(nodes: dict[str, Node], override: str, reader: Reader) -> None:
    """Put one `file.key.key=value` in its place; every key above the last must be a mapping or absent."""
    reader.file = f"--set {override}"
    where, equals, text = override.partition("=")
    file, *keys = where.split(".")
    value = parse_nodes(text, reader.complain) if text.strip() else Scalar(0, "")
    if not equals or not keys or f"{file}.yaml" not in FILES:
        reader.complain(0, "", f'"{override}"', "file.key=value, such as server.http.port=0")
        return
    node = nodes.get(f"{file}.yaml")
    if node is None or value is None:
        return
    for key in keys[:-1]:
        if isinstance(node, Mapping):
            node = node.entries.setdefault(key, (0, Mapping(0, {})))[1]
    if isinstance(node, Mapping):
        node.entries[keys[-1]] = (0, value)
    else:
        reader.complain(0, where, "a value", "a mapping to put the key in")


def _in_order(problems: Sequence[ConfigError], folder: Path) -> list[ConfigError]:
    order = {str(folder / name): place for place, name in enumerate(FILES)}
    return sorted(problems, key=lambda one: (order.get(one.file, -1), one.file, one.line, one.key))
