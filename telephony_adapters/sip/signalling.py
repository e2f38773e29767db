"""The user agent without a socket: legs over dialogs over transactions (RFC 3261 sections 12 to 15).

Pure: `receive` and `expire` take time and return what happened; methods named in the imperative do something to
a leg; what must be sent collects in `outbox`. Policy (who may call, what a waiting caller hears, who is bridged
with whom) is the adapter's. Invariants: a leg ends exactly once, and whatever the peer does afterwards is
answered (a late 2xx is acknowledged and ended at once: no phone rings on for nobody).
"""

from __future__ import annotations

import heapq
from typing import Final

from telephony_adapters.sip import responses, sdp
from telephony_adapters.sip.actions import ALLOW, LegActions
from telephony_adapters.sip.dialogs import DialogId, accept_dialog, next_hop, open_dialog
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
    StrangerCame,
    StrayAnswered,
)
from telephony_adapters.sip.message import SipRequest, SipResponse, build_response
from telephony_adapters.sip.transactions import (
    AckCame,
    CancelCame,
    Happening,
    Peer,
    RequestCame,
    ResponseCame,
    TimedOut,
    Transaction,
)
from telephony_adapters.sip.wire import Malformed, parse_message

GLARE_TRIES_MAX: Final = 6
_KNOWN: Final = frozenset(ALLOW.split(", ")) | {"REGISTER"}
_DTMF_TYPES: Final = ("application/dtmf-relay", "application/dtmf")


