"""Offers: their outcomes told apart, refusals remembered, races, deadlines, return calls."""

import pytest

from acd.routing.events import (
    AgentLegEnded,
    AgentSignedOut,
    ConnectFailed,
    ContactClosed,
    ContactConnected,
    ContactGiven,
    CustomerChose,
    CustomerLeft,
    CustomerReached,
    DialFailed,
    HeadStartChanged,
    OfferAccepted,
    OfferDeclined,
    OfferFailed,
    PresenceChosen,
    ReturnCallAsked,
    WrapUpAsked,
    WrapUpFinished,
)
from acd.routing.model import (
    AgentId,
    Channel,
    ContactId,
    Delays,
    Disposition,
    Identity,
    OfferId,
    OfferState,
    Outcome,
    OverflowAction,
    OverflowRule,
    PersonId,
    Presence,
    QueueId,
    QueueRules,
    ReturnCallPolicy,
    Strategy,
    TicketId,
    WrapUp,
    WrapUpMode,
)
from acd.routing.outputs import (
    AssignmentDone,
    ContactEnded,
    ContactEntered,
    ContactReturned,
    DialCustomer,
    Late,
    OfferEnded,
    OfferMade,
    PlayTreatment,
    PresenceSet,
    PresentOffer,
    Refused,
    ReturnCallMerged,
    ReturnCallRescheduled,
    WithdrawOffer,
    WrapUpExtended,
    WrapUpStarted,
)
from tests.routing.zone import START_MS, Zone, agent, last, names, of, only

ONE = OfferId(1)


def offered(*agents: str, **rules: object) -> Zone:
    """C1 is offered to the first agent."""
    zone = Zone(QueueRules(QueueId("q"), **rules), *(agent(name) for name in agents))  # type: ignore[arg-type]
    zone.ready(*agents)
    zone.arrive("c1")
    return zone


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [(OfferState.NO_ANSWER, "rona"), (OfferState.BUSY, "busy"), (OfferState.UNREACHABLE, "unreachable")],
)
def test_an_agent_whom_an_offer_did_not_reach_is_rested_with_the_reason(
    outcome: OfferState, reason: str
) -> None:
    zone = offered("ann")
    out = zone.do(OfferFailed(ONE, outcome))
    assert only(out, OfferEnded).outcome is outcome
    rested = only(out, PresenceSet)
    assert (rested.presence, rested.reason, rested.is_system) == (Presence.NOT_READY, reason, True)
    assert only(out, WithdrawOffer).why == outcome.value


@pytest.mark.parametrize(
    ("outcome", "delay_ms"),
    [
        (OfferState.DECLINED, 10_000),
        (OfferState.NO_ANSWER, 5_000),
        (OfferState.BUSY, 2_000),
        (OfferState.UNREACHABLE, 60_000),
    ],
)
def test_each_way_to_fail_has_its_own_delay(outcome: OfferState, delay_ms: int) -> None:
    zone = offered("ann", rona_rest=False, delays=Delays(10_000, 5_000, 2_000))
    ended = OfferDeclined(ONE) if outcome is OfferState.DECLINED else OfferFailed(ONE, outcome)
    assert only(zone.do(ended), OfferEnded).outcome is outcome
    assert not of(zone.wait(delay_ms - 1), OfferMade)
    assert of(zone.wait(1), OfferMade), "she is asked again"


def test_a_shorter_delay_does_not_shorten_a_longer_one() -> None:
    zone = offered("ann", rona_rest=False, delays=Delays(60_000, 5_000, 0))
    zone.do(OfferDeclined(ONE))
    zone.do(ContactGiven(ContactId("c1"), AgentId("ann"), True))
    zone.do(OfferFailed(OfferId(2), OfferState.NO_ANSWER), 1_000)
    assert not of(zone.wait(58_000), OfferMade)
    assert of(zone.wait(1_000), OfferMade)


def test_without_the_rule_nobody_is_rested() -> None:
    zone = offered("ann", rona_rest=False)
    assert not of(zone.do(OfferFailed(ONE, OfferState.BUSY)), PresenceSet)


def test_an_outcome_that_is_none_is_refused() -> None:
    assert only(offered("ann").do(OfferFailed(ONE, OfferState.ACCEPTED)), Refused).code == "senseless"


def test_whoever_declines_stays_ready_for_others() -> None:
    zone = offered("ann")
    zone.do(OfferDeclined(ONE, "cannot"))
    assert only(zone.arrive("c2"), OfferMade).agent == "ann"


