"""HTTP: cases, colleagues, errors that tell nothing, headers, pages, and what smuggles or crawls."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import re
from collections.abc import Callable, Sequence
from itertools import chain, combinations
from pathlib import Path

import aiohttp
import pytest

from acd.client import ActionRefused, HttpRefused
from acd.client.http import call
from acd.desk.cases import Cases
from acd.desk.ticketing import TicketWindow
from acd.ports import CustomerCard, TicketCard, TicketEntry, TicketThread, TimelineContact
from acd.routing.model import AgentId, ContactId, Identity, Origin, PersonId, TicketId
from acd.routing.outputs import ContactEntered
from tests.desk.corpora import corpus
from tests.desk.house import House, open_house
from tests.desk.test_corpora import json_files, naughty_strings
from tests.desk.test_day import one


class Shelf:
    """A tickets room that keeps its tickets in hand."""

    def __init__(self) -> None:
        self.cards = {
            TicketId(name): TicketCard(
                TicketId(name), "open", 1, queue=queue, owner=AgentId(owner) if owner else None
            )
            for name, queue, owner in (
                ("T-1", "sales", ""),
                ("T-2", "support", "ann"),
                ("T-3", "support", ""),
            )
        }
        self.notes: dict[tuple[str, str], TicketEntry] = {}
        self._hear: list[Callable[[TicketCard], None]] = []

    async def open_tickets(self, limit: int) -> Sequence[TicketCard]:
        return [card for card in reversed(self.cards.values()) if card.closed_at_ms is None][:limit]

    async def tickets_of(self, identities: Sequence[Identity], limit: int) -> Sequence[TicketCard]:
        return [self.cards[TicketId("T-1")]] if "tel:+8613800138000" in identities else []

    def listen(self, hear: Callable[[TicketCard], None]) -> None:
        self._hear.append(hear)

    def put(self, card: TicketCard) -> None:
        """A ticket is new, or changed."""
        self.cards[card.ticket] = card
        for hear in self._hear:
            hear(card)

    async def ticket(self, ticket: TicketId) -> TicketThread | None:
        card = self.cards.get(ticket)
        return TicketThread(card, "en", False, "", [], [], [], None, None) if card else None

    async def add_note(self, ticket: TicketId, by: PersonId, text: str, key: str) -> TicketEntry | None:
        entry = TicketEntry(len(self.notes) + 1, 5, "note", by, text)
        return self.notes.setdefault((by, key), entry)


class Book:
    """A customers room with one customer."""

    async def customer_of(self, identities: Sequence[Identity], limit: int) -> CustomerCard | None:
        if "tel:+8613800138000" not in identities:
            return None
        visit = TimelineContact(ContactId("old"), "voice", "inbound", "sales", 1, agent=AgentId("bob"))
        return CustomerCard("A-1", "Mr Li", list(identities), [visit])


def give_rooms(house: House) -> Shelf:
    """Give the desks tickets and customers, as if the house had been built with them."""
    shelf = Shelf()
    house.room.desks.tickets = TicketWindow(shelf)
    for route in list(house.application.router.routes()):
        handler = getattr(route.handler, "__self__", None)
        if isinstance(handler, Cases):
            handler._customers = Book()
    return shelf


async def test_a_case_is_shown_to_whoever_holds_it(house: House) -> None:
    give_rooms(house)
    async with house.ready("ann") as ann:
        contact = house.arrive()
        await ann.until(lambda desk: one(desk, "offers"))
        token = (await house.sign_in("ann")).token
        found = await call(house.address, "GET", f"/api/contacts/{contact}/customer", token=token)
        assert found["customer"]["name"] == "Mr Li"
        assert found["customer"]["contacts"][0]["agent"] == "bob"
        tickets = await call(house.address, "GET", f"/api/contacts/{contact}/tickets", token=token)
        assert [ticket["ticket"] for ticket in tickets["tickets"]] == ["T-1"]
        other = (await house.sign_in("cho")).token
        for path in ("customer", "tickets"):
            with pytest.raises(HttpRefused) as refused:
                await call(house.address, "GET", f"/api/contacts/{contact}/{path}", token=other)
            assert refused.value.status == 404


@pytest.mark.parametrize(
    ("name", "readable"),
    [("ann", ["T-1", "T-2"]), ("bob", ["T-1", "T-2", "T-3"]), ("cho", ["T-2", "T-3"]),
     ("sue", ["T-1", "T-2", "T-3"]), ("adi", ["T-1", "T-2", "T-3"]), ("aud", []), ("ina", [])],
)  # fmt: skip
async def test_tickets_by_queue_and_owner(house: House, name: str, readable: list[str]) -> None:
    shelf = give_rooms(house)
    token = (await house.sign_in(name)).token
    for ticket in shelf.cards:
        if ticket in readable:
            thread = await call(house.address, "GET", f"/api/tickets/{ticket}", token=token)
            assert thread["card"]["ticket"] == ticket
            body = {"id": "n-1", "text": "called"}
            first = await call(house.address, "POST", f"/api/tickets/{ticket}/notes", body, token)
            assert await call(house.address, "POST", f"/api/tickets/{ticket}/notes", body, token) == first
            continue
        for method, path in (("GET", f"/api/tickets/{ticket}"), ("POST", f"/api/tickets/{ticket}/notes")):
            with pytest.raises(HttpRefused) as refused:
                await call(
                    house.address, method, path, {"id": "1", "text": "x"} if method == "POST" else None, token
                )
            assert refused.value.status in (403, 404)


async def test_a_note_of_ten_thousand_characters_is_taken_however_they_are_written(house: House) -> None:
    give_rooms(house)
    token = (await house.sign_in("adi")).token
    text = "\U00020000" * 10_000
    for is_ascii in (False, True):
        body = json.dumps({"id": f"n-{is_ascii}", "text": text}, ensure_ascii=is_ascii).encode()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        url = house.address + "/api/tickets/T-1/notes"
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.post(url, data=body) as answer,
        ):
            assert answer.status == 200, await answer.text()
            assert (await answer.json())["text"] == text


async def test_tickets_are_listed_live_at_the_desks_of_their_queue(house: House) -> None:
    shelf = give_rooms(house)
    await house.room.desks.tickets.open()
    async with await house.desk("ann") as ann, await house.desk("cho") as cho:
        await ann.until(lambda desk: sorted(desk.tables.get("tickets", {})) == ["T-1", "T-2"])
        await cho.until(lambda desk: sorted(desk.tables.get("tickets", {})) == ["T-2", "T-3"])
        shelf.put(TicketCard(TicketId("T-4"), "open", 9, queue="support"))
        await cho.until(lambda desk: "T-4" in desk.tables["tickets"])
        shelf.put(TicketCard(TicketId("T-4"), "closed", 9, queue="support", closed_at_ms=10))
        await cho.until(lambda desk: "T-4" not in desk.tables["tickets"])
        assert "T-4" not in ann.tables["tickets"]


async def test_colleagues_are_found_by_name(house: House) -> None:
    token = (await house.sign_in("ann")).token
    async with house.ready("cho"):
        everybody = await call(house.address, "GET", "/api/colleagues", token=token)
        assert [c["agent"] for c in everybody["colleagues"]] == ["cho", "ann", "bob", "sue"]
        found = await call(house.address, "GET", "/api/colleagues?search=CH", token=token)
        assert [(c["agent"], c["presence"]) for c in found["colleagues"]] == [("cho", "ready")]


async def test_a_defect_is_told_by_an_id_alone(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    token = (await house.sign_in("ann")).token

    def broken(*_: object) -> None:
        raise RuntimeError("secret of the house")

    monkeypatch.setattr(house.room.desks.sign_in, "check", broken)
    caplog.set_level(logging.ERROR)
    with pytest.raises(HttpRefused) as refused:
        await call(house.address, "GET", "/api/me", token=token)
    assert refused.value.status == 500
    assert set(refused.value.problem) == {"code", "error_id"}
    assert refused.value.problem["code"] == "internal"
    assert refused.value.problem["error_id"] in caplog.text
    assert token not in caplog.text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/nothing", 404),
        ("GET", "/api/sign-in", 405),
        ("PUT", "/api/me", 405),
        ("GET", "/api/%2e%2e/x", 404),
    ],
)
async def test_errors_of_the_router_are_json_too(house: House, method: str, path: str, status: int) -> None:
    with pytest.raises(HttpRefused) as refused:
        await call(house.address, method, path)
    assert refused.value.status == status
    assert refused.value.code in ("not_found", "method_not_allowed")


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{}", "text/plain", 415),
        (b"name=ann", "application/x-www-form-urlencoded", 415),
        (b"", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b'{"name":"ann","password":"x","admin":true}', "application/json", 400),
        (b'{"name":"' + b"a" * 200 + b'","password":"x"}', "application/json", 400),
        (b" " * 20_000, "application/json", 413),
        (b"[" * 10_000, "application/json", 400),
    ],
)
async def test_bodies_that_are_none(house: House, body: bytes, content_type: str, status: int) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            house.address + "/api/sign-in", data=body, headers={"Content-Type": content_type}
        ) as answer,
    ):
        assert answer.status == status
        assert set(await answer.json()) >= {"code"}


PAGES = {
    "index.html": "/",
    "agent.html": "/agent",
    "supervisor.html": "/supervisor",
    "customer.html": "/chat",
}


async def test_pages_come_with_headers_that_let_nothing_in(tmp_path: Path) -> None:
    static = tmp_path / "static"
    static.mkdir()
    for name in PAGES:
        (static / name).write_text(f"<!doctype html><title>{name}</title>")
    (static / "a.js").write_text("export const a = 1;")
    (tmp_path / "secret.txt").write_text("secret")
    (static / "link.txt").symlink_to(tmp_path / "secret.txt")
    async with open_house(tmp_path / "desk", static=static) as house, aiohttp.ClientSession() as session:
        for address in [*PAGES.values(), "/static/a.js", "/api/me", "/nothing", "/desk"]:
            async with session.get(house.address + address) as answer:
                policy = answer.headers["Content-Security-Policy"]
                assert "unsafe" not in policy
                for rule in (
                    "default-src 'none'",
                    "script-src 'self'",
                    "frame-ancestors 'none'",
                    "base-uri 'none'",
                ):
                    assert rule in policy
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["Referrer-Policy"] == "no-referrer"
                assert answer.headers["Server"] == "acd"
                assert "Access-Control-Allow-Origin" not in answer.headers
                assert answer.status == (
                    200 if address in PAGES.values() or "a.js" in address else answer.status
                )
        for path in ("/static/../secret.txt", "/static/%2e%2e/secret.txt", "/static/link.txt", "/static/", "/static//etc/passwd",
                     "/static/..%2fsecret.txt", "/static/%00"):  # fmt: skip
            status, text = await raw_get(house, path)
            assert status in (400, 403, 404), path
            assert "secret" not in text.partition("\r\n\r\n")[2].replace("secret.txt", "")


async def raw_get(house: House, path: str) -> tuple[int, str]:
    """Get a path as it is, without anybody tidying it up."""
    host, port = house.address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    try:
        async with asyncio.timeout(5):
            text = (await reader.read()).decode("latin-1")
    finally:
        writer.close()
    return int(text.split()[1]), text


async def test_a_token_never_stands_in_the_log(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    token = (await house.sign_in("ann")).token
    for path in (f"/api/me?token={token}", f"/desk?token={token}", f"/api/{token}"):
        with pytest.raises(HttpRefused):
            await call(house.address, "GET", path, token=token)
    async with await house.desk("ann"):
        pass
    assert token not in caplog.text
    assert token.rpartition(".")[2] not in caplog.text


async def test_the_lists_of_the_board_do_not_run_full_of_views(house: House) -> None:
    async with await house.desk("adi", view="supervisor") as adi:
        tables = ("agents", "contacts", "queues", "teams", "alerts")
        for tables_shown in chain.from_iterable(combinations(tables, count) for count in range(1, 5)):
            house.now += 1_000
            await adi.act("watch", tables=list(tables_shown))
        assert len(house.room.desks._scopes) > 20
        house.now += 61_000
        (session,) = house.room.desks.sessions.values()
        session.heard_at_ms = house.now
        house.room.desks._forget_unread()
        assert len(house.room.desks._scopes) == 1


async def test_a_filter_that_names_nothing_is_refused(house: House) -> None:
    async with await house.desk("adi", view="supervisor") as adi:
        for what in ("region", "team", "queue"):
            with pytest.raises(ActionRefused, match="mars"):
                await adi.act("watch", **{what: "mars"})
        await adi.act("watch", region="north")


async def test_alerts_come_and_go(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house, await house.desk("adi", view="supervisor") as adi:
        contact = house.arrive("4002")
        await adi.until(lambda desk: "nobody_ready/support" in desk.tables.get("alerts", {}))
        house.pass_ms(130_000)
        wait = await adi.until(lambda desk: desk.tables["alerts"].get("queue_wait/support"))
        assert (wait["level"], wait["table"], wait["about"]) == ("warning", "queues", "support")
        async with await house.desk("cho") as cho:
            house.pass_ms(120_000)
            for session in house.room.desks.sessions.values():
                session.heard_at_ms = house.now
            await adi.until(lambda desk: desk.tables["alerts"]["queue_wait/support"]["level"] == "critical")
            await adi.until(lambda desk: "nobody_ready/support" not in desk.tables["alerts"])
            await cho.act("set_presence", presence="ready")
            offer = await cho.until(lambda desk: one(desk, "offers"))
            await cho.act("accept_offer", offer=offer["offer"])
            await adi.until(lambda desk: "queue_wait/support" not in desk.tables["alerts"])
            await cho.act("end_talk", offer=offer["offer"])
            await cho.act("finish_wrap_up", offer=offer["offer"], disposition="solved")
            again = house.arrive("4002")
            mark = await adi.until(lambda desk: desk.tables["alerts"].get(f"repeat_caller/{again}"))
            assert mark["found"] == "1"
            await cho.act("set_presence", presence="not_ready", reason="break")
            house.pass_ms(1_900_000)
            for session in house.room.desks.sessions.values():
                session.heard_at_ms = house.now
            await adi.until(lambda desk: "agent_state_long/cho" in desk.tables["alerts"])
        assert f"repeat_caller/{contact}" not in adi.tables["alerts"]


def smuggling() -> list[str]:
    """Return the ways to write Transfer-Encoding that are not it."""
    from tests.desk.corpora import corpus

    found: dict[str, str] = json.loads((corpus("http-smuggling") / "te-gadgets-hex.json").read_text())
    return list(found.values())


async def test_no_second_request_is_smuggled_in(house: House) -> None:
    """S11: whatever is made of the two lengths, what hides in the body is never run as a request of its own."""
    host, port = house.address.removeprefix("http://").split(":")
    hidden = b"POST /api/sign-out HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
    for gadget in smuggling():
        reader, writer = await asyncio.open_connection(host, int(port))
        body = b"0\r\n\r\n" + hidden
        writer.write(
            b"POST /api/sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
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
        assert len(answers) == 1, gadget
        assert answers[0].startswith(b"4"), gadget


async def test_the_room_serves_under_uvloop_as_well(tmp_path: Path) -> None:
    """The house runs on uvloop, whose transports are not instances of asyncio's class."""
    import uvloop

    async def day() -> str:
        async with open_house(tmp_path) as house, house.ready("ann") as ann:
            house.arrive()
            offer = await ann.until(lambda desk: one(desk, "offers"))
            await ann.act("accept_offer", offer=offer["offer"])
            ann.abort()
            await ann.until(lambda desk: desk.connects == 2)
            state: str = (await ann.until(lambda desk: one(desk, "assignments")))["state"]
            return state

    assert await asyncio.to_thread(lambda: uvloop.run(day())) == "talking"


