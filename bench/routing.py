"""How fast the routing core decides: events a second, microseconds an event, bytes a thing, and the naive twin.

    python bench/routing.py --agents 10000 --waiting 1000 --json

A made-up day in virtual time: all agents with different profiles (2 to 6 of 64 skills, four regions, one to three of
eight queues), 128 kinds of needs of which 40 in 100 ask for two skills, three relaxation steps over skills and
regions, three head starts. Every arrival is offered, accepted, connected, ended, wrapped up; facts are produced and
applied. Customers come as fast as agents could serve them, but the lines are kept as long as `--waiting` says.

Only `Engine.handle` is timed, not the making of the events, by the thread's processor time, less what reading that
clock costs: on a busy machine the wall clock (`wall_*`) tells more of the neighbours than of the core. The same events
are replayed on an engine in the same state `--replays` times, and of each event the shortest time counts: the core
is deterministic, noise is not.

The twin is `tests/routing/oracle.py`: it scans every agent and contact for each decision. It decides beside the engine
for as long as `--naive-seconds` allow, and each of its decisions must be the engine's.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import tracemalloc
from array import array
from heapq import heappop, heappush
from pathlib import Path
from random import Random
from time import perf_counter, perf_counter_ns, process_time_ns, thread_time_ns
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import msgspec

from acd.routing.engine import Engine
from acd.routing.events import (
    AgentSignedIn,
    AnyEvent,
    ContactArrived,
    ContactConnected,
    CustomerLeft,
    OfferAccepted,
    RulesLoaded,
    TimePassed,
    WrapUpFinished,
)
from acd.routing.model import (
    AgentId,
    AgentRules,
    Channel,
    ContactId,
    EntryId,
    EntryRules,
    Needs,
    Presence,
    QueueId,
    QueueRules,
    QueueServed,
    Reach,
    RegionId,
    RegionRules,
    Rules,
    SkillId,
    SkillNeed,
    Step,
    Strategy,
    WrapUp,
)
from acd.routing.outputs import OfferMade, Outputs, RulesInForce
from acd.runtime import collector
from bench.routing_grid import run_grid
from tests.routing.oracle import Oracle, SeenContact, SeenOffer

SKILLS, REGIONS, QUEUES, KINDS = 64, 4, 8, 128
TALK_MS, WRAP_MS = 180_000, 20_000
START_MS = 1_700_000_000_000


class Day:
    """Customers and agents of one made-up day."""

    def __init__(self, agents: int, waiting: int, seed: int, strategy: Strategy, announce_ms: int) -> None:
        self.announce_ms = announce_ms
        self.random = Random(seed)
        self.agents = agents
        self.waiting = waiting
        self.rules = self._rules(strategy)
        self.able = self._able()
        self.regions = [region.region for region in self.rules.regions]
        self.arrived = 0
        self.coming: list[tuple[int, int, AnyEvent]] = []
        self.count = 0

    def _rules(self, strategy: Strategy) -> Rules:
        r = self.random
        skills = [SkillId(f"s{number}") for number in range(SKILLS)]
        regions = [RegionId(f"r{number}") for number in range(REGIONS)]
        queues = [QueueId(f"q{number}") for number in range(QUEUES)]
        steps = (
            Step(0, Reach.HOME),
            Step(20_000, Reach.NEIGHBOURS, 1),
            Step(60_000, Reach.ALL, 2),
        )
        kinds = []
        for number in range(KINDS):
            asked = r.sample(skills, 2 if number % 5 < 2 else 1)
            kinds.append(Needs((tuple(SkillNeed(skill, r.randint(1, 4)) for skill in asked),)))
        seen = set()
        agents = []
        while len(agents) < self.agents:
            held = {skill: r.randint(1, 5) for skill in r.sample(skills, r.randint(2, 6))}
            region, served = r.choice(regions), tuple(r.sample(queues, r.randint(1, 3)))
            profile = (tuple(sorted(held.items())), region, served)
            if profile not in seen:
                seen.add(profile)
                agents.append(
                    AgentRules(
                        AgentId(f"agent-{len(agents):06d}"),
                        region=region,
                        skills=held,
                        queues=tuple(QueueServed(queue) for queue in served),
                    )
                )
        return Rules(
            1,
            tuple(
                QueueRules(
                    queue,
                    strategy=strategy,
                    steps=steps,
                    wrap_up=WrapUp(limit_ms=60_000),
                    length_max=1_000_000,
                    announce_ms=self.announce_ms,
                )
                for queue in queues
            ),
            tuple(
                EntryRules(EntryId(f"e{number}"), queues[number % QUEUES], needs=needs)
                for number, needs in enumerate(kinds)
            ),
            tuple(
                RegionRules(region, neighbours=(regions[number - 1], regions[(number + 1) % REGIONS]))
                for number, region in enumerate(regions)
            ),
            tuple(agents),
            contacts_max=1_000_000,
        )

    def _able(self) -> list[EntryId]:
        """Entries, each as often as agents could serve it: customers ask for what the house has."""
        needs_of = {queue.queue: [] for queue in self.rules.queues}  # type: dict[QueueId, list[EntryRules]]
        for entry in self.rules.entries:
            needs_of[entry.queue].append(entry)
        able = []
        for agent in self.random.sample(self.rules.agents, min(2_000, len(self.rules.agents))):
            fits = [
                entry.entry
                for served in agent.queues
                for entry in needs_of[served.queue]
                if all(
                    agent.skills.get(need.skill, 0) >= need.proficiency_min
                    for need in entry.needs.required[0]
                )
            ]
            if fits:
                able.append(self.random.choice(fits))
        return able

    def arrival(self) -> ContactArrived:
        """The next customer."""
        r = self.random
        self.arrived += 1
        return ContactArrived(
            ContactId(f"contact-{self.arrived}"),
            "sip",
            Channel.VOICE,
            r.choice(self.able),
            (f"tel:{r.randrange(10**9)}",),  # type: ignore[arg-type]
            region=r.choice(self.regions),
            head_start_ms=r.choice((0, 60_000, 300_000)),
        )

    def later(self, at_ms: int, event: AnyEvent) -> None:
        """Something that will happen."""
        self.count += 1
        heappush(self.coming, (at_ms, self.count, event))

    def answer(self, outputs: Outputs, now_ms: int) -> None:
        """What people make of an offer."""
        for fact in outputs.facts:
            if type(fact) is OfferMade:
                number = fact.offer
                talk_ms = int(self.random.expovariate(1 / TALK_MS)) + 1
                self.later(now_ms + 3_000, OfferAccepted(number))
                self.later(now_ms + 3_100, ContactConnected(number))
                self.later(now_ms + 3_100 + talk_ms, CustomerLeft(fact.contact))
                self.later(now_ms + 3_100 + talk_ms + WRAP_MS, WrapUpFinished(number, ""))


class Pauses:
    """How long the collector keeps everybody waiting, while somebody asks."""

    def __init__(self) -> None:
        self.worst_ns = 0
        self.worst_wall_ns = 0
        self.count = 0
        self._began = (0, 0)

    def __call__(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._began = (thread_time_ns(), perf_counter_ns())
        else:
            self.count += 1
            self.worst_ns = max(self.worst_ns, thread_time_ns() - self._began[0])
            self.worst_wall_ns = max(self.worst_wall_ns, perf_counter_ns() - self._began[1])

    def __enter__(self) -> None:
        gc.callbacks.append(self)

    def __exit__(self, *_: object) -> None:
        gc.callbacks.remove(self)


class Bench:
    """One run."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.day = Day(
            options.agents, options.waiting, options.seed, Strategy(options.strategy), options.announce_ms
        )
        self.engine = Engine()
        self.now_ms = START_MS
        self.times = array("q")
        self.walls = array("q")
        self.script: list[tuple[AnyEvent, int, int]] = []
        self.begin = b""
        self.pauses = Pauses()

    def prepare(self) -> dict[str, float]:
        """Rules, agents, contacts in line; bytes of the latter two."""
        day, engine = self.day, self.engine
        per_agent = self.agent_bytes()
        self.handle(RulesLoaded(day.rules))
        for agent in day.rules.agents:
            self.handle(AgentSignedIn(agent.agent, "s", Presence.READY))
        per_contact = self.contact_bytes()
        self.fill_up()
        for _ in range(day.waiting):
            self.meet(engine.handle(day.arrival(), self.now_ms))
        if self.options.replays:
            self.begin = engine.snapshot()
        collector.settle()
        assert engine.state.agents
        return {"bytes_per_agent": per_agent, "bytes_per_contact": per_contact}

    def agent_bytes(self) -> float:
        """Bytes of an agent who is ready: what the engine keeps with all of them and, under the same rules, without."""
        grown = []
        for agents in ((), self.day.rules.agents):
            engine = Engine()
            rules = msgspec.structs.replace(self.day.rules, agents=agents)
            gc.collect()
            tracemalloc.start()
            engine.handle(RulesLoaded(rules), START_MS)
            for agent in agents:
                engine.handle(AgentSignedIn(agent.agent, "s", Presence.READY), START_MS)
            gc.collect()
            grown.append(tracemalloc.get_traced_memory()[0])
            tracemalloc.stop()
        return (grown[1] - grown[0]) / max(1, len(self.day.rules.agents))

    def contact_bytes(self) -> float:
        """Bytes of a contact that waits, in an engine in which nobody else does anything."""
        engine, day = Engine(), Day(100, 0, 1, Strategy.LONGEST_IDLE, 0)
        engine.handle(RulesLoaded(msgspec.structs.replace(day.rules, agents=())), START_MS)
        number = max(20_000, self.day.waiting)
        gc.collect()
        tracemalloc.start()
        for _ in range(number):
            engine.handle(day.arrival(), START_MS)
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        return grown / number

    def fill_up(self) -> None:
        """Bring in customers until nearly all agents are at work, as they are by the middle of a day."""
        for _ in range(int(self.options.agents * self.options.load)):
            if self.in_line() > self.options.agents // 50:
                return
            self.meet(self.engine.handle(self.day.arrival(), self.now_ms))

    def meet(self, outputs: Outputs) -> None:
        """Connect whoever was offered to each other at once: the day is under way, talks end at all times."""
        for fact in outputs.facts:
            if isinstance(fact, OfferMade):
                self.engine.handle(OfferAccepted(fact.offer), self.now_ms)
                self.engine.handle(ContactConnected(fact.offer), self.now_ms)
                rest_ms = int(self.day.random.expovariate(1 / TALK_MS)) + 1
                self.day.later(self.now_ms + rest_ms, CustomerLeft(fact.contact))
                self.day.later(self.now_ms + rest_ms + WRAP_MS, WrapUpFinished(fact.offer, ""))

    def in_line(self) -> int:
        """How many wait now."""
        return sum(queue.line.length for queue in self.engine.state.queues.values())

    def handle(self, event: AnyEvent) -> Outputs:
        """An event outside the measurement."""
        outputs = self.engine.handle(event, self.now_ms)
        self.day.answer(outputs, self.now_ms)
        return outputs

    def run(self) -> None:
        """The measured stretch."""
        options, day, engine = self.options, self.day, self.engine
        per_ms = options.load * options.agents / (TALK_MS + WRAP_MS + 3_100)
        full = options.waiting or options.agents // 50
        arrive_at = float(self.now_ms)
        handle, times, answer = engine.handle, self.times, day.answer
        for number in range(options.events + options.warm_up):
            next_ms = engine.next_deadline_ms()
            coming = day.coming[0][0] if day.coming else 1 << 62
            if arrive_at <= coming and self.in_line() > full:
                # Customers come as they do, but no more than keep the lines as long as they are to be.
                arrive_at += day.random.expovariate(per_ms)
            if arrive_at <= coming:
                at_ms, event = int(arrive_at), None
            else:
                at_ms, event = coming, day.coming[0][2]
            if next_ms is not None and next_ms <= max(at_ms, self.now_ms):
                at_ms, event = next_ms, TimePassed()
            elif event is None:
                event = day.arrival()
                arrive_at += day.random.expovariate(per_ms)
            else:
                heappop(day.coming)
            self.now_ms = max(self.now_ms, at_ms)
            wall = perf_counter_ns()
            began = thread_time_ns()
            outputs = handle(event, self.now_ms)
            took = thread_time_ns() - began
            wall = perf_counter_ns() - wall
            self.script.append((event, self.now_ms, len(outputs.facts)))
            if number >= options.warm_up:
                times.append(took)
                self.walls.append(wall)
            answer(outputs, self.now_ms)

    def replay(self) -> None:
        """The same events once more on an engine in the same state: of each event the shortest time counts."""
        engine = Engine()
        engine.restore(self.begin)
        collector.settle()
        handle, warm_up, times, walls = engine.handle, self.options.warm_up, self.times, self.walls
        with self.pauses:
            for number, (event, now_ms, facts) in enumerate(self.script):
                wall = perf_counter_ns()
                began = thread_time_ns()
                outputs = handle(event, now_ms)
                took = thread_time_ns() - began
                wall = perf_counter_ns() - wall
                assert len(outputs.facts) == facts, f"event {number} was answered otherwise: {event}"
                if number >= warm_up:
                    times[number - warm_up] = min(times[number - warm_up], took)
                    walls[number - warm_up] = min(walls[number - warm_up], wall)

    def by_kind(self) -> dict[str, list[int]]:
        """The times by kind of event."""
        kinds: dict[str, list[int]] = {}
        for (event, _, _), took in zip(self.script[self.options.warm_up :], self.times, strict=True):
            kinds.setdefault(type(event).__name__, []).append(took)
        return kinds

    def naive(self) -> dict[str, Any]:
        """Let the twin decide what comes next, beside the engine."""
        options, day, engine = self.options, self.day, self.engine
        if not options.naive_seconds:
            return {"naive_events_per_s": None, "decisions_equal": None}
        oracle = picture(engine)
        took_ns, events, decisions = 0, 0, 0
        ends = perf_counter() + options.naive_seconds
        while perf_counter() < ends and day.coming:
            next_ms = engine.next_deadline_ms()
            at_ms, _, event = day.coming[0]
            if next_ms is not None and next_ms <= max(at_ms, self.now_ms):
                at_ms, event = next_ms, TimePassed()
            elif events % 5 == 0:
                at_ms, event = self.now_ms, day.arrival()
            else:
                heappop(day.coming)
            self.now_ms = max(self.now_ms, at_ms)
            outputs = engine.handle(event, self.now_ms)
            day.answer(outputs, self.now_ms)
            began = process_time_ns()
            for fact in outputs.facts:
                if isinstance(fact, OfferMade):
                    oracle.decide(fact, self.now_ms)
                    decisions += 1
                oracle.fold(fact, self.now_ms)
            took_ns += process_time_ns() - began
            events += 1
        return {
            "naive_events_per_s": round(events / (took_ns / 1e9), 1),
            "decisions_equal": True,
            "decisions_compared": decisions,
        }


