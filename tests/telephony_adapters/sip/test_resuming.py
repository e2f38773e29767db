"""A crash: the adapter is gone without a word, another one takes the kept legs up on the same port."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from acd.ports import KeptLeg
from acd.routing import events as ev
from acd.routing import outputs as out
from acd.routing.model import ContactId, LegId
from telephony_adapters.sip.adapter import SipAdapter
from telephony_adapters.sip.legs import LegEnded
from telephony_adapters.sip.media import MediaRoom, MediaSettings
from telephony_adapters.sip.sdp import endpoint_of
from tests.telephony_adapters.sip.house import _LIBRARY, House, running_house


async def crash_and_resume(house: House, broken: bool = False) -> None:
    """Let the adapter vanish and start another one with what the journal kept."""
    old = house.adapter
    old.board.stop()
    old._connection.close()  # type: ignore[union-attr]
    await asyncio.sleep(0)  # the loop closes the socket on its next turn
    assert old._refresher is not None
    old._refresher.cancel()
    for timer in (old.phones._sweeper, old.phones._saver):
        if timer is not None:
            timer.cancel()
    for call in old.board.calls.values():
        old.board.close_sound(call)
    media = MediaRoom(MediaSettings(port_min=25_000, port_max=26_999), _LIBRARY[0])
    adapter = SipAdapter(replace(old.settings, port=old.address[1]), media)
    house.adapter = house.stand_in.adapter = adapter
    await adapter.start(house.stand_in.submit)
    kept = [
        KeptLeg(ContactId(contact), LegId(leg), b"rubbish" if broken else resume)
        for (contact, leg), resume in house.stand_in.legs.items()
    ]
    await adapter.resume(kept)


async def test_callers_in_line_are_taken_up_again_and_answered() -> None:
    async with running_house() as house:
        callers = [await house.telephone(f"1380013800{n}") for n in range(3)]
        legs = [caller.call("4001") for caller in callers]
        for caller in callers:
            await caller.until(lambda caller=caller: 183 in caller.statuses())
        order = list(house.stand_in.waiting)
        await crash_and_resume(house)
        assert set(house.adapter.board.calls) == set(order)
        for contact in order:
            house.stand_in.order(house.stand_in.treat(contact, "position", position=1))
        for caller, leg in zip(callers, legs, strict=True):
            await caller.until(lambda leg=leg: leg.is_up)
            early = next(response for response in caller.responses if response.status == 183)
            answered = next(response for response in caller.responses if response.status == 200)
            assert answered.body == early.body, "the answer must be the session of the early media"
            moved = str(house.adapter.board.calls[order[callers.index(caller)]].media.port)  # type: ignore[union-attr]
            await caller.until(lambda leg=leg, moved=moved: moved.encode() in leg.remote_sdp)
        agent = await house.agent("2001")
        for number, (caller, leg) in enumerate(zip(callers, legs, strict=True), 1):
            await house.stand_in.until(lambda n=number: len(house.stand_in.of(ev.ContactConnected)) == n)
            await caller.until(lambda leg=leg: endpoint_of(leg.remote_sdp) == endpoint_of(agent.sdp))
            caller.hang_up(leg)
            await house.stand_in.until(lambda n=number: len(house.stand_in.of(ev.CustomerLeft)) == n)
        assert [house.stand_in.offers[offer][0] for offer in sorted(house.stand_in.offers)] == order
        await house.adapter.stop()


@pytest.mark.parametrize("by_agent", [False, True])
async def test_a_bye_of_a_call_from_before_the_crash_is_understood(by_agent: bool) -> None:
    async with running_house() as house:
        agent = await house.agent("2001")
        caller = await house.telephone("13800138000")
        leg = caller.call("4001")
        await house.stand_in.until(lambda: house.stand_in.of(ev.ContactConnected))
        await house.stand_in.until(lambda: len(house.stand_in.legs) == 2)
        await crash_and_resume(house)
        if by_agent:
            agent.hang_up(agent.legs[0])
            await house.stand_in.until(lambda: house.stand_in.of(ev.AgentLegEnded))
            await caller.until(lambda: caller.of(LegEnded))
        else:
            caller.hang_up(leg)
            await house.stand_in.until(lambda: house.stand_in.of(ev.CustomerLeft))
            await agent.until(lambda: agent.of(LegEnded))
        assert 481 not in [*agent.statuses(), *caller.statuses()]
        await house.adapter.stop()


async def test_our_requests_after_a_crash_are_not_taken_for_old_ones() -> None:
    async with running_house() as house:
        agent = await house.agent("2001")
        caller = await house.telephone("13800138000")
        caller.call("4001")
        await house.stand_in.until(lambda: len(house.stand_in.legs) == 2)
        await house.stand_in.until(lambda: house.stand_in.of(ev.ContactConnected))
        for _ in range(3):  # not stored: these only raise the number of the next request
            house.adapter.reception.refresh()
            house.adapter.board.flush()
        await caller.until(lambda: [request.method for request in caller.requests].count("OPTIONS") == 3)
        await crash_and_resume(house)
        contact = house.stand_in.of(ev.ContactArrived)[0].contact
        house.stand_in.order(out.EndContact("sip", contact, "test"))
        await caller.until(lambda: caller.of(LegEnded))
        assert not agent.legs[0].is_ended
        await house.adapter.stop()


async def test_a_talk_whose_telephone_forgot_it_is_found_out_by_asking() -> None:
    async with running_house() as house:
        await house.agent("2001")
        caller = await house.telephone("13800138000")
        leg = caller.call("4001")
        await house.stand_in.until(lambda: house.stand_in.of(ev.ContactConnected))
        caller.signalling._forget(leg)  # the telephone was restarted
        await crash_and_resume(house)
        await house.stand_in.until(lambda: house.stand_in.of(ev.CustomerLeft))
        assert house.stand_in.of(ev.CustomerLeft)[0].reason == "lost"
        await house.adapter.stop()


async def test_legs_that_cannot_be_read_are_reported_as_gone() -> None:
    async with running_house() as house:
        caller = await house.telephone("13800138000")
        caller.call("4001")
        await caller.until(lambda: 182 in caller.statuses())
        await house.stand_in.until(lambda: house.stand_in.legs)
        await crash_and_resume(house, broken=True)
        await house.stand_in.until(lambda: house.stand_in.of(ev.LegsCompared))
        assert house.stand_in.of(ev.LegsCompared)[0].gone == tuple(house.stand_in.waiting)
        await house.adapter.stop()
