"""Figures of the contact centre for Prometheus: contacts, waits, offers, agents.

Counters and histograms are folded from facts, from this start on; what is now (lines, agents) is read from the engine
when somebody asks. A contact's queue is the one that it stood in at that moment. Limits: one cell for each queue and
outcome, and as much memory as there are contacts and assignments in the house.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from acd.ports import Record, Submit
from acd.routing.keys import NUMBER_MASK
from acd.routing.model import ContactId, OfferId, Presence, QueueId
from acd.routing.outputs import AnyCommand, Command
from acd.routing.outputs import facts as f
from acd.routing.state import Queue, State

_WAIT_S: Final = (1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1_200, 3_600)
_TALK_S: Final = (5, 15, 30, 60, 90, 120, 180, 240, 300, 450, 600, 900, 1_800, 3_600)


class _Assignment(msgspec.Struct, gc=False):
    queue: QueueId
    talk_ms: int = 0
    wrap_up_ms: int = 0


class Figures:
    """A room that only looks on. `read_state` gives the engine's state, for what is now."""

    name = "figures"
    commands: frozenset[type[Command]] = frozenset()

    def __init__(self, registry: CollectorRegistry, now_ms: Callable[[], int]) -> None:
        self.read_state: Callable[[], State | None] = lambda: None
        self._queues: dict[ContactId, QueueId] = {}
        self._assignments: dict[OfferId, _Assignment] = {}
        own: dict[str, Any] = {"registry": registry}
        self._entered = Counter(
            "acd_contacts_entered_total", "Contacts that entered a line", ["queue", "channel"], **own
        )
        self._ended = Counter(
            "acd_contacts_ended_total", "Contacts that are over, by outcome", ["queue", "outcome"], **own
        )
        self._refused = Counter(
            "acd_contacts_refused_total", "Contacts refused at the door, by reason", ["code"], **own
        )
        self._offers = Counter("acd_offers_total", "Offers that are over, by outcome", ["outcome"], **own)
        self._wait = Histogram(
            "acd_wait_seconds", "Arrival to answer, of the answered", ["queue"], buckets=_WAIT_S, **own
        )
        self._patience = Histogram(
            "acd_abandon_seconds", "Arrival to abandon", ["queue"], buckets=_WAIT_S, **own
        )
        self._talk = Histogram("acd_talk_seconds", "Length of talks", ["queue"], buckets=_TALK_S, **own)
        self._wrap_up = Histogram(
            "acd_wrap_up_seconds", "Length of wrap-up", ["queue"], buckets=_TALK_S, **own
        )
        self._arrived: dict[ContactId, int] = {}
        self._folds: dict[type[f.Fact], Callable[[Any, int, bool], None]] = {
            f.ContactEntered: self._fold_entered,
            f.ContactRequeued: self._fold_requeued,
            f.ContactEnded: self._fold_ended,
            f.ContactTurnedAway: self._fold_turned_away,
            f.ArrivalsTurnedAway: self._fold_turned_away,
            f.OfferMade: self._fold_made,
            f.OfferEnded: self._fold_offer_ended,
            f.AssignmentConnected: self._fold_connected,
            f.TalkEnded: self._fold_talk_ended,
            f.WrapUpStarted: self._fold_wrap_up,
            f.AssignmentDone: self._fold_done,
        }
        registry.register(_Now(self, now_ms))

    async def start(self, submit: Submit) -> None:
        """Nothing to open."""

    def execute(self, command: AnyCommand) -> None:
        """No command is for this room."""

    async def stop(self) -> None:
        """Nothing to close."""

    def observe(self, record: Record, is_replay: bool) -> None:
        """Count what a record says; of the past only what goes on is kept in mind."""
        for fact in record.facts:
            fold = self._folds.get(type(fact))
            if fold is not None:
                fold(fact, record.at_ms, not is_replay)

    def _fold_entered(self, fact: f.ContactEntered, at_ms: int, counts: bool) -> None:
        self._queues[fact.contact] = fact.queue
        self._arrived[fact.contact] = fact.arrived_ms
        if counts:
            self._entered.labels(fact.queue, fact.channel.value).inc()

    def _fold_requeued(self, fact: f.ContactRequeued, at_ms: int, counts: bool) -> None:
        self._queues[fact.contact] = fact.queue

    def _fold_ended(self, fact: f.ContactEnded, at_ms: int, counts: bool) -> None:
        self._queues.pop(fact.contact, None)
        arrived_ms = self._arrived.pop(fact.contact, None)
        if not counts:
            return
        self._ended.labels(fact.queue, fact.outcome.value).inc()
        if fact.outcome.value == "abandoned" and arrived_ms is not None:
            self._patience.labels(fact.queue).observe((at_ms - arrived_ms) / 1000)

    def _fold_turned_away(
        self, fact: f.ContactTurnedAway | f.ArrivalsTurnedAway, at_ms: int, counts: bool
    ) -> None:
        if counts:
            count = fact.count if isinstance(fact, f.ArrivalsTurnedAway) else 1
            self._refused.labels(fact.code).inc(count)

    def _fold_made(self, fact: f.OfferMade, at_ms: int, counts: bool) -> None:
        self._assignments[fact.offer] = _Assignment(fact.queue)

    def _fold_offer_ended(self, fact: f.OfferEnded, at_ms: int, counts: bool) -> None:
        self._assignments.pop(fact.offer, None)
        if counts:
            self._offers.labels(fact.outcome.value).inc()

    def _fold_connected(self, fact: f.AssignmentConnected, at_ms: int, counts: bool) -> None:
        known = self._assignments.get(fact.offer)
        if known is not None:
            known.talk_ms = at_ms
        if counts:
            self._offers.labels("accepted").inc()
            if known is not None and fact.is_first:
                self._wait.labels(known.queue).observe(fact.waited_ms / 1000)

    def _fold_talk_ended(self, fact: f.TalkEnded, at_ms: int, counts: bool) -> None:
        known = self._assignments.get(fact.offer)
        if known is not None and known.talk_ms and counts:
            self._talk.labels(known.queue).observe((at_ms - known.talk_ms) / 1000)

    def _fold_wrap_up(self, fact: f.WrapUpStarted, at_ms: int, counts: bool) -> None:
        known = self._assignments.get(fact.offer)
        if known is not None:
            known.wrap_up_ms = at_ms

    def _fold_done(self, fact: f.AssignmentDone, at_ms: int, counts: bool) -> None:
        known = self._assignments.pop(fact.offer, None)
        if known is not None and known.wrap_up_ms and counts:
            self._wrap_up.labels(known.queue).observe((at_ms - known.wrap_up_ms) / 1000)


