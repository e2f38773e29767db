"""Figures by interval over HTTP: `GET /api/figures`, as JSON or as CSV, for whoever may see them.

An agent sees the own figures; a supervisor the agents of the teams that they lead and the queues that these serve now.
"""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web

from acd.desk.desks import Desks
from acd.desk.http import ApiError, Problem, identify
from acd.desk.people import Person
from acd.desk.periods import (
    INTERVALS,
    QUARTER_MS,
    PeriodsRefused,
    begin_of_day,
    moment_in,
    parse_moment,
    parse_zone,
    split,
)
from acd.desk.requests import sight_of
from acd.desk.roles import Reach, reach_of
from acd.ports import FigureBook, FiguresAsked, FiguresBy, FiguresRow, FiguresTooMany
from acd.routing.model import AgentId
from acd.statistics.counts import AgentCounts, QueueCounts
from acd.statistics.key_figures import AgentFigures, QueueFigures, agent_figures, queue_figures

ROWS_MAX: Final = 10_000
RIGHT: Final = "read_figures"
_PARAMETERS: Final = ("from", "to", "interval", "by", "zone", "format")


class FiguresFormat(StrEnum):
    """How the answer is written."""

    JSON = "json"
    CSV = "csv"


Choice = TypeVar("Choice", FiguresBy, FiguresFormat)


class FiguresLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """One interval of one queue, region, agent or team. `queue_*` are about contacts, `agent_*` about agents' time."""

    start_at: datetime
    end_at: datetime
    key: str
    queue_counts: QueueCounts | None = None
    queue_figures: QueueFigures | None = None
    agent_counts: AgentCounts | None = None
    agent_figures: AgentFigures | None = None


class FiguresPage(msgspec.Struct, frozen=True):
    """What was counted up to `until_at`; lines with nothing counted are left out."""

    by: FiguresBy
    interval: str
    zone: str
    from_at: datetime
    to_at: datetime
    until_at: datetime
    lines: tuple[FiguresLine, ...]


class Reporting:
    """The handler."""

    def __init__(self, desks: Desks, book: FigureBook | None) -> None:
        self._desks = desks
        self._book = book

    def add_routes(self, app: web.Application) -> None:
        """Add the route."""
        app.router.add_get("/api/figures", self.figures)

    async def figures(self, request: web.Request) -> web.Response:
        """Counts and key figures of a period, by interval."""
        _, person = identify(request, self._desks.sign_in, RIGHT, _PARAMETERS)
        try:
            form = _choice(request, "format", FiguresFormat, FiguresFormat.JSON)
            zone = parse_zone(request.query.get("zone", "UTC"))
            asked = self._asked(request, person, zone)
        except PeriodsRefused as refusal:
            raise ApiError(400, Problem("bad_request", refusal.found, refusal.expected)) from None
        if self._book is None:
            raise ApiError(503, Problem("unavailable", "no reports room", "a house that keeps figures"))
        now_ms = self._desks.now_ms()
        try:
            rows = await self._book.figures(asked)
        except FiguresTooMany:
            found = f"more than {ROWS_MAX} lines"
            raise ApiError(
                400, Problem("bad_request", found, "a shorter period or a longer interval")
            ) from None
        interval = request.query.get("interval", "60")
        write = _write_csv if form is FiguresFormat.CSV else _write_json
        # Thousands of lines take longer to compute and to write than the loop may stand still.
        body = await asyncio.to_thread(write, asked, rows, interval, zone, now_ms)
        kind = "text/csv" if form is FiguresFormat.CSV else "application/json"
        headers = {"Cache-Control": "no-store"}
        return web.Response(body=body, content_type=kind, charset="utf-8", headers=headers)

    def _asked(self, request: web.Request, person: Person, zone: ZoneInfo) -> FiguresAsked:
        """Return the question, narrowed to what the person may see.

        Raises:
            ApiError: 403: an agent asks for others.
            PeriodsRefused: A parameter is none.
        """
        query, now_ms = request.query, self._desks.now_ms()
        reach = reach_of(person.role, RIGHT)
        by = _choice(request, "by", FiguresBy, FiguresBy.AGENT if reach is Reach.OWN else FiguresBy.QUEUE)
        if reach is Reach.OWN and by is not FiguresBy.AGENT:
            raise ApiError(403, Problem("forbidden", f"by={by}", "by=agent: the own figures alone"))
        from_ms = parse_moment("from", query["from"], zone) if "from" in query else begin_of_day(now_ms, zone)
        to_ms = (
            parse_moment("to", query["to"], zone)
            if "to" in query
            else now_ms - now_ms % QUARTER_MS + QUARTER_MS
        )
        periods = split(from_ms, to_ms, query.get("interval", "60"), zone)
        if reach is Reach.OWN:
            return FiguresAsked(
                periods, by, frozenset(), agents=frozenset({AgentId(person.person)}), rows_max=ROWS_MAX
            )
        if reach is Reach.ALL:
            return FiguresAsked(periods, by, rows_max=ROWS_MAX)
        state, sight = self._desks.board.state, sight_of(person)
        queues = frozenset(queue for queue in state.queues if sight.sees_queue(state, queue))
        return FiguresAsked(periods, by, queues, frozenset(person.teams), rows_max=ROWS_MAX)


