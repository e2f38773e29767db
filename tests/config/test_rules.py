"""Every option that routing knows changes the rules; none is read and forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

import msgspec
import pytest

from acd.config import Settings, forms, load
from acd.config.kinds import Ref, Text, Whole
from acd.config.reader import form_hints, unwrap
from acd.config.rules import build_rules
from acd.routing import model
from tests.config.folder import EXAMPLE

NOT_FOR_ROUTING: Final = {
    "EntryForm.label": "for the pages",
    "PersonForm.role": "for the desk: what a person may do",
    "PersonForm.password_hash": "for the desk: sign-in",
    "PersonForm.example_password": "for the desk: sign-in",
    "PersonForm.language": "for the pages",
    "PersonForm.leads": "for the desk: whom a supervisor sees",
    "PersonForm.phone": "for SIP: registration",
    "CentreForm.zone": "for the journal",
    "CentreForm.name": "for the pages",
}
"""Form and key -> which room has it instead."""


def other(hint: Any, value: Any) -> Any:
    """Return a value of this kind that differs from `value`."""
    kind, marks = unwrap(hint)
    arms = [arm for arm in getattr(kind, "__args__", ()) if arm is not type(None)]
    if type(None) in getattr(kind, "__args__", ()):
        is_name = any(isinstance(mark, Ref) for mark in unwrap(arms[0])[1])
        return None if value is not None and not is_name else other(arms[0], value)
    if kind is bool:
        return not value
    if kind is int:
        bounds = next(mark for mark in marks if isinstance(mark, Whole))
        return bounds.low if value != bounds.low else bounds.high
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return next(one for one in kind if one != value)
    if kind is str:
        names = {"dispositions": "sales", "overflow": "vip", "service level": "vip", "hours": "office"}
        of = next((mark.of for mark in marks if isinstance(mark, Ref)), "")
        assert of or any(isinstance(mark, Text) for mark in marks)
        new = names.get(of, "other-one")
        return new if value != new else None
    return other_group(kind, value)


def other_group(kind: Any, value: Any) -> Any:
    """Return another form, list or mapping."""
    if isinstance(kind, type) and issubclass(kind, forms.Form):
        if value is None:
            return kind(**{name: other(hint, None) for name, hint in form_hints(kind).items()})
        name, hint = next(iter(form_hints(kind).items()))
        return msgspec.structs.replace(value, **{name: other(hint, getattr(value, name))})
    if isinstance(value, Mapping):
        key_hint, value_hint = kind.__args__
        return {other(key_hint, None): other(value_hint, None)}
    inner = kind.__args__[0]
    return (*value, other(inner, value[0] if value else None)) if len(value or ()) < 2 else value[:1]


def rules_with(settings: Settings, old: forms.Form, new: forms.Form) -> model.Rules:
    """Return the rules of `settings` with `old` replaced by `new`, wherever it stands."""

    def swapped(value: Any) -> Any:
        if value is old:
            return new
        if isinstance(value, msgspec.Struct) and isinstance(value, forms.Form | Settings):
            return msgspec.structs.replace(
                value,
                **{
                    name: swapped(getattr(value, name)) for name in value.__struct_fields__ if name != "rules"
                },
            )
        if isinstance(value, dict):
            return {name: swapped(one) for name, one in value.items()}
        return tuple(swapped(one) for one in value) if isinstance(value, tuple) else value

    return build_rules(swapped(settings), 1)


EXAMPLE_SETTINGS: Final = load(EXAMPLE)
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
    hint = form_hints(type(form))[name]
    changed = msgspec.structs.replace(form, **{name: other(hint, getattr(form, name))})
    assert changed != form
    is_for_routing = f"{type(form).__name__}.{name}" not in NOT_FOR_ROUTING
    assert (rules_with(EXAMPLE_SETTINGS, form, changed) != EXAMPLE_SETTINGS.rules) is is_for_routing


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
    rules = rules_with(EXAMPLE_SETTINGS, _SUPPORT, queue)
    assert rules.queues[0].threshold_ms == model.QueueRules(queue=model.QueueId("x")).threshold_ms


def test_the_rules_travel_through_msgpack_unchanged() -> None:
    """They enter the journal as one event."""
    packed = msgspec.msgpack.encode(EXAMPLE_SETTINGS.rules)
    assert msgspec.msgpack.decode(packed, type=model.Rules) == EXAMPLE_SETTINGS.rules
