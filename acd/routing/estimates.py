"""How long a waiting customer will still wait, as far as one can tell.

Two lines are looked at, and the longer wait counts: the whole queue's line before its ready agents, and those who ask
for the same before the ready agents who may serve them at their step. Each place takes the queue's recent handle time.
What agents do for other queues shows in the errors: the queue learns by which factor its estimates were off.

None when nobody is there or nothing is known: then nothing is said. What was told to a customer is taken back
only for a reason that is true (fewer agents, a place further back), never because it turned out wrong.
"""

from __future__ import annotations

from typing import Final

from acd.routing.contact import Contact
from acd.routing.pools import Requirement
from acd.routing.state import Queue, State

BIAS_EVEN: Final = 1_000
"""A queue whose estimates were right, per mille."""
BIAS_MIN: Final = 250
BIAS_MAX: Final = 4_000
BIAS_SHARE: Final = 16
RANKS_MAX: Final = 64
LEARN_MIN_MS: Final = 1_000
"""Shorter estimates teach nothing: an error of a second would look like a multiple."""


def estimate(state: State, contact: Contact) -> tuple[int, int | None]:
    """Position (1 is next) and estimated remaining wait in ms of a contact that waits."""
    queue = state.queues[contact.queue]
    position = queue.line.position(contact.key)
    if not queue.handled:
        return position, None
    eligible = eligible_staff(state, contact)
    if not eligible:
        return position, None
    of_kind = _position_of_kind(_requirement(state, contact), contact)
    wait_ms = of_kind * queue.handle_ms // eligible
    if queue.staffed:
        wait_ms = max(wait_ms, position * queue.handle_ms // queue.staffed)
    wait_ms = wait_ms * queue.bias // BIAS_EVEN
    told = contact.told
    if (
        told is not None
        and told.estimate_ms is not None
        and wait_ms > told.estimate_ms
        and position <= told.position
        and eligible >= told.staffed
    ):
        wait_ms = told.estimate_ms
    return position, wait_ms


def eligible_staff(state: State, contact: Contact) -> int:
    """Ready agents, at work or not, who may serve the contact at its step; if there are none, at its last step."""
    requirement = _requirement(state, contact)
    region = state.pools.region_number(contact.region)
    borrowed = state.queues[contact.queue].borrowed
    for step in (contact.step, contact.plan.last):
        count = 0
        for cell in state.pools.cells_for(requirement, region, step):
            if cell.group is None or cell.group in borrowed:
                count += cell.staffed
        if count:
            return count
    return 0


def learn(queue: Queue, estimate_ms: int, waited_ms: int) -> None:
    """A wait that was estimated is over: move the queue's factor a little towards what would have been right."""
    if estimate_ms < LEARN_MIN_MS:
        return
    right = queue.bias * waited_ms // estimate_ms
    bias = queue.bias + (right - queue.bias) // BIAS_SHARE
    queue.bias = max(BIAS_MIN, min(BIAS_MAX, bias))


def _requirement(state: State, contact: Contact) -> Requirement:
    return state.pools.requirement_for(contact.plan, contact.needs, contact.channel, contact.links)


def _position_of_kind(requirement: Requirement, contact: Contact) -> int:
    """Its place among those in the line who ask for the same; where they differ in too many ways, the last one."""
    if len(requirement.ranks) > RANKS_MAX:
        return requirement.waiting
    return 1 + sum(rank.position(contact.key) - 1 for rank in requirement.ranks.values())
