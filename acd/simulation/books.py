"""A second count of the day, from the facts alone, to hold the figures against (14).

`acd.statistics` folds contacts as they come; here each fact is booked by itself, with as little memory as a count
allows, so that a mistake in one of the two shows as a difference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from acd.routing.model import ContactId, OfferId, OfferState, Origin, Outcome, QueueId
from acd.routing.outputs import facts as f
from acd.statistics.intervals import QUARTER_MS, Statistics

Cell = tuple[int, QueueId]
_OUTCOMES = {
    OfferState.DECLINED: "declined", OfferState.NO_ANSWER: "no_answer", OfferState.BUSY: "busy",
    OfferState.UNREACHABLE: "unreachable", OfferState.WITHDRAWN: "withdrawn", OfferState.LOST_RACE: "lost_race",
}  # fmt: skip
_ENDS = {
    Outcome.ABANDONED: "abandoned", Outcome.OVERFLOWED: "overflowed", Outcome.REFUSED: "refused",
    Outcome.UNREACHED: "unreached",
}  # fmt: skip


class Books:
    """Counts by quarter of an hour and queue, and who is where."""

    def __init__(self) -> None:
        self.cells: dict[Cell, Counter[str]] = {}
        self.live: Counter[QueueId] = Counter()
        """Contacts of each queue that have neither been answered nor ended."""
        self._where: dict[ContactId, QueueId] = {}
        self._offer: dict[OfferId, QueueId] = {}
        self._thresholds: dict[QueueId, int] = {}
        self._since: dict[ContactId, int] = {}
        self._answered: set[ContactId] = set()

    def apply(self, facts: Sequence[f.Fact], at_ms: int) -> None:
        """Book one record."""
        for fact in facts:
            book = _BOOKED.get(type(fact))
            if book is not None:
                book(self, fact, at_ms)

    def differences(self, statistics: Statistics) -> Iterator[str]:
        """Yield a line for every count that the statistics have otherwise, by quarter and queue."""
        seen: dict[Cell, Counter[str]] = {}
        for start_ms, interval in statistics.intervals():
            for queue, by_region in interval.queues.items():
                total = seen.setdefault((start_ms, queue), Counter())
                for counts in by_region.values():
                    for name in counts.__struct_fields__:
                        total[name] += getattr(counts, name)
        for cell in sorted(set(self.cells) | set(seen)):
            mine, theirs = self.cells.get(cell, Counter()), seen.get(cell, Counter())
            for name in sorted(_NAMES):
                if mine[name] != theirs[name]:
                    what = f"{name} is {theirs[name]} in the figures, {mine[name]} in the records"
                    yield f"{cell[1]} at {cell[0]}: {what}"

    def _cell(self, queue: QueueId, at_ms: int) -> Counter[str]:
        key = (at_ms - at_ms % QUARTER_MS, queue)
        cell = self.cells.get(key)
        if cell is None:
            cell = self.cells[key] = Counter()
        return cell

    def _rules(self, fact: f.RulesInForce, at_ms: int) -> None:
        for queue in fact.rules.queues:
            self._thresholds[queue.queue] = queue.threshold_ms

    def _enter(self, fact: f.ContactEntered, at_ms: int) -> None:
        self._cell(fact.queue, at_ms)["entered"] += 1
        self._where[fact.contact] = fact.queue
        self.live[fact.queue] += 1
        is_call = fact.origin is Origin.RETURN_CALL
        self._since[fact.contact] = max(at_ms, fact.not_before_ms or 0) if is_call else fact.arrived_ms
        self._cell(fact.queue, at_ms)["entered_return_calls"] += is_call

    def _turn_away(self, fact: f.ContactTurnedAway, at_ms: int) -> None:
        self._cell(QueueId(""), at_ms)["refused"] += fact.code != "id_used"

    def _requeue(self, fact: f.ContactRequeued, at_ms: int) -> None:
        old = self._where[fact.contact]
        self._cell(old, at_ms)["moved_out"] += 1
        self._cell(fact.queue, at_ms)["moved_in"] += 1
        self._where[fact.contact] = fact.queue
        if fact.contact not in self._answered:
            self.live[old] -= 1
            self.live[fact.queue] += 1

    def _offer_made(self, fact: f.OfferMade, at_ms: int) -> None:
        self._offer[fact.offer] = fact.queue
        self._cell(fact.queue, at_ms)["offers"] += 1

    def _offer_ended(self, fact: f.OfferEnded, at_ms: int) -> None:
        self._cell(self._offer.pop(fact.offer), at_ms)[_OUTCOMES[fact.outcome]] += 1

    def _connected(self, fact: f.AssignmentConnected, at_ms: int) -> None:
        if not fact.is_first:
            return
        cell = self._cell(self._offer[fact.offer], at_ms)
        wait_ms = max(0, at_ms - self._since[fact.contact])
        cell["answered"] += 1
        cell["answered_in_time"] += wait_ms <= self._thresholds[self._offer[fact.offer]]
        cell["wait_answered_ms"] += wait_ms
        self._answered.add(fact.contact)
        self.live[self._where[fact.contact]] -= 1

    def _talk_ended(self, fact: f.TalkEnded, at_ms: int) -> None:
        self._cell(self._offer[fact.offer], at_ms)["handled"] += 1

    def _transfer(self, fact: f.TransferMade, at_ms: int) -> None:
        self._cell(self._offer[fact.offer], at_ms)["transfers"] += 1

    def _done(self, fact: f.AssignmentDone, at_ms: int) -> None:
        self._offer.pop(fact.offer)

    def _end(self, fact: f.ContactEnded, at_ms: int) -> None:
        queue = self._where.pop(fact.contact)
        since_ms = self._since.pop(fact.contact)
        cell = self._cell(fact.queue, at_ms)
        name = _ENDS.get(fact.outcome)
        if name == "abandoned":
            if fact.by is not None:
                name = "ended_by_hand"
            else:
                cell["wait_abandoned_ms"] += max(0, at_ms - since_ms)
        if name is not None:
            cell[name] += 1
        if fact.contact in self._answered:
            self._answered.discard(fact.contact)
        else:
            self.live[queue] -= 1


_BOOKED: dict[type[f.Fact], Callable[[Books, Any, int], None]] = {
    f.RulesInForce: Books._rules, f.ContactEntered: Books._enter, f.ContactTurnedAway: Books._turn_away,
    f.ContactRequeued: Books._requeue, f.OfferMade: Books._offer_made, f.OfferEnded: Books._offer_ended,
    f.AssignmentConnected: Books._connected, f.TalkEnded: Books._talk_ended, f.TransferMade: Books._transfer,
    f.AssignmentDone: Books._done, f.ContactEnded: Books._end,
}  # fmt: skip
_NAMES = (
    "entered", "entered_return_calls", "moved_in", "moved_out", "answered", "answered_in_time", "wait_answered_ms",
    "abandoned", "wait_abandoned_ms", "overflowed", "refused", "unreached", "ended_by_hand", "offers", "declined",
    "no_answer", "busy", "unreachable", "withdrawn", "lost_race", "handled", "transfers",
)  # fmt: skip
