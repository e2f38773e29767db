"""Large pages: asked for where the system has them, and nothing else changes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from acd.runtime.pages import ask_for_large_pages

JOINED = """
from pathlib import Path
from acd.runtime.pages import ask_for_large_pages
held = [[number] for number in range(400_000)]
joined = ask_for_large_pages()
rollup = Path("/proc/self/smaps_rollup").read_text().split()
print(joined, int(rollup[rollup.index("AnonHugePages:") + 1]) * 1024)
assert [number for (number,) in held] == list(range(400_000))
"""
ENABLED = Path("/sys/kernel/mm/transparent_hugepage/enabled")


def test_what_is_in_memory_lies_in_large_pages() -> None:
    if not ENABLED.exists() or "[never]" in ENABLED.read_text():
        pytest.skip("this system has no large pages")
    done = subprocess.run(
        [sys.executable, "-c", JOINED], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    joined, large = map(int, done.stdout.split())
    if not joined:
        pytest.skip("this kernel joins pages in the background only, or refuses")
    assert large > 10 << 20


def test_without_a_map_of_the_memory_nothing_happens(tmp_path: Path) -> None:
    assert ask_for_large_pages(tmp_path / "maps") == 0
