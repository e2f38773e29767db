"""`acd simulate`: hours of a simulated centre around the real engine, one seed or many, under one rule or another."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
from rich.progress import Progress
from rich.table import Table

from acd.cli.journal import FILE
from acd.cli.printing import err, for_operators, out, refuse
from acd.config import load
from acd.routing.model import Rules, Strategy
from acd.runtime.clock import monotonic_s
from acd.runtime.journal import JournalReader
from acd.simulation.day import Day, Plan, Report
from acd.simulation.demo import with_demo_staff
from acd.simulation.picture import RUNS_MAX, WORDS, NoPictures, Run, draw, jain
from acd.simulation.population import AgentProfile, CustomerProfile
from acd.simulation.recorded import RecordedDay
from acd.simulation.sweep import Sum, sweep
from acd.simulation.world import Faults
from acd.statistics import figures
from acd.statistics.service_level import ServiceLevelRule, service_level

HOUR_MS: Final = 3_600_000
QUARTER_MS: Final = 900_000
STAFF: Final = 60
STAFF_MAX: Final = 2_000
FAULTS: Final = Faults(late=20, twice=20, lost=20, crossed=20, again=20, back=5, silent=5)
DROPS_EVERY_MS: Final = 2 * HOUR_MS
CRASH_EVERY: Final = 1_500

Choice = Annotated[Strategy | None, typer.Option(help="Every queue under this strategy instead of its own.")]


StaffOption = Annotated[
    str,
    typer.Option(
        help="How many agents are simulated; several, as in 50,60,70 or (shares of 60) 0.9,1.0,1.1, are "
        "compared under the load of the first whole number or of 60."
    ),
]
PerAgentHour = Annotated[int, typer.Option(min=1, max=100, help="Contacts for each agent and hour.")]
WithFaults = Annotated[bool, typer.Option("--faults", help="Late, repeated, lost messages, and crashes.")]
Against = Annotated[Path | None, typer.Option(help="Another folder of configuration, for the same people.")]
Journal = Annotated[
    Path | None,
    typer.Option(help="A data folder or journal: its customers and shifts come again, under these rules."),
]
Picture = Annotated[
    Path | None, typer.Option(help="A file for a picture (.png, .svg) of all that is compared.")
]
Drawn = Annotated[
    bool,
    typer.Option("--drawn-rules", help="With --seeds: rules, staff and load are drawn from each seed."),
]
Result = Annotated[
    Path | None, typer.Option(help="With --seeds: a file that gets a line of JSON for each seed.")
]


def simulate(
    seed: Annotated[int, typer.Option(help="The same seed is the same day, on any machine.")] = 1,
    hours: Annotated[float, typer.Option(min=0.1, max=240, help="How long the doors are open.")] = 2,
    staff: StaffOption = "60",
    per_agent_hour: PerAgentHour = 16,
    faults: WithFaults = False,
    strategy: Choice = None,
    against_strategy: Choice = None,
    against: Against = None,
    journal: Journal = None,
    picture: Picture = None,
    language: Annotated[str, typer.Option(help="Of the picture's words: en or zh.")] = "en",
    seeds: Annotated[str, typer.Option(help="Many days, as in 1-1000, one after the other.")] = "",
    drawn: Drawn = False,
    result: Result = None,
    config: Annotated[Path, typer.Option(help="The folder of the configuration.")] = Path("config"),
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on the last line.")] = False,
) -> None:
    """Simulate a centre in virtual time, with an auditor who checks every record.

    The rules are those of the configuration, the people are simulated. With --against-strategy, --against or several
    numbers of --staff the same customers come again, and all are set side by side. Exit status 1 if an invariant was
    broken.
    """
    base, counts = _staff_of(staff)
    if language not in WORDS:
        refuse(f"--language: found {language!r}, expected one of {', '.join(WORDS)}")
    with for_operators():
        rules = load(config).rules
        other = load(against).rules if against is not None else None
    load_per_hour = base * per_agent_hour
    plan = _under(_plan(rules, seed, hours, counts[0], load_per_hour, faults), strategy)
    if journal is not None:
        _again(_read(journal), rules, other, (strategy, against_strategy), picture, language, as_json)
        return
    if seeds:
        _many(plan, _range_of(seeds), drawn, result, as_json)
        return
    first = str(strategy or ("as configured" if against is None else config))
    plans = [(first, plan)]
    if against_strategy is not None:
        plans.append((str(against_strategy), _under(plan, against_strategy)))
    if other is not None:
        plans.append((str(against), _plan(other, seed, hours, counts[0], load_per_hour, faults)))
    if len(counts) > 1:
        named = "{} 个坐席" if language == "zh" else "{} agents"
        sizes = [_plan(rules, seed, hours, count, load_per_hour, faults) for count in counts]
        staffed = [
            (named.format(count), _under(size, strategy)) for count, size in zip(counts, sizes, strict=True)
        ]
        plans = staffed + plans[1:]
    if len(plans) > RUNS_MAX:
        refuse(f"found {len(plans)} runs to compare, expected at most {RUNS_MAX}")
    _compare(plans, picture, language, as_json)


def _read(journal: Path) -> RecordedDay:
    """The day that a journal holds."""
    places = [journal / FILE, journal / Path(FILE).name, journal]
    file = next((place for place in places if place.is_file()), places[0] if journal.is_dir() else journal)
    recorded = RecordedDay()
    with for_operators():
        reader = JournalReader(file)
        try:
            recorded.read(reader.records())
        except ValueError as error:
            refuse(f"--journal {journal}: {error}")
    return recorded


def _again(
    recorded: RecordedDay,
    rules: Rules,
    other: Rules | None,
    strategies: tuple[Strategy | None, Strategy | None],
    picture: Path | None,
    language: str,
    as_json: bool,
) -> None:
    """Play a day that was under the rules, and under those beside them."""
    strategy, against_strategy = strategies
    plan = _under(_plan_again(recorded, rules), strategy)
    plans = [("as it was", plan), (str(strategy or "under --config"), plan)]
    if against_strategy is not None:
        plans.append((str(against_strategy), _under(plan, against_strategy)))
    if other is not None:
        plans.append(("under --against", _plan_again(recorded, other)))
    _compare(plans, picture, language, as_json, recorded)


def _plan_again(recorded: RecordedDay, rules: Rules) -> Plan:
    return Plan(
        recorded.staffed(rules),
        start_ms=recorded.start_ms,
        length_ms=max(1, recorded.end_ms - recorded.start_ms),
        customers=recorded.customers(),
        agents=recorded.agents(),
        recorded=recorded,
    )


def _compare(
    plans: list[tuple[str, Plan]],
    picture: Path | None,
    language: str,
    as_json: bool,
    recorded: RecordedDay | None = None,
) -> None:
    """Run each, then say, draw and judge. The first of a recorded day is what it was, and is not run."""
    days: list[tuple[Report, Day | RecordedDay]] = []
    if recorded is not None:
        days.append((_report_of(recorded), recorded))
    days += [_run(plan) for _, plan in plans[len(days) :]]
    names = [name for name, _ in plans]
    reports = [report for report, _ in days]
    if not as_json:
        _show([plan for _, plan in plans], days, names)
    if picture is not None:
        runs = [_drawn(name, plan, day) for (name, plan), (_, day) in zip(plans, days, strict=True)]
        hours = f"{plans[0][1].length_ms / HOUR_MS:g}"
        what = f"--seed {plans[0][1].seed} --hours {hours}" if recorded is None else f"--journal, {hours} h"
        title = f"acd simulate {what}"
        try:
            draw(runs, picture, title, language)
        except (NoPictures, OSError, ValueError) as error:
            refuse(f"--picture: {error}")
    for line in [line for report in reports for line in report.broken]:
        err.print(line, markup=False)
    if as_json:
        answer = msgspec.to_builtins(reports[0])
        if len(reports) > 1:
            answer["runs"] = [
                {"name": name, **_figures(plan, report, day)}
                for (name, plan), (report, day) in zip(plans, days, strict=True)
            ]
        typer.echo(msgspec.json.encode(answer).decode())
    if any(report.broken or report.lost for report in reports):
        raise typer.Exit(1)


def _report_of(recorded: RecordedDay) -> Report:
    return Report(
        contacts=len(recorded.visits), faults=0, crashes=0, lost=0, open_return_calls=0, assigned_twice=0,
        invariant_checks=0, broken=[], hash="", speed=0, records=0, outcomes=recorded.outcomes,
    )  # fmt: skip


def _staff_of(words: str) -> tuple[int, list[int]]:
    """Whose load it is, and how many agents each run has: `60`, `50,60,70`, or `0.9,1.0,1.1` of 60."""
    try:
        numbers = [float(word) for word in words.split(",")]
        counts = [round(STAFF * number) if "." in words else int(number) for number in numbers]
    except (ValueError, OverflowError):
        counts = []
    if not counts or min(counts) < 1 or max(counts) > STAFF_MAX:
        refuse(
            f"--staff: found {words!r}, expected 1 to {STAFF_MAX}, as in 60 or 50,60,70, or shares as in 0.9,1.1"
        )
    return (STAFF if "." in words else counts[0]), counts


def _plan(rules: Rules, seed: int, hours: float, staff: int, per_hour: int, is_faulty: bool) -> Plan:
    """The configuration's own agents stay signed out: nobody plays them."""
    people, _ = with_demo_staff(msgspec.structs.replace(rules, agents=()), staff)
    return Plan(
        people,
        seed=seed,
        length_ms=int(hours * HOUR_MS),
        customers=CustomerProfile(per_hour=per_hour),
        agents=AgentProfile(drops_every_ms=DROPS_EVERY_MS if is_faulty else 0),
        faults=FAULTS if is_faulty else Faults(),
        crash_every=CRASH_EVERY if is_faulty else 0,
    )


