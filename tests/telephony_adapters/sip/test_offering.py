"""What an agent's telephone can answer, and every race between caller, agent and engine."""

from __future__ import annotations

import asyncio

import pytest

from acd.routing import events as ev
from acd.routing import outputs as out
from acd.routing.model import OfferId
from telephony_adapters.sip.legs import CallCame, LegEnded
from tests.telephony_adapters.sip.house import running_house


@pytest.mark.parametrize(
    ("status", "kind", "outcome"),
    [
        (486, ev.OfferFailed, "busy"),
        (600, ev.OfferFailed, "busy"),
        (603, ev.OfferDeclined, None),
        (480, ev.OfferDeclined, None),
        (302, ev.OfferDeclined, None),
        (404, ev.OfferFailed, "unreachable"),
        (488, ev.OfferFailed, "unreachable"),
        (500, ev.OfferFailed, "unreachable"),
        (487, ev.OfferFailed, "no_answer"),
    ],
)
async def test_the_ways_of_not_answering_are_told_apart(status: int, kind: type, outcome: str | None) -> None:
    async with running_house() as house:
        await house.agent("2001", status=status)
        caller = await house.telephone("13800138000")
        caller.call("4001")
        await house.stand_in.until(lambda: house.stand_in.of(kind))
        assert getattr(house.stand_in.of(kind)[0], "outcome", None) == outcome
        await house.stand_in.until(lambda: not house.adapter.board.sides)
        assert len(house.adapter.board.calls) == 1


async def test_a_telephone_that_says_nothing_is_unreachable_and_no_longer_there() -> None:
    async with running_house(phone_silence_ms=300) as house:
        agent = await house.agent("2001")
        agent.is_deaf = True
        caller = await house.telephone("13800138000")
        caller.call("4001")
        await house.stand_in.until(lambda: house.stand_in.of(ev.OfferFailed))
        assert house.stand_in.of(ev.OfferFailed)[0].outcome == "unreachable"
        links = [(event.agent, event.is_up) for event in house.stand_in.of(ev.LinkChanged)]
        assert links == [("agent1", True), ("agent1", False)]


async def test_an_agent_without_a_telephone_is_unreachable() -> None:
    async with running_house() as house:
        house.stand_in.is_routing = False
        caller = await house.telephone("13800138000")
        caller.call("4001")
        await house.stand_in.until(lambda: house.stand_in.of(ev.ContactArrived))
        contact = house.stand_in.of(ev.ContactArrived)[0].contact
        house.stand_in.order(present(contact, 1))
        await house.stand_in.until(lambda: house.stand_in.of(ev.OfferFailed))


async def test_offers_of_other_channels_and_other_adapters_are_nobody_elses_business() -> None:
    async with running_house() as house:
        agent = await house.agent("2001")
        house.stand_in.order(
            present("web-1", 1, channel="chat", holder="web"), present("cti-1", 2, holder="cti")
        )
        await house.agent("2002")
        assert not agent.of(CallCame)
        assert not house.adapter.board.sides


async def test_a_caller_who_cancels_while_the_agent_rings_leaves_no_ringing_behind() -> None:
    async with running_house() as house:
        agent = await house.agent("2001", answers=False)
        caller = await house.telephone("13800138000")
        leg = caller.call("4001")
        await agent.until(lambda: agent.of(CallCame))
        caller.hang_up(leg)
        await agent.until(lambda: agent.of(LegEnded))
        assert agent.of(LegEnded)[0].reason == "cancelled"
        await caller.until(lambda: 487 in caller.statuses())
        assert house.stand_in.of(ev.CustomerLeft)[0].reason == "cancelled"
        assert not house.adapter.board.calls and not house.adapter.board.sides


