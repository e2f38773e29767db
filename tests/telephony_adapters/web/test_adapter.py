"""The customer's websocket against a scripted loop, with real pages, a real bot and a real store."""

import asyncio
import json
from pathlib import Path

import pytest

from acd.database import open_database
from acd.ports import ChatMessage, ChatRefused, KeptLeg, Speaker
from acd.routing.events import (
    ConnectFailed,
    ContactArrived,
    ContactConnected,
    CustomerChose,
    CustomerLeft,
    DialFailed,
    IntakeFinished,
    IntakeGaveUp,
    IntakeProgressed,
    LegStored,
)
from acd.routing.model import Channel, ContactId, LegId, Link, OfferId, Outcome, OverflowAction, TicketId
from acd.routing.outputs import (
    AnyFact,
    ConnectContact,
    ContactEnded,
    ContactReturned,
    ContactTurnedAway,
    DialCustomer,
    EndContact,
    IntakeEntered,
    IntakeTaken,
    Late,
    OverflowDeclined,
    PlayTreatment,
    StartIntake,
    TellTicket,
    TurnAway,
)
from acd.routing.outputs import Refused as RefusedFact
from telephony_adapters.web import WebSettings
from tests.scripted_loop import ScriptedLoop
from tests.telephony_adapters.web.house import ANN, SERVICE, House, entered_by, open_house
from tests.telephony_adapters.web.page import Page, new_visitor


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/acd.sqlite"


async def visiting(house: House, **hello: object) -> tuple[Page, ContactId]:
    page = await Page.visit(house.port, new_visitor(), **hello)
    welcome = await page.next("welcome")
    return page, ContactId(welcome["contact"])


async def test_a_visit_arrives_as_a_contact_with_its_identities_and_is_welcomed(address: str) -> None:
    async with open_house(address, WebSettings(return_calls_by="sip")) as house:
        visitor = new_visitor()
        page = await Page.visit(
            house.port, visitor, name=" 李\u0000 伟 ", phone="+86 138-0013-8000", language="en"
        )
        welcome = await page.next("welcome")
        event = await house.loop.event(ContactArrived)
        assert event.contact == welcome["contact"] and event.channel is Channel.CHAT
        assert event.display == "李 伟" and event.entry == "web-chat" and event.language == "en"
        assert event.links == (Link.DESK,) and event.return_adapter == "sip" and not event.verified
        chat, phone = event.identities
        assert chat.startswith("chat:") and visitor not in chat and phone == "tel:+8613800138000"
        assert (welcome["is_new"], welcome["lines"], welcome["question"]) == (True, [], None)
        assert welcome["state"]["state"] == "waiting" and welcome["limits"]["text_max"] == 4000
        house.loop.order(PlayTreatment("web", event.contact, 1, "queued", "en", 7, 180_000))
        state = await page.next("state", lambda message: message["position"] == 7)
        assert state["estimate_ms"] == 180_000 and state["queue"] == SERVICE
        await page.close()


async def test_text_goes_both_ways_and_is_stored_whole(address: str) -> None:
    heard: list[ChatMessage] = []
    async with open_house(address) as house:
        house.adapter.listen(heard.append)
        page, contact = await visiting(house)
        await page.say("1", "我的洗衣机漏水")
        line = await page.line("customer")
        assert (line["number"], line["key"], line["text"]) == (1, "1", "我的洗衣机漏水")
        await house.connect_to_ann(contact)
        assert (await house.loop.event(ContactConnected)).offer == 1
        assert (await page.state("talking"))["agent"] == "Ann Li"
        said = house.adapter.say(contact, ANN, "请问型号?", "a1")
        assert house.adapter.say(contact, ANN, "请问型号?", "a1") == said
        line = await page.line("agent")
        assert (line["number"], line["name"], line["text"]) == (2, "Ann Li", "请问型号?")
        assert [each.text for each in house.adapter.transcript(contact)] == ["我的洗衣机漏水", "请问型号?"]
        stored = (await house.transcripts.lines_of([contact]))[contact]
        assert [line for line, _ in stored] == heard == list(house.adapter.transcript(contact))
        await page.close()


