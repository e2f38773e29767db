"""Forms of `server.yaml`, `desk.yaml`, `intake.yaml`, `switches.yaml` and `retention.yaml`: addresses and limits."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from acd.config.forms.centre import LabelForm
from acd.config.forms.form import Form
from acd.config.kinds import Days, Defines, Host, Path, Port, Secret, Size, Text, Url, WebhookSecret, Whole


class LogLevel(StrEnum):
    """The least important line that is still written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class HttpForm(Form, frozen=True, kw_only=True):
    """Desks, pages, HTTP API and metrics: one address for all of them."""

    host: Host = "127.0.0.1"
    port: Port = 8080
    origins: tuple[Url, ...] = ()
    certificate: Path | None = None
    private_key: Path | None = None
    head_s_max: Annotated[int, Whole(1, 600, "seconds")] = 5
    body_s_max: Annotated[int, Whole(1, 3_600, "seconds")] = 20
    connections_per_address_max: Annotated[int, Whole(1, 1_000_000)] = 5_000


class TrunkForm(Form, frozen=True, kw_only=True):
    """Where calls to outside numbers go."""

    host: Host
    port: Port = 5060


class SipForm(Form, frozen=True, kw_only=True):
    """Telephones and trunks."""

    host: Host = "127.0.0.1"
    port: Port = 5060
    public_host: Host | None = None
    realm: Annotated[str, Text("a realm", r"[\w.-]{1,100}")] = "acd"
    trusted: Annotated[tuple[Annotated[str, Text("a network such as 10.0.0.0/8")], ...], Size(0, 200)] = ()
    trunk: TrunkForm | None = None
    allowed_numbers: Annotated[
        tuple[Annotated[str, Text("the beginning of a telephone number", r"\+?[0-9]{1,15}")], ...],
        Size(0, 200),
    ] = ()
    registration_s_max: Annotated[int, Whole(30, 86_400, "seconds")] = 3_600
    answer_at_once: bool = False
    calls_max: Annotated[int, Whole(1, 100_000)] = 5_000


class MediaForm(Form, frozen=True, kw_only=True):
    """Where the server itself has sound: music, announcements, recordings of the intake bot."""

    host: Host = "127.0.0.1"
    public_host: Host | None = None
    port_min: Annotated[int, Whole(1_024, 65_535)] = 10_000
    port_max: Annotated[int, Whole(1_024, 65_535)] = 19_999


class ChatForm(Form, frozen=True, kw_only=True):
    """Chats of the customer page."""

    grace_s: Annotated[int, Whole(1, 3_600, "seconds")] = 60
    connections_max: Annotated[int, Whole(1, 1_000_000)] = 10_000
    connections_per_address_max: Annotated[int, Whole(1, 1_000_000)] = 100


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


class LoopForm(Form, frozen=True, kw_only=True):
    """How much may be on its way through the engine; beyond it new work is refused with a reason."""

    events_max: Annotated[int, Whole(10, 1_000_000)] = 5_000
    undurable_max: Annotated[int, Whole(10, 1_000_000)] = 20_000
    undelivered_max: Annotated[int, Whole(10, 1_000_000)] = 20_000
    arrivals_per_s_max: Annotated[int, Whole(0, 100_000)] = 1_000
    lag_ms_max: Annotated[int, Whole(0, 60_000, "milliseconds")] = 250


class LogFormat(StrEnum):
    """How a line is written."""

    TEXT = "text"
    JSON = "json"


class LogForm(Form, frozen=True, kw_only=True):
    """What the server says about itself."""

    level: LogLevel = LogLevel.INFO
    format: LogFormat = LogFormat.TEXT


class ServerForm(Form, frozen=True, kw_only=True):
    """`server.yaml`."""

    http: HttpForm = HttpForm()
    sip: SipForm = SipForm()
    media: MediaForm = MediaForm()
    chat: ChatForm = ChatForm()
    database: DatabaseForm = DatabaseForm()
    loop: LoopForm = LoopForm()
    log: LogForm = LogForm()
    drain_s: Annotated[int, Whole(0, 86_400, "seconds")] = 0


class ReasonForm(Form, frozen=True, kw_only=True):
    """A reason for being not ready."""

    label: LabelForm


class LimitsForm(Form, frozen=True, kw_only=True):
    """Limits on what one peer may take."""

    connections_max: Annotated[int, Whole(1, 1_000_000)] = 20_000
    connections_per_address_max: Annotated[int, Whole(1, 1_000_000)] = 20_000
    messages_per_s_max: Annotated[int, Whole(1, 10_000)] = 50
    message_kb_max: Annotated[int, Whole(1, 10_240, "kilobytes")] = 64
    unsent_kb_max: Annotated[int, Whole(16, 10_240, "kilobytes")] = 1_024
    stalled_s_max: Annotated[int, Whole(1, 600, "seconds")] = 15


class DeskForm(Form, frozen=True, kw_only=True):
    """`desk.yaml`: sign-in, limits and the reasons for being not ready."""

    token_minutes: Annotated[int, Whole(1, 1_440, "minutes")] = 15
    shift_hours_max: Annotated[int, Whole(1, 48, "hours")] = 12
    heartbeat_s: Annotated[int, Whole(1, 120, "seconds")] = 4
    silence_s: Annotated[int, Whole(2, 600, "seconds")] = 10
    sign_in_tries_max: Annotated[int, Whole(1, 100)] = 5
    sign_in_rest_s: Annotated[int, Whole(1, 86_400, "seconds")] = 60
    limits: LimitsForm = LimitsForm()
    reasons: Annotated[dict[Annotated[str, Defines("reason")], ReasonForm], Size(1, 100)]


class CategoryForm(Form, frozen=True, kw_only=True):
    """A matter that a customer can name by one key."""

    label: LabelForm


class IntakeForm(Form, frozen=True, kw_only=True):
    """`intake.yaml`: the bot that takes a matter down."""

    misses_max: Annotated[int, Whole(1, 10)] = 3
    words_s_max: Annotated[int, Whole(5, 600, "seconds")] = 120
    silence_s: Annotated[int, Whole(1, 30, "seconds")] = 4
    chat_silence_s: Annotated[int, Whole(10, 3_600, "seconds")] = 180
    categories: Annotated[dict[Annotated[str, Defines("category")], CategoryForm], Size(1, 9)]


class SwitchForm(Form, frozen=True, kw_only=True):
    """A telephone switch that pushes its calls and takes orders."""

    key_sha256: Annotated[str, Text("64 hexadecimal digits", r"[0-9a-f]{64}"), Secret()]
    webhook_url: Url | None = None
    webhook_secrets: Annotated[tuple[WebhookSecret, ...], Size(0, 2)] = ()
    allow_private: bool = False


class SwitchesForm(Form, frozen=True, kw_only=True):
    """`switches.yaml`."""

    events_per_s_max: Annotated[int, Whole(1, 100_000)] = 2_000
    switches: dict[
        Annotated[
            str, Defines("switch", Text("letters, digits, dots, dashes and slashes", r"[A-Za-z0-9./-]{1,64}"))
        ],
        SwitchForm,
    ] = {}


class RetentionForm(Form, frozen=True, kw_only=True):
    """`retention.yaml`: how long things are kept."""

    journal_days: Days = 800
    figures_days: Days = 800
    config_versions: Annotated[int, Whole(1, 10_000)] = 200
