"""Taking calls up again after a crash, from the bytes that `LegStored` kept.

A waiting caller's INVITE is adopted as if it had just come; a call in talk is known by its dialogs again, so that
its BYE is understood. Each resumed talk is asked whether it still lives.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from acd.ports import KeptLeg
from acd.routing.events import LegsCompared
from acd.routing.model import AgentId, ContactId, OfferId
from telephony_adapters.sip.calls import Call, Side, SideState
from telephony_adapters.sip.joining import Joining
from telephony_adapters.sip.legs import Leg, LegState, unpack_leg
from telephony_adapters.sip.message import SipRequest
from telephony_adapters.sip.switchboard import Switchboard

log = logging.getLogger(__name__)
Unpacked = tuple[Leg, SipRequest | None, dict[str, str]]


class Resuming:
    """Makes calls and sides of kept legs."""

    def __init__(self, board: Switchboard, joining: Joining) -> None:
        self._board = board
        self._joining = joining

    def resume(self, legs: Sequence[KeptLeg]) -> None:
        """Take the legs up, and report contacts whose customer's leg cannot be."""
        unpacked: dict[ContactId, list[Unpacked]] = {}
        gone: list[ContactId] = []
        for kept in legs:
            try:
                unpacked.setdefault(kept.contact, []).append(unpack_leg(kept.resume))
            except (ValueError, AssertionError) as error:
                log.warning("leg_unreadable contact_id=%s leg=%s why=%s", kept.contact, kept.leg, error)
        for contact, parts in unpacked.items():
            if not self._resume_call(contact, parts):
                gone.append(contact)
        gone += [kept.contact for kept in legs if kept.contact not in unpacked]
        if gone:
            self._board.tell(LegsCompared(self._board.name, tuple(dict.fromkeys(gone))))

    def _resume_call(self, contact: ContactId, parts: list[Unpacked]) -> bool:
        """Returns whether the customer's leg is among them."""
        callers = [part for part in parts if part[2].get("role") == "caller"]
        if not callers:
            for leg, _, _ in parts:
                self._board.signalling.resume(leg, None)
                self._board.hang_up(leg)
            return False
        leg, invite, notes = callers[-1]
        call = Call(contact, leg)
        call.number, call.display = notes.get("number", ""), notes.get("display", "")
        leg.owner = call
        if leg.state is LegState.CALLING and leg.local_sdp:
            leg.is_early = call.is_resumed_early = True
        self._board.signalling.resume(leg, invite)
        self._board.calls[contact] = call
        for agent_leg, _, agent_notes in parts:
            if agent_notes.get("role") == "agent":
                self._resume_side(call, agent_leg, agent_notes, notes)
        if leg.is_up:
            self._board.signalling.probe(leg, self._board.now_ms())
        if notes.get("held") and call.side is not None:
            self._joining.give_music(call)
        return True

    def _resume_side(self, call: Call, leg: Leg, notes: dict[str, str], caller_notes: dict[str, str]) -> None:
        offer = OfferId(int(notes["offer"]))
        side = Side(offer, call.contact, AgentId(notes["agent"]), notes.get("number", ""), leg, call)
        side.is_taken = True
        side.state = SideState.PICKED
        leg.owner = side
        if caller_notes.get("talks") == notes["offer"]:
            side.state = SideState.HELD if caller_notes.get("held") else SideState.TALKING
            call.side = side
        self._board.sides[offer] = side
        self._board.signalling.resume(leg, None)
        self._board.signalling.probe(leg, self._board.now_ms())
