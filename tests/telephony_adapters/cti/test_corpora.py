"""The public corpora against a switch's two doors: answered with a reason, never 500, and the next event is served."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest

from acd.routing.outputs import ContactEntered
from tests.naughty import naughty_strings
from tests.telephony_adapters.cti.house import HEADERS, KEY, House, open_house, said

DATA = Path(__file__).parents[3].parent / "shared" / "data"
SUITE = DATA / "json-test-suite" / "test_parsing"
PACKED = DATA / "msgpack-test-suite" / "msgpack-test-suite.json"


def documents() -> list[tuple[str, bytes]]:
    """Every document of the JSON suite, and every MessagePack value as if it were JSON."""
    if not SUITE.is_dir():
        pytest.skip(f"the corpus is not at {SUITE}")
    found = [(path.name, path.read_bytes()) for path in sorted(SUITE.iterdir())]
    for name, group in json.loads(PACKED.read_text()).items():
        found += [(name, bytes.fromhex(each.replace("-", ""))) for case in group for each in case["msgpack"]]
    return found


async def still_serves(house: House, number: int) -> None:
    """One good event is taken, as ever."""
    status, _ = await house.post(said("acd.call.arrived", f"good-{number}", f"good-{number}", entry="400"))
    assert status == 202


async def test_every_document_as_a_body_is_refused_with_a_place_and_never_500() -> None:
    found = documents()
    assert len(found) > 400
    async with open_house() as house, aiohttp.ClientSession() as session:
        for kind in (
            "application/cloudevents+json",
            "application/cloudevents-batch+json",
            "application/json",
        ):
            for name, raw in found:
                headers = HEADERS | {"Content-Type": kind}
                async with session.post(house.url + "/events", data=raw, headers=headers) as answer:
                    body = await answer.json()
                    assert answer.status in (202, 400), (kind, name, body)
                    assert answer.status == 202 or {"code", "found", "expected"} <= set(body), (kind, name)
                    assert answer.status == 400 or body == {"results": []}, (kind, name, body)
        assert not house.made(ContactEntered)
        await still_serves(house, 1)


async def test_every_document_as_a_field_is_taken_as_it_means_or_refused() -> None:
    async with open_house() as house, aiohttp.ClientSession() as session:
        for at, (name, raw) in enumerate(documents()):
            event = json.dumps(said("acd.call.arrived", at, f"c{at}", entry="400", name="NAME")).encode()
            body = event.replace(b'"NAME"', raw)
            async with session.post(house.url + "/events", data=body, headers=HEADERS) as answer:
                assert answer.status in (202, 400), (name, await answer.text())
        await still_serves(house, 1)


async def test_every_document_as_a_frame_is_answered_or_closes_the_socket() -> None:
    async with open_house() as house, aiohttp.ClientSession() as session:
        url = house.url + "/socket"
        for name, raw in documents():
            async with session.ws_connect(
                url, headers={"Authorization": f"Bearer {KEY}"}, protocols=["acd.cti.v1+json"]
            ) as socket:
                await socket.receive_json(timeout=5)
                try:
                    await socket.send_str(raw.decode())
                except UnicodeDecodeError:
                    await socket.send_bytes(raw)
                await socket.send_str(json.dumps(said("acd.call.left", 1, "nobody")))
                got = await socket.receive(timeout=5)
                assert got.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.CLOSE), (name, got)
        await still_serves(house, 1)


async def test_every_naughty_string_comes_out_as_it_went_in_or_is_refused_with_a_reason() -> None:
    taken = refused = 0
    strings = list(naughty_strings())
    async with open_house() as house:
        for at, text in enumerate(strings):
            fields = {"name": text, "attributes": {"note": text, "x": text[:40]}}
            event = said("acd.call.arrived", at, f"c{at}", entry="400", **fields)
            before = len(house.made(ContactEntered))
            status, body = await house.post(event)
            if status == 202 and body["results"][0]["outcome"] == "accepted":
                (entered,) = house.made(ContactEntered)[before:]
                assert entered.attributes["note"] == text
                assert entered.display == text[:100], "the guide says how much of a name is kept"
                taken += 1
            else:
                assert status in (202, 400), (text, body)
                said_why = body if status == 400 else body["results"][0]
                assert said_why["code"], (text, body)
                refused += 1
        await still_serves(house, 1)
    assert taken > len(strings) * 8 // 10, (taken, refused)


async def test_no_second_event_is_smuggled_in() -> None:
    """S11: whatever is made of the two lengths, what hides in the body is never taken as an event of its own."""
    gadgets = DATA / "http-smuggling" / "te-gadgets-hex.json"
    if not gadgets.is_file():
        pytest.skip(f"the corpus is not at {gadgets}")
    hidden_body = json.dumps(said("acd.call.arrived", "hidden", "hidden", entry="400")).encode()
    head = f"Authorization: Bearer {KEY}\r\nContent-Type: application/cloudevents+json\r\n".encode()
    hidden = (
        b"POST /cti/v1/events HTTP/1.1\r\nHost: x\r\n"
        + head
        + f"Content-Length: {len(hidden_body)}\r\n\r\n".encode()
        + hidden_body
    )
    found: dict[str, str] = json.loads(gadgets.read_text())
    assert len(found) > 20
    async with open_house() as house:
        address = urlsplit(house.url)
        for name, gadget in found.items():
            reader, writer = await asyncio.open_connection(address.hostname, address.port)
            body = b"0\r\n\r\n" + hidden
            writer.write(
                b"POST /cti/v1/events HTTP/1.1\r\nHost: x\r\n"
                + head
                + f"Content-Length: {len(body)}\r\n".encode()
                + bytes.fromhex(gadget)
                + b"\r\nConnection: close\r\n\r\n"
                + body
            )
            try:
                async with asyncio.timeout(5):
                    text = await reader.read()
            finally:
                writer.close()
            answers = re.findall(rb"HTTP/1\.[01] (\d{3})", text)
            assert len(answers) == 1 and answers[0].startswith(b"4"), (name, text[:300])
        assert not house.made(ContactEntered)
        await still_serves(house, 1)


async def test_no_token_of_the_signature_suite_and_no_naughty_string_is_a_key() -> None:
    suite = DATA / "jws-wycheproof" / "json_web_signature_test.json"
    if not suite.is_file():
        pytest.skip(f"the corpus is not at {suite}")
    tokens = sorted({text for text in _texts(json.loads(suite.read_text())) if text.count(".") == 2})
    assert len(tokens) > 100
    event = json.dumps(said("acd.call.arrived", 1, "a", entry="400")).encode()
    keys = tokens + [text for text in naughty_strings() if text.isascii() and text.isprintable()]
    async with open_house() as house, aiohttp.ClientSession() as session:
        for key in keys:
            for value in (f"Bearer {key}", f"Basic {key}", key):
                headers = HEADERS | {"Authorization": value}
                async with session.post(house.url + "/events", data=event, headers=headers) as answer:
                    assert answer.status == 401, (value, await answer.text())
        assert not house.made(ContactEntered)
        await still_serves(house, 1)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)
