"""The socket at its limits: cuts and resumes, newest session, silence, floods, slow readers, what is no message."""

from __future__ import annotations

import asyncio
import base64
import os
import random
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest
from websockets.exceptions import ConnectionClosed

from acd.client import ActionRefused, Desk, DeskClosed
from acd.routing import events as e
from acd.routing.model import Link
from acd.routing.outputs import LinkSet
from tests.desk.house import House, open_house
from tests.desk.test_day import one


async def raw(
    house: House, protocol: str = "acd.desk.v1+json", **options: object
) -> aiohttp.ClientWebSocketResponse:
    """Return an open socket that has said nothing; the session of the client goes with it."""
    session = aiohttp.ClientSession()
    try:
        socket = await session.ws_connect(house.address + "/desk", protocols=[protocol], **options)  # type: ignore[arg-type]
    except BaseException:
        await session.close()
        raise
    socket.session = session  # type: ignore[attr-defined]
    return socket


async def leave(socket: aiohttp.ClientWebSocketResponse) -> None:
    """Close a raw socket."""
    await socket.close()
    await socket.session.close()  # type: ignore[attr-defined]


async def close_code(socket: aiohttp.ClientWebSocketResponse) -> int | None:
    """Read until the server closes, and return with which code."""
    async with asyncio.timeout(10):
        while not socket.closed:
            await socket.receive()
    code = socket.close_code
    await leave(socket)
    return code


async def closed_with(desk: Desk) -> int:
    """Return with which code the server closed a desk."""
    with pytest.raises(DeskClosed) as closed:
        await desk.until(lambda _: False)
    return closed.value.code


# --- cuts ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
async def test_cut_at_random_moments_a_desk_misses_nothing(house: House, encoding: str) -> None:
    chance = random.Random(7)
    async with await house.desk("adi", view="supervisor", encoding=encoding) as desk:
        for _ in range(60):
            for _ in range(chance.randrange(4)):
                contact = house.arrive(chance.choice(["4001", "4002"]))
                if chance.random() < 0.6:
                    house.submit(e.CustomerLeft(contact))
            if chance.random() < 0.2:
                seen = desk.connects
                desk.abort()
                house.arrive()
                await desk.until(lambda d, seen=seen: d.connects > seen)
            await asyncio.sleep(0)
        waiting = {str(contact) for contact in house.room.desks.board.state.contacts}
        await desk.until(lambda d: set(d.tables.get("contacts", {})) == waiting, timeout_s=20)
        assert desk.connects > 5
        assert desk.gaps == 0
        assert sum(row["waiting"] for row in desk.rows("queues")) == len(waiting)


async def test_after_a_cut_the_view_is_resumed_not_sent_again(house: House) -> None:
    async with house.ready("ann") as ann:
        stream = ann.stream
        ann.abort()
        house.arrive()
        await ann.until(lambda desk: desk.connects == 2)
        assert ann.welcome["resumed"] is True
        # The presence is as it was before, and the offer made for it is there.
        await ann.until(lambda desk: one(desk, "offers"))
        assert ann.stream == stream
        assert one(ann, "me")["presence"] == "ready"


async def test_an_action_whose_answer_was_lost_is_answered_after_the_cut(house: House) -> None:
    async with house.ready("ann") as ann:
        house.arrive()
        offer = await ann.until(lambda desk: one(desk, "offers"))
        acting = asyncio.ensure_future(ann.act("accept_offer", offer=offer["offer"]))
        await asyncio.sleep(0)
        ann.abort()
        assert (await acting)["type"] == "done"
        accepted = [record for record in house.records if isinstance(record.event, e.OfferAccepted)]
        assert len(accepted) == 1


async def test_the_newest_session_sits_at_the_desk(house: House) -> None:
    async with await house.desk("ann") as old:
        async with await house.desk("ann") as new:
            assert await closed_with(old) == 4409
            await new.act("set_presence", presence="ready")
            assert one(new, "me")["links"]["desk"] is True
        links = [fact for fact in house.facts(LinkSet) if fact.link is Link.DESK]
        assert [fact.is_up for fact in links][:2] == [True, True], "the old desk's end is not the agent's"


