"""Random rules and random events, by seed: likely ones mostly, senseless ones among them."""

from __future__ import annotations

from random import Random
from typing import Any

from acd.routing import events as e
from acd.routing.engine import Engine
from acd.routing.model import (
    AgentId,
    AgentRules,
    AssignmentState,
    Blend,
    Channel,
    ContactId,
    ContactState,
    Disposition,
    EntryId,
    EntryRules,
    GroupId,
    HoursId,
    Identity,
    LegId,
    Link,
    MonitorMode,
    Needs,
    OfferId,
    OfferState,
    OverflowAction,
    OverflowRule,
    PersonId,
    Presence,
    QueueId,
    QueueRules,
    QueueServed,
    Reach,
    RegionId,
    RegionRules,
    RepeatPolicy,
    Reserve,
    ReturnCallPolicy,
    Rules,
    SkillId,
    SkillNeed,
    Spill,
    Step,
    Strategy,
    TicketId,
    WrapUp,
    WrapUpMode,
)

SKILLS = [SkillId(name) for name in ("de", "en", "zh", "bill", "tech")]
REGIONS = [RegionId(name) for name in ("north", "south", "west")]
HOUR = HoursId("office")


class Stream:
    """Draws events that suit, mostly, what an engine has told so far."""

    def __init__(
        self, seed: int, agents: int = 6, strategies: tuple[Strategy, ...] = tuple(Strategy)
    ) -> None:
        self.random = Random(seed)
        self.strategies = strategies
        self.agents = [AgentId(f"a{number}") for number in range(agents)]
        self.count = 0
        self.epoch = 0
        self.version = 0
        self.engine = Engine()

    # --- rules ----------------------------------------------------------------------------------------

    def rules(self) -> Rules:
        """Rules of three queues, five skills, three regions."""
        r = self.random
        self.version += 1
        queues = tuple(self._queue(QueueId(name)) for name in ("q0", "q1", "q2"))
        return Rules(
            self.version,
            queues,
            tuple(
                EntryRules(
                    EntryId(f"e{number}"),
                    QueueId(f"q{number % 3}"),
                    region=r.choice([None, *REGIONS]),
                    needs=self.needs(),
                    head_start_ms=r.choice([0, 0, 20_000]),
                )
                for number in range(5)
            ),
            (
                RegionRules(REGIONS[0], neighbours=(REGIONS[1],)),
                RegionRules(REGIONS[1], neighbours=(REGIONS[0], REGIONS[2])),
                RegionRules(REGIONS[2], neighbours=(REGIONS[1],)),
            ),
            tuple(self._agent(agent) for agent in self.agents if r.random() < 0.95),
            repeat_window_ms=r.choice([600_000, 60_000]),
            repeat_visits_kept=2,
            contacts_max=r.choice([40, 200]),
            identities_max=r.choice([3, 1000]),
        )

    def _queue(self, queue: QueueId) -> QueueRules:
        r = self.random
        steps = [Step(0, r.choice(list(Reach)), r.choice([0, 0, 1]))]
        for number in range(r.choice([0, 1, 2])):
            steps.append(
                Step(
                    20_000 * (number + 1),
                    r.choice(list(Reach)),
                    r.choice([0, 1, 2]),
                    tuple(r.sample(SKILLS, 2)),
                )
            )
        return QueueRules(
            queue,
            strategy=r.choice(self.strategies),
            needs=self.needs() if r.random() < 0.3 else Needs(),
            steps=tuple(steps),
            fence=r.random() < 0.1,
            reserves=(Reserve(GroupId("g"), 20_000, 5_000),) if r.random() < 0.4 else (),
            spill=r.choice([None, None, Spill(Reach.ALL, 100, 50), Spill(Reach.NEIGHBOURS, 60, 30)]),
            rona_rest=r.random() < 0.7,
            refusal_memory_ms=r.choice([0, 10_000, 60_000]),
            wrap_up=WrapUp(r.choice(list(WrapUpMode)), r.choice([0, 10_000])),
            dispositions=(Disposition("ok", solves=True), Disposition("no")) if r.random() < 0.7 else (),
            head_start_ms=r.choice([0, 10_000]),
            sticky_patience_ms=r.choice([0, 0, 15_000]),
            repeat=RepeatPolicy(r.choice([0, 30_000]), r.choice([0, 10_000]), r.random() < 0.2),
            overflow=self._overflows(queue),
            return_calls=ReturnCallPolicy(r.random() < 0.3, 2, 30_000),
            length_max=r.choice([5, 1000]),
            hours=HOUR if r.random() < 0.3 else None,
            announce_ms=r.choice([0, 15_000]),
        )

    def _overflows(self, queue: QueueId) -> tuple[OverflowRule, ...]:
        r = self.random
        others = [QueueId(name) for name in ("q0", "q1", "q2") if name != queue]
        return tuple(
            OverflowRule(
                f"r{number}",
                r.choice(list(OverflowAction)),
                wait_ms=r.choice([None, 10_000, 40_000]),
                estimated_wait_ms=r.choice([None, None, 30_000]),
                length=r.choice([None, None, 2]),
                nobody_staffed=r.random() < 0.2,
                closed=r.random() < 0.2,
                wish=r.random() < 0.3,
                offered=r.random() < 0.7,
                again_ms=r.choice([None, 20_000]),
                to_queue=r.choice(others),
            )
            for number in range(r.choice([0, 0, 1, 2]))
        )

    def _agent(self, agent: AgentId) -> AgentRules:
        r = self.random
        return AgentRules(
            agent,
            region=r.choice([*REGIONS, RegionId("")]),
            skills={skill: r.randint(1, 5) for skill in r.sample(SKILLS, r.randint(0, 5))},
            queues=tuple(
                QueueServed(QueueId(f"q{number}"), r.choice([0, 0, 15_000]))
                for number in range(3)
                if r.random() < 0.7
            ),
            capacity={Channel.VOICE: r.choice([0, 1, 1]), Channel.CHAT: r.choice([0, 2, 3])},
            blends=r.choice(
                [
                    (),
                    (Blend(Channel.CHAT, (Channel.CHAT,)),),
                    (
                        Blend(Channel.CHAT, (Channel.CHAT, Channel.VOICE)),
                        Blend(Channel.VOICE, (Channel.CHAT,)),
                    ),
                ]
            ),
            groups=(GroupId("g"),) if r.random() < 0.4 else (),
            weight=r.randint(1, 3),
        )

    def needs(self) -> Needs:
        """Up to two alternatives of up to two skills, perhaps a preferred one."""
        r = self.random
        required = tuple(
            tuple(SkillNeed(skill, r.randint(1, 4)) for skill in r.sample(SKILLS, r.randint(1, 2)))
            for _ in range(r.choice([0, 1, 1, 2]))
        )
        preferred = (SkillNeed(r.choice(SKILLS), r.randint(1, 3)),) if r.random() < 0.3 else ()
        return Needs(required, preferred)

    # --- events ---------------------------------------------------------------------------------------

    def start(self) -> list[Any]:
        """Rules, hours, and some who sign in."""
        first: list[Any] = [e.RulesLoaded(self.rules())]
        for agent in self.agents:
            if self.random.random() < 0.7:
                first.append(e.AgentSignedIn(agent, f"s-{agent}", Presence.READY))
            for link in Link:
                if self.random.random() < 0.8:
                    first.append(e.LinkChanged(agent, link, True, f"s-{agent}"))
        return first

    def draw(self) -> Any:
        """One event."""
        r = self.random
        weights = {
            self.arrival: 24,
            self.progress: 40,
            self.agent_act: 16,
            self.talk_act: 10,
            self.customer_act: 10,
            self.supervisor_act: 5,
            self.world: 3,
        }
        return r.choices(list(weights), list(weights.values()))[0]()

    def arrival(self) -> Any:
        """Somebody new, or the same again."""
        r = self.random
        if r.random() < 0.06:
            return e.ReturnCallAsked(
                self.contact(new=r.random() < 0.9), r.choice([QueueId("q0"), QueueId("q9")]),
                r.choice(["", "555", "556"]), "sip", not_before_ms=r.choice([None, self.engine.state.at_ms + 30_000]),
                ticket=r.choice([None, TicketId("T7")]), owner=r.choice([None, self.agent()]),
            )  # fmt: skip
        needs = self.needs() if r.random() < 0.3 else None
        if r.random() < 0.02:
            needs = Needs(((SkillNeed(SkillId("x"), 9),),))
        return e.ContactArrived(
            self.contact(new=r.random() < 0.95),
            r.choice(["sip", "web"]),
            r.choice([Channel.VOICE, Channel.CHAT]),
            EntryId(f"e{r.randint(0, 5)}"),
            identities=tuple(
                Identity(name) for name in r.sample(["tel:1", "tel:2", "chat:3"], r.randint(0, 2))
            ),
            region=r.choice([None, None, *REGIONS, RegionId("nowhere")]),
            queue=r.choice([None, None, None, QueueId("q1"), QueueId("q9")]),
            needs=needs,
            head_start_ms=r.choice([0, 0, 5_000, 60_000, -5_000, 2**40]) if r.random() < 0.3 else 0,
            owner=self.agent() if r.random() < 0.2 else None,
            links=tuple(r.sample(list(Link), r.choice([0, 0, 1, 2]))),
            attributes={"k": "v"} if r.random() < 0.1 else {},
        )

    def progress(self) -> Any:
        """What naturally comes next for some offer or assignment."""
        r = self.random
        offers = list(self.engine.state.offers.values())
        if not offers:
            return self.arrival()
        offer = r.choice(offers)
        number = OfferId(offer.id)
        if offer.assignment is None:
            if offer.is_customer_first and not offer.reached:
                return r.choice(
                    [e.CustomerReached(number), e.DialFailed(number, "busy"), e.OfferAccepted(number)]
                )
            return r.choices(
                [e.OfferAccepted(number), e.OfferDeclined(number),
                 e.OfferFailed(number, r.choice([OfferState.BUSY, OfferState.NO_ANSWER, OfferState.UNREACHABLE]))],
                [6, 1, 1],
            )[0]  # fmt: skip
        if offer.assignment is AssignmentState.CONNECTING:
            return r.choices(
                [e.ContactConnected(number), e.ConnectFailed(number, "x"), e.DialFailed(number, "busy")],
                [6, 1, 1],
            )[0]
        if offer.assignment is AssignmentState.WRAP_UP:
            return e.WrapUpFinished(number, r.choice(["ok", "no", "", "never"]))
        return r.choice([e.AgentLegEnded(number), e.CustomerLeft(offer.contact.id), e.WrapUpAsked(number)])

    def talk_act(self) -> Any:
        """Hold, transfer, consult, monitor: of any offer."""
        r = self.random
        number = self.offer()
        return r.choice(
            [
                e.HoldChosen(number, r.random() < 0.5),
                e.TransferAsked(number, to_queue=r.choice([QueueId("q0"), QueueId("q1"), QueueId("q9")])),
                e.TransferAsked(number, to_agent=self.agent()),
                e.TransferAsked(number, to_number="999"),
                e.TransferAsked(number),
                e.ConsultAsked(number, to_agent=self.agent()),
                e.ConsultAsked(number, to_agent=self.agent()),
                e.ConsultAsked(number, to_number="888"),
                e.ConsultConnected(number),
                e.ConsultConnected(number),
                e.ConsultEnded(number, by=r.choice([None, PersonId("a1")])),
                e.ConsultCompleted(number, conference=r.random() < 0.5),
                e.ConsultCompleted(number, conference=r.random() < 0.5),
                e.ParticipantLeft(number, r.choice(["888", "a1", "a2", "boss"])),
                e.MonitorAsked(number, PersonId(r.choice(["boss", "a3"])), r.choice([None, *MonitorMode])),
                e.ConnectFailed(number, "no"),
                e.WrapUpAsked(number),
                e.DialFailed(number, "busy"),
                e.CustomerReached(number),
                e.OfferAccepted(number),
                e.AgentLegEnded(number),
                e.ContactConnected(number),
            ]
        )

    def agent_act(self) -> Any:
        """Presence, links, sign-in and -out."""
        r = self.random
        agent = self.agent()
        presence = r.choice(
            [Presence.READY, Presence.READY, Presence.READY, Presence.NOT_READY, Presence.SIGNED_OUT]
        )
        return r.choice(
            [
                e.PresenceChosen(
                    agent, presence, r.choice(["", "lunch"]), r.choice([None, PersonId("boss")])
                ),
                e.PresenceChosen(agent, Presence.READY),
                e.PresenceChosen(agent, Presence.READY),
                e.AgentSignedIn(agent, f"s{r.randint(0, 2)}", r.choice([Presence.READY, Presence.NOT_READY])),
                e.AgentSignedIn(agent, f"s{r.randint(0, 2)}", Presence.READY),
                e.AgentSignedOut(agent) if r.random() < 0.3 else e.PresenceChosen(agent, Presence.READY),
                e.LinkChanged(
                    agent, r.choice(list(Link)), r.random() < 0.7, r.choice(["", f"s-{agent}", "old"])
                ),
            ]
        )

    def customer_act(self) -> Any:
        """Leaving, choosing, talking to the bot."""
        r = self.random
        at_bot = [c for c in self.engine.state.contacts.values() if c.state is ContactState.INTAKE]
        contact = r.choice(at_bot).id if at_bot and r.random() < 0.5 else self.contact()
        return r.choice(
            [
                e.CustomerLeft(contact),
                e.CustomerChose(
                    contact, r.choice(["accept", "accept", "decline", "intake", "return_call", "dance"])
                ),
                e.CustomerChose(contact, "accept"),
                e.IntakeProgressed(contact, words="help", number=r.choice(["", "557"])),
                e.IntakeFinished(contact, r.random() < 0.8),
                e.IntakeGaveUp(contact, "person"),
                e.TicketOpened(contact, TicketId(f"T{r.randint(1, 50)}")),
                e.TicketClosed(TicketId(f"T{r.randint(1, 50)}")),
                e.AttributesChanged(
                    contact, {"a": str(r.randint(1, 3))}, (Identity(r.choice(["tel:1", "app:2"])),)
                ),
                e.LegStored(contact, LegId(f"l{r.randint(1, 3)}"), r.choice([b"", b"bytes"])),
            ]
        )

    def supervisor_act(self) -> Any:
        """Moving, boosting, giving, closing; skills by hand."""
        r = self.random
        contact, agent = self.contact(), self.agent()
        return r.choice(
            [
                e.ContactMoved(
                    contact, r.choice([QueueId("q0"), QueueId("q1"), QueueId("q9")]), PersonId("boss")
                ),
                e.HeadStartChanged(contact, r.choice([0, 30_000, 10**12])),
                e.ContactGiven(contact, agent, r.random() < 0.5, PersonId("boss")),
                e.ContactClosed(contact, "spam", PersonId("boss")),
                e.AgentChanged(agent, {skill: r.randint(1, 5) for skill in r.sample(SKILLS, 2)}),
                e.AgentChanged(agent, None, (QueueId("q0"), QueueId(r.choice(["q1", "q9"])))),
            ]
        )

    def world(self) -> Any:
        """Hours, gates, nodes, rules, time."""
        r = self.random
        self.epoch += 1
        return r.choice(
            [
                e.HoursTurned(HOUR, r.random() < 0.6),
                e.QueueGateTurned(QueueId(r.choice(["q0", "q1", "q9"])), r.random() < 0.6),
                e.NodeStarted(r.choice([self.epoch, 0])),
                e.LegsCompared("sip", (self.contact(), self.contact())),
                e.CommandDone(r.choice([*self.engine.state.durable, "nothing"])),
                e.RulesLoaded(self.rules()),
                e.TimePassed(),
            ]
        )

    # --- names ----------------------------------------------------------------------------------------

    def contact(self, new: bool = False) -> ContactId:
        """A new contact, one that lives, or one of long ago."""
        if new or not self.count:
            self.count += 1
            return ContactId(f"c{self.count}")
        live = list(self.engine.state.contacts)
        if live and self.random.random() < 0.9:
            return self.random.choice(live)
        return ContactId(f"c{self.random.randint(1, self.count + 1)}")

    def offer(self) -> OfferId:
        """An offer that lives, or one of before, or of never."""
        live = list(self.engine.state.offers)
        if live and self.random.random() < 0.9:
            return OfferId(self.random.choice(live))
        return OfferId(self.random.randint(-1, self.engine.state.offer_count + 2))

    def agent(self) -> AgentId:
        """An agent of the rules, seldom another."""
        return self.random.choice(self.agents) if self.random.random() < 0.97 else AgentId("nobody")
