"""kill -9 with callers waiting and calls in talk: nobody loses a place, and old calls are still understood."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from telephony_adapters.sip.legs import Leg, LegEnded
from telephony_adapters.sip.sdp import endpoint_of
from tests.end_to_end.house import ENTRY, Desk, Server
from tests.telephony_adapters.sip.telephones import Telephone

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


class Caller:
    """A customer's telephone with its one call."""

    def __init__(self, phone: Telephone) -> None:
        self.phone = phone
        self.leg: Leg = phone.call(ENTRY)

    def talks_with(self, agents: list[Telephone]) -> bool:
        """Whether the voice of this call goes to one of these telephones."""
        endpoint = endpoint_of(self.leg.remote_sdp) if self.leg.remote_sdp else None
        return endpoint in [endpoint_of(agent.sdp) for agent in agents]


async def open_callers(server: Server, numbers: range) -> list[Caller]:
    """Call one after the other, so that the order of arrival is known."""
    callers = []
    for number in numbers:
        phone = await Telephone(server.sip, f"1390000{number:04}").open()
        caller = Caller(phone)
        await phone.until(lambda phone=phone: any(status >= 180 for status in phone.statuses()), 20)
        callers.append(caller)
    return callers


async def open_agents(server: Server, count: int) -> tuple[list[Telephone], list[Desk]]:
    """Register the agents' telephones, and open their desks."""
    phones, desks = [], []
    for number in range(count):
        phone = await Telephone(server.sip, f"20{number:02}").open()
        response = await phone.register(f"phone-{number:02}")
        assert response.status == 200, response
        phones.append(phone)
    # Where the telephones are is kept in a file, half a second later.
    kept = server.folder / "var" / "registrations.json"
    await phones[0].until(lambda: kept.exists() and len(json.loads(kept.read_text())) == count)
    for number in range(count):
        desks.append(Desk(server, f"agent{number}", f"password-{number}"))
        await desks[-1].open()
    return phones, desks


async def state_before_kill(server: Server) -> tuple[int, str]:
    """Kill the server; return what it had said of its state, and hold it against the journal that is left."""
    seq, living = await server.state()
    while (asked_again := await server.state()) != (seq, living):  # the last legs are stored after they ring
        seq, living = asked_again
    await server.kill()
    told = await asyncio.to_thread(server.verify)
    assert told["last_seq"] == seq, "records were made between the question and the kill"
    assert told["state_hash"] == living, "the fold of the journal is not the state that lived"
    return seq, living


def line_of(facts: list[dict[str, Any]]) -> list[str]:
    """The contacts that wait, by arrival, as the facts tell it."""
    waiting: dict[str, None] = {}
    for fact in facts:
        if fact["type"] in ("ContactEntered", "ContactReturned"):
            waiting[fact["contact"]] = None
        elif fact["type"] in ("OfferMade", "ContactEnded"):
            waiting.pop(fact["contact"], None)
    return list(waiting)


async def test_twenty_waiting_and_ten_talking_survive_kill_9(tmp_path: Path) -> None:
    server = Server(tmp_path, agents=10)
    await server.start()
    phones, desks = await open_agents(server, 10)
    talking = await open_callers(server, range(10))
    for caller in talking:
        await caller.phone.until(lambda caller=caller: caller.talks_with(phones), 20)
    waiting = await open_callers(server, range(10, 30))
    try:
        await state_before_kill(server)
        before = line_of([fact for record in server.export() for fact in record["facts"]])
        assert len(before) == 20
        for desk in desks:
            await desk.close()
        await server.start()
        assert not any(caller.phone.of(LegEnded) for caller in (*talking, *waiting)), (
            "a call was ended by the restart"
        )
        records = server.export()
        assert line_of([fact for record in records for fact in record["facts"]]) == before
        for desk in desks:
            await desk.open()

        for number, old in enumerate([*talking, *waiting[:10]]):
            old.phone.hang_up(old.leg)
            await old.phone.until(lambda old=old: 200 in old.phone.statuses()[-1:], 20)
            chosen = waiting[number]
            await chosen.phone.until(lambda chosen=chosen: chosen.talks_with(phones), 20)
            assert not any(later.talks_with(phones) for later in waiting[number + 1 :]), (
                "somebody jumped the line"
            )
        assert all(481 not in caller.phone.statuses() for caller in talking), "an old call was not understood"

        facts = [fact for record in server.export() for fact in record["facts"]]
        ended = [fact["contact"] for fact in facts if fact["type"] == "ContactEnded"]
        assert len(ended) == len(set(ended)) == 20
        assert {fact["outcome"] for fact in facts if fact["type"] == "ContactEnded"} == {"answered"}
        first = [
            fact["contact"] for fact in facts if fact["type"] == "AssignmentConnected" and fact["is_first"]
        ]
        assert first[10:] == before, "answered in another order than they had waited"
    finally:
        for desk in desks:
            await desk.close()
        for phone in (*phones, *(caller.phone for caller in (*talking, *waiting))):
            phone.close()
        assert await server.stop() == 0
