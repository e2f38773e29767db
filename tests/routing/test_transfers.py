"""Blind and attended transfers, consults, conferences, monitors and take-over."""

import pytest

from acd.routing.events import (
    AgentLegEnded,
    AgentSignedOut,
    ConnectFailed,
    ConsultAsked,
    ConsultCompleted,
    ConsultConnected,
    ConsultEnded,
    CustomerLeft,
    HoldChosen,
    MonitorAsked,
    OfferDeclined,
    ParticipantLeft,
    PresenceChosen,
    TransferAsked,
    WrapUpFinished,
)
from acd.routing.model import (
    AgentId,
    ContactId,
    MonitorMode,
    OfferId,
    Outcome,
    PersonId,
    Presence,
    QueueId,
    QueueRules,
    WrapUp,
    WrapUpMode,
)
from acd.routing.outputs import (
    AssignmentConnected,
    ContactEnded,
    ContactRequeued,
    ContactReturned,
    EndConsult,
    HoldContact,
    Late,
    MonitorSet,
    OfferMade,
    PlayTreatment,
    PresenceSet,
    Refused,
    ReleaseAgent,
    SetMonitor,
    StartConsult,
    TalkEnded,
    TransferFailed,
    TransferMade,
    TransferOut,
)
from tests.routing.zone import Zone, agent, last, names, of, only

ONE = OfferId(1)


def talking(*queues: str) -> Zone:
    """Ann talks to c1; bob is ready, cid signed out."""
    zone = Zone("q", "r", agent("ann", "q", "r"), agent("bob", "r"), agent("cid", "q"))
    zone.ready("ann", "bob")
    zone.arrive("c1")
    zone.accept()
    return zone


def code(outputs: object) -> str:
    """The code of the one refusal."""
    return only(outputs, Refused).code  # type: ignore[arg-type]


def test_to_a_queue_the_contact_keeps_its_arrival_and_goes_to_its_agents() -> None:
    zone = talking()
    out = zone.do(TransferAsked(ONE, to_queue=QueueId("r")), 10_000)
    assert names(out) == [
        "TransferMade", "TalkEnded", "WrapUpStarted", "ContactRequeued", "OfferMade",
        "ReleaseAgent", "PlayTreatment", "PresentOffer",
    ]  # fmt: skip
    assert only(out, OfferMade).agent == "bob"
    number = zone.accept()
    assert not last(zone.facts, AssignmentConnected).is_first
    assert names(zone.do(CustomerLeft(ContactId("c1"))))[0] == "TalkEnded"
    assert number == 2


def test_the_transferring_agent_does_not_get_the_contact_back_at_once() -> None:
    zone = talking()
    zone.do(AgentSignedOut(AgentId("bob")))
    zone.do(TransferAsked(ONE, to_queue=QueueId("r")), 10_000)
    assert not of(zone.do(WrapUpFinished(ONE, "")), OfferMade)
    assert only(zone.wait(60_000), OfferMade).agent == "ann"


def test_to_an_agent_who_declines_the_customer_stands_in_line_again() -> None:
    zone = talking()
    out = zone.do(TransferAsked(ONE, to_agent=AgentId("bob")))
    assert only(out, OfferMade).decision.trigger == "transfer"
    assert only(out, TransferMade).to_agent == "bob"
    out = zone.do(OfferDeclined(OfferId(2)))
    assert only(out, ContactReturned).contact == "c1"
    assert not of(out, PresenceSet)


def test_to_an_agent_who_does_not_answer_does_not_rest_them() -> None:
    zone = talking()
    zone.do(TransferAsked(ONE, to_agent=AgentId("bob")))
    assert not of(zone.wait(20_000), PresenceSet)


def test_to_a_number_the_agent_stays_until_the_number_has_the_customer() -> None:
    zone = talking()
    out = zone.do(TransferAsked(ONE, to_number="999"))
    assert only(out, TransferOut).number == "999"
    assert zone.engine.wanted_commands() == of(out, TransferOut)
    assert only(zone.do(TransferAsked(ONE, to_number="998")), Late)
    assert code(zone.do(ConsultAsked(ONE, to_number="997"))) == "consult_open"
    out = zone.do(CustomerLeft(ContactId("c1"), "transferred"), 4_000)
    assert only(out, TalkEnded).why == "transferred"
    assert only(out, ContactEnded).outcome is Outcome.ANSWERED


