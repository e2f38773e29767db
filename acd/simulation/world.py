"""The outside of the engine in virtual time: customers, agents, their telephones, and the faults between.

The world answers commands and watches facts as a switch and people would, and gives events back at the
moments they happen. It decides nothing for the engine and never reads it. The same world drives whole days
in virtual time (`day`) and, paced by a real clock, the simulated telephony adapter.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable
from typing import Any

import msgspec

from acd.routing import events as e
from acd.routing.model import (
    AgentId,
    ContactId,
    EntryId,
    Identity,
    Link,
    OfferId,
    Presence,
    QueueId,
    Rules,
    TicketId,
)
from acd.routing.outputs import commands as c
from acd.routing.outputs import facts as f
from acd.simulation.population import AgentProfile, Chance, CustomerProfile, name_of, next_arrival_ms
from acd.simulation.recorded import RecordedDay, Visit

ADAPTER = "simulated"
RECONCILE_MS = 30_000
ARRIVED_AGAIN_MS = 900_000
"""Within this time a switch may tell of an arrival once more, whether the contact is over or not."""
FOREVER_MS = 1 << 40
LINKS = (Link.DESK, Link.PHONE, Link.MICROPHONE)


class Faults(msgspec.Struct, frozen=True):
    """Shares, per mille, of messages from the outside that go wrong."""

    late: int = 0
    """Up to five seconds."""
    twice: int = 0
    """Said again within two seconds; arrivals within a quarter of an hour."""
    lost: int = 0
    crossed: int = 0
    """Overtaken by what was said up to 200 ms later."""
    again: int = 0
    """Said again at once: the day checks that nothing changes."""
    silent: int = 0
    """Bridges of which the switch never tells how they went."""
    back: int = 0
    """Handed in under a clock that was set back."""


NO_FAULTS = Faults()
MAY_BE_LOST = (
    e.CustomerLeft, e.CustomerChose, e.OfferAccepted, e.OfferDeclined, e.AgentLegEnded, e.WrapUpFinished,
    e.HoldChosen, e.IntakeProgressed,
)  # fmt: skip


class _Customer(msgspec.Struct):
    """A customer's leg as the switch has it. `generation` makes earlier plans void."""

    number: Identity
    is_here: bool = True
    leaves_ms: int = 0
    is_talking: bool = False
    talk_ms: int = 0
    """How long it talks; 0: as long as customers do."""


