"""A changed configuration, brought into force while contacts are served: by SIGHUP, `acd reload` or HTTP.

All or nothing: a configuration with a problem changes nothing, and every problem is logged. Contacts in the lines keep
the queue rules they entered under. What is opened at the start (addresses, stores, telephones) waits for the next one,
and the log says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

from acd.app.house import House
from acd.config import ConfigErrors, Settings, changed_files, compare, needs_restart
from acd.config import rooms as forms_of
from acd.desk.operating import Fault, NotReloaded, Reloaded
from acd.ports import ConfigError, Overloaded
from acd.routing.events import RulesLoaded
from acd.routing.outputs import Refused
from acd.runtime.logs import named, set_up
from acd.runtime.node import Node

_RULES_S: Final = 5.0

_log = logging.getLogger("acd.app")


class Reloading:
    """Waits to be asked, and reloads; asked twice while it is at it, it does it once more."""

    def __init__(self, house: House, node: Node, load: Callable[[], Settings]) -> None:
        self._house = house
        self._node = node
        self._load = load
        self._asked = asyncio.Event()
        self._lock = asyncio.Lock()

    def ask(self) -> None:
        """Have the configuration read again, soon."""
        self._asked.set()

    async def run(self) -> None:
        """Serve until cancelled; what came of it stands in the log."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            with contextlib.suppress(NotReloaded):
                await self.reload()

    async def reload(self) -> Reloaded:
        """Bring the configuration of the disk into force; one at a time.

        Raises:
            NotReloaded: It is not in order; nothing has changed.
        """
        async with self._lock:
            try:
                return await self._bring_into_force(await asyncio.to_thread(self._load))
            except ConfigErrors as errors:
                faults = tuple(map(_fault_of, errors.errors))
                for error in errors.errors:
                    _log.error(named("config_problem", what=error))
            except ConfigError as error:
                faults = (_fault_of(error),)
                _log.error(named("config_problem", what=error))
            except OSError as error:
                faults = (Fault("", 0, "", str(error), "files that can be read"),)
                _log.error(named("config_problem", what=error))
            _log.error(named("config_refused", problems=len(faults), in_force=self._version()))
            raise NotReloaded(faults, self._version())

    async def _bring_into_force(self, settings: Settings) -> Reloaded:
        old = self._house.settings
        if settings.rules != old.rules:
            await self._load_rules(settings)
        self._house.settings = settings
        if settings.server.log != old.server.log:
            set_up(settings.server.log.level.value, settings.server.log.format.value)
        self._node.loop.replace_limits(forms_of.loop_limits(settings))
        self._house.hours.replace(forms_of.calendars(settings))
        desk = forms_of.desk_settings(settings, self._house.var)
        self._house.desk.set_people(desk.people)
        self._house.desk.desks.replace_words(desk.reasons, desk.team_labels)
        files = ",".join(sorted(changed_files(old, settings))) or "none"
        later = needs_restart(old, settings)
        _log.warning(
            named(
                "config_in_force",
                version=settings.rules.version,
                changed=files,
                at_next_start=",".join(later) or None,
            )
        )
        return Reloaded(settings.rules.version, tuple(compare(old, settings)), tuple(later))

    async def _load_rules(self, settings: Settings) -> None:
        """Hand the rules to the engine.

        Raises:
            ConfigError: It refuses them, or they cannot be made durable.
        """
        try:
            async with asyncio.timeout(_RULES_S):
                record = await self._node.loop.submit(RulesLoaded(settings.rules))
        except (TimeoutError, Overloaded) as error:
            raise ConfigError("", f"rules that could not be made durable: {error}", "a journal") from None
        for fact in record.facts:
            if isinstance(fact, Refused):
                raise ConfigError("", f"{fact.code}: {fact.found}", fact.expected or "rules that agree")

    def _version(self) -> int:
        return self._house.settings.rules.version


def _fault_of(error: ConfigError) -> Fault:
    return Fault(Path(error.file).name, error.line, error.key, error.found, error.expected)
