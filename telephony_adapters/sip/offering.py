"""Ringing agents' telephones, and telling the ways in which that can fail apart.

An offer rings the telephone that registered last. What it answers becomes one event; after the engine has
withdrawn the offer nothing more is reported, and a pick-up that crossed it is hung up.
"""

from __future__ import annotations

from asyncio import Future
from functools import partial
from typing import Final

from acd.ports import Record
from acd.routing.events import AnyEvent, LinkChanged, OfferAccepted, OfferDeclined, OfferFailed
from acd.routing.model import AgentId, Channel, Link, OfferState
from acd.routing.outputs import Late, PresentOffer, Refused
from telephony_adapters.sip.calls import Call, Side, SideState
from telephony_adapters.sip.legs import Leg, LegState
from telephony_adapters.sip.media import MediaRefused
from telephony_adapters.sip.message import Headers
from telephony_adapters.sip.registrar import Binding
from telephony_adapters.sip.sdp import with_direction
from telephony_adapters.sip.switchboard import Switchboard
from telephony_adapters.sip.transactions import State
from telephony_adapters.sip.uri import quote

_BUSY: Final = frozenset({486, 600})
_DECLINED: Final = frozenset({300, 301, 302, 305, 380, 403, 433, 480, 603, 607})
"""Redirections are declined: where a telephone would like its calls to go is not for it to say (S18)."""
_NO_ANSWER: Final = frozenset({487})


class Offering:
    """Carries out `PresentOffer` and `WithdrawOffer`."""

    def __init__(self, board: Switchboard) -> None:
        self._board = board

    def present(self, order: PresentOffer) -> None:
        """Ring the agent; who has no telephone there is unreachable."""
        board = self._board
        if order.channel != Channel.VOICE or order.holder != board.name or order.offer in board.sides:
            return
        binding = self.binding_of(order.agent)
        if binding is None:
            board.tell(OfferFailed(order.offer, OfferState.UNREACHABLE))
            return
        call = board.calls.get(order.contact)
        if call is None:
            call = board.calls[order.contact] = Call(
                order.contact, None
            )  # a return call: nobody is there yet
        if call.caller is not None and call.caller.is_ended:
            return
        if call.caller is not None and not call.caller.remote_sdp:
            call.pending_offers.append(order)
            return
        self._ring(order, call, binding)

    def withdraw(self, side: Side) -> None:
        """Stop ringing, or end the leg if the pick-up crossed."""
        self.drop(side)
        self._board.hang_up(side.leg)

    def drop(self, side: Side) -> None:
        """Forget a side."""
        if side.timer is not None:
            side.timer.cancel()
        if side.media is not None:
            side.media.close()
            side.media = None
        if side.state is not SideState.RINGING and side.contact in self._board.calls:
            self._board.forget(side.contact, side.leg)  # else it ends with its contact
        side.state = SideState.GONE
        self._board.sides.pop(side.offer, None)
        if side.call.side is side:
            side.call.side = None
        if side.call.caller is None and side.call.outside is None and side.call.side is None:
            self._board.calls.pop(side.contact, None)  # a return call whose try is over

    def binding_of(self, agent: AgentId) -> Binding | None:
        """Return the telephone of an agent."""
        number = self._board.number_of.get(agent)
        return None if number is None else self._board.registrar.reach(number, self._board.now_ms())

    def rang(self, side: Side) -> None:
        """The telephone rings; a caller who hears no music hears that."""
        caller = side.call.caller
        if caller is not None and caller.state is LegState.CALLING and not caller.is_early:
            self._board.signalling.ring(caller, 180, self._board.now_ms())

    def picked(self, side: Side) -> None:
        """The telephone was answered."""
        side.state = SideState.PICKED
        if side.timer is not None:
            side.timer.cancel()
        if side.media is not None:
            try:
                side.media.accept(side.leg.remote_sdp)
                side.media.music(True)
            except MediaRefused:
                side.media.close()
                side.media = None
        self._board.store(side.contact, side.leg, **notes_of(side))
        if not side.is_taken:
            future = self._board.tell(OfferAccepted(side.offer))
            if future is not None:
                future.add_done_callback(partial(self._taken_or_late, side))

    def failed(self, side: Side, status: int) -> None:
        """The telephone did not come."""
        event: AnyEvent
        if status in _BUSY:
            event = OfferFailed(side.offer, OfferState.BUSY)
        elif status in _DECLINED:
            event = OfferDeclined(side.offer, f"sip {status}")
        elif status in _NO_ANSWER:
            event = OfferFailed(side.offer, OfferState.NO_ANSWER)
        else:
            event = OfferFailed(side.offer, OfferState.UNREACHABLE)
        self.drop(side)
        self._board.tell(event)

    def call_binding(self, leg: Leg, binding: Binding, display: str, number: str, body: bytes) -> None:
        """Send an INVITE to a telephone."""
        board = self._board
        host = board.signalling.identity.sent_by
        user = "".join(char for char in number if char.isdigit() or char == "+") or "anonymous"
        name = f"{quote(display)} " if display else ""
        headers: Headers = {
            "From": [f"{name}<sip:{user}@{host}>"],
            "To": [f"<sip:{binding.number}@{host}>"],
        }
        board.signalling.invite(leg, binding.uri, headers, body, board.now_ms())

    def _ring(self, order: PresentOffer, call: Call, binding: Binding) -> None:
        board = self._board
        leg = board.signalling.new_leg(f"{order.contact}/{order.offer}", binding.peer)
        side = Side(order.offer, order.contact, order.agent, binding.number, leg, call)
        leg.owner = side
        if call.caller is not None:
            body = with_direction(call.caller.remote_sdp, "sendrecv")
            leg.forwards = max(1, call.caller.forwards)
        else:
            try:
                side.media = board.media.open(order.contact, None)
            except MediaRefused:
                board.tell(OfferFailed(order.offer, OfferState.UNREACHABLE))
                return
            body = side.media.local_sdp
        board.sides[order.offer] = side
        self.call_binding(leg, binding, order.display or call.display, call.number, body)
        side.timer = board.after(board.settings.phone_silence_ms, partial(self._check_silence, side, binding))

    def _check_silence(self, side: Side, binding: Binding) -> None:
        """A telephone that says nothing at all is not there: its registration is worth nothing either."""
        if side.leg.invite is None or side.leg.invite.state is not State.CALLING:
            return
        self._board.hang_up(side.leg)
        self.failed(side, 408)
        self.drop_binding(binding)

    def drop_binding(self, binding: Binding) -> None:
        """Forget a telephone that does not answer, and say so if it was the agent's last."""
        registrar = self._board.registrar
        if registrar.drop(binding) and not registrar.is_reachable(binding.number):
            self.report_link(binding.number, False)

    def report_link(self, number: str, is_up: bool) -> None:
        """Tell the engine that an agent's telephone came or went."""
        for agent, known in self._board.number_of.items():
            if known == number:
                self._board.tell(LinkChanged(agent, Link.PHONE, is_up))

    def _taken_or_late(self, side: Side, future: Future[Record]) -> None:
        if future.cancelled() or future.exception() is not None or side.is_taken:
            return
        if any(isinstance(fact, Late | Refused) for fact in future.result().facts):
            # Somebody else has the contact, or the offer is over: nobody must sit there with a dead line.
            self.drop(side)
            self._board.hang_up(side.leg)
            self._board.flush()


def notes_of(side: Side) -> dict[str, str]:
    """Return what must be known of an agent's leg after a crash."""
    return {"role": "agent", "offer": str(side.offer), "agent": side.agent, "number": side.number}
