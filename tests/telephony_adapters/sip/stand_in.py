"""A small stand-in of the house around the adapter: one queue, first come first served, no rules.

It follows `acd.ports`: events come in by `submit`, each gets a record, the record is observed, then its orders are
carried out, always on a later turn of the loop. It keeps everything, so that a test can look.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from acd.ports import Adapter, Overloaded, Record
from acd.routing import events as ev
from acd.routing import outputs as out
from acd.routing.model import AgentId, Channel, ContactId, OfferId


class StandIn:
    """Give it an adapter; it serves waiting contacts with ready agents whose phones are there."""

    def __init__(self, name: str = "sip") -> None:
        self.name = name
        self.adapter: Adapter
        self.events: list[ev.AnyEvent] = []
        self.commands: list[out.AnyCommand] = []
        self.legs: dict[tuple[str, str], bytes] = {}
        self.waiting: deque[ContactId] = deque()
        self.free: deque[AgentId] = deque()
        self.offers: dict[OfferId, tuple[ContactId, AgentId]] = {}
        self.open_offers: set[OfferId] = set()
        self.talking: dict[OfferId, ContactId] = {}
        self.refuses_arrivals = False
        self.is_routing = True
        self.on_event: Callable[[ev.AnyEvent], list[out.AnyCommand] | None] | None = None
        self._changed = asyncio.Event()
        self._counter = 0
        self._links: set[AgentId] = set()
        self._turns: dict[ContactId, int] = {}

    def submit(self, event: ev.AnyEvent) -> asyncio.Future[Record]:
        """`acd.ports.Submit`."""
        if self.refuses_arrivals and isinstance(event, ev.ContactArrived):
            raise Overloaded
        future: asyncio.Future[Record] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(self._handle, event, future)
        return future

    def order(self, *commands: out.AnyCommand) -> None:
        """Give orders as if an event had led to them."""
        for command in commands:
            self.commands.append(command)
            self.adapter.execute(command)
        self._wake()

    def treat(self, contact: ContactId, kind: str = "queued", **more: object) -> out.PlayTreatment:
        """Return the next treatment of a contact."""
        self._turns[contact] = self._turns.get(contact, 0) + 1
        return out.PlayTreatment(self.name, contact, self._turns[contact], kind, "en", **more)  # type: ignore[arg-type]

    def of(self, kind: type) -> list:  # type: ignore[type-arg]
        """Return the events of one kind, in order."""
        return [event for event in self.events if isinstance(event, kind)]

    async def until(self, is_so: Callable[[], object], timeout_s: float = 10.0) -> None:
        """Wait until something is so; fails with what was seen."""
        try:
            async with asyncio.timeout(timeout_s):
                while not is_so():
                    self._changed.clear()
                    try:
                        await asyncio.wait_for(self._changed.wait(), 0.05)
                    except TimeoutError:
                        continue
        except TimeoutError:
            seen = [type(event).__name__ for event in self.events if not isinstance(event, ev.LegStored)]
            raise AssertionError(f"did not come about; events: {seen}") from None

    def _handle(self, event: ev.AnyEvent, future: asyncio.Future[Record]) -> None:
        self.events.append(event)
        facts: list[out.AnyFact] = []
        commands: list[out.AnyCommand] = []
        own = self.on_event(event) if self.on_event is not None else None
        if own is not None:
            commands = own
        elif self.is_routing:
            self._route(event, facts, commands)
        self._counter += 1
        record = Record(self._counter, 1, 0, event, facts)
        self.adapter.observe(record, False)
        future.set_result(record)
        for command in commands:
            self.commands.append(command)
            self.adapter.execute(command)
        self._wake()

    def _route(self, event: ev.AnyEvent, facts: list[out.AnyFact], commands: list[out.AnyCommand]) -> None:
        if isinstance(event, ev.LegStored):
            self._keep(event)
            return
        if isinstance(event, ev.ContactArrived):
            self.waiting.append(event.contact)
            commands.append(self.treat(event.contact, position=len(self.waiting), estimate_ms=30_000))
        elif isinstance(event, ev.LinkChanged):
            self._link(event)
        elif isinstance(event, ev.OfferAccepted):
            if event.offer in self.open_offers:
                self.open_offers.discard(event.offer)
                contact, agent = self.offers[event.offer]
                self.talking[event.offer] = contact
                facts.append(out.OfferTaken(event.offer, 0))
                commands.append(out.ConnectContact(self.name, event.offer, contact, agent, Channel.VOICE))
            else:
                facts.append(out.Late("OfferAccepted", str(event.offer), "over"))
        elif isinstance(event, ev.OfferFailed | ev.OfferDeclined | ev.ConnectFailed):
            self._failed(event, commands)
        elif isinstance(event, ev.AgentLegEnded):
            contact = self.talking.pop(event.offer, None)
            if contact is not None:
                agent = self.offers[event.offer][1]
                commands.append(out.EndContact(self.name, contact, "agent"))
                commands.append(out.ReleaseAgent("", event.offer, contact, agent, "agent"))
                self.free.append(agent)
        elif isinstance(event, ev.CustomerLeft):
            self._left(event.contact, commands)
        self._match(facts, commands)

    def _keep(self, event: ev.LegStored) -> None:
        if event.resume:
            self.legs[event.contact, event.leg] = event.resume
        else:
            self.legs.pop((event.contact, event.leg), None)

    def _link(self, event: ev.LinkChanged) -> None:
        if event.is_up and event.agent not in self._links:
            self._links.add(event.agent)
            self.free.append(event.agent)
        elif not event.is_up:
            self._links.discard(event.agent)
            if event.agent in self.free:
                self.free.remove(event.agent)

    def _failed(
        self, event: ev.OfferFailed | ev.OfferDeclined | ev.ConnectFailed, commands: list[out.AnyCommand]
    ) -> None:
        if event.offer not in self.open_offers and event.offer not in self.talking:
            return
        self.open_offers.discard(event.offer)
        self.talking.pop(event.offer, None)
        contact, agent = self.offers[event.offer]
        commands.append(out.WithdrawOffer("", event.offer, contact, agent, "failed"))
        commands.append(self.treat(contact, "back_in_line", position=1))
        self.waiting.appendleft(contact)

    def _left(self, contact: ContactId, commands: list[out.AnyCommand]) -> None:
        if contact in self.waiting:
            self.waiting.remove(contact)
        for key in [key for key in self.legs if key[0] == contact]:
            del self.legs[key]
        for offer in [offer for offer, who in self.talking.items() if who == contact]:
            del self.talking[offer]
            agent = self.offers[offer][1]
            commands.append(out.ReleaseAgent("", offer, contact, agent, "customer"))
            self.free.append(agent)
        for offer in [offer for offer in self.open_offers if self.offers[offer][0] == contact]:
            self.open_offers.discard(offer)
            agent = self.offers[offer][1]
            commands.append(out.WithdrawOffer("", offer, contact, agent, "customer_left"))
            self.free.append(agent)

    def _match(self, facts: list[out.AnyFact], commands: list[out.AnyCommand]) -> None:
        while self.waiting and self.free:
            contact, agent = self.waiting.popleft(), self.free.popleft()
            offer = OfferId(len(self.offers) + 1)
            self.offers[offer] = (contact, agent)
            self.open_offers.add(offer)
            commands.append(
                out.PresentOffer(
                    "",
                    offer,
                    contact,
                    agent,
                    "q",
                    Channel.VOICE,
                    0,
                    "Customer",
                    "en",
                    self.name,  # type: ignore[arg-type]
                )
            )

    def _wake(self) -> None:
        self._changed.set()
