"""Who calls and who answers: a seeded population. The same seed gives the same people, on any machine.

Only `random.Random` under a string seed is used, and only its integer and float draws, so that neither hash
order nor the platform changes a day. Times are whole milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, pi
from random import Random
from typing import TypeVar

import msgspec

HOUR_MS = 3_600_000

FAMILY = (
    "Wang",
    "Li",
    "Zhang",
    "Liu",
    "Chen",
    "Yang",
    "Smith",
    "Jones",
    "Brown",
    "Taylor",
    "Wilson",
    "Evans",
)
GIVEN = (
    "Mei",
    "Jun",
    "Lan",
    "Wei",
    "Ying",
    "Hao",
    "Anna",
    "Ben",
    "Clara",
    "David",
    "Ella",
    "Frank",
    "Grace",
    "Henry",
)
Thing = TypeVar("Thing")


class CustomerProfile(msgspec.Struct, frozen=True):
    """How customers behave. Shares are per mille, times are means in ms unless said."""

    per_hour: int = 600
    """Arrivals in a mean hour; the day bends it by `swing`."""
    swing: int = 400
    """How much the busiest hour (at noon) lies over the mean, per mille; 0 makes a flat day."""
    patience_ms: int = 180_000
    talk_ms: int = 180_000
    known: int = 300
    """Share of arrivals by customers who have called before."""
    accepts_overflow: int = 500
    keeps_silent: int = 0
    """Share of those who are offered a way out and say nothing."""
    hangs_up_first: int = 600
    """Share of talks that the customer ends; the agent ends the others."""
    gives_up_intake: int = 100
    dialled_busy: int = 150
    """Share of return calls that do not reach the customer."""


class AgentProfile(msgspec.Struct, frozen=True):
    """How agents behave; as above."""

    reaction_ms: int = 2_000
    declines: int = 15
    misses: int = 20
    wrap_up_ms: int = 20_000
    rest_ms: int = 60_000
    """How long they rest after a missed offer or a break before they are ready again."""
    break_every_ms: int = 2 * HOUR_MS
    consulted_ms: int = 5_000
    """Until whoever is consulted, or a number outside, picks up."""
    holds: int = 80
    transfers: int = 30
    drops_every_ms: int = 0
    """How often a desk loses its connection, in the mean; 0: never."""
    drop_ms: int = 20_000
    """How long it stays away then."""


class Chance:
    """Draws in whole numbers from one seed; each purpose may have a stream of its own."""

    def __init__(self, seed: str) -> None:
        self._random = Random(seed)

    def share(self, per_mille: int) -> bool:
        """Return True in so many of a thousand cases."""
        return per_mille > 0 and self._random.randrange(1000) < per_mille

    def around(self, mean_ms: int) -> int:
        """Return an exponential time of this mean, at least 1 ms."""
        return max(1, int(self._random.expovariate(1.0) * mean_ms))

    def below(self, limit: int) -> int:
        """Return a whole number of [0, limit)."""
        return self._random.randrange(limit)

    def pick(self, things: Sequence[Thing]) -> Thing:
        """Return one of these, which must not be empty."""
        return things[self._random.randrange(len(things))]


def rate_per_hour(profile: CustomerProfile, at_ms: int) -> float:
    """Return the arrivals per hour at this moment of a UTC day: a cosine with its peak at noon."""
    hour = at_ms % (24 * HOUR_MS) / HOUR_MS
    bend = 1.0 + profile.swing / 1000.0 * cos((hour - 12.0) / 12.0 * pi)
    return profile.per_hour * bend


def next_arrival_ms(chance: Chance, profile: CustomerProfile, now_ms: int) -> int:
    """Return the moment of the next arrival after `now_ms` (Poisson at the rate of now)."""
    return now_ms + chance.around(int(HOUR_MS / max(rate_per_hour(profile, now_ms), 0.001)))


def name_of(identity: str) -> str:
    """Return the name under which a simulated customer is known: always the same for the same identity."""
    number = sum(ord(letter) * (place + 1) for place, letter in enumerate(identity))
    return f"{GIVEN[number % len(GIVEN)]} {FAMILY[number // len(GIVEN) % len(FAMILY)]}"
