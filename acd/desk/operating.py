"""Running the house over HTTP: the configuration read again, and a stop in order. Administrators alone, audited."""

from __future__ import annotations

from typing import Protocol

import msgspec
from aiohttp import web

from acd.desk.desks import Desks
from acd.desk.http import ApiError, Problem, admit, answer, read_body, write_audit

DRAIN_S_MAX = 86_400


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with a configuration; `file` "" and `line` 0 where no line can be blamed."""

    file: str
    line: int
    key: str
    found: str
    expected: str


class Reloaded(msgspec.Struct, frozen=True):
    """What is in force now: the version that decisions name, each value that changed, and what waits for a restart."""

    version: int
    changed: tuple[str, ...]
    at_next_start: tuple[str, ...]


class NotReloaded(Exception):
    """Nothing has changed; all that is wrong is told."""

    def __init__(self, faults: tuple[Fault, ...], version: int) -> None:
        super().__init__(faults)
        self.faults = faults
        self.version = version


class FaultyConfiguration(msgspec.Struct, frozen=True):
    """The answer to a reload that was refused: `version` goes on."""

    code: str
    version: int
    faults: tuple[Fault, ...]


class DrainBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long running contacts may go on, in seconds, 0 to 86,400; null: as `server.drain_s` says."""

    limit_s: int | None = None


class Draining(msgspec.Struct, frozen=True):
    """How long it may take, and how many contacts are still being served."""

    limit_s: int
    contacts: int


class Operations(Protocol):
    """What the process can be asked to do."""

    async def reload(self) -> Reloaded:
        """Bring the configuration of the disk into force.

        Raises:
            NotReloaded: It is not in order; nothing has changed.
        """

    def drain(self, limit_s: int | None) -> Draining:
        """Take nothing new, let what runs come to its end, then stop."""


class Operating:
    """The handlers; `operations` is None where nothing runs the process (in tests of the room alone)."""

    def __init__(self, desks: Desks) -> None:
        self._desks = desks
        self.operations: Operations | None = None

    def add_routes(self, app: web.Application) -> None:
        """Add the routes."""
        app.router.add_post("/api/config/reload", self.reload)
        app.router.add_post("/api/drain", self.drain)

    async def reload(self, request: web.Request) -> web.Response:
        """Read the configuration again; all of it comes into force, or nothing."""
        _, person = await admit(request, self._desks, "reload_config")
        operations = self._able()
        await write_audit(
            self._desks.audit, self._desks.now_ms(), person, "reload_config", "the configuration"
        )
        try:
            return answer(await operations.reload())
        except NotReloaded as refusal:
            faulty = FaultyConfiguration("config_refused", refusal.version, refusal.faults)
            return answer(faulty, status=422)

    async def drain(self, request: web.Request) -> web.Response:
        """Take nothing new from now on, and stop when all is served or the time is over."""
        _, person = await admit(request, self._desks, "drain")
        body = await read_body(request, DrainBody)
        if body.limit_s is not None and not 0 <= body.limit_s <= DRAIN_S_MAX:
            raise ApiError(
                400, Problem("senseless", found=str(body.limit_s), expected=f"0 to {DRAIN_S_MAX} seconds")
            )
        operations = self._able()
        await write_audit(
            self._desks.audit, self._desks.now_ms(), person, "drain", f"within {body.limit_s} s"
        )
        return answer(operations.drain(body.limit_s))

    def _able(self) -> Operations:
        if self.operations is None:
            raise ApiError(503, Problem("not_able", expected="a process that can be told"))
        return self.operations
