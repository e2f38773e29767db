"""What must hold after every event, whatever came before (DESIGN section 9)."""

from __future__ import annotations

from acd.routing.engine import Engine
from acd.routing.model import AssignmentState, Channel, ContactState, OfferState, Presence
from acd.routing.outputs import AnyFact, ContactEnded, ContactEntered, OfferMade


def check(engine: Engine) -> None:
    """Raise AssertionError when the state contradicts itself."""
    state = engine.state
    live = [contact for contact in state.contacts.values() if contact.state is not ContactState.ENDED]
    assert state.entered == len(live) + state.ended, "entered = living + ended"
    waiting_by_queue: dict[str, int] = {}
    for contact in live:
        rung = [
            offer for offer in state.offers.values() if offer.contact is contact and offer.assignment is None
        ]
        held = [
            offer
            for offer in state.offers.values()
            if offer.contact is contact and offer.assignment not in (None, AssignmentState.WRAP_UP)
        ]
        if contact.state is ContactState.OFFERED:
            assert rung and not held, f"{contact.id} offered: {rung} {held}"
            assert contact.offer in contact.rung
        elif contact.state is ContactState.ASSIGNED:
            assert not rung
            assert len(held) == 1 or (contact.more is not None and contact.more.leaving), contact.id
        else:
            assert not rung and not held and not contact.offer, contact.id
        if contact.state is ContactState.WAITING and contact.place > 1:
            waiting_by_queue[contact.queue] = waiting_by_queue.get(contact.queue, 0) + 1
        if contact.state is not ContactState.WAITING:
            assert contact.place == 0
    for queue in state.queues.values():
        assert queue.line.length == waiting_by_queue.get(queue.id, 0) == len(list(queue.line)), queue.id
        assert list(queue.line) == sorted(queue.line)
        staffed = sum(
            queue.id in agent.queues and agent.presence is Presence.READY
            for agent in state.by_rank
            if agent.id in state.agents
        )
        assert queue.staffed == staffed, f"{queue.id}: {queue.staffed} {staffed}"
    _check_agents(engine)
    _check_alarms(engine)
    for offer in state.offers.values():
        has_deadline = offer.wake_ms is not None
        talks = offer.assignment in (AssignmentState.TALKING, AssignmentState.HELD)
        assert has_deadline or talks or offer.assignment is AssignmentState.WRAP_UP, (
            "no state without a deadline or owner"
        )
        assert offer.state in (OfferState.OPEN, OfferState.ACCEPTED)
    _check_pools(engine)


def _check_alarms(engine: Engine) -> None:
    """Whoever waits for a moment is in the alarms: a lost one would be waited for without end."""
    state = engine.state
    for alarms, wanted in (
        (state.contact_alarms, {contact.alarm for contact in state.contacts.values() if contact.alarm}),
        (state.offer_alarms, state.deadlines),
    ):
        held = {*alarms.near, *(key for bucket in alarms.buckets.values() for key in bucket)}
        assert wanted <= held, f"lost: {sorted(wanted - held)}"


def _check_agents(engine: Engine) -> None:
    state = engine.state
    counts = [0, 0, 0]
    for agent in state.agents.values():
        counts[agent.status] += 1
        assert sorted(agent.offers) == sorted(n for n, offer in state.offers.items() if offer.agent is agent)
        loads = {Channel.VOICE: 0, Channel.CHAT: 0}
        wrapping = 0
        for number in agent.offers:
            offer = state.offers[number]
            if offer.assignment is AssignmentState.WRAP_UP:
                wrapping += offer.blocks
            else:
                loads[offer.contact.channel] += 1
        assert agent.load == (loads[Channel.VOICE] << 16) | loads[Channel.CHAT], agent.id
        assert agent.wrapping == wrapping
        assert bool(agent.busy_since_ms) == bool(agent.load or agent.wrapping or agent.consulting), agent.id
        if agent.consulting:
            consult = state.offers[agent.consulting].consult
            assert consult is not None and consult.to_agent == agent.id
    assert sum(state.statuses) == len(state.agents)


def _check_pools(engine: Engine) -> None:
    pools = engine.state.pools
    for requirement in pools.requirements.values():
        assert requirement.heads == sorted(requirement.head_ranks)
        waiting = 0
        for rank in requirement.ranks.values():
            contacts = list(rank.contacts(engine.state))
            waiting += len(contacts)
            assert contacts and rank.first() == contacts[0].key
            assert requirement.head_ranks[contacts[0].key] is rank
        assert len(requirement.ranks) == len(requirement.heads)
        assert requirement.waiting == waiting
        for cell in requirement.cells.values():
            assert len(cell.agents(engine.state)) == cell.count, "a cell counts its live keys"
            here = sum(agent.status == 2 and cell in agent.cells for agent in engine.state.by_rank)
            assert cell.staffed == here, "a cell counts its ready agents"


class Ledger:
    """Counts contacts over the whole run: each enters once and ends at most once; nobody is offered over capacity."""

    def __init__(self) -> None:
        self.entered: set[str] = set()
        self.ended: set[str] = set()

    def note(self, facts: list[AnyFact], engine: Engine) -> None:
        """Take the facts of one record."""
        for fact in facts:
            if isinstance(fact, ContactEntered):
                assert fact.contact not in self.entered, f"{fact.contact} entered twice"
                self.entered.add(fact.contact)
            elif isinstance(fact, ContactEnded):
                assert fact.contact in self.entered and fact.contact not in self.ended, (
                    f"{fact.contact} ended twice"
                )
                self.ended.add(fact.contact)
            elif isinstance(fact, OfferMade):
                assert fact.contact not in self.ended
