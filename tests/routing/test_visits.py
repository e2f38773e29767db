"""Who was here before: over all channels, with return calls and tickets, as fact and as policy."""

from __future__ import annotations

from acd.routing.events import (
    AttributesChanged,
    ContactConnected,
    CustomerChose,
    CustomerLeft,
    DialFailed,
    IntakeFinished,
    IntakeProgressed,
    OfferAccepted,
    ReturnCallAsked,
    TicketOpened,
    WrapUpFinished,
)
from acd.routing.model import (
    Channel,
    ContactId,
    Disposition,
    Identity,
    OfferId,
    Origin,
    Outcome,
    OverflowAction,
    OverflowRule,
    QueueId,
    QueueRules,
    Repeat,
    RepeatPolicy,
    ReturnCallPolicy,
    TicketId,
    WrapUp,
    WrapUpMode,
)
from acd.routing.outputs import ContactChanged, ContactEntered, HeadStartSet, OfferMade, Refused
from tests.routing.zone import Zone, agent, of, only

Q = QueueId("q")
OUTCOMES = (Disposition("solved", solves=True), Disposition("open"))


def zone_of(**more: object) -> Zone:
    """One queue with two outcomes, ann and bob."""
    rules = QueueRules(Q, dispositions=OUTCOMES, **more)  # type: ignore[arg-type]
    return Zone(rules, agent("ann"), agent("bob"))


def visit(zone: Zone, contact: str, disposition: str, **more: object) -> None:
    """One contact from arrival to disposition."""
    zone.arrive(contact, **more)
    number = zone.accept()
    zone.do(CustomerLeft(ContactId(contact)), 5_000)
    zone.do(WrapUpFinished(number, disposition))


def comes(zone: Zone, contact: str, **more: object) -> Repeat:
    """Somebody comes again: what is known of them."""
    repeat = only(zone.arrive(contact, **more), ContactEntered).repeat
    assert repeat is not None
    return repeat


def call_back(zone: Zone, disposition: str = "solved", number: str = "1") -> None:
    """A return call to a customer, answered."""
    zone.do(ReturnCallAsked(ContactId("r"), Q, number, "sip"), 1_000)
    offer = OfferId(zone.offer().offer)
    zone.do(OfferAccepted(offer), 1_000)
    zone.do(ContactConnected(offer), 1_000)
    zone.do(CustomerLeft(ContactId("r")), 60_000)
    zone.do(WrapUpFinished(offer, disposition))


def test_after_a_return_call_the_repeat_shows_who_called_and_how_it_ended() -> None:
    zone = zone_of()
    zone.arrive("c1", tel="1")
    zone.do(CustomerLeft(ContactId("c1")), 1_000)
    zone.ready("ann")
    call_back(zone)
    repeat = comes(zone, "c2", tel="1")
    assert repeat.count == 1, "the return call was ours"
    assert [(past.contact, past.origin) for past in repeat.visits] == [
        ("r", Origin.RETURN_CALL),
        ("c1", Origin.INBOUND),
    ]
    assert (repeat.visits[0].agent, repeat.visits[0].disposition, repeat.visits[0].is_solved) == (
        "ann",
        "solved",
        True,
    )
    assert repeat.visits[0].at_ms > repeat.visits[1].at_ms
    assert repeat.is_recurring


def test_a_return_call_that_reached_nobody_is_no_visit() -> None:
    zone = zone_of(return_calls=ReturnCallPolicy(tries_max=1))
    zone.ready("ann")
    zone.do(ReturnCallAsked(ContactId("r"), Q, "1", "sip"))
    zone.do(OfferAccepted(OfferId(1)))
    zone.do(DialFailed(OfferId(1), "busy"))
    assert only(zone.arrive("c1", tel="1"), ContactEntered).repeat is None


def test_a_customer_whom_only_we_called_is_known_too() -> None:
    zone = zone_of()
    zone.ready("ann")
    call_back(zone, "open")
    repeat = comes(zone, "c1", tel="1")
    assert (repeat.count, repeat.visits[0].origin, repeat.is_recurring) == (1, Origin.RETURN_CALL, False)


def test_return_calls_that_are_forgotten_are_not_counted_later() -> None:
    zone = Zone(QueueRules(Q, dispositions=OUTCOMES), agent("ann"), repeat_visits_kept=1)
    zone.ready("ann")
    call_back(zone)
    for number in range(3):
        zone.arrive(f"c{number}", tel="1")
        zone.do(CustomerLeft(ContactId(f"c{number}")))
    assert comes(zone, "c9", tel="1").count == 3


