"""Forms of `server.yaml`, `desk.yaml`, `intake.yaml` and `retention.yaml`: addresses, stores and limits."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from acd.config.forms.centre import LabelForm, Language
from acd.config.forms.form import Form
from acd.config.kinds import Days, Defines, Host, Path, Port, Secret, Size, Text, Unique, Url, Whole


class JournalStore(StrEnum):
    """Where records are made durable."""

    SQLITE = "sqlite"
    REDIS = "redis"


class LogLevel(StrEnum):
    """The least important line that is still written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """How a line is written."""

    TEXT = "text"
    JSON = "json"


class HttpForm(Form, frozen=True, kw_only=True):
    """Desks, pages, HTTP API and metrics: one address for all of them."""

    host: Host = "127.0.0.1"
    port: Port = 8080
    origins: tuple[Url, ...] = ()
    certificate: Path | None = None
    private_key: Path | None = None


class SipForm(Form, frozen=True, kw_only=True):
    """Telephones and trunks."""

    host: Host = "127.0.0.1"
    public_host: Host | None = None
    udp_port: Port | None = 5060
    tcp_port: Port | None = 5060
    tls_port: Port | None = None
    certificate: Path | None = None
    private_key: Path | None = None
    realm: Annotated[str, Text("a realm", r"[\w.-]{1,100}")] = "acd"
    trusted: Annotated[tuple[Annotated[str, Text("a network such as 10.0.0.0/8")], ...], Size(0, 200)] = ()
    registration_s_max: Annotated[int, Whole(30, 86_400, "seconds")] = 3_600


class MediaForm(Form, frozen=True, kw_only=True):
    """Where the server itself has sound: music, announcements, recordings of the intake bot."""

    host: Host = "127.0.0.1"
    public_host: Host | None = None
    port_min: Annotated[int, Whole(1_024, 65_535)] = 10_000
    port_max: Annotated[int, Whole(1_024, 65_535)] = 19_999


class JournalForm(Form, frozen=True, kw_only=True):
    """The store of records."""

    store: JournalStore = JournalStore.SQLITE
    redis_url: (
        Annotated[
            str,
            Text("an address such as redis://127.0.0.1:6379/0", r"(redis|rediss|unix)://\S{1,300}"),
            Secret(),
        ]
        | None
    ) = None


class DatabaseForm(Form, frozen=True, kw_only=True):
    """Where tickets, customers and reports are kept."""

    url: (
        Annotated[
            str,
            Text("an address such as postgresql://user@127.0.0.1/acd", r"(postgresql|sqlite)\S{3,500}"),
            Secret(),
        ]
        | None
    ) = None


class LogForm(Form, frozen=True, kw_only=True):
    """What the server says about itself."""

    level: LogLevel = LogLevel.INFO
    format: LogFormat = LogFormat.TEXT


class ServerForm(Form, frozen=True, kw_only=True):
    """`server.yaml`."""

    http: HttpForm = HttpForm()
    sip: SipForm = SipForm()
    media: MediaForm = MediaForm()
    journal: JournalForm = JournalForm()
    database: DatabaseForm = DatabaseForm()
    log: LogForm = LogForm()


class ReasonForm(Form, frozen=True, kw_only=True):
    """A reason for being not ready."""

    label: LabelForm


class LimitsForm(Form, frozen=True, kw_only=True):
    """Limits on what one peer may take."""

    connections_max: Annotated[int, Whole(1, 1_000_000)] = 20_000
    messages_per_s_max: Annotated[int, Whole(1, 10_000)] = 50
    message_kb_max: Annotated[int, Whole(1, 10_240, "kilobytes")] = 64
    unsent_kb_max: Annotated[int, Whole(16, 10_240, "kilobytes")] = 1_024


class DeskForm(Form, frozen=True, kw_only=True):
    """`desk.yaml`: sign-in, limits and the reasons for being not ready."""

    token_minutes: Annotated[int, Whole(1, 1_440, "minutes")] = 15
    shift_hours_max: Annotated[int, Whole(1, 48, "hours")] = 12
    heartbeat_s: Annotated[int, Whole(2, 120, "seconds")] = 10
    sign_in_tries_max: Annotated[int, Whole(1, 100)] = 5
    sign_in_rest_s: Annotated[int, Whole(1, 86_400, "seconds")] = 60
    limits: LimitsForm = LimitsForm()
    reasons: Annotated[dict[Annotated[str, Defines("reason")], ReasonForm], Size(1, 100)]


class CategoryForm(Form, frozen=True, kw_only=True):
    """A matter that a customer can name by one key."""

    key: Annotated[str, Text("one digit from 1 to 9", r"[1-9]"), Unique("intake key")]
    label: LabelForm


class IntakeForm(Form, frozen=True, kw_only=True):
    """`intake.yaml`: the bot that takes a matter down."""

    languages: Annotated[tuple[Language, ...], Size(1, 2)] = ("en", "zh")
    recording_s_max: Annotated[int, Whole(5, 600, "seconds")] = 90
    silence_s: Annotated[int, Whole(1, 30, "seconds")] = 3
    tries_max: Annotated[int, Whole(1, 5)] = 2
    categories: Annotated[dict[Annotated[str, Defines("category")], CategoryForm], Size(1, 9)]


class RetentionForm(Form, frozen=True, kw_only=True):
    """`retention.yaml`: how long things are kept."""

    journal_days: Days = 400
    recordings_days: Days = 90
    chats_days: Days = 400
    tickets_days: Days = 3_650
    audit_days: Days = 3_650
    config_versions: Annotated[int, Whole(1, 10_000)] = 200
