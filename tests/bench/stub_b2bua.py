"""A distributor in a hundred lines, for testing the generator: first come, first served, and faults on demand.

It knows no digest check, no recovery, no time limits. What it does wrong is chosen by `fault`.
"""

from __future__ import annotations

import secrets
from collections import deque
from dataclasses import dataclass
from typing import Any

from bench.sip_load.line import Line, open_line
from bench.sip_load.messages import Message, address_of, build_response, uri_of, user_of


@dataclass
class Pair:
    """A caller, and the agent who serves."""

    invite: Message
    number: str
    tag: str
    agent: str = ""
    agent_answer: Message | None = None


class Stub:
    """`fault`: "", lifo, forget (every tenth caller), swap (a wrong media address), deaf (no BYE passed on)."""

    def __init__(self, line: Line, fault: str) -> None:
        self.line = line
        self.fault = fault
        self.contacts: dict[str, str] = {}
        self.free: deque[str] = deque()
        self.waiting: deque[Pair] = deque()
        self.pairs: dict[str, Pair] = {}
        self.count = 0
        line.on_request = self.take

    def take(self, message: Message, now_s: float) -> None:
        kind = message.method
        if kind == "REGISTER":
            self.register(message)
        elif kind == "INVITE":
            self.arrive(message)
        elif kind == "BYE":
            self.line.answer(message, 200, "OK", tag="stub")
            self.end(message)
        elif kind == "CANCEL":
            self.line.answer(message, 200, "OK", tag="stub")
            pair = self.pairs.get(message.call_id)
            if pair is not None and pair in self.waiting:
                del self.pairs[message.call_id]
                self.waiting.remove(pair)
                self.line.answer(pair.invite, 487, "Request Terminated", tag=pair.tag)

    def register(self, message: Message) -> None:
        if not message.one("authorization"):
            data = build_response(message, 401, "Unauthorized", "stub")
            challenge = (
                b'\r\nWWW-Authenticate: Digest realm="stub", nonce="abc", algorithm=MD5, qop="auth"\r\n'
            )
            host, _, port = message.one("x-source").rpartition(":")
            self.line._transport.sendto(data.replace(b"\r\n", challenge, 1), (host, int(port)))
            return
        self.line.answer(message, 200, "OK", tag="stub")
        uri = uri_of(message.one("contact"))
        self.contacts[user_of(uri)] = uri
        self.free.append(user_of(uri))

    def arrive(self, message: Message) -> None:
        pair = Pair(message, user_of(uri_of(message.one("from"))), secrets.token_hex(4))
        self.pairs[message.call_id] = pair
        self.count += 1
        if self.fault == "forget" and self.count % 10 == 0:
            self.line.answer(message, 100, "Trying", tag="")
            return
        self.line.answer(message, 182, "Queued", tag=pair.tag, contact=self.contact)
        (self.waiting.appendleft if self.fault == "lifo" else self.waiting.append)(pair)
        self.match()

    @property
    def contact(self) -> str:
        return f"<sip:stub@{self.line.host}:{self.line.port}>"

    def match(self) -> None:
        while self.free and self.waiting:
            pair = self.waiting.popleft()
            pair.agent = self.free.popleft()
            self.ring(pair)

    def ring(self, pair: Pair) -> None:
        uri = self.contacts[pair.agent]
        call_id = secrets.token_hex(8)
        headers = [
            ("From", f"<sip:{pair.number}@stub>;tag={pair.tag}"), ("To", f"<{uri}>"), ("Call-ID", call_id),
            ("CSeq", "1 INVITE"), ("Contact", self.contact),
        ]  # fmt: skip

        def heard(message: Message, now_s: float) -> None:
            if message.status != 200:
                return
            pair.agent_answer = message
            self.pairs[call_id] = pair
            acknowledged = [*headers[:1], ("To", message.one("to")), headers[2], ("CSeq", "1 ACK")]
            self.line.send_ack(uri, acknowledged, address_of(uri))
            body = message.body.replace(b"127.1.", b"127.9.") if self.fault == "swap" else message.body
            self.line.answer(pair.invite, 200, "OK", tag=pair.tag, contact=self.contact, body=body)

        self.line.send_request("INVITE", uri, headers, address_of(uri), heard, pair.invite.body)

    def end(self, message: Message) -> None:
        pair = self.pairs.pop(message.call_id, None)
        if pair is None or pair.agent_answer is None:
            return
        answer, invite = pair.agent_answer, pair.invite
        if message.call_id == invite.call_id:
            self.pairs.pop(answer.call_id, None)
            self.bye(self.contacts[pair.agent], answer.one("from"), answer.one("to"), answer.call_id)
        else:
            self.pairs.pop(invite.call_id, None)
            if self.fault != "deaf":
                to = f"{invite.one('to')};tag={pair.tag}"
                self.bye(uri_of(invite.one("contact")), to, invite.one("from"), invite.call_id)
        self.free.append(pair.agent)
        self.match()

    def bye(self, uri: str, local: str, remote: str, call_id: str) -> None:
        headers: list[tuple[str, Any]] = [
            ("From", local),
            ("To", remote),
            ("Call-ID", call_id),
            ("CSeq", "2 BYE"),
        ]
        self.line.send_request("BYE", uri, headers, address_of(uri), lambda message, now_s: None)


async def open_stub(fault: str = "") -> Stub:
    """Return a stub on a free port."""
    return Stub(await open_line(), fault)
