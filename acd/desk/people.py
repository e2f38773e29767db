"""Who may sign in, and what the desks need to be told: built from the configuration, replaced as a whole."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from pathlib import Path

import msgspec

from acd.desk.messages import FRAME_BYTES_MAX
from acd.routing.model import Label, PersonId, TeamId
from acd.runtime.webhooks import Target


class Role(StrEnum):
    """What a person may do; see `roles.py`."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"
    INTEGRATOR = "integrator"
    AUDITOR = "auditor"


class Person(msgspec.Struct, frozen=True):
    """One person. An agent's id in the rules (`AgentRules.agent`) is the person's id."""

    person: PersonId
    name: str
    role: Role
    password_hash: str
    """As argon2 writes it, with its parameters; empty: cannot sign in by password."""
    teams: tuple[TeamId, ...] = ()
    """The own team of an agent; the teams that a supervisor leads."""
    language: str = "en"

    @property
    def version(self) -> str:
        """Changes when anything changes that a token vouches for: role, teams, password."""
        plain = msgspec.json.encode((self.person, self.role, self.teams, self.password_hash))
        return hashlib.sha256(plain).hexdigest()[:16]


class AlertLimits(msgspec.Struct, frozen=True):
    """From where on something needs a supervisor's eye; 0 switches an alert off."""

    wait_ms: int = 120_000
    length: int = 50
    service_level_per_mille: int = 600
    service_level_contacts_min: int = 20
    """Fewer than this say nothing about the service level."""
    not_ready_ms: int = 1_800_000
    wrap_up_ms: int = 300_000
    talk_ms: int = 2_400_000


class DeskSettings(msgspec.Struct, frozen=True):
    """All settings of the desks' room. Durations are milliseconds."""

    folder: Path
    """Where the secret of tokens, the revocations and the audit log lie; made if missing."""
    people: tuple[Person, ...] = ()
    team_labels: dict[TeamId, Label] = {}
    reasons: dict[str, Label] = {}
    """Reasons for not_ready that an agent may choose."""
    origins: tuple[str, ...] = ()
    """Origins of pages beside the server's own address, as `https://desk.example`."""
    static: Path | None = None
    """Folder of the pages; None: the one that comes with the package."""
    token_ms: int = 900_000
    shift_ms_max: int = 12 * 3_600_000
    """A sign-in can be renewed for so long, then the password is asked again."""
    heartbeat_ms: int = 4_000
    silence_ms: int = 10_000
    """A desk from which nothing came for so long is dead; that is found no later than this."""
    hello_ms_max: int = 5_000
    supervisor_tick_ms: int = 200
    """How often supervisors are told what changed."""
    shared_tick_ms: int = 2_000
    """How often agents are told of what their queues share: lengths, return calls, tickets."""
    sign_in_tries_max: int = 5
    sign_in_rest_ms: int = 60_000
    connections_max: int = 20_000
    connections_per_address_max: int = 20_000
    """Sockets from one address; a whole site may stand behind one."""
    messages_per_s_max: int = 50
    messages_burst: int = 100
    frame_bytes_max: int = FRAME_BYTES_MAX
    unsent_bytes_max: int = 1_048_576
    """A socket for which more is held than this is cut."""
    stalled_ms_max: int = 15_000
    """A socket that has taken nothing for so long, although there is something for it, is cut."""
    alerts: AlertLimits = AlertLimits()
    alert_webhook: Target | None = None
    """Where alerts are posted, beside the supervisors' screens."""
