"""A running adapter with a stand-in around it, for tests."""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from acd.routing.model import AgentId, EntryId
from telephony_adapters.sip.adapter import SipAdapter
from telephony_adapters.sip.media import MediaRoom, MediaSettings, PromptLibrary
from telephony_adapters.sip.settings import PhoneAccount, SipSettings
from tests.telephony_adapters.sip.stand_in import StandIn
from tests.telephony_adapters.sip.telephones import Telephone

_LIBRARY: list[PromptLibrary] = []
SETTINGS = SipSettings(
    port=0,
    entries=(EntryId("4001"), EntryId("+864002")),
    phones=(
        *(PhoneAccount(f"20{n:02}", "secret", AgentId(f"agent{n}")) for n in range(1, 6)),
        PhoneAccount("3001", "secret"),
    ),
    trusted=(ipaddress.ip_network("127.0.0.0/24"),),
    allowed_numbers=("+8610",),
    treatment_delay_ms=50,
)


class House:
    """What a test needs at hand."""

    def __init__(self, adapter: SipAdapter, stand_in: StandIn) -> None:
        self.adapter = adapter
        self.stand_in = stand_in
        self.phones: list[Telephone] = []

    async def telephone(self, number: str, host: str = "127.0.0.1", **habits: object) -> Telephone:
        """Return a telephone that is not registered."""
        phone = await Telephone(self.adapter.address, number, **habits).open(host)  # type: ignore[arg-type]
        self.phones.append(phone)
        return phone

    async def agent(self, number: str = "2001", **habits: object) -> Telephone:
        """Return a registered telephone of an agent."""
        phone = await self.telephone(number, **habits)
        response = await phone.register()
        assert response.status == 200, response
        return phone


@asynccontextmanager
async def running_house(
    recordings: Path | None = None, stand_in: StandIn | None = None, **changes: object
) -> AsyncIterator[House]:
    """Start the adapter with a stand-in; stop everything at the end."""
    if not _LIBRARY:
        _LIBRARY.append(PromptLibrary.load())
    media = MediaRoom(MediaSettings(port_min=21_000, port_max=24_999), _LIBRARY[0])
    settings = replace(SETTINGS, **changes)  # type: ignore[arg-type]
    if recordings is not None:
        settings = replace(settings, recordings=recordings)
    adapter = SipAdapter(settings, media)
    around = stand_in or StandIn()
    around.adapter = adapter
    house = House(adapter, around)
    await adapter.start(around.submit)
    await adapter.resume([])
    try:
        yield house
    finally:
        for phone in house.phones:
            phone.close()
        await adapter.stop()
        await media.close()