class _Now(Collector):
    """What is now, read from the engine between two events, whenever Prometheus asks."""

    def __init__(self, figures: Figures, now_ms: Callable[[], int]) -> None:
        self._figures = figures
        self._now_ms = now_ms

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the gauges; all names without a value before there is an engine."""
        waiting = GaugeMetricFamily("acd_waiting_contacts", "Contacts in line", labels=["queue"])
        first = GaugeMetricFamily("acd_first_wait_seconds", "Wait of the first in line", labels=["queue"])
        staffed = GaugeMetricFamily(
            "acd_queue_staffed_agents", "Ready agents who serve the queue", labels=["queue"]
        )
        is_open = GaugeMetricFamily("acd_queue_open", "1 unless a supervisor closed it", labels=["queue"])
        agents = GaugeMetricFamily("acd_agents", "Agents, by presence", labels=["presence"])
        contacts = GaugeMetricFamily("acd_contacts", "Contacts in the house")
        offers = GaugeMetricFamily("acd_offers_and_assignments", "Offers that ring and assignments")
        state = self._figures.read_state()
        if state is not None:
            for name, queue in state.queues.items():
                waiting.add_metric([name], queue.line.length)
                staffed.add_metric([name], queue.staffed)
                is_open.add_metric([name], queue.gate_open)
                first.add_metric([name], self._first_wait_s(state, queue))
            for presence, count in zip(Presence, state.statuses, strict=True):
                agents.add_metric([presence.value], count)
            contacts.add_metric([], len(state.contacts))
            offers.add_metric([], len(state.offers))
        yield from (waiting, first, staffed, is_open, agents, contacts, offers)

    def _first_wait_s(self, state: State, queue: Queue) -> float:
        key = queue.line.first()
        if key is None:
            return 0.0
        return max(0, self._now_ms() - state.numbered[key & NUMBER_MASK].arrived_ms) / 1000
