"""Return calls, transfers and consults: the legs that we call ourselves."""

from __future__ import annotations

import pytest

from acd.routing import events as ev
from acd.routing import outputs as out
from acd.routing.model import AgentId, Channel, ContactId, EntryId, EntryRules, OfferId, QueueId, Rules
from telephony_adapters.sip.actions import ALLOW
from telephony_adapters.sip.legs import CallCame, Leg, LegEnded
from telephony_adapters.sip.sdp import direction_of, endpoint_of
from tests.telephony_adapters.sip.house import House, running_house
from tests.telephony_adapters.sip.telephones import Telephone

RETURN = ContactId("c1+return")
NUMBER = "+861012345678"


async def house_with_trunk(house: House, **habits: object) -> Telephone:
    """Return a telephone that stands where the trunk leads."""
    trunk = await house.telephone("trunk", **habits)
    house.adapter.board.settings = house.adapter.settings = _with_trunk(house, trunk)
    return trunk


def _with_trunk(house: House, trunk: Telephone):  # type: ignore[no-untyped-def]
    from dataclasses import replace

    return replace(house.adapter.settings, trunk=trunk.address)


def dial(number: str = NUMBER, ring_ms: int = 5_000) -> out.DialCustomer:
    """The engine's order after the agent accepted a return call."""
    return out.DialCustomer("sip", OfferId(1), RETURN, AgentId("agent1"), number, ring_ms)


def present(contact: ContactId = RETURN) -> out.PresentOffer:
    """The offer of the return call."""
    return out.PresentOffer(
        "", OfferId(1), contact, AgentId("agent1"), QueueId("q"), Channel.VOICE, 0, "", "en", "sip"
    )


async def agent_picked(house: House) -> Telephone:
    """Return the agent's telephone, picked up for a return call."""
    house.stand_in.is_routing = False
    agent = await house.agent("2001")
    house.stand_in.order(present())
    await house.stand_in.until(lambda: house.stand_in.of(ev.OfferAccepted))
    return agent


async def test_a_return_call_rings_the_agent_then_the_customer_and_joins_both() -> None:
    async with running_house() as house:
        trunk = await house_with_trunk(house)
        agent = await agent_picked(house)
        house.stand_in.order(dial())
        await house.stand_in.until(lambda: house.stand_in.of(ev.ContactConnected))
        assert endpoint_of(agent.legs[0].remote_sdp) == endpoint_of(trunk.sdp)
        assert endpoint_of(trunk.legs[0].remote_sdp) == endpoint_of(agent.sdp)
        assert trunk.requests[0].uri.startswith(f"sip:{NUMBER}@")
        trunk.hang_up(trunk.legs[0])
        await house.stand_in.until(lambda: house.stand_in.of(ev.CustomerLeft))


@pytest.mark.parametrize(
    ("status", "outcome"), [(486, "busy"), (480, "no_answer"), (404, "unreachable"), (302, "unreachable")]
)
async def test_a_customer_who_is_not_reached_is_told_apart(status: int, outcome: str) -> None:
    async with running_house() as house:
        await house_with_trunk(house, status=status)
        await agent_picked(house)
        house.stand_in.order(dial())
        await house.stand_in.until(lambda: house.stand_in.of(ev.DialFailed))
        assert house.stand_in.of(ev.DialFailed)[0].outcome == outcome


async def test_a_customer_who_does_not_pick_up_in_time_is_no_answer_and_rings_no_more() -> None:
    async with running_house() as house:
        trunk = await house_with_trunk(house, answers=False)
        await agent_picked(house)
        house.stand_in.order(dial(ring_ms=200))
        await house.stand_in.until(lambda: house.stand_in.of(ev.DialFailed))
        assert house.stand_in.of(ev.DialFailed)[0].outcome == "no_answer"
        await trunk.until(lambda: trunk.of(LegEnded))


