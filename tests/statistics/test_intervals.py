"""The fold of facts into quarters of an hour: where each count is booked, and that nothing is lost on the way."""

import pytest

from acd.routing.model import (
    AgentId,
    AgentRules,
    Channel,
    ContactId,
    Decision,
    EntryId,
    Needs,
    OfferId,
    OfferState,
    Origin,
    Outcome,
    OverflowAction,
    Presence,
    QueueId,
    QueueRules,
    RegionId,
    Repeat,
    Rules,
    Strategy,
)  # fmt: skip
from acd.routing.outputs import facts as f
from acd.statistics.intervals import INTERVALS_MAX, QUARTER_MS, Statistics

ANN, SUPPORT, SALES, NORTH = AgentId("ann"), QueueId("support"), QueueId("sales"), RegionId("north")
T0 = 1_700_000_100_000 - 1_700_000_100_000 % QUARTER_MS
RULES = Rules(
    version=1,
    queues=(QueueRules(SUPPORT, threshold_ms=20_000, short_abandon_ms=5_000), QueueRules(SALES)),
    agents=(AgentRules(ANN, region=NORTH),),
)
WHY = Decision(trigger="arrival", strategy=Strategy.LONGEST_IDLE, step=0, waited_ms=0, eligible=1, removed={})


def entered(contact: str, at_ms: int, **more: object) -> f.ContactEntered:
    fields = {
        "contact": ContactId(contact), "origin": Origin.INBOUND, "channel": Channel.VOICE, "adapter": "sip", "entry": EntryId("400"),
        "queue": SUPPORT, "language": "en", "region": NORTH, "arrived_ms": at_ms, "needs": Needs(), "head_start_ms": 0,
    }  # fmt: skip
    return f.ContactEntered(**(fields | more))  # type: ignore[arg-type]


def offered(offer: int, contact: str) -> f.OfferMade:
    return f.OfferMade(OfferId(offer), ContactId(contact), ANN, SUPPORT, Channel.VOICE, 0, WHY)


def ended(contact: str, outcome: Outcome, by: str | None = None) -> f.ContactEnded:
    return f.ContactEnded(ContactId(contact), outcome, "why", SUPPORT, by)  # type: ignore[arg-type]


@pytest.fixture
def statistics() -> Statistics:
    fresh = Statistics()
    fresh.apply([f.RulesInForce(RULES), f.PresenceSet(ANN, Presence.READY)], T0)
    return fresh


def serve(
    statistics: Statistics, contact: str, offer: int, at_ms: int, wait: int, talk: int, wrap: int
) -> None:
    """One whole contact, from arrival to disposition, without hold."""
    one, two = OfferId(offer), ContactId(contact)
    statistics.apply([entered(contact, at_ms), offered(offer, contact)], at_ms)
    statistics.apply([f.OfferTaken(one, 0)], at_ms + wait)
    statistics.apply([f.AssignmentConnected(one, two, ANN, True)], at_ms + wait)
    end = at_ms + wait + talk
    statistics.apply([f.TalkEnded(one, two, ANN, "customer"), f.WrapUpStarted(one, ANN, None, True)], end)
    statistics.apply([ended(contact, Outcome.ANSWERED)], end)
    statistics.apply([f.AssignmentDone(one, two, ANN, "solved")], end + wrap)


def test_a_served_contact_is_counted_once_everywhere(statistics: Statistics) -> None:
    serve(statistics, "c1", 1, T0, wait=20_000, talk=60_000, wrap=10_000)
    counts = statistics.queue_counts(T0, T0 + QUARTER_MS)
    assert (counts.entered, counts.answered, counts.answered_in_time, counts.handled) == (1, 1, 1, 1)
    assert (counts.wait_answered_ms, counts.talk_ms, counts.wrap_up_ms) == (20_000, 60_000, 10_000)
    assert counts.solved_first == 1
    agent = statistics.agent_counts(T0, T0 + QUARTER_MS, T0 + 100_000, ANN)
    assert (agent.working_ms, agent.ready_idle_ms, agent.signed_in_ms) == (70_000, 30_000, 100_000)


def test_one_millisecond_over_the_threshold_is_late(statistics: Statistics) -> None:
    serve(statistics, "c1", 1, T0, wait=20_001, talk=1, wrap=0)
    assert statistics.queue_counts(T0, T0 + QUARTER_MS).answered_in_time == 0


