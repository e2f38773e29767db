"""The state as plain data: to bytes, back, and its hash.

Indexes are left out and made anew. What is here is all that the fold of facts has made, so two states with equal
bytes decide alike for ever.
"""

from __future__ import annotations

from collections import OrderedDict
from hashlib import sha256

import msgspec

from acd.routing.contact import Consult, Contact, Intake, More, Offer, Told
from acd.routing.errors import InvariantBroken
from acd.routing.folding.index import rebuild
from acd.routing.model import (
    AgentId,
    AgentRules,
    AssignmentState,
    Channel,
    ContactId,
    ContactState,
    EntryId,
    GroupId,
    HoursId,
    Identity,
    LegId,
    Link,
    MonitorMode,
    Needs,
    OfferId,
    OfferState,
    Origin,
    PersonId,
    Presence,
    QueueId,
    QueueRules,
    RegionId,
    Repeat,
    Rules,
    SkillId,
    TicketId,
    Visit,
)
from acd.routing.outputs import AnyCommand
from acd.routing.plans import Plan
from acd.routing.state import Agent, Queue, State

FORMAT = 1


class _Plain(msgspec.Struct, array_like=True):
    """Base of the parts: fields by place."""


class PlainAgent(_Plain):
    """An agent; skills, queues and groups only where they differ from the rules."""

    id: AgentId
    rules: AgentRules | None
    skills: dict[SkillId, int] | None
    queues: dict[QueueId, int] | None
    groups: tuple[GroupId, ...] | None
    session: str
    presence: Presence
    reason: str
    since_ms: int
    next_presence: Presence | None
    next_reason: str
    links: int
    link_sessions: dict[Link, str]
    wake_ms: int | None
    offers: tuple[int, ...]
    load: int
    wrapping: int
    consulting: int
    released_ms: int
    signed_in_ms: int
    working_ms: int
    busy_since_ms: int
    taken: int
    last_offer: int
    share: int
    is_gone: bool


class PlainIntake(_Plain):
    """What the bot has."""

    rule: str
    since_ms: int
    category: str
    words: str
    recording: str
    number: str
    is_taken: bool
    is_partial: bool
    return_call: bool


class PlainMore(_Plain):
    """The rarer attributes of a contact."""

    of: ContactId | None
    number: str
    not_before_ms: int | None
    ticket: TicketId | None
    ticket_wanted: bool
    tries: int
    is_reached: bool
    intake: PlainIntake | None
    refusals: dict[AgentId, int]
    asked: tuple[str, int] | None
    declined: dict[str, int]
    base_head_start_ms: int | None
    legs: dict[LegId, bytes]
    leaving: str
    leaving_until_ms: int
    return_by: tuple[str, tuple[Link, ...]] | None


class PlainContact(_Plain):
    """A contact; `plan` is a place in the list of plans."""

    id: ContactId
    number: int
    origin: Origin
    channel: Channel
    adapter: str
    entry: EntryId
    queue: QueueId
    plan: int
    language: str
    region: RegionId | None
    arrived_ms: int
    since_ms: int
    needs: Needs
    own_needs: Needs
    head_start_ms: int
    identities: tuple[Identity, ...]
    display: str
    owner: AgentId | None
    links: int
    attributes: dict[str, str]
    repeat: Repeat | None
    state: ContactState
    offer: int
    alone_until_ms: int
    rung: tuple[int, ...]
    offers_live: int
    turn: int
    treatment: str
    step: int
    told: tuple[int, int | None, int, int, int | None, int] | None
    more: PlainMore | None
    answered_ms: int
    last_agent: AgentId | None


class PlainOffer(_Plain):
    """An offer or assignment."""

    id: int
    contact: ContactId
    agent: AgentId
    queue: QueueId
    plan: int
    state: OfferState
    assignment: AssignmentState | None
    made_ms: int
    wake_ms: int | None
    taken_ms: int
    connected_ms: int
    talk_ended_ms: int
    blocks: bool
    wrap_asked: bool
    extensions: int
    turn: int
    consults: int
    consult: tuple[int, AgentId | None, str, bool, bool] | None
    monitors: dict[PersonId, MonitorMode]
    reached: bool
    is_customer_first: bool
    is_direct: bool


class PlainQueue(_Plain):
    """What a queue has learned and how its gate stands."""

    id: QueueId
    plan: int
    gate_open: bool
    borrowed: list[GroupId]
    handle_ms: int
    handled: int
    spilled: list[RegionId] = []


class PlainState(_Plain):
    """Everything."""

    format: int
    at_ms: int
    epoch: int
    rules: Rules | None
    plans: list[tuple[int, QueueRules]]
    agents: list[PlainAgent]
    queues: list[PlainQueue]
    hours: dict[HoursId, tuple[bool, int | None]]
    contacts: list[PlainContact]
    offers: list[PlainOffer]
    contact_count: int
    offer_count: int
    share_cursor: AgentId
    entered: int
    ended: int
    durable: list[AnyCommand]
    visits: list[tuple[Identity, tuple[Visit, ...], tuple[int, ...]]]
    ended_ids: list[ContactId]
    return_numbers: dict[str, ContactId]


