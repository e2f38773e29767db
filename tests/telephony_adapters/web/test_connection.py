"""Limits and bad pages: what a page must not do, and what becomes of it."""

import asyncio
import re
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

import telephony_adapters.web.connection as connection_module
from acd.routing.events import ContactArrived
from telephony_adapters.web import WebSettings
from tests.naughty import naughty_strings
from tests.telephony_adapters.web.house import ANN, open_house
from tests.telephony_adapters.web.page import Page, new_visitor

CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/acd.sqlite"


@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.example", "http://127.0.0.1:1", "file://", "http://["]
)
async def test_foreign_pages_are_refused_before_the_upgrade(address: str, origin: str | None) -> None:
    async with open_house(address) as house:
        with pytest.raises(InvalidStatus) as refusal:
            await Page.open(house.port, origin)
        assert refusal.value.response.status_code == 403


async def test_a_configured_origin_may_connect(address: str) -> None:
    async with open_house(address, WebSettings(origins=("https://shop.example",))) as house:
        page = await Page.open(house.port, "https://shop.example")
        await page.send(type="hello", visitor=new_visitor(), entry="web-chat")
        await page.next("welcome")
        await page.close()


async def test_too_many_connections_are_refused(address: str) -> None:
    settings = WebSettings(connections_per_address_max=2)
    async with open_house(address, settings) as house:
        pages = [await Page.open(house.port) for _ in range(2)]
        with pytest.raises(InvalidStatus) as refusal:
            await Page.open(house.port)
        assert refusal.value.response.status_code == 429
        await pages[0].send(type="hello", visitor="x")
        assert await pages[0].close_code() == 4400
        await (await Page.open(house.port)).close()
        await pages[1].close()
    async with open_house(address, WebSettings(connections_max=1)) as house:
        page = await Page.open(house.port)
        with pytest.raises(InvalidStatus) as refusal:
            await Page.open(house.port)
        assert refusal.value.response.status_code == 503
        await page.close()


@pytest.mark.parametrize(
    "first",
    [
        "", "null", "[]", "{}", '{"type":"hello"}', '{"type":"hello","visitor":7,"entry":"a"}', "{" * 5_000,
        '{"type":"say","key":"1","text":"x"}', '{"type":"nothing"}', '{"type":"hello","visitor":"short","entry":"e"}',
        '{"type":"hello","visitor":"aaaaaaaaaaaaaaaaaaaaaaaa","entry":"e","phone":"drop table"}',
        '{"type":"hello","visitor":"aaaaaaaaaaaaaaaaaaaaaaaa","entry":"e","after":-1}',
        '{"type":"hello","visitor":"aaaaaaaaaaaaaaaaaaaaaaaa"}', '{"type":"hello","visitor":"\\ud800"}',
    ],
)  # fmt: skip
async def test_a_page_that_does_not_begin_with_a_valid_hello_is_closed(address: str, first: str) -> None:
    async with open_house(address) as house:
        page = await Page.open(house.port)
        await page.socket.send(first)
        assert await page.close_code() == 4400
        assert page.messages[0]["code"] == "bad_message"
        assert not any(isinstance(event, ContactArrived) for event in house.loop.events)


async def test_a_page_that_says_nothing_is_closed(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "HELLO_TIMEOUT_S", 0.05)
    async with open_house(address) as house:
        page = await Page.open(house.port)
        assert await page.close_code() == 4408


async def test_frames_that_are_no_text_or_too_large_close_the_connection(address: str) -> None:
    async with open_house(address) as house:
        binary = await Page.visit(house.port, new_visitor())
        await binary.next("welcome")
        await binary.socket.send(b"\x00")
        assert await binary.close_code() == 1003
        large = await Page.visit(house.port, new_visitor())
        await large.next("welcome")
        await large.socket.send("x" * 65_536)
        assert await large.close_code() == 1009


async def test_bad_messages_are_answered_and_the_connection_lives_until_there_are_twenty(
    address: str,
) -> None:
    async with open_house(address) as house:
        page = await Page.visit(house.port, new_visitor())
        await page.next("welcome")
        bad = ['{"type":"choose","choice":"sudo"}', '{"type":"say","key":"","text":"x"}', "nonsense",
               '{"type":"say","key":"k","text":"  "}'] * 4 + ['{"type":"hello","visitor":"x"}'] * 3  # fmt: skip
        for message in bad:
            await page.socket.send(message)
            assert (await page.next("refused"))["code"] == "bad_message"
        await page.say("1", "still here")
        await page.line("customer")
        await page.say("2", "x" * 4_001)
        refused = await page.next("refused")
        assert (refused["code"], refused["key"]) == ("too_long", "2")
        assert await page.close_code() == 4400


async def test_a_page_that_is_too_fast_is_told_and_in_the_end_cut(address: str) -> None:
    async with open_house(address) as house:
        page = await Page.visit(house.port, new_visitor())
        contact = (await page.next("welcome"))["contact"]
        for number in range(110):
            await page.say(str(number), "x")
        assert await page.close_code() == 4429
        refused = [each for each in page.messages if each["type"] == "refused"]
        assert len(refused) == 100 and {each["code"] for each in refused} == {"too_fast"}
        assert len(house.adapter.transcript(contact)) == 10


async def test_a_page_that_does_not_read_is_cut_and_finds_everything_when_it_is_back(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "OUTBOX_MAX", 20)
    async with open_house(address) as house:
        visitor = new_visitor()
        page = await Page.visit(house.port, visitor)
        contact = (await page.next("welcome"))["contact"]
        await house.connect_to_ann(contact)
        await page.state("talking")
        for number in range(100):
            house.adapter.say(contact, ANN, "y" * 100, f"a{number}")
        assert await page.close_code() == 1013
        again = await Page.visit(house.port, visitor, contact=contact)
        welcome = await again.next("welcome")
        shown = [line["number"] for line in welcome["lines"]]
        while len(shown) < 100:
            shown.append((await again.line("agent"))["number"])
        assert shown == list(range(1, 101))
        await again.close()


async def test_naughty_strings_come_back_as_they_went_in_without_control_characters(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telephony_adapters.web.chat.LINES_PER_WINDOW", 10_000)
    async with open_house(address) as house:
        page = await Page.visit(house.port, new_visitor())
        contact = (await page.next("welcome"))["contact"]
        shown = {}
        for number, text in enumerate(text for text in naughty_strings() if "\ud800" not in text):
            await page.say(str(number), text)
            message = await asyncio.wait_for(page.any(), 10)
            expected = CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
            assert message.get("text", "") == expected, message
            if expected:
                shown[str(number)] = expected
        stored = (await house.transcripts.lines_of([contact]))[contact]
        assert {key: line.text for line, key in stored} == shown
        await page.close()