def _range_of(words: str) -> range:
    first, _, last = words.partition("-")
    if not (first.isdecimal() and (last or first).isdecimal()):
        refuse(f"--seeds: found {words!r}, expected two numbers as in 1-1000")
    return range(int(first), int(last or first) + 1)


def _many(plan: Plan, seeds: range, is_drawn: bool, result: Path | None, as_json: bool) -> None:
    """Simulate seed after seed, telling how far it is; status 1 if an invariant was broken in any."""
    total = Sum(hours=plan.length_ms / HOUR_MS)
    began = monotonic_s()
    with ExitStack() as stack:
        bar = stack.enter_context(Progress(console=err, transient=True))
        file = stack.enter_context(result.open("w")) if result is not None else None
        task = bar.add_task("simulating", total=len(seeds))
        for seed, report in sweep(plan, seeds, is_drawn, monotonic_s):
            total.add(seed, report)
            bar.update(task, advance=1, description=f"seed {seed}: {len(total.broken)} broken")
            if file is not None:
                file.write(msgspec.json.encode({"seed": seed, "report": report}).decode() + "\n")
                file.flush()
    took_s = monotonic_s() - began
    for line in total.broken:
        err.print(line, markup=False)
    speed = round(total.hours * total.seeds * 3600 / max(took_s, 1e-9), 1)
    if as_json:
        typer.echo(
            msgspec.json.encode(
                {**msgspec.to_builtins(total), "seconds": round(took_s, 1), "speed": speed}
            ).decode()
        )
    else:
        table = Table(title=f"seeds {seeds.start} to {seeds.stop - 1}, {total.hours:g} h each")
        table.add_column("")
        table.add_column("", justify="right")
        for name in (
            "seeds",
            "contacts",
            "records",
            "faults",
            "crashes",
            "lost",
            "assigned_twice",
            "invariant_checks",
        ):
            table.add_row(name.replace("_", " "), f"{getattr(total, name):,}")
        table.add_row("invariants broken", f"{len(total.broken):,}")
        table.add_row("speed", f"{speed:,.0f} x real time")
        out.print(table)
    if not total.is_sound():
        raise typer.Exit(1)