class World:
    """People and telephones around one zone, from a seed."""

    def __init__(
        self,
        rules: Rules,
        seed: str,
        start_ms: int,
        customers: CustomerProfile = CustomerProfile(),
        agents: AgentProfile = AgentProfile(),
        faults: Faults = NO_FAULTS,
        staff: Collection[AgentId] | None = None,
        prefix: str = "sim",
        crowd: int = 0,
        recorded: RecordedDay | None = None,
    ) -> None:
        """`staff` are the agents that the world plays; the others are real people. None plays all.

        Contacts are called `prefix` and a number: two runs on one journal need two prefixes. `crowd` customers
        come in the first ten seconds, so that the centre is at work from the start.
        `recorded` brings its own customers, shifts and breaks.
        """
        self._prefix = prefix
        self._rules = rules
        everybody = (agent.agent for agent in rules.agents)
        self._staff = [agent for agent in everybody if staff is None or agent in staff]
        self._played = frozenset(self._staff)
        self._customers, self._agents, self._faults = customers, agents, faults
        self._arrivals, self._people, self._mischief = (
            Chance(f"{seed}/{stream}") for stream in ("in", "do", "wrong")
        )
        self._heap: list[tuple[int, int, Callable[[int], Iterable[e.AnyEvent]]]] = []
        self._count = 0
        self._contacts = 0
        self._numbers: list[Identity] = []
        self._here: dict[ContactId, _Customer] = {}
        self._done: set[str] = set()
        self._queue_of: dict[OfferId, QueueId] = {}
        self._asked_outside: set[ContactId] = set()
        self._in: set[AgentId] = set()
        self.faults = 0
        self.arrived = 0
        self._answer: dict[type[c.Command], Callable[[Any, int], None]] = {
            c.TurnAway: self._gone, c.EndContact: self._gone, c.TellTicket: self._told, c.PlayTreatment: self._treated,
            c.StartIntake: self._intake, c.PresentOffer: self._ring, c.ConnectContact: self._connect,
            c.DialCustomer: self._dial, c.OpenTicket: self._open_ticket, c.CloseTicket: self._close_ticket,
            c.TransferOut: self._transfer_out, c.StartConsult: self._consult, c.EndConsult: self._consult_over,
        }  # fmt: skip
        self._watch: dict[type[f.Fact], Callable[[Any, int], None]] = {
            f.AssignmentConnected: self._talk, f.WrapUpStarted: self._wrap_up, f.PresenceSet: self._rest,
            f.ContactEnded: self._over, f.OfferMade: self._offered, f.OfferEnded: self._offer_over,
            f.AssignmentDone: self._offer_over,
        }  # fmt: skip
        if recorded is None:
            self._open(start_ms, crowd)
        else:
            self._open_again(start_ms, recorded)

    def next_ms(self) -> int | None:
        """Return when something happens next, or None if nothing ever does."""
        return self._heap[0][0] if self._heap else None

    def due(self, now_ms: int) -> list[e.AnyEvent]:
        """Return what has happened by now, in order; call again until it is empty and time moves on."""
        happened: list[e.AnyEvent] = []
        while self._heap and self._heap[0][0] <= now_ms:
            at_ms, _, happen = heapq.heappop(self._heap)
            happened.extend(happen(at_ms))
        return happened

    def execute(self, command: c.Command, now_ms: int) -> None:
        """Carry out an order as the switch would; a key done before is done already."""
        answer = self._answer.get(type(command))
        if answer is not None and command.key not in self._done:
            self._done.add(command.key)
            answer(command, now_ms)

    def observe(self, facts: Iterable[f.Fact], now_ms: int) -> None:
        """Let people see what has become true (an offer on the desk, a talk, a rest)."""
        for fact in facts:
            watch = self._watch.get(type(fact))
            if watch is not None:
                watch(fact, now_ms)

    def links_again(self) -> list[e.AnyEvent]:
        """Return that desks and phones are back after a new node took the zone."""
        back: list[e.AnyEvent] = []
        for agent in self._staff:
            back.extend(e.LinkChanged(agent, link, True, f"sim-{agent}") for link in LINKS)
        return back

    def call(self, now_ms: int, entry: EntryId | None = None) -> ContactId:
        """Let one more customer come, beside those of the seed; who goes and talks is the caller's to say."""
        self._contacts += 1
        contact = ContactId(f"{self._prefix}-{self._contacts}")
        known = next((rules for rules in self._rules.entries if entry in (None, rules.entry)), None)
        if known is None:
            raise ValueError(f"no entry {entry!r}")
        number = self._number()
        self._here[contact] = _Customer(number, leaves_ms=now_ms + FOREVER_MS)
        self.arrived += 1
        arrived = e.ContactArrived(
            contact, ADAPTER, known.channel, known.entry,
            identities=(number,), display=name_of(number), links=(Link.DESK,),
        )  # fmt: skip
        self._send(now_ms, arrived)
        return contact

    def hang_up(self, contact: ContactId, now_ms: int) -> None:
        """Let a customer go now."""
        self._hang_up(contact, now_ms)

    def say(self, now_ms: int, *what: e.AnyEvent) -> None:
        """Let something else happen at the switch; it comes over the same line, with its faults."""
        self._send(now_ms, *what)

    def gone(self) -> tuple[ContactId, ...]:
        """Return the customers whose leg is over although the house has not said that it knows."""
        return tuple(contact for contact, customer in self._here.items() if not customer.is_here)

    def close_doors(self) -> None:
        """Let nobody new come; those here go on to their end."""
        self._customers = msgspec.structs.replace(self._customers, per_hour=0)

    # --- plans --------------------------------------------------------------------------------------

    def _plan(self, at_ms: int, happen: Callable[[int], Iterable[e.AnyEvent]]) -> None:
        self._count += 1
        heapq.heappush(self._heap, (at_ms, self._count, happen))

    def _send(self, at_ms: int, *what: e.AnyEvent) -> None:
        """Plan that these events reach the engine, through the faults of the line."""
        for event in what:
            if self._mischief.share(self._faults.lost) and isinstance(event, MAY_BE_LOST):
                self.faults += 1
                continue
            if self._mischief.share(self._faults.late):
                self.faults += 1
                at_ms += self._mischief.below(5_000)
            elif self._mischief.share(self._faults.crossed):
                self.faults += 1
                at_ms += self._mischief.below(200)
            self._plan(at_ms, lambda _, event=event: (event,))  # type: ignore[misc]
            if self._mischief.share(self._faults.twice):
                self.faults += 1
                again_ms = ARRIVED_AGAIN_MS if isinstance(event, e.ContactArrived) else 2_000
                self._plan(at_ms + self._mischief.below(again_ms), lambda _, event=event: (event,))  # type: ignore[misc]

    def _open(self, start_ms: int, crowd: int) -> None:
        for number, agent in enumerate(self._staff):
            at_ms = start_ms + 10 * number
            self._plan(at_ms, lambda now, agent=agent: self._sign_in(agent, now))  # type: ignore[misc]
            if self._agents.drops_every_ms:
                self._plan(self._next_drop(at_ms), lambda now, agent=agent: self._drop(agent, now))  # type: ignore[misc]
        self._plan(start_ms + 1_000, self._arrive)
        for _ in range(crowd):
            self._plan(start_ms + 1_000 + self._arrivals.below(9_000), self._come)
        self._plan(start_ms + RECONCILE_MS, self._reconcile)

    def _open_again(self, start_ms: int, recorded: RecordedDay) -> None:
        """Plan a day that was: its customers, and who signed in, took a break and went home when."""
        for visit in recorded.visits:
            self._plan(visit.at_ms, lambda now, visit=visit: self._come_again(visit, now))  # type: ignore[misc]
        for at_ms, agent, presence, reason in recorded.moves:
            if agent in self._played:
                moved = (agent, presence, reason)
                self._plan(at_ms, lambda _, moved=moved: self._move(*moved))  # type: ignore[misc]
        self._plan(start_ms + RECONCILE_MS, self._reconcile)

    def _move(self, agent: AgentId, presence: Presence, reason: str) -> Iterable[e.AnyEvent]:
        session = f"sim-{agent}"
        if agent not in self._in:
            self._in.add(agent)
            yield e.AgentSignedIn(agent, session, presence, reason)
            for link in LINKS:
                yield e.LinkChanged(agent, link, True, session)
        elif presence is Presence.SIGNED_OUT:
            self._in.discard(agent)
            yield e.AgentSignedOut(agent)
        else:
            yield e.PresenceChosen(agent, presence, reason)

    def _come_again(self, visit: Visit, now_ms: int) -> Iterable[e.AnyEvent]:
        """Somebody who came that day comes at the same moment, and gives up when they did or would have."""
        patience_ms = visit.gave_up_ms or visit.waited_ms + self._people.around(self._customers.patience_ms)
        self._contacts += 1
        self.arrived += 1
        contact = ContactId(f"{self._prefix}-{self._contacts}")
        number = next(iter(visit.arrived.identities), Identity(f"tel:{self._contacts}"))
        self._here[contact] = _Customer(number, leaves_ms=now_ms + patience_ms, talk_ms=visit.talk_ms)
        self._plan(now_ms + patience_ms, lambda now: self._lose_patience(contact, now))
        self._send(
            now_ms,
            msgspec.structs.replace(
                visit.arrived, contact=contact, adapter=ADAPTER, links=(Link.DESK,), return_adapter=""
            ),
        )
        return ()

    def _sign_in(self, agent: AgentId, now_ms: int) -> Iterable[e.AnyEvent]:
        session = f"sim-{agent}"
        self._plan(
            now_ms + self._people.around(self._agents.break_every_ms), lambda now: self._pause(agent, now)
        )
        yield e.AgentSignedIn(agent, session, Presence.READY, "")
        for link in LINKS:
            yield e.LinkChanged(agent, link, True, session)

    def _pause(self, agent: AgentId, now_ms: int) -> Iterable[e.AnyEvent]:
        self._plan(
            now_ms + self._people.around(self._agents.break_every_ms), lambda now: self._pause(agent, now)
        )
        back = now_ms + self._people.around(self._agents.rest_ms)
        self._plan(back, lambda _: (e.PresenceChosen(agent, Presence.READY),))
        yield e.PresenceChosen(agent, Presence.NOT_READY, "break")

    def _next_drop(self, now_ms: int) -> int:
        return now_ms + self._mischief.around(self._agents.drops_every_ms)

    def _drop(self, agent: AgentId, now_ms: int) -> Iterable[e.AnyEvent]:
        """The desk's connection goes, and comes back after seconds or a minute."""
        back_ms = now_ms + self._mischief.around(self._agents.drop_ms)
        self._plan(back_ms, lambda _: (e.LinkChanged(agent, Link.DESK, True, f"sim-{agent}"),))
        self._plan(self._next_drop(back_ms), lambda now: self._drop(agent, now))
        yield e.LinkChanged(agent, Link.DESK, False, f"sim-{agent}")

    def _arrive(self, now_ms: int) -> Iterable[e.AnyEvent]:
        profile = self._customers
        if profile.per_hour <= 0:
            return ()
        self._plan(next_arrival_ms(self._arrivals, profile, now_ms), self._arrive)
        return self._come(now_ms)

    def _come(self, now_ms: int) -> Iterable[e.AnyEvent]:
        profile = self._customers
        self._contacts += 1
        contact = ContactId(f"{self._prefix}-{self._contacts}")
        entry = self._arrivals.pick(self._rules.entries)
        number = self._number()
        customer = self._here[contact] = _Customer(
            number, leaves_ms=now_ms + self._people.around(profile.patience_ms)
        )
        self.arrived += 1
        self._plan(customer.leaves_ms, lambda now: self._lose_patience(contact, now))
        region = self._arrivals.pick(self._rules.regions).region if self._rules.regions else None
        self._send(
            now_ms,
            e.ContactArrived(
                contact,
                ADAPTER,
                entry.channel,
                entry.entry,
                identities=(number,),
                display=name_of(number),
                region=region,
                links=(Link.DESK,),
            ),
        )
        return ()

    def _number(self) -> Identity:
        if self._numbers and self._arrivals.share(self._customers.known):
            return self._arrivals.pick(self._numbers)
        self._numbers.append(Identity(f"tel:+86138{10_000_000 + len(self._numbers)}"))
        return self._numbers[-1]

    def _lose_patience(self, contact: ContactId, now_ms: int) -> Iterable[e.AnyEvent]:
        customer = self._here.get(contact)
        if (
            customer is not None
            and customer.is_here
            and not customer.is_talking
            and now_ms >= customer.leaves_ms
        ):
            customer.is_here = False
            self._send(now_ms, e.CustomerLeft(contact))
        return ()

    def _reconcile(self, now_ms: int) -> Iterable[e.AnyEvent]:
        """Tell which legs are gone, as an adapter does every half minute: what was lost on the line is made good."""
        self._plan(now_ms + RECONCILE_MS, self._reconcile)
        gone = self.gone()
        return (e.LegsCompared(ADAPTER, gone),) if gone else ()

    # --- answers to commands ------------------------------------------------------------------------

    def _gone(self, command: c.TurnAway | c.EndContact, now_ms: int) -> None:
        self._here.pop(command.contact, None)

    def _told(self, command: c.TellTicket, now_ms: int) -> None:
        self._leave(command.contact, now_ms + 4_000)

    def _leave(self, contact: ContactId, at_ms: int) -> None:
        customer = self._here.get(contact)
        if customer is not None and customer.is_here:
            customer.leaves_ms = at_ms
            customer.is_talking = False
            self._plan(at_ms, lambda now: self._lose_patience(contact, now))

    def _treated(self, command: c.PlayTreatment, now_ms: int) -> None:
        if command.kind != "overflow_offer" or self._people.share(self._customers.says_nothing):
            return
        choice = "accept" if self._people.share(self._customers.accepts_overflow) else "decline"
        self._send(now_ms + self._people.around(4_000), e.CustomerChose(command.contact, choice))

    def _intake(self, command: c.StartIntake, now_ms: int) -> None:
        contact = command.contact
        customer = self._here.get(contact)
        if customer is None or not customer.is_here:
            return
        customer.leaves_ms = now_ms + 120_000
        # The bot may give up first: whoever is back in the line then waits no longer than this.
        self._plan(customer.leaves_ms, lambda now: self._lose_patience(contact, now))
        spoken = now_ms + self._people.around(10_000)
        if self._people.share(self._customers.gives_up_intake):
            self._send(spoken, e.IntakeGaveUp(contact, "asked_for_person"))
            self._leave(contact, spoken + self._people.around(self._customers.patience_ms))
            return
        self._send(spoken, e.IntakeProgressed(contact, category="product", words="it does not work"))
        self._send(spoken + 3_000, e.IntakeFinished(contact))

    def _ring(self, command: c.PresentOffer, now_ms: int) -> None:
        if command.agent not in self._played or self._people.share(self._agents.misses):
            return
        at_ms = now_ms + self._people.around(self._agents.reaction_ms)
        if self._people.share(self._agents.declines):
            self._send(at_ms, e.OfferDeclined(command.offer, "busy_elsewhere", None))
        else:
            self._send(at_ms, e.OfferAccepted(command.offer))

    def _connect(self, command: c.ConnectContact, now_ms: int) -> None:
        customer = self._here.get(command.contact)
        if customer is None or not customer.is_here:
            self._send(now_ms + 20, e.ConnectFailed(command.offer, "customer_gone"))
            return
        if self._mischief.share(self._faults.silent):
            self.faults += 1
            return
        self._send(now_ms + 20, e.ContactConnected(command.offer))

    def _dial(self, command: c.DialCustomer, now_ms: int) -> None:
        at_ms = now_ms + self._people.around(5_000)
        if self._people.share(self._customers.dialled_busy):
            self._send(at_ms, e.DialFailed(command.offer, "busy"))
            return
        self._here.setdefault(command.contact, _Customer(Identity(f"tel:{command.number}"), leaves_ms=at_ms))
        self._send(at_ms, e.ContactConnected(command.offer))

    def _open_ticket(self, command: c.OpenTicket, now_ms: int) -> None:
        self._send(now_ms + 30, e.TicketOpened(command.contact, TicketId(f"T-{command.contact}")))

    def _close_ticket(self, command: c.CloseTicket, now_ms: int) -> None:
        self._send(now_ms + 30, e.TicketClosed(command.ticket))

    def _transfer_out(self, command: c.TransferOut, now_ms: int) -> None:
        self._outside(command.contact, now_ms + self._people.around(self._agents.consulted_ms))

    def _outside(self, contact: ContactId, at_ms: int) -> None:
        """A number outside takes the customer over: from then on they are none of ours."""
        customer = self._here.get(contact)
        if customer is not None and customer.is_here:
            customer.is_here = False
            self._send(at_ms, e.CustomerLeft(contact, "transferred"))

    def _consult(self, command: c.StartConsult, now_ms: int) -> None:
        if command.to_number:
            self._asked_outside.add(command.contact)
        at_ms = now_ms + self._people.around(self._agents.consulted_ms)
        self._send(at_ms, e.ConsultConnected(command.offer))

    def _consult_over(self, command: c.EndConsult, now_ms: int) -> None:
        if command.contact in self._asked_outside:
            self._asked_outside.discard(command.contact)
            if command.how == "transfer":
                self._outside(command.contact, now_ms)

    # --- people who see what has become true --------------------------------------------------------

    def _talk(self, fact: f.AssignmentConnected, now_ms: int) -> None:
        customer = self._here.get(fact.contact)
        if customer is None:
            return
        customer.is_talking = True
        end = now_ms + (customer.talk_ms or self._people.around(self._customers.talk_ms))
        if self._people.share(self._agents.holds):
            self._send(now_ms + (end - now_ms) // 3, e.HoldChosen(fact.offer, True))
            self._send(now_ms + (end - now_ms) // 2, e.HoldChosen(fact.offer, False))
        if self._people.share(self._agents.transfers):
            queue = self._people.pick(self._rules.queues).queue
            self._send(end, e.TransferAsked(fact.offer, to_queue=queue))
            customer.leaves_ms = end + self._people.around(self._customers.patience_ms)
            self._plan(end, lambda _: self._talk_stops(fact.contact))
            self._plan(customer.leaves_ms, lambda now: self._lose_patience(fact.contact, now))
        elif self._people.share(self._customers.hangs_up_first):
            self._leave(fact.contact, end)
            customer.is_talking = True
            self._plan(end, lambda now: self._hang_up(fact.contact, now))
        else:
            self._send(end, e.AgentLegEnded(fact.offer))
            self._plan(end + 60_000, lambda now: self._hang_up(fact.contact, now))

    def _talk_stops(self, contact: ContactId) -> Iterable[e.AnyEvent]:
        customer = self._here.get(contact)
        if customer is not None:
            customer.is_talking = False
        return ()

    def _hang_up(self, contact: ContactId, now_ms: int) -> Iterable[e.AnyEvent]:
        customer = self._here.get(contact)
        if customer is not None and customer.is_here:
            customer.is_here = False
            self._send(now_ms, e.CustomerLeft(contact))
        return ()

    def _wrap_up(self, fact: f.WrapUpStarted, now_ms: int) -> None:
        if fact.agent not in self._played or fact.offer not in self._queue_of:
            return  # not ours, or left over from an earlier run: its deadline ends it
        at_ms = now_ms + self._people.around(self._agents.wrap_up_ms)
        self._send(at_ms, e.WrapUpFinished(fact.offer, self._disposition(fact.offer)))

    def _offered(self, fact: f.OfferMade, now_ms: int) -> None:
        self._queue_of[fact.offer] = fact.queue

    def _offer_over(self, fact: f.OfferEnded | f.AssignmentDone, now_ms: int) -> None:
        self._queue_of.pop(fact.offer, None)

    def _disposition(self, offer: OfferId) -> str:
        queue = self._queue_of.get(offer)
        known = next((rules.dispositions for rules in self._rules.queues if rules.queue == queue), ())
        return self._people.pick(known).path if known else ""

    def _rest(self, fact: f.PresenceSet, now_ms: int) -> None:
        if fact.is_system and fact.presence is Presence.NOT_READY and fact.agent in self._played:
            at_ms = now_ms + self._people.around(self._agents.rest_ms)
            self._plan(at_ms, lambda _: (e.PresenceChosen(fact.agent, Presence.READY),))

    def _over(self, fact: f.ContactEnded, now_ms: int) -> None:
        self._here.pop(fact.contact, None)
        self._asked_outside.discard(fact.contact)
