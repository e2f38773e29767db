"""Connections before anybody has shown who they are: how long a request may take, how many from one address.

aiohttp waits for a head and a body as long as the peer likes; a few thousand connections that send a byte now and then
would take every place there is. So each connection has one clock: it runs while a head is on its way, and while a
body is. An open websocket has its room's own limits and counts no longer.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import Any, Final

from aiohttp import StreamReader, web
from aiohttp.web_protocol import RequestHandler

from acd.runtime.logs import named

CLOSE_S: Final = 2.0
"""How long open requests are waited for when the site goes down."""
IDLE_S: Final = 30.0
"""A connection that is kept for another request, and does not begin one, is closed."""
_SLOW: Final = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_MANY: Final = (
    b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
)

_log = logging.getLogger("acd.app")


class Visitors:
    """All connections of the site that are no open sockets, by address."""

    def __init__(self, head_s_max: float, body_s_max: float, per_address_max: int) -> None:
        self.head_s_max, self.body_s_max = head_s_max, body_s_max
        self.per_address_max = per_address_max
        self.by_address: Counter[str] = Counter()

    def enter(self, address: str) -> bool:
        """Count a connection; False, and not counted, when there are too many."""
        if self.by_address[address] >= self.per_address_max:
            return False
        self.by_address[address] += 1
        return True

    def leave(self, address: str) -> None:
        """A counted connection is over, or known."""
        self.by_address[address] -= 1
        if self.by_address[address] <= 0:
            del self.by_address[address]


class Visit(RequestHandler):
    """aiohttp's connection, with a clock."""

    __slots__ = ("_address", "_clock", "_is_counted", "_visitors")

    def __init__(self, manager: web.Server, visitors: Visitors, **options: Any) -> None:
        super().__init__(manager, keepalive_timeout=IDLE_S, **options)
        self._visitors = visitors
        self._clock: asyncio.TimerHandle | None = None
        self._address, self._is_counted = "", False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count it, and wait for the head."""
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        self._address = str(peer[0]) if peer else ""
        self._is_counted = self._visitors.enter(self._address)
        if self._is_counted:
            self._set_clock("head", self._visitors.head_s_max)
        else:
            _log.info(named("connection_refused", address=self._address, code="too_many"))
            self._end(_MANY)

    def data_received(self, data: bytes) -> None:
        """A head begins where no request is being served: from then on its clock runs."""
        if self._clock is None and not self._request_in_progress and self._payload_parser is None:
            self._set_clock("head", self._visitors.head_s_max)
        super().data_received(data)

    def connection_lost(self, error: BaseException | None) -> None:
        """Count it no longer."""
        self._stop_clock()
        self._forget()
        super().connection_lost(error)

    def set_parser(self, *parser: Any, **options: Any) -> None:
        """It has become a websocket: its room knows who it is, or soon closes it."""
        self._stop_clock()
        self._forget()
        super().set_parser(*parser, **options)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is no request: without what it said, and without what we are made of. The log has the rest."""
        super().handle_error(request, status, exc, message)
        said = web.Response(status=status, text="this is no request\n", headers={"Server": "acd"})
        said.force_close()
        return said

    def begin(self, body: StreamReader) -> None:
        """The head is whole; now the body must come."""
        self._stop_clock()
        if not body.is_eof():
            self._set_clock("body", self._visitors.body_s_max)
            body.on_eof(self._stop_clock)

    def _set_clock(self, what: str, seconds: float) -> None:
        self._stop_clock()
        self._clock = asyncio.get_running_loop().call_later(seconds, self._be_late, what)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _be_late(self, what: str) -> None:
        self._clock = None
        _log.info(named("connection_refused", address=self._address, code=f"slow_{what}"))
        self._end(_SLOW)

    def _end(self, answer: bytes) -> None:
        if self.transport is not None:
            self.transport.write(answer)
            self.force_close()

    def _forget(self) -> None:
        if self._is_counted:
            self._is_counted = False
            self._visitors.leave(self._address)


class VisitServer(web.Server):
    """Makes a `Visit` of each connection, and tells it when a head is whole."""

    def __init__(self, inner: web.Server, visitors: Visitors, options: dict[str, Any]) -> None:
        super().__init__(inner.request_handler, request_factory=self._begin)
        self._inner_factory = inner.request_factory
        self._visitors, self._options = visitors, options

    def __call__(self) -> Visit:
        """Return the protocol of a new connection."""
        return Visit(self, self._visitors, loop=asyncio.get_running_loop(), **self._options)

    def _begin(self, message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> Any:
        protocol.begin(payload)
        return self._inner_factory(message, payload, protocol, writer, task)


class VisitRunner(web.AppRunner):
    """aiohttp's runner of an application, with clocks on its connections."""

    def __init__(self, application: web.Application, visitors: Visitors) -> None:
        super().__init__(application, access_log=None, handle_signals=False, shutdown_timeout=CLOSE_S)
        self.visitors = visitors

    async def _make_server(self) -> web.Server:
        return VisitServer(await super()._make_server(), self.visitors, {"access_log": None})
