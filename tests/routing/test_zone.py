"""Rules, nodes, supervisors' acts, the engine's own promises."""

import msgspec
import pytest

from acd.routing.engine import Engine
from acd.routing.errors import InvariantBroken
from acd.routing.events import (
    AgentSignedIn,
    ConsultAsked,
    ConsultConnected,
    ContactArrived,
    ContactClosed,
    ContactGiven,
    ContactMoved,
    CustomerLeft,
    HeadStartChanged,
    LinkChanged,
    OfferAccepted,
    PresenceChosen,
    RulesLoaded,
    TimePassed,
    WrapUpFinished,
)
from acd.routing.model import (
    AgentId,
    AgentRules,
    Channel,
    ContactId,
    EntryId,
    EntryRules,
    GroupId,
    Link,
    OfferId,
    Outcome,
    OverflowAction,
    OverflowRule,
    PersonId,
    Presence,
    QueueId,
    QueueRules,
    QueueServed,
    RegionId,
    Reserve,
    Rules,
    SkillId,
    Step,
)
from acd.routing.outputs import (
    AssignmentDone,
    ContactEnded,
    ContactRequeued,
    EndContact,
    HeadStartSet,
    Late,
    NextPresenceSet,
    OfferEnded,
    OfferMade,
    PresenceSet,
    Refused,
    RulesInForce,
)
from acd.routing.snapshot import to_plain
from tests.routing.zone import START_MS, Zone, agent, last, names, of, only, rules_of

C1 = ContactId("c1")
Q, R = QueueId("q"), QueueId("r")


def queue(**more: object) -> QueueRules:
    """Queue q with these rules."""
    return QueueRules(Q, **more)  # type: ignore[arg-type]


def overflow(**more: object) -> QueueRules:
    """Queue q with one overflow rule."""
    return queue(overflow=(OverflowRule("o", OverflowAction.QUEUE, **more),))  # type: ignore[arg-type]


BAD = [
    Rules(1, (queue(), queue())),
    Rules(1, agents=(AgentRules(AgentId("a")), AgentRules(AgentId("a")))),
    Rules(1, (queue(),), (EntryRules(EntryId("e"), Q), EntryRules(EntryId("e"), Q))),
    Rules(1, (queue(steps=()),)),
    Rules(1, (queue(steps=(Step(5),)),)),
    Rules(1, (queue(steps=(Step(), Step(5), Step(5))),)),
    Rules(1, (overflow(to_queue=QueueId("x")),)),
    Rules(1, (overflow(),)),
    Rules(
        1,
        (
            queue(
                overflow=(OverflowRule("o", OverflowAction.INTAKE), OverflowRule("o", OverflowAction.INTAKE))
            ),
        ),
    ),
    Rules(1, (queue(reserves=(Reserve(GroupId("g"), 5, 5),)),)),
    Rules(1, (queue(offer_ms=0),)),
    Rules(1, entries=(EntryRules(EntryId("e"), Q),)),
    Rules(1, agents=(AgentRules(AgentId("a"), queues=(QueueServed(Q),)),)),
    Rules(1, agents=(AgentRules(AgentId("a"), skills={SkillId("de"): 0}),)),
    Rules(1, agents=(AgentRules(AgentId("a"), weight=0),)),
]


@pytest.mark.parametrize("rules", BAD, ids=range(len(BAD)))
def test_rules_that_make_no_sense_are_refused_and_the_old_stay_in_force(rules: Rules) -> None:
    zone = Zone("q")
    assert only(zone.do(RulesLoaded(rules)), Refused).code == "rules_invalid"
    assert zone.engine.state.rules is not None and zone.engine.state.rules != rules


def test_a_queue_is_not_taken_away_under_the_contacts_in_it() -> None:
    zone = Zone("q", "r")
    zone.arrive("c1")
    assert only(zone.load("r"), Refused).code == "rules_invalid"
    zone.do(CustomerLeft(C1))
    assert only(zone.load("r"), RulesInForce)
    assert list(zone.engine.state.queues) == ["r"]


def test_more_agents_than_can_be_numbered_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acd.routing.handling.zone.RANK_MASK", 1)
    zone = Zone("q")
    assert "agents" in only(zone.load("q", agent("a"), agent("b")), Refused).found


def test_contacts_keep_the_rules_that_they_entered_under_and_agents_what_they_do() -> None:
    zone = Zone(queue(offer_ms=5_000), agent("ann"), agent("bob"))
    zone.ready("ann")
    zone.arrive("c0")
    zone.accept()
    zone.arrive("c1")
    zone.load(queue(offer_ms=50_000), agent("ann"), agent("bob"), version=2)
    assert zone.engine.state.agents[AgentId("ann")].presence is Presence.READY
    zone.ready("bob")
    assert zone.offer().deadline_ms == zone.now_ms + 5_000
    zone.do(OfferAccepted(OfferId(2)))
    zone.do(CustomerLeft(ContactId("c0")))
    zone.do(WrapUpFinished(OfferId(1), ""))
    zone.arrive("c2")
    assert zone.offer().deadline_ms == zone.now_ms + 50_000


