"""The switches' protocol as an AsyncAPI document, made from the very types that read the events and make the orders.

`asyncapi.yaml` beside this file is what `render_asyncapi` returns; a test compares them. `GUIDE.md` is the page for
people.
"""

from __future__ import annotations

import inspect
from typing import Any, Final, get_args

import msgspec
import yaml

from acd.routing.outputs import AnyCommand
from telephony_adapters.cti.adapter import Answer
from telephony_adapters.cti.wire import (
    BATCH_MAX,
    EVENT_TYPES,
    ID_MAX,
    ORDER_TYPES,
    data_of_event,
    name_outside,
    needs_call,
)

VERSION: Final = "1.0.0"
SUBPROTOCOL: Final = "acd.cti.v1+json"
_UNSAID: Final = ("type", "adapter", "contact", "holder")
"""What a command says and an order does not: the envelope does, or nobody outside needs it."""
_REF: Final = "#/components/schemas/"
_CLOSE_CODES: Final = {
    1001: "the server goes down; connect again until it works",
    1003: "a binary frame",
    1009: "a frame over 64 KiB",
    4409: "a newer connection of the same switch",
    4429: "more events a second than agreed",
}


def build_asyncapi() -> dict[str, Any]:
    """Return the AsyncAPI 3.0 document of the switches' websocket; over HTTP and webhook the events are the same."""
    kinds = [data_of_event(kind) for kind in EVENT_TYPES]
    _, schemas = msgspec.json.schema_components([*kinds, Answer], ref_template=_REF + "{name}")
    orders = _orders()
    schemas |= {name: schema for _, _, schema, more in orders for name, schema in more.items()}
    events = {kind: _message(kind, data_of_event(kind), needs_call(kind)) for kind in EVENT_TYPES}
    ordered = {kind: _order_message(kind, text, schema) for kind, text, schema, _ in orders}
    own = {"hello": _HELLO, "result": _RESULT, "ack": _ACK}
    messages = events | ordered | own
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "ACD switch socket",
            "version": VERSION,
            "description": "CloudEvents 1.0 of a switch in, results and orders out; GUIDE.md is the page for people.",
        },
        "defaultContentType": "application/json",
        "channels": {
            "switch": {
                "address": "/cti/v1/socket",
                "description": f"One websocket for each switch. Subprotocol: {SUBPROTOCOL} (may be left out).",
                "messages": {
                    _key(name): {"$ref": f"#/components/messages/{_key(name)}"} for name in messages
                },
                "x-close-codes": _CLOSE_CODES,
                "x-frame-bytes-max": 65_536,
                "x-batch-events-max": BATCH_MAX,
            }
        },
        "operations": {
            "switchSends": _direction("receive", [*events, "ack"]),
            "serverSends": _direction("send", ["hello", "result", *ordered]),
        },
        "components": {
            "messages": {_key(name): message for name, message in messages.items()},
            "schemas": schemas,
        },
    }


def render_asyncapi() -> str:
    """Return `asyncapi.yaml`."""
    return "# Made from the types in telephony_adapters/cti; see described.py.\n" + yaml.safe_dump(
        build_asyncapi(), sort_keys=False, allow_unicode=True, width=110
    )


def _key(name: str) -> str:
    """The name of a message where AsyncAPI wants letters, digits and underscores."""
    return name.replace(".", "_")


def _direction(action: str, names: list[str]) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": "#/channels/switch"},
        "messages": [{"$ref": f"#/channels/switch/messages/{_key(name)}"} for name in names],
    }


def _envelope(kind: str, data: dict[str, Any], *, with_call: bool) -> dict[str, Any]:
    text = {"type": "string", "minLength": 1, "maxLength": ID_MAX}
    return {
        "type": "object",
        "required": ["specversion", "id", "source", "type", *(["subject"] if with_call else [])],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": text,
            "source": text,
            "type": {"const": kind},
            "subject": {"type": "string", "maxLength": ID_MAX, "description": "the switch's id of the call"},
            "time": {"type": "string"},
            "datacontenttype": {"type": "string"},
            "sequence": {"type": "string", "pattern": "^[0-9]{0,15}$"},
            "data": data,
        },
    }


def _message(kind: str, data: type, with_call: bool) -> dict[str, Any]:
    payload = _envelope(kind, {"$ref": f"{_REF}{data.__name__}"}, with_call=with_call)
    if any(field.required for field in msgspec.structs.fields(data)):
        payload["required"].append("data")
    return {
        "name": kind,
        "summary": f"The switch says {kind}; its data and their meaning: GUIDE.md.",
        "payload": payload,
    }


def _orders() -> list[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    """Return type, summary, schema of the data, and the schemas it refers to, of every order."""
    kinds = {kind.__name__: kind for kind in get_args(AnyCommand)}
    found = []
    for name, order in ORDER_TYPES.items():
        _, schemas = msgspec.json.schema_components([kinds[name]], ref_template=_REF + "{name}")
        own = schemas.pop(name)
        fields = {name_outside(key): value for key, value in own["properties"].items() if key not in _UNSAID}
        required = [name_outside(key) for key in own.get("required", []) if key not in _UNSAID]
        data = {"type": "object", "properties": fields, "required": required}
        found.append((order, (inspect.getdoc(kinds[name]) or "").splitlines()[0], data, schemas))
    return found


def _order_message(kind: str, text: str, data: dict[str, Any]) -> dict[str, Any]:
    order = _envelope(kind, data, with_call=True)
    order["required"] = [*order["required"], "sequence", "data"]
    return {
        "name": kind,
        "summary": text,
        "payload": {"type": "object", "required": ["order"], "properties": {"order": order}},
    }


_HELLO: Final[dict[str, Any]] = {
    "name": "hello",
    "summary": "First of all: which stream of orders this is, and how far it has come.",
    "payload": {
        "type": "object",
        "required": ["hello"],
        "properties": {
            "hello": {
                "type": "object",
                "required": ["stream", "last", "dropped"],
                "properties": {
                    "stream": {"type": "string"},
                    "last": {"type": "integer", "minimum": 0},
                    "dropped": {"type": "integer", "minimum": 0},
                },
            }
        },
    },
}
_RESULT: Final[dict[str, Any]] = {
    "name": "result",
    "summary": "What came of an event.",
    "payload": {
        "type": "object",
        "required": ["result"],
        "properties": {"result": {"$ref": f"{_REF}Answer"}},
    },
}
_ACK: Final[dict[str, Any]] = {
    "name": "ack",
    "summary": "Every order up to this number is in the switch's hands.",
    "payload": {
        "type": "object",
        "required": ["ack"],
        "properties": {"ack": {"type": "integer", "minimum": 0}},
    },
}
