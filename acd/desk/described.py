"""The protocol as OpenAPI and AsyncAPI documents, made from the very types that read and write the messages.

`openapi.yaml` and `asyncapi.yaml` beside this file are what `render_openapi` and `render_asyncapi` return; a test
compares them. `PROTOCOL.md` is the page for people.
"""

from __future__ import annotations

import inspect
from typing import Any, Final, get_args

import msgspec
import yaml

from acd.desk import messages as m
from acd.desk.actions import AnyAction
from acd.desk.api import SEARCH_MAX, AuditPage, Colleagues, RoleTable, SignedIn, SignInBody
from acd.desk.cases import CustomerAnswer, NoteBody, TicketList
from acd.desk.http import Problem
from acd.desk.operating import DrainBody, Draining, FaultyConfiguration, Reloaded
from acd.desk.reporting import QUERY, FiguresPage
from acd.desk.roles import RIGHTS
from acd.desk.rows import KEY_FIELD, TABLES_OF_AGENT, TABLES_OF_SUPERVISOR, ContactRow
from acd.ports import TicketEntry, TicketThread

VERSION: Final = "1.0.0"
_FROM_CLIENT: Final = (m.Hello, m.RenewToken, m.Heartbeat, *get_args(AnyAction))
_FROM_SERVER: Final = (m.Welcome, m.Snapshot, m.Delta, m.Heartbeat, m.Done, m.Refused)
_TOKEN: Final[list[dict[str, list[str]]]] = [{"token": []}]

_ERRORS: Final = {
    "400": "not a body or parameter of this page",
    "401": "no token, or one that is not good; at sign-in: name and password do not belong together",
    "403": "the role may not",
    "404": "there is no such thing, or it is not within reach",
    "413": "the body is too large",
    "415": "the body is not JSON",
    "422": "the configuration is not in order; nothing has changed",
    "429": "too many tries; `Retry-After` says how many seconds to wait",
    "500": "a defect of ours; `error_id` stands in the server's log",
    "503": "not now; `Retry-After` may say how many seconds to wait",
}


_OPEN: Final = {
    "/healthz": "Whether the process lives: `ok`, or 503 with the reason.",
    "/readyz": "Whether it takes contacts: `ok`, or 503 with the reason.",
    "/metrics": "Figures in Prometheus' text format.",
}
"""Paths that want no token and answer in plain text."""


class Route(msgspec.Struct, frozen=True):
    """One operation of HTTP."""

    method: str
    path: str
    summary: str
    errors: tuple[str, ...]
    body: Any = None
    answer: Any = None
    query: tuple[tuple[str, dict[str, Any], str], ...] = ()
    right: str = ""
    also: tuple[str, ...] = ()
    """Other kinds of content that the answer may have."""


ROUTES: Final = (
    Route("post", "/api/sign-in", "Sign in by name and password.", ("400", "401", "413", "415", "429", "503"),
          SignInBody, SignedIn),
    Route("post", "/api/renew", "A newer token of the same sign-in.", ("401",), None, SignedIn, right="renew"),
    Route("post", "/api/sign-out", "End the sign-in: its tokens are dead, its socket closes with 4401.", ("401",),
          right="sign_out"),
    Route("get", "/api/me", "Who I am.", ("401",), None, m.PersonCard, right="read_self"),
    Route("get", "/api/colleagues", "Agents to transfer to or to consult, those signed in first; at most 50.",
          ("400", "401", "403"), None, Colleagues,
          (("search", {"type": "string", "maxLength": SEARCH_MAX}, "part of a name or id"),), "read_colleagues"),
    Route("get", "/api/contacts/{contact}", "One live contact, with the decision that led to its offer.",
          ("401", "403", "404"), None, ContactRow, right="read_board"),
    Route("get", "/api/contacts/{contact}/tickets", "Tickets of the customer of a contact that I hold or may see.",
          ("401", "403", "404"), None, TicketList, right="read_ticket"),
    Route("get", "/api/contacts/{contact}/customer", "The customer of a contact that I hold or may see.",
          ("401", "403", "404"), None, CustomerAnswer, right="read_customer"),
    Route("get", "/api/tickets/{ticket}", "One ticket with its thread.",
          ("401", "403", "404", "503"), None, TicketThread, right="read_ticket"),
    Route("post", "/api/tickets/{ticket}/notes", "Add a note to a ticket; the same `id` again is the same note.",
          ("400", "401", "403", "404", "413", "415", "503"), NoteBody, TicketEntry, right="note_ticket"),
    Route("get", "/api/figures", "Counts and key figures by interval, by queue, region, agent or team.",
          ("400", "401", "403", "503"), None, FiguresPage, QUERY, "read_figures", ("text/csv",)),
    Route("get", "/api/roles", "The table of roles.", ("401", "403"), None, RoleTable, right="read_roles"),
    Route("get", "/api/audit", "The latest lines of the audit log; reading them is a line, too.",
          ("400", "401", "403", "503"), None, AuditPage,
          (("limit", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}, "how many lines"),),
          "read_audit"),
    Route("post", "/api/people/{person}/revoke", "Kill all sign-ins of a person; their sockets close with 4401.",
          ("401", "403", "404", "503"), right="revoke_person"),
    Route("post", "/api/config/reload", "Read the configuration again; all of it comes into force, or nothing.",
          ("401", "403", "422", "503"), None, Reloaded, right="reload_config"),
    Route("post", "/api/drain", "Take nothing new, let what runs come to its end, then stop.",
          ("400", "401", "403", "413", "415", "503"), DrainBody, Draining, right="drain"),
)  # fmt: skip


