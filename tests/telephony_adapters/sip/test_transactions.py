"""The four machines of RFC 3261 section 17 and RFC 6026, every timer, in virtual time."""

from __future__ import annotations

import pytest

from telephony_adapters.sip.errors import SipError
from telephony_adapters.sip.message import SipRequest, SipResponse, build_response
from telephony_adapters.sip.transactions import (
    AckCame,
    CancelCame,
    Happening,
    RequestCame,
    ResponseCame,
    State,
    TimedOut,
    Transaction,
    TransactionLayer,
)
from telephony_adapters.sip.wire import parse_message

PEER = ("192.0.2.2", 5060)
START = 1_000


def request(
    method: str = "INVITE", branch: str = "z9hG4bKa", number: int = 1, to_tag: str = ""
) -> SipRequest:
    """A request as it comes off the wire."""
    tag = f";tag={to_tag}" if to_tag else ""
    return SipRequest(
        method,
        "sip:4001@192.0.2.1",
        {
            "Via": [f"SIP/2.0/UDP 192.0.2.2:5060;branch={branch}"],
            "From": ["<sip:a@192.0.2.2>;tag=f"],
            "To": [f"<sip:4001@192.0.2.1>{tag}"],
            "Call-ID": ["c1"],
            "CSeq": [f"{number} {method}"],
        },
    )


def sent(layer: TransactionLayer) -> list[str]:
    """Return what went out since the last look: methods and statuses."""
    out = [parse_message(data) for data, _ in layer.outbox]
    layer.outbox.clear()
    return [each.method if isinstance(each, SipRequest) else str(each.status) for each in out]


def times_of(layer: TransactionLayer, until_ms: int) -> tuple[list[int], list[Happening]]:
    """Let time pass; return when something went out (since START), and what happened."""
    times, happenings = [], []
    while (deadline := layer.next_deadline_ms) is not None and deadline <= until_ms:
        happenings += layer.expire(deadline)
        times += [deadline - START] * len(sent(layer))
    return times, happenings


def serve(layer: TransactionLayer, method: str = "INVITE", number: int = 1) -> Transaction:
    """Return the server transaction of a new request."""
    (happening,) = layer.receive_request(request(method, number=number), PEER, START)
    assert isinstance(happening, RequestCame)
    return happening.transaction


def call(layer: TransactionLayer, method: str = "INVITE") -> Transaction:
    """Return a client transaction."""
    return layer.send_request(request(method), PEER, START)


def reply(transaction: Transaction, status: int, to_tag: str = "t") -> SipResponse:
    """Return a response as it comes off the wire."""
    return build_response(transaction.request, status, to_tag=to_tag)


# --- client -------------------------------------------------------------------------------------------------


def test_a_client_invite_is_sent_again_by_timer_a_and_given_up_by_timer_b() -> None:
    layer = TransactionLayer()
    transaction = call(layer)
    assert sent(layer) == ["INVITE"]
    times, happenings = times_of(layer, START + 40_000)
    assert times == [500, 1_500, 3_500, 7_500, 15_500, 31_500]
    assert happenings == [TimedOut(transaction)]
    assert len(layer) == 0


def test_a_client_invite_that_was_heard_of_waits_for_ever() -> None:
    layer = TransactionLayer()
    transaction = call(layer)
    layer.receive_response(reply(transaction, 100), START + 10)
    sent(layer)
    assert layer.next_deadline_ms is None
    hour = START + 3_600_000
    (happening,) = layer.receive_response(reply(transaction, 182), hour)
    assert isinstance(happening, ResponseCame)
    assert transaction.state is State.PROCEEDING


def test_a_failed_client_invite_is_acknowledged_each_time_and_forgotten_by_timer_d() -> None:
    layer = TransactionLayer()
    transaction = call(layer)
    sent(layer)
    assert len(layer.receive_response(reply(transaction, 486), START)) == 1
    assert sent(layer) == ["ACK"]
    assert layer.receive_response(reply(transaction, 486), START + 500) == []
    assert sent(layer) == ["ACK"]
    times_of(layer, START + 31_999)
    assert len(layer) == 1
    times_of(layer, START + 32_000)
    assert len(layer) == 0


def test_the_ack_of_a_failure_bears_the_branch_of_the_invite_and_the_tag_of_the_answer() -> None:
    layer = TransactionLayer()
    transaction = call(layer)
    layer.outbox.clear()
    layer.receive_response(reply(transaction, 404, "tt"), START)
    ack = parse_message(layer.outbox[0][0])
    assert ack.via == transaction.request.via
    assert ack.to.tag == "tt"
    assert ack.cseq == (1, "ACK")


