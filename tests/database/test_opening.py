"""Opening: fresh, again, newer, unreachable; and the migrations make what the rooms declare."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text

import acd.customers.tables
import acd.reports.tables
import acd.tickets.tables
from acd.database import METADATA, DatabaseUnusable, SchemaTooNew, open_database
from tests.databases import on_both_databases

assert acd.tickets.tables and acd.customers.tables and acd.reports.tables, (
    "declaring its tables is what it is imported for"
)


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, METADATA))


@on_both_databases
async def test_migrations_make_the_tables_that_the_rooms_declare(address: str) -> None:
    database = await open_database(address)
    async with database.engine.connect() as connection:
        assert await connection.run_sync(_differences) == []
    await database.close()


@on_both_databases
async def test_a_second_opening_changes_nothing_and_keeps_what_is_there(address: str) -> None:
    first = await open_database(address)
    async with first.writing() as connection:
        await connection.execute(text("INSERT INTO room_progress (room, seq) VALUES ('r', 7)"))
    await first.close()
    second = await open_database(address)
    async with second.reading() as connection:
        assert (await connection.execute(text("SELECT seq FROM room_progress"))).scalar() == 7
    await second.close()


@on_both_databases
async def test_tables_of_a_newer_program_are_refused_and_not_touched(address: str) -> None:
    database = await open_database(address)
    async with database.writing() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9001'"))
    await database.close()
    with pytest.raises(SchemaTooNew) as refusal:
        await open_database(address)
    assert refusal.value.found == "9001"
    assert "Start the newer program" in str(refusal.value)


@on_both_databases
async def test_a_block_that_raises_leaves_nothing(address: str) -> None:
    database = await open_database(address)
    with pytest.raises(ZeroDivisionError):
        async with database.writing() as connection:
            await connection.execute(text("INSERT INTO room_progress (room, seq) VALUES ('r', 7)"))
            raise ZeroDivisionError
    async with database.reading() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM room_progress"))).scalar() == 0
    await database.close()


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        ("mysql://root:secret@127.0.0.1/acd", "mysql"),
        ("no address", "expected sqlite:///path"),
        ("sqlite://", "found no file"),
        ("postgresql://acd:secret@127.0.0.1:1/acd", "127.0.0.1:1"),
    ],
)
async def test_an_unusable_address_is_refused_with_the_reason_and_without_the_password(
    wrong: str, found: str
) -> None:
    with pytest.raises(DatabaseUnusable) as refusal:
        await open_database(wrong)
    assert found in str(refusal.value)
    assert "secret" not in str(refusal.value)


async def test_a_folder_that_cannot_be_made_is_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DatabaseUnusable, match="file"):
        await open_database(f"sqlite:///{tmp_path}/file/acd.sqlite")


async def test_a_file_that_is_no_database_is_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "acd.sqlite").write_text("not a database, " * 100)
    with pytest.raises(DatabaseUnusable, match="not a database"):
        await open_database(f"sqlite:///{tmp_path}/acd.sqlite")
