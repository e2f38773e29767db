"""The pages in a real browser against recorded messages: what they show, what they send, how they come back."""

import re
import time
from collections.abc import AsyncIterator
from typing import Any, Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, expect

from acd.routing.model import AssignmentState
from tests.end_to_end import recorded
from tests.end_to_end.browser import Complaints, open_browser, open_window
from tests.end_to_end.page_house import ORIGIN, STATIC, PageHouse, sign_in

pytestmark = [
    pytest.mark.needs("chromium"),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(
        not (STATIC / "vendor" / "preact.js").is_file(),
        reason="the page libraries are not placed: run `make setup`",
    ),
]

Language = Literal["en", "zh"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with open_browser() as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def window(browser: Browser) -> AsyncIterator[BrowserContext]:
    async with open_window(browser) as context:
        yield context


def desk_of(**choices: Any) -> PageHouse:
    """Return a house whose agents find a recorded desk, made with `choices`, and supervisors a busy centre."""

    def answer(view: str, now: int) -> list[dict[str, Any]]:
        tables = recorded.agent_tables(now, **choices) if view == "agent" else recorded.supervisor_tables(now)
        return [recorded.snapshot(tables, now)]

    return PageHouse(answer)


async def open_desk(window: BrowserContext, house: PageHouse, address: str = "/agent") -> Page:
    """Open a desk and sign in to it."""
    await house.serve(window)
    page = await window.new_page()
    await page.goto(ORIGIN + address)
    await sign_in(page, "ann" if address == "/agent" else "sue")
    await house.until("hello")
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_every_page_opens_without_a_complaint(
    browser: Browser, language: Language, scheme: Literal["light", "dark"]
) -> None:
    shown = {
        "/": "h1",
        "/chat": ".launcher",
        "/agent": ".offer",
        "/supervisor": "[data-table=agents] tbody tr",
    }
    async with open_window(browser, language, scheme) as window:
        house = desk_of()
        await house.serve(window)
        for address, mark in shown.items():
            page = await window.new_page()
            complaints = Complaints(page)
            await page.goto(ORIGIN + address)
            if address in ("/agent", "/supervisor"):
                await sign_in(page, "ann" if address == "/agent" else "sue")
            await page.locator(mark).first.wait_for()
            assert (
                await page.evaluate("document.documentElement.lang") == {"en": "en", "zh": "zh-CN"}[language]
            )
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
            assert complaints.found == [], address
            await page.close()


async def test_one_switch_turns_the_whole_page_and_is_remembered(window: BrowserContext) -> None:
    page = await open_desk(window, desk_of(with_offer=False))
    await expect(page.get_by_role("heading", name="My contacts")).to_be_visible()
    await page.get_by_role("button", name="中文").click()
    await expect(page.get_by_role("heading", name="我的联系")).to_be_visible()
    text = await page.locator(".topbar, .today, .controls").all_inner_texts()
    assert not re.search(r"[a-z]{4}", " ".join(text).replace("English", "").replace("Ann Zhao", ""))
    await page.reload()
    await expect(page.get_by_role("heading", name="我的联系")).to_be_visible()


async def test_a_wrong_password_is_told_and_nothing_is_kept(window: BrowserContext) -> None:
    await desk_of().serve(window)
    page = await window.new_page()
    await page.goto(f"{ORIGIN}/agent")
    await sign_in(page, "ann", "wrong")
    await expect(page.get_by_role("alert")).to_have_text("Name and password do not match.")
    assert await page.evaluate("sessionStorage.length") == 0


async def test_an_offer_shows_who_and_why_and_is_accepted(window: BrowserContext) -> None:
    house = desk_of()
    page = await open_desk(window, house)
    offer = page.locator(".offer")
    for text in (
        "Incoming call",
        "王芳",
        "+86138****8000",
        "Support",
        "Chinese",
        "3 earlier contacts",
        "Chen Yu",
        "Late",
    ):
        await expect(offer).to_contain_text(text)
    await expect(offer.locator(".left")).to_have_text(re.compile(r"0:1\d"))
    await expect(page).to_have_title(re.compile("[●○] Incoming call: 王芳"))
    await offer.get_by_role("button", name="Accept").click()
    assert (await house.until("accept_offer"))["offer"] == 51


async def test_an_offer_is_declined_and_goes_with_the_servers_word(window: BrowserContext) -> None:
    house = desk_of()
    page = await open_desk(window, house)
    await page.get_by_role("button", name="Decline").click()
    assert (await house.until("decline_offer"))["offer"] == 51
    house.send(
        {"type": "delta", "after": 40, "seq": 41, "at_ms": now_ms(), "set": {}, "gone": {"offers": ["51"]}}
    )
    await expect(page.locator(".offer")).to_have_count(0)
    await expect(page).to_have_title("Agent desk")


async def test_a_refusal_is_said_in_words(window: BrowserContext) -> None:
    house = desk_of()
    house.refusals["accept_offer"] = "late"
    page = await open_desk(window, house)
    await page.get_by_role("button", name="Accept").click()
    await expect(page.locator(".notices")).to_contain_text("Too late")


async def test_why_the_system_changed_the_presence_and_one_press_back(window: BrowserContext) -> None:
    now = now_ms()
    tables = recorded.agent_tables(now, with_offer=False)
    me = recorded.snapshot(tables, now)["tables"]["me"][0]
    rested = {**me, "presence": "not_ready", "reason": "rona", "is_system": True, "work": []}
    house = PageHouse(
        lambda view, at: [
            {"type": "snapshot", "stream": "s", "seq": 1, "at_ms": at, "tables": {"me": [rested]}}
        ]
    )
    page = await open_desk(window, house)
    await expect(page.locator(".why-not-ready")).to_contain_text("You did not answer an offer in time")
    await page.locator(".why-not-ready button").click()
    assert (await house.until("set_presence"))["presence"] == "ready"


async def test_presence_with_a_reason_by_keyboard_alone(window: BrowserContext) -> None:
    house = desk_of(with_offer=False)
    page = await open_desk(window, house)
    await page.locator(".picker").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("menuitemradio", name="Ready", exact=True)).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    chosen = await house.until("set_presence")
    assert (chosen["presence"], chosen["reason"]) == ("not_ready", "lunch")


