"""How a customer is named after a telephone number, on every channel alike.

Repeat customers are recognised by equal identities, so there is one maker of them. A number is taken here as it
was dialled or typed; `acd.numbers` adds the identity by E.164 where the centre's country is known.
"""

from __future__ import annotations

from collections.abc import Iterable

from acd.routing.model import Identity

_PHONE = "tel:"
_MARKS = str.maketrans("", "", " -.()/")


def phone_identity(number: str) -> Identity | None:
    """Return the identity of a number in any writing (spaces, dashes, full-width digits); None for no number."""
    digits = "".join(str(int(letter)) for letter in number if letter.isdecimal())
    if not digits:
        return None
    plus = "+" if number.lstrip().startswith(("+", "\uff0b")) else ""
    return Identity(f"{_PHONE}{plus}{digits}")


def can_be_dialled(number: str) -> bool:
    """Whether a text may be a number: up to 32 digits, `*` and `#`, perhaps a plus before and the usual marks between;
    or a SIP address."""
    kind, colon, address = number.partition(":")
    if colon:
        return kind.lower() in ("sip", "sips") and 0 < address.find("@") < len(address) - 1
    marks = number.removeprefix("+").translate(_MARKS)
    return 1 <= len(marks) <= 32 and marks.isascii() and all(mark.isdigit() or mark in "*#" for mark in marks)


def phone_number(identities: Iterable[Identity]) -> str:
    """Return the first telephone number among a customer's identities, as it can be dialled; "" for none."""
    return next((name.removeprefix(_PHONE) for name in identities if name.startswith(_PHONE)), "")
