"""What all handlers share: the state, the moment, and the outputs under way."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Final

from acd.routing.contact import Contact, Offer
from acd.routing.folding import FOLDS
from acd.routing.outputs import AnyCommand, AnyFact, Late, Refused
from acd.routing.state import Agent, State

EXPECTED: Final[Mapping[str, str]] = {
    "agent_busy": "an agent with free capacity",
    "agent_not_ready": "an agent who is ready",
    "agent_unreachable": "an agent whose links are up",
    "channel": "a queue that takes this channel",
    "consult_open": "no consult under way",
    "consult_unanswered": "a consult that has been answered",
    "limit": "less",
    "no_consult": "a consult under way",
    "not_allowed": "what a rule of the queue allows",
    "not_talking": "a talk",
    "not_waiting": "a contact that waits in a line",
    "number_missing": "a number to call",
    "one_target": "exactly one target",
    "own_target": "another target",
    "queue_closed": "an open queue",
    "rules_invalid": "rules that make sense",
    "rules_missing": "rules in force",
    "senseless": "a value in range",
    "signed_out": "an agent who is signed in",
    "still_talking": "wrap-up",
    "unknown_agent": "an agent of the rules",
    "unknown_contact": "a contact that lives",
    "unknown_disposition": "one of the queue's tree",
    "unknown_offer": "an offer that was made",
    "unknown_queue": "a queue of the rules",
    "unknown_skill": "a skill of the rules",
    "wrap_up_spent": "an extension that is left",
}
"""What would have been right, for refusals that say nothing more precise."""


class Answer:
    """The answer to one event while it is being found. `emit` is the only way in which handlers change the state."""

    __slots__ = (
        "commands",
        "due",
        "event",
        "facts",
        "is_unfinished",
        "now_ms",
        "passed_over",
        "state",
        "timer",
        "trigger",
    )

    def __init__(self, state: State) -> None:
        self.state = state
        self.now_ms = 0
        self.facts: list[AnyFact] = []
        self.commands: list[AnyCommand] = []
        self.event: type = object
        """Kind of the event in hand."""
        self.trigger = ""
        """Why contacts are being matched, for the decision record."""
        self.due: deque[Contact] = deque()
        """Contacts whose moment has come, and which have taken their step: the rest is still to be done."""
        self.is_unfinished = False
        """More was due than one event may take the time for: the next goes on."""
        self.timer: Contact | Offer | Agent | None = None
        """Whose moment has come and is being dealt with."""
        self.passed_over: frozenset[str] = frozenset()
        """Names of those whose moments are let pass: dealing with them has raised before."""

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
        self.facts.append(Late(self.event.__name__, str(about)[:200] or "nothing", why))

    def refuse(self, about: object, code: str, found: object = "", expected: object = "") -> None:
        """The event asks for what cannot be; nothing changes. Without more precise words, `found` is what it is about
        and `expected` what the code stands for."""
        found_word = str(found)[:200] or str(about)[:200] or "nothing"
        expected_word = str(expected)[:200] or EXPECTED[code]
        about_word = str(about)[:200] or "nothing"
        self.facts.append(Refused(self.event.__name__, about_word, code, found_word, expected_word))
