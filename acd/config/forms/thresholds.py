"""Form of `thresholds.yaml`: what counts as good service, and when somebody must be told that it is not."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from acd.config.forms.form import Form
from acd.config.kinds import Defines, QueueRef, Seconds, Size, Url, Whole


class Measure(StrEnum):
    """A live figure of a queue."""

    WAITING = "waiting"
    WAIT_S_MAX = "wait_s_max"
    SERVICE_LEVEL_PERCENT = "service_level_percent"
    ABANDONED_PERCENT = "abandoned_percent"
    READY_AGENTS = "ready_agents"


class ServiceLevelForm(Form, frozen=True, kw_only=True):
    """Answered within `threshold_s`; who leaves within `short_abandon_s` is not counted."""

    threshold_s: Annotated[int, Whole(1, 86_400, "seconds")]
    short_abandon_s: Seconds = 5


class AlertForm(Form, frozen=True, kw_only=True):
    """Tell the supervisors when a figure stays on the wrong side for `for_s`."""

    measure: Measure
    above: Annotated[int, Whole(0, 1_000_000)] | None = None
    below: Annotated[int, Whole(0, 1_000_000)] | None = None
    for_s: Seconds = 0
    queues: tuple[QueueRef, ...] = ()
    webhook: Url | None = None


class ThresholdsForm(Form, frozen=True, kw_only=True):
    """`thresholds.yaml`."""

    service_levels: dict[Annotated[str, Defines("service level")], ServiceLevelForm] = {}
    alerts: Annotated[dict[Annotated[str, Defines("alert")], AlertForm], Size(0, 200)] = {}
