"""The door, the line, repeat callers, legs and attributes."""

import pytest

from acd.routing.engine import Engine
from acd.routing.events import (
    AgentSignedOut,
    ArrivalsRefused,
    AttributesChanged,
    ContactArrived,
    ContactClosed,
    CustomerChose,
    CustomerLeft,
    HoursTurned,
    LegsCompared,
    LegStored,
    OfferDeclined,
    QueueGateTurned,
    WrapUpFinished,
)
from acd.routing.model import (
    AgentId,
    Channel,
    ContactId,
    Disposition,
    EntryId,
    EntryRules,
    HoursId,
    Identity,
    LegId,
    Link,
    Needs,
    OfferId,
    Outcome,
    OverflowAction,
    OverflowRule,
    QueueId,
    QueueRules,
    RepeatPolicy,
    SkillId,
    SkillNeed,
)
from acd.routing.outputs import (
    ArrivalsTurnedAway,
    ContactChanged,
    ContactEnded,
    ContactEntered,
    ContactTurnedAway,
    IntakeEntered,
    Late,
    LegKept,
    OfferMade,
    OverflowOffered,
    PlayTreatment,
    QueueGateSet,
    Refused,
    StartIntake,
    TurnAway,
)
from tests.routing.zone import Zone, agent, last, names, of, only

C1 = ContactId("c1")
DE = SkillId("de")


def arrived(**more: object) -> ContactArrived:
    """C1 by entry 100."""
    more.setdefault("entry", EntryId("100"))
    more.setdefault("channel", Channel.VOICE)
    return ContactArrived(C1, "sip", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (arrived(entry=EntryId("x")), "unknown_entry"),
        (arrived(queue=QueueId("x")), "unknown_queue"),
        (arrived(channel=Channel.CHAT), "channel"),
        (arrived(head_start_ms=1 << 40), "senseless"),
        (arrived(display="x" * 201), "senseless"),
        (arrived(identities=(Identity("a"),) * 9), "senseless"),
        (arrived(identities=(Identity("a" * 201),)), "senseless"),
        (arrived(attributes={str(number): "" for number in range(65)}), "senseless"),
        (arrived(attributes={"a": "x" * 4001}), "senseless"),
        (arrived(needs=Needs(((SkillNeed(DE, 6),),))), "senseless"),
        (arrived(needs=Needs(((),))), "senseless"),
        (arrived(needs=Needs(preferred=(SkillNeed(DE),) * 33)), "senseless"),
    ],
)
def test_who_cannot_come_in_is_turned_away_with_the_reason(event: ContactArrived, code: str) -> None:
    zone = Zone(QueueRules(QueueId("q"), channels=(Channel.VOICE,)))
    out = zone.do(event)
    assert only(out, ContactTurnedAway).code == code
    assert only(out, TurnAway).code == code


def test_needs_that_multiply_beyond_the_limit_are_senseless() -> None:
    many = Needs(tuple((SkillNeed(SkillId(f"s{number}")),) for number in range(9)))
    entry = EntryRules(EntryId("100"), QueueId("q"), needs=many)
    zone = Zone("q", entry)
    assert only(zone.do(arrived(needs=many)), ContactTurnedAway).code == "senseless"
    zone = Zone(QueueRules(QueueId("q"), needs=many), entry)
    assert only(zone.do(arrived()), ContactTurnedAway).code == "senseless"


def test_before_any_rules_nobody_comes_in() -> None:
    assert only(Zone().do(arrived()), ContactTurnedAway).code == "rules_missing"


def test_a_full_line_and_a_full_house_turn_away() -> None:
    zone = Zone(QueueRules(QueueId("q"), length_max=1))
    zone.arrive("c0")
    assert only(zone.do(arrived()), ContactTurnedAway).code == "full"
    zone = Zone("q", contacts_max=1)
    zone.arrive("c0")
    assert only(zone.do(arrived()), ContactTurnedAway).code == "full"


def test_those_refused_before_the_engine_was_asked_stand_in_the_history_with_entry_and_reason() -> None:
    zone = Zone("q", EntryRules(EntryId("100"), QueueId("q")))
    told = only(zone.do(ArrivalsRefused(EntryId("100"), "rate", 12)), ArrivalsTurnedAway)
    assert (told.entry, told.code, told.count) == ("100", "rate", 12)
    assert only(zone.do(ArrivalsRefused(EntryId("invented"), "lag", 1)), ArrivalsTurnedAway).entry == ""


