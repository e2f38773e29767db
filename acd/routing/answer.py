"""What all handlers share: the state, the moment, and the outputs under way."""

from __future__ import annotations

from acd.routing.folding import FOLDS
from acd.routing.outputs import AnyCommand, AnyFact, Late, Refused
from acd.routing.state import State


class Answer:
    """The answer to one event while it is being found. `emit` is the only way in which handlers change the state."""

    __slots__ = ("commands", "event", "facts", "now_ms", "state", "trigger")

    def __init__(self, state: State) -> None:
        self.state = state
        self.now_ms = 0
        self.facts: list[AnyFact] = []
        self.commands: list[AnyCommand] = []
        self.event = ""
        """Name of the event in hand."""
        self.trigger = ""
        """Why contacts are being matched, for the decision record."""

    def emit(self, fact: AnyFact) -> None:
        """Make something true: record the fact and let it change the state."""
        self.facts.append(fact)
        state = self.state
        state.at_ms = self.now_ms
        FOLDS[type(fact)](state, fact, self.now_ms)

    def order(self, command: AnyCommand) -> None:
        """Have a room do something, once the facts are durable."""
        self.commands.append(command)

    def late(self, about: object, why: str) -> None:
        """The event came too late or twice; nothing changes."""
        self.facts.append(Late(self.event, str(about)[:200], why))

    def refuse(self, about: object, code: str, found: object = "", expected: object = "") -> None:
        """The event asks for what cannot be; nothing changes."""
        self.facts.append(Refused(self.event, str(about)[:200], code, str(found)[:200], str(expected)[:200]))
