"""What a queue may draw upon in need: reserve groups, borrowed and given back, and spills of regions by load.

Looked at whenever the line or the staff of a queue with such rules has changed, and when a contact's wait reaches a
threshold. In between a wait can only grow, so nothing is missed.
"""

from __future__ import annotations

from acd.routing.answer import Answer
from acd.routing.keys import NUMBER_MASK, moment_of
from acd.routing.model import Spill
from acd.routing.outputs import ReserveSet, SpillSet
from acd.routing.state import Queue, State

ENDLESS = 1 << 40


def review_touched(answer: Answer) -> None:
    """Review the queues whose lines have changed since the event began."""
    state = answer.state
    touched, state.touched = state.touched, []
    for queue in dict.fromkeys(touched):
        if state.queues.get(queue.id) is queue:
            review(answer, queue)
            if queue.plan.rules.spill is not None:
                review_spill(answer, queue, queue.plan.rules.spill)


def review(answer: Answer, queue: Queue) -> None:
    """Borrow at the upper threshold, give back when both waits are under the lower one."""
    head_ms, estimate_ms = waits(answer.state, queue, answer.now_ms)
    for reserve in queue.plan.rules.reserves:
        worst_ms = max(head_ms, estimate_ms)
        if reserve.group in queue.borrowed:
            if worst_ms < reserve.release_ms:
                answer.emit(ReserveSet(queue.id, reserve.group, False))
        elif worst_ms >= reserve.borrow_ms and queue.line.length:
            answer.emit(ReserveSet(queue.id, reserve.group, True))


def review_spill(answer: Answer, queue: Queue, spill: Spill) -> None:
    """Begin at the upper threshold, end under the lower one, each region by itself."""
    for region, number in answer.state.regions.items():
        load = load_percent(queue.waiting_in.get(number, 0), queue.staffed_in.get(number, 0))
        if region in queue.spilled:
            if load < spill.end_percent:
                answer.emit(SpillSet(queue.id, region, False))
        elif load >= spill.begin_percent:
            answer.emit(SpillSet(queue.id, region, True))


def load_percent(waiting: int, staffed: int) -> int:
    """Contacts that wait for each hundred ready agents; endless where nobody is ready."""
    if not waiting:
        return 0
    return waiting * 100 // staffed if staffed else ENDLESS


def waits(state: State, queue: Queue, now_ms: int) -> tuple[int, int]:
    """How long somebody in line has waited at the most, and how long whoever joined last is estimated to wait; 0 if
    unknown. The first in line may have come last: of those with the same head start the first has waited longest."""
    first = queue.line.first()
    if first is None:
        return 0, 0
    came_ms = state.numbered[first & NUMBER_MASK].arrived_ms
    for requirement in state.pools.by_queue.get(queue.id, ()):
        for key, rank in requirement.head_ranks.items():
            came_ms = min(came_ms, moment_of(key) + rank.head_start_ms)
    head_ms = now_ms - came_ms
    if not queue.handled or not queue.staffed:
        return head_ms, 0
    return head_ms, queue.line.length * queue.handle_ms // queue.staffed
