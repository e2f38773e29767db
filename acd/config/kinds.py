"""What a value of the configuration may be; forms annotate their fields with these.

`offer_s: Annotated[int, Whole(5, 120, "seconds")] = 20` is the whole declaration of an option: from it come
the check, the words of a complaint, the JSON Schema and the typed setting.
"""

from __future__ import annotations

import re
from typing import Annotated, Final

import msgspec

NAME: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")


class Whole(msgspec.Struct, frozen=True):
    """A whole number from `low` to `high`, both allowed."""

    low: int
    high: int
    unit: str = ""

    @property
    def expected(self) -> str:
        """Say it for a complaint."""
        of = f" of {self.unit}" if self.unit else ""
        return f"a whole number{of} from {self.low} to {self.high}"


class Text(msgspec.Struct, frozen=True):
    """A text; `what` names it in a complaint, `pattern` (if any) must match all of it."""

    what: str = "a text"
    pattern: str = ""
    length_max: int = 500
    length_min: int = 1

    @property
    def expected(self) -> str:
        """Say it for a complaint."""
        return (
            self.what if self.pattern else f"{self.what} of {self.length_min} to {self.length_max} characters"
        )


class Secret(msgspec.Struct, frozen=True):
    """Beside a Text: the value is never repeated in a complaint or a comparison."""


class Ref(msgspec.Struct, frozen=True):
    """The name of something defined elsewhere: a skill, a queue, hours."""

    of: str


class Defines(msgspec.Struct, frozen=True):
    """Annotates the keys of a mapping: each key is the name of a new thing of this kind."""

    of: str
    text: Text = Text("a name of small letters, digits, '-', '_' and '.', at most 64 long", NAME.pattern)


class Size(msgspec.Struct, frozen=True):
    """How many entries a list or mapping has."""

    low: int = 0
    high: int = 10_000


class Unique(msgspec.Struct, frozen=True):
    """A value that no two entries of this kind may share."""

    of: str


Seconds = Annotated[int, Whole(0, 86_400, "seconds")]
Days = Annotated[int, Whole(1, 36_500, "days")]
Port = Annotated[int, Whole(0, 65_535)]
Proficiency = Annotated[int, Whole(1, 5)]
Host = Annotated[str, Text("a host name or an address", r"[A-Za-z0-9_.:\[\]-]{1,253}")]
Url = Annotated[str, Text("an address that begins with http:// or https://", r"https?://\S{1,500}")]
Digits = Annotated[
    str, Text("a telephone number: digits, with or without a + before them", r"\+?[0-9]{1,20}")
]
WebhookSecret = Annotated[
    str,
    Text(
        "a secret in base64, of at least 24 bytes, with or without whsec_ before it",
        r"(whsec_)?[A-Za-z0-9+/]{32,200}={0,2}",
    ),
    Secret(),
]
Path = Annotated[str, Text("a path", r"[^\0]{1,400}")]

SkillRef = Annotated[str, Ref("skill")]
QueueRef = Annotated[str, Ref("queue")]
RegionRef = Annotated[str, Ref("region")]
TeamRef = Annotated[str, Ref("team")]
GroupRef = Annotated[str, Ref("group")]
HoursRef = Annotated[str, Ref("hours")]
