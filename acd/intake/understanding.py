"""The few things that the bot understands in text: that somebody wants a person, and a telephone number. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

NUMBER_DIGITS_MIN: Final = 5
NUMBER_DIGITS_MAX: Final = 20

_PERSON: Final = frozenset(
    {"0", "person", "a person", "agent", "an agent", "human", "operator", "representative", "real person"}
)
_PERSON_SENTENCE: Final = re.compile(
    r"(?:please |i (?:want|need|would like|d like) (?:to )?|can i |let me |connect me (?:to|with) )*"
    r"(?:(?:speak|talk|chat)(?: to| with)? )?(?:a |an |the )?(?:real |live |human )?"
    r"(?:person|agent|human|operator|representative)(?: please)?"
)
_PERSON_CHINESE: Final = re.compile(
    r"(?:我要|我想|请|帮我|给我|麻烦)*(?:转接?|找|接)?(?:一下)?(?:人工|真人)(?:客服|服务|坐席)?(?:谢谢|吧)?"
)
_SENTENCE_MAX: Final = 60
_NUMBER: Final = re.compile(r"\+?[0-9][0-9 ().\-]*")


def wants_person(text: str) -> bool:
    """Return whether this asks for a person and says nothing else."""
    if len(text) > _SENTENCE_MAX:
        return False
    plain = unicodedata.normalize("NFKC", text).casefold().replace("'", " ").replace("’", " ")
    plain = " ".join("".join(each for each in plain if each.isalnum() or each.isspace()).split())
    if plain in _PERSON or _PERSON_SENTENCE.fullmatch(plain):
        return True
    return _PERSON_CHINESE.fullmatch(plain.replace(" ", "")) is not None


def number_in(text: str) -> str | None:
    """Return the telephone number that a text consists of, as it is to be dialled, or None.

    Spaces, dots, dashes and brackets are left out; a leading `+` stays.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    if len(plain) > 3 * NUMBER_DIGITS_MAX or not _NUMBER.fullmatch(plain):
        return None
    digits = "".join(each for each in plain if each in "0123456789")
    if not NUMBER_DIGITS_MIN <= len(digits) <= NUMBER_DIGITS_MAX:
        return None
    return f"+{digits}" if plain.startswith("+") else digits
