"""The example configuration on a server of its own, with a few waits made short, for tests through the pages."""

import re
import shutil
import socket
from pathlib import Path

from playwright.async_api import BrowserContext, Page

from tests.end_to_end.house import ROOT, Server, free_port
from tests.telephony_adapters.sip.telephones import Telephone

CUSTOMER = "13800138000"


def put(file: Path, *changes: tuple[str, str]) -> None:
    """Replace lines of a configuration file; each pattern must be found."""
    text = file.read_text()
    for pattern, line in changes:
        text, found = re.subn(pattern, line, text, count=1, flags=re.MULTILINE)
        assert found, f"{file.name} has nothing like {pattern}"
    file.write_text(text)


class ExampleCentre(Server):
    """The house as it is in the repository, on free ports. Customers are offered the bot after a second."""

    def __init__(self, folder: Path, trunk: tuple[str, int] | None = None) -> None:
        self.folder = folder
        self.sip = ("127.0.0.1", free_port(socket.SOCK_DGRAM))
        self.http = f"http://127.0.0.1:{free_port()}"
        self.process = None
        shutil.copytree(ROOT / "config", folder / "config")
        low = 20_000 + self.sip[1] % 97 * 100
        put(
            folder / "config" / "server.yaml",
            (r"^  port: 8080$", f"  port: {self.http.rsplit(':', 1)[1]}"),
            (r"^  port: 5060$", f"  port: {self.sip[1]}"),
            (r"^  port_min: .*$", f"  port_min: {low}"),
            (r"^  port_max: .*$", f"  port_max: {low + 99}"),
        )
        if trunk is not None:
            put(
                folder / "config" / "server.yaml",
                (r"^  trunk: null$", f"  trunk: {{host: {trunk[0]}, port: {trunk[1]}}}"),
                (r"^  allowed_numbers: \[\]$", f'  allowed_numbers: ["{CUSTOMER[:3]}"]'),
            )
        put(
            folder / "config" / "overflow.yaml",
            (r"^      wait_s: 30$", "      wait_s: 1"),
            (r"^      again_s: 60$", "      again_s: 5"),
        )
        put(folder / "config" / "queues.yaml", (r"^    offer_s: 20$", "    offer_s: 5"))

    async def telephone(self, number: str, password: str) -> Telephone:
        """Return an agent's telephone that has registered and picks up at once."""
        phone = await Telephone(self.sip, number).open()
        assert (await phone.register(password)).status == 200
        return phone


async def sit_down(window: BrowserContext, address: str, name: str) -> Page:
    """Sign in at a desk with an example person's name and password."""
    page = await window.new_page()
    await page.goto(address)
    await page.fill('input[name="name"]', name)
    await page.fill('input[name="password"]', f"{name}-example")
    await page.click('button[type="submit"]')
    await page.locator('[data-connection="live"]').wait_for()
    return page


async def get_ready(agent: Page) -> None:
    """Press the agent's button, and wait until the server says so."""
    await agent.locator(".presence .accept").click()
    await agent.locator('[data-presence="ready"]').wait_for()


async def begin_chat(window: BrowserContext, name: str, phone: str = "") -> Page:
    """Open the customer's page and begin a chat."""
    page = await window.new_page()
    await page.goto("/chat")
    await page.locator(".launcher").click()
    await page.locator('[name="name"]').fill(name)
    await page.locator('[name="phone"]').fill(phone)
    await page.locator(".start button").click()
    await page.locator("[data-stage]").wait_for()
    return page


async def say(page: Page, text: str) -> None:
    """Write a line in whichever box the page has, and send it."""
    box = page.locator("#reply, #message")
    await box.fill(text)
    await box.press("Enter")


async def wrap_up(agent: Page, outcome: str, notes: str = "") -> None:
    """Choose an outcome by its words, and finish."""
    await agent.locator("[data-wrap-up]").get_by_text(outcome, exact=True).click()
    await agent.get_by_label("Notes").fill(notes)
    await agent.get_by_role("button", name="Finish").click()
    await agent.locator("[data-wrap-up]").wait_for(state="detached")
