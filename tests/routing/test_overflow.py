"""Overflow: conditions, actions, questions, the bot, tickets, reserves."""

import pytest

from acd.routing.events import (
    CommandDone,
    ContactClosed,
    CustomerChose,
    CustomerLeft,
    IntakeFinished,
    IntakeGaveUp,
    IntakeProgressed,
    OfferAccepted,
    TicketClosed,
    TicketOpened,
    WrapUpFinished,
)
from acd.routing.model import (
    Channel,
    ContactId,
    GroupId,
    Identity,
    Link,
    OfferId,
    Outcome,
    OverflowAction,
    OverflowRule,
    QueueId,
    QueueRules,
    Reserve,
    Step,
    TicketId,
)
from acd.routing.outputs import (
    CommandFulfilled,
    ContactEnded,
    ContactEntered,
    ContactRequeued,
    ContactReturned,
    EndContact,
    EstimateTold,
    IntakeEntered,
    Late,
    OfferMade,
    OverflowDeclined,
    OverflowOffered,
    PlayTreatment,
    ReserveSet,
    ReturnCallMerged,
    StartIntake,
    TellTicket,
)
from tests.routing.zone import Zone, agent, last, names, of, only

C1 = ContactId("c1")


def rule(action: OverflowAction, **more: object) -> OverflowRule:
    """A rule that acts without asking unless told otherwise."""
    more.setdefault("offered", False)
    return OverflowRule("r", action, **more)  # type: ignore[arg-type]


def zone_of(*rules: OverflowRule, agents: int = 1) -> Zone:
    """A queue with these rules, another without, nobody signed in."""
    return Zone(
        QueueRules(QueueId("q"), overflow=rules), "r", *(agent(f"a{number}") for number in range(agents))
    )


# --- conditions -----------------------------------------------------------------------------------------


def test_after_a_wait() -> None:
    zone = zone_of(rule(OverflowAction.INTAKE, wait_ms=10_000))
    zone.arrive("c1")
    assert not of(zone.wait(9_999), IntakeEntered)
    assert of(zone.wait(1), IntakeEntered)


def test_when_nobody_is_staffed_looked_at_every_five_seconds() -> None:
    zone = zone_of(rule(OverflowAction.INTAKE, nobody_staffed=True))
    assert of(zone.arrive("c1"), IntakeEntered)
    zone.ready("a0")
    zone.arrive("c2")
    zone.accept()
    assert not of(zone.arrive("c3"), IntakeEntered)
    assert not of(zone.wait(60_000), IntakeEntered)


def test_at_a_length() -> None:
    zone = zone_of(rule(OverflowAction.INTAKE, length=2))
    assert not of(zone.arrive("c1"), IntakeEntered)
    assert of(zone.arrive("c2"), IntakeEntered)


def test_at_an_estimated_wait_and_never_on_an_unknown_one() -> None:
    zone = zone_of(rule(OverflowAction.INTAKE, estimated_wait_ms=60_000))
    zone.ready("a0")
    zone.arrive("c1")
    number = zone.accept()
    assert not of(zone.arrive("c2"), IntakeEntered)
    zone.do(CustomerLeft(C1), 80_000)
    zone.wait(30_000)
    assert number == 1 and zone.offer().contact == "c2"
    zone.accept()
    assert of(zone.arrive("c3"), IntakeEntered)


def test_all_conditions_given_must_hold() -> None:
    zone = zone_of(rule(OverflowAction.INTAKE, wait_ms=10_000, length=2))
    zone.arrive("c1")
    assert not of(zone.wait(20_000), IntakeEntered)
    assert not of(zone.arrive("c2"), IntakeEntered), "it has not waited"
    assert only(zone.wait(5_000), IntakeEntered).contact == "c1"


# --- actions --------------------------------------------------------------------------------------------


def test_to_another_queue_with_the_arrival_kept() -> None:
    zone = zone_of(rule(OverflowAction.QUEUE, wait_ms=10_000, to_queue=QueueId("r")))
    zone.arrive("c1")
    out = zone.wait(10_000)
    assert only(out, ContactRequeued).queue == "r"
    assert last(zone.commands, PlayTreatment).kind == "queued"