def test_a_2xx_is_acknowledged_by_its_user_and_again_for_each_repetition_until_timer_m() -> None:
    layer = TransactionLayer()
    transaction = call(layer)
    sent(layer)
    assert len(layer.receive_response(reply(transaction, 200), START)) == 1
    assert sent(layer) == []
    layer.acknowledge(transaction, request("ACK", "z9hG4bKack", 1, "t"), PEER)
    assert sent(layer) == ["ACK"]
    assert layer.receive_response(reply(transaction, 200), START + 500) == []
    assert sent(layer) == ["ACK"]
    (forked,) = layer.receive_response(reply(transaction, 200, "other"), START + 600)
    assert isinstance(forked, ResponseCame)
    times_of(layer, START + 32_000)
    assert len(layer) == 0


def test_a_client_request_is_sent_again_by_timer_e_and_given_up_by_timer_f() -> None:
    layer = TransactionLayer()
    transaction = call(layer, "BYE")
    sent(layer)
    times, happenings = times_of(layer, START + 40_000)
    assert times == [500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]
    assert happenings == [TimedOut(transaction)]


def test_a_client_request_that_was_heard_of_is_sent_again_every_four_seconds() -> None:
    layer = TransactionLayer()
    transaction = call(layer, "OPTIONS")
    sent(layer)
    layer.receive_response(reply(transaction, 100), START + 10)
    times, happenings = times_of(layer, START + 40_000)
    assert times == [500, 4_500, 8_500, 12_500, 16_500, 20_500, 24_500, 28_500]
    assert len(happenings) == 1


def test_a_repeated_final_answer_is_absorbed_until_timer_k() -> None:
    layer = TransactionLayer()
    transaction = call(layer, "BYE")
    assert len(layer.receive_response(reply(transaction, 200), START)) == 1
    assert layer.receive_response(reply(transaction, 200), START + 1) == []
    assert layer.absorbed == 1
    times_of(layer, START + 5_000)
    assert len(layer) == 0


@pytest.mark.parametrize("heard_first", [True, False])
def test_a_cancel_waits_until_the_invite_was_heard_of(heard_first: bool) -> None:
    layer = TransactionLayer()
    transaction = call(layer)
    sent(layer)
    if heard_first:
        layer.receive_response(reply(transaction, 100), START)
        layer.cancel(transaction, START)
        layer.cancel(transaction, START)
    else:
        layer.cancel(transaction, START)
        assert sent(layer) == []
        layer.receive_response(reply(transaction, 100), START)
    assert sent(layer) == ["CANCEL"]
    assert len(layer.receive_response(reply(transaction, 487), START + 50)) == 1


def test_a_cancelled_invite_without_an_end_is_given_up() -> None:
    layer = TransactionLayer()
    transaction = call(layer)
    layer.receive_response(reply(transaction, 180), START)
    layer.cancel(transaction, START)
    _, happenings = times_of(layer, START + 32_000)
    assert TimedOut(transaction) in happenings
    assert len(layer) == 0


def test_an_answer_that_matches_nothing_of_ours_is_dropped() -> None:
    layer = TransactionLayer()
    stranger = call(TransactionLayer())
    assert layer.receive_response(reply(stranger, 200), START) == []
    assert layer.absorbed == 1


# --- server -------------------------------------------------------------------------------------------------


def test_a_server_invite_says_100_only_if_nothing_else_was_said_in_time() -> None:
    layer = TransactionLayer()
    serve(layer)
    assert times_of(layer, START + 1_000)[0] == [100]
    other = TransactionLayer()
    transaction = serve(other)
    other.respond(transaction, reply(transaction, 182), START + 20)
    sent(other)
    assert times_of(other, START + 1_000)[0] == []


def test_a_repeated_invite_gets_the_last_answer_again() -> None:
    layer = TransactionLayer()
    transaction = serve(layer)
    layer.respond(transaction, reply(transaction, 182), START)
    sent(layer)
    assert layer.receive_request(request(), PEER, START + 500) == []
    assert sent(layer) == ["182"]


def test_a_refused_invite_is_refused_again_by_timer_g_until_the_ack_or_timer_h() -> None:
    layer = TransactionLayer()
    transaction = serve(layer)
    layer.respond(transaction, reply(transaction, 404), START)
    sent(layer)
    times, happenings = times_of(layer, START + 40_000)
    assert times == [500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]
    assert happenings == []
    assert len(layer) == 0


def test_the_ack_of_a_refusal_ends_it_after_timer_i() -> None:
    layer = TransactionLayer()
    transaction = serve(layer)
    layer.respond(transaction, reply(transaction, 404), START)
    assert layer.receive_request(request("ACK", number=1, to_tag="t"), PEER, START + 10) == []
    assert transaction.state is State.CONFIRMED
    sent(layer)
    assert layer.receive_request(request(), PEER, START + 20) == []
    assert times_of(layer, START + 5_009)[0] == []
    assert len(layer) == 1
    times_of(layer, START + 5_010)
    assert len(layer) == 0