async def test_a_desk_that_leaves_is_told_to_the_engine(house: House) -> None:
    async with house.ready("ann") as ann:
        await ann.act("set_link", link="microphone", is_up=True)
    await eventually(lambda: len(house.facts(LinkSet)) == 4)
    assert [(fact.link, fact.is_up) for fact in house.facts(LinkSet)[2:]] == [
        (Link.DESK, False),
        (Link.MICROPHONE, False),
    ]


async def eventually(is_so: Callable[[], object]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110 - what is waited for is inside the server
            await asyncio.sleep(0.01)


# --- the first message --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "code"),
    [
        ('{"type":"hello","token":"x.y.z"}', 4401),
        ('{"type":"hello","token":""}', 4401),
        ('{"type":"hello"}', 4400),
        ('{"type":"heartbeat"}', 4400),
        ("{", 4400),
        ("", 4400),
        ('{"type":"accept_offer","id":"1","offer":1}', 4401),
        (b'{"type":"hello","token":"x.y.z"}', 4401),
    ],
)
async def test_a_first_message_that_is_no_good(house: House, first: str | bytes, code: int) -> None:
    socket = await raw(house)
    await (socket.send_str(first) if isinstance(first, str) else socket.send_bytes(first))
    assert await close_code(socket) == code


async def test_silence_instead_of_hello(tmp_path: Path) -> None:
    async with open_house(tmp_path, hello_ms_max=50) as house:
        assert await close_code(await raw(house)) == 4408


@pytest.mark.parametrize(
    ("name", "view"), [("ina", "agent"), ("aud", "supervisor"), ("ann", "supervisor"), ("adi", "agent")]
)
async def test_a_view_that_the_role_has_not(house: House, name: str, view: str) -> None:
    with pytest.raises(DeskClosed) as closed:
        async with await house.desk(name, view=view):
            pass
    assert closed.value.code == 4403


async def test_somebody_who_is_no_agent_in_the_rules(tmp_path: Path) -> None:
    from acd.desk.people import Role
    from tests.desk.house import PEOPLE, person

    async with open_house(tmp_path, people=(*PEOPLE, person("new", Role.AGENT))) as house:
        with pytest.raises(DeskClosed) as closed:
            async with await house.desk("new"):
                pass
        assert closed.value.code == 4403
        assert not house.room.desks.sessions


async def test_a_loop_that_is_full_lets_nobody_in(house: House) -> None:
    house.is_overloaded = True
    with pytest.raises(DeskClosed) as closed:
        async with await house.desk("ann", reconnect=False):
            pass
    assert closed.value.code == 4503


@pytest.mark.parametrize("protocols", [(), ("acd.desk.v2+json",), ("chat",)])
async def test_a_subprotocol_must_be_ours(house: House, protocols: tuple[str, ...]) -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(house.address + "/desk", protocols=protocols)
        assert refused.value.status == 400


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Origin": "http://127.0.0.1.evil.example"}, 403),
        ({"Origin": "http://[::1"}, 403),
        ({"Origin": ""}, 403),
        ({"Sec-Fetch-Mode": "websocket"}, 403),
        ({"Origin": "http://evil.example", "Host": "evil.example"}, 403),
        ({"Origin": "https://desk.example"}, 101),
        ({}, 101),
    ],
)
async def test_only_pages_of_ours_may_open_a_desk(
    tmp_path: Path, headers: dict[str, str], status: int
) -> None:
    async with open_house(tmp_path, origins=("https://desk.example",)) as house:
        assert await handshake(house, headers) == status


async def test_the_own_page_may(house: House) -> None:
    assert await handshake(house, {"Origin": house.address}) == 101


