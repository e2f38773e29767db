"""When more falls due at one moment than one event may take the time for, the next goes on: with the same outcome."""

from __future__ import annotations

import pytest

from acd.routing.engine import Engine
from acd.routing.events import AgentSignedIn, ContactArrived, CustomerLeft, RulesLoaded, TimePassed
from acd.routing.model import AgentId, Channel, ContactId, EntryId, Presence, QueueId, QueueRules, Reach, Step
from acd.routing.outputs import AnyFact, OfferMade, StepTaken
from tests.routing.test_steps import NORTH, REGIONS, SOUTH
from tests.routing.zone import START_MS, agent, rules_of

CONTACTS = 40


def crowd() -> Engine:
    """Contacts from the north, all of one moment, some with a head start; the agents are in the south."""
    engine = Engine()
    rules = rules_of(
        QueueRules(QueueId("q"), steps=(Step(0, Reach.HOME), Step(20_000, Reach.NEIGHBOURS))),
        *REGIONS,
        *(agent(f"a{number}", region=SOUTH) for number in range(5)),
    )
    engine.handle(RulesLoaded(rules), START_MS)
    for number in range(5):
        engine.handle(AgentSignedIn(AgentId(f"a{number}"), "s", Presence.READY), START_MS)
    for number in range(CONTACTS):
        engine.handle(
            ContactArrived(
                ContactId(f"c{number}"), "phones", Channel.VOICE, EntryId("100"), region=NORTH,
                head_start_ms=60_000 if number % 7 == 6 else 0,
            ),
            START_MS,
        )  # fmt: skip
    return engine


def pass_time(engine: Engine) -> list[list[AnyFact]]:
    """Hand in time until nothing is due."""
    now_ms = engine.next_deadline_ms()
    assert now_ms == START_MS + 20_000
    slices = []
    while engine.next_deadline_ms() == now_ms:
        slices.append(list(engine.handle(TimePassed(), now_ms).facts))
    return slices


def test_a_tick_is_cut_into_slices_with_the_same_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    (whole,) = pass_time(crowd_whole := crowd())
    monkeypatch.setattr("acd.routing.handling.clock.WORK_MAX", 6)
    slices = pass_time(crowd_sliced := crowd())
    steps = [sum(isinstance(fact, StepTaken) for fact in facts) for facts in slices]
    assert steps[:6] == [6] * 6 and len(slices) > CONTACTS // 6
    assert [fact for facts in slices for fact in facts] == whole
    served = [fact.contact for fact in whole if isinstance(fact, OfferMade)]
    assert served == ["c6", "c13", "c20", "c27", "c34"], "in the order of the line, not of the slices"
    assert sum(isinstance(fact, StepTaken) for fact in whole) == CONTACTS
    assert crowd_sliced.state_hash() == crowd_whole.state_hash()
    assert not crowd_sliced.is_unfinished


def test_an_event_between_two_slices_waits_for_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acd.routing.handling.clock.WORK_MAX", 6)
    engine = crowd()
    now_ms = START_MS + 20_000
    assert len(engine.handle(TimePassed(), now_ms).facts) == 6
    assert engine.is_unfinished
    facts = engine.handle(CustomerLeft(ContactId("c39")), now_ms).facts
    assert sum(isinstance(fact, StepTaken) for fact in facts) == CONTACTS - 6
    assert sum(isinstance(fact, OfferMade) for fact in facts) == 5
    assert not engine.is_unfinished
    assert engine.next_deadline_ms() != now_ms
