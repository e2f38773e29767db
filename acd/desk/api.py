"""HTTP beside the desk socket: signing in and out, colleagues, roles, the audit log. Written down in `openapi.yaml`.

Contacts, tickets and customers stand in `cases.py`; bodies, answers and errors in `http.py`.
"""

from __future__ import annotations

import logging
from typing import Final

import msgspec
from aiohttp import web

from acd.desk.actions import Word
from acd.desk.audit import AuditLine
from acd.desk.desks import Desks
from acd.desk.http import (
    ApiError,
    Problem,
    admit,
    answer,
    bearer,
    identify,
    not_found,
    read_body,
    read_limit,
    unauthorized,
    write_audit,
)
from acd.desk.messages import PersonCard
from acd.desk.roles import RIGHTS, Reach
from acd.desk.sessions import card_of
from acd.desk.sign_in import SignInRefused
from acd.desk.tokens import TokenRefused
from acd.routing.model import AgentId, Presence, QueueId, RegionId, TeamId
from acd.runtime.logs import named

_log = logging.getLogger("acd.desk")

COLLEAGUES_MAX: Final = 50
SEARCH_MAX: Final = 128
"""Characters."""
AUDIT_LINES_MAX: Final = 1_000


class SignInBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is posted to sign in."""

    name: Word
    password: Word


class SignedIn(msgspec.Struct, frozen=True):
    """A token and whose it is."""

    token: str
    expires_at_ms: int
    person: PersonCard


class Colleague(msgspec.Struct, frozen=True):
    """Somebody to transfer to or to consult."""

    agent: AgentId
    name: str
    region: RegionId
    team: TeamId
    presence: Presence
    is_working: bool
    queues: tuple[QueueId, ...]


class Colleagues(msgspec.Struct, frozen=True):
    """Those who match, by name; at most 50."""

    colleagues: tuple[Colleague, ...]


class RoleTable(msgspec.Struct, frozen=True):
    """Rights by name: role to reach."""

    rights: dict[str, dict[str, Reach]]


class AuditPage(msgspec.Struct, frozen=True):
    """The latest lines, the newest last, and the hash at the head of the chain."""

    head: str
    lines: tuple[AuditLine, ...]


class Api:
    """The handlers."""

    def __init__(self, desks: Desks) -> None:
        self._desks = desks

    def add_routes(self, app: web.Application) -> None:
        """Add the routes of this room."""
        app.router.add_post("/api/sign-in", self.sign_in)
        app.router.add_post("/api/renew", self.renew)
        app.router.add_post("/api/sign-out", self.sign_out)
        app.router.add_get("/api/me", self.me)
        app.router.add_get("/api/colleagues", self.colleagues)
        app.router.add_get("/api/roles", self.roles)
        app.router.add_get("/api/audit", self.audit)
        app.router.add_post("/api/people/{person}/revoke", self.revoke)

    async def sign_in(self, request: web.Request) -> web.Response:
        """Name and password for a token."""
        body = await read_body(request, SignInBody)
        try:
            token, claims, person = await self._desks.sign_in.enter(
                body.name, body.password, request.remote or ""
            )
        except SignInRefused as refusal:
            self._desks.figures.sign_ins.labels(refusal.code).inc()
            _log.info(named("sign_in_refused", code=refusal.code, address=request.remote))
            if refusal.code == "sign_in_failed":
                raise ApiError(401, Problem(refusal.code, expected="a name and its password")) from None
            status = 429 if refusal.code == "too_many_tries" else 503
            wait = {"Retry-After": str(-(-refusal.retry_ms // 1000))}
            raise ApiError(status, Problem(refusal.code, expected="some patience"), wait) from None
        self._desks.figures.sign_ins.labels("done").inc()
        _log.info("signed_in person=%s", person.person)
        return answer(SignedIn(token, claims.expires_at_ms, card_of(person)))

    async def renew(self, request: web.Request) -> web.Response:
        """A token for a newer one of the same sign-in."""
        try:
            token, claims, person = self._desks.sign_in.renew(bearer(request))
        except TokenRefused as refusal:
            raise unauthorized(refusal) from None
        return answer(SignedIn(token, claims.expires_at_ms, card_of(person)))

    async def sign_out(self, request: web.Request) -> web.Response:
        """End the sign-in: its tokens are dead and its sockets close."""
        claims, person = identify(request, self._desks.sign_in, "sign_out")
        self._desks.sign_in.revoke(claims)
        self._desks.check_signed_in()
        _log.info("signed_out person=%s", person.person)
        return web.Response(status=204)

    async def me(self, request: web.Request) -> web.Response:
        """Who I am."""
        _, person = identify(request, self._desks.sign_in, "read_self")
        return answer(card_of(person))

    async def colleagues(self, request: web.Request) -> web.Response:
        """Agents whose name or id begins with, or holds, what is looked for; those signed in first."""
        identify(request, self._desks.sign_in, "read_colleagues", ("search",))
        wanted = request.query.get("search", "").casefold()
        if len(wanted) > SEARCH_MAX:
            raise ApiError(
                400, Problem("bad_request", f"search: {len(wanted)} characters", f"at most {SEARCH_MAX}")
            )
        state = self._desks.board.state
        found = [
            agent
            for agent in state.agents.values()
            if wanted in agent.name.casefold() or wanted in agent.agent.casefold()
        ]
        found.sort(key=lambda agent: (agent.presence is Presence.SIGNED_OUT, agent.name, agent.agent))
        return answer(
            Colleagues(
                tuple(
                    Colleague(
                        agent.agent,
                        agent.name,
                        agent.region,
                        agent.team,
                        agent.presence,
                        bool(agent.held),
                        agent.queues,
                    )
                    for agent in found[:COLLEAGUES_MAX]
                )
            )
        )

    async def roles(self, request: web.Request) -> web.Response:
        """The table of roles."""
        identify(request, self._desks.sign_in, "read_roles")
        return answer(
            RoleTable(
                {
                    right: {role.value: reach for role, reach in roles.items()}
                    for right, roles in RIGHTS.items()
                }
            )
        )

    async def audit(self, request: web.Request) -> web.Response:
        """The latest lines of the audit log; that they were read is a line, too."""
        _, person = await admit(request, self._desks, "read_audit", ("limit",))
        limit = read_limit(request, AUDIT_LINES_MAX)
        await write_audit(self._desks.audit, self._desks.now_ms(), person, "read_audit", f"{limit} lines")
        lines = await self._desks.audit.tail(limit)
        return answer(AuditPage(self._desks.audit.head, tuple(lines)))

    async def revoke(self, request: web.Request) -> web.Response:
        """Close every desk of a person and kill the sign-ins behind them, and all others of theirs."""
        _, person = await admit(request, self._desks, "revoke_person")
        name = request.match_info["person"]
        if name not in self._desks.sign_in.people:
            about = f"person {name[:100]}"
            await write_audit(
                self._desks.audit, self._desks.now_ms(), person, "revoke_person", about, "not_found"
            )
            raise not_found(name)
        await write_audit(self._desks.audit, self._desks.now_ms(), person, "revoke_person", f"person {name}")
        self._desks.sign_in.revoke_person(name)
        self._desks.check_signed_in()
        return web.Response(status=204)
