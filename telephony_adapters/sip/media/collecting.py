"""Which keys a customer presses: so many, or until an end key, or until they stop pressing. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from telephony_adapters.sip.media.g711 import FRAME_MS
from telephony_adapters.sip.media.rtp import DIGITS


class CollectEnd(StrEnum):
    """Why a collection is over."""

    COMPLETE = "complete"
    """As many keys as asked for, or the end key."""
    TIMEOUT = "timeout"
    """No key for too long; `digits` may hold some."""
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class CollectRules:
    """What is asked for."""

    digits_max: int = 1
    allowed: str = DIGITS
    """Other keys are passed over."""
    end_digits: str = "#"
    """End it; part of no answer. Empty: none."""
    first_ms_max: int = 8_000
    next_ms_max: int = 4_000


@dataclass(frozen=True, slots=True)
class Collected:
    """The outcome."""

    digits: str
    end: CollectEnd


class Collector:
    """One collection."""

    __slots__ = ("_digits", "_rules", "_waited_ms")

    def __init__(self, rules: CollectRules) -> None:
        assert rules.digits_max > 0, "a collection asks for at least one key"
        self._rules = rules
        self._digits = ""
        self._waited_ms = 0

    def take(self, digit: str) -> CollectEnd | None:
        """Take one key; return the end if this was the last."""
        self._waited_ms = 0
        if digit in self._rules.end_digits:
            return CollectEnd.COMPLETE
        if digit in self._rules.allowed:
            self._digits += digit
        return CollectEnd.COMPLETE if len(self._digits) >= self._rules.digits_max else None

    def tick(self) -> bool:
        """Let 20 ms pass; return whether the customer has taken too long."""
        self._waited_ms += FRAME_MS
        limit = self._rules.next_ms_max if self._digits else self._rules.first_ms_max
        return self._waited_ms >= limit

    def result(self, end: CollectEnd) -> Collected:
        """Return what was pressed."""
        return Collected(self._digits, end)
