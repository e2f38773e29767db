"""An auditor that reads only the journal: it folds facts into a model of its own and checks the invariants.

It is written without a look at the engine and shares nothing with it but the words. NOTES.md has the table of
the invariants and where each is checked. `broken` collects what does not hold; a run with an empty list has
been checked `checks` times.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from acd.routing import events as e
from acd.routing.model import (
    ContactId,
    ContactState,
    OfferId,
    OfferState,
    Origin,
    Outcome,
    Strategy,
)
from acd.routing.outputs import commands as c
from acd.routing.outputs import facts as f
from acd.simulation.books import Books
from acd.simulation.deadlines import Deadlines
from acd.simulation.eligibility import (
    SeenAgent,
    SeenContact,
    SeenOffer,
    both_needs,
    may_end,
    suits,
)
from acd.simulation.pairing import Pairing, is_in_line
from acd.simulation.policies import Policies
from acd.simulation.staff import Staff

BROKEN_MAX = 100
LOOK_EVERYWHERE = 101
"""Every so many records all pairs of agents and contacts are looked at, not only those that have changed."""
BY_HAND = ("given", "transfer")


class Auditor:
    """Checks every record; never stops a run, so that one day shows everything that is wrong with it."""

    def __init__(self) -> None:
        self.checks = 0
        self.broken: list[str] = []
        self.assigned_twice = 0
        self.outcomes: dict[Outcome, int] = dict.fromkeys(Outcome, 0)
        self.entered = 0
        self.books = Books()
        self._pairing = Pairing()
        self._deadlines = Deadlines(self._expect)
        self._policies = Policies(self._expect, self._pairing, self._deadlines)
        staff = self._staff = Staff(self._expect, self._pairing, self._deadlines)
        self._ended: dict[ContactId, Outcome] = {}
        self._turned_away: set[ContactId] = set()
        self._offers: dict[OfferId, SeenOffer] = {}
        self._offer_last = 0
        self._at_ms = self._seq = self._records = 0
        self._touched: dict[ContactId, SeenContact] = {}
        self._entering: list[SeenContact] = []
        self._event: e.AnyEvent | None = None
        self._take: dict[type[f.Fact], Callable[[Any], None]] = {
            f.RulesInForce: staff.rules_in_force, f.NodeTookOver: staff.took_over, f.AgentSet: staff.agent_set,
            f.PresenceSet: staff.presence, f.NextPresenceSet: staff.next, f.LinkSet: staff.link,
            f.ContactEntered: self._enter, f.ContactTurnedAway: self._turn_away, f.ContactChanged: self._changed,
            f.ContactRequeued: self._requeue, f.StepTaken: self._step, f.HeadStartSet: self._head_start,
            f.ReserveSet: staff.reserve, f.SpillSet: staff.spill, f.OverflowOffered: self._asked,
            f.OverflowDeclined: self._declined,
            f.IntakeEntered: self._to_intake, f.IntakeTaken: self._intake_taken, f.ContactReturned: self._return,
            f.ReturnCallRescheduled: self._reschedule, f.OfferMade: self._offer, f.OfferTaken: self._taken,
            f.OfferEnded: self._offer_ended, f.AssignmentConnected: self._connected, f.TransferMade: self._transferred,
            f.TransferFailed: self._transfer_failed, f.CustomerAnswered: self._customer_answered,
            f.TalkEnded: self._talk_ended, f.WrapUpStarted: self._wrap_up, f.WrapUpExtended: self._wrap_up_more,
            f.ConsultStarted: self._consult, f.ConsultOver: self._consult_over, f.ParticipantGone: self._gone,
            f.AssignmentDone: self._done, f.ContactEnded: self._end,
        }  # fmt: skip

    def apply(
        self,
        facts: Sequence[f.Fact],
        at_ms: int,
        event: e.AnyEvent | None = None,
        seq: int = 0,
        epoch: int = 0,
    ) -> None:
        """Fold one record and check everything that must hold after it; `seq` 0: the records are not numbered."""
        self._records += 1
        self._expect(at_ms >= self._at_ms, 12, "time went back from {} to {}", self._at_ms, at_ms)
        if seq:
            self._expect(seq == self._seq + 1, 10, "record {} follows {}", seq, self._seq)
            self._expect(
                epoch >= self._staff.epoch,
                10,
                "record {} of epoch {}, which is over: {}",
                seq,
                epoch,
                self._staff.epoch,
            )
            self._seq = seq
        self._at_ms = self._staff.at_ms = max(at_ms, self._at_ms)
        self._event = event
        answers = 0
        for fact in facts:
            kind = type(fact)
            self._policies.see(fact, self._at_ms)
            take = self._take.get(kind)
            if take is not None:
                take(fact)
            elif kind is f.Late or kind is f.Refused:
                answers += 1
        self._expect(answers <= 1, 11, "{} answers to one event", answers)
        self.books.apply(facts, self._at_ms)
        if type(event) is not e.NodeStarted:
            # A node that takes over first hears of links; what time has brought meanwhile follows with the next event.
            self._settled()

    def ordered(self, command: c.Command) -> None:
        """Check that an order which is carried out stands on a durable record (9)."""
        offer = getattr(command, "offer", None)
        if offer is not None:
            self._expect(
                offer <= self._offer_last, 9, "{} is ordered, and no record made the offer", command.key
            )
        contact = getattr(command, "contact", None)
        is_known = contact is None or (
            contact in self._pairing.contacts or contact in self._ended or contact in self._turned_away
        )
        self._expect(is_known, 9, "{} is ordered, and no record knows {}", command.key, contact)

    def repeated(self, event: e.AnyEvent, facts: Sequence[f.Fact]) -> None:
        """Check that an event which was said twice has changed nothing the second time (11)."""
        changed = [
            type(fact).__name__
            for fact in facts
            if not isinstance(fact, f.Late | f.Refused)
            and not (isinstance(fact, f.ContactTurnedAway) and fact.code == "id_used")
        ]
        self._expect(not changed, 11, "{}, said again, made {}", type(event).__name__, changed)

    def live(self) -> dict[ContactState, int]:
        """Return how many contacts stand in each state that is not the end."""
        counts = dict.fromkeys(ContactState, 0)
        for contact in self._pairing.contacts.values():
            counts[contact.state] += 1
        return counts

    def open_return_calls(self) -> int:
        """Return how many return calls stand in line: durable, they wait for whoever can serve them."""
        contacts = self._pairing.contacts.values()
        return sum(
            each.origin is Origin.RETURN_CALL and each.state is ContactState.WAITING for each in contacts
        )

    # --- what must hold after every record ----------------------------------------------------------

    def _settled(self) -> None:
        ended = sum(self.outcomes.values())
        live = len(self._pairing.contacts)
        self._expect(
            self.entered == live + ended, 1, "{} entered, {} live, {} ended", self.entered, live, ended
        )
        self._expect(
            live <= self._staff.rules.contacts_max,
            13,
            "{} contacts, above {}",
            live,
            self._staff.rules.contacts_max,
        )
        self._deadlines.look(self._at_ms)
        for contact in self._touched.values():
            self._hangs_together(contact)
        self._touched.clear()
        pairs = (
            self._pairing.unserved(self._at_ms)
            if self._records % LOOK_EVERYWHERE
            else (*self._pairing.unserved(self._at_ms), *self._pairing.look_everywhere(self._at_ms))
        )
        self.checks += 1
        for agent, contact in pairs:
            self._expect(False, 4, "{} is free while {} waits", agent.rules.agent, contact.id)
        for contact in self._entering:
            self._has_room_in_line(contact)
        self._entering.clear()
        self._policies.settled(self._at_ms)

    def _hangs_together(self, contact: SeenContact) -> None:
        """A contact has as many live offers and assignments as its state says (2)."""
        rung, held = len(contact.open), len(contact.held)
        state = contact.state
        if state is ContactState.OFFERED:
            rings_all = contact.queue.rules.strategy is Strategy.RING_ALL and contact.origin is Origin.INBOUND
            holds = held == 0 and (rung == 1 or (rings_all and rung > 0))
        elif state is ContactState.ASSIGNED:
            holds = rung == 0 and (held == 1 or (held == 0 and contact.leaves_house))
        else:
            holds = rung == 0 and held == 0
        if held + rung > 1 and not holds:
            self.assigned_twice += 1
        self._expect(
            holds, 2, "{} is {} with {} open offers and {} assignments", contact.id, state, rung, held
        )

    def _has_room_in_line(self, contact: SeenContact) -> None:
        rules = contact.queue.rules
        if contact.origin is Origin.INBOUND and is_in_line(contact, self._at_ms):
            length = self._pairing.lengths.get(rules.queue, 0)
            self._expect(
                length <= rules.length_max,
                13,
                "{} wait in {}, above {}",
                length,
                rules.queue,
                rules.length_max,
            )

    def _expect(self, holds: bool, invariant: int, what: str, *found: object) -> None:
        """`what` has a place for each of `found`; it is put together only when it does not hold."""
        self.checks += 1
        if not holds and len(self.broken) < BROKEN_MAX:
            self.broken.append(f"invariant {invariant} at {self._at_ms}: {what.format(*found)}")

    # --- contacts -----------------------------------------------------------------------------------

    def _enter(self, fact: f.ContactEntered) -> None:
        contacts = self._pairing.contacts
        fresh = fact.contact not in contacts and fact.contact not in self._ended
        self._expect(fresh, 1, "{} entered twice", fact.contact)
        self._expect(fact.contact not in self._turned_away, 1, "{} entered and was turned away", fact.contact)
        self.entered += 1
        not_before_ms = fact.not_before_ms or 0
        contact = SeenContact(
            fact.contact, self.entered, self._staff.queues[fact.queue], fact.channel, fact.origin, fact.region,
            fact.arrived_ms, max(self._at_ms, not_before_ms), fact.needs, fact.own_needs, fact.head_start_ms,
            fact.owner, frozenset(fact.links), fact.repeat is not None, not_before_ms,
        )  # fmt: skip
        contacts[fact.contact] = contact
        self._entering.append(contact)
        self._pairing.choose_company(contact, self._at_ms)
        self._changes(contact)

    def _changes(self, contact: SeenContact, state: ContactState | None = None) -> None:
        if state is not None:
            contact.state = state
        self._touched[contact.id] = contact
        self._pairing.contact_changed(contact)

    def _turn_away(self, fact: f.ContactTurnedAway) -> None:
        if fact.code != "id_used":
            self._turned_away.add(fact.contact)

    def _changed(self, fact: f.ContactChanged) -> None:
        if fact.repeat is not None:
            self._pairing.contacts[fact.contact].is_repeat = True

    def _requeue(self, fact: f.ContactRequeued) -> None:
        contact = self._pairing.contacts[fact.contact]
        old, contact.queue = contact.queue, self._staff.queues[fact.queue]
        contact.since_ms = self._at_ms
        contact.head_start_ms += contact.queue.rules.head_start_ms - old.rules.head_start_ms
        contact.needs = both_needs(contact.queue.rules.needs, contact.own_needs)
        self._deadlines.clear("asked", contact.id)
        self._to_line(contact)

    def _to_line(self, contact: SeenContact) -> None:
        contact.state = ContactState.WAITING
        contact.leaves_house = False
        self._pairing.choose_company(contact, self._at_ms)
        self._changes(contact)

    def _step(self, fact: f.StepTaken) -> None:
        contact = self._pairing.contacts[fact.contact]
        asks = contact.queue.asks
        is_due = fact.step < len(asks) and contact.arrived_ms + asks[fact.step].after_ms <= self._at_ms
        self._expect(is_due, 12, "{} takes step {} before its time", fact.contact, fact.step)

    def _head_start(self, fact: f.HeadStartSet) -> None:
        contact = self._pairing.contacts[fact.contact]
        contact.head_start_ms = fact.head_start_ms
        self._changes(contact)

    def _asked(self, fact: f.OverflowOffered) -> None:
        contact = self._pairing.contacts[fact.contact]
        rule = next((rule for rule in contact.queue.rules.overflow if rule.name == fact.rule), None)
        is_due = rule is not None and contact.since_ms + (rule.wait_ms or 0) <= self._at_ms
        self._expect(is_due, 12, "{} is asked {} before its time", fact.contact, fact.rule)
        self._deadlines.set("asked", fact.contact, fact.deadline_ms)

    def _declined(self, fact: f.OverflowDeclined) -> None:
        if not fact.answered:
            self._deadlines.ran_out("asked", fact.contact, self._at_ms)
        self._deadlines.clear("asked", fact.contact)

    def _to_intake(self, fact: f.IntakeEntered) -> None:
        contact = self._pairing.contacts[fact.contact]
        self._expect(
            contact.state is ContactState.WAITING,
            2,
            "{} goes to the bot while {}",
            fact.contact,
            contact.state,
        )
        self._deadlines.clear("asked", fact.contact)
        self._deadlines.set("intake", fact.contact, self._at_ms + self._staff.rules.intake_limit_ms)
        self._changes(contact, ContactState.INTAKE)

    def _intake_taken(self, fact: f.IntakeTaken) -> None:
        self._pairing.contacts[fact.contact].is_down = True

    def _return(self, fact: f.ContactReturned) -> None:
        contact = self._pairing.contacts[fact.contact]
        self._expect(
            contact.state is not ContactState.WAITING, 2, "{} returned from its own line", fact.contact
        )
        if fact.why == "intake_limit":
            self._deadlines.ran_out("intake", fact.contact, self._at_ms)
        self._deadlines.clear("intake", fact.contact)
        self._to_line(contact)

    def _reschedule(self, fact: f.ReturnCallRescheduled) -> None:
        contact = self._pairing.contacts[fact.contact]
        contact.not_before_ms = fact.not_before_ms
        contact.since_ms = max(self._at_ms, fact.not_before_ms)
        self._to_line(contact)

    def _end(self, fact: f.ContactEnded) -> None:
        contact = self._pairing.contacts.pop(fact.contact, None)
        self._expect(contact is not None, 1, "{} ended twice, or never entered", fact.contact)
        if contact is None:
            return
        self._ended[fact.contact] = fact.outcome
        self.outcomes[fact.outcome] += 1
        self._expect(
            may_end(contact, fact.outcome),
            1,
            "{} ends {} while {}",
            fact.contact,
            fact.outcome,
            contact.state,
        )
        for kind in ("asked", "intake"):
            self._deadlines.clear(kind, fact.contact)
        self._changes(contact, ContactState.ENDED)

    # --- offers and assignments ---------------------------------------------------------------------

    def _offer(self, fact: f.OfferMade) -> None:
        contact, agent = self._pairing.contacts.get(fact.contact), self._pairing.agents[fact.agent]
        self._expect(fact.offer == self._offer_last + 1, 2, "offer {} after {}", fact.offer, self._offer_last)
        self._offer_last = fact.offer
        if contact is None:
            self._expect(False, 2, "offer {} of {}, which is not here", fact.offer, fact.contact)
            return
        if fact.decision.trigger not in BY_HAND:
            self._is_lawful(fact, contact, agent)
        agent.hands[fact.offer] = fact.channel
        held = list(agent.hands.values()).count(fact.channel)
        is_within = held <= agent.rules.capacity.get(fact.channel, 0)
        self._expect(is_within, 3, "{} holds {} of {}", fact.agent, held, fact.channel)
        contact.open.add(fact.offer)
        self._offers[fact.offer] = SeenOffer(contact, agent)
        self._deadlines.set("offer", fact.offer, fact.deadline_ms)
        self._changes(contact, ContactState.OFFERED)
        self._pairing.agent_changed(agent)

    def _is_lawful(self, fact: f.OfferMade, contact: SeenContact, agent: SeenAgent) -> None:
        """The agent may take it and suits it (3), and nobody with a better place is passed over (6, 7)."""
        rings_all = contact.queue.rules.strategy is Strategy.RING_ALL and contact.origin is Origin.INBOUND
        is_more = rings_all and contact.state is ContactState.OFFERED
        if not is_more:
            waits = is_in_line(contact, self._at_ms)
            self.assigned_twice += not waits and contact.state is not ContactState.WAITING
            self._expect(waits, 2, "offer {} of {}, which is {}", fact.offer, fact.contact, contact.state)
        self._expect(agent.may_take(), 3, "{} was offered {} while not ready", fact.agent, fact.contact)
        fits = suits(
            contact,
            agent,
            self._pairing.neighbours,
            self._pairing.borrowed,
            self._pairing.spilled,
            self._at_ms,
        )
        self._expect(fits, 3, "{} does not suit {}", fact.agent, fact.contact)
        if fact.decision.sticky:
            self._expect(
                contact.owner == fact.agent, 6, "{} is not the owner of {}", fact.agent, fact.contact
            )
        by_agent = fact.decision.trigger == "agent_free"
        alone = contact.alone_until_ms > self._at_ms and contact.owner == fact.agent
        if by_agent:
            own = self._pairing.own(agent, self._at_ms)
            first = own[0].id if own else contact.id
            self._expect(
                first == contact.id,
                6,
                "{} serves {} before {}, who waits alone",
                fact.agent,
                contact.id,
                first,
            )
        if not (alone or fact.decision.sticky or is_more):
            other = self._pairing.earlier(contact, agent, self._at_ms, by_agent)
            if other is not None:
                number = 6 if other.head_start_ms == contact.head_start_ms else 7
                self._expect(False, number, "{} serves {} before {}", fact.agent, contact.id, other.id)

    def _customer_answered(self, fact: f.CustomerAnswered) -> None:
        self._deadlines.set("offer", fact.offer, fact.deadline_ms)

    def _taken(self, fact: f.OfferTaken) -> None:
        offer = self._offers[fact.offer]
        self._expect(offer.state is OfferState.OPEN, 2, "offer {} taken while {}", fact.offer, offer.state)
        offer.state = OfferState.ACCEPTED
        self._deadlines.set("offer", fact.offer, fact.deadline_ms)
        contact = offer.contact
        contact.open.discard(fact.offer)
        contact.held.add(fact.offer)
        self._deadlines.clear("asked", contact.id)  # whoever is answered is asked no more
        self._changes(contact, ContactState.ASSIGNED)

    def _offer_ended(self, fact: f.OfferEnded) -> None:
        offer = self._offers.pop(fact.offer, None)
        self._expect(offer is not None, 2, "offer {} ended twice, or never was", fact.offer)
        if offer is None:
            return
        if fact.outcome is OfferState.NO_ANSWER and not isinstance(self._event, e.OfferFailed):
            self._deadlines.ran_out("offer", fact.offer, self._at_ms)
        self._deadlines.clear("offer", fact.offer)
        offer.agent.hands.pop(fact.offer)
        contact = offer.contact
        contact.open.discard(fact.offer)
        contact.held.discard(fact.offer)
        if fact.outcome not in (OfferState.WITHDRAWN, OfferState.LOST_RACE):
            self._remember(contact, offer.agent, fact.outcome)
        self._changes(contact)
        self._pairing.agent_changed(offer.agent)

    def _remember(self, contact: SeenContact, agent: SeenAgent, outcome: OfferState | None = None) -> None:
        """Agent and contact did not come together: the agent is passed over for this contact for a while."""
        rules = contact.queue.rules
        own_ms, name = rules.delays.of(outcome or OfferState.OPEN), agent.rules.agent
        until_ms = self._at_ms + (rules.refusal_memory_ms if own_ms is None else own_ms)
        contact.refused_until[name] = max(contact.refused_until.get(name, 0), until_ms)

    def _connected(self, fact: f.AssignmentConnected) -> None:
        offer = self._offers[fact.offer]
        self._expect(
            offer.state is OfferState.ACCEPTED, 2, "offer {} talks while {}", fact.offer, offer.state
        )
        first = not offer.contact.has_talked
        self._expect(fact.is_first is first, 1, "{} is answered once, not at {}", fact.contact, fact.offer)
        offer.is_talking = offer.has_talked = offer.contact.has_talked = True
        self._deadlines.clear("offer", fact.offer)
        self._touched[fact.contact] = offer.contact

    def _transferred(self, fact: f.TransferMade) -> None:
        offer = self._offers[fact.offer]
        if fact.to_number:
            offer.contact.leaves_house = True
        else:
            self._remember(offer.contact, offer.agent)

    def _transfer_failed(self, fact: f.TransferFailed) -> None:
        self._offers[fact.offer].contact.leaves_house = False

    def _talk_ended(self, fact: f.TalkEnded) -> None:
        offer = self._offers[fact.offer]
        self._expect(offer.is_talking, 2, "the talk of {} ends, and there was none", fact.offer)
        offer.is_talking = False
        self._end_consult(offer)

    def _wrap_up(self, fact: f.WrapUpStarted) -> None:
        offer = self._offers[fact.offer]
        offer.is_wrapping = True
        offer.contact.held.discard(fact.offer)
        self._touched[offer.contact.id] = offer.contact
        self._deadlines.set("offer", fact.offer, fact.deadline_ms)
        offer.agent.hands.pop(fact.offer, None)
        if fact.blocks:
            offer.agent.wrapping.add(fact.offer)
        self._pairing.agent_changed(offer.agent)

    def _wrap_up_more(self, fact: f.WrapUpExtended) -> None:
        if self._offers[fact.offer].is_wrapping:
            self._deadlines.set("offer", fact.offer, fact.deadline_ms)

    def _consult(self, fact: f.ConsultStarted) -> None:
        if fact.to_agent is not None:
            agent = self._pairing.agents[fact.to_agent]
            self._offers[fact.offer].consulted, agent.consulting = agent, fact.offer
            self._pairing.agent_changed(agent)

    def _consult_over(self, fact: f.ConsultOver) -> None:
        if fact.why != "conference":
            self._end_consult(self._offers[fact.offer])

    def _gone(self, fact: f.ParticipantGone) -> None:
        self._end_consult(self._offers[fact.offer])

    def _end_consult(self, offer: SeenOffer) -> None:
        if offer.consulted is not None:
            offer.consulted.consulting = None
            self._pairing.agent_changed(offer.consulted)
            offer.consulted = None

    def _done(self, fact: f.AssignmentDone) -> None:
        offer = self._offers.pop(fact.offer, None)
        self._expect(offer is not None, 2, "assignment {} is done twice, or never was", fact.offer)
        if offer is None:
            return
        self._expect(not offer.is_talking, 2, "assignment {} is done while talking", fact.offer)
        if offer.is_wrapping and fact.is_default and isinstance(self._event, e.TimePassed):
            self._deadlines.ran_out("offer", fact.offer, self._at_ms)
        self._deadlines.clear("offer", fact.offer)
        self._end_consult(offer)
        contact, agent = offer.contact, offer.agent
        agent.hands.pop(fact.offer, None)
        agent.wrapping.discard(fact.offer)
        contact.held.discard(fact.offer)
        if not offer.has_talked and contact.state is ContactState.ASSIGNED:
            self._remember(contact, agent)
        self._changes(contact)
        self._pairing.agent_changed(agent)
