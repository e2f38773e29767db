"""The estimated wait: from position, eligible agents and recent handle times; silent when unknown; learning from errors."""

from __future__ import annotations

import pytest

from acd.routing.estimates import BIAS_MAX, BIAS_MIN, estimate, learn
from acd.routing.events import AgentSignedOut, ContactConnected, CustomerLeft, OfferAccepted
from acd.routing.model import (
    AgentId,
    ContactId,
    GroupId,
    Needs,
    OfferId,
    QueueId,
    QueueRules,
    Reach,
    RegionId,
    RegionRules,
    Reserve,
    SkillId,
    SkillNeed,
    Step,
    WrapUp,
    WrapUpMode,
)
from acd.routing.outputs import AssignmentConnected, EstimateTold
from tests.routing.zone import Zone, agent, last, only

Q = QueueId("q")
DE, EN = (Needs(((SkillNeed(SkillId(skill)),),)) for skill in ("de", "en"))


def zone_of(*agents: object, **more: object) -> Zone:
    """A queue without wrap-up in which one contact took a hundred seconds."""
    rules = QueueRules(Q, wrap_up=WrapUp(WrapUpMode.NONE), announce_ms=30_000, **more)  # type: ignore[arg-type]
    return Zone(rules, *agents)


def learned(zone: Zone, *names: str, needs: Needs | None = None) -> None:
    """The first agent has a contact of 100 s; then everybody is ready, and busy with a contact each."""
    zone.ready(names[0])
    zone.arrive("first", needs=needs)
    number = OfferId(zone.offer().offer)
    zone.do(OfferAccepted(number))
    zone.do(ContactConnected(number))
    zone.do(CustomerLeft(ContactId("first")), 100_000)
    zone.ready(*names[1:])


def busy(zone: Zone, *needs: Needs | None) -> None:
    """Contacts that keep agents talking."""
    for number, asked in enumerate(needs):
        zone.arrive(f"busy{number}", needs=asked)
        zone.accept(after_ms=0)


def told(zone: Zone, contact: str, **more: object) -> tuple[int, int | None]:
    """Position and estimate that a customer hears on arrival."""
    fact = only(zone.arrive(contact, **more), EstimateTold)
    return fact.position, fact.estimate_ms


def test_it_is_position_times_handle_time_for_each_eligible_agent() -> None:
    zone = zone_of(agent("a"), agent("b"))
    learned(zone, "a", "b")
    busy(zone, None, None)
    assert [told(zone, f"c{number}") for number in range(3)] == [(1, 50_000), (2, 100_000), (3, 150_000)]


def test_only_agents_who_can_serve_the_contact_count() -> None:
    zone = zone_of(agent("a", skills={"de": 3}), agent("b", skills={"en": 3}), agent("c", skills={"en": 3}))
    learned(zone, "a", "b", "c", needs=DE)
    busy(zone, DE, EN, EN)
    assert told(zone, "d1", needs=DE) == (1, 100_000), "one agent speaks German"
    assert told(zone, "d2", needs=DE) == (2, 200_000)
    position, wait_ms = told(zone, "e1", needs=EN)
    assert (position, wait_ms) == (3, 100_000), (
        "third of the queue for three agents, first of its kind for two"
    )


def test_whom_nobody_can_serve_hears_nothing_of_a_wait() -> None:
    zone = zone_of(agent("a", skills={"de": 3}))
    learned(zone, "a", needs=DE)
    busy(zone, DE)
    assert told(zone, "e1", needs=EN) == (1, None)


def test_agents_of_a_later_step_count_when_the_present_one_has_none() -> None:
    steps = (Step(0, Reach.HOME), Step(60_000, Reach.ALL))
    north = RegionRules(RegionId("north"))
    south = RegionRules(RegionId("south"))
    zone = zone_of(north, south, agent("s", region="south"), steps=steps)
    learned(zone, "s")
    busy(zone, None)
    assert told(zone, "n1", region=RegionId("north")) == (1, 100_000)


def test_it_is_never_less_than_nothing_and_silent_when_unknown() -> None:
    zone = zone_of(agent("a"))
    assert told(zone, "c1") == (1, None), "nobody is there, nothing is known"
    zone.ready("a")
    zone.accept()
    assert told(zone, "c2") == (1, None), "no contact has been handled yet"


def test_it_rises_when_an_agent_goes() -> None:
    zone = zone_of(agent("a"), agent("b"))
    learned(zone, "a", "b")
    busy(zone, None, None)
    assert told(zone, "c1") == (1, 50_000)
    zone.do(AgentSignedOut(AgentId("b")))
    zone.do(CustomerLeft(ContactId("busy1")))
    # One of the two has gone with the talk; the one who is left has twice as much before them.
    waiting = zone.engine.state.contacts[ContactId("c1")]
    assert estimate(zone.engine.state, waiting)[1] is not None
    assert (estimate(zone.engine.state, waiting)[1] or 0) > 50_000


def test_the_error_is_in_the_record_and_the_queue_learns_from_it() -> None:
    """Ann serves two queues; only half of her time is for this one."""
    zone = zone_of(agent("a"))
    learned(zone, "a")
    busy(zone, None)
    assert told(zone, "c1") == (1, 100_000)
    zone.do(CustomerLeft(ContactId("busy0")), 200_000)
    number = OfferId(zone.offer().offer)
    zone.do(OfferAccepted(number))
    answer = last(zone.do(ContactConnected(number)), AssignmentConnected)
    assert (answer.estimate_ms, answer.waited_ms) == (100_000, 200_000)
    assert zone.engine.state.queues[Q].bias == 1_062, "a sixteenth of the way to twice as long"


@pytest.mark.parametrize(
    ("waits", "bias"), [([0] * 200, BIAS_MIN), ([10_000_000] * 200, BIAS_MAX), ([60_000] * 50, 1_000)]
)
def test_what_is_learned_has_bounds(waits: list[int], bias: int) -> None:
    zone = zone_of(agent("a"))
    queue = zone.engine.state.queues[Q]
    for waited_ms in waits:
        learn(queue, 60_000 * queue.bias // 1_000, waited_ms)
    assert queue.bias == bias
    learn(queue, 500, 99_999_999)
    assert queue.bias == bias, "an estimate of half a second teaches nothing"


def test_very_many_kinds_of_one_need_are_not_looked_through_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("acd.routing.estimates.RANKS_MAX", 2)
    zone = zone_of(agent("a"))
    learned(zone, "a")
    busy(zone, None)
    found = [told(zone, f"c{number}", head_start_ms=number * 1_000)[1] for number in range(4)]
    assert found == [100_000, 100_000, 300_000, 400_000]


def test_where_only_a_borrowed_reserve_is_there_it_alone_counts() -> None:
    zone = zone_of(
        "r", agent("a"), agent("sub", "r", groups=("g",)), reserves=(Reserve(GroupId("g"), 20_000, 5_000),)
    )
    learned(zone, "a")
    zone.do(AgentSignedOut(AgentId("a")))
    zone.arrive("c1")
    zone.ready("sub")
    zone.wait(20_000)
    assert zone.offer().agent == "sub", "borrowed"
    zone.accept()
    zone.arrive("c2")
    waiting = zone.engine.state.contacts[ContactId("c2")]
    zone.wait(60_000)
    assert estimate(zone.engine.state, waiting) == (1, 100_000)
