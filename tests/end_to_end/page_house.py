"""The pages without a server: files from the tree under the real security policy, and sockets that replay.

Only for looking at the pages and for what they make of messages; whether a server sends these is shown by
the tests that run one.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from playwright.async_api import BrowserContext, Page, Route, WebSocketRoute

from tests.end_to_end import recorded

STATIC: Final = Path(__file__).resolve().parents[2] / "acd" / "desk" / "static"
ORIGIN: Final = "http://pages.invalid"
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
KINDS: Final = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
PAGES: Final = {"/": "index.html", "/agent": "agent.html", "/supervisor": "supervisor.html", "/chat": "customer.html", "/customer": "customer.html"}


class PageHouse:
    """Serves the pages of one browser, and notes every message that they send."""

    def __init__(self, desk: Callable[[str, int], list[dict[str, Any]]] | None = None) -> None:
        self.desk = desk or (lambda view, now: [])
        self.heard: list[dict[str, Any]] = []
        self.sockets: list[WebSocketRoute] = []

    async def serve(self, context: BrowserContext) -> None:
        """Answer everything that pages of this browser ask for."""
        await context.route(f"{ORIGIN}/**", self._answer)
        await context.route_web_socket("**/desk", self._desk)
        await context.route_web_socket("**/customer", self._customer)

    async def _answer(self, route: Route) -> None:
        path = route.request.url.removeprefix(ORIGIN).split("?")[0]
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

    async def _sign_in(self, route: Route) -> None:
        asked = route.request.post_data_json or {}
        if asked.get("password") == "wrong":
            await route.fulfill(status=401, json={"code": "sign_in_failed", "found": "", "expected": ""})
            return
        who = recorded.person("agent" if asked.get("name") == "ann" else "supervisor")
        await route.fulfill(json={"token": "t", "expires_at_ms": int(time.time() * 1000) + 900_000, "person": who})

    def _desk(self, socket: WebSocketRoute) -> None:
        self.sockets.append(socket)

        def hear(frame: str | bytes) -> None:
            message = json.loads(frame)
            self.heard.append(message)
            now = int(time.time() * 1000)
            if message["type"] == "hello":
                socket.send(json.dumps(recorded.welcome(message["view"], now)))
                for answer in self.desk(message["view"], now):
                    socket.send(json.dumps(answer))
            elif "id" in message:
                socket.send(json.dumps({"type": "done", "id": message["id"], "result": {}}))

        socket.on_message(hear)

    def _customer(self, socket: WebSocketRoute) -> None:
        self.sockets.append(socket)
        socket.on_message(lambda frame: self.heard.append(json.loads(frame)))

    def send(self, *messages: dict[str, Any]) -> None:
        """Say something to the newest page's socket."""
        for message in messages:
            self.sockets[-1].send(json.dumps(message))


async def sign_in(page: Page, name: str, password: str = "right") -> None:
    """Fill in the sign-in of a desk and press it."""
    await page.fill('input[name="name"]', name)
    await page.fill('input[name="password"]', password)
    await page.click('button[type="submit"]')
