"""The engine: events in, facts and commands out, time passed in. The only mutable object of the core."""

from __future__ import annotations

import msgspec

from acd.routing import orders, snapshot
from acd.routing.answer import Answer
from acd.routing.availability import stand_opened
from acd.routing.events import AnyEvent, NodeStarted, TimePassed
from acd.routing.folding import FOLDS
from acd.routing.folding.index import rebuild
from acd.routing.handling import HANDLERS, clock
from acd.routing.handling.clock import run_due, timer_name
from acd.routing.matching import WORK_ENDLESS, settle
from acd.routing.model import ContactId, LegId
from acd.routing.outputs import AnyCommand, AnyFact, Late, Outputs, Refused
from acd.routing.reserves import review_touched
from acd.routing.state import State
from acd.routing.waiting import stand_all


class Leg(msgspec.Struct, frozen=True):
    """A leg that an adapter stored and may take up again."""

    adapter: str
    contact: ContactId
    leg: LegId
    resume: bytes


class Engine:
    """One zone's routing.

    `handle` decides; `apply` lets a fact of the journal be true again. One task owns an engine; nothing here
    waits, and no event that the outside can send raises.
    """

    def __init__(self) -> None:
        self._state = State()
        rebuild(self._state, 0)
        self._answer = Answer(self._state)

    @property
    def state(self) -> State:
        """What is; to be read only, and never across events."""
        return self._state

    def handle(self, event: AnyEvent, now_ms: int) -> Outputs:
        """Answer one event.

        Args:
            event: What happened outside.
            now_ms: Milliseconds since the epoch. A moment before the last one counts as the last one.

        Returns:
            What became true, in order, and what is ordered. All of it is in force here already.
        """
        answer, state = self._answer, self._state
        if now_ms > answer.now_ms:
            answer.now_ms = now_ms
        facts = answer.facts = []
        commands = answer.commands = []
        kind = answer.event = type(event)
        answer.trigger = "agent_free"
        # Time that ran out while no node lived must not offer anybody a contact before links are known again.
        if (answer.now_ms >= state.bell.ms or answer.is_unfinished) and kind is not NodeStarted:
            if answer.is_unfinished or state.is_due(answer.now_ms):
                run_due(answer, clock.WORK_MAX if kind is TimePassed else WORK_ENDLESS)
                if answer.is_unfinished:
                    return Outputs(facts, commands)
            answer.trigger = "agent_free"
        HANDLERS[kind](answer, event)
        if state.opened or state.loose:
            settle(answer)
        while state.touched:
            review_touched(answer)
            settle(answer)
        return Outputs(facts, commands)

    def apply(self, fact: AnyFact, at_ms: int) -> None:
        """Fold one fact of the journal into the state; nothing is decided."""
        answer = self._answer
        if at_ms > answer.now_ms:
            answer.now_ms = at_ms
        if isinstance(fact, (Late, Refused)):
            return
        self._state.at_ms = answer.now_ms
        FOLDS[type(fact)](self._state, fact, answer.now_ms)
        # What is free now, and who for, others have decided already.
        if self._state.opened:
            stand_opened(self._state)
            self._state.opened.clear()
        self._state.touched.clear()
        if self._state.loose:
            stand_all(self._state, answer.now_ms)

    def next_deadline_ms(self) -> int | None:
        """When `TimePassed` is to be handed in next; None: no time by itself changes anything."""
        if self._answer.is_unfinished:
            return self._answer.now_ms
        soonest = [
            moment
            for moment in (
                self._state.offer_alarms.soonest(),
                self._state.agent_alarms.soonest(),
                self._state.contact_alarms.soonest(),
            )
            if moment is not None
        ]
        return min(soonest, default=None)

    @property
    def is_unfinished(self) -> bool:
        """Whether the last `TimePassed` has left some of what was due to the next, which is due at once.

        Until then contacts have taken their steps for which no agent was looked for; any other event does the rest
        first, however long that takes.
        """
        return self._answer.is_unfinished

    def timer_in_hand(self) -> str:
        """Whose moment was being dealt with when `handle` raised; "": it was the event itself."""
        return timer_name(self._answer.timer)

    def pass_over(self, timers: frozenset[str]) -> None:
        """Let the moments of these pass, from now on; names as `timer_in_hand` gives them."""
        self._answer.passed_over = timers

    def state_hash(self) -> str:
        """Equal for equal states, on any machine."""
        return snapshot.state_hash(self._state)

    def snapshot(self) -> bytes:
        """The state as bytes, for `restore`."""
        return snapshot.to_bytes(self._state)

    def restore(self, data: bytes) -> None:
        """Become the engine that made these bytes.

        Raises:
            msgspec.DecodeError: These bytes are no snapshot of this version.
        """
        self._state = snapshot.from_bytes(data)
        now_ms = self._answer.now_ms
        self._answer = Answer(self._state)
        self._answer.now_ms = max(now_ms, self._state.at_ms)
        stand_opened(self._state)
        self._state.opened.clear()
        self._state.touched.clear()

    def wanted_commands(self) -> list[AnyCommand]:
        """Every command that the state still wants: to be executed after a crash, done ones staying done."""
        return orders.wanted(self._state)

    def kept_legs(self) -> list[Leg]:
        """All legs that adapters have stored, in the order of their contacts."""
        return [
            Leg(contact.adapter, contact.id, leg, resume)
            for contact in self._state.contacts.values()
            if contact.more is not None
            for leg, resume in contact.more.legs.items()
        ]
