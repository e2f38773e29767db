"""What the operator may set of the customer's websocket, and the limits that it keeps."""

from __future__ import annotations

from typing import Final

import msgspec

from acd.routing.model import Link

FRAME_BYTES_MAX: Final = 65_536
"""A line of 4,000 characters fits however its JSON is written: twelve bytes for each at most."""
TEXT_MAX: Final = 4_000
NAME_MAX: Final = 80
KEY_MAX: Final = 64
LINES_MAX: Final = 1_000
LINES_PER_WINDOW: Final = 10
WINDOW_S: Final = 10.0
WELCOME_LINES_MAX: Final = 200
BAD_MESSAGES_MAX: Final = 20
TOO_FAST_MAX: Final = 100
HELLO_TIMEOUT_S: Final = 10.0
PING_S: Final = 20.0
OUTBOX_MAX: Final = 400
"""Messages that may wait for one page; a page that takes less is cut, and gets the rest when it is back."""
ENDED_KEPT: Final = 2_000
"""Chats that are over and whose lines agents in wrap-up may still read."""
DURABLE_WAIT_S: Final = 2.0
"""A line is shown when it is stored, or after this, so that a slow database does not stop conversations."""


class WebSettings(msgspec.Struct, frozen=True):
    """What the operator may set."""

    origins: tuple[str, ...] = ()
    """Pages elsewhere that may connect, as `https://shop.example`; the server's own address always may."""
    country: str = ""
    """Whose numbers are typed without a country code, as in `acd.numbers`."""
    grace_s: float = 60.0
    """How long a page may be away before its visit ends."""
    connections_max: int = 10_000
    connections_per_address_max: int = 100
    return_calls_by: str = ""
    """Name of the adapter that calls a chat's customer back, `sip`; "": no return calls from chats."""
    return_links: tuple[Link, ...] = (Link.DESK, Link.PHONE)
    """What an agent needs for such a return call."""