def _under(plan: Plan, strategy: Strategy | None) -> Plan:
    if strategy is None:
        return plan
    queues = tuple(msgspec.structs.replace(queue, strategy=strategy) for queue in plan.rules.queues)
    return msgspec.structs.replace(plan, rules=msgspec.structs.replace(plan.rules, queues=queues))


def _run(plan: Plan) -> tuple[Report, Day]:
    with Progress(console=err, transient=True) as bar:
        task = bar.add_task("simulating", total=plan.length_ms)
        day = Day(plan, monotonic_s, lambda done, _: bar.update(task, completed=done))
        return day.run(), day


def _show(plans: list[Plan], days: list[tuple[Report, Day | RecordedDay]], names: list[str]) -> None:
    plan = plans[0]
    day = f"seed {plan.seed}" if plan.recorded is None else "a day that was"
    table = Table(title=f"{day}, {len(plan.rules.agents)} agents, {plan.length_ms / HOUR_MS:g} h")
    table.add_column("")
    for name in names:
        table.add_column(name, justify="right")
    rows: dict[str, list[str]] = {}
    for number, (each, (report, played)) in enumerate(zip(plans, days, strict=True)):
        for what, value in _figures(each, report, played).items():
            values = rows.setdefault(what, [])
            values += ["-"] * (number - len(values)) + [value]
    for what, values in rows.items():
        table.add_row(what, *values)
    out.print(table)


