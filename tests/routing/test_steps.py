"""Up to ten steps of relaxation, each asking for less than the one before; needs as a choice of conjunctions."""

from __future__ import annotations

import pytest

from acd.routing.model import (
    Needs,
    QueueId,
    QueueRules,
    Reach,
    RegionId,
    RegionRules,
    SkillId,
    SkillNeed,
    Step,
)
from acd.routing.outputs import OfferMade, StepTaken
from acd.routing.plans import find_fault
from tests.routing.zone import Zone, agent, last, of, rules_of

Q = QueueId("q")
A, B, C, D, E = (SkillId(name) for name in "abcde")
NORTH, SOUTH, WEST = (RegionId(name) for name in ("north", "south", "west"))
REGIONS = (
    RegionRules(NORTH, neighbours=(SOUTH,)),
    RegionRules(SOUTH, neighbours=(NORTH,)),
    RegionRules(WEST),
)
NEEDS = Needs(((SkillNeed(A, 5),),), (SkillNeed(B, 1), SkillNeed(C, 1), SkillNeed(D, 1), SkillNeed(E, 1)))
TEN = (
    Step(0, Reach.HOME),
    Step(10_000, Reach.HOME, 1),
    Step(20_000, Reach.HOME, 2),
    Step(30_000, Reach.HOME, 2, (B,)),
    Step(40_000, Reach.HOME, 2, (B, C)),
    Step(50_000, Reach.NEIGHBOURS, 2, (B, C)),
    Step(60_000, Reach.NEIGHBOURS, 3, (B, C)),
    Step(70_000, Reach.NEIGHBOURS, 3, (B, C, D)),
    Step(80_000, Reach.NEIGHBOURS, 4, (B, C, D, E)),
    Step(90_000, Reach.ALL, 4, (B, C, D, E)),
)
FULL = {"b": 1, "c": 1, "d": 1, "e": 1}
SUITS = [
    {"skills": {"a": 5, **FULL}, "region": "north"},
    {"skills": {"a": 4, **FULL}, "region": "north"},
    {"skills": {"a": 3, **FULL}, "region": "north"},
    {"skills": {"a": 3, "c": 1, "d": 1, "e": 1}, "region": "north"},
    {"skills": {"a": 3, "d": 1, "e": 1}, "region": "north"},
    {"skills": {"a": 3, "d": 1, "e": 1}, "region": "south"},
    {"skills": {"a": 2, "d": 1, "e": 1}, "region": "south"},
    {"skills": {"a": 2, "e": 1}, "region": "south"},
    {"skills": {"a": 1}, "region": "south"},
    {"skills": {"a": 1}, "region": "west"},
]
"""For each step an agent who is enough from that step on, and not before."""


@pytest.mark.parametrize("step", range(10))
def test_each_of_ten_steps_lets_in_whom_the_one_before_did_not(step: int) -> None:
    zone = Zone(QueueRules(Q, needs=NEEDS, steps=TEN), *REGIONS, agent("x", **SUITS[step]))  # type: ignore[arg-type]
    zone.ready("x")
    zone.arrive("c1", region=NORTH)
    if step:
        assert not of(zone.facts, OfferMade)
        assert not of(zone.wait(step * 10_000 - 1), OfferMade)
        facts = zone.wait(1)
        assert last(facts, StepTaken).step == step
        assert last(facts, OfferMade).decision.step == step
    assert zone.offer().agent == "x"


def test_eleven_steps_are_refused() -> None:
    steps = (*TEN, Step(100_000, Reach.ALL, 4))
    assert find_fault(rules_of(QueueRules(Q, steps=steps))) is not None
    assert find_fault(rules_of(QueueRules(Q, steps=TEN))) is None


ALTERNATIVES = Needs(
    ((SkillNeed(A, 3), SkillNeed(B, 2)), (SkillNeed(C, 4),), (SkillNeed(D, 1), SkillNeed(E, 1)))
)


@pytest.mark.parametrize(
    ("skills", "is_enough"),
    [
        ({"a": 3, "b": 2}, True),
        ({"a": 3}, False),
        ({"a": 5, "b": 1}, False),
        ({"a": 2, "b": 5}, False),
        ({"c": 4}, True),
        ({"c": 3}, False),
        ({"d": 1, "e": 1}, True),
        ({"d": 5, "b": 5}, False),
        ({"a": 2, "b": 1, "c": 3, "d": 5}, False),
        ({"a": 1, "c": 4, "e": 1}, True),
        ({}, False),
    ],
)
def test_needs_are_any_of_several_alls(skills: dict[str, int], is_enough: bool) -> None:
    zone = Zone(QueueRules(Q, needs=ALTERNATIVES), agent("x", skills=skills))
    zone.ready("x")
    zone.arrive("c1")
    assert bool(of(zone.facts, OfferMade)) is is_enough


def test_a_contacts_own_needs_come_on_top_of_the_queues() -> None:
    zone = Zone(
        QueueRules(Q, needs=ALTERNATIVES), agent("x", skills={"c": 4}), agent("y", skills={"c": 4, "a": 1})
    )
    zone.ready("x", "y")
    zone.arrive("c1", needs=Needs(((SkillNeed(A),),)))
    assert zone.offer().agent == "y"


def test_those_whose_steps_come_together_are_served_in_the_order_of_the_line() -> None:
    zone = Zone(QueueRules(Q, needs=NEEDS, steps=TEN), *REGIONS, agent("x", **SUITS[1]))  # type: ignore[arg-type]
    zone.ready("x")
    zone.arrive("c1", region=NORTH)
    zone.arrive("c2", region=NORTH, head_start_ms=15_000, after_ms=0)
    facts = zone.wait(10_000)
    assert [fact.contact for fact in of(facts, StepTaken)] == ["c1", "c2"]
    assert last(facts, OfferMade).contact == "c2", "the head start puts it before the other"


def test_a_step_comes_before_a_contact_that_returns_at_the_same_moment() -> None:
    zone = Zone(
        QueueRules(Q, needs=NEEDS, steps=TEN, offer_ms=10_001, rona_rest=True), *REGIONS,
        agent("x", **SUITS[0]), agent("y", **SUITS[1]),
    )  # fmt: skip
    zone.ready("x")
    zone.arrive("c1", region=NORTH)
    assert zone.offer().agent == "x"
    zone.ready("y")
    zone.arrive("c2", region=NORTH, head_start_ms=15_000, after_ms=0)
    facts = zone.wait(10_000)
    assert last(facts, OfferMade).contact == "c2"
