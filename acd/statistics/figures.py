"""The field's key figures, computed from raw counts on reading. None always means: nothing counts."""

from __future__ import annotations

from acd.statistics.counts import AgentCounts, QueueCounts


def mean(total: int, count: int) -> int | None:
    """Return the mean rounded half up, or None over nothing."""
    return None if count <= 0 else (2 * total + count) // (2 * count)


def per_mille(part: int, whole: int) -> int | None:
    """Return the share in per mille rounded down, or None of nothing."""
    return None if whole <= 0 else part * 1000 // whole


def average_speed_of_answer_ms(counts: QueueCounts) -> int | None:
    """Return the mean wait of the answered, arrival to answer, in ms (ASA)."""
    return mean(counts.wait_answered_ms, counts.answered)


def average_handle_time_ms(counts: QueueCounts) -> int | None:
    """Return talk + hold + wrap-up per handled assignment, in ms (AHT)."""
    return mean(counts.talk_ms + counts.hold_ms + counts.wrap_up_ms, counts.handled)


def average_hold_ms(counts: QueueCounts) -> int | None:
    """Return hold per assignment that had one, in ms."""
    return mean(counts.hold_ms, counts.held)


def abandonment(counts: QueueCounts) -> int | None:
    """Return abandoned of answered + abandoned + overflowed, in per mille."""
    return per_mille(counts.abandoned, counts.answered + counts.abandoned + counts.overflowed)


def abandonment_without_short(counts: QueueCounts) -> int | None:
    """Return the same with short abandons taken out above and below, in per mille."""
    counted = counts.answered + counts.abandoned + counts.overflowed - counts.abandoned_short
    return per_mille(counts.abandoned - counts.abandoned_short, counted)


def repeat_rate(counts: QueueCounts) -> int | None:
    """Return entered contacts of customers seen before in the window, of all entered, in per mille."""
    return per_mille(counts.repeats, counts.entered)


def first_contact_resolution(counts: QueueCounts) -> int | None:
    """Return answered contacts that were the customer's first in the window and were closed, in per mille.

    This is the internal measure (no repeat inside the window, looked at from behind); a survey measures the
    customer's own view.
    """
    return per_mille(counts.solved_first, counts.answered)


def transfer_rate(counts: QueueCounts) -> int | None:
    """Return transferred of handled assignments, in per mille."""
    return per_mille(counts.transfers, counts.handled)


def non_response(counts: QueueCounts) -> int | None:
    """Return unanswered offers of all offers, in per mille; customers who left while it rang do not count."""
    return per_mille(counts.no_answer, counts.offers)


def refusal_of_overflow(counts: QueueCounts) -> int | None:
    """Return declined of asked overflow offers, in per mille (C109)."""
    return per_mille(counts.overflow_declined, counts.overflow_asked)


def estimate_error_ms(counts: QueueCounts) -> int | None:
    """Return the mean absolute error of told estimates, in ms (C207)."""
    return mean(counts.estimate_error_ms, counts.estimates)


def occupancy(counts: AgentCounts) -> int | None:
    """Return working of working + ready idle, wall clock, in per mille; several contacts at once count once."""
    return per_mille(counts.working_ms, counts.working_ms + counts.ready_idle_ms)


def utilisation(counts: AgentCounts) -> int | None:
    """Return working of signed-in time, in per mille."""
    return per_mille(counts.working_ms, counts.signed_in_ms)


def answer_rate(counts: AgentCounts) -> int | None:
    """Return accepted of all offers to the agent, in per mille."""
    return per_mille(counts.accepted, counts.offers)


def adherence(counts: AgentCounts, scheduled_ms: int) -> int | None:
    """Return signed-in productive time (working or ready) of the scheduled time, at most 1000 per mille."""
    share = per_mille(counts.working_ms + counts.ready_idle_ms, scheduled_ms)
    return None if share is None else min(share, 1000)