async def test_what_customers_write_is_text_and_replies_are_sent(window: BrowserContext) -> None:
    house = desk_of(with_offer=False)
    page = await open_desk(window, house)
    await page.locator('[data-offer="41"]').click()
    evil = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    line = {
        "contact": "web-41",
        "number": 5,
        "by": "customer",
        "text": evil,
        "at_ms": now_ms(),
        "name": "",
        "agent": None,
    }
    house.send(
        {
            "type": "delta",
            "after": 40,
            "seq": 41,
            "at_ms": now_ms(),
            "set": {"chat_messages": [line]},
            "gone": {},
        }
    )
    await expect(page.locator(".transcript .bubble").last).to_have_text(evil)
    assert await page.locator(".transcript img, .transcript script").count() == 0
    await page.locator("#reply").fill("Which model is it?")
    await page.locator("#reply").press("Enter")
    said = await house.until("send_chat")
    assert (said["contact"], said["text"]) == ("web-41", "Which model is it?")
    await expect(page.locator("#reply")).to_have_value("")


async def test_wrap_up_asks_for_an_outcome_and_keeps_the_draft_over_a_reload(window: BrowserContext) -> None:
    house = desk_of(with_offer=False, state=AssignmentState.WRAP_UP)
    page = await open_desk(window, house)
    await page.locator('[data-offer="41"]').click()
    await page.get_by_role("button", name="Finish").click()
    await expect(page.get_by_role("alert")).to_have_text("Choose an outcome.")
    await page.get_by_label("Technician's visit").check()
    await page.get_by_label("Notes").fill("Friday, in the morning")
    await page.reload()
    await page.locator('[data-offer="41"]').click()
    await expect(page.get_by_label("Technician's visit")).to_be_checked()
    await page.get_by_role("button", name="Finish").click()
    done = await house.until("finish_wrap_up")
    assert (done["offer"], done["disposition"], done["notes"]) == (
        41,
        "repair/visit",
        "Friday, in the morning",
    )