def test_counts_are_booked_when_they_happen_and_sums_agree(statistics: Statistics) -> None:
    late = T0 + QUARTER_MS - 10_000
    serve(statistics, "c1", 1, late, wait=5_000, talk=60_000, wrap=0)
    first, second = (
        statistics.queue_counts(T0, T0 + 1),
        statistics.queue_counts(T0 + QUARTER_MS, T0 + 2 * QUARTER_MS),
    )
    assert (first.entered, first.answered, first.handled) == (1, 1, 0)
    assert (second.entered, second.answered, second.handled, second.talk_ms) == (0, 0, 1, 60_000)


def test_presence_times_are_split_at_the_border(statistics: Statistics) -> None:
    end = T0 + 2 * QUARTER_MS + 1_000
    quarters = [
        statistics.agent_counts(T0 + n * QUARTER_MS, T0 + (n + 1) * QUARTER_MS, end, ANN).ready_idle_ms
        for n in range(3)
    ]
    assert quarters == [QUARTER_MS, QUARTER_MS, 1_000]


def test_hold_is_not_talk_even_when_the_customer_leaves_while_held(statistics: Statistics) -> None:
    statistics.apply([entered("c1", T0), offered(1, "c1"), f.OfferTaken(OfferId(1), 0)], T0)
    statistics.apply([f.AssignmentConnected(OfferId(1), ContactId("c1"), ANN, True)], T0)
    for at_ms, is_held in ((10_000, True), (15_000, False), (20_000, True)):
        statistics.apply([f.AssignmentHeld(OfferId(1), is_held)], T0 + at_ms)
    statistics.apply([f.TalkEnded(OfferId(1), ContactId("c1"), ANN, "customer")], T0 + 50_000)
    counts = statistics.queue_counts(T0, T0 + 1)
    assert (counts.talk_ms, counts.hold_ms, counts.held) == (15_000, 35_000, 1)


@pytest.mark.parametrize(
    ("after_ms", "in_time", "short"),
    [(4_999, 1, 1), (5_000, 1, 1), (5_001, 1, 0), (20_000, 1, 0), (20_001, 0, 0)],
)
def test_an_abandon_is_short_in_time_or_late(
    statistics: Statistics, after_ms: int, in_time: int, short: int
) -> None:
    statistics.apply([entered("c1", T0)], T0)
    statistics.apply([ended("c1", Outcome.ABANDONED)], T0 + after_ms)
    counts = statistics.queue_counts(T0, T0 + 1)
    assert (counts.abandoned, counts.abandoned_in_time, counts.abandoned_short) == (1, in_time, short)
    assert counts.wait_abandoned_ms == counts.wait_longest_ms == after_ms


def test_every_way_to_end_has_its_own_count(statistics: Statistics) -> None:
    for number, outcome in enumerate([Outcome.OVERFLOWED, Outcome.REFUSED, Outcome.UNREACHED]):
        statistics.apply([entered(f"c{number}", T0), ended(f"c{number}", outcome)], T0)
    statistics.apply([entered("hand", T0), ended("hand", Outcome.ABANDONED, by="sue")], T0)
    statistics.apply(
        [f.ContactTurnedAway(ContactId("t"), "sip", Channel.VOICE, EntryId("9"), "unknown_entry")], T0
    )
    counts = statistics.queue_counts(T0, T0 + 1)
    assert (counts.overflowed, counts.refused, counts.unreached, counts.ended_by_hand, counts.abandoned) == (
        1,
        2,
        1,
        1,
        0,
    )


@pytest.mark.parametrize(
    ("outcome", "field"),
    [
        (OfferState.DECLINED, "declined"), (OfferState.NO_ANSWER, "no_answer"), (OfferState.BUSY, "busy"),
        (OfferState.UNREACHABLE, "unreachable"), (OfferState.WITHDRAWN, "withdrawn"), (OfferState.LOST_RACE, "lost_race"),
    ],
)  # fmt: skip
def test_outcomes_of_offers_are_told_apart(statistics: Statistics, outcome: OfferState, field: str) -> None:
    statistics.apply([entered("c1", T0), offered(1, "c1")], T0)
    statistics.apply([f.OfferEnded(OfferId(1), ContactId("c1"), ANN, outcome)], T0)
    counts = statistics.queue_counts(T0, T0 + 1)
    assert getattr(counts, field) == 1
    assert (
        sum(
            getattr(counts, n)
            for n in ("declined", "no_answer", "busy", "unreachable", "withdrawn", "lost_race")
        )
        == 1
    )


