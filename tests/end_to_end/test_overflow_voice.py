"""A customer with a real softphone in a busy queue: hears the bot's offer, declines it once, accepts it the second
time, speaks, presses keys; a ticket and a return call stand; an agent calls back, and the ticket closes with it."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import time
import wave
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from acd.client import Desk, sign_in
from telephony_adapters.sip.media.g711 import decode_frame
from telephony_adapters.sip.media.prompts import CLIPS_FOLDER, parse_wav
from tests.end_to_end.house import ENTRY, Server
from tests.telephony_adapters.sip.test_baresip import Baresip

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(240),
    pytest.mark.skipif(importlib.util.find_spec("baresip") is None, reason="baresip-python is not installed"),
]
NUMBER = "13800138000"


def write_overflow(server: Server, customer_port: int, again_s: int = 5) -> None:
    """Offer the bot after a second of waiting, and let the trunk lead to the customer's telephone."""
    folder = server.folder / "config"
    label = {"en": "Line", "zh": "队列"}
    queues = json.loads((folder / "queues.yaml").read_text())
    queues["queues"]["line"] |= {
        "overflow": "busy", "dispositions": "line", "disposition_default": "open", "wrap_up": {"mode": "mandatory"},
    }  # fmt: skip
    (folder / "queues.yaml").write_text(json.dumps(queues))
    rule = {"name": "busy", "action": "intake", "wait_s": 1, "again_s": again_s, "answer_s": 30}
    (folder / "overflow.yaml").write_text(json.dumps({"overflow": {"busy": [rule]}}))
    outcomes = [{"path": "solved", "label": label, "solves": True}, {"path": "open", "label": label}]
    (folder / "dispositions.yaml").write_text(json.dumps({"dispositions": {"line": outcomes}}))
    categories = {name: {"label": label} for name in ("product", "order", "billing", "other")}
    (folder / "intake.yaml").write_text(json.dumps({"categories": categories}))
    settings = json.loads((folder / "server.yaml").read_text())
    settings["sip"] |= {"trunk": {"host": "127.0.0.1", "port": customer_port}, "allowed_numbers": ["138"]}
    (folder / "server.yaml").write_text(json.dumps(settings))


def marks_of(clip: str) -> list[bytes]:
    """Some 4 ms of a clip that tell it from all others, as a telephone that decodes G.711 hears them.

    Without samples of zero: what a telephone makes of those is its own affair.
    """
    audio = parse_wav((CLIPS_FOLDER / f"{clip}.wav").read_bytes())
    pieces = [audio[at : at + 32] for at in range(0, len(audio) - 32, 8)]
    audible = [piece for piece in pieces if not set(piece) & {0xFF, 0x7F, 0xFE, 0x7E}]
    return [decode_frame(piece, 0) for piece in sorted(audible, key=lambda piece: -len(set(piece)))[:8]]


class Customer:
    """A softphone, and what was said to it."""

    def __init__(self, phone: Baresip, folder: Path) -> None:
        self.phone = phone
        self.path = folder / "heard.raw"

    async def do(self, order: str) -> None:
        await self.phone.order(order)
        await self.phone.event("done")

    async def times_heard(self, clip: str) -> int:
        """How often this clip, or its beginning, was heard in the last minute."""
        await self.do(f"heard {self.path}")
        heard = self.path.read_bytes()
        counts = sorted(heard.count(mark) for mark in marks_of(clip))
        return counts[-3]

    async def hears(self, clip: str, times: int = 1, seconds: float = 25) -> None:
        """Wait until three marks of this clip have been heard so often."""
        deadline = time.monotonic() + seconds
        while await self.times_heard(clip) < times:
            assert time.monotonic() < deadline, f"did not hear {clip} {times} times within {seconds} s"
            await asyncio.sleep(0.1)

    async def dial(self) -> None:
        await self.do(f"dial sip:{ENTRY}@{self.phone.arguments[2]}:{self.phone.arguments[3]}")

    async def press(self, keys: str) -> None:
        await self.do(f"dtmf {keys}")


@asynccontextmanager
async def sitting(server: Server) -> AsyncIterator[Desk]:
    """The agent's desk, ready."""
    signed_in = await sign_in(server.http, "agent0", "password-0")
    async with Desk(server.http, signed_in.token) as desk:
        await desk.act("set_presence", presence="ready")
        yield desk


async def row(
    desk: Desk, table: str, is_it: Callable[[dict[str, Any]], bool], seconds: float = 15
) -> dict[str, Any]:
    found: dict[str, Any] = await desk.until(
        lambda each: next((line for line in each.rows(table) if is_it(line)), None), timeout_s=seconds
    )
    return found


