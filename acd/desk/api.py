"""HTTP beside the desk socket: signing in and out, directories, tickets, the audit log. Written down in `openapi.yaml`.

Every answer is JSON; every error is `{code, found, expected}`; what is a defect of ours is a 500 with an id that
stands in the log, and with nothing else.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import msgspec
from aiohttp import web

from acd.desk.actions import Word
from acd.desk.audit import AuditLine
from acd.desk.board.build import build_contact
from acd.desk.desks import Desks
from acd.desk.messages import PersonCard
from acd.desk.people import Person
from acd.desk.requests import NotDone, check_right, sight_of
from acd.desk.roles import RIGHTS, Reach
from acd.desk.rows import ContactRow
from acd.desk.sessions import card_of
from acd.desk.sign_in import SignInRefused
from acd.desk.tokens import Claims, TokenRefused
from acd.ports import TicketCard
from acd.routing.model import AgentId, ContactId, Presence, QueueId, RegionId, TeamId

_log = logging.getLogger("acd.desk")

BODY_BYTES_MAX: Final = 16_384
COLLEAGUES_MAX: Final = 50
AUDIT_LINES_MAX: Final = 1_000
TICKETS_MAX: Final = 50

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Body = TypeVar("Body", bound=msgspec.Struct)


class SignInBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is posted to sign in."""

    name: Word
    password: Word


class SignedIn(msgspec.Struct, frozen=True):
    """A token and whose it is."""

    token: str
    expires_at_ms: int
    person: PersonCard


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """Every error. `error_id` stands in the server's log."""

    code: str
    found: str = ""
    expected: str = ""
    error_id: str = ""


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


class TicketList(msgspec.Struct, frozen=True):
    """A customer's tickets."""

    tickets: tuple[TicketCard, ...]


class RoleTable(msgspec.Struct, frozen=True):
    """Rights by name: role to reach."""

    rights: dict[str, dict[str, Reach]]


class AuditPage(msgspec.Struct, frozen=True):
    """The latest lines, the newest last, and the hash at the head of the chain."""

    head: str
    lines: tuple[AuditLine, ...]


class ApiError(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, problem: Problem, headers: dict[str, str] | None = None) -> None:
        super().__init__(problem.code)
        self.status = status
        self.problem = problem
        self.headers = headers or {}


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
        app.router.add_get("/api/contacts/{contact}", self.contact)
        app.router.add_get("/api/contacts/{contact}/tickets", self.tickets)
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
        claims, person = self._identify(request, "sign_out")
        self._desks.sign_in.revoke(claims)
        self._desks.check_signed_in()
        _log.info("signed_out person=%s", person.person)
        return web.Response(status=204)

    async def me(self, request: web.Request) -> web.Response:
        """Who I am."""
        _, person = self._identify(request, "read_self")
        return answer(card_of(person))

    async def colleagues(self, request: web.Request) -> web.Response:
        """Agents whose name or id begins with, or holds, what is looked for; those signed in first."""
        self._identify(request, "read_colleagues")
        wanted = request.query.get("search", "")[:128].casefold()
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

    async def contact(self, request: web.Request) -> web.Response:
        """One live contact, with the decision that led to its offer."""
        _, person = self._identify(request, "read_board")
        row = self._visible_contact(person, request.match_info["contact"])
        return answer(row)

    async def tickets(self, request: web.Request) -> web.Response:
        """Tickets of the customer of a contact that I hold, or may see."""
        _, person = self._identify(request, "read_self")
        contact = ContactId(request.match_info["contact"])
        state = self._desks.board.state
        card = state.contacts.get(contact)
        holds = card is not None and any(
            state.offers[offer].agent == AgentId(person.person) for offer in card.offers
        )
        if card is None or not (holds or self._may_see(person, contact)):
            raise not_found(contact)
        shelf = self._desks.tickets.shelf
        found = await shelf.tickets_of(card.identities, TICKETS_MAX) if shelf is not None else ()
        return answer(TicketList(tuple(found)))

    async def roles(self, request: web.Request) -> web.Response:
        """The table of roles."""
        self._identify(request, "read_roles")
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
        _, person = self._identify(request, "read_audit")
        limit = _limit(request, AUDIT_LINES_MAX)
        await self._write_audit(person, "read_audit", f"{limit} lines")
        lines = await self._desks.audit.tail(limit)
        return answer(AuditPage(self._desks.audit.head, tuple(lines)))

    async def revoke(self, request: web.Request) -> web.Response:
        """Close every desk of a person and kill the sign-ins behind them, and all others of theirs."""
        _, person = self._identify(request, "revoke_person")
        name = request.match_info["person"]
        if name not in self._desks.sign_in.people:
            raise not_found(name)
        await self._write_audit(person, "revoke_person", f"person {name}")
        self._desks.sign_in.revoke_person(name)
        self._desks.check_signed_in()
        return web.Response(status=204)

    # --- helpers ------------------------------------------------------------------------------------

    def _identify(self, request: web.Request, right: str) -> tuple[Claims, Person]:
        try:
            claims, person = self._desks.sign_in.check(bearer(request))
            check_right(person, right)
        except TokenRefused as refusal:
            raise unauthorized(refusal) from None
        except NotDone as refusal:
            raise ApiError(403, Problem(refusal.code, refusal.found, refusal.expected)) from None
        return claims, person

    def _may_see(self, person: Person, contact: ContactId) -> bool:
        try:
            check_right(person, "read_board")
        except NotDone:
            return False
        return sight_of(person).sees_contact(self._desks.board.state, contact)

    def _visible_contact(self, person: Person, name: str) -> ContactRow:
        contact = ContactId(name)
        row = build_contact(self._desks.board.state, contact) if self._may_see(person, contact) else None
        if row is None:
            raise not_found(name)
        return row

    async def _write_audit(self, person: Person, act: str, about: str) -> None:
        desks = self._desks
        try:
            await desks.audit.write(desks.now_ms(), person.person, person.role, act, about, "allowed")
        except OSError as error:
            _log.error("audit_failed person=%s act=%s error=%s", person.person, act, error)
            raise ApiError(
                503, Problem("audit_unavailable", expected="an audit log that can be written")
            ) from None


