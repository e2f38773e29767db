"""What Prometheus reads of the desks: how many, what they asked, why they closed, how much is held for them."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge


class DeskFigures:
    """Counters of one node's desks."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        own = registry if registry is not None else CollectorRegistry()
        self.sessions = Gauge("acd_desk_sessions", "Open desks", ["view"], registry=own)
        self.answers = Counter(
            "acd_desk_answers_total", "Actions answered, by done or code", ["code"], registry=own
        )
        self.closes = Counter(
            "acd_desk_closes_total", "Sockets closed by us, by code", ["code"], registry=own
        )
        self.sign_ins = Counter(
            "acd_sign_ins_total", "Sign-ins by password, by outcome", ["code"], registry=own
        )
        self.refused_sockets = Counter(
            "acd_desk_refused_sockets_total",
            "Sockets refused before they opened, by reason",
            ["code"],
            registry=own,
        )
        self.bad_messages = Counter("acd_desk_bad_messages_total", "Messages that were none", registry=own)
        self.behind = Gauge(
            "acd_desk_behind_sockets", "Sockets that lack changes for being slow", registry=own
        )
        self.held_bytes_max = Gauge(
            "acd_desk_held_bytes_max", "Bytes held for the slowest socket, without the system's", registry=own
        )
        self.unknown_facts = Gauge(
            "acd_desk_unknown_facts", "Facts about what the board has never heard of", registry=own
        )
