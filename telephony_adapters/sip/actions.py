"""What can be done to a leg: call, ring, answer, refuse, offer, hang up (RFC 3261 sections 12 to 15).

Pure, and half of one thing: `Signalling` adds what comes in. Each action is right in every state of the leg or does
nothing; an offer waits until the leg is free for it, and the latest wish wins.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Final

from telephony_adapters.sip import responses, sdp
from telephony_adapters.sip.dialogs import DialogId, Identity, next_hop, open_dialog
from telephony_adapters.sip.errors import SipError
from telephony_adapters.sip.legs import Leg, LegEnded, LegHappening, LegState, ReferCame, StrayAnswered
from telephony_adapters.sip.message import Headers, SipRequest, SipResponse, build_response
from telephony_adapters.sip.transactions import Peer, Transaction, TransactionLayer
from telephony_adapters.sip.wire import serialize

ALLOW: Final = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, REFER, NOTIFY"


class LegActions:
    """The legs of one transport and what can be done to them."""

    def __init__(
        self, identity: Identity, random_ms: Callable[[int, int], int], transactions_max: int = 100_000
    ) -> None:
        """`random_ms` picks a waiting time between two bounds, for the retry after glare (section 14.1)."""
        self.identity = identity
        self.layer = TransactionLayer(transactions_max)
        self.malformed = 0
        self._random_ms = random_ms
        self._legs: dict[DialogId, Leg] = {}
        self._retries: list[tuple[int, int, Leg]] = []
        self._counter = 0

    @property
    def outbox(self) -> list[tuple[bytes, Peer]]:
        """What must be sent, in order; the connection empties it."""
        return self.layer.outbox

    @property
    def next_deadline_ms(self) -> int | None:
        """When `expire` has something to do."""
        first = self.layer.next_deadline_ms
        if self._retries and (first is None or self._retries[0][0] < first):
            return self._retries[0][0]
        return first

    # --- what is done to a leg ----------------------------------------------------------------------------

    def invite(
        self,
        leg: Leg,
        uri: str,
        headers: Headers,
        body: bytes,
        now_ms: int,
    ) -> None:
        """Call `uri` at `leg.peer`. `headers` give From (without tag), To and what else is wished."""
        leg.tag = self.identity.token()
        fields: Headers = {
            "Via": [self.identity.via()],
            "Max-Forwards": [str(leg.forwards)],
            "Call-ID": [self.identity.token()],
            "CSeq": ["1 INVITE"],
            "Contact": [self.identity.contact()],
            "Allow": [ALLOW],
            **headers,
        }
        fields["From"] = [f"{headers['From'][0]};tag={leg.tag}"]
        if body:
            body = self._own_sdp(leg, body)
            fields["Content-Type"] = ["application/sdp"]
        request = SipRequest("INVITE", uri, fields, body)
        leg.invite = self.layer.send_request(request, leg.peer, now_ms, leg)

    def ring(self, leg: Leg, status: int, now_ms: int, reason: str = "", body: bytes = b"") -> None:
        """Send a provisional response; with a description it is early media."""
        if leg.state is not LegState.CALLING or leg.invite is None or not leg.is_caller:
            return
        if body:
            body = self._own_sdp(leg, body)
            leg.is_early = True
        contact = (("Contact", self.identity.contact()),)
        response = build_response(
            leg.invite.request,
            status,
            to_tag=leg.tag,
            reason=reason,
            headers=self._routes(leg) + contact,
            body=body,
        )
        self.layer.respond(leg.invite, response, now_ms)

    def answer(self, leg: Leg, body: bytes, now_ms: int) -> None:
        """Answer a caller's INVITE 200. After early media `body` must be the same session."""
        assert leg.is_caller and leg.invite is not None and leg.state is LegState.CALLING, (
            f"{leg!r} cannot be answered"
        )
        body = self._own_sdp(leg, body)
        headers = (*self._routes(leg), ("Contact", self.identity.contact()), ("Allow", ALLOW))
        leg.state = LegState.ANSWERED
        response = build_response(leg.invite.request, 200, to_tag=leg.tag, headers=headers, body=body)
        self.layer.respond(leg.invite, response, now_ms)

    def refuse(self, leg: Leg, status: int, now_ms: int, headers: tuple[tuple[str, str], ...] = ()) -> None:
        """Refuse a caller's INVITE for good."""
        if leg.state is LegState.CALLING and leg.invite is not None:
            response = build_response(leg.invite.request, status, to_tag=leg.tag, headers=headers)
            self.layer.respond(leg.invite, response, now_ms)
        self._forget(leg)

    def offer(self, leg: Leg, body: bytes, now_ms: int) -> None:
        """Change the session by re-INVITE, now or as soon as the leg is free to; the latest wish wins."""
        if leg.is_ended:
            return
        leg.wanted_sdp = body
        leg.retries = 0
        self._try_offer(leg, now_ms)

    def answer_offer(self, leg: Leg, body: bytes, now_ms: int) -> None:
        """Accept the peer's re-INVITE (or UPDATE) with this description."""
        transaction = leg.reinvite_in
        if transaction is None or leg.is_ended:
            return
        headers = (("Contact", self.identity.contact()), ("Allow", ALLOW))
        response = build_response(transaction.request, 200, headers=headers, body=self._own_sdp(leg, body))
        self.layer.respond(transaction, response, now_ms)
        if not transaction.is_invite:
            leg.reinvite_in = None
            self._try_offer(leg, now_ms)

    def refuse_offer(self, leg: Leg, status: int, now_ms: int) -> None:
        """Refuse the peer's re-INVITE; the session stays as it was."""
        transaction, leg.reinvite_in = leg.reinvite_in, None
        if transaction is not None and not transaction.is_over:
            self.layer.respond(transaction, build_response(transaction.request, status), now_ms)
        self._try_offer(leg, now_ms)

    def hang_up(self, leg: Leg, now_ms: int, status: int = 480) -> None:
        """End the leg in the way its state asks for: refusal, CANCEL, or BYE. Repetition is harmless."""
        if leg.state is LegState.CALLING and leg.is_caller:
            self.refuse(leg, status, now_ms)
        elif leg.state is LegState.CALLING:
            leg.state = LegState.ENDED
            if leg.invite is not None:
                self.layer.cancel(leg.invite, now_ms)
        elif leg.state is LegState.ANSWERED:
            leg.bye_wanted = True  # section 15: not before the ACK
        elif leg.state is LegState.UP:
            self._end_dialog(leg, now_ms)

    def end_stray(self, stray: StrayAnswered, now_ms: int) -> None:
        """Acknowledge an answer that nobody waits for, and end its dialog. Source: section 13.2.2.4."""
        response = stray.response
        fields: Headers = {
            "From": response.headers["From"],
            "To": response.headers["To"],
            "Call-ID": [response.call_id],
            "CSeq": [f"{response.cseq[0]} INVITE"],
            "Contact": [self.identity.contact()],
        }
        host, port = stray.peer
        uri = f"sip:[{host}]:{port}" if ":" in host else f"sip:{host}:{port}"
        leg = self.new_leg("stray", stray.peer)
        dialog = leg.dialog = open_dialog(SipRequest("INVITE", uri, fields), response, stray.peer)
        dialog.peer = next_hop(dialog.remote_target, stray.peer)
        leg.state = LegState.UP
        self.layer.outbox.append((serialize(dialog.build_ack(response.cseq[0], self.identity)), dialog.peer))
        self._end_dialog(leg, now_ms)

    def answer_refer(self, refer: ReferCame, status: int, now_ms: int) -> None:
        """Accept (202) or refuse a transfer that was asked for."""
        headers = (("Contact", self.identity.contact()),)
        self.layer.respond(
            refer.transaction, build_response(refer.transaction.request, status, headers=headers), now_ms
        )

    def notify_refer(self, leg: Leg, refer: ReferCame, status: int, reason: str, now_ms: int) -> None:
        """Tell the asker how the transfer went (RFC 3515 section 2.4.5); a final status ends the subscription."""
        if leg.dialog is None or not leg.is_up:
            return
        state = "active;expires=60" if status < 200 else "terminated;reason=noresource"
        headers = (
            ("Event", f"refer;id={refer.transaction.request.cseq[0]}"),
            ("Subscription-State", state),
            ("Content-Type", "message/sipfrag;version=2.0"),
        )
        body = f"SIP/2.0 {status} {reason}\r\n".encode("ascii", "replace")
        self._send_inside(leg, "NOTIFY", now_ms, headers, body)

    def probe(self, leg: Leg, now_ms: int) -> None:
        """Ask whether the peer still knows the call; `LegEnded("lost")` follows if not."""
        if leg.is_up:
            self._send_inside(leg, "OPTIONS", now_ms)

    def ask(self, uri: str, peer: Peer, owner: object, now_ms: int) -> None:
        """Send OPTIONS outside dialogs; `ReplyCame` follows."""
        fields: Headers = {
            "Via": [self.identity.via()],
            "Max-Forwards": ["70"],
            "From": [f"<sip:{self.identity.sent_by}>;tag={self.identity.token()}"],
            "To": [f"<{uri}>"],
            "Call-ID": [self.identity.token()],
            "CSeq": ["1 OPTIONS"],
        }
        self.layer.send_request(SipRequest("OPTIONS", uri, fields), peer, now_ms, owner)

    def respond(self, transaction: Transaction, response: SipResponse, now_ms: int) -> None:
        """Answer a stranger's request."""
        self.layer.respond(transaction, response, now_ms)

    def resume(self, leg: Leg, invite: SipRequest | None) -> None:
        """Take up a leg that `legs.unpack_leg` brought back."""
        if invite is not None:
            leg.invite = self.layer.adopt(invite, leg.peer)
            leg.invite.owner = leg
        if leg.dialog is not None:
            self._legs[leg.dialog.id] = leg

    # --- inside -------------------------------------------------------------------------------------------

    def _try_offer(self, leg: Leg, now_ms: int) -> None:
        if leg.wanted_sdp is None or leg.is_negotiating or leg.dialog is None:
            return
        body, leg.wanted_sdp = leg.wanted_sdp, None
        leg.reinvite_out = self._send_inside(
            leg, "INVITE", now_ms, (("Allow", ALLOW),), self._own_sdp(leg, body, keep=False)
        )

    def _retry_later(self, leg: Leg, transaction: Transaction, now_ms: int) -> None:
        if leg.wanted_sdp is None:
            leg.wanted_sdp = transaction.request.body
        leg.retries += 1
        # Section 14.1: whoever made the Call-ID waits longer.
        wait_ms = self._random_ms(0, 2_000) if leg.is_caller else self._random_ms(2_100, 4_000)
        self._counter += 1
        heapq.heappush(self._retries, (now_ms + wait_ms, self._counter, leg))

    def _send_inside(
        self, leg: Leg, method: str, now_ms: int, headers: tuple[tuple[str, str], ...] = (), body: bytes = b""
    ) -> Transaction:
        assert leg.dialog is not None, f"{leg!r} has no dialog"
        request = leg.dialog.build_request(method, self.identity, headers, body)
        return self.layer.send_request(request, leg.dialog.peer, now_ms, leg)

    def _acknowledge(self, leg: Leg, transaction: Transaction, now_ms: int) -> None:
        assert leg.dialog is not None, "a 2xx makes a dialog"
        ack = leg.dialog.build_ack(transaction.request.cseq[0], self.identity)
        self.layer.acknowledge(transaction, ack, leg.dialog.peer)

    def _end_dialog(self, leg: Leg, now_ms: int) -> None:
        """Send BYE; what was open on the leg is closed first."""
        self._close_open_offers(leg, now_ms)
        self._send_inside(leg, "BYE", now_ms)
        self._forget(leg)

    def _end_by_peer(self, leg: Leg, reason: str, now_ms: int) -> list[LegHappening]:
        was_ended = leg.is_ended
        self._close_open_offers(leg, now_ms)
        if reason == "lost":
            self._send_inside(leg, "BYE", now_ms)  # it may be our own view that is wrong
        if (
            leg.is_caller
            and leg.state is LegState.CALLING
            and leg.invite is not None
            and not leg.invite.is_over
        ):
            self.layer.respond(leg.invite, build_response(leg.invite.request, 487, to_tag=leg.tag), now_ms)
        was_ending = leg.bye_wanted
        self._forget(leg)
        return [] if was_ended or was_ending else [LegEnded(leg, reason)]

    def _close_open_offers(self, leg: Leg, now_ms: int) -> None:
        transaction, leg.reinvite_in = leg.reinvite_in, None
        if transaction is not None and not transaction.is_over:
            self.layer.respond(transaction, build_response(transaction.request, 487), now_ms)
        leg.wanted_sdp = None

    def _forget(self, leg: Leg) -> None:
        leg.state = LegState.ENDED
        leg.wanted_sdp = None
        if leg.dialog is not None:
            self._legs.pop(leg.dialog.id, None)

    def _own_sdp(self, leg: Leg, body: bytes, keep: bool = True) -> bytes:
        """Return `body` as this leg's description; unchanged media keep their version (RFC 3264 section 8)."""
        if not body:
            return b""
        if keep and leg.local_sdp and sdp.same_media(leg.local_sdp, body):
            return leg.local_sdp
        leg.sdp_version += 1
        if not keep:
            body = sdp.padded(body, leg.local_sdp)
        owned = sdp.with_origin(body, leg.sdp_id, leg.sdp_version)
        if keep:
            leg.local_sdp = owned
        return owned

    def _routes(self, leg: Leg) -> tuple[tuple[str, str], ...]:
        assert leg.invite is not None, "a caller's leg"
        routes = leg.invite.request.headers.get("Record-Route", ())
        return tuple(("Record-Route", value) for value in routes)

    def _session_id(self) -> int:
        return int(self.identity.token()[:8], 16) % 2**31

    def new_leg(self, name: str, peer: Peer) -> Leg:
        """Return a leg for `invite`."""
        return Leg(name, False, peer, self._session_id())

    def _refuse_transaction(self, transaction: Transaction, error: SipError, now_ms: int) -> None:
        response = build_response(
            transaction.request, error.status, to_tag=self.identity.token(), headers=error.headers
        )
        self.layer.respond(transaction, response, now_ms)

    def _reply_statelessly(self, request: SipRequest, peer: Peer, error: SipError) -> None:
        """Answer a request that gets no transaction (section 8.2.7); a wrong ACK is never answered."""
        if request.method == "ACK":
            return
        destination = responses.note_source(request, peer)
        try:
            response = build_response(
                request, error.status, to_tag=self.identity.token(), headers=error.headers
            )
        except SipError:
            response = build_response(request, error.status, headers=error.headers)
        self.outbox.append((serialize(response), destination))
