"""Debian's sipp as caller and as telephone, with scenarios of our own (its stock caller fails on 182)."""

from __future__ import annotations

import asyncio
import os
import random
import socket
from pathlib import Path

import pytest

from acd.routing import events as ev
from telephony_adapters.sip.transactions import Peer
from tests.telephony_adapters.sip.house import House, running_house

SCENARIOS = Path(__file__).parent / "scenarios"
pytestmark = pytest.mark.needs("sipp")


def free_port() -> int:
    """Return a UDP port that nobody uses now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def free_media_port() -> int:
    """Return a port for sipp's sound, which takes some more above it, out of the reach of `free_port`."""
    while True:
        port = random.randrange(12_000, 19_000, 10)
        try:
            for offset in range(6):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                    probe.bind(("127.0.0.1", port + offset))
            return port
        except OSError:
            continue


class Sipp:
    """One run of sipp."""

    def __init__(self, server: Peer, scenario: str, folder: Path, *more: str, port: int = 0) -> None:
        self.folder = folder
        text = (SCENARIOS / f"{scenario}.xml").read_text()
        if "-lost" in more:  # a provisional response may be lost for good
            text = text.replace('response="182"/>', 'response="182" optional="true"/>')
        folder.mkdir(exist_ok=True)
        (folder / "scenario.xml").write_text(text)
        self.arguments = [
            "sipp", f"{server[0]}:{server[1]}", "-sf", str(folder / "scenario.xml"), "-i", "127.0.0.1",
            "-p", str(port or free_port()), "-mp", str(free_media_port()), "-nostdin", "-trace_err", "-timeout", "40s",
            "-timeout_error", *more,
        ]  # fmt: skip

    async def __aenter__(self) -> Sipp:
        """Start it."""
        self.process = await asyncio.create_subprocess_exec(
            *self.arguments,
            cwd=self.folder,
            env={**os.environ, "TERM": "xterm"},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """End it if it has not ended."""
        if self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    async def done(self) -> None:
        """Wait for its end; fails with what it complained about."""
        async with asyncio.timeout(60):
            _, stderr = await self.process.communicate()
        errors = "".join(path.read_text()[:3000] for path in self.folder.glob("*errors.log"))
        assert self.process.returncode == 0, (
            f"sipp ended {self.process.returncode}: {stderr.decode()[-500:]} {errors}"
        )


async def run(house: House, scenario: str, folder: Path, *more: str, port: int = 0) -> None:
    """Run a scenario to its end."""
    async with Sipp(house.adapter.address, scenario, folder, *more, port=port) as sipp:
        await sipp.done()


@pytest.mark.parametrize("loss", ["", "10"])
async def test_sipp_as_caller_is_answered_by_a_free_agent(tmp_path: Path, loss: str) -> None:
    async with running_house(tmp_path, treatment_delay_ms=20_000, phone_silence_ms=20_000) as house:
        for number in range(1, 6):
            await house.agent(f"200{number}")
        lossy = ("-lost", loss) if loss else ()
        await run(house, "caller_at_once", tmp_path, "-s", "4001", "-m", "40", "-r", "20", "-l", "5", *lossy)
        await house.stand_in.until(lambda: len(house.stand_in.of(ev.CustomerLeft)) == 40)
        assert len(house.stand_in.of(ev.ContactConnected)) == 40
        await house.stand_in.until(lambda: not house.adapter.board.calls and not house.adapter.board.sides)


async def test_sipp_as_caller_waits_with_182_and_is_moved_to_the_agent(tmp_path: Path) -> None:
    async with running_house(tmp_path) as house:
        async with Sipp(
            house.adapter.address, "caller_waits", tmp_path, "-s", "4001", "-m", "5", "-r", "50"
        ) as sipp:
            await house.stand_in.until(lambda: len(house.stand_in.of(ev.ContactArrived)) == 5)
            await house.stand_in.until(lambda: all(call.media for call in house.adapter.board.calls.values()))
            await house.agent("2001")
            await sipp.done()
        assert len(house.stand_in.of(ev.ContactConnected)) == 5


async def test_sipp_as_caller_without_a_description(tmp_path: Path) -> None:
    async with running_house(tmp_path) as house:
        await house.agent("2001")
        await run(house, "caller_without_offer", tmp_path, "-s", "4001", "-m", "3", "-r", "1", "-l", "1")
        assert len(house.stand_in.of(ev.ContactConnected)) == 3


async def test_sipp_as_caller_gives_up(tmp_path: Path) -> None:
    async with running_house(tmp_path, treatment_delay_ms=20_000) as house:
        await run(house, "caller_gives_up", tmp_path, "-s", "4001", "-m", "10", "-r", "50")
        await house.stand_in.until(lambda: len(house.stand_in.of(ev.CustomerLeft)) == 10)
        assert not house.adapter.board.calls


async def test_sipp_as_telephone_registers_and_takes_calls(tmp_path: Path) -> None:
    async with running_house(tmp_path, algorithms=("MD5",)) as house:  # this sipp knows no other
        port = free_port()
        await run(
            house,
            "register",
            tmp_path / "register",
            "-s",
            "2001",
            "-ap",
            "secret",
            "-au",
            "2001",
            "-m",
            "1",
            port=port,
        )
        assert house.adapter.board.registrar.is_reachable("2001")
        async with Sipp(house.adapter.address, "phone", tmp_path, "-m", "3", port=port) as phone:
            caller = await house.telephone("13800138000")
            for count in range(1, 4):
                leg = caller.call("4001")
                await house.stand_in.until(lambda n=count: len(house.stand_in.of(ev.ContactConnected)) == n)
                caller.hang_up(leg)
                await house.stand_in.until(lambda n=count: len(house.stand_in.of(ev.CustomerLeft)) == n)
            await phone.done()


async def test_sipp_with_a_wrong_password_is_refused(tmp_path: Path) -> None:
    async with running_house(tmp_path, algorithms=("MD5",)) as house:
        with pytest.raises(AssertionError, match="403"):
            await run(house, "register", tmp_path, "-s", "2001", "-ap", "wrong", "-au", "2001", "-m", "1")
        assert not house.adapter.board.registrar.is_reachable("2001")