async def test_after_a_loss_the_page_resumes_and_asks_again_under_the_same_id(window: BrowserContext) -> None:
    house = desk_of()
    page = await open_desk(window, house)
    house.is_mute = True
    await page.get_by_role("button", name="Accept").click()
    first = await house.until("accept_offer")
    house.is_mute = False
    await house.sockets[-1].close(code=1001, reason="the node stops")
    again = await house.until("hello", 2)
    assert again["resume"] == {"stream": "s1", "seq": 40}
    assert (await house.until("accept_offer", 2))["id"] == first["id"]
    await expect(page.locator('[data-connection="live"]')).to_be_visible()


async def test_a_delta_that_does_not_follow_makes_the_page_ask_for_everything(window: BrowserContext) -> None:
    house = desk_of()
    await open_desk(window, house)
    house.send({"type": "delta", "after": 77, "seq": 78, "at_ms": now_ms(), "set": {}, "gone": {}})
    assert "resume" not in await house.until("hello", 2)


async def test_a_desk_that_was_opened_elsewhere_waits_to_be_told(window: BrowserContext) -> None:
    house = desk_of()
    page = await open_desk(window, house)
    await house.sockets[-1].close(code=4409, reason="replaced")
    await page.get_by_role("button", name="Take over here").click()
    await house.until("hello", 2)


async def test_the_age_of_the_state_is_shown_when_nothing_is_heard(window: BrowserContext) -> None:
    house = desk_of()
    await house.serve(window)
    page = await window.new_page()
    await page.clock.install()
    await page.goto(f"{ORIGIN}/supervisor")
    await sign_in(page, "sue")
    await expect(page.locator("[data-connection]")).to_contain_text("live")
    await page.clock.run_for(12_000)
    await expect(page.locator("[data-connection]")).to_have_text(re.compile(r"state is 1[0-9] secs old"))
    house.send({"type": "heartbeat", "at_ms": now_ms()})
    await expect(page.locator("[data-connection]")).to_contain_text("live")


async def test_tables_are_sorted_filtered_and_grouped(window: BrowserContext) -> None:
    page = await open_desk(window, desk_of(), "/supervisor")
    rows = page.locator("[data-table=agents] tbody tr")
    await expect(rows).to_have_count(60)
    await page.locator("[data-table=agents]").get_by_role("button", name="Agent", exact=True).click()
    names = await page.locator('[data-table=agents] [data-column="agent"]').all_inner_texts()
    assert names == sorted(names, key=str.casefold)
    await page.locator("[data-filter=region]").select_option("north")
    await expect(rows).to_have_count(20)
    await page.locator("[data-filter=region]").select_option("")
    await page.locator("[data-group=region]").click()
    heads = await page.locator("[data-table=agents] tr.group").all_inner_texts()
    assert [re.sub(r"\s+", " ", head).strip() for head in heads] == ["East 20", "North 20", "South 20"]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ("Why it stands where it stands", "customer's value", "+1 min", "by hand", "+2 min", "North: too many wait",
                "here again", "Earlier", "T-10020", "gave up waiting")),
        ("zh", ("为什么排在此处", "来自客户价值", "+1分钟", "人工调整", "+2分钟", "北方：当地等待多", "再次来访", "此前", "T-10020", "放弃等待")),
    ],
)  # fmt: skip
async def test_why_a_contact_stands_where_it_stands_by_keyboard_alone(
    browser: Browser, language: Language, said: tuple[str, ...]
) -> None:
    async with open_window(browser, language) as window:
        page = await open_desk(window, desk_of(), "/supervisor")
        menu = page.locator('[data-table=contacts] tr[data-key="w-0"] .menu-place > button')
        await menu.focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("[data-do=details]")).to_be_focused()
        await page.keyboard.press("Enter")
        text = await page.locator("dialog").inner_html()
        assert not [words for words in said if words not in text.replace("&amp;", "&")]
        await page.keyboard.press("Escape")
        await expect(menu).to_be_focused()