def build_openapi() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of HTTP."""
    kinds = [
        Problem,
        FaultyConfiguration,
        *(kind for route in ROUTES for kind in (route.body, route.answer) if kind is not None),
    ]
    _, components = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    paths: dict[str, Any] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method] = _operation(route)
    for path, summary in _OPEN.items():
        paths[path] = {"get": _open_operation(path, summary)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ACD desk API",
            "version": VERSION,
            "description": "HTTP beside the desk socket; PROTOCOL.md is the page for people.",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _open_operation(path: str, summary: str) -> dict[str, Any]:
    text = {"text/plain": {"schema": {"type": "string"}}}
    responses = {"200": {"description": "the answer", "content": text}}
    if path != "/metrics":
        responses["503"] = {"description": "no; the body says why", "content": text}
    return {"summary": summary, "operationId": f"get_{path[1:]}", "responses": responses}


def _operation(route: Route) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    if route.answer is None:
        responses["204"] = {"description": "done"}
    else:
        more = {kind: {"schema": {"type": "string"}} for kind in route.also}
        responses["200"] = {"description": "the answer", "content": _json(route.answer) | more}
    never = {"500"} if not route.right or route.path == "/api/renew" else {"400", "500"}
    for status in sorted({*route.errors, *never}):
        kind = FaultyConfiguration if status == "422" else Problem
        responses[status] = {"description": _ERRORS[status], "content": _json(kind)}
    operation: dict[str, Any] = {
        "summary": route.summary,
        "operationId": f"{route.method}_"
        + route.path.removeprefix("/api/").translate(str.maketrans("/-", "__", "{}")),
        "responses": responses,
    }
    names = [part[1:-1] for part in route.path.split("/") if part.startswith("{")]
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in names
    ] + [
        {"name": name, "in": "query", "required": False, "schema": schema, "description": text}
        for name, schema, text in route.query
    ]
    if parameters:
        operation["parameters"] = parameters
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": _json(route.body)}
    if route.right:
        operation["security"] = _TOKEN
        operation["x-roles"] = {role.value: reach.value for role, reach in RIGHTS[route.right].items()}
    return operation


def build_asyncapi() -> dict[str, Any]:
    """Return the AsyncAPI 3.0 document of the socket."""
    kinds = [*_FROM_CLIENT, *_FROM_SERVER]
    _, schemas = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    messages = {tag_of(kind): _message(kind) for kind in kinds}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "ACD desk socket",
            "version": VERSION,
            "description": "Snapshot and gap-free deltas, actions and answers; PROTOCOL.md is the page for people.",
        },
        "defaultContentType": "application/json",
        "channels": {
            "desk": {
                "address": "/desk",
                "description": "One websocket for each desk. Subprotocols: " + ", ".join(m.SUBPROTOCOLS),
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in sorted(messages)},
                "bindings": {"ws": {"method": "GET", "headers": _HEADERS, "bindingVersion": "0.1.0"}},
                "x-close-codes": {int(code): code.name.lower() for code in m.Close},
                "x-frame-bytes-max": m.FRAME_BYTES_MAX,
                "x-tables": {
                    "agent": {name: KEY_FIELD[name] for name in TABLES_OF_AGENT}
                    | {"chat_messages": "contact/number"},
                    "supervisor": {name: KEY_FIELD[name] for name in TABLES_OF_SUPERVISOR},
                },
            }
        },
        "operations": {
            "clientSends": _direction("receive", _FROM_CLIENT),
            "serverSends": _direction("send", _FROM_SERVER),
        },
        "components": {"messages": messages, "schemas": schemas},
    }


_HEADERS: Final = {
    "type": "object",
    "required": ["Sec-WebSocket-Protocol"],
    "properties": {
        "Sec-WebSocket-Protocol": {"type": "string", "enum": list(m.SUBPROTOCOLS)},
        "Origin": {"type": "string", "description": "of an allowed page; programs send none"},
    },
}


def _message(kind: type) -> dict[str, Any]:
    name = tag_of(kind)
    message: dict[str, Any] = {
        "name": name,
        "summary": (inspect.getdoc(kind) or "").splitlines()[0],
        "payload": {"$ref": f"#/components/schemas/{kind.__name__}"},
    }
    if name in RIGHTS:
        message["x-roles"] = {role.value: reach.value for role, reach in RIGHTS[name].items()}
    return message


def _direction(action: str, kinds: tuple[type, ...]) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": "#/channels/desk"},
        "messages": [{"$ref": f"#/channels/desk/messages/{tag_of(kind)}"} for kind in kinds],
    }


def tag_of(kind: Any) -> str:
    """Return the `type` of a message's class."""
    return str(kind.__struct_config__.tag)


def _json(kind: type) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{kind.__name__}"}}}


def render_openapi() -> str:
    """Return `openapi.yaml`."""
    return _render(build_openapi())


def render_asyncapi() -> str:
    """Return `asyncapi.yaml`."""
    return _render(build_asyncapi())


def _render(document: dict[str, Any]) -> str:
    return "# Made from the types in acd/desk; see described.py.\n" + yaml.safe_dump(
        document, sort_keys=False, allow_unicode=True, width=110
    )
