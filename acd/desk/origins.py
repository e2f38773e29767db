"""Which pages may open a desk: the server's own and those that are configured. Programs send no Origin.

A browser says by `Origin` whose page it is. The server's own address is believed only where no foreign name can
stand for it: an IP address, localhost, the machine's own names, or a configured origin; so a foreign name that
is made to point here is still foreign.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

from aiohttp import web


class Origins:
    """Answers whether a request may open a desk."""

    def __init__(self, configured: Iterable[str]) -> None:
        self._configured = frozenset(origin.rstrip("/").lower() for origin in configured)
        self._own_names = frozenset({"localhost", socket.gethostname().lower(), socket.getfqdn().lower()})

    def allows(self, request: web.BaseRequest) -> bool:
        """Return whether the page that asks is one of ours, or is no page."""
        given = request.headers.getall("Origin", [])
        if not given:
            # Browsers mark what they send: one of them without an origin hides it.
            return "Sec-Fetch-Mode" not in request.headers
        origin = given[0].lower()
        if len(given) > 1 or origin == "null":
            return False
        return origin in self._configured or self._is_own(origin, request.host.lower())

    def _is_own(self, origin: str, host: str) -> bool:
        try:
            parts = urlsplit(origin)
            name = parts.hostname or ""
        except ValueError:
            return False
        if parts.netloc != host or parts.scheme not in ("http", "https"):
            return False
        return name in self._own_names or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
