"""Digest: the RFC's own example, replay, downgrade, and answers that tell nothing."""

from __future__ import annotations

import itertools
import statistics
import time

import pytest

from telephony_adapters.sip.digest import (
    NONCE_MS,
    NONCES_MAX,
    Credentials,
    Digest,
    build_authorization,
    digest_response,
)
from telephony_adapters.sip.errors import SipError
from telephony_adapters.sip.message import SipRequest

HOST = "192.0.2.2"
NOW = 1_000_000
PASSWORDS = {"2001": "secret"}
URI = "sip:192.0.2.1"


def make(algorithms: tuple[str, ...] = ("SHA-256", "MD5")) -> Digest:
    """A doorkeeper with counted tokens."""
    counter = itertools.count()
    return Digest("acd", b"k" * 32, lambda: f"{next(counter):032x}", algorithms)


def signed(authorization: str | None, method: str = "REGISTER", uri: str = URI) -> SipRequest:
    """A request with this header."""
    headers = {"CSeq": [f"1 {method}"]}
    if authorization is not None:
        headers["Authorization"] = [authorization]
    return SipRequest(method, uri, headers)


def answer(
    digest: Digest, user: str = "2001", password: str = "secret", index: int = 0, **more: object
) -> str:
    """Return a right answer to a fresh challenge."""
    challenge = digest.challenge(HOST, NOW)[index][1]
    built = build_authorization(challenge, "REGISTER", URI, user, password, "cn", **more)  # type: ignore[arg-type]
    assert built is not None
    return built


def status_of(digest: Digest, request: SipRequest, host: str = HOST, now_ms: int = NOW) -> int | str:
    """The user, or the status of the refusal."""
    try:
        return digest.verify(request, host, PASSWORDS, now_ms)
    except SipError as error:
        return error.status


def test_the_example_of_rfc_2617_which_rfc_7616_keeps_valid() -> None:
    given = Credentials(
        "Mufasa", "testrealm@host.com", "dcd98b7102dd2f0e8b11d0f600bfb0c093", "/dir/index.html", "", "MD5", "auth",
        "00000001", "0a4f113b",
    )  # fmt: skip
    expected = "6629fae49393a05397450978507c4ef1"
    assert digest_response(given, "Mufasa", "Circle Of Life", "GET") == expected


@pytest.mark.parametrize("index", [0, 1])
def test_a_right_answer_opens_under_both_algorithms_and_only_once(index: int) -> None:
    digest = make()
    authorization = answer(digest, index=index)
    assert status_of(digest, signed(authorization)) == "2001"
    assert status_of(digest, signed(authorization)) == 401


def test_a_nonce_may_be_used_again_while_its_counter_grows() -> None:
    digest = make()
    challenge = digest.challenge(HOST, NOW)[0][1]
    for count, expected in ((1, "2001"), (2, "2001"), (2, 401), (1, 401), (9, "2001"), (3, 401)):
        built = build_authorization(challenge, "REGISTER", URI, "2001", "secret", "cn", count)
        assert status_of(digest, signed(built)) == expected


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda text: text.replace("2001", "2002"), 403),
        (lambda text: text.replace("qop=auth", "qop=auth-int"), 403),
        (lambda text: text.replace("qop=auth, ", ""), 403),
        (lambda text: text.replace("nc=00000001", "nc=1"), 403),
        (lambda text: text.replace("nc=00000001", "nc=00000002"), 403),
        (lambda text: text.replace("algorithm=SHA-256", "algorithm=MD5"), 403),
        (lambda text: text.replace("algorithm=SHA-256", "algorithm=SHA-512-256"), 403),
        (lambda text: text.replace('realm="acd"', 'realm="other"'), 401),
        (lambda text: text.replace(URI, "sip:192.0.2.9"), 403),
        (lambda text: text.replace('response="', 'response="0'), 403),
        (lambda text: "Digest " + 'username="2001"', 401),
        (lambda text: "Basic MjAwMTpzZWNyZXQ=", 401),
        (lambda text: text + " , =", 400),
    ],
)
def test_a_changed_answer_opens_nothing(change: object, status: int) -> None:
    digest = make()
    assert status_of(digest, signed(change(answer(digest)))) == status  # type: ignore[operator]


def test_an_answer_is_bound_to_method_uri_host_and_time() -> None:
    digest = make()
    assert status_of(digest, signed(answer(digest), method="INVITE")) == 403
    assert status_of(digest, signed(answer(digest), uri="sip:192.0.2.1:5061")) == 403
    assert status_of(digest, signed(answer(digest)), host="192.0.2.66") == 401
    assert status_of(digest, signed(answer(digest)), now_ms=NOW + NONCE_MS + 1) == 401
    assert status_of(digest, signed(answer(digest)), now_ms=NOW - 1) == 401
    assert status_of(digest, signed(answer(digest)), now_ms=NOW + NONCE_MS) == "2001"


def test_a_stale_nonce_is_said_to_be_stale_and_a_wrong_password_is_not() -> None:
    digest = make()
    with pytest.raises(SipError) as raised:
        digest.verify(signed(answer(digest)), HOST, PASSWORDS, NOW + NONCE_MS + 1)
    assert all(value.endswith("stale=true") for _, value in raised.value.headers)
    with pytest.raises(SipError) as raised:
        digest.verify(signed(answer(digest, password="wrong")), HOST, PASSWORDS, NOW + NONCE_MS + 1)
    assert raised.value.status == 403 and raised.value.headers == ()


def test_md5_is_refused_where_the_operator_took_it_out() -> None:
    digest = make(("SHA-256",))
    assert len(digest.challenge(HOST, NOW)) == 1
    other = make()
    assert status_of(digest, signed(answer(other, index=1))) == 403


def test_forged_nonces_open_nothing() -> None:
    digest = make()
    for nonce in ("", "x", f"{NOW:x}.salt.mac", "zz.1.2", f"{NOW:x}..", "é" * 20):
        challenge = f'Digest realm="acd", nonce="{nonce}", qop="auth", algorithm=SHA-256'
        built = build_authorization(challenge, "REGISTER", URI, "2001", "secret", "cn")
        assert status_of(digest, signed(built)) == 401


def test_forgotten_counters_let_nothing_be_replayed() -> None:
    digest = make()
    first = answer(digest)
    assert status_of(digest, signed(first)) == "2001"
    digest._counters.update({f"{NOW:x}.{number}.m": 1 for number in range(NONCES_MAX)})
    late = build_authorization(digest.challenge(HOST, NOW + 5)[0][1], "REGISTER", URI, "2001", "secret", "cn")
    assert status_of(digest, signed(late), now_ms=NOW + 5) == "2001"
    assert status_of(digest, signed(first), now_ms=NOW + 5) == 401


def test_existing_and_unknown_users_cost_the_same() -> None:
    digest = make()
    spent: dict[str, list[float]] = {"2001": [], "9999": []}
    for _ in range(400):
        for user in spent:
            request = signed(answer(digest, user=user, password="wrong"))
            started = time.perf_counter()
            assert status_of(digest, request) == 403
            spent[user].append(time.perf_counter() - started)
    assert abs(statistics.median(spent["2001"]) - statistics.median(spent["9999"])) < 0.0005
