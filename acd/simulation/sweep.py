"""Many seeds, one after the other: each a day of its own, all of them checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from acd.routing.model import Rules
from acd.simulation.centres import drawn_rules
from acd.simulation.day import Day, Plan, Report
from acd.simulation.population import CustomerProfile

STAFF_LEAST, STAFF_SPREAD = 20, 30
LOAD_LEAST, LOAD_SPREAD = 12, 14
"""Contacts for each agent and hour: from half idle to twice too many."""


class Sum(msgspec.Struct):
    """What came of all seeds; `broken` names each breach with its seed."""

    seeds: int = 0
    contacts: int = 0
    records: int = 0
    faults: int = 0
    crashes: int = 0
    lost: int = 0
    assigned_twice: int = 0
    invariant_checks: int = 0
    broken: list[str] = []
    hours: float = 0.0

    def add(self, seed: int, report: Report) -> None:
        """Count one seed in."""
        self.seeds += 1
        for name in (
            "contacts",
            "records",
            "faults",
            "crashes",
            "lost",
            "assigned_twice",
            "invariant_checks",
        ):
            setattr(self, name, getattr(self, name) + getattr(report, name))
        self.broken += [f"seed {seed}: {line}" for line in report.broken]
        if report.lost:
            self.broken.append(f"seed {seed}: {report.lost} contacts came to no end")

    def is_sound(self) -> bool:
        """Whether nothing was broken, lost, or assigned twice."""
        return not (self.broken or self.lost or self.assigned_twice)


def plan_of(base: Plan, seed: int, is_drawn: bool) -> Plan:
    """Return the day of one seed: the same rules and staff for all, or rules, staff and load drawn from it."""
    if not is_drawn:
        return msgspec.structs.replace(base, seed=seed)
    staff = STAFF_LEAST + seed % STAFF_SPREAD
    rules: Rules = drawn_rules(str(seed), staff)
    customers: CustomerProfile = msgspec.structs.replace(
        base.customers, per_hour=staff * (LOAD_LEAST + seed % LOAD_SPREAD), swing=0, keeps_silent=100
    )
    return msgspec.structs.replace(base, rules=rules, seed=seed, customers=customers)


def sweep(
    base: Plan, seeds: Iterable[int], is_drawn: bool, stopwatch: Callable[[], float]
) -> Iterator[tuple[int, Report]]:
    """Yield each seed with its report, as it is done."""
    for seed in seeds:
        yield seed, Day(plan_of(base, seed, is_drawn), stopwatch).run()
