"""Letting two legs talk with each other directly, and parting them again (RFC 3725: third party call control).

Media go end to end: the agent's telephone was offered the caller's description; the caller now gets the agent's,
as the answer of a call that was not answered yet, or by re-INVITE. Whatever either side changes later (codec, address,
hold) is passed on as a re-INVITE to the other. Music while held comes from the media room.
"""

from __future__ import annotations

from functools import partial

from acd.routing.events import AgentLegEnded, ConnectFailed, ContactConnected, HoldChosen
from acd.routing.outputs import ConnectContact, HoldContact
from telephony_adapters.sip.calls import Call, Side, SideState
from telephony_adapters.sip.legs import Leg, LegState, OfferCame
from telephony_adapters.sip.media import MediaRefused
from telephony_adapters.sip.sdp import direction_of, endpoint_of, is_hold, mirrored, with_direction
from telephony_adapters.sip.switchboard import Switchboard


class Joining:
    """Carries out `ConnectContact` and `HoldContact`, and passes on what the legs change themselves."""

    def __init__(self, board: Switchboard) -> None:
        self._board = board

    def connect(self, call: Call, order: ConnectContact) -> None:
        """Let customer and agent talk, now or when the agent's telephone is picked up."""
        side = self._board.sides.get(order.offer)
        if side is None or side.leg.is_ended:
            self._board.tell(ConnectFailed(order.offer, "no_agent_leg"))
            return
        call.side = side
        if side.leg.is_up:
            self.join(call, side)
        else:
            side.connect_wanted = True

    def join(self, call: Call, side: Side) -> None:
        """Both are there: exchange their descriptions."""
        board, caller = self._board, call.caller
        if caller is None or caller.is_ended:
            board.tell(ConnectFailed(side.offer, "customer_gone"))
            return
        side.state = SideState.JOINING
        call.side = side
        call.drop_timers()
        if call.media is not None:
            call.media.stop_collecting()
        if caller.state is LegState.CALLING and not caller.is_early and caller.remote_sdp:
            board.signalling.answer(caller, side.leg.remote_sdp, board.now_ms())
            return  # connected when the ACK comes: see `acknowledged`
        if caller.state is LegState.CALLING:
            # The session of the early media must be the answer; it is moved to the agent right after.
            board.signalling.answer(caller, caller.local_sdp, board.now_ms())
        board.offer(
            caller, with_direction(side.leg.remote_sdp, "sendrecv"), partial(self._caller_moved, call, side)
        )

    def acknowledged(self, call: Call) -> None:
        """The caller's ACK of an answer that carried the agent's description."""
        side = call.side
        if side is not None and side.state is SideState.JOINING and call.media is None:
            self._joined(call, side)

    def hold(self, call: Call, order: HoldContact) -> None:
        """Hold or retrieve the customer."""
        side = call.side
        if side is None or call.caller is None or call.caller.is_ended or side.leg.is_ended:
            return
        if order.is_held:
            side.state = SideState.HELD
            if not side.phone_holds:
                held = with_direction(side.leg.local_sdp, "inactive")
                self._board.offer(side.leg, held, _ignore)
            self.give_music(call)
        else:
            self.retrieve(call, side)
        self.store_caller(call)

    def give_music(self, call: Call) -> None:
        """Move the customer to the media room."""
        caller = call.caller
        assert caller is not None, "somebody to play to"
        try:
            media = call.media or self._board.media.open(call.contact, None)
        except MediaRefused:
            self._board.offer(caller, with_direction(caller.local_sdp, "inactive"), _ignore)
            return
        call.media = media
        self._board.offer(caller, media.offer(), partial(self._hears_music, call))

    def retrieve(self, call: Call, side: Side) -> None:
        """Let both talk again: first the agent's telephone, then the customer."""
        caller = call.caller
        assert caller is not None, "checked by the caller"
        side.state = SideState.JOINING
        if direction_of(side.leg.local_sdp) == direction_of(side.leg.remote_sdp) == "sendrecv":
            self._agent_back(call, side, 0)
            return
        body = with_direction(caller.remote_sdp, "sendrecv")
        self._board.offer(side.leg, body, partial(self._agent_back, call, side))

    def offer_came(self, call: Call, happening: OfferCame, side: Side | None) -> None:
        """A peer wants to change its session: the agent's telephone if `side` is given, else the customer."""
        leg, board = happening.leg, self._board
        if side is not None and self._phone_hold(call, side, happening):
            return
        partner = call.partner if side is None else (call.caller if side.state is SideState.TALKING else None)
        if partner is not None and not partner.is_ended:
            if happening.sdp and partner.is_negotiating:
                # Both sides changed something at once: passing both on would let each wait for the other.
                board.signalling.refuse_offer(leg, 491, board.now_ms())
            elif happening.sdp:
                board.offer(partner, happening.sdp, partial(self._passed_on, leg, partner))
            else:
                board.signalling.answer_offer(leg, partner.remote_sdp, board.now_ms())
            return
        self._answer_alone(call, leg, happening.sdp)

    def agent_left(self, side: Side) -> None:
        """The agent's telephone hung up or was lost."""
        was, side.state = side.state, SideState.GONE
        if side.call.media is not None and side.call.side is side and was is SideState.TALKING:
            self._board.close_sound(side.call)
        if was in (SideState.TALKING, SideState.HELD):
            self._board.tell(AgentLegEnded(side.offer))
        elif was is SideState.JOINING:
            self._board.tell(ConnectFailed(side.offer, "agent_left"))
        elif side.is_taken:
            self._board.tell(AgentLegEnded(side.offer))
        # Picked up but not taken yet: the order to connect is still to come and finds the leg ended.

    def store_caller(self, call: Call) -> None:
        """Have the customer's leg kept as it is now."""
        if call.caller is None or call.caller.is_ended:
            return
        notes = {"role": "caller"}
        if call.side is not None:
            notes["talks"] = str(call.side.offer)
            if call.side.state is SideState.HELD:
                notes["held"] = "1"
        self._board.store(call.contact, call.caller, **notes)

    def settle(self, call: Call, side: Side) -> None:
        """Tell the agent's telephone where the customer really is, if that is not what it was offered."""
        caller = call.caller
        if caller is None or side.leg.is_ended:
            return
        if endpoint_of(caller.remote_sdp) != endpoint_of(side.leg.local_sdp):
            self._board.offer(side.leg, caller.remote_sdp, _ignore)

    def _caller_moved(self, call: Call, side: Side, status: int) -> None:
        if side.state is not SideState.JOINING:
            return
        if status:
            side.state = SideState.PICKED
            self._board.tell(ConnectFailed(side.offer, f"refused {status}"))
            return
        self._board.close_sound(call)
        self.settle(call, side)
        self._joined(call, side)

    def _joined(self, call: Call, side: Side) -> None:
        side.state = SideState.TALKING
        side.phone_holds = False
        call.treatment = None
        if side.media is not None:
            side.media.close()
            side.media = None
        self._board.tell(ContactConnected(side.offer))
        self.store_caller(call)

    def _agent_back(self, call: Call, side: Side, status: int) -> None:
        caller = call.caller
        if side.state is not SideState.JOINING or caller is None or status:
            return
        side.phone_holds = False
        body = with_direction(side.leg.remote_sdp, "sendrecv")
        self._board.offer(caller, body, partial(self._retrieved, call, side))

    def _retrieved(self, call: Call, side: Side, status: int) -> None:
        if side.state is not SideState.JOINING or status:
            return
        side.state = SideState.TALKING
        self._board.close_sound(call)
        self.settle(call, side)
        self.store_caller(call)

    def _hears_music(self, call: Call, status: int) -> None:
        if call.media is None or call.caller is None:
            return
        if status == 0:
            try:
                call.media.accept(call.caller.remote_sdp)
                call.media.music(True)
                return
            except MediaRefused:
                pass
        call.media.close()
        call.media = None

    def _phone_hold(self, call: Call, side: Side, happening: OfferCame) -> bool:
        """Hold pressed on the telephone: answered at once, told to the engine, which orders the music."""
        leg, board = happening.leg, self._board
        if not happening.sdp or side.state not in (SideState.TALKING, SideState.HELD, SideState.JOINING):
            return False
        wants = is_hold(happening.sdp)
        if wants == side.phone_holds:
            return False
        side.phone_holds = wants
        body = with_direction(leg.local_sdp, mirrored(direction_of(happening.sdp)) if wants else "sendrecv")
        board.signalling.answer_offer(leg, body, board.now_ms())
        board.tell(HoldChosen(side.offer, wants))
        return True

    def _passed_on(self, asker: Leg, partner: Leg, status: int) -> None:
        board = self._board
        if status:
            board.signalling.refuse_offer(asker, status, board.now_ms())
        else:
            board.signalling.answer_offer(asker, partner.remote_sdp, board.now_ms())

    def _answer_alone(self, call: Call, leg: Leg, body: bytes) -> None:
        """The leg talks with nobody but us."""
        board = self._board
        if leg is call.caller and call.media is not None:
            try:
                answer = call.media.answer(body) if body else call.media.offer()
            except MediaRefused as error:
                board.signalling.refuse_offer(leg, error.status, board.now_ms())
                return
            board.signalling.answer_offer(leg, answer, board.now_ms())
            return
        direction = mirrored(direction_of(body)) if body else "sendrecv"
        board.signalling.answer_offer(leg, with_direction(leg.local_sdp, direction), board.now_ms())


def _ignore(status: int) -> None:
    """An offer whose outcome changes nothing: the session is then as it was."""
