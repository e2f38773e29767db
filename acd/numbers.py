"""One customer for one telephone number, whether it was dialled with its country code or without.

The rules of national numbering are those of the `phonenumbers` library (metadata of ITU-T E.164 numbering plans).
A number that is valid in the centre's own country bears two identities: as it came, which can be dialled on the
same trunk again, and by E.164, which the same customer has from abroad, on a web page, or behind another switch.
"""

from __future__ import annotations

from typing import Final

import phonenumbers

from acd.routing.identities import phone_identity
from acd.routing.model import Identity

COUNTRIES: Final = frozenset(phonenumbers.SUPPORTED_REGIONS)
"""ISO 3166-1 codes of two letters."""
_CHARS_MAX: Final = 32


class Numbers:
    """The numbers of one centre. `country`: whose numbers come without a country code; "" guesses none."""

    def __init__(self, country: str = "") -> None:
        self._country = country

    def identities(self, number: str) -> tuple[Identity, ...]:
        """Return the identities of a number: as it came first; none for a withheld one or for no number."""
        as_it_came = phone_identity(number)
        if as_it_came is None:
            return ()
        known = self._by_e164(number)
        return (as_it_came,) if known in (None, as_it_came) else (as_it_came, known)

    def _by_e164(self, number: str) -> Identity | None:
        if not self._country or len(number) > _CHARS_MAX:
            return None
        try:
            parsed = phonenumbers.parse(number, self._country)
        except phonenumbers.NumberParseException:
            return None
        if not phonenumbers.is_valid_number(parsed):
            return None
        written = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
        return Identity(f"tel:{written}")
