"""Which agent gets a contact, and which contact a freed agent gets: the two orders of choice, over the indexes.

Agents: filters (ready, links, capacity, queue, needs and region of the step, no fresh refusal), then the owner,
then the queue's strategy, then longest since last release, then id. Contacts: those that wait for this agent
alone, then the greatest wait plus head start (the agent's preference for a queue counts as head start), then
the lower number. `tests/routing/oracle.py` says the same the slow way.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable
from typing import Final

from acd.routing import orders
from acd.routing.answer import Answer
from acd.routing.availability import stand_opened, take_stand
from acd.routing.contact import Contact
from acd.routing.keys import NUMBER_BITS, NUMBER_MASK, ORIGIN_MS, moment_of
from acd.routing.line import Rank
from acd.routing.model import Channel, ContactId, Decision, Link, Needs, OfferId, Origin, RegionId, Strategy
from acd.routing.outputs import OfferMade
from acd.routing.plans import NEVER
from acd.routing.pools import AnyCell, Requirement
from acd.routing.state import ALONE, CHANNEL_ALL, IN_POOL, LINK_BITS, LOOSE, Agent, Queue, State
from acd.routing.strategies import order_of, value_of
from acd.routing.waiting import patience, stand

PASSED_OVER_MAX = 5
WORK_ENDLESS: Final = 1 << 62
OFFER_WORK: Final = 16
"""An offer takes as long as looking in vain for so many contacts, or so many steps."""
RING_MAX = 16
"""How many agents are rung at once where a queue rings all."""
_INBOUND: Final = Origin.INBOUND
_RING_ALL: Final = Strategy.RING_ALL


def settle(answer: Answer, work_max: int = WORK_ENDLESS) -> int:
    """Match until no contact that came loose and no agent that was freed finds a partner.

    Contacts choose before agents, in the order of the line; agents in the order of their idle time. Returns how much of
    the work is left; with 0 some contacts may still be loose.
    """
    state, left = answer.state, work_max
    while state.loose or state.opened:
        if state.loose:
            if state.opened:
                stand_opened(state)
            loose, state.loose = state.loose, []
            if len(loose) > 1:
                loose.sort(key=_contact_key)
            for number, contact in enumerate(loose):
                if state.opened:
                    _serve_who_stands_before(answer, loose[number:])
                left -= _settle_one(answer, contact, loose, number + 1)
                if left <= 0:
                    state.loose += loose[number + 1 :]
                    return 0
        else:
            opened, state.opened = state.opened, []
            if len(opened) > 1:
                opened.sort(key=_agent_key)
            for agent in opened:
                match_agent(answer, agent)
    return left


def _settle_one(answer: Answer, contact: Contact, loose: list[Contact], following: int) -> int:
    """Match one loose contact; how much work that was."""
    place, rank = contact.place, contact.rank
    if place < LOOSE:
        return 0
    if not match_contact(answer, contact):
        if place == LOOSE:
            stand(answer.state, contact, answer.now_ms)
        return 1
    if place == IN_POOL and rank is not None and rank.length:
        # Of those who ask for the same, only the first was looked at.
        _look_at(answer.state, rank, loose, following)
    return OFFER_WORK


def _look_at(state: State, rank: Rank, loose: list[Contact], place: int) -> None:
    """Let the first of a rank be looked at among the loose from `place` on, where it stands in the line."""
    first = rank.first()
    assert first is not None
    contact = state.numbered[first & NUMBER_MASK]
    insort(loose, contact, lo=place, key=_contact_key)


def _serve_who_stands_before(answer: Answer, loose: list[Contact]) -> None:
    """Whoever was freed together with contacts that came loose serves those first who stand before them in line.

    Without this a contact that returns from an agent would have that agent again before others had their turn.
    """
    state = answer.state
    opened = list(state.opened)
    if len(opened) > 1:
        opened.sort(key=_agent_key)
    for agent in opened:
        if any(other.alone_until_ms > answer.now_ms and other.owner == agent.id for other in loose):
            continue  # whoever waits for this agent alone comes first
        while agent.mask & CHANNEL_ALL:
            found = find_contact(state, agent, answer.now_ms)
            if found is None:
                break
            contact, key, passed_over = found
            prefers = agent.queues
            first = min(other.key - (prefers.get(other.queue, 0) << NUMBER_BITS) for other in loose)
            if key >= first:
                break
            make_offer(answer, contact, agent, _decision_of_agent(answer, contact, agent, key, passed_over))


def match_contact(answer: Answer, contact: Contact) -> bool:
    """Offer a waiting contact to the best eligible agent, if there is one."""
    state, now_ms = answer.state, answer.now_ms
    rank = state.pools.rank_of(contact)
    requirement = rank.requirement
    step = contact.plan.step_at(now_ms - contact.arrived_ms)
    if contact.owner is not None:
        owner = _asked_owner(state, contact, rank, step, now_ms)
        if owner is not None:
            decision = _decision_of_contact(answer, contact, rank, step, 1, 0, owner, None, sticky=True)
            make_offer(answer, contact, owner, decision)
            return True
        if contact.alone_until_ms > now_ms:
            return False
    cells = state.pools.cells_for(requirement, rank.region, step)
    more = contact.more
    if requirement.strategy is _RING_ALL and contact.origin is _INBOUND:
        return _ring_all(answer, contact, rank, cells, step)
    if more is not None and more.refusals:
        return _match_choosy(answer, contact, rank, cells, step)
    best: Agent | None = None
    best_cell: AnyCell | None = None
    second: Agent | None = None
    eligible = 0
    for cell in cells:
        count = cell.count
        if count and (cell.group is None or cell.group in state.queues[contact.queue].borrowed):
            eligible += count
            agent = cell.head(state)
            if best is None or _precedes(agent, best, requirement):
                second, best, best_cell = best, agent, cell
            elif second is None or _precedes(agent, second, requirement):
                second = agent
    if best is None or best_cell is None:
        return False
    if eligible > 1:
        other = best_cell.second(state)
        if other is not None and (second is None or _precedes(other, second, requirement)):
            second = other
    make_offer(
        answer, contact, best, _decision_of_contact(answer, contact, rank, step, eligible, 0, best, second)
    )
    return True


def is_anyone_free(
    state: State, queue: Queue, needs: Needs, channel: Channel, links: Iterable[Link], region: RegionId | None
) -> bool:
    """Whether somebody who arrives with these needs would find an agent at once; owners and refusals apart."""
    bits = 0
    for link in links:
        bits |= LINK_BITS[link]
    requirement = state.pools.requirement_for(queue.plan, needs, channel, bits)
    cells = state.pools.cells_for(requirement, state.pools.region_number(region), 0)
    return any(cell.count and (cell.group is None or cell.group in queue.borrowed) for cell in cells)


def match_agent(answer: Answer, agent: Agent) -> None:
    """Offer to a freed agent what suits best, until nothing suits or no capacity is left."""
    while agent.mask & CHANNEL_ALL:
        found = find_contact(answer.state, agent, answer.now_ms)
        if found is None:
            if agent.is_loose:
                take_stand(answer.state, agent)
            return
        contact, key, passed_over = found
        make_offer(answer, contact, agent, _decision_of_agent(answer, contact, agent, key, passed_over))


def find_contact(
    state: State, agent: Agent, now_ms: int
) -> tuple[Contact, int, tuple[tuple[ContactId, str], ...]] | None:
    """The waiting contact that a free agent is to get, its place, and who was passed over; None if none suits."""
    mask = agent.mask
    if agent.alone:
        owned = _find_owned(state, agent, now_ms)
        if owned is not None:
            return owned, owned.key, ()
    best: Contact | None = None
    best_key = 0
    passed_over: list[tuple[ContactId, str]] = []
    age = now_ms - ORIGIN_MS
    for cell in agent.cells:
        requirement = cell.requirement
        if not requirement.heads or mask & cell.mask != cell.mask:
            continue
        if cell.group is not None and cell.group not in state.queues[requirement.queue].borrowed:
            continue
        preference = agent.queues.get(requirement.queue, 0) << NUMBER_BITS
        plan, needs, ranks = requirement.plan, cell.needs, requirement.head_ranks
        for key in requirement.heads:
            if best is not None and key - preference >= best_key:
                break
            rank = ranks[key]
            need = needs.get(rank.region)
            if need is None:
                need = state.pools.need_of(cell, rank.region)
            if need == NEVER:
                continue
            if need and age - (key >> NUMBER_BITS) - rank.head_start_ms < plan.after[need]:
                if len(passed_over) < PASSED_OVER_MAX:
                    passed_over.append((state.numbered[key & NUMBER_MASK].id, plan.words[need]))
                continue
            contact = state.numbered[key & NUMBER_MASK]
            if contact.more is not None and contact.more.refusals.get(agent.id, 0) > now_ms:
                other = _next_unrefused(state, rank, agent, plan.after[need], now_ms)
                if len(passed_over) < PASSED_OVER_MAX:
                    passed_over.append((contact.id, "refused"))
                if other is None or (best is not None and other.key - preference >= best_key):
                    continue
                contact = other
            best, best_key = contact, contact.key - preference
            if contact.key == key:
                break
    if best is None:
        return None
    return best, best_key, tuple(passed_over)


def make_offer(answer: Answer, contact: Contact, agent: Agent, decision: Decision) -> None:
    """Reserve both for each other, and have the agent rung."""
    state = answer.state
    offer = OfferId(state.offer_count + 1)
    deadline_ms = answer.now_ms + contact.plan.rules.offer_ms
    answer.emit(OfferMade(offer, contact.id, agent.id, contact.queue, contact.channel, deadline_ms, decision))
    made = state.offers[offer]
    answer.order(orders.dial(made) if made.is_customer_first else orders.present(made))


def direct_decision(answer: Answer, contact: Contact, trigger: str) -> Decision:
    """The record of an offer that somebody ordered: nobody was compared."""
    plan = contact.plan
    waited_ms = answer.now_ms - contact.arrived_ms
    return Decision(
        trigger, plan.rules.strategy, plan.step_at(waited_ms), waited_ms, 1, {}, rules_version=plan.version
    )


def rank_words(agent: Agent, requirement: Requirement) -> tuple[int | str, ...]:
    """An agent's place in the order as people may read it: what the strategy counts, moment of the last release, id."""
    if requirement.is_plain:
        return (agent.released_ms, agent.id)
    return (value_of(agent, requirement), agent.released_ms, agent.id)


