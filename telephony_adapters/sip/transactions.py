"""SIP transactions (RFC 3261 section 17, RFC 6026): every request once, over a lossy wire.

Pure: time is passed in, what is to be sent is collected in `outbox`, what the user of transactions must know
is returned. One `next_deadline_ms` tells when `expire` must be called. Retransmissions are answered here and
never reach the user. Invariants: each transaction has a timer that ends it (a client INVITE in Proceeding is
ended by its user alone: a call may queue for an hour); their number is bounded.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import msgspec

from telephony_adapters.sip.errors import SipError
from telephony_adapters.sip.message import Headers, SipRequest, SipResponse, build_response
from telephony_adapters.sip.wire import serialize

Peer = tuple[str, int]
"""Numeric host and port."""

T1_MS: Final = 500
T2_MS: Final = 4_000
T4_MS: Final = 5_000
TRYING_MS: Final = 100
"""An INVITE that nothing was said to by then gets its 100 (section 17.2.1 allows 200)."""
LINGER_MS: Final = 64 * T1_MS
"""Timers B, D, F, H, J, L and M over UDP."""
COOKIE: Final = "z9hG4bK"


class State(StrEnum):
    """States of all four machines; Accepted is RFC 6026's."""

    CALLING = "calling"
    TRYING = "trying"
    PROCEEDING = "proceeding"
    COMPLETED = "completed"
    CONFIRMED = "confirmed"
    ACCEPTED = "accepted"
    TERMINATED = "terminated"


class Timer(StrEnum):
    """The clocks that a transaction has: say 100, send again, and the end of the present state."""

    TRYING = "trying"
    RESEND = "resend"
    END = "end"


class Transaction:
    """One request and its responses. Only `TransactionLayer` changes it."""

    __slots__ = (
        "ack", "cancel_pending", "final", "interval_ms", "is_client", "key", "last_sent", "owner", "peer",
        "request", "stamps", "state",
    )  # fmt: skip

    def __init__(self, key: Key, request: SipRequest, peer: Peer, is_client: bool, state: State) -> None:
        self.key = key
        self.request = request
        self.peer = peer
        self.is_client = is_client
        self.state = state
        self.last_sent = b""
        self.final: SipResponse | None = None
        self.ack = b""
        self.interval_ms = T1_MS
        self.cancel_pending = False
        self.owner: object = None
        """Whatever the user of transactions wants to find again."""
        self.stamps: dict[Timer, int] = {}

    @property
    def is_invite(self) -> bool:
        """Whether this is an INVITE transaction."""
        return self.request.method == "INVITE"

    @property
    def is_over(self) -> bool:
        """Whether a final response has gone or come."""
        return self.state not in (State.CALLING, State.TRYING, State.PROCEEDING)

    def __repr__(self) -> str:
        side = "client" if self.is_client else "server"
        return f"<Transaction {side} {self.request.method} {self.state}>"


Key = tuple[str, ...]


class RequestCame(msgspec.Struct, frozen=True):
    """A new request; answer it with `respond`."""

    transaction: Transaction


class CancelCame(msgspec.Struct, frozen=True):
    """The peer cancels this server INVITE transaction, which has no final response yet."""

    transaction: Transaction


class AckCame(msgspec.Struct, frozen=True):
    """The peer has our 2xx. `request` may carry an answer in its body."""

    transaction: Transaction
    request: SipRequest


class ResponseCame(msgspec.Struct, frozen=True):
    """A response that is not a retransmission; of 2xx to INVITE each one that `ack` has not covered."""

    transaction: Transaction
    response: SipResponse


class TimedOut(msgspec.Struct, frozen=True):
    """A client transaction without a (final) response, or a server INVITE whose 2xx nobody acknowledged."""

    transaction: Transaction


Happening = RequestCame | CancelCame | AckCame | ResponseCame | TimedOut


