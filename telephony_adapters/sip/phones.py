"""Agents' telephones: registration, whether they still live, and what is kept of it over a restart.

The engine hears of a telephone when its first binding comes and when its last one goes. Telephones are asked by
OPTIONS now and then; any answer is a sign of life. The file of bindings spares a restarted house the wait until
everybody registers again: each kept telephone is asked at once and counts when it answers.
"""

from __future__ import annotations

import asyncio
import logging
from asyncio import TimerHandle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import msgspec

from telephony_adapters.sip.doors import Doors
from telephony_adapters.sip.errors import SipError
from telephony_adapters.sip.legs import ReplyCame, StrangerCame
from telephony_adapters.sip.message import build_response
from telephony_adapters.sip.offering import Offering
from telephony_adapters.sip.registrar import Binding
from telephony_adapters.sip.switchboard import Switchboard

log = logging.getLogger(__name__)
SWEEP_MS: Final = 1_000
SAVE_MS: Final = 100
"""Telephones that come together are written together."""
_ALLOW: Final = (("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, REFER, NOTIFY"),)


class Phones:
    """The registrar's life in time."""

    def __init__(self, board: Switchboard, offering: Offering, doors: Doors) -> None:
        self._board = board
        self._offering = offering
        self._doors = doors
        self._unproven: set[str] = set()
        """Numbers known from the file alone, not yet reported."""
        self._sweeper: TimerHandle | None = None
        self._saver: TimerHandle | None = None
        self._saving: asyncio.Future[None] | None = None
        self._disk = ThreadPoolExecutor(max_workers=1, thread_name_prefix="registrations")

    def start(self) -> None:
        """Take up the kept bindings and begin to watch."""
        path = self._board.settings.registrations
        if path is not None:
            bindings = _read(path, self._board.now_ms())
            self._board.registrar.restore(bindings, self._board.now_ms())
            self._unproven = {binding.number for binding in bindings}
        self._sweep()

    async def stop(self) -> None:
        """Stop watching and keep what is known."""
        for timer in (self._sweeper, self._saver):
            if timer is not None:
                timer.cancel()
        if self._saving is not None:
            await self._saving
        path = self._board.settings.registrations
        if path is not None:
            await asyncio.get_running_loop().run_in_executor(self._disk, _write, path, self._packed())
        self._disk.shutdown()

    def take(self, happening: StrangerCame) -> None:
        """Answer a REGISTER or an OPTIONS from outside all dialogs."""
        board = self._board
        request, transaction = happening.request, happening.transaction
        if request.method == "OPTIONS":
            if self._doors.admits_question(happening.peer):
                board.signalling.respond(
                    transaction, build_response(request, 200, headers=_ALLOW), board.now_ms()
                )
            else:
                board.signalling.layer.forget(transaction)
            return
        try:
            number, headers = self._doors.admit_registration(request, happening.peer, board.now_ms())
        except SipError as error:
            answer = build_response(
                request, error.status, to_tag=board.signalling.identity.token(), headers=error.headers
            )
            board.signalling.respond(transaction, answer, board.now_ms())
            return
        answer = build_response(
            request, 200, to_tag=board.signalling.identity.token(), headers=tuple(headers)
        )
        board.signalling.respond(transaction, answer, board.now_ms())
        self._unproven.discard(number)
        self._offering.report_link(number, board.registrar.is_reachable(number))
        self._save_soon()

    def take_reply(self, happening: ReplyCame) -> None:
        """Take a telephone's answer to our question; silence (408) may mean that it is gone."""
        binding = happening.owner
        if not isinstance(binding, Binding):
            return
        registrar = self._board.registrar
        is_alive = happening.status != 408
        if is_alive and binding.number in self._unproven:
            self._unproven.discard(binding.number)
            self._offering.report_link(binding.number, True)
        if registrar.note_probe(binding, is_alive) and not registrar.is_reachable(binding.number):
            self._offering.report_link(binding.number, False)
            self._save_soon()

    def report_all(self) -> None:
        """Tell the engine of all telephones again: a node that took over has forgotten them."""
        for number in self._board.number_of.values():
            if number not in self._unproven and self._board.registrar.is_reachable(number):
                self._offering.report_link(number, True)

    def _sweep(self) -> None:
        board = self._board
        now_ms = board.now_ms()
        for number in board.registrar.expire(now_ms):
            self._offering.report_link(number, False)
            self._save_soon()
        for binding in list(board.registrar.probe_due(now_ms)):
            board.signalling.ask(binding.uri, binding.peer, binding, now_ms)
        self._sweeper = board.after(SWEEP_MS, self._sweep)

    def _save_soon(self) -> None:
        if self._board.settings.registrations is not None and self._saver is None:
            self._saver = self._board.after(SAVE_MS, self._save)

    def _save(self) -> None:
        self._saver = None
        path = self._board.settings.registrations
        if path is None:
            return
        if self._saving is not None and not self._saving.done():
            self._save_soon()
            return
        loop = asyncio.get_running_loop()
        self._saving = loop.run_in_executor(self._disk, _write, path, self._packed())

    def _packed(self) -> bytes:
        now_ms = self._board.now_ms()
        kept = [
            msgspec.structs.replace(binding, expires_ms=binding.expires_ms - now_ms)
            for binding in self._board.registrar.all()
        ]
        return msgspec.json.encode(kept)


def _read(path: Path, now_ms: int) -> list[Binding]:
    """Return the kept bindings; a file that cannot be read costs a new registration, nothing more."""
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=list[Binding])
    except FileNotFoundError:
        return []
    except (OSError, msgspec.MsgspecError) as error:
        log.warning("registrations_unreadable path=%s why=%s", path, error)
        return []
    return [msgspec.structs.replace(binding, expires_ms=binding.expires_ms + now_ms) for binding in kept]


def _write(path: Path, data: bytes) -> None:
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        log.warning("registrations_unwritten path=%s why=%s", path, error)
