"""Forms to the settings of each room. The rooms do not know the configuration; `acd.app` hands them these.

`var` is the folder of the data, which the command line names.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from pathlib import Path

from acd.config.settings import Settings
from acd.hours import Calendar, build_calendar
from acd.intake.dialogue import Category
from acd.intake.room import IntakeSettings
from acd.routing.model import AgentId, Channel, EntryId, HoursId
from acd.runtime.loop import Limits
from telephony_adapters.sip.media import MediaSettings
from telephony_adapters.sip.settings import PhoneAccount, SipSettings
from telephony_adapters.web.settings import WebSettings


def database_url(settings: Settings, var: Path) -> str:
    """Return the address of the database: the operator's, or an SQLite file under `var`."""
    return settings.server.database.url or f"sqlite:///{var / 'acd.sqlite'}"


def loop_limits(settings: Settings) -> Limits:
    """Return how much may be on its way through the engine."""
    form = settings.server.loop
    return Limits(intake_max=form.events_max, undurable_max=form.undurable_max)


def calendars(settings: Settings) -> Mapping[HoursId, Calendar]:
    """Return the opening hours by name."""
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    return {
        HoursId(name): build_calendar(
            form.time_zone, {day: getattr(form.week, day) for day in days}, form.days, form.closed
        )
        for name, form in settings.hours.hours.items()
    }


def sip_settings(settings: Settings, var: Path) -> SipSettings:
    """Return what SIP must know: addresses, the numbers that customers call, and the agents' telephones."""
    form = settings.server.sip
    people = settings.people.people.items()
    return SipSettings(
        host=form.host,
        port=form.port,
        public_host=form.public_host or "",
        realm=form.realm,
        entries=tuple(
            EntryId(number)
            for name, entry in settings.entries.entries.items()
            if entry.channel is Channel.VOICE
            for number in (name, *entry.also)
        ),
        phones=tuple(
            PhoneAccount(
                number=person.phone.number,
                password=person.phone.password,
                agent=AgentId(name) if person.region is not None else None,
            )
            for name, person in people
            if person.phone is not None
        ),
        trusted=tuple(ipaddress.ip_network(network) for network in form.trusted),
        trunk=None if form.trunk is None else (form.trunk.host, form.trunk.port),
        allowed_numbers=form.allowed_numbers,
        registration_s_max=form.registration_s_max,
        registrations=var / "registrations.json",
        recordings=var / "recordings",
        answer_at_once=form.answer_at_once,
        calls_max=form.calls_max,
    )


def media_settings(settings: Settings) -> MediaSettings:
    """Return where the server itself has sound."""
    form = settings.server.media
    return MediaSettings(
        bind_host=form.host,
        public_host=form.public_host or "",
        port_min=form.port_min,
        port_max=form.port_max,
    )


def intake_settings(settings: Settings) -> IntakeSettings:
    """Return how the intake bot behaves."""
    form = settings.intake
    return IntakeSettings(
        categories=tuple(
            Category(name, category.label.en, category.label.zh) for name, category in form.categories.items()
        ),
        misses_max=form.misses_max,
        words_ms_max=form.words_s_max * 1_000,
        silence_ms_max=form.silence_s * 1_000,
        chat_silence_s=float(form.chat_silence_s),
    )


def web_settings(settings: Settings) -> WebSettings:
    """Return how customers' pages connect; chats are called back by SIP."""
    form = settings.server.chat
    return WebSettings(
        origins=settings.server.http.origins,
        grace_s=float(form.grace_s),
        connections_max=form.connections_max,
        connections_per_address_max=form.connections_per_address_max,
        return_calls_by="sip",
    )
