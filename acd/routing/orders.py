"""Commands made from the state: the same order whether it is issued for the first time or after a crash."""

from __future__ import annotations

from typing import Final

from acd.routing.contact import Contact, Offer
from acd.routing.identities import phone_number
from acd.routing.model import (
    AssignmentState,
    ContactState,
    MonitorMode,
    OfferId,
    Origin,
    OverflowAction,
    PersonId,
)
from acd.routing.outputs import (
    AnyCommand,
    CloseTicket,
    ConnectContact,
    DialCustomer,
    EndConsult,
    EndContact,
    HoldContact,
    OpenTicket,
    PlayTreatment,
    PresentOffer,
    ReleaseAgent,
    SetMonitor,
    StartConsult,
    StartIntake,
    TellTicket,
    TransferOut,
    WithdrawOffer,
)
from acd.routing.state import State

_HELD = AssignmentState.HELD
_CONNECTING: Final = AssignmentState.CONNECTING
_WRAP_UP: Final = AssignmentState.WRAP_UP
_INTAKE: Final = ContactState.INTAKE
_OFFERED: Final = ContactState.OFFERED
_WAITING: Final = ContactState.WAITING
_RETURN_CALL: Final = Origin.RETURN_CALL


def number_of_customer(contact: Contact) -> str:
    """The number to call back: what the customer dictated, else what they called from, else ""."""
    more = contact.more
    if more is not None:
        if more.number:
            return more.number
        if more.intake is not None and more.intake.number:
            return more.intake.number
    return phone_number(contact.identities)


def treatment(state: State, contact: Contact) -> PlayTreatment:
    """What the customer is to hear now."""
    told = contact.told
    action: OverflowAction | None = None
    if contact.treatment == "overflow_offer" and contact.more is not None and contact.more.asked is not None:
        name = contact.more.asked[0]
        action = next((rule.action for rule in contact.plan.rules.overflow if rule.name == name), None)
    return PlayTreatment(
        contact.adapter,
        contact.id,
        contact.turn,
        contact.treatment,
        contact.language,
        told.position if told is not None else 0,
        told.estimate_ms if told is not None else None,
        action,
    )


def present(offer: Offer) -> PresentOffer:
    """Ring and show."""
    contact = offer.contact
    return PresentOffer(
        "",
        offer.id,
        contact.id,
        offer.agent.id,
        offer.queue,
        contact.channel,
        offer.wake_ms or 0,
        contact.display,
        contact.language,
        contact.adapter,
    )


def withdraw(offer: Offer, why: str) -> WithdrawOffer:
    """Stop ringing."""
    return WithdrawOffer("", offer.id, offer.contact.id, offer.agent.id, why)


def connect(offer: Offer) -> ConnectContact | DialCustomer:
    """Bring both together; the customer of a return call must be called first."""
    contact = offer.contact
    if must_dial(contact):
        return dial(offer)
    return ConnectContact(contact.adapter, offer.id, contact.id, offer.agent.id, contact.channel)


def must_dial(contact: Contact) -> bool:
    """Whether a return call's customer is not on the line yet."""
    return contact.origin is _RETURN_CALL and not contact.answered_ms and not contact.rare.is_reached


def dial(offer: Offer) -> DialCustomer:
    """Call the customer of a return call."""
    contact = offer.contact
    ring_ms = offer.plan.rules.return_calls.ring_ms
    return DialCustomer(
        contact.adapter, offer.id, contact.id, offer.agent.id, number_of_customer(contact), ring_ms
    )


def release(offer: Offer, why: str) -> ReleaseAgent:
    """End the agent's leg."""
    return ReleaseAgent("", offer.id, offer.contact.id, offer.agent.id, why)


def end(contact: Contact, why: str) -> EndContact:
    """End the customer's leg."""
    return EndContact(contact.adapter, contact.id, why)


def hold(offer: Offer) -> HoldContact:
    """Hold or retrieve, as the assignment stands."""
    contact = offer.contact
    is_held = offer.assignment is _HELD
    return HoldContact(contact.adapter, offer.id, contact.id, offer.agent.id, is_held, offer.turn)


