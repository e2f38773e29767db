"""Who may do what: one table, role by right, and how far the right reaches. What is not in it is denied.

`OWN`: one's own desk, offers and assignments. `TEAMS`: agents of the teams one leads, the queues that they serve,
and the contacts in those queues. `ALL`: the whole zone. Whether a given offer, contact or agent is within reach is
answered by `reach.py` from the board.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from acd.desk.people import Role


class Reach(StrEnum):
    """How far a right reaches."""

    OWN = "own"
    TEAMS = "teams"
    ALL = "all"


_WORKS: Final = {Role.AGENT: Reach.OWN, Role.SUPERVISOR: Reach.OWN}
_STEERS: Final = {Role.SUPERVISOR: Reach.TEAMS, Role.ADMIN: Reach.ALL}
_ADMINISTERS: Final = {Role.ADMIN: Reach.ALL}
_AUDITS: Final = {Role.ADMIN: Reach.ALL, Role.AUDITOR: Reach.ALL}
_EVERYBODY: Final = dict.fromkeys(Role, Reach.OWN)

RIGHTS: Final[Mapping[str, Mapping[Role, Reach]]] = {
    # Actions of the socket, by their `type`.
    "set_presence": _WORKS,
    "set_link": _WORKS,
    "accept_offer": _WORKS,
    "decline_offer": _WORKS,
    "end_talk": _WORKS,
    "hold_contact": _WORKS,
    "ask_wrap_up": _WORKS,
    "finish_wrap_up": _WORKS,
    "transfer_contact": _WORKS,
    "start_consult": _WORKS,
    "end_consult": _WORKS,
    "complete_consult": _WORKS,
    "send_chat": _WORKS,
    "ask_return_call": _WORKS,
    "force_presence": _STEERS,
    "change_agent": _STEERS,
    "move_contact": _STEERS,
    "set_head_start": _STEERS,
    "give_contact": _STEERS,
    "end_contact": _STEERS,
    "turn_queue": _STEERS,
    "monitor_contact": _STEERS,
    "watch": _STEERS,
    # Views of the socket.
    "view_agent": _WORKS,
    "view_supervisor": _STEERS,
    # HTTP.
    "renew": _EVERYBODY,
    "sign_out": _EVERYBODY,
    "read_self": _EVERYBODY,
    "read_colleagues": _WORKS | _ADMINISTERS,
    "read_board": _STEERS,
    "read_customer": _WORKS | _ADMINISTERS,
    "read_ticket": _WORKS | _ADMINISTERS,
    "note_ticket": _WORKS | _ADMINISTERS,
    "read_figures": {
        Role.AGENT: Reach.OWN,
        Role.SUPERVISOR: Reach.TEAMS,
        Role.ADMIN: Reach.ALL,
        Role.AUDITOR: Reach.ALL,
    },
    "read_roles": _AUDITS,
    "read_audit": _AUDITS,
    "revoke_person": _ADMINISTERS,
    "reload_config": _ADMINISTERS,
    "drain": _ADMINISTERS,
    # An integrator's key, for the adapters that take events and give records.
    "push_events": {Role.INTEGRATOR: Reach.OWN},
    "read_records": {Role.INTEGRATOR: Reach.OWN, Role.ADMIN: Reach.ALL, Role.AUDITOR: Reach.ALL},
}

AUDITED: Final = frozenset(
    {
        "force_presence",
        "change_agent",
        "move_contact",
        "set_head_start",
        "give_contact",
        "end_contact",
        "turn_queue",
        "monitor_contact",
        "revoke_person",
        "read_audit",
        "reload_config",
        "drain",
    }
)
"""Acts of one person on what is another's: written down before they are done."""


def reach_of(role: Role, right: str) -> Reach | None:
    """Return how far a role's right reaches; None: it has not got it, nor has anybody a right nobody named."""
    return RIGHTS.get(right, {}).get(role)


def rights_of(role: Role) -> tuple[str, ...]:
    """Return the rights of a role, in the order of the table."""
    return tuple(right for right, roles in RIGHTS.items() if role in roles)


def render_table() -> str:
    """Return the table for the notes, as Markdown."""
    lines = [
        "| right | " + " | ".join(role.value for role in Role) + " | audited |",
        "|---|" + "---|" * (len(Role) + 1),
    ]
    for right, roles in RIGHTS.items():
        cells = [roles[role].value if role in roles else "" for role in Role]
        lines.append(f"| `{right}` | " + " | ".join(cells) + f" | {'yes' if right in AUDITED else ''} |")
    return "\n".join(lines) + "\n"


_INTRODUCTION: Final = """# Who may do what

Made from `roles.py`; a test compares the two. Empty: denied. `own`: one's own desk, offers and assignments, or
one's own sign-in. `teams`: agents of the teams one leads, the queues that they serve, the contacts in them.
`all`: the zone. Audited acts are written into the log, bound line to line, before they are done; denied ones as well.

"""


def render_page() -> str:
    """Return `ROLES.md`."""
    return _INTRODUCTION + render_table()
