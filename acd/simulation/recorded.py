"""A day that was: what customers and agents did, read from a journal, to be played again under other rules.

What is kept is what rules do not decide: who came when and by which entry, how long they talked, who signed in when and
took a break. How long somebody would have waited is known of those who gave up; of the others only that it was longer.
So patience is taken as exponential with the mean that a censored sample gives (all waits, over the number of those who
gave up), and whoever was served would have waited so much longer.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from acd.ports import Record
from acd.routing import events as e
from acd.routing.model import AgentId, AgentRules, ContactId, OfferId, Outcome, Presence, QueueId, Rules
from acd.routing.outputs import facts as f
from acd.simulation.population import AgentProfile, CustomerProfile
from acd.statistics.intervals import Statistics

PATIENCE_MS = 180_000
"""Mean patience where nobody has given up."""


class Visit(msgspec.Struct):
    """One arrival as the switch told it, at its moment; 0: not known."""

    at_ms: int
    arrived: e.ContactArrived
    talk_ms: int = 0
    gave_up_ms: int = 0
    """The patience of who gave up."""
    waited_ms: int = 0
    """How long whoever was served has waited: their patience is longer."""


class RecordedDay:
    """Folds a journal, record by record."""

    def __init__(self) -> None:
        self.visits: list[Visit] = []
        self.moves: list[tuple[int, AgentId, Presence, str]] = []
        """What agents chose, in order; the first of each is the sign-in."""
        self.rules: Rules | None = None
        self.statistics = Statistics()
        self.waits_ms: list[int] = []
        self.taken: dict[AgentId, int] = {}
        self.outcomes: dict[Outcome, int] = dict.fromkeys(Outcome, 0)
        self.start_ms = self.end_ms = 0
        self._by_contact: dict[ContactId, Visit] = {}
        self._talks: dict[OfferId, tuple[ContactId, int]] = {}
        self._rung: dict[OfferId, int] = {}
        self._wraps: dict[OfferId, int] = {}
        self._reactions_ms: list[int] = []
        self._wraps_ms: list[int] = []

    def read(self, records: Iterable[Record]) -> None:
        """Fold all of them.

        Raises:
            ValueError: Nobody came: there is no day to play.
        """
        for record in records:
            self._take(record)
        if not self.visits:
            raise ValueError("found no arrival in the journal, expected at least one")

    def customers(self) -> CustomerProfile:
        """Return how customers behaved, for what no visit says itself."""
        talks = [visit.talk_ms for visit in self.visits if visit.talk_ms]
        given_up = [visit.gave_up_ms for visit in self.visits if visit.gave_up_ms]
        waited_ms = sum(given_up) + sum(visit.waited_ms for visit in self.visits)
        return CustomerProfile(
            per_hour=0,
            patience_ms=max(1_000, waited_ms // len(given_up)) if given_up else PATIENCE_MS,
            talk_ms=_mean(talks, CustomerProfile().talk_ms),
        )

    def agents(self) -> AgentProfile:
        """Return how agents behaved in the mean; breaks are `moves`."""
        usual = AgentProfile()
        return AgentProfile(
            reaction_ms=_mean(self._reactions_ms, usual.reaction_ms),
            wrap_up_ms=_mean(self._wraps_ms, usual.wrap_up_ms),
        )

    def staffed(self, rules: Rules) -> Rules:
        """Return the rules with everybody who worked that day: as the rules say, else as they were then."""
        known = {agent.agent for agent in rules.agents}
        queues = {queue.queue for queue in rules.queues}
        worked = {agent for _, agent, _, _ in self.moves}
        then = self.rules.agents if self.rules is not None else ()
        more = tuple(
            _serving(agent, queues) for agent in then if agent.agent in worked and agent.agent not in known
        )
        return msgspec.structs.replace(rules, agents=(*rules.agents, *more))

    def _take(self, record: Record) -> None:
        at_ms = record.at_ms
        self.start_ms = self.start_ms or at_ms
        self.end_ms = max(self.end_ms, at_ms)
        self.statistics.apply(record.facts, at_ms)
        for fact in record.facts:
            if isinstance(fact, f.ContactEntered | f.ContactTurnedAway):
                self._arrive(record.event, fact, at_ms)
            elif isinstance(fact, f.PresenceSet) and not fact.is_system:
                self.moves.append((at_ms, fact.agent, fact.presence, fact.reason))
            elif isinstance(fact, f.RulesInForce):
                self.rules = fact.rules
            elif isinstance(fact, f.OfferMade):
                self._rung[fact.offer] = at_ms
            elif isinstance(fact, f.OfferEnded):
                self._rung.pop(fact.offer, None)
            elif isinstance(fact, f.ContactEnded):
                self._end(fact, at_ms)
            else:
                self._talk(fact, at_ms)

    def _arrive(self, event: e.AnyEvent, fact: f.ContactEntered | f.ContactTurnedAway, at_ms: int) -> None:
        is_new = isinstance(fact, f.ContactEntered) or fact.code != "id_used"
        if isinstance(event, e.ContactArrived) and event.contact == fact.contact and is_new:
            visit = self._by_contact[fact.contact] = Visit(at_ms, event)
            self.visits.append(visit)

    def _talk(self, fact: f.Fact, at_ms: int) -> None:
        if isinstance(fact, f.OfferTaken):
            rung_ms = self._rung.pop(fact.offer, None)
            if rung_ms is not None:
                self._reactions_ms.append(at_ms - rung_ms)
        elif isinstance(fact, f.AssignmentConnected):
            self._talks[fact.offer] = (fact.contact, at_ms)
            self.taken[fact.agent] = self.taken.get(fact.agent, 0) + 1
            if fact.is_first:
                self.waits_ms.append(fact.waited_ms)
                visit = self._by_contact.get(fact.contact)
                if visit is not None:
                    visit.waited_ms = fact.waited_ms
        elif isinstance(fact, f.TalkEnded) and fact.offer in self._talks:
            contact, began_ms = self._talks.pop(fact.offer)
            visit = self._by_contact.get(contact)
            if visit is not None:
                visit.talk_ms += at_ms - began_ms
        elif isinstance(fact, f.WrapUpStarted):
            self._wraps[fact.offer] = at_ms
        elif isinstance(fact, f.AssignmentDone) and fact.offer in self._wraps:
            self._wraps_ms.append(at_ms - self._wraps.pop(fact.offer))

    def _end(self, fact: f.ContactEnded, at_ms: int) -> None:
        self.outcomes[fact.outcome] += 1
        visit = self._by_contact.pop(fact.contact, None)
        if visit is not None and fact.outcome is Outcome.ABANDONED:
            visit.gave_up_ms = max(1, at_ms - visit.at_ms)


def _serving(agent: AgentRules, queues: set[QueueId]) -> AgentRules:
    """The same agent without the queues that are no more."""
    served = tuple(each for each in agent.queues if each.queue in queues)
    return msgspec.structs.replace(agent, queues=served)


def _mean(times_ms: list[int], otherwise_ms: int) -> int:
    return max(1, sum(times_ms) // len(times_ms)) if times_ms else otherwise_ms
