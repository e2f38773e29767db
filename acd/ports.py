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
from acd.routing.outputs import AnyCommand, AnyFact, Command, Outputs


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


class ConfigError(Exception):
    """The operator must act: a key is wrong, a file is missing, an address is taken.

    Ends in the command line: printed without a traceback, exit status 2.
    """

    def __init__(
        self, file: str, key: str, why: str, *, line: int | None = None, found: str = "", expected: str = ""
    ) -> None:
        place = f"{file}:{line}" if line is not None else file
        parts = [part for part in (place, key, why) if part]
        if found:
            parts.append(f"found {found}")
        if expected:
            parts.append(f"expected {expected}")
        super().__init__(": ".join(parts))
        self.file = file
        self.key = key
        self.why = why
        self.line = line
        self.found = found
        self.expected = expected


class Overloaded(Exception):
    """The event was not taken: the loop's queue is full, the journal cannot be written, or the node is
    stopping. Refuse the peer (503); `code` says which: `overloaded`, `journal_full`, `journal_failed`, `stopping`."""

    def __init__(self, code: str = "overloaded") -> None:
        super().__init__(code)
        self.code = code


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


class Core(Protocol):
    """The engine, as the loop and recovery use it. Synchronous, owned by one task."""

    def handle(self, event: AnyEvent, now_ms: int) -> Outputs:
        """Decide; the facts have been applied when this returns."""
        ...

    def apply(self, fact: AnyFact, at_ms: int) -> None:
        """Fold one fact of a record of `at_ms`; facts of one record come in order."""
        ...

    def next_deadline_ms(self) -> int | None:
        """Return when `TimePassed` is wanted next; None: never, as things stand."""
        ...

    def wanted_commands(self) -> Sequence[AnyCommand]:
        """Return what the state still wants of the rooms, under the keys that it was ordered by first."""
        ...


class Room(Protocol):
    """A room of the house, as the loop sees it."""

    name: str
    """Unique; for an adapter the word that its contacts bear as `adapter`."""

    commands: frozenset[type[Command]]
    """What it carries out. A command that names an adapter goes to that room alone."""

    async def start(self, submit: Submit) -> None:
        """Open what must be open. Called after recovery; records before it have been observed already.

        Must not wait for the record of an event that it submits: orders are held until every room has started.

        Raises:
            ConfigError: An address is taken, a file is missing: the operator must act.
        """
        ...

    def execute(self, command: AnyCommand) -> None:
        """Carry out an order; its record is durable and has been observed before it comes here. Must return
        at once and must not raise for a peer's fault. A key that was done before is done already."""
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
