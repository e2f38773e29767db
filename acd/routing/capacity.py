"""How many contacts an agent may hold at once, and which may come while which are held."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from acd.routing.model import AgentRules, Blend, Channel

VOICE_ONE: Final = 1 << 16
"""One call in a load; chats count in the low half."""
LOADS: Final[Mapping[Channel, int]] = {Channel.VOICE: VOICE_ONE, Channel.CHAT: 1}
LINKS_OPEN: Final = 7
VOICE_OPEN: Final = 8
CHAT_OPEN: Final = 16
OPEN_BITS: Final[Mapping[Channel, int]] = {Channel.VOICE: VOICE_OPEN, Channel.CHAT: CHAT_OPEN}
_BOTH: Final = VOICE_OPEN | CHAT_OPEN


class Capacity:
    """Limits and blending of one kind of agent; agents with equal rules share it."""

    __slots__ = ("_open", "chat_admits", "chats_max", "voice_admits", "voices_max")

    def __init__(self, capacity: Mapping[Channel, int], blends: tuple[Blend, ...]) -> None:
        self.voices_max = capacity.get(Channel.VOICE, 0)
        self.chats_max = capacity.get(Channel.CHAT, 0)
        admits = {Channel.VOICE: 0, Channel.CHAT: 0}
        for blend in blends:
            for channel in blend.admits:
                admits[blend.holding] |= OPEN_BITS[channel]
        self.voice_admits = admits[Channel.VOICE]
        self.chat_admits = admits[Channel.CHAT]
        self._open: dict[int, int] = {}

    def open_channels(self, load: int) -> int:
        """Which channels (`OPEN_BITS`) may bring one more contact under this load."""
        bits = self._open.get(load)
        if bits is None:
            bits = self._open[load] = self._compute(load)
        return bits

    def load_share(self, load: int) -> int:
        """The load as share of the limit, per mille, of the channel that is fuller."""
        voices, chats = load >> 16, load & 0xFFFF
        return min(
            1000, max(voices * 1000 // max(1, self.voices_max), chats * 1000 // max(1, self.chats_max))
        )

    def _compute(self, load: int) -> int:
        voices, chats = load >> 16, load & 0xFFFF
        bits = _BOTH
        if voices:
            bits &= self.voice_admits
        if chats:
            bits &= self.chat_admits
        if voices >= self.voices_max:
            bits &= ~VOICE_OPEN
        if chats >= self.chats_max:
            bits &= ~CHAT_OPEN
        return bits


def capacity_key(rules: AgentRules) -> tuple[tuple[tuple[Channel, int], ...], tuple[Blend, ...]]:
    """By what agents share a `Capacity`."""
    return tuple(sorted(rules.capacity.items())), rules.blends
