"""The lives that NOTES.md tells rooms about, event by event, with the whole list of outputs."""

from acd.routing.events import (
    AgentLegEnded,
    ContactConnected,
    CustomerChose,
    CustomerLeft,
    IntakeFinished,
    IntakeGaveUp,
    IntakeProgressed,
    OfferAccepted,
    OfferDeclined,
    PresenceChosen,
    TicketClosed,
    TicketOpened,
    WrapUpFinished,
)
from acd.routing.model import (
    AgentId,
    ContactId,
    Disposition,
    OfferId,
    Origin,
    Outcome,
    OverflowAction,
    OverflowRule,
    Presence,
    QueueId,
    QueueRules,
    TicketId,
)
from acd.routing.outputs import (
    CloseTicket,
    ContactEnded,
    ContactEntered,
    Late,
    OfferEnded,
    OfferMade,
    OpenTicket,
    PlayTreatment,
    PresenceSet,
    Refused,
    TellTicket,
)
from tests.routing.zone import Zone, agent, last, names, of, only

SOLVED = (Disposition("solved", solves=True), Disposition("open"))


def test_a_call_is_answered_ended_and_wrapped_up() -> None:
    zone = Zone(QueueRules(QueueId("q"), dispositions=SOLVED), agent("ann"))
    zone.ready("ann")
    assert names(zone.arrive("c1")) == ["ContactEntered", "OfferMade", "PresentOffer", "PlayTreatment"]
    assert names(zone.do(OfferAccepted(OfferId(1)), 3_000)) == ["OfferTaken", "ConnectContact"]
    assert names(zone.do(ContactConnected(OfferId(1)), 100)) == ["AssignmentConnected"]
    out = zone.do(CustomerLeft(ContactId("c1")), 60_000)
    assert names(out) == ["TalkEnded", "ContactEnded", "WrapUpStarted", "ReleaseAgent"]
    assert only(out, ContactEnded).outcome is Outcome.ANSWERED
    assert names(zone.do(WrapUpFinished(OfferId(1), "nonsense"))) == ["Refused"]
    assert names(zone.do(WrapUpFinished(OfferId(1), "solved"))) == ["AssignmentDone"]
    assert not zone.engine.state.contacts and not zone.engine.state.offers


def test_the_agent_ends_the_call_and_is_offered_the_next_in_the_same_record_as_the_wrap_up_ends() -> None:
    zone = Zone("q", agent("ann"))
    zone.ready("ann")
    zone.arrive("c1")
    zone.accept()
    zone.arrive("c2")
    out = zone.do(AgentLegEnded(OfferId(1)), 5_000)
    assert names(out) == ["TalkEnded", "ContactEnded", "WrapUpStarted", "EndContact", "ReleaseAgent"]
    out = zone.do(WrapUpFinished(OfferId(1), ""), 5_000)
    assert names(out) == ["AssignmentDone", "OfferMade", "PresentOffer"]
    assert only(out, OfferMade).contact == "c2"
    assert only(out, OfferMade).decision.trigger == "agent_free"


def test_an_unanswered_offer_rests_the_agent_and_goes_to_the_next_at_the_old_place() -> None:
    zone = Zone("q", agent("ann"), agent("bob"))
    zone.ready("ann", "bob")
    zone.arrive("c1")
    assert zone.offer().agent == "ann"
    facts = zone.wait(20_000)
    assert only(facts, OfferEnded).outcome == "no_answer"
    assert only(facts, PresenceSet).reason == "rona"
    assert zone.offer().agent == "bob"
    assert names(zone.do(OfferAccepted(OfferId(1)))) == ["Late"]
    assert names(zone.do(PresenceChosen(AgentId("ann"), Presence.READY))) == ["PresenceSet"]


def test_a_declined_contact_does_not_come_back_to_the_same_agent_until_the_memory_ends() -> None:
    zone = Zone("q", agent("ann"))
    zone.ready("ann")
    zone.arrive("c1")
    out = zone.do(OfferDeclined(OfferId(1)), 500)
    assert names(out) == ["OfferEnded", "ContactReturned", "WithdrawOffer"]
    assert not of(zone.wait(59_000), OfferMade)
    assert only(zone.wait(1_500), OfferMade).contact == "c1"


