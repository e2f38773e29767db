"""Telephones for tests: our own signalling over a real socket, driven by hand or by a habit."""

from __future__ import annotations

import asyncio
import itertools
import random
import secrets
from collections.abc import Callable

from telephony_adapters.sip.connection import UdpConnection, open_udp
from telephony_adapters.sip.dialogs import Identity
from telephony_adapters.sip.digest import build_authorization
from telephony_adapters.sip.errors import SipError
from telephony_adapters.sip.legs import (
    CallCame,
    Leg,
    LegHappening,
    OfferCame,
    StrangerCame,
)
from telephony_adapters.sip.limits import Rates, SourceLimits
from telephony_adapters.sip.message import SipRequest, SipResponse, build_response
from telephony_adapters.sip.sdp import direction_of, mirrored, with_direction
from telephony_adapters.sip.signalling import Signalling
from telephony_adapters.sip.transactions import Peer
from telephony_adapters.sip.wire import parse_message, serialize
from tests.telephony_adapters.sip.lossy import SDP

_RTP_PORTS = itertools.count(45_000, 2)


class Telephone:
    """A user agent. `answers`: picks up at once; `status`: refuses with this instead; None and False: rings on."""

    def __init__(self, server: Peer, number: str = "", *, answers: bool = True, status: int = 0) -> None:
        self.server = server
        self.number = number
        self.answers = answers
        self.status = status
        self.legs: list[Leg] = []
        self.happenings: list[LegHappening] = []
        self.responses: list[SipResponse] = []
        self.requests: list[SipRequest] = []
        self.raw: list[bytes] = []
        self.sdp = SDP
        self.on_happening: Callable[[LegHappening], None] | None = None
        self.is_deaf = False
        self.rtp_port = next(_RTP_PORTS)
        """Named in descriptions; nobody listens there."""
        self._timer: asyncio.TimerHandle | None = None
        self._changed = asyncio.Event()

    async def open(self, host: str = "127.0.0.1") -> Telephone:
        """Open the socket."""
        rates = Rates(10**6, 10**6, 10**6, 10**6)
        self._connection: UdpConnection
        self._connection, self.address = await open_udp(host, 0, self._heard, SourceLimits(rates))
        identity = Identity(self.address[0], self.address[1], lambda: secrets.token_hex(16))
        self.signalling = Signalling(identity, random.randint)
        self.sdp = SDP.replace(b"192.0.2.1", host.encode()).replace(b"40000", str(self.rtp_port).encode())
        return self

    def close(self) -> None:
        """Close the socket, without a word to anybody."""
        if self._timer is not None:
            self._timer.cancel()
        self._connection.close()

    def now_ms(self) -> int:
        """Monotonic milliseconds."""
        return int(asyncio.get_running_loop().time() * 1000)

    def call(self, user: str, sdp: bytes | None = None, from_user: str = "") -> Leg:
        """Call a number at the server."""
        leg = self.signalling.new_leg(secrets.token_hex(4), self.server)
        uri = f"sip:{user}@{self.server[0]}:{self.server[1]}"
        headers = {"From": [f"<sip:{from_user or self.number}@{self.address[0]}>"], "To": [f"<{uri}>"]}
        self.legs.append(leg)
        self.signalling.invite(leg, uri, headers, self.sdp if sdp is None else sdp, self.now_ms())
        self.flush()
        return leg

    def hang_up(self, leg: Leg) -> None:
        """End a leg."""
        self.signalling.hang_up(leg, self.now_ms())
        self.flush()

    async def register(self, password: str = "secret", expires: int = 600) -> SipResponse:
        """Register and return the last answer."""
        uri = f"sip:{self.server[0]}"
        call_id, tag = secrets.token_hex(8), secrets.token_hex(4)
        authorization = ""
        for number in (1, 2):
            own = f"sip:{self.number}@{self.server[0]}"
            lines = {
                "Via": [self.signalling.identity.via()],
                "Max-Forwards": ["70"],
                "From": [f"<{own}>;tag={tag}"],
                "To": [f"<{own}>"],
                "Call-ID": [call_id],
                "CSeq": [f"{number} REGISTER"],
                "Contact": [f"<sip:{self.number}@{self.address[0]}:{self.address[1]}>;expires={expires}"],
            }
            if authorization:
                lines["Authorization"] = [authorization]
            response = await self.ask(SipRequest("REGISTER", uri, lines))
            if response.status != 401:
                return response
            challenge = response.headers["WWW-Authenticate"][0]
            built = build_authorization(challenge, "REGISTER", uri, self.number, password, "abcd")
            assert built is not None
            authorization = built
        return response

    async def ask(self, request: SipRequest) -> SipResponse:
        """Send a request by itself and return its final response."""
        call_id = request.call_id
        seen = len(self.responses)
        self._connection.send(serialize(request), self.server)

        def final() -> SipResponse | None:
            for response in self.responses[seen:]:
                if response.call_id == call_id and response.status >= 200:
                    return response
            return None

        for _ in range(20):  # the wire may lose it, or the answer
            try:
                await self.until(lambda: final() is not None, 0.5)
                break
            except AssertionError:
                self._connection.send(serialize(request), self.server)
        found = final()
        assert found is not None, f"no answer to {request!r}: {self.statuses()}"
        return found

    async def until(self, is_so: Callable[[], object], timeout_s: float = 10.0) -> None:
        """Wait until something is so."""
        try:
            async with asyncio.timeout(timeout_s):
                while not is_so():
                    self._changed.clear()
                    try:
                        await asyncio.wait_for(self._changed.wait(), 0.05)
                    except TimeoutError:
                        continue
        except TimeoutError:
            raise AssertionError(
                f"did not come about at {self.number}: {self.happenings}, {[r.status for r in self.responses]}"
            ) from None

    def of(self, kind: type) -> list:  # type: ignore[type-arg]
        """Return the happenings of one kind."""
        return [each for each in self.happenings if isinstance(each, kind)]

    def statuses(self) -> list[int]:
        """Return the statuses of all responses so far."""
        return [response.status for response in self.responses]

    def flush(self) -> None:
        """Send what waits and set the timer."""
        outbox, self.signalling.layer.outbox = self.signalling.layer.outbox, []
        for data, peer in outbox:
            self._connection.send(data, peer)
        if self._timer is not None:
            self._timer.cancel()
        deadline = self.signalling.next_deadline_ms
        if deadline is not None:
            self._timer = asyncio.get_running_loop().call_at(deadline / 1000 + 0.001, self._expire)
        self._changed.set()

    def _expire(self) -> None:
        self._take(self.signalling.expire(self.now_ms()))

    def _heard(self, data: bytes, peer: Peer) -> None:
        if self.is_deaf:
            return
        self.raw.append(data)
        try:
            message = parse_message(data)
        except SipError:
            return  # an answer to rubbish that a test sent
        if isinstance(message, SipResponse):
            self.responses.append(message)
        else:
            self.requests.append(message)
        self._take(self.signalling.receive(data, peer, self.now_ms()))

    def _take(self, happenings: list[LegHappening]) -> None:
        for happening in happenings:
            self.happenings.append(happening)
            self._react(happening)
            if self.on_happening is not None:
                self.on_happening(happening)
        self.flush()

    def _react(self, happening: LegHappening) -> None:
        now_ms = self.now_ms()
        if isinstance(happening, CallCame):
            self.legs.append(happening.leg)
            if self.status:
                self.signalling.refuse(happening.leg, self.status, now_ms)
                return
            self.signalling.ring(happening.leg, 180, now_ms)
            if self.answers:
                self.signalling.answer(happening.leg, self.sdp, now_ms)
        elif isinstance(happening, OfferCame):
            direction = mirrored(direction_of(happening.sdp)) if happening.sdp else "sendrecv"
            self.signalling.answer_offer(happening.leg, with_direction(self.sdp, direction), now_ms)
        elif isinstance(happening, StrangerCame):
            self.signalling.respond(happening.transaction, build_response(happening.request, 200), now_ms)
