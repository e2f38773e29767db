"""The board against the engine's own state and against the statistics, over simulated days with faults and crashes."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import pytest

from acd.desk.board import Board
from acd.desk.board.build import (
    build_agent,
    build_assignment,
    build_contact,
    build_offer,
    build_queue,
    build_region,
    build_team,
)
from acd.desk.board.counting import column_of_agent
from acd.desk.board.state import BoardState
from acd.ports import Record
from acd.routing import events as e
from acd.routing.engine import Engine
from acd.routing.model import (
    AssignmentState,
    Channel,
    ContactState,
    MonitorMode,
    Origin,
    PersonId,
    Presence,
)
from acd.simulation.demo import with_demo_staff
from acd.simulation.population import Chance, CustomerProfile
from acd.simulation.world import World
from acd.statistics.figures import estimate_error_ms
from acd.statistics.intervals import Statistics
from tests.simulation.centre import FAULTS, rules_of_centre

START_MS = 1_764_028_800_000
"""Midnight UTC, so that no day turns while the statistics are compared."""
LENGTH_MS = 3_600_000


def play(seed: int, see: Callable[[Record, Engine], None], length_ms: int = LENGTH_MS) -> Engine:
    """Play an hour of a busy centre, with supervisors who meddle; `see` is given every record."""
    rules, _ = with_demo_staff(rules_of_centre(), 24)
    engine, world = (
        Engine(),
        World(rules, str(seed), START_MS, CustomerProfile(per_hour=24 * 22), faults=FAULTS),
    )
    chance = Chance(f"{seed}/meddle")
    seq = 0

    def hand_in(event: e.AnyEvent, now_ms: int) -> None:
        nonlocal seq
        outputs = engine.handle(event, now_ms)
        if outputs.facts:
            seq += 1
            see(Record(seq, 1, now_ms, event, outputs.facts), engine)
            world.observe(outputs.facts, now_ms)
        for command in outputs.commands:
            world.execute(command, now_ms)

    hand_in(e.RulesLoaded(rules), START_MS)
    hand_in(e.NodeStarted(1), START_MS)
    now_ms = START_MS
    while now_ms < START_MS + length_ms:
        moments = [m for m in (world.next_ms(), engine.next_deadline_ms()) if m is not None]
        now_ms = max(now_ms, min(moments))
        if (due := engine.next_deadline_ms()) is not None and due <= now_ms:
            hand_in(e.TimePassed(), now_ms)
        for event in world.due(now_ms):
            hand_in(event, now_ms)
        if chance.below(20) == 0:
            for event in meddle(engine, chance):
                hand_in(event, now_ms)
    return engine


def meddle(engine: Engine, chance: Chance) -> list[e.AnyEvent]:
    """Return what a supervisor, or a person at a desk, might do out of the ordinary."""
    state, by = engine.state, PersonId("sue")
    contacts, offers, agents = sorted(state.contacts), sorted(state.offers), sorted(state.agents)
    queues = sorted(state.queues)
    found: list[e.AnyEvent] = [
        e.QueueGateTurned(chance.pick(queues), chance.share(800), by),
        e.PresenceChosen(
            chance.pick(agents), Presence.NOT_READY if chance.share(300) else Presence.READY, "x", by
        ),
        e.AgentChanged(chance.pick(agents), None, tuple(queues[: chance.below(3)]), by),
        e.NodeStarted(chance.below(1_000_000) + 2) if chance.share(50) else e.TimePassed(),
    ]
    if contacts:
        contact = chance.pick(contacts)
        found += [
            e.ContactMoved(contact, chance.pick(queues), by),
            e.HeadStartChanged(contact, 60_000, by),
            e.ContactGiven(contact, chance.pick(agents), True, by),
            e.AttributesChanged(contact, {"vip": "yes"}),
            e.IntakeProgressed(contact, "broken", "it hums"),
        ]
        if chance.share(100):
            found.append(e.ContactClosed(contact, "test", by))
    if offers:
        offer = chance.pick(offers)
        found += [
            e.HoldChosen(offer, chance.share(500)),  # type: ignore[arg-type]
            e.TransferAsked(offer, to_queue=chance.pick(queues)),  # type: ignore[arg-type]
            e.ConsultAsked(offer, to_agent=chance.pick(agents)),  # type: ignore[arg-type]
            e.MonitorAsked(offer, by, MonitorMode.BARGE if chance.share(700) else None),  # type: ignore[arg-type]
            e.WrapUpAsked(offer),  # type: ignore[arg-type]
        ]
    return [found[chance.below(len(found))] for _ in range(2)]


def check_against_engine(board: Board, engine: Engine) -> None:
    """What the board says of every agent, contact and offer is what the engine knows."""
    state, truth = board.state, engine.state
    assert board.unknown == 0
    live = {name for name, card in state.contacts.items() if card.state is not ContactState.ENDED}
    assert live == {
        name for name, contact in truth.contacts.items() if contact.state is not ContactState.ENDED
    }
    for name in live:
        card, contact = state.contacts[name], truth.contacts[name]
        assert (card.state, card.queue, card.arrived_ms, card.step) == (
            contact.state, contact.queue, contact.arrived_ms, contact.step,
        )  # fmt: skip
        assert card.head_start_ms == contact.head_start_ms
    assert set(state.offers) == set(truth.offers)
    for name, held in state.offers.items():
        assert held.agent == truth.offers[name].agent.id
    for name, agent in state.agents.items():
        known = truth.agents[name]
        assert (agent.presence, agent.reason) == (known.presence, known.reason)
        assert agent.next_presence == known.next_presence
        assert set(agent.held) == {offer for offer, held in state.offers.items() if held.agent == name}


def check_counts(state: BoardState) -> None:
    """Every count that is kept equals the one that is found by looking at everybody."""
    for name in state.queues:
        row = build_queue(state, name)
        assert row is not None
        mine = [card for card in state.contacts.values() if card.queue == name]
        columns = Counter((card.state, card.origin) for card in mine)
        assert row.waiting == columns[(ContactState.WAITING, Origin.INBOUND)]
        assert row.return_calls == columns[(ContactState.WAITING, Origin.RETURN_CALL)]
        assert row.assigned == sum(card.state is ContactState.ASSIGNED for card in mine)
        assert row.intake == sum(card.state is ContactState.INTAKE for card in mine)
        arrivals = [
            card.arrived_ms
            for card in mine
            if card.state is ContactState.WAITING and card.origin is Origin.INBOUND
        ]
        assert row.longest_arrived_at_ms == min(arrivals, default=None)
        serving = Counter(column_of_agent(state, a) for a in state.agents.values() if name in a.queues)
        assert (row.ready, row.working, row.wrap_up) == (
            serving["ready"],
            serving["working"],
            serving["wrap_up"],
        )
        assert row.signed_in == sum(serving.values()) - serving["signed_out"]
        assert row.waiting == sum(count.waiting for count in row.regions.values())
        assert row.signed_in == sum(count.signed_in for count in row.regions.values())
        assert set(state.queues[name].return_calls) == {
            card.contact
            for card in mine
            if card.origin is Origin.RETURN_CALL and card.state is not ContactState.ENDED
        }
    groups = [row for name in state.regions if (row := build_region(state, name))]
    teams = [row for name in state.teams if (row := build_team(state, name))]
    columns_now = Counter(column_of_agent(state, agent) for agent in state.agents.values())
    for rows in (groups, teams):
        assert sum(row.ready for row in rows) == columns_now["ready"]
        assert sum(row.working for row in rows) == columns_now["working"]
        assert sum(row.agents for row in rows) == len(state.agents)


def rows_of(state: BoardState) -> list[object]:
    """Return every row that there is."""
    rows: list[object] = [build_agent(state, name) for name in state.agents]
    rows += [build_contact(state, name) for name in state.contacts]
    rows += [build_queue(state, name) for name in state.queues]
    for offer in state.offers.values():
        rows.append(build_offer(state, offer) if offer.state is None else build_assignment(state, offer))
    return rows


@pytest.mark.parametrize("seed", range(1, 13))
def test_over_an_hour_of_faults_and_meddling_the_board_is_true(seed: int) -> None:
    board, statistics = Board(), Statistics()
    chance = random.Random(seed)

    def see(record: Record, engine: Engine) -> None:
        board.apply(record)
        statistics.apply(record.facts, record.at_ms)
        if chance.random() < 0.02:
            check_against_engine(board, engine)
            check_counts(board.state)

    engine = play(seed, see)
    check_against_engine(board, engine)
    check_counts(board.state)
    assert len(rows_of(board.state)) > 24
    seen = 0
    for name in board.state.queues:
        row, counts = (
            build_queue(board.state, name),
            statistics.queue_counts(START_MS, START_MS + LENGTH_MS * 2, name),
        )
        assert row is not None
        seen += row.answered
        assert (row.entered, row.answered, row.answered_in_time) == (
            counts.entered, counts.answered, counts.answered_in_time,
        )  # fmt: skip
        assert (row.overflow_asked, row.overflow_declined) == (
            counts.overflow_asked,
            counts.overflow_declined,
        )
        assert (row.estimates, row.estimate_error_ms) == (counts.estimates, estimate_error_ms(counts))
        assert (row.abandoned, row.abandoned_short, row.overflowed) == (
            counts.abandoned, counts.abandoned_short, counts.overflowed,
        )  # fmt: skip
        assert (row.wait_ms_sum, row.wait_ms_max) == (counts.wait_answered_ms, counts.wait_longest_ms)
    assert seen > 20
    for name, agent in board.state.agents.items():
        figures = statistics.agent_counts(START_MS, START_MS + LENGTH_MS * 2, board.state.at_ms, name)
        day = agent.day
        assert (day.talk_ms, day.hold_ms, day.wrap_up_ms) == (
            figures.talk_ms,
            figures.hold_ms,
            figures.wrap_up_ms,
        )
        assert (day.offered, day.declined, day.no_answer) == (
            figures.offers,
            figures.declined,
            figures.no_answer,
        )


def test_whatever_changes_is_said_to_have_changed() -> None:
    """Rows that were built before and are not named as changed are still the same."""
    board = Board()
    known: dict[tuple[str, str], object] = {}
    count = 0

    def see(record: Record, engine: Engine) -> None:
        nonlocal count
        count += 1
        board.apply(record)
        changed, state = board.take_changed(), board.state
        for agent in changed.agents:
            known[("agents", agent)] = build_agent(state, agent)
        for contact in changed.contacts:
            known[("contacts", contact)] = build_contact(state, contact)
        for queue in changed.queues:
            known[("queues", queue)] = build_queue(state, queue)
        for region in changed.regions:
            known[("regions", region)] = build_region(state, region)
        for team in changed.teams:
            known[("teams", team)] = build_team(state, team)
        if count % 40 == 0:
            for name in state.agents:
                assert known[("agents", name)] == build_agent(state, name)
            for name in state.contacts:
                assert known[("contacts", name)] == build_contact(state, name)
            for name in state.queues:
                assert known[("queues", name)] == build_queue(state, name)
            for name in state.regions:
                assert known[("regions", name)] == build_region(state, name)
            for name in state.teams:
                assert known[("teams", name)] == build_team(state, name)

    play(5, see, LENGTH_MS // 2)
    assert count > 500


def test_dumped_and_loaded_anywhere_it_goes_on_the_same() -> None:
    straight, broken = Board(), Board()
    count = 0

    def see(record: Record, engine: Engine) -> None:
        nonlocal broken, count
        count += 1
        straight.apply(record)
        broken.apply(record)
        broken.apply(record)  # a record that was seen before changes nothing
        if count % 100 == 0:
            again = Board()
            again.load(broken.dump())
            broken = again

    play(9, see, LENGTH_MS // 2)
    assert rows_of(straight.state) == rows_of(broken.state)
    check_counts(broken.state)


def test_a_new_day_begins_with_empty_figures() -> None:
    board = Board()
    play(3, lambda record, engine: board.apply(record), LENGTH_MS // 4)
    before = {name: build_queue(board.state, name) for name in board.state.queues}
    assert any(row is not None and row.entered for row in before.values())
    board.take_changed()
    board.apply(Record(10**9, 1, START_MS + 86_400_000, e.TimePassed(), []))
    changed = board.take_changed()
    assert set(changed.queues) == set(board.state.queues)
    assert set(changed.agents) == set(board.state.agents)
    for name in board.state.queues:
        row = build_queue(board.state, name)
        assert row is not None
        assert (row.entered, row.answered, row.wait_ms_max, row.service_level) == (0, 0, 0, None)


def test_the_channels_and_states_of_the_day_were_all_seen() -> None:
    """The day that the board is held against is worth holding against."""
    board, seen = Board(), set()

    def see(record: Record, engine: Engine) -> None:
        board.apply(record)
        seen.update(offer.state for offer in board.state.offers.values())
        seen.update(card.channel for card in board.state.contacts.values())
        seen.update(card.state for card in board.state.contacts.values())
        seen.update(card.origin for card in board.state.contacts.values())

    play(1, see)
    assert seen >= {
        *Channel, *ContactState, *Origin, None,
        AssignmentState.TALKING, AssignmentState.HELD, AssignmentState.WRAP_UP, AssignmentState.CONNECTING,
    }  # fmt: skip