def test_a_ticket_stands_beside_its_visit_even_when_it_was_opened_after_the_end() -> None:
    ask = OverflowRule("ask", OverflowAction.INTAKE, wait_ms=5_000)
    zone = zone_of(overflow=(ask,))
    zone.arrive("c1", identities=(Identity("tel:1"), Identity("account:7")))
    zone.wait(6_000)
    zone.do(CustomerChose(ContactId("c1"), "accept"))
    zone.do(IntakeProgressed(ContactId("c1"), words="help"))
    zone.do(IntakeFinished(ContactId("c1"), return_call=False))
    zone.do(CustomerLeft(ContactId("c1")))
    zone.do(TicketOpened(ContactId("c1"), TicketId("T5")))
    repeat = comes(zone, "c2", identities=(Identity("account:7"),))
    assert (repeat.visits[0].ticket, repeat.visits[0].outcome) == ("T5", Outcome.OVERFLOWED)


def test_what_comes_back_after_it_was_closed_as_solved_is_marked() -> None:
    zone = zone_of()
    zone.ready("ann")
    visit(zone, "c1", "solved", tel="1")
    assert comes(zone, "c2", tel="1").is_recurring
    zone.do(CustomerLeft(ContactId("c2")))
    assert not comes(zone, "c3", tel="1").is_recurring, "the latest visit was not solved"


def test_the_first_person_asked_owns_the_matter_until_it_is_solved() -> None:
    zone = zone_of(sticky_patience_ms=20_000, wrap_up=WrapUp(WrapUpMode.MANDATORY))
    zone.ready("ann")
    visit(zone, "c1", "open", tel="1")
    zone.arrive("other")
    zone.accept()
    zone.ready("bob")
    out = zone.arrive("c2", tel="1")
    assert only(out, ContactEntered).owner == "ann"
    zone.wait(21_000)
    assert zone.offer().agent == "bob", "ann stayed at work: the pool has it"
    number = zone.accept()
    zone.do(CustomerLeft(ContactId("c2")))
    zone.do(WrapUpFinished(number, "open"))
    out = zone.arrive("c3", tel="1")
    assert only(out, ContactEntered).owner == "ann", "she was the first"
    zone.do(CustomerLeft(ContactId("other")))
    zone.do(WrapUpFinished(OfferId(2), "open"))
    number = zone.accept()
    assert zone.offer().agent == "ann" and zone.offer().decision.sticky
    zone.do(CustomerLeft(ContactId("c3")))
    zone.do(WrapUpFinished(number, "solved"))
    assert only(zone.arrive("c4", tel="1"), ContactEntered).owner is None, "the matter is closed"


def test_who_is_recognised_late_gets_what_the_policy_says() -> None:
    policy = RepeatPolicy(head_start_ms=60_000, same_agent_patience_ms=20_000)
    zone = zone_of(repeat=policy)
    zone.ready("ann")
    visit(zone, "c1", "open", identities=(Identity("account:7"),))
    zone.arrive("c2")
    zone.accept()
    zone.arrive("c3")
    zone.arrive("c4", identities=(Identity("chat:x"),))
    out = zone.do(AttributesChanged(ContactId("c4"), {}, (Identity("account:7"),)))
    assert only(out, ContactChanged).owner == "ann"
    assert only(out, HeadStartSet) == HeadStartSet(ContactId("c4"), 60_000, None, "repeat")
    again = zone.do(AttributesChanged(ContactId("c4"), {}, (Identity("account:8"),)))
    assert not of(again, HeadStartSet), "once"
    zone.ready("bob")
    assert zone.offer().contact == "c3", "c4 waits for ann"
    zone.do(CustomerLeft(ContactId("c2")))
    zone.do(WrapUpFinished(OfferId(2), "open"))
    assert (zone.offer().contact, zone.offer().agent) == ("c4", "ann")


def test_a_repeat_caller_is_not_sent_to_the_bot_where_the_policy_says_so() -> None:
    ways = (
        OverflowRule("ask", OverflowAction.INTAKE, wait_ms=5_000, offered=False),
        OverflowRule("wish", OverflowAction.INTAKE, wish=True),
    )
    zone = zone_of(overflow=ways, repeat=RepeatPolicy(never_to_bot=True))
    zone.arrive("c1", tel="1")
    assert zone.wait(10_000), "the first time the bot may have them"
    zone.do(CustomerLeft(ContactId("c1")))
    assert comes(zone, "c2", channel=Channel.CHAT, tel="1").count == 1
    before = len(zone.facts)
    zone.wait(60_000)
    assert not [fact for fact in zone.facts[before:] if type(fact).__name__ == "IntakeEntered"]
    assert only(zone.do(CustomerChose(ContactId("c2"), "intake")), Refused).code == "not_allowed"


def test_the_parts_of_a_head_start_are_told() -> None:
    zone = zone_of(head_start_ms=1_000, repeat=RepeatPolicy(head_start_ms=4_000))
    zone.ready("ann")
    visit(zone, "c1", "open", tel="1")
    entered = only(zone.arrive("c2", tel="1", head_start_ms=30_000), ContactEntered)
    assert entered.head_starts == {"queue": 1_000, "value": 30_000, "repeat": 4_000}
    assert sum(entered.head_starts.values()) == entered.head_start_ms
    assert of(zone.facts, OfferMade)
