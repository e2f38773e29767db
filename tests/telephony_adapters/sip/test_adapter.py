"""Calls through the running adapter: real sockets, real telephones of our own, a stand-in of the engine."""

from __future__ import annotations

from acd.routing import events as ev
from telephony_adapters.sip.legs import LegAnswered, LegEnded, LegFailed
from telephony_adapters.sip.sdp import endpoint_of
from tests.telephony_adapters.sip.house import running_house


async def test_a_call_to_a_known_number_is_answered_by_the_agent_with_media_end_to_end() -> None:
    async with running_house() as house:
        agent = await house.agent("2001")
        caller = await house.telephone("13800138000")
        leg = caller.call("4001")
        await house.stand_in.until(lambda: house.stand_in.of(ev.ContactConnected))
        assert 182 in caller.statuses()
        assert endpoint_of(leg.remote_sdp) == endpoint_of(agent.sdp)
        assert endpoint_of(agent.legs[0].remote_sdp) == endpoint_of(caller.sdp)
        arrived = house.stand_in.of(ev.ContactArrived)[0]
        assert arrived.entry == "4001"
        assert arrived.identities == ("tel:13800138000",)
        caller.hang_up(leg)
        await agent.until(lambda: agent.of(LegEnded))
        assert not house.adapter.board.calls
        await house.stand_in.until(lambda: not house.adapter.board.sides)


async def test_a_caller_who_waits_hears_music_and_is_moved_to_the_agent_by_reinvite() -> None:
    async with running_house() as house:
        caller = await house.telephone("13800138000")
        leg = caller.call("4001")
        await caller.until(lambda: 183 in caller.statuses())
        queued = next(response for response in caller.responses if response.status == 182)
        assert queued.reason == "Queued, position 1, estimated wait 30 s"
        agent = await house.agent("2001")
        await house.stand_in.until(lambda: house.stand_in.of(ev.ContactConnected))
        await caller.until(
            lambda: endpoint_of(leg.remote_sdp) == endpoint_of(agent.sdp) or caller.of(LegAnswered)
        )
        assert [request.method for request in caller.requests].count("INVITE") == 1
        agent.hang_up(agent.legs[0])
        await caller.until(lambda: caller.of(LegEnded))
        assert house.stand_in.of(ev.AgentLegEnded)


async def test_an_unknown_number_is_404_and_a_busy_agent_sends_the_caller_back_in_line() -> None:
    async with running_house() as house:
        caller = await house.telephone("13800138000")
        caller.call("9999")
        await caller.until(lambda: caller.of(LegFailed))
        assert caller.of(LegFailed)[0].status == 404
        assert not house.stand_in.events
        await house.agent("2001", status=486)
        second = await house.agent("2002")
        caller.call("4001")
        await house.stand_in.until(lambda: house.stand_in.of(ev.ContactConnected))
        failed = house.stand_in.of(ev.OfferFailed)
        assert [each.outcome for each in failed] == ["busy"]
        assert second.legs[0].is_up
