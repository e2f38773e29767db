"""How long a waiting customer will still wait, as far as one can tell.

Position times the queue's recent handle time, shared among the ready agents who serve it (at work or not).
None when nobody is there or nothing is known: then nothing is said. What was told to a customer is taken back
only for a reason that is true (fewer agents, a place further back), never because it turned out wrong.
"""

from __future__ import annotations

from acd.routing.contact import Contact
from acd.routing.state import State


def estimate(state: State, contact: Contact) -> tuple[int, int | None]:
    """Position (1 is next) and estimated remaining wait in ms of a contact that waits."""
    queue = state.queues[contact.queue]
    position = queue.line.position(contact.key)
    if not queue.handled or not queue.staffed:
        return position, None
    wait_ms = position * queue.handle_ms // queue.staffed
    told = contact.told
    if (
        told is not None
        and told.estimate_ms is not None
        and wait_ms > told.estimate_ms
        and position <= told.position
        and queue.staffed >= told.staffed
    ):
        wait_ms = told.estimate_ms
    return position, wait_ms
