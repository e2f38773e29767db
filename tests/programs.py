"""The programs that tests start, the Debian packages they come in, and why a test wants them.

A test says `@pytest.mark.needs("sipp")`; where the program is missing, it is skipped with the reason.
Run as `python -m tests.programs`, this names the packages to install, on machines that have apt.
"""

import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple


class Program(NamedTuple):
    """Where a program comes from, and what it is for."""

    package: str
    why: str


PROGRAMS: Final[dict[str, Program]] = {
    "sipp": Program("sip-tester", "telephones that call and answer over SIP"),
    "redis-server": Program("redis-server", "several nodes, and a journal in Redis"),
    "node": Program("nodejs", "the pages' own arithmetic, without a browser"),
    "chromium": Program("chromium", "the pages, in a real browser"),
    "pg_ctlcluster": Program("postgresql", "the SQL rooms on PostgreSQL"),
    "espeak-ng": Program("espeak-ng", "speech of the intake bot, and callers who speak"),
}
CJK_FONTS: Final = Path("/usr/share/fonts/opentype/noto")


def missing_reason(names: Iterable[str]) -> str | None:
    """Return why a test that starts `names` must be skipped, or None if all of them are here."""
    absent = [name for name in names if shutil.which(name) is None]
    if not absent:
        return None
    return "; ".join(
        f"{name} is not installed (Debian package {PROGRAMS[name].package}: {PROGRAMS[name].why})"
        for name in absent
    )


def wanted_packages() -> dict[str, str]:
    """Return the Debian packages that are missing, each with its reason."""
    wanted = {entry.package: entry.why for name, entry in PROGRAMS.items() if shutil.which(name) is None}
    if not any(CJK_FONTS.glob("NotoSansCJK*")):
        wanted["fonts-noto-cjk"] = "Chinese text in the pages' pictures"
    return wanted


def main() -> None:
    """Name what is missing on standard error; never fails, since such tests are skipped."""
    wanted = wanted_packages() if shutil.which("apt-get") else {}
    if not wanted:
        return
    lines = [f"  {package:16} {why}" for package, why in wanted.items()]
    order = "apt install " + " ".join(wanted)
    sys.stderr.write("Some tests will be skipped, since these Debian packages are missing:\n")
    sys.stderr.write("\n".join(lines) + f"\nTo run them all: {order}\n")


if __name__ == "__main__":
    main()