def test_a_returned_contact_goes_before_those_that_came_after_it() -> None:
    zone = offered("ann", refusal_memory_ms=0)
    zone.arrive("c2")
    out = zone.do(OfferDeclined(ONE))
    assert only(out, OfferMade).contact == "c1"


def test_not_ready_while_an_offer_rings_declines_it() -> None:
    zone = offered("ann")
    out = zone.do(PresenceChosen(AgentId("ann"), Presence.NOT_READY, "lunch"))
    assert only(out, OfferEnded).outcome is OfferState.DECLINED
    assert only(out, PresenceSet).reason == "lunch"


def test_a_supervisor_who_signs_an_agent_out_withdraws_the_offer() -> None:
    zone = offered("ann")
    out = zone.do(AgentSignedOut(AgentId("ann"), PersonId("boss")))
    assert only(out, OfferEnded).outcome is OfferState.WITHDRAWN


def test_a_customer_who_leaves_while_it_rings_has_abandoned() -> None:
    zone = offered("ann")
    out = zone.do(CustomerLeft(ContactId("c1")))
    assert names(out) == ["OfferEnded", "ContactEnded", "WithdrawOffer"]
    assert only(out, OfferEnded).outcome is OfferState.WITHDRAWN
    assert only(out, ContactEnded).outcome is Outcome.ABANDONED
    assert only(zone.do(OfferAccepted(ONE)), Late)


def test_a_customer_who_leaves_while_being_connected_has_abandoned() -> None:
    zone = offered("ann")
    zone.do(OfferAccepted(ONE))
    out = zone.do(CustomerLeft(ContactId("c1")))
    assert names(out) == ["ContactEnded", "AssignmentDone", "ReleaseAgent"]
    assert only(zone.arrive("c2"), OfferMade).agent == "ann"


@pytest.mark.parametrize("end", ["failed", "agent", "silence"])
def test_a_bridge_that_fails_brings_the_contact_back_to_its_place(end: str) -> None:
    zone = offered("ann", "bob")
    zone.do(OfferAccepted(ONE))
    if end == "failed":
        zone.do(ConnectFailed(ONE, "no media"))
    elif end == "agent":
        zone.do(AgentLegEnded(ONE))
    else:
        zone.wait(15_000)
    assert last(zone.facts, ContactReturned).contact == "c1"
    assert last(zone.commands, PlayTreatment).kind == "back_in_line"
    assert zone.offer().agent == "bob"
    assert only(zone.do(ContactConnected(ONE)), Late)


def test_an_open_offer_is_no_talk() -> None:
    zone = offered("ann")
    assert only(zone.do(ContactConnected(ONE)), Refused).code == "not_talking"
    assert only(zone.do(WrapUpFinished(ONE, "")), Refused).code == "still_talking"
    assert only(zone.do(AgentLegEnded(ONE)), Late)
    zone.do(OfferAccepted(ONE))
    assert only(zone.do(OfferDeclined(ONE)), Late)
    assert only(zone.do(OfferAccepted(ONE)), Late)
    assert only(zone.do(OfferDeclined(OfferId(5))), Refused)
    assert only(zone.do(DialFailed(ONE, "busy")), Late)


# --- ring all -------------------------------------------------------------------------------------------


def test_ring_all_has_one_winner_and_the_others_have_lost_the_race() -> None:
    zone = offered("ann", "bob", "cid", strategy=Strategy.RING_ALL)
    assert {offer.agent for offer in of(zone.facts, OfferMade)} == {"ann", "bob", "cid"}
    out = zone.do(OfferAccepted(OfferId(2)))
    assert [fact.outcome for fact in of(out, OfferEnded)] == [OfferState.LOST_RACE] * 2
    assert only(zone.do(OfferAccepted(ONE)), Late)


def test_ring_all_returns_the_contact_only_when_nobody_rings_any_more() -> None:
    zone = offered("ann", "bob", strategy=Strategy.RING_ALL)
    assert not of(zone.do(OfferDeclined(ONE)), ContactReturned)
    assert of(zone.do(OfferDeclined(OfferId(2))), ContactReturned)
    zone = offered("ann", "bob", strategy=Strategy.RING_ALL)
    out = zone.do(CustomerLeft(ContactId("c1")))
    assert len(of(out, WithdrawOffer)) == 2


# --- wrap-up --------------------------------------------------------------------------------------------


