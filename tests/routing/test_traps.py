"""Traps that other distributors fell into, each by its number in the list of the field; NOTES.md says who owns which."""

from __future__ import annotations

import msgspec
import pytest

from acd.routing.events import (
    AgentLegEnded,
    AgentSignedIn,
    AgentSignedOut,
    ConnectFailed,
    ContactConnected,
    CustomerLeft,
    LinkChanged,
    OfferAccepted,
    OfferFailed,
    PresenceChosen,
    RulesLoaded,
    WrapUpFinished,
)
from acd.routing.model import (
    AgentId,
    ContactId,
    Disposition,
    EntryId,
    EntryRules,
    Label,
    Link,
    OfferId,
    OfferState,
    PersonId,
    Presence,
    QueueId,
    QueueRules,
    RegionId,
    RegionRules,
    Strategy,
    WrapUp,
    WrapUpMode,
)
from acd.routing.outputs import (
    AssignmentDone,
    ContactReturned,
    Late,
    OfferEnded,
    OfferMade,
    PresenceSet,
    PresentOffer,
    WithdrawOffer,
    WrapUpStarted,
)
from tests.routing.zone import Zone, agent, last, names, of, only, rules_of

Q, R = QueueId("q"), QueueId("r")
ONE, TWO = OfferId(1), OfferId(2)
ANN, BOB = AgentId("ann"), AgentId("bob")
NO_WRAP_UP = WrapUp(WrapUpMode.NONE)


def two(**more: object) -> Zone:
    """Ann and bob are ready, c1 rings at ann's."""
    zone = Zone(QueueRules(Q, **more), agent("ann"), agent("bob"))  # type: ignore[arg-type]
    zone.ready("ann", "bob")
    zone.arrive("c1")
    return zone


def test_trap_1_a_late_answer_to_a_dead_offer_connects_nobody() -> None:
    zone = two(rona_rest=False)
    zone.wait(20_000)
    assert zone.offer().agent == "bob", "ann's offer ran out"
    out = zone.do(OfferAccepted(ONE))
    assert only(out, Late) and not out.commands
    assert names(zone.do(OfferAccepted(TWO)))[0] == "OfferTaken"


def test_trap_3_a_freed_agent_is_offered_the_next_contact_in_the_same_record() -> None:
    zone = Zone(QueueRules(Q, wrap_up=NO_WRAP_UP), agent("ann"))
    zone.ready("ann")
    zone.arrive("c1")
    zone.accept()
    zone.arrive("c2")
    assert only(zone.do(AgentLegEnded(ONE)), OfferMade).contact == "c2"


def test_trap_4_freed_capacity_goes_to_whoever_waits_longest_before_any_new_arrival() -> None:
    zone = Zone(QueueRules(Q, wrap_up=NO_WRAP_UP), agent("ann"))
    zone.ready("ann")
    zone.arrive("c1")
    zone.accept()
    zone.arrive("c2")
    zone.do(AgentLegEnded(ONE))
    zone.arrive("c3")
    assert [made.contact for made in of(zone.facts, OfferMade)] == ["c1", "c2"]


@pytest.mark.parametrize("by", [PersonId("boss"), None])
def test_trap_5_whoever_is_stuck_in_a_wrap_up_without_limit_can_be_freed(by: PersonId | None) -> None:
    rules = QueueRules(
        Q, wrap_up=WrapUp(WrapUpMode.MANDATORY), dispositions=(Disposition("ok"),), disposition_default="ok"
    )
    zone = Zone(rules, agent("ann"))
    zone.ready("ann")
    zone.arrive("c1")
    zone.accept()
    zone.do(CustomerLeft(ContactId("c1")))
    zone.wait(86_400_000)
    assert not of(zone.facts, AssignmentDone), "no time ends it"
    out = zone.do(AgentSignedOut(ANN, by))
    if by is None:
        assert not of(out, PresenceSet), "the agent's own sign-out waits for the disposition"
        return
    assert only(out, AssignmentDone).is_default
    assert only(out, PresenceSet).presence is Presence.SIGNED_OUT


def test_trap_6_a_customer_who_is_gone_ends_the_ringing_and_a_pick_up_is_never_bridged() -> None:
    zone = two()
    assert only(zone.do(CustomerLeft(ContactId("c1"))), WithdrawOffer).offer == 1
    out = zone.do(OfferAccepted(ONE))
    assert only(out, Late) and not out.commands


def test_trap_7_a_contact_whose_offer_or_bridge_fails_has_the_same_place() -> None:
    zone = two()
    zone.arrive("c2")
    zone.arrive("c3")
    zone.do(OfferFailed(ONE, OfferState.BUSY))
    assert zone.engine.state.queues[Q].line.length == 2
    zone.do(OfferAccepted(TWO))
    out = zone.do(ConnectFailed(TWO, "no answer of the leg"))
    assert only(out, ContactReturned).contact == "c2"
    zone.do(PresenceChosen(ANN, Presence.READY))
    assert zone.offer().contact == "c2", "ann has refused c1; c2 stands before c3"


def test_trap_8_where_all_are_rung_and_the_first_one_fails_the_others_ring_again_at_once() -> None:
    zone = Zone(QueueRules(Q, strategy=Strategy.RING_ALL), agent("ann"), agent("bob"), agent("cid"))
    zone.ready("ann", "bob", "cid")
    zone.arrive("c1")
    assert [offer.agent for offer in of(zone.commands, PresentOffer)] == ["ann", "bob", "cid"]
    out = zone.do(OfferAccepted(ONE))
    assert [ended.outcome for ended in of(out, OfferEnded)] == [OfferState.LOST_RACE] * 2
    out = zone.do(ConnectFailed(ONE, "hung up"))
    assert [offer.agent for offer in of(out, PresentOffer)] == ["bob", "cid"]