def _precedes(agent: Agent, other: Agent, requirement: Requirement) -> bool:
    if requirement.is_plain:
        return agent.key < other.key
    return order_of(agent, requirement) < order_of(other, requirement)


def _decision_of_contact(
    answer: Answer,
    contact: Contact,
    rank: Rank,
    step: int,
    eligible: int,
    refused: int,
    best: Agent,
    second: Agent | None,
    sticky: bool = False,
) -> Decision:
    requirement = rank.requirement
    # A contact that looks because its region spills has been freed for others, as by a step.
    trigger = "step" if answer.trigger == "agent_free" else answer.trigger
    return Decision(
        trigger,
        requirement.strategy,
        step,
        answer.now_ms - contact.arrived_ms,
        eligible,
        waterfall(answer.state, requirement, step, eligible, refused),
        rank_words(best, requirement),
        second.id if second is not None else None,
        rank_words(second, requirement) if second is not None else (),
        0,
        (),
        sticky,
        contact.plan.version,
    )


def _decision_of_agent(
    answer: Answer, contact: Contact, agent: Agent, key: int, passed_over: tuple[tuple[ContactId, str], ...]
) -> Decision:
    state = answer.state
    plan = contact.plan
    waited_ms = answer.now_ms - contact.arrived_ms
    step = plan.step_at(waited_ms)
    requirement = state.pools.rank_of(contact).requirement
    waiting = 0
    for queue in agent.queues:
        waiting += state.queues[queue].line.length
    return Decision(
        "agent_free",
        requirement.strategy,
        step,
        waited_ms,
        1,
        waterfall(state, requirement, step, 1, 0),
        (moment_of(key), contact.key & NUMBER_MASK),
        None,
        (),
        waiting,
        passed_over,
        contact.place == ALONE,
        plan.version,
    )


