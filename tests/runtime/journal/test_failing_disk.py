"""A full disk, a failed fsync: nothing is acknowledged that is not durable, and it is said at once."""

from __future__ import annotations

import asyncio
import errno
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from acd.ports import Overloaded
from acd.routing.events import CustomerLeft
from acd.routing.model import ContactId
from acd.runtime.journal import JournalRefused, JournalState, open_journal
from acd.runtime.journal.mark import MarkFile
from tests.disks import fill, mounted
from tests.runtime.doubles import LineEngine, Remembering, Shell, arrival, until
from tests.runtime.journal.building import read


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MiB."""
    with mounted(tmp_path / "disk", 3) as folder:
        yield folder


async def test_a_full_disk_stops_acknowledging_and_room_on_it_starts_it_again(small_disk: Path) -> None:
    phones = Remembering()
    async with Shell(small_disk, LineEngine(), phones) as shell:
        await shell.tell(arrival("before"))
        filler = fill(small_disk)
        acknowledged = []
        for number in range(400):
            future = shell.loop.submit(CustomerLeft(ContactId(f"nobody-{number}" + "x" * 500)))
            future.add_done_callback(
                lambda done: acknowledged.append(done.result().seq) if not done.cancelled() else None
            )
        await until(lambda: shell.states[:1] == [JournalState.FULL], "the journal says that the disk is full")
        with pytest.raises(Overloaded, match="journal_full"):
            shell.loop.submit(arrival("new"))
        await until(lambda: shell.writer.state is JournalState.FULL, "it stays so")
        waiting = shell.loop.depths()[1]
        assert waiting, "what ends something is decided, and waits"
        known = max(acknowledged, default=1)
        assert {record.seq for record in read(small_disk)} >= set(range(1, known + 1))
        filler.unlink()
        await until(lambda: len(acknowledged) == 400, "everything is acknowledged once there is room")
        await until(lambda: shell.writer.state is JournalState.WRITING, "new contacts are taken again")
        await shell.tell(arrival("after"))
    assert [record.seq for record in read(small_disk)] == list(range(1, 403))
    assert acknowledged == list(range(2, 402))
    open_journal(small_disk).close()


async def test_a_start_on_a_full_disk_says_that_it_is_full_and_not_that_something_is_damaged(
    small_disk: Path,
) -> None:
    async with Shell(small_disk, LineEngine(), Remembering()) as shell:
        await shell.tell(arrival("a"))
    (small_disk / "journal.reserve").unlink()
    filler = fill(small_disk)
    with pytest.raises(JournalRefused, match="its disk is full"):
        open_journal(small_disk)
    filler.unlink()
    open_journal(small_disk).close()


TOLD = """
import asyncio, json, sys
from pathlib import Path
from acd.ports import Overloaded
from acd.routing.events import CustomerLeft
from acd.routing.model import ContactId
from acd.runtime.journal import JournalState
from tests.runtime.doubles import LineEngine, Remembering, Shell, arrival

async def main():
    async with Shell(Path(sys.argv[1]), LineEngine(), Remembering()) as shell:
        acknowledged = []
        for number in range(40):
            future = shell.loop.submit(CustomerLeft(ContactId(f"c{number}")))
            await asyncio.wait([future], timeout=1)
            if not future.done():
                break
            acknowledged.append(future.result().seq)
        try:
            shell.loop.submit(arrival("new"))
            refused = ""
        except Overloaded as error:
            refused = error.code
        late = shell.loop.submit(CustomerLeft(ContactId("late")))
        await asyncio.wait([late], timeout=0.3)
        states = [str(state) for state in shell.states]
        print(json.dumps({"acknowledged": acknowledged, "refused": refused, "states": states, "late": late.done()}))
asyncio.run(main())
"""


def under_strace(folder: Path, inject: str) -> dict[str, Any]:
    """Run a journaling process whose system calls on the log fail as said; return what it told."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed (Debian package strace)")
    wal = folder / "journal.sqlite3-wal"
    order = [
        "strace",
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-P",
        str(wal),
        "-e",
        f"inject={inject}",
        sys.executable,
        "-c",
        TOLD,
    ]
    done = subprocess.run([*order, str(folder)], capture_output=True, text=True, timeout=60, check=False)
    if "Operation not permitted" in done.stderr:
        pytest.skip("strace may not trace here")
    assert done.returncode == 0, done.stderr[-2000:]
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


@pytest.mark.parametrize(
    ("inject", "state"),
    [
        ("fdatasync,fsync:error=EIO:when=12+", "failed"),
        ("pwrite64:error=EIO:when=30+", "failed"),
        ("pwrite64:error=ENOSPC:when=30+", "full"),
    ],
)
def test_a_disk_that_fails_is_told_at_once_and_nothing_acknowledged_is_lost(
    tmp_path: Path, inject: str, state: str
) -> None:
    told = under_strace(tmp_path, inject)
    assert told["states"][:1] == [state]
    assert told["refused"] == f"journal_{state}"
    assert not told["late"], "acknowledged although the disk had failed"
    assert 2 <= len(told["acknowledged"]) < 40
    assert [record.seq for record in read(tmp_path)][: len(told["acknowledged"])] == told["acknowledged"]
    file = open_journal(tmp_path)
    kept = [record.seq for record in file.reader.records()]
    file.close()
    assert kept[: len(told["acknowledged"])] == told["acknowledged"]


def test_a_slow_fsync_delays_and_loses_nothing(tmp_path: Path) -> None:
    told = under_strace(tmp_path, "fdatasync,fsync:delay_exit=20000:when=5+")
    assert told["states"] == []
    assert told["acknowledged"] == list(range(1, 41))
    assert told["late"]


async def test_a_stop_while_the_disk_is_full_ends_in_time_and_says_so(small_disk: Path) -> None:
    shell = Shell(small_disk, LineEngine(), Remembering())
    async with shell:
        await shell.tell(arrival("before"))
        filler = fill(small_disk)
        shell.loop.submit(CustomerLeft(ContactId("x" * 100_000)))
        await until(lambda: shell.writer.state is JournalState.FULL, "the disk is full")
        assert not await asyncio.to_thread(shell.writer.stop, 5)
    filler.unlink()
    assert [record.seq for record in read(small_disk)] == [1]


async def test_a_mark_that_cannot_be_written_is_a_failed_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Shell(tmp_path, LineEngine(), Remembering()) as shell:
        await shell.tell(arrival("before"))

        def broken(*_: Any) -> None:
            raise OSError(errno.EIO, "Input/output error")

        with monkeypatch.context() as patch:
            patch.setattr(MarkFile, "write", broken)
            late = shell.loop.submit(CustomerLeft(ContactId("before")))
            await until(lambda: shell.writer.state is JournalState.FAILED, "the disk counts as failed")
            assert not late.done()
            with pytest.raises(Overloaded, match="journal_failed"):
                shell.loop.submit(arrival("new"))
