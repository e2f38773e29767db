"""What monitoring reads: every expression of the board and every line of the notes names what the server exports."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from acd.app.grafana import build_board
from tests.cli.test_serving import running
from tests.end_to_end.house import Desk, fetch
from tests.telephony_adapters.sip.telephones import Telephone

pytestmark = pytest.mark.timeout(120)

ROOT = Path(__file__).parents[2]
BOARD = ROOT / "monitoring" / "grafana.json"
NOTES = [ROOT / "acd" / place / "NOTES.md" for place in ("runtime", "app", "desk")]
_NAME = re.compile(r"\b(?:acd|process)_[a-z_]+")


def families(page: str) -> dict[str, str]:
    """Every metric of a page with its kind."""
    return dict(re.findall(r"^# TYPE (\S+) (\S+)$", page, re.MULTILINE))


def series(page: str) -> set[str]:
    """Every name that an expression may use."""
    found = set()
    for name, kind in families(page).items():
        found |= {name + end for end in ("_bucket", "_sum", "_count")} if kind == "histogram" else {name}
    return found


def labels(page: str) -> dict[str, set[str]]:
    """The labels with which each series is there now."""
    found: dict[str, set[str]] = {}
    for line in page.splitlines():
        if not line.startswith("#") and "{" in line:
            name, _, rest = line.partition("{")
            found.setdefault(name, set()).update(re.findall(r'(\w+)="', rest))
    return found


def expressions() -> list[str]:
    return [target["expr"] for panel in build_board()["panels"] for target in panel.get("targets", ())]


def test_the_board_that_is_kept_is_the_one_that_is_made() -> None:
    assert json.loads(BOARD.read_text()) == build_board(), "run: acd grafana > monitoring/grafana.json"
    places = [tuple(panel["gridPos"].values()) for panel in build_board()["panels"]]
    assert len(set(places)) == len(places), "two panels in one place"


async def test_every_expression_and_every_note_names_what_a_server_exports_after_a_call(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, agents=1) as server:
        phone = await Telephone(server.sip, "2000").open()
        assert (await phone.register("phone-00")).status == 200
        desk = Desk(server, "agent0", "password-0")
        await desk.open()
        caller = await Telephone(server.sip, "13900000001").open()
        leg = caller.call("4000")
        await phone.until(lambda: "acd_wait_seconds_count{" in fetch(f"{server.http}/metrics")[1], 20)
        caller.hang_up(leg)
        await phone.until(lambda: "acd_contacts_ended_total{" in fetch(f"{server.http}/metrics")[1], 20)
        page = fetch(f"{server.http}/metrics")[1]
        await desk.close()
        for each in (phone, caller):
            each.close()
    known, seen = series(page), labels(page)
    for expression in expressions():
        names = _NAME.findall(expression)
        assert names, expression
        assert set(names) <= known, f"{expression}: {set(names) - known} is not exported"
        for group in re.findall(r"by \(([^)]*)\)", expression):
            for label in {word.strip() for word in group.split(",")} - {"le"}:
                with_samples = [name for name in names if name in seen]
                assert all(label in seen[name] for name in with_samples), f"{expression}: no label {label}"
    assert 'acd_waiting_contacts{queue="line"} 0.0' in page
    assert 'acd_agents{presence="ready"} 1.0' in page
    assert 'acd_contacts_ended_total{outcome="answered",queue="line"} 1.0' in page
    assert 'acd_talk_seconds_count{queue="line"} 1.0' in page
    noted = "\n".join(path.read_text() for path in NOTES)
    missing = [
        name
        for name in families(page)
        if name.startswith("acd_") and not name.endswith("_created") and name not in noted
    ]
    assert missing == [], "metrics without a line in a note"