def wrapped(mode: WrapUpMode, limit_ms: int = 10_000) -> Zone:
    """Ann has talked to c1 until it hung up."""
    zone = offered("ann", wrap_up=WrapUp(mode, limit_ms), disposition_default="none")
    zone.accept()
    zone.do(CustomerLeft(ContactId("c1")), 5_000)
    return zone


def test_no_wrap_up_stores_the_default() -> None:
    done = last(wrapped(WrapUpMode.NONE).facts, AssignmentDone)
    assert (done.disposition, done.is_default) == ("none", True)


def test_timed_wrap_up_blocks_and_ends_by_itself_with_the_default() -> None:
    zone = wrapped(WrapUpMode.TIMED)
    assert not of(zone.arrive("c2"), OfferMade)
    facts = zone.wait(10_000)
    assert only(facts, AssignmentDone).is_default
    assert only(facts, OfferMade).contact == "c2"


def test_wrap_up_is_extended_as_often_as_the_rule_allows() -> None:
    zone = wrapped(WrapUpMode.TIMED)
    assert only(zone.do(WrapUpAsked(ONE)), WrapUpExtended).deadline_ms == zone.now_ms + 40_000
    zone.do(WrapUpAsked(ONE))
    assert only(zone.do(WrapUpAsked(ONE)), Refused).code == "wrap_up_spent"


def test_mandatory_wrap_up_waits_for_the_agent() -> None:
    zone = wrapped(WrapUpMode.MANDATORY)
    assert last(zone.facts, WrapUpStarted).deadline_ms is None
    assert not zone.wait(10_000_000)
    assert only(zone.do(WrapUpAsked(ONE)), Late)
    assert only(zone.do(WrapUpFinished(ONE, "x" * 300)), Refused).code == "senseless"
    assert not only(zone.do(WrapUpFinished(ONE, "x")), AssignmentDone).is_default


def test_optional_wrap_up_blocks_nothing_and_still_takes_a_disposition() -> None:
    zone = wrapped(WrapUpMode.OPTIONAL)
    assert of(zone.arrive("c2"), OfferMade)
    assert only(zone.do(WrapUpFinished(ONE, "x")), AssignmentDone).disposition == "x"


def test_wrap_up_on_request_is_timed_when_asked_for() -> None:
    zone = offered("ann", wrap_up=WrapUp(WrapUpMode.ON_REQUEST, 10_000))
    assert only(zone.do(WrapUpAsked(ONE)), Refused).code == "not_talking"
    zone.accept()
    assert only(zone.do(WrapUpAsked(ONE)), WrapUpExtended).deadline_ms is None
    assert only(zone.do(WrapUpAsked(ONE)), Late)
    assert only(zone.do(CustomerLeft(ContactId("c1"))), WrapUpStarted).blocks
    zone.do(WrapUpFinished(ONE, ""))
    zone.arrive("c2")
    number = zone.accept()
    assert only(zone.do(CustomerLeft(ContactId("c2"))), AssignmentDone).offer == number


def test_wrap_up_that_follows_by_itself_need_not_be_asked_for() -> None:
    zone = offered("ann")
    zone.accept()
    assert only(zone.do(WrapUpAsked(ONE)), Refused).code == "wrap_up_spent"


# --- return calls ---------------------------------------------------------------------------------------


def booked(customer_first: bool = False, **more: object) -> Zone:
    """A return call of ticket T1 to 555 stands in line."""
    rules = QueueRules(
        QueueId("q"),
        return_calls=ReturnCallPolicy(customer_first, 2, 60_000),
        dispositions=(Disposition("ok", solves=True),),
    )
    zone = Zone(rules, agent("ann"), contacts_max=3)
    zone.do(
        ReturnCallAsked(ContactId("r1"), QueueId("q"), "555", "sip", ticket=TicketId("T1"), **more)  # type: ignore[arg-type]
    )
    return zone


def test_a_return_call_is_dialled_when_the_agent_accepts_and_tried_again_later() -> None:
    zone = booked()
    zone.ready("ann")
    assert only(zone.do(OfferAccepted(ONE)), DialCustomer).number == "555"
    assert only(zone.engine.wanted_commands(), DialCustomer).number == "555"
    out = zone.do(DialFailed(ONE, "busy"), 5_000)
    assert names(out) == ["AssignmentDone", "ReturnCallRescheduled", "ReleaseAgent"]
    assert only(out, ReturnCallRescheduled).tries == 1
    assert not of(zone.wait(59_000), OfferMade)
    assert only(zone.wait(1_000), OfferMade).contact == "r1"
    zone.do(OfferAccepted(OfferId(2)))
    out = zone.do(DialFailed(OfferId(2), "no_answer"), 5_000)
    assert only(out, ContactEnded).outcome is Outcome.UNREACHED


