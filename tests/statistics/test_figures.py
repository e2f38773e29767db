"""Key figures from counts: each formula once by hand, and None over nothing."""

import pytest

from acd.statistics import figures
from acd.statistics.counts import AgentCounts, QueueCounts

QUEUE = QueueCounts(
    entered=20, answered=10, abandoned=4, abandoned_short=1, overflowed=2, handled=8, offers=16, no_answer=2, transfers=1,
    wait_answered_ms=100_000, talk_ms=800_000, hold_ms=80_000, held=2, wrap_up_ms=160_004, repeats=5, solved_first=6,
    overflow_asked=4, overflow_declined=3, estimates=3, estimate_error_ms=10_000,
)  # fmt: skip


@pytest.mark.parametrize(
    ("figure", "value"),
    [
        (figures.average_speed_of_answer_ms, 10_000),
        (figures.average_handle_time_ms, 130_001),
        (figures.average_hold_ms, 40_000),
        (figures.abandonment, 250),
        (figures.abandonment_without_short, 200),
        (figures.repeat_rate, 250),
        (figures.first_contact_resolution, 600),
        (figures.transfer_rate, 125),
        (figures.non_response, 125),
        (figures.refusal_of_overflow, 750),
        (figures.estimate_error_ms, 3_333),
    ],
)
def test_a_queue_figure_follows_its_formula(figure, value) -> None:
    assert figure(QUEUE) == value
    assert figure(QueueCounts()) is None


def test_occupancy_is_of_ready_and_working_time_and_utilisation_of_all_signed_in_time() -> None:
    agent = AgentCounts(
        signed_in_ms=1000, working_ms=600, ready_idle_ms=200, not_ready_ms=200, offers=4, accepted=3
    )
    assert figures.occupancy(agent) == 750
    assert figures.utilisation(agent) == 600
    assert figures.answer_rate(agent) == 750
    assert figures.adherence(agent, scheduled_ms=1_600) == 500
    assert figures.adherence(agent, scheduled_ms=400) == 1000
    assert figures.adherence(agent, scheduled_ms=0) is None
    assert figures.occupancy(AgentCounts()) is None
