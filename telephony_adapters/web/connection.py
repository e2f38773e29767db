"""One page's websocket: the way in, the way out, and the limits. What messages mean is the adapter's business.

Messages to a page wait in a bounded box. A page that does not read is cut when its box is full: it loses nothing,
since it asks for the lines after the newest it has when it is back.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from typing import Final, Protocol
from urllib.parse import urlsplit

from aiohttp import WSCloseCode, WSMessage, WSMsgType, web

from acd.websocket import Websocket
from telephony_adapters.web.settings import (
    BAD_MESSAGES_MAX,
    FRAME_BYTES_MAX,
    HELLO_TIMEOUT_S,
    OUTBOX_MAX,
    PING_S,
    TOO_FAST_MAX,
    WebSettings,
)
from telephony_adapters.web.wire import (
    SUBPROTOCOL,
    Ended,
    FromPage,
    Hello,
    Refused,
    State,
    ToPage,
    WebError,
    build_message,
    parse_message,
)

CLOSE_BAD: Final = 4400
CLOSE_NO_HELLO: Final = 4408
CLOSE_REPLACED: Final = 4409
CLOSE_TOO_FAST: Final = 4429
SEND_TIMEOUT_S: Final = 20.0
CLOSE_ALL_TIMEOUT_S: Final = 3.0
_log = logging.getLogger(__name__)


class Page:
    """The sending side of a connection, as the adapter sees it."""

    def __init__(self) -> None:
        self._outbox: deque[str] = deque()
        self._wake = asyncio.Event()
        self._close_code: int | None = None
        self._held: list[ToPage] | None = None
        self._held_code: int | None = None

    def hold(self) -> None:
        """Keep everything back until `release`: a page's first message is its welcome."""
        self._held = []

    def release(self, welcome: ToPage | None) -> None:
        """Send what was kept back; after a welcome, which shows all of it, the last place in the line, and the end."""
        held, code = self._held or [], self._held_code
        self._held = self._held_code = None
        if welcome is not None:
            self.send(welcome)
            places = [message for message in held if isinstance(message, State) and message.position]
            ends = [message for message in held if isinstance(message, Ended)]
            held = [*places[-1:], *ends]
        for message in held:
            self.send(message)
        if code is not None:
            self.close(code)

    def send(self, message: ToPage) -> None:
        """Send soon; a page that takes nothing is cut."""
        if self._close_code is not None:
            return
        if self._held is not None:
            self._held.append(message)  # a visit that begins has a handful of them
            return
        if len(self._outbox) >= OUTBOX_MAX:
            self._outbox.clear()
            self.close(WSCloseCode.TRY_AGAIN_LATER)
            return
        self._outbox.append(build_message(message))
        self._wake.set()

    def close(self, code: int) -> None:
        """Close after what was sent before."""
        if self._held is not None:
            self._held_code = self._held_code or code
            return
        if self._close_code is None:
            self._close_code = code
            self._wake.set()

    async def run(self, socket: web.WebSocketResponse) -> None:
        """Send until the connection is closed."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._outbox:
                async with asyncio.timeout(SEND_TIMEOUT_S):
                    await socket.send_str(self._outbox.popleft())
            if self._close_code is not None:
                await socket.close(code=self._close_code)
                return


class Visits(Protocol):
    """What a connection needs of the adapter."""

    async def hello(self, message: Hello, page: Page) -> None:
        """Begin or take up a visit; raise `WebError` if it cannot be."""
        ...

    def hear(self, message: FromPage, page: Page) -> None:
        """Take a later message; raise `WebError` if it cannot be taken."""
        ...

    def gone(self, page: Page) -> None:
        """The connection is over."""
        ...


class CustomerSocket:
    """Takes connections at `/customer`."""

    def __init__(self, settings: WebSettings, visits: Visits) -> None:
        self.is_draining = False
        self._settings = settings
        self._visits = visits
        self._by_address: Counter[str] = Counter()
        self._pages: set[Page] = set()
        self._all_gone = asyncio.Event()

    @property
    def connections(self) -> int:
        """How many pages are connected."""
        return self._by_address.total()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one page; the handler of `GET /customer`."""
        address = request.remote or ""
        refusal = self._refusal(request, address)
        if refusal is not None:
            return refusal
        self._by_address[address] += 1
        try:
            socket = Websocket(
                protocols=(SUBPROTOCOL,), heartbeat=PING_S, max_msg_size=FRAME_BYTES_MAX, compress=False
            )
            await socket.prepare(request)
            await self._serve(socket)
            return socket
        finally:
            self._by_address[address] -= 1
            if not self._by_address[address]:
                del self._by_address[address]

    async def close_all(self) -> None:
        """Send every page away for a moment: the node stops. Waits until they are gone, but not for long."""
        self.is_draining = True
        for page in self._pages:
            page.close(WSCloseCode.GOING_AWAY)
        if self._pages:
            self._all_gone.clear()
            try:
                async with asyncio.timeout(CLOSE_ALL_TIMEOUT_S):
                    await self._all_gone.wait()
            except TimeoutError:
                _log.warning("pages_left count=%d", len(self._pages))

    def _refusal(self, request: web.Request, address: str) -> web.Response | None:
        if not self._is_our_page(request):
            return web.json_response({"code": "foreign_origin"}, status=403)
        if self._by_address[address] >= self._settings.connections_per_address_max:
            return web.json_response({"code": "too_many"}, status=429)
        if self.is_draining or self.connections >= self._settings.connections_max:
            return web.json_response({"code": "overloaded"}, status=503, headers={"Retry-After": "5"})
        return None

    def _is_our_page(self, request: web.Request) -> bool:
        origin = request.headers.get("Origin", "")
        if origin in self._settings.origins:
            return True
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        return parts.scheme in ("http", "https") and parts.netloc == request.host

    async def _serve(self, socket: web.WebSocketResponse) -> None:
        page = Page()
        self._pages.add(page)
        try:
            async with asyncio.TaskGroup() as group:
                writer = group.create_task(_write(page, socket))
                await self._read(socket, page)
                self._visits.gone(page)
                page.close(WSCloseCode.OK)
                await asyncio.wait([writer], timeout=SEND_TIMEOUT_S)
                writer.cancel()
        finally:
            self._visits.gone(page)
            self._pages.discard(page)
            if not self._pages:
                self._all_gone.set()

    async def _read(self, socket: web.WebSocketResponse, page: Page) -> None:
        strikes = _Strikes(page)
        try:
            async with asyncio.timeout(HELLO_TIMEOUT_S):
                first = await socket.receive()
        except TimeoutError:
            page.close(CLOSE_NO_HELLO)
            return
        hello = _read_hello(first, page)
        if hello is None:
            return
        try:
            await self._visits.hello(hello, page)
        except WebError as error:
            strikes.count(error)
            page.close(CLOSE_BAD)
            return
        async for frame in socket:
            if frame.type is not WSMsgType.TEXT:
                page.close(WSCloseCode.UNSUPPORTED_DATA)
                return
            try:
                self._visits.hear(parse_message(frame.data), page)
            except WebError as error:
                strikes.count(error)


