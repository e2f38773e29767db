"""A day in virtual time: world, engine, statistics and auditor on one clock, with crashes at any record.

A crash throws the engine away and builds a new one from the journal (a snapshot and the facts after it);
the hash of the new state must be that of the old. Commands of the last record may have been lost with the
node, which `wanted_commands` must make good.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from acd.routing.engine import Engine
from acd.routing.events import AnyEvent, NodeStarted, RulesLoaded, TimePassed
from acd.routing.model import Outcome, Rules
from acd.routing.outputs import AnyFact
from acd.simulation.auditor import Auditor
from acd.simulation.population import AgentProfile, Chance, CustomerProfile
from acd.simulation.world import NO_FAULTS, Faults, World
from acd.statistics.intervals import Statistics

SETTLE_MS = 4 * 3_600_000
"""How long after the doors are closed everything must have come to its end."""


class Plan(msgspec.Struct, frozen=True):
    """What is to be simulated."""

    rules: Rules
    seed: int = 1
    start_ms: int = 1_700_000_000_000
    length_ms: int = 2 * 3_600_000
    customers: CustomerProfile = CustomerProfile()
    agents: AgentProfile = AgentProfile()
    faults: Faults = NO_FAULTS
    crash_every: int = 0
    """A crash after this many records in the mean; 0: none."""


class Report(msgspec.Struct, frozen=True):
    """What came of it. `lost` counts contacts that entered and came to no end; `speed` is times real time."""

    contacts: int
    faults: int
    crashes: int
    lost: int
    assigned_twice: int
    invariant_checks: int
    broken: list[str]
    hash: str
    speed: float
    records: int
    outcomes: dict[Outcome, int]


class Day:
    """One simulated day; `run` it once."""

    def __init__(
        self, plan: Plan, stopwatch: Callable[[], float], tell: Callable[[int, int], None] | None = None
    ) -> None:
        """`stopwatch` gives real seconds, for the speed; `tell(done_ms, length_ms)` feeds a progress bar."""
        self._plan = plan
        self._stopwatch = stopwatch
        self._tell = tell
        self.statistics = Statistics()
        self.auditor = Auditor()
        self._engine = Engine()
        self._world = World(
            plan.rules, str(plan.seed), plan.start_ms, plan.customers, plan.agents, plan.faults
        )
        self._mischief = Chance(f"{plan.seed}/crash")
        self._snapshot = self._engine.snapshot()
        self._tail: list[tuple[int, list[AnyFact]]] = []
        self._records = self._crashes = self._epoch = 0
        self._broken: list[str] = []

    def run(self) -> Report:
        """Play the day to its end and then until everybody has gone home."""
        began = self._stopwatch()
        plan = self._plan
        end_ms = plan.start_ms + plan.length_ms
        self._hand_in(RulesLoaded(plan.rules), plan.start_ms)
        self._hand_in(NodeStarted(self._next_epoch()), plan.start_ms)
        now_ms = self._play(plan.start_ms, end_ms)
        self._world.close_doors()
        now_ms = self._play(now_ms, end_ms + SETTLE_MS, until_empty=True)
        took = self._stopwatch() - began
        return self._report(now_ms - plan.start_ms, took)

    def _play(self, now_ms: int, end_ms: int, until_empty: bool = False) -> int:
        told = 0
        while not (until_empty and self._is_empty()):
            moments = [m for m in (self._world.next_ms(), self._engine.next_deadline_ms()) if m is not None]
            if not moments or min(moments) >= end_ms:
                return end_ms
            now_ms = max(now_ms, min(moments))
            deadline = self._engine.next_deadline_ms()
            if deadline is not None and deadline <= now_ms:
                self._hand_in(TimePassed(), now_ms)
                after = self._engine.next_deadline_ms()
                if after is not None and after <= now_ms and after == deadline:
                    self._broken.append(
                        f"invariant 5 at {now_ms}: the deadline {deadline} stays after its time passed"
                    )
                    return now_ms
            for event in self._world.due(now_ms):
                self._hand_in(event, now_ms)
            done = (now_ms - self._plan.start_ms) * 100 // self._plan.length_ms
            if self._tell is not None and done > told:
                told = done
                self._tell(now_ms - self._plan.start_ms, self._plan.length_ms)
        return now_ms

    def _is_empty(self) -> bool:
        return not any(self.auditor.live().values())

    def _hand_in(self, event: AnyEvent, now_ms: int) -> None:
        outputs = self._engine.handle(event, now_ms)
        if outputs.facts:
            self._records += 1
            if self._plan.crash_every:
                self._tail.append((now_ms, outputs.facts))
            self.statistics.apply(outputs.facts, now_ms)
            self.auditor.apply(outputs.facts, now_ms)
            self._world.observe(outputs.facts, now_ms)
        crashes = bool(self._plan.crash_every) and self._mischief.below(self._plan.crash_every) == 0
        if crashes and outputs.facts:
            # The record is durable, its commands are not yet carried out: the worst moment.
            self._crash(now_ms)
            return
        for command in outputs.commands:
            self._world.execute(command, now_ms)

    def _crash(self, now_ms: int) -> None:
        self._crashes += 1
        before = self._engine.state_hash()
        reborn = Engine()
        reborn.restore(self._snapshot)
        for at_ms, facts in self._tail:
            for fact in facts:
                reborn.apply(fact, at_ms)
        if reborn.state_hash() != before:
            self._broken.append(
                f"invariant 8 at {now_ms}: snapshot and tail give another state than the live one"
            )
        self._engine = reborn
        if len(self._tail) > 5_000:
            self._snapshot = reborn.snapshot()
            self._tail.clear()
        for command in reborn.wanted_commands():
            self._world.execute(command, now_ms)
        self._hand_in(NodeStarted(self._next_epoch()), now_ms)
        for event in self._world.links_again():
            self._hand_in(event, now_ms)

    def _next_epoch(self) -> int:
        self._epoch += 1
        return self._epoch

    def _report(self, length_ms: int, took_s: float) -> Report:
        auditor = self.auditor
        live = sum(auditor.live().values())
        return Report(
            contacts=auditor.entered,
            faults=self._world.faults + self._crashes,
            crashes=self._crashes,
            lost=live,
            assigned_twice=auditor.assigned_twice,
            invariant_checks=auditor.checks,
            broken=self._broken + auditor.broken,
            hash=self._engine.state_hash(),
            speed=round(length_ms / 1000.0 / max(took_s, 1e-9), 1),
            records=self._records,
            outcomes=dict(auditor.outcomes),
        )
