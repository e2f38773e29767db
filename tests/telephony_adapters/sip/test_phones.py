"""Agents' telephones over time: what the engine hears of them, and what a restart knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from acd.ports import ConfigError, Record
from acd.routing import events as ev
from acd.routing import outputs as out
from telephony_adapters.sip.phones import _read
from tests.telephony_adapters.sip.house import House, running_house


def links(house: House) -> list[tuple[str, bool]]:
    """Agents' links as they were told, repetitions left out."""
    told: list[tuple[str, bool]] = []
    for event in house.stand_in.of(ev.LinkChanged):
        if (event.agent, event.is_up) not in told[-1:]:
            told.append((event.agent, event.is_up))
    return told


async def test_a_telephone_comes_goes_and_expires() -> None:
    async with running_house(registration_s_max=30) as house:
        phone = await house.telephone("2001")
        assert (await phone.register()).status == 200
        assert (await phone.register(expires=0)).status == 200
        assert (await phone.register()).status == 200
        await house.stand_in.until(lambda: len(links(house)) == 3)
        for binding in house.adapter.board.registrar.all():
            binding.expires_ms = house.adapter.board.now_ms()
        await house.stand_in.until(lambda: len(links(house)) == 4)
        assert links(house) == [("agent1", True), ("agent1", False), ("agent1", True), ("agent1", False)]


async def test_a_telephone_that_does_not_answer_twice_is_gone() -> None:
    async with running_house() as house:
        phone = await house.agent("2001")
        binding = house.adapter.board.registrar.all()[0]
        binding.probe_ms = 0
        await phone.until(lambda: [request.method for request in phone.requests] == ["OPTIONS"])
        await house.stand_in.until(lambda: binding.probes_lost == 0)
        for _ in range(2):
            house.adapter.board.registrar.note_probe(binding, False)
        assert not house.adapter.board.registrar.is_reachable("2001")


async def test_a_restart_knows_the_telephones_and_counts_those_that_answer(tmp_path: Path) -> None:
    kept = tmp_path / "var" / "registrations.json"
    async with running_house(registrations=kept) as house:
        first = await house.agent("2001")
        second = await house.agent("2002")
        await house.stand_in.until(lambda: len(_read(kept, 0)) == 2)
        first_address, second.is_deaf = first.address, True
        async with running_house(registrations=kept) as later:
            later.adapter.observe(Record(9, 2, 0, ev.NodeStarted(2), [out.NodeTookOver(2)]), False)
            await later.stand_in.until(lambda: links(later))
            assert links(later) == [("agent1", True)]
            reached = later.adapter.board.registrar.reach("2001", later.adapter.board.now_ms())
            assert reached is not None and reached.peer == first_address
            later.adapter.observe(Record(10, 3, 0, ev.NodeStarted(3), [out.NodeTookOver(3)]), False)
            await later.stand_in.until(lambda: len(later.stand_in.of(ev.LinkChanged)) == 2)


async def test_a_spoilt_file_costs_a_new_registration_and_nothing_more(tmp_path: Path) -> None:
    kept = tmp_path / "registrations.json"
    kept.write_bytes(b'[{"number": 1')
    async with running_house(registrations=kept) as house:
        await house.agent("2001")
        await house.stand_in.until(lambda: len(_read(kept, 0)) == 1)


async def test_a_taken_port_is_said_in_words() -> None:
    async with running_house() as house:
        with pytest.raises(ConfigError) as raised:
            async with running_house(port=house.adapter.address[1]):
                raise AssertionError("two on one port")
        assert raised.value.key == "sip.udp_port"
        assert "taken by another program" in raised.value.found
