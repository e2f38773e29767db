"""A customer's page, written from PROTOCOL.md on a websocket library that is not the server's."""

import asyncio
import json
import secrets
from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

WAIT_S = 10


def new_visitor() -> str:
    return secrets.token_urlsafe(24)


class Page:
    """One open page."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.messages: list[dict[str, Any]] = []
        self._passed_over: list[dict[str, Any]] = []

    @classmethod
    async def open(cls, port: int, origin: str | None = "", path: str = "/customer", **more: Any) -> "Page":
        own = f"http://127.0.0.1:{port}"
        socket = await connect(
            f"ws://127.0.0.1:{port}{path}",
            origin=own if origin == "" else origin,  # type: ignore[arg-type]
            subprotocols=["acd.customer.v1+json"],  # type: ignore[list-item]
            **more,
        )
        return cls(socket)

    @classmethod
    async def visit(cls, port: int, visitor: str, **hello: Any) -> "Page":
        page = await cls.open(port)
        await page.send(type="hello", visitor=visitor, **({"entry": "web-chat"} | hello))
        return page

    async def send(self, **message: Any) -> None:
        await self.socket.send(json.dumps(message, ensure_ascii=False))

    async def say(self, key: str, text: str) -> None:
        await self.send(type="say", key=key, text=text)

    async def next(
        self, kind: str, where: Callable[[dict[str, Any]], bool] = lambda _: True
    ) -> dict[str, Any]:
        """Return the next message of this kind that suits; those passed over may be asked for later."""
        for place, message in enumerate(self._passed_over):
            if message["type"] == kind and where(message):
                return self._passed_over.pop(place)
        async with asyncio.timeout(WAIT_S):
            while True:
                message = await self.any()
                if message["type"] == kind and where(message):
                    return message
                self._passed_over.append(message)

    async def any(self) -> dict[str, Any]:
        """Read one message."""
        message: dict[str, Any] = json.loads(await self.socket.recv())
        self.messages.append(message)
        return message

    async def state(self, state: str) -> dict[str, Any]:
        return await self.next("state", lambda message: message["state"] == state)

    async def line(self, by: str) -> dict[str, Any]:
        return await self.next("line", lambda message: message["by"] == by)

    async def close_code(self) -> int:
        """Read to the end and return how the server closed."""
        async with asyncio.timeout(WAIT_S):
            try:
                while True:
                    self.messages.append(json.loads(await self.socket.recv()))
            except ConnectionClosed as closed:
                assert closed.rcvd is not None
                return closed.rcvd.code

    async def close(self) -> None:
        await self.socket.close()
