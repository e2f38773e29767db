"""Whatever is done to a whole server, nobody's number, name or secret stands in its log; and each line is an object."""

from __future__ import annotations

import asyncio
import hashlib
import json
from pathlib import Path

import aiohttp
import pytest

from tests.end_to_end.house import Desk, Server
from tests.telephony_adapters.cti.house import said

NUMBER, NAME, KEY = "8613912345678", "Zhangsan Canary", "canary-key-" + "k" * 40
EVENTS = "/cti/v1/events"


def configure(server: Server) -> None:
    """A switch, and a log of everything as JSON."""
    folder = server.folder / "config"
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    (folder / "switches.yaml").write_text(json.dumps({"switches": {"pbx-1": {"key_sha256": digest}}}))
    whole = json.loads((folder / "server.yaml").read_text())
    whole["log"] = {"level": "debug", "format": "json"}
    (folder / "server.yaml").write_text(json.dumps(whole))


async def raw(server: Server, request: bytes) -> None:
    """Send bytes that are hardly HTTP, and take whatever comes."""
    host, port = server.http.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request)
    writer.write_eof()
    await asyncio.wait_for(reader.read(), 10)
    writer.close()


async def push(session: aiohttp.ClientSession, server: Server, event: object) -> int:
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/cloudevents+json"}
    async with session.post(server.http + EVENTS, json=event, headers=headers) as answer:
        await answer.read()
        return answer.status


@pytest.mark.timeout(120)
async def test_no_number_name_or_secret_stands_in_the_log(tmp_path: Path) -> None:
    server = Server(tmp_path, 1)
    configure(server)
    await server.start()
    try:
        desk = Desk(server, "agent0", "password-0")
        await desk.open()
        async with aiohttp.ClientSession() as session:
            for number in range(5):
                fields = {"from": f"+{NUMBER}", "name": NAME, "attributes": {"phone": NUMBER, "who": NAME}}
                event = said("acd.call.arrived", number, f"call-{number}", entry="4000", **fields)
                assert await push(session, server, event) == 202
            assert await push(session, server, said(f"acd.{NUMBER}", 90, NUMBER)) == 400
            assert await push(session, server, said("acd.call.arrived", 91, NUMBER, entry=NUMBER)) == 202
            await push(session, server, said("acd.call.left", 92, "call-1", reason=NUMBER))
            for body in ({"name": NAME, "password": NUMBER}, {"name": NUMBER, "password": KEY}):
                await session.post(server.http + "/api/sign-in", json=body)
            await session.get(server.http + f"/api/customers/{NUMBER}?token={KEY}&number={NUMBER}")
            await session.get(server.http + f"/desk?token={KEY}", headers={"Authorization": f"Bearer {KEY}"})
            await session.get(server.http + "/api/me", headers={"Authorization": f"Bearer {KEY}.{NUMBER}"})
        await desk.say(type="set_presence", id=NUMBER, presence=NAME)
        await desk.say(type=NUMBER, id=KEY)
        for request in (
            f"GET /{NUMBER} HTTP/9.{NUMBER}\r\n\r\n", f"{NUMBER}\r\n\r\n", f"GET / HTTP/1.1\r\nA {NUMBER} {NAME}\r\n\r\n",
            f"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {NUMBER}x\r\n\r\n",
        ):  # fmt: skip
            await raw(server, request.encode())
        await desk.close()
    finally:
        assert await server.stop() == 0
    log = server.log
    for secret in (NUMBER[:-2], NUMBER[2:-2], "Zhangsan", "Canary", "canary-key", "kkkkkkkkkk"):
        assert secret not in log, [each for each in log.splitlines() if secret in each][:3]
    lines = [json.loads(each) for each in log.splitlines() if each.startswith("{")]
    names = {each.get("name") for each in lines}
    assert {"ready", "signed_in", "sign_in_refused", "ContactArrived", "stopping", "stopped"} <= names
    assert all({"at", "level", "logger"} <= set(each) for each in lines)
