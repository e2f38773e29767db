"""What a waiting customer hears and answers: queue, questions, bot, ticket, message, refusal at the door."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from acd.ports import CustomerGone, Prompt, Voice
from acd.routing import events as ev
from acd.routing import outputs as out
from acd.routing.model import Channel, ContactId, OverflowAction, TicketId
from telephony_adapters.sip.legs import Leg, LegEnded, LegFailed
from tests.telephony_adapters.sip.house import House, running_house
from tests.telephony_adapters.sip.telephones import Telephone

INFO = (("Content-Type", "application/dtmf-relay"),)


def press(phone: Telephone, leg: Leg, digit: str) -> None:
    """Press a key, by INFO."""
    body = f"Signal={digit}\r\nDuration=160\r\n".encode()
    phone.signalling._send_inside(leg, "INFO", phone.now_ms(), INFO, body)
    phone.flush()


async def waiting(house: House) -> tuple[Telephone, Leg, ContactId]:
    """Return a caller who waits with music."""
    caller = await house.telephone("13800138000")
    leg = caller.call("4001")
    await caller.until(lambda: 183 in caller.statuses())
    return caller, leg, house.stand_in.of(ev.ContactArrived)[-1].contact


@pytest.mark.parametrize(("key", "choice"), [("1", "accept"), ("2", "decline")])
async def test_a_question_is_asked_in_an_answered_call_and_a_key_answers_it(key: str, choice: str) -> None:
    async with running_house() as house:
        caller, leg, contact = await waiting(house)
        offer = house.stand_in.treat(contact, "overflow_offer", action=OverflowAction.INTAKE)
        house.stand_in.order(offer)
        await caller.until(lambda: leg.is_up)
        press(caller, leg, key)
        await house.stand_in.until(lambda: house.stand_in.of(ev.CustomerChose))
        assert house.stand_in.of(ev.CustomerChose) == [ev.CustomerChose(contact, choice)]
        assert 200 in caller.statuses()


async def test_a_key_in_the_line_is_a_wish() -> None:
    async with running_house(answer_at_once=True) as house:
        caller = await house.telephone("13800138000")
        leg = caller.call("4001")
        await caller.until(lambda: leg.is_up)
        press(caller, leg, "9")
        await house.stand_in.until(lambda: house.stand_in.of(ev.CustomerChose))
        assert house.stand_in.of(ev.CustomerChose)[0].choice == "return_call"


async def test_a_caller_who_was_answered_for_the_music_is_moved_to_the_agent_by_reinvite() -> None:
    async with running_house(answer_at_once=True) as house:
        caller = await house.telephone("13800138000")
        leg = caller.call("4001")
        await caller.until(lambda: leg.is_up)
        await house.agent("2001")
        await house.stand_in.until(lambda: house.stand_in.of(ev.ContactConnected))
        assert [request.method for request in caller.requests] == ["INVITE", "ACK"]


async def test_early_media_becomes_an_answer_before_a_trunk_loses_patience() -> None:
    async with running_house(early_ms_max=100) as house:
        caller, leg, _ = await waiting(house)
        await caller.until(lambda: leg.is_up)


@pytest.mark.parametrize(
    ("code", "status"), [("unknown_entry", 404), ("closed", 480), ("full", 503), ("rules_missing", 503)]
)
async def test_who_is_turned_away_hears_the_reason_in_the_status(code: str, status: int) -> None:
    async with running_house() as house:
        house.stand_in.on_event = lambda event: (
            [out.TurnAway("sip", event.contact, code)] if isinstance(event, ev.ContactArrived) else None
        )
        caller = await house.telephone("13800138000")
        caller.call("4001")
        await caller.until(lambda: caller.of(LegFailed))
        assert caller.of(LegFailed)[0].status == status
        assert not house.adapter.board.calls
        assert (caller.responses[-1].get("Retry-After") is not None) == (status == 503)


async def test_a_full_house_says_503_with_retry_after_and_nothing_is_kept() -> None:
    async with running_house() as house:
        house.stand_in.refuses_arrivals = True
        caller = await house.telephone("13800138000")
        caller.call("4001")
        await caller.until(lambda: caller.of(LegFailed))
        assert caller.responses[-1].status == 503
        assert caller.responses[-1].get("Retry-After") == "10"
        assert not house.adapter.board.calls


async def test_a_message_is_played_to_its_end_and_then_the_call_is_over() -> None:
    async with running_house() as house:
        caller, _, contact = await waiting(house)
        house.stand_in.order(house.stand_in.treat(contact, "message", prompt="goodbye"))
        await caller.until(lambda: caller.of(LegEnded), 20)
        await house.stand_in.until(lambda: house.stand_in.of(ev.CustomerLeft))
        assert house.stand_in.of(ev.CustomerLeft)[0].reason == "said_goodbye"


async def test_the_ticket_is_told_and_the_call_ends() -> None:
    async with running_house() as house:
        caller, _, contact = await waiting(house)
        house.stand_in.order(out.TellTicket("sip", contact, TicketId("T-12"), "zh"))
        await caller.until(lambda: caller.of(LegEnded), 25)
        await house.stand_in.until(lambda: house.stand_in.of(ev.CustomerLeft))


class Bot:
    """An intake bot that asks one thing."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.voice: Voice | None = None

    def begin_voice(self, order: out.StartIntake, voice: Voice) -> None:
        """Keep the voice for the test."""
        self.voice = voice

    def begin_text(self, order: out.StartIntake, chat: object) -> None:
        """Never by telephone."""
        raise AssertionError("a telephone is no chat")

    async def ask(self, prompts: Sequence[Prompt]) -> str:
        """Ask for one key."""
        assert self.voice is not None
        return (await self.voice.ask(prompts, "en")).digits


