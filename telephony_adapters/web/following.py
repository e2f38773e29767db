"""What facts mean for chats: where each stands, and what its page is to show. One handler for each kind of fact."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

import msgspec

from acd.routing.events import AnyEvent, LegStored
from acd.routing.model import AgentId, ContactId, LegId, OfferId, Origin, Outcome
from acd.routing.outputs import (
    AnyFact,
    AssignmentConnected,
    AssignmentHeld,
    ContactEnded,
    ContactEntered,
    ContactRequeued,
    ContactReturned,
    ContactTurnedAway,
    EstimateTold,
    IntakeEntered,
    IntakeTaken,
    OfferEnded,
    OfferMade,
    OfferTaken,
    OverflowDeclined,
    RulesInForce,
    TalkEnded,
)
from telephony_adapters.web.chat import BOT, CONNECTING, HELD, TALKING, Chat, KeptChat
from telephony_adapters.web.chats import Chats

LEG: Final = LegId("chat")
COMMAND_WAIT_S: Final = 0.5
"""How long the command that ends a chat may come after the fact that it has ended."""


class ChatFollower:
    """Follows facts for the contacts of this adapter."""

    def __init__(self, chats: Chats, adapter: str, submit: Callable[[AnyEvent], None]) -> None:
        """Take the chats, the adapter's name, and how to store a leg."""
        self._chats = chats
        self._adapter = adapter
        self._submit = submit
        self._names: dict[AgentId, str] = {}
        self._offers: dict[OfferId, ContactId] = {}
        self._is_replay = False
        self._handlers: dict[type[Any], Callable[[Any], None]] = {
            RulesInForce: self._rules,
            ContactEntered: self._entered,
            ContactTurnedAway: self._turned_away,
            EstimateTold: self._estimate,
            ContactRequeued: self._requeued,
            ContactReturned: self._returned,
            OverflowDeclined: self._declined,
            IntakeEntered: self._intake,
            IntakeTaken: self._taken,
            OfferMade: self._offer_made,
            OfferTaken: self._offer_taken,
            OfferEnded: self._offer_ended,
            AssignmentConnected: self._connected,
            AssignmentHeld: self._held,
            TalkEnded: self._talk_ended,
            ContactEnded: self._ended,
        }

    def agent_name(self, agent: AgentId) -> str:
        """Return the name of an agent as the rules have it, for the customer."""
        return self._names.get(agent) or str(agent)

    def follow(self, fact: AnyFact, is_replay: bool) -> None:
        """Take note of a fact."""
        handler = self._handlers.get(type(fact))
        if handler is not None:
            self._is_replay = is_replay
            handler(fact)

    def _rules(self, fact: RulesInForce) -> None:
        self._names = {each.agent: each.name for each in fact.rules.agents}

    def _entered(self, fact: ContactEntered) -> None:
        if fact.adapter != self._adapter or fact.origin is not Origin.INBOUND or not fact.identities:
            return
        chat = self._chats.live(fact.contact)
        if chat is None:
            kept = KeptChat(fact.identities[0], fact.language, fact.queue, fact.display)
            chat = Chat(fact.contact, kept)
            self._chats.add(chat)
        chat.language = fact.language
        self._chats.tell(chat, chat.stand_in(fact.queue))
        self._store(chat)

    def _turned_away(self, fact: ContactTurnedAway) -> None:
        chat = self._chats.live(fact.contact)
        if chat is not None:
            self._chats.finish(chat, f"refused:{fact.code}")

    def _estimate(self, fact: EstimateTold) -> None:
        chat = self._chats.live(fact.contact)
        if chat is not None:
            self._chats.tell(chat, chat.stand_at(fact.position, fact.estimate_ms))

    def _requeued(self, fact: ContactRequeued) -> None:
        self._wait(fact.contact, fact.queue)

    def _returned(self, fact: ContactReturned) -> None:
        self._wait(fact.contact, None)

    def _wait(self, contact: ContactId, queue: str | None) -> None:
        chat = self._chats.live(contact)
        if chat is None:
            return
        self._chats.release_bot(chat)
        self._chats.tell(chat, chat.ask_no_more())
        self._chats.tell(chat, chat.stand_in(chat.state.queue if queue is None else queue))
        self._store(chat)

    def _declined(self, fact: OverflowDeclined) -> None:
        chat = self._chats.live(fact.contact)
        if chat is not None:
            self._chats.tell(chat, chat.ask_no_more())

    def _intake(self, fact: IntakeEntered) -> None:
        self._turn(fact.contact, BOT)

    def _taken(self, fact: IntakeTaken) -> None:
        chat = self._chats.live(fact.contact)
        if chat is not None:
            self._chats.release_bot(chat)

    def _offer_made(self, fact: OfferMade) -> None:
        if self._chats.live(fact.contact) is not None:
            self._offers[fact.offer] = fact.contact

    def _offer_taken(self, fact: OfferTaken) -> None:
        contact = self._offers.get(fact.offer)
        if contact is not None:
            self._turn(contact, CONNECTING)

    def _offer_ended(self, fact: OfferEnded) -> None:
        self._offers.pop(fact.offer, None)

    def _connected(self, fact: AssignmentConnected) -> None:
        self._turn(fact.contact, TALKING, self.agent_name(fact.agent))

    def _held(self, fact: AssignmentHeld) -> None:
        contact = self._offers.get(fact.offer)
        chat = None if contact is None else self._chats.live(contact)
        if chat is not None:
            self._turn(chat.contact, HELD if fact.is_held else TALKING, chat.state.agent)

    def _talk_ended(self, fact: TalkEnded) -> None:
        self._offers.pop(fact.offer, None)

    def _ended(self, fact: ContactEnded) -> None:
        chat = self._chats.live(fact.contact)
        if chat is None:
            return
        self._offers = {offer: held for offer, held in self._offers.items() if held != fact.contact}
        why = chat.why or ("agent" if fact.outcome is Outcome.ANSWERED else fact.why)
        if self._is_replay:
            self._chats.finish(chat, why)
            return
        # An order that ends it with words of its own may be right behind.
        asyncio.get_running_loop().call_later(COMMAND_WAIT_S, self._chats.finish, chat, why)

    def _turn(self, contact: ContactId, state: str, agent: str = "") -> None:
        chat = self._chats.live(contact)
        if chat is not None:
            self._chats.tell(chat, chat.turn_to(state, agent=agent))
            self._store(chat)

    def _store(self, chat: Chat) -> None:
        if not self._is_replay:
            self._submit(LegStored(chat.contact, LEG, msgspec.json.encode(chat.kept())))
