"""The desk websocket: from the handshake to the last message. What messages do stands in `desks.py`."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import Counter
from socket import SO_SNDBUF, SOL_SOCKET
from typing import Final

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web

from acd.desk.actions import Action
from acd.desk.desks import Desks
from acd.desk.messages import (
    SUBPROTOCOLS,
    AnyClientMessage,
    Close,
    DeskError,
    Heartbeat,
    Hello,
    Refused,
    RenewToken,
    Welcome,
    parse_client_message,
)
from acd.desk.origins import Origins
from acd.desk.requests import Asker, NotDone, check_right, read_answer, sight_of
from acd.desk.roles import rights_of
from acd.desk.sessions import BAD_MESSAGES_MAX, Session, card_of, close_transport
from acd.desk.streams import Reader
from acd.desk.tokens import Claims, TokenRefused
from acd.desk.views import AgentView, SupervisorView
from acd.ports import Overloaded
from acd.routing.events import AgentSignedIn, LinkChanged
from acd.routing.model import Link
from acd.websocket import Websocket

_log = logging.getLogger("acd.desk")

SIGN_IN_S: Final = 10.0
"""How long the loop may take to make a sign-in durable."""

KERNEL_BUFFER_BYTES: Final = 131_072
"""The system doubles it for its own needs."""


class _Ended(Exception):
    """The socket is to be closed with this code."""

    def __init__(self, code: Close) -> None:
        super().__init__(code.name)
        self.code = code


class DeskSocket(Websocket):
    """A desk's socket, whose close frame is ours to write, at once and past every buffer.

    aiohttp would write a second one when the peer answers, and again at the end of the handler; a browser
    takes that for a broken connection and never sees our code.
    """

    session: Session | None = None
    is_ended = False

    async def close(self, *, code: int = WSCloseCode.OK, message: bytes = b"", drain: bool = True) -> bool:
        """Close as aiohttp does, unless our close frame is out already."""
        if self.is_ended or (self.session is not None and self.session.close_code is not None):
            return False
        return await super().close(code=code, message=message, drain=drain)


class DeskSockets:
    """Handles `/desk`."""

    def __init__(self, desks: Desks, origins: Origins) -> None:
        self._desks = desks
        self._origins = origins
        self._open = 0
        self._by_address: Counter[str] = Counter()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one websocket until it is over."""
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        address = request.remote or ""
        self._open += 1
        self._by_address[address] += 1
        try:
            return await self._serve(request)
        finally:
            self._open -= 1
            self._by_address[address] -= 1
            if not self._by_address[address]:
                del self._by_address[address]

    def _refusal(self, request: web.Request) -> web.Response | None:
        """Return why this socket is not even opened, None if it may be."""
        settings = self._desks.settings
        if self._desks.is_stopping:
            return self._refuse(503, "stopping", "a node that stops", "another node, or a moment later")
        if not self._origins.allows(request):
            return self._refuse(
                403, "foreign_origin", request.headers.get("Origin", "none")[:200], "an allowed origin"
            )
        if request.query_string:
            return self._refuse(
                400, "bad_request", "a query", "no query: the token goes into the first message"
            )
        offered = request.headers.get("Sec-WebSocket-Protocol", "")
        if not any(name.strip() in SUBPROTOCOLS for name in offered.split(",")):
            return self._refuse(400, "subprotocol", offered[:200], " or ".join(SUBPROTOCOLS))
        if self._open >= settings.connections_max:
            return self._refuse(503, "too_many", str(self._open), f"at most {settings.connections_max} desks")
        here = self._by_address[request.remote or ""]
        if here >= settings.connections_per_address_max:
            limit = settings.connections_per_address_max
            return self._refuse(429, "too_many", str(here), f"at most {limit} desks from one address")
        return None

    def _refuse(self, status: int, code: str, found: str, expected: str) -> web.Response:
        self._desks.figures.refused_sockets.labels(code).inc()
        body = msgspec.json.encode({"code": code, "found": found, "expected": expected})
        return web.Response(status=status, body=body, content_type="application/json")

    async def _serve(self, request: web.Request) -> DeskSocket:
        socket = DeskSocket(
            protocols=SUBPROTOCOLS,
            compress=False,
            autoping=False,
            timeout=2.0,
            max_msg_size=self._desks.settings.frame_bytes_max,
        )
        await socket.prepare(request)
        transport = request.transport
        session = None
        try:
            if transport is None:
                return socket
            _bound_kernel_buffer(transport)
            session = await self._enter(socket, transport)
            await self._listen(socket, session)
        except _Ended as ended:
            self._desks.figures.closes.labels(int(ended.code)).inc()
            if transport is not None:
                socket.is_ended = True
                close_transport(transport, ended.code)
                await _read_to_the_end(socket)
        finally:
            if session is not None:
                self._desks.unseat(session)
        return socket

    # --- the first message --------------------------------------------------------------------------

    async def _enter(self, socket: DeskSocket, transport: asyncio.Transport) -> Session:
        """Read `hello` and seat the person."""
        hello = await self._read_hello(socket)
        desks = self._desks
        try:
            claims, person = desks.sign_in.check(hello.token)
            check_right(person, f"view_{hello.view}")
        except TokenRefused as refusal:
            _log.info("desk_refused why=%s", refusal)
            raise _Ended(Close.UNAUTHORIZED) from None
        except NotDone:
            raise _Ended(Close.FORBIDDEN) from None
        asker = Asker(person, f"d-{secrets.token_hex(8)}", sight_of(person))
        if hello.view == "agent":
            session = await self._enter_agent(hello, asker, claims, socket, transport)
        else:
            session = self._enter_supervisor(hello, asker, claims, socket, transport)
        now_ms = desks.now_ms()
        session.open(
            Welcome(
                session=session.id,
                person=card_of(person),
                view=hello.view,
                at_ms=now_ms,
                token_expires_at_ms=claims.expires_at_ms,
                heartbeat_ms=desks.settings.heartbeat_ms,
                silence_ms=desks.settings.silence_ms,
                reasons=tuple(desks.settings.reasons),
                actions=rights_of(person.role),
                cannot=desks.cannot,
                resumed=session.reader.resumed,
            )
        )
        desks.pump(session)
        return session

    async def _read_hello(self, socket: DeskSocket) -> Hello:
        try:
            async with asyncio.timeout(self._desks.settings.hello_ms_max / 1000):
                message = await socket.receive()
                while message.type in (WSMsgType.PING, WSMsgType.PONG):
                    message = await socket.receive()
        except TimeoutError:
            raise _Ended(Close.TIMEOUT) from None
        if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
            raise _Ended(Close.BAD_MESSAGE)
        try:
            hello = parse_client_message(message.data, str(socket.ws_protocol))
        except DeskError:
            raise _Ended(Close.BAD_MESSAGE) from None
        if not isinstance(hello, Hello):
            raise _Ended(Close.UNAUTHORIZED if isinstance(hello, Action) else Close.BAD_MESSAGE)
        return hello

    async def _enter_agent(
        self,
        hello: Hello,
        asker: Asker,
        claims: Claims,
        socket: DeskSocket,
        transport: asyncio.Transport,
    ) -> Session:
        """Seat an agent: the engine is told of the sign-in and of the desk, and both are durable."""
        desks = self._desks
        session = self._make(hello, asker, claims, desks.agent_view(asker.agent), socket, transport)
        try:
            future = desks.submit(AgentSignedIn(asker.agent, asker.session))
            session.signed_in = True
            # The newest session sits here from the moment at which the engine is told.
            desks.seat(session)
            linked = desks.submit(LinkChanged(asker.agent, Link.DESK, True, asker.session))
            async with asyncio.timeout(SIGN_IN_S):
                read_answer(await future)
                await linked
        except NotDone as refusal:
            _log.info("desk_refused agent=%s code=%s", asker.agent, refusal.code)
            self._leave(session)
            raise _Ended(Close.FORBIDDEN) from None
        except (Overloaded, TimeoutError):
            self._leave(session)
            raise _Ended(Close.NOT_READY) from None
        except BaseException:
            self._leave(session)
            raise
        return session

    def _leave(self, session: Session) -> None:
        """The sign-in did not come about."""
        self._desks.unseat(session)

    def _enter_supervisor(
        self,
        hello: Hello,
        asker: Asker,
        claims: Claims,
        socket: DeskSocket,
        transport: asyncio.Transport,
    ) -> Session:
        try:
            view = self._desks.supervisor_view(asker.sight.scope)
        except NotDone:
            raise _Ended(Close.NOT_READY) from None
        session = self._make(hello, asker, claims, view, socket, transport)
        self._desks.seat(session)
        return session

    def _make(
        self,
        hello: Hello,
        asker: Asker,
        claims: Claims,
        view: AgentView | SupervisorView,
        socket: DeskSocket,
        transport: asyncio.Transport,
    ) -> Session:
        resume = hello.resume
        seq = resume.seq if resume is not None and resume.stream == view.stream.name else None
        reader = Reader(view.stream, str(socket.ws_protocol), seq)
        desks = self._desks
        socket.session = Session(
            asker.session,
            asker,
            claims,
            view,
            reader,
            transport,
            desks.settings,
            desks.outbox,
            desks.now_ms(),
        )
        return socket.session

    # --- all others ---------------------------------------------------------------------------------

    async def _listen(self, socket: DeskSocket, session: Session) -> None:
        """Take messages until the socket is over. After we have closed it, what still comes is thrown away."""
        desks = self._desks
        async for message in socket:
            if session.close_code is not None:
                continue
            now_ms = desks.now_ms()
            session.heard_at_ms = now_ms
            if not session.take_allowance(now_ms):
                session.close(Close.TOO_MANY)
            elif message.type is WSMsgType.PING:
                await socket.pong(message.data)
            elif message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                await self._take(session, message.data)

    async def _take(self, session: Session, data: bytes | str) -> None:
        try:
            message = parse_client_message(data, session.subprotocol)
        except DeskError as error:
            self._desks.figures.bad_messages.inc()
            session.bad_messages += 1
            session.send(Refused(error.about, error.code, error.found, error.expected))
            if session.bad_messages >= BAD_MESSAGES_MAX:
                session.close(Close.BAD_MESSAGE)
            return
        if self._desks.sign_in.person_of(session.claims) is None and not isinstance(message, RenewToken):
            session.close(Close.UNAUTHORIZED)
            return
        await self._dispatch(session, message)

    async def _dispatch(self, session: Session, message: AnyClientMessage) -> None:
        if isinstance(message, Heartbeat):
            return
        if isinstance(message, RenewToken):
            try:
                self._desks.renew(session, message.token)
            except TokenRefused:
                session.close(Close.UNAUTHORIZED)
            return
        if isinstance(message, Hello):
            session.send(Refused("", "bad_message", "hello", "hello once, as the first message"))
            return
        await self._desks.act(session, message)


def _bound_kernel_buffer(transport: asyncio.Transport) -> None:
    """Keep the system from taking megabytes for a reader who does not read: it shall be seen to be slow."""
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(SOL_SOCKET, SO_SNDBUF, KERNEL_BUFFER_BYTES)


async def _read_to_the_end(socket: DeskSocket) -> None:
    """Let the peer answer our close frame; the transport is let go soon in any case."""
    while not socket.closed:
        message = await socket.receive()
        if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR):
            return
