"""Snapshots: the same state as the whole fold, the rooms told what matters, and never the only truth."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from acd.ports import Record
from acd.routing.engine import Engine
from acd.routing.model import ContactId
from acd.routing.outputs import ContactEnded, ContactEntered
from acd.runtime.journal import JournalReader, SnapshotShelf
from acd.runtime.journal.snapshots import Snapshot
from acd.runtime.recovery import Audience, Recovered, recover
from acd.runtime.snapshotting import Kept, build_snapshot, kept_of
from bench.recovery import Centre, write_journal

DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Centre]:
    """A journal of a few thousand facts, and the centre that made it."""
    folder = tmp_path_factory.mktemp("centre") / "journal"
    return folder, write_journal(folder, 3_000, 20)


def reader_of(folder: Path) -> JournalReader:
    return JournalReader(folder / "journal.sqlite3")


def from_folder(folder: Path, audience: Audience | None = None) -> tuple[Recovered, Engine]:
    reader, engine = reader_of(folder), Engine()
    found = recover(engine, reader, shelf=SnapshotShelf(folder), audience=audience)
    reader.close()
    return found, engine


def take(folder: Path, seq: int, at_ms: int | None = None) -> Snapshot:
    reader, shelf = reader_of(folder), SnapshotShelf(folder)
    snapshot = build_snapshot(Engine(), reader, shelf, until_seq=seq)
    if at_ms is not None:
        snapshot = snapshot._replace(at_ms=at_ms)
    shelf.write(snapshot)
    reader.close()
    return snapshot


@pytest.fixture
def centre(written: tuple[Path, Centre], tmp_path: Path) -> tuple[Path, Centre]:
    folder = tmp_path / "journal"
    shutil.copytree(written[0], folder)
    return folder, written[1]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_snapshot_and_tail_are_the_state_that_lived(centre: tuple[Path, Centre], share: float) -> None:
    folder, lived = centre
    seq = max(1, int(lived.seq * share))
    take(folder, seq)
    found, engine = from_folder(folder)
    assert engine.state_hash() == lived.engine.state_hash()
    assert found.snapshot_seq == seq
    assert found.last_seq == lived.seq


def test_a_snapshot_goes_on_from_the_one_before(centre: tuple[Path, Centre]) -> None:
    folder, _ = centre
    first, second = take(folder, 500), take(folder, 1_500)
    shutil.rmtree(folder / "snapshots")
    direct = take(folder, 1_500)
    kept, whole = kept_of(second), kept_of(direct)
    assert kept is not None
    assert whole is not None
    assert (kept.core, kept.live, kept.records) == (whole.core, whole.live, whole.records)
    assert first.chain != second.chain == direct.chain


def test_a_damaged_snapshot_is_passed_over_for_the_one_before_it(centre: tuple[Path, Centre]) -> None:
    folder, lived = centre
    for seq in (400, 800):
        take(folder, seq)
    newest = max((folder / "snapshots").iterdir())
    body = bytearray(newest.read_bytes())
    body[len(body) // 2] ^= 1
    newest.write_bytes(body)
    found, engine = from_folder(folder)
    assert found.snapshot_seq == 400
    assert engine.state_hash() == lived.engine.state_hash()


def test_a_snapshot_of_another_program_or_another_history_is_passed_over(centre: tuple[Path, Centre]) -> None:
    folder, lived = centre
    snapshot, shelf = take(folder, 800), SnapshotShelf(folder)
    for stranger in (snapshot._replace(build=bytes(16)), snapshot._replace(chain=bytes(16))):
        shelf.write(stranger)
        found, engine = from_folder(folder)
        assert found.snapshot_seq == 0
        assert engine.state_hash() == lived.engine.state_hash()


def test_rooms_are_told_what_mattered_and_everything_since(centre: tuple[Path, Centre]) -> None:
    folder, lived = centre
    everything: list[Record] = []
    from_folder(folder, Audience(everything.append))
    assert [record.seq for record in everything] == list(range(1, lived.seq + 1))
    yesterday = lived.now_ms - DAY_MS
    take(folder, 1_000, at_ms=yesterday)
    take(folder, 1_200)
    heard: list[Record] = []
    found, _ = from_folder(folder, Audience(heard.append))
    assert found.snapshot_seq == 1_200
    past = [record for record in heard if record.seq <= 1_000]
    assert [record for record in heard if record.seq > 1_000] == everything[1_000:]
    assert len(past) < 500
    assert living_after(past) == living_after(everything[:1_000])


def living_after(records: list[Record]) -> set[ContactId]:
    living: set[ContactId] = set()
    for record in records:
        for fact in record.facts:
            if isinstance(fact, ContactEntered):
                living.add(fact.contact)
            elif isinstance(fact, ContactEnded):
                living.discard(fact.contact)
    return living


def test_a_room_with_tables_of_its_own_hears_all_that_it_has_not_stored(centre: tuple[Path, Centre]) -> None:
    folder, lived = centre
    take(folder, 1_000, at_ms=lived.now_ms - DAY_MS)
    take(folder, 1_200)
    heard: list[int] = []
    keeper = (700, lambda record: heard.append(record.seq))
    from_folder(folder, Audience(lambda record: None, [keeper]))
    assert heard == list(range(701, 1_001))


def test_without_a_snapshot_of_an_earlier_day_rooms_hear_everything(centre: tuple[Path, Centre]) -> None:
    folder, lived = centre
    take(folder, 1_000)
    heard: list[int] = []
    from_folder(folder, Audience(lambda record: heard.append(record.seq)))
    assert heard == list(range(1, lived.seq + 1))


def test_the_shelf_keeps_the_latest_two_and_the_latest_of_an_earlier_day(tmp_path: Path) -> None:
    shelf = SnapshotShelf(tmp_path)
    noon = 20_000 * DAY_MS + DAY_MS // 2
    moments = [noon - 2 * DAY_MS, noon - DAY_MS, noon - DAY_MS + 1, noon, noon + 1, noon + 2, noon + 3]
    for seq, at_ms in enumerate(moments, 1):
        shelf.write(Snapshot(seq, at_ms, bytes(16), bytes(16), b"state"))
    assert shelf.seqs() == [7, 6, 3]


def test_a_crash_while_a_snapshot_is_written_leaves_the_old_one(
    centre: tuple[Path, Centre], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = centre
    take(folder, 500)

    def fail(*_: object) -> None:
        raise OSError("killed here")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="killed here"):
        take(folder, 900)
    monkeypatch.undo()
    assert [path.suffix for path in (folder / "snapshots").iterdir()] == [".snapshot"]
    (folder / "snapshots" / "0000000000000900-1.77.draft").write_bytes(b"half")
    assert from_folder(folder)[0].snapshot_seq == 500


def test_what_a_snapshot_holds_can_be_read_by_another_process(centre: tuple[Path, Centre]) -> None:
    folder, lived = centre
    kept = kept_of(take(folder, lived.seq))
    assert isinstance(kept, Kept)
    engine = Engine()
    engine.restore(kept.core)
    assert engine.state_hash() == lived.engine.state_hash()
    assert kept.rules == lived.engine.state.rules
