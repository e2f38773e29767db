"""YAML text to nodes that know their line. Nothing here knows what the configuration means.

We read PyYAML's node graph, not its values: the graph has lines, keeps `0400` as written, shows a key that stands
twice, and cannot build objects. Anchors, aliases and tags are refused: a settings file says what it says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
import yaml

DEPTH_MAX: Final = 16
LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The C scanner, where PyYAML was built with it: ten times as fast, and the same graph."""
FILE_BYTES_MAX: Final = 16 * 1024 * 1024

Complain = Callable[[int, str, str, str], None]
"""Takes line, key, found, expected."""


class Scalar(msgspec.Struct, frozen=True):
    """One value, as written; `is_quoted` tells "30" from 30."""

    line: int
    text: str
    is_quoted: bool = False

    @property
    def is_nothing(self) -> bool:
        """Whether it stands for no value."""
        return not self.is_quoted and self.text in ("", "null", "~", "Null", "NULL")


class Items(msgspec.Struct, frozen=True):
    """A list."""

    line: int
    items: list[Node]


class Mapping(msgspec.Struct, frozen=True):
    """Keys, each with the line it stands on, and values."""

    line: int
    entries: dict[str, tuple[int, Node]]


Node = Scalar | Items | Mapping


def parse_nodes(text: str, complain: Complain) -> Node | None:
    """Return the one document in `text`, or None if it is not well-formed; every reason goes to `complain`.

    An empty document is an empty mapping.
    """
    try:
        if not _is_plain(text, complain):
            return None
        root = yaml.compose(text, Loader=LOADER)
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark or fault.context_mark
        complain(mark.line + 1 if mark else 1, "", fault.problem or str(fault.context), "well-formed YAML")
        return None
    except yaml.YAMLError as fault:
        complain(_line_of(text, fault), "", str(fault).splitlines()[0], "well-formed YAML")
        return None
    if root is None:
        return Mapping(1, {})
    return _build(root, "", complain)


def _is_plain(text: str, complain: Complain) -> bool:
    depth = 0
    fine = True
    for token in yaml.scan(text, Loader=LOADER):
        line = token.start_mark.line + 1
        if isinstance(token, yaml.AnchorToken | yaml.AliasToken | yaml.TagToken):
            found = "a tag" if isinstance(token, yaml.TagToken) else "an anchor or alias"
            complain(line, "", found, "the value itself, written out")
            fine = False
        if isinstance(
            token,
            yaml.BlockMappingStartToken
            | yaml.BlockSequenceStartToken
            | yaml.FlowMappingStartToken
            | yaml.FlowSequenceStartToken,
        ):
            depth += 1
            if depth > DEPTH_MAX:
                complain(line, "", f"more than {DEPTH_MAX} levels", "a flatter file")
                return False
        elif isinstance(token, yaml.BlockEndToken | yaml.FlowMappingEndToken | yaml.FlowSequenceEndToken):
            depth -= 1
    return fine


def _build(node: yaml.Node, key: str, complain: Complain) -> Node:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.ScalarNode):
        return Scalar(line, node.value, node.style in ('"', "'", "|", ">"))
    if isinstance(node, yaml.SequenceNode):
        return Items(line, [_build(item, f"{key}[{at}]", complain) for at, item in enumerate(node.value)])
    assert isinstance(node, yaml.MappingNode), node
    entries: dict[str, tuple[int, Node]] = {}
    for name_node, value in node.value:
        name_line = name_node.start_mark.line + 1
        if not isinstance(name_node, yaml.ScalarNode):
            complain(name_line, key, "a list or mapping as a key", "a plain key")
            continue
        name = name_node.value
        below = f"{key}.{name}" if key else name
        if name in entries:
            complain(name_line, below, f"a second time (first in line {entries[name][0]})", "each key once")
            continue
        entries[name] = (name_line, _build(value, below, complain))
    return Mapping(line, entries)


def _line_of(text: str, fault: yaml.YAMLError) -> int:
    position = getattr(fault, "position", 0)
    return text.count("\n", 0, position) + 1 if isinstance(position, int) else 1
