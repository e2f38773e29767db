"""A day in virtual time: world, engine, statistics and auditor on one clock, with crashes at any record.

A crash throws the engine away and builds a new one from the journal (a snapshot and the facts after it); the hash
of the new state must be that of the old. Half of the crashes come after the record is durable: its commands are
lost, which `wanted_commands` must make good. The others come before: the record is lost, and nobody may have seen
anything of it. A twin that only ever applies facts runs beside the engine, and its hash is compared on the way.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from acd.routing import events as e
from acd.routing.engine import Engine
from acd.routing.events import AnyEvent, NodeStarted, RulesLoaded, TimePassed
from acd.routing.model import AgentId, Outcome, Rules
from acd.routing.outputs import AnyFact, AssignmentConnected
from acd.simulation.auditor import Auditor
from acd.simulation.population import AgentProfile, Chance, CustomerProfile
from acd.simulation.promises import Promises
from acd.simulation.recorded import RecordedDay
from acd.simulation.world import MAY_BE_LOST, NO_FAULTS, Faults, World
from acd.statistics.intervals import Statistics

SETTLE_MS = 4 * 3_600_000
"""How long after the doors are closed everything must have come to its end."""
TAIL_MAX = 300
"""How many records follow a snapshot before the next is taken."""
BACK_MAX_MS = 10_000
ONCE = (
    e.ContactArrived, e.CustomerLeft, e.OfferAccepted, e.OfferDeclined, e.ContactConnected, e.ConnectFailed,
    e.AgentLegEnded, e.WrapUpFinished, e.TicketOpened, e.TicketClosed, e.IntakeFinished, e.IntakeGaveUp, e.DialFailed,
    e.LinkChanged, e.PresenceChosen, e.HoldChosen, e.CustomerChose, e.TransferAsked,
)  # fmt: skip
"""Events that change nothing when they are said again at once."""


class Plan(msgspec.Struct, frozen=True):
    """What is to be simulated."""

    rules: Rules
    seed: int = 1
    start_ms: int = 1_700_000_000_000
    length_ms: int = 2 * 3_600_000
    customers: CustomerProfile = CustomerProfile()
    agents: AgentProfile = AgentProfile()
    faults: Faults = NO_FAULTS
    recorded: RecordedDay | None = None
    """A day that was, to be played again; None: customers and agents are drawn."""
    crash_every: int = 0
    """A crash after this many records in the mean; 0: none."""
    compare_every: int = 500
    """After how many records, with crashes, the twin's state is compared; it always is at a crash."""