def test_to_a_return_call_that_takes_the_place() -> None:
    zone = zone_of(rule(OverflowAction.RETURN_CALL, wait_ms=10_000))
    zone.arrive("c1", tel="5", links=(Link.PHONE,))
    zone.arrive("c2")
    facts = zone.wait(10_000)
    assert only(facts, ContactEnded).outcome is Outcome.OVERFLOWED
    assert only(facts, ContactEntered).links == (Link.PHONE,)
    assert only(zone.commands, EndContact).why == "return_call"
    zone.ready("a0")
    assert only(zone.out, OfferMade).contact == "c2", "the phone that the return call needs is not there"


def test_without_a_number_no_return_call_is_offered() -> None:
    zone = zone_of(rule(OverflowAction.RETURN_CALL, wait_ms=10_000))
    zone.arrive("c1")
    assert not of(zone.wait(20_000), ContactEnded)


def test_a_chat_names_who_can_call_back() -> None:
    zone = zone_of(rule(OverflowAction.RETURN_CALL, wish=True))
    identities = (Identity("tel:5"),)
    zone.arrive("c1", channel=Channel.CHAT, identities=identities, return_adapter="sip", return_links=())
    out = zone.do(CustomerChose(C1, "return_call"))
    call = only(out, ContactEntered)
    assert (call.adapter, call.channel, call.links) == ("sip", Channel.VOICE, ())


def test_to_a_message_and_the_end() -> None:
    zone = zone_of(rule(OverflowAction.MESSAGE_AND_END, wait_ms=10_000, message="sorry"))
    zone.arrive("c1")
    zone.wait(10_000)
    message = last(zone.commands, PlayTreatment)
    assert (message.kind, message.prompt) == ("message", "sorry")
    assert last(zone.facts, ContactEnded).outcome is Outcome.OVERFLOWED


# --- questions ------------------------------------------------------------------------------------------


def test_silence_is_a_decline_and_the_question_comes_again() -> None:
    zone = zone_of(
        rule(OverflowAction.INTAKE, wait_ms=10_000, offered=True, again_ms=30_000, answer_ms=5_000)
    )
    zone.arrive("c1")
    assert only(zone.wait(10_000), OverflowOffered)
    question = last(zone.commands, PlayTreatment)
    assert (question.kind, question.action) == ("overflow_offer", OverflowAction.INTAKE)
    assert not only(zone.wait(5_000), OverflowDeclined).answered
    assert only(zone.wait(30_000), OverflowOffered)


def test_a_question_may_be_asked_only_once() -> None:
    zone = zone_of(rule(OverflowAction.INTAKE, wait_ms=10_000, offered=True, again_ms=None))
    zone.arrive("c1")
    zone.wait(10_000)
    zone.do(CustomerChose(C1, "decline"))
    assert not of(zone.wait(600_000), OverflowOffered)


def test_an_agent_who_rings_ends_the_question_in_time() -> None:
    zone = zone_of(rule(OverflowAction.INTAKE, wait_ms=10_000, offered=True))
    zone.arrive("c1")
    zone.wait(10_000)
    zone.ready("a0")
    assert only(zone.do(CustomerChose(C1, "accept")), Late)
    assert only(zone.wait(15_000), OverflowDeclined)
    zone.do(OfferAccepted(OfferId(1)))


def test_a_question_that_became_impossible_is_declined() -> None:
    other = rule(OverflowAction.QUEUE, wait_ms=10_000, offered=True, to_queue=QueueId("r"))
    zone = zone_of(other)
    zone.arrive("c1")
    zone.wait(10_000)
    zone.load(QueueRules(QueueId("q"), overflow=()), version=2)
    assert only(zone.do(CustomerChose(C1, "accept")), OverflowDeclined).answered


# --- the bot --------------------------------------------------------------------------------------------


def with_bot() -> Zone:
    """C1, of number 5, is with the bot."""
    zone = zone_of(rule(OverflowAction.INTAKE, wish=True))
    zone.arrive("c1", tel="5")
    zone.do(CustomerChose(C1, "intake"))
    return zone


