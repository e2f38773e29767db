"""What an auditor has seen of agents and contacts, and who may serve whom: the obvious way, from the rules alone.

For auditors, never for routing: nothing here is shared with the engine but the words.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from acd.routing.model import (
    AgentId,
    AgentRules,
    Channel,
    ContactId,
    ContactState,
    Link,
    Needs,
    OfferId,
    OfferState,
    Origin,
    Outcome,
    Presence,
    QueueId,
    QueueRules,
    Reach,
    RegionId,
    SkillId,
    SkillNeed,
)

_WIDTH = {Reach.HOME: 0, Reach.NEIGHBOURS: 1, Reach.ALL: 2}


class Ask(msgspec.Struct, frozen=True):
    """What a step asks, with all steps before it: each asks for less than the one before."""

    after_ms: int
    less: int
    width: int
    dropped: frozenset[SkillId]


class QueueSeen(msgspec.Struct):
    """The rules of a queue as its contacts entered under them."""

    rules: QueueRules
    asks: tuple[Ask, ...]


class SeenContact(msgspec.Struct, gc=True):
    """A contact that has not ended."""

    id: ContactId
    number: int
    queue: QueueSeen
    channel: Channel
    origin: Origin
    region: RegionId | None
    arrived_ms: int
    since_ms: int
    needs: Needs
    own_needs: Needs
    head_start_ms: int
    owner: AgentId | None
    links: frozenset[Link]
    is_repeat: bool
    not_before_ms: int
    state: ContactState = ContactState.WAITING
    alone_until_ms: int = 0
    """Until then it waits for its owner alone."""
    refused_until: dict[AgentId, int] = {}
    open: set[OfferId] = set()
    held: set[OfferId] = set()
    """Accepted and not yet wrapping up."""
    has_talked: bool = False
    leaves_house: bool = False
    """An agent hands it to a number outside."""
    is_down: bool = False
    """The bot has taken its matter down."""
    wake_ms: int = 0

    def patience_ms(self) -> int:
        """For how long its queue lets it wait for its owner."""
        rules = self.queue.rules
        return max(rules.sticky_patience_ms, rules.repeat.same_agent_patience_ms if self.is_repeat else 0)


class SeenAgent(msgspec.Struct):
    """An agent of the rules."""

    rules: AgentRules
    skills: dict[SkillId, int]
    queues: dict[QueueId, int]
    """With the preference of each, in ms."""
    presence: Presence = Presence.SIGNED_OUT
    leaving: bool = False
    """Has chosen another presence for the end of the work in hand."""
    links: set[Link] = set()
    hands: dict[OfferId, Channel] = {}
    wrapping: set[OfferId] = set()
    """Wrap-ups that block: nothing is offered meanwhile."""
    consulting: OfferId | None = None

    def may_take(self) -> bool:
        """Whether anything at all may be offered, room apart."""
        return (
            self.presence is Presence.READY
            and not self.leaving
            and not self.wrapping
            and self.consulting is None
        )

    def is_free(self) -> bool:
        """Whether some channel has room."""
        return self.may_take() and any(self.has_room(channel) for channel in self.rules.capacity)

    def has_room(self, channel: Channel) -> bool:
        """Below the limit of the channel, and admitted beside everything in hand."""
        hands = self.hands
        if not hands:
            return self.rules.capacity.get(channel, 0) > 0
        held = list(hands.values())
        if held.count(channel) >= self.rules.capacity.get(channel, 0):
            return False
        return all(
            any(blend.holding is other and channel in blend.admits for blend in self.rules.blends)
            for other in held
        )


class SeenOffer(msgspec.Struct):
    """An offer, and the assignment that it became."""

    contact: SeenContact
    agent: SeenAgent
    state: OfferState = OfferState.OPEN
    is_talking: bool = False
    has_talked: bool = False
    is_wrapping: bool = False
    consulted: SeenAgent | None = None


def asks_of(rules: QueueRules) -> tuple[Ask, ...]:
    """Return the steps of a queue, each with all before it."""
    asks: list[Ask] = []
    less, width, dropped = 0, 0, frozenset[SkillId]()
    for step in rules.steps:
        less = max(less, step.proficiency_less)
        width = max(width, 0 if rules.fence else _WIDTH[step.reach])
        dropped |= frozenset(step.preferred_dropped)
        asks.append(Ask(step.after_ms, less, width, dropped))
    return tuple(asks)


def suits(
    contact: SeenContact,
    agent: SeenAgent,
    neighbours: Mapping[RegionId, tuple[RegionId, ...]],
    borrowed: Mapping[QueueId, set[str]],
    spilled: Collection[tuple[QueueId, str]],
    now_ms: int,
) -> bool:
    """Say whether every filter lets this agent pass for this contact, presence and work in hand apart.

    `neighbours` names those of each region; a contact of a region that it does not name is at home everywhere.
    """
    if not serves(contact.queue.rules, agent, borrowed) or not agent.has_room(contact.channel):
        return False
    if not contact.links <= agent.links:
        return False
    if contact.alone_until_ms > now_ms and contact.owner != agent.rules.agent:
        return False
    if contact.refused_until and contact.refused_until.get(agent.rules.agent, 0) > now_ms:
        return False
    ask = ask_at(contact, now_ms)
    rules, width = contact.queue.rules, ask.width
    if rules.spill is not None and not rules.fence and (rules.queue, contact.region or "") in spilled:
        width = max(width, _WIDTH[rules.spill.reach])
    return holds(contact.needs, ask, agent.skills) and _reaches(
        width, contact.region, agent.rules.region, neighbours
    )


def ask_at(contact: SeenContact, now_ms: int) -> Ask:
    """Return what the contact's age lets it ask."""
    asks = contact.queue.asks
    age_ms = now_ms - contact.arrived_ms
    for ask in reversed(asks):
        if ask.after_ms <= age_ms:
            return ask
    return asks[0]


