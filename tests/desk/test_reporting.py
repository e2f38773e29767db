"""Figures over HTTP: who sees what, and that what is asked wrongly is answered with what was expected."""

from __future__ import annotations

from collections.abc import Sequence

import aiohttp
import pytest

from acd.client import HttpRefused
from acd.client.http import call
from acd.desk.reporting import Reporting
from acd.ports import FiguresAsked, FiguresRow
from acd.statistics.counts import AgentCounts, QueueCounts
from acd.statistics.service_level import ServiceLevelRule
from tests.desk.house import House

DAY = "/api/figures?from=2025-03-30&to=2025-03-31&zone=Europe/Berlin"


class Book:
    """A reports room that remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[FiguresAsked] = []

    async def figures(self, asked: FiguresAsked) -> Sequence[FiguresRow]:
        self.asked.append(asked)
        queue = QueueCounts(entered=3, answered=2, answered_in_time=1, abandoned=1, wait_answered_ms=9)
        return [FiguresRow(*asked.periods[0], "=sales", queue, AgentCounts(working_ms=1, signed_in_ms=4))]


def give_book(house: House) -> Book:
    book = Book()
    for route in house.application.router.routes():
        if isinstance(mine := getattr(route.handler, "__self__", None), Reporting):
            mine._book = book
    return book


async def test_everybody_is_narrowed_to_what_they_may_see(house: House) -> None:
    book = give_book(house)
    for name in ("ann", "sue", "adi", "aud"):
        await call(house.address, "GET", DAY, token=(await house.sign_in(name)).token)
    ann, sue, adi, aud = book.asked
    assert (ann.by, ann.agents, ann.queues) == ("agent", {"ann"}, frozenset())
    assert (sue.by, sue.teams, sue.queues, sue.agents) == ("queue", {"red"}, {"sales", "support"}, None)
    assert (adi.queues, adi.teams, adi.agents) == (aud.queues, aud.teams, aud.agents) == (None, None, None)
    # The day on which clocks are put forward has 23 hours.
    assert len(adi.periods) == 23
    for name, path in (("ann", DAY + "&by=team"), ("ina", DAY)):
        with pytest.raises(HttpRefused) as refused:
            await call(house.address, "GET", path, token=(await house.sign_in(name)).token)
        assert refused.value.status == 403


async def test_counts_figures_and_every_rule_as_json_and_csv(house: House) -> None:
    give_book(house)
    token = (await house.sign_in("adi")).token
    page = await call(house.address, "GET", DAY + "&by=region&interval=day", token=token)
    [line] = page["lines"]
    assert (line["start_at"], line["end_at"]) == ("2025-03-30T00:00:00+01:00", "2025-03-31T00:00:00+02:00")
    assert line["queue_counts"]["entered"] == 3 and line["queue_figures"]["average_speed_of_answer_ms"] == 5
    assert set(line["queue_figures"]["service_level"]) == {rule.value for rule in ServiceLevelRule}
    assert line["queue_figures"]["service_level"]["answered_only"] == 500
    assert line["agent_figures"]["utilisation"] == 250 and line["agent_figures"]["adherence"] is None
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session,
        session.get(house.address + DAY + "&by=region&format=csv") as answer,
    ):
        assert answer.content_type == "text/csv"
        head, row = (await answer.text()).splitlines()
    cells = dict(zip(head.split(","), row.split(","), strict=True))
    assert cells["region"] == "'=sales" and cells["contacts.service_level.answered_only"] == "500"
    assert cells["agents.adherence"] == ""


@pytest.mark.parametrize(
    "wrong",
    ["from=yesterday", "from=2025-03-30T00:07", "to=2000-01-01", "interval=7", "by=moon", "zone=Mars/Base",
     "format=xml", "form=csv", "from=1980-01-01&to=2025-01-01"],
)  # fmt: skip
async def test_what_is_no_parameter_is_answered_with_what_was_expected(house: House, wrong: str) -> None:
    give_book(house)
    token = (await house.sign_in("adi")).token
    with pytest.raises(HttpRefused) as refused:
        await call(house.address, "GET", "/api/figures?" + wrong, token=token)
    assert refused.value.status == 400
    assert refused.value.problem["found"] and refused.value.problem["expected"]
