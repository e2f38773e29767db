"""Versions of the configuration: kept whole, told apart, put back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from acd.config import ConfigError, ConfigErrors, Versions, load
from tests.config.folder import change, copy_example

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_a_change_is_a_new_version_with_who_and_when_and_no_change_is_none(tmp_path: Path) -> None:
    config = copy_example(tmp_path)
    versions = Versions(tmp_path / "var" / "config")
    first = versions.keep(config, by="kai", at=NOON)
    assert versions.keep(config, by="lin", at=NOON + timedelta(hours=1)) == first
    change(config, "queues.yaml", "offer_s: 20", "offer_s: 25")
    second = versions.keep(config, by="lin", at=NOON + timedelta(hours=2), note="slower phones")
    assert (first.number, second.number) == (1, 2)
    assert [(one.by, one.at, one.note) for one in versions.all()] == [
        ("kai", NOON, ""),
        ("lin", NOON + timedelta(hours=2), "slower phones"),
    ]
    assert versions.read(1).rules.queues[0].offer_ms == 20_000
    assert versions.read(2).rules.queues[0].offer_ms == 25_000
    assert versions.read(2).rules.version == 2


def test_a_version_is_put_back_as_it_was_byte_for_byte(tmp_path: Path) -> None:
    config = copy_example(tmp_path)
    (config / "retention.yaml").unlink()
    before = {path.name: path.read_bytes() for path in config.glob("*.yaml")}
    versions = Versions(tmp_path / "kept")
    versions.keep(config, by="kai", at=NOON)
    change(config, "queues.yaml", "offer_s: 20", "offer_s: 25")
    (config / "retention.yaml").write_text("journal_days: 7\n")
    versions.keep(config, by="kai", at=NOON)
    settings = versions.restore(1, config)
    assert settings.retention.journal_days == 800
    assert {path.name: path.read_bytes() for path in config.glob("*.yaml")} == before
    assert not list(config.glob(".*.aside"))


def test_a_version_that_is_not_understood_any_more_changes_nothing(tmp_path: Path) -> None:
    config = copy_example(tmp_path)
    versions = Versions(tmp_path / "kept")
    versions.keep(config, by="kai", at=NOON)
    change(versions.folder_of(1), "queues.yaml", "offer_s: 20", "ring_seconds: 20")
    change(config, "queues.yaml", "offer_s: 20", "offer_s: 25")
    with pytest.raises(ConfigErrors):
        versions.restore(1, config)
    assert load(config).rules.queues[0].offer_ms == 25_000


def test_a_version_that_is_not_kept_is_an_error_that_names_those_that_are(tmp_path: Path) -> None:
    config = copy_example(tmp_path)
    versions = Versions(tmp_path / "kept")
    versions.keep(config, by="kai", at=NOON)
    with pytest.raises(ConfigError, match=r"found 9, expected one that is kept \(the latest: 1\)"):
        versions.read(9)


def test_only_the_latest_are_kept_and_numbers_are_never_used_twice(tmp_path: Path) -> None:
    config = copy_example(tmp_path)
    versions = Versions(tmp_path / "kept", keep_max=3)
    for offer_s in range(20, 26):
        change(config, "queues.yaml", f"offer_s: {offer_s}", f"offer_s: {offer_s + 1}")
        versions.keep(config, by="kai", at=NOON)
    assert [one.number for one in versions.all()] == [4, 5, 6]


def test_a_version_that_was_cut_off_while_it_was_written_is_not_seen(tmp_path: Path) -> None:
    config = copy_example(tmp_path)
    versions = Versions(tmp_path / "kept")
    versions.keep(config, by="kai", at=NOON)
    (tmp_path / "kept" / ".000002.aside").mkdir()
    (tmp_path / "kept" / ".000002.aside" / "queues.yaml").write_text("half")
    change(config, "queues.yaml", "offer_s: 20", "offer_s: 25")
    assert versions.keep(config, by="kai", at=NOON).number == 2
    assert versions.read(2).rules.queues[0].offer_ms == 25_000
