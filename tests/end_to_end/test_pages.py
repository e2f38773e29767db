"""The pages on a running server, in a real browser: agent, customer and supervisor at the same time."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.end_to_end.browser import Complaints, open_browser, open_window
from tests.end_to_end.example_centre import (
    CUSTOMER,
    ExampleCentre,
    begin_chat,
    get_ready,
    say,
    sit_down,
    wrap_up,
)
from tests.end_to_end.page_house import STATIC
from tests.telephony_adapters.sip.telephones import Telephone

pytestmark = [
    pytest.mark.needs("chromium"),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(
        not (STATIC / "vendor" / "preact.js").is_file(),
        reason="the page libraries are not placed: run `make setup`",
    ),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with open_browser() as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def centre(tmp_path: Path) -> AsyncIterator[ExampleCentre]:
    server = ExampleCentre(tmp_path)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def test_every_page_of_the_server_opens_in_both_languages_without_a_complaint(
    browser: Browser, centre: ExampleCentre
) -> None:
    for language in ("en", "zh"):
        async with open_window(browser, language, base_url=centre.http) as window:
            for address, person in (("/", ""), ("/chat", ""), ("/agent", "ann"), ("/supervisor", "lin")):
                page = await window.new_page()
                complaints = Complaints(page)
                if person:
                    await page.close()
                    page = await sit_down(window, address, person)
                    complaints = Complaints(page)
                    await page.reload()
                    await page.locator('[data-connection="live"]').wait_for()
                else:
                    await page.goto(address)
                await expect(page.locator("h1, h2").first).to_be_visible()
                assert complaints.found == [], (address, language)
                await page.close()


async def test_a_chat_from_the_offer_to_the_wrap_up_and_the_same_customer_comes_again(
    browser: Browser, centre: ExampleCentre
) -> None:
    async with (
        open_window(browser, base_url=centre.http) as at_desk,
        open_window(browser, base_url=centre.http) as above,
        open_window(browser, base_url=centre.http) as outside,
    ):
        agent = await sit_down(at_desk, "/agent", "dan")
        supervisor = await sit_down(above, "/supervisor", "lin")
        await get_ready(agent)
        customer = await begin_chat(outside, "Maria Gomez")
        offer = agent.locator(".offer")
        await expect(offer).to_contain_text("Maria Gomez")
        await expect(offer.locator("[role=timer]")).to_have_text(re.compile(r"0:0[1-5]"))
        await expect(supervisor.locator("[data-table=contacts]")).to_contain_text("Ringing")
        await agent.get_by_role("button", name="Accept").click()
        await say(agent, "Hello Maria, how can I help?")
        await expect(customer.locator(".line.agent")).to_contain_text("Hello Maria")
        await expect(customer.locator("[data-stage=talking]")).to_contain_text("Dan Wu")
        await say(customer, "My washing machine leaks")
        await expect(agent.locator(".line.customer")).to_contain_text("leaks")
        row = supervisor.locator('[data-table=agents] tr[data-key="dan"]')
        await expect(row).to_contain_text("Talking")
        await expect(row).to_contain_text("Maria Gomez")
        await agent.get_by_role("button", name="End", exact=True).click()
        await expect(customer.locator("[data-ended]")).to_be_visible()
        await wrap_up(agent, "Fault solved", "new seal")
        await expect(supervisor.locator('[data-figure="answered"] .value')).to_have_text("1")
        await supervisor.locator("[data-part=figures]").click()
        day = supervisor.locator("tr[data-quarter=sum] td")
        await expect(day.nth(0)).to_have_text("1")
        await expect(day.nth(1)).to_have_text("1")
        await supervisor.locator("[data-part=live]").click()
        await customer.get_by_role("button", name="Start a new chat").click()
        await customer.locator(".start button").click()
        for text in ("1 earlier contact", "Dan Wu", "Fault solved"):
            await expect(offer).to_contain_text(text)
        await expect(supervisor.locator("[data-table=contacts] [data-repeat]")).to_have_attribute(
            "data-repeat", "1"
        )


async def test_a_busy_queue_leads_by_the_bot_to_a_ticket_and_a_return_call(
    browser: Browser, tmp_path: Path
) -> None:
    outside_line = await Telephone(("127.0.0.1", 9), CUSTOMER).open()
    centre = ExampleCentre(tmp_path, outside_line.address)
    outside_line.server = centre.sip
    await centre.start()
    try:
        async with open_window(browser, base_url=centre.http) as at_desk:
            agent = await sit_down(at_desk, "/agent", "dan")
            async with open_window(browser, base_url=centre.http) as outside:
                customer = await begin_chat(outside, "Li Wei", CUSTOMER)
                await customer.locator("[data-choice=decline]").click()
                await expect(customer.locator(".question")).to_have_count(0)
                await expect(customer.locator("[data-stage]")).to_contain_text("You are next")
                await customer.locator("[data-choice=accept]").click()
                await expect(customer.locator("[data-stage=bot]")).to_be_visible()
                await expect(customer.locator(".line.bot").first).to_be_visible()
                await say(customer, "The fitter did not come on Friday")
                await customer.get_by_role("button", name="An order or a delivery").click()
                await customer.get_by_role("button", name="Yes", exact=True).click()
                number = await customer.locator("[data-ticket]").get_attribute("data-ticket")
            ticket = agent.locator(f'[data-ticket="{number}"]')
            await ticket.locator("summary").click()
            for text in ("Li Wei", CUSTOMER, "An order or a delivery", "The fitter did not come on Friday"):
                await expect(ticket).to_contain_text(text)
            await agent.locator("#tab-return_calls").click()
            await expect(agent.locator("[data-return-call]")).to_contain_text("Li Wei")
            phone = await centre.telephone("2004", "phone-2004")
            await get_ready(agent)
            await expect(agent.locator(".contact-card")).to_have_attribute("data-state", "talking")
            await expect(agent.locator(".contact-head")).to_contain_text("Return call")
            assert outside_line.legs and phone.legs
            await agent.get_by_role("button", name="End", exact=True).click()
            await wrap_up(agent, "Fault solved")
            await agent.locator("#tab-tickets").click()
            await expect(agent.locator("[data-ticket]")).to_have_count(0)
            await expect(agent.locator("#tab-return_calls")).to_contain_text("0")
            phone.close()
    finally:
        outside_line.close()
        await centre.stop()


async def test_an_offer_that_is_not_answered_rests_the_agent_who_returns_with_one_press(
    browser: Browser, centre: ExampleCentre
) -> None:
    async with (
        open_window(browser, base_url=centre.http) as at_desk,
        open_window(browser, base_url=centre.http) as outside,
    ):
        agent = await sit_down(at_desk, "/agent", "dan")
        await get_ready(agent)
        await begin_chat(outside, "Maria Gomez")
        await expect(agent.locator(".offer")).to_be_visible()
        await expect(agent.locator(".why-not-ready")).to_contain_text("You did not answer an offer in time")
        await expect(agent.locator(".offer")).to_have_count(0)
        await agent.locator(".why-not-ready button").click()
        await expect(agent.locator('[data-presence="ready"]')).to_be_visible()
        await expect(agent.locator(".why-not-ready")).to_have_count(0)


async def test_a_killed_server_comes_back_and_every_page_goes_on_where_it_was(
    browser: Browser, centre: ExampleCentre
) -> None:
    async with (
        open_window(browser, base_url=centre.http) as at_desk,
        open_window(browser, base_url=centre.http) as talks,
        open_window(browser, base_url=centre.http) as waits,
    ):
        agent = await sit_down(at_desk, "/agent", "dan")
        await get_ready(agent)
        talking = await begin_chat(talks, "Maria Gomez")
        await agent.get_by_role("button", name="Accept").click()
        await say(agent, "Before the fall")
        await expect(talking.locator(".line.agent")).to_have_count(1)
        await agent.locator(".picker").click()
        await agent.get_by_role("menuitemradio", name="Lunch").click()
        await expect(agent.locator("[data-next]")).to_contain_text("Next: Lunch")
        waiting = await begin_chat(waits, "Li Wei")
        await centre.kill()
        await expect(agent.locator(".strip")).to_contain_text("The connection to the server is lost")
        await expect(talking.get_by_role("alert")).to_contain_text("Your place is kept")
        await centre.start()
        await agent.locator('[data-connection="live"]').wait_for()
        await say(talking, "After the fall")
        await expect(agent.locator(".line")).to_have_count(2)
        await expect(agent.locator("[data-next]")).to_contain_text("Next: Lunch")
        await expect(waiting.locator("[data-stage=waiting]")).to_be_visible()
        await waiting.reload()
        await expect(waiting.locator("[data-stage=waiting]")).to_be_visible()


async def test_a_supervisor_steers_agents_contacts_and_queues(
    browser: Browser, centre: ExampleCentre
) -> None:
    async with (
        open_window(browser, base_url=centre.http) as at_desk,
        open_window(browser, base_url=centre.http) as above,
        open_window(browser, base_url=centre.http) as outside,
    ):
        agent = await sit_down(at_desk, "/agent", "dan")
        supervisor = await sit_down(above, "/supervisor", "lin")
        customer = await begin_chat(outside, "Li Wei")
        contact = supervisor.locator("[data-table=contacts] tbody tr")
        await expect(contact).to_contain_text("Waiting")

        async def ask(row: str, action: str, choice: str = "") -> None:
            await supervisor.locator(f"{row} .menu-place button").click()
            await supervisor.locator(f'[data-do="{action}"]').click()
            if choice:
                await supervisor.locator("dialog select").first.select_option(choice)
            await supervisor.get_by_role("button", name="Confirm").click()

        async def do(row: str, action: str, choice: str = "") -> None:
            await ask(row, action, choice)
            await expect(supervisor.locator("dialog")).to_have_count(0)

        await do("[data-table=contacts] tbody tr", "raise", "10")
        await expect(contact.locator('[title="raised by 10 mins · by hand +10 mins"]')).to_be_visible()
        await ask("[data-table=contacts] tbody tr", "assign", "dan")
        await expect(supervisor.locator("dialog [role=alert]")).to_be_visible()
        await supervisor.get_by_role("button", name="Cancel").click()
        await do("[data-table=contacts] tbody tr", "move", "orders")
        await expect(contact.locator('[data-column="queue"]')).to_have_text("Orders and delivery")
        await do('[data-table=agents] tr[data-key="dan"]', "force_not_ready", "training")
        await expect(agent.locator(".why-not-ready")).to_contain_text("Training")
        await do("[data-table=contacts] tbody tr", "end")
        await expect(customer.locator("[data-ended]")).to_contain_text("ended by our service")
        await do('[data-table=queues] tr[data-key="support"]', "close_queue")
        await expect(supervisor.locator('[data-table=queues] tr[data-key="support"]')).to_contain_text(
            "closed"
        )


async def test_a_desk_that_is_opened_elsewhere_says_so_and_takes_over_when_told(
    browser: Browser, centre: ExampleCentre
) -> None:
    async with (
        open_window(browser, base_url=centre.http) as here,
        open_window(browser, base_url=centre.http) as there,
    ):
        first = await sit_down(here, "/agent", "dan")
        second = await sit_down(there, "/agent", "dan")
        await expect(first.locator(".strip")).to_contain_text("opened in another window", timeout=4_000)
        await first.get_by_role("button", name="Take over here").click()
        await expect(second.locator(".strip")).to_contain_text("opened in another window", timeout=4_000)
        await expect(first.locator('[data-connection="live"]')).to_be_visible()


async def test_an_agent_who_was_signed_out_signs_in_again(browser: Browser, centre: ExampleCentre) -> None:
    async with (
        open_window(browser, base_url=centre.http) as at_desk,
        open_window(browser, base_url=centre.http) as above,
    ):
        agent = await sit_down(at_desk, "/agent", "dan")
        supervisor = await sit_down(above, "/supervisor", "lin")
        await supervisor.locator('tr[data-key="dan"] .menu-place button').click()
        await supervisor.locator('[data-do="force_signed_out"]').click()
        await supervisor.get_by_role("button", name="Confirm").click()
        await expect(agent.locator(".why-not-ready")).to_contain_text("Signed out")
        await agent.get_by_role("button", name="Sign in again").click()
        await expect(agent.locator('[data-presence="not_ready"]')).to_be_visible()
        await get_ready(agent)


async def test_signing_out_ends_the_session_on_both_sides(browser: Browser, centre: ExampleCentre) -> None:
    async with (
        open_window(browser, base_url=centre.http) as at_desk,
        open_window(browser, base_url=centre.http) as above,
    ):
        agent = await sit_down(at_desk, "/agent", "dan")
        supervisor = await sit_down(above, "/supervisor", "lin")
        row = supervisor.locator('tr[data-key="dan"]')
        await expect(row).to_contain_text("Just signed in")
        await agent.locator("button[title='Dan Wu']").click()
        await agent.get_by_role("menuitem", name="Sign out").click()
        await expect(agent.get_by_role("heading", name="Sign in")).to_be_visible()
        await expect(row).to_contain_text("Signed out")
        assert await agent.evaluate("sessionStorage.getItem('acd.desk')") is None


async def test_a_telephone_call_is_held_taken_back_and_wrapped_up(
    browser: Browser, centre: ExampleCentre
) -> None:
    phone = await centre.telephone("2004", "phone-2004")
    caller = await Telephone(centre.sip, CUSTOMER).open()
    try:
        async with open_window(browser, base_url=centre.http) as at_desk:
            agent = await sit_down(at_desk, "/agent", "dan")
            await expect(agent.locator(".links")).to_contain_text("Phone: connected")
            await get_ready(agent)
            leg = caller.call("4002")
            card = agent.locator(".contact-card")
            await expect(card).to_have_attribute("data-state", "talking")
            await expect(agent.locator(".contact-head")).to_contain_text("Call")
            await agent.get_by_role("button", name="Hold").click()
            await expect(card).to_have_attribute("data-state", "held")
            await agent.get_by_role("button", name="Take back").click()
            await expect(card).to_have_attribute("data-state", "talking")
            await agent.get_by_role("button", name="Transfer").click()
            await agent.locator("dialog").get_by_role("button", name="Agent").click()
            await expect(agent.locator("dialog")).to_contain_text("Ann Zhao")
            await agent.keyboard.press("Escape")
            caller.hang_up(leg)
            await expect(agent.locator("[data-wrap-up]")).to_contain_text("The customer ended the contact.")
            await wrap_up(agent, "Usage explained")
    finally:
        phone.close()
        caller.close()