@pytest.mark.parametrize(
    "number", ["+19005551234", "tel:+861012345678", "861012345678x", "+8610;phone-context=x", ""]
)
async def test_numbers_that_are_not_allowed_are_never_dialled(number: str) -> None:
    async with running_house() as house:
        trunk = await house_with_trunk(house)
        await agent_picked(house)
        house.stand_in.order(dial(number))
        await house.stand_in.until(lambda: house.stand_in.of(ev.DialFailed))
        assert house.stand_in.of(ev.DialFailed)[0].outcome == "forbidden"
        assert not trunk.of(CallCame)


async def test_a_customer_first_return_call_plays_music_until_the_agent_comes() -> None:
    async with running_house() as house:
        trunk = await house_with_trunk(house)
        house.stand_in.is_routing = False
        agent = await house.agent("2001")
        house.stand_in.order(dial())
        await house.stand_in.until(lambda: house.stand_in.of(ev.CustomerReached))
        house.stand_in.order(present())
        await house.stand_in.until(lambda: house.stand_in.of(ev.OfferAccepted))
        house.stand_in.order(out.ConnectContact("sip", OfferId(1), RETURN, AgentId("agent1"), Channel.VOICE))
        await house.stand_in.until(lambda: house.stand_in.of(ev.ContactConnected))
        assert endpoint_of(trunk.legs[0].remote_sdp) == endpoint_of(agent.sdp)


async def talking(house: House) -> tuple[Telephone, Leg, Telephone, Leg, ContactId]:
    """Return caller and first agent in a talk."""
    agent = await house.agent("2001")
    caller = await house.telephone("13800138000")
    leg = caller.call("4001")
    await house.stand_in.until(lambda: house.stand_in.of(ev.ContactConnected))
    house.stand_in.is_routing = False
    return caller, leg, agent, agent.legs[0], house.stand_in.of(ev.ContactArrived)[0].contact


async def test_a_transfer_to_a_number_outside_connects_the_customer_and_leaves_us_out() -> None:
    async with running_house() as house:
        trunk = await house_with_trunk(house)
        caller, leg, agent, _, contact = await talking(house)
        house.stand_in.order(out.TransferOut("sip", OfferId(1), contact, AgentId("agent1"), NUMBER))
        await house.stand_in.until(lambda: house.stand_in.of(ev.CustomerLeft))
        assert house.stand_in.of(ev.CustomerLeft)[0].reason == "transferred"
        house.stand_in.order(out.ReleaseAgent("", OfferId(1), contact, AgentId("agent1"), "transferred"))
        await agent.until(lambda: agent.of(LegEnded))
        assert endpoint_of(leg.remote_sdp) == endpoint_of(trunk.sdp)
        caller.hang_up(leg)
        await trunk.until(lambda: trunk.of(LegEnded))
        assert not house.adapter.board.calls


async def test_a_transfer_that_fails_leaves_both_together() -> None:
    async with running_house() as house:
        await house_with_trunk(house, status=486)
        _, leg, _, agent_leg, contact = await talking(house)
        house.stand_in.order(out.TransferOut("sip", OfferId(1), contact, AgentId("agent1"), NUMBER))
        await house.stand_in.until(lambda: house.stand_in.of(ev.ConnectFailed))
        assert leg.is_up and agent_leg.is_up


async def test_a_consulted_agent_takes_the_customer_over() -> None:
    async with running_house() as house:
        caller, leg, agent, agent_leg, contact = await talking(house)
        second = await house.agent("2002")
        one = AgentId("agent1")
        house.stand_in.order(
            out.HoldContact("sip", OfferId(1), contact, one, True, 1),
            out.StartConsult("sip", OfferId(1), contact, one, 1, to_agent=AgentId("agent2")),
        )
        await house.stand_in.until(lambda: house.stand_in.of(ev.ConsultConnected))
        assert endpoint_of(agent_leg.remote_sdp) == endpoint_of(second.sdp)
        house.stand_in.order(
            out.EndConsult("sip", OfferId(1), contact, one, 2, "transfer"),
            out.ReleaseAgent("", OfferId(1), contact, one, "transferred"),
        )
        await agent.until(lambda: agent.of(LegEnded))
        await caller.until(lambda: endpoint_of(leg.remote_sdp) == endpoint_of(second.sdp))
        assert second.legs[0].is_up