async def test_a_reloaded_page_finds_its_place_its_lines_and_the_question(address: str) -> None:
    async with open_house(address) as house:
        visitor = new_visitor()
        page = await Page.visit(house.port, visitor)
        contact = ContactId((await page.next("welcome"))["contact"])
        for number in range(1, 4):
            await page.say(str(number), f"line {number}")
            await page.line("customer")
        house.loop.order(
            PlayTreatment("web", contact, 2, "overflow_offer", "en", action=OverflowAction.INTAKE)
        )
        question = await page.next("question")
        await page.close()
        again = await Page.visit(house.port, visitor, contact=contact, after=1)
        welcome = await again.next("welcome")
        assert not welcome["is_new"] and [line["number"] for line in welcome["lines"]] == [2, 3]
        assert welcome["question"]["turn"] == question["turn"] == 2
        # What had not come back before the reload is sent again, and is one line all the same.
        await again.say("3", "line 3")
        assert (await again.line("customer"))["number"] == 3
        assert len(house.adapter.transcript(contact)) == 3
        assert sum(isinstance(event, ContactArrived) for event in house.loop.events) == 1
        await again.close()


async def test_a_page_that_stays_away_for_the_grace_has_left(address: str) -> None:
    async with open_house(address, WebSettings(grace_s=0.05)) as house:
        page, contact = await visiting(house)
        await page.close()
        left = await house.loop.event(CustomerLeft)
        assert (left.contact, left.reason) == (contact, "page_closed")


async def test_a_page_that_is_back_in_time_has_not_left(address: str) -> None:
    async with open_house(address, WebSettings(grace_s=0.3)) as house:
        visitor = new_visitor()
        page = await Page.visit(house.port, visitor)
        await page.next("welcome")
        await page.close()
        again = await Page.visit(house.port, visitor)
        assert not (await again.next("welcome"))["is_new"]
        other, _ = await visiting(house)
        await other.close()
        # The other page's grace began later; when it is over, the first one's would have been.
        assert (await house.loop.event(CustomerLeft)).contact != (
            await house.loop.event(ContactArrived)
        ).contact
        await again.close()


async def test_leaving_ends_the_visit_and_the_next_one_is_new(address: str) -> None:
    async with open_house(address) as house:
        visitor = new_visitor()
        page = await Page.visit(house.port, visitor)
        contact = ContactId((await page.next("welcome"))["contact"])
        await page.send(type="leave")
        assert (await house.loop.event(CustomerLeft)).reason == "left"
        house.loop.tell(ContactEnded(contact, Outcome.ABANDONED, "customer", SERVICE))
        assert (await page.next("ended"))["why"] == "left"
        assert await page.close_code() == 1000
        gone = await Page.visit(house.port, visitor, contact=contact)
        assert (await gone.next("ended"))["why"] == "gone"
        fresh = await Page.visit(house.port, visitor)
        assert (await fresh.next("welcome"))["contact"] != contact
        await fresh.close()


async def test_the_overflow_offer_is_declined_once_and_accepted_the_second_time(address: str) -> None:
    async with open_house(address) as house:
        page, contact = await visiting(house, language="zh")
        order = PlayTreatment("web", contact, 2, "overflow_offer", "zh", action=OverflowAction.INTAKE)
        house.loop.order(order)
        question = await page.next("question")
        assert [each["value"] for each in question["choices"]] == ["accept", "decline"]
        assert "智能助手" in question["text"]
        await page.send(type="choose", choice="decline", turn=2)
        assert (await house.loop.event(CustomerChose)).choice == "decline"
        house.loop.tell(OverflowDeclined(contact, "busy"))
        assert (await page.next("question_over"))["turn"] == 2
        house.loop.order(
            PlayTreatment("web", contact, 4, "overflow_offer", "zh", action=OverflowAction.INTAKE)
        )
        await page.next("question")
        await page.send(type="choose", choice="accept", turn=2)
        assert (await page.next("refused"))["code"] == "no_question"
        await page.send(type="choose", choice="accept", turn=4)
        assert (await house.loop.event(CustomerChose, 2)).choice == "accept"
        house.loop.tell(IntakeEntered(contact, "busy", True))
        await page.next("question_over")
        await page.state("bot")
        await page.close()