async def test_the_bot_gets_the_leg_and_hears_keys_and_that_the_customer_is_gone(tmp_path: Path) -> None:
    bot = Bot()
    async with running_house(recordings=tmp_path) as house:
        house.adapter.treatments._bot = bot  # type: ignore[assignment]
        caller, leg, contact = await waiting(house)
        house.stand_in.order(out.StartIntake("", contact, 1, Channel.VOICE, "en"))
        await caller.until(lambda: leg.is_up and bot.voice)
        loop = house.adapter.board.loop
        loop.call_later(0.2, press, caller, leg, "3")
        assert await bot.ask([Prompt("intake_category")]) == "3"
        loop.call_later(0.2, caller.hang_up, leg)
        with pytest.raises(CustomerGone):
            await bot.ask([Prompt("intake_category")])


async def test_without_a_bot_the_customer_goes_back_in_line() -> None:
    async with running_house() as house:
        _, _, contact = await waiting(house)
        house.stand_in.order(out.StartIntake("", contact, 1, Channel.VOICE, "en"))
        await house.stand_in.until(lambda: house.stand_in.of(ev.IntakeGaveUp))
        assert house.stand_in.of(ev.IntakeGaveUp)[0].reason == "no_bot"


async def test_a_caller_whose_sound_we_cannot_serve_waits_in_silence_and_is_answered_all_the_same() -> None:
    async with running_house() as house:
        caller = await house.telephone("13800138000")
        caller.sdp = caller.sdp.replace(b"RTP/AVP 0 8 101", b"RTP/AVP 9")
        leg = caller.call("4001")
        await caller.until(lambda: 182 in caller.statuses())
        await house.agent("2001")
        await house.stand_in.until(lambda: house.stand_in.of(ev.ContactConnected))
        assert leg.is_up and 183 not in caller.statuses()


async def test_an_order_about_a_contact_that_is_gone_is_answered() -> None:
    async with running_house() as house:
        house.stand_in.order(
            house.stand_in.treat(ContactId("sip-gone"), "position"),
            out.ConnectContact("sip", 9, ContactId("sip-gone"), "agent1", Channel.VOICE),  # type: ignore[arg-type]
        )
        await house.stand_in.until(lambda: house.stand_in.of(ev.ConnectFailed))
        assert house.stand_in.of(ev.CustomerLeft) == [ev.CustomerLeft(ContactId("sip-gone"), "lost")]
