"""Figures by quarter of an hour, and what was open when the last one closed."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_MOMENT = sa.DateTime(timezone=True)
_OF_QUEUES = (
    "entered", "entered_return_calls", "moved_in", "moved_out", "answered", "answered_in_time", "abandoned",
    "abandoned_in_time", "abandoned_short", "overflowed", "refused", "unreached", "ended_by_hand",
    "repeats", "solved_first", "overflow_asked", "overflow_declined", "offers", "declined", "no_answer",
    "busy", "unreachable", "withdrawn", "lost_race", "handled", "transfers", "wait_answered_ms",
    "wait_abandoned_ms", "wait_longest_ms", "talk_ms", "hold_ms", "held", "wrap_up_ms", "estimate_error_ms",
    "estimates",
)  # fmt: skip
_OF_AGENTS = (
    "signed_in_ms", "ready_idle_ms", "working_ms", "not_ready_ms", "handled", "talk_ms", "hold_ms",
    "wrap_up_ms", "offers", "accepted", "declined", "no_answer", "transfers",
)  # fmt: skip


def upgrade() -> None:
    """Make the tables of the reports room."""
    op.create_table(
        "figures_queues",
        sa.Column("start_at", _MOMENT, nullable=False),
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("region", sa.Text, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in _OF_QUEUES),
        sa.PrimaryKeyConstraint("start_at", "queue", "region", name="pk_figures_queues"),
    )
    op.create_table(
        "figures_agents",
        sa.Column("start_at", _MOMENT, nullable=False),
        sa.Column("agent", sa.Text, nullable=False),
        sa.Column("team", sa.Text, nullable=False),
        sa.Column("region", sa.Text, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in _OF_AGENTS),
        sa.PrimaryKeyConstraint("start_at", "agent", name="pk_figures_agents"),
    )
    op.create_index("ix_figures_agents_agent", "figures_agents", ["agent", "start_at"])
    op.create_table(
        "figures_open",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("closed_at", _MOMENT, nullable=False),
        sa.Column("dump", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_figures_open"),
    )
