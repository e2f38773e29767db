"""The pages: plain files, and the headers under which browsers may show them.

Nothing inline, nothing from elsewhere, no frames, no types guessed: what a customer wrote is text wherever it shows.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from aiohttp import web

STATIC: Final = Path(__file__).parent / "static"

CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
)

HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self)",
    "Server": "acd",
}

PAGES: Final = {
    "/": "index.html",
    "/agent": "agent.html",
    "/supervisor": "supervisor.html",
    "/chat": "customer.html",
}


async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Give every answer the headers, unless its handler has chosen others."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = HEADERS["Server"]


def add_pages(app: web.Application, folder: Path) -> None:
    """Add the pages of a folder: each at its address, everything else under /static/."""
    for address, name in PAGES.items():
        if (folder / name).is_file():
            app.router.add_get(address, _page(folder / name))
    if folder.is_dir():
        app.router.add_static("/static/", folder, show_index=False, follow_symlinks=False)


def _page(path: Path) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def show(_request: web.Request) -> web.StreamResponse:
        return web.FileResponse(path, headers={"Cache-Control": "no-cache"})

    return show
