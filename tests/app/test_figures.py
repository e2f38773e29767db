"""The centre's figures against a zone that is played event by event."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from acd.app.figures import Figures
from acd.ports import Record
from acd.routing.engine import Engine
from acd.routing.events import (
    AgentSignedIn,
    AnyEvent,
    ArrivalsRefused,
    ContactArrived,
    ContactConnected,
    CustomerLeft,
    OfferAccepted,
    QueueGateTurned,
    RulesLoaded,
    TimePassed,
    WrapUpFinished,
)
from acd.routing.model import (
    AgentId,
    Channel,
    ContactId,
    EntryId,
    OfferId,
    Presence,
    QueueId,
    QueueRules,
    WrapUp,
    WrapUpMode,
)
from tests.routing.zone import agent, rules_of

START_MS = 1_764_028_800_000


class Centre:
    """An engine and the room that looks on."""

    def __init__(self) -> None:
        self.engine = Engine()
        self.now_ms = START_MS
        self.registry = CollectorRegistry()
        self.figures = Figures(self.registry, lambda: self.now_ms)
        self.figures.read_state = lambda: self.engine.state
        self.seq = 0

    def tell(self, event: AnyEvent, after_ms: int = 0, is_replay: bool = False) -> None:
        self.now_ms += after_ms
        self.seq += 1
        facts = self.engine.handle(event, self.now_ms).facts
        self.figures.observe(Record(self.seq, 1, self.now_ms, event, facts), is_replay)

    def arrive(self, name: str, after_ms: int = 0, is_replay: bool = False) -> None:
        self.tell(ContactArrived(ContactId(name), "sip", Channel.VOICE, EntryId("100")), after_ms, is_replay)

    def value(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, labels)


def centre_with_ann() -> Centre:
    centre = Centre()
    queue = QueueRules(QueueId("q"), announce_ms=0, wrap_up=WrapUp(WrapUpMode.TIMED, 60_000))
    centre.tell(RulesLoaded(rules_of(queue, agent("ann", "q"))))
    return centre


def test_a_contact_from_the_door_to_the_end_of_the_wrap_up() -> None:
    centre = centre_with_ann()
    assert centre.value("acd_agents", presence="signed_out") == 1
    centre.arrive("c1")
    centre.arrive("c2", 1_000)
    assert centre.value("acd_waiting_contacts", queue="q") == 2
    assert centre.value("acd_first_wait_seconds", queue="q") == 1
    centre.tell(AgentSignedIn(AgentId("ann"), "s", Presence.READY), 2_000)
    assert (
        centre.value("acd_agents", presence="ready")
        == centre.value("acd_queue_staffed_agents", queue="q")
        == 1
    )
    assert (centre.value("acd_waiting_contacts", queue="q"), centre.value("acd_offers_and_assignments")) == (
        1,
        1,
    )
    centre.tell(OfferAccepted(OfferId(1)), 500)
    centre.tell(ContactConnected(OfferId(1)), 500)
    assert centre.value("acd_wait_seconds_sum", queue="q") == 4
    assert centre.value("acd_offers_total", outcome="accepted") == 1
    centre.tell(CustomerLeft(ContactId("c1")), 45_000)
    assert centre.value("acd_talk_seconds_sum", queue="q") == 45
    assert centre.value("acd_contacts_ended_total", queue="q", outcome="answered") == 1
    centre.tell(WrapUpFinished(OfferId(1), ""), 7_000)
    centre.tell(TimePassed(), 60_000)
    assert (centre.value("acd_wrap_up_seconds_count", queue="q") or 0) >= 1
    assert centre.value("acd_contacts") == 1


def test_those_who_leave_are_refused_or_find_nobody() -> None:
    centre = centre_with_ann()
    centre.arrive("c1")
    centre.tell(CustomerLeft(ContactId("c1")), 12_000)
    assert centre.value("acd_abandon_seconds_sum", queue="q") == 12
    assert centre.value("acd_contacts_ended_total", queue="q", outcome="abandoned") == 1
    centre.tell(ContactArrived(ContactId("c2"), "sip", Channel.VOICE, EntryId("none")))
    centre.tell(ArrivalsRefused(EntryId("100"), "rate", 40))
    assert centre.value("acd_contacts_refused_total", code="unknown_entry") == 1
    assert centre.value("acd_contacts_refused_total", code="rate") == 40
    centre.arrive("c3")
    centre.tell(AgentSignedIn(AgentId("ann"), "s", Presence.READY))
    centre.tell(TimePassed(), 20_000)
    assert centre.value("acd_offers_total", outcome="no_answer") == 1
    centre.tell(QueueGateTurned(QueueId("q"), False))
    assert centre.value("acd_queue_open", queue="q") == 0


def test_the_past_is_not_counted_again_but_what_goes_on_is_known() -> None:
    centre = centre_with_ann()
    centre.arrive("c1", is_replay=True)
    centre.tell(AgentSignedIn(AgentId("ann"), "s", Presence.READY), is_replay=True)
    assert centre.value("acd_contacts_entered_total", queue="q", channel="voice") is None
    centre.tell(OfferAccepted(OfferId(1)), 3_000)
    centre.tell(ContactConnected(OfferId(1)))
    assert centre.value("acd_wait_seconds_sum", queue="q") == 3
    centre.tell(CustomerLeft(ContactId("c1")), 9_000)
    assert centre.value("acd_talk_seconds_sum", queue="q") == 9


def test_nothing_is_kept_of_who_is_gone() -> None:
    centre = centre_with_ann()
    centre.tell(AgentSignedIn(AgentId("ann"), "s", Presence.READY))
    for number in range(1, 20):
        centre.arrive(f"c{number}")
        if number % 2:
            centre.tell(CustomerLeft(ContactId(f"c{number}")), 1)
        else:
            offer = OfferId(number)
            centre.tell(OfferAccepted(offer), 1)
            centre.tell(ContactConnected(offer), 1)
            centre.tell(CustomerLeft(ContactId(f"c{number}")), 1)
            centre.tell(WrapUpFinished(offer, ""), 1)
            centre.tell(TimePassed(), 61_000)
    assert not centre.engine.state.contacts
    assert not centre.figures._queues
    assert not centre.figures._arrived
    assert not centre.figures._assignments


def test_before_there_is_an_engine_there_are_names_without_values() -> None:
    registry = CollectorRegistry()
    Figures(registry, lambda: 0)
    assert registry.get_sample_value("acd_contacts") is None
