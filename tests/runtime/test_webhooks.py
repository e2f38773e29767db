"""Signed posts: the signature, and where they may lead."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from acd.runtime.webhooks import Target, is_inside, is_public, signature, why_never


def test_the_signature_is_the_hmac_over_id_time_and_body() -> None:
    secret = base64.b64encode(b"0123456789abcdef01234567").decode()
    expected = hmac.new(b"0123456789abcdef01234567", b'msg_1.1700000000.{"a":1}', hashlib.sha256).digest()
    wanted = "v1," + base64.b64encode(expected).decode()
    assert signature(secret, "msg_1", 1_700_000_000, b'{"a":1}') == wanted
    assert signature(f"whsec_{secret}", "msg_1", 1_700_000_000, b'{"a":1}') == wanted
    assert signature(secret, "msg_1", 1_700_000_001, b'{"a":1}') != wanted
    with pytest.raises(ValueError, match="not base64"):
        signature("not base64!", "m", 1, b"")


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("127.0.0.1", False), ("::1", False), ("::ffff:127.0.0.1", False), ("169.254.169.254", False),
        ("10.0.0.1", False), ("fd00::1", False), ("0.0.0.0", False), ("8.8.8.8", True), ("2606:4700::1111", True),
    ],
)  # fmt: skip
def test_which_addresses_lie_in_the_open(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize(
    ("url", "inside"),
    [
        ("http://127.0.0.1:80/x", True), ("http://[::1]/x", True), ("http://localhost/x", True),
        ("http://a.localhost./x", True), ("http://192.168.1.5/x", True), ("http://100.64.0.1/", True),
        ("http://[::ffff:169.254.169.254]/", True), ("https://8.8.8.8/x", False), ("https://pbx.example/x", False),
    ],
)  # fmt: skip
def test_an_address_that_leads_inside_is_seen_as_it_is_written(url: str, inside: bool) -> None:
    assert is_inside(url) is inside


async def test_it_is_said_beforehand_that_an_address_will_never_be_called() -> None:
    assert "private" in await why_never(Target("http://10.0.0.1/", ()))
    assert await why_never(Target("http://10.0.0.1/", (), allow_private=True)) == ""
    assert await why_never(Target("https://8.8.8.8/", ())) == ""
