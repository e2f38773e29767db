"""The simulated switch beside the suite: its seed, its faults, its line, and its book held against the engine's facts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from acd.routing import events as e
from acd.routing.model import Channel, ContactId, OfferId
from acd.routing.outputs import ConnectContact, WithdrawOffer
from acd.routing.outputs import facts as f
from acd.simulation.population import AgentProfile, CustomerProfile
from acd.simulation.world import NO_FAULTS, Faults
from telephony_adapters.simulated import adapter as simulated
from telephony_adapters.simulated.adapter import LineFaults, SimulatedAdapter
from tests.telephony_adapters.zone import ANN, BEN, Zone, rules_for

CROWD = 8
QUICK_PEOPLE = AgentProfile(
    reaction_ms=20, declines=0, misses=0, wrap_up_ms=10, holds=300, transfers=0, break_every_ms=1 << 40
)
QUICK_CUSTOMERS = CustomerProfile(per_hour=0, patience_ms=1 << 40, talk_ms=60, hangs_up_first=500)


@asynccontextmanager
async def running(
    faults: Faults = NO_FAULTS, line: LineFaults = LineFaults(), seed: str = "7", crowd: int = CROWD
) -> AsyncIterator[tuple[Zone, SimulatedAdapter]]:
    zone = Zone()
    made = SimulatedAdapter(
        rules_for(Channel.VOICE),
        (ANN, BEN),
        zone.now_ms,
        seed=seed,
        customers=QUICK_CUSTOMERS,
        agents=QUICK_PEOPLE,
        faults=faults,
        crowd=0,
        line=line,
    )
    await zone.open(made)
    try:
        for _ in range(crowd):
            made.customer_calls(None)
        yield zone, made
    finally:
        await made.stop()
        zone.close()


async def _all_over(zone: Zone, count: int = CROWD) -> None:
    await zone.until(lambda: len(zone.of(f.ContactEnded)) == count, f"{count} customers are through")
    zone.audit()


async def test_a_crowd_is_served_to_the_last_by_the_simulated_staff() -> None:
    async with running() as (zone, switch):
        await _all_over(zone)
        assert len(zone.of(f.AssignmentConnected)) == CROWD
        for entered in zone.of(f.ContactEntered):
            assert switch.calls.of(entered.contact) is None, "the switch kept a leg of an ended contact"
        assert switch.calls.is_free(ANN) and switch.calls.is_free(BEN)


async def test_messages_said_twice_by_the_seed_change_nothing() -> None:
    async with running(Faults(twice=1000)) as (zone, switch):
        await _all_over(zone)
        assert switch._played.faults > CROWD
        assert len(zone.of(f.AssignmentConnected, is_first=True)) == CROWD


async def test_a_line_that_the_seed_cuts_again_and_again_loses_nobody() -> None:
    async with running(line=LineFaults(every_ms=40, lasts_ms=20)) as (zone, switch):
        await _all_over(zone)
        assert switch.cuts > 1
        assert len(zone.of(f.AssignmentConnected, is_first=True)) == CROWD
        assert switch.orders_lost == 0


async def test_orders_wait_for_the_line_and_are_counted_when_too_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(simulated, "ORDERS_MAX", 2)
    async with running(crowd=0) as (zone, switch):
        contact = switch.customer_calls()
        await zone.fact(f.ContactEntered, contact=contact)
        switch.cut_line()
        for number in range(4):
            switch.execute(WithdrawOffer("", 100 + number, contact, ANN, "test"))  # type: ignore[arg-type]
        assert switch.orders_lost == 2
        switch.mend_line()
        assert zone.is_live(contact)


async def test_orders_about_strangers_are_not_obeyed() -> None:
    async with running(crowd=0) as (zone, switch):
        stranger = ContactId("cti:pbx:1")
        switch.execute(ConnectContact("", OfferId(77), stranger, ANN, Channel.VOICE))
        contact = switch.customer_calls()  # whatever the order had led to would be said before this
        await zone.fact(f.ContactEntered, contact=contact)
        await zone.fact(f.AssignmentConnected, contact=contact)
        assert not [event for event in zone.events if isinstance(event, e.ConnectFailed)]


async def test_an_entry_that_is_not_there_is_said_at_once() -> None:
    async with running(crowd=0) as (_, switch):
        with pytest.raises(ValueError, match="no entry"):
            switch.customer_calls("9999")  # type: ignore[arg-type]


async def test_customers_of_an_earlier_run_are_reported_as_gone() -> None:
    async with running(crowd=0) as (zone, switch):
        contact = switch.customer_calls()
        await zone.fact(f.ContactEntered, contact=contact)
        await switch.resume([])
        await zone.fact(f.ContactEnded, contact=contact)
        assert [event.gone for event in zone.events if isinstance(event, e.LegsCompared)][-1] == (contact,)