def test_trap_10_one_agent_in_two_queues_has_one_wrap_up() -> None:
    zone = Zone(QueueRules(Q), "r", EntryRules(EntryId("100"), Q), agent("ann", "q", "r"))
    zone.ready("ann")
    zone.arrive("c1")
    zone.accept()
    zone.do(CustomerLeft(ContactId("c1")))
    assert last(zone.facts, WrapUpStarted).deadline_ms == zone.now_ms + 30_000
    zone.arrive("c2", queue=R)
    assert len(of(zone.facts, OfferMade)) == 1, "the wrap-up of one queue blocks the other"
    assert of(zone.wait(30_000), OfferMade)


def test_trap_16_the_biggest_site_does_not_get_everything() -> None:
    north = [agent(f"n{number}", region="north") for number in range(6)]
    zone = Zone(
        QueueRules(Q, strategy=Strategy.LEAST_BUSY, wrap_up=NO_WRAP_UP),
        RegionRules(RegionId("north")),
        RegionRules(RegionId("south")),
        *north,
        agent("s0", region="south"),
        twin=False,
    )
    zone.ready(*(rules.agent for rules in north), "s0")
    for number in range(70):
        zone.arrive(f"c{number}")
        offer = zone.accept(after_ms=0)
        zone.do(AgentLegEnded(offer), 30_000)
    taken = [made.agent for made in of(zone.facts, OfferMade)]
    assert 7 <= taken.count(AgentId("s0")) <= 13, "a seventh of the agents, about a seventh of the contacts"


def test_trap_17_new_rules_change_no_presence_and_no_offer() -> None:
    zone = two()
    parts = [QueueRules(Q, strategy=Strategy.LEAST_BUSY, offer_ms=5_000), agent("ann"), agent("bob")]
    out = zone.do(RulesLoaded(rules_of(*parts, version=2)))
    assert names(out) == ["RulesInForce"]
    assert names(zone.do(OfferAccepted(ONE)))[0] == "OfferTaken"


def test_trap_19_names_are_labels_and_change_nothing() -> None:
    zone = two()
    before = zone.engine.state.queues[Q]
    renamed = QueueRules(Q, label=Label("Another name", "别名"))
    other = msgspec.structs.replace(agent("ann"), name="Ann Other")
    zone.do(RulesLoaded(rules_of(renamed, other, agent("bob"), version=2)))
    assert zone.engine.state.queues[Q] is before
    assert zone.engine.state.offers[1].agent.id == "ann"


def test_trap_26_who_is_declared_ready_without_a_live_desk_is_offered_nothing() -> None:
    zone = Zone("q", agent("ann"))
    zone.do(AgentSignedIn(ANN, "s1", Presence.READY))
    zone.arrive("c1", links=(Link.DESK, Link.MICROPHONE))
    assert not of(zone.facts, OfferMade)
    zone.do(LinkChanged(ANN, Link.DESK, True, "s1"))
    assert not of(zone.facts, OfferMade), "the microphone is missing"
    assert of(zone.do(LinkChanged(ANN, Link.MICROPHONE, True, "s1")), OfferMade)


def test_trap_27_toggling_presence_while_an_offer_rings_is_no_tight_loop() -> None:
    zone = Zone("q", agent("ann"))
    zone.ready("ann")
    zone.arrive("c1")
    for _ in range(10):
        zone.do(PresenceChosen(ANN, Presence.NOT_READY, "tea"), 10)
        zone.do(PresenceChosen(ANN, Presence.READY), 10)
    assert len(of(zone.facts, OfferMade)) == 1, "she has refused this contact for a while"
    assert of(zone.wait(60_000), OfferMade), "and is asked again when the while is over"


def test_trap_28_who_was_rested_for_not_answering_sees_why_and_returns_in_one_step() -> None:
    zone = two()
    rest = last(zone.wait(20_000), PresenceSet)
    assert (rest.agent, rest.presence, rest.reason, rest.is_system) == (
        "ann",
        Presence.NOT_READY,
        "rona",
        True,
    )
    assert only(zone.do(PresenceChosen(ANN, Presence.READY)), PresenceSet).presence is Presence.READY


def test_trap_29_signing_in_as_ready_is_one_step() -> None:
    zone = Zone("q", agent("ann"))
    zone.arrive("c1")
    out = zone.do(AgentSignedIn(ANN, "s1", Presence.READY))
    assert names(out)[:3] == ["AgentJoined", "PresenceSet", "OfferMade"]


def test_trap_31_to_decline_and_not_to_answer_are_two_things() -> None:
    outcomes = []
    for outcome in (OfferState.BUSY, OfferState.NO_ANSWER, OfferState.UNREACHABLE):
        zone = two()
        outcomes.append(only(zone.do(OfferFailed(ONE, outcome)), OfferEnded).outcome)
    zone = two()
    zone.do(CustomerLeft(ContactId("c1")))
    outcomes.append(last(zone.facts, OfferEnded).outcome)
    assert outcomes == [
        OfferState.BUSY,
        OfferState.NO_ANSWER,
        OfferState.UNREACHABLE,
        OfferState.WITHDRAWN,
    ]


def test_trap_22_a_disposition_given_twice_over_a_restart_counts_once() -> None:
    """The zone's twin folds every fact and every snapshot is restored after each event: see `zone.py`."""
    zone = two()
    number = zone.accept(1)
    zone.do(ContactConnected(number))
    zone.do(CustomerLeft(ContactId("c1")))
    zone.do(WrapUpFinished(number, ""))
    assert only(zone.do(WrapUpFinished(number, "")), Late)
    assert len(of(zone.facts, AssignmentDone)) == 1