def start_intake(contact: Contact) -> StartIntake:
    """Hand over to the bot."""
    number = number_of_customer(contact)
    return StartIntake(contact.adapter, contact.id, contact.turn, contact.channel, contact.language, number)


def tell_ticket(contact: Contact) -> TellTicket:
    """Tell the number of the ticket."""
    more = contact.rare
    assert more.ticket is not None
    return TellTicket(contact.adapter, contact.id, more.ticket, contact.language)


def open_ticket(contact: Contact) -> OpenTicket:
    """Everything that the bot has taken down."""
    intake = contact.rare.intake
    assert intake is not None
    return OpenTicket(
        "",
        contact.id,
        contact.queue,
        contact.language,
        contact.identities,
        intake.category,
        intake.words,
        intake.recording,
        number_of_customer(contact),
        intake.return_call,
        intake.is_partial,
    )


def close_ticket(offer: Offer, disposition: str, notes: str) -> CloseTicket:
    """The matter of the ticket is settled."""
    ticket = offer.contact.rare.ticket
    assert ticket is not None
    return CloseTicket("", ticket, offer.contact.id, offer.agent.id, disposition, notes)


def start_consult(offer: Offer) -> StartConsult:
    """Call the consulted side."""
    consult, contact = offer.consult, offer.contact
    assert consult is not None
    return StartConsult(
        contact.adapter,
        offer.id,
        contact.id,
        offer.agent.id,
        consult.turn,
        consult.to_agent,
        consult.to_number,
    )


def end_consult(offer: Offer, turn: int, how: str) -> EndConsult:
    """Retrieve, transfer or join."""
    return EndConsult(offer.contact.adapter, offer.id, offer.contact.id, offer.agent.id, turn, how)


def transfer_out(offer: Offer, number: str) -> TransferOut:
    """Let a number outside have the customer."""
    return TransferOut(offer.contact.adapter, offer.id, offer.contact.id, offer.agent.id, number)


def set_monitor(
    offer: Offer, by: PersonId, mode: MonitorMode | None, new_offer: OfferId | None = None
) -> SetMonitor:
    """A supervisor takes part, or no longer; or takes over, under a new offer."""
    return SetMonitor(offer.contact.adapter, offer.id, offer.contact.id, offer.agent.id, by, mode, new_offer)


def wanted(state: State) -> list[AnyCommand]:
    """Every command that the state still wants, in the order of contacts and offers."""
    commands: list[AnyCommand] = []
    for contact in state.contacts.values():
        if contact.state is _WAITING or contact.state is _OFFERED:
            if not must_dial(contact):
                commands.append(treatment(state, contact))
        elif contact.state is _INTAKE:
            commands.append(_wanted_intake(contact))
    for number in sorted(state.offers):
        commands.extend(_wanted_offer(state.offers[number]))
    commands.extend(state.durable.values())
    return commands


def _wanted_intake(contact: Contact) -> AnyCommand:
    more = contact.rare
    if more.ticket is not None:
        return tell_ticket(contact)
    return start_intake(contact)


def _wanted_offer(offer: Offer) -> list[AnyCommand]:
    state = offer.assignment
    if state is None:
        if offer.is_customer_first and not offer.reached:
            return [dial(offer)]
        return [present(offer)]
    if state is _CONNECTING:
        return [connect(offer)]
    if state is _WRAP_UP:
        return []
    commands: list[AnyCommand] = []
    if state is _HELD:
        commands.append(hold(offer))
    if offer.consult is not None:
        if offer.consult.is_conference:
            commands.append(end_consult(offer, offer.consult.turn, "conference"))
        else:
            commands.append(start_consult(offer))
    if offer.contact.more is not None and offer.contact.more.leaving:
        commands.append(transfer_out(offer, offer.contact.more.leaving))
    commands.extend(set_monitor(offer, by, mode) for by, mode in offer.monitors.items())
    return commands
