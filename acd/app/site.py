"""The one HTTP server of the house: desks, pages, web chat and switches add their routes; metrics and health are ours.

It is a room like the others so that it opens last, when everything that it serves stands, and closes first.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Final

import msgspec
from aiohttp import web

from acd.app.visitors import Visitors, VisitRunner
from acd.ports import ConfigError, Record, Submit
from acd.routing.outputs import AnyCommand, Command
from acd.runtime.metrics import RuntimeMetrics

BODY_BYTES_MAX: Final = 1 << 20
_METRICS_TYPE: Final = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}


class SiteSettings(msgspec.Struct, frozen=True):
    """Where it listens."""

    host: str = "127.0.0.1"
    port: int = 8080
    """0 takes any free port; `Site.port` tells which."""
    certificate: str = ""
    private_key: str = ""
    head_s_max: float = 5.0
    body_s_max: float = 20.0
    connections_per_address_max: int = 5_000
    """Connections from one address that are no open websockets."""


class Site:
    """Holds the aiohttp application; rooms add their routes to `application` before the start."""

    name = "site"
    commands: frozenset[type[Command]] = frozenset()

    def __init__(self, settings: SiteSettings, metrics: RuntimeMetrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self.port = settings.port
        self.health: Callable[[], str | None] = lambda: "starting"
        """What is wrong so that a restart would help, or None."""
        self.readiness: Callable[[], str | None] = lambda: "starting"
        """Why no new contact is taken, or None."""
        self.application = web.Application(client_max_size=BODY_BYTES_MAX)
        self.application.router.add_get("/metrics", self._show_metrics)
        self.application.router.add_get("/healthz", self._show_health)
        self.application.router.add_get("/readyz", self._show_readiness)
        self._runner: web.AppRunner | None = None

    @property
    def address(self) -> str:
        """Return what people type into a browser."""
        scheme = "https" if self._settings.certificate else "http"
        host = "127.0.0.1" if self._settings.host in ("0.0.0.0", "::") else self._settings.host
        return f"{scheme}://{host}:{self.port}"

    async def start(self, submit: Submit) -> None:
        """Listen."""
        settings = self._settings
        visitors = Visitors(settings.head_s_max, settings.body_s_max, settings.connections_per_address_max)
        self._runner = VisitRunner(self.application, visitors)
        await self._runner.setup()
        site = web.TCPSite(self._runner, settings.host, settings.port, ssl_context=_tls(settings))
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            self._runner = None
            found = f"port {settings.port} on {settings.host}, which cannot be opened ({error.strerror})"
            raise ConfigError("http.port", found, "a free port of this machine", "server.yaml") from error
        if not settings.port:
            self.port = self._runner.addresses[0][1]

    def execute(self, command: AnyCommand) -> None:
        """No command is for this room."""

    def observe(self, record: Record, is_replay: bool) -> None:
        """Nothing is kept here."""

    async def stop(self) -> None:
        """Close: no new connections, open ones end."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _show_metrics(self, request: web.Request) -> web.Response:
        return web.Response(body=self._metrics.page(), headers=_METRICS_TYPE)

    async def _show_health(self, request: web.Request) -> web.Response:
        return _answer(self.health())

    async def _show_readiness(self, request: web.Request) -> web.Response:
        return _answer(self.readiness())


def _answer(trouble: str | None) -> web.Response:
    if trouble is None:
        return web.Response(text="ok\n")
    return web.Response(status=503, text=trouble + "\n")


def _tls(settings: SiteSettings) -> ssl.SSLContext | None:
    if not settings.certificate:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(settings.certificate, settings.private_key or None)
    except (OSError, ssl.SSLError) as error:
        found = f"{settings.certificate}, which cannot be used ({error})"
        raise ConfigError(
            "http.certificate", found, "a certificate and its key in PEM", "server.yaml"
        ) from error
    return context
