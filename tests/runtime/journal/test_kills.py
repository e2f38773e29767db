"""kill -9 at every kind of write and sync of a journaling process, over and over on one journal."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from itertools import cycle, islice
from pathlib import Path

import pytest

from acd.runtime.journal import open_journal

WRITER = """
import asyncio, os, sys
from pathlib import Path
from acd.runtime.journal import JournalWriter, Snapshot, SnapshotShelf, encode_record, open_journal
from tests.runtime.journal.building import record

async def main():
    file = open_journal(Path(sys.argv[1]))
    file.connection.execute("PRAGMA wal_autocheckpoint = 8")
    told = asyncio.Event()
    def durable(seq, seconds):
        os.write(1, f"{seq}\\n".encode())
        told.set()
    writer = JournalWriter(file, asyncio.get_running_loop(), durable, lambda s, w: None, reserve_bytes=4096)
    writer.start()
    seq = file.extent.last_seq
    for batch in range(25):
        told.clear()
        numbers = range(seq + 1, seq + 1 + batch % 4 + 1)
        writer.append([encode_record(record(number, file.epoch, 900)) for number in numbers])
        seq = numbers[-1]
        await told.wait()
        if batch % 8 == 7:
            SnapshotShelf(file.folder).write(Snapshot(seq, seq, bytes(16), bytes(16), b"state" * 50))
            writer.forget_until(max(0, seq - 100))
    writer.stop(10)
    file.close()
asyncio.run(main())
"""

CALLS = ("pwrite64", "fdatasync", "fsync", "ftruncate", "unlink", "rename", "write", "fallocate", "close")


def kill_at(folder: Path, call: str, number: int) -> tuple[int, bool]:
    """Let a process journal and kill it at its `number`-th such call on the folder's files.

    Returns:
        The last record that it acknowledged (0: none), and whether it was killed.
    """
    names = ("journal.sqlite3", "journal.sqlite3-wal", "journal.mark", "journal.reserve", "snapshots")
    paths = [word for name in names for word in ("-P", str(folder / name))] if call != "rename" else []
    inject = f"inject={call}:signal=KILL:when={number}"
    order = [
        "strace",
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        *paths,
        "-e",
        inject,
        sys.executable,
        "-c",
        WRITER,
        str(folder),
    ]
    done = subprocess.run(order, capture_output=True, text=True, timeout=60, check=False)
    if "Operation not permitted" in done.stderr:
        pytest.skip("strace may not trace here")
    is_killed = done.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL)
    assert is_killed or done.returncode == 0, done.stderr[-2000:]
    told = [int(line) for line in done.stdout.splitlines()]
    return max(told, default=0), is_killed


def kills_survived(folder: Path, runs: int) -> int:
    """Kill so many processes, one after the other on one journal; return how many were really killed."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed (Debian package strace)")
    acknowledged = killed = 0
    numbers = {call: iter(range(1, 10**6)) for call in CALLS}
    for call in islice(cycle(CALLS), runs):
        number = next(numbers[call])
        last, was_killed = kill_at(folder, call, number)
        killed += was_killed
        if not was_killed:
            numbers[call] = iter(range(1, 10**6))
        acknowledged = max(acknowledged, last)
        file = open_journal(folder)
        kept = [entry.seq for entry in file.reader.entries()]
        base = file.reader.meta.base_seq
        file.close()
        at = f"{call} number {number}"
        assert kept == list(range(base + 1, base + len(kept) + 1)), at
        assert base + len(kept) >= acknowledged, (
            f"{at}: {acknowledged} was acknowledged, {base + len(kept)} is left"
        )
    return killed


def test_a_few_kills_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    assert kills_survived(tmp_path / "journal", 18) >= 5


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_600_kills_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    killed = 0
    for part in range(12):
        killed += kills_survived(tmp_path / str(part) / "journal", 90)
    assert killed >= 600, killed
