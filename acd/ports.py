"""What the shell needs of the rooms, and the rooms of the loop, as Protocols. Nothing here does anything.

The circle turns one way: rooms submit events; the loop journals; then commands are executed and records
observed. A room never asks the engine a question: it keeps what it needs from the records it observes.
"""

from __future__ import annotations

from asyncio import Future
from collections.abc import Sequence
from typing import Protocol

import msgspec

from acd.routing.events import AnyEvent
from acd.routing.model import ContactId, LegId
from acd.routing.outputs import AnyCommand, AnyFact, Command


class Record(msgspec.Struct, frozen=True):
    """One entry of the journal: an event and the facts that it made true. `seq` is gap-free per zone."""

    seq: int
    epoch: int
    at_ms: int
    event: AnyEvent
    facts: list[AnyFact]


class KeptLeg(msgspec.Struct, frozen=True):
    """A leg that an adapter stored by `LegStored` and may take up again."""

    contact: ContactId
    leg: LegId
    resume: bytes


class Overloaded(Exception):
    """The loop's queue is full: the event was not taken. Refuse the peer (503, code `overloaded`)."""


class Submit(Protocol):
    """How a room tells the engine something."""

    def __call__(self, event: AnyEvent) -> Future[Record]:
        """Hand an event in, at once and without waiting.

        Returns:
            A future of the durable record; whoever need not answer anybody may drop it. A record whose
            facts hold a `Refused` or `Late` changed nothing.

        Raises:
            Overloaded: The queue is at its limit. Only events that start something new are refused
                (`ContactArrived`, `ReturnCallAsked`, `AgentSignedIn`); what ends or answers something
                always finds room.
        """
        ...


class Room(Protocol):
    """A room of the house, as the loop sees it."""

    name: str
    """Unique; for an adapter the word that its contacts bear as `adapter`."""

    commands: frozenset[type[Command]]
    """What it carries out. A command that names an adapter goes to that room alone."""

    async def start(self, submit: Submit) -> None:
        """Open what must be open. Called after recovery; records before it have been observed already.

        Raises:
            ConfigError: An address is taken, a file is missing: the operator must act.
        """
        ...

    def execute(self, command: AnyCommand) -> None:
        """Carry out an order; durable before it comes here. Must return at once and must not raise for a
        peer's fault. A key that was done before is done already."""
        ...

    def observe(self, record: Record, is_replay: bool) -> None:
        """Take note of a durable record, in order of `seq`, without waiting. Replayed records come before `start`."""
        ...

    async def stop(self) -> None:
        """Refuse new work, finish, close."""
        ...


class Adapter(Room, Protocol):
    """A room that holds customers' legs."""

    cannot: frozenset[str]
    """Abilities it lacks (`hold`, `consult`, `monitor`, `transfer_out`, ...); the desk greys them out."""

    async def resume(self, legs: Sequence[KeptLeg]) -> None:
        """After `start`, take these legs up again; report those that are gone by `LegsCompared`."""
        ...


class ConfigError(Exception):
    """The operator must act: the configuration, or something that it names, is not as it must be.

    `file` is empty and `line` 0 where no line can be blamed (a port that is taken).
    """

    def __init__(self, key: str, found: str, expected: str, file: str = "", line: int = 0) -> None:
        super().__init__(key, found, expected, file, line)
        self.key = key
        self.found = found
        self.expected = expected
        self.file = file
        self.line = line

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}: " if self.line else (f"{self.file}: " if self.file else "")
        key = f"{self.key}: " if self.key else ""
        return f"{where}{key}found {self.found}, expected {self.expected}"
