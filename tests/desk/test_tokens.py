"""Tokens: what is ours and in time is believed, everything else is refused in the same way."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import jwt
import pytest

from acd.desk.tokens import LEEWAY_MS, Revocations, TokenRefused, Tokens, open_secret
from acd.routing.model import PersonId
from tests.desk.corpora import corpus

SECRET = bytes(range(48))
NOW = 1_764_000_000_000
TOKENS = Tokens(SECRET, 900_000, 36_000_000)


def forge(header: dict[str, Any] | str, claims: dict[str, Any] | str, secret: bytes = SECRET) -> str:
    """Return a token of any content, signed by hand."""
    parts = [part if isinstance(part, str) else json.dumps(part) for part in (header, claims)]
    signed = ".".join(base64.urlsafe_b64encode(part.encode()).rstrip(b"=").decode() for part in parts)
    mark = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(mark).rstrip(b'=').decode()}"


def claims(**changes: Any) -> dict[str, Any]:
    """Return good claims, changed; a change to None takes the claim out."""
    good: dict[str, Any] = {
        "iss": "acd", "aud": "acd.desk", "sub": "ann", "sid": "s", "jti": "j", "version": "v",
        "iat": NOW // 1000, "exp": NOW // 1000 + 900, "signed_in_at_ms": NOW, "expires_at_ms": NOW + 900_000,
    }  # fmt: skip
    return {name: value for name, value in (good | changes).items() if value is not None}


GOOD_HEADER = {"alg": "HS256", "typ": "acd.desk"}


def test_a_token_of_ours_is_believed_until_it_expires() -> None:
    token = TOKENS.issue(PersonId("ann"), "v1", NOW)
    found = TOKENS.check(token, NOW + 899_999)
    assert (found.sub, found.version, found.expires_at_ms) == ("ann", "v1", NOW + 900_000)
    with pytest.raises(TokenRefused, match="expired"):
        TOKENS.check(token, NOW + 900_000)


def test_a_renewed_token_keeps_the_sign_in_and_ends_with_the_shift() -> None:
    first = TOKENS.check(TOKENS.issue(PersonId("ann"), "v1", NOW), NOW)
    late = NOW + 36_000_000 - 1_000
    token = TOKENS.issue(PersonId("ann"), "v1", late, first.sid, first.signed_in_at_ms)
    second = TOKENS.check(token, late)
    assert second.sid == first.sid
    assert second.jti != first.jti
    assert second.expires_at_ms == NOW + 36_000_000


def test_the_forger_of_these_tests_forges_well() -> None:
    assert TOKENS.check(forge(GOOD_HEADER, claims()), NOW).sub == "ann"


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none", "typ": "acd.desk"},
        {"alg": "None", "typ": "acd.desk"},
        {"alg": "HS512", "typ": "acd.desk"},
        {"alg": "RS256", "typ": "acd.desk"},
        {"alg": "hs256", "typ": "acd.desk"},
        {"alg": "HS256", "typ": "JWT"},
        {"alg": "HS256"},
        {"typ": "acd.desk"},
        GOOD_HEADER | {"kid": "../../dev/null"},
        GOOD_HEADER | {"kid": "' or 1=1 --"},
        GOOD_HEADER | {"jku": "http://evil.example/keys"},
        GOOD_HEADER | {"x5u": "http://evil.example/cert"},
        GOOD_HEADER | {"jwk": {"kty": "oct", "k": "AAAA"}},
        GOOD_HEADER | {"crit": ["exp"]},
        GOOD_HEADER | {"b64": False},
        {"alg": ["HS256"], "typ": "acd.desk"},
        "[]",
        "null",
        "",
        '{"alg":"HS256","typ":"acd.desk"',
        "[" * 1_000,
    ],
)
def test_a_header_that_says_anything_else_is_refused(header: dict[str, Any] | str) -> None:
    with pytest.raises(TokenRefused):
        TOKENS.check(forge(header, claims()), NOW)


@pytest.mark.parametrize(
    "changed",
    [
        claims(iss="other"),
        claims(aud="acd"),
        claims(aud=["acd.desk", "other"]),
        claims(iss=None),
        claims(aud=None),
        claims(exp=None),
        claims(sub=None),
        claims(sub=7),
        claims(expires_at_ms=NOW),
        claims(expires_at_ms=1e300),
        claims(expires_at_ms="never"),
        claims(expires_at_ms=None),
        claims(signed_in_at_ms=NOW + LEEWAY_MS + 1),
        claims(nbf=NOW // 1000 + 3600),
        claims(role="admin"),
        claims(sid=None),
        "[]",
        "null",
        "{",
        '{"sub":' + "[" * 700 + "}",
    ],
)
def test_claims_that_are_not_ours_are_refused(changed: dict[str, Any] | str) -> None:
    with pytest.raises(TokenRefused):
        TOKENS.check(forge(GOOD_HEADER, changed), NOW)


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "...", "a.b.c", "x" * 5_000, "é.é.é", "a.b", "\0.\0.\0", "eyJ9..", " . . "],
)
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(TokenRefused):
        TOKENS.check(token, NOW)


def test_every_changed_character_is_noticed() -> None:
    token = TOKENS.issue(PersonId("ann"), "v1", NOW)
    for at in range(len(token)):
        changed = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
        with pytest.raises(TokenRefused):
            TOKENS.check(changed, NOW)
    head, body, mark = token.split(".")
    for other in (
        f"{head}.{body}.",
        f"{head}..{mark}",
        f".{body}.{mark}",
        f"{head}.{body}.{mark}=",
        f"{token}.x",
    ):
        with pytest.raises(TokenRefused):
            TOKENS.check(other, NOW)


def test_another_secret_or_a_public_key_signs_nothing() -> None:
    with pytest.raises(TokenRefused):
        TOKENS.check(forge(GOOD_HEADER, claims(), bytes(reversed(SECRET))), NOW)
    with pytest.raises(TokenRefused):
        TOKENS.check(jwt.encode(claims(), SECRET, "HS384", headers={"typ": "acd.desk"}), NOW)


@pytest.mark.parametrize("secret", [b"", b"secret", bytes(31), bytes(48), b"a" * 64, b"changeme" * 3])
def test_a_weak_secret_opens_no_house(secret: bytes) -> None:
    with pytest.raises(ValueError, match="32 random bytes"):
        Tokens(secret, 1, 1)


def test_every_vector_of_wycheproof_is_refused_also_under_its_own_key() -> None:
    folder = corpus("jws-wycheproof")
    seen, own_keys = 0, 0
    for name in ("json_web_signature_test.json", "json_web_crypto_test.json", "json_web_key_test.json"):
        for group in json.loads((folder / name).read_text())["testGroups"]:
            key = group.get("private") or group.get("public") or {}
            secret = base64.urlsafe_b64decode(key["k"] + "==") if isinstance(key.get("k"), str) else SECRET
            usable = len(secret) >= 32 and len(set(secret)) >= 8
            tokens = Tokens(secret, 900_000, 900_000) if usable else TOKENS
            own_keys += usable and secret is not SECRET
            for test in group["tests"]:
                seen += 1
                vector = str(test.get("jws", ""))
                with pytest.raises(TokenRefused):
                    tokens.check(vector, NOW)
                # The vector's signature under our own header and claims is no better.
                head, body, _ = forge(GOOD_HEADER, claims(), secret).split(".")
                with pytest.raises(TokenRefused):
                    tokens.check(f"{head}.{body}.{vector.rpartition('.')[2]}", NOW)
    assert seen > 380
    assert own_keys > 0


def test_the_secret_is_made_once_and_for_the_owner_alone(tmp_path: Path) -> None:
    first = open_secret(tmp_path / "desk")
    assert open_secret(tmp_path / "desk") == first
    assert len(first) >= 32
    assert (tmp_path / "desk/token.secret").stat().st_mode & 0o077 == 0


def test_revocations_survive_a_restart_and_a_torn_line_and_are_forgotten_when_due(tmp_path: Path) -> None:
    path = tmp_path / "revoked.jsonl"
    revoked = Revocations(path, NOW)
    revoked.add("one", NOW + 1_000, NOW)
    revoked.add("two", NOW + 9_000, NOW)
    with path.open("ab") as file:
        file.write(b'{"sid":"thr')
    again = Revocations(path, NOW + 5_000)
    assert "one" not in again
    assert "two" in again
    again.add("four", NOW + 9_000, NOW + 5_000)
    assert "four" in Revocations(path, NOW + 5_000)


def test_revocations_do_not_grow_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "revoked.jsonl"
    revoked = Revocations(path, NOW)
    for number in range(1_001):
        revoked.add(f"s{number}", NOW + 10, NOW + (20 if number == 1_000 else 0))
    assert "s0" not in revoked
    assert len(path.read_bytes().splitlines()) <= 1