class _Strikes:
    """Counts what a page must not do, tells it, and closes when it does not learn."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._bad = 0
        self._fast = 0

    def count(self, error: WebError) -> None:
        self._page.send(Refused(error.code, error.key, error.found, error.expected))
        if error.code == "too_fast":
            self._fast += 1
        elif error.code in ("bad_message", "too_long"):
            self._bad += 1
        if self._fast >= TOO_FAST_MAX:
            self._page.close(CLOSE_TOO_FAST)
        elif self._bad >= BAD_MESSAGES_MAX:
            self._page.close(CLOSE_BAD)


def _read_hello(frame: WSMessage, page: Page) -> Hello | None:
    if frame.type is not WSMsgType.TEXT:
        if frame.type is WSMsgType.BINARY:
            page.close(WSCloseCode.UNSUPPORTED_DATA)
        return None
    try:
        message = parse_message(frame.data)
        if not isinstance(message, Hello):
            raise WebError("bad_message", type(message).__name__.lower(), "hello first")
    except WebError as error:
        page.send(Refused(error.code, error.key, error.found, error.expected))
        page.close(CLOSE_BAD)
        return None
    return message


async def _write(page: Page, socket: web.WebSocketResponse) -> None:
    try:
        await page.run(socket)
    except (ConnectionError, TimeoutError, RuntimeError) as error:
        # The page is gone while something was on its way; the reading side sees the end too.
        _log.debug("page_gone why=%r", error)
