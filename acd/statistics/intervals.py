"""Interval figures: facts folded into counts by quarter of an hour, queue and region, and by agent.

A projection: it is fed every fact in order, keeps what it needs of open contacts and assignments, and can
be dumped and loaded, so that a snapshot of the journal carries it. Longer intervals are sums of quarters.
Facts about contacts and offers whose beginning was never heard (the journal was trimmed) are passed over and counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from acd.routing.model import (
    AgentId,
    ContactId,
    OfferId,
    OfferState,
    Origin,
    Outcome,
    Presence,
    QueueId,
    RegionId,
    TeamId,
)
from acd.routing.outputs import facts as f
from acd.statistics.counts import AgentCounts, QueueCounts, add_counts

QUARTER_MS = 900_000
INTERVALS_MAX = 96 * 8
"""Eight days of quarters are kept here; older ones belong to the reports' store. The oldest falls out."""


class Interval(msgspec.Struct):
    """All counts of one quarter of an hour."""

    queues: dict[QueueId, dict[RegionId, QueueCounts]] = {}
    agents: dict[AgentId, AgentCounts] = {}


class _Limits(msgspec.Struct):
    threshold_ms: int
    short_ms: int


class _Open(msgspec.Struct):
    """A contact that has not ended. `since_ms` is where its wait began."""

    queue: QueueId
    region: RegionId
    since_ms: int
    is_repeat: bool
    is_return_call: bool


class _Assignment(msgspec.Struct):
    """An offer from its making to its end, and the times of what it became."""

    agent: AgentId
    queue: QueueId
    region: RegionId
    is_first_visit: bool
    is_taken: bool = False
    connected_ms: int | None = None
    held_since_ms: int | None = None
    hold_ms: int = 0
    wrap_up_since_ms: int | None = None
    is_first: bool = False


class _Clock(msgspec.Struct):
    """Which time of an agent is running, and since when it has not been booked."""

    presence: Presence = Presence.SIGNED_OUT
    working: int = 0
    since_ms: int = 0


class _State(msgspec.Struct):
    intervals: dict[int, Interval] = {}
    limits: dict[QueueId, _Limits] = {}
    contacts: dict[ContactId, _Open] = {}
    assignments: dict[OfferId, _Assignment] = {}
    clocks: dict[AgentId, _Clock] = {}
    regions: dict[AgentId, RegionId] = {}
    teams: dict[AgentId, TeamId] = {}
    passed_over: int = 0


