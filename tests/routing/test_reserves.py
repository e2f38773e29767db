"""Regions in one pool: local first, spill by time or by load with hysteresis, the least busy anywhere, a fence."""

from __future__ import annotations

import pytest

from acd.routing.events import CustomerLeft, PresenceChosen, RulesLoaded
from acd.routing.model import (
    AgentId,
    ContactId,
    Presence,
    QueueId,
    QueueRules,
    Reach,
    RegionId,
    RegionRules,
    Spill,
    Step,
    Strategy,
)
from acd.routing.outputs import OfferMade, SpillSet
from acd.routing.reserves import ENDLESS, load_percent
from tests.routing.zone import Zone, agent, last, of, rules_of

NORTH, SOUTH, WEST = RegionId("north"), RegionId("south"), RegionId("west")
REGIONS = (
    RegionRules(NORTH, neighbours=(SOUTH,)),
    RegionRules(SOUTH, neighbours=(NORTH, WEST)),
    RegionRules(WEST, neighbours=(SOUTH,)),
)
HOME = (Step(0, Reach.HOME),)


def queue(**more: object) -> QueueRules:
    """Home alone for ever, unless it spills."""
    more.setdefault("steps", HOME)
    return QueueRules(QueueId("q"), **more)  # type: ignore[arg-type]


def pool(**more: object) -> Zone:
    """Two agents in the north, one in the south, one in the west; the two in the north are talking."""
    zone = Zone(
        queue(**more),
        *REGIONS,
        agent("n1", region="north"),
        agent("n2", region="north"),
        agent("s", region="south"),
        agent("w", region="west"),
    )
    zone.ready("n1", "n2")
    for contact in ("busy1", "busy2"):
        zone.arrive(contact, region=NORTH)
        zone.accept()
    zone.ready("s", "w")
    return zone


def test_the_load_is_who_waits_for_each_hundred_who_are_ready() -> None:
    assert [load_percent(0, 0), load_percent(0, 5), load_percent(3, 2)] == [0, 0, 150]
    assert load_percent(1, 0) == ENDLESS


def test_without_a_rule_home_waits_for_home() -> None:
    zone = pool()
    for number in range(5):
        zone.arrive(f"c{number}", region=NORTH)
    assert len(of(zone.facts, OfferMade)) == 2


def test_a_region_that_is_too_busy_spills_and_whoever_waits_longest_goes_first() -> None:
    zone = pool(spill=Spill(Reach.ALL, 100, 50))
    zone.arrive("c1", region=NORTH)
    assert not of(zone.facts, SpillSet), "one waits for two: 50 %"
    out = zone.arrive("c2", region=NORTH)
    assert of(out, SpillSet)[0] == SpillSet(QueueId("q"), NORTH, True)
    assert [(made.contact, made.agent) for made in of(out, OfferMade)] == [("c1", "s"), ("c2", "w")]
    assert not last(out, SpillSet).is_spilled, "nobody waits any more"


def test_a_spill_reaches_as_far_as_its_rule_says() -> None:
    zone = pool(spill=Spill(Reach.NEIGHBOURS, 100, 50))
    zone.arrive("c1", region=NORTH)
    out = zone.arrive("c2", region=NORTH)
    assert [(made.contact, made.agent) for made in of(out, OfferMade)] == [("c1", "s")]
    zone.arrive("c3", region=WEST)
    assert zone.offer().agent == "w", "another region is not touched by it"


def test_between_the_thresholds_a_spill_goes_on_and_under_the_lower_it_ends() -> None:
    zone = pool(spill=Spill(Reach.NEIGHBOURS, 100, 50))
    zone.do(PresenceChosen(AgentId("s"), Presence.NOT_READY))
    for number in range(3):
        zone.arrive(f"c{number}", region=NORTH)
    assert [fact.is_spilled for fact in of(zone.facts, SpillSet)] == [True]
    zone.do(CustomerLeft(ContactId("c0")))
    zone.do(CustomerLeft(ContactId("c1")))
    assert [fact.is_spilled for fact in of(zone.facts, SpillSet)] == [True], (
        "one for two is 50 %, not under it"
    )
    zone.do(CustomerLeft(ContactId("c2")))
    assert [fact.is_spilled for fact in of(zone.facts, SpillSet)] == [True, False]
    zone.arrive("c3", region=NORTH)
    zone.do(PresenceChosen(AgentId("s"), Presence.READY))
    assert zone.offer().agent != "s", "the spill is over"


