"""The place where all legs without a peer of their own have their sound.

`MediaRoom.open` gives a leg its ports, answers its description and keeps it in time with one ticker for all.
The room holds what legs share: clips, the ticker, the port pool, the thread that writes recordings. It has a limit
(the port range) and refuses beyond it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from telephony_adapters.sip.media.errors import MediaRefused
from telephony_adapters.sip.media.leg import MediaLeg
from telephony_adapters.sip.media.prompts import PromptLibrary
from telephony_adapters.sip.media.sockets import PortPool, SocketPair
from telephony_adapters.sip.media.ticker import Ticker

_REPORT_EVERY_TICKS: Final = 5
_REPORT_ROUND_TICKS: Final = 250
"""Every leg reports once in about 5 s. Source: RFC 3550 section 6.2."""
_NTP_EPOCH_S: Final = 2_208_988_800


@dataclass(frozen=True, slots=True)
class MediaSettings:
    """Where legs live."""

    bind_host: str = "127.0.0.1"
    public_host: str = ""
    """What descriptions name; empty: `bind_host`. Behind a NAT the address that peers reach."""
    port_min: int = 10_000
    port_max: int = 19_999


@dataclass(frozen=True, slots=True)
class MediaFigures:
    """For the metrics."""

    legs: int
    ports_free: int
    ticks_skipped: int
    refused: int


class MediaRoom:
    """All methods belong to the thread of the running loop."""

    def __init__(self, settings: MediaSettings, library: PromptLibrary) -> None:
        """Use the running loop; `library` is shared and read only."""
        self._loop = asyncio.get_running_loop()
        self._settings = settings
        self._library = library
        self._ports = PortPool(settings.bind_host, settings.port_min, settings.port_max)
        self._ticker = Ticker(self._loop)
        self._disk = ThreadPoolExecutor(max_workers=1, thread_name_prefix="recordings")
        self._legs: dict[MediaLeg, SocketPair] = {}
        self._to_report: deque[MediaLeg] = deque()
        self._reporter = _Reporter(self)
        self._refused = 0
        self._is_closed = False

    def open(self, contact_id: str, remote_sdp: bytes | None) -> MediaLeg:
        """Give a leg its ports and start its sound; until it is told otherwise it says silence.

        Args:
            contact_id: For the log.
            remote_sdp: The peer's offer; `local_sdp` of the leg is then our answer. None: `local_sdp` is our
                own offer, and the leg is silent until `accept` brings the peer's answer.

        Raises:
            MediaRefused: 488 if the description cannot be served, 503 if no port is free.
        """
        try:
            pair = self._ports.open_pair()
        except MediaRefused:
            self._refused += 1
            raise
        host = self._settings.public_host or self._settings.bind_host
        leg = MediaLeg(self._loop, contact_id, pair, host, self._library, self._disk, self._on_closed)
        self._legs[leg] = pair
        try:
            if remote_sdp is not None:
                leg.answer(remote_sdp)
        except MediaRefused:
            self._refused += 1
            leg.close()
            raise
        if len(self._legs) == 1:
            self._ticker.add(self._reporter)
        self._ticker.add(leg)
        self._to_report.append(leg)
        return leg

    def figures(self) -> MediaFigures:
        """Return the counters of now."""
        return MediaFigures(len(self._legs), self._ports.free, self._ticker.ticks_skipped, self._refused)

    async def close(self) -> None:
        """Close every leg and wait until all recordings are on the disk. A second close is no error."""
        if self._is_closed:
            return
        self._is_closed = True
        for leg in list(self._legs):
            leg.close()
        await self._loop.run_in_executor(self._disk, _nothing)
        self._disk.shutdown(wait=True)
        # The last callbacks of the writing thread are already on the loop; let them run.
        await asyncio.sleep(0)

    def report_some(self) -> None:
        """Let the legs whose turn it is send their reports."""
        turns = -(-len(self._to_report) * _REPORT_EVERY_TICKS // _REPORT_ROUND_TICKS)
        # Wall time only labels reports; nothing here is decided by it.
        ntp = int((self._loop.time() + _NTP_EPOCH_S) * (1 << 32)) & 0xFFFFFFFFFFFFFFFF
        for _ in range(turns):
            leg = self._to_report.popleft()
            leg.report(ntp)
            self._to_report.append(leg)

    def _on_closed(self, leg: MediaLeg) -> None:
        pair = self._legs.pop(leg)
        self._ticker.remove(leg)
        if leg in self._to_report:
            self._to_report.remove(leg)
        if not self._legs:
            self._ticker.remove(self._reporter)
        self._ports.close_pair(pair)


class _Reporter:
    """A member of the ticker that owns no leg."""

    def __init__(self, room: MediaRoom) -> None:
        self._room = room
        self._ticks = 0

    def tick(self) -> None:
        self._ticks += 1
        if self._ticks % _REPORT_EVERY_TICKS == 0:
            self._room.report_some()

    def skip(self, ticks: int) -> None:
        self._ticks += ticks


def _nothing() -> None:
    return None
