"""The published orders of NOTES.md, with ties to the end; the vendor's tie table among them."""

import pytest

from acd.routing.events import AgentSignedIn, CustomerLeft, OfferDeclined, PresenceChosen, WrapUpFinished
from acd.routing.model import (
    AgentId,
    Channel,
    ContactId,
    Needs,
    OfferId,
    Presence,
    QueueId,
    QueueRules,
    QueueServed,
    SkillId,
    SkillNeed,
    Strategy,
    WrapUp,
    WrapUpMode,
)
from tests.routing.zone import Zone, agent

Q = QueueId("q")


def order(zone: Zone, count: int, needs: Needs | None = None) -> str:
    """Who is chosen, one call after the other, nobody coming back."""
    chosen = []
    for number in range(count):
        zone.arrive(f"x{number}", needs=needs)
        chosen.append(zone.offer().agent)
    return "".join(chosen)


def served(zone: Zone, contact: str, talk_ms: int) -> str:
    """One contact from arrival to the end; who had it."""
    zone.arrive(contact)
    number = zone.accept(after_ms=0)
    who = zone.offer().agent
    zone.do(CustomerLeft(ContactId(contact)), talk_ms)
    zone.do(WrapUpFinished(number, ""))
    return who


def zone_of(strategy: Strategy, *agents: object, **more: object) -> Zone:
    """One queue without wrap-up."""
    rules = QueueRules(Q, strategy=strategy, wrap_up=WrapUp(WrapUpMode.NONE), **more)  # type: ignore[arg-type]
    return Zone(rules, *agents, twin=False)


# Levels 10, 10, 5 of the vendor's guide are 5, 5, 2 here; with two skills (10,5), (5,10), (5,1) are (5,2), (2,5), (2,1).
ONE_SKILL = {"A": {"s": 5}, "B": {"s": 5}, "C": {"s": 2}}
TWO_SKILLS = {"A": {"s": 5, "t": 2}, "B": {"s": 2, "t": 5}, "C": {"s": 2, "t": 1}}
TABLE = [
    ("most", "ABC", "ABC"), ("most", "CAB", "ABC"), ("most", "ACB", "ABC"), ("most", "CBA", "BAC"),
    ("least", "ABC", "CAB"), ("least", "CAB", "CAB"), ("least", "ACB", "CAB"), ("least", "CBA", "CBA"),
]  # fmt: skip


@pytest.mark.parametrize("skills", [ONE_SKILL, TWO_SKILLS], ids=["one skill", "two skills"])
@pytest.mark.parametrize(("which", "ready", "expected"), TABLE)
def test_the_vendors_tie_table(
    skills: dict[str, dict[str, int]], which: str, ready: str, expected: str
) -> None:
    strategy = Strategy.MOST_PROFICIENT if which == "most" else Strategy.LEAST_SKILLED
    zone = zone_of(strategy, *(agent(name, skills=held) for name, held in skills.items()))
    zone.ready(*ready)
    needs = Needs((tuple(SkillNeed(SkillId(skill)) for skill in skills["A"]),))
    assert order(zone, 3, needs) == expected


def test_longest_idle_goes_by_the_last_release_then_by_id() -> None:
    zone = zone_of(Strategy.LONGEST_IDLE, agent("b"), agent("a"), agent("c"))
    for name in "cba":
        zone.do(AgentSignedIn(AgentId(name), "s", Presence.READY))
    assert served(zone, "c1", 1_000) == "a"
    assert order(zone, 3) == "bca"


def test_toggling_presence_neither_resets_nor_earns_the_idle_clock() -> None:
    zone = zone_of(Strategy.LONGEST_IDLE, agent("a"), agent("b"))
    zone.ready("a", "b")
    zone.do(PresenceChosen(AgentId("a"), Presence.NOT_READY), 1_000)
    zone.do(PresenceChosen(AgentId("a"), Presence.READY), 1_000)
    assert order(zone, 2) == "ab"


def test_a_refused_offer_is_no_release() -> None:
    zone = zone_of(Strategy.LONGEST_IDLE, agent("a"), agent("b"))
    zone.ready("a", "b")
    zone.arrive("c1")
    zone.do(OfferDeclined(OfferId(1)), 1_000)
    assert zone.offer().agent == "b"
    zone.arrive("c2")
    assert zone.offer().agent == "a"


def test_least_busy_is_the_smallest_share_of_signed_in_time_at_work() -> None:
    zone = zone_of(Strategy.LEAST_BUSY, agent("a"), agent("b"), agent("c"))
    zone.ready("a")
    assert served(zone, "c1", 60_000) == "a"
    zone.ready("b")
    assert [served(zone, f"d{number}", 10_000) for number in range(2)] == ["b", "a"]
    zone.ready("c")
    assert order(zone, 1) == "c"


def test_least_busy_among_equal_shares_goes_by_the_load_in_hand() -> None:
    zone = zone_of(Strategy.LEAST_BUSY, agent("a"), agent("b"))
    zone.ready("a", "b")
    chosen = []
    for number in range(4):
        zone.arrive(f"x{number}", channel=Channel.CHAT, after_ms=0)
        chosen.append(zone.offer().agent)
    assert "".join(chosen) == "abab"


def test_fewest_contacts_counts_by_rate_so_that_a_late_comer_is_not_flooded() -> None:
    zone = zone_of(Strategy.FEWEST_CONTACTS, agent("a"), agent("b"))
    zone.ready("a")
    for number in range(5):
        served(zone, f"c{number}", 600_000)
    zone.ready("b")
    assert served(zone, "d0", 60_000) == "b"
    assert served(zone, "d1", 60_000) == "a", "b has had one in a minute, a five in fifty"


def test_round_robin_goes_to_whoever_was_offered_something_longest_ago() -> None:
    zone = zone_of(Strategy.ROUND_ROBIN, agent("a"), agent("b"), agent("c"))
    zone.ready("a", "b", "c")
    assert [served(zone, f"c{number}", 1_000) for number in range(5)] == ["a", "b", "c", "a", "b"]


def test_weighted_gives_each_a_share_by_weight() -> None:
    zone = zone_of(Strategy.WEIGHTED, agent("a", weight=3), agent("b", weight=1))
    zone.ready("a", "b")
    chosen = [served(zone, f"c{number}", 1_000) for number in range(40)]
    assert 26 <= chosen.count("a") <= 32


def test_preference_is_a_head_start_with_this_agent_alone() -> None:
    zone = Zone("q", "r", agent("a", queues=(QueueServed(Q), QueueServed(QueueId("r"), 30_000))))
    zone.arrive("c1")
    zone.arrive("c2", queue=QueueId("r"), after_ms=20_000)
    zone.ready("a")
    assert zone.offer().contact == "c2"
