"""The customers: a switch that pushes calls over the websocket of the cti guide, connects what it is told to, and
keeps an own account of every call. Written from the guide; nothing of the adapter is used."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from bench.desks.house import ENTRY, SOURCE


class Switch:
    """One switch. `calls` maps each call to what became of it."""

    def __init__(self, http: str, key: str, clock: Callable[[], float]) -> None:
        self.calls: dict[str, str] = {}
        self.refused: Counter[str] = Counter()
        self.connected = 0
        self.ended = 0
        self._uri = "ws" + http.removeprefix("http") + "/cti/v1/socket"
        self._key = key
        self._clock = clock
        self._events = itertools.count(1)
        self._socket: ClientConnection | None = None
        self._results: dict[str, str] = {}
        self._last_order = 0

    async def run(self) -> None:
        """Stay connected and do what is ordered, until cancelled."""
        async with connect(
            self._uri,
            subprotocols=[Subprotocol("acd.cti.v1+json")],
            additional_headers={"Authorization": f"Bearer {self._key}"},
            compression=None,
            max_size=None,
            ping_interval=None,
            proxy=None,
        ) as socket:
            self._socket = socket
            try:
                async for frame in socket:
                    await self._take(json.loads(frame))
            except ConnectionClosed:
                return

    async def arrive(self, number: int) -> None:
        """A customer calls."""
        call = f"call-{number}"
        self.calls[call] = "sent"
        await self._say(
            "acd.call.arrived", call, {"entry": ENTRY, "from": f"+86138{number % 100_000_000:08d}"}
        )

    async def arrivals(self, rate: float, seconds: float, first: int, seed: int) -> int:
        """Bring customers by chance, so many a second on average, whatever becomes of them; return how many."""
        chance, begun, number = random.Random(seed), self._clock(), first
        due = begun
        while due < begun + seconds:
            now = self._clock()
            if due > now:
                await asyncio.sleep(due - now)
            await self.arrive(number)
            number += 1
            due += chance.expovariate(rate)
        return number - first

    async def _say(self, kind: str, call: str, data: dict[str, Any]) -> None:
        event_id = str(next(self._events))
        if kind == "acd.call.arrived":
            self._results[event_id] = call
        event = {
            "specversion": "1.0",
            "id": event_id,
            "source": SOURCE,
            "type": kind,
            "subject": call,
            "data": data,
        }
        if self._socket is not None:
            with suppress(ConnectionClosed):
                await self._socket.send(json.dumps(event))

    async def _take(self, message: dict[str, Any]) -> None:
        if (result := message.get("result")) is not None:
            call = self._results.pop(result["id"], None)
            if call is not None and result["outcome"] != "accepted":
                self.calls[call] = "refused"
                self.refused[result.get("code") or result["outcome"]] += 1
            elif call is not None and self.calls[call] == "sent":
                self.calls[call] = "in line"
        elif (order := message.get("order")) is not None:
            await self._obey(order)

    async def _obey(self, order: dict[str, Any]) -> None:
        call, kind = order["subject"], order["type"]
        if kind == "acd.order.connect":
            self.connected += 1
            self.calls[call] = "connected"
            await self._say("acd.call.connected", call, {"offer": order["data"]["offer"]})
        elif kind in ("acd.order.end", "acd.order.turn_away"):
            answered = self.calls.get(call) == "connected"
            self.calls[call] = "done" if answered else "turned away"
            self.ended += answered
        self._last_order = int(order["sequence"])
        if self._last_order % 100 == 0 and self._socket is not None:
            with suppress(ConnectionClosed):
                await self._socket.send(json.dumps({"ack": self._last_order}))
