"""All rooms of the house, built from the settings, and the node that runs them."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Self

from acd.app.figures import Figures
from acd.app.site import Site, SiteSettings
from acd.config import Settings
from acd.config import rooms as forms_of
from acd.customers.room import CustomerRoom
from acd.customers.transcripts import TranscriptRoom
from acd.database import Database, DatabaseUnusable, SchemaTooNew, open_database
from acd.desk.room import DeskRoom
from acd.hours import HoursRoom
from acd.intake.room import IntakeRoom
from acd.ports import Adapter, ConfigError, Room
from acd.reports import ReportRoom
from acd.routing.engine import Engine
from acd.routing.model import AgentId, ContactState, Origin
from acd.routing.state import State
from acd.runtime.clock import Clock
from acd.runtime.journal import JournalFile
from acd.runtime.metrics import RuntimeMetrics
from acd.runtime.node import Node
from acd.simulation.demo import DEMO_CROWD, DEMO_CUSTOMERS, DEMO_STAFF
from acd.tickets.room import TicketRoom
from telephony_adapters.cti.adapter import CtiAdapter
from telephony_adapters.cti.connection import CtiRoutes
from telephony_adapters.simulated.adapter import SimulatedAdapter
from telephony_adapters.sip.adapter import SipAdapter
from telephony_adapters.sip.media import ClipMissing, MediaRoom, PromptLibrary
from telephony_adapters.web.adapter import WebAdapter


class House:
    """One server's rooms. `async with await House.build(...)`: leaving closes the database."""

    def __init__(
        self, settings: Settings, var: Path, database: Database, staff: tuple[AgentId, ...] = ()
    ) -> None:
        self.settings = settings
        self.staff = staff
        """Agents of the rules that are simulated, with customers for them; nobody outside a demonstration."""
        self.var = var
        self.clock = Clock()
        self.metrics = RuntimeMetrics()
        self.figures = Figures(self.metrics.registry, self.clock.now_ms)
        self.database = database
        self.site = Site(_site_settings(settings), self.metrics)
        self._stack = AsyncExitStack()
        self._stack.push_async_callback(database.close)

    @classmethod
    async def build(cls, settings: Settings, var: Path, staff: tuple[AgentId, ...] = ()) -> Self:
        """Open the database and build every room; nothing listens yet.

        Raises:
            ConfigError: The database cannot be used, or something that a room needs is missing.
        """
        address = forms_of.database_url(settings, var)
        try:
            database = await open_database(address)
        except (DatabaseUnusable, SchemaTooNew) as error:
            raise ConfigError(
                "database.url", str(error), "a database of this version", "server.yaml"
            ) from error
        house = cls(settings, var, database, staff)
        try:
            await house._build_rooms()
        except BaseException:
            await database.close()
            raise
        return house

    async def _build_rooms(self) -> None:
        settings, now_ms = self.settings, self.clock.now_ms
        self.tickets = await TicketRoom.open(self.database, now_ms)
        self.customers = await CustomerRoom.open(self.database)
        self.reports = await ReportRoom.open(self.database, now_ms, settings.retention.figures_days)
        self.transcripts = TranscriptRoom(self.database)
        self.intake = IntakeRoom(forms_of.intake_settings(settings))
        self.hours = HoursRoom(forms_of.calendars(settings), now_ms)
        media = MediaRoom(forms_of.media_settings(settings), _prompts())
        self.sip = SipAdapter(forms_of.sip_settings(settings, self.var), media, self.intake)
        self.web = WebAdapter(forms_of.web_settings(settings), self.transcripts, now_ms, self.intake)
        self.cti = CtiAdapter(forms_of.cti_settings(settings), now_ms, secrets.token_hex(8))
        self.adapters: list[Adapter] = [self.sip, self.web, self.cti]
        if self.staff:
            self.adapters.append(
                SimulatedAdapter(
                    settings.rules,
                    self.staff,
                    now_ms,
                    customers=DEMO_CUSTOMERS,
                    agents=DEMO_STAFF,
                    crowd=DEMO_CROWD,
                )
            )
        self.desk = DeskRoom(
            forms_of.desk_settings(settings, self.var),
            now_ms,
            self.web,
            self.tickets,
            {adapter.name: tuple(sorted(adapter.cannot)) for adapter in self.adapters},
            self.metrics.registry,
            customers=self.customers,
            reports=self.reports,
        )
        for add_routes in (self.web.add_routes, CtiRoutes(self.cti).add_to, self.desk.add_routes):
            add_routes(self.site.application)

    @property
    def rooms(self) -> list[Room]:
        """Return the rooms in the order in which they start: whoever takes work in comes last."""
        keepers: list[Room] = [
            self.tickets,
            self.customers,
            self.reports,
            self.transcripts,
            self.intake,
            self.desk,
            self.hours,
            self.figures,
        ]
        return [*keepers, *self.adapters, self.site]

    def open_node(
        self, journal: JournalFile, progress: Callable[[int, int], None] = lambda done, total: None
    ) -> Node:
        """Fold the journal, and return the node that runs these rooms."""
        engine = Engine()
        self.figures.read_state = lambda: engine.state
        node = Node(
            journal,
            engine,
            self.rooms,
            clock=self.clock,
            metrics=self.metrics,
            limits=forms_of.loop_limits(self.settings),
            journal_days=self.settings.retention.journal_days,
            progress=progress,
            count_served=lambda: count_served(engine.state),
        )
        self.site.health, self.site.readiness = node.health, node.readiness
        self.desk.desks.readiness = node.readiness
        return node

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()


def count_served(state: State) -> int:
    """Return how many customers are on the line or in a chat; a return call that waits is nobody's line yet."""
    return sum(
        contact.state is not ContactState.ENDED
        and not (contact.origin is Origin.RETURN_CALL and contact.state is ContactState.WAITING)
        for contact in state.contacts.values()
    )


def _site_settings(settings: Settings) -> SiteSettings:
    form = settings.server.http
    return SiteSettings(
        form.host,
        form.port,
        form.certificate or "",
        form.private_key or "",
        float(form.head_s_max),
        float(form.body_s_max),
        form.connections_per_address_max,
    )


def _prompts() -> PromptLibrary:
    try:
        return PromptLibrary.load()
    except ClipMissing as error:
        raise ConfigError("prompts", str(error), "every prompt of the package; install it anew") from error
