"""All key figures of a sum of counts at once, for reports. Shares are per mille; None: nothing counts.

The formulas stand in `figures`, each with its own name; service level under every rule in `service_level`.
"""

from __future__ import annotations

import msgspec

from acd.statistics import figures as of
from acd.statistics.counts import AgentCounts, QueueCounts
from acd.statistics.service_level import ServiceLevelRule, service_level


class QueueFigures(msgspec.Struct, frozen=True):
    """Of the contacts of a queue or a region. `service_level`: share in time, by the name of the rule."""

    average_speed_of_answer_ms: int | None
    average_handle_time_ms: int | None
    average_hold_ms: int | None
    abandonment: int | None
    abandonment_without_short: int | None
    repeat_rate: int | None
    first_contact_resolution: int | None
    transfer_rate: int | None
    non_response: int | None
    refusal_of_overflow: int | None
    estimate_error_ms: int | None
    service_level: dict[str, int | None]


class AgentFigures(msgspec.Struct, frozen=True):
    """Of an agent, a team, or the agents of a region."""

    average_handle_time_ms: int | None
    occupancy: int | None
    utilisation: int | None
    answer_rate: int | None
    transfer_rate: int | None
    adherence: int | None = None
    """None where the house knows no schedule of working times: then there is nothing to adhere to."""


def queue_figures(counts: QueueCounts) -> QueueFigures:
    """Return every figure of contacts."""
    return QueueFigures(
        of.average_speed_of_answer_ms(counts),
        of.average_handle_time_ms(counts),
        of.average_hold_ms(counts),
        of.abandonment(counts),
        of.abandonment_without_short(counts),
        of.repeat_rate(counts),
        of.first_contact_resolution(counts),
        of.transfer_rate(counts),
        of.non_response(counts),
        of.refusal_of_overflow(counts),
        of.estimate_error_ms(counts),
        {rule.value: service_level(counts, rule) for rule in ServiceLevelRule},
    )


def agent_figures(counts: AgentCounts, scheduled_ms: int | None = None) -> AgentFigures:
    """Return every figure of agents; `scheduled_ms` is the time they were planned to work, None where unknown."""
    return AgentFigures(
        of.mean(counts.talk_ms + counts.hold_ms + counts.wrap_up_ms, counts.handled),
        of.occupancy(counts),
        of.utilisation(counts),
        of.answer_rate(counts),
        of.per_mille(counts.transfers, counts.handled),
        None if scheduled_ms is None else of.adherence(counts, scheduled_ms),
    )
