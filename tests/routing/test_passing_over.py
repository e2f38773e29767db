"""A timer that raises: the engine knows whose it was, and lets it pass when told to."""

from __future__ import annotations

import pytest

from acd.routing.events import AgentSignedIn, CustomerLeft, LinkChanged, OfferDeclined, TimePassed
from acd.routing.handling import clock
from acd.routing.model import (
    AgentId,
    ContactId,
    Link,
    OfferId,
    OfferState,
    Presence,
    QueueId,
    QueueRules,
    Step,
)
from acd.routing.outputs import ContactEnded, OfferEnded
from tests.routing.zone import Zone, agent, of, only

ANN, BOB = AgentId("ann"), AgentId("bob")


def at_an_offer() -> tuple[Zone, int]:
    zone = Zone("q", agent("ann"))
    zone.ready("ann")
    zone.arrive("c1")
    return zone, 20_000


def at_a_step() -> tuple[Zone, int]:
    zone = Zone(QueueRules(QueueId("q"), announce_ms=10_000, steps=(Step(), Step(10_000))))
    zone.arrive("c1")
    return zone, 10_000


def at_a_grace() -> tuple[Zone, int]:
    zone = Zone("q", agent("ann"))
    zone.ready("ann", links=(Link.DESK,))
    zone.do(LinkChanged(ANN, Link.DESK, False, "s-ann"))
    return zone, 30_000


@pytest.mark.parametrize(
    ("make", "handler", "name"),
    [
        (at_an_offer, "offer_due", "offer 1"),
        (at_a_step, "contact_due", "contact c1"),
        (at_a_step, "replace", "contact c1"),
        (at_a_grace, "agent_due", "agent ann"),
    ],
)
def test_a_timer_that_raised_is_named_and_let_pass(
    monkeypatch: pytest.MonkeyPatch, make: object, handler: str, name: str
) -> None:
    zone, wait_ms = make()  # type: ignore[operator]
    data, moment = zone.engine.snapshot(), zone.now_ms + wait_ms
    before = zone.engine.state_hash()

    def fail(*_: object) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr(clock, handler, fail)
    with pytest.raises(RuntimeError, match="planted"):
        zone.engine.handle(TimePassed(), moment)
    assert zone.engine.timer_in_hand() == name
    engine = type(zone.engine)()
    engine.restore(data)
    assert engine.timer_in_hand() == ""
    engine.pass_over(frozenset({name}))
    assert not engine.handle(TimePassed(), moment).facts
    assert engine.state_hash() == before, "letting it pass changes nothing"
    later_ms = engine.next_deadline_ms()
    assert later_ms is None or later_ms > moment, "it does not come again at once"


def test_what_was_passed_over_still_answers_to_everything_else() -> None:
    zone, wait_ms = at_an_offer()
    zone.engine.pass_over(frozenset({"offer 1", "contact c1"}))
    assert not zone.engine.handle(TimePassed(), zone.now_ms + wait_ms).facts
    out = zone.engine.handle(OfferDeclined(OfferId(1), "no"), zone.now_ms + wait_ms + 1)
    assert only(out, OfferEnded).outcome is OfferState.DECLINED
    assert only(zone.engine.handle(CustomerLeft(ContactId("c1")), zone.now_ms + wait_ms + 2), ContactEnded)


def test_others_timers_go_on() -> None:
    zone = Zone("q", agent("ann"), agent("bob"))
    zone.ready("ann", "bob")
    zone.arrive("c1")
    zone.arrive("c2")
    zone.engine.pass_over(frozenset({"offer 1"}))
    ended = of(zone.engine.handle(TimePassed(), zone.now_ms + 20_000), OfferEnded)
    assert [fact.offer for fact in ended] == [2]
    assert zone.engine.timer_in_hand() == ""
    zone.engine.handle(AgentSignedIn(BOB, "s", Presence.READY), zone.now_ms + 20_001)