def answer(body: msgspec.Struct, status: int = 200) -> web.Response:
    """Return a struct as JSON that no cache keeps."""
    return web.Response(
        status=status,
        body=msgspec.json.encode(body),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


async def read_body(request: web.Request, kind: type[Body]) -> Body:
    """Read a JSON body of a type.

    Raises:
        ApiError: 415, 413 or 400.
    """
    if request.content_type != "application/json":
        raise ApiError(415, Problem("bad_request", request.content_type[:100], "application/json"))
    raw = bytearray()
    async for chunk in request.content.iter_chunked(4096):
        raw += chunk
        if len(raw) > BODY_BYTES_MAX:
            raise ApiError(413, Problem("too_large", f"over {BODY_BYTES_MAX} bytes", "a smaller body"))
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ApiError(400, Problem("bad_request", str(error)[:300], "the body of openapi.yaml")) from None


def bearer(request: web.Request) -> str:
    """Return the token of a request.

    Raises:
        TokenRefused: There is none, or it stands in the address.
    """
    if "token" in request.query or "access_token" in request.query:
        raise TokenRefused("in the address")
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token:
        raise TokenRefused("none")
    return token.strip()


def unauthorized(refusal: TokenRefused) -> ApiError:
    """Return the one answer for every token that is not good; the reason stays in our log."""
    _log.info("token_refused why=%s", refusal)
    return ApiError(401, Problem("unauthorized", expected="a valid token"), {"WWW-Authenticate": "Bearer"})


def not_found(what: str) -> ApiError:
    """Return the one answer for what does not exist and what one may not see."""
    return ApiError(404, Problem("not_found", what[:200], "something that you may see"))


def _limit(request: web.Request, limit_max: int) -> int:
    raw = request.query.get("limit", "100")
    if not raw.isascii() or not raw.isdigit() or len(raw) > 6 or not 1 <= int(raw) <= limit_max:
        raise ApiError(400, Problem("bad_request", raw[:100], f"a limit from 1 to {limit_max}"))
    return int(raw)


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every error under /api/ as JSON; what is no answer of ours is a defect, told by an id alone."""
    if not request.path.startswith("/api/"):
        return await handler(request)
    try:
        return await handler(request)
    except ApiError as error:
        response = answer(error.problem, error.status)
        response.headers.update(error.headers)
        return response
    except web.HTTPException as error:
        if error.status < 400:
            raise
        found = f"{request.method} {request.path}"[:200]
        response = answer(
            Problem(error.reason.lower().replace(" ", "_"), found, "openapi.yaml"), error.status
        )
        if isinstance(error, web.HTTPMethodNotAllowed):
            response.headers["Allow"] = ", ".join(sorted(error.allowed_methods))
        return response
    except Exception:  # noqa: BLE001 - the outermost frame of a request
        error_id = secrets.token_hex(6)
        _log.exception("internal_error error_id=%s path=%s", error_id, request.path)
        return answer(Problem("internal", error_id=error_id), 500)
