"""What the rules promise beyond who suits whom: which agent a strategy takes, repeats, return calls, reserves, spills.

Part of the auditor: it sees each fact before the auditor folds it, and the whole when a record is done.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from acd.routing.model import (
    AgentId,
    ContactId,
    ContactState,
    Identity,
    Link,
    Origin,
    Outcome,
    Presence,
    Rules,
    Strategy,
    WrapUpMode,
)  # fmt: skip
from acd.routing.outputs import facts as f
from acd.simulation.deadlines import Deadlines
from acd.simulation.eligibility import SeenAgent, SeenContact, suits
from acd.simulation.pairing import Pairing, is_in_line

CHOSEN_BY_NOBODY = ("agent_free", "given", "transfer")
LOAD_ENDLESS = 1 << 40


class Policies:
    """`expect(holds, invariant, what, *found)` takes what does not hold."""

    def __init__(self, expect: Callable[..., None], pairing: Pairing, deadlines: Deadlines) -> None:
        self._expect, self._pairing, self._deadlines = expect, pairing, deadlines
        self._rules = Rules(0)
        self._last_offer: dict[AgentId, int] = {}
        self._came: dict[Identity, int] = {}
        self._identities: dict[ContactId, tuple[Identity, ...]] = {}
        self._numbers: dict[str, ContactId] = {}
        self._number_of: dict[ContactId, str] = {}
        self._tries: dict[ContactId, int] = {}
        self._is_watched = False
        self._see: dict[type[f.Fact], Callable[[Any, int], None]] = {
            f.RulesInForce: self._rules_in_force, f.OfferMade: self._offer, f.ContactEntered: self._enter,
            f.ContactEnded: self._end, f.IntakeEntered: self._to_bot, f.ReturnCallRescheduled: self._again,
            f.WrapUpStarted: self._wrap_up, f.LinkSet: self._link, f.PresenceSet: self._presence,
        }  # fmt: skip

    def see(self, fact: f.Fact, at_ms: int) -> None:
        """Judge one fact by what was true before it."""
        look = self._see.get(type(fact))
        if look is not None:
            look(fact, at_ms)

    def settled(self, at_ms: int) -> None:
        """Judge what must hold when a record is done."""
        if not self._is_watched:
            return
        waiting = [each for each in self._pairing.contacts.values() if is_in_line(each, at_ms)]
        for queue in self._rules.queues:
            mine = [each for each in waiting if each.queue.rules.queue == queue.queue]
            for group in self._pairing.borrowed.get(queue.queue, ()) if not mine else ():
                self._expect(False, 4, "{} keeps {} with nobody in line", queue.queue, group)
            if queue.spill is None:
                continue
            for region in self._rules.regions:
                load = self._load(queue.queue, region.region, mine)
                is_spilled = (queue.queue, region.region) in self._pairing.spilled
                self._expect(not is_spilled or load >= queue.spill.end_percent, 4,
                             "{} spills {} at a load of {}", queue.queue, region.region, load)  # fmt: skip
                self._expect(is_spilled or load < queue.spill.begin_percent, 4,
                             "{} keeps {} at home at a load of {}", queue.queue, region.region, load)  # fmt: skip

    def _load(self, queue: str, region: str, waiting: list[SeenContact]) -> int:
        count = sum(each.region == region for each in waiting)
        staffed = sum(
            agent.presence is Presence.READY and queue in agent.queues and agent.rules.region == region
            for agent in self._pairing.agents.values()
        )
        return count * 100 // staffed if staffed else LOAD_ENDLESS * bool(count)

    def _rules_in_force(self, fact: f.RulesInForce, at_ms: int) -> None:
        self._rules = fact.rules
        self._is_watched = any(queue.reserves or queue.spill for queue in fact.rules.queues)

    def _offer(self, fact: f.OfferMade, at_ms: int) -> None:
        contact, agent = self._pairing.contacts.get(fact.contact), self._pairing.agents[fact.agent]
        if contact is not None and not fact.decision.sticky and fact.decision.trigger not in CHOSEN_BY_NOBODY:
            self._is_best(contact, agent, at_ms)
        self._last_offer[fact.agent] = fact.offer

    def _is_best(self, contact: SeenContact, agent: SeenAgent, at_ms: int) -> None:
        """Of all who are free and suit, the strategy takes whoever has the least of what it counts."""
        strategy = contact.queue.rules.strategy
        if strategy is Strategy.LEAST_SKILLED:
            counted = {each.rules.agent: sum(each.skills.values()) for each in self._pairing.agents.values()}
        elif strategy is Strategy.ROUND_ROBIN:
            counted = {name: self._last_offer.get(name, 0) for name in self._pairing.agents}
        else:
            return
        mine = counted[agent.rules.agent]
        for other in self._pairing.agents.values():
            if counted[other.rules.agent] < mine and other.may_take() and self._suits(contact, other, at_ms):
                self._expect(
                    False, 6, "{} gets {} before {}", agent.rules.agent, contact.id, other.rules.agent
                )
                return

    def _suits(self, contact: SeenContact, agent: SeenAgent, at_ms: int) -> bool:
        pairing = self._pairing
        return suits(contact, agent, pairing.neighbours, pairing.borrowed, pairing.spilled, at_ms)

    def _enter(self, fact: f.ContactEntered, at_ms: int) -> None:
        if fact.origin is Origin.RETURN_CALL:
            first = self._numbers.setdefault(fact.number, fact.contact)
            self._number_of[fact.contact] = fact.number
            self._expect(first == fact.contact, 1, "{} and {} call one number", first, fact.contact)
            return
        self._identities[fact.contact] = fact.identities
        from_ms = at_ms - self._rules.repeat_window_ms
        came_ms = max((self._came.get(identity, 0) for identity in fact.identities), default=0)
        self._expect(came_ms < from_ms or fact.repeat is not None, 6,
                     "{} was here at {} and is not known", fact.contact, came_ms)  # fmt: skip

    def _end(self, fact: f.ContactEnded, at_ms: int) -> None:
        number = self._number_of.pop(fact.contact, None)
        if number is not None and self._numbers.get(number) == fact.contact:
            del self._numbers[number]
        contact = self._pairing.contacts.get(fact.contact)
        if contact is not None and contact.origin is Origin.INBOUND:
            for identity in self._identities.pop(fact.contact, ()):
                self._came[identity] = max(self._came.get(identity, 0), contact.arrived_ms)
        if contact is not None and fact.outcome is Outcome.UNREACHED:
            most = contact.queue.rules.return_calls.tries_max
            tries = self._tries.get(fact.contact, 0) + 1
            self._expect(tries == most, 1, "{} ends after {} of {} tries", fact.contact, tries, most)

    def _to_bot(self, fact: f.IntakeEntered, at_ms: int) -> None:
        contact = self._pairing.contacts[fact.contact]
        never = contact.is_repeat and contact.queue.rules.repeat.never_to_bot
        self._expect(not never, 6, "{} comes again and goes to the bot", fact.contact)

    def _again(self, fact: f.ReturnCallRescheduled, at_ms: int) -> None:
        most = self._pairing.contacts[fact.contact].queue.rules.return_calls.tries_max
        self._tries[fact.contact] = fact.tries
        self._expect(fact.tries < most, 1, "{} is tried again after {} tries", fact.contact, fact.tries)

    def _wrap_up(self, fact: f.WrapUpStarted, at_ms: int) -> None:
        queue = self._queue_of_offer(fact.offer, fact.agent)
        if queue is not None:
            is_endless = fact.deadline_ms is None
            self._expect(is_endless is (queue is WrapUpMode.MANDATORY), 5,
                         "wrap-up {} ends at {} although {}", fact.offer, fact.deadline_ms, queue)  # fmt: skip

    def _queue_of_offer(self, offer: int, agent: AgentId) -> WrapUpMode | None:
        """The mode of the queue, where all queues agree on nothing else: of the contact that is held by this offer."""
        for contact in self._pairing.contacts.values():
            if offer in contact.held and contact.state is not ContactState.WAITING:
                return contact.queue.rules.wrap_up.mode
        return None

    def _link(self, fact: f.LinkSet, at_ms: int) -> None:
        if fact.link is not Link.DESK:
            return
        if not fact.is_up and self._pairing.agents[fact.agent].presence is Presence.READY:
            self._deadlines.set("desk", fact.agent, at_ms + self._rules.desk_grace_ms)
        else:
            self._deadlines.clear("desk", fact.agent)

    def _presence(self, fact: f.PresenceSet, at_ms: int) -> None:
        if fact.presence is not Presence.READY:
            self._deadlines.clear("desk", fact.agent)