def test_a_bot_that_hangs_gives_the_customer_back_after_a_while() -> None:
    zone = with_bot()
    assert only(zone.engine.wanted_commands(), StartIntake).number == "5"
    assert only(zone.wait(900_000), ContactReturned).why == "intake_limit"


def test_a_ticket_that_does_not_come_does_not_hold_the_customer_for_ever() -> None:
    zone = with_bot()
    zone.do(IntakeFinished(C1))
    assert only(zone.wait(900_000), ContactEnded).outcome is Outcome.OVERFLOWED
    out = zone.do(TicketOpened(C1, TicketId("T1")))
    assert names(out) == ["TicketLinked", "ContactEntered"]
    assert not zone.engine.state.contacts.get(C1)


def test_reports_about_a_contact_that_is_not_with_the_bot_are_late() -> None:
    zone = with_bot()
    zone.do(IntakeFinished(C1, return_call=False))
    for event in (
        IntakeFinished(C1),
        IntakeGaveUp(C1, "x"),
        IntakeProgressed(ContactId("x")),
        TicketClosed(TicketId("T")),
    ):
        assert only(zone.do(event), Late)
    out = zone.do(TicketOpened(C1, TicketId("T1")))
    assert not of(out, ContactEntered)
    assert zone.engine.wanted_commands() == of(out, TellTicket)
    assert only(zone.do(TicketOpened(C1, TicketId("T1"))), Late)


def test_a_second_visit_to_the_bot_keeps_what_the_first_brought() -> None:
    zone = with_bot()
    zone.do(IntakeProgressed(C1, words="first", number="77"))
    zone.do(IntakeGaveUp(C1, "person"))
    zone.do(CustomerChose(C1, "intake"))
    assert only(zone.engine.wanted_commands(), StartIntake).number == "77"
    assert of(zone.do(CustomerLeft(C1)), ContactEnded)


def test_nothing_said_to_the_bot_is_an_abandon() -> None:
    assert only(with_bot().do(CustomerLeft(C1)), ContactEnded).outcome is Outcome.ABANDONED


def test_return_calls_of_two_matters_to_one_number_are_one_call() -> None:
    zone = with_bot()
    zone.do(IntakeFinished(C1))
    zone.do(TicketOpened(C1, TicketId("T1")))
    zone.arrive("c2", tel="5")
    zone.do(CustomerChose(ContactId("c2"), "intake"))
    zone.do(IntakeFinished(ContactId("c2")))
    assert only(zone.do(TicketOpened(ContactId("c2"), TicketId("T2"))), ReturnCallMerged).into == "c1+return"


def test_a_matter_without_a_number_makes_a_ticket_and_no_call() -> None:
    zone = zone_of(rule(OverflowAction.INTAKE, wish=True))
    zone.arrive("c1")
    zone.do(CustomerChose(C1, "intake"))
    zone.do(IntakeFinished(C1))
    assert names(zone.do(TicketOpened(C1, TicketId("T1")))) == ["TicketLinked", "TellTicket"]


def test_a_durable_command_is_wanted_until_it_is_done() -> None:
    zone = with_bot()
    zone.do(IntakeFinished(C1))
    assert only(zone.do(CommandDone("OpenTicket/c1")), CommandFulfilled)
    assert only(zone.do(CommandDone("OpenTicket/c1")), Late)


def test_a_contact_closed_at_the_bot_has_ended() -> None:
    assert only(with_bot().do(ContactClosed(C1, "spam")), ContactEnded).outcome is Outcome.OVERFLOWED


# --- estimates ------------------------------------------------------------------------------------------


