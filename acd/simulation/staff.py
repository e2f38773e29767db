"""The rules in force and the agents, as an auditor sees them: presence, links, reserves, spills."""

from __future__ import annotations

from collections.abc import Callable

from acd.routing.model import Presence, Rules
from acd.routing.outputs import facts as f
from acd.simulation.deadlines import Deadlines
from acd.simulation.eligibility import QueueSeen, SeenAgent, asks_of
from acd.simulation.pairing import Pairing


class Staff:
    """Folds what facts say of rules and agents into the pairing; `at_ms` is the moment of the record in hand."""

    def __init__(self, expect: Callable[..., None], pairing: Pairing, deadlines: Deadlines) -> None:
        self._expect, self._pairing, self._deadlines = expect, pairing, deadlines
        self.rules = Rules(0)
        self.queues: dict[str, QueueSeen] = {}
        self.at_ms = self.epoch = 0

    def rules_in_force(self, fact: f.RulesInForce) -> None:
        """New rules, for the running day as well."""
        self.rules = fact.rules
        self.queues = {queue.queue: QueueSeen(queue, asks_of(queue)) for queue in fact.rules.queues}
        pairing = self._pairing
        pairing.neighbours = {region.region: region.neighbours for region in fact.rules.regions}
        named = set()
        for rules in fact.rules.agents:
            named.add(rules.agent)
            agent = pairing.agents.get(rules.agent)
            if agent is None:
                agent = pairing.agents[rules.agent] = SeenAgent(rules, {}, {})
            agent.rules, agent.skills = rules, dict(rules.skills)
            agent.queues = {served.queue: served.preference_ms for served in rules.queues}
        for agent in pairing.agents.values():
            if agent.rules.agent not in named:
                agent.queues = {}
        known = {(queue.queue, reserve.group) for queue in fact.rules.queues for reserve in queue.reserves}
        for queue_id, groups in pairing.borrowed.items():
            groups.intersection_update({group for queue, group in known if queue == queue_id})
        spills = {queue.queue for queue in fact.rules.queues if queue.spill is not None}
        pairing.spilled = {each for each in pairing.spilled if each[0] in spills}
        for contact in pairing.contacts.values():
            pairing.drop_company(contact)
        pairing.all_changed()

    def took_over(self, fact: f.NodeTookOver) -> None:
        """A new epoch; every link is unknown."""
        self._expect(fact.epoch > self.epoch, 10, "epoch {} follows {}", fact.epoch, self.epoch)
        self.epoch = fact.epoch
        for agent in self._pairing.agents.values():
            agent.links.clear()
            self._pairing.agent_changed(agent)

    def agent_set(self, fact: f.AgentSet) -> None:
        """Other skills or queues."""
        agent = self._pairing.agents[fact.agent]
        if fact.skills is not None:
            agent.skills = dict(fact.skills)
        if fact.queues is not None:
            agent.queues = {queue: agent.queues.get(queue, 0) for queue in fact.queues}
        for contact in self._pairing.contacts.values():
            if contact.owner == fact.agent:
                self._pairing.drop_company(contact)
        self._pairing.agent_changed(agent)

    def presence(self, fact: f.PresenceSet) -> None:
        """A presence, from now on."""
        agent = self._pairing.agents[fact.agent]
        agent.presence, agent.leaving = fact.presence, False
        if fact.presence is Presence.SIGNED_OUT:
            for contact in self._pairing.contacts.values():
                if contact.owner == fact.agent:
                    self._pairing.drop_company(contact)
        self._pairing.agent_changed(agent)

    def next(self, fact: f.NextPresenceSet) -> None:
        """A presence for the end of the work in hand."""
        agent = self._pairing.agents[fact.agent]
        agent.leaving = fact.presence is not None
        self._pairing.agent_changed(agent)

    def link(self, fact: f.LinkSet) -> None:
        """A link of an agent."""
        agent = self._pairing.agents[fact.agent]
        (agent.links.add if fact.is_up else agent.links.discard)(fact.link)
        self._pairing.agent_changed(agent)

    def reserve(self, fact: f.ReserveSet) -> None:
        """A reserve group is lent, or given back."""
        groups = self._pairing.borrowed.setdefault(fact.queue, set())
        self._expect(
            (fact.group in groups) is not fact.is_borrowed,
            11, "{}: {} is lent as before", fact.queue, fact.group,
        )  # fmt: skip
        (groups.add if fact.is_borrowed else groups.discard)(fact.group)
        self._pairing.all_changed()

    def spill(self, fact: f.SpillSet) -> None:
        """A region spills, or no longer."""
        change = self._pairing.spilled.add if fact.is_spilled else self._pairing.spilled.discard
        change((fact.queue, fact.region))
        self._pairing.all_changed()
