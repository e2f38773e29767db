"""Matching done the slow, obvious way, from the facts alone.

The oracle keeps its own picture of agents and contacts (lists and dictionaries, no index, nothing shared with the
engine but the facts and the rules), and scans everything for each decision. `watch` raises when an offer is not the
one that NOTES.md prescribes, or when after an event somebody is free for whom somebody waits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from acd.routing.model import (
    Channel,
    Needs,
    OfferState,
    Origin,
    Presence,
    QueueRules,
    Reach,
    Rules,
    Strategy,
)
from acd.routing.outputs import AnyFact, OfferMade
from tests.routing.seen import SeenAgent, SeenContact, SeenOffer

RING_MAX = 16


class Disagreement(AssertionError):
    """Engine and oracle decide differently."""


class Oracle:
    """Watches a stream of records."""

    def __init__(self) -> None:
        self.rules: Rules | None = None
        self.queues: dict[str, QueueRules] = {}
        self.agents: dict[str, SeenAgent] = {}
        self.contacts: dict[str, SeenContact] = {}
        self.offers: dict[int, SeenOffer] = {}
        self.borrowed: set[tuple[str, str]] = set()
        self.spilled: set[tuple[str, str]] = set()
        self.entered = 0
        self.cursor = ""
        self.decisions = 0

    def watch(self, facts: list[AnyFact], now_ms: int, is_complete: bool = True) -> None:
        """Check each decision of a record at the moment when it was made, then what is left over.

        A node that takes over first hears of links: what time has brought meanwhile follows with the next event,
        so that record is not complete.
        """
        for fact in facts:
            if isinstance(fact, OfferMade):
                self.decide(fact, now_ms)
                self.decisions += 1
            self.fold(fact, now_ms)
        if is_complete:
            self.check_nothing_left(now_ms)

    def check_nothing_left(self, now_ms: int) -> None:
        """Work conservation: nobody free for whom somebody waits."""
        for contact in self.contacts.values():
            if self.is_visible(contact, now_ms):
                left = self.eligible_agents(contact, now_ms)
                if left:
                    raise Disagreement(
                        f"{contact.id} waits while {[agent.id for agent in left]} are free for it"
                    )
        for queue, rules in self.queues.items():
            if rules.spill is not None and self.rules is not None:
                for region in self.rules.regions:
                    self.check_spill(rules, queue, region.region, now_ms)

    def check_spill(self, rules: QueueRules, queue: str, region: str, now_ms: int) -> None:
        """A region's load is counted head by head: beyond the upper threshold it spills, under the lower it does not."""
        assert rules.spill is not None
        waiting = sum(
            contact.rules.queue == queue and contact.region == region and self.is_visible(contact, now_ms)
            for contact in self.contacts.values()
        )
        here = sum(
            agent.presence is Presence.READY and queue in agent.queues and agent.region == region
            for agent in self.agents.values()
        )
        is_spilled = (queue, region) in self.spilled
        if waiting * 100 >= rules.spill.begin_percent * here and waiting and not is_spilled:
            raise Disagreement(f"{queue}: {waiting} wait for {here} in {region}, and it does not spill")
        if (not waiting or (here and waiting * 100 < rules.spill.end_percent * here)) and is_spilled:
            raise Disagreement(f"{queue}: {waiting} wait for {here} in {region}, and it spills")

    # --- choice ---------------------------------------------------------------------------------------

    def decide(self, fact: OfferMade, now_ms: int) -> None:
        """Choose for whoever was chosen for; raise when the engine has chosen otherwise."""
        trigger = fact.decision.trigger
        contact, agent = self.contacts[fact.contact], self.agents[fact.agent]
        if trigger in ("given", "transfer"):
            return
        rings_all = contact.rules.strategy is Strategy.RING_ALL and contact.origin is Origin.INBOUND
        if rings_all and contact.state == "offered" and trigger != "agent_free":
            if not self.is_eligible(agent, contact, now_ms):
                raise Disagreement(f"{fact.offer}: {agent.id} rings for {contact.id} and is not eligible")
            return
        if trigger == "agent_free":
            best = self.best_contact(agent, now_ms)
            if best is None or best.id != fact.contact:
                raise Disagreement(f"{fact}: expected {best}")
            return
        eligible = self.eligible_agents(contact, now_ms)
        if fact.decision.sticky:
            if fact.agent != contact.owner or not any(known.id == contact.owner for known in eligible):
                raise Disagreement(f"{fact}: expected the owner {contact.owner} among {eligible}")
            return
        best_agent = self.best_agent(contact, now_ms)
        if best_agent is None or best_agent.id != fact.agent:
            raise Disagreement(f"{fact}: expected {best_agent}")
        self._check_record(fact, contact, eligible)

    def _check_record(self, fact: OfferMade, contact: SeenContact, eligible: list[SeenAgent]) -> None:
        decision = fact.decision
        if decision.eligible != len(eligible):
            raise Disagreement(f"{fact}: expected {len(eligible)} eligible")
        if sum(decision.removed.values()) + decision.eligible != len(self.agents):
            raise Disagreement(f"{fact}: the waterfall does not add up to {len(self.agents)} agents")
        ranked = sorted(eligible, key=lambda agent: self.rank(agent, contact))
        runner_up = ranked[1].id if len(ranked) > 1 else None
        if decision.runner_up != runner_up:
            raise Disagreement(f"{fact}: expected runner-up {runner_up}")

    def best_agent(self, contact: SeenContact, now_ms: int) -> SeenAgent | None:
        """First the owner, if the queue asks for one; then the lowest rank."""
        eligible = self.eligible_agents(contact, now_ms)
        if self.patience(contact):
            for agent in eligible:
                if agent.id == contact.owner:
                    return agent
        return min(eligible, key=lambda agent: self.rank(agent, contact), default=None)

    def best_contact(self, agent: SeenAgent, now_ms: int) -> SeenContact | None:
        """First those that wait for this agent alone; then the greatest wait plus head starts."""
        suits = [
            contact
            for contact in self.contacts.values()
            if self.is_visible(contact, now_ms) and self.is_eligible(agent, contact, now_ms)
        ]
        own = [contact for contact in suits if contact.alone_until_ms > now_ms]
        if own:
            return min(own, key=SeenContact.order)

        def order(contact: SeenContact) -> tuple[int, int]:
            place, number = contact.order()
            return place - agent.queues.get(contact.rules.queue, 0), number

        return min(suits, key=order, default=None)

    def eligible_agents(self, contact: SeenContact, now_ms: int) -> list[SeenAgent]:
        """All agents whom every filter lets pass."""
        return [agent for agent in self.agents.values() if self.is_eligible(agent, contact, now_ms)]

    def is_visible(self, contact: SeenContact, now_ms: int) -> bool:
        """Whether it stands in a line."""
        return contact.state == "waiting" and contact.not_before_ms <= now_ms

    def is_eligible(self, agent: SeenAgent, contact: SeenContact, now_ms: int) -> bool:
        """All filters of NOTES.md, one after the other."""
        if agent.presence is not Presence.READY or agent.next_presence is not None:
            return False
        if agent.wrapping or agent.consulting:
            return False
        if not contact.links <= agent.links:
            return False
        if not self.has_capacity(agent, contact.channel):
            return False
        if contact.alone_until_ms > now_ms and agent.id != contact.owner:
            return False
        rules = contact.rules
        if rules.queue not in agent.queues and not self.is_lent(agent, rules):
            return False
        wait_ms = now_ms - contact.arrived_ms
        steps = [step for step in rules.steps if step.after_ms <= max(0, wait_ms)]
        if not self.has_skills(agent, contact.needs, steps):
            return False
        if not self.is_in_reach(agent, contact, rules, steps):
            return False
        return contact.refused.get(agent.id, 0) <= now_ms

    def is_lent(self, agent: SeenAgent, rules: QueueRules) -> bool:
        """Whether the agent's first group among the queue's reserves is borrowed."""
        for reserve in rules.reserves:
            if reserve.group in agent.groups:
                return (rules.queue, reserve.group) in self.borrowed
        return False

    def has_capacity(self, agent: SeenAgent, channel: Channel) -> bool:
        """Below the limit, and admitted by every channel in hand."""
        held = list(agent.holding.values())
        if held.count(channel) >= agent.capacity.get(channel, 0):
            return False
        for other in set(held):
            admitted = {admits for blend in agent.blends if blend.holding is other for admits in blend.admits}
            if channel not in admitted:
                return False
        return True

    def has_skills(self, agent: SeenAgent, needs: Needs, steps: list[Any]) -> bool:
        """Some alternative at the lowered levels, and all preferred skills that are not dropped yet."""
        less = max(step.proficiency_less for step in steps)
        dropped = {skill for step in steps for skill in step.preferred_dropped}
        for need in needs.preferred:
            if need.skill not in dropped and agent.skills.get(need.skill, 0) < need.proficiency_min:
                return False
        if not needs.required:
            return True
        for alternative in needs.required:
            levels = [
                (agent.skills.get(need.skill, 0), max(1, need.proficiency_min - less)) for need in alternative
            ]
            if all(has >= asked for has, asked in levels):
                return True
        return False

    def is_in_reach(
        self, agent: SeenAgent, contact: SeenContact, rules: QueueRules, steps: list[Any]
    ) -> bool:
        """Home, neighbours, all; a fence keeps everything at home."""
        assert self.rules is not None
        regions = {region.region: region for region in self.rules.regions}
        home = regions.get(contact.region) if contact.region is not None else None  # type: ignore[call-overload]
        if home is None or agent.region == home.region:
            return True
        if rules.fence:
            return False
        reaches = [step.reach for step in steps]
        spill = self.queues[rules.queue].spill
        if spill is not None and (rules.queue, contact.region) in self.spilled:
            reaches.append(spill.reach)
        if Reach.ALL in reaches:
            return True
        return Reach.NEIGHBOURS in reaches and agent.region in home.neighbours

    def rank(self, agent: SeenAgent, contact: SeenContact) -> tuple[int | str, ...]:
        """The queue's strategy, longest since last release, id."""
        last: tuple[int | str, ...] = (agent.released_ms, agent.id)
        strategy = contact.rules.strategy
        if strategy is Strategy.LEAST_BUSY:
            return (agent.share, self.fullness(agent), *last)
        if strategy is Strategy.FEWEST_CONTACTS:
            return (agent.rate, *last)
        if strategy is Strategy.MOST_PROFICIENT:
            asked = {need.skill for part in contact.needs.required for need in part}
            asked |= {need.skill for need in contact.needs.preferred}
            return (-sum(agent.skills.get(skill, 0) for skill in asked), *last)
        if strategy is Strategy.LEAST_SKILLED:
            return (sum(agent.skills.values()), *last)
        if strategy is Strategy.ROUND_ROBIN:
            return (agent.last_offer, *last)
        if strategy is Strategy.WEIGHTED:
            return (agent.rate * 1000 // agent.weight, *last)
        return last

    def fullness(self, agent: SeenAgent) -> int:
        """Share of the limit that is in hand, of the fuller channel."""
        shares = []
        for channel in Channel:
            held = list(agent.holding.values()).count(channel)
            shares.append(held * 1000 // max(1, agent.capacity.get(channel, 0)))
        return min(1000, max(shares))

    def patience(self, contact: SeenContact) -> int:
        """For how long the queue lets it wait for its owner."""
        by_repeat = contact.rules.repeat.same_agent_patience_ms if contact.is_repeat else 0
        return max(contact.rules.sticky_patience_ms, by_repeat)

    # --- the picture ----------------------------------------------------------------------------------

    def fold(self, fact: AnyFact, now_ms: int) -> None:
        """Let a fact change the picture."""
        change = getattr(self, re.sub("([A-Z])", r"_\1", type(fact).__name__).lower(), None)
        if change is not None:
            change(fact, now_ms)

    def _rules_in_force(self, fact: Any, now_ms: int) -> None:
        self.rules = fact.rules
        self.queues = {queue.queue: queue for queue in fact.rules.queues}
        known = {(queue, reserve.group) for queue, rules in self.queues.items() for reserve in rules.reserves}
        self.borrowed &= known
        spills = {queue for queue, rules in self.queues.items() if rules.spill is not None}
        regions = {region.region for region in fact.rules.regions}
        self.spilled = {
            (queue, region) for queue, region in self.spilled if queue in spills and region in regions
        }
        named = set()
        for rules in fact.rules.agents:
            named.add(rules.agent)
            agent = self.agents.get(rules.agent)
            if agent is None:
                agent = self.agents[rules.agent] = SeenAgent(rules.agent, "", {}, {}, {}, (), (), 1)
            agent.region, agent.skills = rules.region, dict(rules.skills)
            agent.queues = {served.queue: served.preference_ms for served in rules.queues}
            agent.capacity, agent.blends, agent.groups = dict(rules.capacity), rules.blends, rules.groups
            agent.weight = rules.weight
        for agent in list(self.agents.values()):
            if agent.id not in named:
                if agent.presence is Presence.SIGNED_OUT and not agent.is_at_work():
                    del self.agents[agent.id]
                else:
                    agent.queues, agent.groups = {}, ()
        for contact in self.contacts.values():
            self._drop_company(contact)

    def _reserve_set(self, fact: Any, now_ms: int) -> None:
        (self.borrowed.add if fact.is_borrowed else self.borrowed.discard)((fact.queue, fact.group))

    def _node_took_over(self, fact: Any, now_ms: int) -> None:
        for agent in self.agents.values():
            agent.links.clear()

    def _agent_joined(self, fact: Any, now_ms: int) -> None:
        agent = self.agents[fact.agent]
        if agent.presence is Presence.SIGNED_OUT:
            agent.signed_in_ms, agent.worked_ms, agent.taken = now_ms, 0, 0
            agent.at_work_since_ms = now_ms if agent.is_at_work() else None
            agent.share = agent.rate = 0
            agent.released_ms = agent.released_ms or now_ms

    def _presence_set(self, fact: Any, now_ms: int) -> None:
        agent = self.agents[fact.agent]
        agent.presence, agent.next_presence = fact.presence, None
        agent.stamp(now_ms)
        if fact.presence is Presence.SIGNED_OUT:
            for contact in self.contacts.values():
                self._drop_company(contact)
            self._drop_agent(agent)

    def _next_presence_set(self, fact: Any, now_ms: int) -> None:
        self.agents[fact.agent].next_presence = fact.presence

    def _link_set(self, fact: Any, now_ms: int) -> None:
        links = self.agents[fact.agent].links
        (links.add if fact.is_up else links.discard)(fact.link)

    def _agent_set(self, fact: Any, now_ms: int) -> None:
        agent = self.agents[fact.agent]
        if fact.skills is not None:
            agent.skills = dict(fact.skills)
        if fact.queues is not None:
            agent.queues = {queue: agent.queues.get(queue, 0) for queue in fact.queues}
        for contact in self.contacts.values():
            if contact.owner == agent.id:
                self._drop_company(contact)

    def _contact_entered(self, fact: Any, now_ms: int) -> None:
        self.entered += 1
        contact = self.contacts[fact.contact] = SeenContact(
            fact.contact, self.entered, self.queues[fact.queue], fact.channel, fact.origin, fact.region,
            fact.arrived_ms, max(now_ms, fact.not_before_ms or 0), fact.needs, fact.own_needs, fact.head_start_ms,
            fact.owner, set(fact.links), fact.repeat is not None,
        )  # fmt: skip
        contact.not_before_ms = fact.not_before_ms or 0
        self._choose_company(contact, now_ms)

    def _contact_changed(self, fact: Any, now_ms: int) -> None:
        contact = self.contacts[fact.contact]
        if fact.repeat is not None:
            contact.is_repeat = True
        if fact.owner is not None:
            contact.owner = fact.owner
            if contact.state == "waiting":
                self._choose_company(contact, now_ms)

    def _head_start_set(self, fact: Any, now_ms: int) -> None:
        self.contacts[fact.contact].head_start_ms = fact.head_start_ms

    def _contact_requeued(self, fact: Any, now_ms: int) -> None:
        contact = self.contacts[fact.contact]
        old, new = contact.rules, self.queues[fact.queue]
        contact.rules, contact.state, contact.since_ms = new, "waiting", now_ms
        contact.head_start_ms += new.head_start_ms - old.head_start_ms
        contact.needs = joined(new.needs, contact.own_needs)
        self._choose_company(contact, now_ms)

    def _spill_set(self, fact: Any, now_ms: int) -> None:
        (self.spilled.add if fact.is_spilled else self.spilled.discard)((fact.queue, fact.region))

    def _intake_entered(self, fact: Any, now_ms: int) -> None:
        self.contacts[fact.contact].state = "intake"

    def _contact_returned(self, fact: Any, now_ms: int) -> None:
        contact = self.contacts[fact.contact]
        contact.state = "waiting"
        self._choose_company(contact, now_ms)

    def _return_call_rescheduled(self, fact: Any, now_ms: int) -> None:
        contact = self.contacts[fact.contact]
        contact.state, contact.not_before_ms = "waiting", fact.not_before_ms
        contact.since_ms = max(now_ms, fact.not_before_ms)
        self._choose_company(contact, now_ms)

    def _contact_ended(self, fact: Any, now_ms: int) -> None:
        self.contacts.pop(fact.contact).state = "ended"

    def _offer_made(self, fact: Any, now_ms: int) -> None:
        contact, agent = self.contacts[fact.contact], self.agents[fact.agent]
        self.offers[fact.offer] = SeenOffer(contact, agent, contact.rules)
        contact.state = "offered"
        agent.holding[fact.offer] = contact.channel
        agent.last_offer = fact.offer
        agent.clock(now_ms)
        self._rotate(now_ms)

    def _offer_taken(self, fact: Any, now_ms: int) -> None:
        offer = self.offers[fact.offer]
        offer.state, offer.contact.state = "taken", "assigned"

    def _offer_ended(self, fact: Any, now_ms: int) -> None:
        offer = self.offers.pop(fact.offer)
        if fact.outcome not in (OfferState.WITHDRAWN, OfferState.LOST_RACE):
            offer.contact.refused[offer.agent.id] = now_ms + offer.rules.refusal_memory_ms
        del offer.agent.holding[fact.offer]
        offer.agent.clock(now_ms)
        self._drop_agent(offer.agent)

    def _assignment_connected(self, fact: Any, now_ms: int) -> None:
        offer = self.offers[fact.offer]
        offer.connected = offer.contact.answered = True
        offer.agent.taken += 1

    def _talk_ended(self, fact: Any, now_ms: int) -> None:
        self._end_consult(self.offers[fact.offer], now_ms)

    def _wrap_up_started(self, fact: Any, now_ms: int) -> None:
        offer = self.offers[fact.offer]
        offer.state, offer.blocks = "wrap_up", fact.blocks
        del offer.agent.holding[fact.offer]
        if fact.blocks:
            offer.agent.wrapping.add(fact.offer)
            offer.agent.clock(now_ms)
        else:
            offer.agent.release(now_ms)

    def _assignment_done(self, fact: Any, now_ms: int) -> None:
        offer = self.offers.pop(fact.offer)
        agent, contact = offer.agent, offer.contact
        if not offer.connected and contact.state == "assigned":
            contact.refused[agent.id] = now_ms + offer.rules.refusal_memory_ms
        self._end_consult(offer, now_ms)
        if offer.state == "wrap_up":
            if offer.blocks:
                agent.wrapping.discard(fact.offer)
                agent.release(now_ms)
        else:
            del agent.holding[fact.offer]
            if offer.connected:
                agent.release(now_ms)
            else:
                agent.clock(now_ms)
        self._drop_agent(agent)

    def _transfer_made(self, fact: Any, now_ms: int) -> None:
        offer = self.offers[fact.offer]
        if not fact.to_number:
            offer.contact.refused[offer.agent.id] = now_ms + offer.rules.refusal_memory_ms

    def _consult_started(self, fact: Any, now_ms: int) -> None:
        if fact.to_agent is not None:
            self.offers[fact.offer].consulted = fact.to_agent
            agent = self.agents[fact.to_agent]
            agent.consulting = fact.offer
            agent.clock(now_ms)

    def _consult_over(self, fact: Any, now_ms: int) -> None:
        if fact.why != "conference":
            self._end_consult(self.offers[fact.offer], now_ms)

    def _participant_gone(self, fact: Any, now_ms: int) -> None:
        self._end_consult(self.offers[fact.offer], now_ms)

    def _end_consult(self, offer: SeenOffer, now_ms: int) -> None:
        if offer.consulted is not None:
            agent = self.agents[offer.consulted]
            offer.consulted, agent.consulting = None, 0
            agent.release(now_ms)
            self._drop_agent(agent)

    def _rotate(self, now_ms: int) -> None:
        """With each offer the shares of the next two agents by id are taken, where shares are compared."""
        compared = (Strategy.LEAST_BUSY, Strategy.FEWEST_CONTACTS, Strategy.WEIGHTED)
        if not any(rules.strategy in compared for rules in self.queues.values()):
            return
        names = sorted(self.agents)
        later = [name for name in names if name > self.cursor] + [
            name for name in names if name <= self.cursor
        ]
        for name in later[:2]:
            self.agents[name].stamp(now_ms)
            self.cursor = name

    def _choose_company(self, contact: SeenContact, now_ms: int) -> None:
        contact.alone_until_ms = 0
        patience_ms = self.patience(contact)
        if patience_ms and contact.owner is not None and contact.refused.get(contact.owner, 0) <= now_ms:
            contact.alone_until_ms = contact.since_ms + patience_ms
            self._drop_company(contact)

    def _drop_company(self, contact: SeenContact) -> None:
        owner = self.agents.get(contact.owner) if contact.owner is not None else None
        rules = contact.rules
        if (
            owner is None
            or owner.presence is Presence.SIGNED_OUT
            or not (
                rules.queue in owner.queues or any(known.group in owner.groups for known in rules.reserves)
            )
            or not self.has_skills(owner, contact.needs, list(rules.steps))
        ):
            contact.alone_until_ms = 0

    def _drop_agent(self, agent: SeenAgent) -> None:
        assert self.rules is not None
        named = any(rules.agent == agent.id for rules in self.rules.agents)
        busy = agent.is_at_work() or any(offer.agent is agent for offer in self.offers.values())
        if not named and agent.presence is Presence.SIGNED_OUT and not busy:
            self.agents.pop(agent.id, None)


def joined(first: Needs, second: Needs) -> Needs:
    """Both needs at once."""
    pairs: Iterator[tuple[Any, ...]] = (
        one + tuple(need for need in other if need not in one)
        for one in (first.required or ((),))
        for other in (second.required or ((),))
    )
    required = tuple(pair for pair in pairs if pair)
    preferred = first.preferred + tuple(need for need in second.preferred if need not in first.preferred)
    return Needs(required, preferred)
