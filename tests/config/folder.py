"""The example configuration, and copies of it with one thing changed."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from acd.config import ConfigError, ConfigErrors, load

EXAMPLE: Final = Path(__file__).resolve().parents[2] / "config"


def copy_example(to: Path) -> Path:
    """Copy the example configuration to `to`/config and return that folder."""
    folder = to / "config"
    shutil.copytree(EXAMPLE, folder)
    return folder


def change(folder: Path, file: str, old: str, new: str) -> int:
    """Replace the first `old` in a file by `new`; return the line on which the replaced text began.

    A text that does not stand there fails the test: the example has moved on.
    """
    path = folder / file
    text = path.read_text(encoding="utf-8")
    at = text.index(old)
    path.write_text(text[:at] + new + text[at + len(old) :], encoding="utf-8")
    return text.count("\n", 0, at) + 1


def problems_of(folder: Path, overrides: Sequence[str] = ()) -> tuple[ConfigError, ...]:
    """Return every problem of a folder; empty if it is fine."""
    try:
        load(folder, overrides=overrides)
    except ConfigErrors as errors:
        return errors.errors
    return ()
