"""What all handlers of HTTP share: reading a body, answering in JSON, and errors that tell no more than they should.

Every error is `{code, found, expected}`; what is a defect of ours is a 500 with an id that stands in the log, and with
nothing else.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable, Callable, Collection
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec
from aiohttp import web

from acd.desk.audit import AuditLog
from acd.desk.people import Person
from acd.desk.requests import NotDone, check_right
from acd.desk.roles import AUDITED
from acd.desk.sign_in import SignIn
from acd.desk.tokens import Claims, TokenRefused

if TYPE_CHECKING:
    from acd.desk.desks import Desks

_log = logging.getLogger("acd.desk")

BODY_BYTES_MAX: Final = 16_384

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Body = TypeVar("Body", bound=msgspec.Struct)


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """Every error. `error_id` stands in the server's log."""

    code: str
    found: str = ""
    expected: str = ""
    error_id: str = ""


class ApiError(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, problem: Problem, headers: dict[str, str] | None = None) -> None:
        super().__init__(problem.code)
        self.status = status
        self.problem = problem
        self.headers = headers or {}


def answer(body: msgspec.Struct, status: int = 200) -> web.Response:
    """Return a struct as JSON that no cache keeps."""
    return web.Response(
        status=status,
        body=msgspec.json.encode(body),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


async def read_body(request: web.Request, kind: type[Body], bytes_max: int = BODY_BYTES_MAX) -> Body:
    """Read a JSON body of a type, of at most so many bytes.

    Raises:
        ApiError: 415, 413 or 400.
    """
    if request.content_type != "application/json":
        raise ApiError(415, Problem("bad_request", request.content_type[:100], "application/json"))
    packed = request.headers.get("Content-Encoding", "identity")
    if packed.lower() != "identity":
        problem = Problem("bad_request", f"Content-Encoding: {packed[:80]}", "a body as it is")
        raise ApiError(415, problem, {"Connection": "close"})
    raw = bytearray()
    async for chunk in request.content.iter_chunked(4096):
        raw += chunk
        if len(raw) > bytes_max:
            raise ApiError(413, Problem("too_large", f"over {bytes_max} bytes", "a smaller body"))
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


def identify(
    request: web.Request, sign_in: SignIn, right: str, parameters: Collection[str] = ()
) -> tuple[Claims, Person]:
    """Return who asks, if the token is good, the role has the right, and the address asks nothing unknown.

    Args:
        request: What came.
        sign_in: Who knows the tokens.
        right: The line of the table of roles.
        parameters: What may stand behind the `?`, each at most once: a misspelt filter must not answer with everything.

    Raises:
        ApiError: 401, 403 or 400.
    """
    try:
        claims, person = sign_in.check(bearer(request))
        check_right(person, right)
    except TokenRefused as refusal:
        raise unauthorized(refusal) from None
    except NotDone as refusal:
        raise ApiError(403, Problem(refusal.code, refusal.found, refusal.expected)) from None
    known = ", ".join(parameters)
    for name in sorted(set(request.query)):
        if name not in parameters:
            raise ApiError(
                400, Problem("bad_request", name[:100], f"one of {known}" if known else "no parameters")
            )
        if len(request.query.getall(name)) > 1:
            raise ApiError(400, Problem("bad_request", f"{name}, twice", f"each of {known} once"))
    return claims, person


async def admit(
    request: web.Request, desks: Desks, right: str, parameters: Collection[str] = ()
) -> tuple[Claims, Person]:
    """Return what `identify` returns; what the role may not do is written into the audit log, if the act is audited.

    Raises:
        ApiError: 401, 403, 400, or 503: it cannot be written down.
    """
    try:
        return identify(request, desks.sign_in, right, parameters)
    except ApiError as error:
        if error.status == 403 and right in AUDITED:
            _, person = desks.sign_in.check(bearer(request))
            await write_audit(desks.audit, desks.now_ms(), person, right, request.path[:200], "forbidden")
        raise


async def write_audit(
    log: AuditLog, now_ms: int, person: Person, act: str, about: str, outcome: str = "allowed"
) -> None:
    """Write an act down before it is done, or that it was denied.

    Raises:
        ApiError: 503; then it must not be done.
    """
    try:
        await log.write(now_ms, person.person, person.role, act, about, outcome)
    except OSError as error:
        _log.error("audit_failed person=%s act=%s error=%s", person.person, act, error)
        raise ApiError(
            503, Problem("audit_unavailable", expected="an audit log that can be written")
        ) from None


def not_found(what: str) -> ApiError:
    """Return the one answer for what does not exist and what one may not see."""
    return ApiError(404, Problem("not_found", what[:200], "something that you may see"))


def read_limit(request: web.Request, limit_max: int) -> int:
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
