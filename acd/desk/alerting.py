"""Alerts told outside the desks: a line in the log and a signed post when one is raised, changes its level, or clears.

What the receiver was told is held against what is so now; the difference is what is posted. So nothing is lost by a
full queue or a restart: what is still so is found again. A message has an id that follows from what it says, and the
same body at every attempt: whoever gets it twice can tell.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

import aiohttp
import msgspec

from acd.desk.rows import AlertRow
from acd.runtime.logs import named
from acd.runtime.webhooks import Target, open_session, post, why_never

WAITING_MAX: Final = 1_000
"""Messages that wait for the receiver; what comes then is told later, as it is then (`alerts_deferred`)."""
WAITS_S: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
TRIES_MAX: Final = 125
"""About an hour; then the message is given up, counted and logged (`alert_given_up`)."""

_log = logging.getLogger("acd.desk")


class AlertMessage(msgspec.Struct, frozen=True):
    """One message, as it waits: `body` is what is signed, byte for byte."""

    id: str
    body: str


class AlertBody(msgspec.Struct, frozen=True):
    """What is posted. `type`: `acd.alert.raised`, `acd.alert.changed` or `acd.alert.cleared`."""

    type: str
    at_ms: int
    data: AlertRow


class _Kept(msgspec.Struct, frozen=True):
    told: list[AlertRow] = []
    waiting: list[AlertMessage] = []


class AlertNews:
    """What the outside has been told of the alerts.

    Args:
        target: Where to post; None: alerts are logged alone.
        path: Where it is kept what the receiver was told.
    """

    def __init__(
        self,
        target: Target | None,
        path: Path,
        now_ms: Callable[[], int],
        waits_s: Sequence[float] = WAITS_S,
        tries_max: int = TRIES_MAX,
    ) -> None:
        self._target, self._path, self._now_ms = target, path, now_ms
        self._waits_s, self._tries_max = waits_s, tries_max
        kept = _read(path) if target is not None else _Kept()
        self._told = {row.key: row for row in kept.told}
        self._waiting: deque[AlertMessage] = deque(kept.waiting)
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._is_deferring = False
        self.given_up = 0
        if self._waiting:
            self._wake.set()

    def compare(self, rows: Iterable[AlertRow], is_whole: bool) -> None:
        """Tell what differs from what was told. Until everything was looked at (`is_whole`), nothing is cleared."""
        now = {row.key: row for row in rows}
        for key, row in now.items():
            known = self._told.get(key)
            if known is None:
                self._tell("raised", row, row)
            elif known.level != row.level:
                self._tell("changed", row, msgspec.structs.replace(row, since_at_ms=known.since_at_ms))
        if is_whole:
            for key in [key for key in self._told if key not in now]:
                self._tell("cleared", None, self._told[key])

    async def run(self) -> None:
        """Post until `close`. Returns at once where there is no target."""
        target = self._target
        if target is None:
            return
        if never := await why_never(target):
            _log.error(named("alert_webhook_never_called", why=never))
        async with open_session(target) as session:
            while not self._stopping.is_set():
                await self._wake.wait()
                self._wake.clear()
                await self._keep()
                while self._waiting and await self._deliver(session, target, self._waiting[0]):
                    self._waiting.popleft()
                    await self._keep()

    def close(self) -> None:
        """End `run` as soon as the post on its way is answered, so that the next start does not repeat it."""
        self._stopping.set()
        self._wake.set()

    async def _deliver(self, session: aiohttp.ClientSession, target: Target, message: AlertMessage) -> bool:
        """Post one message until it is taken or given up; False when stopping came first."""
        for attempt in range(self._tries_max):
            if self._stopping.is_set():
                return False
            body = message.body.encode()
            why = await post(session, target, message.id, self._now_ms(), body, "application/json")
            if not why:
                return True
            _log.warning(named("alert_not_taken", message=message.id, why=why, attempt=attempt + 1))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._waits_s[min(attempt, len(self._waits_s) - 1)]):
                    await self._stopping.wait()
        self.given_up += 1
        _log.error(named("alert_given_up", message=message.id, tries=self._tries_max))
        return True

    def _tell(self, word: str, now: AlertRow | None, row: AlertRow) -> None:
        """Take one message into the queue and note that it is told; neither, where the queue is full."""
        if len(self._waiting) >= WAITING_MAX:
            if not self._is_deferring:
                _log.error(named("alerts_deferred", waiting=len(self._waiting)))
            self._is_deferring = True
            return
        self._is_deferring = False
        if now is None:
            del self._told[row.key]
        else:
            self._told[row.key] = row
        _log.warning(
            named(f"alert_{word}", alert=row.key, level=row.level, found=row.found, expected=row.expected)
        )
        if self._target is not None:
            said = f"{word}|{row.key}|{row.since_at_ms}|{row.level}"
            if word == "changed":
                said += f"|{self._now_ms()}"
            body = msgspec.json.encode(AlertBody(f"acd.alert.{word}", self._now_ms(), row)).decode()
            message_id = "alert_" + hashlib.sha256(said.encode()).hexdigest()[:32]
            self._waiting.append(AlertMessage(message_id, body))
            self._wake.set()

    async def _keep(self) -> None:
        """Write down what was told and what waits. A disk that does not take it is logged; posting goes on."""
        plain = msgspec.json.encode(_Kept(list(self._told.values()), list(self._waiting)))
        try:
            await asyncio.to_thread(_write, self._path, plain)
        except OSError as error:
            _log.error(named("alerts_not_kept", why=error))


def _read(path: Path) -> _Kept:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Kept)
    except FileNotFoundError:
        return _Kept()
    except (OSError, msgspec.DecodeError) as error:
        _log.error(named("alerts_unreadable", path=path, why=error))
        return _Kept()


def _write(path: Path, plain: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".new")
    with aside.open("wb") as file:
        file.write(plain)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