def _choice(request: web.Request, key: str, kinds: type[Choice], default: Choice) -> Choice:
    words = request.query.get(key, default.value)
    try:
        return kinds(words)
    except ValueError:
        expected = f"{key}: one of " + ", ".join(kinds)
        raise PeriodsRefused(f"{key}={words[:100]}", expected) from None


def _line(row: FiguresRow, zone: ZoneInfo) -> FiguresLine:
    queue, agent = row.queue_counts, row.agent_counts
    return FiguresLine(
        moment_in(row.from_ms, zone),
        moment_in(row.to_ms, zone),
        row.key,
        queue,
        None if queue is None else queue_figures(queue),
        agent,
        None if agent is None else agent_figures(agent),
    )


def _write_json(
    asked: FiguresAsked, rows: Sequence[FiguresRow], interval: str, zone: ZoneInfo, now_ms: int
) -> bytes:
    from_at, to_at = moment_in(asked.periods[0][0], zone), moment_in(asked.periods[-1][1], zone)
    lines = tuple(_line(row, zone) for row in rows)
    page = FiguresPage(asked.by, interval, zone.key, from_at, to_at, moment_in(now_ms, zone), lines)
    return msgspec.json.encode(page)


def _write_csv(
    asked: FiguresAsked, rows: Sequence[FiguresRow], interval: str, zone: ZoneInfo, now_ms: int
) -> bytes:
    """One column for every count and figure; where a figure is None, its cell is empty."""
    kinds: list[tuple[str, Any, Any]] = []
    if asked.by in (FiguresBy.QUEUE, FiguresBy.REGION):
        kinds.append(("contacts", QueueCounts(), queue_figures(QueueCounts())))
    if asked.by is not FiguresBy.QUEUE:
        kinds.append(("agents", AgentCounts(), agent_figures(AgentCounts())))
    text = io.StringIO()
    writer = csv.writer(text)
    columns = [f"{kind}.{name}" for kind, counts, figures in kinds for name in _cells(counts, figures)]
    writer.writerow(["start_at", "end_at", asked.by.value, *columns])
    for row in rows:
        line = _line(row, zone)
        found = {
            "contacts": (line.queue_counts, line.queue_figures),
            "agents": (line.agent_counts, line.agent_figures),
        }
        cells: list[Any] = []
        for kind, counts, figures in kinds:
            mine = _cells(*found[kind])
            cells += [mine.get(name) for name in _cells(counts, figures)]
        writer.writerow([line.start_at.isoformat(), line.end_at.isoformat(), _harmless(line.key), *cells])
    return text.getvalue().encode()


def _cells(counts: Any, figures: Any) -> dict[str, Any]:
    """Return counts and figures by the name of their column; service levels bear the name of their rule."""
    if counts is None:
        return {}
    found = msgspec.structs.asdict(counts)
    for name, value in msgspec.structs.asdict(figures).items():
        if isinstance(value, dict):
            found |= {f"{name}.{rule}": share for rule, share in value.items()}
        else:
            found[name] = value
    return found


def _harmless(key: str) -> str:
    """Return a text that no table program takes for a formula."""
    return "'" + key if key[:1] in ("=", "+", "-", "@", "\t", "\r") else key


QUERY: Final[tuple[tuple[str, dict[str, Any], str], ...]] = (
    ("from", {"type": "string"}, "a day or a moment, in `zone` unless it has an offset; today unless given"),
    ("to", {"type": "string"}, "the same, not included; the end of the running quarter of an hour unless given"),
    ("interval", {"type": "string", "enum": list(INTERVALS), "default": "60"}, "minutes, a day of `zone`, or all"),
    ("by", {"type": "string", "enum": [by.value for by in FiguresBy]}, "what is summed for; agents: `agent` alone"),
    ("zone", {"type": "string", "default": "UTC"}, "a time zone of the tz database"),
    ("format", {"type": "string", "enum": [each.value for each in FiguresFormat], "default": "json"}, "JSON or CSV"),
)  # fmt: skip
