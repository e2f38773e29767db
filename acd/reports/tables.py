"""The tables of the reports room. Migrations make them; a test holds the two together.

A count is a column of its own, named as in `acd/statistics/counts.py`: a count that is added there needs a migration.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table

from acd.database import METADATA, PlainText, UtcMoment
from acd.statistics.counts import AgentCounts, QueueCounts


def _counts(kind: type[QueueCounts] | type[AgentCounts]) -> list[Column[Any]]:
    return [Column(name, BigInteger, nullable=False) for name in kind.__struct_fields__]


FIGURES_QUEUES: Final = Table(
    "figures_queues",
    METADATA,
    Column("start_at", UtcMoment, primary_key=True),
    Column("queue", PlainText, primary_key=True),
    Column("region", PlainText, primary_key=True),
    *_counts(QueueCounts),
)
"""One quarter of an hour, one queue, one region."""

FIGURES_AGENTS: Final = Table(
    "figures_agents",
    METADATA,
    Column("start_at", UtcMoment, primary_key=True),
    Column("agent", PlainText, primary_key=True),
    Column("team", PlainText, nullable=False),
    Column("region", PlainText, nullable=False),
    *_counts(AgentCounts),
    Index("ix_figures_agents_agent", "agent", "start_at"),
)
"""One quarter of an hour, one agent."""

FIGURES_OPEN: Final = Table(
    "figures_open",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("closed_at", UtcMoment, nullable=False),
    Column("dump", LargeBinary, nullable=False),
)
"""One row: what was open after record `seq`, when the last written quarter closed."""
