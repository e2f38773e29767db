"""HTTP and websocket of the switch adapter. Reads, answers, counts; every answer says what was found.

`POST /cti/v1/events` takes CloudEvents (structured, batch, binary). `GET /cti/v1/socket` takes the same, one in
a text frame, and sends orders; a switch that comes back gets every order that it has not acknowledged.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
from http import HTTPStatus
from typing import Any

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web

from acd.ports import Overloaded
from acd.websocket import Websocket
from telephony_adapters.cti.adapter import Answer, CtiAdapter, TooFast
from telephony_adapters.cti.settings import SwitchSettings
from telephony_adapters.cti.wire import (
    ID_MAX,
    CloudEvent,
    CtiError,
    check_batch,
    parse_batch,
    parse_binary,
    parse_structured,
)

BODY_MAX = 1 << 20
FRAME_MAX = 64 * 1024
HEARTBEAT_S = 10.0
CLOSE_S = 1.0
ASIDE_MAX = 256
"""How many events of one socket may be on their way to the journal at once; beyond it reading waits."""
NOT_NOW = ("a full house", "the same again later")
SUBPROTOCOL = "acd.cti.v1+json"
CLOSE_REPLACED = 4409
CLOSE_TOO_FAST = 4429

KEY_EXPECTED = "Authorization: Bearer KEY, or Basic with the source as user and the key as password"

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"


class Acknowledge(msgspec.Struct, forbid_unknown_fields=True):
    """A frame of the switch: every order up to this number is in its hands."""

    ack: int


class _Begun(msgspec.Struct, frozen=True):
    """An event whose answer is still to come; `answer` None: it has to wait for its turn."""

    event: CloudEvent
    answer: asyncio.Future[Answer] | None


class CtiRoutes:
    """The doors of the adapter on the house's web server."""

    def __init__(self, adapter: CtiAdapter) -> None:
        self._adapter = adapter
        self._sockets: dict[str, web.WebSocketResponse] = {}

    def add_to(self, app: web.Application) -> None:
        """Add the routes to an application; switches are sent away before its server closes."""
        app.router.add_post("/cti/v1/events", self.events)
        app.router.add_get("/cti/v1/socket", self.socket)
        app.on_shutdown.append(self._send_away)

    async def _send_away(self, _: web.Application) -> None:
        """Close every socket; a switch comes back to the next node, which orders again what still stands."""
        for socket in list(self._sockets.values()):
            with contextlib.suppress(TimeoutError):  # it does not answer the close: it is closed without
                async with asyncio.timeout(CLOSE_S):
                    await socket.close(code=WSCloseCode.GOING_AWAY, message=b"the server stops")

    async def events(self, request: web.Request) -> web.Response:
        """Take one event or a batch; answers when everything is durable, one result for each, in order."""
        switch = self._switch_of(request)
        if switch is None:
            return _problem(HTTPStatus.UNAUTHORIZED, "unauthorized", "no known key", KEY_EXPECTED)
        try:
            batch = await self._read(request)
            answers = await self._take_all(switch.source, batch)
        except CtiError as error:
            return _problem(HTTPStatus.BAD_REQUEST, error.code, error.found, error.expected, error.where)
        except TooFast as error:
            return _problem(HTTPStatus.TOO_MANY_REQUESTS, "too_fast", str(error), "fewer events a second")
        except Overloaded as full:
            return _problem(HTTPStatus.SERVICE_UNAVAILABLE, full.code, *NOT_NOW)
        except web.HTTPRequestEntityTooLarge:
            return _problem(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", "a larger body", f"at most {BODY_MAX} bytes"
            )
        body = msgspec.json.encode({"results": answers})
        return web.Response(status=HTTPStatus.ACCEPTED, body=body, content_type="application/json")

    async def _take_all(self, source: str, batch: list[CloudEvent]) -> list[Answer]:
        """Hand in a batch in its order; all of it waits for the journal together, not each for its own turn.

        Raises:
            As `CtiAdapter.take`; what was handed in before is taken, and answers `is_repeat` the next time.
        """
        given: list[Answer | asyncio.Future[Answer]] = []
        for event in batch:
            now = self._adapter.take_now(source, event)
            given.append(await self._adapter.take_in_turn(source, event) if now is None else now)
        return [one if isinstance(one, Answer) else await asyncio.shield(one) for one in given]

    async def _read(self, request: web.Request) -> list[CloudEvent]:
        packed = request.headers.get("Content-Encoding", "identity")
        if packed.lower() != "identity":
            raise CtiError("content_type", "header content-encoding", packed[:80], "a body as it is")
        if request.content_length is not None and request.content_length > BODY_MAX:
            raise web.HTTPRequestEntityTooLarge(BODY_MAX, request.content_length)
        body = await request.content.read(BODY_MAX + 1)
        while len(body) <= BODY_MAX and not request.content.at_eof():
            body += await request.content.read(BODY_MAX + 1 - len(body))
        if len(body) > BODY_MAX:
            raise web.HTTPRequestEntityTooLarge(BODY_MAX, len(body))
        match request.content_type:
            case "application/cloudevents+json":
                return [parse_structured(body)]
            case "application/cloudevents-batch+json":
                batch = parse_batch(body)
                check_batch(batch)
                return batch
            case "application/json" if any(name.lower().startswith("ce-") for name in request.headers):
                return [parse_binary(request.headers, body)]
            case other:
                expected = f"{STRUCTURED}, {BATCH}, or application/json with ce- headers"
                raise CtiError("content_type", "header content-type", other, expected)

    async def socket(self, request: web.Request) -> web.StreamResponse:
        """Take events and send orders until either side goes."""
        switch = self._switch_of(request)
        if switch is None:
            return _problem(HTTPStatus.UNAUTHORIZED, "unauthorized", "no known key", KEY_EXPECTED)
        socket = Websocket(
            protocols=(SUBPROTOCOL,), heartbeat=HEARTBEAT_S, max_msg_size=FRAME_MAX, compress=False
        )
        await socket.prepare(request)
        older = self._sockets.get(switch.source)
        self._sockets[switch.source] = socket
        if older is not None:
            await older.close(code=CLOSE_REPLACED, message=b"a newer connection of this switch")
        try:
            async with asyncio.TaskGroup() as tasks:
                sender = tasks.create_task(self._send_orders(switch.source, socket))
                await self._hear(switch.source, socket, tasks)
                sender.cancel()
        finally:
            if self._sockets.get(switch.source) is socket:
                del self._sockets[switch.source]
        return socket

    async def _hear(self, source: str, socket: web.WebSocketResponse, tasks: asyncio.TaskGroup) -> None:
        aside = asyncio.Semaphore(ASIDE_MAX)
        async for frame in socket:
            if frame.type is not WSMsgType.TEXT:
                await socket.close(code=WSCloseCode.UNSUPPORTED_DATA, message=b"text frames only")
                return
            acknowledged = _acknowledged(frame.data)
            if acknowledged is not None:
                self._adapter.orders[source].acknowledge(acknowledged)
                continue
            given = self._begin(source, frame.data)
            if given is None:
                await socket.close(code=CLOSE_TOO_FAST, message=b"too many events a second")
            elif isinstance(given, Answer):
                await _send_answer(socket, given)
            else:
                await aside.acquire()
                tasks.create_task(self._finish(source, socket, given, aside))

    def _begin(self, source: str, text: str) -> Answer | _Begun | None:
        """Take an event as far as it goes without waiting; None if the switch is too fast."""
        event = None
        try:
            event = parse_structured(text.encode("utf-8", "surrogatepass"))
            given = self._adapter.take_now(source, event)
            return given if isinstance(given, Answer) else _Begun(event, given)
        except (CtiError, Overloaded) as error:
            return _refusal(error, _id_of(text) if event is None else event.id)
        except TooFast:
            return None

    async def _finish(
        self, source: str, socket: web.WebSocketResponse, begun: _Begun, aside: asyncio.Semaphore
    ) -> None:
        event = begun.event
        try:
            if begun.answer is not None:
                answer = await asyncio.shield(begun.answer)
            else:
                answer = await self._adapter.take_in_turn(source, event)
        except (CtiError, Overloaded) as error:
            answer = _refusal(error, event.id)
        finally:
            aside.release()
        await _send_answer(socket, answer)

    async def _send_orders(self, source: str, socket: web.WebSocketResponse) -> None:
        orders = self._adapter.orders[source]
        hello = {"hello": {"stream": orders.stream, "last": orders.last, "dropped": orders.dropped}}
        sent = 0
        with contextlib.suppress(ConnectionError):  # the next connection gets what was not acknowledged
            await socket.send_str(msgspec.json.encode(hello).decode())
            while not socket.closed:
                for number, order in orders.after(sent):
                    await socket.send_str(msgspec.json.encode({"order": order}).decode())
                    sent = number
                await orders.wait_after(sent)

    def _switch_of(self, request: web.Request) -> SwitchSettings | None:
        source, key = _credentials(request.headers.get("Authorization", ""))
        found = None
        for switch in self._adapter.switches.values():
            if key and switch.is_key(key):  # every key is looked at, so that the time tells nothing
                found = switch
        return found if found is not None and source in (None, found.source) else None