def test_a_moved_contact_counts_out_and_in_and_is_answered_where_it_went(statistics: Statistics) -> None:
    statistics.apply([entered("c1", T0), f.ContactRequeued(ContactId("c1"), SALES, "moved")], T0)
    old, new = (statistics.queue_counts(T0, T0 + 1, queue) for queue in (SUPPORT, SALES))
    assert (old.entered, old.moved_out, new.entered, new.moved_in) == (1, 1, 0, 1)


def test_repeats_and_overflow_answers_are_counted(statistics: Statistics) -> None:
    statistics.apply([entered("c1", T0, repeat=Repeat(2, ())), entered("c2", T0)], T0)
    statistics.apply([f.ContactChanged(ContactId("c2"), {}, (), Repeat(1, ()))], T0)
    statistics.apply([f.OverflowOffered(ContactId("c1"), "bot", OverflowAction.INTAKE, T0)], T0)
    statistics.apply([f.OverflowDeclined(ContactId("c1"), "bot")], T0)
    counts = statistics.queue_counts(T0, T0 + 1)
    assert (counts.repeats, counts.overflow_asked, counts.overflow_declined) == (2, 1, 1)


def test_the_error_of_an_estimate_is_the_difference_that_the_answer_tells(statistics: Statistics) -> None:
    statistics.apply([entered("c1", T0)], T0)
    statistics.apply([f.EstimateTold(ContactId("c1"), 1, 60_000)], T0 + 10_000)
    statistics.apply([offered(1, "c1"), f.OfferTaken(OfferId(1), 0)], T0 + 50_000)
    answer = f.AssignmentConnected(OfferId(1), ContactId("c1"), ANN, True, 50_000, 70_000)
    statistics.apply([answer], T0 + 50_000)
    counts = statistics.queue_counts(T0, T0 + 1)
    assert (counts.estimates, counts.estimate_error_ms) == (1, 20_000)


def test_optional_wrap_up_is_idle_time(statistics: Statistics) -> None:
    statistics.apply([entered("c1", T0), offered(1, "c1"), f.OfferTaken(OfferId(1), 0)], T0)
    statistics.apply([f.AssignmentConnected(OfferId(1), ContactId("c1"), ANN, True)], T0)
    statistics.apply([f.TalkEnded(OfferId(1), ContactId("c1"), ANN, "agent")], T0 + 1_000)
    statistics.apply([f.WrapUpStarted(OfferId(1), ANN, T0 + 9_000, blocks=False)], T0 + 1_000)
    statistics.apply([f.AssignmentDone(OfferId(1), ContactId("c1"), ANN, "solved")], T0 + 5_000)
    agent = statistics.agent_counts(T0, T0 + 1, T0 + 5_000, ANN)
    assert (agent.working_ms, agent.ready_idle_ms) == (1_000, 4_000)


def test_dump_and_load_go_on_as_if_nothing_had_happened(statistics: Statistics) -> None:
    statistics.apply([entered("c1", T0), offered(1, "c1"), f.OfferTaken(OfferId(1), 0)], T0)
    other = Statistics()
    other.load(statistics.dump())
    for each in (statistics, other):
        each.apply([f.AssignmentConnected(OfferId(1), ContactId("c1"), ANN, True)], T0 + 3_000)
        each.book(T0 + 4_000)
    assert other.dump() == statistics.dump()
    assert other.queue_counts(T0, T0 + 1).wait_answered_ms == 3_000


def test_old_quarters_fall_out_at_the_limit(statistics: Statistics) -> None:
    for number in range(INTERVALS_MAX + 5):
        statistics.apply(
            [f.ContactTurnedAway(ContactId("t"), "sip", Channel.VOICE, EntryId("9"), "full")],
            T0 + number * QUARTER_MS,
        )
    kept = [start for start, _ in statistics.intervals()]
    assert len(kept) == INTERVALS_MAX
    assert kept[0] == T0 + 5 * QUARTER_MS