async def test_a_consult_that_is_taken_back_leaves_the_customer_with_the_first_agent() -> None:
    async with running_house() as house:
        caller, leg, agent, agent_leg, contact = await talking(house)
        second = await house.agent("2002")
        one = AgentId("agent1")
        house.stand_in.order(
            out.HoldContact("sip", OfferId(1), contact, one, True, 1),
            out.StartConsult("sip", OfferId(1), contact, one, 1, to_agent=AgentId("agent2")),
        )
        await house.stand_in.until(lambda: house.stand_in.of(ev.ConsultConnected))
        house.stand_in.order(out.EndConsult("sip", OfferId(1), contact, one, 2, "retrieve"))
        await second.until(lambda: second.of(LegEnded))
        await caller.until(lambda: endpoint_of(leg.remote_sdp) == endpoint_of(agent.sdp))
        await agent.until(lambda: endpoint_of(agent_leg.remote_sdp) == endpoint_of(caller.sdp))
        assert direction_of(agent_leg.remote_sdp) == "sendrecv"


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("sip:4001@127.0.0.1", ev.TransferAsked(OfferId(1), to_queue=QueueId("support"))),
        ("sip:2002@127.0.0.1", ev.TransferAsked(OfferId(1), to_agent=AgentId("agent2"))),
        (f"sip:{NUMBER}@127.0.0.1", ev.TransferAsked(OfferId(1), to_number=NUMBER)),
    ],
)
async def test_a_blind_transfer_from_the_agents_telephone(target: str, expected: ev.TransferAsked) -> None:
    async with running_house() as house:
        _, _, agent, leg, _ = await talking(house)
        house.adapter._queue_of = {"4001": "support"}
        agent.signalling._send_inside(leg, "REFER", agent.now_ms(), (("Refer-To", f"<{target}>"),))
        agent.flush()
        await house.stand_in.until(lambda: house.stand_in.of(ev.TransferAsked))
        assert house.stand_in.of(ev.TransferAsked) == [expected]
        await agent.until(lambda: len([r for r in agent.requests if r.method == "NOTIFY"]) == 2)
        assert agent.requests[-1].body == b"SIP/2.0 200 OK\r\n"
        assert 202 in agent.statuses()


async def test_transfers_to_forbidden_numbers_and_by_customers_are_refused() -> None:
    async with running_house() as house:
        caller, caller_leg, agent, leg, _ = await talking(house)
        agent.signalling._send_inside(
            leg, "REFER", agent.now_ms(), (("Refer-To", "<sip:+19005551234@x.example>"),)
        )
        agent.flush()
        await agent.until(lambda: 403 in agent.statuses())
        caller.signalling._send_inside(
            caller_leg, "REFER", caller.now_ms(), (("Refer-To", "<sip:4001@x.example>"),)
        )
        caller.flush()
        await caller.until(lambda: 403 in caller.statuses())
        assert not house.stand_in.of(ev.TransferAsked)
        assert caller_leg.is_up and leg.is_up
        assert "REFER" in ALLOW


async def test_an_agent_who_does_not_talk_yet_transfers_nobody() -> None:
    async with running_house() as house:
        house.stand_in.on_event = lambda event: [] if isinstance(event, ev.OfferAccepted) else None
        agent = await house.agent("2001")
        caller = await house.telephone("13800138000")
        caller.call("4001")
        await agent.until(lambda: agent.legs and agent.legs[0].is_up)
        agent.signalling._send_inside(agent.legs[0], "REFER", agent.now_ms(), (("Refer-To", "<sip:2002@x>"),))
        agent.flush()
        await agent.until(lambda: 403 in agent.statuses())


async def test_the_queue_of_an_entry_is_learnt_from_the_rules() -> None:
    from acd.ports import Record

    async with running_house() as house:
        rules = Rules(1, entries=(EntryRules(EntryId("4001"), QueueId("support")),))
        house.adapter.observe(Record(1, 1, 0, ev.TimePassed(), [out.RulesInForce(rules)]), True)
        assert house.adapter.queue_of("4001") == "support"