@pytest.mark.parametrize(("code", "count"), [("rate", 0), ("rate", -5), ("", 1), ("x" * 201, 1)])
def test_a_senseless_count_of_refused_is_no_history(code: str, count: int) -> None:
    assert only(Zone("q").do(ArrivalsRefused(EntryId("100"), code, count)), Refused).code == "senseless"


def test_a_full_line_keeps_nobody_out_who_needs_no_line() -> None:
    zone = Zone(QueueRules(QueueId("q"), length_max=0), agent("a1"))
    zone.ready("a1")
    assert only(zone.arrive("c0"), OfferMade)
    assert only(zone.arrive("c2"), ContactTurnedAway).code == "full"


def test_where_owners_are_asked_for_a_full_line_keeps_everybody_out() -> None:
    zone = Zone(QueueRules(QueueId("q"), length_max=0, sticky_patience_ms=5_000), agent("a1"))
    zone.ready("a1")
    assert only(zone.arrive("c0"), ContactTurnedAway).code == "full"


def test_who_was_turned_away_does_not_come_in_when_the_arrival_is_said_again() -> None:
    zone = Zone(QueueRules(QueueId("q"), length_max=1))
    zone.arrive("c0")
    zone.do(arrived())
    zone.do(CustomerLeft(ContactId("c0")))
    assert only(zone.do(arrived()), ContactTurnedAway).code == "id_used"


def test_an_id_is_never_used_twice() -> None:
    zone = Zone("q")
    zone.do(arrived())
    assert only(zone.do(arrived()), Late)
    zone.do(CustomerLeft(C1))
    assert only(zone.do(arrived()), ContactTurnedAway).code == "id_used"


def test_the_longest_remembered_id_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acd.routing.state.ENDED_KEPT", 1)
    zone = Zone("q", twin=False)
    for name in ("c1", "c2"):
        zone.arrive(name)
        zone.do(CustomerLeft(ContactId(name)))
    assert only(zone.arrive("c1"), ContactEntered)


def test_hours_and_the_gate_close_a_queue() -> None:
    zone = Zone(QueueRules(QueueId("q"), hours=HoursId("h")))
    zone.do(HoursTurned(HoursId("h"), False))
    assert only(zone.do(arrived()), ContactTurnedAway).code == "closed"
    assert only(zone.do(HoursTurned(HoursId("h"), False)), Late)
    zone.do(HoursTurned(HoursId("h"), True))
    zone.do(QueueGateTurned(QueueId("q"), False))
    assert only(zone.do(QueueGateTurned(QueueId("q"), False)), Late)
    assert only(zone.do(QueueGateTurned(QueueId("x"), False)), Refused).code == "unknown_queue"
    assert only(zone.arrive("c2"), ContactTurnedAway).code == "closed"


def test_kinds_of_hours_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acd.routing.handling.zone.HOURS_MAX", 1)
    zone = Zone("q")
    zone.do(HoursTurned(HoursId("h"), False))
    assert only(zone.do(HoursTurned(HoursId("i"), False)), Refused).code == "limit"
    assert names(zone.do(HoursTurned(HoursId("h"), True))) == ["HoursInForce"], "a known one turns"


def test_one_switch_closes_every_queue_and_opens_it_again() -> None:
    bot = OverflowRule("bot", OverflowAction.INTAKE, closed=True, offered=False)
    zone = Zone(QueueRules(QueueId("q"), overflow=(bot,)), "r", "s")
    zone.arrive("c0")
    zone.do(QueueGateTurned(QueueId("r"), False))
    out = zone.do(QueueGateTurned(QueueId("*"), False, None, "fire"))
    assert [(fact.queue, fact.reason) for fact in of(out, QueueGateSet)] == [("q", "fire"), ("s", "fire")]
    assert only(out, IntakeEntered).contact == "c0", "who waits leaves as the rules say"
    assert only(zone.do(QueueGateTurned(QueueId("*"), False)), Late)
    assert len(of(zone.do(QueueGateTurned(QueueId("*"), True)), QueueGateSet)) == 3


