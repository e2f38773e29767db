"""Choice at its edges: what the random streams of `test_streams.py` seldom meet; and the bound of head starts."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acd.routing.events import (
    AgentChanged,
    AgentSignedIn,
    AgentSignedOut,
    ContactClosed,
    ContactMoved,
    CustomerChose,
    CustomerLeft,
    HeadStartChanged,
    LinkChanged,
    OfferDeclined,
    OfferFailed,
    PresenceChosen,
    ReturnCallAsked,
    RulesLoaded,
    TimePassed,
    WrapUpFinished,
)
from acd.routing.model import (
    AgentId,
    ContactId,
    EntryId,
    EntryRules,
    GroupId,
    Link,
    Needs,
    OfferId,
    OfferState,
    OverflowAction,
    OverflowRule,
    Presence,
    QueueId,
    QueueRules,
    QueueServed,
    Reach,
    RegionId,
    RegionRules,
    Reserve,
    SkillId,
    SkillNeed,
    Step,
    Strategy,
    WrapUp,
    WrapUpMode,
)
from acd.routing.outputs import (
    EstimateTold,
    Late,
    OfferEnded,
    OfferMade,
    PresenceSet,
    Refused,
    ReserveSet,
    StepTaken,
)
from tests.routing import invariants
from tests.routing.zone import Zone, agent, last, of, only, rules_of

Q = QueueId("q")
ANN = AgentId("ann")
DE = SkillId("de")
REGIONS = (
    RegionRules(RegionId("n"), neighbours=(RegionId("m"),)),
    RegionRules(RegionId("m"), neighbours=(RegionId("n"),)),
    RegionRules(RegionId("s")),
)


def test_home_first_then_neighbours_then_all() -> None:
    steps = (Step(0, Reach.HOME), Step(20_000, Reach.NEIGHBOURS), Step(40_000, Reach.ALL))
    zone = Zone(QueueRules(Q, steps=steps), *REGIONS, agent("far", region="s"), agent("near", region="m"))
    zone.ready("far", "near")
    zone.arrive("c1", region=RegionId("n"))
    zone.arrive("c2", region=RegionId("n"))
    assert not of(zone.wait(19_000), OfferMade)
    assert only(zone.wait(1_000), OfferMade).agent == "near"
    zone.accept(after_ms=0)
    far = only(zone.wait(20_000), OfferMade)
    assert (far.agent, far.decision.step, far.decision.trigger) == ("far", 2, "step")


def test_a_fence_keeps_a_contact_at_home_for_ever() -> None:
    rules = QueueRules(Q, fence=True, steps=(Step(), Step(1_000)))
    zone = Zone(rules, *REGIONS, agent("far", region="s"))
    zone.ready("far")
    zone.arrive("c1", region=RegionId("n"))
    assert not of(zone.wait(600_000), OfferMade)


def test_purely_the_longest_idle_anywhere_and_the_runner_up_by_name() -> None:
    zone = Zone(
        "q", *REGIONS, *(agent(name, region=region) for name, region in (("a", "s"), ("b", "m"), ("c", "n")))
    )
    zone.ready("b", "a", "c")
    zone.arrive("c1", region=RegionId("n"))
    decision = zone.offer().decision
    assert (zone.offer().agent, decision.runner_up, decision.eligible) == ("b", "a", 3)
    assert decision.rank < decision.runner_up_rank


def test_relaxation_lowers_proficiency_and_drops_preferred_skills() -> None:
    steps = (Step(), Step(10_000, proficiency_less=2), Step(20_000, preferred_dropped=(SkillId("zh"),)))
    needs = Needs(((SkillNeed(DE, 4),),), (SkillNeed(SkillId("zh"), 1),))
    zone = Zone(
        QueueRules(Q, steps=steps), agent("ann", skills={"de": 2}), agent("bob", skills={"de": 4, "zh": 1})
    )
    zone.ready("ann")
    zone.arrive("c1", needs=needs)
    assert not of(zone.wait(19_000), OfferMade)
    assert only(zone.wait(1_000), OfferMade).agent == "ann"
    zone.ready("bob")
    zone.arrive("c2", needs=needs)
    assert zone.offer().agent == "bob"


def test_any_alternative_will_do() -> None:
    needs = Needs(((SkillNeed(DE, 3), SkillNeed(SkillId("bill"), 2)), (SkillNeed(SkillId("all"), 5),)))
    zone = Zone("q", agent("ann", skills={"all": 5}), agent("bob", skills={"de": 5, "bill": 1}))
    zone.ready("bob", "ann")
    zone.arrive("c1", needs=needs)
    assert zone.offer().agent == "ann"
    assert zone.offer().decision.removed == {"needs": 1}


def test_contacts_passed_over_are_named_with_the_reason_at_most_five() -> None:
    steps = (Step(0, Reach.HOME), Step(500_000, Reach.ALL))
    zone = Zone(QueueRules(Q, steps=steps), *REGIONS, agent("ann", region="n"))
    for number in range(7):
        zone.arrive(f"far{number}", region=RegionId("s"), head_start_ms=number)
    zone.arrive("near", region=RegionId("n"))
    zone.ready("ann")
    passed = zone.offer().decision.passed_over
    assert len(passed) == 5 and set(passed) <= {(ContactId(f"far{number}"), "step_1") for number in range(7)}


def test_whoever_refused_the_first_is_offered_the_next_of_the_same_kind() -> None:
    zone = Zone(
        QueueRules(Q, steps=(Step(0, Reach.HOME), Step(60_000, Reach.ALL))),
        *REGIONS,
        agent("ann", region="s"),
    )
    for number in range(3):
        zone.arrive(f"c{number}", region=RegionId("n"), after_ms=10_000)
    zone.ready("ann")
    zone.wait(45_000)
    assert zone.offer().contact == "c0"
    assert not of(zone.do(OfferDeclined(OfferId(1))), OfferMade), "c1 has waited too little to go so far"
    zone.wait(30_000)
    assert zone.offer().contact == "c1"
    assert ("c0", "refused") in zone.offer().decision.passed_over or zone.offer().decision.trigger == "step"


def test_many_refusals_are_named_up_to_the_limit() -> None:
    entries = [EntryRules(EntryId(f"e{number}"), Q, head_start_ms=number) for number in range(7)]
    zone = Zone(QueueRules(Q, refusal_memory_ms=600_000), *entries, agent("ann"), twin=False)
    zone.ready("ann")
    for number in range(7):
        zone.arrive(f"c{number}", entry=f"e{number}")
        zone.do(OfferDeclined(OfferId(number + 1)))
    zone.do(PresenceChosen(ANN, Presence.NOT_READY))
    zone.arrive("c9", entry="e0")
    zone.do(PresenceChosen(ANN, Presence.READY))
    assert zone.offer().contact == "c9"
    assert len(zone.offer().decision.passed_over) == 5


def test_the_oldest_refusal_is_forgotten_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acd.routing.folding.offers.REFUSALS_MAX", 1)
    zone = Zone("q", agent("ann"), agent("bob"))
    zone.ready("ann", "bob")
    zone.arrive("c1")
    zone.do(OfferDeclined(OfferId(1)))
    zone.do(OfferDeclined(OfferId(2)))
    assert zone.offer().agent == "ann"


def test_a_refused_offer_falls_to_the_runner_up_and_the_record_counts_the_refusal() -> None:
    zone = Zone("q", *(agent(name) for name in "abcd"))
    zone.ready("a", "b", "c", "d")
    zone.arrive("c1")
    out = zone.do(OfferDeclined(OfferId(1)))
    decision = only(out, OfferMade).decision
    assert (only(out, OfferMade).agent, decision.removed, decision.runner_up) == ("b", {"refused": 1}, "c")


def test_failures_of_offers_that_are_over_are_answered() -> None:
    zone = Zone("q", agent("ann"))
    assert only(zone.do(OfferFailed(OfferId(1), OfferState.BUSY)), Refused).code == "unknown_offer"


def test_toggling_presence_does_not_grow_the_index() -> None:
    zone = Zone("q", agent("ann"), agent("bob"), twin=False)
    zone.ready("ann", "bob")
    for _ in range(200):
        zone.do(PresenceChosen(ANN, Presence.NOT_READY))
        zone.do(PresenceChosen(ANN, Presence.READY))
    cells = [cell for cell in zone.engine.state.agents[ANN].cells if cell.requirement is not None]
    assert len(cells[0].heap) < 100
    zone.arrive("c1")
    assert zone.offer().agent == "ann"
    assert zone.offer().decision.runner_up == "bob"


def test_a_reserve_owner_serves_only_while_borrowed() -> None:
    reserves = (Reserve(GroupId("g"), 30_000, 5_000),)
    steps = (Step(), Step(600_000, proficiency_less=4))
    rules = QueueRules(Q, reserves=reserves, sticky_patience_ms=10_000, steps=steps)
    skills = {"sub": 0, "two": 3, "six": 1}
    spare = [
        agent(name, "r", groups=("g",), skills={"de": level} if level else {})
        for name, level in skills.items()
    ]
    zone = Zone(rules, "r", *spare)
    zone.ready("sub", "two", "six")
    assert not of(zone.arrive("c1", owner=AgentId("sub")), OfferMade)
    zone.arrive("c2", needs=Needs(((SkillNeed(DE, 3),),)))
    facts = zone.wait(30_000)
    assert of(facts, ReserveSet)[0].is_borrowed
    assert {fact.agent for fact in of(facts, OfferMade)} == {"sub", "two"}


def test_requirements_of_reserves_are_forgotten_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acd.routing.pools.REQUIREMENTS_MAX", 2)
    reserves = (Reserve(GroupId("g"), 30_000, 5_000),)
    zone = Zone(QueueRules(Q, reserves=reserves), agent("ann", skills={"de": 5}, groups=("g",)), twin=False)
    zone.ready("ann")
    for number in range(8):
        zone.arrive(
            f"c{number}", needs=Needs(((SkillNeed(DE, 1 + number % 5),),), (SkillNeed(DE, 1 + number % 3),))
        )
        zone.do(CustomerLeft(ContactId(f"c{number}")))
    invariants.check(zone.engine)
    assert len(zone.engine.state.pools.requirements) <= 3


def test_owners_are_let_go_when_rules_or_skills_take_them_away() -> None:
    rules = QueueRules(Q, sticky_patience_ms=600_000)
    zone = Zone(rules, "r", agent("ann"), agent("bob"), agent("cid"))
    for name in ("ann", "cid"):
        zone.do(AgentSignedIn(AgentId(name), "s"))
    for number, owner in enumerate(("ann", "ann", "cid")):
        zone.arrive(f"c{number}", owner=AgentId(owner))
    zone.ready("bob")
    assert not of(zone.facts, OfferMade)
    assert not of(zone.do(AgentChanged(ANN, {DE: 1})), OfferMade), "she still serves the queue"
    zone.do(AgentChanged(ANN, None, (QueueId("r"),)))
    assert zone.offer().contact == "c0"
    zone.load(rules, "r", agent("ann"), agent("bob"), agent("cid", "r"), version=2)
    zone.do(OfferDeclined(OfferId(1)))
    assert {fact.contact for fact in of(zone.facts, OfferMade)} == {"c0", "c1"}
    zone.do(OfferDeclined(OfferId(2)))
    assert zone.offer().contact == "c2"


def test_an_owner_who_goes_after_the_patience_has_run_out_changes_nothing() -> None:
    zone = Zone(QueueRules(Q, sticky_patience_ms=5_000), agent("ann"))
    zone.do(AgentSignedIn(ANN, "s"))
    zone.arrive("c1", owner=ANN)
    zone.wait(6_000)
    zone.do(AgentSignedOut(ANN))
    zone.ready("ann")
    assert zone.offer().contact == "c1" and not zone.offer().decision.sticky


def test_an_owner_who_left_the_rules_after_the_patience_had_run_out() -> None:
    rules = QueueRules(Q, sticky_patience_ms=5_000)
    zone = Zone(rules, agent("ann"), agent("bob"))
    zone.do(AgentSignedIn(ANN, "s"))
    zone.arrive("c1", owner=ANN)
    zone.wait(6_000)
    zone.load(rules, agent("bob"), version=2)
    zone.ready("bob")
    assert zone.offer().contact == "c1"


def test_a_return_call_for_later_waits_for_its_owner_when_its_time_has_come() -> None:
    zone = Zone(QueueRules(Q, sticky_patience_ms=5_000), agent("ann"), agent("bob"))
    zone.do(AgentSignedIn(ANN, "s"))
    later_ms = zone.now_ms + 60_000
    zone.do(ReturnCallAsked(ContactId("r1"), Q, "5", "sip", not_before_ms=later_ms, owner=ANN))
    zone.ready("bob")
    assert not of(zone.wait(63_000), OfferMade)
    assert only(zone.wait(5_000), OfferMade).agent == "bob"
    zone.do(ReturnCallAsked(ContactId("r2"), Q, "6", "sip", not_before_ms=zone.now_ms + 60_000, owner=ANN))
    zone.do(AgentSignedOut(ANN))
    assert zone.engine.state.contacts[ContactId("r2")].alone_until_ms == 0


def test_a_link_that_came_without_a_session_goes_without_one() -> None:
    zone = Zone("q", agent("ann"))
    zone.do(LinkChanged(ANN, Link.DESK, True))
    zone.do(LinkChanged(ANN, Link.DESK, False))
    assert not zone.engine.state.agents[ANN].links
    assert zone.engine.next_deadline_ms() is None, "nobody is missed who is signed out"


def test_shares_of_a_single_agent_are_taken_too() -> None:
    zone = Zone(QueueRules(Q, strategy=Strategy.LEAST_BUSY), agent("ann"))
    zone.ready("ann")
    zone.arrive("c1")
    assert zone.engine.state.share_cursor == "ann"


def test_the_queue_of_a_wrap_up_may_be_taken_away() -> None:
    zone = Zone("q", "r", agent("ann"))
    zone.ready("ann")
    zone.arrive("c1")
    zone.accept()
    zone.do(CustomerLeft(ContactId("c1")))
    zone.load("r", agent("ann", "r"), version=2)
    assert not of(zone.do(WrapUpFinished(OfferId(1), "")), Refused)


def test_a_queue_with_reserves_may_be_taken_away_at_the_moment_when_its_line_changes() -> None:
    end = OverflowRule("end", OverflowAction.MESSAGE_AND_END, wait_ms=1_000, offered=False)
    zone = Zone(
        QueueRules(Q, reserves=(Reserve(GroupId("g"), 900_000, 1),), overflow=(end,)), "r", twin=False
    )
    zone.arrive("c1")
    at_ms = zone.now_ms + 2_000
    outputs = zone.engine.handle(RulesLoaded(rules_of("r", version=2)), at_ms)
    assert not of(outputs, Refused)
    assert list(zone.engine.state.queues) == ["r"]


def test_a_return_call_never_takes_an_id_that_somebody_uses() -> None:
    call = OverflowRule("call", OverflowAction.RETURN_CALL, wish=True)
    zone = Zone(QueueRules(Q, overflow=(call,)))
    zone.arrive("c1+return")
    zone.arrive("c1", tel="5")
    zone.do(CustomerChose(ContactId("c1"), "return_call"))
    assert zone.engine.state.contacts[ContactId("c1+return")].number == 1


def test_a_contact_whose_moments_fall_together_with_its_end() -> None:
    end = OverflowRule("end", OverflowAction.MESSAGE_AND_END, wait_ms=20_000, offered=False)
    zone = Zone(QueueRules(Q, overflow=(end,)), agent("ann"))
    zone.ready("ann")
    zone.arrive("c1")
    zone.engine.handle(TimePassed(), zone.now_ms + 500_000)
    assert not zone.engine.state.contacts
    assert only(zone.engine.handle(ContactClosed(ContactId("c1"), "x"), zone.now_ms).facts, Late)


def test_an_agent_freed_at_the_very_moment_of_a_step_is_eligible() -> None:
    steps = (Step(0, Reach.HOME), Step(20_000, Reach.ALL))
    zone = Zone(QueueRules(Q, steps=steps), *REGIONS, agent("ann", region="s"))
    zone.arrive("c1", region=RegionId("n"))
    out = zone.do(AgentSignedIn(ANN, "s", Presence.READY), 20_000)
    assert only(out, OfferMade).decision.step == 1


def test_a_step_is_told_once() -> None:
    steps = (Step(), Step(20_000), Step(50_000))
    zone = Zone(QueueRules(Q, steps=steps, announce_ms=7_000))
    zone.arrive("c1")
    assert [fact.step for fact in of(zone.wait(120_000), StepTaken)] == [1, 2]


def test_patience_for_an_owner_counts_from_the_queue_in_which_it_is_asked_for() -> None:
    zone = Zone(
        "q", QueueRules(QueueId("r"), sticky_patience_ms=20_000), agent("ann", "r"), agent("bob", "r")
    )
    zone.do(AgentSignedIn(ANN, "s"))
    zone.ready("bob")
    zone.arrive("c1", owner=ANN)
    assert not of(zone.do(ContactMoved(ContactId("c1"), QueueId("r")), 60_000), OfferMade)
    assert only(zone.wait(20_000), OfferMade).agent == "bob"


def test_a_moved_contact_has_the_head_start_of_its_new_queue() -> None:
    zone = Zone(
        QueueRules(Q, head_start_ms=1_000), QueueRules(QueueId("r"), head_start_ms=70_000), agent("ann", "r")
    )
    zone.arrive("c1", queue=QueueId("r"))
    zone.arrive("c2", after_ms=30_000)
    zone.do(ContactMoved(ContactId("c2"), QueueId("r")))
    assert zone.engine.state.contacts[ContactId("c2")].head_start_ms == 70_000
    zone.do(HeadStartChanged(ContactId("c2"), 29_000))
    zone.ready("ann")
    assert zone.offer().contact == "c1"


def test_an_estimate_rises_for_a_reason_that_is_true() -> None:
    zone = Zone("q", agent("ann"))
    zone.ready("ann")
    zone.arrive("c0")
    first = zone.accept()
    zone.do(CustomerLeft(ContactId("c0")), 60_000)
    zone.do(WrapUpFinished(first, ""))
    zone.arrive("c1")
    zone.accept()
    told = only(zone.arrive("c2"), EstimateTold).estimate_ms
    zone.arrive("vip", head_start_ms=600_000)
    later = [fact for fact in of(zone.wait(31_000), EstimateTold) if fact.contact == "c2"][-1]
    assert told is not None and later.estimate_ms == 2 * told


def test_an_offer_that_runs_out_at_a_desk_that_was_lost_keeps_the_first_reason() -> None:
    zone = Zone(QueueRules(Q, offer_ms=60_000), agent("ann"))
    zone.ready("ann", links=(Link.DESK,))
    zone.arrive("c1")
    zone.do(LinkChanged(ANN, Link.DESK, False, "s-ann"))
    facts = zone.wait(60_000)
    assert only(facts, OfferEnded).outcome is OfferState.NO_ANSWER
    assert only(facts, PresenceSet).reason == "connection_lost"


# --- properties -----------------------------------------------------------------------------------------

_arrivals = st.lists(
    st.tuples(st.integers(0, 4_000), st.sampled_from([0, 0, 5_000, 20_000])), min_size=2, max_size=40
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_arrivals)
def test_a_boost_delays_another_contact_by_no_more_than_arrive_within_the_boost(
    arrivals: list[tuple[int, int]],
) -> None:
    """Nobody who came later than a contact by more than the difference of their head starts is served before it."""
    zone = Zone(QueueRules(Q, wrap_up=WrapUp(WrapUpMode.NONE), offer_ms=1_000_000), agent("ann"), twin=False)
    zone.arrive("c0", after_ms=0)
    for number, (gap_ms, boost_ms) in enumerate(arrivals, 1):
        zone.arrive(f"c{number}", after_ms=gap_ms, head_start_ms=boost_ms)
    key = {c.id: (c.arrived_ms, c.head_start_ms) for c in zone.engine.state.contacts.values()}
    zone.ready("ann")
    served = []
    while zone.engine.state.contacts:
        served.append(zone.offer().contact)
        number_of_offer = zone.accept(after_ms=0)
        assert number_of_offer
        zone.do(CustomerLeft(served[-1]), 10)
    assert len(served) == len(arrivals) + 1
    for place, first in enumerate(served):
        for later in served[place + 1 :]:
            assert key[first][0] - key[later][0] <= max(0, key[first][1] - key[later][1])


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(["arrive", "decline", "lapse", "free"]), max_size=30))
def test_equals_are_served_in_the_order_of_arrival_whatever_happens_to_offers(acts: list[str]) -> None:
    rules = QueueRules(
        Q, rona_rest=False, refusal_memory_ms=0, wrap_up=WrapUp(WrapUpMode.NONE), announce_ms=0
    )
    zone = Zone(rules, agent("ann", queues=(QueueServed(Q),)), twin=False)
    zone.ready("ann")
    zone.arrive("c0")
    count = 1
    for act in acts:
        waiting = [c for c in zone.engine.state.contacts.values() if c.offer or c.place]
        if act == "arrive" or not waiting:
            zone.arrive(f"c{count}")
            count += 1
        elif act == "decline":
            zone.do(OfferDeclined(zone.offer().offer))
        elif act == "lapse":
            zone.wait(20_000)
        else:
            zone.accept()
            zone.do(CustomerLeft(zone.offer().contact), 10)
        living = [c.id for c in zone.engine.state.contacts.values()]
        if living:
            assert zone.offer().contact == min(living, key=lambda name: int(name[1:]))
    assert not of(zone.facts, PresenceSet)[1:]
    assert last(zone.facts, OfferMade)
