"""What single values cannot show: keys that contradict each other, inside one form and between files.

A check of one form runs as soon as that form was read, so one bad key elsewhere hides nothing. Each check takes
the form, its key, and where to complain.
"""

from __future__ import annotations

import ipaddress
import zoneinfo
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

import msgspec

from acd.config import forms
from acd.config.reader import Check, Complain, Reader
from acd.routing.model import Channel, OverflowAction, Reach, WrapUpMode
from acd.runtime.webhooks import is_inside

REACHES: Final = list(Reach)


def _below(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name


def _queue(form: forms.QueueForm, key: str, complain: Complain) -> None:
    if form.steps[0].after_s != 0:
        complain(f"{key}.steps[0].after_s", str(form.steps[0].after_s), "0 for the first step")
    for at, (step, earlier) in enumerate(zip(form.steps[1:], form.steps, strict=False), start=1):
        _step(step, earlier, f"{key}.steps[{at}]", complain)
    for at, step in enumerate(form.steps):
        for skill in step.preferred_dropped:
            if skill not in form.needs.preferred:
                expected = "a skill of needs.preferred"
                complain(f"{key}.steps[{at}].preferred_dropped", f'"{skill}"', expected)
    if form.dispositions is None:
        if form.wrap_up.mode is WrapUpMode.MANDATORY:
            complain(f"{key}.wrap_up.mode", "mandatory", "another mode, or dispositions to pick from")
        if form.disposition_default is not None:
            complain(
                f"{key}.disposition_default", f'"{form.disposition_default}"', "dispositions to pick it from"
            )
    if form.fence and form.spill is not None:
        complain(f"{key}.spill", "a spill", "none, since the fence keeps contacts at home")
    _each_once([str(one.group) for one in form.reserves], f"{key}.reserves", "group", complain)


def _step(step: forms.StepForm, earlier: forms.StepForm, key: str, complain: Complain) -> None:
    if step.after_s <= earlier.after_s:
        complain(f"{key}.after_s", str(step.after_s), f"more than the {earlier.after_s} of the step before")
    if REACHES.index(step.reach) < REACHES.index(earlier.reach):
        complain(f"{key}.reach", step.reach, f"at least {earlier.reach}, since a step only asks for less")
    if step.proficiency_less < earlier.proficiency_less:
        expected = f"at least {earlier.proficiency_less}, since a step only asks for less"
        complain(f"{key}.proficiency_less", str(step.proficiency_less), expected)
    again = sorted(set(earlier.preferred_dropped) - set(step.preferred_dropped))
    if again:
        found = f"no {', '.join(again)}, which the step before drops"
        complain(f"{key}.preferred_dropped", found, "all of them again, since a step only asks for less")


def _reserve(form: forms.ReserveForm, key: str, complain: Complain) -> None:
    if form.release_s >= form.borrow_s:
        complain(f"{key}.release_s", str(form.release_s), f"less than borrow_s ({form.borrow_s})")


def _spill(form: forms.SpillForm, key: str, complain: Complain) -> None:
    if form.end_percent >= form.begin_percent:
        expected = f"less than begin_percent ({form.begin_percent})"
        complain(f"{key}.end_percent", str(form.end_percent), expected)
    if form.reach is Reach.HOME:
        complain(f"{key}.reach", form.reach, "neighbours or all: home is where a contact is anyway")


def _overflow_rule(form: forms.OverflowRuleForm, key: str, complain: Complain) -> None:
    is_queue = form.action is OverflowAction.QUEUE
    if is_queue and form.to_queue is None:
        complain(f"{key}.to_queue", "nothing", "the name of a queue, since the action is queue")
    if not is_queue and form.to_queue is not None:
        complain(f"{key}.to_queue", f'"{form.to_queue}"', "no such key unless the action is queue")
    is_message = form.action is OverflowAction.MESSAGE_AND_END
    if is_message and form.message is None:
        complain(f"{key}.message", "nothing", "the name of a prompt, since the action is message_and_end")
    if not is_message and form.message is not None:
        complain(f"{key}.message", f'"{form.message}"', "no such key unless the action is message_and_end")
    conditions = (form.wait_s, form.estimated_wait_s, form.length)
    if all(one is None for one in conditions) and not (form.nobody_staffed or form.closed or form.wish):
        expected = "at least one of: wait_s, estimated_wait_s, length, nobody_staffed, closed, wish"
        complain(key, "no condition", expected)


def _overflow(form: forms.OverflowForm, key: str, complain: Complain) -> None:
    for name, rules in form.overflow.items():
        _each_once([rule.name for rule in rules], _below(key, f"overflow.{name}"), "name", complain)


def _dispositions(form: forms.DispositionsForm, key: str, complain: Complain) -> None:
    for name, outcomes in form.dispositions.items():
        paths = [outcome.path for outcome in outcomes]
        _each_once(paths, _below(key, f"dispositions.{name}"), "path", complain)


def _calendar(form: forms.CalendarForm, key: str, complain: Complain) -> None:
    if form.time_zone not in zoneinfo.available_timezones():
        complain(
            f"{key}.time_zone", f'"{form.time_zone}"', "a time zone of the tz database such as Asia/Shanghai"
        )
    for name in forms.WeekForm.__struct_fields__:
        _times(getattr(form.week, name), f"{key}.week.{name}", complain)
    for day, times in form.days.items():
        try:
            date.fromisoformat(day)
        except ValueError:
            complain(f"{key}.days.{day}", f'"{day}"', "a day that the calendar has")
        _times(times, f"{key}.days.{day}", complain)


def _times(times: Iterable[str], key: str, complain: Complain) -> None:
    end_before = ""
    for at, one in enumerate(times):
        begin, end = one.split("-")
        if begin >= end:
            complain(
                f"{key}[{at}]", f'"{one}"', "an end after the beginning; a night is two entries, on two days"
            )
        elif begin < end_before:
            complain(
                f"{key}[{at}]", f'"{one}"', f"a beginning not before {end_before}, where the last one ends"
            )
        end_before = max(end_before, end)


def _region(form: forms.RegionForm, key: str, complain: Complain) -> None:
    if key.rpartition(".")[2] in form.neighbours:
        complain(f"{key}.neighbours", "the region itself", "other regions")


def _entry(form: forms.EntryForm, key: str, complain: Complain) -> None:
    name = key.removeprefix("entries.")
    is_number = name.removeprefix("+").isdigit()
    if form.channel is Channel.VOICE and not is_number:
        complain(key, f'"{name}"', "a telephone number, since the channel is voice")
    if form.channel is Channel.CHAT and (is_number or form.also):
        found = f'"{name}"' if is_number else "numbers under also"
        complain(key, found, "the name of a page, since the channel is chat")


def _person(form: forms.PersonForm, key: str, complain: Complain) -> None:
    passwords = (form.password_hash, form.example_password)
    if all(passwords) or not any(passwords):
        found = "both" if all(passwords) else "neither"
        complain(key, found, "either password_hash or example_password")
    if form.role is forms.Role.AGENT:
        for name in ("region", "team"):
            if getattr(form, name) is None:
                complain(f"{key}.{name}", "nothing", f"the name of a {name}, since the role is agent")
    if form.leads and form.role is not forms.Role.SUPERVISOR:
        complain(f"{key}.leads", ", ".join(form.leads), "no such key unless the role is supervisor")
    if form.queues and form.region is None and form.role is not forms.Role.AGENT:
        complain(f"{key}.queues", "queues without a region", "a region, since who serves a queue has one")
    _each_once([served.queue for served in form.queues], f"{key}.queues", "queue", complain)
    _each_once([blend.holding for blend in form.blends], f"{key}.blends", "holding", complain)


def _http(form: forms.HttpForm, key: str, complain: Complain) -> None:
    if form.private_key is not None and form.certificate is None:
        complain(f"{key}.certificate", "nothing", "a certificate, since there is a private_key")


def _sip(form: forms.SipForm, key: str, complain: Complain) -> None:
    for at, network in enumerate(form.trusted):
        try:
            ipaddress.ip_network(network)
        except ValueError:
            complain(f"{key}.trusted[{at}]", f'"{network}"', "a network such as 10.0.0.0/8")
    if form.allowed_numbers and form.trunk is None:
        complain(f"{key}.trunk", "nothing", "a trunk, since allowed_numbers lets numbers be called outside")


def _media(form: forms.MediaForm, key: str, complain: Complain) -> None:
    if form.port_max < form.port_min + 1:
        complain(f"{key}.port_max", str(form.port_max), f"more than port_min ({form.port_min})")


def _server(form: forms.ServerForm, key: str, complain: Complain) -> None:
    if form.media.port_min <= form.sip.port <= form.media.port_max:
        expected = f"a port outside {form.media.port_min} to {form.media.port_max}, which media uses"
        complain(_below(key, "sip.port"), str(form.sip.port), expected)


def _desk(form: forms.DeskForm, key: str, complain: Complain) -> None:
    if form.silence_s <= form.heartbeat_s:
        complain(_below(key, "silence_s"), str(form.silence_s), f"more than heartbeat_s ({form.heartbeat_s})")


def _switch(form: forms.SwitchForm, key: str, complain: Complain) -> None:
    if (form.webhook_url is None) != (not form.webhook_secrets):
        found = "no webhook_url" if form.webhook_url is None else "no webhook_secrets"
        complain(key, found, "both webhook_url and webhook_secrets, or neither")
    _posted_to(form.webhook_url, form.allow_private, f"{key}.webhook_url", complain)


def _alert_webhook(form: forms.AlertWebhookForm, key: str, complain: Complain) -> None:
    _posted_to(form.url, form.allow_private, f"{key}.url", complain)


def _posted_to(url: str | None, allow_private: bool, key: str, complain: Complain) -> None:
    """Refuse what would never be called; where a name leads is only seen when it is called."""
    if url is not None and not allow_private and is_inside(url):
        complain(
            key, f"{url}, a private address, which is never called", "a public one, or allow_private: true"
        )


def _each_once(names: list[str], key: str, what: str, complain: Complain) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            second = names.index(name, names.index(name) + 1)
            complain(f"{key}[{second}].{what}", f'"{name}" a second time', f"each {what} once")


LOCAL_CHECKS: Final[Mapping[type[forms.Form], Check]] = {
    forms.AlertWebhookForm: _alert_webhook,
    forms.CalendarForm: _calendar,
    forms.DeskForm: _desk,
    forms.DispositionsForm: _dispositions,
    forms.EntryForm: _entry,
    forms.MediaForm: _media,
    forms.HttpForm: _http,
    forms.OverflowForm: _overflow,
    forms.OverflowRuleForm: _overflow_rule,
    forms.PersonForm: _person,
    forms.QueueForm: _queue,
    forms.RegionForm: _region,
    forms.ReserveForm: _reserve,
    forms.SpillForm: _spill,
    forms.ServerForm: _server,
    forms.SipForm: _sip,
    forms.SwitchForm: _switch,
}


class _Files(msgspec.Struct, kw_only=True):
    """The files whose contents are compared; None: could not be read, and is left out."""

    queues: forms.QueuesForm | None
    entries: forms.EntriesForm | None
    dispositions: forms.DispositionsForm | None
    overflow: forms.OverflowForm | None
    people: forms.PeopleForm | None


def check_together(read: Mapping[str, forms.Form | None], reader: Reader) -> None:
    """Complain of what contradicts each other in different files; names that are not defined are left alone."""
    files = msgspec.convert({name: read.get(name) for name in _Files.__struct_fields__}, _Files)
    queues = files.queues.queues if files.queues else {}
    for name, entry in files.entries.entries.items() if files.entries else ():
        queue = queues.get(entry.queue)
        if queue is not None and entry.channel not in queue.channels:
            expected = (
                f"a queue with the channel {entry.channel}; {entry.queue} has: {', '.join(queue.channels)}"
            )
            reader.complain_at(f"entries.{name}.queue", f'"{entry.queue}"', expected)
    for name, queue in queues.items():
        _queue_among(name, queue, files, reader)
    if files.people and files.entries:
        numbers = {number for name, entry in files.entries.entries.items() for number in (name, *entry.also)}
        for name, person in files.people.people.items():
            if person.phone is not None and person.phone.number in numbers:
                found = f'"{person.phone.number}", which is an entry'
                reader.complain_at(f"people.{name}.phone.number", found, "a number that is no entry")


def _queue_among(name: str, queue: forms.QueueForm, files: _Files, reader: Reader) -> None:
    lists = files.dispositions.dispositions if files.dispositions else {}
    paths = [outcome.path for outcome in lists.get(queue.dispositions or "", ())]
    default = queue.disposition_default
    if default is not None and paths and default not in paths:
        reader.complain_at(
            f"queues.{name}.disposition_default", f'"{default}"', f"one of: {', '.join(paths)}"
        )
    rules = files.overflow.overflow.get(queue.overflow or "", ()) if files.overflow else ()
    if any(rule.to_queue == name for rule in rules):
        found = f'"{queue.overflow}", which leads to {name} itself'
        reader.complain_at(f"queues.{name}.overflow", found, "a list that leads elsewhere")