async def test_a_day_by_quarter_of_an_hour_of_a_queue_and_as_csv(window: BrowserContext) -> None:
    house = desk_of()
    page = await open_desk(window, house, "/supervisor")
    complaints = Complaints(page)
    await page.locator("[data-part=figures]").click()
    asked = await house.until("figures")
    assert (asked["interval"], asked["by"], asked["zone"]) == ("15", "queue", "Asia/Shanghai")
    await expect(page.locator(".day-chart canvas")).to_be_visible()
    entered = sum(20 + index % 7 * 3 for index in range(32) if index not in (3, 4))
    both = page.locator("tr[data-quarter=sum] td").first
    await expect(both).to_have_text(f"{2 * entered:,}")
    await expect(page.locator("[data-table=day] tbody tr")).to_have_count(31)
    await page.locator("[data-choose=queue]").select_option("presales")
    await expect(both).to_have_text(str(entered))
    await page.locator("[data-choose=queue]").select_option("vip")
    await expect(page.locator(".day .empty")).to_have_text("Nothing was counted on this day.")
    async with page.expect_download() as saving:
        await page.get_by_role("button", name="Save as CSV").click()
    saved = await saving.value
    assert re.fullmatch(r"figures-\d{4}-\d\d-\d\d\.csv", saved.suggested_filename)
    assert (await saved.path()).read_text().startswith("start_at,")
    await page.locator("[data-choose=day]").fill("2026-01-31")
    assert (await house.until("figures", 3))["to"] == "2026-02-01"
    assert complaints.found == []


async def test_figures_that_are_refused_say_so_in_words(window: BrowserContext) -> None:
    house = desk_of()
    house.refusals["figures"] = "forbidden"
    page = await open_desk(window, house, "/supervisor")
    await page.locator("[data-part=figures]").click()
    await expect(page.locator(".day .notice")).to_contain_text("Your role may not do this.")
    await page.reload()
    await expect(page.locator(".day .notice")).to_be_visible()


async def test_a_queue_says_which_regions_spill(window: BrowserContext) -> None:
    page = await open_desk(window, desk_of(), "/supervisor")
    await expect(page.locator("[data-spilled]")).to_have_text("spills: North")
    await page.locator('[data-table=queues] tr[data-key="support"] .menu-place > button').click()
    await page.locator("[data-do=queue_details]").click()
    dialog = page.locator("dialog")
    for text in (
        "contacts from North reach other regions",
        "back-office",
        "8, of whom 3 stayed",
        "35 secs on average",
    ):
        await expect(dialog).to_contain_text(text)
    await expect(dialog.locator("tr[data-region=north]")).to_contain_text("spills")
    await expect(dialog.locator("tr[data-region=east]")).not_to_contain_text("spills")


@pytest.mark.parametrize(
    ("row", "action", "fill", "sent"),
    [
        ("w-2", "move", ("select", "vip"), {"type": "move_contact", "contact": "w-2", "queue": "vip"}),
        ("w-2", "raise", ("select", "10"), {"type": "set_head_start", "contact": "w-2", "head_start_ms": 600_000}),
        ("w-2", "assign", ("select", "ann"), {"type": "give_contact", "contact": "w-2", "agent": "ann", "force": False}),
        ("w-2", "end", None, {"type": "end_contact", "contact": "w-2", "reason": ""}),
        ("support", "close_queue", ("input", "storm"), {"type": "turn_queue", "queue": "support", "is_open": False, "reason": "storm"}),
        ("ann", "force_not_ready", ("select", "training"), {"type": "force_presence", "agent": "ann", "presence": "not_ready", "reason": "training"}),
    ],
)  # fmt: skip
async def test_an_act_of_a_supervisor_is_confirmed_and_sent(
    window: BrowserContext, row: str, action: str, fill: tuple[str, str] | None, sent: dict[str, Any]
) -> None:
    house = desk_of()
    page = await open_desk(window, house, "/supervisor")
    await page.locator(f'tr[data-key="{row}"] .menu-place button').click()
    await page.locator(f'[data-do="{action}"]').click()
    dialog = page.locator("dialog")
    if fill is not None:
        field = dialog.locator(fill[0]).first
        await (field.select_option(fill[1]) if fill[0] == "select" else field.fill(fill[1]))
    assert not [message for message in house.heard if message["type"] == sent["type"]]
    await dialog.get_by_role("button", name="Confirm").click()
    message = await house.until(str(sent["type"]))
    assert {key: message[key] for key in sent} == sent
    await expect(dialog).to_have_count(0)


def now_ms() -> int:
    """Return the time as the recorded server would have it."""
    return int(time.time() * 1000)


def line(number: int, by: str, text: str, **more: Any) -> dict[str, Any]:
    """Return one line of a customer's chat."""
    return {
        "type": "line",
        "number": number,
        "by": by,
        "text": text,
        "at_ms": now_ms(),
        "name": "",
        "key": "",
        "choices": [],
        **more,
    }