_ENCODER = msgspec.msgpack.Encoder(order="deterministic")
_DECODER = msgspec.msgpack.Decoder(PlainState)


def state_hash(state: State) -> str:
    """The same for equal states on any machine."""
    return sha256(_ENCODER.encode(to_plain(state))).hexdigest()


def to_bytes(state: State) -> bytes:
    """The state as MessagePack."""
    return _ENCODER.encode(to_plain(state))


def from_bytes(data: bytes) -> State:
    """The state again, with its indexes.

    Raises:
        msgspec.DecodeError: These bytes are no snapshot.
        InvariantBroken: They are one of another format.
    """
    plain = _DECODER.decode(data)
    if plain.format != FORMAT:
        raise InvariantBroken(f"snapshot: found format {plain.format}, expected {FORMAT}")
    return _from_plain(plain)


class _Plans:
    """Numbers plans in the order in which they are first met."""

    def __init__(self) -> None:
        self.numbers: dict[int, int] = {}
        self.plain: list[tuple[int, QueueRules]] = []

    def number(self, plan: Plan) -> int:
        """The place of a plan in the list."""
        number = self.numbers.get(id(plan))
        if number is None:
            number = self.numbers[id(plan)] = len(self.plain)
            self.plain.append((plan.version, plan.rules))
        return number


def to_plain(state: State) -> PlainState:
    """The state as plain structures."""
    plans = _Plans()
    queues = [_plain_queue(queue, plans) for queue in state.queues.values()]
    contacts = [_plain_contact(contact, plans) for contact in state.contacts.values()]
    offers = [_plain_offer(state.offers[number], plans) for number in sorted(state.offers)]
    return PlainState(
        FORMAT,
        state.at_ms,
        state.epoch,
        state.rules,
        plans.plain,
        [_plain_agent(state.agents[agent]) for agent in sorted(state.agents)],
        queues,
        state.hours,
        contacts,
        offers,
        state.contact_count,
        state.offer_count,
        state.share_cursor,
        state.entered,
        state.ended,
        list(state.durable.values()),
        [
            (identity, latest, state.older_visits.get(identity, ()))
            for identity, latest in state.visits.items()
        ],
        list(state.ended_ids),
        state.return_numbers,
    )


def _plain_agent(agent: Agent) -> PlainAgent:
    rules = agent.rules
    of_rules = {served.queue: served.preference_ms for served in rules.queues}
    return PlainAgent(
        agent.id,
        rules if agent.is_gone else None,
        None if agent.skills == rules.skills else agent.skills,
        None if list(agent.queues.items()) == list(of_rules.items()) else agent.queues,
        None if agent.groups == rules.groups else agent.groups,
        agent.session,
        agent.presence,
        agent.reason,
        agent.since_ms,
        agent.next_presence,
        agent.next_reason,
        agent.links,
        agent.link_sessions or {},
        agent.wake_ms,
        agent.offers,
        agent.load,
        agent.wrapping,
        agent.consulting,
        agent.released_ms,
        agent.signed_in_ms,
        agent.working_ms,
        agent.busy_since_ms,
        agent.taken,
        agent.last_offer,
        agent.share,
        agent.is_gone,
    )


def _plain_queue(queue: Queue, plans: _Plans) -> PlainQueue:
    return PlainQueue(
        queue.id,
        plans.number(queue.plan),
        queue.gate_open,
        sorted(queue.borrowed),
        queue.handle_ms,
        queue.handled,
        sorted(queue.spilled),
    )


def _plain_contact(contact: Contact, plans: _Plans) -> PlainContact:
    told = contact.told
    return PlainContact(
        contact.id,
        contact.number,
        contact.origin,
        contact.channel,
        contact.adapter,
        contact.entry,
        contact.queue,
        plans.number(contact.plan),
        contact.language,
        contact.region,
        contact.arrived_ms,
        contact.since_ms,
        contact.needs,
        contact.own_needs,
        contact.head_start_ms,
        contact.identities,
        contact.display,
        contact.owner,
        contact.links,
        contact.attributes or {},
        contact.repeat,
        contact.state,
        contact.offer,
        contact.alone_until_ms,
        contact.rung,
        contact.offers_live,
        contact.turn,
        contact.treatment,
        contact.step,
        None
        if told is None
        else (told.first_at_ms, told.first_ms, told.at_ms, told.position, told.estimate_ms, told.staffed),
        None if contact.more is None else _plain_more(contact.more),
        contact.answered_ms,
        contact.last_agent,
    )


def _plain_more(more: More) -> PlainMore:
    intake = more.intake
    return PlainMore(
        more.of,
        more.number,
        more.not_before_ms,
        more.ticket,
        more.ticket_wanted,
        more.tries,
        more.is_reached,
        None
        if intake is None
        else PlainIntake(*(getattr(intake, name) for name in PlainIntake.__struct_fields__)),
        more.refusals,
        more.asked,
        more.declined,
        more.base_head_start_ms,
        more.legs,
        more.leaving,
        more.leaving_until_ms,
        more.return_by,
    )


