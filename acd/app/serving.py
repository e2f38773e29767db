"""From the command `acd serve` to a running house, and down again in order."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import logging
import os
import signal
from collections.abc import Callable
from pathlib import Path

import msgspec

from acd.app.house import House
from acd.app.reloading import Reloading
from acd.config import Settings, Versions, load
from acd.desk.operating import Draining
from acd.ports import ConfigError
from acd.routing.model import AgentId
from acd.runtime.clock import Clock
from acd.runtime.journal import JournalFile, open_journal
from acd.runtime.logs import named, set_up
from acd.runtime.node import Node
from acd.simulation.demo import with_demo_staff

_log = logging.getLogger("acd.app")


class ServeOptions(msgspec.Struct, frozen=True):
    """What the command line says."""

    config: Path
    var: Path
    overrides: tuple[str, ...] = ()
    is_demo: bool = False


Progress = Callable[[int, int], None]
Announce = Callable[[House, Node], None]


async def serve(
    options: ServeOptions, announce: Announce, progress: Progress = lambda done, total: None
) -> None:
    """Run the house until SIGINT or SIGTERM.

    Args:
        announce: Called once, when new contacts are taken.
        progress: Told how many records of how many have been read, while the journal is folded.

    Raises:
        ConfigErrors: The configuration is not in order; nothing was opened.
        ConfigError: Something that it names cannot be used.
        JournalRefused: The journal is in use, too new, or damaged.
        NodeStopped: A defect; what the node was at has been set aside.
    """
    settings = load(options.config, overrides=options.overrides)
    set_up(settings.server.log.level.value, settings.server.log.format.value)
    try:
        journal = open_journal(options.var / "journal")
    except OSError as error:
        raise ConfigError("--var", str(error), "a folder that can be written to") from error
    with contextlib.ExitStack() as undo:
        undo.callback(journal.close)
        settings, staff = _kept(options)
        async with await House.build(settings, options.var, staff) as house:
            undo.pop_all()
            await _run(house, journal, options, announce, progress)


async def _run(
    house: House, journal: JournalFile, options: ServeOptions, announce: Announce, progress: Progress
) -> None:
    node = house.open_node(journal, progress)
    reloading = Reloading(house, node, lambda: _kept(options)[0])
    operations = HouseOperations(house, node, reloading)
    house.desk.operating.operations = operations
    _listen_to_signals(node, reloading, operations)
    await node.run(house.settings.rules, lambda: announce(house, node), beside=[reloading.run])


def _kept(options: ServeOptions) -> tuple[Settings, tuple[AgentId, ...]]:
    """Read the configuration, keep it under its number, and return it with the staff of the demonstration.

    Raises:
        ConfigErrors: Every problem; nothing is kept then.
        ConfigError: It could not be kept.
    """
    settings = load(options.config, overrides=options.overrides)
    versions = Versions(options.var / "config", settings.retention.config_versions)
    try:
        kept = versions.keep(options.config, _account(), Clock().utc_now())
    except OSError as error:
        raise ConfigError("--var", str(error), "a folder that can be written to") from error
    rules = msgspec.structs.replace(settings.rules, version=kept.number)
    staff: tuple[AgentId, ...] = ()
    if options.is_demo:
        rules, staff = with_demo_staff(rules)
    return msgspec.structs.replace(settings, rules=rules), staff


class HouseOperations:
    """What the process can be asked to do (`acd.desk.operating.Operations`)."""

    def __init__(self, house: House, node: Node, reloading: Reloading) -> None:
        self._house = house
        self._node = node
        self.reload = reloading.reload

    def drain_s(self) -> int:
        """Return how long a stop may take, as configured."""
        return self._house.settings.server.drain_s

    def drain(self, limit_s: int | None) -> Draining:
        """Take nothing new, let what runs come to its end, then stop."""
        limit_s = self._house.settings.server.drain_s if limit_s is None else limit_s
        self._node.drain(limit_s)
        return Draining(limit_s, self._node.count_served())


def _listen_to_signals(node: Node, reloading: Reloading, operations: HouseOperations) -> None:
    """SIGINT, SIGTERM: drain as `server.drain_s` says; twice: stop; three times: at once.

    SIGHUP: reload. SIGUSR1: one log line with the state's hash.
    """
    loop = asyncio.get_running_loop()
    asked = [0]

    def stop(name: str) -> None:
        asked[0] += 1
        if asked[0] == 1 and operations.drain_s():
            operations.drain(None)
            return
        if node.is_stopping:
            # Whoever asks again does not want to wait; the journal is safe at any instant.
            os._exit(130)
        _log.info(named("stopping", signal=name))
        node.stop()

    def tell() -> None:
        _log.warning(named("state", epoch=node.loop.epoch, seq=node.loop.seq, hash=node.core.state_hash()))

    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, stop, sign.name)
    loop.add_signal_handler(signal.SIGHUP, reloading.ask)
    loop.add_signal_handler(signal.SIGUSR1, tell)


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid-{os.getuid()}"
