"""Planted bugs: does the simulation find them?

    python -m tests.simulation.mutations [--seeds 8] [--jobs 2] [--only WORDS] [--json]

Each mutation changes one place of the engine's source, in memory alone, in a process of its own: the text must stand
there exactly once, so a mutation that has gone stale is an error and no success. That process plays drawn days with
faults, seed after seed, until something is broken or the seeds are used up. The unchanged engine must pass the same
seeds. `found by` is the number of the invariant (DESIGN 9), `raised` where the engine itself fell over, `stuck` where a
day did not come to its end in time.
"""

from __future__ import annotations

import argparse
import importlib.abc
import importlib.machinery
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import CodeType
from typing import Any, Final

from tests.simulation.planted import PLANTED, Mutation

ROOT: Final = Path(__file__).parents[2]
SEEDS: Final = 8
STUCK_S: Final = 120.0
_INVARIANT: Final = re.compile(r"invariant (\d+)")


class Missing(LookupError):
    """The text of a mutation does not stand in its file exactly once."""


def changed_source(mutation: Mutation) -> str:
    """Return the source of the mutation's file with the one change made.

    Raises:
        Missing: The text stands there never, or more than once.
    """
    source = (ROOT / mutation.file).read_text()
    found = source.count(mutation.old)
    if found != 1:
        raise Missing(f"{mutation.name}: found its text {found} times in {mutation.file}, expected once")
    return source.replace(mutation.old, mutation.new)


class _Planter(importlib.abc.MetaPathFinder):
    """Gives one module the changed source, and leaves no trace on the disk."""

    def __init__(self, mutation: Mutation) -> None:
        self._module = mutation.file.removesuffix(".py").replace("/", ".")
        self._code = compile(changed_source(mutation), mutation.file, "exec")
        self.is_planted = False

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._module:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        assert spec is not None and spec.origin is not None, f"there is no {fullname}"
        self.is_planted = True
        spec.loader = _Changed(fullname, spec.origin, self._code)
        return spec


class _Changed(importlib.machinery.SourceFileLoader):
    def __init__(self, fullname: str, path: str, code: CodeType) -> None:
        super().__init__(fullname, path)
        self._changed = code

    def get_code(self, fullname: str) -> CodeType:
        return self._changed


def play(seeds: range) -> dict[str, Any]:
    """Play drawn days until something is broken; what was found, in which seed, after how many checks."""
    from acd.cli.simulating import CRASH_EVERY, DROPS_EVERY_MS, FAULTS
    from acd.routing.model import Rules
    from acd.runtime.clock import monotonic_s
    from acd.simulation.day import Day, Plan
    from acd.simulation.population import AgentProfile
    from acd.simulation.sweep import plan_of

    agents = AgentProfile(drops_every_ms=DROPS_EVERY_MS)
    base = Plan(Rules(1), agents=agents, faults=FAULTS, crash_every=CRASH_EVERY)
    checks = 0
    for seed in seeds:
        try:
            report = Day(plan_of(base, seed, True), monotonic_s).run()
        except (NameError, SyntaxError):
            raise  # the mutation itself is no sense
        except Exception as fault:
            return {"by": "raised", "seed": seed, "checks": checks, "what": repr(fault)[:160]}
        checks += report.invariant_checks
        broken = [*report.broken, *(["invariant 1: lost"] if report.lost else [])]
        if broken:
            number = _INVARIANT.search(broken[0])
            by = number.group(1) if number is not None else "?"
            return {"by": by, "seed": seed, "checks": checks, "what": broken[0][:160]}
    return {"by": "", "seed": None, "checks": checks, "what": "survived"}


def run(name: str, seeds: int) -> dict[str, Any]:
    """Play with one mutation ("": none) in a process of its own.

    Raises:
        Missing: As `changed_source`.
        RuntimeError: The mutation makes no sense: the changed module cannot be loaded.
    """
    words = [sys.executable, "-m", "tests.simulation.mutations", "--one", name, "--seeds", str(seeds)]
    try:
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=STUCK_S, check=False)
    except subprocess.TimeoutExpired:
        return {"by": "stuck", "seed": None, "checks": 0, "what": f"no end after {STUCK_S:.0f} s"}
    if done.returncode:
        raise RuntimeError(f"{name or 'unchanged'}: {done.stderr.strip()[-400:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _one(name: str, seeds: range) -> None:
    mutation = next((known for known in PLANTED if known.name == name), None)
    if name and mutation is None:
        raise SystemExit(f"found --one {name!r}, expected one of {[known.name for known in PLANTED]}")
    planter = _Planter(mutation) if mutation is not None else None
    if planter is not None:
        sys.meta_path.insert(0, planter)
    found = play(seeds)
    assert planter is None or planter.is_planted, f"{name}: nobody loads its file"
    print(json.dumps(found))


def main() -> None:
    """Run all, print the table, and with --json one object on the last line; exit status 1 if the engine is broken as it is."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=SEEDS, help="days for each mutation")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="", help="mutations with these words in their name")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    wishes = parser.parse_args()
    if wishes.one is not None:
        _one(wishes.one, range(1, wishes.seeds + 1))
        return
    chosen = [known for known in PLANTED if wishes.only in known.name]
    with ThreadPoolExecutor(wishes.jobs) as pool:
        unchanged = pool.submit(run, "", wishes.seeds)
        runs = [(known, pool.submit(run, known.name, wishes.seeds)) for known in chosen]
        found = 0
        print(f"{'mutation':44} {'file':34} {'found by':>8} {'seed':>4} {'checks':>10}")
        rows = []
        for known, future in runs:
            result = future.result()
            found += bool(result["by"])
            file = known.file.removeprefix("acd/routing/")
            print(
                f"{known.name:44} {file:34} {result['by'] or '-':>8} {result['seed'] or '-':>4} {result['checks']:>10,}",
                flush=True,
            )
            rows.append({"mutation": known.name, "file": known.file, **result})
    clean = unchanged.result()
    print(f"found {found} of {len(chosen)}; unchanged: {clean['what']} {clean['checks']:,} checks")
    if wishes.json:
        summary = {
            "mutations": len(chosen),
            "found": found,
            "unchanged_is_sound": not clean["by"],
            "rows": rows,
        }
        print(json.dumps(summary))
    if clean["by"]:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
