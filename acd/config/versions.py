"""Earlier versions of the configuration, kept with who changed it and when, so that any can be looked at and put back.

A version is a folder of copies, numbered from 1 and never changed; it appears whole or not at all (written aside,
then renamed). The files that the operator edits stay where they are: only `restore` writes to them.
"""

from __future__ import annotations

import getpass
import os
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from acd.config.loading import load
from acd.config.settings import FILES, Settings
from acd.ports import ConfigError

NOTE: Final = "version.json"


class Version(msgspec.Struct, frozen=True):
    """One kept configuration. `digits` of the folder's name are its number."""

    number: int
    at: datetime
    by: str
    note: str = ""


class Versions:
    """The versions under one folder (`var/config`). One process writes at a time: the node that owns the zone."""

    def __init__(self, folder: Path, keep_max: int = 200) -> None:
        self._folder = folder
        self._keep_max = keep_max

    def all(self) -> Sequence[Version]:
        """Return every kept version, the oldest first."""
        notes = self._folder.glob(f"[0-9]*/{NOTE}")
        return sorted(
            (msgspec.json.decode(note.read_bytes(), type=Version) for note in notes),
            key=lambda one: one.number,
        )

    def folder_of(self, number: int) -> Path:
        """Return where the files of a version are.

        Raises:
            ConfigError: It is not kept, or not any more.
        """
        folder = self._folder / f"{number:06}"
        if not (folder / NOTE).is_file():
            kept = ", ".join(str(one.number) for one in self.all()[-10:]) or "none"
            raise ConfigError(
                "version", str(number), f"one that is kept (the latest: {kept})", str(self._folder)
            )
        return folder

    def keep(self, config: Path, by: str, at: datetime, note: str = "") -> Version:
        """Keep the files of `config` under the next number; the latest version again if nothing differs from it.

        Args:
            config: The folder that the operator edits. It has been loaded without a complaint.
            by: Who changed it: a person's id, or the name of the account that started the server.
            at: When, with a time zone.
            note: Why, if anybody said so.
        """
        assert at.tzinfo is not None, at
        kept = self.all()
        if kept and _same_files(config, self.folder_of(kept[-1].number)):
            return kept[-1]
        version = Version(number=kept[-1].number + 1 if kept else 1, at=at, by=by, note=note)
        aside = self._folder / f".{version.number:06}.aside"
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        for name in FILES:
            if (config / name).is_file():
                shutil.copyfile(config / name, aside / name)
        (aside / NOTE).write_bytes(msgspec.json.encode(version))
        for path in aside.iterdir():
            _make_durable(path)
        aside.rename(self._folder / f"{version.number:06}")
        for old in kept[: max(0, len(kept) + 1 - self._keep_max)]:
            shutil.rmtree(self._folder / f"{old.number:06}")
        return version

    def read(self, number: int) -> Settings:
        """Return the settings of a kept version.

        Raises:
            ConfigError: It is not kept.
            ConfigErrors: It is no longer understood (a key was renamed since).
        """
        return load(self.folder_of(number), version=number)

    def restore(self, number: int, config: Path) -> Settings:
        """Put the files of a version in the place of those of `config`, and return its settings.

        The version is checked first, so a version that this release does not understand changes nothing. What
        stood in `config` should have been kept before; the caller reloads, and keeps the result.
        """
        source = self.folder_of(number)
        settings = load(source, version=number)
        for name in FILES:
            if (source / name).is_file():
                aside = config / f".{name}.aside"
                shutil.copyfile(source / name, aside)
                _make_durable(aside)
                aside.replace(config / name)
            else:
                (config / name).unlink(missing_ok=True)
        return settings


def account_name() -> str:
    """Return the name of the account that runs this process, for `by`; its number where it has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid-{os.getuid()}"


def _same_files(one: Path, other: Path) -> bool:
    return all(_content(one / name) == _content(other / name) for name in FILES)


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _make_durable(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