async def leave_matter(customer: Customer) -> None:
    """Decline the bot, accept it the second time, and tell it everything."""
    await customer.dial()
    await customer.hears("en/welcome")
    await customer.hears("en/overflow_offer")
    await customer.press("2")
    await customer.hears("en/keep_waiting")
    await customer.hears("en/overflow_offer", times=2)
    await customer.press("1")
    await customer.hears("en/intake_matter")
    await customer.hears("tone")
    await asyncio.sleep(1.5)  # the customer speaks
    await customer.press("#")
    await customer.hears("en/intake_category")
    await customer.press("1")
    await customer.hears("en/intake_number_before")
    await customer.press("1")
    await customer.hears("en/intake_ticket_before")
    await customer.hears("en/goodbye")
    await customer.phone.event("call_closed")


async def test_the_bot_takes_a_matter_down_by_voice_and_an_agent_calls_back(tmp_path: Path) -> None:
    server = Server(tmp_path, agents=1)
    phone = Baresip(server.sip, NUMBER, dtmf_mode="rtpevent")
    write_overflow(server, phone.port)
    await server.start()
    try:
        async with phone, Baresip(server.sip, "2000", "phone-00") as agent:
            customer = Customer(phone, tmp_path)
            await leave_matter(customer)
            await agent.order("register")
            await agent.event("done")
            async with sitting(server) as desk:
                ticket = await row(desk, "tickets", lambda line: True)
                assert (ticket["category"], ticket["number"], ticket["state"]) == ("product", NUMBER, "open")
                check_recording(server.folder / "var" / "recordings" / ticket["recording"])
                await check_return_call(desk, customer, agent, ticket)
                await check_second_call(desk, customer)
    finally:
        assert await server.stop() == 0


def check_recording(path: Path) -> None:
    """The customer's words, and nothing of the bot's, are in the file."""
    with wave.open(str(path)) as file:
        assert file.getframerate() == 8000
        assert 1.0 <= file.getnframes() / 8000 <= 6.0
        assert max(file.readframes(-1)) > 0


async def check_return_call(desk: Desk, customer: Customer, agent: Baresip, ticket: dict[str, Any]) -> None:
    """The agent's telephone rings, then the customer's; they talk; the disposition closes the ticket."""
    await customer.phone.event("call_established")
    talk = await row(desk, "assignments", lambda line: line["state"] == "talking")
    assert (talk["origin"], talk["ticket"], talk["number"]) == ("return_call", ticket["ticket"], NUMBER)
    assert await customer.phone.hears_something() and await agent.hears_something()
    await customer.do("hang_up")
    await row(desk, "assignments", lambda line: line["state"] == "wrap_up")
    await desk.act("finish_wrap_up", offer=talk["offer"], disposition="solved", notes="a new seal")
    await desk.until(lambda each: not each.rows("assignments"))
    await desk.until(
        lambda each: all(line["state"] == "closed" for line in each.rows("tickets")), timeout_s=10
    )


async def check_second_call(desk: Desk, customer: Customer) -> None:
    """The same customer calls again: the desk says so."""
    await customer.dial()
    talk = await row(desk, "assignments", lambda line: line["state"] == "talking")
    assert talk["repeat"]["count"] == 1
    assert talk["repeat"]["last_outcome"] == "overflowed", "a return call is no visit of the customer"
    await customer.do("hang_up")
    await row(desk, "assignments", lambda line: line["state"] == "wrap_up")


async def test_who_asks_the_bot_for_a_person_is_back_in_line_in_their_language(tmp_path: Path) -> None:
    server = Server(tmp_path, agents=1)
    phone = Baresip(server.sip, NUMBER)
    write_overflow(server, phone.port, again_s=600)
    entries = server.folder / "config" / "entries.yaml"
    entries.write_text(entries.read_text().replace('"queue": "line"', '"queue": "line", "language": "zh"'))
    await server.start()
    try:
        async with phone, Baresip(server.sip, "2000", "phone-00") as agent:
            customer = Customer(phone, tmp_path)
            await customer.dial()
            await customer.hears("zh/overflow_offer")
            await customer.press("1")
            await customer.hears("zh/intake_matter")
            await customer.press("0")
            await customer.hears("zh/keep_waiting")
            await customer.hears("music")
            await agent.order("register")
            await agent.event("done")
            async with sitting(server) as desk:
                talk = await row(desk, "assignments", lambda line: line["state"] == "talking")
                assert (talk["origin"], talk["ticket"], desk.rows("tickets")) == ("inbound", None, [])
    finally:
        assert await server.stop() == 0
