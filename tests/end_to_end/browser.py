"""A real browser for the tests of the pages: Debian's Chromium, steered by Playwright, without a network of its own."""

import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, Literal

from playwright.async_api import BrowserContext, ConsoleMessage, Page, async_playwright

FLAGS: Final = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
WIDTH: Final = 1600
HEIGHT: Final = 1000


@asynccontextmanager
async def open_browser(
    language: Literal["en", "zh"] = "en", scheme: Literal["light", "dark"] = "light"
) -> AsyncIterator[BrowserContext]:
    """Start a browser with an empty memory, whose person reads `language`; it is gone at the end."""
    with tempfile.TemporaryDirectory(prefix="acd-browser-", ignore_cleanup_errors=True) as folder:
        async with async_playwright() as playwright:
            context = await playwright.chromium.launch_persistent_context(
                folder,
                executable_path=shutil.which("chromium"),
                args=list(FLAGS),
                locale="zh-CN" if language == "zh" else "en-GB",
                timezone_id="Asia/Shanghai",
                color_scheme=scheme,
                viewport={"width": WIDTH, "height": HEIGHT},
                timeout=60_000,
            )
            context.set_default_timeout(15_000)
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
