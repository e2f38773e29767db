"""The whole grid of `routing.py`: every cell in a process of its own, medians of several runs, and how cost grows.

    python bench/routing.py --grid grid.jsonl --events 60000 --naive-seconds 3    (thrice: three runs of each cell)
    python bench/routing.py --table grid.jsonl    (prints the table, draws grid.jsonl.png)

Cells come in turn, so that whatever else the machine does in the meantime falls upon all of them.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

AGENTS = (100, 1_000, 10_000, 100_000)
WAITING = (0, 1_000, 100_000)
SHOWN = (
    "events_per_s", "p50_us", "p99_us", "worst_us", "naive_events_per_s", "bytes_per_agent", "bytes_per_contact",
    "collector_pause_ms_max", "load_before",
)  # fmt: skip
GOALS = {"events_per_s": 100_000, "p50_us": 10, "p99_us": 40}


def run_grid(options: argparse.Namespace) -> None:
    """Run every cell once and append what it says; or show what has been gathered."""
    if options.table:
        rows = [json.loads(line) for line in options.table.read_text().splitlines()]
        cells = medians(rows)
        print("\n".join(table(cells)))
        draw(cells, options.table.with_name(options.table.name + ".png"))
        return
    for waiting in WAITING:
        for agents in AGENTS:
            result = run_cell(options, agents, waiting)
            with options.grid.open("a") as file:
                file.write(json.dumps(result) + "\n")
            print(json.dumps(result), flush=True)


def run_cell(options: argparse.Namespace, agents: int, waiting: int) -> dict[str, Any]:
    """One cell in a process of its own."""
    command = [
        sys.executable, str(Path(__file__).with_name("routing.py")), "--json", "--agents", str(agents), "--waiting",
        str(waiting), "--events", str(options.events), "--naive-seconds", str(options.naive_seconds), "--replays",
        str(options.replays), "--warm-up", str(options.warm_up), "--strategy", options.strategy,
    ]  # fmt: skip
    print(f"{agents} agents, {waiting} waiting", file=sys.stderr)
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def medians(rows: list[dict[str, Any]]) -> dict[tuple[int, int], dict[str, Any]]:
    """Of each cell the median of every figure, the slowest and fastest run, and how many runs there were."""
    cells = {}
    for waiting in WAITING:
        for agents in AGENTS:
            runs = [row for row in rows if (row["agents"], row["waiting"]) == (agents, waiting)]
            if runs:
                cell = {name: median(run[name] or 0 for run in runs) for name in SHOWN}
                cell["runs"] = len(runs)
                cell["least"] = min(run["events_per_s"] for run in runs)
                cell["most"] = max(run["events_per_s"] for run in runs)
                cell["equal"] = all(run["decisions_equal"] for run in runs)
                cells[agents, waiting] = cell
    return cells


def table(cells: dict[tuple[int, int], dict[str, Any]]) -> list[str]:
    """In Markdown, with the growth from 100 to 100,000 agents under it."""
    lines = [
        "| agents | waiting | events/s (least to most) | p50 us | p99 us | worst ms | naive events/s | bytes an agent "
        "| bytes a contact | pause ms | load |",
        "|" + "---|" * 11,
    ]
    for (agents, waiting), cell in cells.items():
        lines.append(
            f"| {agents:,} | {waiting:,} | {cell['events_per_s']:,.0f} ({cell['least']:,} to {cell['most']:,}) "
            f"| {cell['p50_us']:.1f} | {cell['p99_us']:.0f} | {cell['worst_us'] / 1000:.1f} "
            f"| {cell['naive_events_per_s']:,.0f} | {cell['bytes_per_agent']:.0f} | {cell['bytes_per_contact']:.0f} "
            f"| {cell['collector_pause_ms_max']:.1f} | {cell['load_before']:.1f} |"
        )
    for waiting in WAITING:
        first, last = cells.get((AGENTS[0], waiting)), cells.get((AGENTS[-1], waiting))
        if first is not None and last is not None:
            growth = first["events_per_s"] / last["events_per_s"]
            lines.append(
                f"{waiting:,} waiting: from 100 to 100,000 agents an event costs {growth:.2f} times as much"
            )
    return lines


def draw(cells: dict[tuple[int, int], dict[str, Any]], file: Path) -> None:
    """How the figures grow with the agents, a line for each length of the lines, the goals dashed."""
    from matplotlib import pyplot

    figure, frames = pyplot.subplots(1, 3, figsize=(15, 4.5))
    for frame, (name, goal) in zip(frames, GOALS.items(), strict=True):
        for waiting in WAITING:
            known = [
                (agents, cells[agents, waiting][name]) for agents in AGENTS if (agents, waiting) in cells
            ]
            frame.plot(*zip(*known, strict=True), marker="o", label=f"{waiting:,} waiting")
        frame.axhline(goal, linestyle="--", color="grey", label=f"goal {goal:,}")
        frame.set_xscale("log")
        frame.set_ylim(bottom=0)
        frame.set_title(name)
        frame.set_xlabel("agents")
        frame.legend(loc="lower left")
    figure.tight_layout()
    figure.savefig(file, dpi=90)