@pytest.mark.parametrize("delay_ms", range(0, 60, 3))
async def test_a_caller_may_hang_up_at_any_instant_and_nobody_is_left_with_a_dead_line(delay_ms: int) -> None:
    async with running_house(treatment_delay_ms=10) as house:
        agent = await house.agent("2001")
        caller = await house.telephone("13800138000")
        leg = caller.call("4001")
        await asyncio.sleep(delay_ms / 1000)
        caller.hang_up(leg)
        await house.stand_in.until(lambda: house.stand_in.of(ev.CustomerLeft))
        await house.stand_in.until(lambda: not house.adapter.board.sides and not house.adapter.board.calls)
        await agent.until(lambda: all(each.is_ended for each in agent.legs))
        assert len(house.stand_in.of(ev.CustomerLeft)) == 1


async def test_an_offer_withdrawn_while_the_telephone_is_picked_up_is_hung_up() -> None:
    async with running_house() as house:
        agent = await house.agent("2001", answers=False)
        caller = await house.telephone("13800138000")
        caller.call("4001")
        await agent.until(lambda: agent.of(CallCame))
        contact, who = house.stand_in.offers[OfferId(1)]
        house.stand_in.is_routing = False
        house.stand_in.order(out.WithdrawOffer("", OfferId(1), contact, who, "no_answer"))
        agent.signalling.answer(agent.legs[0], agent.sdp, agent.now_ms())  # before the CANCEL is read
        agent.flush()
        await agent.until(lambda: agent.legs[0].is_ended)
        assert not house.stand_in.of(ev.OfferAccepted)
        assert len(house.adapter.board.calls) == 1


async def test_a_pick_up_that_the_engine_calls_late_is_hung_up() -> None:
    async with running_house() as house:
        agent = await house.agent("2001", answers=False)
        caller = await house.telephone("13800138000")
        caller.call("4001")
        await agent.until(lambda: agent.of(CallCame))
        house.stand_in.open_offers.clear()  # the engine has given the contact to somebody else
        agent.signalling.answer(agent.legs[0], agent.sdp, agent.now_ms())
        agent.flush()
        await agent.until(lambda: agent.legs[0].is_ended)


async def test_an_offer_accepted_at_the_desk_is_joined_when_the_telephone_is_picked_up() -> None:
    async with running_house() as house:
        agent = await house.agent("2001", answers=False)
        caller = await house.telephone("13800138000")
        caller.call("4001")
        await agent.until(lambda: agent.of(CallCame))
        house.stand_in.submit(ev.OfferAccepted(OfferId(1)))
        await house.stand_in.until(
            lambda: any(isinstance(c, out.ConnectContact) for c in house.stand_in.commands)
        )
        agent.signalling.answer(agent.legs[0], agent.sdp, agent.now_ms())
        agent.flush()
        await house.stand_in.until(lambda: house.stand_in.of(ev.ContactConnected))
        assert len(house.stand_in.of(ev.OfferAccepted)) == 1


async def test_an_order_that_was_done_is_not_done_again() -> None:
    async with running_house() as house:
        agent = await house.agent("2001")
        caller = await house.telephone("13800138000")
        caller.call("4001")
        await house.stand_in.until(lambda: house.stand_in.of(ev.ContactConnected))
        before = len(agent.requests), len(caller.responses)
        for command in list(house.stand_in.commands):
            house.adapter.execute(command)
        await house.agent("2002")
        assert (len(agent.requests), len(caller.responses)) == before


async def test_a_treatment_that_was_played_is_not_played_again() -> None:
    async with running_house(treatment_delay_ms=20_000) as house:
        caller = await house.telephone("13800138000")
        caller.call("4001")
        await caller.until(lambda: caller.statuses() == [182])
        for command in list(house.stand_in.commands):
            house.adapter.execute(command)
        house.stand_in.order(house.stand_in.treat(house.stand_in.waiting[0], "position", position=7))
        await caller.until(lambda: len(caller.statuses()) > 1)
        assert [response.reason for response in caller.responses][1] == "Queued, position 7"


def present(contact: str, offer: int, channel: str = "voice", holder: str = "sip") -> out.PresentOffer:
    """An offer of the first agent."""
    return out.PresentOffer("", offer, contact, "agent1", "q", channel, 0, "X", "en", holder)  # type: ignore[arg-type]
