"""What was set aside: an event or a timer that the engine could not handle, a delivery that a room could not bear.

Setting aside is for the next start to go on. An event that raised was never journaled, so it is enough to keep
it for a developer. A timer would come again, so the next start lets it pass. A delivery of a durable record would be
repeated at every start; the entry makes the next start pass over that one delivery to that one room.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from acd.routing.events import AnyEvent, Event


class SetAside(msgspec.Struct, frozen=True, omit_defaults=True):
    """One entry. Of an event: `event`. Of a timer: `timer`, and the event that woke it. Of a delivery: `room`, with
    `seq` (a record) or `key` (a command)."""

    at_ms: int
    epoch: int
    error: str
    trace: str
    event: AnyEvent | None = None
    timer: str = ""
    room: str = ""
    seq: int = 0
    key: str = ""


class Quarantine:
    """The folder of entries, one JSON file each. Files are for people: delete one to try again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "quarantine"

    def set_aside(self, entry: SetAside) -> Path:
        """Keep an entry, durably."""
        self._folder.mkdir(parents=True, exist_ok=True)
        what = type(entry.event).__name__ if isinstance(entry.event, Event) else f"delivery-{entry.room}"
        what = (
            f"timer-{''.join(c if c.isalnum() else '-' for c in entry.timer)[:80]}" if entry.timer else what
        )
        path = self._folder / f"{entry.epoch:06d}-{entry.at_ms}-{what}.json"
        with path.open("wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(entry)))
            file.flush()
            os.fsync(file.fileno())
        return path

    def entries(self) -> list[tuple[Path, SetAside | None]]:
        """Return what has been set aside, oldest first; None for a file that is not (any more) readable."""
        found: list[tuple[Path, SetAside | None]] = []
        for path in sorted(self._folder.glob("*.json")):
            try:
                found.append((path, msgspec.json.decode(path.read_bytes(), type=SetAside)))
            except msgspec.DecodeError:
                found.append((path, None))
        return found

    def passed_over(self) -> frozenset[tuple[str, int | str]]:
        """Return the deliveries that are not to be repeated: room, and number of the record or key of the command."""
        known = (entry for _, entry in self.entries() if entry is not None and entry.room)
        return frozenset((entry.room, entry.key or entry.seq) for entry in known)

    def timers(self) -> frozenset[str]:
        """Return whose time is to be let pass."""
        return frozenset(entry.timer for _, entry in self.entries() if entry is not None and entry.timer)
