"""A telephone switch for tests: it keeps calls and agents' telephones, tells what happens, and does as ordered.

Written from GUIDE.md. It speaks over the websocket (a library that is not the server's), or over HTTP with orders
by webhook, whose signatures it checks by itself.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import itertools
import json
import time
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

SOURCE, KEY = "pbx-1", "k" * 64
SECRET = base64.b64encode(b"s" * 32).decode()


@dataclass
class Call:
    """One customer's call as the switch has it."""

    is_here: bool = True
    treated: int = 0
    parties: set[str] = field(default_factory=set)
    is_held: bool = False
    listeners: dict[str, str] = field(default_factory=dict)
    consulted: str = ""
    consult_offer: int = 0
    is_consult_up: bool = False
    dials: str = ""
    offer: int = 0


class Switch:
    """The switch; `open` connects it."""

    def __init__(self, by_webhook: bool = False) -> None:
        self.calls: dict[str, Call] = {}
        self.ringing: dict[int, str] = {}
        """Agents' telephones that ring, by offer."""
        self.done: set[str] = set()
        """Ids of orders that were done: the same one again is passed over."""
        self.says_twice = False
        self.by_webhook = by_webhook
        self.answers: list[dict[str, Any]] = []
        self.forged = 0
        self._url = ""
        self._numbers = itertools.count(1)
        self._sequences: dict[str, int] = {}
        self._unsaid: list[dict[str, Any]] = []
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._later: set[asyncio.Task[None]] = set()
        self._stack = contextlib.AsyncExitStack()
        self._is_cut = False
        self.hook_url = ""

    # --- the link -------------------------------------------------------------------------------------

    async def open_hook(self) -> None:
        """Listen for webhooks, before the adapter is made: its settings name the address."""
        app = web.Application()
        app.router.add_post("/orders", self._hooked)
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.hook_url = f"http://127.0.0.1:{runner.addresses[0][1]}/orders"

    async def open(self, url: str) -> None:
        """Connect; say what is unsaid."""
        self._url, self._is_cut = url, False
        if self.by_webhook:
            if not hasattr(self, "_session"):
                self._session = await self._stack.enter_async_context(aiohttp.ClientSession())
        else:
            address = url.replace("http://", f"ws://{SOURCE}:{KEY}@") + "/cti/v1/socket"
            self._socket = await connect(address, subprotocols=["acd.cti.v1+json"])  # type: ignore[list-item]
            self._reader = asyncio.get_running_loop().create_task(self._read(self._socket))
        unsaid, self._unsaid = self._unsaid, []
        for event in unsaid:
            await self._send(event)

    async def cut(self) -> None:
        """Lose the link; what happens from now on is said when it is back."""
        self._is_cut = True
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.wait([self._reader])
        if self._socket is not None:
            self._socket.transport.abort()
            await self._socket.wait_closed()
        self._socket = self._reader = None

    async def close(self) -> None:
        """Disconnect."""
        await self.cut()
        for task in self._later:
            task.cancel()
        await self._stack.aclose()

    async def compare(self) -> None:
        """Say which calls there are, as the guide wants it after a lost link."""
        await self.say("acd.calls.present", calls=[name for name, call in self.calls.items() if call.is_here])

    # --- what happens ---------------------------------------------------------------------------------

    async def say(self, what: str, call: str = "", **data: Any) -> str:
        """Tell what happened, and return the event's id; each call's events bear a sequence."""
        event: dict[str, Any] = {
            "specversion": "1.0", "id": f"e{next(self._numbers)}", "source": SOURCE, "type": what, "data": data,
        }  # fmt: skip
        if call:
            self._sequences[call] = self._sequences.get(call, 0) + 1
            event |= {"subject": call, "sequence": str(self._sequences[call])}
        if self._is_cut:
            self._unsaid.append(event)
        else:
            await self._send(event)
            if self.says_twice:
                await self._send(event)
                again = {name: value for name, value in event.items() if name != "sequence"}
                await self._send(again | {"id": event["id"] + "-again"})
        return str(event["id"])

    async def _send(self, event: dict[str, Any]) -> None:
        if not self.by_webhook:
            assert self._socket is not None
            await self._socket.send(json.dumps(event))
            return
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/cloudevents-batch+json"}
        async with self._session.post(self._url + "/cti/v1/events", json=[event], headers=headers) as answer:
            assert answer.status == 202, await answer.text()
            self.answers.extend((await answer.json())["results"])

    # --- orders ---------------------------------------------------------------------------------------

    async def _read(self, socket: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for text in socket:
                message = json.loads(text)
                if "order" in message:
                    await self._obey(message["order"])
                    await socket.send(json.dumps({"ack": int(message["order"]["sequence"])}))
                elif "result" in message:
                    self.answers.append(message["result"])

    async def _hooked(self, request: web.Request) -> web.Response:
        if self._is_cut:
            return web.Response(status=503)
        body = await request.read()
        signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + body
        mac = hmac.new(base64.b64decode(SECRET), signed, hashlib.sha256).digest()
        is_fresh = abs(time.time() - int(request.headers["webhook-timestamp"])) < 300
        if request.headers["webhook-signature"] != "v1," + base64.b64encode(mac).decode() or not is_fresh:
            self.forged += 1
            return web.Response(status=401)
        await self._obey(json.loads(body))
        return web.Response(status=204)

    async def _obey(self, order: dict[str, Any]) -> None:
        if order["id"] in self.done:
            return
        self.done.add(order["id"])
        call = self.calls.get(order["subject"])
        if call is None:
            return
        obey = getattr(self, "_" + order["type"].removeprefix("acd.order."))
        task = asyncio.get_running_loop().create_task(obey(order["subject"], call, **order["data"]))
        self._later.add(task)
        task.add_done_callback(self._later.discard)
        await task

    async def _treatment(self, name: str, call: Call, **data: Any) -> None:
        call.treated += 1

    async def _turn_away(self, name: str, call: Call, **data: Any) -> None:
        call.is_here = False

    async def _tell_ticket(self, name: str, call: Call, **data: Any) -> None:
        await self.leave(name)

    async def _end(self, name: str, call: Call, **data: Any) -> None:
        call.is_here = False
        call.parties.clear()

    async def _offer(self, name: str, call: Call, offer: int, agent: str, **data: Any) -> None:
        self.ringing[offer] = agent

    async def _withdraw(self, name: str, call: Call, offer: int, agent: str, **data: Any) -> None:
        self.ringing.pop(offer, None)

    async def _connect(self, name: str, call: Call, offer: int, agent: str, **data: Any) -> None:
        self.ringing.pop(offer, None)
        if not call.is_here:
            await self.say("acd.connect.failed", name, offer=offer, reason="customer_gone")
            return
        call.parties, call.offer = {agent}, offer
        await self.say("acd.call.connected", name, offer=offer)

    async def _hold(self, name: str, call: Call, offer: int, is_held: bool, **data: Any) -> None:
        call.is_held = is_held

    async def _release(self, name: str, call: Call, offer: int, agent: str, **data: Any) -> None:
        self.ringing.pop(offer, None)
        call.parties.discard(agent)
        call.listeners.clear()

    async def _transfer(self, name: str, call: Call, offer: int, number: str, **data: Any) -> None:
        call.dials = number

    async def _consult(
        self, name: str, call: Call, offer: int, to_agent: str | None = None, to_number: str = "", **data: Any
    ) -> None:
        call.consulted, call.consult_offer, call.is_consult_up = to_agent or to_number, offer, False

    async def _consult_end(self, name: str, call: Call, offer: int, how: str, **data: Any) -> None:
        target, call.consulted = call.consulted, ""
        if how == "retrieve":
            call.parties.discard(target)
            call.is_held = False
        elif how == "conference":
            call.parties.add(target)
            call.is_held = False
        else:
            call.parties, call.is_held = {target}, False
            if not target.startswith("agent"):  # from now on it is theirs
                await self.say("acd.call.left", name, reason="transferred")

    async def _monitor(self, name: str, call: Call, by: str, mode: str | None = None, **data: Any) -> None:
        call.listeners.pop(by, None)
        if mode is not None:
            call.listeners[by] = mode

    # --- people ---------------------------------------------------------------------------------------

    async def leave(self, name: str) -> None:
        """The customer hangs up."""
        call = self.calls[name]
        call.is_here, call.consulted = False, ""
        call.parties.clear()
        await self.say("acd.call.left", name)

    async def target_answers(self, target: str) -> None:
        """The target of a consult or a transfer picks up."""
        for name, call in self.calls.items():
            if call.consulted == target:
                call.is_consult_up = True
                await self.say("acd.consult.connected", name, offer=call.consult_offer)
            elif call.dials == target:
                call.parties, call.dials = {target}, ""
                await self.say("acd.call.left", name, reason="transferred")
