"""What the oracle sees of agents, contacts and offers: plain records, nothing shared with the engine."""

from __future__ import annotations

from dataclasses import dataclass, field

from acd.routing.model import Blend, Channel, Link, Needs, Origin, Presence, QueueRules


@dataclass
class SeenAgent:
    """An agent, as far as matching goes."""

    id: str
    region: str
    skills: dict[str, int]
    queues: dict[str, int]
    capacity: dict[Channel, int]
    blends: tuple[Blend, ...]
    groups: tuple[str, ...]
    weight: int
    presence: Presence = Presence.SIGNED_OUT
    next_presence: Presence | None = None
    links: set[Link] = field(default_factory=set)
    holding: dict[int, Channel] = field(default_factory=dict)
    wrapping: set[int] = field(default_factory=set)
    consulting: int = 0
    released_ms: int = 0
    signed_in_ms: int = 0
    worked_ms: int = 0
    at_work_since_ms: int | None = None
    taken: int = 0
    last_offer: int = 0
    share: int = 0
    rate: int = 0

    def is_at_work(self) -> bool:
        """Whether anything is in hand."""
        return bool(self.holding or self.wrapping or self.consulting)

    def clock(self, now_ms: int) -> None:
        """Keep the working time after something was taken in hand or put down."""
        if self.is_at_work():
            if self.at_work_since_ms is None:
                self.at_work_since_ms = now_ms
        elif self.at_work_since_ms is not None:
            self.worked_ms += now_ms - self.at_work_since_ms
            self.at_work_since_ms = None

    def stamp(self, now_ms: int) -> None:
        """Take the shares, as NOTES.md says: at a release and when presence is set."""
        worked = self.worked_ms + (now_ms - self.at_work_since_ms if self.at_work_since_ms is not None else 0)
        here = max(1, now_ms - self.signed_in_ms)
        self.share = min(1000, worked * 1000 // here)
        self.rate = min(2**32 - 1, self.taken * 3_600_000_000 // here)

    def release(self, now_ms: int) -> None:
        """Capacity came back."""
        self.released_ms = now_ms
        self.clock(now_ms)
        self.stamp(now_ms)


@dataclass
class SeenContact:
    """A contact, as far as matching goes."""

    id: str
    number: int
    rules: QueueRules
    channel: Channel
    origin: Origin
    region: str | None
    arrived_ms: int
    since_ms: int
    needs: Needs
    own_needs: Needs
    head_start_ms: int
    owner: str | None
    links: set[Link]
    is_repeat: bool
    state: str = "waiting"
    not_before_ms: int = 0
    alone_until_ms: int = 0
    answered: bool = False
    refused: dict[str, int] = field(default_factory=dict)

    def order(self) -> tuple[int, int]:
        """Place in the line."""
        return self.arrived_ms - self.head_start_ms, self.number


@dataclass
class SeenOffer:
    """An offer or assignment."""

    contact: SeenContact
    agent: SeenAgent
    rules: QueueRules
    state: str = "open"
    connected: bool = False
    blocks: bool = False
    consulted: str | None = None