def test_a_closed_queue_with_a_way_out_lets_in_and_takes_it() -> None:
    bot = OverflowRule("bot", OverflowAction.INTAKE, closed=True, offered=False)
    zone = Zone(QueueRules(QueueId("q"), overflow=(bot,), hours=HoursId("h")), agent("ann"))
    zone.ready("ann")
    zone.arrive("c0", after_ms=0)
    zone.do(OfferDeclined(OfferId(1)))
    out = zone.do(HoursTurned(HoursId("h"), False))
    assert only(out, IntakeEntered).contact == "c0"
    assert names(zone.do(arrived())) == [
        "ContactEntered", "EstimateTold", "IntakeEntered", "PlayTreatment", "StartIntake",
    ]  # fmt: skip


def test_a_closed_queue_that_asks_still_gives_the_caller_to_an_agent_who_is_there() -> None:
    bot = OverflowRule("bot", OverflowAction.INTAKE, closed=True)
    zone = Zone(QueueRules(QueueId("q"), overflow=(bot,)), agent("ann"))
    zone.ready("ann")
    zone.do(QueueGateTurned(QueueId("q"), False))
    out = zone.do(arrived())
    assert of(out, OverflowOffered) and of(out, OfferMade)
    assert only(zone.do(CustomerChose(C1, "accept")), Late)


# --- repeat callers -------------------------------------------------------------------------------------


def visit(zone: Zone, contact: str, disposition: str = "late", **more: object) -> None:
    """One contact, answered by whoever is offered it, from arrival to disposition."""
    zone.arrive(contact, **more)
    number = zone.accept()
    zone.do(CustomerLeft(ContactId(contact)), 5_000)
    zone.do(WrapUpFinished(number, disposition))


def test_a_second_call_says_how_often_when_by_whom_and_how_it_ended() -> None:
    zone = Zone(
        QueueRules(QueueId("q"), dispositions=(Disposition("late"),)), agent("ann"), repeat_visits_kept=2
    )
    zone.ready("ann")
    assert only(zone.arrive("c0", tel="1"), ContactEntered).repeat is None
    zone.accept()
    zone.do(CustomerLeft(ContactId("c0")), 5_000)
    zone.do(WrapUpFinished(OfferId(1), "late"))
    repeat = only(zone.arrive("c1", tel="1"), ContactEntered).repeat
    assert repeat is not None and repeat.count == 1
    assert (repeat.visits[0].agent, repeat.visits[0].disposition) == ("ann", "late")
    zone.do(CustomerLeft(C1))
    for number in range(2, 5):
        zone.arrive(f"c{number}", tel="1")
        zone.do(CustomerLeft(ContactId(f"c{number}")))
    repeat = only(zone.arrive("c9", tel="1"), ContactEntered).repeat
    assert repeat is not None and (repeat.count, len(repeat.visits)) == (5, 2)
    assert repeat.visits[0].outcome is Outcome.ABANDONED


def test_the_window_forgets() -> None:
    zone = Zone("q", repeat_window_ms=60_000)
    zone.arrive("c1", tel="1")
    zone.do(CustomerLeft(C1))
    zone.wait(120_000)
    assert only(zone.arrive("c2", tel="1"), ContactEntered).repeat is None


def test_a_chat_and_a_call_of_one_customer_are_one_story() -> None:
    zone = Zone("q")
    zone.arrive("c1", identities=(Identity("tel:1"), Identity("account:7")))
    zone.do(CustomerLeft(C1))
    zone.arrive("c2", channel=Channel.CHAT, identities=(Identity("chat:x"),))
    assert last(zone.facts, ContactEntered).repeat is None
    out = zone.do(AttributesChanged(ContactId("c2"), {}, (Identity("account:7"),)))
    repeat = only(out, ContactChanged).repeat
    assert repeat is not None and repeat.visits[0].contact == "c1"


def test_identities_are_limited_and_the_oldest_is_forgotten_first() -> None:
    zone = Zone("q", identities_max=2, repeat_visits_kept=1)
    for number, tel in enumerate("1123"):
        zone.arrive(f"c{number}", tel=tel)
        zone.do(CustomerLeft(ContactId(f"c{number}")))
    assert list(zone.engine.state.visits) == ["tel:2", "tel:3"]
    assert not zone.engine.state.older_visits