def _plain_offer(offer: Offer, plans: _Plans) -> PlainOffer:
    consult = offer.consult
    return PlainOffer(
        offer.id,
        offer.contact.id,
        offer.agent.id,
        offer.queue,
        plans.number(offer.plan),
        offer.state,
        offer.assignment,
        offer.made_ms,
        offer.wake_ms,
        offer.taken_ms,
        offer.connected_ms,
        offer.talk_ended_ms,
        offer.blocks,
        offer.wrap_asked,
        offer.extensions,
        offer.turn,
        offer.consults,
        None
        if consult is None
        else (consult.turn, consult.to_agent, consult.to_number, consult.is_answered, consult.is_conference),
        offer.monitors,
        offer.reached,
        offer.is_customer_first,
        offer.is_direct,
    )


def _from_plain(plain: PlainState) -> State:
    state = State()
    state.at_ms = plain.at_ms
    state.epoch = plain.epoch
    rules = state.rules = plain.rules
    plans = [Plan(queue_rules, version) for version, queue_rules in plain.plans]
    if rules is not None:
        state.entries = {entry.entry: entry for entry in rules.entries}
        state.regions = {region.region: number for number, region in enumerate(rules.regions)}
        of_rules = {agent.agent: agent for agent in rules.agents}
        for known in plain.agents:
            agent_rules = known.rules if known.rules is not None else of_rules[known.id]
            state.agents[known.id] = _agent(known, agent_rules)
    for plain_queue in plain.queues:
        queue = state.queues[plain_queue.id] = Queue(plans[plain_queue.plan])
        queue.gate_open = plain_queue.gate_open
        queue.borrowed = dict.fromkeys(plain_queue.borrowed, True)
        queue.spilled = dict.fromkeys(plain_queue.spilled, True)
        queue.handle_ms = plain_queue.handle_ms
        queue.handled = plain_queue.handled
    state.hours = plain.hours
    for plain_contact in plain.contacts:
        contact = _contact(plain_contact, plans)
        state.contacts[contact.id] = contact
        state.numbered[contact.number] = contact
    for plain_offer in plain.offers:
        state.offers[plain_offer.id] = _offer(state, plain_offer, plans)
    state.contact_count = plain.contact_count
    state.offer_count = plain.offer_count
    state.share_cursor = plain.share_cursor
    state.entered = plain.entered
    state.ended = plain.ended
    state.durable = {command.key: command for command in plain.durable}
    for identity, latest, older in plain.visits:
        state.visits[identity] = latest
        if older:
            state.older_visits[identity] = older
    state.ended_ids = OrderedDict.fromkeys(plain.ended_ids)
    state.return_numbers = plain.return_numbers
    rebuild(state, plain.at_ms)
    return state


def _agent(plain: PlainAgent, rules: AgentRules) -> Agent:
    agent = Agent(rules)
    agent.skills = rules.skills if plain.skills is None else plain.skills
    if plain.queues is not None:
        agent.queues = plain.queues
    else:
        agent.queues = {served.queue: served.preference_ms for served in rules.queues}
    agent.groups = rules.groups if plain.groups is None else plain.groups
    agent.link_sessions = plain.link_sessions or None
    for name in PlainAgent.__struct_fields__:
        if name not in ("id", "rules", "skills", "queues", "groups", "link_sessions"):
            setattr(agent, name, getattr(plain, name))
    return agent


def _contact(plain: PlainContact, plans: list[Plan]) -> Contact:
    own = {
        name: getattr(plain, name)
        for name in PlainContact.__struct_fields__
        if name not in ("number", "plan", "told", "more", "attributes")
    }
    key = Contact.key_of(plain.arrived_ms, plain.head_start_ms, plain.number)
    contact = Contact(key=key, plan=plans[plain.plan], attributes=plain.attributes or None, **own)
    if plain.told is not None:
        first_at_ms, first_ms, at_ms, position, estimate_ms, staffed = plain.told
        told = contact.told = Told(at_ms, position, estimate_ms, staffed)
        told.first_at_ms, told.first_ms = first_at_ms, first_ms
    if plain.more is not None:
        more = contact.rare
        for name in PlainMore.__struct_fields__:
            if name != "intake":
                setattr(more, name, getattr(plain.more, name))
        if plain.more.intake is not None:
            intake = more.intake = Intake("", 0)
            for name in PlainIntake.__struct_fields__:
                setattr(intake, name, getattr(plain.more.intake, name))
    return contact


def _offer(state: State, plain: PlainOffer, plans: list[Plan]) -> Offer:
    own = {
        name: getattr(plain, name)
        for name in PlainOffer.__struct_fields__
        if name not in ("id", "contact", "agent", "plan", "consult")
    }
    contact, agent = state.contacts[plain.contact], state.agents[plain.agent]
    offer = Offer(id=OfferId(plain.id), contact=contact, agent=agent, plan=plans[plain.plan], **own)
    if plain.consult is not None:
        turn, to_agent, to_number, is_answered, is_conference = plain.consult
        consult = offer.consult = Consult(turn, to_agent, to_number)
        consult.is_answered, consult.is_conference = is_answered, is_conference
    return offer
