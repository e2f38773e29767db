"""Torn tails are cut; damage in the middle is refused and named; nothing acknowledged is passed over in silence."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from acd.runtime.journal import JournalDamaged, JournalRefused, JournalTooNew, open_journal
from acd.runtime.journal.mark import read_mark
from tests.runtime.journal.building import read, record, reopened, write

WAL = "journal.sqlite3-wal"
FRAME = 24 + 4096


@pytest.fixture
async def killed(tmp_path: Path) -> Path:
    """A journal of 12 records, the last 6 of them in three commits of its write-ahead log."""
    folder = tmp_path / "journal"
    await write(folder, [3, 3])
    await write(folder, [2, 2, 2], clean=False)
    return folder


def copy(source: Path, target: Path) -> Path:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    return target


async def test_everything_acknowledged_is_there_after_a_kill(killed: Path) -> None:
    assert [kept.seq for kept in reopened(killed)] == list(range(1, 13))


async def test_a_log_torn_at_any_byte_of_its_last_commit_is_cut_there(killed: Path, tmp_path: Path) -> None:
    whole = (killed / WAL).read_bytes()
    commits = (len(whole) - 32) // FRAME
    last_commit_at = len(whole) - FRAME * (commits // 4)
    seen: set[int] = set()
    for length in range(last_commit_at, len(whole), 61):
        folder = copy(killed, tmp_path / "torn")
        (folder / WAL).write_bytes(whole[:length])
        # A tail that was torn by a power cut had not been acknowledged: the mark stands before it.
        (folder / "journal.mark").unlink()
        records = reopened(folder)
        seen.add(len(records))
        assert records == [record(seq, 1 if seq <= 6 else 2) for seq in range(1, len(records) + 1)]
    assert seen <= {10, 12}
    assert 10 in seen


async def test_a_log_that_lost_acknowledged_records_is_refused_and_says_how_many(
    killed: Path, tmp_path: Path
) -> None:
    whole = (killed / WAL).read_bytes()
    for length in (0, 32, len(whole) // 2, len(whole) - 1):
        folder = copy(killed, tmp_path / "short")
        (folder / WAL).write_bytes(whole[:length])
        with pytest.raises(JournalDamaged, match="record 12 had been acknowledged"):
            open_journal(folder)
        with pytest.raises(JournalDamaged, match="record 12 had been acknowledged"):
            open_journal(folder)
    (folder / WAL).unlink()
    with pytest.raises(JournalDamaged, match="record 12"):
        open_journal(folder)


async def test_a_rotten_frame_with_commits_behind_it_is_named_by_its_byte(killed: Path) -> None:
    body = bytearray((killed / WAL).read_bytes())
    body[32 + FRAME + 2000] ^= 0x10
    (killed / WAL).write_bytes(body)
    (killed / "journal.mark").unlink()
    with pytest.raises(JournalDamaged, match=f"byte {32 + FRAME}") as refused:
        open_journal(killed)
    assert "whole commits behind it" in str(refused.value)
    assert (killed / WAL).read_bytes() == body, "the evidence stays as it is"


async def test_every_flipped_bit_is_found_or_harmless(tmp_path: Path) -> None:
    source = tmp_path / "source"
    await write(source, [20], size=300)
    whole = (source / "journal.sqlite3").read_bytes()
    expected = read(source)
    named = harmless = 0
    folder = copy(source, tmp_path / "flipped")
    for offset in range(0, len(whole), 17):
        for bit in (0, 3, 7):
            body = bytearray(whole)
            body[offset] ^= 1 << bit
            (folder / "journal.sqlite3").write_bytes(body)
            try:
                assert read(folder) == expected, f"bit {bit} of byte {offset} changed what is read, unnoticed"
                harmless += 1
            except JournalRefused as refused:
                assert str(folder) in str(refused)
                named += 1
    assert named > 1000
    assert named + harmless == -(-len(whole) // 17) * 3


async def test_a_changed_lost_or_moved_record_is_named_even_if_its_crc_was_made_good(tmp_path: Path) -> None:
    await write(tmp_path, [9])
    path = tmp_path / "journal.sqlite3"

    def after(*statements: str) -> str:
        folder = copy(tmp_path, tmp_path.with_name("changed"))
        with sqlite3.connect(folder / path.name) as connection:
            for statement in statements:
                connection.execute(statement)
        connection.close()
        with pytest.raises(JournalDamaged) as refused:
            read(folder)
        return refused.value.position

    assert after("DELETE FROM records WHERE seq = 4") == "record 4"
    assert after("UPDATE records SET at_ms = at_ms + 1 WHERE seq = 5") == "record 5"
    assert after("UPDATE records SET chain = zeroblob(16) WHERE seq = 9") == "record 9"
    assert after("UPDATE meta SET epoch = 77") == "table meta"
    # Rows 2 and 3 change places: each has a good CRC of its own, for its own number.
    swap = (
        "UPDATE records SET seq = -seq WHERE seq IN (2, 3)",
        "UPDATE records SET seq = 5 + seq WHERE seq < 0",
    )
    assert after(*swap) == "record 2"


async def test_a_journal_of_a_newer_version_is_refused_with_both_versions(tmp_path: Path) -> None:
    await write(tmp_path, [3])
    with sqlite3.connect(tmp_path / "journal.sqlite3") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(JournalTooNew, match="found journal version 99, expected at most 1"):
        open_journal(tmp_path)
    with pytest.raises(JournalTooNew):
        read(tmp_path)


async def test_a_fact_of_a_newer_version_is_refused_with_its_record(tmp_path: Path) -> None:
    file = open_journal(tmp_path)
    from acd.runtime.journal.entries import CHAIN_START, Entry, entry_check

    strange = Entry(1, 1, 5, b"\x81\xa4type\xaaTimePassed", b"\x91\x81\xa4type\xabTeleported!")
    file.connection.execute(
        "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?)", (*strange, *entry_check(strange, CHAIN_START))
    )
    file.close()
    with pytest.raises(JournalTooNew, match="record 1"):
        read(tmp_path)


@pytest.mark.parametrize("body", [b"not a database at all, but long enough to have a header" * 40, b"short"])
def test_what_is_no_journal_is_refused_and_left_alone(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "journal.sqlite3").write_bytes(body)
    with pytest.raises(JournalRefused):
        open_journal(tmp_path)
    assert (tmp_path / "journal.sqlite3").read_bytes() == body


def test_another_programs_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "journal.sqlite3") as connection:
        connection.execute("CREATE TABLE theirs (a)")
    connection.close()
    before = (tmp_path / "journal.sqlite3").read_bytes()
    with pytest.raises(JournalRefused, match="not a journal"):
        open_journal(tmp_path)
    assert (tmp_path / "journal.sqlite3").read_bytes() == before


async def test_an_older_copy_put_back_is_refused(tmp_path: Path) -> None:
    await write(tmp_path, [3])
    older = (tmp_path / "journal.sqlite3").read_bytes()
    await write(tmp_path, [3])
    (tmp_path / "journal.sqlite3").write_bytes(older)
    with pytest.raises(JournalDamaged, match="record 6 had been acknowledged"):
        open_journal(tmp_path)


async def test_a_torn_mark_is_no_mark(tmp_path: Path) -> None:
    await write(tmp_path, [3])
    mark = tmp_path / "journal.mark"
    whole = mark.read_bytes()
    for length in range(len(whole)):
        mark.write_bytes(whole[:length])
        assert read_mark(mark) is None
    mark.write_bytes(whole[:9] + b"x" + whole[10:])
    assert read_mark(mark) is None
    assert len(reopened(tmp_path)) == 3


async def test_a_making_that_was_cut_short_is_begun_again(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite3").write_bytes(b"")
    await write(tmp_path, [2])
    assert len(read(tmp_path)) == 2