def waterfall(
    state: State, requirement: Requirement, step: int, eligible: int, refused: int
) -> dict[str, int]:
    """How many agents each filter took out, in order; filters that took out nobody are left out."""
    signed_out, not_ready, ready = state.statuses
    tally = requirement.tally
    removed = {}
    if signed_out:
        removed["signed_out"] = signed_out
    if not_ready:
        removed["not_ready"] = not_ready
    if ready != tally.linked:
        removed["unreachable"] = ready - tally.linked
    if tally.linked != tally.open:
        removed["no_capacity"] = tally.linked - tally.open
    left = eligible + refused
    if tally.open != left:
        able = 0
        for cell in state.pools.cells_up_to(requirement, step):
            able += cell.count
        serving = requirement.everyone.count
        if requirement.plan.rules.reserves:
            lent, lent_able = _borrowed(state, requirement, step)
            serving += lent
            able += lent_able
        if tally.open != serving:
            removed["queue"] = tally.open - serving
        if serving != able:
            removed["needs"] = serving - able
        if able > left:
            removed["region"] = able - left
    if refused:
        removed["refused"] = refused
    return removed


def _borrowed(state: State, requirement: Requirement, step: int) -> tuple[int, int]:
    """How many free agents of borrowed reserves there are, and how many of them hold the needs."""
    borrowed = state.queues[requirement.queue].borrowed
    cells = [cell for cell in requirement.cells.values() if cell.group in borrowed]
    return sum(cell.count for cell in cells), sum(cell.count for cell in cells if cell.step <= step)