def test_a_2xx_is_said_again_until_the_ack_which_is_told_once() -> None:
    layer = TransactionLayer()
    transaction = serve(layer)
    layer.respond(transaction, reply(transaction, 200), START)
    sent(layer)
    assert times_of(layer, START + 3_500)[0] == [500, 1_500, 3_500]
    ack = request("ACK", "z9hG4bKother", 1, "t")
    (happening,) = layer.receive_request(ack, PEER, START + 3_600)
    assert happening == AckCame(transaction, ack)
    assert layer.receive_request(ack, PEER, START + 3_700) == []
    assert layer.receive_request(request(), PEER, START + 3_800) == []
    assert times_of(layer, START + 40_000) == ([], [])
    assert len(layer) == 0


def test_a_2xx_that_nobody_acknowledges_is_told_by_timer_l() -> None:
    layer = TransactionLayer()
    transaction = serve(layer)
    layer.respond(transaction, reply(transaction, 200), START)
    assert times_of(layer, START + 32_000)[1] == [TimedOut(transaction)]


def test_a_server_request_answers_repetitions_until_timer_j() -> None:
    layer = TransactionLayer()
    transaction = serve(layer, "BYE")
    assert layer.receive_request(request("BYE"), PEER, START) == []
    assert sent(layer) == []
    layer.respond(transaction, reply(transaction, 200), START)
    assert layer.receive_request(request("BYE"), PEER, START + 20_000) == []
    assert sent(layer) == ["200", "200"]
    times_of(layer, START + 31_999)
    assert len(layer) == 1
    times_of(layer, START + 32_000)
    assert len(layer) == 0


def test_a_cancel_is_answered_and_told_and_once_more_only_answered() -> None:
    layer = TransactionLayer()
    transaction = serve(layer)
    assert layer.receive_request(request("CANCEL"), PEER, START) == [CancelCame(transaction)]
    assert layer.receive_request(request("CANCEL"), PEER, START) == []
    assert sent(layer) == ["200", "200"]


def test_a_cancel_that_comes_after_the_answer_changes_nothing() -> None:
    layer = TransactionLayer()
    transaction = serve(layer)
    layer.respond(transaction, reply(transaction, 200), START)
    assert layer.receive_request(request("CANCEL"), PEER, START) == []
    assert sent(layer) == ["200", "200"]


@pytest.mark.parametrize("branch", ["z9hG4bKother", "z9hG4bKa"])
def test_nobody_else_can_cancel(branch: str) -> None:
    layer = TransactionLayer()
    serve(layer)
    source = PEER if branch == "z9hG4bKother" else ("192.0.2.66", 5060)
    with pytest.raises(SipError) as raised:
        layer.receive_request(request("CANCEL", branch), source, START)
    assert raised.value.status == 481


def test_the_same_request_by_two_ways_is_a_loop() -> None:
    layer = TransactionLayer()
    serve(layer)
    with pytest.raises(SipError) as raised:
        layer.receive_request(request(branch="z9hG4bKb"), PEER, START)
    assert raised.value.status == 482


def test_a_request_without_our_cookie_is_matched_by_its_headers() -> None:
    layer = TransactionLayer()
    old = request(branch="x")
    (happening,) = layer.receive_request(old, PEER, START)
    assert isinstance(happening, RequestCame)
    layer.respond(happening.transaction, reply(happening.transaction, 404), START)
    ack = request("ACK", "x", to_tag="t")
    assert layer.receive_request(ack, PEER, START) == []
    assert happening.transaction.state is State.CONFIRMED


def test_the_number_of_transactions_is_bounded() -> None:
    layer = TransactionLayer(limit=3)
    for number in range(3):
        layer.receive_request(request("OPTIONS", f"z9hG4bK{number}", number), PEER, START)
    with pytest.raises(SipError) as raised:
        layer.receive_request(request("OPTIONS", "z9hG4bKx", 9), PEER, START)
    assert raised.value.status == 503
    assert raised.value.headers == (("Retry-After", "10"),)


def test_a_storm_of_timers_is_worked_off_in_bounded_turns() -> None:
    layer = TransactionLayer()
    for number in range(2_500):
        layer.receive_request(request("OPTIONS", f"z9hG4bK{number}", number), PEER, START)
    transactions = list(layer._all.values())
    for transaction in transactions:
        layer.respond(transaction, reply(transaction, 200), START)
    later = START + 60_000
    turns = 0
    while (deadline := layer.next_deadline_ms) is not None and deadline <= later:
        layer.expire(later)
        turns += 1
    assert turns == 3
    assert len(layer) == 0 and not layer._merged and not layer._by_ack
