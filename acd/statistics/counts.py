"""What is counted of a queue or an agent in one interval: raw counts and sums, never a ratio.

Ratios are computed on reading (`service_level`, `figures`), so that changing a rule changes no history.
Every count is booked at the moment of its fact; durations are booked whole when they end, except the
presence times of agents, which are split at interval borders. Sums of intervals are therefore sums of
counts: a day is its 96 quarters of an hour, to the unit.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec


class QueueCounts(msgspec.Struct):
    """One queue (or region, team, everything) in one interval. Waits and times in ms."""

    entered: int = 0
    """Contacts that joined the line, return calls included; moved contacts count in both queues."""
    entered_return_calls: int = 0
    moved_in: int = 0
    moved_out: int = 0
    answered: int = 0
    answered_in_time: int = 0
    """Answered at or before the queue's threshold."""
    abandoned: int = 0
    abandoned_in_time: int = 0
    """Left at or before the threshold."""
    abandoned_short: int = 0
    """Left before the short-abandon limit."""
    overflowed: int = 0
    refused: int = 0
    unreached: int = 0
    ended_by_hand: int = 0
    """Waiting contacts that a supervisor or an integrator closed."""
    repeats: int = 0
    """Entered contacts of customers who were here before, inside the window."""
    solved_first: int = 0
    """Answered contacts of customers who were not here before, closed with a disposition."""
    overflow_asked: int = 0
    overflow_declined: int = 0
    offers: int = 0
    declined: int = 0
    no_answer: int = 0
    busy: int = 0
    unreachable: int = 0
    withdrawn: int = 0
    lost_race: int = 0
    handled: int = 0
    """Assignments that ended after a talk; one contact may be handled several times."""
    transfers: int = 0
    wait_answered_ms: int = 0
    wait_abandoned_ms: int = 0
    wait_longest_ms: int = 0
    """The longest wait that ended in this interval, however it ended."""
    talk_ms: int = 0
    """Connected time less hold."""
    hold_ms: int = 0
    held: int = 0
    """Assignments that had a hold."""
    wrap_up_ms: int = 0
    estimate_error_ms: int = 0
    """Sum of |told estimate - wait that followed| over answered contacts that were told one."""
    estimates: int = 0


class AgentCounts(msgspec.Struct):
    """One agent in one interval. Wall-clock times in ms; several contacts at once count once."""

    signed_in_ms: int = 0
    ready_idle_ms: int = 0
    """Ready, with nothing in hand."""
    working_ms: int = 0
    """With at least one offer accepted and not yet done: connecting, talking, held, wrapping up."""
    not_ready_ms: int = 0
    """Not ready, with nothing in hand."""
    handled: int = 0
    talk_ms: int = 0
    hold_ms: int = 0
    wrap_up_ms: int = 0
    offers: int = 0
    accepted: int = 0
    declined: int = 0
    no_answer: int = 0
    transfers: int = 0


Counts = TypeVar("Counts", QueueCounts, AgentCounts)


def add_counts(into: Counts, more: Counts) -> None:
    """Add every count of `more` to `into`; the longest wait is the longer of the two."""
    for name in into.__struct_fields__:
        mine, theirs = getattr(into, name), getattr(more, name)
        setattr(into, name, max(mine, theirs) if name == "wait_longest_ms" else mine + theirs)
