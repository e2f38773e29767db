"""The tables: every state with every trigger; no peer can cause an illegal move."""

import pytest

from acd.routing.errors import IllegalTransition
from acd.routing.model import AssignmentState, ContactState, OfferState, Presence
from acd.routing.states import (
    ASSIGNMENT_MOVES,
    CONTACT_MOVES,
    LATE,
    OFFER_MOVES,
    PRESENCE_MOVES,
    AssignmentTrigger,
    ContactTrigger,
    OfferTrigger,
    Refusal,
    move,
)

OURS = {AssignmentTrigger.WRAP, AssignmentTrigger.CLOSE}


@pytest.mark.parametrize("state", list(ContactState))
@pytest.mark.parametrize("trigger", list(ContactTrigger))
def test_every_contact_state_knows_every_trigger(state: ContactState, trigger: ContactTrigger) -> None:
    answer = CONTACT_MOVES[state, trigger]
    if state is ContactState.ENDED:
        assert answer is LATE
    elif isinstance(answer, ContactState):
        assert move(CONTACT_MOVES, state, trigger) is answer
    else:
        with pytest.raises(IllegalTransition):
            move(CONTACT_MOVES, state, trigger)


@pytest.mark.parametrize("state", list(OfferState))
@pytest.mark.parametrize("trigger", list(OfferTrigger))
def test_an_offer_that_is_over_stays_over(state: OfferState, trigger: OfferTrigger) -> None:
    assert (OFFER_MOVES[state, trigger] is LATE) == (state is not OfferState.OPEN)


@pytest.mark.parametrize("state", list(AssignmentState))
@pytest.mark.parametrize("trigger", [trigger for trigger in AssignmentTrigger if trigger not in OURS])
def test_every_assignment_state_knows_every_trigger_of_the_outside(
    state: AssignmentState, trigger: AssignmentTrigger
) -> None:
    answer = ASSIGNMENT_MOVES[state, trigger]
    assert answer is LATE or isinstance(answer, AssignmentState | Refusal)
    if state is AssignmentState.DONE:
        assert answer is LATE


def test_any_presence_may_follow_any_other() -> None:
    assert len(PRESENCE_MOVES) == len(Presence) ** 2


def test_an_unknown_move_is_a_defect() -> None:
    with pytest.raises(IllegalTransition, match="done"):
        move(ASSIGNMENT_MOVES, AssignmentState.DONE, AssignmentTrigger.CLOSE)
