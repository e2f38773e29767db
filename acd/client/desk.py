"""One desk: a websocket, the tables it shows, and actions with their answers.

`async with Desk(...) as desk` connects, and goes on connecting while it is open: after a loss it resumes where it
was. Rows are plain dicts, as they came.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, suppress
from types import TracebackType
from typing import Any, Final

import msgpack
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

KEYS: Final = {
    "me": ("agent",),
    "labels": ("queue",),
    "offers": ("offer",),
    "assignments": ("offer",),
    "chat_messages": ("contact", "number"),
    "tickets": ("ticket",),
    "return_calls": ("contact",),
    "queues": ("queue",),
    "agents": ("agent",),
    "contacts": ("contact",),
    "regions": ("key",),
    "teams": ("key",),
    "alerts": ("key",),
}
FINAL_CODES: Final = (4400, 4401, 4403, 4409)
"""Close codes after which connecting again is no use."""
DELAY_S_MIN: Final = 0.2
DELAY_S_MAX: Final = 10.0


class DeskClosed(Exception):
    """The desk is over, for good; `code` is the close code, 1006 where there was none."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(f"closed with {code} {reason}".rstrip())
        self.code = code


class ActionRefused(Exception):
    """The server refused an action; `code` is stable."""

    def __init__(self, code: str, found: str, expected: str) -> None:
        super().__init__(f"{code}: found {found!r}, expected {expected!r}")
        self.code = code
        self.found = found
        self.expected = expected