def test_nothing_is_said_when_nothing_is_known_and_a_told_wait_does_not_rise_by_being_wrong() -> None:
    zone = Zone("q", agent("ann"), agent("bob"))
    zone.ready("ann")
    zone.arrive("c1")
    zone.accept()
    assert only(zone.arrive("c2"), EstimateTold).estimate_ms is None
    zone.do(CustomerLeft(C1), 60_000)
    zone.wait(30_000)
    zone.accept()
    told = only(zone.arrive("c3"), EstimateTold)
    assert told.estimate_ms is not None and told.position == 1
    assert {fact.estimate_ms for fact in of(zone.wait(120_000), EstimateTold)} == {told.estimate_ms}
    zone.ready("bob")
    connected = zone.accept()
    fact = [
        fact for fact in zone.facts if getattr(fact, "offer", 0) == connected and hasattr(fact, "waited_ms")
    ][-1]
    assert fact.estimate_ms == told.estimate_ms
    assert fact.waited_ms > 120_000


def test_the_first_estimate_that_is_known_is_the_one_that_counts() -> None:
    zone = Zone("q", agent("ann"))
    zone.ready("ann")
    zone.arrive("c1")
    zone.accept()
    zone.arrive("c2")
    zone.do(CustomerLeft(C1), 20_000)
    told = zone.engine.state.contacts[ContactId("c2")].told
    assert told is not None and told.first_ms is None
    zone.arrive("c3")
    zone.wait(30_000)
    told = zone.engine.state.contacts[ContactId("c3")].told
    assert told is not None and told.first_ms is not None


# --- reserves -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["wait", "estimate"])
def test_a_reserve_is_borrowed_in_need_and_given_back_with_hysteresis(by: str) -> None:
    reserves = (Reserve(GroupId("g"), 20_000, 5_000),)
    zone = Zone(
        QueueRules(QueueId("q"), reserves=reserves), "r", agent("ann"), agent("sub", "r", groups=("g",))
    )
    zone.ready("ann", "sub")
    zone.arrive("c0")
    first = zone.accept()
    if by == "estimate":
        zone.do(CustomerLeft(ContactId("c0")), 60_000)
        zone.do(WrapUpFinished(first, ""))
        zone.arrive("c1")
        zone.accept()
        facts = zone.arrive("c2").facts
    else:
        zone.arrive("c2")
        facts = zone.wait(20_000)
    assert of(facts, ReserveSet)[0].is_borrowed and first == 1
    assert only(facts, OfferMade).agent == "sub"
    assert [fact.is_borrowed for fact in of(zone.facts, ReserveSet)] == [True, False]


def test_a_reserve_stays_borrowed_between_the_thresholds() -> None:
    reserves = (Reserve(GroupId("g"), 20_000, 5_000),)
    zone = Zone(QueueRules(QueueId("q"), reserves=reserves), "r", agent("sub", "r", groups=("g",)))
    zone.arrive("c1")
    zone.arrive("c2", after_ms=10_000)
    zone.wait(10_000)
    zone.do(CustomerLeft(C1))
    assert [fact.is_borrowed for fact in of(zone.facts, ReserveSet)] == [True]
    zone.ready("sub")
    assert zone.offer().contact == "c2"
    assert [fact.is_borrowed for fact in of(zone.facts, ReserveSet)] == [True, False]


def test_a_newcomer_with_a_head_start_does_not_give_a_reserve_back() -> None:
    reserves = (Reserve(GroupId("g"), 20_000, 5_000),)
    zone = Zone(QueueRules(QueueId("q"), reserves=reserves), "r", agent("sub", "r", groups=("g",)))
    zone.arrive("c1")
    zone.wait(20_000)
    zone.arrive("vip", head_start_ms=60_000)
    assert [fact.is_borrowed for fact in of(zone.facts, ReserveSet)] == [True], "c1 waits as long as ever"
    zone.ready("sub")
    assert zone.offer().contact == "vip"


def test_a_bot_that_is_entered_again_at_once_has_its_whole_time() -> None:
    again = OverflowRule("full", OverflowAction.INTAKE, length=0, offered=False, again_ms=0)
    zone = Zone(
        QueueRules(QueueId("q"), overflow=(again,), announce_ms=1_000, steps=(Step(), Step(5_000))),
        intake_limit_ms=8_000,
    )
    zone.arrive("c1")
    assert of(zone.facts, IntakeEntered)
    facts = zone.wait(8_000)
    assert [type(fact).__name__ for fact in facts] == ["ContactReturned", "StepTaken", "IntakeEntered"], facts
