"""The document that a switch's program is made from: it says what the code says, and real traffic keeps to it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from telephony_adapters.cti.described import render_asyncapi
from telephony_adapters.cti.wire import EVENT_TYPES, ORDER_TYPES

CTI = Path(__file__).parents[3] / "telephony_adapters/cti"
ASYNCAPI: dict[str, Any] = yaml.safe_load((CTI / "asyncapi.yaml").read_text())
GUIDE = (CTI / "GUIDE.md").read_text()


def check(kind: str, found: Any) -> None:
    """Hold a frame against the schema of its message."""
    schema = ASYNCAPI["components"]["messages"][kind.replace(".", "_")]["payload"]
    jsonschema.Draft202012Validator(schema | {"components": ASYNCAPI["components"]}).validate(found)


def test_the_document_is_what_the_types_say() -> None:
    assert (CTI / "asyncapi.yaml").read_text() == render_asyncapi(), (
        "write asyncapi.yaml anew from described.py"
    )


def test_every_event_and_order_stands_in_it() -> None:
    names = {message["name"] for message in ASYNCAPI["components"]["messages"].values()}
    assert names == {*EVENT_TYPES, *ORDER_TYPES.values(), "hello", "result", "ack"}


def test_the_events_that_the_guide_prints_keep_to_it() -> None:
    seen = set()
    for printed in re.findall(
        r"\{\"specversion\":\"1\.0\",\"id\":\"\d+\",.*?\}(?=['\n,\]])", GUIDE, re.DOTALL
    ):
        event = json.loads(printed if printed.count("{") == printed.count("}") else printed + "}")
        if event["type"] in EVENT_TYPES:
            check(event["type"], event)
            seen.add(event["type"])
    assert seen >= {"acd.call.arrived", "acd.call.changed", "acd.call.left"}


def test_the_orders_of_the_transcript_keep_to_it() -> None:
    seen = set()
    for line in (CTI / "TRANSCRIPT.md").read_text().splitlines():
        if line.startswith("< {"):
            frame = json.loads(line[2:])
            kind = frame["order"]["type"] if "order" in frame else next(iter(frame))
            check(kind, frame)
            seen.add(kind)
    assert seen >= {"hello", "result", "acd.order.offer", "acd.order.connect"}


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("acd.call.arrived", {}),
        ("acd.call.arrived", {"entry": 4001}),
        ("acd.offer.accepted", {"offer": "1"}),
        ("acd.call.left", {"reason": "x", "why": "y"}),
        ("acd.offer.failed", {"offer": 1, "outcome": "lunch"}),
    ],
)
def test_what_the_adapter_refuses_the_document_refuses(kind: str, data: dict[str, Any]) -> None:
    event = {"specversion": "1.0", "id": "1", "source": "pbx", "type": kind, "subject": "c", "data": data}
    with pytest.raises(jsonschema.ValidationError):
        check(kind, event)
