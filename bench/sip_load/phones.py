"""The telephones: agents', who register and pick up, and callers', who wait, talk and hang up."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from bench.sip_load.line import Address, Line
from bench.sip_load.messages import (
    Challenge,
    Message,
    address_of,
    description,
    media_address,
    parameter,
    uri_of,
    user_of,
)
from bench.sip_load.witness import Call, Seat, Witness

MEDIA_PORT = 40_000


@dataclass
class Dialog:
    """What a telephone must know to send within a call."""

    call_id: str
    local: str
    remote: str
    target_uri: str
    target: Address
    cseq: int = 100

    def headers(self, method: str, contact: str, cseq: int | None = None) -> list[tuple[str, str]]:
        """Return the headers of the next request."""
        if cseq is None:
            self.cseq += 1
            cseq = self.cseq
        return [
            ("From", self.local), ("To", self.remote), ("Call-ID", self.call_id), ("CSeq", f"{cseq} {method}"),
            ("Contact", contact),
        ]  # fmt: skip


class Telephone:
    """What both kinds have: one call at most, one description of their own."""

    def __init__(self, line: Line, name: str, host: str, server: Address) -> None:
        self.line = line
        self.name = name
        self.host = host
        self.server = server
        self.contact = f"<sip:{name}@{line.host}:{line.port}>"
        self.dialog: Dialog | None = None
        self.tag = secrets.token_hex(6)
        self._session = secrets.randbits(31)
        self._version = 0

    def describe(self) -> bytes:
        """Return our description; each is newer than the one before."""
        self._version += 1
        return description(self.host, MEDIA_PORT, self._session, self._version)

    def bye(self) -> None:
        """Hang up."""
        dialog, self.dialog = self.dialog, None
        if dialog is not None:
            headers = dialog.headers("BYE", self.contact)
            self.line.send_request("BYE", dialog.target_uri, headers, dialog.target, _nothing)

    def ok(self, request: Message, body: bytes = b"") -> None:
        """Answer 200."""
        self.line.answer(request, 200, "OK", tag=self.tag, contact=self.contact, body=body)


class AgentPhone(Telephone):
    """Registers, answers every INVITE, and is told to hang up by `hang_up` or by the other side."""

    def __init__(
        self, line: Line, seat: Seat, witness: Witness, password: str, server: Address, ring_s: float
    ) -> None:
        super().__init__(line, seat.name, seat.media[0], server)
        self.seat = seat
        self.is_registered = asyncio.get_running_loop().create_future()
        self.on_talk: Callable[[AgentPhone], None] = lambda phone: None
        self.on_free: Callable[[AgentPhone], None] = lambda phone: None
        self._witness = witness
        self._password = password
        self._ring_s = ring_s
        self._ringing: Message | None = None
        self._ring_timer: asyncio.TimerHandle | None = None

    @property
    def is_talking(self) -> bool:
        """Whether a call is up."""
        return self.dialog is not None

    def register(self, challenge: Challenge | None = None, cseq: int = 1, call_id: str = "") -> None:
        """Register for an hour; `is_registered` is done when it holds."""
        uri = f"sip:{self.server[0]}:{self.server[1]}"
        address = f"<sip:{self.name}@{self.server[0]}>"
        call_id = call_id or secrets.token_hex(10)
        headers = [
            ("From", f"{address};tag={secrets.token_hex(5)}"), ("To", address), ("Call-ID", call_id),
            ("CSeq", f"{cseq} REGISTER"), ("Contact", self.contact), ("Expires", "3600"),
        ]  # fmt: skip
        if challenge is not None:
            headers.append(("Authorization", challenge.answer(self.name, self._password, "REGISTER", uri)))

        def heard(message: Message, now_s: float) -> None:
            if message.status == 401 and challenge is None:
                self.register(Challenge.of(message.one("www-authenticate")), cseq + 1, call_id)
            elif message.status >= 200 and not self.is_registered.done():
                if message.status == 200:
                    self.is_registered.set_result(None)
                else:
                    self.is_registered.set_exception(
                        RuntimeError(f"{self.name}: REGISTER got {message.start}")
                    )

        self.line.send_request("REGISTER", uri, headers, self.server, heard)

    def take(self, request: Message, now_s: float) -> None:
        """Take a request for this telephone."""
        if request.method == "INVITE" and "tag=" in request.one("to"):
            self.ok(request, self.describe())
            self._hear(request.body)
        elif request.method == "INVITE":
            self._ring(request, now_s)
        elif request.method == "ACK":
            self._hear(request.body)
        elif request.method == "CANCEL":
            self.ok(request)
            if self._ringing is not None:
                self.line.answer(self._ringing, 487, "Request Terminated", tag=self.tag)
                self._stop_ringing()
        elif request.method == "BYE":
            self.ok(request)
            self._be_free()
        else:
            self.ok(request)

    def hang_up(self) -> None:
        """The agent ends the talk; the clock of the next offer runs from here."""
        self._witness.free(self.seat, time.perf_counter())
        self.bye()
        self.on_free(self)

    def _ring(self, request: Message, now_s: float) -> None:
        if self._ringing is not None or self.dialog is not None:
            self.line.answer(request, 486, "Busy Here", tag=self.tag)
            return
        number = user_of(uri_of(request.one("from")))
        self._witness.offer(self.seat.name, number, media_address(request.body), now_s)
        self._ringing = request
        self.tag = secrets.token_hex(6)
        self.line.answer(request, 180, "Ringing", tag=self.tag, contact=self.contact)
        if self._ring_s > 0:
            self._ring_timer = asyncio.get_running_loop().call_later(self._ring_s, self._pick_up)
        else:
            self._pick_up()

    def _pick_up(self) -> None:
        request = self._ringing
        assert request is not None, "only a ringing telephone is picked up"
        self._stop_ringing()
        target_uri = uri_of(request.one("contact"))
        self.dialog = Dialog(
            request.call_id,
            f"{request.one('to')};tag={self.tag}",
            request.one("from"),
            target_uri,
            address_of(target_uri),
        )
        self.ok(request, self.describe())
        self._hear(request.body)
        self.on_talk(self)

    def _stop_ringing(self) -> None:
        if self._ring_timer is not None:
            self._ring_timer.cancel()
        self._ringing = self._ring_timer = None

    def _hear(self, body: bytes) -> None:
        if body:
            self._witness.tell_agent(self.seat, media_address(body))

    def _be_free(self) -> None:
        if self.dialog is not None:
            self.dialog, self.seat.told = None, None
            self.on_free(self)


class CallerPhone(Telephone):
    """Calls once; talks for `talk_s` (None: until the other side ends it)."""

    def __init__(
        self, line: Line, call: Call, witness: Witness, server: Address, talk_s: float | None
    ) -> None:
        super().__init__(line, call.number, call.media[0], server)
        self.call = call
        self.was_queued = False
        self.on_end: Callable[[CallerPhone], None] = lambda phone: None
        self._witness = witness
        self._talk_s = talk_s
        self._branch = ""
        self._uri = ""
        self._call_id = secrets.token_hex(12)
        self._talk_timer: asyncio.TimerHandle | None = None

    def dial(self, number: str) -> None:
        """Send the INVITE."""
        self._uri = f"sip:{number}@{self.server[0]}:{self.server[1]}"
        headers = [
            *self._first_headers("INVITE"),
            ("Contact", self.contact),
            ("Allow", "INVITE, ACK, BYE, CANCEL"),
        ]
        self._branch = self.line.send_request(
            "INVITE", self._uri, headers, self.server, self._heard, self.describe()
        )

    def give_up(self) -> None:
        """End the call, whatever its state; it counts as stopped by us."""
        self._end("stopped")
        if self.dialog is not None:
            self.bye()
        else:
            self.line.send_cancel(self._branch, self._uri, self._first_headers("CANCEL"), self.server)

    def take(self, request: Message, now_s: float) -> None:
        """Take a request within the call."""
        if request.method == "INVITE":
            self.ok(request, self.describe())
            self._hear(request.body)
        elif request.method == "ACK":
            self._hear(request.body)
        elif request.method == "BYE":
            self.ok(request)
            self.dialog = None
            self._end("agent" if self.call.agents else "dropped")
        else:
            self.ok(request)

    @property
    def call_id(self) -> str:
        """Names the call on the line."""
        return self._call_id

    def _first_headers(self, method: str) -> list[tuple[str, str]]:
        return [
            ("From", f"<sip:{self.name}@{self.line.host}>;tag={self.tag}"), ("To", f"<{self._uri}>"),
            ("Call-ID", self._call_id), ("CSeq", f"1 {method}"),
        ]  # fmt: skip

    def _heard(self, message: Message, now_s: float) -> None:
        if message.status == 182:
            self.was_queued = True
        if 200 <= message.status < 300:
            target_uri = uri_of(message.one("contact"))
            local = f"<sip:{self.name}@{self.line.host}>;tag={self.tag}"
            self.dialog = Dialog(self._call_id, local, message.one("to"), target_uri, address_of(target_uri))
            headers = self.dialog.headers("ACK", self.contact, 1)
            self.line.send_ack(target_uri, headers, self.dialog.target)
            if self.call.ended:
                self.bye()
                return
        elif message.status >= 300:
            self._end("caller" if self.call.ended == "stopped" else f"refused_{message.status}")
            return
        if message.status < 200 and not parameter(message.one("to"), "tag"):
            return
        self._hear(message.body)

    def _hear(self, body: bytes) -> None:
        if body:
            self._witness.tell_caller(self.call, media_address(body))
        self.begin_talk()

    def begin_talk(self) -> None:
        """Start the clock of the talk once the call is connected."""
        if (
            self._talk_s is not None
            and self._talk_timer is None
            and self.call.agents
            and self.dialog is not None
        ):
            self._talk_timer = asyncio.get_running_loop().call_later(self._talk_s, self._hang_up)

    def _hang_up(self) -> None:
        if self.dialog is not None:
            self.bye()
            self._end("caller")

    def _end(self, how: str) -> None:
        if self._talk_timer is not None:
            self._talk_timer.cancel()
        if not self.call.ended:
            self._witness.end(self.call, how)
            self.on_end(self)


def _nothing(message: Message, now_s: float) -> None:
    return None