def _occupancies(plan: Plan, day: Day | RecordedDay) -> list[float]:
    start, end = plan.start_ms - QUARTER_MS, plan.start_ms + plan.length_ms + 86_400_000
    return sorted(
        share / 10
        for agent in plan.rules.agents
        if (share := figures.occupancy(day.statistics.agent_counts(start, end, plan.start_ms, agent.agent)))
        is not None
    )


def _drawn(name: str, plan: Plan, day: Day | RecordedDay) -> Run:
    levels = []
    first_ms = plan.start_ms - plan.start_ms % QUARTER_MS
    for at_ms in range(first_ms, plan.start_ms + plan.length_ms, QUARTER_MS):
        counts = day.statistics.queue_counts(at_ms, at_ms + QUARTER_MS)
        level = service_level(counts, ServiceLevelRule.ABANDONS_NEGATIVE)
        if level is not None:
            levels.append((max(0, at_ms - plan.start_ms) / HOUR_MS, level / 10))
    taken = [day.taken.get(agent.agent, 0) for agent in plan.rules.agents]
    return Run(name, levels, [wait_ms / 1000 for wait_ms in day.waits_ms], _occupancies(plan, day), taken)


def _figures(plan: Plan, report: Report, day: Day | RecordedDay) -> dict[str, str]:
    start, end = plan.start_ms - QUARTER_MS, plan.start_ms + plan.length_ms + 86_400_000
    counts = day.statistics.queue_counts(start, end)
    shares = _occupancies(plan, day)
    even = jain([day.taken.get(agent.agent, 0) for agent in plan.rules.agents])
    level = service_level(counts, ServiceLevelRule.ABANDONS_NEGATIVE)
    wait_ms = figures.average_speed_of_answer_ms(counts)
    return {
        "contacts": str(report.contacts),
        "service level (abandons_negative)": "-" if level is None else f"{level / 10:.1f} %",
        "mean wait": "-" if wait_ms is None else f"{wait_ms / 1000:.1f} s",
        "longest wait": f"{counts.wait_longest_ms / 1000:.0f} s",
        **{str(outcome): str(count) for outcome, count in report.outcomes.items()},
        "occupancy, median": f"{shares[len(shares) // 2]:.1f} %" if shares else "-",
        "occupancy, least to most": f"{shares[0]:.1f} to {shares[-1]:.1f} %" if shares else "-",
        "fairness of contacts (Jain, 1 is even)": "-" if even is None else f"{even:.3f}",
        "faults, crashes": f"{report.faults}, {report.crashes}",
        "lost, assigned twice": f"{report.lost}, {report.assigned_twice}",
        "invariants checked, broken": f"{report.invariant_checks}, {len(report.broken)}",
        "speed": f"{report.speed:,.0f} x real time" if report.records else "-",
    }
