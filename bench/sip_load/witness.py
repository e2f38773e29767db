"""What the telephones saw, put together: who was offered to whom and when, and whether it was right.

Independent of the server: only what went over the wire counts. A call is connected when the caller was told an
agent's media address and that agent the caller's: end to end, both ways.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Media = tuple[str, int]


@dataclass(slots=True)
class Call:
    """One caller's call, as seen from outside."""

    number: str
    media: Media
    arrived_s: float
    offered_s: float | None = None
    offers: int = 0
    agents: list[str] = field(default_factory=list)
    """Agents with whom it was connected, end to end, in order."""
    told: Media | None = None
    """The media address that the caller was given last."""
    ended: str = ""
    """`caller`, `agent`, or why it failed; empty while it lives."""


@dataclass(slots=True)
class Seat:
    """One agent, as seen from outside."""

    name: str
    media: Media
    told: Media | None = None
    freed_s: float | None = None
    """When the agent hung up last, until the next offer."""
    talks: int = 0


class Witness:
    """Keeps calls and seats; every telephone tells it what it saw."""

    def __init__(self) -> None:
        self.calls: dict[str, Call] = {}
        self.seats: dict[str, Seat] = {}
        self.arrival_to_offer_ms: list[float] = []
        self.freed_to_offer_ms: list[float] = []
        self.out_of_order = 0
        self.unknown_offers = 0
        self.offers = 0
        self.is_measuring = True
        self.on_connected: Callable[[Call], None] = lambda call: None
        self._line: dict[str, None] = {}
        """Numbers that wait, never offered yet, in order of arrival."""
        self._calls_by_media: dict[Media, Call] = {}
        self._seats_by_media: dict[Media, Seat] = {}

    def sit_down(self, name: str, media: Media) -> Seat:
        """A new agent."""
        seat = Seat(name, media)
        self.seats[name] = self._seats_by_media[media] = seat
        return seat

    def arrive(self, number: str, media: Media, now_s: float) -> Call:
        """A caller's INVITE leaves."""
        call = Call(number, media, now_s)
        self.calls[number] = self._calls_by_media[media] = call
        self._line[number] = None
        return call

    def offer(self, name: str, number: str, media: Media | None, now_s: float) -> None:
        """A new INVITE came to an agent; the caller is known by number, or by the media address in it."""
        seat = self.seats[name]
        self.offers += 1
        call = self.calls.get(number) or (self._calls_by_media.get(media) if media else None)
        if seat.freed_s is not None:
            if self.is_measuring:
                self.freed_to_offer_ms.append(1000 * (now_s - seat.freed_s))
            seat.freed_s = None
        if call is None:
            self.unknown_offers += 1
            return
        call.offers += 1
        if call.number in self._line:
            if next(iter(self._line)) != call.number:
                self.out_of_order += 1
            del self._line[call.number]
        if call.offered_s is None:
            call.offered_s = now_s
            if self.is_measuring:
                self.arrival_to_offer_ms.append(1000 * (now_s - call.arrived_s))

    def tell_caller(self, call: Call, media: Media | None) -> None:
        """The caller was given a media address."""
        call.told = media
        self._connect(call, self._seats_by_media.get(media) if media else None)

    def tell_agent(self, seat: Seat, media: Media | None) -> None:
        """The agent was given a media address."""
        seat.told = media
        self._connect(self._calls_by_media.get(media) if media else None, seat)

    def end(self, call: Call, how: str) -> None:
        """A call is over; the first word counts."""
        call.ended = call.ended or how
        self._line.pop(call.number, None)

    def free(self, seat: Seat, now_s: float) -> None:
        """An agent hangs up."""
        seat.freed_s, seat.told = now_s, None

    @property
    def waiting(self) -> int:
        """How many were never offered and are still there."""
        return len(self._line)

    def lost(self) -> dict[str, int]:
        """Return the calls that were not answered by exactly one agent, by what became of them."""
        counts: dict[str, int] = {}
        for call in self.calls.values():
            if len(call.agents) == 1 and call.ended in ("caller", "agent", "stopped"):
                continue
            if len(call.agents) > 1:
                why = "answered_twice"
            elif not call.ended:
                why = "not_ended" if call.agents else "never_answered"
            else:
                why = call.ended if not call.agents else f"connected_then_{call.ended}"
            if why == "stopped":
                continue
            counts[why] = counts.get(why, 0) + 1
        return dict(sorted(counts.items()))

    def _connect(self, call: Call | None, seat: Seat | None) -> None:
        if call is None or seat is None or call.told != seat.media or seat.told != call.media:
            return
        if not call.agents or call.agents[-1] != seat.name:
            call.agents.append(seat.name)
            seat.talks += 1
            self.on_connected(call)


def percentiles(samples: list[float]) -> dict[str, float | None]:
    """Return p50, p95 and p99 by nearest rank, rounded to 0.01; None where there are no samples."""
    ordered = sorted(samples)
    ranks = {"p50": 50, "p95": 95, "p99": 99}
    if not ordered:
        return dict.fromkeys(ranks)
    return {
        name: round(ordered[max(0, -(-len(ordered) * rank // 100) - 1)], 2) for name, rank in ranks.items()
    }


def media_hosts(first_octets: str) -> Iterator[str]:
    """Yield addresses of this machine that nobody else bears: one for each telephone, so that media tell who it is."""
    for high in range(256):
        for low in range(1, 255):
            yield f"{first_octets}.{high}.{low}"