def welcome(**more: Any) -> dict[str, Any]:
    """Return the answer to a customer's hello."""
    state = {"state": "waiting", "position": 7, "estimate_ms": 180_000, "agent": "", "queue": "support"}
    return {"type": "welcome", "contact": "web-1", "is_new": True, "language": "en", "lines": [], "question": None,
            "state": state, "limits": {"text_max": 4000}, **more}  # fmt: skip


async def test_a_customer_waits_is_asked_talks_and_gets_a_ticket_number(window: BrowserContext) -> None:
    house = desk_of()
    await house.serve(window)
    page = await window.new_page()
    complaints = Complaints(page)
    await page.goto(f"{ORIGIN}/chat")
    await page.locator(".launcher").click()
    await page.get_by_label("Your name").fill("Li Wei")
    await page.get_by_label("Phone number").fill("138 0013 8000")
    await page.get_by_role("button", name="Start the chat").click()
    hello = await house.until("hello")
    assert (hello["name"], hello["phone"], hello["language"]) == ("Li Wei", "138 0013 8000", "en")
    assert re.fullmatch(r"[\w-]{22,64}", hello["visitor"]) and "contact" not in hello
    choices = [{"value": "accept", "label": "Yes"}, {"value": "decline", "label": "No"}]
    house.send(
        welcome(),
        {"type": "question", "turn": 2, "action": "intake", "text": "Leave it with us?", "choices": choices},
    )
    await expect(page.locator(".stage")).to_contain_text("You are number 7 in line.")
    await expect(page.locator(".stage")).to_contain_text("About 3 mins to wait.")
    await page.get_by_role("button", name="No", exact=True).click()
    chosen = await house.until("choose")
    assert (chosen["choice"], chosen["turn"]) == ("decline", 2)
    house.send({"type": "question_over", "turn": 2})
    await expect(page.locator(".question")).to_have_count(0)
    await page.get_by_label("Your message").fill("My washing machine leaks")
    await page.get_by_label("Your message").press("Enter")
    said = await house.until("say")
    await expect(page.locator(".unsent")).to_contain_text("My washing machine leaks")
    house.send(
        line(1, "customer", said["text"], key=said["key"]), line(2, "agent", "Which model?", name="Ann")
    )
    await expect(page.locator(".unsent")).to_have_count(0)
    await expect(page.locator(".line.agent")).to_contain_text("Ann")
    house.send({"type": "ended", "why": "ticket", "ticket": "10023"})
    await expect(page.locator("[data-ticket]")).to_have_text("10023")
    assert complaints.found == []


async def test_a_reload_keeps_the_customers_place(window: BrowserContext) -> None:
    house = desk_of()
    await house.serve(window)
    page = await window.new_page()
    await page.goto(f"{ORIGIN}/chat")
    await page.locator(".launcher").click()
    await page.get_by_label("Your name").fill("Li Wei")
    await page.get_by_role("button", name="Start the chat").click()
    first = await house.until("hello")
    house.send(welcome(), line(1, "house", "Welcome"))
    await expect(page.locator(".lines")).to_contain_text("Welcome")
    await page.reload()
    again = await house.until("hello", 2)
    assert (again["contact"], again["after"], again["visitor"]) == ("web-1", 0, first["visitor"])


async def test_a_line_that_did_not_come_back_is_sent_again_after_a_loss(window: BrowserContext) -> None:
    house = desk_of()
    await house.serve(window)
    page = await window.new_page()
    await page.goto(f"{ORIGIN}/chat")
    await page.locator(".launcher").click()
    await page.get_by_label("Your name").fill("Li Wei")
    await page.get_by_role("button", name="Start the chat").click()
    await house.until("hello")
    house.send(welcome(lines=[line(1, "house", "Welcome")]))
    await page.get_by_label("Your message").fill("Hello?")
    await page.get_by_label("Your message").press("Enter")
    first = await house.until("say")
    await house.sockets[-1].close(code=1012, reason="restart")
    assert (await house.until("hello", 2))["after"] == 1
    house.send(welcome(is_new=False))
    assert (await house.until("say", 2))["key"] == first["key"]