def _match_choosy(
    answer: Answer, contact: Contact, rank: Rank, cells: tuple[AnyCell, ...], step: int
) -> bool:
    """The same choice for a contact whom some agents have refused of late: all free agents are looked through."""
    agents, refused = _unrefused(answer, contact, rank.requirement, cells)
    if not agents:
        return False
    best, second = agents[0], agents[1] if len(agents) > 1 else None
    decision = _decision_of_contact(answer, contact, rank, step, len(agents), refused, best, second)
    make_offer(answer, contact, best, decision)
    return True


def _ring_all(answer: Answer, contact: Contact, rank: Rank, cells: tuple[AnyCell, ...], step: int) -> bool:
    """An offer to each eligible agent, up to a limit; the first to accept wins, the others have lost the race."""
    agents, refused = _unrefused(answer, contact, rank.requirement, cells)
    eligible = len(agents)
    decisions = [
        _decision_of_contact(
            answer,
            contact,
            rank,
            step,
            eligible,
            refused,
            agent,
            next((other for other in agents if other is not agent), None),
        )
        for agent in agents[:RING_MAX]
    ]
    for agent, decision in zip(agents, decisions, strict=False):
        make_offer(answer, contact, agent, decision)
    return bool(agents)


def _unrefused(
    answer: Answer, contact: Contact, requirement: Requirement, cells: tuple[AnyCell, ...]
) -> tuple[list[Agent], int]:
    """All eligible agents, best first, and how many were left out for a refusal."""
    state, now_ms = answer.state, answer.now_ms
    refusals = contact.more.refusals if contact.more is not None else {}
    borrowed = state.queues[contact.queue].borrowed
    agents: list[Agent] = []
    refused = 0
    for cell in cells:
        if cell.count and (cell.group is None or cell.group in borrowed):
            for agent in cell.agents(state):
                if refusals.get(agent.id, 0) > now_ms:
                    refused += 1
                else:
                    agents.append(agent)
    agents.sort(key=lambda agent: order_of(agent, requirement))
    return agents, refused


def _asked_owner(state: State, contact: Contact, rank: Rank, step: int, now_ms: int) -> Agent | None:
    """The owner, if the queue asks for owners and this one may be offered the contact now."""
    if contact.alone_until_ms > now_ms or patience(contact):
        return _free_owner(state, contact, rank, step, now_ms)
    return None


def _free_owner(state: State, contact: Contact, rank: Rank, step: int, now_ms: int) -> Agent | None:
    """The owner, if all filters let them pass at this step."""
    owner = state.agents.get(contact.owner) if contact.owner is not None else None
    requirement = rank.requirement
    if owner is None or owner.mask & requirement.mask != requirement.mask:
        return None
    if contact.more is not None and contact.more.refusals.get(owner.id, 0) > now_ms:
        return None
    reach = state.pools.reach(requirement.plan, rank.region)
    for cell in owner.cells:
        if cell.requirement is requirement:
            if cell.group is not None and cell.group not in state.queues[contact.queue].borrowed:
                return None
            return owner if cell.step <= step and reach.get(cell.region, NEVER) <= step else None
    return None


def _find_owned(state: State, agent: Agent, now_ms: int) -> Contact | None:
    assert agent.alone is not None
    for key in sorted(agent.alone):
        contact = state.numbered[key & NUMBER_MASK]
        if contact.place != ALONE:
            continue
        step = contact.plan.step_at(now_ms - contact.arrived_ms)
        if _free_owner(state, contact, state.pools.rank_of(contact), step, now_ms) is agent:
            return contact
    return None


def _next_unrefused(state: State, rank: Rank, agent: Agent, after_ms: int, now_ms: int) -> Contact | None:
    """The first of a rank whom the agent has not refused; those behind it have waited less."""
    for contact in rank.contacts(state):
        if now_ms - contact.arrived_ms < after_ms:
            return None
        if contact.more is None or contact.more.refusals.get(agent.id, 0) <= now_ms:
            return contact
    return None


def _contact_key(contact: Contact) -> int:
    return contact.key


def _agent_key(agent: Agent) -> int:
    return agent.key
