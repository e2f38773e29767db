"""A house that is run: its configuration changed over HTTP, drained before a restart, and started anew at once."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from acd.client import Desk as ClientDesk
from acd.client import sign_in as sign_in_desk
from tests.end_to_end.house import Desk, Server
from tests.telephony_adapters.cti import switch as switch_module
from tests.telephony_adapters.cti.house import said

KEY = "test-key-" + "k" * 40
HEADERS = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/cloudevents+json"}
pytestmark = pytest.mark.timeout(120)


class Admin:
    """Somebody who may do everything, and a switch beside them."""

    def __init__(self, server: Server, session: aiohttp.ClientSession, token: str) -> None:
        self.server, self.session, self.token, self.number = server, session, token, 0

    async def post(self, path: str, body: object = None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self.session.post(self.server.http + path, json=body, headers=headers) as answer:
            return answer.status, await answer.json()

    async def push(self, kind: str, call: str, **data: Any) -> tuple[int, str]:
        self.number += 1
        event = said(kind, f"{time.monotonic_ns()}-{self.number}", call, **data)
        async with self.session.post(
            self.server.http + "/cti/v1/events", json=event, headers=HEADERS
        ) as answer:
            return answer.status, await answer.text()


def change(server: Server, file: str, **values: Any) -> None:
    path = server.folder / "config" / f"{file}.yaml"
    whole = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**whole, **values}, ensure_ascii=False))


@contextlib.asynccontextmanager
async def open_house(
    folder: Path, agents: int = 1, files: dict[str, Any] | None = None, **of_server: Any
) -> AsyncIterator[Admin]:
    server = Server(folder, agents)
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    change(server, "switches", switches={"pbx-1": {"key_sha256": digest}})
    change(server, "server", **of_server)
    for name, content in (files or {}).items():
        change(server, name, **content)
    people = json.loads((server.folder / "config" / "people.yaml").read_text())["people"]
    people["kai"] = {"name": "Kai", "role": "admin", "example_password": "password-kai"}
    change(server, "people", people=people)
    await server.start()
    try:
        async with aiohttp.ClientSession() as session:
            yield await sign_in(server, session)
    finally:
        if server.process is not None and server.process.returncode is None:
            await server.stop()


async def sign_in(server: Server, session: aiohttp.ClientSession, name: str = "kai") -> Admin:
    admin = Admin(server, session, "")
    password = "password-kai" if name == "kai" else "password-0"
    status, body = await admin.post("/api/sign-in", {"name": name, "password": password})
    assert status == 200, body
    admin.token = body["token"]
    return admin


async def test_a_reload_says_what_changed_and_running_contacts_keep_their_rules(tmp_path: Path) -> None:
    async with open_house(tmp_path) as admin:
        server = admin.server
        assert (await admin.push("acd.call.arrived", "before", entry="4000"))[0] == 202
        queues = json.loads((server.folder / "config" / "queues.yaml").read_text())["queues"]
        queues["line"]["offer_s"] = 7
        change(server, "queues", queues=queues)
        status, told = await admin.post("/api/config/reload")
        assert status == 200, told
        assert [line for line in told["changed"] if "offer_s" in line] == told["changed"]
        assert told["at_next_start"] == []
        assert (await admin.push("acd.call.arrived", "after", entry="4000"))[0] == 202
        desk = Desk(server, "agent0", "password-0")
        await desk.open()
        await until(lambda: "before" in offers_of(server))
        assert (await admin.push("acd.call.left", "before"))[0] == 202
        await until(lambda: "after" in offers_of(server))
        await desk.close()
        offers = offers_of(server)
        assert offers["after"] == 7_000
        assert offers["before"] != 7_000, "who came before keeps the rules it came under"


def offers_of(server: Server) -> dict[str, int]:
    """How long each call's offer may ring, in ms, as the journal has it."""
    return {
        fact["contact"].rsplit(":", 1)[1]: fact["deadline_ms"] - record["at_ms"]
        for record in server.export()
        for fact in record["facts"]
        if fact["type"] == "OfferMade"
    }


async def until(holds: Any) -> None:
    async with asyncio.timeout(20):
        while not await asyncio.to_thread(holds):  # noqa: ASYNC110 - a journal of another process
            await asyncio.sleep(0.05)


async def test_a_configuration_with_a_fault_changes_nothing_and_names_the_line(tmp_path: Path) -> None:
    async with open_house(tmp_path) as admin:
        change(admin.server, "centre", repeat_window_h="soon")
        status, told = await admin.post("/api/config/reload")
        assert (status, told["code"]) == (422, "config_refused")
        fault = told["faults"][0]
        assert (fault["file"], fault["key"], fault["line"]) == ("centre.yaml", "repeat_window_h", 1)
        assert "soon" in fault["found"]
        agent = await sign_in(admin.server, admin.session, "agent0")
        assert (await agent.post("/api/config/reload"))[0] == 403
        assert (await agent.post("/api/drain", {}))[0] == 403


