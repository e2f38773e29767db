"""Form of `people.yaml`: who works here, what they can do, and how they sign in."""

from __future__ import annotations

from typing import Annotated

import msgspec

from acd.config.forms.centre import LabelForm, Language
from acd.config.forms.form import Form
from acd.config.kinds import (
    Defines,
    GroupRef,
    Proficiency,
    QueueRef,
    RegionRef,
    Secret,
    Size,
    SkillRef,
    TeamRef,
    Text,
    Unique,
    Whole,
)
from acd.desk.people import Role
from acd.routing.model import Channel

PasswordHash = Annotated[
    str,
    Text(
        "an argon2 hash as `acd hash-password` prints it",
        r"\$argon2(id|i|d)\$v=\d+\$m=\d+,t=\d+,p=\d+\$\S{10,300}",
    ),
    Secret(),
]
Password = Annotated[str, Text("a password", length_min=8, length_max=200), Secret()]


class TeamForm(Form, frozen=True, kw_only=True):
    """People whom the same supervisors lead."""

    label: LabelForm


class GroupForm(Form, frozen=True, kw_only=True):
    """Agents whom a queue may borrow in need."""

    label: LabelForm


class PhoneForm(Form, frozen=True, kw_only=True):
    """A SIP telephone that registers under this number."""

    number: Annotated[str, Text("an extension of 2 to 8 digits", r"[0-9]{2,8}"), Unique("phone")]
    password: Annotated[str, Text("a password", length_min=6, length_max=200), Secret()]


class ServedForm(Form, frozen=True, kw_only=True):
    """That an agent serves a queue."""

    queue: QueueRef
    preference_s: Annotated[int, Whole(0, 3_600, "seconds")] = 0


class BlendForm(Form, frozen=True, kw_only=True):
    """Which channels may come in while one is held."""

    holding: Channel
    admits: tuple[Channel, ...] = ()


class PersonForm(Form, frozen=True, kw_only=True):
    """One person: everybody signs in; the fields from `region` on are for agents."""

    name: Annotated[str, Text()]
    role: Role
    password_hash: PasswordHash | None = None
    example_password: Password | None = None
    language: Language = "en"
    leads: tuple[TeamRef, ...] = ()
    region: RegionRef | None = None
    team: TeamRef | None = None
    phone: PhoneForm | None = None
    skills: dict[SkillRef, Proficiency] = {}
    queues: Annotated[tuple[ServedForm, ...], Size(0, 200)] = ()
    capacity: dict[Channel, Annotated[int, Whole(0, 50)]] = msgspec.field(
        default_factory=lambda: {Channel.VOICE: 1, Channel.CHAT: 3}
    )
    blends: tuple[BlendForm, ...] = (BlendForm(holding=Channel.CHAT, admits=(Channel.CHAT,)),)
    groups: tuple[GroupRef, ...] = ()
    weight: Annotated[int, Whole(1, 100)] = 1


class PeopleForm(Form, frozen=True, kw_only=True):
    """`people.yaml`."""

    teams: dict[Annotated[str, Defines("team")], TeamForm] = {}
    groups: dict[Annotated[str, Defines("group")], GroupForm] = {}
    people: Annotated[dict[Annotated[str, Defines("person")], PersonForm], Size(1, 200_000)]
