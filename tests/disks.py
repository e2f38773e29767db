"""Disks that are too small: a file system of a few MiB, and what fills it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def mounted(folder: Path, size_mib: int) -> Iterator[Path]:
    """Mount a file system of so many MiB at a folder; skip the test where that is not allowed."""
    folder.mkdir()
    order = ["mount", "-t", "tmpfs", "-o", f"size={size_mib}m", "tmpfs", str(folder)]
    done = (
        subprocess.run(order, capture_output=True, text=True, check=False) if shutil.which("mount") else None
    )
    if done is None or done.returncode:
        pytest.skip(
            f"a small file system cannot be mounted here: {done.stderr.strip() if done else 'no mount'}"
        )
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Write until nothing more fits; return the file that takes the room."""
    filler = folder / "filler"
    fd = os.open(filler, os.O_WRONLY | os.O_CREAT)
    with pytest.raises(OSError, match="No space left"):
        while True:
            os.write(fd, bytes(1024))
    os.close(fd)
    return filler
