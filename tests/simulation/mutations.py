"""Does the simulation find planted mistakes? One mutation of the engine at a time, each in a process of its own.

    python -m tests.simulation.mutations [--only NAME ...] [--seeds 12] [--json]

The source is changed by an import hook, never in the tree. Each mutated engine plays seeded days (rules, staff and load
drawn, with faults and crashes) until an invariant breaks or the seeds are spent; the unmutated engine plays all of them
first and must pass. The last line with `--json` is one object with the score.
"""

from __future__ import annotations

import argparse
import importlib.abc
import importlib.machinery
import importlib.util
import json
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.simulation.mutants import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]
SEEDS = 12
SEED_CPU_S = 40
"""A day of two hours takes about two; whoever needs this long comes to no end."""
MEMORY_MAX = 3 << 30
UNMUTATED = "unmutated"


class NotFound(Exception):
    """The text of a mutation does not stand exactly once in its file."""


def mutated(mutant: Mutant) -> str:
    """Return the source of the mutant's file with the mutation in it."""
    source = (ROOT / "acd" / "routing" / mutant.file).read_text()
    times = source.count(mutant.old)
    if times != 1:
        raise NotFound(f"{mutant.name}: found the text {times} times in {mutant.file}, expected once")
    return source.replace(mutant.old, mutant.new)


class _Planted(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from another source."""

    def __init__(self, mutant: Mutant) -> None:
        words = Path("acd/routing", mutant.file).with_suffix("").parts
        self._name = ".".join(words)
        self._path = ROOT / "acd" / "routing" / mutant.file
        self._code = compile(mutated(mutant), f"{self._path} ({mutant.name})", "exec")
        self.is_planted = False

    def find_spec(self, name: str, path: Any, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        return importlib.util.spec_from_loader(name, self) if name == self._name else None

    def exec_module(self, module: ModuleType) -> None:
        self.is_planted = True
        exec(self._code, module.__dict__)


class _Broken(Exception):
    """The first breach ends the day."""


class _Alarm(list[str]):
    def append(self, line: str) -> None:
        raise _Broken(line)


def play(name: str, seeds: int) -> dict[str, Any]:
    """Play seeds under this mutation, in this process: it must not have imported the engine before."""
    if any(module.startswith("acd.routing.") for module in sys.modules):
        raise RuntimeError("the engine is imported already: nothing could be planted")
    planted = None
    if name != UNMUTATED:
        planted = _Planted(next(mutant for mutant in MUTANTS if mutant.name == name))
        sys.meta_path.insert(0, planted)
    from acd.simulation.day import Day
    from acd.simulation.sweep import plan_of
    from tests.simulation.centre import plan

    if planted is not None and not planted.is_planted:
        raise RuntimeError(f"{name} was not imported")
    checks = 0
    for seed in range(1, seeds + 1):
        print(seed, file=sys.stderr, flush=True)
        used = resource.getrusage(resource.RUSAGE_SELF)
        soft_s = int(used.ru_utime + used.ru_stime) + SEED_CPU_S
        resource.setrlimit(resource.RLIMIT_CPU, (soft_s, resource.RLIM_INFINITY))
        day = Day(plan_of(plan(1), seed, True), lambda: 0.0)
        day.auditor.broken = day._broken = _Alarm()
        what = ""
        try:
            report = day.run()
            if report.lost:
                what = f"invariant 1: {report.lost} contacts came to no end"
        except _Broken as broken:
            what = str(broken)
        except Exception as error:
            what = f"raised: {type(error).__name__}: {error}"
        checks += day.auditor.checks
        if what:
            return {"seed": seed, "checks": checks, "what": what[:200]}
    return {"seed": 0, "checks": checks, "what": ""}


def run_one(name: str, seeds: int) -> dict[str, Any]:
    """Play one mutation in a process of its own; one that comes to no end in its time is found as well."""
    command = [sys.executable, "-m", "tests.simulation.mutations", "--play", name, "--seeds", str(seeds)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1_200, preexec_fn=_limit)
    if done.returncode == -signal.SIGXCPU:
        return {"seed": int(done.stderr.split()[-1]), "checks": 0, "what": "hangs: a day comes to no end"}
    if done.returncode:
        raise RuntimeError(f"{name}: {done.stderr[-2_000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))


def found_by(what: str) -> str:
    """Return the number of the invariant, or what else showed it."""
    number = re.match(r"invariant (\d+)", what)
    return number.group(1) if number else what.partition(":")[0] or "-"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; status 1 if the unmutated engine fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=[mutant.name for mutant in MUTANTS])
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--play", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.play:
        print(json.dumps(play(given.play, given.seeds)))
        return 0
    chosen = [mutant for mutant in MUTANTS if not given.only or mutant.name in given.only]
    for mutant in chosen:
        mutated(mutant)
    sound = run_one(UNMUTATED, given.seeds)
    print(f"{'unmutated':36} {sound['checks']:>10,} checks, {sound['what'] or 'sound'}", flush=True)
    rows = []
    for mutant in chosen:
        row = {"mutation": mutant.name, "file": mutant.file, **run_one(mutant.name, given.seeds)}
        rows.append(row)
        by = found_by(row["what"])
        print(f"{mutant.name:36} {mutant.file:22} {by:>7} seed {row['seed']:>2} {row['checks']:>10,}  {row['what'][:70]}",
              flush=True)  # fmt: skip
    found = sum(bool(row["what"]) for row in rows)
    print(f"{found} of {len(rows)} found")
    if given.json:
        print(json.dumps({"mutations": len(rows), "found": found, "seeds": given.seeds,
                          "unmutated_is_sound": not sound["what"], "rows": rows}))  # fmt: skip
    return 1 if sound["what"] else 0


if __name__ == "__main__":
    sys.exit(main())