def test_a_number_that_fails_leaves_customer_and_agent_together() -> None:
    zone = talking()
    zone.do(TransferAsked(ONE, to_number="999"))
    assert names(zone.do(ConnectFailed(ONE, "busy"))) == ["TransferFailed"]
    assert names(zone.do(HoldChosen(ONE, True))) == ["AssignmentHeld", "HoldContact"]


def test_a_number_that_fails_after_the_agent_left_brings_the_customer_back_to_the_line() -> None:
    zone = talking()
    zone.do(TransferAsked(ONE, to_number="999"))
    out = zone.do(AgentLegEnded(ONE))
    assert names(out) == ["TalkEnded", "WrapUpStarted", "ReleaseAgent"]
    out = zone.do(ConnectFailed(ONE, "busy"))
    assert of(out, TransferFailed) and only(out, PlayTreatment).kind == "back_in_line"


def test_a_number_that_takes_the_customer_after_the_agent_left_ends_the_contact_as_answered() -> None:
    zone = talking()
    zone.do(TransferAsked(ONE, to_number="999"))
    zone.do(AgentLegEnded(ONE))
    zone.do(WrapUpFinished(ONE, ""))
    assert only(zone.do(CustomerLeft(ContactId("c1"))), ContactEnded).outcome is Outcome.ANSWERED


@pytest.mark.parametrize("finish", [True, False])
def test_a_transfer_to_a_number_without_word_has_failed_after_a_while(finish: bool) -> None:
    zone = talking()
    zone.do(TransferAsked(ONE, to_number="999"))
    zone.do(AgentLegEnded(ONE))
    if finish:
        zone.do(WrapUpFinished(ONE, ""))
    facts = zone.wait(60_000)
    assert only(facts, ContactReturned).contact == "c1"


def test_a_transfer_to_a_number_without_word_leaves_a_talk_as_it_was() -> None:
    zone = talking()
    zone.do(TransferAsked(ONE, to_number="999"))
    assert only(zone.wait(60_000), TransferFailed).reason == "timeout"


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (TransferAsked(ONE), "one_target"),
        (TransferAsked(ONE, to_queue=QueueId("q"), to_number="1"), "one_target"),
        (TransferAsked(ONE, to_queue=QueueId("x")), "unknown_queue"),
        (TransferAsked(ONE, to_agent=AgentId("x")), "unknown_agent"),
        (TransferAsked(ONE, to_agent=AgentId("ann")), "own_target"),
        (TransferAsked(ONE, to_agent=AgentId("cid")), "signed_out"),
        (TransferAsked(ONE, to_number="9" * 100), "senseless"),
        (ConsultAsked(ONE), "one_target"),
        (ConsultAsked(ONE, to_agent=AgentId("ann")), "own_target"),
        (ConsultAsked(ONE, to_agent=AgentId("x")), "unknown_agent"),
        (ConsultAsked(ONE, to_agent=AgentId("cid")), "signed_out"),
        (ConsultAsked(ONE, to_number="9" * 100), "senseless"),
        (ConsultEnded(ONE, by=PersonId("ann")), "no_consult"),
        (ConsultCompleted(ONE), "no_consult"),
        (MonitorAsked(ONE, PersonId("boss"), MonitorMode.TAKE_OVER), "signed_out"),
        (MonitorAsked(ONE, PersonId("ann"), MonitorMode.TAKE_OVER), "own_target"),
        (TransferAsked(OfferId(7), to_number="1"), "unknown_offer"),
    ],
)
def test_what_cannot_be_is_refused_with_a_stable_code(event: object, expected: str) -> None:
    assert code(talking().do(event)) == expected  # type: ignore[arg-type]


def test_a_transfer_to_somebody_who_is_not_free_is_refused() -> None:
    zone = talking()
    zone.do(PresenceChosen(AgentId("bob"), Presence.NOT_READY, "lunch"))
    assert code(zone.do(TransferAsked(ONE, to_agent=AgentId("bob")))) == "agent_not_ready"
    zone.do(PresenceChosen(AgentId("bob"), Presence.READY))
    zone.do(ConsultAsked(ONE, to_agent=AgentId("bob")))
    assert code(zone.do(TransferAsked(ONE, to_queue=QueueId("r")))) == "consult_open"
    zone.do(ConsultEnded(ONE))
    zone.arrive("c2", queue=QueueId("r"))
    assert code(zone.do(TransferAsked(ONE, to_agent=AgentId("bob")))) == "agent_busy"
    assert code(zone.do(ConsultAsked(ONE, to_agent=AgentId("bob")))) == "agent_busy"


