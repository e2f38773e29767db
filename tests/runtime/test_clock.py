"""The clock: driven by the monotonic clock alone, whatever somebody does to the wall clock."""

from __future__ import annotations

import os
import subprocess
import sys
from glob import glob
from pathlib import Path

import pytest

from acd.runtime import clock as module
from acd.runtime.clock import Clock


class Hands:
    """The two clocks of a machine, turned by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall_ns = 1_700_000_000_000_000_000
        self.monotonic_ns = 5_000_000_000
        monkeypatch.setattr(module.time, "time_ns", lambda: self.wall_ns)
        monkeypatch.setattr(module.time, "monotonic_ns", lambda: self.monotonic_ns)

    def pass_ms(self, milliseconds: int) -> None:
        self.wall_ns += milliseconds * 1_000_000
        self.monotonic_ns += milliseconds * 1_000_000


def test_a_jump_of_the_wall_clock_moves_no_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    hands = Hands(monkeypatch)
    clock = Clock()
    start_ms = clock.now_ms()
    for jump_ms in (3_600_000, -7_200_000, 1_000, -1):
        hands.wall_ns += jump_ms * 1_000_000
        assert clock.now_ms() == start_ms
    hands.pass_ms(250)
    assert clock.now_ms() == start_ms + 250
    assert clock.wall_offset_ms() == 3_600_000 - 7_200_000 + 1_000 - 1
    assert clock.utc_now().utcoffset() is not None


def test_time_goes_on_from_the_journal_where_the_wall_clock_was_set_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hands = Hands(monkeypatch)
    clock = Clock()
    last_ms = clock.now_ms() + 86_400_000
    clock.raise_floor(last_ms)
    assert clock.now_ms() == last_ms
    hands.pass_ms(7)
    assert clock.now_ms() == last_ms + 7
    clock.raise_floor(last_ms - 1_000)
    assert clock.now_ms() == last_ms + 7


JUMPED = """
import select, sys
from pathlib import Path
from acd.runtime.clock import Clock
stamp = Path(sys.argv[1])
clock = Clock()
before = clock.now_ms()
for jump in ("+3600", "-3600", "+0"):
    stamp.write_text(jump)
    select.select([], [], [], 0.02)
    assert 0 <= clock.now_ms() - before < 5000, (jump, clock.now_ms() - before)
    print(round(clock.wall_offset_ms() / 1000))
"""


def test_a_process_whose_wall_clock_jumps_an_hour_feels_nothing(tmp_path: Path) -> None:
    library = next(iter(glob("/usr/lib/*/faketime/libfaketime.so.1")), None)
    if library is None:
        pytest.skip("libfaketime is not installed (Debian package libfaketime: a wall clock that jumps)")
    stamp = tmp_path / "stamp"
    stamp.write_text("+0")
    environment = dict(
        os.environ,
        LD_PRELOAD=library,
        FAKETIME_TIMESTAMP_FILE=str(stamp),
        FAKETIME_NO_CACHE="1",
        FAKETIME_DONT_FAKE_MONOTONIC="1",
    )
    order = [sys.executable, "-c", JUMPED, str(stamp)]
    done = subprocess.run(order, env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["3600", "-3600", "0"]
