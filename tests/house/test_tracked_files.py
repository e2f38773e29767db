"""Nothing in the repository depends on the machine it was written on, and no lock on one index of packages."""

import json
import re
import tomllib
from typing import Final

import pytest

from tests.house.tree import ROOT, tracked_files

MACHINE_PATH: Final = re.compile(r"(?<![\w.*~-])/(?:work|root|home/\w+|Users/\w+|tmp/venv)/[\w.]")
HOSTS: Final = (
    "pypi" + ".org",
    "python" + "hosted.org",
    "npm" + "js.org",
    "npm" + "js.com",
    "deb." + "debian.org",
)
LOCKS: Final = ("run", "test", "check", "build", "node")


def found_in(text: str) -> list[str]:
    """Return the machine paths and registry hosts that stand in a text."""
    return MACHINE_PATH.findall(text) + [host for host in HOSTS if host in text]


def test_no_tracked_file_names_a_path_of_one_machine_or_the_host_of_a_registry() -> None:
    found = {}
    for name in tracked_files():
        content = (ROOT / name).read_bytes()
        if b"\0" not in content and (hits := found_in(content.decode("utf-8"))):
            found[name] = hits
    assert not found


def test_such_a_text_is_seen() -> None:
    assert found_in("open('/" + "root/x.py')")
    assert found_in("see https://" + HOSTS[0] + "/simple")
    assert not found_in("GET /orders, #!/usr/bin/env bash, ../shared/data/x")


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_a_hash_and_no_address(lock: str) -> None:
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()
    assert "://" not in text and "--index" not in text and "--find-links" not in text
    packages = re.split(r"\n(?=[a-z0-9])", text.strip(), flags=re.IGNORECASE)
    assert packages
    for package in packages:
        assert re.match(r"[\w.-]+==[\w.]+", package), package
        assert "--hash=sha256:" in package, package


def test_the_locks_hold_every_package_that_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = {"run": project["dependencies"], **project["optional-dependencies"]}
    asked["test"] = asked["test"] + asked.pop("bench")
    for lock, wanted in asked.items():
        text = (ROOT / "requirements" / f"{lock}.txt").read_text()
        locked = {line.split("==")[0] for line in text.splitlines() if "==" in line.split(";")[0]}
        names = {re.split(r"[\[<>=;! ]", one)[0].lower().replace("_", "-") for one in wanted}
        assert not names - locked, f"run `make lock`: {lock}.txt lacks {sorted(names - locked)}"


def test_the_page_libraries_are_locked_by_integrity_and_by_no_address() -> None:
    lock = json.loads((ROOT / "acd/desk/package-lock.json").read_text())
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages
    for name, entry in packages.items():
        assert entry["integrity"].startswith("sha512-"), name
        assert "resolved" not in entry, name