@pytest.mark.parametrize("query", ["?token=abc", "?x", "?access_token=a.b.c"])
async def test_nothing_stands_in_the_address(house: House, query: str) -> None:
    assert await handshake(house, {}, "/desk" + query) == 400


async def handshake(house: House, headers: dict[str, str], path: str = "/desk") -> int:
    """Return the status of a handshake by hand."""
    host, port = house.address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    lines = {
        "Host": f"{host}:{port}",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        "Sec-WebSocket-Protocol": "acd.desk.v1+json",
    } | headers
    writer.write(
        (f"GET {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in lines.items()) + "\r\n").encode()
    )
    try:
        async with asyncio.timeout(5):
            return int((await reader.readline()).split()[1])
    finally:
        writer.close()


# --- limits -------------------------------------------------------------------------------------------


async def test_a_flood_of_messages_closes_and_others_notice_nothing(house: House) -> None:
    async with await house.desk("ann", reconnect=False) as ann, house.ready("bob") as bob:
        with suppress(ConnectionClosed):
            for _ in range(300):
                await ann.send_raw(b"\x80")
        assert await closed_with(ann) in (4400, 4429)
        house.arrive("4002")
        await bob.until(lambda desk: one(desk, "offers"))


async def test_a_flood_of_good_messages_closes(house: House) -> None:
    async with await house.desk("ann", reconnect=False) as ann:
        beat = b"\x81\xa4type\xa9heartbeat"
        with pytest.raises(Exception, match="4429"):
            for _ in range(500):
                await ann.send_raw(beat)
            await ann.until(lambda _: False)


async def test_a_flood_of_pings_closes(house: House) -> None:
    token = (await house.sign_in("ann")).token
    socket = await raw(house, autoping=False)
    await socket.send_json({"type": "hello", "token": token})
    for _ in range(200):
        await socket.ping(b"x")
    assert await close_code(socket) == 4429


async def test_ten_messages_that_are_none_close(house: House) -> None:
    async with await house.desk("ann", reconnect=False, encoding="json") as ann:
        for _ in range(9):
            await ann.send_raw("{")
        await ann.act("set_presence", presence="ready")
        await ann.send_raw('{"type":"hello"}')
        assert await closed_with(ann) == 4400


async def test_a_frame_over_the_limit_closes(house: House) -> None:
    async with await house.desk("ann", reconnect=False, encoding="json") as ann:
        await ann.send_raw(" " * 65_537)
        assert await closed_with(ann) == 1009


async def test_text_that_is_not_utf_8_closes(house: House) -> None:
    socket = await raw(house)
    await socket._writer.send_frame(b'{"type":"\xff"}', aiohttp.WSMsgType.TEXT)
    assert await close_code(socket) in (1007, 4400)


async def test_a_second_hello_changes_nothing(house: House) -> None:
    async with await house.desk("ann", encoding="json") as ann:
        await ann.send_raw('{"type":"hello","token":"x"}')
        await ann.act("set_presence", presence="ready")


async def test_a_desk_that_says_nothing_is_dead_within_the_time_agreed(tmp_path: Path) -> None:
    async with open_house(tmp_path, heartbeat_ms=80, silence_ms=200) as house:
        token = (await house.sign_in("ann")).token
        socket = await raw(house)
        await socket.send_json({"type": "hello", "token": token})
        while (await socket.receive_json())["type"] != "heartbeat":
            pass
        house.now += 200
        assert await close_code(socket) == 4408
        await eventually(lambda: house.facts(LinkSet)[-1].is_up is False)


async def test_a_desk_that_answers_heartbeats_lives(tmp_path: Path) -> None:
    async with open_house(tmp_path, heartbeat_ms=80, silence_ms=200) as house, await house.desk("ann") as ann:
        for _ in range(10):
            seen = ann.server_ms
            house.now += 100
            await ann.until(lambda desk, seen=seen: desk.server_ms > seen)
        assert ann.connects == 1


async def test_too_many_sockets_from_one_address(tmp_path: Path) -> None:
    async with open_house(tmp_path, connections_per_address_max=2) as house:
        sockets = [await raw(house), await raw(house)]
        assert await handshake(house, {}) == 429
        for socket in sockets:
            await leave(socket)
        await eventually(lambda: not house.room.desks.sessions)
        socket = await raw(house)
        await leave(socket)


async def test_a_supervisor_who_does_not_read_is_conflated_then_cut(tmp_path: Path) -> None:
    async with open_house(tmp_path, stalled_ms_max=1_000) as house:
        token = (await house.sign_in("adi")).token
        host, port = house.address.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
        transport = writer.transport
        await upgrade(reader, writer, f"{host}:{port}")
        writer.write(masked(f'{{"type":"hello","token":"{token}","view":"supervisor"}}'.encode()))
        await eventually(lambda: house.room.desks.sessions)
        transport.pause_reading()  # type: ignore[attr-defined]
        (session,) = house.room.desks.sessions.values()
        held = 0
        for number in range(4_000):
            house.arrive(number=f"+86{number:011}")
            if number % 100 == 0:
                await asyncio.sleep(0.03)
                held = max(held, session.held_bytes())
                writer.write(masked(b'{"type":"heartbeat"}'))
        assert 100_000 < held < 1_048_576
        house.now += 1_000
        await eventually(lambda: (house.arrive(), session.close_code == 4413)[1])
        await eventually(lambda: not house.room.desks.sessions)
        writer.close()


async def upgrade(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
    """Do the handshake by hand."""
    key = base64.b64encode(os.urandom(16)).decode()
    writer.write(
        f"GET /desk HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
        "Sec-WebSocket-Protocol: acd.desk.v1+json\r\n\r\n".encode()
    )
    assert b"101" in await reader.readline()
    await reader.readuntil(b"\r\n\r\n")


def masked(data: bytes) -> bytes:
    """Return a text frame as a client sends it."""
    length = bytes((0x80 | len(data),)) if len(data) < 126 else b"\xfe" + struct.pack("!H", len(data))
    return b"\x81" + length + bytes(4) + data


async def test_answers_for_somebody_who_does_not_read_are_held_up_to_the_limit(tmp_path: Path) -> None:
    changes = {"unsent_bytes_max": 20_000, "messages_per_s_max": 1_000_000, "messages_burst": 1_000_000}
    async with open_house(tmp_path, **changes) as house:
        token = (await house.sign_in("ann")).token
        host, port = house.address.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
        await upgrade(reader, writer, f"{host}:{port}")
        writer.write(masked(f'{{"type":"hello","token":"{token}"}}'.encode()))
        await eventually(lambda: house.room.desks.sessions)
        (session,) = house.room.desks.sessions.values()
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        ask = masked(b'{"type":"accept_offer","id":"' + b"i" * 60 + b'","offer":99}')
        async with asyncio.timeout(60):
            while session.close_code is None:
                writer.write(ask * 200)
                await writer.drain()
                await asyncio.sleep(0)
        assert session.close_code == 4413
        assert session.held_bytes() <= 20_000
        await eventually(lambda: not house.room.desks.sessions)
        writer.close()


async def test_stopping_tells_everybody(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        ann = await house.desk("ann", reconnect=False)
        async with ann:
            house.room.desks.close()
            assert await closed_with(ann) == 1001
            assert await handshake(house, {}) == 503


async def test_desks_hear_that_the_server_of_the_house_goes_down(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        ann = await house.desk("ann", reconnect=False)
        async with ann:
            await house.application.shutdown()
            assert await closed_with(ann) == 1001


async def test_an_action_in_another_view(house: House) -> None:
    async with await house.desk("sue", view="supervisor") as sue:
        with pytest.raises(ActionRefused) as refused:
            await sue.act("accept_offer", offer=1)
        assert refused.value.code == "not_yours"