async def test_the_bot_takes_a_matter_down_by_text_and_the_ticket_is_told(address: str) -> None:
    async with open_house(address) as house:
        page, contact = await visiting(house, language="zh")
        house.loop.tell(IntakeEntered(contact, "busy", True))
        order = StartIntake("", contact, 1, Channel.CHAT, "zh", "13800138000")
        house.loop.order(order)
        assert "问题" in (await page.line("bot"))["text"]
        house.loop.order(order)
        await page.say("1", "我的洗衣机漏水")
        assert (await house.loop.event(IntakeProgressed)).words == "我的洗衣机漏水"
        asked = await page.line("bot")
        assert [each["value"] for each in asked["choices"]] == [
            "product",
            "order",
            "billing",
            "other",
            "人工",
        ]
        await page.say("2", "product")
        assert (await house.loop.event(IntakeProgressed, 2)).category == "product"
        assert "13800138000" in (await page.line("bot"))["text"]
        await page.say("3", "yes")
        assert (await house.loop.event(IntakeProgressed, 3)).number == "13800138000"
        assert (await house.loop.event(IntakeFinished)).return_call
        house.loop.tell(IntakeTaken(contact, True))
        house.loop.order(TellTicket("web", contact, TicketId("10023"), "zh"))
        assert "10023" in (await page.line("house"))["text"]
        ended = await page.next("ended")
        assert (ended["why"], ended["ticket"]) == ("ticket", "10023")
        assert await page.close_code() == 1000
        assert (await house.loop.event(CustomerLeft)).reason == "told"
        # The bot asked each question once: the repeated order was done already.
        bot = [line for line in house.adapter.transcript(contact) if line.by is Speaker.BOT]
        assert len(bot) == 3


async def test_asking_the_bot_for_a_person_leads_back_to_the_line(address: str) -> None:
    async with open_house(address) as house:
        page, contact = await visiting(house, language="zh")
        house.loop.tell(IntakeEntered(contact, "busy", True))
        house.loop.order(StartIntake("", contact, 1, Channel.CHAT, "zh"))
        await page.line("bot")
        await page.say("1", "转人工")
        assert (await house.loop.event(IntakeGaveUp)).reason == "asked_for_person"
        house.loop.tell(ContactReturned(contact, "asked_for_person"))
        assert "排队位置" in (await page.line("bot"))["text"]
        await page.state("waiting")
        await page.say("2", "还在吗?")
        await page.line("customer")
        await page.close()


async def test_a_turned_away_customer_hears_why(address: str) -> None:
    loop = ScriptedLoop()
    loop.answers[ContactArrived] = lambda event: [
        ContactTurnedAway(event.contact, "web", event.channel, event.entry, "closed", event.identities)
    ]
    async with open_house(address, loop=loop) as house:
        page = await Page.visit(house.port, new_visitor())
        assert (await page.next("ended"))["why"] == "refused:closed"
        assert await page.close_code() == 1000
        arrived = await loop.event(ContactArrived)
        loop.order(TurnAway("web", arrived.contact, "closed"))


async def test_a_message_and_an_order_to_end_close_the_page(address: str) -> None:
    async with open_house(address) as house:
        page, contact = await visiting(house, language="en")
        house.loop.tell(ContactEnded(contact, Outcome.OVERFLOWED, "closed", SERVICE))
        house.loop.order(PlayTreatment("web", contact, 3, "message", "en", prompt="closed"))
        assert "closed" in (await page.line("house"))["text"]
        assert (await page.next("ended"))["why"] == "message"
        other, second = await visiting(house)
        house.loop.order(EndContact("web", second, "supervisor"))
        assert (await other.next("ended"))["why"] == "supervisor"
        assert await other.close_code() == 1000


async def test_what_a_chat_cannot_do_is_answered(address: str) -> None:
    async with open_house(address) as house:
        house.loop.order(ConnectContact("web", OfferId(5), ContactId("gone"), ANN, Channel.CHAT))
        assert (await house.loop.event(ConnectFailed)).reason == "gone"
        house.loop.order(DialCustomer("web", OfferId(6), ContactId("gone"), ANN, "123456", 1_000))
        assert (await house.loop.event(DialFailed)).outcome == "forbidden"
        before = len(house.loop.events)
        house.loop.order(DialCustomer("", OfferId(7), ContactId("gone"), ANN, "123456", 1_000))
        house.loop.order(EndContact("web", ContactId("gone"), "x"))
        assert len(house.loop.events) == before


