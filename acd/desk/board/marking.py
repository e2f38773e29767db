"""The moves that several facts share: putting a contact into a state, an offer changed, an offer over."""

from __future__ import annotations

from typing import Final

from acd.desk.board.changed import Changed
from acd.desk.board.counting import count_agent, count_contact, uncount_agent
from acd.desk.board.state import AgentState, BoardState, ContactCard, OfferState
from acd.routing.model import ContactId, ContactState, Origin, Presence

PAST_KEPT: Final = 8


def mark_contact(state: BoardState, changed: Changed, contact: ContactId) -> None:
    """A contact changed: so did the desks of the agents who hold it."""
    changed.contacts[contact] = None
    card = state.contacts.get(contact)
    if card is not None:
        for offer in card.offers:
            changed.agents[state.offers[offer].agent] = None
        if card.origin is Origin.RETURN_CALL and card.queue in state.queues:
            state.queues[card.queue].shared_version += 1


def move_contact(
    state: BoardState, changed: Changed, card: ContactCard, to: ContactState, at_ms: int
) -> None:
    """Put a contact into a state and count it there."""
    if card.state is not to:
        card.state = to
        card.since_ms = at_ms
    count_contact(state, card, changed)
    mark_contact(state, changed, card.contact)


def touch_offer(state: BoardState, changed: Changed, offer: OfferState) -> None:
    """An offer changed: count its agent anew and mark everybody who sees it."""
    agent = state.agents.get(offer.agent)
    if agent is not None:
        count_agent(state, agent, changed)
    changed.agents[offer.agent] = None
    mark_contact(state, changed, offer.contact)


def drop_offer(state: BoardState, changed: Changed, offer: OfferState) -> None:
    """An offer or assignment is over; a contact that has ended goes with its last one."""
    del state.offers[offer.offer]
    card = state.contacts.get(offer.contact)
    if card is not None:
        card.offers = [other for other in card.offers if other != offer.offer]
        if card.state is ContactState.ENDED and not card.offers:
            del state.contacts[offer.contact]
    agent = state.agents.get(offer.agent)
    if agent is not None:
        agent.held = [other for other in agent.held if other != offer.offer]
        agent.past = [*agent.past[1 - PAST_KEPT :], offer.offer]
    touch_offer(state, changed, offer)
    if agent is not None:
        forget_if_gone(state, changed, agent)


def forget_if_gone(state: BoardState, changed: Changed, agent: AgentState) -> None:
    """Drop an agent who is no longer in the rules, has signed out and has nothing in hand."""
    if agent.is_gone and agent.presence is Presence.SIGNED_OUT and not agent.held:
        uncount_agent(state, agent, changed)
        changed.agents[agent.agent] = None
        del state.agents[agent.agent]