def picture(engine: Engine) -> Oracle:
    """The twin's picture of the moment, taken over from the engine's state once; from then on it sees facts only."""
    state = engine.state
    oracle = Oracle()
    assert state.rules is not None
    oracle.fold(RulesInForce(state.rules), state.at_ms)
    for agent in state.agents.values():
        seen = oracle.agents[agent.id]
        seen.presence, seen.released_ms = agent.presence, agent.released_ms
        seen.signed_in_ms, seen.taken, seen.last_offer = agent.signed_in_ms, agent.taken, agent.last_offer
        seen.worked_ms, seen.at_work_since_ms = agent.working_ms, agent.busy_since_ms or None
        seen.share, seen.rate = agent.share >> 32, agent.share & 0xFFFFFFFF
    for contact in state.contacts.values():
        oracle.contacts[contact.id] = SeenContact(
            contact.id, contact.number, contact.plan.rules, contact.channel, contact.origin, contact.region,
            contact.arrived_ms, contact.since_ms, contact.needs, contact.own_needs, contact.head_start_ms, None, set(),
            False, contact.state.value,
        )  # fmt: skip
    oracle.entered = state.contact_count
    for number, offer in state.offers.items():
        contact = oracle.contacts[offer.contact.id]
        seen_offer = oracle.offers[number] = SeenOffer(contact, oracle.agents[offer.agent.id], contact.rules)
        seen_offer.connected, seen_offer.blocks = bool(offer.connected_ms), offer.blocks
        if offer.assignment is not None:
            seen_offer.state = "wrap_up" if offer.assignment.value == "wrap_up" else "taken"
        if seen_offer.state == "wrap_up":
            seen_offer.agent.wrapping.add(number)
        else:
            seen_offer.agent.holding[number] = contact.channel
    for contact_id in [contact.id for contact in oracle.contacts.values() if contact.state == "ended"]:
        del oracle.contacts[contact_id]
    return oracle