class Signalling(LegActions):
    """All legs of one transport."""

    # --- what comes in ------------------------------------------------------------------------------------

    def receive(self, data: bytes, peer: Peer, now_ms: int) -> list[LegHappening]:
        """Take one datagram; whatever is in it, this does not raise."""
        try:
            message = parse_message(data)
        except Malformed as error:
            self.malformed += 1
            self._reply_statelessly(error.request, peer, error)
            return []
        except SipError:
            self.malformed += 1
            return []
        try:
            if isinstance(message, SipResponse):
                if self._is_stray(message):
                    return [StrayAnswered(message, peer)]
                happenings = self.layer.receive_response(message, now_ms)
            else:
                happenings = self.layer.receive_request(message, responses.note_source(message, peer), now_ms)
        except SipError as error:
            if isinstance(message, SipRequest):
                self._reply_statelessly(message, peer, error)
            return []
        return self._take_all(happenings, now_ms) if happenings else []

    def expire(self, now_ms: int) -> list[LegHappening]:
        """Do what is due."""
        while self._retries and self._retries[0][0] <= now_ms:
            _, _, leg = heapq.heappop(self._retries)
            self._try_offer(leg, now_ms)
        return self._take_all(self.layer.expire(now_ms), now_ms)

    def _is_stray(self, response: SipResponse) -> bool:
        """Whether this is the answer to an INVITE of ours that is in no books."""
        if not 200 <= response.status < 300 or response.cseq[1] != "INVITE" or self.layer.knows(response):
            return False
        via, identity = response.via, self.identity
        id_ = DialogId(response.call_id, response.from_.tag or "", response.to.tag or "")
        return (via.host, via.port) == (identity.host, identity.port) and id_ not in self._legs

    # --- transactions' happenings -------------------------------------------------------------------------

    def _take_all(self, happenings: list[Happening], now_ms: int) -> list[LegHappening]:
        found: list[LegHappening] = []
        for happening in happenings:
            if isinstance(happening, RequestCame):
                try:
                    found += self._take_request(happening.transaction, now_ms)
                except SipError as error:
                    self._refuse_transaction(happening.transaction, error, now_ms)
            elif isinstance(happening, ResponseCame):
                found += self._take_response(happening.transaction, happening.response, now_ms)
            elif isinstance(happening, AckCame):
                found += self._take_ack(happening, now_ms)
            elif isinstance(happening, CancelCame):
                found += self._take_cancel(happening.transaction, now_ms)
            else:
                found += self._take_timeout(happening, now_ms)
        return found

    def _take_request(self, transaction: Transaction, now_ms: int) -> list[LegHappening]:
        request = transaction.request
        if request.to.tag is not None:
            return self._take_inside(transaction, now_ms)
        if request.method == "INVITE":
            return self._take_invite(transaction, now_ms)
        if request.method in ("REGISTER", "OPTIONS"):
            return [StrangerCame(transaction, request, transaction.peer)]
        if request.method in _KNOWN:
            raise SipError(481, f"{request.method} outside a dialog")
        raise SipError(405, f"method {request.method[:40]!r}", (("Allow", ALLOW),))

    def _take_invite(self, transaction: Transaction, now_ms: int) -> list[LegHappening]:
        request = transaction.request
        responses.check_extensions(request)
        if request.get("Max-Forwards") == "0":
            raise SipError(483, "Max-Forwards 0")
        if not request.from_.tag:
            raise SipError(400, "a From without a tag")
        if request.body:
            responses.check_content(request)
        leg = Leg(self.identity.token(), True, transaction.peer, self._session_id())
        leg.tag = self.identity.token()
        leg.forwards = int(request.get("Max-Forwards") or 70) - 1
        leg.dialog = accept_dialog(request, transaction.peer, leg.tag, self.identity.contact())
        leg.dialog.peer = next_hop(leg.dialog.remote_target, transaction.peer)
        leg.remote_sdp = request.body
        leg.invite = transaction
        transaction.owner = leg
        self._legs[leg.dialog.id] = leg
        return [CallCame(leg, request)]

    def _take_inside(self, transaction: Transaction, now_ms: int) -> list[LegHappening]:
        request = transaction.request
        id_ = DialogId(request.call_id, request.to.tag or "", request.from_.tag or "")
        leg = self._legs.get(id_)
        if leg is None or leg.dialog is None:
            raise SipError(481, f"{request.method} in no dialog of ours")
        leg.dialog.check_request(request, transaction.peer)
        transaction.owner = leg
        if request.method == "BYE":
            self.layer.respond(transaction, build_response(request, 200), now_ms)
            # Who hangs up has had our 2xx, even if the ACK was lost: the call was answered.
            had_answer = leg.state is LegState.ANSWERED and not leg.bye_wanted
            happenings: list[LegHappening] = [LegAcknowledged(leg)] if had_answer else []
            return happenings + self._end_by_peer(leg, "bye", now_ms)
        if request.method in ("INVITE", "UPDATE"):
            return self._take_offer(leg, transaction, now_ms)
        if request.method == "INFO":
            return self._take_info(leg, transaction, now_ms)
        if request.method == "REFER":
            return [ReferCame(leg, transaction, responses.refer_target(request))]
        if request.method in ("OPTIONS", "NOTIFY"):
            self.layer.respond(transaction, build_response(request, 200, headers=(("Allow", ALLOW),)), now_ms)
            return []
        raise SipError(405, f"method {request.method[:40]!r} in a dialog", (("Allow", ALLOW),))

    def _take_offer(self, leg: Leg, transaction: Transaction, now_ms: int) -> list[LegHappening]:
        request = transaction.request
        assert leg.dialog is not None, "an in-dialog request"
        if request.method == "UPDATE" and not request.body:
            leg.dialog.refresh_target(request)
            headers = (("Contact", self.identity.contact()),)
            self.layer.respond(transaction, build_response(request, 200, headers=headers), now_ms)
            return []
        if leg.is_negotiating:
            raise SipError(491, "another offer is under way on this leg")
        if request.body:
            responses.check_content(request)
        leg.dialog.refresh_target(request)
        leg.dialog.peer = next_hop(leg.dialog.remote_target, transaction.peer)
        leg.reinvite_in = transaction
        if request.body:
            leg.remote_sdp = request.body
        return [OfferCame(leg, request.body)]

    def _take_info(self, leg: Leg, transaction: Transaction, now_ms: int) -> list[LegHappening]:
        request = transaction.request
        kind = (request.get("Content-Type") or "").partition(";")[0].strip().lower()
        if request.body and kind not in _DTMF_TYPES:
            raise SipError(415, f"INFO of type {kind[:40]!r}", (("Accept", ", ".join(_DTMF_TYPES)),))
        self.layer.respond(transaction, build_response(request, 200), now_ms)
        digit = responses.info_digit(request.body)
        return [DigitCame(leg, digit)] if digit else []

    def _take_ack(self, happening: AckCame, now_ms: int) -> list[LegHappening]:
        transaction = happening.transaction
        leg = transaction.owner
        assert isinstance(leg, Leg), "only INVITEs to legs are answered 2xx"
        body = happening.request.body
        if body and not transaction.request.body:
            leg.remote_sdp = body
        if transaction is leg.reinvite_in:
            leg.reinvite_in = None
            self._try_offer(leg, now_ms)
            return []
        if leg.state is not LegState.ANSWERED:
            return []
        leg.state = LegState.UP
        if leg.bye_wanted:
            self._end_dialog(leg, now_ms)
            return []
        self._try_offer(leg, now_ms)
        return [LegAcknowledged(leg)]

    def _take_cancel(self, transaction: Transaction, now_ms: int) -> list[LegHappening]:
        leg = transaction.owner
        assert isinstance(leg, Leg), "every INVITE that waits has a leg"
        tag = "" if transaction.request.to.tag else leg.tag
        self.layer.respond(transaction, build_response(transaction.request, 487, to_tag=tag), now_ms)
        if transaction is leg.reinvite_in:
            leg.reinvite_in = None
            return []
        if leg.is_ended:
            return []
        self._forget(leg)
        return [LegEnded(leg, "cancelled")]

    def _take_response(
        self, transaction: Transaction, response: SipResponse, now_ms: int
    ) -> list[LegHappening]:
        leg = transaction.owner
        if not isinstance(leg, Leg):
            return [ReplyCame(leg, response.status)] if leg is not None and response.status >= 200 else []
        if transaction is leg.invite:
            return self._take_invite_response(leg, transaction, response, now_ms)
        if transaction.is_invite:
            return self._take_reinvite_response(leg, transaction, response, now_ms)
        if response.status in (408, 481) and transaction.request.method != "BYE" and leg.is_up:
            return self._end_by_peer(leg, "lost", now_ms)
        return []

    def _take_invite_response(
        self, leg: Leg, transaction: Transaction, response: SipResponse, now_ms: int
    ) -> list[LegHappening]:
        status = response.status
        if status < 200:
            return [LegRang(leg, status)] if status > 100 and not leg.is_ended else []
        if status >= 300:
            if leg.is_ended:
                return []
            self._forget(leg)
            return [LegFailed(leg, status)]
        dialog = open_dialog(transaction.request, response, leg.peer)
        dialog.peer = next_hop(dialog.remote_target, leg.peer)
        if leg.state is not LegState.CALLING or not _is_session(response.body):
            # Too late, a second phone of a fork, or an answer without a session: taken and ended at once.
            late = Leg(leg.name, False, leg.peer, leg.sdp_id)
            late.dialog = dialog
            self._acknowledge(late, transaction, now_ms)
            late.state = LegState.UP
            self._end_dialog(late, now_ms)
            if leg.state is LegState.CALLING:
                self._forget(leg)
                return [LegFailed(leg, 488)]
            return []
        leg.dialog = dialog
        leg.remote_sdp = response.body
        leg.state = LegState.UP
        self._legs[dialog.id] = leg
        self._acknowledge(leg, transaction, now_ms)
        return [LegAnswered(leg)]

    def _take_reinvite_response(
        self, leg: Leg, transaction: Transaction, response: SipResponse, now_ms: int
    ) -> list[LegHappening]:
        status = response.status
        if status < 200:
            return []
        if 200 <= status < 300:
            self._acknowledge(leg, transaction, now_ms)
        if transaction is not leg.reinvite_out:
            return []
        leg.reinvite_out = None
        if leg.is_ended:
            return []
        if status < 300:
            assert leg.dialog is not None, "a re-INVITE went out"
            leg.dialog.refresh_target(response)
            leg.local_sdp = transaction.request.body
            if _is_session(response.body):
                leg.remote_sdp = response.body
            self._try_offer(leg, now_ms)
            return [OfferAnswered(leg)] if leg.reinvite_out is None else []
        if status in (408, 481):
            return self._end_by_peer(leg, "lost", now_ms)
        if status == 491 and leg.retries < GLARE_TRIES_MAX:
            self._retry_later(leg, transaction, now_ms)
            return []
        if leg.wanted_sdp is not None:
            self._try_offer(leg, now_ms)
            return []
        return [OfferRefused(leg, status)]

    def _take_timeout(self, happening: TimedOut, now_ms: int) -> list[LegHappening]:
        transaction = happening.transaction
        leg = transaction.owner
        if not isinstance(leg, Leg):
            return [ReplyCame(leg, 408)] if leg is not None else []
        if transaction.is_client and transaction is leg.invite:
            if leg.is_ended:
                return []
            self._forget(leg)
            return [LegFailed(leg, 408)]
        if transaction.request.method == "BYE" or leg.is_ended:
            return []
        if leg.bye_wanted:
            leg.state = LegState.UP
            self._end_dialog(leg, now_ms)
            return []
        return self._end_by_peer(leg, "lost", now_ms)


def _is_session(body: bytes) -> bool:
    if not body:
        return False
    try:
        sdp.check_session(body)
    except SipError:
        return False
    return True
