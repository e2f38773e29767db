"""One mistake at a time in the example configuration: the complaint names file, line, key, found and expected."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.config.folder import change, copy_example, problems_of


class Mistake(NamedTuple):
    """In `file`, `old` is replaced by `new`; the complaint stands `lines_on` lines after the place."""

    file: str
    old: str
    new: str
    key: str
    found: str
    expected: str
    lines_on: int = 0
    complaints: int = 1
    """How many there are in all, where one mistake has several true consequences."""


Q: Final = "queues.support"
MISTAKES: Final = [
    # Values that are not what they must be.
    Mistake("queues.yaml", "offer_s: 20", "offer_s: fast", f"{Q}.offer_s", '"fast"', "a whole number of seconds from 5 to 120"),
    Mistake("queues.yaml", "offer_s: 20", "offer_s: 4", f"{Q}.offer_s", "4", "from 5 to 120"),
    Mistake("queues.yaml", "offer_s: 20", "offer_s: 121", f"{Q}.offer_s", "121", "from 5 to 120"),
    Mistake("queues.yaml", "offer_s: 20", "offer_s: 20.5", f"{Q}.offer_s", '"20.5"', "a whole number"),
    Mistake("queues.yaml", "offer_s: 20", 'offer_s: "20"', f"{Q}.offer_s", '"20"', "a whole number"),
    Mistake("queues.yaml", "offer_s: 20", "offer_s:", f"{Q}.offer_s", "nothing", "a whole number"),
    Mistake("queues.yaml", "offer_s: 20", "offer_s: 020", f"{Q}.offer_s", '"020"', "a whole number"),
    Mistake("queues.yaml", "offer_s: 20", "offer_s: [20]", f"{Q}.offer_s", "a list", "a whole number"),
    Mistake("queues.yaml", "offer_s: 20", "offer_s: {a: 1}", f"{Q}.offer_s", "a mapping", "a whole number"),
    Mistake("queues.yaml", "offer_s: 20", "offer_s: -5", f"{Q}.offer_s", "-5", "from 5 to 120"),
    Mistake("queues.yaml", "fence: false", "fence: no", f"{Q}.fence", '"no"', "true or false"),
    Mistake("queues.yaml", "fence: false", 'fence: "false"', f"{Q}.fence", '"false"', "true or false"),
    Mistake("queues.yaml", "fence: false", "fence: 0", f"{Q}.fence", "0", "true or false"),
    Mistake("queues.yaml", "strategy: longest_idle", "strategy: longest_idel", f"{Q}.strategy", '"longest_idel"', 'did you mean "longest_idle"'),
    Mistake("queues.yaml", "channels: [voice, chat]", "channels: [voice, fax]", f"{Q}.channels[1]", '"fax"', "one of: voice, chat"),
    Mistake("queues.yaml", "channels: [voice, chat]", "channels: voice", f"{Q}.channels", '"voice"', "a list"),
    Mistake("queues.yaml", "channels: [voice, chat]", "channels: []", f"{Q}.channels", "0 entries", "1 to 10 entries"),
    Mistake("queues.yaml", "{support: 2}", "{support: 6}", f"{Q}.needs.required[0].support", "6", "from 1 to 5"),
    Mistake("queues.yaml", "disposition_default: other", "disposition_default: Not A Path", f"{Q}.disposition_default", '"Not A Path"', "a path such as"),
    Mistake("queues.yaml", "mode: timed\n", "mode: null\n", f"{Q}.wrap_up.mode", "nothing", "one of: none, optional"),
    Mistake("centre.yaml", "name: {en: Example Appliances, zh: 示例电器}", "name: Example", "name", '"Example"', "a mapping"),
    Mistake("centre.yaml", "zone: main", "zone: Main Zone", "zone", '"Main Zone"', "a name of small letters"),
    Mistake("server.yaml", "port: 8080", "port: 80800", "http.port", "80800", "from 0 to 65535"),
    Mistake("server.yaml", "host: 127.0.0.1", "host: not a host", "http.host", '"not a host"', "a host name"),
    Mistake("server.yaml", "origins: []", "origins: [example.com]", "http.origins[0]", '"example.com"', "begins with http"),
    Mistake("server.yaml", "trusted: [127.0.0.0/8]", "trusted: [127.0.0.0/33]", "sip.trusted[0]", '"127.0.0.0/33"', "a network such as"),
    Mistake("people.yaml", "example_password: bob-example", "example_password: short", "people.bob.example_password", "(hidden)", "a password of 8 to 200"),
    Mistake("people.yaml", "example_password: bob-example", "password_hash: plain-text-secret", "people.bob.password_hash", "(hidden)", "an argon2 hash"),
    Mistake("people.yaml", 'number: "2002"', "number: 20x2", "people.bob.phone.number", '"20x2"', "an extension"),
    Mistake("hours.yaml", '"08:00-12:30"', '"8:00-12:30"', "hours.office.week.mon[0]", '"8:00-12:30"', "HH:MM-HH:MM"),
    Mistake("hours.yaml", '"2027-01-01"', '"2027-13-01"', "hours.office.days.2027-13-01", '"2027-13-01"', "a day as YYYY-MM-DD"),
    # Keys that are unknown, missing, or there twice.
    Mistake("queues.yaml", "offer_s: 20", "offers_s: 20", f"{Q}.offers_s", "an unknown key", 'did you mean "offer_s"'),
    Mistake("queues.yaml", "offer_s: 20", "colour: red", f"{Q}.colour", "an unknown key", "one of: label, channels"),
    Mistake("queues.yaml", "queues:", "queue:", "queue", "an unknown key", 'did you mean "queues"'),
    Mistake("queues.yaml", "offer_s: 20", "offer_s: 20\n    offer_s: 30", f"{Q}.offer_s", "a second time (first in line", "each key once", 1),
    Mistake("queues.yaml", "  presales:\n", "  orders:\n", "queues.orders", "a second time (first in line", "each key once", 0, 6),
    Mistake("entries.yaml", "    queue: support\n", "", "entries.4001.queue", "nothing", "this key must be given", -2),
    Mistake("thresholds.yaml", "length: 50\n", "length: 50\n  length: 60\n", "alerts.length", "a second time (first in line", "each key once", 1),
    Mistake("skills.yaml", "label: {en: English, zh: 英语}", "label: {en: English}", "skills.en.label.zh", "nothing", "must be given"),
    Mistake("skills.yaml", "  zh:\n", "  Zh Skill:\n", "skills.Zh Skill", '"Zh Skill"', "a name of small letters"),
    # Names that are defined nowhere, or twice.
    Mistake("queues.yaml", "- {support: 2}", "- {suport: 2}", f"{Q}.needs.required[0].suport", 'no skill "suport"', 'did you mean "support"'),
    Mistake("queues.yaml", "dispositions: support", "dispositions: suport", f"{Q}.dispositions", 'no dispositions "suport"', 'did you mean "support"'),
    Mistake("queues.yaml", "overflow: patient", "overflow: none-such", f"{Q}.overflow", 'no overflow "none-such"', "one of: patient"),
    Mistake("queues.yaml", "service_level: standard", "service_level: standart", f"{Q}.service_level", 'no service level "standart"', '"standard"'),
    Mistake("queues.yaml", "{group: back-office", "{group: front-office", f"{Q}.reserves[0].group", 'no group "front-office"', "back-office"),
    Mistake("queues.yaml", "# hours: office", "hours: offices", f"{Q}.hours", 'no hours "offices"', '"office"'),
    Mistake("regions.yaml", "neighbours: [east]", "neighbours: [west]", "regions.north.neighbours[0]", 'no region "west"', '"east"'),
    Mistake("entries.yaml", "queue: orders", "queue: order", "entries.4003.queue", 'no queue "order"', 'did you mean "orders"'),
    Mistake("entries.yaml", "region: south", "region: souht", "entries.4003.region", 'no region "souht"', 'did you mean "south"'),
    Mistake("people.yaml", "team: north-sales", "team: north-sale", "people.chen.team", 'no team "north-sale"', '"north-sales"'),
    Mistake("people.yaml", "leads: [east-care, east-sales]", "leads: [east-care, west]", "people.sam.leads[1]", 'no team "west"', "one of:"),
    Mistake("overflow.yaml", "to_queue: support", "to_queue: suport", "overflow.spill-to-support[0].to_queue", 'no queue "suport"', '"support"'),
    Mistake("people.yaml", 'number: "2003"', 'number: "2002"', "people.chen.phone.number", '"2002" a second time', "each phone once"),
    Mistake("entries.yaml", '"4008001001"', '"4003"', "entries.4003", '"4003" a second time', "each entry once", 16),
    # Keys that contradict each other.
    Mistake("queues.yaml", "{after_s: 0, reach: home}", "{after_s: 1, reach: home}", f"{Q}.steps[0].after_s", "1", "0 for the first step"),
    Mistake("queues.yaml", "{after_s: 20, reach: all,", "{after_s: 10, reach: all,", f"{Q}.steps[2].after_s", "10", "more than the 10"),
    Mistake("queues.yaml", "{after_s: 20, reach: all,", "{after_s: 20, reach: home,", f"{Q}.steps[2].reach", "home", "at least neighbours"),
    Mistake("queues.yaml", "{after_s: 20, reach: all, preferred_dropped: [install],", "{after_s: 20, reach: all,", f"{Q}.steps[2].preferred_dropped", "no install", "all of them again"),
    Mistake("queues.yaml", "preferred: {install: 1}", "preferred: {parts: 1}", f"{Q}.steps[1].preferred_dropped", '"install"', "a skill of needs.preferred", 7, 2),
    Mistake("queues.yaml", "release_s: 20", "release_s: 60", f"{Q}.reserves[0].release_s", "60", "less than borrow_s (60)"),
    Mistake("queues.yaml", "end_percent: 50", "end_percent: 150", f"{Q}.spill.end_percent", "150", "less than begin_percent (150)"),
    Mistake("queues.yaml", "spill: {reach: all", "spill: {reach: home", f"{Q}.spill.reach", "home", "neighbours or all: home is where a contact is anyway"),
    Mistake("queues.yaml", "disposition_default: other", "disposition_default: no/such", f"{Q}.disposition_default", '"no/such"', "one of: fault/solved"),
    Mistake("queues.yaml", "    dispositions: support\n    # Stored", "    # Stored", f"{Q}.disposition_default", '"other"', "dispositions to pick it from", 1),
    Mistake("overflow.yaml", "action: queue, to_queue: support,", "action: queue,", "overflow.spill-to-support[0].to_queue", "nothing", "since the action is queue"),
    Mistake("overflow.yaml", "action: queue, to_queue: support,", "action: intake, to_queue: support,", "overflow.spill-to-support[0].to_queue", '"support"', "unless the action is queue"),
    Mistake("overflow.yaml", ", message: closed", "", "overflow.patient[3].message", "nothing", "the name of a prompt"),
    Mistake("overflow.yaml", "wish: true, offered: false", "offered: false", "overflow.patient[2]", "no condition", "at least one of: wait_s"),
    Mistake("overflow.yaml", "name: nobody-here", "name: long-wait", "overflow.patient[1].name", '"long-wait" a second time', "each name once"),
    Mistake("hours.yaml", '"13:00-20:00"', '"12:00-20:00"', "hours.office.week.mon[1]", '"12:00-20:00"', "a beginning not before 12:30"),
    Mistake("hours.yaml", '"13:00-20:00"', '"20:00-13:00"', "hours.office.week.mon[1]", '"20:00-13:00"', "an end after the beginning"),
    Mistake("hours.yaml", '"2027-02-06"', '"2027-02-30"', "hours.office.days.2027-02-30", '"2027-02-30"', "a day that the calendar has"),
    Mistake("hours.yaml", "time_zone: Asia/Shanghai", "time_zone: Asia/Beijing", "hours.office.time_zone", '"Asia/Beijing"', "a time zone of the tz"),
    Mistake("regions.yaml", "neighbours: [east]", "neighbours: [north]", "regions.north.neighbours", "the region itself", "other regions"),
    Mistake("entries.yaml", "  shop:\n", '  "4010":\n', "entries.4010", '"4010"', "the name of a page"),
    Mistake("entries.yaml", "channel: chat\n    queue: presales", "channel: voice\n    queue: presales", "entries.shop", '"shop"', "a telephone number", -1),
    Mistake("queues.yaml", "label: {en: Sales advice, zh: 售前咨询}", "label: {en: Sales advice, zh: 售前咨询}\n    channels: [voice]", "entries.shop.queue", '"presales"', "a queue with the channel chat"),
    Mistake("people.yaml", "    example_password: bob-example\n", "", "people.bob", "neither", "either password_hash or", -3),
    Mistake("people.yaml", "    region: south\n    team: south-care\n    phone: {number: \"2007\"", "    team: south-care\n    phone: {number: \"2007\"", "people.gao.region", "nothing", "since the role is agent", -5),
    Mistake("people.yaml", "    example_password: kai-example", "    leads: [east-care]\n    example_password: kai-example", "people.kai.leads", "east-care", "unless the role is supervisor"),
    Mistake("people.yaml", "queues: [{queue: support}, {queue: orders}]", "queues: [{queue: support}, {queue: support}]", "people.bob.queues[1].queue", '"support" a second time', "each queue once"),
    Mistake("people.yaml", 'number: "2002"', 'number: "4002"', "people.bob.phone.number", '"4002", which is an entry', "a number that is no entry"),
    Mistake("server.yaml", "port_max: 19999", "port_max: 10000", "media.port_max", "10000", "more than port_min (10000)"),
    Mistake("server.yaml", "  port: 5060", "  port: 10500", "sip.port", "10500", "a port outside 10000 to 19999"),
    Mistake("server.yaml", "allowed_numbers: []", 'allowed_numbers: ["+86"]', "sip.trunk", "nothing", "a trunk, since allowed_numbers", -2),
    Mistake("desk.yaml", "silence_s: 10", "silence_s: 4", "silence_s", "4", "more than heartbeat_s (4)"),
    Mistake("switches.yaml", "switches: {}", "switches:\n  pbx: {key_sha256: " + "a" * 64 + ", webhook_url: https://x.example}", "switches.pbx", "no webhook_secrets", "both webhook_url and webhook_secrets", 1),
    Mistake("switches.yaml", "switches: {}", "switches:\n  pbx: {key_sha256: my-key}", "switches.pbx.key_sha256", "(hidden)", "64 hexadecimal digits", 1),
    Mistake("thresholds.yaml", "service_level_percent: 60", "service_level_percent: 101", "alerts.service_level_percent", "101", "a whole number of percent from 0 to 100"),
    # Files that are no YAML, or more than we take.
    Mistake("queues.yaml", "offer_s: 20", "offer_s: [20", "", "", "well-formed YAML", 2),
    Mistake("queues.yaml", "offer_s: 20", "offer_s: &once 20", "", "an anchor or alias", "the value itself"),
    Mistake("queues.yaml", "offer_s: 20", "offer_s: *once", "", "an anchor or alias", "the value itself"),
    Mistake("queues.yaml", "offer_s: 20", "offer_s: !!python/object:os.system 20", "", "a tag", "the value itself"),
    Mistake("queues.yaml", "offer_s: 20", "offer_s: " + "[" * 30 + "]" * 30, "", "more than 16 levels", "a flatter file"),
    Mistake("queues.yaml", "offer_s: 20", "? [a, b]\n    : 20", Q, "a list or mapping as a key", "a plain key"),
    Mistake("queues.yaml", "offer_s: 20", "offer_s: 20\n---\nqueues: {}", "", "", "well-formed YAML", 1),
]  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES, ids=[f"{m.file}: {m.new[:40]!r} {m.key}" for m in MISTAKES])
def test_one_mistake_is_one_complaint_at_its_line(mistake: Mistake, tmp_path: Path) -> None:
    folder = copy_example(tmp_path)
    line = change(folder, mistake.file, mistake.old, mistake.new) + mistake.lines_on
    problems = problems_of(folder)
    hits = [one for one in problems if one.key == mistake.key and mistake.expected in one.expected]
    assert hits, [str(one) for one in problems]
    assert mistake.found in hits[0].found
    if not mistake.file.startswith("queues") or not mistake.key.startswith("entries"):
        assert (hits[0].file, hits[0].line) == (str(folder / mistake.file), line), str(hits[0])
    assert len(problems) == mistake.complaints, [str(one) for one in problems]
