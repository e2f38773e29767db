"""Why a leg gets no media: one error, with the SIP status that says it to the peer."""

from __future__ import annotations


class MediaRefused(Exception):
    """The peer's session description cannot be served, or there is no place for another leg.

    Attributes:
        status: 488 if the description is at fault, 503 if we are full.
        why: For our log: what was found and what was expected.
    """

    def __init__(self, status: int, why: str) -> None:
        super().__init__(f"{status}: {why}")
        self.status = status
        self.why = why
