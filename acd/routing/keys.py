"""Moment and number in one whole number: how everything that is sorted by time is kept.

Moments count in ms from `ORIGIN_MS`, not from 1970: so a key keeps within 62 bits from 2009 to 2043 (and within the 60
that Python holds in little space until 2030). A made-up clock may show any time: keys grow then, nothing else.
"""

from __future__ import annotations

from typing import Final

ORIGIN_MS: Final = 1_767_225_600_000
"""2026-01-01T00:00Z."""
NUMBER_BITS: Final = 23
"""Contacts bear numbers from 1 to 2**23 - 1, then from 1 again, never one that another living contact bears."""
NUMBER_MASK: Final = (1 << NUMBER_BITS) - 1
RANK_BITS: Final = 20
"""Agents are numbered by their place among all ids; so a zone has at most 2**20 of them."""
RANK_MASK: Final = (1 << RANK_BITS) - 1


def pack(moment_ms: int, number: int) -> int:
    """The key of a moment and what bears this number."""
    return ((moment_ms - ORIGIN_MS) << NUMBER_BITS) | number


def moment_of(key: int) -> int:
    """The moment of a key, in ms since 1970."""
    return (key >> NUMBER_BITS) + ORIGIN_MS
