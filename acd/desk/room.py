"""The desks as a room of the house: what the loop knows of them, and the routes that `app` adds to its server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from typing import Final

from aiohttp import web
from prometheus_client import CollectorRegistry

from acd.desk.api import Api
from acd.desk.audit import AuditBroken, AuditLog
from acd.desk.cases import Cases
from acd.desk.desks import Desks
from acd.desk.figures import DeskFigures
from acd.desk.http import errors_as_json
from acd.desk.operating import Operating
from acd.desk.origins import Origins
from acd.desk.pages import STATIC, add_headers, add_pages
from acd.desk.people import DeskSettings, Person
from acd.desk.reporting import Reporting
from acd.desk.sign_in import SignIn
from acd.desk.sockets import DeskSockets
from acd.desk.ticketing import TicketWindow
from acd.desk.tokens import Revocations, Tokens, open_secret
from acd.ports import ConfigError, Conversations, CustomerBook, FigureBook, Record, Submit, TicketShelf
from acd.routing.outputs import AnyCommand, Command

POSTING_S: Final = 2.0
"""How long an alert on its way is waited for when the house stops; else it is posted again, with the same id."""


class DeskRoom:
    """Agents and supervisors at their desks.

    It carries out no command: an offer is shown because the fact says so.

    Args:
        now_ms: The clock of the house.
        conversations: The room that holds the chats; None where there is none.
        tickets: The tickets room; None where there is none.
        cannot: By adapter, what it is not able to do.
        registry: Where the figures for Prometheus are registered.
        customers: The customers room; None where there is none.
        reports: The reports room; None where there is none.
    """

    name = "desk"
    commands: frozenset[type[Command]] = frozenset()

    def __init__(
        self,
        settings: DeskSettings,
        now_ms: Callable[[], int],
        conversations: Conversations | None = None,
        tickets: TicketShelf | None = None,
        cannot: dict[str, tuple[str, ...]] | None = None,
        registry: CollectorRegistry | None = None,
        customers: CustomerBook | None = None,
        reports: FigureBook | None = None,
    ) -> None:
        """Open the secret, the revocations and the audit log.

        Raises:
            ConfigError: The secret is no secret, or the audit log has been tampered with.
        """
        self.settings = settings
        folder = settings.folder
        try:
            tokens = Tokens(open_secret(folder), settings.token_ms, settings.shift_ms_max)
        except ValueError as error:
            raise ConfigError(
                "", str(error), "48 random bytes, or no file", str(folder / "token.secret")
            ) from None
        try:
            self._audit = AuditLog(folder / "audit.jsonl")
        except AuditBroken as error:
            raise ConfigError(
                "", str(error), "the log as it was written", str(folder / "audit.jsonl")
            ) from None
        self._sign_in = SignIn(
            tokens,
            Revocations(folder / "revoked.jsonl", now_ms()),
            now_ms,
            settings.sign_in_tries_max,
            settings.sign_in_rest_ms,
        )
        self._sign_in.set_people(settings.people)
        self._customers = customers
        self._stack = AsyncExitStack()
        self._posting: asyncio.Task[None] | None = None
        self._reports = reports
        self._tickets = TicketWindow(tickets)
        self.desks = Desks(
            settings,
            self._sign_in,
            self._audit,
            now_ms,
            conversations,
            self._tickets,
            cannot or {},
            DeskFigures(registry),
        )
        self.operating = Operating(self.desks)

    def add_routes(self, app: web.Application) -> None:
        """Add socket, API and pages to the server of the house, before it starts."""
        app.middlewares.append(errors_as_json)
        app.on_response_prepare.append(add_headers)
        sockets = DeskSockets(self.desks, Origins(self.settings.origins))
        app.router.add_get("/desk", sockets.handle)
        Api(self.desks).add_routes(app)
        Cases(self.desks, self._customers).add_routes(app)
        Reporting(self.desks, self._reports).add_routes(app)
        self.operating.add_routes(app)
        add_pages(app, self.settings.static or STATIC)
        app.on_shutdown.append(self._send_away)

    def set_people(self, people: Iterable[Person]) -> None:
        """Put new people in force: desks of those who are gone or changed close at once."""
        self._sign_in.set_people(people)
        self.desks.check_signed_in()

    async def start(self, submit: Submit) -> None:
        """Begin to serve."""
        await self._tickets.open()
        self.desks.open(submit)
        group = await self._stack.enter_async_context(asyncio.TaskGroup())
        self._posting = group.create_task(self.desks.news.run(), name="alerts")

    def execute(self, command: AnyCommand) -> None:
        """Nothing to carry out."""

    def observe(self, record: Record, is_replay: bool) -> None:
        """Take note of a record."""
        self.desks.observe(record, is_replay=is_replay)

    async def _send_away(self, _: web.Application) -> None:
        """The server of the house goes down: it would wait for open sockets, and then cut them without a word."""
        self.desks.close()

    async def stop(self) -> None:
        """Close the desks. Alerts that were not taken yet are posted after the next start."""
        self.desks.close()
        self.desks.news.close()
        if self._posting is not None:
            await asyncio.wait([self._posting], timeout=POSTING_S)
            self._posting.cancel()
        await self._stack.aclose()
        self._sign_in.close()
        self._audit.close()
