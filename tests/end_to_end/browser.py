"""A real browser for the tests of the pages: Debian's Chromium, steered by Playwright, with an empty memory."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, Literal

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright, expect

FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--use-fake-device-for-media-stream",
    "--allow-loopback-in-peer-connection",
)
WIDTH: Final = 1600
HEIGHT: Final = 1000
WAIT_MS: Final = 15_000
expect.set_options(timeout=WAIT_MS)


@asynccontextmanager
async def open_browser() -> AsyncIterator[Browser]:
    """Start a browser with a user-data directory of its own; both are gone at the end."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(FLAGS), headless=True, timeout=60_000
        )
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def open_window(
    browser: Browser,
    language: Literal["en", "zh"] = "en",
    scheme: Literal["light", "dark"] = "light",
    *,
    base_url: str | None = None,
) -> AsyncIterator[BrowserContext]:
    """Open a window that shares no memory with any other, whose person has chosen `language`."""
    context = await browser.new_context(
        base_url=base_url,
        locale="zh-CN" if language == "zh" else "en-GB",
        timezone_id="Asia/Shanghai",
        color_scheme=scheme,
        viewport={"width": WIDTH, "height": HEIGHT},
    )
    context.set_default_timeout(WAIT_MS)
    await context.add_init_script(
        f"if (!localStorage.getItem('acd.language')) localStorage.setItem('acd.language', '\"{language}\"')"
    )
    try:
        yield context
    finally:
        await context.close()


class Complaints:
    """What a page complained of: errors, warnings of the browser, refusals by the security policy."""

    def __init__(self, page: Page) -> None:
        self.found: list[str] = []
        page.on("pageerror", lambda error: self.found.append(f"error: {error}"))
        page.on("console", self._hear)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.found.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")
