"""What the adapter keeps of a contact: the customer's leg, its sound, and the agents' legs around it.

Plain data. A `Call` lives from the customer's INVITE to the end of that leg (of a return call: from the first
order about it); a `Side` lives from `PresentOffer` to `WithdrawOffer` or `ReleaseAgent`.
"""

from __future__ import annotations

from asyncio import TimerHandle
from enum import StrEnum

from acd.routing.model import AgentId, ContactId, OfferId
from acd.routing.outputs import PlayTreatment
from telephony_adapters.sip.legs import Leg
from telephony_adapters.sip.media import MediaLeg


class SideState(StrEnum):
    """Where an agent's leg stands."""

    RINGING = "ringing"
    PICKED = "picked"
    """Answered; the customer is not there yet."""
    JOINING = "joining"
    TALKING = "talking"
    HELD = "held"
    """The customer is held, by the desk or by the telephone."""
    GONE = "gone"


class Side:
    """An agent's side of one offer."""

    __slots__ = (
        "agent", "call", "connect_wanted", "contact", "is_taken", "leg", "media", "number", "offer", "phone_holds",
        "state", "timer",
    )  # fmt: skip

    def __init__(
        self, offer: OfferId, contact: ContactId, agent: AgentId, number: str, leg: Leg, call: Call
    ) -> None:
        self.offer = offer
        self.contact = contact
        self.agent = agent
        self.number = number
        self.leg = leg
        self.call = call
        self.state = SideState.RINGING
        self.media: MediaLeg | None = None
        """Sound of an agent who waits for the customer of a return call."""
        self.connect_wanted = False
        """The desk accepted while the telephone still rings."""
        self.is_taken = False
        """The engine has taken the offer: a second acceptance is no reason to hang up."""
        self.phone_holds = False
        self.timer: TimerHandle | None = None

    def __repr__(self) -> str:
        return f"<Side offer={self.offer} {self.state}>"


class Purpose(StrEnum):
    """Why we called somebody outside the offer."""

    DIAL = "dial"
    """The customer of a return call."""
    TRANSFER = "transfer"
    CONSULT = "consult"


class Outside:
    """A leg that we called for an offer: customer of a return call, target of a transfer or consult."""

    __slots__ = ("agent", "call", "leg", "media", "number", "offer", "purpose", "timer")

    def __init__(
        self,
        purpose: Purpose,
        offer: OfferId,
        leg: Leg,
        call: Call,
        agent: AgentId | None = None,
        number: str = "",
    ) -> None:
        self.purpose = purpose
        self.offer = offer
        self.leg = leg
        self.call = call
        self.agent = agent
        """The consulted agent, None for a number."""
        self.number = number
        """The consulted number."""
        self.media: MediaLeg | None = None
        self.timer: TimerHandle | None = None


class Call:
    """One contact by telephone."""

    __slots__ = (
        "caller", "contact", "display", "early_timer", "in_intake", "is_left", "is_resumed_early", "language", "media",
        "number", "outside", "pending_offers", "side", "sound_timer", "treatment",
    )  # fmt: skip

    def __init__(self, contact: ContactId, caller: Leg | None) -> None:
        self.contact = contact
        self.caller = caller
        self.number = ""
        self.display = ""
        self.language = "en"
        self.media: MediaLeg | None = None
        self.treatment: PlayTreatment | None = None
        self.side: Side | None = None
        """The agent whom the customer talks with, or is about to."""
        self.outside: Outside | None = None
        self.pending_offers: list[object] = []
        """Offers that wait until a caller without a description has sent one (PresentOffer)."""
        self.sound_timer: TimerHandle | None = None
        self.early_timer: TimerHandle | None = None
        self.in_intake = False
        self.is_left = False
        """The contact has left the house (transferred out); its legs talk on without us."""
        self.is_resumed_early = False

    @property
    def partner(self) -> Leg | None:
        """The leg that the customer talks with now."""
        if self.is_left and self.outside is not None:
            return self.outside.leg
        if self.side is not None and self.side.state is SideState.TALKING:
            return self.side.leg
        return None

    def drop_timers(self) -> None:
        """Stop what was to happen later."""
        for timer in (self.sound_timer, self.early_timer):
            if timer is not None:
                timer.cancel()
        self.sound_timer = self.early_timer = None
