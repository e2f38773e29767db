"""Forms to the settings of each room. The rooms do not know the configuration; `acd.app` hands them these.

`var` is the folder of the data, which the command line names.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Mapping
from pathlib import Path

from argon2.low_level import Type, hash_secret

from acd.config.forms import LabelForm, PersonForm
from acd.config.settings import Settings
from acd.desk.people import AlertLimits, DeskSettings, Person
from acd.hours import Calendar, build_calendar
from acd.intake.dialogue import Category
from acd.intake.room import IntakeSettings
from acd.routing.model import AgentId, Channel, EntryId, HoursId, Label, PersonId, TeamId
from acd.runtime.doors import Limits
from acd.runtime.webhooks import Target
from telephony_adapters.cti.settings import CtiSettings, SwitchSettings
from telephony_adapters.sip.media import MediaSettings
from telephony_adapters.sip.settings import PhoneAccount, SipSettings
from telephony_adapters.web.settings import WebSettings


def database_url(settings: Settings, var: Path) -> str:
    """Return the address of the database: the operator's, or an SQLite file under `var`."""
    return settings.server.database.url or f"sqlite:///{var / 'acd.sqlite'}"


def loop_limits(settings: Settings) -> Limits:
    """Return how much may be on its way through the engine."""
    form = settings.server.loop
    return Limits(
        intake_max=form.events_max,
        undurable_max=form.undurable_max,
        undelivered_max=form.undelivered_max,
        arrivals_per_s_max=form.arrivals_per_s_max,
        lag_ms_max=form.lag_ms_max,
    )


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
        country=settings.centre.country,
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
        country=settings.centre.country,
        grace_s=float(form.grace_s),
        connections_max=form.connections_max,
        connections_per_address_max=form.connections_per_address_max,
        return_calls_by="sip",
    )


def cti_settings(settings: Settings) -> CtiSettings:
    """Return which switches may connect."""
    form = settings.switches
    return CtiSettings(
        switches=tuple(
            SwitchSettings(
                source=name,
                key_sha256=switch.key_sha256,
                webhook_url=switch.webhook_url or "",
                webhook_secrets=switch.webhook_secrets,
                allow_private=switch.allow_private,
            )
            for name, switch in form.switches.items()
        ),
        country=settings.centre.country,
        events_per_s_max=form.events_per_s_max,
    )


def desk_settings(settings: Settings, var: Path) -> DeskSettings:
    """Return what the desks must know: people, sign-in, limits and alerts."""
    form, limits, alerts = settings.desk, settings.desk.limits, settings.thresholds.alerts
    return DeskSettings(
        folder=var / "desk",
        people=tuple(_person(name, person) for name, person in settings.people.people.items()),
        team_labels={TeamId(name): _label(team.label) for name, team in settings.people.teams.items()},
        reasons={name: _label(reason.label) for name, reason in form.reasons.items()},
        origins=settings.server.http.origins,
        token_ms=form.token_minutes * 60_000,
        shift_ms_max=form.shift_hours_max * 3_600_000,
        heartbeat_ms=form.heartbeat_s * 1_000,
        silence_ms=form.silence_s * 1_000,
        sign_in_tries_max=form.sign_in_tries_max,
        sign_in_rest_ms=form.sign_in_rest_s * 1_000,
        connections_max=limits.connections_max,
        connections_per_address_max=limits.connections_per_address_max,
        messages_per_s_max=limits.messages_per_s_max,
        messages_burst=2 * limits.messages_per_s_max,
        frame_bytes_max=limits.message_kb_max * 1_024,
        unsent_bytes_max=limits.unsent_kb_max * 1_024,
        stalled_ms_max=limits.stalled_s_max * 1_000,
        alerts=AlertLimits(
            wait_ms=alerts.wait_s * 1_000,
            length=alerts.length,
            service_level_per_mille=alerts.service_level_percent * 10,
            service_level_contacts_min=alerts.service_level_contacts_min,
            not_ready_ms=alerts.not_ready_s * 1_000,
            wrap_up_ms=alerts.wrap_up_s * 1_000,
            talk_ms=alerts.talk_s * 1_000,
        ),
        alert_webhook=None
        if alerts.webhook is None
        else Target(alerts.webhook.url, alerts.webhook.secrets, alerts.webhook.allow_private),
    )


def _person(name: str, form: PersonForm) -> Person:
    teams = form.leads or (() if form.team is None else (form.team,))
    return Person(
        person=PersonId(name),
        name=form.name,
        role=form.role,
        password_hash=form.password_hash or _example_hash(name, form.example_password or ""),
        teams=tuple(TeamId(team) for team in teams),
        language=form.language,
    )


def _example_hash(name: str, password: str) -> str:
    """Hash an example password cheaply, and always to the same hash, so that a restart signs nobody out.

    It stands in clear in the configuration: strength here would protect nothing and cost each start a second.
    """
    salt = hashlib.sha256(b"example:" + name.encode()).digest()[:16]
    hashed = hash_secret(
        password.encode(), salt, time_cost=1, memory_cost=1_024, parallelism=1, hash_len=32, type=Type.ID
    )
    return hashed.decode()


def _label(form: LabelForm) -> Label:
    return Label(en=form.en, zh=form.zh)
