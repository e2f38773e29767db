"""A room with short clips, and a telephone."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from telephony_adapters.sip.media import MediaRoom, MediaSettings, PromptLibrary
from telephony_adapters.sip.media.prompts import required_clips
from tests.telephony_adapters.sip.media.phone import Phone, open_phone

MUSIC = bytes([0x11]) * 160 + bytes([0x22]) * 160 + bytes([0x33]) * 160


def short_library() -> PromptLibrary:
    """Every clip is three frames that bear its number, so that tests know what they hear."""
    clips = {name: bytes([0x80 + at % 100]) * 480 for at, name in enumerate(required_clips())}
    return PromptLibrary({**clips, "music": MUSIC})


@pytest.fixture
async def room() -> AsyncIterator[MediaRoom]:
    room = MediaRoom(MediaSettings(port_min=41_000, port_max=41_199), short_library())
    yield room
    await room.close()


@pytest.fixture
async def phone() -> AsyncIterator[Phone]:
    phone = await open_phone()
    yield phone
    phone.transport.close()
