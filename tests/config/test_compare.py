"""Two configurations side by side."""

from __future__ import annotations

from pathlib import Path

from acd.config import changed_files, compare, load, needs_restart
from tests.config.folder import EXAMPLE, change, copy_example


def test_every_kind_of_change_is_one_line(tmp_path: Path) -> None:
    folder = copy_example(tmp_path)
    old = load(folder)
    change(folder, "queues.yaml", "offer_s: 20", "offer_s: 25")
    change(folder, "queues.yaml", "channels: [voice, chat]", "channels: [voice]")
    change(folder, "queues.yaml", "{after_s: 10, reach: neighbours", "{after_s: 12, reach: neighbours")
    change(
        folder,
        "entries.yaml",
        "  help:\n    channel: chat\n    queue: support",
        "  help:\n    channel: chat\n    queue: vip",
    )
    change(
        folder,
        "people.yaml",
        "  ute:\n    name: Ute Braun\n    role: auditor\n    example_password: ute-example\n",
        "",
    )
    change(folder, "people.yaml", "example_password: kai-example", "example_password: kai-secret")
    change(folder, "skills.yaml", "skills:\n", "skills:\n  fr: {label: {en: French, zh: 法语}}\n")
    assert compare(old, load(folder)) == [
        "skills.yaml: skills.fr: added",
        "queues.yaml: queues.support.channels: [voice, chat] -> [voice]",
        "queues.yaml: queues.support.steps[1].after_s: 10 -> 12",
        "queues.yaml: queues.support.offer_s: 20 -> 25",
        "entries.yaml: entries.help.queue: support -> vip",
        "people.yaml: people.kai.example_password: changed",
        "people.yaml: people.ute: removed",
    ]


def test_a_comment_changes_nothing(tmp_path: Path) -> None:
    folder = copy_example(tmp_path)
    change(folder, "queues.yaml", "queues:", "# A word.\nqueues:")
    old, new = load(EXAMPLE), load(folder)
    assert compare(old, new) == []
    assert not changed_files(old, new)
    assert not needs_restart(old, new)


def test_what_waits_for_the_next_start_is_told_apart(tmp_path: Path) -> None:
    folder = copy_example(tmp_path)
    change(folder, "server.yaml", "port: 8080", "port: 8081")
    change(folder, "server.yaml", "level: info", "level: debug")
    change(folder, "centre.yaml", "zone: main", "zone: other")
    change(folder, "hours.yaml", "closed: false", "closed: true")
    old, new = load(EXAMPLE), load(folder)
    assert changed_files(old, new) == {"server", "centre", "hours"}
    assert needs_restart(old, new) == ["centre.zone", "server.http"]


def test_an_optional_secret_is_not_shown(tmp_path: Path) -> None:
    folder = copy_example(tmp_path)
    change(folder, "server.yaml", "url: null", "url: postgresql://acd:hunter2@127.0.0.1/acd")
    assert compare(load(EXAMPLE), load(folder)) == ["server.yaml: database.url: changed"]
