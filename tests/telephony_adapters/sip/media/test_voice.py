"""A leg in the bot's hands."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from acd.ports import CustomerGone, Keys, Prompt, Recorded, Voice
from telephony_adapters.sip.media import LegVoice, MediaLeg, MediaRoom
from tests.telephony_adapters.sip.media.phone import Phone

LOUD = bytes([0x10, 0x90] * 80)
ASKED = [Prompt("intake_category")]


@pytest.fixture
def leg(room: MediaRoom, phone: Phone) -> MediaLeg:
    return room.open("c1", phone.offer())


def test_it_is_a_voice(leg: MediaLeg, tmp_path: Path) -> None:
    voice: Voice = LegVoice(leg, tmp_path)
    assert voice


async def test_keys_are_collected_up_to_the_end_key(leg: MediaLeg, phone: Phone, tmp_path: Path) -> None:
    for digit in "13800#":
        phone.press(leg.port, digit)
    keys = await LegVoice(leg, tmp_path).ask(ASKED, "zh", digits_max=20)
    assert keys == Keys("13800", True)


async def test_silence_is_an_answer_that_is_not_complete(leg: MediaLeg, tmp_path: Path) -> None:
    assert await LegVoice(leg, tmp_path).ask(ASKED, "en", first_ms_max=40) == Keys("", False)


async def test_words_after_the_prompt_are_recorded(leg: MediaLeg, phone: Phone, tmp_path: Path) -> None:
    voice = LegVoice(leg, tmp_path)
    task = asyncio.ensure_future(voice.record([Prompt("intake_matter")], "en", name="c1-1"))
    for _ in range(30):
        before = len(phone.heard)
        phone.send(leg.port, LOUD)
        await phone.until(lambda packets, n=before: len(packets) > n)
    phone.press(leg.port, "#")
    recorded = await asyncio.wait_for(task, 5)
    assert (recorded.recording, recorded.key, recorded.failure) == ("c1-1.wav", "#", "")
    assert recorded.duration_ms > 100
    assert (tmp_path / "c1-1.wav").exists()


async def test_an_end_key_during_the_prompt_records_nothing(
    leg: MediaLeg, phone: Phone, tmp_path: Path
) -> None:
    phone.press(leg.port, "0")
    recorded = await LegVoice(leg, tmp_path).record([Prompt("intake_matter")], "en", name="a", end_keys="#0")
    assert recorded == Recorded("", key="0")


async def test_another_key_cuts_the_prompt_and_recording_begins(
    leg: MediaLeg, phone: Phone, tmp_path: Path
) -> None:
    voice = LegVoice(leg, tmp_path)
    task = asyncio.ensure_future(
        voice.record([Prompt("intake_matter")] * 100, "en", name="a", length_ms_max=100)
    )
    phone.press(leg.port, "5")
    assert await asyncio.wait_for(task, 5) == Recorded("", 100)


async def test_who_hangs_up_while_the_bot_speaks_is_gone(leg: MediaLeg, tmp_path: Path) -> None:
    voice = LegVoice(leg, tmp_path)
    task = asyncio.ensure_future(voice.say([Prompt("intake_matter")], "en"))
    asyncio.get_running_loop().call_soon(leg.close)
    with pytest.raises(CustomerGone):
        await asyncio.wait_for(task, 5)
    with pytest.raises(CustomerGone):
        await voice.ask(ASKED, "en")


async def test_a_bot_that_is_stopped_falls_silent(leg: MediaLeg, phone: Phone, tmp_path: Path) -> None:
    task = asyncio.ensure_future(LegVoice(leg, tmp_path).say([Prompt("intake_matter")] * 100, "en"))
    await phone.until(lambda packets: any(packet.payload[0] != 0xFF for packet in packets))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    phone.heard.clear()
    heard = await phone.until(lambda packets: len(packets) >= 5)
    assert {packet.payload for packet in heard[2:]} == {b"\xff" * 160}
