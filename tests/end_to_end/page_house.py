"""The pages without a server: files from the tree under the real security policy, and sockets that replay.

Only for looking at the pages and for what they make of messages; whether a server sends these is shown by
the tests that run one.
"""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from playwright.async_api import BrowserContext, Page, Route, WebSocketRoute

from tests.end_to_end import recorded

STATIC: Final = Path(__file__).resolve().parents[2] / "acd" / "desk" / "static"
ORIGIN: Final = "http://pages.invalid"
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
WAIT_S: Final = 15
KINDS: Final = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
PAGES: Final = {
    "/": "index.html",
    "/agent": "agent.html",
    "/supervisor": "supervisor.html",
    "/chat": "customer.html",
    "/customer": "customer.html",
}


class PageHouse:
    """Serves the pages of one browser, and notes every message that they send."""

    def __init__(self, desk: Callable[[str, int], list[dict[str, Any]]] | None = None) -> None:
        self.desk = desk or (lambda view, now: [])
        self.heard: list[dict[str, Any]] = []
        self.refusals: dict[str, str] = {}
        """Code to refuse an action with, by its type."""
        self.is_mute = False
        """True: actions get no answer."""
        self._came = asyncio.Event()
        self.sockets: list[WebSocketRoute] = []

    async def serve(self, context: BrowserContext) -> None:
        """Answer everything that pages of this browser ask for."""
        await context.route(f"{ORIGIN}/**", self._answer)
        await context.route_web_socket("**/desk", self._desk)
        await context.route_web_socket("**/customer", self._customer)

    async def _answer(self, route: Route) -> None:
        path = route.request.url.removeprefix(ORIGIN).split("?")[0]
        if path == "/api/figures":
            await self._figures(route)
            return
        if path.startswith("/api/"):
            await self._sign_in(route)
            return
        name = PAGES.get(path, path.removeprefix("/static/"))
        file = STATIC / name
        if not file.is_file():
            await route.fulfill(status=404)
            return
        headers = {"Content-Type": KINDS[file.suffix], "Content-Security-Policy": POLICY}
        await route.fulfill(body=file.read_bytes(), headers=headers)

    async def _figures(self, route: Route) -> None:
        """Answer as the server does, which is tested elsewhere; what was asked for is noted."""
        asked = dict(parse_qsl(urlsplit(route.request.url).query))
        self._note({"type": "figures", **asked})
        if "figures" in self.refusals:
            await route.fulfill(
                status=403, json={"code": self.refusals["figures"], "found": "", "expected": ""}
            )
        elif asked["format"] == "csv":
            await route.fulfill(body="start_at,end_at,queue\r\n", headers={"Content-Type": "text/csv"})
        else:
            await route.fulfill(json=recorded.figures(int(time.time() * 1000)))

    async def _sign_in(self, route: Route) -> None:
        asked = route.request.post_data_json or {}
        if asked.get("password") == "wrong":
            await route.fulfill(status=401, json={"code": "sign_in_failed", "found": "", "expected": ""})
            return
        who = recorded.person("agent" if asked.get("name") == "ann" else "supervisor")
        await route.fulfill(
            json={"token": "t", "expires_at_ms": int(time.time() * 1000) + 900_000, "person": who}
        )

    def _desk(self, socket: WebSocketRoute) -> None:
        self.sockets.append(socket)

        def hear(frame: str | bytes) -> None:
            message = json.loads(frame)
            self._note(message)
            now = int(time.time() * 1000)
            if message["type"] == "hello":
                socket.send(json.dumps(recorded.welcome(message["view"], now)))
                for answer in self.desk(message["view"], now):
                    socket.send(json.dumps(answer))
            elif "id" in message and not self.is_mute:
                socket.send(json.dumps(self._answer_to(message)))

        socket.on_message(hear)

    def _customer(self, socket: WebSocketRoute) -> None:
        self.sockets.append(socket)
        socket.on_message(lambda frame: self._note(json.loads(frame)))

    def _answer_to(self, message: dict[str, Any]) -> dict[str, Any]:
        code = self.refusals.get(message["type"])
        if code is None:
            return {"type": "done", "id": message["id"], "result": {}}
        return {"type": "refused", "id": message["id"], "code": code, "found": "", "expected": ""}

    def send(self, *messages: dict[str, Any]) -> None:
        """Say something to the newest page's socket."""
        for message in messages:
            self.sockets[-1].send(json.dumps(message))

    async def until(self, kind: str, count: int = 1) -> dict[str, Any]:
        """Wait for the `count`-th message of a kind from the pages, and return it."""
        async with asyncio.timeout(WAIT_S):
            while len(found := [message for message in self.heard if message["type"] == kind]) < count:
                self._came.clear()
                await self._came.wait()
        return found[count - 1]

    def _note(self, message: dict[str, Any]) -> None:
        self.heard.append(message)
        self._came.set()


async def sign_in(page: Page, name: str, password: str = "right") -> None:
    """Fill in the sign-in of a desk and press it."""
    await page.fill('input[name="name"]', name)
    await page.fill('input[name="password"]', password)
    await page.click('button[type="submit"]')
