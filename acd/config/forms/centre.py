"""Forms of `regions.yaml`, `skills.yaml`, `hours.yaml`, `entries.yaml` and `centre.yaml`: what the centre is."""

from __future__ import annotations

from typing import Annotated

from acd.config.forms.form import Form
from acd.config.kinds import (
    Defines,
    Digits,
    Proficiency,
    QueueRef,
    RegionRef,
    Seconds,
    Size,
    SkillRef,
    Text,
    Unique,
    Whole,
)
from acd.numbers import COUNTRIES
from acd.routing.model import Channel

Language = Annotated[str, Text("a language: en or zh", r"en|zh")]
Times = Annotated[
    str, Text("opening times as HH:MM-HH:MM", r"([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)")
]
Day = Annotated[str, Text("a day as YYYY-MM-DD", r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")]
Country = Annotated[
    str,
    Text('a country by its two letters such as CN, or ""', f"({'|'.join(sorted(COUNTRIES))})?", length_min=0),
]
Alternative = Annotated[dict[SkillRef, Proficiency], Size(1, 8)]


class LabelForm(Form, frozen=True, kw_only=True):
    """What people see, in both languages of the house."""

    en: Annotated[str, Text()]
    zh: Annotated[str, Text()]


class NeedsForm(Form, frozen=True, kw_only=True):
    """What is asked of an agent."""

    required: Annotated[tuple[Alternative, ...], Size(0, 8)] = ()
    preferred: Annotated[dict[SkillRef, Proficiency], Size(0, 8)] = {}


class CentreForm(Form, frozen=True, kw_only=True):
    """`centre.yaml`: what holds for the centre as a whole."""

    zone: Annotated[str, Text("a name of small letters, digits and '-'", r"[a-z0-9-]{1,32}")] = "main"
    name: LabelForm
    country: Country = ""
    repeat_window_h: Annotated[int, Whole(1, 8_760, "hours")] = 168
    repeat_visits_kept: Annotated[int, Whole(1, 20)] = 5
    desk_grace_s: Annotated[int, Whole(1, 600, "seconds")] = 30
    connect_limit_s: Annotated[int, Whole(1, 120, "seconds")] = 15
    contacts_max: Annotated[int, Whole(100, 5_000_000)] = 200_000
    identities_max: Annotated[int, Whole(100, 50_000_000)] = 1_000_000


class RegionForm(Form, frozen=True, kw_only=True):
    """A region and those next to it."""

    label: LabelForm
    neighbours: tuple[RegionRef, ...] = ()


class RegionsForm(Form, frozen=True, kw_only=True):
    """`regions.yaml`."""

    regions: Annotated[dict[Annotated[str, Defines("region")], RegionForm], Size(1, 1_000)]


class SkillForm(Form, frozen=True, kw_only=True):
    """One thing an agent can be good at."""

    label: LabelForm


class SkillsForm(Form, frozen=True, kw_only=True):
    """`skills.yaml`."""

    skills: Annotated[dict[Annotated[str, Defines("skill")], SkillForm], Size(0, 1_000)]


class WeekForm(Form, frozen=True, kw_only=True):
    """Opening times of each day; a day that is not named is closed."""

    mon: tuple[Times, ...] = ()
    tue: tuple[Times, ...] = ()
    wed: tuple[Times, ...] = ()
    thu: tuple[Times, ...] = ()
    fri: tuple[Times, ...] = ()
    sat: tuple[Times, ...] = ()
    sun: tuple[Times, ...] = ()


class CalendarForm(Form, frozen=True, kw_only=True):
    """Opening hours of some queues."""

    time_zone: Annotated[str, Text("a time zone of the tz database such as Asia/Shanghai")]
    week: WeekForm
    days: dict[Day, tuple[Times, ...]] = {}
    closed: bool = False


class HoursForm(Form, frozen=True, kw_only=True):
    """`hours.yaml`."""

    hours: dict[Annotated[str, Defines("hours")], CalendarForm] = {}


class EntryForm(Form, frozen=True, kw_only=True):
    """A dialled number or a page, and where it leads."""

    channel: Channel
    queue: QueueRef
    label: LabelForm | None = None
    also: Annotated[tuple[Annotated[Digits, Unique("entry")], ...], Size(0, 50)] = ()
    language: Language = "en"
    region: RegionRef | None = None
    needs: NeedsForm = NeedsForm()
    head_start_s: Seconds = 0


class EntriesForm(Form, frozen=True, kw_only=True):
    """`entries.yaml`."""

    entries: Annotated[
        dict[
            Annotated[
                str, Defines("entry", Text("a telephone number or a page's name", r"\+?[a-z0-9-]{1,40}"))
            ],
            EntryForm,
        ],
        Size(1, 10_000),
    ]