class TransactionLayer:
    """All transactions of one transport."""

    def __init__(self, limit: int = 100_000) -> None:
        self.outbox: list[tuple[bytes, Peer]] = []
        """What must be sent, in order; the connection empties it."""
        self._limit = limit
        self._all: dict[Key, Transaction] = {}
        self._by_ack: dict[Key, Transaction] = {}
        self._merged: dict[Key, Key] = {}
        self._timers: list[tuple[int, int, Transaction, Timer]] = []
        self._stamp = 0
        self.absorbed = 0
        """Retransmissions that were answered here or dropped."""

    def __len__(self) -> int:
        return len(self._all)

    @property
    def next_deadline_ms(self) -> int | None:
        """When `expire` has something to do; None if never."""
        while self._timers:
            deadline, stamp, transaction, timer = self._timers[0]
            if transaction.stamps.get(timer) == stamp:
                return deadline
            heapq.heappop(self._timers)
        return None

    # --- requests and responses from the wire -----------------------------------------------------------

    def receive_request(self, request: SipRequest, peer: Peer, now_ms: int) -> list[Happening]:
        """Take a request off the wire. `peer` is where its answers go.

        Raises:
            SipError: 481 a CANCEL of nothing, 482 the same request by two ways, 503 too many transactions.
        """
        if request.method == "ACK":
            return self._receive_ack(request, peer, now_ms)
        key = server_key(request, request.method)
        known = self._all.get(key)
        if known is not None:
            self.absorbed += 1
            if known.last_sent:
                self.outbox.append((known.last_sent, known.peer))
            return []
        if request.method == "CANCEL":
            return self._receive_cancel(request, key, peer, now_ms)
        if len(self._all) >= self._limit:
            raise SipError(503, f"{self._limit} transactions", (("Retry-After", "10"),))
        self._refuse_merged(request, key)
        transaction = Transaction(key, request, peer, False, State.TRYING)
        self._all[key] = transaction
        if request.method == "INVITE":
            transaction.state = State.PROCEEDING
            self._arm(transaction, Timer.TRYING, now_ms + TRYING_MS)
        else:
            self._arm(transaction, Timer.END, now_ms + LINGER_MS)
        return [RequestCame(transaction)]

    def knows(self, response: SipResponse) -> bool:
        """Whether a request of ours is being answered by this."""
        return (response.via.branch, response.cseq[1], "client") in self._all

    def receive_response(self, response: SipResponse, now_ms: int) -> list[Happening]:
        """Take a response off the wire; one that matches nothing of ours is dropped."""
        number_and_method = response.cseq
        transaction = self._all.get((response.via.branch, number_and_method[1], "client"))
        if transaction is None or not transaction.is_client:
            self.absorbed += 1
            return []
        if transaction.is_invite:
            return self._invite_response(transaction, response, now_ms)
        if transaction.is_over:
            self.absorbed += 1
            return []
        if response.status < 200:
            transaction.state = State.PROCEEDING
            return [ResponseCame(transaction, response)]
        self._complete(transaction, response, T4_MS, now_ms)
        return [ResponseCame(transaction, response)]

    # --- what the user of transactions does ---------------------------------------------------------------

    def send_request(self, request: SipRequest, peer: Peer, now_ms: int, owner: object = None) -> Transaction:
        """Begin a client transaction; the request's top Via must bear a fresh branch of ours."""
        key = (request.via.branch, request.method, "client")
        assert key not in self._all, "a branch is never used twice"
        state = State.CALLING if request.method == "INVITE" else State.TRYING
        transaction = Transaction(key, request, peer, True, state)
        transaction.owner = owner
        transaction.last_sent = serialize(request)
        self._all[key] = transaction
        self.outbox.append((transaction.last_sent, peer))
        self._arm(transaction, Timer.RESEND, now_ms + T1_MS)
        self._arm(transaction, Timer.END, now_ms + LINGER_MS)
        return transaction

    def respond(self, transaction: Transaction, response: SipResponse, now_ms: int) -> None:
        """Send a response. A second final one is our own mistake."""
        assert not transaction.is_client, "only servers respond"
        if transaction.is_over:
            raise AssertionError(f"{transaction!r} was answered before")
        data = serialize(response)
        transaction.stamps.pop(Timer.TRYING, None)
        transaction.last_sent = data
        self.outbox.append((data, transaction.peer))
        if response.status < 200:
            transaction.state = State.PROCEEDING
            return
        transaction.final = response
        if not transaction.is_invite:
            transaction.state = State.COMPLETED
            self._arm(transaction, Timer.END, now_ms + LINGER_MS)
            return
        transaction.state = State.ACCEPTED if response.status < 300 else State.COMPLETED
        if response.status < 300:
            self._by_ack[_ack_key(response, transaction.request)] = transaction
        self._arm(transaction, Timer.RESEND, now_ms + T1_MS)
        self._arm(transaction, Timer.END, now_ms + LINGER_MS)

    def acknowledge(self, transaction: Transaction, ack: SipRequest, peer: Peer) -> None:
        """Send the ACK of a 2xx (a request of its own) and again for each retransmission of that 2xx."""
        transaction.ack = serialize(ack)
        transaction.peer = peer
        self.outbox.append((transaction.ack, peer))

    def cancel(self, transaction: Transaction, now_ms: int) -> None:
        """Cancel a client INVITE: at once if it was heard of, else as soon as it is. Repetition is harmless."""
        if transaction.is_over:
            return
        if transaction.state is State.CALLING:
            transaction.cancel_pending = True
        elif not transaction.cancel_pending:
            self._send_cancel(transaction, now_ms)

    def adopt(self, invite: SipRequest, peer: Peer) -> Transaction:
        """Take up an INVITE that an earlier process received and did not answer."""
        key = server_key(invite, "INVITE")
        transaction = Transaction(key, invite, peer, False, State.PROCEEDING)
        self._all[key] = transaction
        return transaction

    def forget(self, transaction: Transaction) -> None:
        """Drop a transaction at once (a request that may not be answered)."""
        self._drop(transaction)

    def expire(self, now_ms: int, limit: int = 1_000) -> list[Happening]:
        """Do what is due, at most `limit` timers at a time; returns transactions that timed out."""
        happenings: list[Happening] = []
        for _ in range(limit):
            deadline = self.next_deadline_ms
            if deadline is None or deadline > now_ms:
                break
            _, _, transaction, timer = heapq.heappop(self._timers)
            del transaction.stamps[timer]
            if timer is Timer.RESEND:
                self._resend(transaction, now_ms)
            elif timer is Timer.TRYING:
                self.respond(transaction, build_response(transaction.request, 100), now_ms)
            else:
                happenings += self._end(transaction)
        return happenings

    # --- inside -------------------------------------------------------------------------------------------

    def _receive_cancel(self, request: SipRequest, key: Key, peer: Peer, now_ms: int) -> list[Happening]:
        target = self._all.get(server_key(request, "INVITE"))
        # A third party who has seen or guessed a branch cannot cancel: same host as the INVITE (attack S21).
        if target is None or target.is_client or target.peer[0] != peer[0]:
            raise SipError(481, "a CANCEL that matches no INVITE")
        transaction = Transaction(key, request, peer, False, State.TRYING)
        self._all[key] = transaction
        self.respond(transaction, build_response(request, 200), now_ms)
        return [] if target.is_over else [CancelCame(target)]

    def _receive_ack(self, request: SipRequest, peer: Peer, now_ms: int) -> list[Happening]:
        transaction = self._all.get(server_key(request, "INVITE"))
        if transaction is None or transaction.state is State.ACCEPTED:
            transaction = self._by_ack.get(
                (request.call_id, request.from_.tag or "", request.to.tag or "", str(request.cseq[0]))
            )
        if transaction is None or transaction.is_client or transaction.peer[0] != peer[0]:
            self.absorbed += 1
            return []
        if transaction.state is State.COMPLETED:
            transaction.state = State.CONFIRMED
            self._disarm(transaction, Timer.RESEND)
            self._arm(transaction, Timer.END, now_ms + T4_MS)
            return []
        if transaction.state is State.ACCEPTED and not transaction.ack:
            transaction.ack = b"seen"
            transaction.last_sent = b""
            self._disarm(transaction, Timer.RESEND)
            return [AckCame(transaction, request)]
        self.absorbed += 1
        return []

    def _refuse_merged(self, request: SipRequest, key: Key) -> None:
        """Section 8.2.2.2: the same request by two ways is answered 482 the second time."""
        if request.to.tag is not None:
            return
        merged = (request.call_id, request.from_.tag or "", str(request.cseq[0]), request.method)
        if merged in self._merged:
            raise SipError(482, "the same request came by another way")
        self._merged[merged] = key

    def _invite_response(
        self, transaction: Transaction, response: SipResponse, now_ms: int
    ) -> list[Happening]:
        status = response.status
        if status < 200:
            if transaction.is_over:
                return []
            if transaction.state is State.CALLING:
                transaction.state = State.PROCEEDING
                self._disarm(transaction, Timer.RESEND)
                self._disarm(transaction, Timer.END)  # Timer B ends here; how long to ring is the user's
                if transaction.cancel_pending:
                    self._send_cancel(transaction, now_ms)
            return [ResponseCame(transaction, response)]
        if status < 300:
            return self._invite_accepted(transaction, response, now_ms)
        if transaction.state is State.ACCEPTED:
            return []
        if transaction.state is State.COMPLETED:
            self.absorbed += 1
            self.outbox.append((transaction.ack, transaction.peer))
            return []
        self._complete(transaction, response, LINGER_MS, now_ms)
        transaction.ack = serialize(build_failure_ack(transaction.request, response))
        self.outbox.append((transaction.ack, transaction.peer))
        return [ResponseCame(transaction, response)]

    def _invite_accepted(
        self, transaction: Transaction, response: SipResponse, now_ms: int
    ) -> list[Happening]:
        if transaction.state is State.COMPLETED:
            return []
        if transaction.state is not State.ACCEPTED:
            self._complete(transaction, response, LINGER_MS, now_ms)
            transaction.state = State.ACCEPTED
            return [ResponseCame(transaction, response)]
        assert transaction.final is not None, "accepted by a response"
        if transaction.final.to.tag == response.to.tag:
            self.absorbed += 1
            if transaction.ack:
                self.outbox.append((transaction.ack, transaction.peer))
            return []
        return [ResponseCame(transaction, response)]

    def _complete(self, transaction: Transaction, response: SipResponse, linger_ms: int, now_ms: int) -> None:
        transaction.state = State.COMPLETED
        transaction.final = response
        self._disarm(transaction, Timer.RESEND)
        self._arm(transaction, Timer.END, now_ms + linger_ms)

    def _send_cancel(self, transaction: Transaction, now_ms: int) -> None:
        transaction.cancel_pending = True
        self.send_request(build_cancel(transaction.request), transaction.peer, now_ms)
        # Section 9.1: without a final response in 64*T1 the INVITE counts as cancelled.
        self._arm(transaction, Timer.END, now_ms + LINGER_MS)

    def _resend(self, transaction: Transaction, now_ms: int) -> None:
        self.outbox.append((transaction.last_sent, transaction.peer))
        transaction.interval_ms *= 2
        if transaction.state is not State.CALLING:
            transaction.interval_ms = min(transaction.interval_ms, T2_MS)
        if transaction.is_client and transaction.state is State.PROCEEDING:
            transaction.interval_ms = T2_MS
        self._arm(transaction, Timer.RESEND, now_ms + transaction.interval_ms)

    def _end(self, transaction: Transaction) -> list[Happening]:
        unanswered = transaction.is_client and not transaction.is_over
        unacknowledged = (
            not transaction.is_client
            and transaction.state in (State.ACCEPTED, State.COMPLETED)
            and transaction.is_invite
            and not transaction.ack
        )
        state = transaction.state
        self._drop(transaction)
        if unanswered or (unacknowledged and state is State.ACCEPTED):
            return [TimedOut(transaction)]
        return []

    def _drop(self, transaction: Transaction) -> None:
        transaction.state = State.TERMINATED
        transaction.stamps.clear()
        self._all.pop(transaction.key, None)
        if transaction.is_client:
            return
        request = transaction.request
        self._merged.pop(
            (request.call_id, request.from_.tag or "", str(request.cseq[0]), request.method), None
        )
        if transaction.final is not None and transaction.is_invite:
            self._by_ack.pop(_ack_key(transaction.final, request), None)

    def _arm(self, transaction: Transaction, timer: Timer, deadline_ms: int) -> None:
        self._stamp += 1
        transaction.stamps[timer] = self._stamp
        heapq.heappush(self._timers, (deadline_ms, self._stamp, transaction, timer))

    def _disarm(self, transaction: Transaction, timer: Timer) -> None:
        transaction.stamps.pop(timer, None)