def timer_ns() -> int:
    """What reading the clock twice costs; subtracted from every event."""
    pairs = sorted(-(thread_time_ns() - thread_time_ns()) for _ in range(20_001))
    return pairs[10_000]


def quantile(times: Any, share: float) -> float:
    """In microseconds."""
    ordered = sorted(times)
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))] / 1000, 2) if ordered else 0.0


def parse_options() -> argparse.Namespace:
    """What is to be measured."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--agents", type=int, default=1_000)
    parser.add_argument("--waiting", type=int, default=0, help="contacts put into the lines before measuring")
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--warm-up", type=int, default=20_000, help="events that are not counted")
    parser.add_argument(
        "--load", type=float, default=0.9, help="how many customers come: as share of what agents could do"
    )
    parser.add_argument(
        "--strategy", default="longest_idle", choices=[strategy.value for strategy in Strategy]
    )
    parser.add_argument("--announce-ms", type=int, default=0, help="how often positions are told; 0: never")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--naive-seconds", type=float, default=10.0, help="0: no twin")
    parser.add_argument("--replays", type=int, default=3, help="how often the same events are timed again")
    parser.add_argument("--json", action="store_true", help="print nothing but the result")
    parser.add_argument(
        "--grid", type=Path, metavar="FILE", help="all 12 cells, one run each, one line each appended to FILE"
    )
    parser.add_argument(
        "--table", type=Path, metavar="FILE", help="of FILE of --grid the medians, and FILE.png"
    )
    return parser.parse_args()


def main() -> None:
    """Measure and print; the last line is one JSON object."""
    options = parse_options()
    if options.grid or options.table:
        run_grid(options)
        return
    load_before = round(os.getloadavg()[0], 2)
    bench = Bench(options)
    sizes = bench.prepare()
    with bench.pauses:
        bench.run()
    naive = bench.naive()
    for _ in range(options.replays):
        bench.replay()
    timer = timer_ns()
    bench.times = array("q", (max(0, took - timer) for took in bench.times))
    total_s = sum(bench.times) / 1e9
    result = {
        "agents": options.agents,
        "waiting": options.waiting,
        "waiting_at_end": bench.in_line(),
        "strategy": options.strategy,
        "events": len(bench.times),
        "events_per_s": round(len(bench.times) / total_s),
        "p50_us": quantile(bench.times, 0.5),
        "p99_us": quantile(bench.times, 0.99),
        "p999_us": quantile(bench.times, 0.999),
        "worst_us": quantile(bench.times, 1.0),
        "timer_us": timer / 1000,
        "wall_events_per_s": round(len(bench.walls) / (sum(bench.walls) / 1e9)),
        "wall_p99_us": quantile(bench.walls, 0.99),
        **{name: round(size) for name, size in sizes.items()},
        **naive,
        "collector_pause_ms_max": round(bench.pauses.worst_ns / 1e6, 2),
        "collector_pause_wall_ms_max": round(bench.pauses.worst_wall_ns / 1e6, 2),
        "collections": bench.pauses.count,
        "load_before": load_before,
    }
    if not options.json:
        for kind, times in sorted(bench.by_kind().items()):
            print(
                f"{kind:18} {len(times):8}  p50 {quantile(times, 0.5):7} us  p99 {quantile(times, 0.99):7} us"
            )
    print(json.dumps(result))


if __name__ == "__main__":
    main()