@pytest.mark.parametrize(
    ("path", "found", "expected"),
    [
        ("/api/me?x=1", "x", "no parameters"),
        ("/api/colleagues?serach=ann", "serach", "one of search"),
        ("/api/audit?limit=3&limit=4", "limit, twice", "each of limit once"),
        ("/api/figures?by=queue&bye=1", "bye", "one of from, to, interval, by, zone, format"),
        ("/api/roles?search=x", "search", "no parameters"),
    ],
)
async def test_a_parameter_that_is_not_known_is_refused_by_name(
    house: House, path: str, found: str, expected: str
) -> None:
    token = (await house.sign_in("adi")).token
    with pytest.raises(HttpRefused) as refused:
        await call(house.address, "GET", path, token=token)
    assert refused.value.status == 400
    problem = refused.value.problem
    assert (problem["code"], problem["found"]) == ("bad_request", found)
    assert set(expected.split(", ")) <= set(problem["expected"].split(", "))


@pytest.mark.parametrize("path", ["/api/sign-in", "/api/drain"])
async def test_a_packed_body_is_refused_whatever_is_in_it(house: House, path: str) -> None:
    token = (await house.sign_in("adi")).token
    headers = {
        "Authorization": f"Bearer {token}", "Content-Type": "application/json", "Content-Encoding": "gzip",
    }  # fmt: skip
    for body in (b"this is no gzip", gzip.compress(b"{}")):
        async with (
            aiohttp.ClientSession() as session,
            session.post(house.address + path, data=body, headers=headers) as response,
        ):
            assert response.status == 415
            assert (await response.json())["found"] == "Content-Encoding: gzip"
        assert await call(house.address, "GET", "/api/me", token=token)


