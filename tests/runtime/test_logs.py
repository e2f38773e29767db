"""Log lines: one form, no customer's number in clear, no way out of the line."""

from __future__ import annotations

import pytest

from acd.routing.events import ContactArrived, IntakeProgressed, ReturnCallAsked
from acd.routing.model import AgentId, Channel, ContactId, EntryId, Identity, OfferId, QueueId
from acd.routing.outputs import DialCustomer
from acd.runtime.logs import line, mask, named

NUMBER = "+8613800138000"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (NUMBER, "+***********00"),
        ("tel:+8613800138000", "tel:+***********00"),
        ("12", "12"),
        ("7", "7"),
        ("Wang Mei", "W***"),
        ("", ""),
    ],
)
def test_two_digits_or_one_letter_are_left(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    "message",
    [
        ContactArrived(
            ContactId("c-1"), "sip", Channel.VOICE, EntryId("400"), (Identity(f"tel:{NUMBER}"),),
            display=f"Wang {NUMBER}", attributes={"note": NUMBER},
        ),
        IntakeProgressed(ContactId("c-1"), words=f"call {NUMBER}", number=NUMBER),
        ReturnCallAsked(ContactId("c-2"), QueueId("main"), NUMBER, "sip", (Identity(f"tel:{NUMBER}"),)),
        DialCustomer("sip", OfferId(3), ContactId("c-2"), AgentId("ann"), NUMBER, 30_000),
    ],
)  # fmt: skip
def test_no_message_shows_a_customers_number_or_words(message: object) -> None:
    text = line(message)  # type: ignore[arg-type]
    assert NUMBER not in text
    assert "8613800138" not in text
    assert "Wang" not in text
    assert "contact=c-" in text
    assert "\n" not in text


def test_a_value_cannot_break_out_of_its_line() -> None:
    text = named("refused", why='two\nlines "quoted" a=b', who="ann", left_out=None)
    assert text == 'refused why="two\\nlines \\"quoted\\" a=b" who=ann'
