"""A changed configuration, brought into force while contacts are served (SIGHUP, or `acd reload`).

All or nothing: a configuration with a problem changes nothing, and every problem is logged. Contacts in the lines keep
the queue rules they entered under. What is opened at the start (addresses, stores, telephones) waits for the next one,
and the log says so.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from acd.app.house import House
from acd.config import ConfigErrors, Settings, changed_files, needs_restart
from acd.config import rooms as forms_of
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

    def ask(self) -> None:
        """Have the configuration read again, soon."""
        self._asked.set()

    async def run(self) -> None:
        """Serve until cancelled."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            try:
                settings = await asyncio.to_thread(self._load)
            except ConfigErrors as errors:
                for error in errors.errors:
                    _log.error(named("config_problem", what=error))
                _log.error(named("config_refused", problems=len(errors.errors), in_force=self._version()))
            except (ConfigError, OSError) as error:
                _log.error(named("config_refused", why=error, in_force=self._version()))
            else:
                await self._bring_into_force(settings)

    async def _bring_into_force(self, settings: Settings) -> None:
        old = self._house.settings
        if settings.rules != old.rules and (why := await self._load_rules(settings)) is not None:
            _log.error(named("config_refused", why=why, in_force=self._version()))
            return
        self._house.settings = settings
        if settings.server.log != old.server.log:
            set_up(settings.server.log.level.value, settings.server.log.format.value)
        self._node.loop.replace_limits(forms_of.loop_limits(settings))
        self._house.hours.replace(forms_of.calendars(settings))
        self._house.desk.set_people(forms_of.desk_settings(settings, self._house.var).people)
        files = ",".join(sorted(changed_files(old, settings))) or "none"
        later = ",".join(needs_restart(old, settings)) or None
        _log.warning(
            named("config_in_force", version=settings.rules.version, changed=files, at_next_start=later)
        )

    async def _load_rules(self, settings: Settings) -> str | None:
        """Hand the rules to the engine; return why it refuses them."""
        try:
            async with asyncio.timeout(_RULES_S):
                record = await self._node.loop.submit(RulesLoaded(settings.rules))
        except (TimeoutError, Overloaded) as error:
            return f"the rules could not be made durable: {error}"
        refused = next((fact for fact in record.facts if isinstance(fact, Refused)), None)
        return None if refused is None else f"{refused.code}: {refused.found}"

    def _version(self) -> int:
        return self._house.settings.rules.version
