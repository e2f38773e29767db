"""From durable records to the rooms: who hears of what, in which order.

For each record, in order of `seq`: every room observes it, then its commands are carried out, then whoever
submitted the event gets the record. A room therefore knows of a contact before it is ordered to do something
with it. A command that names an adapter goes to the room of that name alone; a command that names none goes to
every room that lists its type.

A room that raises has a defect. The delivery is set aside, the node stops, and the next start passes over it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from acd.ports import Record, Room
from acd.routing.outputs import AnyCommand
from acd.runtime.logs import line, named
from acd.runtime.metrics import RuntimeMetrics

_log = logging.getLogger("acd.loop")


class Dispatcher:
    """Hands records and commands to rooms; never awaits.

    Args:
        passed_over: Deliveries that an earlier start set aside: room, and `seq` or command key.
    """

    def __init__(
        self,
        rooms: Sequence[Room],
        metrics: RuntimeMetrics,
        passed_over: frozenset[tuple[str, int | str]] = frozenset(),
    ) -> None:
        self.rooms = tuple(rooms)
        self._by_name = {room.name: room for room in rooms}
        if len(self._by_name) != len(self.rooms):
            raise ValueError(f"two rooms of one name: {sorted(room.name for room in rooms)}")
        self._metrics = metrics
        self._passed_over = passed_over
        self._not_started = {room.name for room in rooms}
        self._held: list[AnyCommand] | None = []
        self.delivering: tuple[str, int, str] | None = None
        """Room, record and command key in hand; what was in hand when something raised."""

    def started(self, room: Room) -> None:
        """Hear that a room has started: what it observes from now on happens while it can act."""
        self._not_started.discard(room.name)

    def observe(self, record: Record, is_replay: bool) -> None:
        """Let every room take note of a record; for a room that has not started it is part of the replay."""
        for room in self.rooms:
            if self._passed_over and (room.name, record.seq) in self._passed_over:
                continue
            self.delivering = (room.name, record.seq, "")
            room.observe(record, is_replay or room.name in self._not_started)
        self.delivering = None

    def execute(self, command: AnyCommand) -> None:
        """Carry a command to its rooms, or hold it until every room has started."""
        if self._held is not None:
            self._held.append(command)
            return
        self._metrics.count_command(type(command))
        if _log.isEnabledFor(logging.DEBUG):
            _log.debug(line(command))
        takers = [room for room in self._takers(command) if type(command) in room.commands]
        if not takers:
            self._metrics.undeliverable.inc()
            _log.warning(
                named("command_undeliverable", command=type(command).__name__, adapter=command.adapter)
            )
        for room in takers:
            if self._passed_over and (room.name, command.key) in self._passed_over:
                continue
            self.delivering = (room.name, 0, command.key)
            room.execute(command)
        self.delivering = None

    def open(self, first: Sequence[AnyCommand]) -> None:
        """All rooms have started: carry out `first`, then what was held; a key among both is done once."""
        held, self._held = self._held or [], None
        self._not_started.clear()
        done: set[str] = set()
        for command in (*first, *held):
            if command.key not in done:
                done.add(command.key)
                self.execute(command)

    def _takers(self, command: AnyCommand) -> Sequence[Room]:
        if not command.adapter:
            return self.rooms
        named_room = self._by_name.get(command.adapter)
        return () if named_room is None else (named_room,)