def server_key(request: SipRequest, method: str) -> Key:
    """Return what a server transaction is found by. Source: RFC 3261 section 17.2.3, both halves."""
    via = request.via
    if via.branch.startswith(COOKIE) and len(via.branch) > len(COOKIE):
        return (via.branch, via.sent_by, method)
    return (request.call_id, request.from_.tag or "", str(request.cseq[0]), request.uri, via.sent_by, method)


def build_cancel(invite: SipRequest) -> SipRequest:
    """Return the CANCEL of an INVITE. Source: RFC 3261 section 9.1."""
    headers: Headers = {
        "Via": invite.headers["Via"][:1],
        "Max-Forwards": ["70"],
        "From": invite.headers["From"],
        "To": invite.headers["To"],
        "Call-ID": invite.headers["Call-ID"],
        "CSeq": [f"{invite.cseq[0]} CANCEL"],
    }
    _copy_routes(invite, headers)
    return SipRequest("CANCEL", invite.uri, headers)


def build_failure_ack(invite: SipRequest, response: SipResponse) -> SipRequest:
    """Return the ACK of a final response of 300 or more. Source: RFC 3261 section 17.1.1.3."""
    headers: Headers = {
        "Via": invite.headers["Via"][:1],
        "Max-Forwards": ["70"],
        "From": invite.headers["From"],
        "To": response.headers["To"],
        "Call-ID": invite.headers["Call-ID"],
        "CSeq": [f"{invite.cseq[0]} ACK"],
    }
    _copy_routes(invite, headers)
    return SipRequest("ACK", invite.uri, headers)


def _copy_routes(invite: SipRequest, headers: Headers) -> None:
    routes: Iterable[str] = invite.headers.get("Route", ())
    if routes:
        headers["Route"] = list(routes)


def _ack_key(response: SipResponse, request: SipRequest) -> Key:
    return (request.call_id, request.from_.tag or "", response.to.tag or "", str(request.cseq[0]))
