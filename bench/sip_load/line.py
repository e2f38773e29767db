"""One UDP socket with SIP's retransmissions: requests until they are answered, answers until acknowledged.

All telephones of one kind share a socket, so that what the server sends arrives in the order in which it was sent:
the order of offers can then be judged. Source: RFC 3261 section 17.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from bench.sip_load.messages import Message, build, build_response, new_branch, parse

T1_S = 0.5
T2_S = 4.0
GIVE_UP_S = 32.0
Address = tuple[str, int]
OnResponse = Callable[[Message, float], None]


@dataclass
class Pending:
    """A request that waits for its final answer."""

    data: bytes
    target: Address
    method: str
    on_response: OnResponse
    started_s: float
    interval_s: float = T1_S
    timer: asyncio.TimerHandle | None = None
    is_proceeding: bool = False


class Line(asyncio.DatagramProtocol):
    """`on_request(message, now_s)` is told every new request except ACK of refused calls."""

    def __init__(self) -> None:
        self.on_request: Callable[[Message, float], None] | None = None
        self.retransmitted: Counter[str] = Counter()
        """Messages that we had to send again, by kind."""
        self.repeated: Counter[str] = Counter()
        """Messages that the server sent again, or whose cause was over, by kind."""
        self.timeouts = 0
        self.malformed = 0
        self._pending: dict[str, Pending] = {}
        self._answers: dict[tuple[str, str], bytes] = {}
        self._unacknowledged: dict[str, tuple[bytes, Address, asyncio.TimerHandle]] = {}
        self._acks: dict[str, bytes] = {}

    # asyncio

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self.host, self.port = transport.get_extra_info("sockname")[:2]

    def datagram_received(self, data: bytes, addr: Address) -> None:
        now_s = time.perf_counter()
        try:
            message = parse(data)
        except (ValueError, IndexError):
            self.malformed += 1
            return
        if message.status:
            self._take_response(message, addr, now_s)
        else:
            self._take_request(message, addr, now_s)

    def close(self) -> None:
        """Stop everything."""
        for pending in self._pending.values():
            if pending.timer is not None:
                pending.timer.cancel()
        for _, _, timer in self._unacknowledged.values():
            timer.cancel()
        self._transport.close()

    # Requests of ours

    def send_request(
        self,
        method: str,
        uri: str,
        headers: list[tuple[str, str]],
        target: Address,
        on_response: OnResponse,
        body: bytes = b"",
    ) -> str:
        """Send and repeat until answered; return the branch (a CANCEL needs it)."""
        branch = new_branch()
        self._start(branch, method, self._request(branch, method, uri, headers, body), target, on_response)
        return branch

    def send_cancel(self, branch: str, uri: str, headers: list[tuple[str, str]], target: Address) -> None:
        """Cancel the INVITE of this branch."""
        data = self._request(branch, "CANCEL", uri, headers, b"")
        self._start(f"{branch}/CANCEL", "CANCEL", data, target, lambda message, now_s: None)

    def send_ack(self, uri: str, headers: list[tuple[str, str]], target: Address, body: bytes = b"") -> None:
        """Acknowledge a 2xx; kept to be repeated when the 2xx comes again."""
        data = self._request(new_branch(), "ACK", uri, headers, body)
        call_id, cseq = dict(headers)["Call-ID"], dict(headers)["CSeq"].split(" ")[0]
        self._acks[f"{call_id}/{cseq}"] = data
        self._transport.sendto(data, target)

    def _request(
        self, branch: str, method: str, uri: str, headers: list[tuple[str, str]], body: bytes
    ) -> bytes:
        via = f"SIP/2.0/UDP {self.host}:{self.port};branch={branch};rport"
        return build(f"{method} {uri} SIP/2.0", [("Via", via), ("Max-Forwards", "70"), *headers], body)

    def _start(self, key: str, method: str, data: bytes, target: Address, on_response: OnResponse) -> None:
        pending = Pending(data, target, method, on_response, self._loop.time())
        self._pending[key] = pending
        pending.timer = self._loop.call_later(T1_S, self._repeat, key)
        self._transport.sendto(data, target)

    def _repeat(self, key: str) -> None:
        pending = self._pending[key]
        if self._loop.time() - pending.started_s > GIVE_UP_S:
            del self._pending[key]
            self.timeouts += 1
            return
        limit = GIVE_UP_S if pending.method == "INVITE" else T2_S
        pending.interval_s = min(2 * pending.interval_s, limit)
        pending.timer = self._loop.call_later(pending.interval_s, self._repeat, key)
        self.retransmitted[pending.method] += 1
        self._transport.sendto(pending.data, pending.target)

    def _take_response(self, message: Message, source: Address, now_s: float) -> None:
        key = message.branch + ("/CANCEL" if message.cseq_method == "CANCEL" else "")
        pending = self._pending.get(key)
        if pending is None:
            self._take_repeated(message, source)
            return
        if pending.timer is not None and (message.status >= 200 or pending.method == "INVITE"):
            pending.timer.cancel()
            pending.timer = None
        if message.status >= 200:
            del self._pending[key]
            if pending.method == "INVITE" and message.status >= 300:
                self._acknowledge_refusal(message, pending, source)
        pending.on_response(message, now_s)

    def _take_repeated(self, message: Message, source: Address) -> None:
        self.repeated[f"{message.status} {message.cseq_method}"] += 1
        if message.cseq_method != "INVITE" or message.status < 200:
            return
        ack = self._acks.get(f"{message.call_id}/{message.cseq}")
        if ack is not None:
            self._transport.sendto(ack, source)

    def _acknowledge_refusal(self, message: Message, pending: Pending, source: Address) -> None:
        lines = pending.data.split(b"\r\n")
        uri = lines[0].split(b" ")[1].decode()
        headers = [
            ("Via", message.one("via")), ("Max-Forwards", "70"), ("From", message.one("from")),
            ("To", message.one("to")), ("Call-ID", message.call_id), ("CSeq", f"{message.cseq} ACK"),
        ]  # fmt: skip
        data = build(f"ACK {uri} SIP/2.0", headers)
        self._acks[f"{message.call_id}/{message.cseq}"] = data
        self._transport.sendto(data, source)

    # Requests of theirs

    def answer(
        self, request: Message, status: int, reason: str, *, tag: str, contact: str = "", body: bytes = b""
    ) -> None:
        """Answer; a final answer to an INVITE is repeated until the ACK, 2xx and others alike."""
        data = build_response(request, status, reason, tag, contact, body)
        target = _via_address(request)
        self._answers[request.branch, request.method] = data
        self._transport.sendto(data, target)
        if request.method == "INVITE" and status >= 200:
            key = f"{request.call_id}/{request.cseq}"
            timer = self._loop.call_later(T1_S, self._repeat_answer, key, T1_S, 0.0)
            self._unacknowledged[key] = (data, target, timer)

    def _repeat_answer(self, key: str, interval_s: float, spent_s: float) -> None:
        data, target, _ = self._unacknowledged[key]
        spent_s += interval_s
        if spent_s > GIVE_UP_S:
            del self._unacknowledged[key]
            self.timeouts += 1
            return
        interval_s = min(2 * interval_s, T2_S)
        self.retransmitted["answer"] += 1
        self._transport.sendto(data, target)
        timer = self._loop.call_later(interval_s, self._repeat_answer, key, interval_s, spent_s)
        self._unacknowledged[key] = (data, target, timer)

    def _take_request(self, message: Message, source: Address, now_s: float) -> None:
        message.headers["x-source"] = [f"{source[0]}:{source[1]}"]
        if message.method == "ACK":
            waiting = self._unacknowledged.pop(f"{message.call_id}/{message.cseq}", None)
            if waiting is None:
                self.repeated["ACK"] += 1
                return
            waiting[2].cancel()
        else:
            known = self._answers.get((message.branch, message.method))
            if known is not None:
                self.repeated[message.method] += 1
                self._transport.sendto(known, source)
                return
        if self.on_request is not None:
            self.on_request(message, now_s)


def _via_address(request: Message) -> Address:
    # On one machine the source is where answers go (rport).
    host, _, port = request.one("x-source").rpartition(":")
    return host, int(port)


async def open_line() -> Line:
    """Return a line on a free port of this machine."""
    loop = asyncio.get_running_loop()
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bound.setblocking(False)
    # A burst must wait for us rather than be lost: the generator's own losses are not the server's.
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 2**20)
    bound.bind(("127.0.0.1", 0))
    _, line = await loop.create_datagram_endpoint(Line, sock=bound)
    return line