class Statistics:
    """Folds facts into `Interval`s; knows nothing but facts and the moments they carry."""

    def __init__(self) -> None:
        self._state = _State()
        self._take: dict[type[f.Fact], Callable[[Any, int], None]] = {
            f.RulesInForce: self._rules,
            f.PresenceSet: self._presence,
            f.ContactEntered: self._entered,
            f.ContactTurnedAway: self._turned_away,
            f.ArrivalsTurnedAway: self._turned_away_unseen,
            f.ContactRequeued: self._requeued,
            f.ContactChanged: self._changed,
            f.OverflowOffered: self._overflow_offered,
            f.OverflowDeclined: self._overflow_declined,
            f.OfferMade: self._offer_made,
            f.OfferTaken: self._offer_taken,
            f.OfferEnded: self._offer_ended,
            f.AssignmentConnected: self._connected,
            f.AssignmentHeld: self._held,
            f.TransferMade: self._transferred,
            f.TalkEnded: self._talk_ended,
            f.WrapUpStarted: self._wrap_up_started,
            f.AssignmentDone: self._done,
            f.ContactEnded: self._ended,
        }

    def apply(self, facts: Iterable[f.Fact], at_ms: int) -> None:
        """Fold the facts of one record. Records come in order; facts of no concern here are passed over."""
        for fact in facts:
            take = self._take.get(type(fact))
            if take is not None:
                take(fact, at_ms)

    def dump(self) -> bytes:
        """Return everything as MessagePack, for a snapshot."""
        return msgspec.msgpack.encode(self._state)

    def load(self, dumped: bytes) -> None:
        """Take the place of everything known so far by what `dump` gave.

        Raises:
            msgspec.DecodeError: These bytes are no dump of this version.
        """
        self._state = msgspec.msgpack.decode(dumped, type=_State)

    def queue_counts(
        self, from_ms: int, to_ms: int, queue: QueueId | None = None, region: RegionId | None = None
    ) -> QueueCounts:
        """Return the sum over the quarters that begin in [from_ms, to_ms); None means every queue or region."""
        total = QueueCounts()
        for interval in self._between(from_ms, to_ms):
            for name, by_region in interval.queues.items():
                if queue is None or name == queue:
                    for where, counts in by_region.items():
                        if region is None or where == region:
                            add_counts(total, counts)
        return total

    def agent_counts(
        self,
        from_ms: int,
        to_ms: int,
        now_ms: int,
        agent: AgentId | None = None,
        region: RegionId | None = None,
    ) -> AgentCounts:
        """Return the sum over the quarters that begin in [from_ms, to_ms), with running times booked up to `now_ms`."""
        self.book(now_ms)
        total = AgentCounts()
        for interval in self._between(from_ms, to_ms):
            for name, counts in interval.agents.items():
                if (agent is None or name == agent) and (
                    region is None or self._state.regions.get(name) == region
                ):
                    add_counts(total, counts)
        return total

    def book(self, now_ms: int) -> None:
        """Book the running presence times of all agents up to this moment; what is read is then complete."""
        for agent, clock in self._state.clocks.items():
            self._book_one(agent, clock, now_ms)

    def intervals(self) -> Iterator[tuple[int, Interval]]:
        """Yield (start in ms, counts) of each quarter known, oldest first."""
        yield from sorted(self._state.intervals.items())

    def take_before(self, border_ms: int) -> list[tuple[int, Interval]]:
        """Return the quarters that begin before `border_ms`, oldest first, and know them no more.

        Running times are booked up to the border first, so what is taken is complete if no earlier fact can come.
        """
        self.book(border_ms)
        intervals = self._state.intervals
        return [(start, intervals.pop(start)) for start in sorted(intervals) if start < border_ms]

    def running(self, now_ms: int) -> Iterator[tuple[int, AgentId, AgentCounts]]:
        """Yield (quarter, agent, times) of what runs and is not yet booked, up to `now_ms`, and book nothing.

        For whoever looks between two records: the next one may be stamped before the moment of looking.
        """
        for agent, clock in self._state.clocks.items():
            for since_ms, until_ms in _pieces(clock, now_ms):
                counts = AgentCounts()
                _spend(counts, clock, until_ms - since_ms)
                yield since_ms - since_ms % QUARTER_MS, agent, counts

    def place_of(self, agent: AgentId) -> tuple[TeamId, RegionId]:
        """Return team and region of an agent under the rules in force; empty for who left the rules unheard."""
        return self._state.teams.get(agent, TeamId("")), self._state.regions.get(agent, RegionId(""))

    @property
    def passed_over(self) -> int:
        """How many facts spoke of a contact or an offer that was never heard of."""
        return self._state.passed_over

    # --- helpers of the fold ------------------------------------------------------------------------

    def _between(self, from_ms: int, to_ms: int) -> Iterator[Interval]:
        for start, interval in sorted(self._state.intervals.items()):
            if from_ms <= start < to_ms:
                yield interval

    def _interval(self, at_ms: int) -> Interval:
        start = at_ms - at_ms % QUARTER_MS
        intervals = self._state.intervals
        if start not in intervals:
            intervals[start] = Interval()
            if len(intervals) > INTERVALS_MAX:
                del intervals[min(intervals)]
                return intervals.get(start) or Interval()
        return intervals[start]

    def _queue(self, queue: QueueId, region: RegionId, at_ms: int) -> QueueCounts:
        return self._interval(at_ms).queues.setdefault(queue, {}).setdefault(region, QueueCounts())

    def _agent(self, agent: AgentId, at_ms: int) -> AgentCounts:
        return self._interval(at_ms).agents.setdefault(agent, AgentCounts())

    def _book_one(self, agent: AgentId, clock: _Clock, now_ms: int) -> None:
        """Book the time since the last booking; it is split at the borders of quarters."""
        for since_ms, until_ms in _pieces(clock, now_ms):
            _spend(self._agent(agent, since_ms), clock, until_ms - since_ms)
        clock.since_ms = max(clock.since_ms, now_ms)

    def _clock(self, agent: AgentId, at_ms: int) -> _Clock:
        clock = self._state.clocks.get(agent)
        if clock is None:
            clock = self._state.clocks[agent] = _Clock(since_ms=at_ms)
        self._book_one(agent, clock, at_ms)
        return clock

    def _contact(self, contact: ContactId) -> _Open | None:
        """Return a contact that entered, or None for one that was never heard of, which is counted."""
        known = self._state.contacts.get(contact)
        self._state.passed_over += known is None
        return known

    def _assignment(self, offer: OfferId) -> _Assignment | None:
        known = self._state.assignments.get(offer)
        self._state.passed_over += known is None
        return known

    # --- one fact each ------------------------------------------------------------------------------

    def _rules(self, fact: f.RulesInForce, at_ms: int) -> None:
        for queue in fact.rules.queues:
            self._state.limits[queue.queue] = _Limits(queue.threshold_ms, queue.short_abandon_ms)
        for agent in fact.rules.agents:
            self._state.regions[agent.agent] = agent.region
            self._state.teams[agent.agent] = agent.team

    def _presence(self, fact: f.PresenceSet, at_ms: int) -> None:
        self._clock(fact.agent, at_ms).presence = fact.presence

    def _entered(self, fact: f.ContactEntered, at_ms: int) -> None:
        region = fact.region or RegionId("")
        is_return = fact.origin is Origin.RETURN_CALL
        since = max(at_ms, fact.not_before_ms or 0) if is_return else fact.arrived_ms
        self._state.contacts[fact.contact] = _Open(
            fact.queue, region, since, is_repeat=fact.repeat is not None, is_return_call=is_return
        )
        counts = self._queue(fact.queue, region, at_ms)
        counts.entered += 1
        counts.entered_return_calls += is_return
        counts.repeats += fact.repeat is not None and not is_return

    def _turned_away(self, fact: f.ContactTurnedAway, at_ms: int) -> None:
        if fact.code != "id_used":  # it was counted when the id was used
            self._queue(QueueId(""), RegionId(""), at_ms).refused += 1

    def _turned_away_unseen(self, fact: f.ArrivalsTurnedAway, at_ms: int) -> None:
        self._queue(QueueId(""), RegionId(""), at_ms).refused += fact.count

    def _changed(self, fact: f.ContactChanged, at_ms: int) -> None:
        known = self._state.contacts.get(fact.contact)
        if known is not None and fact.repeat is not None and not known.is_repeat:
            known.is_repeat = True
            self._queue(known.queue, known.region, at_ms).repeats += 1

    def _requeued(self, fact: f.ContactRequeued, at_ms: int) -> None:
        known = self._contact(fact.contact)
        if known is None:
            return
        self._queue(known.queue, known.region, at_ms).moved_out += 1
        known.queue = fact.queue
        self._queue(known.queue, known.region, at_ms).moved_in += 1

    def _overflow_offered(self, fact: f.OverflowOffered, at_ms: int) -> None:
        known = self._contact(fact.contact)
        if known is not None:
            self._queue(known.queue, known.region, at_ms).overflow_asked += 1

    def _overflow_declined(self, fact: f.OverflowDeclined, at_ms: int) -> None:
        known = self._contact(fact.contact)
        if known is not None:
            self._queue(known.queue, known.region, at_ms).overflow_declined += 1

    def _offer_made(self, fact: f.OfferMade, at_ms: int) -> None:
        known = self._contact(fact.contact)
        if known is None:
            return
        self._state.assignments[fact.offer] = _Assignment(
            fact.agent,
            fact.queue,
            known.region,
            is_first_visit=not known.is_repeat and not known.is_return_call,
        )
        self._queue(fact.queue, known.region, at_ms).offers += 1
        self._agent(fact.agent, at_ms).offers += 1

    def _offer_taken(self, fact: f.OfferTaken, at_ms: int) -> None:
        assignment = self._assignment(fact.offer)
        if assignment is None:
            return
        assignment.is_taken = True
        self._clock(assignment.agent, at_ms).working += 1
        self._agent(assignment.agent, at_ms).accepted += 1

    def _offer_ended(self, fact: f.OfferEnded, at_ms: int) -> None:
        assignment = self._state.assignments.pop(fact.offer, None)
        if assignment is None:
            self._state.passed_over += 1
            return
        if assignment.is_taken:
            self._clock(assignment.agent, at_ms).working -= 1
        counts, agent = (
            self._queue(assignment.queue, assignment.region, at_ms),
            self._agent(fact.agent, at_ms),
        )
        match fact.outcome:
            case OfferState.DECLINED:
                counts.declined += 1
                agent.declined += 1
            case OfferState.NO_ANSWER:
                counts.no_answer += 1
                agent.no_answer += 1
            case OfferState.BUSY:
                counts.busy += 1
            case OfferState.UNREACHABLE:
                counts.unreachable += 1
            case OfferState.WITHDRAWN:
                counts.withdrawn += 1
            case OfferState.LOST_RACE:
                counts.lost_race += 1
            case OfferState.OPEN | OfferState.ACCEPTED:
                pass  # no outcome of an offer that ended without an assignment

    def _connected(self, fact: f.AssignmentConnected, at_ms: int) -> None:
        assignment = self._assignment(fact.offer)
        if assignment is None:
            return
        assignment.connected_ms = at_ms
        assignment.is_first = fact.is_first
        if not fact.is_first or (known := self._contact(fact.contact)) is None:
            return
        counts = self._queue(assignment.queue, assignment.region, at_ms)
        wait = max(0, at_ms - known.since_ms)
        counts.answered += 1
        counts.answered_in_time += wait <= self._limits(assignment.queue).threshold_ms
        counts.wait_answered_ms += wait
        counts.wait_longest_ms = max(counts.wait_longest_ms, wait)
        if fact.estimate_ms is not None:
            counts.estimates += 1
            counts.estimate_error_ms += abs(fact.estimate_ms - fact.waited_ms)

    def _limits(self, queue: QueueId) -> _Limits:
        return self._state.limits.get(queue) or _Limits(20_000, 5_000)

    def _held(self, fact: f.AssignmentHeld, at_ms: int) -> None:
        assignment = self._assignment(fact.offer)
        if assignment is None:
            return
        if fact.is_held:
            assignment.held_since_ms = at_ms
        elif assignment.held_since_ms is not None:
            assignment.hold_ms += at_ms - assignment.held_since_ms
            assignment.held_since_ms = None

    def _transferred(self, fact: f.TransferMade, at_ms: int) -> None:
        assignment = self._assignment(fact.offer)
        if assignment is None:
            return
        self._queue(assignment.queue, assignment.region, at_ms).transfers += 1
        self._agent(assignment.agent, at_ms).transfers += 1

    def _talk_ended(self, fact: f.TalkEnded, at_ms: int) -> None:
        assignment = self._assignment(fact.offer)
        if assignment is None:
            return
        if assignment.held_since_ms is not None:
            assignment.hold_ms += at_ms - assignment.held_since_ms
            assignment.held_since_ms = None
        if assignment.connected_ms is None:
            return
        talk = at_ms - assignment.connected_ms - assignment.hold_ms
        queue, agent = self._queue(assignment.queue, assignment.region, at_ms), self._agent(fact.agent, at_ms)
        queue.handled += 1
        queue.talk_ms += talk
        queue.hold_ms += assignment.hold_ms
        queue.held += assignment.hold_ms > 0
        agent.handled += 1
        agent.talk_ms += talk
        agent.hold_ms += assignment.hold_ms

    def _wrap_up_started(self, fact: f.WrapUpStarted, at_ms: int) -> None:
        assignment = self._assignment(fact.offer)
        if assignment is None:
            return
        if fact.blocks:
            assignment.wrap_up_since_ms = at_ms
        elif assignment.is_taken:
            assignment.is_taken = False
            self._clock(assignment.agent, at_ms).working -= 1

    def _done(self, fact: f.AssignmentDone, at_ms: int) -> None:
        assignment = self._state.assignments.pop(fact.offer, None)
        if assignment is None:
            self._state.passed_over += 1
            return
        if assignment.is_taken:
            self._clock(assignment.agent, at_ms).working -= 1
        queue = self._queue(assignment.queue, assignment.region, at_ms)
        if assignment.wrap_up_since_ms is not None:
            queue.wrap_up_ms += at_ms - assignment.wrap_up_since_ms
            self._agent(fact.agent, at_ms).wrap_up_ms += at_ms - assignment.wrap_up_since_ms
        queue.solved_first += assignment.is_first and assignment.is_first_visit and fact.disposition != ""

    def _ended(self, fact: f.ContactEnded, at_ms: int) -> None:
        known = self._state.contacts.pop(fact.contact, None)
        if known is None:
            self._state.passed_over += 1
            return
        counts = self._queue(fact.queue, known.region, at_ms)
        wait = max(0, at_ms - known.since_ms)
        match fact.outcome:
            case Outcome.ABANDONED if fact.by is not None:
                counts.ended_by_hand += 1
            case Outcome.ABANDONED:
                limits = self._limits(fact.queue)
                counts.abandoned += 1
                counts.abandoned_in_time += wait <= limits.threshold_ms
                counts.abandoned_short += wait <= limits.short_ms
                counts.wait_abandoned_ms += wait
                counts.wait_longest_ms = max(counts.wait_longest_ms, wait)
            case Outcome.OVERFLOWED:
                counts.overflowed += 1
            case Outcome.REFUSED:
                counts.refused += 1
            case Outcome.UNREACHED:
                counts.unreached += 1
            case Outcome.ANSWERED:
                pass  # counted at the answer, in the interval of the answer


def _pieces(clock: _Clock, now_ms: int) -> Iterator[tuple[int, int]]:
    """Yield what of a clock has not been booked up to now, quarter by quarter; nothing for who is signed out."""
    since_ms = clock.since_ms
    if clock.presence is Presence.SIGNED_OUT and not clock.working:
        return
    while since_ms < now_ms:
        border = min(since_ms - since_ms % QUARTER_MS + QUARTER_MS, now_ms)
        yield since_ms, border
        since_ms = border


def _spend(counts: AgentCounts, clock: _Clock, spent_ms: int) -> None:
    counts.signed_in_ms += spent_ms
    if clock.working:
        counts.working_ms += spent_ms
    elif clock.presence is Presence.READY:
        counts.ready_idle_ms += spent_ms
    else:
        counts.not_ready_ms += spent_ms
