"""The client against the real server; what the server promises is tested in `tests/desk`, here is what the client adds."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from acd.client import ActionRefused, Desk, DeskClosed, HttpRefused, sign_in
from tests.desk.house import PASSWORD, open_house
from tests.desk.test_day import one


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
async def test_no_change_is_slept_through(tmp_path: Path, encoding: str) -> None:
    """What changes while the reader is busy with the last change is there at the next turn."""
    async with open_house(tmp_path) as house, house.ready("ann", encoding=encoding) as ann:
        house.arrive()
        turns = 0
        async with asyncio.timeout(5):
            async for desk in ann.changes():
                turns += 1
                if desk.rows("offers"):
                    break
                await asyncio.sleep(0.05)
        assert turns < 20


async def test_a_desk_that_is_over_says_so_to_everybody_who_waits(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house, await house.desk("ann") as old:
        waiting = asyncio.ensure_future(old.until(lambda _: False))
        async with await house.desk("ann"):
            with pytest.raises(DeskClosed) as closed:
                await waiting
            assert closed.value.code == 4409
            with pytest.raises(DeskClosed):
                await old.act("set_presence", presence="ready")
            assert [desk async for desk in old.changes()] == []


async def test_refusals_of_both_kinds_bear_their_code(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        with pytest.raises(HttpRefused) as refused:
            await sign_in(house.address, "ann", PASSWORD + "x")
        assert (refused.value.status, refused.value.code) == (401, "sign_in_failed")
        async with await house.desk("ann") as ann:
            with pytest.raises(ActionRefused) as action:
                await ann.act("accept_offer", offer=77)
            assert action.value.code == "not_yours"


async def test_a_server_that_is_not_there_is_waited_for(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        token = (await house.sign_in("ann")).token
    desk = Desk(house.address, token, reconnect=False)
    with pytest.raises(DeskClosed) as closed:
        async with desk:
            pass
    assert closed.value.code == 1006


async def test_the_tables_are_those_of_the_server_after_any_number_of_cuts(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house, house.ready("ann") as ann:
        for _ in range(5):
            seen = ann.connects
            ann.abort()
            await ann.until(lambda desk, seen=seen: desk.connects > seen)
        house.arrive()
        await ann.until(lambda desk: one(desk, "offers"))
        assert ann.gaps == 0
        assert ann.seq == house.room.desks._agents["ann"].stream.seq  # type: ignore[index]
