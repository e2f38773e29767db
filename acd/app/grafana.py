"""The board for Grafana, made from one table: rows, panels, expressions. `acd grafana` prints it.

It asks Grafana for its data source at the import. A test holds every expression against what the server exports.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

WIDTH: Final = 24
HEIGHT: Final = 8


class Panel(NamedTuple):
    """One graph. `lines`: expression and legend of each."""

    title: str
    unit: str
    lines: tuple[tuple[str, str], ...]
    about: str = ""


def _quantiles(metric: str, by: str = "") -> tuple[tuple[str, str], ...]:
    group = f"le, {by}" if by else "le"
    legend = f" {{{{{by}}}}}" if by else ""
    return tuple(
        (
            f"histogram_quantile({share}, sum by ({group}) (rate({metric}_bucket[$__rate_interval])))",
            f"p{share * 100:g}{legend}",
        )
        for share in (0.5, 0.95, 0.99)
    )


ROWS: Final[tuple[tuple[str, tuple[Panel, ...]], ...]] = (
    (
        "Customers",
        (
            Panel("In line", "short", (("acd_waiting_contacts", "{{queue}}"),)),
            Panel("Wait of the first in line", "s", (("acd_first_wait_seconds", "{{queue}}"),)),
            Panel("Arrival to answer", "s", _quantiles("acd_wait_seconds", "queue")),
            Panel(
                "Service level, 20 s",
                "percentunit",
                (
                    (
                        'sum by (queue) (rate(acd_wait_seconds_bucket{le="20.0"}[15m])) / (sum by (queue) '
                        "(rate(acd_wait_seconds_count[15m])) + sum by (queue) (rate(acd_abandon_seconds_count[15m])))",
                        "{{queue}}",
                    ),
                ),
                "Answered within 20 s of all answered and abandoned, over 15 minutes.",
            ),
            Panel(
                "Entered and ended",
                "reqps",
                (
                    ("sum(rate(acd_contacts_entered_total[$__rate_interval]))", "entered"),
                    ("sum by (outcome) (rate(acd_contacts_ended_total[$__rate_interval]))", "{{outcome}}"),
                ),
            ),
            Panel(
                "Refused at the door",
                "reqps",
                (("sum by (code) (rate(acd_contacts_refused_total[$__rate_interval]))", "{{code}}"),),
                "rate: more than agreed; lag, overloaded: the server does not keep up; journal_*: the disk.",
            ),
        ),
    ),
    (
        "Agents",
        (
            Panel("Presence", "short", (("acd_agents", "{{presence}}"),)),
            Panel("Ready agents by queue", "short", (("acd_queue_staffed_agents", "{{queue}}"),)),
            Panel("Queues closed by hand", "short", (("1 - acd_queue_open", "{{queue}}"),)),
            Panel("Offers", "reqps", (("sum by (outcome) (rate(acd_offers_total[$__rate_interval]))", "{{outcome}}"),)),
            Panel("Talk", "s", _quantiles("acd_talk_seconds", "queue")),
            Panel("Wrap-up", "s", _quantiles("acd_wrap_up_seconds", "queue")),
            Panel("Open desks", "short", (("acd_desk_sessions", "{{view}}"), ("acd_desk_behind_sockets", "behind"))),
            Panel("Sign-ins", "reqps", (("sum by (code) (rate(acd_sign_ins_total[$__rate_interval]))", "{{code}}"),)),
        ),
    ),
    (
        "Server",
        (
            Panel("Event taken to effect", "s", _quantiles("acd_effect_seconds")),
            Panel("Engine's time for one event", "s", _quantiles("acd_handle_seconds")),
            Panel("Group commit", "s", _quantiles("acd_journal_commit_seconds")),
            Panel("How late the loop wakes", "s", _quantiles("acd_loop_lag_seconds")),
            Panel(
                "What waits",
                "short",
                (
                    ("acd_intake_events", "for the engine"),
                    ("acd_undurable_records", "for the disk"),
                    ("acd_undelivered_records", "for the rooms"),
                ),
            ),
            Panel("Events", "reqps", (("sum by (event) (rate(acd_events_total[$__rate_interval]))", "{{event}}"),)),
            Panel(
                "Must be 0",
                "short",
                (
                    ("1 - acd_journal_writing", "journal does not write"),
                    ("acd_quarantined_events", "set aside"),
                    ("increase(acd_undeliverable_commands_total[1h])", "undeliverable commands"),
                    ("acd_desk_unknown_facts", "unknown facts"),
                ),
            ),
            Panel("Disk", "bytes", (("acd_disk_free_bytes", "free"), ("acd_journal_bytes", "journal"))),
            Panel(
                "Processor and memory",
                "short",
                (
                    ("rate(process_cpu_seconds_total[$__rate_interval])", "cores"),
                    ("process_resident_memory_bytes / 2^30", "GiB"),
                ),
            ),
        ),
    ),
)  # fmt: skip


def build_board() -> dict[str, Any]:
    """Return the board as Grafana imports it."""
    panels: list[dict[str, Any]] = []
    y = 0
    for title, row in ROWS:
        panels.append(
            {"type": "row", "title": title, "id": len(panels) + 1, "gridPos": _place(0, y, WIDTH, 1)}
        )
        y += 1
        for at, panel in enumerate(row):
            width = WIDTH // 3
            place = _place(at % 3 * width, y + at // 3 * HEIGHT, width, HEIGHT)
            panels.append(_graph(panel, len(panels) + 1, place))
        y += -(-len(row) // 3) * HEIGHT
    source = {
        "name": "DS_PROMETHEUS", "label": "Prometheus", "type": "datasource", "pluginId": "prometheus",
        "pluginName": "Prometheus",
    }  # fmt: skip
    return {
        "__inputs": [source],
        "title": "Call distributor",
        "uid": "acd",
        "tags": ["acd"],
        "schemaVersion": 39,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "panels": panels,
    }


def _graph(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    source = {"type": "prometheus", "uid": "${DS_PROMETHEUS}"}
    return {
        "type": "timeseries",
        "id": number,
        "title": panel.title,
        "description": panel.about,
        "datasource": source,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [
            {"refId": chr(65 + at), "expr": expression, "legendFormat": legend, "datasource": source}
            for at, (expression, legend) in enumerate(panel.lines)
        ],
    }


def _place(x: int, y: int, width: int, height: int) -> dict[str, int]:
    return {"x": x, "y": y, "w": width, "h": height}
