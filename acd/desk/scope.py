"""What a supervisor sees and may act on: own teams or everybody, narrowed by a region, a team, a queue.

A team's queues are those that its agents serve; a team's contacts are those in its queues or with its agents.
"""

from __future__ import annotations

import msgspec

from acd.desk.board import BoardState
from acd.desk.board.state import ContactCard
from acd.desk.rows import TABLES_OF_SUPERVISOR
from acd.routing.model import AgentId, ContactId, QueueId, RegionId, TeamId


class Scope(msgspec.Struct, frozen=True):
    """Equal scopes share one stream. `teams` of None: everybody."""

    teams: tuple[TeamId, ...] | None
    tables: tuple[str, ...] = TABLES_OF_SUPERVISOR
    region: RegionId = RegionId("")
    team: TeamId = TeamId("")
    queue: QueueId = QueueId("")


class Sight:
    """Answers what a scope sees, as the board stands."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self._version = -1
        self._queues: frozenset[QueueId] = frozenset()

    def sees_agent(self, state: BoardState, name: AgentId) -> bool:
        """Return whether the scope holds this agent."""
        agent, scope = state.agents.get(name), self.scope
        return (
            agent is not None
            and (scope.teams is None or agent.team in scope.teams)
            and (not scope.team or agent.team == scope.team)
            and (not scope.region or agent.region == scope.region)
            and (not scope.queue or scope.queue in agent.queues)
        )

    def sees_queue(self, state: BoardState, name: QueueId) -> bool:
        """Return whether the scope holds this queue."""
        if name not in state.queues or (self.scope.queue and name != self.scope.queue):
            return False
        if self.scope.teams is None and not self.scope.team:
            return True
        return name in self._queues_of_teams(state)

    def sees_contact(self, state: BoardState, name: ContactId) -> bool:
        """Return whether the scope holds this contact."""
        card, scope = state.contacts.get(name), self.scope
        if card is None or (scope.region and (card.region or "") != scope.region):
            return False
        return self.sees_queue(state, card.queue) or self._is_held(state, card)

    def sees_region(self, name: RegionId) -> bool:
        """Return whether the scope holds this region: counts of all regions are shown to every supervisor."""
        return not self.scope.region or name == self.scope.region

    def sees_team(self, name: TeamId) -> bool:
        """Return whether the scope holds this team."""
        return (self.scope.teams is None or name in self.scope.teams) and (
            not self.scope.team or name == self.scope.team
        )

    def _is_held(self, state: BoardState, card: ContactCard) -> bool:
        if self.scope.queue:
            return False
        return any(self.sees_agent(state, state.offers[offer].agent) for offer in card.offers)

    def _queues_of_teams(self, state: BoardState) -> frozenset[QueueId]:
        """Return the queues of the teams; found anew only after somebody's team or queues changed."""
        if self._version != state.staff_version:
            self._version = state.staff_version
            self._queues = frozenset(
                queue
                for agent in state.agents.values()
                if self.sees_team(agent.team)
                for queue in agent.queues
            )
        return self._queues