def test_repeat_policy_gives_a_head_start_and_the_same_agent() -> None:
    policy = RepeatPolicy(head_start_ms=60_000, same_agent_patience_ms=20_000)
    zone = Zone(QueueRules(QueueId("q"), repeat=policy), agent("ann"), agent("bob"))
    zone.ready("ann")
    visit(zone, "c1", "", tel="1")
    zone.arrive("c2")
    zone.accept()
    zone.ready("bob")
    out = zone.arrive("c3", tel="1")
    assert only(out, ContactEntered).head_start_ms == 60_000
    assert only(out, ContactEntered).owner == "ann"
    assert not of(out, OfferMade), "ann is at work: her customer waits for her"
    zone.do(CustomerLeft(ContactId("c2")))
    assert only(zone.do(WrapUpFinished(OfferId(2), "")), OfferMade).decision.sticky


# --- owners ---------------------------------------------------------------------------------------------


def owned(**more: object) -> Zone:
    """Ann is talking, bob is free, queues ask for owners for 20 s."""
    rules = QueueRules(QueueId("q"), sticky_patience_ms=20_000, **more)  # type: ignore[arg-type]
    zone = Zone(rules, agent("ann"), agent("bob"))
    zone.ready("ann")
    zone.arrive("c0")
    zone.accept()
    zone.ready("bob")
    return zone


def test_a_contact_waits_for_its_owner_for_a_while_and_then_for_anybody() -> None:
    zone = owned()
    assert not of(zone.arrive("c1", owner=AgentId("ann")), OfferMade)
    assert not of(zone.wait(19_000), OfferMade)
    assert only(zone.wait(1_000), OfferMade).agent == "bob"


def test_an_owner_who_is_free_is_preferred_to_whoever_is_idle_longer() -> None:
    zone = owned()
    zone.do(CustomerLeft(ContactId("c0")))
    zone.do(WrapUpFinished(OfferId(1), ""))
    out = zone.arrive("c1", owner=AgentId("ann"))
    assert only(out, OfferMade).agent == "ann"
    assert only(out, OfferMade).decision.sticky


def test_an_owner_who_signs_out_or_is_unknown_lets_the_pool_have_the_contact() -> None:
    zone = owned()
    zone.arrive("c1", owner=AgentId("ann"))
    zone.do(ContactClosed(ContactId("c0"), "end"))
    zone.arrive("c2", owner=AgentId("nobody"))
    assert zone.offer().agent == "bob"
    zone = owned()
    zone.arrive("c1", owner=AgentId("ann"))
    zone.do(CustomerLeft(ContactId("c0")))
    zone.do(AgentSignedOut(AgentId("ann")))
    zone.do(WrapUpFinished(OfferId(1), ""))
    assert zone.offer().agent == "bob"


def test_an_owner_who_refused_is_not_waited_for() -> None:
    zone = owned()
    zone.do(CustomerLeft(ContactId("c0")))
    zone.do(WrapUpFinished(OfferId(1), ""))
    zone.arrive("c1", owner=AgentId("ann"))
    assert only(zone.do(OfferDeclined(OfferId(2))), OfferMade).agent == "bob"


# --- legs, attributes -----------------------------------------------------------------------------------


def test_legs_are_kept_within_limits_and_handed_back() -> None:
    zone = Zone("q")
    zone.do(arrived())
    assert only(zone.do(LegStored(C1, LegId("l"), b"one")), LegKept)
    assert only(zone.do(LegStored(C1, LegId("l"), b"one")), Late)
    assert [(leg.adapter, leg.resume) for leg in zone.engine.kept_legs()] == [("sip", b"one")]
    assert only(zone.do(LegStored(C1, LegId("l"), b"x" * 20_000)), Refused).code == "limit"
    for number in range(7):
        zone.do(LegStored(C1, LegId(str(number)), b"x"))
    assert only(zone.do(LegStored(C1, LegId("more"), b"x")), Refused).code == "limit"
    zone.do(LegStored(C1, LegId("l"), b""))
    assert len(zone.engine.kept_legs()) == 7
    zone.do(CustomerLeft(C1))
    assert not zone.engine.kept_legs()
    assert only(zone.do(LegStored(C1, LegId("l"), b"x")), Late)


