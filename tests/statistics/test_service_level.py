"""Service level against the field's published check figures."""

import pytest

from acd.statistics.counts import QueueCounts
from acd.statistics.service_level import ServiceLevelRule, service_level

CHECK = QueueCounts(
    answered=1000, answered_in_time=860, abandoned=60, abandoned_in_time=20, abandoned_short=10, overflowed=40
)


@pytest.mark.parametrize(
    ("rule", "per_mille"),
    [
        (ServiceLevelRule.ABANDONS_NEGATIVE, 811),
        (ServiceLevelRule.ABANDONS_IN_TIME_IGNORED, 826),
        (ServiceLevelRule.ABANDONS_POSITIVE, 830),
        (ServiceLevelRule.ANSWERED_ONLY, 860),
        (ServiceLevelRule.SHORT_ABANDONS_IGNORED, 819),
        (ServiceLevelRule.SHORT_ABANDONS_POSITIVE, 820),
        (ServiceLevelRule.WITH_OVERFLOW, 781),
    ],
)
def test_each_rule_gives_the_published_figure(rule: ServiceLevelRule, per_mille: int) -> None:
    assert service_level(CHECK, rule) == per_mille


@pytest.mark.parametrize("rule", list(ServiceLevelRule))
def test_nothing_counted_is_none_and_not_zero_or_hundred(rule: ServiceLevelRule) -> None:
    assert service_level(QueueCounts(), rule) is None


def test_only_in_time_abandons_leave_nothing_to_count_where_they_are_ignored() -> None:
    counts = QueueCounts(abandoned=3, abandoned_in_time=3)
    assert service_level(counts, ServiceLevelRule.ABANDONS_IN_TIME_IGNORED) is None
    assert service_level(counts, ServiceLevelRule.ABANDONS_POSITIVE) == 1000
