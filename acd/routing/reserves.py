"""Reserve groups: borrowed while a queue is in need, given back when it is well out of it.

Looked at whenever the line of a queue with reserves has changed, and when a contact's wait reaches the threshold.
In between a wait can only grow, so nothing is missed.
"""

from __future__ import annotations

from acd.routing.answer import Answer
from acd.routing.keys import NUMBER_MASK
from acd.routing.outputs import ReserveSet
from acd.routing.state import Queue, State


def review_touched(answer: Answer) -> None:
    """Review the queues whose lines have changed since the event began."""
    state = answer.state
    touched, state.touched = state.touched, []
    for queue in dict.fromkeys(touched):
        if state.queues.get(queue.id) is queue:
            review(answer, queue)


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


def waits(state: State, queue: Queue, now_ms: int) -> tuple[int, int]:
    """How long the first in line has waited, and how long whoever joined last is estimated to wait; 0 if unknown."""
    first = queue.line.first()
    if first is None:
        return 0, 0
    head_ms = now_ms - state.numbered[first & NUMBER_MASK].arrived_ms
    if not queue.handled or not queue.staffed:
        return head_ms, 0
    return head_ms, queue.line.length * queue.handle_ms // queue.staffed
