"""From an action at a desk to an event of the engine: may this person ask it, and what is it in our words.

Pure. What is not within reach is answered as what does not exist (`not_yours`), so that nobody can find out by
asking. Whether it makes sense is the engine's to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec

from acd.desk import actions as a
from acd.desk.board import BoardState
from acd.desk.board.state import OfferState
from acd.desk.people import Person, Role
from acd.desk.roles import Reach, reach_of
from acd.desk.scope import Scope, Sight
from acd.ports import Record
from acd.routing import events as e
from acd.routing.identities import phone_number
from acd.routing.model import (
    AgentId,
    AssignmentState,
    ContactId,
    Link,
    MonitorMode,
    OfferId,
    PersonId,
    Presence,
    QueueId,
)
from acd.routing.outputs import facts as f

TALKS: Final = (AssignmentState.TALKING, AssignmentState.HELD)

EVERY_QUEUE: Final = "*"
"""The one switch: all queues, for whoever sees them all."""

_STATEMENTS: Final = (e.LinkChanged, e.PresenceChosen, e.AgentSignedOut)
"""Events that say how something is to be: late means that it is so already."""
_SETTINGS: Final = (e.QueueGateTurned, e.AgentChanged, e.HeadStartChanged, e.MonitorAsked)
"""Events that do so too, and may also come after the end of what they are about."""
_SO_ALREADY: Final = ("so before", "set before")


class NotDone(Exception):
    """The action is refused; `code` is stable."""

    def __init__(self, code: str, found: str = "", expected: str = "") -> None:
        super().__init__(f"{code}: found {found!r}, expected {expected!r}")
        self.code = code
        self.found = found
        self.expected = expected


class Asker(msgspec.Struct, frozen=True):
    """Who asks, from which session, and what they see."""

    person: Person
    session: str
    sight: Sight

    @property
    def agent(self) -> AgentId:
        """The agent that this person is."""
        return AgentId(self.person.person)


def sight_of(person: Person) -> Sight:
    """Return what a person sees and may act on by role."""
    return Sight(Scope(None if person.role is Role.ADMIN else person.teams))


def check_right(person: Person, right: str) -> Reach:
    """Return how far a right reaches.

    Raises:
        NotDone: `forbidden`.
    """
    reach = reach_of(person.role, right)
    if reach is None:
        raise NotDone("forbidden", person.role.value, f"a role that may {right}")
    return reach


def build_event(action: a.Action, asker: Asker, state: BoardState, reasons: Mapping[str, Any]) -> e.AnyEvent:
    """Return the event that an action is. `send_chat` and `watch` are none and are handled elsewhere.

    Raises:
        NotDone: `forbidden`, `not_yours`, `one_target`, `unknown_reason`.
    """
    check_right(asker.person, a.word_of(action))
    if isinstance(action, a.SetPresence):
        return _presence(action, asker, reasons)
    if isinstance(action, a.ForcePresence) and action.reason:
        check_reason(action.presence, action.reason, reasons)
    return _BUILDERS[type(action)](action, asker, state)


def check_able(action: a.Action, state: BoardState, cannot: Mapping[str, Iterable[str]]) -> None:
    """Refuse what the room that holds the customer's leg is not able to do. `cannot`: by adapter, its disabilities.

    Raises:
        NotDone: `cannot`.
    """
    needed = _abilities(action)
    held = state.offers.get(getattr(action, "offer", OfferId(0))) if needed else None
    card = state.contacts.get(held.contact) if held is not None else None
    if card is None:
        return
    lacking = [ability for ability in needed if ability in cannot.get(card.adapter, ())]
    if lacking:
        raise NotDone("cannot", lacking[0], f"what the adapter {card.adapter} is able to do")


def _abilities(action: a.Action) -> tuple[str, ...]:
    match action:
        case a.HoldContact(is_held=True):
            return ("hold",)
        case a.StartConsult():
            return ("consult",)
        case a.CompleteConsult(conference=True):
            return ("conference",)
        case a.TransferContact() if action.to_number:
            return ("transfer_out",)
        case a.MonitorContact(mode=MonitorMode.TAKE_OVER):
            return ("take_over",)
        case a.MonitorContact(mode=mode) if mode is not None:
            return ("monitor", mode.value)
        case _:
            return ()


def about(action: a.Action) -> str:
    """Return what an action is about, for the audit log."""
    for field in ("contact", "agent", "queue", "offer"):
        value = getattr(action, field, None)
        if value is not None:
            return f"{field} {value}"
    return ""


def read_answer(record: Record) -> None:
    """Read off a durable record whether the event did anything.

    Raises:
        NotDone: The engine refused it, or it came late.
    """
    for fact in record.facts:
        if isinstance(fact, f.Refused):
            raise NotDone(fact.code, fact.found, fact.expected)
        if isinstance(fact, f.Late) and not _is_so_already(record.event, fact.why):
            raise NotDone("late", fact.why)


def _is_so_already(event: e.AnyEvent, why: str) -> bool:
    return isinstance(event, _STATEMENTS) or (isinstance(event, _SETTINGS) and why in _SO_ALREADY)


# --- reach --------------------------------------------------------------------------------------------


def own_offer(offer: OfferId, asker: Asker, state: BoardState) -> OfferState:
    """Return an offer or assignment of the asker's own.

    Raises:
        NotDone: `late` for one that is over; `not_yours`, the same for another's as for none.
    """
    held = state.offers.get(offer)
    agent = state.agents.get(asker.agent)
    if held is None and agent is not None and offer in agent.past:
        raise NotDone("late", "over", "an offer or assignment that is still there")
    if held is None or held.agent != asker.agent:
        raise NotDone("not_yours", str(offer), "an offer or assignment of your own")
    return held


def own_chat(contact: str, asker: Asker, state: BoardState) -> OfferState:
    """Return the asker's talk with this contact.

    Raises:
        NotDone: `not_yours`.
    """
    card = state.contacts.get(ContactId(contact))
    for offer in card.offers if card else ():
        held = state.offers[offer]
        if held.agent == asker.agent and held.state in TALKS:
            return held
    raise NotDone("not_yours", contact, "a chat that you are in")


def _seen_agent(agent: AgentId, asker: Asker, state: BoardState) -> None:
    if not asker.sight.sees_agent(state, agent):
        raise NotDone("not_yours", agent, "an agent of your teams")


def _seen_contact(contact: ContactId, asker: Asker, state: BoardState) -> None:
    if not asker.sight.sees_contact(state, contact):
        raise NotDone("not_yours", contact, "a contact of your teams")


def _seen_queue(queue: QueueId, asker: Asker, state: BoardState) -> None:
    if not asker.sight.sees_queue(state, queue):
        raise NotDone("not_yours", queue, "a queue of your teams")


def _by(asker: Asker) -> PersonId:
    return asker.person.person


# --- an agent -----------------------------------------------------------------------------------------


def _presence(action: a.SetPresence, asker: Asker, reasons: Mapping[str, Any]) -> e.AnyEvent:
    if action.presence is Presence.SIGNED_OUT:
        return e.AgentSignedOut(asker.agent, _by(asker), action.reason)
    check_reason(action.presence, action.reason, reasons)
    return e.PresenceChosen(asker.agent, action.presence, action.reason, _by(asker))


def _link(action: a.SetLink, asker: Asker, state: BoardState) -> e.AnyEvent:
    if action.link is Link.DESK:
        raise NotDone("senseless", "desk", "microphone or phone: the desk is this socket")
    return e.LinkChanged(asker.agent, action.link, action.is_up, asker.session)


def _accept(action: a.AcceptOffer, asker: Asker, state: BoardState) -> e.AnyEvent:
    own_offer(action.offer, asker, state)
    return e.OfferAccepted(action.offer, _by(asker))


def _decline(action: a.DeclineOffer, asker: Asker, state: BoardState) -> e.AnyEvent:
    own_offer(action.offer, asker, state)
    return e.OfferDeclined(action.offer, action.reason, _by(asker))


def _end_talk(action: a.EndTalk, asker: Asker, state: BoardState) -> e.AnyEvent:
    own_offer(action.offer, asker, state)
    return e.AgentLegEnded(action.offer, "ended", _by(asker))


def _hold(action: a.HoldContact, asker: Asker, state: BoardState) -> e.AnyEvent:
    own_offer(action.offer, asker, state)
    return e.HoldChosen(action.offer, action.is_held, _by(asker))


def _ask_wrap_up(action: a.AskWrapUp, asker: Asker, state: BoardState) -> e.AnyEvent:
    own_offer(action.offer, asker, state)
    return e.WrapUpAsked(action.offer, _by(asker))


def _finish(action: a.FinishWrapUp, asker: Asker, state: BoardState) -> e.AnyEvent:
    own_offer(action.offer, asker, state)
    return e.WrapUpFinished(action.offer, action.disposition, action.notes, _by(asker))


def _transfer(action: a.TransferContact, asker: Asker, state: BoardState) -> e.AnyEvent:
    own_offer(action.offer, asker, state)
    return e.TransferAsked(action.offer, action.to_queue, action.to_agent, action.to_number, _by(asker))


def _consult(action: a.StartConsult, asker: Asker, state: BoardState) -> e.AnyEvent:
    own_offer(action.offer, asker, state)
    return e.ConsultAsked(action.offer, action.to_agent, action.to_number, _by(asker))


def _end_consult(action: a.EndConsult, asker: Asker, state: BoardState) -> e.AnyEvent:
    own_offer(action.offer, asker, state)
    return e.ConsultEnded(action.offer, "retrieved", _by(asker))


def _complete_consult(action: a.CompleteConsult, asker: Asker, state: BoardState) -> e.AnyEvent:
    own_offer(action.offer, asker, state)
    return e.ConsultCompleted(action.offer, action.conference, _by(asker))


def _return_call(action: a.AskReturnCall, asker: Asker, state: BoardState) -> e.AnyEvent:
    """A return call bears an id made of the asker and the action's id, so that a repetition is the same one."""
    held = own_offer(action.offer, asker, state)
    card = state.contacts.get(held.contact)
    if card is None:
        raise NotDone("not_yours", str(action.offer), "an assignment with a contact")
    return e.ReturnCallAsked(
        contact=ContactId(f"{held.contact}+{asker.person.person}-{action.id}"),
        queue=action.queue or held.queue,
        number=action.number or card.intake_number or card.number or phone_number(card.identities),
        adapter=card.adapter,
        identities=card.identities,
        language=card.language,
        not_before_ms=action.not_before_at_ms,
        ticket=action.ticket or card.ticket,
        owner=asker.agent if action.to_me else None,
        by=_by(asker),
    )


