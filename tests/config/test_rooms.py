"""Every option of a room reaches its settings, and the paths of the data lie under the folder that was named."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from acd.config import Settings, forms, load
from acd.config.reader import form_hints
from acd.config.rooms import (
    calendars,
    cti_settings,
    database_url,
    desk_settings,
    intake_settings,
    loop_limits,
    media_settings,
    sip_settings,
    web_settings,
)
from acd.routing.model import HoursId, PersonId
from tests.config.changing import EXAMPLE_SETTINGS, changed, settings_with
from tests.config.folder import EXAMPLE

VAR: Final = Path("data")
SERVER: Final = EXAMPLE_SETTINGS.server
PLACES: Final[list[forms.Form]] = [
    SERVER.sip,
    SERVER.media,
    SERVER.chat,
    SERVER.database,
    SERVER.loop,
    EXAMPLE_SETTINGS.switches,
    EXAMPLE_SETTINGS.hours.hours["office"],
    EXAMPLE_SETTINGS.hours.hours["office"].week,
    EXAMPLE_SETTINGS.intake,
    EXAMPLE_SETTINGS.desk,
    EXAMPLE_SETTINGS.desk.limits,
    EXAMPLE_SETTINGS.desk.reasons["break"].label,
    EXAMPLE_SETTINGS.thresholds.alerts,
    EXAMPLE_SETTINGS.intake.categories["product"].label,
    EXAMPLE_SETTINGS.people.people["ann"].phone or forms.PhoneForm(number="1", password="x"),
]
OPTIONS: Final = [(form, name) for form in PLACES for name in form_hints(type(form))]


def all_rooms(settings: Settings) -> list[Any]:
    """Return what every room is told."""
    return [
        database_url(settings, VAR),
        loop_limits(settings),
        calendars(settings),
        sip_settings(settings, VAR),
        media_settings(settings),
        intake_settings(settings),
        web_settings(settings),
        cti_settings(settings),
        desk_settings(settings, VAR),
    ]


@pytest.mark.parametrize(
    ("form", "name"), OPTIONS, ids=[f"{type(form).__name__}.{name}" for form, name in OPTIONS]
)
def test_every_option_of_a_room_reaches_it(form: forms.Form, name: str) -> None:
    assert all_rooms(settings_with(form, changed(form, name))) != all_rooms(EXAMPLE_SETTINGS)


def test_the_data_lie_under_the_folder_that_was_named() -> None:
    assert database_url(EXAMPLE_SETTINGS, VAR) == "sqlite:///data/acd.sqlite"
    assert sip_settings(EXAMPLE_SETTINGS, VAR).recordings == VAR / "recordings"
    other = load(EXAMPLE, overrides=["server.database.url=postgresql://acd@127.0.0.1/acd"])
    assert database_url(other, VAR) == "postgresql://acd@127.0.0.1/acd"


def test_telephones_are_the_agents_and_entries_are_the_numbers_alone() -> None:
    settings = sip_settings(EXAMPLE_SETTINGS, VAR)
    assert {(phone.number, phone.agent) for phone in settings.phones} >= {("2001", "ann"), ("2009", "ivy")}
    assert {"4001", "4008001001", "+864008001001"} <= set(settings.entries)
    assert "shop" not in settings.entries
    assert settings.is_trusted("127.0.0.9")
    assert not settings.is_trusted("10.0.0.1")


def test_the_hours_are_those_of_the_place() -> None:
    office = calendars(EXAMPLE_SETTINGS)[HoursId("office")]
    monday_noon_in_shanghai_ms = 1_795_406_400_000  # 2026-11-23 04:00 UTC
    assert office.turn_at(monday_noon_in_shanghai_ms).is_open
    assert not office.turn_at(monday_noon_in_shanghai_ms + 45 * 60_000).is_open, "a break from 12:30 to 13:00"
    assert calendars(EXAMPLE_SETTINGS)[HoursId("always")].turn_at(monday_noon_in_shanghai_ms).until_ms is None


def test_an_example_password_signs_in_and_its_hash_outlives_a_restart() -> None:
    first, again = desk_settings(EXAMPLE_SETTINGS, VAR), desk_settings(load(EXAMPLE), VAR)
    assert first.people == again.people
    ann = next(person for person in first.people if person.person == "ann")
    assert PasswordHasher().verify(ann.password_hash, "ann-example")
    with pytest.raises(VerifyMismatchError):
        PasswordHasher().verify(ann.password_hash, "bob-example")
    hashes = {person.password_hash for person in first.people}
    assert len(hashes) == len(first.people)


def test_the_teams_of_an_agent_are_the_own_one_and_those_of_a_supervisor_are_the_led_ones() -> None:
    teams = {person.person: person.teams for person in desk_settings(EXAMPLE_SETTINGS, VAR).people}
    assert teams[PersonId("ann")] == ("north-care",)
    assert teams[PersonId("sam")] == ("east-care", "east-sales")
    assert teams[PersonId("kai")] == ()


PEOPLE_OPTIONS: Final = ("name", "role", "password_hash", "language", "team")


@pytest.mark.parametrize("option", PEOPLE_OPTIONS)
def test_every_option_of_a_person_that_the_desk_has_reaches_it(option: str) -> None:
    ann = EXAMPLE_SETTINGS.people.people["ann"]
    settings = settings_with(ann, changed(ann, option))
    assert desk_settings(settings, VAR) != desk_settings(EXAMPLE_SETTINGS, VAR)
