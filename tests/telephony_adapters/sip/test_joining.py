"""Hold, retrieve, changes of the session, and the end of a talk from either side."""

from __future__ import annotations

import pytest

from acd.routing import events as ev
from acd.routing import outputs as out
from acd.routing.model import AgentId, OfferId
from telephony_adapters.sip.calls import SideState
from telephony_adapters.sip.legs import Leg, LegEnded, OfferAnswered, OfferCame, OfferRefused
from telephony_adapters.sip.sdp import direction_of, endpoint_of, with_direction
from tests.telephony_adapters.sip.house import House, running_house
from tests.telephony_adapters.sip.telephones import Telephone


async def talking(house: House, *, waits: bool = False) -> tuple[Telephone, Leg, Telephone, Leg]:
    """Return caller and agent in a talk; with `waits` the caller has heard music before."""
    caller = await house.telephone("13800138000")
    if waits:
        leg = caller.call("4001")
        await caller.until(lambda: 183 in caller.statuses())
        agent = await house.agent("2001")
    else:
        agent = await house.agent("2001")
        leg = caller.call("4001")
    await house.stand_in.until(lambda: house.stand_in.of(ev.ContactConnected))
    await caller.until(lambda: endpoint_of(leg.remote_sdp) == endpoint_of(agent.sdp))
    await caller.until(lambda: not leg.is_negotiating)
    return caller, leg, agent, agent.legs[0]


def hold_order(house: House, is_held: bool, turn: int) -> out.HoldContact:
    """The engine's order about the first offer."""
    contact, agent = house.stand_in.offers[OfferId(1)]
    return out.HoldContact("sip", OfferId(1), contact, agent, is_held, turn)


@pytest.mark.parametrize("waits", [False, True])
async def test_the_desk_holds_and_retrieves_and_the_customer_hears_music_meanwhile(waits: bool) -> None:
    async with running_house() as house:
        caller, leg, agent, agent_leg = await talking(house, waits=waits)
        house.stand_in.order(hold_order(house, True, 1))
        call = next(iter(house.adapter.board.calls.values()))
        await caller.until(lambda: call.media and str(call.media.port).encode() in leg.remote_sdp)
        await agent.until(lambda: direction_of(agent_leg.remote_sdp) == "inactive")
        house.stand_in.order(hold_order(house, False, 2))
        await caller.until(lambda: endpoint_of(leg.remote_sdp) == endpoint_of(agent.sdp))
        await house.stand_in.until(lambda: call.side and call.side.state is SideState.TALKING)
        assert direction_of(agent_leg.remote_sdp) == "sendrecv"
        assert call.media is None


async def test_hold_pressed_on_the_telephone_is_told_to_the_engine_and_answered_at_once() -> None:
    async with running_house() as house:
        caller, leg, agent, agent_leg = await talking(house)
        agent.signalling.offer(agent_leg, with_direction(agent.sdp, "sendonly"), agent.now_ms())
        agent.flush()
        await house.stand_in.until(lambda: house.stand_in.of(ev.HoldChosen))
        await agent.until(lambda: agent.of(OfferAnswered))
        assert direction_of(agent_leg.remote_sdp) == "recvonly"
        assert house.stand_in.of(ev.HoldChosen)[0].is_held
        house.stand_in.order(hold_order(house, True, 1))
        call = next(iter(house.adapter.board.calls.values()))
        await caller.until(lambda: call.media and str(call.media.port).encode() in leg.remote_sdp)
        agent.signalling.offer(agent_leg, agent.sdp, agent.now_ms())
        agent.flush()
        await house.stand_in.until(lambda: len(house.stand_in.of(ev.HoldChosen)) == 2)
        house.stand_in.order(hold_order(house, False, 2))
        await caller.until(lambda: endpoint_of(leg.remote_sdp) == endpoint_of(agent.sdp))


async def test_a_changed_session_of_the_customer_reaches_the_agent_and_the_answer_comes_back() -> None:
    async with running_house() as house:
        caller, leg, agent, _ = await talking(house)
        moved = caller.sdp.replace(f"m=audio {caller.rtp_port}".encode(), b"m=audio 41000")
        caller.sdp = moved
        caller.signalling.offer(leg, moved, caller.now_ms())
        caller.flush()
        await caller.until(lambda: caller.of(OfferAnswered))
        assert b"m=audio 41000" in agent.legs[0].remote_sdp
        assert endpoint_of(leg.remote_sdp) == endpoint_of(agent.sdp)


async def test_a_session_that_the_other_side_refuses_leaves_the_talk_as_it_was() -> None:
    async with running_house() as house:
        caller, leg, agent, agent_leg = await talking(house)
        before = agent_leg.remote_sdp

        def refuse(happening: object) -> None:
            if isinstance(happening, OfferCame):
                agent.signalling.refuse_offer(happening.leg, 488, agent.now_ms())

        agent._react = refuse  # type: ignore[method-assign, assignment]
        caller.signalling.offer(leg, caller.sdp.replace(b"RTP/AVP 0 8", b"RTP/AVP 9"), caller.now_ms())
        caller.flush()
        await caller.until(lambda: caller.of(OfferRefused))
        assert caller.of(OfferRefused)[0].status == 488
        assert leg.is_up and agent_leg.is_up
        assert before != b""


async def test_both_sides_change_their_session_at_the_same_time_and_both_get_through() -> None:
    async with running_house() as house:
        caller, leg, agent, agent_leg = await talking(house)
        for phone, its_leg, port in ((caller, leg, b"41000"), (agent, agent_leg, b"42000")):
            phone.sdp = phone.sdp.replace(f"m=audio {phone.rtp_port}".encode(), b"m=audio " + port)
            phone.signalling.offer(its_leg, phone.sdp, phone.now_ms())
        caller.flush()
        agent.flush()
        await caller.until(lambda: caller.of(OfferAnswered) and agent.of(OfferAnswered), 15)
        await caller.until(lambda: b"m=audio 42000" in leg.remote_sdp)
        await caller.until(lambda: b"m=audio 41000" in agent_leg.remote_sdp)
        assert not caller.of(LegEnded) and not agent.of(LegEnded)


async def test_an_agent_who_is_gone_before_the_customer_is_moved_fails_the_connection() -> None:
    async with running_house() as house:
        caller = await house.telephone("13800138000")
        caller.call("4001")
        await caller.until(lambda: 183 in caller.statuses())
        agent = await house.agent("2001")

        def leave(happening: object) -> None:
            if type(happening).__name__ == "LegAcknowledged":
                agent.hang_up(agent.legs[0])

        agent.on_happening = leave
        await house.stand_in.until(
            lambda: house.stand_in.of(ev.ConnectFailed) or house.stand_in.of(ev.AgentLegEnded)
        )
        await house.stand_in.until(lambda: house.adapter.board.calls)
        assert AgentId("agent1") in {agent for _, agent in house.stand_in.offers.values()}


async def test_a_customer_who_answers_the_move_from_another_port_is_found_there_by_the_agent() -> None:
    async with running_house() as house:
        caller = await house.telephone("13800138000")
        caller.call("4001")
        await caller.until(lambda: 183 in caller.statuses())
        caller.sdp = caller.sdp.replace(f"m=audio {caller.rtp_port}".encode(), b"m=audio 43000")
        agent = await house.agent("2001")
        await house.stand_in.until(lambda: house.stand_in.of(ev.ContactConnected))
        await agent.until(lambda: b"m=audio 43000" in agent.legs[0].remote_sdp)