async def test_agents_lines_are_refused_with_a_code(address: str) -> None:
    async with open_house(address) as house:
        page, contact = await visiting(house)
        for whom, text, code in (
            ("nobody", "x", "unknown_contact"),
            (contact, "x" * 4_001, "too_long"),
            (contact, " \x00 ", "empty"),
        ):
            with pytest.raises(ChatRefused) as refusal:
                house.adapter.say(ContactId(whom), ANN, text, "k")
            assert refusal.value.code == code
        house.loop.order(EndContact("web", contact, "agent"))
        await page.next("ended")
        with pytest.raises(ChatRefused, match="contact_ended"):
            house.adapter.say(contact, ANN, "x", "k")


async def test_after_a_crash_pages_come_back_to_their_chats(address: str) -> None:
    visitor = new_visitor()
    async with open_house(address) as house:
        page = await Page.visit(house.port, visitor, name="Li")
        contact = ContactId((await page.next("welcome"))["contact"])
        await page.say("1", "hello")
        await page.line("customer")
        await house.connect_to_ann(contact)
        await page.state("talking")
        stored = [event for event in house.loop.events if isinstance(event, LegStored)][-1]
    assert await page.close_code() == 1001
    leg = KeptLeg(contact, LegId("chat"), stored.resume)
    async with open_house(address, legs=[leg]) as house:
        again = await Page.visit(house.port, visitor, contact=contact, after=0)
        welcome = await again.next("welcome")
        assert [line["text"] for line in welcome["lines"]] == ["hello"]
        assert (welcome["state"]["state"], welcome["state"]["agent"]) == ("talking", "Ann Li")
        await again.say("1", "hello")
        assert (await again.line("customer"))["number"] == 1
        house.adapter.say(contact, ANN, "still here", "a")
        assert (await again.line("agent"))["number"] == 2
        await again.close()