def serves(queue: QueueRules, agent: SeenAgent, borrowed: Mapping[QueueId, set[str]]) -> bool:
    """Say whether the queue is the agent's, or has borrowed the first of its reserves that the agent belongs to."""
    if queue.queue in agent.queues:
        return True
    for reserve in queue.reserves:
        if reserve.group in agent.rules.groups:
            return reserve.group in borrowed.get(queue.queue, ())
    return False


def could_ever_serve(contact: SeenContact, owner: SeenAgent) -> bool:
    """Say whether an owner may be waited for at all: signed in, of the queue or its reserves, able at the last step."""
    rules = contact.queue.rules
    is_of_queue = rules.queue in owner.queues or any(
        reserve.group in owner.rules.groups for reserve in rules.reserves
    )
    return (
        owner.presence is not Presence.SIGNED_OUT
        and is_of_queue
        and holds(contact.needs, contact.queue.asks[-1], owner.skills)
    )


def both_needs(queue: Needs, own: Needs) -> Needs:
    """Return what a queue and a contact ask for together: every pair of alternatives, all preferences."""
    pairs = tuple(one + two for one in queue.required or ((),) for two in own.required or ((),))
    return Needs(() if pairs == ((),) else pairs, queue.preferred + own.preferred)


def holds(needs: Needs, ask: Ask, skills: dict[SkillId, int]) -> bool:
    """Say whether these skills are what the contact asks for by now."""

    def has(need: SkillNeed, less: int) -> bool:
        return skills.get(need.skill, 0) >= max(1, need.proficiency_min - less)

    if needs.required and not any(all(has(need, ask.less) for need in each) for each in needs.required):
        return False
    return all(has(need, 0) for need in needs.preferred if need.skill not in ask.dropped)


def _reaches(
    width: int, home: RegionId | None, region: RegionId, neighbours: Mapping[RegionId, tuple[RegionId, ...]]
) -> bool:
    if width == 2 or home is None or region == home or home not in neighbours:
        return True
    return width == 1 and region in neighbours[home]


def may_end(contact: SeenContact, outcome: Outcome) -> bool:
    """Whether a contact may end so: answered if anybody talked to it, overflowed from the line or the bot alone (1)."""
    if outcome is Outcome.ANSWERED:
        return contact.has_talked
    if contact.has_talked and outcome is Outcome.UNREACHED:
        return False
    if outcome is Outcome.OVERFLOWED:
        return contact.state in (ContactState.WAITING, ContactState.INTAKE, ContactState.OFFERED)
    if outcome is Outcome.UNREACHED:
        return contact.origin is Origin.RETURN_CALL
    is_talk = contact.has_talked and contact.state is ContactState.ASSIGNED
    return outcome is Outcome.ABANDONED and not is_talk
