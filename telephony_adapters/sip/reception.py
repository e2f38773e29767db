"""Each happening of `Signalling` to the part that knows it, and new calls to the engine."""

from __future__ import annotations

import logging
import secrets
from asyncio import Future
from functools import partial
from typing import TYPE_CHECKING

from acd.ports import Record
from acd.routing.events import ConnectFailed, ContactArrived, CustomerLeft, TransferAsked
from acd.routing.model import AgentId, Channel, ContactId, Link, QueueId
from acd.routing.outputs import (
    AnyCommand,
    ConnectContact,
    ContactCommand,
    EndContact,
    Late,
    Refused,
    TurnAway,
)
from telephony_adapters.sip.calls import Call, Outside, Side, SideState
from telephony_adapters.sip.errors import SipError
from telephony_adapters.sip.legs import (
    CallCame,
    DigitCame,
    Leg,
    LegAcknowledged,
    LegAnswered,
    LegEnded,
    LegFailed,
    LegHappening,
    LegRang,
    LegState,
    OfferAnswered,
    OfferCame,
    OfferRefused,
    ReferCame,
    ReplyCame,
    StrayAnswered,
)
from telephony_adapters.sip.media import MediaRefused
from telephony_adapters.sip.uri import parse_uri

if TYPE_CHECKING:
    from telephony_adapters.sip.adapter import SipAdapter

log = logging.getLogger(__name__)


