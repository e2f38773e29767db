"""Snapshots while the server runs, and records that are taken away when they are too old."""

from __future__ import annotations

import asyncio
from pathlib import Path

from acd.routing.engine import Engine
from acd.routing.events import RulesLoaded
from acd.routing.model import ContactId, EntryId, EntryRules, QueueId, QueueRules, Rules
from acd.runtime.clock import Clock
from acd.runtime.journal import JournalReader, JournalWriter, SnapshotShelf, open_journal
from acd.runtime.journal.snapshots import Snapshot
from acd.runtime.keeping import Keeping
from tests.runtime.doubles import Remembering, Shell, arrival, until
from tests.runtime.journal.building import read, write


async def test_a_running_node_takes_a_snapshot_after_so_many_records(tmp_path: Path) -> None:
    queue = QueueRules(QueueId("main"))
    rules = Rules(1, queues=(queue,), entries=(EntryRules(EntryId("400"), queue.queue),))
    async with Shell(tmp_path, Engine(), Remembering()) as shell:
        await shell.tell(RulesLoaded(rules))
        await asyncio.gather(*(shell.loop.submit(arrival(f"c{number}")) for number in range(29)))
        keeping = Keeping(shell.file, shell.writer, Clock(), records_between=20, look_s=0.01)
        task = asyncio.create_task(keeping.run(lambda: shell.loop.durable_seq))
        shelf = SnapshotShelf(tmp_path)
        await until(lambda: shelf.seqs() == [30], "a snapshot of record 30")
        task.cancel()
        await asyncio.wait([task])
        assert shelf.newest_first()[0].seq == 30


async def test_records_that_are_too_old_go_and_the_rest_is_still_whole(tmp_path: Path) -> None:
    await write(tmp_path, [100] * 20)
    file = open_journal(tmp_path)
    writer = JournalWriter(
        file, asyncio.get_running_loop(), lambda seq, s: None, lambda state, why: None, reserve_bytes=0
    )
    writer.start()
    writer.forget_until(1_234)
    await until(lambda: file.reader.meta.base_seq == 1_234, "records up to 1234 are gone")
    assert writer.stop(5)
    file.close()
    assert [kept.seq for kept in read(tmp_path)] == list(range(1_235, 2_001))
    await write(tmp_path, [3])
    assert read(tmp_path)[-1].seq == 2_003
    reader = JournalReader(tmp_path / "journal.sqlite3")
    assert reader.last_before(1_000_000 + 1_500) == 1_499
    assert reader.last_before(0) == 1_234
    reader.close()


async def test_nothing_goes_that_a_snapshot_still_needs(tmp_path: Path) -> None:
    await write(tmp_path, [50])
    file = open_journal(tmp_path)
    writer = JournalWriter(
        file, asyncio.get_running_loop(), lambda seq, s: None, lambda state, why: None, reserve_bytes=0
    )
    writer.start()
    keeping = Keeping(file, writer, Clock(), journal_days=1)
    keeping._forget(Clock().now_ms())
    assert file.reader.meta.base_seq == 0, "without a snapshot every record is needed"
    SnapshotShelf(tmp_path).write(Snapshot(20, 1_000_020, file.reader.chain_at(20), bytes(16), b""))
    await asyncio.to_thread(keeping._forget, Clock().now_ms())
    await until(lambda: file.reader.meta.base_seq == 20, "records up to the snapshot are gone")
    assert writer.stop(5)
    file.close()
    assert read(tmp_path)[0].event.contact == ContactId("contact-21")  # type: ignore[union-attr]
