"""Every option that routing knows changes the rules; none is read and forgotten."""

from __future__ import annotations

from typing import Final

import msgspec
import pytest

from acd.config import forms
from acd.config.reader import form_hints
from acd.config.rules import build_rules
from acd.routing import model
from tests.config.changing import EXAMPLE_SETTINGS, changed, settings_with

NOT_FOR_ROUTING: Final = {
    "EntryForm.label": "for the pages",
    "PersonForm.role": "for the desk: what a person may do",
    "PersonForm.password_hash": "for the desk: sign-in",
    "PersonForm.example_password": "for the desk: sign-in",
    "PersonForm.language": "for the pages",
    "PersonForm.leads": "for the desk: whom a supervisor sees",
    "PersonForm.phone": "for SIP: registration",
    "CentreForm.zone": "for the journal",
    "ServerForm.drain_s": "for the node: how it stops",
    "CentreForm.country": "for the adapters: how numbers are compared",
    "CentreForm.name": "for the pages",
}
"""Form and key -> which room has it instead."""


_SUPPORT: Final = EXAMPLE_SETTINGS.queues.queues["support"]
PLACES: Final[list[forms.Form]] = [
    EXAMPLE_SETTINGS.centre,
    EXAMPLE_SETTINGS.regions.regions["north"],
    EXAMPLE_SETTINGS.dispositions.dispositions["support"][0],
    EXAMPLE_SETTINGS.overflow.overflow["patient"][0],
    EXAMPLE_SETTINGS.thresholds.service_levels["standard"],
    _SUPPORT,
    _SUPPORT.needs,
    _SUPPORT.steps[1],
    _SUPPORT.reserves[0],
    _SUPPORT.delays,
    *([_SUPPORT.spill] if _SUPPORT.spill is not None else []),
    _SUPPORT.wrap_up,
    _SUPPORT.repeat,
    _SUPPORT.return_calls,
    EXAMPLE_SETTINGS.entries.entries["4001"],
    EXAMPLE_SETTINGS.people.people["ann"],
    EXAMPLE_SETTINGS.people.people["ann"].queues[0],
    EXAMPLE_SETTINGS.people.people["ann"].blends[0],
]
OPTIONS: Final = [(form, name) for form in PLACES for name in form_hints(type(form))]


@pytest.mark.parametrize(
    ("form", "name"), OPTIONS, ids=[f"{type(form).__name__}.{name}" for form, name in OPTIONS]
)
def test_every_option_of_routing_changes_the_rules(form: forms.Form, name: str) -> None:
    new = changed(form, name)
    assert new != form
    is_for_routing = f"{type(form).__name__}.{name}" not in NOT_FOR_ROUTING
    assert (build_rules(settings_with(form, new), 1) != EXAMPLE_SETTINGS.rules) is is_for_routing


def test_the_seconds_of_the_operator_are_the_milliseconds_of_the_engine() -> None:
    queue = EXAMPLE_SETTINGS.rules.queues[0]
    assert queue.queue == "support"
    assert (queue.offer_ms, queue.threshold_ms, queue.short_abandon_ms, queue.announce_ms) == (
        20_000,
        20_000,
        5_000,
        30_000,
    )
    assert [step.after_ms for step in queue.steps] == [0, 10_000, 20_000]
    assert queue.reserves == (model.Reserve(model.GroupId("back-office"), 60_000, 20_000),)
    assert queue.repeat == model.RepeatPolicy(30_000, 10_000, never_to_bot=False, flag_supervisor=True)
    assert EXAMPLE_SETTINGS.rules.repeat_window_ms == 168 * 3_600_000


def test_every_number_of_an_entry_is_an_entry_of_its_own() -> None:
    entries = {entry.entry: entry for entry in EXAMPLE_SETTINGS.rules.entries}
    assert {"4001", "4008001001", "+864008001001"} <= set(entries)
    first, second = entries[model.EntryId("4001")], entries[model.EntryId("4008001001")]
    assert msgspec.structs.replace(second, entry=first.entry) == first


def test_who_has_a_region_serves_customers_and_nobody_else() -> None:
    agents = {agent.agent: agent for agent in EXAMPLE_SETTINGS.rules.agents}
    assert "ann" in agents
    assert "sam" in agents, "a supervisor who serves"
    assert not {"lin", "kai", "ute"} & set(agents)
    ann = agents[model.AgentId("ann")]
    assert ann.queues[0] == model.QueueServed(model.QueueId("support"), 30_000)
    assert ann.capacity == {model.Channel.VOICE: 1, model.Channel.CHAT: 3}
    assert agents[model.AgentId("fang")].groups == ("back-office",)


def test_a_queue_without_a_service_level_has_the_standard_of_the_engine() -> None:
    queue = msgspec.structs.replace(_SUPPORT, service_level=None)
    rules = build_rules(settings_with(_SUPPORT, queue), 1)
    assert rules.queues[0].threshold_ms == model.QueueRules(queue=model.QueueId("x")).threshold_ms


def test_the_rules_travel_through_msgpack_unchanged() -> None:
    """They enter the journal as one event."""
    packed = msgspec.msgpack.encode(EXAMPLE_SETTINGS.rules)
    assert msgspec.msgpack.decode(packed, type=model.Rules) == EXAMPLE_SETTINGS.rules
