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
from acd.config import Settings, Versions, load
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
    set_up(settings.server.log.level.value)
    journal = open_journal(options.var / "journal")
    with contextlib.ExitStack() as undo:
        undo.callback(journal.close)
        settings = _with_version(settings, options)
        staff: tuple[AgentId, ...] = ()
        if options.is_demo:
            rules, staff = with_demo_staff(settings.rules)
            settings = msgspec.structs.replace(settings, rules=rules)
        async with await House.build(settings, options.var, staff) as house:
            undo.pop_all()
            await _run(house, journal, announce, progress)


async def _run(house: House, journal: JournalFile, announce: Announce, progress: Progress) -> None:
    node = house.open_node(journal, progress)
    _stop_on_signals(node)
    _tell_state_on_signal(node)
    await node.run(house.settings.rules, lambda: announce(house, node))


def _with_version(settings: Settings, options: ServeOptions) -> Settings:
    """Keep this configuration under its number, and let its rules bear it."""
    versions = Versions(options.var / "config", settings.retention.config_versions)
    kept = versions.keep(options.config, _account(), Clock().utc_now())
    return load(options.config, version=kept.number, overrides=options.overrides)


def _stop_on_signals(node: Node) -> None:
    loop = asyncio.get_running_loop()
    asked = [0]

    def stop(name: str) -> None:
        asked[0] += 1
        if asked[0] > 1:
            # Whoever asks twice does not want to wait; the journal is safe at any instant.
            os._exit(130)
        _log.info(named("stopping", signal=name))
        node.stop()

    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, stop, sign.name)


def _tell_state_on_signal(node: Node) -> None:
    """SIGUSR1: one log line with the state's hash, to be compared with what `acd journal verify` says."""

    def tell() -> None:
        _log.warning(named("state", epoch=node.loop.epoch, seq=node.loop.seq, hash=node.core.state_hash()))

    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, tell)


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid-{os.getuid()}"
