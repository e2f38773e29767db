"""Why a leg gets no media: 488 if the peer's description is at fault, 503 if we are full."""

from __future__ import annotations

from telephony_adapters.sip.errors import SipError


class MediaRefused(SipError):
    """The peer's session description cannot be served, or there is no place for another leg."""
