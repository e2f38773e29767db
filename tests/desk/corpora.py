"""Where the shared test corpora lie; a test that needs one is skipped, with the reason, where it is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
ALSO = Path(__file__).parents[3].parent / "shared" / "data"


def corpus(name: str) -> Path:
    """Return the folder or file of a corpus, or skip."""
    for folder in (SHARED, ALSO):
        if (folder / name).exists():
            return folder / name
    pytest.skip(f"the corpus {name} is not at {SHARED}")
