"""Strings that break things: a corpus beside the repository if it is there, and some of our own always."""

import json
from pathlib import Path

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "data" / "naughty-strings"
OWN = [
    "NUL \0 in the middle", "\ud800 half a pair", "'; DROP TABLE tickets; --", "<script>alert(1)</script>",
    "{0} {number} %s %d ${x}", "\u202egnol eht yaw dnuora", "a\u0300\u0301\u0302", "👩‍👩‍👧‍👦", "\ufeffmark", "\\u0000",
    "漏水了", "line\r\nline", "\t", "=1+1", "x" * 3_000,
]  # fmt: skip


def naughty_strings() -> list[str]:
    """Return them all, none of them empty or blank."""
    found = list(OWN)
    for path in sorted(CORPUS.glob("*.json")) if CORPUS.is_dir() else ():
        loaded = json.loads(path.read_text(encoding="utf-8"))
        found += [each for each in loaded if isinstance(each, str)]
    return [each for each in dict.fromkeys(found) if each.strip()]
