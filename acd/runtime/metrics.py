"""What Prometheus reads: one registry for the house, and the figures of the loop and the journal.

Names are `acd_<thing>_<unit>`. Rooms add their own figures to the registry that `app` hands them.
"""

from __future__ import annotations

from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

_FAST_S: Final = (0.00001, 0.00002, 0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.005, 0.02, 0.1)
_COMMIT_S: Final = (0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.0, 4.0)


class RuntimeMetrics:
    """The loop's and the journal's figures."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry if registry is not None else CollectorRegistry()
        own = self.registry
        self._events = Counter("acd_events_total", "Events handled, by kind", ["event"], registry=own)
        self._facts = Counter("acd_facts_total", "Facts made true, by kind", ["fact"], registry=own)
        self._commands = Counter(
            "acd_commands_total", "Commands carried to rooms, by kind", ["command"], registry=own
        )
        self._turned_down = Counter(
            "acd_turned_down_total", "Events refused at the loop, by code", ["code"], registry=own
        )
        self.undeliverable = Counter(
            "acd_undeliverable_commands_total", "Commands that no room can carry out", registry=own
        )
        self.handle_seconds = Histogram(
            "acd_handle_seconds", "Engine's time for one event", buckets=_FAST_S, registry=own
        )
        self.commit_seconds = Histogram(
            "acd_journal_commit_seconds", "One group commit", buckets=_COMMIT_S, registry=own
        )
        self.effect_seconds = Histogram(
            "acd_effect_seconds", "Event taken to effect begun", buckets=_COMMIT_S, registry=own
        )
        self.lag_seconds = Histogram(
            "acd_loop_lag_seconds", "How late the loop woke", buckets=_COMMIT_S, registry=own
        )
        self.intake_events = Gauge("acd_intake_events", "Events waiting for the engine", registry=own)
        self.undurable_records = Gauge(
            "acd_undurable_records", "Records waiting for the journal", registry=own
        )
        self.undelivered_records = Gauge(
            "acd_undelivered_records", "Durable records waiting for the rooms", registry=own
        )
        self.journal_ok = Gauge("acd_journal_writing", "1 while records become durable", registry=own)
        self.quarantined = Gauge(
            "acd_quarantined_events", "Events and deliveries set aside by earlier starts", registry=own
        )
        self.journal_seq = Gauge("acd_journal_seq", "Number of the last durable record", registry=own)
        self.journal_bytes = Gauge("acd_journal_bytes", "Size of the journal on disk", registry=own)
        self.disk_free_bytes = Gauge("acd_disk_free_bytes", "Room left where the journal is", registry=own)
        ProcessCollector(registry=own)
        self.epoch = Gauge("acd_epoch", "Epoch of this node", registry=own)
        self.clock_offset_ms = Gauge(
            "acd_clock_offset_milliseconds", "Wall clock ahead of ours", registry=own
        )
        self._event_cells: dict[type, Counter] = {}
        self._fact_cells: dict[type, Counter] = {}
        self._command_cells: dict[type, Counter] = {}

    def count_event(self, kind: type) -> None:
        """Count an event; the cell of each kind is looked up once."""
        _count(self._events, self._event_cells, kind)

    def count_fact(self, kind: type) -> None:
        """Count a fact; `Late` and `Refused` are facts too."""
        _count(self._facts, self._fact_cells, kind)

    def count_command(self, kind: type) -> None:
        """Count a command."""
        _count(self._commands, self._command_cells, kind)

    def count_turned_down(self, code: str) -> None:
        """Count an event that was not taken."""
        self._turned_down.labels(code).inc()

    def page(self) -> bytes:
        """Return all figures of the registry in Prometheus' text form."""
        return generate_latest(self.registry)


def _count(counter: Counter, cells: dict[type, Counter], kind: type) -> None:
    cell = cells.get(kind)
    if cell is None:
        cell = cells[kind] = counter.labels(kind.__name__)
    cell.inc()
