"""Who waits and who is free, and what must hold between them: conservation of work (4), order (6), boosts (7).

Every pair of a waiting contact and a free agent is looked at again whenever something about one of the two has
changed, or when time alone may have changed it (a step, a refusal forgotten, an owner no longer waited for, a
moment to call back): so that nothing is missed, and a day is still checked in seconds. `look_everywhere`
looks at all pairs; the auditor calls it now and then, so that a mistake in this bookkeeping would come to light too.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from collections.abc import Iterator

from acd.routing.model import AgentId, ContactId, ContactState, QueueId, RegionId
from acd.simulation.eligibility import SeenAgent, SeenContact, could_ever_serve, suits

Place = tuple[int, int, ContactId]


class Pairing:
    """Contacts and agents as far as they look for each other."""

    def __init__(self) -> None:
        self.neighbours: dict[RegionId, tuple[RegionId, ...]] = {}
        self.borrowed: dict[QueueId, set[str]] = {}
        self.spilled: set[tuple[QueueId, str]] = set()
        """Queues and regions whose contacts may go farther than their step says."""
        self.agents: dict[AgentId, SeenAgent] = {}
        self.contacts: dict[ContactId, SeenContact] = {}
        self.lengths: dict[QueueId, int] = {}
        """How many stand in each line."""
        self._free: dict[AgentId, SeenAgent] = {}
        self._line: list[Place] = []
        """All who stand in a line, by place: arrival less head start, then number."""
        self._place: dict[ContactId, tuple[Place, QueueId]] = {}
        self._fresh_agents: dict[AgentId, SeenAgent] = {}
        self._fresh_contacts: dict[ContactId, SeenContact] = {}
        self._alarms: list[tuple[int, ContactId]] = []
        self._is_all_fresh = False

    def agent_changed(self, agent: SeenAgent) -> None:
        """Something about this agent is new."""
        self._fresh_agents[agent.rules.agent] = agent

    def contact_changed(self, contact: SeenContact) -> None:
        """Something about this contact is new, its end included."""
        self._fresh_contacts[contact.id] = contact

    def all_changed(self) -> None:
        """Something about everybody may be new: rules, a reserve."""
        self._is_all_fresh = True

    def choose_company(self, contact: SeenContact, now_ms: int) -> None:
        """Decide, as a contact comes into a line, until when it waits for its owner alone."""
        contact.alone_until_ms = 0
        patience_ms = contact.patience_ms()
        if (
            patience_ms
            and contact.owner is not None
            and contact.refused_until.get(contact.owner, 0) <= now_ms
        ):
            contact.alone_until_ms = contact.since_ms + patience_ms
            self.drop_company(contact)

    def drop_company(self, contact: SeenContact) -> None:
        """An owner who cannot come is not waited for."""
        if contact.alone_until_ms:
            owner = self.agents.get(contact.owner) if contact.owner is not None else None
            if owner is None or not could_ever_serve(contact, owner):
                contact.alone_until_ms = 0
                self.contact_changed(contact)

    def unserved(self, now_ms: int) -> Iterator[tuple[SeenAgent, SeenContact]]:
        """Yield the pairs that must not be: a free agent, and a contact in line whom they suit (4)."""
        while self._alarms and self._alarms[0][0] <= now_ms:
            moment_ms, number = heapq.heappop(self._alarms)
            contact = self.contacts.get(number)
            if contact is not None and contact.wake_ms == moment_ms:
                contact.wake_ms = 0
                self._fresh_contacts[number] = contact
        contacts, agents = self._fresh_contacts, self._fresh_agents
        self._fresh_contacts, self._fresh_agents = {}, {}
        if self._is_all_fresh:
            self._is_all_fresh = False
            contacts, agents = {**contacts, **self.contacts}, {}
            for each in self.agents.values():
                self._note_agent(each)
        for agent in agents.values():
            self._note_agent(agent)
        for contact in contacts.values():
            self._note_contact(contact, now_ms)
            if contact.id in self._place:
                yield from self._free_for(contact, now_ms)
        if self._line:
            for agent in agents.values():
                if agent.rules.agent in self._free:
                    yield from self._waiting_for(agent, now_ms)

    def look_everywhere(self, now_ms: int) -> Iterator[tuple[SeenAgent, SeenContact]]:
        """Yield the same from all pairs there are, whatever has changed or not."""
        waiting = [contact for contact in self.contacts.values() if is_in_line(contact, now_ms)]
        for agent in self.agents.values():
            if waiting and agent.is_free():
                for contact in waiting:
                    if suits(contact, agent, self.neighbours, self.borrowed, self.spilled, now_ms):
                        yield agent, contact

    def earlier(
        self, chosen: SeenContact, agent: SeenAgent, now_ms: int, is_agents_choice: bool
    ) -> SeenContact | None:
        """Return somebody in line whom the agent suits and whose place is better than the chosen one's (6, 7).

        An agent who chooses gives each queue the head start that the agent's own order asks for. Where a contact chose,
        the agent may have been freed at the same moment: then nobody may be before it in both orders.
        """
        self._stand(now_ms)
        prefer = agent.queues
        mine = (place_of(chosen), chosen.number)
        mine_liked = (mine[0] - prefer.get(chosen.queue.rules.queue, 0), chosen.number)
        farthest = mine_liked[0] + max(prefer.values(), default=0) if is_agents_choice else mine[0]
        for place_ms, number, name in self._line:
            if place_ms > farthest:
                break
            other = self.contacts[name]
            liked = (place_ms - prefer.get(other.queue.rules.queue, 0), number)
            is_before = liked < mine_liked and (is_agents_choice or (place_ms, number) < mine)
            is_here = is_before and name != chosen.id and is_in_line(other, now_ms)
            if is_here and suits(other, agent, self.neighbours, self.borrowed, self.spilled, now_ms):
                return other
        return None

    def own(self, agent: SeenAgent, now_ms: int) -> list[SeenContact]:
        """Return who waits for this agent alone and could be served now, in the order of the line."""
        self._stand(now_ms)
        mine = [
            contact
            for contact in (self.contacts[name] for _, _, name in self._line)
            if contact.alone_until_ms > now_ms
            and contact.owner == agent.rules.agent
            and is_in_line(contact, now_ms)
            and suits(contact, agent, self.neighbours, self.borrowed, self.spilled, now_ms)
        ]
        return sorted(mine, key=lambda contact: (place_of(contact), contact.number))

    def _stand(self, now_ms: int) -> None:
        """Bring the line up to date in the middle of a record; the pairs are looked at when it ends."""
        for contact in self._fresh_contacts.values():
            self._note_contact(contact, now_ms)

    def _note_agent(self, agent: SeenAgent) -> None:
        if agent.is_free():
            self._free[agent.rules.agent] = agent
        else:
            self._free.pop(agent.rules.agent, None)

    def _note_contact(self, contact: SeenContact, now_ms: int) -> None:
        name = contact.id
        stands = self._place.pop(name, None)
        if stands is not None:
            del self._line[bisect_left(self._line, stands[0])]
            self.lengths[stands[1]] -= 1
        if name not in self.contacts:
            return
        if is_in_line(contact, now_ms):
            place = (place_of(contact), contact.number, name)
            insort(self._line, place)
            queue = contact.queue.rules.queue
            self._place[name] = (place, queue)
            self.lengths[queue] = self.lengths.get(queue, 0) + 1
        wake_ms = _next_moment(contact, now_ms)
        if wake_ms and wake_ms != contact.wake_ms:
            contact.wake_ms = wake_ms
            heapq.heappush(self._alarms, (wake_ms, name))

    def _free_for(self, contact: SeenContact, now_ms: int) -> Iterator[tuple[SeenAgent, SeenContact]]:
        for agent in self._free.values():
            if suits(contact, agent, self.neighbours, self.borrowed, self.spilled, now_ms):
                yield agent, contact

    def _waiting_for(self, agent: SeenAgent, now_ms: int) -> Iterator[tuple[SeenAgent, SeenContact]]:
        for _, _, name in self._line:
            contact = self.contacts[name]
            if suits(contact, agent, self.neighbours, self.borrowed, self.spilled, now_ms):
                yield agent, contact


def is_in_line(contact: SeenContact, now_ms: int) -> bool:
    """Whether it stands in a line: a return call does so from its moment on."""
    return contact.state is ContactState.WAITING and contact.not_before_ms <= now_ms


def place_of(contact: SeenContact) -> int:
    """Return its place: who has the lower one is served first."""
    return contact.arrived_ms - contact.head_start_ms


def _next_moment(contact: SeenContact, now_ms: int) -> int:
    """When time alone may change whom it suits; 0 for never."""
    if contact.state is not ContactState.WAITING:
        return 0
    moments = [contact.arrived_ms + ask.after_ms for ask in contact.queue.asks]
    moments += [contact.alone_until_ms, contact.not_before_ms, *contact.refused_until.values()]
    return min((moment for moment in moments if moment > now_ms), default=0)