def test_a_consult_holds_the_customer_and_gives_them_back() -> None:
    zone = talking()
    out = zone.do(ConsultAsked(ONE, to_agent=AgentId("bob")))
    assert names(out) == ["AssignmentHeld", "ConsultStarted", "HoldContact", "StartConsult"]
    assert zone.engine.wanted_commands() == [*of(out, HoldContact), *of(out, StartConsult)]
    assert code(zone.do(HoldChosen(ONE, False))) == "consult_open"
    assert code(zone.do(ConsultAsked(ONE, to_number="1"))) == "consult_open"
    assert code(zone.do(ConsultCompleted(ONE))) == "consult_unanswered"
    assert names(zone.do(ConsultConnected(ONE))) == ["ConsultAnswered"]
    assert only(zone.do(ConsultConnected(ONE)), Late)
    assert only(zone.do(ConsultConnected(OfferId(9))), Refused)
    assert not of(zone.arrive("c2", queue=QueueId("r")), OfferMade)
    out = zone.do(ConsultEnded(ONE))
    assert names(out) == [
        "ConsultOver",
        "AssignmentHeld",
        "OfferMade",
        "EndConsult",
        "HoldContact",
        "PresentOffer",
    ]
    assert only(zone.do(ConsultEnded(ONE)), Late)
    assert only(zone.do(ConsultEnded(OfferId(9))), Refused)


def test_a_consult_during_hold_leaves_the_hold_as_it_is() -> None:
    zone = talking()
    zone.do(HoldChosen(ONE, True))
    assert names(zone.do(ConsultAsked(ONE, to_number="5"))) == ["ConsultStarted", "StartConsult"]
    assert names(zone.do(ParticipantLeft(ONE, "5"))) == [
        "ConsultOver",
        "AssignmentHeld",
        "EndConsult",
        "HoldContact",
    ]


def test_an_attended_transfer_to_an_agent_is_an_assignment_of_its_own() -> None:
    zone = talking()
    zone.do(ConsultAsked(ONE, to_agent=AgentId("bob")))
    zone.do(ConsultConnected(ONE))
    out = zone.do(ConsultCompleted(ONE), 5_000)
    assert names(out) == [
        "TransferMade", "ConsultOver", "TalkEnded", "WrapUpStarted", "ContactReturned", "OfferMade", "OfferTaken",
        "AssignmentConnected", "EndConsult", "ReleaseAgent",
    ]  # fmt: skip
    assert only(out, EndConsult).how == "transfer"
    out = zone.do(AgentLegEnded(OfferId(2)), 5_000)
    assert only(out, ContactEnded).outcome is Outcome.ANSWERED


def test_an_attended_transfer_to_a_number_leaves_the_house() -> None:
    zone = talking()
    zone.do(ConsultAsked(ONE, to_number="5"))
    zone.do(ConsultConnected(ONE))
    out = zone.do(ConsultCompleted(ONE))
    assert names(out) == ["TransferMade", "TalkEnded", "WrapUpStarted", "EndConsult", "ReleaseAgent"]
    assert only(zone.do(CustomerLeft(ContactId("c1")), 9_000), ContactEnded).outcome is Outcome.ANSWERED


def test_a_conference_goes_on_without_the_third() -> None:
    zone = talking()
    zone.do(ConsultAsked(ONE, to_agent=AgentId("bob")))
    zone.do(ConsultConnected(ONE))
    out = zone.do(ConsultCompleted(ONE, conference=True))
    assert names(out) == ["ConsultOver", "AssignmentHeld", "EndConsult", "HoldContact"]
    assert only(zone.engine.wanted_commands(), EndConsult).how == "conference"
    assert code(zone.do(ConsultCompleted(ONE, conference=True))) == "no_consult"
    zone.do(PresenceChosen(AgentId("bob"), Presence.NOT_READY, "lunch"))
    out = zone.do(ParticipantLeft(ONE, "bob"))
    assert names(out) == ["ParticipantGone", "PresenceSet"]
    assert only(zone.do(ParticipantLeft(ONE, "bob")), Late)
    assert only(zone.do(ParticipantLeft(OfferId(9), "bob")), Refused)


def test_a_conference_from_hold_with_a_number_goes_on_when_the_number_leaves() -> None:
    zone = talking()
    zone.do(ConsultAsked(ONE, to_number="5"))
    zone.do(ConsultConnected(ONE))
    zone.do(ConsultCompleted(ONE, conference=True))
    assert names(zone.do(ParticipantLeft(ONE, "5"))) == ["ParticipantGone"]


