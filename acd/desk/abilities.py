"""What the adapter of a contact cannot do is refused here, before the engine: nobody is to believe that it is done.

Pages grey it out (`welcome.cannot`); a client that asks all the same hears `cannot`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from acd.desk import actions as a
from acd.desk.board import BoardState
from acd.desk.requests import NotDone
from acd.ports import Ability


def check_able(action: a.Action, state: BoardState, cannot: Mapping[str, Collection[str]]) -> None:
    """Check an action against what its contact's adapter declares.

    Args:
        action: Allowed by the role already.
        state: The board.
        cannot: By adapter, each `Ability` that it lacks.

    Raises:
        NotDone: `cannot`, with the ability and the adapter.
    """
    ability = _ability_of(action)
    if ability is None:
        return
    held = state.offers.get(getattr(action, "offer", None))  # type: ignore[arg-type]
    card = state.contacts.get(held.contact) if held is not None else None
    if card is not None and ability in cannot.get(card.adapter, ()):
        raise NotDone("cannot", ability.value, f"what the adapter {card.adapter} is able to do")


def _ability_of(action: a.Action) -> Ability | None:
    match action:
        case a.HoldContact(is_held=True):
            return Ability.HOLD
        case a.TransferContact(to_number=number) if number:
            return Ability.TRANSFER_OUT
        case a.StartConsult():
            return Ability.CONSULT
        case a.CompleteConsult(conference=True):
            return Ability.CONFERENCE
        case a.MonitorContact(mode=mode) if mode is not None:
            return Ability(mode.value)
    return None
