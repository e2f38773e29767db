"""The page libraries: placed once, from packages that match their hashes, or not at all."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from acd.desk import vendor


def copy_lock(to: Path) -> Path:
    """Copy the lock and its package file, and return the lock."""
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(vendor.HERE / name, to / name)
    return to / "package-lock.json"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_the_libraries_are_placed_once(tmp_path: Path) -> None:
    lock, folder = copy_lock(tmp_path), tmp_path / "vendor"
    assert vendor.place(folder, lock)
    assert "export" in (folder / "preact.js").read_text()
    assert not vendor.place(folder, lock)
    (folder / "uPlot.css").unlink()
    assert vendor.place(folder, lock), "what was deleted is placed again"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_a_package_that_does_not_match_its_hash_is_refused(tmp_path: Path) -> None:
    lock = copy_lock(tmp_path)
    content = json.loads(lock.read_text())
    content["packages"]["node_modules/htm"]["integrity"] = "sha512-" + "A" * 86 + "=="
    lock.write_text(json.dumps(content))
    with pytest.raises(vendor.VendorError, match="npm ci failed"):
        vendor.place(tmp_path / "vendor", lock)
    assert not (tmp_path / "vendor" / vendor.STAMP).exists()


def test_without_npm_the_message_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(vendor.VendorError, match=r"requirements/node\.txt"):
        vendor.place(tmp_path / "vendor", copy_lock(tmp_path))
