"""The SQL of the reports room: each function works in the transaction that it is given.

Large results and large writes go in pieces, so that the loop, which shares the thread, is not held up by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Select, Table, and_, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from acd.database import moment_of, ms_of
from acd.ports import FiguresAsked, FiguresBy
from acd.reports.quarters import AgentRow, Closed, QueueRow
from acd.reports.sums import OF_AGENTS, OF_QUEUES, Sums
from acd.reports.tables import FIGURES_AGENTS, FIGURES_OPEN, FIGURES_QUEUES
from acd.statistics.counts import AgentCounts, QueueCounts

PIECE: Final = 200
"""Rows that are written or read at once."""
_LONG_MS: Final = 20 * 3_600_000
"""Periods of this length and more are summed by the database, each by itself."""


async def write_closed(connection: AsyncConnection, closed: Closed) -> None:
    """Write closed quarters in the place of what may stand there from before a crash."""
    for table in (FIGURES_QUEUES, FIGURES_AGENTS):
        await connection.execute(delete(table).where(_between(table, closed.from_ms, closed.to_ms)))
    await _insert(connection, FIGURES_QUEUES, closed.queues)
    await _insert(connection, FIGURES_AGENTS, closed.agents)


async def write_open(connection: AsyncConnection, closed: Closed) -> None:
    """Write what was open, in the place of what was open before."""
    await connection.execute(delete(FIGURES_OPEN))
    row = {"id": 1, "seq": closed.seq, "closed_at": moment_of(closed.to_ms), "dump": closed.dump}
    await connection.execute(insert(FIGURES_OPEN).values(row))


async def forget_before(connection: AsyncConnection, at_ms: int) -> None:
    """Take away the quarters that begin before this moment."""
    for table in (FIGURES_QUEUES, FIGURES_AGENTS):
        await connection.execute(delete(table).where(table.c.start_at < moment_of(at_ms)))


async def read_open(connection: AsyncConnection) -> bytes | None:
    """Return the dump of what was open when the last written quarter closed."""
    dump: bytes | None = (await connection.execute(select(FIGURES_OPEN.c.dump))).scalar()
    return dump


async def read_sums(
    connection: AsyncConnection, asked: FiguresAsked, before_ms: int | None, sums: Sums
) -> None:
    """Add what is written of quarters that begin before `before_ms`; None: of all.

    Raises:
        FiguresTooMany: There is more than was asked for.
    """
    is_long = any(to_ms - from_ms >= _LONG_MS for from_ms, to_ms in asked.periods)
    periods = asked.periods if is_long else [(asked.periods[0][0], asked.periods[-1][1])]
    for from_ms, to_ms in periods:
        to_ms = to_ms if before_ms is None else min(to_ms, before_ms)
        if from_ms >= to_ms:
            continue
        if asked.by in OF_QUEUES:
            kept = _narrowed(FIGURES_QUEUES.c.queue, asked.queues)
            question = _question(FIGURES_QUEUES, asked.by, not is_long, QueueCounts)
            question = question.where(_between(FIGURES_QUEUES, from_ms, to_ms), *kept)
            async for start_ms, key, values in _read(connection, question, from_ms):
                sums.add_queue(start_ms, key, QueueCounts(*values))
        if asked.by in OF_AGENTS:
            kept = _narrowed(FIGURES_AGENTS.c.team, asked.teams)
            kept += _narrowed(FIGURES_AGENTS.c.agent, asked.agents)
            question = _question(FIGURES_AGENTS, asked.by, not is_long, AgentCounts)
            question = question.where(_between(FIGURES_AGENTS, from_ms, to_ms), *kept)
            async for start_ms, key, values in _read(connection, question, from_ms):
                sums.add_agent(start_ms, key, AgentCounts(*values))


def _question(
    table: Table, by: FiguresBy, by_quarter: bool, kind: type[QueueCounts] | type[AgentCounts]
) -> Select[Any]:
    """Sum every count by key, and by quarter unless the whole is wanted; the longest wait is the longest of all."""
    key = table.c[by.value]
    sums = [
        (func.max if name == "wait_longest_ms" else func.sum)(table.c[name])
        for name in kind.__struct_fields__
    ]
    if by_quarter:
        return select(key, table.c.start_at, *sums).group_by(table.c.start_at, key)
    return select(key, *sums).group_by(key)


async def _read(connection: AsyncConnection, question: Select[Any], from_ms: int) -> Any:
    has_start = any(column.name == "start_at" for column in question.selected_columns)
    result = await connection.stream(question)
    async for piece in result.partitions(PIECE):
        for row in piece:
            if has_start:
                yield ms_of(row[1]), row[0], [int(value) for value in row[2:]]
            else:
                yield from_ms, row[0], [int(value) for value in row[1:]]


def _between(table: Table, from_ms: int, to_ms: int) -> ColumnElement[bool]:
    return and_(table.c.start_at >= moment_of(from_ms), table.c.start_at < moment_of(to_ms))


def _narrowed(column: ColumnElement[str], names: frozenset[Any] | None) -> list[ColumnElement[bool]]:
    return [] if names is None else [column.in_(sorted(names))]


async def _insert(
    connection: AsyncConnection, table: Table, rows: Sequence[QueueRow] | Sequence[AgentRow]
) -> None:
    for begin in range(0, len(rows), PIECE):
        piece = [_values(row) for row in rows[begin : begin + PIECE]]
        await connection.execute(insert(table), piece)


def _values(row: QueueRow | AgentRow) -> dict[str, Any]:
    values = msgspec.structs.asdict(row)
    counts = msgspec.structs.asdict(values.pop("counts"))
    values["start_at"] = moment_of(values.pop("start_ms"))
    return values | counts
