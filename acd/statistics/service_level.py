"""Service level: one name for at least seven rules. Counts are raw; the rule is chosen on reading and named.

Check figures of the field (answered 1000, abandoned 60, in time 860, abandoned in time 20, short 10) give
81.13, 82.69, 83.02, 86.00, 81.90 and 82.08 % for the first six, in the order of `ServiceLevelRule`.
"""

from __future__ import annotations

from enum import StrEnum

from acd.statistics.counts import QueueCounts


class ServiceLevelRule(StrEnum):
    """How abandoned contacts count. The value is what reports print beside the figure."""

    ABANDONS_NEGATIVE = "abandons_negative"
    """Answered in time, of all answered and abandoned: the strict rule."""
    ABANDONS_IN_TIME_IGNORED = "abandons_in_time_ignored"
    """As strict, but who left within the threshold does not count."""
    ABANDONS_POSITIVE = "abandons_positive"
    """Who left within the threshold counts as served."""
    ANSWERED_ONLY = "answered_only"
    """Of the answered alone; says nothing of those who left."""
    SHORT_ABANDONS_IGNORED = "short_abandons_ignored"
    """As strict, but short abandons do not count."""
    SHORT_ABANDONS_POSITIVE = "short_abandons_positive"
    """Short abandons count as served."""
    WITH_OVERFLOW = "with_overflow"
    """As strict, with overflowed contacts in the denominator: handing people to the bot is not service."""


def service_level(counts: QueueCounts, rule: ServiceLevelRule) -> int | None:
    """Return the share of contacts answered in time, in per mille, rounded down.

    Args:
        counts: Any sum of intervals; an answer exactly at the threshold is in time.
        rule: How abandoned contacts count. Reports print its name beside the figure.

    Returns:
        0 to 1000, or None if no contact counts under this rule.

    Source: NOTES.md, "Seven rules for one number".
    """
    served, counted = _served_and_counted(counts, rule)
    if counted <= 0:
        return None
    return served * 1000 // counted


def _served_and_counted(counts: QueueCounts, rule: ServiceLevelRule) -> tuple[int, int]:
    in_time = counts.answered_in_time
    both = counts.answered + counts.abandoned
    match rule:
        case ServiceLevelRule.ABANDONS_NEGATIVE:
            return in_time, both
        case ServiceLevelRule.ABANDONS_IN_TIME_IGNORED:
            return in_time, both - counts.abandoned_in_time
        case ServiceLevelRule.ABANDONS_POSITIVE:
            return in_time + counts.abandoned_in_time, both
        case ServiceLevelRule.ANSWERED_ONLY:
            return in_time, counts.answered
        case ServiceLevelRule.SHORT_ABANDONS_IGNORED:
            return in_time, both - counts.abandoned_short
        case ServiceLevelRule.SHORT_ABANDONS_POSITIVE:
            return in_time + counts.abandoned_short, both
        case ServiceLevelRule.WITH_OVERFLOW:
            return in_time, both + counts.overflowed
