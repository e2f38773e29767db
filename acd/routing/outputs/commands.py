"""Commands: what the engine orders of the rooms.

A command names what it is about, and its `key` is the same each time it is issued: a room that has done a
key answers a repetition with silence. Commands whose effect must survive a crash are durable: they stay
wanted until an event says that they are done.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from acd.routing.model import (
    AgentId,
    Channel,
    ContactId,
    Identity,
    MonitorMode,
    OfferId,
    OverflowAction,
    PersonId,
    QueueId,
    TicketId,
)


class Command(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag=True):
    """Base of all commands.

    `adapter` names the adapter that must carry it out; "" means every room that knows the command.
    """

    durable: ClassVar[bool] = False

    adapter: str

    @property
    def key(self) -> str:
        """What makes this order this order; equal keys are one order."""
        raise NotImplementedError(f"{type(self).__name__} has no key")


class ContactCommand(Command, frozen=True):
    """About the customer's leg; one order of a kind per contact."""

    contact: ContactId

    @property
    def key(self) -> str:
        """Kind and contact."""
        return f"{type(self).__name__}/{self.contact}"


class OfferCommand(Command, frozen=True):
    """About an offer or its assignment; one order of a kind per offer."""

    offer: OfferId
    contact: ContactId
    agent: AgentId

    @property
    def key(self) -> str:
        """Kind and offer."""
        return f"{type(self).__name__}/{self.offer}"


class TurnAway(ContactCommand, frozen=True):
    """Refuse at the door, with the reason of `ContactTurnedAway`."""

    code: str
    language: str = "en"


class PlayTreatment(ContactCommand, frozen=True):
    """What a waiting customer hears or sees from now on.

    `kind`: `queued` (greeting, then music), `position` (announce, then music), `overflow_offer` (asks;
    the answer comes back as `CustomerChose`), `back_in_line`, `message` (prompt, then end). `turn` counts
    the treatments of a contact from 1: it makes the key.
    """

    turn: int
    kind: str
    language: str
    position: int = 0
    estimate_ms: int | None = None
    action: OverflowAction | None = None
    prompt: str = ""

    @property
    def key(self) -> str:
        """Contact and turn."""
        return f"PlayTreatment/{self.contact}/{self.turn}"


class StartIntake(ContactCommand, frozen=True):
    """Hand the customer to the intake bot. Its words come back as events."""

    turn: int
    channel: Channel
    language: str
    number: str = ""
    """The caller's own number, to be confirmed for the return call."""

    @property
    def key(self) -> str:
        """Contact and turn: a customer may go to the bot twice."""
        return f"StartIntake/{self.contact}/{self.turn}"


class TellTicket(ContactCommand, frozen=True):
    """Tell the customer the number of the ticket, say goodbye and end the leg."""

    ticket: TicketId
    language: str


class EndContact(ContactCommand, frozen=True):
    """End the customer's leg, if it is still there."""

    why: str


class PresentOffer(OfferCommand, frozen=True):
    """Ring the agent (phone) and show the offer (desk), until the deadline."""

    queue: QueueId
    channel: Channel
    deadline_ms: int
    display: str = ""
    language: str = "en"
    holder: str = ""
    """The adapter that holds the customer's leg; a switch rings its agents for its own calls only."""


class WithdrawOffer(OfferCommand, frozen=True):
    """Stop ringing; the offer is over."""

    why: str


class ConnectContact(OfferCommand, frozen=True):
    """Let customer and agent talk; answer with `ContactConnected` or `ConnectFailed`."""

    channel: Channel


class DialCustomer(OfferCommand, frozen=True):
    """Call the customer of a return call and connect; answer with `ContactConnected` or `DialFailed`."""

    number: str
    ring_ms: int


class HoldContact(OfferCommand, frozen=True):
    """Hold or retrieve the customer."""

    is_held: bool
    turn: int

    @property
    def key(self) -> str:
        """Offer and turn."""
        return f"HoldContact/{self.offer}/{self.turn}"


class ReleaseAgent(OfferCommand, frozen=True):
    """End the agent's leg, if it is still there. The customer's leg is another command's business."""

    why: str


class TransferOut(OfferCommand, frozen=True):
    """Connect the customer with a number outside; answer with `CustomerLeft` or `ConnectFailed`."""

    number: str


class StartConsult(OfferCommand, frozen=True):
    """Call the target and let it speak with the agent while the customer is held."""

    turn: int
    to_agent: AgentId | None = None
    to_number: str = ""

    @property
    def key(self) -> str:
        """Offer and turn."""
        return f"StartConsult/{self.offer}/{self.turn}"


class EndConsult(OfferCommand, frozen=True):
    """End a consult: `retrieve` the customer, `transfer` them to the target, or `conference` all three."""

    turn: int
    how: str

    @property
    def key(self) -> str:
        """Offer and turn."""
        return f"EndConsult/{self.offer}/{self.turn}"


class SetMonitor(OfferCommand, frozen=True):
    """Let a supervisor take part; None ends it. `new_offer`: of a take-over, the number of the supervisor's offer."""

    by: PersonId
    mode: MonitorMode | None
    new_offer: OfferId | None = None

    @property
    def key(self) -> str:
        """Offer, person and mode."""
        return f"SetMonitor/{self.offer}/{self.by}/{self.mode}"


class OpenTicket(ContactCommand, frozen=True):
    """Open a ticket for what the bot took down; answer with `TicketOpened`. Durable."""

    durable: ClassVar[bool] = True

    queue: QueueId
    language: str
    identities: tuple[Identity, ...]
    category: str
    words: str
    recording: str
    number: str
    return_call: bool
    is_partial: bool = False


class CloseTicket(Command, frozen=True):
    """The return call has settled the matter; answer with `TicketClosed`. Durable."""

    durable: ClassVar[bool] = True

    ticket: TicketId
    contact: ContactId
    agent: AgentId
    disposition: str
    notes: str = ""

    @property
    def key(self) -> str:
        """The ticket."""
        return f"CloseTicket/{self.ticket}"


AnyCommand = (
    TurnAway
    | PlayTreatment
    | StartIntake
    | TellTicket
    | EndContact
    | PresentOffer
    | WithdrawOffer
    | ConnectContact
    | DialCustomer
    | HoldContact
    | ReleaseAgent
    | TransferOut
    | StartConsult
    | EndConsult
    | SetMonitor
    | OpenTicket
    | CloseTicket
)
