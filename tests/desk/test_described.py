"""The documents that other people's programs are made from: they say what the code says, and real traffic keeps to them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn, get_args

import aiohttp
import jsonschema
import pytest
import yaml

from acd.app.site import Site, SiteSettings
from acd.desk import messages as m
from acd.desk.actions import AnyAction
from acd.desk.api import SEARCH_MAX
from acd.desk.described import render_asyncapi, render_openapi
from acd.desk.tokens import TOKEN_LENGTH_MAX
from acd.runtime.metrics import RuntimeMetrics
from tests.desk.house import PASSWORD, House
from tests.desk.test_day import one

DESK = Path(__file__).parents[2] / "acd/desk"
ASYNCAPI: dict[str, Any] = yaml.safe_load((DESK / "asyncapi.yaml").read_text())
OPENAPI: dict[str, Any] = yaml.safe_load((DESK / "openapi.yaml").read_text())


@pytest.mark.parametrize(
    ("name", "render"), [("asyncapi.yaml", render_asyncapi), ("openapi.yaml", render_openapi)]
)
def test_the_document_is_what_the_types_say(name: str, render: Any) -> None:
    assert (DESK / name).read_text() == render(), f"write {name} anew from described.py"


def check(document: dict[str, Any], reference: str, found: Any) -> None:
    """Hold something against a schema of a document, with all references in it."""
    schema = {"$ref": reference} | {key: value for key, value in document.items() if key == "components"}
    jsonschema.Draft202012Validator(schema).validate(found)


def message_schema(kind: str) -> str:
    """Return where the schema of a message stands."""
    reference: str = ASYNCAPI["components"]["messages"][kind]["payload"]["$ref"]
    return reference


def test_every_message_stands_in_asyncapi_in_its_direction() -> None:
    says = {ref["$ref"].rpartition("/")[2] for ref in ASYNCAPI["operations"]["clientSends"]["messages"]}
    hears = {ref["$ref"].rpartition("/")[2] for ref in ASYNCAPI["operations"]["serverSends"]["messages"]}
    tags = {str(kind.__struct_config__.tag) for kind in get_args(AnyAction)}
    assert says == tags | {"hello", "renew_token", "heartbeat"}
    assert hears == {"welcome", "snapshot", "delta", "heartbeat", "done", "refused"}
    assert set(ASYNCAPI["channels"]["desk"]["x-close-codes"]) == {int(code) for code in m.Close}


def test_what_the_schema_refuses_the_server_refuses() -> None:
    for bad in (
        {"type": "accept_offer", "id": "1", "offer": 1, "extra": 1},
        {"type": "accept_offer", "id": "1"},
        {"type": "accept_offer", "id": "", "offer": 1},
        {"type": "set_presence", "id": "1", "presence": "lunch"},
        {"type": "change_agent", "id": "1", "agent": "a", "skills": {"x": 9}},
        {"type": "set_head_start", "id": "1", "contact": "c", "head_start_ms": -1},
        {"type": "heartbeat", "at": 1},
    ):
        with pytest.raises(jsonschema.ValidationError):
            check(ASYNCAPI, message_schema(str(bad["type"])), bad)
        with pytest.raises(m.DeskError):
            m.parse_client_message(json.dumps(bad), m.JSON_SUBPROTOCOL)


async def test_all_that_a_day_says_keeps_to_asyncapi(house: House) -> None:
    heard: list[dict[str, Any]] = []
    async with house.ready("ann", encoding="json") as ann, await house.desk("adi", view="supervisor") as adi:
        ann.on_delta = adi.on_delta = heard.append
        heard.append(ann.welcome)
        contact = house.arrive("page")
        offer = await ann.until(lambda desk: one(desk, "offers"))
        house.chats.customer_says(contact, "hi")
        heard.append(await ann.act("accept_offer", offer=offer["offer"]))
        await ann.act("ask_return_call", offer=offer["offer"], number="+8610")
        await ann.act("start_consult", offer=offer["offer"], to_number="+861012345")
        await ann.act("end_consult", offer=offer["offer"])
        await ann.act("end_talk", offer=offer["offer"])
        await ann.act("finish_wrap_up", offer=offer["offer"], disposition="other")
        await ann.until(lambda desk: not desk.rows("assignments"))
        house.arrive()
        await ann.until(lambda desk: one(desk, "offers"))
        await adi.act(
            "watch", tables=["queues", "regions", "teams", "agents", "contacts", "alerts"], region="north"
        )
        await adi.until(lambda desk: desk.rows("contacts"))
    tables = {table for message in heard for table in message.get("set", message.get("tables", {}))}
    assert tables >= {
        "me",
        "offers",
        "assignments",
        "chat_messages",
        "queues",
        "agents",
        "contacts",
        "regions",
    }
    for message in heard:
        check(ASYNCAPI, message_schema(message["type"]), message)


@pytest.mark.parametrize("path", sorted(path for path in OPENAPI["paths"] if path.startswith("/api/")))
async def test_http_answers_as_openapi_says(house: House, path: str) -> None:
    house.arrive()
    tokens = {name: (await house.sign_in(name)).token for name in ("ann", "sue", "adi", "aud")}
    bodies: list[Any] = [
        None, {}, [], {"name": "ann", "password": PASSWORD}, {"name": "ann", "password": PASSWORD, "role": "admin"},
        {"name": 1}, {"id": "1", "text": "x"}, {"id": "1", "text": "x" * 20_000}, {"id": "", "text": ""}, "x" * 20_000,
    ]  # fmt: skip
    seen = set()
    async with aiohttp.ClientSession() as session:
        for method, operation in OPENAPI["paths"][path].items():
            for token in ("", "x.y.z", *tokens.values()):
                for body in bodies if method == "post" else [None]:
                    url = house.address + path.format(contact="c-1", ticket="T-9", person="nobody")
                    headers = {"Authorization": f"Bearer {token}"} if token else {}
                    async with session.request(method, url, headers=headers, json=body) as answer:
                        status = str(answer.status)
                        seen.add(status)
                        assert status in operation["responses"], (method, token[:5], body)
                        content = operation["responses"][status].get("content")
                        if content is None:
                            assert await answer.read() == b""
                            continue
                        check(OPENAPI, content["application/json"]["schema"]["$ref"], await answer.json())
                        assert answer.headers["Cache-Control"] == "no-store"
    assert "500" not in seen
    assert len(seen) > 1


def test_a_token_is_as_long_in_every_document_as_in_the_code() -> None:
    schemas = ASYNCAPI["components"]["schemas"]
    for kind in ("Hello", "RenewToken"):
        assert schemas[kind]["properties"]["token"]["maxLength"] == TOKEN_LENGTH_MAX
    protocol = (DESK / "PROTOCOL.md").read_text()
    assert f"at most {TOKEN_LENGTH_MAX} characters" in " ".join(protocol.split())


async def test_what_needs_no_token_is_described_and_there(tmp_path: Path) -> None:
    described = {path for path in OPENAPI["paths"] if not path.startswith("/api/")}
    site = Site(SiteSettings(port=0), RuntimeMetrics())
    assert described == {resource.canonical for resource in site.application.router.resources()}
    await site.start(_never)
    async with aiohttp.ClientSession() as session:
        for path in described:
            async with session.get(site.address + path) as answer:
                assert answer.content_type in OPENAPI["paths"][path]["get"]["responses"]["200"]["content"]
                assert str(answer.status) in OPENAPI["paths"][path]["get"]["responses"]
    await site.stop()


def _never(event: object) -> NoReturn:
    raise AssertionError(event)


async def test_a_search_is_as_long_as_openapi_says(house: House) -> None:
    token = (await house.sign_in("ann")).token
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
        for length, status in ((SEARCH_MAX, 200), (SEARCH_MAX + 1, 400)):
            async with session.get(house.address + "/api/colleagues?search=" + "x" * length) as answer:
                assert answer.status == status
                body = await answer.json()
        assert body["expected"] == "at most 128"
