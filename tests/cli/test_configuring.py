"""`acd config ...` and `acd hash-password`, run as commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from typer.testing import CliRunner, Result

from acd.cli.main import app
from acd.config import Versions, load
from acd.runtime.clock import Clock
from tests.config.folder import change, copy_example


def run(*words: str, stdin: str = "") -> Result:
    """Run `acd` with these words."""
    return CliRunner().invoke(app, list(words), input=stdin)


@pytest.fixture
def house(tmp_path: Path) -> tuple[Path, Path]:
    """A configuration with one kept version, and its var."""
    config = copy_example(tmp_path)
    Versions(tmp_path / "var" / "config").keep(config, "kai", Clock().utc_now(), "the first")
    return config, tmp_path / "var"


def test_the_schema_is_json_for_one_file_and_for_all() -> None:
    assert json.loads(run("config", "schema", "queues").stdout)["title"] == "queues.yaml"
    assert "queues" in json.loads(run("config", "schema").stdout)["properties"]
    wrong = run("config", "schema", "queue")
    assert wrong.exit_code == 2
    assert "queues.yaml" in wrong.stderr


def test_versions_are_listed_with_who_and_why(house: tuple[Path, Path]) -> None:
    _, var = house
    listed = run("config", "versions", "--var", str(var))
    assert listed.exit_code == 0
    assert listed.stdout.split()[0] == "1"
    assert listed.stdout.rstrip().endswith("kai  the first")


def test_a_difference_is_shown_and_rolled_back(house: tuple[Path, Path]) -> None:
    config, var = house
    places = ("--config", str(config), "--var", str(var))
    assert run("config", "diff", *places).stdout == "Nothing differs.\n"
    change(config, "queues.yaml", "offer_s: 20", "offer_s: 25")
    change(config, "server.yaml", "port: 8080", "port: 8081")
    assert run("config", "diff", *places).stdout.splitlines() == [
        "queues.yaml: queues.support.offer_s: 20 -> 25",
        "server.yaml: http.port: 8080 -> 8081",
        "server.http: waits for the next start",
    ]
    rolled = run("config", "rollback", "1", *places)
    assert rolled.exit_code == 0, rolled.stderr
    assert load(config).rules.queues[0].offer_ms == 20_000
    kept = Versions(var / "config").all()
    assert [one.note for one in kept] == ["the first", "before the rollback to 1", "rollback to 1"]
    assert "queues.support.offer_s: 25 -> 20" in run("config", "diff", "2", "3", *places).stdout


def test_a_version_that_is_not_kept_is_refused_and_nothing_changes(house: tuple[Path, Path]) -> None:
    config, var = house
    before = {path.name: path.read_bytes() for path in config.iterdir()}
    refused = run("config", "rollback", "7", "--config", str(config), "--var", str(var))
    assert refused.exit_code == 2
    assert "found 7, expected one that is kept" in refused.stderr
    assert {path.name: path.read_bytes() for path in config.iterdir()} == before


def test_files_in_disorder_can_be_rolled_back(house: tuple[Path, Path]) -> None:
    config, var = house
    change(config, "queues.yaml", "offer_s: 20", "offer_s: [")
    assert run("config", "rollback", "1", "--config", str(config), "--var", str(var)).exit_code == 0
    assert load(config).rules.queues[0].offer_ms == 20_000


def test_a_hash_fits_its_password_and_the_configuration_takes_it(house: tuple[Path, Path]) -> None:
    config, _ = house
    hashed = run("hash-password", stdin="correct horse battery\n").stdout.strip()
    assert PasswordHasher().verify(hashed, "correct horse battery")
    change(config, "people.yaml", "example_password: bob-example", f"password_hash: {hashed}")
    assert load(config).people.people["bob"].password_hash == hashed
    assert run("hash-password", stdin="short\n").exit_code == 2


def test_a_rollback_of_a_folder_that_is_not_there_changes_nothing(house: tuple[Path, Path]) -> None:
    config, var = house
    missing = config.with_name("confgi")
    answer = run("config", "rollback", "1", "--config", str(missing), "--var", str(var))
    assert answer.exit_code == 2
    assert str(missing) in answer.stderr.replace("\n", "")
    assert not missing.exists()
    assert [version.number for version in Versions(var / "config").all()] == [1]


def test_a_folder_of_data_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = str(tmp_path / "vra")
    for words in (("config", "versions"), ("config", "diff"), ("journal", "verify"), ("journal", "export")):
        answer = run(*words, "--var", missing)
        assert answer.exit_code == 2, words
        assert missing in answer.stderr.replace("\n", ""), words