def test_what_the_switch_lost_while_we_were_away_has_left() -> None:
    zone = Zone("q")
    zone.do(arrived())
    zone.arrive("c2")
    out = zone.do(LegsCompared("sip", (C1, C1, ContactId("never"))))
    assert only(out, ContactEnded).why == "lost"
    assert only(zone.do(LegsCompared("web", (ContactId("c2"),))), Late)
    assert not zone.do(LegsCompared("web", ())).facts


def test_attributes_are_added_within_limits() -> None:
    zone = Zone("q")
    zone.do(arrived(attributes={"a": "1"}))
    assert only(zone.do(AttributesChanged(C1, {"a": "1"})), Late)
    assert only(zone.do(AttributesChanged(C1, {"a": "2", "b": "3"})), ContactChanged).attributes == {
        "a": "2",
        "b": "3",
    }
    assert zone.engine.state.contacts[C1].attributes == {"a": "2", "b": "3"}
    assert only(zone.do(AttributesChanged(C1, {"a": "x" * 5_000})), Refused).code == "limit"
    many = tuple(Identity(str(number)) for number in range(9))
    assert only(zone.do(AttributesChanged(C1, {}, many)), Refused).code == "limit"
    assert only(zone.do(AttributesChanged(ContactId("x"), {"a": "2"})), Late)


# --- choices --------------------------------------------------------------------------------------------


def test_choices_that_mean_nothing() -> None:
    zone = Zone("q")
    zone.do(arrived())
    assert only(zone.do(CustomerChose(C1, "accept")), Late)
    assert only(zone.do(CustomerChose(C1, "dance")), Refused).code == "senseless"
    assert only(zone.do(CustomerChose(C1, "intake")), Refused).code == "not_allowed"
    assert only(zone.do(CustomerChose(ContactId("x"), "accept")), Late)


def test_wishes_that_cannot_be_met() -> None:
    rules = QueueRules(
        QueueId("q"),
        overflow=(
            OverflowRule("call", OverflowAction.RETURN_CALL, wish=True),
            OverflowRule("bot", OverflowAction.INTAKE, wish=True),
        ),
        repeat=RepeatPolicy(never_to_bot=True),
    )
    zone = Zone(rules)
    zone.arrive("c0", identities=(Identity("chat:1"),))
    zone.do(CustomerLeft(ContactId("c0")))
    zone.arrive("c1", identities=(Identity("chat:1"),))
    assert only(zone.do(CustomerChose(C1, "return_call")), Refused).code == "number_missing"
    assert only(zone.do(CustomerChose(C1, "intake")), Refused).code == "not_allowed"


def test_a_wish_for_the_bot_is_met_at_once() -> None:
    bot = OverflowRule("bot", OverflowAction.INTAKE, wish=True)
    zone = Zone(QueueRules(QueueId("q"), overflow=(bot,)))
    zone.do(arrived(links=(Link.PHONE,)))
    out = zone.do(CustomerChose(C1, "intake"))
    assert only(out, StartIntake).turn == 2
    assert not only(out, IntakeEntered).was_offered


def test_a_stream_of_different_needs_is_remembered_within_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acd.routing.pools.REQUIREMENTS_MAX", 4)
    monkeypatch.setattr("acd.routing.handling.arrivals.JOINED_MAX", 2)
    zone = Zone("q", agent("ann", skills={"de": 5}), twin=False)
    zone.ready("ann")
    for number in range(12):
        needs = Needs(((SkillNeed(SkillId(f"s{number}")),),))
        zone.arrive(f"c{number}", needs=needs)
        if number % 2:
            zone.do(CustomerLeft(ContactId(f"c{number}")))
    assert isinstance(zone.engine, Engine)
    assert len(zone.engine.state.pools.requirements) <= 9
    assert len(zone.engine.state.agents[AgentId("ann")].cells) <= 3
    assert zone.engine.state.queues[QueueId("q")].line.length == 6


def test_the_treatment_follows_the_contact() -> None:
    zone = Zone("q")
    zone.do(arrived())
    zone.wait(30_000)
    told = last(zone.commands, PlayTreatment)
    assert (told.kind, told.turn, told.position) == ("position", 2, 1)
    assert zone.engine.wanted_commands() == [told]