async def test_a_drain_takes_nothing_new_serves_who_is_here_and_then_stops(tmp_path: Path) -> None:
    async with open_house(tmp_path) as admin:
        server = admin.server
        assert (await admin.push("acd.call.arrived", "here", entry="4000"))[0] == 202
        assert (await admin.post("/api/drain", {"limit_s": -1}))[0] == 400
        status, told = await admin.post("/api/drain", {"limit_s": 60})
        assert (status, told) == (200, {"limit_s": 60, "contacts": 1})
        async with admin.session.get(server.http + "/readyz") as answer:
            assert (answer.status, await answer.text()) == (503, "draining\n")
        status, text = await admin.push("acd.call.arrived", "too-late", entry="4000")
        assert status == 503 and "draining" in text, text
        assert server.process is not None and server.process.returncode is None
        assert (await admin.push("acd.call.left", "here"))[0] == 202
        assert await asyncio.wait_for(server.process.wait(), 15) == 0
        assert "drained contacts_left=0" in server.log


async def test_a_rolling_restart_keeps_who_waits(tmp_path: Path) -> None:
    async with open_house(tmp_path, drain_s=1) as admin:
        server = admin.server
        for call in ("first", "second"):
            assert (await admin.push("acd.call.arrived", call, entry="4000"))[0] == 202
        began = time.monotonic()
        assert await server.stop() == 0, "SIGTERM drains for a second, although somebody waits"
        assert "drained contacts_left=2" in server.log
        await server.start()
        assert time.monotonic() - began < 30
        again = await sign_in(server, admin.session)
        assert (await again.push("acd.call.left", "first"))[1].count("accepted") == 1
        facts = [fact for record in server.export() for fact in record["facts"]]
        entered = [fact["contact"].rsplit(":", 1)[1] for fact in facts if fact["type"] == "ContactEntered"]
        assert entered == ["first", "second"]


async def test_a_talk_of_a_switch_outlives_a_rolling_restart_and_a_kill(tmp_path: Path) -> None:
    async with open_house(tmp_path, drain_s=1) as admin:
        server = admin.server
        digest = hashlib.sha256(switch_module.KEY.encode()).hexdigest()
        change(server, "switches", switches={"pbx-1": {"key_sha256": digest}})
        assert await server.stop() == 0
        await server.start()
        switch = switch_module.Switch()
        await switch.open(server.http)
        token = (await sign_in_desk(server.http, "agent0", "password-0")).token
        async with ClientDesk(server.http, token) as desk:
            await desk.act("set_presence", presence="ready")
            await arrive(switch, "talk")
            offer = (await desk.until(lambda one: one.rows("offers")))[0]["offer"]
            await desk.act("accept_offer", offer=offer)
            await desk.until(lambda one: [row["state"] for row in one.rows("assignments")] == ["talking"])
            await arrive(switch, "behind")
            for end, connects in ((server.stop, 2), (server.kill, 3)):
                await end()
                await switch.cut()
                await server.start()
                await switch.open(server.http)
                await switch.compare()
                await desk.until(
                    lambda one, n=connects: one.connects == n and one.rows("assignments"), timeout_s=20
                )
                held = desk.rows("assignments")[0]
                assert (held["offer"], held["state"]) == (offer, "talking")
                assert switch.calls["talk"].is_here and switch.calls["talk"].parties == {"agent0"}
                assert desk.gaps == 0
            await switch.leave("talk")
            await desk.until(lambda one: one.rows("offers"))
            assert desk.rows("offers")[0]["contact"].endswith(":behind")
        await switch.close()
        facts = [fact for record in server.export() for fact in record["facts"]]
        kinds = [fact["type"] for fact in facts if str(fact.get("contact", "")).endswith(":talk")]
        assert (kinds.count("OfferMade"), kinds.count("AssignmentConnected"), kinds.count("ContactEnded")) == (
            1, 1, 1,
        )  # fmt: skip
        ended = next(fact for fact in facts if fact["type"] == "ContactEnded")
        assert ended["outcome"] == "answered"


async def arrive(switch: switch_module.Switch, call: str) -> None:
    """A customer calls through the switch, and has been taken."""
    switch.calls[call] = switch_module.Call()
    event = await switch.say("acd.call.arrived", call, entry="4000")
    async with asyncio.timeout(10):
        while not any(answer["id"] == event for answer in switch.answers):  # noqa: ASYNC110 - another task reads
            await asyncio.sleep(0.01)
    assert next(answer for answer in switch.answers if answer["id"] == event)["outcome"] == "accepted"
