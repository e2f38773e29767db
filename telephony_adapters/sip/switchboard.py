"""What the adapter's parts share: the legs, the calls, the way to the engine, and time.

`Switchboard` decides nothing about calls. Every entry from outside (a datagram, a timer, an order, a sound that is
over) ends with `flush`: what is to be sent goes out and the one timer is set anew.
"""

from __future__ import annotations

import asyncio
import logging
from asyncio import Future, TimerHandle
from collections.abc import Callable

from acd.ports import Overloaded, Record, Submit
from acd.routing.events import AnyEvent, LegStored
from acd.routing.model import AgentId, ContactId, LegId, OfferId
from telephony_adapters.sip.calls import Call, Side
from telephony_adapters.sip.legs import Leg, pack_leg
from telephony_adapters.sip.media import MediaRoom
from telephony_adapters.sip.registrar import Registrar
from telephony_adapters.sip.settings import SipSettings
from telephony_adapters.sip.signalling import Signalling
from telephony_adapters.sip.transactions import Peer

log = logging.getLogger(__name__)
OfferEnd = Callable[[int], None]
"""Told how a re-INVITE of ours went: 0 accepted, else the status."""


class Switchboard:
    """Made by the adapter's `start`; all methods belong to the loop's thread."""

    def __init__(
        self,
        name: str,
        settings: SipSettings,
        signalling: Signalling,
        media: MediaRoom,
        submit: Submit,
        send: Callable[[bytes, Peer], None],
    ) -> None:
        self.name = name
        self.settings = settings
        self.signalling = signalling
        self.media = media
        self.registrar = Registrar(settings.registration_s_max)
        self.loop = asyncio.get_running_loop()
        self.calls: dict[ContactId, Call] = {}
        self.sides: dict[OfferId, Side] = {}
        self.number_of: dict[AgentId, str] = {
            phone.agent: phone.number for phone in settings.phones if phone.agent is not None
        }
        self.offer_ends: dict[Leg, OfferEnd] = {}
        self.expire: Callable[[], None] | None = None
        self.refused_events = 0
        self._submit = submit
        self._send = send
        self._timer: TimerHandle | None = None
        self._timer_ms: int | None = None

    def now_ms(self) -> int:
        """Return the monotonic milliseconds by which all SIP timers run."""
        return int(self.loop.time() * 1000)

    def flush(self) -> None:
        """Send what waits to be sent, and set the timer to the next deadline."""
        outbox = self.signalling.outbox
        if outbox:
            self.signalling.layer.outbox = []
            for data, peer in outbox:
                self._send(data, peer)
        deadline = self.signalling.next_deadline_ms
        if deadline == self._timer_ms:
            return
        if self._timer is not None:
            if deadline is not None and self._timer_ms is not None and self._timer_ms <= deadline:
                return  # an early alarm finds nothing due and sets itself anew
            self._timer.cancel()
        self._timer = self._timer_ms = None
        if deadline is not None:
            self._timer_ms = deadline
            self._timer = self.loop.call_at(deadline / 1000 + 0.001, self._ring)

    def after(self, delay_ms: int, do: Callable[[], None]) -> TimerHandle:
        """Do something later, and flush after it."""

        def run() -> None:
            do()
            self.flush()

        return self.loop.call_later(delay_ms / 1000, run)

    def tell(self, event: AnyEvent) -> Future[Record] | None:
        """Hand an event to the engine; None if it was refused (only what starts something new can be)."""
        try:
            return self._submit(event)
        except Overloaded:
            self.refused_events += 1
            return None

    def store(self, contact: ContactId, leg: Leg, **notes: str) -> None:
        """Have the leg kept in the journal."""
        self.tell(LegStored(contact, LegId(leg.name), pack_leg(leg, notes)))

    def forget(self, contact: ContactId, leg: Leg) -> None:
        """Have the leg forgotten while its contact lives on."""
        self.tell(LegStored(contact, LegId(leg.name), b""))

    def offer(self, leg: Leg, body: bytes, then: OfferEnd) -> None:
        """Send a re-INVITE when the leg is free for it; a later one takes the place of this one and its `then`."""
        self.offer_ends[leg] = then
        self.signalling.offer(leg, body, self.now_ms())

    def hang_up(self, leg: Leg, status: int = 480) -> None:
        """End a leg in the way its state asks for."""
        self.offer_ends.pop(leg, None)
        self.signalling.hang_up(leg, self.now_ms(), status)

    def close_sound(self, call: Call) -> None:
        """Stop everything that the customer hears from us."""
        call.drop_timers()
        if call.media is not None:
            call.media.close()
            call.media = None

    def stop(self) -> None:
        """Let no timer ring any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _ring(self) -> None:
        self._timer = self._timer_ms = None
        if self.expire is not None:
            self.expire()
        self.flush()