def test_overflow_is_declined_once_and_accepted_the_second_time_down_to_the_closed_ticket() -> None:
    bot = OverflowRule("bot", OverflowAction.INTAKE, wait_ms=30_000)
    zone = Zone(QueueRules(QueueId("q"), overflow=(bot,), dispositions=SOLVED, announce_ms=0), agent("ann"))
    zone.arrive("c1", tel="13800138000")
    assert [fact.__class__.__name__ for fact in zone.wait(30_000)] == ["OverflowOffered"]
    assert last(zone.commands, PlayTreatment).kind == "overflow_offer"
    assert names(zone.do(CustomerChose(ContactId("c1"), "decline"), 2_000)) == [
        "OverflowDeclined",
        "PlayTreatment",
    ]
    assert [fact.__class__.__name__ for fact in zone.wait(60_000)] == ["OverflowOffered"]
    assert names(zone.do(CustomerChose(ContactId("c1"), "accept"), 2_000)) == ["IntakeEntered", "StartIntake"]
    zone.do(IntakeProgressed(ContactId("c1"), category="bill", words="too high"), 10_000)
    order = only(zone.do(IntakeFinished(ContactId("c1")), 10_000), OpenTicket)
    assert (order.words, order.number) == ("too high", "13800138000")
    assert order in zone.engine.wanted_commands()
    out = zone.do(TicketOpened(ContactId("c1"), TicketId("T1")), 1_000)
    assert names(out) == ["TicketLinked", "ContactEntered", "TellTicket"]
    call = only(out, ContactEntered)
    assert call.origin is Origin.RETURN_CALL
    assert call.arrived_ms == of(zone.facts, ContactEntered)[0].arrived_ms
    assert only(out, TellTicket).ticket == "T1"
    assert only(zone.do(CustomerLeft(ContactId("c1"))), ContactEnded).outcome is Outcome.OVERFLOWED
    zone.ready("ann")
    assert zone.offer().contact == "c1+return"
    assert names(zone.do(OfferAccepted(OfferId(1)))) == ["OfferTaken", "DialCustomer"]
    zone.do(ContactConnected(OfferId(1)), 9_000)
    zone.do(AgentLegEnded(OfferId(1)), 60_000)
    out = zone.do(WrapUpFinished(OfferId(1), "solved"), 1_000)
    assert only(out, CloseTicket).ticket == "T1"
    assert names(zone.do(TicketClosed(TicketId("T1")))) == ["TicketDone"]
    assert not zone.engine.wanted_commands()


def test_a_customer_whom_the_bot_cannot_help_has_kept_the_place() -> None:
    bot = OverflowRule("bot", OverflowAction.INTAKE, wish=True)
    zone = Zone(QueueRules(QueueId("q"), overflow=(bot,)), agent("ann"))
    zone.arrive("c1")
    zone.arrive("c2")
    zone.do(CustomerChose(ContactId("c1"), "intake"), 1_000)
    out = zone.do(IntakeGaveUp(ContactId("c1"), "person_wanted"), 20_000)
    assert names(out) == ["ContactReturned", "PlayTreatment"]
    zone.ready("ann")
    assert zone.offer().contact == "c1"


def test_a_hang_up_at_the_bot_loses_nothing_that_was_said() -> None:
    bot = OverflowRule("bot", OverflowAction.INTAKE, wish=True)
    zone = Zone(QueueRules(QueueId("q"), overflow=(bot,)))
    zone.arrive("c1", tel="5550100")
    zone.do(CustomerChose(ContactId("c1"), "intake"))
    zone.do(IntakeProgressed(ContactId("c1"), recording="r1.wav"), 5_000)
    out = zone.do(CustomerLeft(ContactId("c1")), 1_000)
    assert names(out) == ["IntakeTaken", "ContactEnded", "OpenTicket"]
    assert only(out, OpenTicket).is_partial
    out = zone.do(TicketOpened(ContactId("c1"), TicketId("T9")), 1_000)
    assert names(out) == ["TicketLinked", "ContactEntered"]
    assert only(out, ContactEntered).number == "5550100"


def test_events_that_come_twice_are_late_and_those_about_nothing_are_refused() -> None:
    zone = Zone("q", agent("ann"))
    zone.ready("ann")
    zone.arrive("c1")
    assert names(zone.arrive("c1")) == ["Late"]
    zone.accept()
    assert only(zone.do(OfferAccepted(OfferId(1))), Late)
    assert only(zone.do(OfferAccepted(OfferId(99))), Refused).code == "unknown_offer"
    zone.do(CustomerLeft(ContactId("c1")))
    assert only(zone.do(CustomerLeft(ContactId("c1"))), Late)
