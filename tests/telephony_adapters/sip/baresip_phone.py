"""A real softphone in a process of its own (one baresip runtime a process): orders on stdin, events on stdout.

`python baresip_phone.py SERVER_HOST SERVER_PORT USER PASSWORD SIP_PORT [DTMF_MODE]`. Orders, one a line: `register`,
`dial URI`, `hold`, `resume`, `dtmf DIGITS`, `transfer URI`, `hang_up`, `loudness` (of what is heard), `heard PATH`
(writes the last minute of it, 16 bit). It answers every call and sends a tone; its keys go by INFO, or by telephone
events with DTMF_MODE `rtpevent`. Each event is one line of JSON.
"""

from __future__ import annotations

import array
import asyncio
import json
import math
import sys
from pathlib import Path

from baresip import Account, Config, Event, Runtime, UserAgent

TONE = array.array("h", (int(9000 * math.sin(2 * math.pi * 440 * n / 8000)) for n in range(800))).tobytes()


def say(what: str, **more: object) -> None:
    """Print an event."""
    sys.stdout.write(json.dumps({"event": what, **more}) + "\n")
    sys.stdout.flush()


class Phone:
    """One user agent and its newest call."""

    def __init__(self, server: str, user: str, password: str, dtmf_mode: str) -> None:
        self.server, self.user, self.password = server, user, password
        self.dtmf_mode = dtmf_mode
        self.call = None
        self.heard = b""
        self.minute = b""

    async def start(self, runtime: Runtime) -> None:
        """Make the user agent."""
        account = Account(
            user=self.user,
            domain=self.server,
            password=self.password,
            dtmf_mode=self.dtmf_mode,
            audio_codecs=("pcmu",),
        )
        self.agent = await UserAgent.create(runtime, account)
        self.agent.on_incoming(self._incoming)
        self.agent.on(self._event)

    def _incoming(self, call: object) -> None:
        self.call = call
        asyncio.get_running_loop().create_task(call.answer())

    def _event(self, event: object) -> None:
        if event.event in (
            Event.CALL_ESTABLISHED,
            Event.CALL_CLOSED,
            Event.CALL_RINGING,
            Event.CALL_PROGRESS,
        ):
            say(event.event.name.lower())

    async def sound(self) -> None:
        """Send a tone and keep the last second of what is heard."""
        while True:
            try:
                if self.call is not None:
                    self.call.audio.write(TONE[:320])
                    heard = self.call.audio.read(4000)
                    self.heard = (self.heard + heard)[-16_000:]
                    self.minute = (self.minute + heard)[-960_000:]
            except Exception as error:  # noqa: BLE001  between two calls there is no sound
                self.heard = b"" if error else self.heard
            await asyncio.sleep(0.02)

    async def order(self, word: str, rest: str) -> None:
        """Carry out one order."""
        if word == "register":
            await self.agent.register()
        elif word == "dial":
            self.heard = b""
            self.call = await self.agent.dial(rest)
        elif word == "loudness":
            samples = array.array("h", self.heard[: len(self.heard) // 2 * 2])
            level = math.sqrt(sum(s * s for s in samples) / len(samples)) if samples else 0
            say("loudness", level=int(level))
            return
        elif word == "heard":
            await asyncio.to_thread(Path(rest).write_bytes, self.minute)
        elif word == "dtmf":
            await self.call.send_dtmf(rest)
        elif word == "transfer":
            await self.call.transfer(rest)
        elif word in ("hold", "resume"):
            await getattr(self.call, word)()
        elif word == "hang_up":
            await self.call.hangup()
        say("done", order=word)


async def main() -> None:
    """Read orders until stdin ends."""
    host, port, user, password, sip_port, dtmf_mode = [*sys.argv[1:], "info"][:6]
    runtime = Runtime()
    await runtime.start(
        Config(net_interface="127.0.0.1", extra_config_text=f"sip_listen 127.0.0.1:{sip_port}\n")
    )
    phone = Phone(f"{host}:{port}", user, password, dtmf_mode)
    await phone.start(runtime)
    sounding = asyncio.get_running_loop().create_task(phone.sound())
    say("ready")
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    while line := (await reader.readline()).decode().strip():
        word, _, rest = line.partition(" ")
        try:
            await phone.order(word, rest)
        except Exception as error:  # noqa: BLE001  the test wants to hear of everything
            say("error", order=word, why=f"{type(error).__name__}: {error}")
    sounding.cancel()
    await runtime.close()


if __name__ == "__main__":
    asyncio.run(main())
