"""Text to nodes: whatever it is, there is a node or a complaint with a line, and never a crash."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acd.config.nodes import Items, Mapping, Scalar, parse_nodes

TOLD = list[tuple[int, str, str, str]]


def parse(text: str) -> tuple[object, TOLD]:
    """Return the node and everything that was complained of."""
    told: TOLD = []
    node = parse_nodes(text, lambda *complaint: told.append(complaint))
    return node, told


def test_lines_and_writing_are_kept() -> None:
    node, told = parse('a: 0400\nb:\n  - yes\n  - "yes"\n\nc: |\n  text\n')
    assert not told
    assert isinstance(node, Mapping)
    assert node.entries["a"] == (1, Scalar(1, "0400"))
    assert node.entries["b"] == (2, Items(3, [Scalar(3, "yes"), Scalar(4, "yes", is_quoted=True)]))
    line, block = node.entries["c"]
    assert line == 6
    assert isinstance(block, Scalar)
    assert (block.text, block.is_quoted) == ("text\n", True)


def test_an_empty_file_is_an_empty_mapping() -> None:
    assert parse("") == (Mapping(1, {}), [])
    assert parse("# only a word\n") == (Mapping(1, {}), [])


@pytest.mark.parametrize(
    ("text", "line", "found"),
    [
        ("a: 1\nb: [1, 2\nc: 3\n", 3, ""),
        ("a: 1\n\tb: 2\n", 2, ""),
        ("a: 'open\n\n", 3, ""),
        ("a: b: c\n", 1, ""),
        ("a: 1\n  b: 2\n", 2, ""),
        ("a: 1\n---\nb: 2\n", 2, ""),
        ("a: 1\nb: &x 2\nc: *x\n", 2, "an anchor or alias"),
        ("a: 1\nb: !!python/name:os.system x\n", 2, "a tag"),
        ("a: " + "[" * 20 + "]" * 20, 1, "more than 16 levels"),
        ("a: {b: 1, b: 2}\n", 1, "a second time"),
        ("a: 1\n\x07: 2\n", 2, ""),
    ],
)
def test_what_is_not_plain_yaml_is_told_with_its_line(text: str, line: int, found: str) -> None:
    _, told = parse(text)
    assert told
    assert (told[0][0], found in told[0][2]) == (line, True), told


def test_an_alias_bomb_costs_nothing() -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{chr(98 + at)}: &{chr(98 + at)} [{', '.join(['*' + chr(97 + at)] * 9)}]\n" for at in range(9)
    )
    node, told = parse(bomb)
    assert node is None
    assert told[0][2] == "an anchor or alias"


PIECES = st.sampled_from(
    ["a", "b", ":", ": ", "- ", "\n", "  ", "{", "}", "[", "]", ",", '"', "'", "|", ">", "#", "&a", "*a", "!", "%", "@", "?",
     "---", "...", "~", "\t", "0", "é", "中", "\x00", "\x85", "\ufeff", "<<"]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=60))
def test_any_text_gives_a_node_or_a_complaint_with_a_line(text: str) -> None:
    node, told = parse(text)
    assert node is not None or told
    for line, _, found, expected in told:
        assert 1 <= line <= text.count("\n") + text.count("\r") + text.count("\x85") + 2
        assert found or expected
