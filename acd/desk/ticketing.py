"""The open tickets as the desks list them: read once from the tickets room, then kept up to date by what it says."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from acd.desk.streams import Cell
from acd.ports import TicketCard, TicketShelf
from acd.routing.model import QueueId, TicketId

OPEN_MAX: Final = 5_000
"""Open tickets that are listed; with more, the oldest stand in the tickets room alone."""


class TicketWindow:
    """The open tickets, the latest first. `version` grows with every change."""

    def __init__(self, shelf: TicketShelf | None) -> None:
        self.shelf = shelf
        self.version = 0
        self._cards: OrderedDict[TicketId, tuple[TicketCard, Cell]] = OrderedDict()
        self._listed: tuple[int, list[tuple[str, QueueId, Cell]]] = (-1, [])

    async def open(self) -> None:
        """Read what is open and listen from now on."""
        if self.shelf is None:
            return
        self.shelf.listen(self._hear)
        for card in reversed(await self.shelf.open_tickets(OPEN_MAX)):
            if card.ticket not in self._cards:
                self._cards[card.ticket] = (card, Cell(card))
        self.version += 1

    def cells(self) -> list[tuple[str, QueueId, Cell]]:
        """Return ticket, queue and row of all that are open, the latest first."""
        if self._listed[0] != self.version:
            rows = [
                (str(card.ticket), QueueId(card.queue), cell) for card, cell in reversed(self._cards.values())
            ]
            self._listed = (self.version, rows)
        return self._listed[1]

    def _hear(self, card: TicketCard) -> None:
        self.version += 1
        if card.closed_at_ms is not None:
            self._cards.pop(card.ticket, None)
            return
        self._cards[card.ticket] = (card, Cell(card))
        if len(self._cards) > OPEN_MAX:
            self._cards.popitem(last=False)
