"""Exact values of small queueing systems from their formulas: Erlang B, C and A, a bounded line, two priorities.

Everything is in units of the mean talk: `load` is arrivals in a talk, `patience` the mean patience in talks, waits
come out in talks. The birth-death chains are summed from the top of their mass, so that nothing overflows.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, sqrt


def erlang_b(agents: int, load: float) -> float:
    """The share blocked where nobody waits: B(n) = aB(n-1) / (n + aB(n-1))."""
    blocked = 1.0
    for n in range(1, agents + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked


def erlang_c(agents: int, load: float) -> float:
    """The share that waits where everybody does so until served; `load` below `agents`."""
    blocked = erlang_b(agents, load)
    return agents * blocked / (agents - load * (1 - blocked))


def measures_c(agents: int, load: float, threshold: float) -> dict[str, float]:
    """P_wait, ASA, SL, Lq and occupancy of M/M/n."""
    waits = erlang_c(agents, load)
    asa = waits / (agents - load)
    return {
        "P_wait": waits,
        "ASA": asa,
        "SL": 1 - waits * exp(-(agents - load) * threshold),
        "Lq": load * asa,
        "occupancy": load / agents,
    }


def measures_bounded(agents: int, load: float, line_max: int) -> dict[str, float]:
    """P_block, P_wait (of all who come), ASA of all who come and occupancy of M/M/n with a bounded line."""
    shares = stationary(lambda _: load, lambda n: float(min(n, agents)), agents + line_max)
    line = sum(max(0, n - agents) * share for n, share in enumerate(shares))
    busy = sum(min(n, agents) * share for n, share in enumerate(shares))
    return {
        "P_block": shares[-1],
        "P_wait": sum(shares[agents:-1]),
        "ASA": line / load,
        "occupancy": busy / agents,
    }


def measures_a(agents: int, load: float, patience: float) -> dict[str, float]:
    """P_wait, P_abandon, ASA of all who come, Lq and occupancy of M/M/n+M."""

    def leaves(n: int) -> float:
        return min(n, agents) + max(0, n - agents) / patience

    shares = stationary(lambda _: load, leaves, agents + int(40 * max(1.0, load * patience)) + 200)
    line = sum(max(0, n - agents) * share for n, share in enumerate(shares))
    busy = sum(min(n, agents) * share for n, share in enumerate(shares))
    return {
        "P_wait": sum(shares[agents:]),
        "P_abandon": line / patience / load,
        "ASA": line / load,
        "Lq": line,
        "occupancy": busy / agents,
    }


def waits_by_priority(agents: int, first: float, second: float) -> tuple[float, float]:
    """The mean waits of two kinds with equal talks where the first goes before the second, without preemption."""
    waits = erlang_c(agents, first + second)
    return waits / (agents - first), waits * agents / (agents - first) / (agents - first - second)


def relaxation_calls(agents: int, load: float, patience: float | None, line_max: int) -> float:
    """After how many calls such a system has about forgotten its state; the longest of its parts.

    Without patience: load / (sqrt(n) - sqrt(load))^2, the relaxation of M/M/n where it is longer than a talk's.
    """
    longest = load * max(1.0, patience or 0.0)
    if patience is None and line_max:
        gap = sqrt(agents) - sqrt(load)
        longest = max(longest, load / gap**2)
    return longest


def stationary(up: Callable[[int], float], down: Callable[[int], float], top: int) -> list[float]:
    """The shares of time of a birth-death chain on 0..top; `down(n)` is the rate from n to n-1."""
    weights = [1.0]
    for n in range(1, top + 1):
        weights.append(weights[-1] * up(n - 1) / down(n))
        if weights[-1] > 1e200:
            weights = [weight * 1e-200 for weight in weights]
    total = sum(weights)
    return [weight / total for weight in weights]