def test_a_return_call_whose_customer_leaves_while_being_connected_is_tried_again() -> None:
    zone = booked()
    zone.ready("ann")
    zone.do(OfferAccepted(ONE))
    assert of(zone.do(CustomerLeft(ContactId("r1"))), ReturnCallRescheduled)


def test_a_return_call_that_nobody_reports_on_is_tried_again() -> None:
    zone = booked()
    zone.ready("ann")
    zone.do(OfferAccepted(ONE))
    assert of(zone.wait(45_000), ReturnCallRescheduled)


def test_customer_first_the_customer_is_called_and_then_the_agent_rung() -> None:
    zone = booked(customer_first=True)
    zone.ready("ann")
    assert names(zone.out) == ["AgentJoined", "PresenceSet", "OfferMade", "DialCustomer"]
    assert only(zone.engine.wanted_commands(), DialCustomer)
    assert only(zone.do(OfferAccepted(ONE)), Late)
    assert names(zone.do(CustomerReached(ONE))) == ["CustomerAnswered", "PresentOffer"]
    assert only(zone.engine.wanted_commands(), PresentOffer)
    assert only(zone.do(CustomerReached(ONE)), Late)
    assert only(zone.do(CustomerReached(OfferId(4))), Refused)
    assert names(zone.do(OfferAccepted(ONE))) == ["OfferTaken", "ConnectContact"]


def test_customer_first_an_agent_who_does_not_answer_leaves_the_customer_in_line_for_the_next() -> None:
    zone = booked(customer_first=True)
    zone.ready("ann")
    zone.do(CustomerReached(ONE))
    out = zone.do(OfferDeclined(ONE))
    assert only(out, PlayTreatment).kind == "back_in_line"
    assert zone.engine.wanted_commands() == of(out, PlayTreatment)
    assert only(zone.wait(60_000), OfferMade).contact == "r1"
    assert of(zone.commands, DialCustomer) == of(zone.commands, DialCustomer)[:1], (
        "called once, rung for twice"
    )
    assert names(zone.do(OfferAccepted(OfferId(2)))) == ["OfferTaken", "ConnectContact"]


@pytest.mark.parametrize("stage", ["ringing", "waiting"])
def test_customer_first_a_customer_who_does_not_wait_for_the_agent_is_called_again(stage: str) -> None:
    zone = booked(customer_first=True)
    zone.ready("ann")
    zone.do(CustomerReached(ONE))
    if stage == "waiting":
        zone.do(OfferDeclined(ONE))
    assert only(zone.do(CustomerLeft(ContactId("r1"))), ReturnCallRescheduled).tries == 1
    assert only(zone.wait(60_000), OfferMade).contact == "r1"
    assert len(of(zone.commands, DialCustomer)) == 2


@pytest.mark.parametrize("by_time", [True, False])
def test_customer_first_a_customer_who_is_not_reached_is_tried_again(by_time: bool) -> None:
    zone = booked(customer_first=True)
    zone.ready("ann")
    if by_time:
        facts = zone.wait(20_000)
    else:
        facts = zone.do(DialFailed(ONE, "busy")).facts
    assert only(facts, ReturnCallRescheduled).tries == 1
    assert only(facts, OfferEnded).outcome is OfferState.WITHDRAWN


def test_dialling_is_only_for_return_calls_that_are_being_dialled() -> None:
    zone = booked()
    assert only(zone.do(DialFailed(OfferId(3), "busy")), Refused)
    zone.ready("ann")
    assert only(zone.do(DialFailed(ONE, "busy")), Late)
    assert only(zone.do(CustomerReached(ONE)), Late)
    assert only(zone.do(CustomerLeft(ContactId("r1"))), Late), "nobody is on the line yet"


def test_the_echo_of_a_failed_try_does_not_end_a_return_call() -> None:
    """The adapter reports that nobody was reached, and then that the leg it had dialled is gone."""
    zone = booked()
    zone.ready("ann")
    zone.do(OfferAccepted(ONE))
    assert of(zone.do(DialFailed(ONE, "busy")), ReturnCallRescheduled)
    assert only(zone.do(CustomerLeft(ContactId("r1"))), Late)
    zone.wait(700_000)
    assert zone.offer().contact == "r1", "it is tried again"
    assert only(zone.do(CustomerLeft(ContactId("r1"))), Late)


