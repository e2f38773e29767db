"""Every state and every lawful move, as tables.

A table maps (state, trigger) to the new state, to `LATE` (the outside repeated itself or crossed our own
decision on the wire) or to a `Refusal` (a person asked for what cannot be). Each trigger that the outside can
cause has a row for every state, so that no peer can cause `IllegalTransition`: only our own mistakes can.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, StrEnum
from typing import Final, NamedTuple, TypeVar

from acd.routing.errors import IllegalTransition
from acd.routing.model import AssignmentState, ContactState, OfferState, Presence, quick


class Verdict(Enum):
    """The one answer of a table that is neither a state nor a refusal."""

    LATE = "late"


LATE: Final = Verdict.LATE


class Refusal(NamedTuple):
    """A lawful question with the answer no; `code` is stable (see NOTES.md)."""

    code: str


@quick
class ContactTrigger(StrEnum):
    """What can happen to a contact."""

    OFFER = "offer"
    TAKE = "take"
    RETURN = "return"
    """Back into the line, place kept."""
    INTAKE = "intake"
    MOVE = "move"
    """A supervisor moves it, or changes its head start."""
    CHOOSE = "choose"
    """The customer answers or asks while waiting."""
    NOTE = "note"
    """The bot reports progress."""
    END = "end"


@quick
class OfferTrigger(StrEnum):
    """What can happen to an offer."""

    ACCEPT = "accept"
    DECLINE = "decline"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    UNREACHABLE = "unreachable"
    WITHDRAW = "withdraw"
    LOSE_RACE = "lose_race"


@quick
class AssignmentTrigger(StrEnum):
    """What can happen to an assignment (an accepted offer)."""

    CONNECT = "connect"
    FAIL = "fail"
    """The bridge, or the dialling of a return call, did not come about."""
    HOLD = "hold"
    RETRIEVE = "retrieve"
    END = "end"
    """Nobody talks any more."""
    WRAP = "wrap"
    """Wrap-up begins; only our own decision."""
    FINISH = "finish"
    """A disposition from the agent."""
    ASK = "ask"
    """Hold, transfer, consult, monitor: needs a talk."""
    MORE = "more"
    """The agent asks for wrap-up, or more of it."""
    CLOSE = "close"
    """We end it: deadline of wrap-up, or it never connected."""


C, A = ContactState, AssignmentState
CT, OT, AT = ContactTrigger, OfferTrigger, AssignmentTrigger

ContactVerdict = ContactState | Verdict | Refusal
OfferVerdict = OfferState | Verdict | Refusal
AssignmentVerdict = AssignmentState | Verdict | Refusal

_NOT_WAITING: Final = Refusal("not_waiting")

CONTACT_MOVES: Final[Mapping[tuple[ContactState, ContactTrigger], ContactVerdict]] = {
    (C.WAITING, CT.OFFER): C.OFFERED,
    (C.OFFERED, CT.OFFER): C.OFFERED,  # ring all: one contact, several offers, one winner
    (C.ASSIGNED, CT.OFFER): _NOT_WAITING,
    (C.INTAKE, CT.OFFER): _NOT_WAITING,
    (C.ENDED, CT.OFFER): LATE,
    (C.WAITING, CT.TAKE): LATE,
    (C.OFFERED, CT.TAKE): C.ASSIGNED,
    (C.ASSIGNED, CT.TAKE): LATE,
    (C.INTAKE, CT.TAKE): LATE,
    (C.ENDED, CT.TAKE): LATE,
    (C.WAITING, CT.RETURN): LATE,
    (C.OFFERED, CT.RETURN): C.WAITING,
    # The bridge failed, or the agent handed the customer back to a line.
    (C.ASSIGNED, CT.RETURN): C.WAITING,
    (C.INTAKE, CT.RETURN): C.WAITING,
    (C.ENDED, CT.RETURN): LATE,
    (C.WAITING, CT.INTAKE): C.INTAKE,
    (C.OFFERED, CT.INTAKE): LATE,  # an agent rings already: the customer stays in line
    (C.ASSIGNED, CT.INTAKE): LATE,
    (C.INTAKE, CT.INTAKE): LATE,
    (C.ENDED, CT.INTAKE): LATE,
    (C.WAITING, CT.MOVE): C.WAITING,
    (C.OFFERED, CT.MOVE): _NOT_WAITING,
    (C.ASSIGNED, CT.MOVE): _NOT_WAITING,
    (C.INTAKE, CT.MOVE): _NOT_WAITING,
    (C.ENDED, CT.MOVE): LATE,
    (C.WAITING, CT.CHOOSE): C.WAITING,
    (C.OFFERED, CT.CHOOSE): LATE,
    (C.ASSIGNED, CT.CHOOSE): LATE,
    (C.INTAKE, CT.CHOOSE): LATE,
    (C.ENDED, CT.CHOOSE): LATE,
    (C.WAITING, CT.NOTE): LATE,
    (C.OFFERED, CT.NOTE): LATE,
    (C.ASSIGNED, CT.NOTE): LATE,
    (C.INTAKE, CT.NOTE): C.INTAKE,
    (C.ENDED, CT.NOTE): LATE,
    (C.WAITING, CT.END): C.ENDED,
    (C.OFFERED, CT.END): C.ENDED,
    (C.ASSIGNED, CT.END): C.ENDED,
    (C.INTAKE, CT.END): C.ENDED,
    (C.ENDED, CT.END): LATE,
}

_FAILURES: Final = {
    OT.ACCEPT: OfferState.ACCEPTED,
    OT.DECLINE: OfferState.DECLINED,
    OT.BUSY: OfferState.BUSY,
    OT.NO_ANSWER: OfferState.NO_ANSWER,
    OT.UNREACHABLE: OfferState.UNREACHABLE,
    OT.WITHDRAW: OfferState.WITHDRAWN,
    OT.LOSE_RACE: OfferState.LOST_RACE,
}

# An open offer goes wherever the trigger says; one that is over stays over, whatever crosses it on the wire:
# the agent picked up while our "stop ringing" was still travelling, both the desk and the phone accepted.
OFFER_MOVES: Final[Mapping[tuple[OfferState, OfferTrigger], OfferVerdict]] = {
    (state, trigger): _FAILURES[trigger] if state is OfferState.OPEN else LATE
    for state in OfferState
    for trigger in OfferTrigger
}

_NOT_TALKING: Final = Refusal("not_talking")
_STILL_TALKING: Final = Refusal("still_talking")

ASSIGNMENT_MOVES: Final[Mapping[tuple[AssignmentState, AssignmentTrigger], AssignmentVerdict]] = {
    (A.CONNECTING, AT.CONNECT): A.TALKING,
    (A.TALKING, AT.CONNECT): LATE,
    (A.HELD, AT.CONNECT): LATE,
    (A.WRAP_UP, AT.CONNECT): LATE,
    (A.DONE, AT.CONNECT): LATE,
    (A.CONNECTING, AT.FAIL): A.DONE,
    (A.TALKING, AT.FAIL): LATE,
    (A.HELD, AT.FAIL): LATE,
    (A.WRAP_UP, AT.FAIL): LATE,
    (A.DONE, AT.FAIL): LATE,
    (A.CONNECTING, AT.HOLD): _NOT_TALKING,
    (A.TALKING, AT.HOLD): A.HELD,
    (A.HELD, AT.HOLD): LATE,
    (A.WRAP_UP, AT.HOLD): _NOT_TALKING,
    (A.DONE, AT.HOLD): LATE,
    (A.CONNECTING, AT.RETRIEVE): _NOT_TALKING,
    (A.TALKING, AT.RETRIEVE): LATE,
    (A.HELD, AT.RETRIEVE): A.TALKING,
    (A.WRAP_UP, AT.RETRIEVE): _NOT_TALKING,
    (A.DONE, AT.RETRIEVE): LATE,
    (A.CONNECTING, AT.END): A.CONNECTING,  # before the answer: the fact that follows says what becomes of it
    (A.TALKING, AT.END): A.TALKING,
    (A.HELD, AT.END): A.TALKING,
    (A.WRAP_UP, AT.END): LATE,
    (A.DONE, AT.END): LATE,
    (A.CONNECTING, AT.WRAP): A.WRAP_UP,
    (A.TALKING, AT.WRAP): A.WRAP_UP,
    (A.HELD, AT.WRAP): A.WRAP_UP,
    (A.CONNECTING, AT.FINISH): _STILL_TALKING,
    (A.TALKING, AT.FINISH): _STILL_TALKING,
    (A.HELD, AT.FINISH): _STILL_TALKING,
    (A.WRAP_UP, AT.FINISH): A.DONE,
    (A.DONE, AT.FINISH): LATE,
    (A.CONNECTING, AT.ASK): _NOT_TALKING,
    (A.TALKING, AT.ASK): A.TALKING,
    (A.HELD, AT.ASK): A.HELD,
    (A.WRAP_UP, AT.ASK): _NOT_TALKING,
    (A.DONE, AT.ASK): LATE,
    (A.CONNECTING, AT.MORE): A.CONNECTING,
    (A.TALKING, AT.MORE): A.TALKING,
    (A.HELD, AT.MORE): A.HELD,
    (A.WRAP_UP, AT.MORE): A.WRAP_UP,
    (A.DONE, AT.MORE): LATE,
    (A.CONNECTING, AT.CLOSE): A.DONE,
    (A.TALKING, AT.CLOSE): A.DONE,
    (A.HELD, AT.CLOSE): A.DONE,
    (A.WRAP_UP, AT.CLOSE): A.DONE,
}

# Any presence may follow any other; what a person may not choose is said where the event is handled.
PRESENCE_MOVES: Final[Mapping[tuple[Presence, Presence], Presence]] = {
    (old, new): new for old in Presence for new in Presence
}

_S = TypeVar("_S", ContactState, OfferState, AssignmentState)
_T = TypeVar("_T", ContactTrigger, OfferTrigger, AssignmentTrigger)


class Row(dict[_S, _S]):
    """Of a table what one trigger does: where it leads from each state that it leads from."""

    def __init__(self, table: Mapping[tuple[_S, _T], _S | Verdict | Refusal], trigger: _T) -> None:
        super().__init__()
        for (state, cause), new in table.items():
            if cause is trigger and not isinstance(new, Verdict | Refusal):
                self[state] = new
        self.trigger: StrEnum = trigger

    def __missing__(self, state: _S) -> _S:
        raise IllegalTransition(
            f"{type(state).__name__} {state} with {self.trigger}: found no row, expected a state"
        )


def move(table: Mapping[tuple[_S, _T], _S | Verdict | Refusal], state: _S, trigger: _T) -> _S:
    """Return the new state; this and `Row` are the only ways by which facts change one.

    Raises:
        IllegalTransition: The table has no state for it: a fact was made that must not be made.
    """
    new = table.get((state, trigger))
    if new.__class__ is not state.__class__:
        raise IllegalTransition(
            f"{type(state).__name__} {state} with {trigger}: found {new!r}, expected a state"
        )
    return new
