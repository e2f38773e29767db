"""One number is one customer, however it was written and wherever it came from."""

import pytest

from acd.routing.identities import can_be_dialled, phone_identity, phone_number
from acd.routing.model import Identity


@pytest.mark.parametrize(
    "written",
    ["+86 138-0013-8000", " +8613800138000", "+86(138)0013.8000", "\uff0b\uff18\uff16138 0013 8000"],
)
def test_every_writing_of_a_number_is_one_identity(written: str) -> None:
    assert phone_identity(written) == "tel:+8613800138000"


def test_a_number_without_a_plus_stays_without() -> None:
    assert phone_identity("138 0013 8000") == "tel:13800138000"
    assert phone_identity("86+138") == "tel:86138"


@pytest.mark.parametrize("written", ["", "anonymous", "+", " - ", "\u00b2"])
def test_what_holds_no_digit_names_nobody(written: str) -> None:
    assert phone_identity(written) is None


def test_the_first_number_among_the_identities_is_the_one_to_dial() -> None:
    names = [Identity("chat:v-1"), Identity("tel:+86138"), Identity("tel:2")]
    assert phone_number(names) == "+86138"
    assert phone_number([Identity("chat:v-1")]) == ""


@pytest.mark.parametrize(
    "number", ["+86 138-0013-8000", "4001", "*86", "(0755) 2345.6789", "sip:ann@branch.example"]
)
def test_what_can_be_dialled(number: str) -> None:
    assert can_be_dialled(number)


@pytest.mark.parametrize(
    "number", ["", "+", "nonsense", "sip:ann", "sip:@host", "tel:123", "1" * 33, "１２３", "12;34"]
)
def test_what_cannot_be_dialled(number: str) -> None:
    assert not can_be_dialled(number)
