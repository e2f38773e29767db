"""What must not be read in a log, wherever it stands in a line."""

from __future__ import annotations

import pytest

from acd.runtime.masking import mask_error, mask_line

NUMBERS = [
    "+8613800138000", "13800138000", "8613800138000", "+86 138-0013-8000", "(021) 6123-4567", "138 0013 8000",
    "+44 20 7946 0958", "138.0013.8000", "１３８００１３８０００", "021/61234567",
]  # fmt: skip
AROUND = [
    "{}", "tel:{}", "sip:{}@10.0.0.1;user=phone", "from={} to=4000", "{{'from': '{}'}}", "KeyError: '{}'", "b'{}'", "x{}y",
    '"{}"', "/api/x?number={}", "cti:pbx:{}", "why={}", "seq{}", "[{}]", "{},{}", "tel:{}\\r\\n",
]  # fmt: skip


def digits(text: str) -> str:
    """The digits of a text, as ASCII."""
    return "".join(str(int(char)) for char in text if char.isdecimal())


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("number", NUMBERS)
def test_of_a_number_no_more_than_its_last_two_digits_stay(number: str, around: str) -> None:
    for masked in (mask_line(around.format(number, number)), mask_error(around.format(number, number))):
        assert digits(number)[:-2] not in digits(masked)
        assert digits(number)[:-4][-5:] not in digits(masked)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("mail to li.wei@example.com now", "mail to ***@*** now"),
        ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer ***"),
        ("authorization=Basic cGJ4OmtleQ==", "authorization=Basic ***"),
        ("token eyJhbGciOi.eyJzdWIi.sIg-n_ature", "token ***"),
        ('{"password": "hunter2", "name": "ann"}', '{"password": "***", "name": "ann"}'),
        ("token=abc&x=1", "token=***&x=1"),
        ("secrets whsec_AAECAwQFBgcICQoLDA0ODw==", "secrets ***"),
        ("GET /desk?token=abc&who=ann HTTP/1.1", "GET /desk?*** HTTP/1.1"),
        ("postgresql://acd:s3cr3t@db/acd", "postgresql://***@db/acd"),
        ("key 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "key ***"),
    ],
)
def test_mails_tokens_secrets_and_queries_are_hidden(text: str, masked: str) -> None:
    assert mask_line(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "ready epoch=12 seq=1234567890 at=2026-11-24T03:57:40.123", "peer 192.168.100.200 port=5060",
        "state hash=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "contact_id=web:7f3a9c0d1e2b4f5a6c7d8e9f0a1b2c3d", "offer=1234 queue=sales", "config/people.yaml line 17",
    ],
)  # fmt: skip
def test_what_an_operator_needs_stays(text: str) -> None:
    assert mask_line(text) == text


def test_names_in_the_words_of_an_error_are_hidden() -> None:
    assert mask_error("KeyError: 'Wang Mei'") == "KeyError: 'W***'"
    assert "王梅" not in mask_error("no such customer: 王梅")
    assert "Mei" not in mask_error("no such customer Wang Mei")
    assert mask_error("KeyError: 'queue_id'") == "KeyError: 'queue_id'"
