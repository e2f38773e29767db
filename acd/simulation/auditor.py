"""An auditor that reads only the journal: it folds facts into a model of its own and checks the invariants.

It is written without a look at the engine and shares nothing with it but the words. Invariants are those of
the design, by number: 1 conservation, 2 one live offer, 3 capacity and readiness, 4 work conservation, 5 no
state without a deadline, 6 order of arrival, 11 late changes nothing, 12 time. `broken` collects what does
not hold; a run with an empty list has been checked `checks` times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from acd.routing.model import (
    AgentId,
    AgentRules,
    Channel,
    ContactId,
    ContactState,
    Link,
    OfferId,
    OfferState,
    Outcome,
    Presence,
    QueueId,
    QueueRules,
    Rules,
    SkillId,
)
from acd.routing.outputs import facts as f
from acd.simulation.eligibility import Seen, both_needs, is_eligible

SLACK_MS = 2_000
"""How far over its deadline a state may be found before it counts as forgotten."""
BROKEN_MAX = 100


class _Contact(msgspec.Struct):
    entered: f.ContactEntered
    queue: QueueId
    seen: Seen
    state: ContactState = ContactState.WAITING
    since_ms: int = 0
    ticket_due: bool = False


class _Agent(msgspec.Struct):
    rules: AgentRules
    skills: dict[SkillId, int]
    queues: frozenset[QueueId]
    presence: Presence = Presence.SIGNED_OUT
    leaving: bool = False
    links: set[Link] = msgspec.field(default_factory=set)
    hands: dict[OfferId, Channel] = {}
    wrapping: set[OfferId] = msgspec.field(default_factory=set)
    """Wrap-ups that block: nothing is offered meanwhile."""


class _Offer(msgspec.Struct):
    contact: ContactId
    agent: AgentId
    channel: Channel
    state: OfferState
    deadline_ms: int | None
    is_talking: bool = False
    has_talked: bool = False
    is_wrapping: bool = False


class Auditor:
    """Checks every record; never stops a run, so that one day shows everything that is wrong with it."""

    def __init__(self) -> None:
        self.checks = 0
        self.broken: list[str] = []
        self.assigned_twice = 0
        self.outcomes: dict[Outcome, int] = dict.fromkeys(Outcome, 0)
        self.entered = 0
        self._rules = Rules(0)
        self._queues: dict[QueueId, QueueRules] = {}
        self._agents: dict[AgentId, _Agent] = {}
        self._contacts: dict[ContactId, _Contact] = {}
        self._waiting: dict[ContactId, _Contact] = {}
        self._ended: set[ContactId] = set()
        self._offers: dict[OfferId, _Offer] = {}
        self._offer_last = 0
        self._look_ms = 0
        """No deadline can be missed before this moment."""
        self._borrowed: dict[QueueId, set[str]] = {}
        self._spilled: set[tuple[QueueId, str]] = set()
        self._at_ms = 0
        self._take: dict[type[f.Fact], Callable[[Any], None]] = {
            f.RulesInForce: self._rules_in_force, f.NodeTookOver: self._took_over, f.AgentSet: self._agent_set,
            f.PresenceSet: self._presence, f.NextPresenceSet: self._next, f.LinkSet: self._link,
            f.ContactEntered: self._enter, f.ContactRequeued: self._requeue, f.StepTaken: self._step,
            f.HeadStartSet: self._head_start, f.ReserveSet: self._reserve, f.SpillSet: self._spill,
            f.IntakeEntered: self._to_intake,
            f.ContactReturned: self._return, f.ReturnCallRescheduled: self._reschedule,
            f.OfferMade: self._offer, f.OfferTaken: self._taken, f.OfferEnded: self._offer_ended,
            f.AssignmentConnected: self._connected, f.TransferMade: self._transferred, f.TalkEnded: self._talk_ended,
            f.WrapUpStarted: self._wrap_up, f.WrapUpExtended: self._wrap_up_more, f.AssignmentDone: self._done,
            f.ContactEnded: self._end,
        }  # fmt: skip

    def apply(self, facts: Iterable[f.Fact], at_ms: int) -> None:
        """Fold one record and check everything that must hold after it."""
        facts = list(facts)
        self._expect(at_ms >= self._at_ms, 12, f"time went back from {self._at_ms} to {at_ms}")
        self._at_ms = at_ms
        still = [fact for fact in facts if isinstance(fact, f.Late | f.Refused)]
        self._expect(len(still) <= 1, 11, f"more than one answer to one event: {still}")
        for fact in facts:
            take = self._take.get(type(fact))
            if take is not None:
                take(fact)
        self._settled()

    def live(self) -> dict[ContactState, int]:
        """Return how many contacts stand in each state that is not the end."""
        counts = dict.fromkeys(ContactState, 0)
        for contact in self._contacts.values():
            counts[contact.state] += 1
        return counts

    # --- what must hold after every record ----------------------------------------------------------

    def _settled(self) -> None:
        ended = sum(self.outcomes.values())
        self._expect(self.entered == len(self._contacts) + ended, 1, "entered is not live + ended")
        self._deadlines_are_kept()
        self._work_is_conserved()

    def _deadlines_are_kept(self) -> None:
        """No offer, bridge or wrap-up is found long after its deadline (5)."""
        if self._at_ms <= self._look_ms:
            return
        ends = [
            (offer.deadline_ms, number)
            for number, offer in self._offers.items()
            if offer.deadline_ms is not None
        ]
        for deadline_ms, number in ends:
            on_time = self._at_ms <= deadline_ms + SLACK_MS
            self._expect(on_time, 5, f"offer {number} ({self._offers[number].state}) is over its deadline")
        self._look_ms = min((deadline_ms for deadline_ms, _ in ends), default=self._at_ms) + SLACK_MS

    def _due(self, offer: _Offer, deadline_ms: int | None) -> None:
        offer.deadline_ms = deadline_ms
        if deadline_ms is not None:
            self._look_ms = min(self._look_ms, deadline_ms + SLACK_MS)

    def _move(self, contact: _Contact, state: ContactState) -> None:
        contact.state = state
        if state is ContactState.WAITING:
            contact.since_ms = self._at_ms
            self._waiting[contact.entered.contact] = contact
        else:
            self._waiting.pop(contact.entered.contact, None)

    def _work_is_conserved(self) -> None:
        """No ready agent with free hands while a contact waits whom they may serve (4)."""
        due = [contact for contact in self._waiting.values() if self._is_due(contact)]
        if not due:
            return
        free = [agent for agent in self._agents.values() if self._may_take(agent)]
        for contact in due:
            for agent in free:
                if self._suits(agent, contact):
                    what = f"{agent.rules.agent} is free while {contact.entered.contact} waits"
                    self._expect(False, 4, what)

    def _is_due(self, contact: _Contact) -> bool:
        """Whether the pool must serve it: its moment has come, and it does not wait for its owner alone."""
        return contact.seen.not_before_ms <= self._at_ms and not self._is_for_owner(contact)

    def _is_for_owner(self, contact: _Contact) -> bool:
        if contact.seen.owner is None:
            return False
        rules = self._queues[contact.queue]
        repeat_ms = rules.repeat.same_agent_patience_ms if contact.entered.repeat is not None else 0
        return self._at_ms < contact.since_ms + max(rules.sticky_patience_ms, repeat_ms)

    def _may_take(self, agent: _Agent) -> bool:
        return agent.presence is Presence.READY and not agent.leaving and not agent.wrapping

    def _suits(self, agent: _Agent, contact: _Contact) -> bool:
        return (
            contact.queue in self._serves(agent, contact.queue)
            and set(contact.entered.links) <= agent.links
            and self._has_room(agent, contact.entered.channel)
            and is_eligible(
                self._rules,
                self._queues[contact.queue],
                agent.rules,
                agent.skills,
                contact.seen,
                self._at_ms,
                (contact.queue, contact.seen.region or "") in self._spilled,
            )
        )

    def _serves(self, agent: _Agent, queue: QueueId) -> frozenset[QueueId]:
        lent = self._borrowed.get(queue, set())
        return agent.queues | ({queue} if lent.intersection(agent.rules.groups) else set())

    def _has_room(self, agent: _Agent, channel: Channel) -> bool:
        holding = list(agent.hands.values())
        if holding.count(channel) >= agent.rules.capacity.get(channel, 0):
            return False
        admits = {blend.holding: blend.admits for blend in agent.rules.blends}
        return all(channel in admits.get(other, ()) for other in holding)

    def _expect(self, holds: bool, invariant: int, what: str) -> None:
        self.checks += 1
        if not holds and len(self.broken) < BROKEN_MAX:
            self.broken.append(f"invariant {invariant} at {self._at_ms}: {what}")

    # --- one fact each ------------------------------------------------------------------------------

    def _rules_in_force(self, fact: f.RulesInForce) -> None:
        self._rules = fact.rules
        self._queues = {queue.queue: queue for queue in fact.rules.queues}
        for rules in fact.rules.agents:
            known = self._agents.get(rules.agent)
            queues = frozenset(served.queue for served in rules.queues)
            if known is None:
                self._agents[rules.agent] = _Agent(rules, dict(rules.skills), queues)
            else:
                known.rules, known.skills, known.queues = rules, dict(rules.skills), queues

    def _took_over(self, fact: f.NodeTookOver) -> None:
        for agent in self._agents.values():
            agent.links.clear()

    def _agent_set(self, fact: f.AgentSet) -> None:
        agent = self._agents[fact.agent]
        if fact.skills is not None:
            agent.skills = dict(fact.skills)
        if fact.queues is not None:
            agent.queues = frozenset(fact.queues)

    def _presence(self, fact: f.PresenceSet) -> None:
        agent = self._agents[fact.agent]
        agent.presence, agent.leaving = fact.presence, False

    def _next(self, fact: f.NextPresenceSet) -> None:
        self._agents[fact.agent].leaving = fact.presence not in (None, Presence.READY)

    def _link(self, fact: f.LinkSet) -> None:
        links = self._agents[fact.agent].links
        if fact.is_up:
            links.add(fact.link)
        else:
            links.discard(fact.link)

    def _enter(self, fact: f.ContactEntered) -> None:
        fresh = fact.contact not in self._contacts and fact.contact not in self._ended
        self._expect(fresh, 1, f"{fact.contact} entered twice")
        self.entered += 1
        seen = Seen(
            region=fact.region, arrived_ms=fact.arrived_ms, needs=fact.needs, head_start_ms=fact.head_start_ms,
            not_before_ms=fact.not_before_ms or 0, owner=fact.owner,
        )  # fmt: skip
        contact = self._contacts[fact.contact] = _Contact(fact, fact.queue, seen, since_ms=self._at_ms)
        self._waiting[fact.contact] = contact
        self._step_of_age(contact)

    def _requeue(self, fact: f.ContactRequeued) -> None:
        contact = self._contacts[fact.contact]
        contact.queue = fact.queue
        contact.seen.needs = both_needs(self._queues[fact.queue].needs, contact.entered.own_needs)
        self._move(contact, ContactState.WAITING)
        self._step_of_age(contact)

    def _step_of_age(self, contact: _Contact) -> None:
        """A contact that comes with an age (returned, moved, a return call) stands at once where that puts it."""
        age_ms = max(self._at_ms, contact.seen.not_before_ms) - contact.seen.arrived_ms
        steps = self._queues[contact.queue].steps
        contact.seen.step = max(
            number for number, step in enumerate(steps) if number == 0 or step.after_ms <= age_ms
        )

    def _step(self, fact: f.StepTaken) -> None:
        self._contacts[fact.contact].seen.step = fact.step

    def _head_start(self, fact: f.HeadStartSet) -> None:
        self._contacts[fact.contact].seen.head_start_ms = fact.head_start_ms

    def _reserve(self, fact: f.ReserveSet) -> None:
        groups = self._borrowed.setdefault(fact.queue, set())
        if fact.is_borrowed:
            groups.add(fact.group)
        else:
            groups.discard(fact.group)

    def _spill(self, fact: f.SpillSet) -> None:
        change = self._spilled.add if fact.is_spilled else self._spilled.discard
        change((fact.queue, fact.region))

    def _to_intake(self, fact: f.IntakeEntered) -> None:
        self._move(self._contacts[fact.contact], ContactState.INTAKE)

    def _return(self, fact: f.ContactReturned) -> None:
        contact = self._contacts[fact.contact]
        self._expect(
            contact.state is not ContactState.WAITING, 2, f"{fact.contact} returned from its own line"
        )
        self._move(contact, ContactState.WAITING)
        self._step_of_age(contact)

    def _reschedule(self, fact: f.ReturnCallRescheduled) -> None:
        contact = self._contacts[fact.contact]
        self._move(contact, ContactState.WAITING)
        contact.seen.not_before_ms = fact.not_before_ms
        self._step_of_age(contact)

    def _offer(self, fact: f.OfferMade) -> None:
        contact, agent = self._contacts.get(fact.contact), self._agents[fact.agent]
        self._expect(fact.offer > self._offer_last, 2, f"offer {fact.offer} after {self._offer_last}")
        self._offer_last = fact.offer
        if contact is None:
            self._expect(False, 2, f"offer {fact.offer} of {fact.contact}, which is not here")
            return
        by_hand = fact.decision.trigger in ("given", "transfer", "consult")
        if contact.state is not ContactState.WAITING and not by_hand:
            self.assigned_twice += 1
            self._expect(False, 2, f"offer {fact.offer} of {fact.contact}, which is {contact.state}")
        if not by_hand:
            if contact.seen.owner is not None:
                self._step_of_age(contact)  # whoever waited for the owner alone takes its steps at once
            self._expect(self._may_take(agent), 3, f"{fact.agent} was offered {fact.contact} while not ready")
            self._expect(
                self._has_room(agent, fact.channel), 3, f"{fact.agent} over capacity at {fact.offer}"
            )
            self._expect(self._suits(agent, contact), 3, f"{fact.agent} does not suit {fact.contact}")
            self._in_order(contact, agent, fact)
        self._move(contact, ContactState.OFFERED)
        agent.hands[fact.offer] = fact.channel
        made = _Offer(fact.contact, fact.agent, fact.channel, OfferState.OPEN, None)
        self._offers[fact.offer] = made
        self._due(made, fact.deadline_ms)

    def _in_order(self, chosen: _Contact, agent: _Agent, fact: f.OfferMade) -> None:
        """Nobody with equal needs and head start who came earlier is passed over (6)."""
        mine = chosen.seen
        if mine.owner is not None or fact.decision.sticky:
            return
        for other in self._waiting.values():
            theirs = other.seen
            if (
                other is not chosen
                and other.queue == chosen.queue
                and theirs.arrived_ms < mine.arrived_ms
                and theirs.head_start_ms == mine.head_start_ms
                and theirs.needs == mine.needs
                and theirs.region == mine.region
                and other.entered.channel is chosen.entered.channel
                and self._is_due(other)
                and self._suits(agent, other)
            ):
                self._expect(False, 6, f"{chosen.entered.contact} was served before {other.entered.contact}")

    def _taken(self, fact: f.OfferTaken) -> None:
        offer = self._offers[fact.offer]
        self._expect(offer.state is OfferState.OPEN, 2, f"offer {fact.offer} taken while {offer.state}")
        offer.state = OfferState.ACCEPTED
        self._due(offer, fact.deadline_ms)
        self._move(self._contacts[offer.contact], ContactState.ASSIGNED)

    def _offer_ended(self, fact: f.OfferEnded) -> None:
        offer = self._offers.pop(fact.offer)
        self._agents[offer.agent].hands.pop(fact.offer)
        if fact.outcome in (
            OfferState.DECLINED,
            OfferState.NO_ANSWER,
            OfferState.BUSY,
            OfferState.UNREACHABLE,
        ):
            self._remember(fact.contact, offer.agent, fact.outcome)

    def _remember(self, number: ContactId, agent: AgentId, outcome: OfferState = OfferState.OPEN) -> None:
        """Agent and contact did not come together: the agent is passed over for this contact for a while."""
        contact = self._contacts.get(number)
        if contact is not None:
            rules = self._queues[contact.queue]
            own_ms = rules.delays.of(outcome)
            memory_ms = rules.refusal_memory_ms if own_ms is None else own_ms
            known_ms = contact.seen.refused_until.get(agent, 0)
            contact.seen.refused_until[agent] = max(known_ms, self._at_ms + memory_ms)

    def _connected(self, fact: f.AssignmentConnected) -> None:
        offer = self._offers[fact.offer]
        self._expect(offer.state is OfferState.ACCEPTED, 2, f"offer {fact.offer} talks while {offer.state}")
        others = [
            o for o in self._offers.values() if o.contact == fact.contact and o.is_talking and o is not offer
        ]
        if others:
            self.assigned_twice += 1
            self._expect(False, 2, f"{fact.contact} talks to {fact.agent} and to {others[0].agent}")
        offer.is_talking = offer.has_talked = True
        offer.deadline_ms = None

    def _transferred(self, fact: f.TransferMade) -> None:
        self._remember(fact.contact, self._offers[fact.offer].agent)

    def _talk_ended(self, fact: f.TalkEnded) -> None:
        self._offers[fact.offer].is_talking = False

    def _wrap_up(self, fact: f.WrapUpStarted) -> None:
        offer = self._offers[fact.offer]
        offer.is_wrapping = True
        self._due(offer, fact.deadline_ms)
        agent = self._agents[offer.agent]
        agent.hands.pop(fact.offer, None)
        if fact.blocks:
            agent.wrapping.add(fact.offer)

    def _wrap_up_more(self, fact: f.WrapUpExtended) -> None:
        offer = self._offers[fact.offer]
        if offer.is_wrapping:
            self._due(offer, fact.deadline_ms)

    def _done(self, fact: f.AssignmentDone) -> None:
        offer = self._offers.pop(fact.offer)
        self._expect(not offer.is_talking, 2, f"assignment {fact.offer} is done while talking")
        agent = self._agents[offer.agent]
        agent.hands.pop(fact.offer, None)
        agent.wrapping.discard(fact.offer)
        if not offer.has_talked:
            self._remember(fact.contact, fact.agent)

    def _end(self, fact: f.ContactEnded) -> None:
        contact = self._contacts.pop(fact.contact, None)
        self._waiting.pop(fact.contact, None)
        self._expect(contact is not None, 1, f"{fact.contact} ended twice, or never entered")
        if contact is None:
            return
        self._ended.add(fact.contact)
        self.outcomes[fact.outcome] += 1
        ringing = [
            n for n, o in self._offers.items() if o.contact == fact.contact and o.state is OfferState.OPEN
        ]
        self._expect(not ringing, 2, f"{fact.contact} ended while offer {ringing} rings")
