"""What-if runs as a picture: service level over the day, waits, occupancy, and fairness between agents.

matplotlib is an extra (`pip install acd[bench]`); without it `draw` says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

FONTS: Final = ("Noto Sans CJK SC", "Noto Sans SC", "Microsoft YaHei", "PingFang SC", "DejaVu Sans")
COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#555555", "#000000")
RUNS_MAX: Final = len(COLOURS)
WORDS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "level": "Service level", "hours": "hours since opening", "percent": "%",
        "waits": "Answered within", "seconds": "seconds", "share": "% of the answered",
        "occupancy": "Occupancy, least to most busy", "agents": "% of the agents",
        "contacts": "Contacts for each agent", "handled": "contacts",
    },
    "zh": {
        "level": "服务水平", "hours": "开门后的小时数", "percent": "%",
        "waits": "在此时间内接通", "seconds": "秒", "share": "已接通的 %",
        "occupancy": "占用率（从最闲到最忙）", "agents": "坐席的 %",
        "contacts": "每个坐席的联系数", "handled": "联系数",
    },
}  # fmt: skip


class NoPictures(Exception):
    """matplotlib is not installed."""


class Run(msgspec.Struct):
    """One run of a what-if, as far as it is drawn."""

    name: str
    levels: list[tuple[float, float]]
    """Hours since opening, and the service level of that quarter in percent."""
    waits_s: list[float]
    occupancy: list[float]
    """Of each agent, in percent."""
    contacts: list[int]
    """Taken by each agent."""


def draw(runs: Sequence[Run], path: Path, title: str, language: str = "en") -> None:
    """Draw all runs into one file; its ending says which format.

    Raises:
        NoPictures: matplotlib is missing.
        OSError, ValueError: the file cannot be written, or has a strange ending.
    """
    try:
        import matplotlib
    except ImportError as error:
        raise NoPictures("--picture needs matplotlib: pip install 'acd[bench]'") from error
    matplotlib.use("Agg")
    import logging

    from matplotlib import pyplot

    logging.getLogger("matplotlib.font_manager").setLevel(
        logging.ERROR
    )  # fonts of other systems are not missed
    words = WORDS[language]
    with pyplot.rc_context({"font.family": list(FONTS), "font.size": 11}):
        figure, axes = pyplot.subplots(2, 2, figsize=(13, 9), dpi=110)
        level, waits, occupancy, contacts = axes.flat
        for run, colour in zip(runs, COLOURS, strict=False):
            level.plot(*_columns(run.levels), color=colour, label=run.name, marker="o", markersize=3)
            waits.step(*_shares(run.waits_s), color=colour, where="post")
            places = [100 * (place + 0.5) / len(run.occupancy) for place in range(len(run.occupancy))]
            occupancy.plot(places, sorted(run.occupancy), color=colour)
        contacts.boxplot([run.contacts for run in runs], tick_labels=[_folded(run.name) for run in runs],
                         whis=(0, 100), medianprops={"color": "#d55e00"})  # fmt: skip
        _name(level, words["level"], words["hours"], words["percent"])
        _name(waits, words["waits"], words["seconds"], words["share"])
        _name(occupancy, words["occupancy"], words["agents"], words["percent"])
        _name(contacts, words["contacts"], "", words["handled"])
        level.set_ylim(-3, 103)
        occupancy.set_ylim(0, 103)
        figure.suptitle(title)
        figure.legend(loc="lower center", ncols=min(4, len(runs)), frameon=False)
        figure.tight_layout(rect=(0, 0.02 + 0.03 * -(-len(runs) // 4), 1, 0.98))
        figure.savefig(path)
        pyplot.close(figure)


def jain(shares: Sequence[float]) -> float | None:
    """Return how evenly something is shared: 1 where all have the same, near 0 where one has all."""
    squares = sum(share * share for share in shares)
    return sum(shares) ** 2 / (len(shares) * squares) if squares else None


def _name(axes: object, title: str, below: str, left: str) -> None:
    for attribute, text in (("set_title", title), ("set_xlabel", below), ("set_ylabel", left)):
        getattr(axes, attribute)(text)
    axes.grid(alpha=0.3)  # type: ignore[attr-defined]


def _columns(points: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [x for x, _ in points], [y for _, y in points]


def _shares(waits_s: Sequence[float]) -> tuple[list[float], list[float]]:
    ordered = sorted(waits_s)
    return ordered, [100 * (place + 1) / len(ordered) for place in range(len(ordered))]


def _folded(name: str) -> str:
    return name.replace(", ", "\n").replace(" ", "\n", 1) if len(name) > 14 else name
