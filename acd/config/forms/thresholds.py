"""Form of `thresholds.yaml`: what counts as good service, and when somebody must be told that it is not."""

from __future__ import annotations

from typing import Annotated

from acd.config.forms.form import Form
from acd.config.kinds import Defines, Seconds, Size, Url, WebhookSecret, Whole


class ServiceLevelForm(Form, frozen=True, kw_only=True):
    """Answered within `threshold_s`; who leaves within `short_abandon_s` is not counted."""

    threshold_s: Annotated[int, Whole(1, 86_400, "seconds")]
    short_abandon_s: Seconds = 5


class AlertWebhookForm(Form, frozen=True, kw_only=True):
    """Where alerts are posted, signed, when they are raised, change their level, or clear."""

    url: Url
    secrets: Annotated[tuple[WebhookSecret, ...], Size(1, 2)]
    allow_private: bool = False


class AlertsForm(Form, frozen=True, kw_only=True):
    """From where on something needs a supervisor's eye; 0 switches an alert off."""

    wait_s: Seconds = 120
    length: Annotated[int, Whole(0, 1_000_000)] = 50
    service_level_percent: Annotated[int, Whole(0, 100, "percent")] = 60
    service_level_contacts_min: Annotated[int, Whole(1, 1_000_000)] = 20
    not_ready_s: Seconds = 1_800
    wrap_up_s: Seconds = 300
    talk_s: Seconds = 2_400
    webhook: AlertWebhookForm | None = None


class ThresholdsForm(Form, frozen=True, kw_only=True):
    """`thresholds.yaml`."""

    service_levels: dict[Annotated[str, Defines("service level")], ServiceLevelForm] = {}
    alerts: AlertsForm = AlertsForm()
