"""The open tickets as the desks list them: read once from the tickets room, then kept up to date by what it says."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from acd.desk.board.state import BoardState
from acd.desk.people import Person
from acd.desk.requests import sight_of
from acd.desk.roles import Reach, reach_of
from acd.desk.streams import Cell
from acd.ports import TicketCard, TicketShelf, TicketThread
from acd.routing.model import AgentId, QueueId, TicketId

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


def may_read(thread: TicketThread, person: Person, state: BoardState) -> bool:
    """Whether a person may read a ticket.

    Whoever serves its queue, owns it, or holds one of its contacts now; supervisors by what they see.
    """
    card, agent_id = thread.card, AgentId(person.person)
    if reach_of(person.role, "read_ticket") is Reach.ALL:
        return True
    agent = state.agents.get(agent_id)
    serves = agent is not None and card.queue in agent.queues
    held = {state.offers[offer].contact for offer in agent.held} if agent is not None else set()
    if card.owner == agent_id or serves or not held.isdisjoint(thread.contacts):
        return True
    leads = reach_of(person.role, "read_board") is not None
    return leads and sight_of(person).sees_queue(state, QueueId(card.queue))
