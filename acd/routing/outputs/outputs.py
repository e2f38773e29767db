"""The engine's answer to one event."""

from __future__ import annotations

import msgspec

from acd.routing.outputs.commands import AnyCommand
from acd.routing.outputs.facts import AnyFact


class Outputs(msgspec.Struct, frozen=True):
    """The answer to one event: what became true, in order, and what is ordered because of it."""

    facts: list[AnyFact]
    commands: list[AnyCommand]
