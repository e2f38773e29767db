"""The customer's websocket, version 1: bytes to messages and back. Pure; `PROTOCOL.md` is the source of every rule.

What comes in is checked here whole: whatever leaves `parse_message` has lawful fields and clean text.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from typing import Final

import msgspec

from acd.routing.model import Identity
from telephony_adapters.web.settings import KEY_MAX, LINES_PER_WINDOW, NAME_MAX, TEXT_MAX

SUBPROTOCOL: Final = "acd.customer.v1+json"
LANGUAGES: Final = ("en", "zh")
CHOICES: Final = ("accept", "decline", "intake", "return_call")
_VISITOR: Final = re.compile(r"[A-Za-z0-9_-]{22,64}")
_PHONE: Final = re.compile(r"[0-9 +().\-]*")
_PHONE_DIGITS: Final = (5, 20)


class WebError(Exception):
    """The page sent what it must not; a `PeerError` in the words of STYLE, section 9."""

    def __init__(self, code: str, found: str = "", expected: str = "", key: str = "") -> None:
        super().__init__(f"{code}: found {found!r}, expected {expected!r}")
        self.code = code
        self.found = found
        self.expected = expected
        self.key = key


# --- from the page ------------------------------------------------------------------------------------


class Hello(msgspec.Struct, frozen=True, tag="hello", tag_field="type"):
    """Who is there, and where they want to go."""

    visitor: str
    entry: str = ""
    name: str = ""
    phone: str = ""
    language: str | None = None
    contact: str | None = None
    after: int = 0


class Say(msgspec.Struct, frozen=True, tag="say", tag_field="type"):
    """A line of the customer."""

    key: str
    text: str


class Choose(msgspec.Struct, frozen=True, tag="choose", tag_field="type"):
    """A button."""

    choice: str
    turn: int | None = None


class Leave(msgspec.Struct, frozen=True, tag="leave", tag_field="type"):
    """The customer has had enough."""


FromPage = Hello | Say | Choose | Leave


# --- to the page --------------------------------------------------------------------------------------


class Choice(msgspec.Struct, frozen=True):
    """One button."""

    value: str
    label: str


class Line(msgspec.Struct, frozen=True, tag="line", tag_field="type"):
    """One line of the chat."""

    number: int
    by: str
    text: str
    at_ms: int
    name: str = ""
    key: str = ""
    choices: Sequence[Choice] = ()


class State(msgspec.Struct, frozen=True, tag="state", tag_field="type"):
    """Where the visit stands."""

    state: str
    position: int = 0
    estimate_ms: int | None = None
    agent: str = ""
    queue: str = ""


class Asked(msgspec.Struct, frozen=True, tag="question", tag_field="type"):
    """Whether the customer wants to leave the line."""

    turn: int
    action: str
    text: str
    choices: Sequence[Choice]


class AskedNoMore(msgspec.Struct, frozen=True, tag="question_over", tag_field="type"):
    """Take the question away."""

    turn: int


class Limits(msgspec.Struct, frozen=True):
    """What the page should keep to."""

    text_max: int = TEXT_MAX
    lines_per_10_s: int = LINES_PER_WINDOW
    grace_s: float = 0


class Welcome(msgspec.Struct, frozen=True, tag="welcome", tag_field="type"):
    """The answer to `hello`."""

    contact: str
    is_new: bool
    language: str
    lines: Sequence[Line]
    state: State
    question: Asked | None
    limits: Limits


class Ended(msgspec.Struct, frozen=True, tag="ended", tag_field="type"):
    """The visit is over."""

    why: str
    ticket: str = ""


class Refused(msgspec.Struct, frozen=True, tag="refused", tag_field="type"):
    """A message was not taken."""

    code: str
    key: str = ""
    found: str = ""
    expected: str = ""


ToPage = Welcome | Line | State | Asked | AskedNoMore | Ended | Refused

_decoder: Final = msgspec.json.Decoder(FromPage)
_encoder: Final = msgspec.json.Encoder()


def parse_message(frame: str | bytes) -> FromPage:
    """Return the message of a frame, with its text cleaned.

    Raises:
        WebError: `bad_message` or `too_long`; the message was not taken.
    """
    try:
        message: FromPage = _decoder.decode(frame)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise WebError("bad_message", str(error)[:200], "see PROTOCOL.md") from error
    if isinstance(message, Hello):
        return _checked_hello(message)
    if isinstance(message, Say):
        return _checked_say(message)
    if isinstance(message, Choose) and message.choice not in CHOICES:
        raise WebError("bad_message", message.choice[:40], ", ".join(CHOICES))
    return message


def build_message(message: ToPage) -> str:
    """Return the frame of a message."""
    return _encoder.encode(message).decode("utf-8")


def identity_of(visitor: str) -> Identity:
    """Return the customer's identity: a hash, since the visitor's own word is a secret."""
    return Identity("chat:" + hashlib.sha256(b"acd visitor " + visitor.encode()).hexdigest()[:24])


def clean_text(text: str) -> str:
    """Return text without control characters other than newline and tab, and without what is no character."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = (each for each in text if each in "\n\t" or unicodedata.category(each) not in ("Cc", "Cs"))
    return "".join(kept).strip()


def _checked_hello(message: Hello) -> Hello:
    if not _VISITOR.fullmatch(message.visitor):
        raise WebError("bad_message", f"a visitor of {len(message.visitor)}", "22 to 64 of A-Z a-z 0-9 _ -")
    if len(message.name) > NAME_MAX:
        raise WebError("too_long", f"a name of {len(message.name)}", f"{NAME_MAX} characters")
    if len(message.entry) > KEY_MAX:
        raise WebError("too_long", f"an entry of {len(message.entry)}", f"{KEY_MAX} characters")
    phone = unicodedata.normalize("NFKC", message.phone).strip()
    digits = sum(each.isdigit() for each in phone)
    if not _PHONE.fullmatch(phone) or (phone and not _PHONE_DIGITS[0] <= digits <= _PHONE_DIGITS[1]):
        raise WebError("bad_message", "phone", "5 to 20 digits, spaces, +-().")
    if message.after < 0:
        raise WebError("bad_message", str(message.after)[:40], "the number of a line")
    spoken = (message.language or "").replace("_", "-").partition("-")[0].lower()
    language = spoken if spoken in LANGUAGES else None
    name = " ".join(clean_text(message.name).split())
    return msgspec.structs.replace(message, name=name, phone=phone, language=language)


def _checked_say(message: Say) -> Say:
    if not 0 < len(message.key) <= KEY_MAX:
        raise WebError("bad_message", f"a key of {len(message.key)}", f"1 to {KEY_MAX} characters")
    if len(message.text) > TEXT_MAX:
        raise WebError("too_long", str(len(message.text)), f"{TEXT_MAX} characters", message.key)
    text = clean_text(message.text)
    if not text:
        raise WebError("bad_message", "an empty line", "1 character", message.key)
    return msgspec.structs.replace(message, text=text)
