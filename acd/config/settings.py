"""The whole configuration as one value, and the files it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from acd.config import forms
from acd.routing.model import Rules

FILES: Final[Mapping[str, type[forms.Form]]] = {
    "centre.yaml": forms.CentreForm,
    "regions.yaml": forms.RegionsForm,
    "skills.yaml": forms.SkillsForm,
    "hours.yaml": forms.HoursForm,
    "dispositions.yaml": forms.DispositionsForm,
    "overflow.yaml": forms.OverflowForm,
    "thresholds.yaml": forms.ThresholdsForm,
    "queues.yaml": forms.QueuesForm,
    "entries.yaml": forms.EntriesForm,
    "people.yaml": forms.PeopleForm,
    "server.yaml": forms.ServerForm,
    "desk.yaml": forms.DeskForm,
    "intake.yaml": forms.IntakeForm,
    "switches.yaml": forms.SwitchesForm,
    "retention.yaml": forms.RetentionForm,
}
"""Every file of the configuration, in the order in which people are told of problems."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The whole configuration, checked: the engine's rules, and what each room must know.

    Entries, people and calendars stand here as the operator wrote them; `rules` holds what routing needs of them.
    """

    rules: Rules
    centre: forms.CentreForm
    regions: forms.RegionsForm
    skills: forms.SkillsForm
    hours: forms.HoursForm
    dispositions: forms.DispositionsForm
    overflow: forms.OverflowForm
    thresholds: forms.ThresholdsForm
    queues: forms.QueuesForm
    entries: forms.EntriesForm
    people: forms.PeopleForm
    server: forms.ServerForm
    desk: forms.DeskForm
    intake: forms.IntakeForm
    switches: forms.SwitchesForm
    retention: forms.RetentionForm
