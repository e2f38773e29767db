"""The spool by itself: order, limits, progress, and faults of its writer."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from acd.database import Database, Spool, open_database
from acd.database.spool import LINGER_S, PASSED_MAX, is_own_fault
from acd.database.tables import ROOM_PROGRESS


@asynccontextmanager
async def opened(tmp_path: Path) -> AsyncIterator[Database]:
    database = await open_database(f"sqlite:///{tmp_path}/acd.sqlite")
    yield database
    await database.close()


@asynccontextmanager
async def running(spool: Spool[str]) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(spool.run())
        yield
        task.cancel()


async def progress(database: Database, room: str = "r") -> int | None:
    async with database.reading() as connection:
        question = select(ROOM_PROGRESS.c.seq).where(ROOM_PROGRESS.c.room == room)
        return (await connection.execute(question)).scalar()


async def test_items_are_written_in_order_in_batches_with_the_progress(tmp_path: Path) -> None:
    written: list[list[str]] = []

    async def write(connection: AsyncConnection, items: Sequence[str]) -> None:
        written.append(list(items))

    async with opened(tmp_path) as database:
        spool = Spool(database, "r", write)
        assert await spool.load() == 0
        for seq in range(1, 1_201):
            assert spool.put(f"i{seq}", seq)
        async with running(spool):
            assert await spool.drained(10)
        assert [item for batch in written for item in batch] == [f"i{seq}" for seq in range(1, 1_201)]
        assert max(len(batch) for batch in written) == 500
        assert await progress(database) == 1_200
        again = Spool(database, "r", write)
        assert await again.load() == again.seq == 1_200


async def test_records_gather_until_somebody_waits_for_an_answer(tmp_path: Path) -> None:
    written: list[list[str]] = []
    wrote = asyncio.Event()

    async def write(connection: AsyncConnection, items: Sequence[str]) -> None:
        written.append(list(items))
        wrote.set()

    async with opened(tmp_path) as database:
        spool = Spool(database, "r", write)
        await spool.load()
        async with running(spool):
            for seq in range(1, 6):
                spool.put(f"record {seq}", seq)
                await asyncio.sleep(0)
            started_s = asyncio.get_running_loop().time()
            await asyncio.wait_for(wrote.wait(), 5)
            assert asyncio.get_running_loop().time() - started_s > 0.8 * LINGER_S
            spool.put("record 6", 6)
            await asyncio.sleep(0)
            wrote.clear()
            spool.put("order")
            async with asyncio.timeout(0.8 * LINGER_S):
                await wrote.wait()
        assert written == [[f"record {seq}" for seq in range(1, 6)], ["record 6", "order"]]


async def test_a_full_spool_takes_no_more_records_until_the_next_start_but_orders_again(
    tmp_path: Path,
) -> None:
    async def write(connection: AsyncConnection, items: Sequence[str]) -> None:
        return

    async with opened(tmp_path) as database:
        spool = Spool(database, "r", write, items_max=3)
        assert [spool.put("x", seq) for seq in (1, 2, 3, 4)] == [True, True, True, False]
        assert spool.is_full and spool.seq == 3
        async with running(spool):
            assert await spool.drained(10)
            assert not spool.put("later record", 5), "a gap in what was written would never be filled"
            assert spool.put("an order", 0)
            assert await spool.drained(10)
        assert await progress(database) == 3


async def test_a_batch_that_fails_for_a_while_is_tried_again_whole(tmp_path: Path) -> None:
    tries: list[list[str]] = []

    async def write(connection: AsyncConnection, items: Sequence[str]) -> None:
        await connection.execute(text("INSERT INTO spool_refused (room, item, why) VALUES ('t', 'x', 'x')"))
        tries.append(list(items))
        if len(tries) < 3:
            raise OperationalError("x", {}, Exception("database is locked"))

    async with opened(tmp_path) as database:
        spool = Spool(database, "r", write)
        spool.put("a", 1)
        spool.put("b", 2)
        async with running(spool):
            assert await spool.drained(10)
        assert tries == [["a", "b"]] * 3
        async with database.reading() as connection:
            assert (await connection.execute(text("SELECT count(*) FROM spool_refused"))).scalar() == 1
        assert spool.refused == 0


async def test_the_culprit_alone_is_put_aside(tmp_path: Path) -> None:
    written: list[str] = []

    async def write(connection: AsyncConnection, items: Sequence[str]) -> None:
        if "bad" in items:
            raise IntegrityError("x", {}, Exception("not null"))
        written.extend(items)

    async with opened(tmp_path) as database:
        spool = Spool(database, "r", write)
        for seq, item in enumerate([*"abcdefg", "bad", *"hijk", "bad", "l"], 1):
            spool.put(item, seq)
        async with running(spool):
            assert await spool.drained(10)
        assert "".join(written) == "abcdefghijkl" and spool.refused == 2
        assert await progress(database) == 14


@pytest.mark.parametrize(
    ("state", "own"), [("23505", True), ("22021", True), ("57P01", False), ("08006", False), ("53100", False)]
)
def test_what_postgresql_says_is_told_apart(state: str, own: bool) -> None:
    class FromServer(Exception):
        sqlstate = state

    from sqlalchemy.exc import DBAPIError

    assert is_own_fault(DBAPIError("x", {}, FromServer())) is own


async def test_a_room_that_seldom_writes_need_not_hear_the_whole_journal_again(tmp_path: Path) -> None:
    async def write(connection: AsyncConnection, items: Sequence[str]) -> None:
        return None

    async with opened(tmp_path) as database:
        spool = Spool(database, "r", write)
        await spool.load()
        async with running(spool):
            for seq in range(1, PASSED_MAX + 11):
                spool.passed(seq)
            async with asyncio.timeout(10):
                while not await progress(database):  # noqa: ASYNC110 - a table
                    await asyncio.sleep(0.01)
            assert await progress(database) == PASSED_MAX + 10
            # With an item, what was looked at since goes along.
            spool.put("item", PASSED_MAX + 20)
            spool.passed(PASSED_MAX + 30)
            assert await spool.drained(10)
        assert await progress(database) == PASSED_MAX + 30
        again = Spool(database, "r", write)
        assert await again.load() == PASSED_MAX + 30


async def test_a_spool_that_has_overflowed_passes_nothing_over(tmp_path: Path) -> None:
    async def write(connection: AsyncConnection, items: Sequence[str]) -> None:
        return None

    async with opened(tmp_path) as database:
        spool = Spool(database, "r", write, items_max=1)
        await spool.load()
        assert spool.put("first", 1)
        assert not spool.put("lost", 2)
        spool.passed(3)
        async with running(spool):
            assert await spool.drained(10)
        assert await progress(database) == 1
