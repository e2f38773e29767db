"""Pictures of what-if runs, and the figure of fairness."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from acd.simulation.picture import WORDS, NoPictures, Run, draw, jain

RUN = Run("as configured", [(0.0, 90.0), (0.25, 80.0)], [1.0, 2.0, 30.0], [20.0, 60.0], [3, 9])


def test_fairness_is_one_where_all_have_the_same() -> None:
    assert jain([4, 4, 4]) == pytest.approx(1.0)
    assert jain([9, 0, 0]) == pytest.approx(1 / 3)
    assert jain([]) is None
    assert jain([0, 0]) is None


@pytest.mark.parametrize("language", WORDS)
def test_a_picture_is_drawn_in_both_languages(tmp_path: Path, language: str) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / "picture.png"
    empty = Run("nobody came", [], [], [], [])
    draw([RUN, empty], path, "a title", language)
    assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_without_matplotlib_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(NoPictures, match=r"acd\[bench\]"):
        draw([RUN], tmp_path / "picture.png", "")


def test_both_languages_have_the_same_words() -> None:
    assert WORDS["en"].keys() == WORDS["zh"].keys()
