"""A walk through every page and its main states, in both languages, on a small desktop and on a telephone.

What is looked for is what nobody asks for by name: complaints of the browser, a page that scrolls sideways, the key
of a text where the text should be, a button whose words are cut off.
"""

import re
from collections.abc import AsyncIterator
from typing import Any, Final, Literal

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
SIZES: Final = {"desktop": (1366, 768), "telephone": (390, 844)}
KEY: Final = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b|\{\w+\}")
ACTIONS: Final = '[data-table={}] tr[data-key="{}"] .menu-place > button'

SEEN: Final = """() => {
  const visible = (one) => one.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const texts = [document.title, document.body.innerText];
  for (const one of document.querySelectorAll("[title],[aria-label],[placeholder]"))
    for (const name of ["title", "aria-label", "placeholder"]) texts.push(one.getAttribute(name) ?? "");
  const cut = [];
  for (const one of document.querySelectorAll("button, a.card, .switch button, [role=tab]")) {
    if (!visible(one) || one.matches(".cut, .unseen, .skip")) continue;
    const box = one.getBoundingClientRect();
    if (!box.width) continue;
    const range = document.createRange();
    const walker = document.createTreeWalker(one, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const text = walker.currentNode;
      if (!text.data.trim() || text.parentElement.closest(".unseen, .cut, svg")) continue;
      range.selectNodeContents(text);
      const words = range.getBoundingClientRect();
      const over = Math.max(words.right - box.right, box.left - words.left, words.bottom - box.bottom, box.top - words.top);
      if (over > 1) cut.push(`${text.data.trim()} by ${over.toFixed(1)}`);
    }
    const frame = one.closest(".table-frame, [role=tablist], .work-list");
    if (!frame && (box.right > innerWidth + 1 || box.left < -1)) cut.push(`${one.innerText} outside the window`);
  }
  return { texts: texts.join("\\n"), cut, wide: document.documentElement.scrollWidth - innerWidth };
}"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with open_browser() as opened:
        yield opened


async def faults(page: Page) -> list[str]:
    """Return what is wrong with what the page shows now."""
    seen = await page.evaluate(SEEN)
    found = [f"cut off: {words}" for words in seen["cut"]]
    found += [f"key shown: {key}" for key in sorted(set(KEY.findall(seen["texts"])))]
    if seen["wide"] > 0:
        found.append(f"scrolls sideways by {seen['wide']} px")
    return found


def house_of(state: AssignmentState = AssignmentState.TALKING, *, with_offer: bool = True) -> PageHouse:
    """Return a house with a recorded desk and a busy centre."""

    def answer(view: str, now: int) -> list[dict[str, Any]]:
        tables = recorded.agent_tables(now, state=state, with_offer=with_offer)
        return [recorded.snapshot(tables if view == "agent" else recorded.supervisor_tables(now), now)]

    return PageHouse(answer)


States = AsyncIterator[tuple[str, Page]]


async def start_states(window: BrowserContext) -> States:
    """The start page."""
    await house_of().serve(window)
    page = await window.new_page()
    await page.goto(f"{ORIGIN}/")
    await page.locator("h1").wait_for()
    yield "start", page


async def agent_states(window: BrowserContext) -> States:
    """The sign-in and its refusal, an offer, a talk, the presence menu, a loss of the connection."""
    house = house_of()
    await house.serve(window)
    page = await window.new_page()
    await page.goto(f"{ORIGIN}/agent")
    await page.locator("input[name=name]").wait_for()
    yield "sign-in", page
    await sign_in(page, "ann", "wrong")
    await page.get_by_role("alert").wait_for()
    yield "sign-in-refused", page
    await sign_in(page, "ann")
    await page.locator(".offer").wait_for()
    yield "offer", page
    await page.locator('[data-offer="41"]').click()
    await page.locator('.contact-card[data-offer="41"]').wait_for()
    yield "talk", page
    await page.locator(".picker").click()
    await page.locator("[role^=menuitem]").first.wait_for()
    yield "presence", page
    await page.keyboard.press("Escape")
    for tab in ("tickets", "return_calls"):
        await page.locator(f"#tab-{tab}").click()
        yield tab, page
    house.is_mute = True
    await house.sockets[-1].close(code=4409, reason="replaced")
    await page.locator('[data-connection="replaced"]').first.wait_for()
    yield "replaced", page


async def wrap_up_states(window: BrowserContext) -> States:
    """An agent in wrap-up."""
    await house_of(AssignmentState.WRAP_UP, with_offer=False).serve(window)
    page = await window.new_page()
    await page.goto(f"{ORIGIN}/agent")
    await sign_in(page, "ann")
    await page.locator('[data-offer="41"]').click()
    await page.locator('.contact-card[data-state="wrap_up"]').wait_for()
    yield "wrap-up", page


async def supervisor_states(window: BrowserContext) -> States:
    """The live tables, a menu, the details of a contact and of a queue, a question, the figures."""
    await house_of().serve(window)
    page = await window.new_page()
    await page.goto(f"{ORIGIN}/supervisor")
    await sign_in(page, "sue")
    await page.locator("[data-table=agents] tbody tr").first.wait_for()
    yield "live", page
    for table, key, act in (
        ("queues", "support", "queue_details"),
        ("queues", "support", "close_queue"),
        ("contacts", "w-0", "details"),
        ("contacts", "w-0", "raise"),
        ("agents", "agent-1", "change_agent"),
    ):
        menu = page.locator(ACTIONS.format(table, key))
        await menu.scroll_into_view_if_needed()
        await menu.focus()
        await page.keyboard.press("Enter")
        await page.locator(f"[data-do={act}]").click()
        await page.locator("dialog").wait_for()
        yield act, page
        await page.keyboard.press("Escape")
        await page.locator("dialog").wait_for(state="detached")
    await page.locator("[data-part=figures]").click()
    await page.locator("[data-table=day] tbody tr").first.wait_for()
    yield "figures", page


async def customer_states(window: BrowserContext) -> States:
    """The shop, the chat before it begins, in line with a question, and in a talk."""
    house = house_of()
    await house.serve(window)
    page = await window.new_page()
    await page.goto(f"{ORIGIN}/chat")
    await page.locator(".launcher").wait_for()
    yield "shop", page
    await page.locator(".launcher").click()
    await page.locator(".start button").wait_for()
    yield "chat-start", page
    await page.locator(".start input").first.fill("Li Wei")
    await page.locator(".start button[type=submit], .start button").last.click()
    await house.until("hello")
    choices = [
        {"value": "accept", "label": "Yes, let the bot take it down"},
        {"value": "decline", "label": "No, keep my place"},
    ]
    house.send(
        {
            "type": "welcome", "contact": "web-1", "is_new": True, "language": "en", "lines": [], "limits": {"text_max": 4000},
            "question": {"id": 1, "text": "It takes longer than usual. Leave the line?", "choices": choices},
            "state": {"state": "waiting", "position": 7, "estimate_ms": 180_000, "agent": "", "queue": "support"},
        }
    )  # fmt: skip
    await page.locator("[data-stage]").wait_for()
    yield "chat-waiting", page


WALKS: Final = {
    "start": start_states,
    "agent": agent_states,
    "wrap-up": wrap_up_states,
    "supervisor": supervisor_states,
    "customer": customer_states,
}


@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("walk", list(WALKS))
async def test_every_state_is_whole(browser: Browser, walk: str, language: Language, size: str) -> None:
    found: dict[str, list[str]] = {}
    complaints: Complaints | None = None
    async with open_window(browser, language) as window:

        def listen(page: Page) -> None:
            nonlocal complaints
            complaints = Complaints(page)

        window.on("page", lambda page: listen(page))
        async for state, page in WALKS[walk](window):
            width, height = SIZES[size]
            await page.set_viewport_size({"width": width, "height": height})
            if wrong := await faults(page):
                found[state] = wrong
    assert complaints is not None
    # The browser itself writes down the 401 of the refused password; the window's own script finds no memory on the blank page.
    expected = ("/api/sign-in", "'localStorage' property from 'Window'")
    said = [one for one in complaints.found if not any(words in one for words in expected)]
    assert not found and not said, "\n".join(
        [*(f"{state}: {wrong}" for state, wrong in found.items()), *said]
    )


async def test_an_offer_is_in_sight_on_a_telephone_wherever_the_page_is_scrolled_to(browser: Browser) -> None:
    async with open_window(browser) as window:
        await house_of().serve(window)
        page = await window.new_page()
        await page.set_viewport_size({"width": 390, "height": 844})
        await page.goto(f"{ORIGIN}/agent")
        await sign_in(page, "ann")
        accept = page.get_by_role("button", name="Accept")
        await expect(accept).to_be_in_viewport()
        await page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        await expect(accept).to_be_in_viewport()


async def test_the_walk_sees_what_is_wrong(browser: Browser) -> None:
    async with open_window(browser) as window:
        page = await window.new_page()
        await page.set_viewport_size({"width": 390, "height": 844})
        await page.set_content(
            '<p title="{name}">fig_waiting</p><div style="width:900px">wide</div>'
            '<button style="width:20px;overflow:hidden;white-space:nowrap">Words that are too long</button>'
        )
        found = " ".join(await faults(page))
        for words in ("fig_waiting", "{name}", "scrolls sideways", "cut off: Words that are too long"):
            assert words in found
