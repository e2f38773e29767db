"""A real softphone library as caller and as an agent's telephone, with sound both ways."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import random
import socket
import sys
from pathlib import Path

import pytest

from acd.routing import events as ev
from acd.routing import outputs as out
from acd.routing.model import AgentId, OfferId, OverflowAction
from telephony_adapters.sip.calls import SideState
from telephony_adapters.sip.transactions import Peer
from tests.telephony_adapters.sip.house import running_house

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("baresip") is None, reason="baresip-python is not installed"),
]
SCRIPT = Path(__file__).parent / "baresip_phone.py"


def softphone_port() -> int:
    """Return a port that is free for UDP and TCP, and the next one too: the softphone takes it for TLS.

    Below those that the system gives out, so that nobody else is given it before the softphone starts.
    """
    for _ in range(100):
        port = random.randrange(30_000, 32_700, 2)
        wanted = [
            (each, kind) for each in (port, port + 1) for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM)
        ]
        with contextlib.ExitStack() as opened, contextlib.suppress(OSError):
            for each, kind in wanted:
                opened.enter_context(socket.socket(socket.AF_INET, kind)).bind(("127.0.0.1", each))
            return port
    raise AssertionError("no free ports in a hundred tries")


class Baresip:
    """The softphone's process."""

    def __init__(self, server: Peer, user: str, password: str = "secret", dtmf_mode: str = "info") -> None:
        self.port = softphone_port()
        self.arguments = [
            sys.executable,
            str(SCRIPT),
            server[0],
            str(server[1]),
            user,
            password,
            str(self.port),
            dtmf_mode,
        ]
        self.events: list[dict[str, object]] = []

    async def __aenter__(self) -> Baresip:
        """Start it."""
        pipe = asyncio.subprocess.PIPE
        self.process = await asyncio.create_subprocess_exec(
            *self.arguments, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL
        )
        await self.event("ready")
        return self

    async def __aexit__(self, *_: object) -> None:
        """End it."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()

    async def event(self, name: str, timeout_s: float = 20.0) -> dict[str, object]:
        """Wait for the next event of this name; fails on an error of the softphone."""
        assert self.process.stdout is not None
        seen = []
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    line = await self.process.stdout.readline()
                    if not line.startswith(b"{"):
                        assert line, f"the softphone ended; seen {seen}"
                        continue
                    event = json.loads(line)
                    seen.append(event)
                    assert event["event"] != "error", event
                    if event["event"] == name:
                        return dict(event)
        except TimeoutError:
            raise AssertionError(f"no {name}; seen {seen}") from None

    async def order(self, text: str) -> None:
        """Give an order."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{text}\n".encode())
        await self.process.stdin.drain()

    async def hears_something(self) -> bool:
        """Whether sound comes in now; asks for up to five seconds."""
        for _ in range(25):
            await self.order("loudness")
            if int(str((await self.event("loudness"))["level"])) > 200:
                return True
            await asyncio.sleep(0.2)
        return False


async def test_two_softphones_talk_through_the_house_hold_press_keys_and_hang_up(tmp_path: Path) -> None:
    async with running_house(tmp_path) as house:
        server = house.adapter.address
        stand_in = house.stand_in
        async with Baresip(server, "13800138000") as caller, Baresip(server, "2001") as agent:
            await caller.order(f"dial sip:4001@{server[0]}:{server[1]}")
            await stand_in.until(lambda: stand_in.of(ev.ContactArrived))
            contact = stand_in.of(ev.ContactArrived)[0].contact
            assert stand_in.of(ev.ContactArrived)[0].identities == ("tel:13800138000",)
            call = house.adapter.board.calls[contact]
            await stand_in.until(lambda: call.media)
            assert await caller.hears_something()
            stand_in.order(stand_in.treat(contact, "overflow_offer", action=OverflowAction.INTAKE))
            await caller.event("call_established")
            await caller.order("dtmf 2")
            await stand_in.until(lambda: stand_in.of(ev.CustomerChose))
            assert stand_in.of(ev.CustomerChose)[0].choice == "decline"

            await agent.order("register")
            await agent.event("done")
            await stand_in.until(lambda: stand_in.of(ev.ContactConnected))
            assert call.media is None
            assert await caller.hears_something()
            assert await agent.hears_something()

            await agent.order("hold")
            await stand_in.until(lambda: stand_in.of(ev.HoldChosen))
            one = AgentId("agent1")
            stand_in.order(out.HoldContact("sip", OfferId(1), contact, one, True, 1))
            await stand_in.until(lambda: call.media)
            assert await caller.hears_something()
            await agent.order("resume")
            await stand_in.until(lambda: len(stand_in.of(ev.HoldChosen)) == 2)
            stand_in.order(out.HoldContact("sip", OfferId(1), contact, one, False, 2))
            await stand_in.until(lambda: call.side and call.side.state is SideState.TALKING)
            assert await agent.hears_something()

            await agent.order("hang_up")
            await caller.event("call_closed")
            await stand_in.until(lambda: not house.adapter.board.calls and not house.adapter.board.sides)


async def test_a_softphone_transfers_blindly_to_another_agent(tmp_path: Path) -> None:
    async with running_house(tmp_path) as house:
        server, stand_in = house.adapter.address, house.stand_in
        async with Baresip(server, "2001") as agent:
            await agent.order("register")
            await agent.event("done")
            caller = await house.telephone("13800138000")
            caller.call("4001")
            await stand_in.until(lambda: stand_in.of(ev.ContactConnected))
            await agent.event("call_established")
            await agent.order(f"transfer sip:2002@{server[0]}:{server[1]}")
            await agent.event("call_closed")
            await stand_in.until(lambda: stand_in.of(ev.TransferAsked))
            assert stand_in.of(ev.TransferAsked)[0].to_agent == "agent2"
            assert caller.legs[0].is_up


async def test_a_softphone_with_a_wrong_password_does_not_get_in(tmp_path: Path) -> None:
    async with running_house(tmp_path) as house, Baresip(house.adapter.address, "2001", "wrong") as agent:
        await agent.order("register")
        with pytest.raises(AssertionError, match="RegistrationError"):
            await agent.event("done")
        assert not house.stand_in.of(ev.LinkChanged)
