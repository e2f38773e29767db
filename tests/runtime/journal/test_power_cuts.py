"""Thousands of power cuts on a model disk: no acknowledged record is lost, nothing half is taken for whole."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from acd.runtime.journal import JournalRefused, open_journal
from tests.runtime.journal.model_disk import TRACED, ModelDisk, Op, parse_trace

WRITER = """
import asyncio, os, sys
from pathlib import Path
from acd.runtime.journal import JournalWriter, encode_record, open_journal
from tests.runtime.journal.building import record

async def main():
    folder, chance = Path(sys.argv[1]), __import__("random").Random(7)
    seq = 0
    for start in range(2):
        file = open_journal(folder)
        file.connection.execute("PRAGMA wal_autocheckpoint = 12")
        told = asyncio.Event()
        def durable(seq, seconds):
            os.write(1, f"ACK {seq} ".encode())
            told.set()
        writer = JournalWriter(file, asyncio.get_running_loop(), durable, lambda s, w: None, reserve_bytes=0)
        writer.start()
        for batch in range(45):
            told.clear()
            count = chance.choice([1, 1, 2, 3, 8])
            size = chance.choice([20, 300, 3000])
            numbers = range(seq + 1, seq + count + 1)
            writer.append([encode_record(record(number, start + 1, size)) for number in numbers])
            seq += count
            await told.wait()
        writer.stop(10)
        file.close()
asyncio.run(main())
"""


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> list[Op]:
    """What a journaling process did to its disk: two runs, 90 commits, many checkpoints."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed (Debian package strace)")
    folder = tmp_path_factory.mktemp("traced") / "journal"
    log = folder.with_name("strace.log")
    order = ["strace", "-f", "-y", "-xx", "-s", "1000000", "-e", f"trace={TRACED}", "-o", str(log)]
    done = subprocess.run(
        [*order, sys.executable, "-c", WRITER, str(folder)],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    if "Operation not permitted" in done.stderr:
        pytest.skip("strace may not trace here")
    assert done.returncode == 0, done.stderr[-2000:]
    ops = parse_trace(log, folder)
    assert sum(op.kind == "ack" for op in ops) == 90
    return ops


def cuts_survived(trace: list[Op], folder: Path, cuts: int, seed: int) -> int:
    """Cut the power so often, each time at another moment and with other losses; return how many tails were torn."""
    chance = random.Random(seed)
    moments = sorted(chance.randrange(1, len(trace)) for _ in range(cuts))
    disk, done, acknowledged, torn = ModelDisk(), 0, 0, 0
    for moment in moments:
        for op in trace[done:moment]:
            disk.do(op)
            acknowledged = op.ack or acknowledged
        done = moment
        disk.cut(folder, chance)
        at = f"seed {seed}, cut at {moment} behind record {acknowledged}"
        try:
            file = open_journal(folder)
        except JournalRefused as refused:
            raise AssertionError(f"{at}: refused: {refused}") from refused
        try:
            kept = [(entry.seq, entry.facts) for entry in file.reader.entries()]
        finally:
            file.close()
        assert len(kept) >= acknowledged, f"{at}: {len(kept)} records are left"
        assert [seq for seq, _ in kept] == list(range(1, len(kept) + 1)), at
        torn += len(kept) == acknowledged
    return torn


def test_200_power_cuts_lose_nothing_that_was_acknowledged(trace: list[Op], tmp_path: Path) -> None:
    torn = cuts_survived(trace, tmp_path / "disk", 200, seed=1)
    assert torn > 20, "the model tears too little to prove anything"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_5000_power_cuts_lose_nothing_that_was_acknowledged(trace: list[Op], tmp_path: Path) -> None:
    torn = sum(cuts_survived(trace, tmp_path / "disk", 500, seed) for seed in range(10, 20))
    assert torn > 500


def test_the_model_would_find_a_missing_fsync(trace: list[Op], tmp_path: Path) -> None:
    """Break it once: without the syncs of the log, acknowledged records are lost."""
    careless = [op for op in trace if not (op.kind == "sync" and op.name.endswith("-wal"))]
    with pytest.raises(AssertionError, match=r"records are left|refused"):
        cuts_survived(careless, tmp_path / "disk", 200, seed=1)
