"""The public corpora of malformed and awkward input, at every place where a desk or a page may send something."""

from __future__ import annotations

import json
import logging

import aiohttp
import msgpack
import pytest

from acd.desk.messages import JSON_SUBPROTOCOL, MSGPACK_SUBPROTOCOL, DeskError, parse_client_message
from acd.routing.model import OfferId
from tests.desk.corpora import corpus
from tests.desk.house import PASSWORD, House
from tests.desk.test_day import one

ANY_JSON = "".join(('{"type":"set_presence","id":"1","presence":"ready","reason":', "%s", "}"))


def json_files() -> list[tuple[str, bytes]]:
    """Return name and bytes of every document of the JSON test suite."""
    return [
        (path.name, path.read_bytes())
        for path in sorted((corpus("json-test-suite") / "test_parsing").iterdir())
    ]


def naughty_strings() -> list[str]:
    """Return the big list of naughty strings."""
    found: list[str] = json.loads((corpus("naughty-strings") / "blns.json").read_text())
    return found


def test_no_document_of_the_json_suite_is_a_message_or_harms() -> None:
    files = json_files()
    assert len(files) > 300
    for name, raw in files:
        with pytest.raises(DeskError) as refused:
            parse_client_message(raw, JSON_SUBPROTOCOL)
        assert refused.value.code == "bad_message", name


def test_what_must_not_be_json_is_refused_inside_a_message_too() -> None:
    for name, raw in json_files():
        frame = b'{"type":"set_presence","id":"1","presence":"ready","reason":' + raw + b"}"
        if name.startswith("n_") and b'"' not in raw:
            with pytest.raises(DeskError):
                parse_client_message(frame, JSON_SUBPROTOCOL)
            continue
        try:
            message = parse_client_message(frame, JSON_SUBPROTOCOL)
        except DeskError:
            continue
        assert isinstance(message.reason, str), name  # type: ignore[union-attr]
        message.reason.encode()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "number", ["1e308", "1e400", "-0", "NaN", "Infinity", "1.0", "1.5", "9" * 400, "0x1", "1e2"]
)
def test_numbers_are_whole_and_in_range_or_refused(number: str) -> None:
    frame = f'{{"type":"accept_offer","id":"1","offer":{number}}}'
    try:
        message = parse_client_message(frame, JSON_SUBPROTOCOL)
    except DeskError:
        return
    assert 1 <= message.offer <= 2**53 - 1  # type: ignore[union-attr]
    assert isinstance(message.offer, int)  # type: ignore[union-attr]


def test_depth_and_repeated_keys() -> None:
    for deep in ("[" * 100_000 + "]" * 100_000, '{"a":' * 100_000 + "1" + "}" * 100_000):
        for frame in (deep, ANY_JSON % deep):
            with pytest.raises(DeskError):
                parse_client_message(frame, JSON_SUBPROTOCOL)
    deep_map = b"\x81\xa1a" * 100_000 + b"\x01"
    with pytest.raises(DeskError):
        parse_client_message(deep_map, MSGPACK_SUBPROTOCOL)
    # Of a repeated key one counts for everything: what was checked is what is done.
    message = parse_client_message('{"type":"accept_offer","id":"1","offer":7,"offer":8}', JSON_SUBPROTOCOL)
    assert message.offer == OfferId(8)  # type: ignore[union-attr]


def test_the_messagepack_suite_is_read_as_it_means_inside_a_message() -> None:
    suite = json.loads((corpus("msgpack-test-suite") / "msgpack-test-suite.json").read_text())
    seen = 0
    for group in suite.values():
        for case in group:
            for text in case["msgpack"]:
                raw = bytes.fromhex(text.replace("-", ""))
                seen += 1
                with pytest.raises(DeskError):
                    parse_client_message(raw, MSGPACK_SUBPROTOCOL)
                frame = msgpack.packb({"type": "set_presence", "id": "1", "presence": "ready"})
                frame = b"\x84" + frame[1:] + msgpack.packb("reason") + raw
                try:
                    message = parse_client_message(frame, MSGPACK_SUBPROTOCOL)
                except DeskError:
                    assert not (isinstance(case.get("string"), str) and raw[0] >= 0xA0), case
                    continue
                assert message.reason == case["string"]  # type: ignore[union-attr]
    assert seen > 100


def test_every_cut_of_a_messagepack_message_is_refused() -> None:
    frame = msgpack.packb({"type": "accept_offer", "id": "1", "offer": 7})
    for length in range(len(frame)):
        with pytest.raises(DeskError):
            parse_client_message(frame[:length], MSGPACK_SUBPROTOCOL)
    with pytest.raises(DeskError):
        parse_client_message(frame + b"\x00", MSGPACK_SUBPROTOCOL)


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
async def test_naughty_strings_go_through_a_desk_unchanged_and_break_nothing(
    house: House, encoding: str
) -> None:
    strings = [text for text in naughty_strings() if 0 < len(text) <= 100]
    assert len(strings) > 400
    async with house.ready("ann", encoding=encoding) as ann:
        for text in strings[:120]:
            house.pass_ms(1_000)
            house.arrive("page", number=text[:60], display=text, attributes={text: text})
            offer = await ann.until(lambda desk: one(desk, "offers"))
            assert offer["display"] == text
            assert offer["attributes"] == {text: text}
            await ann.act("accept_offer", offer=offer["offer"])
            await ann.act("send_chat", contact=offer["contact"], text=text)
            line = await ann.until(lambda desk: one(desk, "chat_messages"))
            assert line["text"] == text
            await ann.act("end_talk", offer=offer["offer"])
            await ann.act("finish_wrap_up", offer=offer["offer"], disposition="other", notes=text)
            await ann.until(lambda desk: not desk.rows("chat_messages"))
            house.now += 1_000
            (session,) = house.room.desks.sessions.values()
            session.heard_at_ms = house.now
        assert ann.connects == 1


async def test_naughty_names_and_passwords_get_nobody_in_and_stay_out_of_the_log(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with aiohttp.ClientSession() as session:
        for text in naughty_strings()[:150]:
            for body in ({"name": text, "password": PASSWORD}, {"name": "ann", "password": text}):
                async with session.post(house.address + "/api/sign-in", json=body) as answer:
                    assert answer.status in (400, 401, 429), text
                    assert PASSWORD not in await answer.text()
            house.now += 60_000 * 64
    assert PASSWORD not in caplog.text


async def test_no_document_of_the_json_suite_is_a_sign_in(house: House) -> None:
    async with aiohttp.ClientSession() as session:
        for name, raw in json_files():
            async with session.post(
                house.address + "/api/sign-in", data=raw, headers={"Content-Type": "application/json"}
            ) as answer:
                problem = await answer.json()
                assert (answer.status, problem["code"]) in ((400, "bad_request"), (413, "too_large")), name


async def test_wrong_first_frames_leave_the_house_as_it_was(house: House) -> None:
    before = house.engine.state_hash()
    async with aiohttp.ClientSession() as session:
        for _, raw in json_files()[:60]:
            async with session.ws_connect(house.address + "/desk", protocols=[JSON_SUBPROTOCOL]) as socket:
                try:
                    await socket.send_str(raw.decode())
                except UnicodeDecodeError:
                    await socket.send_bytes(raw)
                await socket.receive()
    assert house.engine.state_hash() == before
    assert not house.room.desks.sessions