class Desk:
    """A desk of somebody who has signed in.

    Args:
        address: `http://host:port` of the server.
        token: From `sign_in`; give newer ones by `renew`.
        view: `agent` or `supervisor`.
        encoding: `json` or `msgpack`.
        reconnect: Whether to connect again after a loss.
    """

    def __init__(
        self,
        address: str,
        token: str,
        *,
        view: str = "agent",
        encoding: str = "msgpack",
        reconnect: bool = True,
        origin: str | None = None,
    ) -> None:
        self.tables: dict[str, dict[str, dict[str, Any]]] = {}
        self.welcome: dict[str, Any] = {}
        self.stream = ""
        self.seq = -1
        self.server_ms = 0
        self.close_code: int | None = None
        self.connects = 0
        self.gaps = 0
        """Deltas that did not follow on what was there: must stay 0."""
        self.on_delta: Callable[[dict[str, Any]], None] | None = None
        """Called with every snapshot and delta, after it was taken over."""
        self._uri = "ws" + address.removeprefix("http") + "/desk"
        self._token = token
        self._view = view
        self._is_json = encoding == "json"
        self._reconnects = reconnect
        self._origin = origin
        self._socket: ClientConnection | None = None
        self._answers: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._pending: dict[str, dict[str, Any]] = {}
        self._count = 0
        self._prefix = f"{random.getrandbits(48):012x}"
        self._changed = asyncio.Event()
        self._count_changes = 0
        self._welcomed = asyncio.Event()
        self._stack = AsyncExitStack()
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Desk:
        """Connect and wait for the first snapshot.

        Raises:
            DeskClosed: The server closed the socket instead.
        """
        group = await self._stack.enter_async_context(asyncio.TaskGroup())
        self._running = group.create_task(self._run())
        try:
            await self.until(lambda desk: desk.seq >= 0, timeout_s=30)
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Leave the desk."""
        self._reconnects = False
        if self._socket is not None:
            await self._socket.close()
        if self._running is not None:
            self._running.cancel()
        await self._stack.aclose()

    def abort(self) -> None:
        """Tear the connection without a word, as a network does."""
        if self._socket is not None:
            self._socket.transport.abort()

    # --- acting -------------------------------------------------------------------------------------

    async def act(self, kind: str, *, timeout_s: float = 10, **fields: Any) -> dict[str, Any]:
        """Ask for an action and wait for its answer. After a reconnect it is sent again, under the same id.

        Raises:
            ActionRefused: The server refused it.
            DeskClosed: The desk is over.
            TimeoutError: No answer.
        """
        self._count += 1
        action_id = str(fields.pop("id", f"{self._prefix}-{self._count}"))
        message = {"type": kind, "id": action_id, **fields}
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[action_id], self._pending[action_id] = future, message
        try:
            await self._send(message)
            async with asyncio.timeout(timeout_s):
                answer = await future
        finally:
            self._answers.pop(action_id, None)
            self._pending.pop(action_id, None)
        if answer["type"] == "refused":
            raise ActionRefused(answer["code"], answer.get("found", ""), answer.get("expected", ""))
        return answer

    async def renew(self, token: str) -> None:
        """Show a newer token."""
        self._token = token
        await self._send({"type": "renew_token", "token": token})

    async def send_raw(self, data: bytes | str) -> None:
        """Send a frame as it is; for tests of the server."""
        assert self._socket is not None, "not connected"
        await self._socket.send(data)

    # --- watching -----------------------------------------------------------------------------------

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Return the rows of a table."""
        return list(self.tables.get(table, {}).values())

    async def until(self, is_so: Callable[[Desk], Any], *, timeout_s: float = 10) -> Any:
        """Wait until the tables are as wanted; return what `is_so` returned.

        Raises:
            TimeoutError: They did not become so.
            DeskClosed: The desk is over.
        """
        async with asyncio.timeout(timeout_s):
            while not (found := is_so(self)):
                if self.close_code is not None:
                    raise DeskClosed(self.close_code)
                self._changed.clear()
                await self._changed.wait()
        return found

    async def changes(self) -> AsyncIterator[Desk]:
        """Yield at once, and again after whatever has changed since the last time; several changes may be one."""
        seen = -1
        while self.close_code is None:
            while seen == self._count_changes:
                self._changed.clear()
                await self._changed.wait()
            seen = self._count_changes
            yield self

    # --- the connection -----------------------------------------------------------------------------

    async def _run(self) -> None:
        delay_s = DELAY_S_MIN
        while True:
            code = 1006
            with suppress(OSError, InvalidHandshake, TimeoutError):
                code = await self._connect_once()
                delay_s = DELAY_S_MIN if self.connects else delay_s
            self._socket = None
            self._welcomed.clear()
            if not self._reconnects or code in FINAL_CODES:
                self._end(code)
                return
            await asyncio.sleep(delay_s * random.uniform(0.5, 1.0))
            delay_s = min(delay_s * 2, DELAY_S_MAX)

    async def _connect_once(self) -> int:
        subprotocol = "acd.desk.v1+json" if self._is_json else "acd.desk.v1+msgpack"
        async with connect(
            self._uri,
            subprotocols=[Subprotocol(subprotocol)],
            compression=None,
            max_size=None,
            ping_interval=None,
            open_timeout=20,
            close_timeout=2,
            proxy=None,
            origin=self._origin,  # type: ignore[arg-type]
        ) as socket:
            self._socket = socket
            resume = {"stream": self.stream, "seq": self.seq} if self.seq >= 0 else None
            await self._send({"type": "hello", "token": self._token, "view": self._view, "resume": resume})
            try:
                async for frame in socket:
                    await self._take(frame)
            except ConnectionClosed:
                return socket.close_code or 1006
            return socket.close_code or 1006

    async def _send(self, message: dict[str, Any]) -> None:
        """Send if there is a connection; actions that wait are sent when there is one again."""
        if self.close_code is not None:
            raise DeskClosed(self.close_code)
        if self._socket is None or (message["type"] not in ("hello",) and not self._welcomed.is_set()):
            return
        with suppress(ConnectionClosed):
            await self._socket.send(json.dumps(message) if self._is_json else msgpack.packb(message))

    async def _take(self, frame: bytes | str) -> None:
        message = json.loads(frame) if self._is_json else msgpack.unpackb(frame)
        kind = message["type"]
        if kind == "delta":
            self._take_delta(message)
        elif kind == "heartbeat":
            self.server_ms = message["at_ms"]
            await self._send({"type": "heartbeat", "at_ms": message["at_ms"]})
        elif kind in ("done", "refused"):
            future = self._answers.get(message["id"])
            if future is not None and not future.done():
                future.set_result(message)
        elif kind == "snapshot":
            self._take_snapshot(message)
        elif kind == "welcome":
            self.welcome = message
            self.connects += 1
            self._welcomed.set()
            for pending in list(self._pending.values()):
                await self._send(pending)
        self._note_change()

    def _take_snapshot(self, message: dict[str, Any]) -> None:
        self.stream, self.seq, self.server_ms = message["stream"], message["seq"], message["at_ms"]
        self.tables = {}
        self._put(message["tables"])
        if self.on_delta is not None:
            self.on_delta(message)

    def _take_delta(self, message: dict[str, Any]) -> None:
        if message["after"] != self.seq:
            self.gaps += 1
        for table, keys in message["gone"].items():
            rows = self.tables.get(table, {})
            for key in keys:
                rows.pop(key, None)
        self._put(message["set"])
        self.seq, self.server_ms = message["seq"], message["at_ms"]
        if self.on_delta is not None:
            self.on_delta(message)

    def _put(self, tables: dict[str, list[dict[str, Any]]]) -> None:
        for table, rows in tables.items():
            if table not in KEYS:
                continue
            known = self.tables.setdefault(table, {})
            for row in rows:
                known["/".join(str(row[field]) for field in KEYS[table])] = row

    def _note_change(self) -> None:
        self._count_changes += 1
        self._changed.set()

    def _end(self, code: int) -> None:
        self.close_code = code
        self._note_change()
        for future in self._answers.values():
            if not future.done():
                future.set_exception(DeskClosed(code))