class Reception:
    """The adapter's ear."""

    def __init__(self, adapter: SipAdapter) -> None:
        self._adapter = adapter
        self._board = adapter.board
        self._refresh_round = 0

    def take(self, happening: LegHappening) -> None:
        """Say it in our words, to the part that knows what it means."""
        if isinstance(happening, CallCame):
            self._call_came(happening)
        elif isinstance(happening, LegRang | LegAnswered | LegFailed):
            self._called_leg(happening)
        elif isinstance(happening, LegAcknowledged):
            self._acknowledged(happening.leg)
        elif isinstance(happening, LegEnded):
            self._ended(happening.leg, happening.reason)
        elif isinstance(happening, OfferAnswered | OfferRefused):
            then = self._board.offer_ends.pop(happening.leg, None)
            if then is not None:
                then(happening.status if isinstance(happening, OfferRefused) else 0)
        elif isinstance(happening, OfferCame):
            self._offer_came(happening)
        elif isinstance(happening, DigitCame):
            owner = happening.leg.owner
            if isinstance(owner, Call) and owner.media is not None:
                owner.media.press(happening.digit)
        elif isinstance(happening, ReferCame):
            self._refer_came(happening)
        elif isinstance(happening, StrayAnswered):
            self._stray(happening)
        elif isinstance(happening, ReplyCame):
            self._adapter.phones.take_reply(happening)
        else:
            self._adapter.phones.take(happening)

    def unknown(self, command: AnyCommand) -> None:
        """An order about a contact whose leg is gone: say so, for whoever ordered waits for it."""
        if isinstance(command, ConnectContact):
            self._board.tell(ConnectFailed(command.offer, "customer_gone"))
        elif isinstance(command, ContactCommand) and not isinstance(command, EndContact | TurnAway):
            self._board.tell(CustomerLeft(command.contact, "lost"))

    def refresh(self) -> None:
        """Say 182 again to everybody who waits unanswered; ask, in turn, who talks whether they still do."""
        for call in list(self._board.calls.values()):
            self._adapter.treatments.say_queued(call)
            if call.caller is not None and call.caller.is_up:
                self._board.signalling.probe(call.caller, self._board.now_ms())
        for side in list(self._board.sides.values()):
            self._board.signalling.probe(side.leg, self._board.now_ms())

    def _call_came(self, happening: CallCame) -> None:
        leg, board = happening.leg, self._board
        try:
            if self._adapter.is_stopping or len(board.calls) >= board.settings.calls_max:
                raise SipError(503, f"{len(board.calls)} calls", (("Retry-After", "10"),))
            guest = self._adapter.doors.admit_call(happening.request, leg.peer, board.now_ms())
        except SipError as error:
            board.signalling.refuse(leg, error.status, board.now_ms(), error.headers)
            return
        contact = ContactId(f"sip-{secrets.token_hex(12)}")
        call = Call(contact, leg)
        call.number, call.display = guest.number, guest.display
        leg.owner = call
        event = ContactArrived(
            contact,
            self._adapter.name,
            Channel.VOICE,
            guest.entry,
            identities=guest.identities,
            display=guest.display or guest.number,
            links=(Link.PHONE,),
            verified=guest.verified,
        )
        if board.tell(event) is None:
            board.signalling.refuse(leg, 503, board.now_ms(), (("Retry-After", "10"),))
            return
        board.calls[contact] = call
        board.store(contact, leg, role="caller", number=call.number, display=call.display)

    def _called_leg(self, happening: LegRang | LegAnswered | LegFailed) -> None:
        owner = happening.leg.owner
        if isinstance(owner, Side):
            if isinstance(happening, LegRang):
                self._adapter.offering.rang(owner)
            elif isinstance(happening, LegFailed):
                self._adapter.offering.failed(owner, happening.status)
            else:
                self._adapter.offering.picked(owner)
                if owner.connect_wanted:
                    self._adapter.joining.join(owner.call, owner)
        elif isinstance(owner, Outside):
            if isinstance(happening, LegFailed):
                self._adapter.outside.failed(owner, happening.status)
            elif isinstance(happening, LegAnswered):
                self._adapter.outside.answered(owner)

    def _acknowledged(self, leg: Leg) -> None:
        call = leg.owner
        if not isinstance(call, Call):
            return
        if call.media is not None and leg.invite is not None and not leg.invite.request.body:
            try:
                call.media.accept(leg.remote_sdp)
            except MediaRefused:
                self._board.hang_up(leg)
                self._ended(leg, "no_media")
                return
        for order in call.pending_offers:
            self._adapter.carry_out(order)  # type: ignore[arg-type]
        call.pending_offers.clear()
        self._adapter.joining.acknowledged(call)

    def _ended(self, leg: Leg, reason: str) -> None:
        self._board.offer_ends.pop(leg, None)
        owner = leg.owner
        if isinstance(owner, Call):
            if owner.caller is not leg:
                return
            self._adapter.outside.customer_gone(owner)
            self._adapter.treatments.drop(owner)
            if not owner.is_left:
                self._board.tell(CustomerLeft(owner.contact, "hung_up" if reason == "bye" else reason))
        elif isinstance(owner, Side):
            self._adapter.joining.agent_left(owner)
        elif isinstance(owner, Outside):
            self._adapter.outside.left(owner)

    def _offer_came(self, happening: OfferCame) -> None:
        owner = happening.leg.owner
        if isinstance(owner, Call):
            self._adapter.joining.offer_came(owner, happening, None)
        elif isinstance(owner, Side):
            self._adapter.joining.offer_came(owner.call, happening, owner)
        else:
            self._board.signalling.answer_offer(happening.leg, happening.leg.local_sdp, self._board.now_ms())

    def _stray(self, stray: StrayAnswered) -> None:
        """A telephone that still rang from before a crash was picked up: nobody is there, it must not stay off hook.

        Only telephones and the trunk are answered, so that nobody can make us send to a third.
        """
        board, host = self._board, stray.peer[0]
        trunk = board.settings.trunk
        if board.registrar.has_host(host) or (trunk is not None and trunk[0] == host):
            try:
                board.signalling.end_stray(stray, board.now_ms())
            except SipError:  # its Contact or tags are not to be read: it ends by itself, without our ACK
                board.signalling.malformed += 1

    def _refer_came(self, refer: ReferCame) -> None:
        """A blind transfer from an agent's telephone; customers may transfer nobody (S18)."""
        board, side = self._board, refer.leg.owner
        now_ms = board.now_ms()
        if not isinstance(side, Side) or side.state not in (SideState.TALKING, SideState.HELD):
            board.signalling.answer_refer(refer, 403, now_ms)
            return
        event = self._transfer_event(side, refer.target)
        if event is None:
            board.signalling.answer_refer(refer, 403, now_ms)
            return
        board.signalling.answer_refer(refer, 202, now_ms)
        board.signalling.notify_refer(refer.leg, refer, 100, "Trying", now_ms)
        future = board.tell(event)
        if future is not None:
            future.add_done_callback(partial(self._transfer_done, refer))

    def _transfer_event(self, side: Side, target: str) -> TransferAsked | None:
        uri = parse_uri(target)
        if not uri.is_sip and uri.scheme != "tel":
            return None
        number = uri.user_text.partition(";")[0]
        queue = self._adapter.queue_of(number) or self._adapter.queue_of(number.removeprefix("+"))
        if queue is not None:
            return TransferAsked(side.offer, to_queue=QueueId(queue))
        for agent, known in self._board.number_of.items():
            if known == number:
                return TransferAsked(side.offer, to_agent=AgentId(agent))
        if self._board.settings.may_dial(number):
            return TransferAsked(side.offer, to_number=number)
        return None

    def _transfer_done(self, refer: ReferCame, future: Future[Record]) -> None:
        if future.cancelled() or future.exception() is not None:
            return
        is_refused = any(isinstance(fact, Late | Refused) for fact in future.result().facts)
        status, reason = (603, "Decline") if is_refused else (200, "OK")
        board = self._board
        board.signalling.notify_refer(refer.leg, refer, status, reason, board.now_ms())
        board.flush()


def is_waiting(leg: Leg) -> bool:
    """Whether a caller's leg has no final answer yet."""
    return leg.state is LegState.CALLING
