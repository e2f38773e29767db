"""What changed since it was last looked at, by id. Dicts without values: sets that keep their order."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from acd.routing.model import AgentId, ContactId, QueueId, RegionId, TeamId


class Changed:
    """Ids of what changed. Ids of contacts and agents that are gone are in it too."""

    __slots__ = ("agents", "contacts", "queues", "regions", "teams")

    def __init__(self) -> None:
        self.agents: dict[AgentId, None] = {}
        self.contacts: dict[ContactId, None] = {}
        self.queues: dict[QueueId, None] = {}
        self.regions: dict[RegionId, None] = {}
        self.teams: dict[TeamId, None] = {}

    def __bool__(self) -> bool:
        return bool(self.agents or self.contacts or self.queues or self.regions or self.teams)

    def add(self, more: Changed) -> None:
        """Add what another one holds."""
        self.agents |= more.agents
        self.contacts |= more.contacts
        self.queues |= more.queues
        self.regions |= more.regions
        self.teams |= more.teams

    def parts(self, size: int) -> Iterator[Changed]:
        """Yield all of it in parts of at most so many ids."""
        for table in self.__slots__:
            ids = iter(getattr(self, table))
            while names := dict.fromkeys(islice(ids, size)):
                part = Changed()
                setattr(part, table, names)
                yield part
