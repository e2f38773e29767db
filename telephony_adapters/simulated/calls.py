"""Who is bridged with whom at the simulated switch: its own book, kept from its orders and its own words alone.

An auditor compares it with the engine's records (field notes, "the switch's own call log"); nothing is decided by it.
Bounded by the contacts and offers that live.
"""

from __future__ import annotations

import msgspec

from acd.routing import events as e
from acd.routing.model import AgentId, ContactId, OfferId
from acd.routing.outputs import AnyCommand
from acd.routing.outputs import commands as c


class Call(msgspec.Struct):
    """One customer's leg, and whom it is bridged with: agents by id, numbers outside."""

    parties: set[str] = msgspec.field(default_factory=set)
    is_held: bool = False
    treatments: int = 0
    consulted: str = ""
    dialled: str = ""


class Calls:
    """All legs of the switch."""

    def __init__(self) -> None:
        self._calls: dict[ContactId, Call] = {}
        self._ringing: dict[OfferId, AgentId] = {}
        self._offers: dict[OfferId, tuple[ContactId, AgentId]] = {}

    def of(self, contact: ContactId) -> Call | None:
        """Return a customer's call, None when its leg is over."""
        return self._calls.get(contact)

    def rings(self, agent: AgentId) -> bool:
        """Whether an agent's telephone rings."""
        return agent in self._ringing.values()

    def is_free(self, agent: AgentId) -> bool:
        """Whether an agent has no leg at all."""
        return not self.rings(agent) and all(
            agent not in call.parties and agent != call.consulted for call in self._calls.values()
        )

    def heard(self, event: e.AnyEvent) -> None:
        """Note what the switch itself has said."""
        if isinstance(event, e.ContactArrived):
            self._calls.setdefault(event.contact, Call())
        elif isinstance(event, e.ContactConnected):
            contact, agent = self._offers.get(event.offer, (None, None))
            call = self._calls.get(contact) if contact is not None else None
            if call is not None and agent is not None:
                call.parties = {agent}
        elif isinstance(event, e.CustomerLeft):
            self._left(event)
        elif isinstance(event, e.LegsCompared):
            for contact in event.gone:
                self._calls.pop(contact, None)

    def ordered(self, order: AnyCommand) -> None:
        """Note what the switch was told to do and has done."""
        call = self._calls.get(getattr(order, "contact", ContactId("")))
        if isinstance(order, c.PresentOffer):
            self._ringing[order.offer] = order.agent
            self._offers[order.offer] = (order.contact, order.agent)
        elif isinstance(order, c.WithdrawOffer | c.ReleaseAgent):
            self._ringing.pop(order.offer, None)
            self._offers.pop(order.offer, None)
            if call is not None:
                call.parties.discard(order.agent)
        elif isinstance(order, c.ConnectContact | c.DialCustomer):
            self._ringing.pop(order.offer, None)
            self._offers[order.offer] = (order.contact, order.agent)
            if isinstance(order, c.DialCustomer):
                self._calls.setdefault(order.contact, Call())
        elif isinstance(order, c.TurnAway | c.EndContact):
            self._calls.pop(order.contact, None)
        elif call is not None:
            _change(call, order)

    def _left(self, event: e.CustomerLeft) -> None:
        call = self._calls.get(event.contact)
        if call is None:
            return
        if event.reason == "transferred":
            # The leg lives on outside the house; it stays in the book until the contact is forgotten.
            call.parties, call.is_held = {call.dialled or call.consulted}, False
            call.consulted = ""
        else:
            del self._calls[event.contact]

    def forget(self, contact: ContactId) -> None:
        """The house is done with a contact: what goes on outside is none of its business."""
        self._calls.pop(contact, None)
        for offer in [offer for offer, (whose, _) in self._offers.items() if whose == contact]:
            del self._offers[offer]
            self._ringing.pop(offer, None)


def _change(call: Call, order: AnyCommand) -> None:
    """Do to a call what an order says."""
    if isinstance(order, c.PlayTreatment):
        call.treatments += 1
    elif isinstance(order, c.HoldContact):
        call.is_held = order.is_held
    elif isinstance(order, c.TransferOut):
        call.dialled = order.number
    elif isinstance(order, c.StartConsult):
        call.consulted = order.to_agent or order.to_number
    elif isinstance(order, c.EndConsult):
        target = call.consulted
        call.is_held = False
        if order.how == "conference":
            call.parties.add(target)
        elif order.how == "transfer":
            call.parties = {target}
            call.dialled = target
        else:
            call.parties.discard(target)
        call.consulted = ""