def test_the_agent_who_leaves_a_conference_leaves_the_customer_to_the_third() -> None:
    zone = talking()
    zone.do(ConsultAsked(ONE, to_agent=AgentId("bob")))
    zone.do(ConsultConnected(ONE))
    zone.do(ConsultCompleted(ONE, conference=True))
    out = zone.do(AgentLegEnded(ONE))
    assert only(out, AssignmentConnected).agent == "bob"
    assert not of(out, ContactEnded)


def test_the_customer_who_leaves_ends_a_consult_as_well() -> None:
    zone = talking()
    zone.do(ConsultAsked(ONE, to_agent=AgentId("bob")))
    zone.do(CustomerLeft(ContactId("c1")))
    assert only(zone.arrive("c2", queue=QueueId("r")), OfferMade).agent == "bob"


def test_the_agent_who_hangs_up_in_a_consult_ends_all() -> None:
    zone = talking()
    zone.do(ConsultAsked(ONE, to_agent=AgentId("bob")))
    out = zone.do(AgentLegEnded(ONE))
    assert only(out, EndConsult).how == "retrieve"
    assert only(out, ContactEnded).outcome is Outcome.ANSWERED


def test_a_supervisor_hears_whispers_and_leaves() -> None:
    zone = talking()
    boss = PersonId("boss")
    assert names(zone.do(MonitorAsked(ONE, boss, MonitorMode.MONITOR))) == ["MonitorSet", "SetMonitor"]
    assert only(zone.do(MonitorAsked(ONE, boss, MonitorMode.MONITOR)), Late)
    zone.do(MonitorAsked(ONE, boss, MonitorMode.WHISPER))
    assert only(zone.engine.wanted_commands(), SetMonitor).mode is MonitorMode.WHISPER
    assert only(zone.do(MonitorAsked(ONE, boss, None)), MonitorSet).mode is None
    zone.do(MonitorAsked(ONE, boss, MonitorMode.BARGE))
    assert names(zone.do(ParticipantLeft(ONE, "boss"))) == ["MonitorSet"]
    for number in range(5):
        zone.do(MonitorAsked(ONE, PersonId(f"s{number}"), MonitorMode.MONITOR))
    assert code(zone.do(MonitorAsked(ONE, boss, MonitorMode.MONITOR))) == "limit"
    assert not of(zone.do(CustomerLeft(ContactId("c1"))), Refused)


def test_a_supervisor_who_is_an_agent_takes_over() -> None:
    zone = talking()
    out = zone.do(MonitorAsked(ONE, PersonId("bob"), MonitorMode.TAKE_OVER))
    assert only(out, AssignmentConnected).agent == "bob"
    assert only(out, ReleaseAgent).agent == "ann"
    order = only(out, SetMonitor)
    assert order.mode is MonitorMode.TAKE_OVER
    assert order.new_offer == only(out, AssignmentConnected).offer != ONE


def test_a_transferred_contact_that_hangs_up_in_the_second_line_was_abandoned_there() -> None:
    zone = Zone(QueueRules(QueueId("q"), wrap_up=WrapUp(WrapUpMode.NONE)), "r", agent("ann"))
    zone.ready("ann")
    zone.arrive("c1")
    zone.accept()
    zone.do(TransferAsked(ONE, to_queue=QueueId("r")))
    ended = only(zone.do(CustomerLeft(ContactId("c1")), 5_000), ContactEnded)
    assert (ended.outcome, ended.queue) == (Outcome.ABANDONED, "r")
    assert last(zone.facts, ContactRequeued).why == "transfer"


def test_a_transfer_to_the_queue_where_the_contact_is_or_to_no_number_is_refused() -> None:
    zone = Zone("q", "r", agent("a"))
    zone.ready("a")
    zone.arrive("c1")
    offer = zone.accept()
    assert last(zone.do(TransferAsked(offer, to_queue=QueueId("q"))), Refused).code == "own_target"
    for event in (TransferAsked(offer, to_number="nonsense"), ConsultAsked(offer, to_number="nonsense")):
        refused = last(zone.do(event), Refused)
        assert (refused.code, refused.found) == ("senseless", "nonsense")
    assert of(zone.do(TransferAsked(offer, to_queue=QueueId("r"))), TransferMade)
