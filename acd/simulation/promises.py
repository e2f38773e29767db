"""What a queue's rules promise to people, checked by the journal alone, beside the invariants of `auditor`.

Who missed an offer rests; a break begins when the work is done; what was said to the bot is not lost; one number
stands in line once, at the place of its first call; a bonus for repeat customers is given; who is chosen was idle
longest among equals. Like the auditor it is written from the rules and never looks into the engine.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from acd.routing import events as e
from acd.routing.model import (
    AgentId,
    ContactId,
    Link,
    OfferId,
    OfferState,
    Origin,
    Presence,
    QueueId,
    QueueRules,
    Rules,
    Strategy,
    WrapUpMode,
)
from acd.routing.outputs import facts as f

RESTED = frozenset({OfferState.NO_ANSWER, OfferState.BUSY, OfferState.UNREACHABLE})
BY_HAND = frozenset({"given", "transfer"})


class _Contact(msgspec.Struct):
    queue: QueueId
    arrived_ms: int
    stands_since: int = 0
    """Number of the record that brought it into a line; 0: it stands in none."""
    not_before_ms: int = 0
    is_repeat: bool = False
    is_with_bot: bool = False
    has_told: bool = False
    """The bot has noted words or a recording that are in no ticket yet."""
    number: str = ""


class _Agent(msgspec.Struct):
    presence: Presence = Presence.SIGNED_OUT
    released_ms: int = 0
    work: set[OfferId] = msgspec.field(default_factory=set)
    """Accepted, and neither done nor in a wrap-up that blocks nothing."""
    desk_due_ms: int = 0
    """Until when a lost desk is waited for; 0: it is there, or was waited for."""


class _Offer(msgspec.Struct):
    agent: AgentId
    queue: QueueId
    is_by_hand: bool
    is_connected: bool = False
    is_wrapping: bool = False
    blocks: bool = False


class Promises:
    """Checks every record; `expect(holds, invariant, what, *found)` takes what does not hold."""

    def __init__(self, expect: Callable[..., None]) -> None:
        self._expect = expect
        self._rules = Rules(0)
        self._queues: dict[QueueId, QueueRules] = {}
        self._contacts: dict[ContactId, _Contact] = {}
        self._arrived: dict[ContactId, int] = {}
        self._numbers: dict[str, ContactId] = {}
        self._agents: dict[AgentId, _Agent] = {}
        self._offers: dict[OfferId, _Offer] = {}
        self._desks: list[tuple[int, AgentId]] = []
        self._at_ms = self._record = 0
        self._event: e.AnyEvent | None = None
        self._to_rest: list[AgentId] = []
        self._set: set[AgentId] = set()
        self._take: dict[type[f.Fact], Callable[[Any], None]] = {
            f.RulesInForce: self._rules_in_force, f.NodeTookOver: self._took_over, f.AgentJoined: self._joined,
            f.PresenceSet: self._presence, f.LinkSet: self._link, f.ReserveSet: self._reserve,
            f.ContactEntered: self._entered, f.ContactChanged: self._changed, f.ContactRequeued: self._requeued,
            f.ContactReturned: self._returned, f.ContactEnded: self._ended, f.ReturnCallMerged: self._merged,
            f.ReturnCallRescheduled: self._rescheduled, f.IntakeEntered: self._to_bot, f.IntakeNoted: self._noted,
            f.IntakeTaken: self._taken_down, f.OfferMade: self._made, f.OfferTaken: self._accepted,
            f.OfferEnded: self._failed, f.AssignmentConnected: self._connected, f.WrapUpStarted: self._wrap_up,
            f.AssignmentDone: self._done,
        }  # fmt: skip

    def apply(self, facts: Sequence[f.Fact], at_ms: int, event: e.AnyEvent | None) -> None:
        """Fold one record and check what is promised."""
        self._record += 1
        self._at_ms = max(at_ms, self._at_ms)
        self._event = event
        was_ready = {name for _, name in self._desks if self._agents[name].presence is Presence.READY}
        for fact in facts:
            take = self._take.get(type(fact))
            if take is not None:
                take(fact)
        for name in self._to_rest:
            self._expect(name in self._set, 6, "{} missed an offer and does not rest", name)
        self._to_rest.clear()
        if type(event) is not e.NodeStarted:
            self._look_for_desks(was_ready)
        self._set.clear()

    def _look_for_desks(self, was_ready: set[AgentId]) -> None:
        while self._desks and self._desks[0][0] <= self._at_ms:
            due_ms, name = heapq.heappop(self._desks)
            agent = self._agents[name]
            if agent.desk_due_ms == due_ms:
                agent.desk_due_ms = 0
                is_told = name not in was_ready or name in self._set
                self._expect(is_told, 5, "{} is ready, and the desk is gone since before {}", name, due_ms)

    # --- the zone and its agents --------------------------------------------------------------------

    def _rules_in_force(self, fact: f.RulesInForce) -> None:
        self._rules = fact.rules
        self._queues = {queue.queue: queue for queue in fact.rules.queues}
        for rules in fact.rules.agents:
            self._agents.setdefault(rules.agent, _Agent())

    def _took_over(self, fact: f.NodeTookOver) -> None:
        for name, agent in self._agents.items():
            self._lose_desk(name, agent)

    def _joined(self, fact: f.AgentJoined) -> None:
        agent = self._agents[fact.agent]
        if agent.presence is Presence.SIGNED_OUT and not agent.released_ms:
            agent.released_ms = self._at_ms

    def _presence(self, fact: f.PresenceSet) -> None:
        agent = self._agents[fact.agent]
        begins_break = not fact.is_system and fact.presence is not Presence.READY
        self._expect(
            not (begins_break and agent.work), 3, "{} has a break in the middle of {}", fact.agent, agent.work
        )
        agent.presence = fact.presence
        self._set.add(fact.agent)

    def _link(self, fact: f.LinkSet) -> None:
        if fact.link is not Link.DESK:
            return
        if fact.is_up:
            self._agents[fact.agent].desk_due_ms = 0
        else:
            self._lose_desk(fact.agent, self._agents[fact.agent])

    def _lose_desk(self, name: AgentId, agent: _Agent) -> None:
        if agent.presence is not Presence.SIGNED_OUT and not agent.desk_due_ms:
            agent.desk_due_ms = self._at_ms + self._rules.desk_grace_ms
            heapq.heappush(self._desks, (agent.desk_due_ms, name))

    def _reserve(self, fact: f.ReserveSet) -> None:
        """Given back only when it is no longer needed: somebody must have waited less than the lower threshold."""
        if fact.is_borrowed:
            return
        rules = self._queues[fact.queue]
        if rules.sticky_patience_ms or rules.repeat.same_agent_patience_ms:
            return  # who waits for an owner alone is not helped by a reserve, and is not told apart here
        reserves = rules.reserves
        release_ms = next((known.release_ms for known in reserves if known.group == fact.group), 0)
        waits = [
            self._at_ms - contact.arrived_ms
            for contact in self._contacts.values()
            if contact.queue == fact.queue
            and 0 < contact.stands_since < self._record
            and contact.not_before_ms <= self._at_ms
        ]
        is_eased = not waits or min(waits) < release_ms
        self._expect(is_eased, 4, "{}: {} is given back, and all have waited", fact.queue, fact.group)

    # --- contacts -----------------------------------------------------------------------------------

    def _entered(self, fact: f.ContactEntered) -> None:
        contact = _Contact(fact.queue, fact.arrived_ms, self._record, fact.not_before_ms or 0)
        contact.is_repeat = fact.repeat is not None
        self._contacts[fact.contact] = contact
        self._arrived[fact.contact] = fact.arrived_ms
        if fact.origin is Origin.RETURN_CALL:
            contact.number = fact.number
            there = self._numbers.setdefault(fact.number, fact.contact)
            self._expect(
                there == fact.contact, 1, "{} stands in line for a number that {} has", fact.contact, there
            )
            first_ms = self._arrived.get(fact.of, fact.arrived_ms) if fact.of is not None else fact.arrived_ms
            self._expect(fact.arrived_ms == first_ms, 7, "{} lost the place of {}", fact.contact, fact.of)
        elif isinstance(self._event, e.ContactArrived):
            self._expect_head_start(fact, self._event)

    def _expect_head_start(self, fact: f.ContactEntered, event: e.ContactArrived) -> None:
        queue = self._queues[fact.queue]
        entry = next(known for known in self._rules.entries if known.entry == fact.entry)
        bonus_ms = queue.repeat.head_start_ms if fact.repeat is not None else 0
        promised_ms = queue.head_start_ms + entry.head_start_ms + event.head_start_ms + bonus_ms
        is_given = fact.head_start_ms == promised_ms
        self._expect(
            is_given, 7, "{} has {} ms head start, not {}", fact.contact, fact.head_start_ms, promised_ms
        )

    def _changed(self, fact: f.ContactChanged) -> None:
        if fact.repeat is not None:
            self._contacts[fact.contact].is_repeat = True

    def _requeued(self, fact: f.ContactRequeued) -> None:
        contact = self._contacts[fact.contact]
        contact.queue, contact.stands_since = fact.queue, self._record

    def _returned(self, fact: f.ContactReturned) -> None:
        contact = self._contacts[fact.contact]
        contact.stands_since, contact.is_with_bot = self._record, False

    def _ended(self, fact: f.ContactEnded) -> None:
        contact = self._contacts.pop(fact.contact, None)
        if contact is None:
            return
        is_lost = contact.is_with_bot and contact.has_told
        self._expect(not is_lost, 1, "what {} told the bot is in no ticket", fact.contact)
        if contact.number and self._numbers.get(contact.number) == fact.contact:
            del self._numbers[contact.number]

    def _merged(self, fact: f.ReturnCallMerged) -> None:
        self._expect(
            fact.into in self._contacts, 1, "{} is merged into {}, which is over", fact.contact, fact.into
        )

    def _rescheduled(self, fact: f.ReturnCallRescheduled) -> None:
        contact = self._contacts[fact.contact]
        tries_max = self._queues[contact.queue].return_calls.tries_max
        self._expect(fact.tries < tries_max, 1, "{} is tried again after {} tries", fact.contact, fact.tries)
        contact.stands_since, contact.not_before_ms = self._record, fact.not_before_ms

    def _to_bot(self, fact: f.IntakeEntered) -> None:
        contact = self._contacts[fact.contact]
        never = contact.is_repeat and self._queues[contact.queue].repeat.never_to_bot
        self._expect(not never, 6, "{} was here before, and goes to the bot", fact.contact)
        contact.stands_since, contact.is_with_bot = 0, True

    def _noted(self, fact: f.IntakeNoted) -> None:
        if fact.words or fact.recording:
            self._contacts[fact.contact].has_told = True

    def _taken_down(self, fact: f.IntakeTaken) -> None:
        self._contacts[fact.contact].has_told = False

    # --- offers and assignments ---------------------------------------------------------------------

    def _made(self, fact: f.OfferMade) -> None:
        decision = fact.decision
        self._offers[fact.offer] = _Offer(fact.agent, fact.queue, decision.trigger in BY_HAND)
        contact = self._contacts.get(fact.contact)
        if contact is not None:
            contact.stands_since = 0
        if decision.trigger in BY_HAND or decision.trigger == "agent_free" or decision.sticky:
            return
        told = [(fact.agent, decision.rank)]
        if decision.runner_up is not None:
            told.append((decision.runner_up, decision.runner_up_rank))
        for name, rank in told:
            idle = (self._agents[name].released_ms, name)
            self._expect(
                tuple(rank[-2:]) == idle, 6, "{} is ranked {}, and is idle since {}", name, rank, idle
            )
        if decision.runner_up is not None and decision.strategy is not Strategy.RING_ALL:
            holds = tuple(decision.rank) <= tuple(decision.runner_up_rank)
            self._expect(holds, 6, "{} is chosen before {}", fact.agent, decision.runner_up)

    def _accepted(self, fact: f.OfferTaken) -> None:
        self._agents[self._offers[fact.offer].agent].work.add(fact.offer)

    def _failed(self, fact: f.OfferEnded) -> None:
        offer = self._offers.pop(fact.offer, None)
        if offer is None or fact.outcome not in RESTED or offer.is_by_hand:
            return
        if self._queues[offer.queue].rona_rest and self._agents[fact.agent].presence is Presence.READY:
            self._to_rest.append(fact.agent)

    def _connected(self, fact: f.AssignmentConnected) -> None:
        self._offers[fact.offer].is_connected = True

    def _wrap_up(self, fact: f.WrapUpStarted) -> None:
        offer, agent = self._offers[fact.offer], self._agents[fact.agent]
        rule = self._queues[offer.queue].wrap_up
        until_ms = None if rule.mode is WrapUpMode.MANDATORY else self._at_ms + rule.limit_ms
        self._expect(
            fact.deadline_ms == until_ms,
            5,
            "wrap-up {} ends at {}, not {}",
            fact.offer,
            fact.deadline_ms,
            until_ms,
        )
        self._expect(
            fact.blocks is (rule.mode is not WrapUpMode.OPTIONAL),
            3,
            "wrap-up {} blocks: {}",
            fact.offer,
            fact.blocks,
        )
        offer.is_wrapping, offer.blocks = True, fact.blocks
        if not fact.blocks:
            agent.work.discard(fact.offer)
            agent.released_ms = self._at_ms

    def _done(self, fact: f.AssignmentDone) -> None:
        offer, agent = self._offers.pop(fact.offer, None), self._agents[fact.agent]
        agent.work.discard(fact.offer)
        if offer is not None and (offer.blocks if offer.is_wrapping else offer.is_connected):
            agent.released_ms = self._at_ms