def test_a_home_where_nobody_is_ready_spills_as_soon_as_one_waits() -> None:
    zone = Zone(queue(spill=Spill(Reach.ALL, 100, 50)), *REGIONS, agent("w", region="west"))
    zone.ready("w")
    assert last(zone.arrive("c1", region=NORTH), OfferMade).agent == "w"


def test_an_agent_who_leaves_makes_the_load_of_those_who_stay() -> None:
    zone = pool(spill=Spill(Reach.ALL, 100, 50))
    zone.arrive("c1", region=NORTH)
    assert not of(zone.facts, SpillSet)
    zone.do(CustomerLeft(ContactId("busy1")))  # n1 wraps up
    zone.do(PresenceChosen(AgentId("n1"), Presence.SIGNED_OUT))
    facts = zone.wait(32_000)
    assert [fact.is_spilled for fact in of(facts, SpillSet)] == [True, False]
    assert last(facts, OfferMade).contact == "c1"


def test_a_fence_holds_against_every_load() -> None:
    zone = pool(fence=True, spill=Spill(Reach.ALL, 100, 50))
    for number in range(9):
        zone.arrive(f"c{number}", region=NORTH)
    assert {made.agent for made in of(zone.facts, OfferMade)} == {"n1", "n2"}


def test_new_rules_without_spill_end_it_and_gone_regions_are_forgotten() -> None:
    zone = pool(spill=Spill(Reach.NEIGHBOURS, 100, 50))
    for number in range(4):
        zone.arrive(f"c{number}", region=NORTH)
    assert zone.engine.state.queues[QueueId("q")].spilled == {NORTH: True}
    parts = [agent(name, region=name[0] and "north") for name in ("n1", "n2", "s", "w")]
    zone.do(RulesLoaded(rules_of(queue(spill=Spill(Reach.ALL, 200, 50)), *REGIONS[1:], *parts, version=2)))
    assert zone.engine.state.queues[QueueId("q")].spilled == {}
    zone.do(RulesLoaded(rules_of(queue(), *REGIONS, *parts, version=3)))
    assert zone.engine.state.queues[QueueId("q")].spilled == {}


@pytest.mark.parametrize("many_agents", [False, True])
def test_when_a_spill_begins_nobody_is_left_idle_for_whom_somebody_waits(many_agents: bool) -> None:
    """Either those who wait look for agents, or agents for those who wait: whoever is fewer."""
    abroad = [agent(f"w{number}", region="west") for number in range(9 if many_agents else 1)]
    zone = Zone(queue(spill=Spill(Reach.ALL, 400, 50)), *REGIONS, agent("n", region="north"), *abroad)
    zone.ready("n", *(rules.agent for rules in abroad))
    zone.arrive("busy", region=NORTH)
    zone.accept()
    for number in range(4):
        zone.arrive(f"c{number}", region=NORTH)
    offers = [made.contact for made in of(zone.facts, OfferMade)]
    assert offers == (["busy", "c0", "c1", "c2", "c3"] if many_agents else ["busy", "c0"])


def test_spill_by_time_is_a_step_and_the_two_go_together() -> None:
    steps = (Step(0, Reach.HOME), Step(30_000, Reach.NEIGHBOURS))
    zone = pool(steps=steps, spill=Spill(Reach.ALL, 1_000, 50))
    zone.arrive("c1", region=NORTH)
    zone.wait(29_000)
    assert len(of(zone.facts, OfferMade)) == 2
    zone.wait(1_000)
    assert zone.offer().agent == "s", "neighbours after thirty seconds"


def test_purely_the_least_busy_anywhere() -> None:
    zone = Zone(
        QueueRules(QueueId("q"), strategy=Strategy.LEAST_BUSY),
        *REGIONS,
        agent("n", region="north"),
        agent("w", region="west"),
    )
    zone.ready("n", "w")
    zone.arrive("c1", region=NORTH)
    number = zone.accept()
    zone.do(CustomerLeft(ContactId("c1")), 60_000)
    zone.wait(30_000)
    assert number == 1
    zone.arrive("c2", region=NORTH)
    assert zone.offer().agent == "w", "n has worked a minute, w has not"