# --- a supervisor -------------------------------------------------------------------------------------


def check_reason(presence: Presence, reason: str, reasons: Mapping[str, Any]) -> None:
    """Refuse a reason for being not ready that nobody has configured.

    Raises:
        NotDone: `unknown_reason`.
    """
    if presence is Presence.NOT_READY and reasons and reason not in reasons:
        raise NotDone("unknown_reason", reason, ", ".join(reasons))


def _force_presence(action: a.ForcePresence, asker: Asker, state: BoardState) -> e.AnyEvent:
    _seen_agent(action.agent, asker, state)
    if action.presence is Presence.SIGNED_OUT:
        return e.AgentSignedOut(action.agent, _by(asker), action.reason or "forced")
    return e.PresenceChosen(action.agent, action.presence, action.reason or "forced", _by(asker))


def _change_agent(action: a.ChangeAgent, asker: Asker, state: BoardState) -> e.AnyEvent:
    """A supervisor may put an agent into, and take them out of, queues of the own teams alone."""
    _seen_agent(action.agent, asker, state)
    known = set(state.agents[action.agent].queues)
    for queue in known.symmetric_difference(action.queues if action.queues is not None else known):
        _seen_queue(queue, asker, state)
    return e.AgentChanged(action.agent, action.skills, action.queues, _by(asker))