async def test_a_slow_database_stops_no_conversation(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telephony_adapters.web.chats.DURABLE_WAIT_S", 0.05)
    async with open_house(address) as house:
        page, contact = await visiting(house)
        database = await open_database(address)
        async with database.writing():
            # As long as this transaction lasts, nobody else can write.
            await page.say("1", "hello")
            assert (await page.line("customer"))["number"] == 1
            house.adapter.say(contact, ANN, "hello too", "a")
            assert (await page.line("agent"))["number"] == 2
            assert await house.transcripts.lines_of([contact]) == {}
        await database.close()
        assert await house.transcripts.spool.drained(20)
        assert len((await house.transcripts.lines_of([contact]))[contact]) == 2
        await page.close()


async def test_a_line_is_shown_when_it_is_stored_and_not_before(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telephony_adapters.web.chats.DURABLE_WAIT_S", 60)
    async with open_house(address) as house:
        page, contact = await visiting(house)
        database = await open_database(address)
        async with database.writing():
            await page.say("1", "hello")
            await page.send(type="choose", choice="accept")
            await page.next("refused")
            assert len(house.adapter.transcript(contact)) == 1
            assert not any(message["type"] == "line" for message in page.messages)
        await database.close()
        await page.line("customer")
        assert (await house.transcripts.lines_of([contact]))[contact]
        await page.close()


async def test_a_customer_who_does_not_come_back_after_a_crash_has_left(address: str) -> None:
    async with open_house(address) as house:
        page, contact = await visiting(house)
        stored = await house.loop.event(LegStored)
        await page.close()
    legs = [KeptLeg(contact, LegId("chat"), stored.resume)]
    async with open_house(address, WebSettings(grace_s=0.05), legs=legs) as house:
        assert (await house.loop.event(CustomerLeft)).contact == contact


async def test_a_second_page_of_the_same_visitor_takes_the_place_of_the_first(address: str) -> None:
    async with open_house(address) as house:
        visitor = new_visitor()
        first = await Page.visit(house.port, visitor)
        await first.next("welcome")
        second = await Page.visit(house.port, visitor)
        await second.next("welcome")
        assert await first.close_code() == 4409
        await second.say("1", "here")
        await second.line("customer")
        assert not any(isinstance(event, CustomerLeft) for event in house.loop.events)
        await second.close()


async def test_two_hellos_at_once_of_one_visitor_are_one_contact(address: str) -> None:
    async with open_house(address) as house:
        visitor = new_visitor()
        pages = await asyncio.gather(*(Page.visit(house.port, visitor) for _ in range(5)))
        await house.loop.event(ContactArrived)
        await asyncio.gather(*(page.close() for page in pages))
        assert sum(isinstance(event, ContactArrived) for event in house.loop.events) == 1


async def test_the_welcome_is_the_first_message_and_says_all_that_came_before_it(address: str) -> None:
    async with open_house(address) as house:
        page, _ = await visiting(house)
        assert page.messages[0]["type"] == "welcome"
        assert page.messages[0]["state"]["queue"] == SERVICE
        await page.close()


async def test_a_visit_that_ends_at_once_is_welcomed_with_what_the_house_says(address: str) -> None:
    loop = ScriptedLoop()

    def closed(event: ContactArrived) -> list[AnyFact]:
        order = PlayTreatment("web", event.contact, 1, "message", "en", prompt="closed")
        asyncio.get_running_loop().call_soon(
            loop.order, order
        )  # behind the facts, before the page is welcomed
        return [*entered_by(event), ContactEnded(event.contact, Outcome.OVERFLOWED, "closed", SERVICE)]

    loop.answers[ContactArrived] = closed
    async with open_house(address, loop=loop) as house:
        page = await Page.visit(house.port, new_visitor(), language="en")
        assert await page.close_code() == 1000
        welcome, *rest = page.messages
        assert welcome["type"] == "welcome"
        lines = welcome["lines"] + [message for message in rest if message["type"] == "line"]
        assert len(lines) == 1 and "closed" in lines[0]["text"]
        assert rest[-1]["type"] == "ended" and rest[-1]["why"] == "message"


async def test_a_full_house_says_why_and_is_asked_again_later(address: str) -> None:
    async with open_house(address) as house:
        house.loop.refuses = "draining"
        page = await Page.visit(house.port, new_visitor())
        assert await page.close_code() == 1013
        assert [(each["code"], each["found"]) for each in page.messages] == [("overloaded", "draining")]


@pytest.mark.parametrize(
    ("fact", "code"),
    [(RefusedFact("CustomerChose", "c", "not_allowed"), "not_allowed"), (RefusedFact("CustomerChose", "c", "number_missing"), "number_missing"),
     (Late("CustomerChose", "c", "gone"), "no_question")],
)  # fmt: skip
async def test_a_wish_that_cannot_be_is_answered(address: str, fact: AnyFact, code: str) -> None:
    async with open_house(address) as house:
        house.loop.answers[CustomerChose] = lambda _: [fact]
        page, _ = await visiting(house)
        await page.send(type="choose", choice="return_call")
        refused = await page.next("refused")
        assert (refused["code"], refused["found"]) == (code, "return_call")
        await page.close()


@pytest.mark.parametrize(
    ("said", "heard"), [("zh-CN", "zh"), ("en-US", "en"), ("ZH_Hans", "zh"), ("fr", None), ("", None)]
)
async def test_a_browsers_language_is_understood(address: str, said: str, heard: str | None) -> None:
    async with open_house(address) as house:
        page, _ = await visiting(house, language=said)
        assert (await house.loop.event(ContactArrived)).language == heard
        await page.close()


async def test_a_chat_that_a_supervisor_ends_says_so(address: str) -> None:
    async with open_house(address) as house:
        page, contact = await visiting(house)
        house.loop.order(EndContact("web", contact, "closed"))
        assert (await page.next("ended"))["why"] == "supervisor"


async def test_the_longest_line_fits_however_it_is_written(address: str) -> None:
    async with open_house(address) as house:
        page, _ = await visiting(house)
        text = "\U0001f9fa" * 4_000
        await page.socket.send(json.dumps({"type": "say", "key": "1", "text": text}))
        assert (await page.line("customer"))["text"] == text
        await page.close()
