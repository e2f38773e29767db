"""The folder as a whole: all problems at once, files that are missing or unknown, values set on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from acd.config import ConfigErrors, load, sign_ins
from tests.config.folder import EXAMPLE, change, copy_example, problems_of


def test_the_example_describes_a_living_centre() -> None:
    settings = load(EXAMPLE)
    assert {region.region for region in settings.rules.regions} == {"north", "east", "south"}
    assert {queue.queue for queue in settings.rules.queues} == {"presales", "orders", "support", "vip"}
    assert len(settings.people.people) >= 12
    assert {person.role.value for _, person in sign_ins(settings)} >= {"agent", "supervisor", "admin"}


def test_every_queue_of_the_example_is_served_in_every_language_that_is_asked_for() -> None:
    settings = load(EXAMPLE)
    for entry in settings.rules.entries:
        asked = [need for alternative in entry.needs.required for need in alternative]
        served = [
            agent.agent
            for agent in settings.rules.agents
            if any(one.queue == entry.queue for one in agent.queues)
            and all(agent.skills.get(need.skill, 0) >= need.proficiency_min for need in asked)
        ]
        assert served, entry.entry


def test_all_problems_of_all_files_are_told_at_once_in_the_order_of_files_and_lines(tmp_path: Path) -> None:
    folder = copy_example(tmp_path)
    lines = [
        ("regions.yaml", change(folder, "regions.yaml", "neighbours: [east]", "neighbours: [west]")),
        ("queues.yaml", change(folder, "queues.yaml", "offer_s: 20", "offer_s: fast")),
        ("queues.yaml", change(folder, "queues.yaml", "fence: false", "fense: false")),
        ("queues.yaml", change(folder, "queues.yaml", "release_s: 20", "release_s: 90")),
        (
            "queues.yaml",
            change(
                folder, "queues.yaml", "{after_s: 8, reach: neighbours}", "{after_s: 0, reach: neighbours}"
            ),
        ),
        ("people.yaml", change(folder, "people.yaml", "role: auditor", "role: auditer")),
        ("server.yaml", change(folder, "server.yaml", "level: info", "level: infos")),
    ]
    expected = sorted(
        (("regions.yaml", "queues.yaml", "people.yaml", "server.yaml").index(file), line)
        for file, line in lines
    )
    told = [(Path(one.file).name, one.line) for one in problems_of(folder)]
    assert [
        (("regions.yaml", "queues.yaml", "people.yaml", "server.yaml").index(file), line)
        for file, line in told
    ] == expected


def test_a_complaint_reads_as_file_line_key_found_expected(tmp_path: Path) -> None:
    folder = copy_example(tmp_path)
    line = change(folder, "queues.yaml", "offer_s: 20", "offer_s: fast")
    with pytest.raises(ConfigErrors) as told:
        load(folder)
    assert str(told.value) == (
        f'{folder}/queues.yaml:{line}: queues.support.offer_s: found "fast", '
        "expected a whole number of seconds from 5 to 120"
    )


def test_a_folder_that_is_not_there_is_one_complaint(tmp_path: Path) -> None:
    problems = problems_of(tmp_path / "nowhere")
    assert any("no such folder" in one.found for one in problems)


def test_a_file_without_which_nothing_works_is_missed(tmp_path: Path) -> None:
    folder = copy_example(tmp_path)
    (folder / "people.yaml").unlink()
    (one,) = problems_of(folder)
    assert (Path(one.file).name, one.key, one.found) == ("people.yaml", "people", "nothing")


def test_a_file_whose_keys_all_have_defaults_may_be_absent(tmp_path: Path) -> None:
    folder = copy_example(tmp_path)
    (folder / "retention.yaml").unlink()
    assert load(folder).retention.journal_days == 800


def test_a_misspelt_file_is_refused_and_not_passed_over(tmp_path: Path) -> None:
    folder = copy_example(tmp_path)
    (folder / "retention.yaml").rename(folder / "retentions.yaml")
    (one,) = problems_of(folder)
    assert "an unknown file" in one.found
    assert 'did you mean "retention.yaml"' in one.expected


def test_a_file_that_is_not_utf_8_is_told_with_the_line_of_the_byte(tmp_path: Path) -> None:
    folder = copy_example(tmp_path)
    path = folder / "regions.yaml"
    path.write_bytes(b"regions:\n  north:\n    label: {en: North, zh: \xb1\xb1}\n")
    problems = problems_of(folder)
    assert (problems[0].line, problems[0].found, problems[0].expected) == (
        3,
        "the byte 0xb1",
        "text in UTF-8",
    )
    assert len(problems) == 1, "names that the unreadable file defines are not missed"


def test_a_value_set_on_the_command_line_is_taken() -> None:
    settings = load(
        EXAMPLE, overrides=["server.http.port=0", "queues.queues.support.offer_s=33", "centre.zone=west"]
    )
    assert settings.server.http.port == 0
    assert settings.rules.queues[0].offer_ms == 33_000
    assert settings.centre.zone == "west"


@pytest.mark.parametrize(
    ("override", "found", "expected"),
    [
        ("server.http.port=eighty", '"eighty"', "a whole number from 0 to 65535"),
        ("server.http.prot=80", "an unknown key", 'did you mean "port"'),
        ("servers.http.port=80", '"servers.http.port=80"', "file.key=value"),
        ("server.http.port", '"server.http.port"', "file.key=value"),
        ("server=1", '"server=1"', "file.key=value"),
        ("server.http.port.deeper=1", "a value", "a mapping"),
    ],
)
def test_a_wrong_value_on_the_command_line_is_told_like_any_other(
    override: str, found: str, expected: str
) -> None:
    problems = problems_of(EXAMPLE, [override])
    assert [one for one in problems if found in one.found and expected in one.expected], [
        str(one) for one in problems
    ]


def test_a_password_never_stands_in_a_complaint(tmp_path: Path) -> None:
    folder = copy_example(tmp_path)
    change(folder, "people.yaml", "example_password: bob-example", "example_password: hunter2")
    change(folder, "people.yaml", "password: phone-2003", "password: [s3cr3t]")
    told = "\n".join(str(one) for one in problems_of(folder))
    assert "hunter2" not in told
    assert "s3cr3t" not in told
    assert told.count("(hidden)") == 2


def test_the_same_folder_always_gives_the_same_rules() -> None:
    assert load(EXAMPLE).rules == load(EXAMPLE).rules
    assert load(EXAMPLE, version=7).rules.version == 7