async def test_a_return_call_is_for_a_ticket_that_one_may_see(house: House) -> None:
    give_rooms(house)
    async with house.ready("ann") as ann:
        house.arrive()
        offer = (await ann.until(lambda desk: one(desk, "offers")))["offer"]
        await ann.act("accept_offer", offer=offer)
        for ticket in ("T-9", "T-3"):
            with pytest.raises(ActionRefused) as refused:
                await ann.act("ask_return_call", offer=offer, ticket=ticket)
            assert (refused.value.code, refused.value.found) == ("unknown_ticket", ticket)
        await ann.act("ask_return_call", offer=offer, ticket="T-2")
    booked = [fact for fact in house.facts(ContactEntered) if fact.origin is Origin.RETURN_CALL]
    assert [fact.ticket for fact in booked] == ["T-2"]


async def test_the_corpora_at_a_tickets_notes_are_kept_as_they_are_or_refused_with_a_reason(
    house: House,
) -> None:
    shelf = give_rooms(house)
    token = (await house.sign_in("ann")).token
    path = house.address + "/api/tickets/T-1/notes"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    async with aiohttp.ClientSession() as session:
        for at, text in enumerate(naughty_strings()):
            body = json.dumps({"id": f"n-{at}", "text": text})
            async with session.post(path, data=body, headers=headers) as answer:
                said = await answer.json()
                if not text:
                    assert (answer.status, said["code"]) == (400, "bad_request")
                elif answer.status == 200:
                    assert said["text"] == text
                else:
                    assert answer.status == 400 and {"code", "found", "expected"} <= set(said), (text, said)
        kept = len(shelf.notes)
        assert kept > 500
        for name, raw in json_files():
            async with session.post(path, data=raw, headers=headers) as answer:
                problem = await answer.json()
                assert (answer.status, problem["code"]) in ((400, "bad_request"), (413, "too_large")), name
    assert len(shelf.notes) == kept


async def test_no_token_of_the_signature_suite_opens_a_ticket(house: House) -> None:
    give_rooms(house)
    suite = json.loads((corpus("jws-wycheproof") / "json_web_signature_test.json").read_text())
    tokens = sorted(set(re.findall(r"[\w-]+\.[\w-]*\.[\w-]*", json.dumps(suite))))
    assert len(tokens) > 100
    async with aiohttp.ClientSession() as session:
        for token in tokens:
            for method, path in (("GET", "/api/tickets/T-1"), ("POST", "/api/tickets/T-1/notes")):
                headers = {"Authorization": f"Bearer {token}"}
                async with session.request(method, house.address + path, headers=headers) as answer:
                    assert answer.status == 401, token
                    assert set(await answer.json()) == {"code", "expected"}