def _move(action: a.MoveContact, asker: Asker, state: BoardState) -> e.AnyEvent:
    """The goal may be any queue: whoever moves a contact away has no more to do with it."""
    _seen_contact(action.contact, asker, state)
    return e.ContactMoved(action.contact, action.queue, _by(asker))


def _head_start(action: a.SetHeadStart, asker: Asker, state: BoardState) -> e.AnyEvent:
    _seen_contact(action.contact, asker, state)
    return e.HeadStartChanged(action.contact, action.head_start_ms, _by(asker))


def _give(action: a.GiveContact, asker: Asker, state: BoardState) -> e.AnyEvent:
    _seen_contact(action.contact, asker, state)
    _seen_agent(action.agent, asker, state)
    return e.ContactGiven(action.contact, action.agent, action.force, _by(asker))


def _end_contact(action: a.EndContact, asker: Asker, state: BoardState) -> e.AnyEvent:
    _seen_contact(action.contact, asker, state)
    return e.ContactClosed(action.contact, action.reason or "ended by a supervisor", _by(asker))


def _turn_queue(action: a.TurnQueue, asker: Asker, state: BoardState) -> e.AnyEvent:
    for queue in state.queues if action.queue == EVERY_QUEUE else (action.queue,):
        _seen_queue(queue, asker, state)
    return e.QueueGateTurned(action.queue, action.is_open, _by(asker), action.reason)


def _monitor(action: a.MonitorContact, asker: Asker, state: BoardState) -> e.AnyEvent:
    held = state.offers.get(action.offer)
    if held is None or not asker.sight.sees_agent(state, held.agent):
        raise NotDone("not_yours", str(action.offer), "a talk of your teams")
    return e.MonitorAsked(action.offer, _by(asker), action.mode)


_BUILDERS: Final[Mapping[type[a.Action], Callable[[Any, Asker, BoardState], e.AnyEvent]]] = {
    a.SetLink: _link,
    a.AcceptOffer: _accept,
    a.DeclineOffer: _decline,
    a.EndTalk: _end_talk,
    a.HoldContact: _hold,
    a.AskWrapUp: _ask_wrap_up,
    a.FinishWrapUp: _finish,
    a.TransferContact: _transfer,
    a.StartConsult: _consult,
    a.EndConsult: _end_consult,
    a.CompleteConsult: _complete_consult,
    a.AskReturnCall: _return_call,
    a.ForcePresence: _force_presence,
    a.ChangeAgent: _change_agent,
    a.MoveContact: _move,
    a.SetHeadStart: _head_start,
    a.GiveContact: _give,
    a.EndContact: _end_contact,
    a.TurnQueue: _turn_queue,
    a.MonitorContact: _monitor,
}
