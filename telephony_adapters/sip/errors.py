"""What a SIP peer can do wrong.

`SipError` says who was wrong and what to answer: the status and reason go on the wire, `why` goes to our own
log only, because strangers are told nothing about the inside. It never leaves this adapter.
"""

from __future__ import annotations

from typing import Final

REASONS: Final[dict[int, str]] = {
    100: "Trying",
    180: "Ringing",
    181: "Call Is Being Forwarded",
    182: "Queued",
    183: "Session Progress",
    200: "OK",
    202: "Accepted",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    408: "Request Timeout",
    413: "Request Entity Too Large",
    415: "Unsupported Media Type",
    416: "Unsupported URI Scheme",
    420: "Bad Extension",
    423: "Interval Too Brief",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    482: "Loop Detected",
    483: "Too Many Hops",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    489: "Bad Event",
    491: "Request Pending",
    500: "Server Internal Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    505: "Version Not Supported",
    513: "Message Too Large",
    603: "Decline",
}


def reason_of(status: int) -> str:
    """Return the reason phrase that RFC 3261 section 21 gives this status."""
    return REASONS.get(status, "Error" if status >= 400 else "OK")


class SipError(Exception):
    """A peer's message is wrong or refused.

    Attributes:
        status: The SIP status to answer with, if the message can be answered at all.
        why: For our log: what was found and what was expected. Never sent.
        headers: Extra headers of the answer (`Unsupported`, `Retry-After`, `Allow` ...).
    """

    def __init__(self, status: int, why: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(f"{status} {reason_of(status)}: {why}")
        self.status = status
        self.why = why
        self.headers = headers