def test_a_return_call_has_no_choices_to_make() -> None:
    """Else it would be merged into itself, and be lost."""
    rules = QueueRules(QueueId("q"), overflow=(OverflowRule("key", OverflowAction.RETURN_CALL, wish=True),))
    zone = Zone(rules, agent("ann"))
    zone.do(ReturnCallAsked(ContactId("r1"), QueueId("q"), "555", "sip"))
    assert only(zone.do(CustomerChose(ContactId("r1"), "return_call")), Refused).code == "not_allowed"


def test_customer_first_a_customer_who_hangs_up_while_being_called_is_called_again() -> None:
    zone = booked(customer_first=True)
    zone.ready("ann")
    assert only(zone.do(CustomerLeft(ContactId("r1"))), ReturnCallRescheduled).tries == 1


def test_a_second_return_call_to_a_number_is_merged_into_the_first() -> None:
    zone = booked()
    out = zone.do(ReturnCallAsked(ContactId("r2"), QueueId("q"), "555", "sip", ticket=TicketId("T2")))
    assert only(out, ReturnCallMerged).into == "r1"
    zone.do(ContactClosed(ContactId("r1"), "done"))
    out = zone.do(ReturnCallAsked(ContactId("r3"), QueueId("q"), "555", "sip"))
    assert only(out, ContactEntered).contact == "r3"
    merged = zone.do(ReturnCallAsked(ContactId("r4"), QueueId("q"), "555", "sip", ticket=TicketId("T4")))
    assert only(merged, ReturnCallMerged).ticket == "T4"


def test_a_return_call_for_later_waits_for_its_time() -> None:
    zone = booked(not_before_ms=START_MS + 60_000)
    zone.ready("ann")
    assert not of(zone.wait(59_000), OfferMade)
    assert of(zone.wait(1_000), OfferMade)


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (ReturnCallAsked(ContactId("x"), QueueId("no"), "1", "sip"), "unknown_queue"),
        (ReturnCallAsked(ContactId("x"), QueueId("q"), "", "sip"), "number_missing"),
        (ReturnCallAsked(ContactId(""), QueueId("q"), "1", "sip"), "senseless"),
        (ReturnCallAsked(ContactId("x"), QueueId("q"), "1", "sip", not_before_ms=1 << 50), "senseless"),
        (
            ReturnCallAsked(ContactId("x"), QueueId("q"), "1", "sip", identities=(Identity("a"),) * 9),
            "senseless",
        ),
    ],
)
def test_a_return_call_that_cannot_be_is_refused(event: ReturnCallAsked, code: str) -> None:
    zone = booked()
    assert only(zone.do(event), Refused).code == code
    assert only(zone.do(ReturnCallAsked(ContactId("r1"), QueueId("q"), "7", "sip")), Late)


def test_return_calls_are_limited() -> None:
    zone = booked()
    for number in range(2):
        zone.do(ReturnCallAsked(ContactId(f"x{number}"), QueueId("q"), str(number), "sip"))
    assert only(zone.do(ReturnCallAsked(ContactId("y"), QueueId("q"), "9", "sip")), Refused).code == "limit"
    zone = Zone(QueueRules(QueueId("q"), length_max=1))
    zone.do(ReturnCallAsked(ContactId("x"), QueueId("q"), "1", "sip"))
    assert only(zone.do(ReturnCallAsked(ContactId("y"), QueueId("q"), "9", "sip")), Refused).code == "limit"
    zone = Zone()
    assert (
        only(zone.do(ReturnCallAsked(ContactId("y"), QueueId("q"), "9", "sip")), Refused).code
        == "rules_missing"
    )


def test_a_chat_is_offered_within_capacity() -> None:
    zone = Zone("q", agent("ann"))
    zone.ready("ann")
    made = [of(zone.arrive(f"c{number}", channel=Channel.CHAT), OfferMade) for number in range(4)]
    assert [len(offers) for offers in made] == [1, 1, 1, 0]


def test_an_agent_who_declines_serves_those_first_who_stand_before_the_one_that_comes_back() -> None:
    zone = offered("ann", refusal_memory_ms=0)
    zone.arrive("c2")
    zone.arrive("c3")
    zone.do(HeadStartChanged(ContactId("c3"), 60_000))
    zone.do(OfferDeclined(ONE))
    assert zone.offer().contact == "c3"
