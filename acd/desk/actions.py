"""What people at desks may ask for. Each action carries an `id` that the client chose and is answered once.

Answers are `done` or `refused`; an id that was used before gets the answer of the first time and does
nothing. Unknown fields are refused, so that nobody can smuggle in what an action does not have.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from acd.routing.model import (
    AgentId,
    ContactId,
    Link,
    MonitorMode,
    OfferId,
    Presence,
    QueueId,
    SkillId,
    TicketId,
)

ActionId = Annotated[str, Meta(min_length=1, max_length=64, description="chosen by the client, never reused")]
Word = Annotated[str, Meta(max_length=128)]
Sentence = Annotated[str, Meta(max_length=4000)]
Number = Annotated[str, Meta(max_length=64, description="as dialled")]
Offer = Annotated[OfferId, Meta(ge=1, le=2**53 - 1)]
Contact = Annotated[ContactId, Meta(min_length=1, max_length=200)]
Agent = Annotated[AgentId, Meta(min_length=1, max_length=128)]
Queue = Annotated[QueueId, Meta(min_length=1, max_length=128)]
Skill = Annotated[SkillId, Meta(min_length=1, max_length=128)]
Moment = Annotated[int, Meta(ge=0, le=2**53 - 1)]


def tag_of(name: str) -> str:
    """Return the word of a message for its class name: `AcceptOffer` is `accept_offer`."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


class Action(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag=tag_of, forbid_unknown_fields=True
):
    """Base of all actions; `type` is the class name in snake case."""

    id: ActionId


def word_of(action: Action) -> str:
    """Return the `type` of an action."""
    return str(action.__struct_config__.tag)


# --- an agent on their own presence and links ---------------------------------------------------------


class SetPresence(Action, frozen=True, kw_only=True):
    """Choose a presence; while a contact is in hand it becomes the next presence. `signed_out` signs out."""

    presence: Presence
    reason: Word = ""


class SetLink(Action, frozen=True, kw_only=True):
    """The page tells of a link that it can see: the microphone is allowed, the softphone is registered."""

    link: Link
    is_up: bool


# --- an agent on their own offers and assignments -----------------------------------------------------


class AcceptOffer(Action, frozen=True, kw_only=True):
    """Take the offer."""

    offer: Offer


class DeclineOffer(Action, frozen=True, kw_only=True):
    """Leave the offer; the contact keeps its place."""

    offer: Offer
    reason: Word = ""


class EndTalk(Action, frozen=True, kw_only=True):
    """End the talk; wrap-up begins as the queue's rule says."""

    offer: Offer


class HoldContact(Action, frozen=True, kw_only=True):
    """Put the customer on hold, or take them back."""

    offer: Offer
    is_held: bool


class AskWrapUp(Action, frozen=True, kw_only=True):
    """Ask for wrap-up after this talk, or for more of it."""

    offer: Offer


class FinishWrapUp(Action, frozen=True, kw_only=True):
    """Finish with a contact. The disposition is a `path` of the queue's tree (table `labels`)."""

    offer: Offer
    disposition: Word
    notes: Sentence = ""


class TransferContact(Action, frozen=True, kw_only=True):
    """Blind transfer to exactly one of a queue, an agent, a number."""

    offer: Offer
    to_queue: Queue | None = None
    to_agent: Agent | None = None
    to_number: Number = ""


class StartConsult(Action, frozen=True, kw_only=True):
    """Speak to exactly one of an agent, a number, while the customer is held."""

    offer: Offer
    to_agent: Agent | None = None
    to_number: Number = ""


class EndConsult(Action, frozen=True, kw_only=True):
    """Leave the consulted side and take the customer back."""

    offer: Offer


class CompleteConsult(Action, frozen=True, kw_only=True):
    """Hand the customer to the consulted side, or join all three (`conference`)."""

    offer: Offer
    conference: bool = False


class SendChat(Action, frozen=True, kw_only=True):
    """Say a line to the customer of an own assignment. The line comes back as a row of `chat_messages`."""

    contact: Contact
    text: Annotated[str, Meta(min_length=1, max_length=4000)]


class AskReturnCall(Action, frozen=True, kw_only=True):
    """Book a return call for the customer of an own assignment."""

    offer: Offer
    number: Number = ""
    """Empty: the number the customer called from."""
    queue: Queue | None = None
    """None: the queue of the assignment."""
    not_before_at_ms: Moment | None = None
    ticket: Annotated[TicketId, Meta(min_length=1, max_length=128)] | None = None
    to_me: bool = False
    """True: offered to this agent first."""


# --- a supervisor -------------------------------------------------------------------------------------


class ForcePresence(Action, frozen=True, kw_only=True):
    """Choose a presence for an agent; `signed_out` signs them out. While talking it waits for the end."""

    agent: Agent
    presence: Presence
    reason: Word = ""


class ChangeAgent(Action, frozen=True, kw_only=True):
    """Change an agent's skills or queues at once; None leaves as it is."""

    agent: Agent
    skills: Annotated[dict[Skill, Annotated[int, Meta(ge=1, le=5)]], Meta(max_length=256)] | None = None
    queues: Annotated[tuple[Queue, ...], Meta(max_length=1000)] | None = None


class MoveContact(Action, frozen=True, kw_only=True):
    """Move a waiting contact to another queue; its arrival is kept."""

    contact: Contact
    queue: Queue


class SetHeadStart(Action, frozen=True, kw_only=True):
    """Raise a waiting contact: the manual head start, in ms, replaces an earlier one."""

    contact: Contact
    head_start_ms: Annotated[int, Meta(ge=0, le=86_400_000)]


class GiveContact(Action, frozen=True, kw_only=True):
    """Offer a waiting contact to one agent, over presence and capacity if `force`."""

    contact: Contact
    agent: Agent
    force: bool = False


class EndContact(Action, frozen=True, kw_only=True):
    """End a contact."""

    contact: Contact
    reason: Word = ""


class TurnQueue(Action, frozen=True, kw_only=True):
    """Close a queue at once, or open it again; `*` is every queue."""

    queue: Queue
    is_open: bool
    reason: Word = ""


class MonitorContact(Action, frozen=True, kw_only=True):
    """Take part in a live contact; None leaves it."""

    offer: Offer
    mode: MonitorMode | None


class Watch(Action, frozen=True, kw_only=True):
    """Narrow a supervisor's view; a fresh snapshot follows `done`. Given filters must all hold."""

    tables: Annotated[tuple[Word, ...], Meta(max_length=16)] = ()
    """Empty: all tables of the role."""
    region: Word = ""
    team: Word = ""
    queue: Word = ""


AnyAction = (
    SetPresence
    | SetLink
    | AcceptOffer
    | DeclineOffer
    | EndTalk
    | HoldContact
    | AskWrapUp
    | FinishWrapUp
    | TransferContact
    | StartConsult
    | EndConsult
    | CompleteConsult
    | SendChat
    | AskReturnCall
    | ForcePresence
    | ChangeAgent
    | MoveContact
    | SetHeadStart
    | GiveContact
    | EndContact
    | TurnQueue
    | MonitorContact
    | Watch
)