def _credentials(header: str) -> tuple[str | None, str]:
    """Return source and key: `Bearer KEY` names no source, `Basic SOURCE:KEY` does. Many clients know only Basic."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "bearer":
        return None, value
    if scheme.lower() != "basic":
        return None, ""
    try:
        source, _, key = base64.b64decode(value, validate=True).decode().partition(":")
    except ValueError:
        return None, ""
    return source, key


async def _send_answer(socket: web.WebSocketResponse, answer: Answer) -> None:
    with contextlib.suppress(ConnectionError):  # the switch asks again by the same id when it is back
        await socket.send_str(msgspec.json.encode({"result": answer}).decode())


def _refusal(error: CtiError | Overloaded, event_id: str) -> Answer:
    if isinstance(error, Overloaded):
        return Answer(event_id, "refused", error.code, *NOT_NOW)
    return Answer(event_id, "refused", error.code, f"{error.where}: {error.found}", error.expected)


def _id_of(text: str) -> str:
    """Return the id of an event that cannot be taken, as far as it can be read."""
    try:
        found = msgspec.json.decode(text, type=dict[str, Any]).get("id")
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return ""
    return found[:ID_MAX] if isinstance(found, str) else ""


def _acknowledged(text: str) -> int | None:
    if '"ack"' not in text:
        return None
    try:
        return msgspec.json.decode(text, type=Acknowledge).ack
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None


def _problem(status: HTTPStatus, code: str, found: str, expected: str, where: str = "") -> web.Response:
    body = msgspec.json.encode({"code": code, "where": where, "found": found, "expected": expected})
    headers = (
        {"Retry-After": "1"}
        if status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS)
        else {}
    )
    return web.Response(status=status, body=body, content_type="application/json", headers=headers)