class Report(msgspec.Struct, frozen=True):
    """What came of it; `speed` is times real time."""

    contacts: int
    faults: int
    crashes: int
    lost: int
    """Contacts that came to no end, but for `open_return_calls`: those stand in line for whom nobody can serve."""
    open_return_calls: int
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
        self.waits_ms: list[int] = []
        """Of all who were answered, in the order of their answers."""
        self.taken: dict[AgentId, int] = {}
        """Talks of each agent."""
        self._plan = plan
        self._stopwatch = stopwatch
        self._tell = tell
        self.statistics = Statistics()
        self.auditor = Auditor()
        self._promises = Promises(self.auditor.expect)
        self._engine = Engine()
        self._world = World(
            plan.rules,
            str(plan.seed),
            plan.start_ms,
            plan.customers,
            plan.agents,
            plan.faults,
            recorded=plan.recorded,
        )
        self._mischief = Chance(f"{plan.seed}/crash")
        self._twin = Engine() if plan.crash_every else None
        self._snapshot = self._engine.snapshot()
        self._tail: list[tuple[int, list[AnyFact]]] = []
        self._records = self._crashes = self._epoch = self._mischiefs = 0
        self._at_ms = self._recorded_ms = 0
        self._broken: list[str] = []
        self._said: list[AnyFact] = []

    def run(self) -> Report:
        """Play the day to its end and then until everybody has gone home."""
        began = self._stopwatch()
        plan = self._plan
        end_ms = plan.start_ms + plan.length_ms
        self._hand_in(RulesLoaded(plan.rules), plan.start_ms)
        if self._engine.state.rules is None:
            raise ValueError(f"the engine refuses these rules: {self._said}")
        self._hand_in(NodeStarted(self._next_epoch()), plan.start_ms)
        now_ms = self._play(plan.start_ms, end_ms)
        self._world.close_doors()
        now_ms = self._play(now_ms, end_ms + SETTLE_MS, until_empty=True)
        took = self._stopwatch() - began
        return self._report(now_ms - plan.start_ms, took)

    def _play(self, now_ms: int, end_ms: int, until_empty: bool = False) -> int:
        told = 0
        while not (until_empty and self._is_empty()):
            deadline = self._engine.next_deadline_ms()
            moments = [m for m in (self._world.next_ms(), deadline) if m is not None]
            if not moments or min(moments) >= end_ms:
                return end_ms
            now_ms = max(now_ms, min(moments))
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
        if self._mischief.share(self._plan.faults.back) and not isinstance(event, TimePassed):
            # A clock that was set back: the moment of the last record stands, and no timer fires.
            self._mischiefs += 1
            now_ms = max(self._at_ms, now_ms - self._mischief.below(BACK_MAX_MS))
            outputs = self._engine.handle(event, now_ms - BACK_MAX_MS if now_ms == self._at_ms else now_ms)
        else:
            outputs = self._engine.handle(event, now_ms)
        self._at_ms = now_ms
        crashes = bool(self._plan.crash_every) and self._mischief.below(self._plan.crash_every) == 0
        if not outputs.facts:
            if outputs.commands:
                self._expect(False, 9, now_ms, f"orders without a record: {outputs.commands}")
            return
        may_crash = crashes and not isinstance(event, NodeStarted | RulesLoaded)
        if may_crash and self._mischief.share(500):
            # The record was not durable yet: nobody has seen anything of it. A switch says again what was not heard.
            self._crash(now_ms)
            if not isinstance(event, MAY_BE_LOST):
                self._hand_in(event, now_ms)
            return
        self._record(event, outputs.facts, now_ms)
        if may_crash:
            # The record is durable, its commands are not yet carried out: the worst moment.
            self._crash(now_ms)
            return
        for command in outputs.commands:
            self.auditor.ordered(command)
            self._world.execute(command, now_ms)
        if isinstance(event, ONCE) and self._mischief.share(self._plan.faults.again):
            self._say_again(event, now_ms)

    def _record(self, event: AnyEvent, facts: list[AnyFact], now_ms: int) -> None:
        self._records += 1
        self._recorded_ms = now_ms
        self._said = facts
        self.statistics.apply(facts, now_ms)
        self.auditor.apply(facts, now_ms, event, self._records, self._epoch)
        self._promises.apply(facts, now_ms, event)
        self._world.observe(facts, now_ms)
        for fact in facts:
            if isinstance(fact, AssignmentConnected):
                self.taken[fact.agent] = self.taken.get(fact.agent, 0) + 1
                if fact.is_first:
                    self.waits_ms.append(fact.waited_ms)
        if self._twin is None:
            return
        self._tail.append((now_ms, facts))
        for fact in facts:
            self._twin.apply(fact, now_ms)
        if self._records % self._plan.compare_every == 0:
            self._compare(self._twin, self._engine, now_ms, "the fold of all records")

    def _say_again(self, event: AnyEvent, now_ms: int) -> None:
        due_ms = self._engine.next_deadline_ms()
        if due_ms is not None and due_ms <= self._at_ms:
            return  # what time brings meanwhile is not the repetition's doing
        self._mischiefs += 1
        outputs = self._engine.handle(event, self._at_ms)
        if outputs.facts:
            self.auditor.repeated(event, outputs.facts)
            self._record(event, outputs.facts, self._at_ms)

    def _compare(self, one: Engine, other: Engine, now_ms: int, what: str) -> None:
        self._expect(
            one.state_hash() == other.state_hash(), 8, now_ms, f"{what} gives another state than the live one"
        )

    def _expect(self, holds: bool, invariant: int, now_ms: int, what: str) -> None:
        self.auditor.checks += 1
        if not holds:
            self._broken.append(f"invariant {invariant} at {now_ms}: {what}")

    def _crash(self, now_ms: int) -> None:
        self._crashes += 1
        reborn = Engine()
        reborn.restore(self._snapshot)
        for at_ms, facts in self._tail:
            for fact in facts:
                reborn.apply(fact, at_ms)
        if self._twin is not None:
            self._compare(self._twin, reborn, now_ms, "snapshot and tail")
        self._engine = reborn
        self._at_ms = self._recorded_ms  # a lost record's moment is lost with it
        if len(self._tail) > TAIL_MAX:
            self._snapshot = reborn.snapshot()
            self._tail.clear()
        for command in reborn.wanted_commands():
            self.auditor.ordered(command)
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
        for line in auditor.books.differences(self.statistics):
            self._expect(False, 14, self._plan.start_ms + length_ms, line)
        unanswered = sum(auditor.books.live.values())
        self._expect(
            unanswered == live, 14, self._plan.start_ms + length_ms, f"{unanswered} are open, {live} are live"
        )
        if self._twin is not None:
            self._compare(
                self._twin, self._engine, self._plan.start_ms + length_ms, "the fold of all records"
            )
        return Report(
            contacts=auditor.entered,
            faults=self._world.faults + self._crashes + self._mischiefs,
            crashes=self._crashes,
            lost=live - auditor.open_return_calls(),
            open_return_calls=auditor.open_return_calls(),
            assigned_twice=auditor.assigned_twice,
            invariant_checks=auditor.checks,
            broken=self._broken + auditor.broken,
            hash=self._engine.state_hash(),
            speed=round(length_ms / 1000.0 / max(took_s, 1e-9), 1),
            records=self._records,
            outcomes=dict(auditor.outcomes),
        )
