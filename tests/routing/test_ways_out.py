"""Every condition of overflow with every action, offered and not: what happens, what is counted, what place is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from acd.routing.events import (
    CustomerChose,
    CustomerLeft,
    HoursTurned,
    IntakeGaveUp,
    QueueGateTurned,
)
from acd.routing.model import (
    Channel,
    ContactId,
    HoursId,
    Identity,
    OverflowAction,
    OverflowRule,
    QueueId,
    QueueRules,
)
from acd.routing.outputs import (
    ContactEnded,
    ContactEntered,
    ContactRequeued,
    ContactReturned,
    IntakeEntered,
    OverflowDeclined,
    OverflowOffered,
    Refused,
    StartIntake,
)
from tests.routing.zone import Zone, agent, last, of, only

Q, R, S = QueueId("q"), QueueId("r"), QueueId("s")
C1 = ContactId("c1")
OFFICE = HoursId("office")


def queue(*rules: OverflowRule) -> QueueRules:
    """A queue with opening hours and these rules."""
    return QueueRules(Q, overflow=rules, hours=OFFICE, announce_ms=0)


def arrives(zone: Zone, contact: str = "c1") -> None:
    """A customer whose number is known."""
    zone.arrive(contact, identities=(Identity(f"tel:{contact}"),))


def _waits(zone: Zone) -> None:
    arrives(zone)
    zone.wait(10_000)


def _long_estimate(zone: Zone) -> None:
    zone.ready("a")
    arrives(zone, "first")
    zone.accept()
    zone.do(CustomerLeft(ContactId("first")), 100_000)
    zone.wait(60_000)
    arrives(zone, "second")
    zone.accept()
    arrives(zone)


def _long_line(zone: Zone) -> None:
    zone.ready("a")
    for name in ("first", "second"):
        arrives(zone, name)
    zone.accept(1)
    arrives(zone)
    zone.do(CustomerLeft(ContactId("second")))
    arrives(zone, "third")
    zone.wait(6_000)


def _nobody(zone: Zone) -> None:
    arrives(zone)


def _closed(zone: Zone) -> None:
    zone.do(HoursTurned(OFFICE, False))
    arrives(zone)


def _gate(zone: Zone) -> None:
    zone.do(QueueGateTurned(Q, False))
    arrives(zone)


CONDITIONS: dict[str, tuple[dict[str, Any], Callable[[Zone], None]]] = {
    "wait": ({"wait_ms": 10_000}, _waits),
    "estimated wait": ({"estimated_wait_ms": 50_000}, _long_estimate),
    "length": ({"length": 2}, _long_line),
    "nobody staffed": ({"nobody_staffed": True}, _nobody),
    "closed by hours": ({"closed": True}, _closed),
    "closed by hand": ({"closed": True}, _gate),
}
ACTED: dict[OverflowAction, type] = {
    OverflowAction.INTAKE: IntakeEntered,
    OverflowAction.RETURN_CALL: ContactEnded,
    OverflowAction.QUEUE: ContactRequeued,
    OverflowAction.MESSAGE_AND_END: ContactEnded,
}


def rule(action: OverflowAction, offered: bool, **conditions: object) -> OverflowRule:
    """A rule with a target for those that need one."""
    return OverflowRule(
        "way", action, offered=offered, to_queue=R, message="sorry", **conditions  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.mark.parametrize("action", OverflowAction)
@pytest.mark.parametrize("condition", CONDITIONS)
def test_not_offered_it_is_done_at_once(condition: str, action: OverflowAction) -> None:
    conditions, happen = CONDITIONS[condition]
    zone = Zone(queue(rule(action, False, **conditions)), "r", agent("a"))
    happen(zone)
    assert [fact for fact in of(zone.facts, ACTED[action]) if fact.contact == "c1"]
    assert not of(zone.facts, OverflowOffered)
    called = [fact for fact in of(zone.facts, ContactEntered) if fact.of == "c1"]
    assert bool(called) is (action is OverflowAction.RETURN_CALL)


@pytest.mark.parametrize("action", OverflowAction)
@pytest.mark.parametrize("condition", CONDITIONS)
def test_offered_it_is_done_when_accepted(condition: str, action: OverflowAction) -> None:
    conditions, happen = CONDITIONS[condition]
    zone = Zone(queue(rule(action, True, **conditions)), "r", agent("a"))
    happen(zone)
    asked = [fact for fact in of(zone.facts, OverflowOffered) if fact.contact == "c1"]
    assert len(asked) == 1 and asked[0].action is action
    assert not [fact for fact in of(zone.facts, ACTED[action]) if fact.contact == "c1"]
    assert only(zone.do(CustomerChose(C1, "accept")), ACTED[action]).contact == "c1"


@pytest.mark.parametrize("answer", ["decline", "silence"])
@pytest.mark.parametrize("action", OverflowAction)
def test_offered_it_may_be_declined_and_the_place_is_kept(action: OverflowAction, answer: str) -> None:
    zone = Zone(queue(rule(action, True, wait_ms=10_000)), "r", agent("a"))
    arrives(zone)
    arrives(zone, "c2")
    facts = zone.wait(10_000)
    assert of(facts, OverflowOffered)[0].contact == "c1"
    if answer == "decline":
        declined = only(zone.do(CustomerChose(C1, "decline")), OverflowDeclined)
    else:
        declined = next(fact for fact in of(zone.wait(16_000), OverflowDeclined) if fact.contact == "c1")
    assert declined.answered is (answer == "decline"), "a refusal that was said, and one that was not"
    zone.do(CustomerChose(ContactId("c2"), "decline"))
    zone.ready("a")
    assert zone.offer().contact == "c1", "still before the one who came later"


@pytest.mark.parametrize("choice", ["intake", "return_call"])
def test_a_wish_is_met_at_any_time_and_only_where_a_rule_allows_it(choice: str) -> None:
    action = OverflowAction.INTAKE if choice == "intake" else OverflowAction.RETURN_CALL
    zone = Zone(queue(rule(action, False, wish=True)), "r", agent("a"))
    arrives(zone)
    assert only(zone.do(CustomerChose(C1, choice)), ACTED[action]).contact == "c1"
    other = Zone(queue(), "r", agent("a"))
    arrives(other)
    assert only(other.do(CustomerChose(C1, choice)), Refused).code == "not_allowed"


def test_whom_the_bot_gives_back_stands_where_they_stood() -> None:
    zone = Zone(queue(rule(OverflowAction.INTAKE, False, wait_ms=10_000)), "r", agent("a"))
    arrives(zone)
    zone.wait(5_000)
    arrives(zone, "c2")
    zone.wait(5_000)
    assert last(zone.commands, StartIntake).contact == "c1"
    assert of(zone.do(IntakeGaveUp(C1, "person")), ContactReturned)
    zone.ready("a")
    assert zone.offer().contact == "c1"


def test_two_queues_that_overflow_into_each_other_do_not_play_ball() -> None:
    to_r = OverflowRule("to-r", OverflowAction.QUEUE, nobody_staffed=True, offered=False, to_queue=R)
    to_q = OverflowRule("to-q", OverflowAction.QUEUE, nobody_staffed=True, offered=False, to_queue=Q)
    zone = Zone(QueueRules(Q, overflow=(to_r,)), QueueRules(R, overflow=(to_q,)), "s", agent("a"))
    zone.arrive("c1")
    zone.wait(600_000)
    assert [fact.queue for fact in of(zone.facts, ContactRequeued)] == ["r"]


def test_no_overflow_leads_where_the_channel_is_unknown_or_the_line_is_full() -> None:
    way = rule(OverflowAction.QUEUE, False, nobody_staffed=True)
    zone = Zone(queue(way), QueueRules(R, channels=(Channel.CHAT,), length_max=1), agent("a"))
    zone.arrive("c1")
    assert not of(zone.facts, ContactRequeued), "a call stays where calls are taken"
    zone.arrive("c2", channel=Channel.CHAT)
    assert only(zone.facts, ContactRequeued).contact == "c2"
    zone.arrive("c3", channel=Channel.CHAT)
    assert len(of(zone.facts, ContactRequeued)) == 1, "the other line is full"
