"""The transcripts: every line of every chat, stored whole and in order. The `TranscriptStore` of the chats' adapter.

Lines are in no journal, so a full spool refuses them, and whoever speaks is told.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from acd.customers.tables import CHAT_LINES
from acd.database import Database, Spool, moment_of, ms_of
from acd.ports import ChatMessage, Record, Speaker, Submit
from acd.routing.model import AgentId, ContactId
from acd.routing.outputs import AnyCommand, Command

ITEMS_MAX: Final = 50_000
DRAIN_TIMEOUT_S: Final = 5.0
CONTACTS_PER_QUESTION: Final = 500
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KeptLine:
    """A line that waits to be stored, and whom to tell."""

    line: ChatMessage
    key: str
    then: Callable[[], None]


class TranscriptRoom:
    """A `Room` for the loop (only so that it starts and stops with the others) and a `TranscriptStore`."""

    name = "transcripts"
    commands: frozenset[type[Command]] = frozenset()

    def __init__(self, database: Database) -> None:
        self._database = database
        self._spool: Spool[KeptLine] = Spool(database, self.name, _write, ITEMS_MAX)
        self._stack = AsyncExitStack()
        self._running: asyncio.Task[None] | None = None

    @property
    def spool(self) -> Spool[KeptLine]:
        """What waits to be written; for metrics."""
        return self._spool

    async def start(self, submit: Submit) -> None:
        """Begin to write."""
        group = await self._stack.enter_async_context(asyncio.TaskGroup())
        self._running = group.create_task(self._spool.run(), name="transcripts spool")

    def execute(self, command: AnyCommand) -> None:
        """The engine orders nothing of this room."""

    def observe(self, record: Record, is_replay: bool) -> None:
        """What is said in chats is in no record."""

    async def stop(self) -> None:
        """Write what waits."""
        if self._running is not None:
            if not await self._spool.drained(DRAIN_TIMEOUT_S):
                _log.error("spool_lost room=transcripts items=%d", len(self._spool))
            self._running.cancel()
        await self._stack.aclose()

    def keep(self, line: ChatMessage, key: str, then: Callable[[], None]) -> bool:
        """Store a line, soon and in order."""
        return self._spool.put(KeptLine(line, key, then))

    async def lines_of(self, contacts: Sequence[ContactId]) -> dict[ContactId, list[tuple[ChatMessage, str]]]:
        """Return the lines of these chats with their keys, in order."""
        found: dict[ContactId, list[tuple[ChatMessage, str]]] = {}
        async with self._database.reading() as connection:
            for begin in range(0, len(contacts), CONTACTS_PER_QUESTION):
                part = CHAT_LINES.c.contact.in_(contacts[begin : begin + CONTACTS_PER_QUESTION])
                question = select(CHAT_LINES).where(part).order_by(CHAT_LINES.c.contact, CHAT_LINES.c.number)
                for row in await connection.execute(question):
                    found.setdefault(ContactId(row.contact), []).append((_line(row), row.key))
        return found


async def _write(connection: AsyncConnection, items: Sequence[KeptLine]) -> Callable[[], None]:
    rows = [
        {
            "contact": item.line.contact,
            "number": item.line.number,
            "by": item.line.by.value,
            "text": item.line.text,
            "at": moment_of(item.line.at_ms),
            "name": item.line.name,
            "agent": item.line.agent,
            "key": item.key,
        }
        for item in items
    ]
    await connection.execute(insert(CHAT_LINES), rows)

    def told() -> None:
        for item in items:
            item.then()

    return told


def _line(row: Row[Any]) -> ChatMessage:
    agent = None if row.agent is None else AgentId(row.agent)
    return ChatMessage(
        ContactId(row.contact), row.number, Speaker(row.by), row.text, ms_of(row.at), row.name, agent
    )