def test_an_agent_who_left_the_rules_finishes_the_work_in_hand_and_is_forgotten() -> None:
    zone = Zone("q", agent("ann"), agent("bob"), agent("cid"), agent("dan"))
    zone.ready("ann", "bob", "cid")
    zone.arrive("c1")
    zone.accept()
    zone.arrive("c2")
    out = zone.load("q", agent("dan"), version=2)
    assert only(out, NextPresenceSet).agent == "ann"
    assert {fact.agent for fact in of(out, PresenceSet)} == {"bob", "cid"}
    assert only(out, OfferEnded).agent == "bob"
    assert set(zone.engine.state.agents) == {"ann", "dan"}
    assert only(zone.do(PresenceChosen(AgentId("ann"), Presence.READY)), Refused).code == "unknown_agent"
    zone.do(CustomerLeft(C1))
    assert set(zone.engine.state.agents) == {"ann", "dan"}
    zone.do(WrapUpFinished(OfferId(1), ""))
    assert set(zone.engine.state.agents) == {"dan"}
    assert only(zone.do(AgentSignedIn(AgentId("ann"), "s")), Refused).code == "unknown_agent"
    zone.ready("dan")
    assert zone.offer().contact == "c2"


def test_a_consulted_agent_who_left_the_rules_is_forgotten_afterwards() -> None:
    zone = Zone("q", agent("ann"), agent("bob"))
    zone.ready("ann", "bob")
    zone.arrive("c1")
    zone.accept()
    zone.do(ConsultAsked(OfferId(1), to_agent=AgentId("bob")))
    zone.do(ConsultConnected(OfferId(1)))
    zone.load("q", agent("ann"), version=2)
    zone.do(CustomerLeft(C1))
    zone.do(PresenceChosen(AgentId("bob"), Presence.SIGNED_OUT))
    assert set(zone.engine.state.agents) == {"ann"}


# --- supervisors ----------------------------------------------------------------------------------------


def test_a_waiting_contact_is_moved_with_its_arrival() -> None:
    zone = Zone("q", "r", agent("ann", "r"))
    zone.ready("ann")
    zone.arrive("c1")
    out = zone.do(ContactMoved(C1, R, PersonId("boss")), 5_000)
    assert only(out, ContactRequeued).by == "boss"
    assert only(out, OfferMade).decision.waited_ms == 5_000
    assert only(zone.do(ContactMoved(C1, Q)), Refused).code == "not_waiting"


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (ContactMoved(ContactId("x"), R), "unknown_contact"),
        (ContactMoved(C1, QueueId("x")), "unknown_queue"),
        (ContactMoved(C1, Q), "own_target"),
        (HeadStartChanged(C1, 1 << 50), "senseless"),
        (HeadStartChanged(ContactId("x"), 1), "unknown_contact"),
        (ContactGiven(C1, AgentId("x")), "unknown_agent"),
        (ContactGiven(C1, AgentId("ann")), "signed_out"),
        (ContactGiven(C1, AgentId("ann"), True), "signed_out"),
        (ContactGiven(C1, AgentId("x"), True), "unknown_agent"),
        (ContactGiven(ContactId("x"), AgentId("ann")), "unknown_contact"),
        (ContactClosed(ContactId("x"), "y"), "unknown_contact"),
    ],
)
def test_what_cannot_be_is_refused(event: object, code: str) -> None:
    zone = Zone("q", "r", agent("ann"))
    zone.arrive("c1")
    assert only(zone.do(event), Refused).code == code  # type: ignore[arg-type]


def test_a_manual_head_start_replaces_an_earlier_one_and_changes_the_place() -> None:
    zone = Zone(queue(head_start_ms=1_000), QueueRules(R, head_start_ms=5_000), agent("ann"))
    zone.arrive("c1")
    zone.arrive("c2")
    assert only(zone.do(HeadStartChanged(ContactId("c2"), 60_000)), HeadStartSet).head_start_ms == 61_000
    assert only(zone.do(HeadStartChanged(ContactId("c2"), 60_000)), Late)
    assert only(zone.do(HeadStartChanged(ContactId("c2"), 30_000)), HeadStartSet).head_start_ms == 31_000
    zone.do(ContactMoved(ContactId("c2"), R))
    assert only(zone.do(HeadStartChanged(ContactId("c2"), 0)), HeadStartSet).head_start_ms == 5_000
    zone.do(ContactMoved(ContactId("c2"), Q))
    zone.do(HeadStartChanged(ContactId("c2"), 30_000))
    zone.ready("ann")
    assert zone.offer().contact == "c2"


