"""What the bot understands: a wish for a person, and a telephone number; and what it must not take for either."""

import pytest

from acd.intake.understanding import number_in, wants_person
from tests.naughty import naughty_strings


@pytest.mark.parametrize("text", [
    "person", "PERSON", " agent ", "a human", "operator.", "0", "０", "real person", "speak to an agent",
    "I'd like to talk to a person", "can I speak to a human", "connect me to an agent please",
    "人工", "转人工", "转接人工客服", "我要人工", "请转人工", "找人工服务", "我想找真人", "人工客服！",
])  # fmt: skip
def test_a_wish_for_a_person_is_understood(text: str) -> None:
    assert wants_person(text)


@pytest.mark.parametrize("text", [
    "", "00", "1", "the delivery person was rude", "your agent promised a refund", "my person", "personal data",
    "人工智能音箱坏了", "人工草坪", "快递员态度差", "agent orange stain on the sofa", "x" * 1_000,
])  # fmt: skip
def test_what_only_mentions_a_person_is_no_such_wish(text: str) -> None:
    assert not wants_person(text)


@pytest.mark.parametrize(("text", "number"), [
    ("13800138000", "13800138000"), (" 138 0013 8000 ", "13800138000"), ("+86-10-6555.1234", "+861065551234"),
    ("１３８００１３８０００", "13800138000"), ("12345", "12345"), ("1234", None), ("", None), ("+", None),
    ("call me at 13800138000", None), ("1" * 21, None), ("00" * 40, None), ("12345;rm", None), ("٣٨٠٠١٣٨", None),
])  # fmt: skip
def test_a_number_is_understood_only_if_it_is_one(text: str, number: str | None) -> None:
    assert number_in(text) == number


def test_no_string_breaks_the_understanding() -> None:
    for text in naughty_strings():
        wants_person(text)
        number_in(text)
