"""A wire in memory between user agents: it loses, repeats and reorders datagrams, in virtual time."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable

from telephony_adapters.sip.dialogs import Identity
from telephony_adapters.sip.legs import LegHappening
from telephony_adapters.sip.signalling import Signalling
from telephony_adapters.sip.transactions import Peer

SDP = (
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
    b"m=audio 40000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n"
)


def counted_tokens(prefix: str) -> Callable[[], str]:
    """Tokens that repeat from run to run; the first eight characters are hexadecimal, as the real ones'."""
    counter = itertools.count(1)
    return lambda: f"{next(counter):08x}{prefix}"


class Party:
    """One user agent and what it does about its happenings."""

    def __init__(
        self, wire: Wire, peer: Peer, react: Callable[[Party, LegHappening], None] | None = None
    ) -> None:
        self.wire = wire
        self.peer = peer
        self.signalling = Signalling(
            Identity(peer[0], peer[1], counted_tokens(f"x{peer[1]}")), wire.chance.randint
        )
        self.happenings: list[LegHappening] = []
        self.react = react
        wire.parties[peer] = self

    def take(self, happenings: list[LegHappening]) -> None:
        """Note what happened, react, and put what is to be sent on the wire."""
        for happening in happenings:
            self.happenings.append(happening)
            if self.react is not None:
                self.react(self, happening)
        self.flush()

    def flush(self) -> None:
        """Put what is to be sent on the wire."""
        outbox, self.signalling.layer.outbox = self.signalling.layer.outbox, []
        for data, destination in outbox:
            self.wire.send(data, self.peer, destination)

    def of(self, kind: type) -> list[LegHappening]:
        """Return the happenings of one kind."""
        return [each for each in self.happenings if isinstance(each, kind)]


class Wire:
    """Loss, repetition and delays as shares of 1; everything comes from one seed."""

    def __init__(self, seed: int = 1, loss: float = 0.0, twice: float = 0.0, delay_ms_max: int = 5) -> None:
        self.chance = random.Random(seed)
        self.loss, self.twice, self.delay_ms_max = loss, twice, delay_ms_max
        self.now_ms = 1_000_000
        self.parties: dict[Peer, Party] = {}
        self.sent: list[tuple[bytes, Peer, Peer]] = []
        self.lost = 0
        self._flying: list[tuple[int, int, bytes, Peer, Peer]] = []
        self._later: list[tuple[int, int, Callable[[], None]]] = []
        self._count = itertools.count()

    def send(self, data: bytes, source: Peer, destination: Peer) -> None:
        """Take a datagram; it arrives later, twice, or never."""
        self.sent.append((data, source, destination))
        copies = 2 if self.chance.random() < self.twice else 1
        for _ in range(copies):
            if self.chance.random() < self.loss:
                self.lost += 1
                continue
            arrival = self.now_ms + self.chance.randint(1, self.delay_ms_max)
            heapq.heappush(self._flying, (arrival, next(self._count), data, source, destination))

    def later(self, delay_ms: int, do: Callable[[], None]) -> None:
        """Do something in virtual time."""
        heapq.heappush(self._later, (self.now_ms + delay_ms, next(self._count), do))

    def run(self, for_ms: int) -> None:
        """Let so much time pass; stops early when nothing is left to happen."""
        end = self.now_ms + for_ms
        while (due := self._next_due()) is not None and due <= end:
            self.now_ms = max(self.now_ms, due)
            while self._flying and self._flying[0][0] <= self.now_ms:
                _, _, data, source, destination = heapq.heappop(self._flying)
                party = self.parties.get(destination)
                if party is not None:
                    party.take(party.signalling.receive(data, source, self.now_ms))
            while self._later and self._later[0][0] <= self.now_ms:
                heapq.heappop(self._later)[2]()
            for party in list(self.parties.values()):
                deadline = party.signalling.next_deadline_ms
                if deadline is not None and deadline <= self.now_ms:
                    party.take(party.signalling.expire(self.now_ms))
        self.now_ms = end

    def _next_due(self) -> int | None:
        due = [self._flying[0][0]] if self._flying else []
        if self._later:
            due.append(self._later[0][0])
        for party in self.parties.values():
            deadline = party.signalling.next_deadline_ms
            if deadline is not None:
                due.append(deadline)
        return min(due) if due else None