def test_a_contact_is_given_to_an_agent_over_presence_and_capacity_if_forced() -> None:
    zone = Zone("q", agent("ann"))
    zone.do(AgentSignedIn(AgentId("ann"), "s"))
    zone.arrive("c1", links=(Link.PHONE,))
    assert only(zone.do(ContactGiven(C1, AgentId("ann"))), Refused).code == "agent_not_ready"
    out = zone.do(ContactGiven(C1, AgentId("ann"), True, PersonId("boss")))
    assert only(out, OfferMade).decision.trigger == "given"
    assert not of(zone.wait(20_000), PresenceSet), "nobody is rested for what was ordered"


def test_a_contact_is_given_to_a_free_agent_only() -> None:
    zone = Zone("q", agent("ann"))
    zone.ready("ann")
    zone.arrive("c1", links=(Link.PHONE,))
    assert only(zone.do(ContactGiven(C1, AgentId("ann"))), Refused).code == "agent_unreachable"
    zone.arrive("c2")
    zone.arrive("c3")
    assert only(zone.do(ContactGiven(ContactId("c3"), AgentId("ann"))), Refused).code == "agent_busy"
    zone.do(ContactClosed(ContactId("c2"), "x"))
    zone.do(ContactClosed(ContactId("c3"), "x"))
    zone.do(LinkChanged(AgentId("ann"), Link.PHONE, True))
    assert zone.offer().contact == "c1"


@pytest.mark.parametrize("stage", ["waiting", "offered", "connecting", "talking", "wrap_up"])
def test_a_supervisor_closes_a_contact_wherever_it_stands(stage: str) -> None:
    zone = Zone("q", agent("ann"))
    if stage != "waiting":
        zone.ready("ann")
    zone.arrive("c1")
    if stage == "connecting":
        zone.do(OfferAccepted(OfferId(1)))
    elif stage in ("talking", "wrap_up"):
        zone.accept()
    if stage == "wrap_up":
        zone.do(CustomerLeft(C1))
        assert only(zone.do(ContactClosed(C1, "spam")), Late)
        assert only(zone.do(ContactMoved(C1, Q)), Late)
        return
    out = zone.do(ContactClosed(C1, "spam", PersonId("boss")))
    ended = only(out, ContactEnded)
    assert ended.outcome is (Outcome.ANSWERED if stage == "talking" else Outcome.OVERFLOWED)
    assert only(out, EndContact).contact == "c1"
    if stage == "connecting":
        assert only(out, AssignmentDone).agent == "ann"


# --- the engine -----------------------------------------------------------------------------------------


def test_time_that_passes_without_effect_changes_nothing() -> None:
    zone = Zone("q")
    assert names(zone.do(TimePassed(), 10_000)) == []
    assert zone.engine.next_deadline_ms() is None


def test_time_that_goes_backwards_counts_as_the_last_moment() -> None:
    engine = Engine()
    engine.handle(RulesLoaded(rules_of("q")), START_MS)
    contact = ContactArrived(C1, "sip", Channel.VOICE, EntryId("100"))
    engine.handle(contact, START_MS - 50_000)
    assert engine.state.contacts[C1].arrived_ms == START_MS


def test_the_clock_brings_what_is_due_before_the_event_is_looked_at() -> None:
    zone = Zone("q", agent("ann"), agent("bob"))
    zone.ready("ann")
    zone.arrive("c1")
    out = zone.engine.handle(OfferAccepted(OfferId(1)), zone.now_ms + 20_000)
    assert only(out, OfferEnded).outcome == "no_answer"
    assert only(out, Late)


def test_a_snapshot_of_another_format_is_refused() -> None:
    engine = Engine()
    plain = to_plain(engine.state)
    plain.format = 99
    with pytest.raises(InvariantBroken, match="found format 99"):
        Engine().restore(msgspec.msgpack.encode(plain))
    with pytest.raises(msgspec.DecodeError):
        Engine().restore(b"nonsense")


def test_a_standby_that_folds_facts_goes_on_as_the_first_would_have() -> None:
    zone = Zone("q", agent("ann"))
    zone.arrive("c1")
    twin = zone.twin
    assert twin is not None
    zone.twin = None
    after = twin.handle(AgentSignedIn(AgentId("ann"), "s", Presence.READY), zone.now_ms + 5)
    mine = zone.engine.handle(AgentSignedIn(AgentId("ann"), "s", Presence.READY), zone.now_ms + 5)
    assert after == mine
    assert twin.next_deadline_ms() == zone.engine.next_deadline_ms()


def test_a_region_that_the_rules_do_not_know_is_everywhere() -> None:
    zone = Zone(queue(steps=(Step(),)), agent("ann", region="north"))
    zone.ready("ann")
    zone.arrive("c1", region=RegionId("atlantis"))
    assert last(zone.facts, OfferMade).contact == "c1"
