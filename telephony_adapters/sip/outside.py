"""Calls that we make beside the offer: the customer of a return call, the target of a transfer or a consult.

Numbers outside go to the trunk, and only if the operator allows their beginning (toll fraud, attack S18); agents are
reached at their telephones. Redirections are never followed.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from acd.routing.events import (
    ConnectFailed,
    ConsultConnected,
    ConsultEnded,
    ContactConnected,
    CustomerLeft,
    CustomerReached,
    DialFailed,
    ParticipantLeft,
)
from acd.routing.model import AgentId, OfferId
from acd.routing.outputs import DialCustomer, EndConsult, StartConsult, TransferOut
from telephony_adapters.sip.calls import Call, Outside, Purpose, Side, SideState
from telephony_adapters.sip.joining import Joining
from telephony_adapters.sip.legs import LegState
from telephony_adapters.sip.media import MediaRefused
from telephony_adapters.sip.message import Headers
from telephony_adapters.sip.offering import Offering, notes_of
from telephony_adapters.sip.sdp import endpoint_of, with_direction
from telephony_adapters.sip.switchboard import Switchboard

_BUSY: Final = frozenset({486, 600})
_NO_ANSWER: Final = frozenset({408, 480, 487, 603})
TRANSFER_RING_MS: Final = 30_000


class OutsideCalls:
    """Carries out `DialCustomer`, `TransferOut`, `StartConsult` and `EndConsult`."""

    def __init__(self, board: Switchboard, offering: Offering, joining: Joining) -> None:
        self._board = board
        self._offering = offering
        self._joining = joining

    def dial(self, order: DialCustomer) -> None:
        """Call the customer of a return call; the agent is there already, or comes after."""
        board = self._board
        side = board.sides.get(order.offer)
        call = board.calls.get(order.contact) or Call(order.contact, None)
        board.calls[order.contact] = call
        if call.caller is not None:
            if side is not None and side.leg.is_up:
                self._joining.join(call, side)
            return
        if call.outside is not None:
            return
        if not board.settings.may_dial(order.number) or board.settings.trunk is None:
            self._give_up(call)
            board.tell(DialFailed(order.offer, "forbidden"))
            return
        leg = board.signalling.new_leg(f"{order.contact}/customer", board.settings.trunk)
        outside = call.outside = Outside(Purpose.DIAL, order.offer, leg, call)
        leg.owner = outside
        call.number = order.number
        if side is not None and side.leg.is_up:
            body = side.leg.remote_sdp
        else:
            try:
                outside.media = board.media.open(order.contact, None)
            except MediaRefused:
                self._give_up(call)
                board.tell(DialFailed(order.offer, "unreachable"))
                return
            body = outside.media.local_sdp
        self._invite_number(outside, order.number, body)
        outside.timer = board.after(order.ring_ms, partial(self._rang_out, outside))

    def transfer(self, call: Call, order: TransferOut) -> None:
        """Connect the customer with a number outside; the agent's leg is another order's business."""
        board, caller = self._board, call.caller
        if caller is None or caller.is_ended or call.outside is not None:
            return
        if not board.settings.may_dial(order.number) or board.settings.trunk is None:
            board.tell(ConnectFailed(order.offer, "forbidden"))
            return
        leg = board.signalling.new_leg(f"{order.contact}/transfer", board.settings.trunk)
        outside = call.outside = Outside(Purpose.TRANSFER, order.offer, leg, call)
        leg.owner = outside
        self._invite_number(outside, order.number, with_direction(caller.remote_sdp, "sendrecv"))
        outside.timer = board.after(TRANSFER_RING_MS, partial(self._rang_out, outside))

    def consult(self, call: Call, order: StartConsult) -> None:
        """Call the target of a consult; the customer is held by another order."""
        board = self._board
        side = board.sides.get(order.offer)
        if side is None or not side.leg.is_up or call.outside is not None:
            board.tell(ConsultEnded(order.offer, "no_agent_leg"))
            return
        body = with_direction(side.leg.remote_sdp, "sendrecv")
        if order.to_agent is not None:
            binding = self._offering.binding_of(order.to_agent)
            if binding is None:
                board.tell(ConsultEnded(order.offer, "unreachable"))
                return
            leg = board.signalling.new_leg(f"{order.contact}/consult/{order.turn}", binding.peer)
            outside = call.outside = Outside(Purpose.CONSULT, order.offer, leg, call, order.to_agent)
            leg.owner = outside
            self._offering.call_binding(leg, binding, call.display, call.number, body)
        elif board.settings.may_dial(order.to_number) and board.settings.trunk is not None:
            leg = board.signalling.new_leg(f"{order.contact}/consult/{order.turn}", board.settings.trunk)
            outside = call.outside = Outside(Purpose.CONSULT, order.offer, leg, call, number=order.to_number)
            leg.owner = outside
            self._invite_number(outside, order.to_number, body)
        else:
            board.tell(ConsultEnded(order.offer, "forbidden"))
            return
        outside.timer = board.after(TRANSFER_RING_MS, partial(self._rang_out, outside))

    def end_consult(self, call: Call, order: EndConsult) -> None:
        """Take the customer back, or hand them to the target."""
        outside, side = call.outside, self._board.sides.get(order.offer)
        if order.how == "transfer" and outside is not None and outside.leg.is_up and call.caller is not None:
            self._hand_over(call, outside)
            return
        if outside is not None and outside.purpose is Purpose.CONSULT:
            self._drop(outside)
            self._board.hang_up(outside.leg)
            if order.how == "conference":  # nothing mixes here: the target goes, and the engine is told
                self._board.tell(ParticipantLeft(order.offer, outside.agent or outside.number))
        if side is not None and not side.leg.is_ended and call.caller is not None:
            self._joining.retrieve(call, side)

    def answered(self, outside: Outside) -> None:
        """The called side picked up."""
        call, board = outside.call, self._board
        if outside.timer is not None:
            outside.timer.cancel()
        side = board.sides.get(outside.offer)
        if outside.purpose is Purpose.DIAL:
            self._customer_there(call, outside, side)
        elif outside.purpose is Purpose.TRANSFER and call.caller is not None:
            board.offer(call.caller, outside.leg.remote_sdp, partial(self._transferred, call, outside))
        elif outside.purpose is Purpose.CONSULT and side is not None:
            board.offer(side.leg, outside.leg.remote_sdp, partial(self._consulted, outside, side))

    def failed(self, outside: Outside, status: int) -> None:
        """The called side did not come."""
        reason = "busy" if status in _BUSY else "no_answer" if status in _NO_ANSWER else "unreachable"
        call = outside.call
        self._drop(outside)
        if outside.purpose is Purpose.DIAL:
            self._give_up(call)
            self._board.tell(DialFailed(outside.offer, reason))
        elif outside.purpose is Purpose.TRANSFER:
            self._board.tell(ConnectFailed(outside.offer, reason))
        else:
            self._board.tell(ConsultEnded(outside.offer, reason))

    def left(self, outside: Outside) -> None:
        """The called side hung up after it had answered."""
        call = outside.call
        self._drop(outside)
        if call.is_left:
            if call.caller is not None:
                self._board.hang_up(call.caller)
            self._board.calls.pop(call.contact, None)
        elif outside.purpose is Purpose.CONSULT:
            self._board.tell(ConsultEnded(outside.offer, "target_left"))
        elif outside.purpose is Purpose.TRANSFER:
            self._board.tell(ConnectFailed(outside.offer, "target_left"))

    def customer_gone(self, call: Call) -> None:
        """The customer has left: nobody else is called for them, and a transferred talk is over."""
        outside = call.outside
        if outside is not None:
            self._drop(outside)
            self._board.hang_up(outside.leg)

    def adopt(self, offer: OfferId, contact_call: Call, agent: AgentId) -> bool:
        """After an attended transfer the consulted agent holds the contact under a new offer."""
        outside = contact_call.outside
        if outside is None or outside.purpose is not Purpose.CONSULT or outside.agent != agent:
            return False
        number = self._board.number_of.get(agent, "")
        side = Side(offer, contact_call.contact, agent, number, outside.leg, contact_call)
        side.state, side.is_taken = SideState.JOINING, True
        outside.leg.owner = side
        self._board.sides[offer] = side
        return True

    def _invite_number(self, outside: Outside, number: str, body: bytes) -> None:
        board = self._board
        trunk = board.settings.trunk
        assert trunk is not None, "checked before"
        host = f"[{trunk[0]}]" if ":" in trunk[0] else trunk[0]
        uri = f"sip:{number}@{host}:{trunk[1]}"
        own = f"sip:{board.settings.realm}@{board.signalling.identity.sent_by}"
        headers: Headers = {"From": [f"<{own}>"], "To": [f"<{uri}>"]}
        board.signalling.invite(outside.leg, uri, headers, body, board.now_ms())

    def _customer_there(self, call: Call, outside: Outside, side: Side | None) -> None:
        board = self._board
        call.caller, call.outside = outside.leg, None
        outside.leg.owner = call
        board.store(call.contact, outside.leg, role="caller")
        if side is not None and side.leg.is_up:
            side.state = SideState.JOINING
            call.side = side
            body = with_direction(outside.leg.remote_sdp, "sendrecv")
            board.offer(side.leg, body, partial(self._return_call_joined, call, side))
            return
        call.media = outside.media
        if call.media is not None:
            try:
                call.media.accept(outside.leg.remote_sdp)
                call.media.music(True)
            except MediaRefused:
                board.close_sound(call)
        board.tell(CustomerReached(outside.offer))

    def _return_call_joined(self, call: Call, side: Side, status: int) -> None:
        if side.state is not SideState.JOINING or call.caller is None:
            return
        if status:
            self._board.tell(ConnectFailed(side.offer, f"refused {status}"))
            return
        if side.media is not None:
            side.media.close()
            side.media = None
        side.state = SideState.TALKING
        if endpoint_of(side.leg.remote_sdp) != endpoint_of(call.caller.local_sdp):
            self._board.offer(call.caller, side.leg.remote_sdp, lambda status: None)
        self._board.tell(ContactConnected(side.offer))
        self._joining.store_caller(call)

    def _transferred(self, call: Call, outside: Outside, status: int) -> None:
        if status or outside.leg.is_ended:
            self._drop(outside)
            self._board.hang_up(outside.leg)
            self._board.tell(ConnectFailed(outside.offer, "refused"))
            return
        self._board.close_sound(call)
        call.is_left = True
        if call.side is not None:
            call.side.state = SideState.PICKED
            call.side = None
        if call.caller is not None and endpoint_of(call.caller.remote_sdp) != endpoint_of(
            outside.leg.local_sdp
        ):
            self._board.offer(outside.leg, call.caller.remote_sdp, lambda status: None)
        self._board.tell(CustomerLeft(call.contact, "transferred"))

    def _consulted(self, outside: Outside, side: Side, status: int) -> None:
        if status or outside.leg.is_ended:
            self._drop(outside)
            self._board.hang_up(outside.leg)
            self._board.tell(ConsultEnded(outside.offer, "refused"))
            return
        if endpoint_of(side.leg.remote_sdp) != endpoint_of(outside.leg.local_sdp):
            self._board.offer(outside.leg, side.leg.remote_sdp, lambda status: None)
        self._board.tell(ConsultConnected(outside.offer))

    def _hand_over(self, call: Call, outside: Outside) -> None:
        """The consulted target takes the customer: both are moved to each other."""
        board, caller = self._board, call.caller
        assert caller is not None, "checked before"
        body = with_direction(caller.remote_sdp, "sendrecv")
        board.offer(outside.leg, body, partial(self._target_moved, call, outside))

    def _target_moved(self, call: Call, outside: Outside, status: int) -> None:
        if status or call.caller is None or call.caller.is_ended:
            return
        body = with_direction(outside.leg.remote_sdp, "sendrecv")
        self._board.offer(call.caller, body, partial(self._handed_over, call, outside))

    def _handed_over(self, call: Call, outside: Outside, status: int) -> None:
        if status:
            return
        self._board.close_sound(call)
        owner = outside.leg.owner
        if isinstance(owner, Side):
            owner.state = SideState.TALKING
            call.side, call.outside = owner, None
            self._board.store(call.contact, owner.leg, **notes_of(owner))
            self._joining.store_caller(call)
        else:
            call.is_left = True
            self._board.tell(CustomerLeft(call.contact, "transferred"))

    def _rang_out(self, outside: Outside) -> None:
        if outside.leg.state is LegState.CALLING:
            self._board.hang_up(outside.leg)
            self.failed(outside, 408)

    def _give_up(self, call: Call) -> None:
        if call.caller is None and call.outside is None and call.side is None:
            self._board.calls.pop(call.contact, None)

    def _drop(self, outside: Outside) -> None:
        if outside.timer is not None:
            outside.timer.cancel()
        if outside.media is not None and outside.call.media is not outside.media:
            outside.media.close()
        if outside.call.outside is outside:
            outside.call.outside = None
