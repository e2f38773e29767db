"""What the shell needs of the rooms, and the rooms of the loop, as Protocols. Nothing here does anything.

The circle turns one way: rooms submit events; the loop journals; then commands are executed and records
observed. A room never asks the engine a question: it keeps what it needs from the records it observes.
"""

from __future__ import annotations

from asyncio import Future
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from acd.routing.events import AnyEvent
from acd.routing.model import AgentId, ContactId, Identity, LegId, PersonId, QueueId, TeamId, TicketId
from acd.routing.outputs import AnyCommand, AnyFact, Command, Outputs, StartIntake
from acd.statistics.counts import AgentCounts, QueueCounts


class Record(msgspec.Struct, frozen=True):
    """One entry of the journal: an event and the facts that it made true. `seq` is gap-free per zone."""

    seq: int
    epoch: int
    at_ms: int
    event: AnyEvent
    facts: list[AnyFact]


class KeptLeg(msgspec.Struct, frozen=True):
    """A leg that an adapter stored by `LegStored` and may take up again."""

    contact: ContactId
    leg: LegId
    resume: bytes


class ConfigError(Exception):
    """The operator must act: the configuration, or something that it names, is not as it must be.

    `file` is empty and `line` 0 where no line can be blamed (a port that is taken).
    """

    def __init__(self, key: str, found: str, expected: str, file: str = "", line: int = 0) -> None:
        super().__init__(key, found, expected, file, line)
        self.key = key
        self.found = found
        self.expected = expected
        self.file = file
        self.line = line

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}: " if self.line else (f"{self.file}: " if self.file else "")
        key = f"{self.key}: " if self.key else ""
        return f"{where}{key}found {self.found}, expected {self.expected}"


class Overloaded(Exception):
    """The event was not taken at the doors (`runtime/doors.py`). Refuse the peer (503); `code` says why."""

    def __init__(self, code: str = "overloaded") -> None:
        super().__init__(code)
        self.code = code


class Submit(Protocol):
    """How a room tells the engine something."""

    def __call__(self, event: AnyEvent) -> Future[Record]:
        """Hand an event in, at once and without waiting.

        Returns:
            A future of the durable record; whoever need not answer anybody may drop it. A record whose
            facts hold a `Refused` or `Late` changed nothing.

        Raises:
            Overloaded: Only what starts something new is refused (`ContactArrived`, `ReturnCallAsked`,
                `AgentSignedIn`); what ends or answers something always finds room.
        """
        ...


class StoredLeg(Protocol):
    """A leg as the engine keeps it."""

    @property
    def adapter(self) -> str:
        """Name of the room that stored it."""
        ...

    @property
    def contact(self) -> ContactId:
        """Whose leg it is."""
        ...

    @property
    def leg(self) -> LegId:
        """Its id, as the adapter chose it."""
        ...

    @property
    def resume(self) -> bytes:
        """What the adapter needs to take it up again."""
        ...


class Core(Protocol):
    """The engine, as the loop and recovery use it. Synchronous, owned by one task."""

    def handle(self, event: AnyEvent, now_ms: int) -> Outputs:
        """Decide; the facts have been applied when this returns."""
        ...

    def apply(self, fact: AnyFact, at_ms: int) -> None:
        """Fold one fact of a record of `at_ms`; facts of one record come in order."""
        ...

    def next_deadline_ms(self) -> int | None:
        """Return when `TimePassed` is wanted next; None: never, as things stand."""

    @property
    def is_unfinished(self) -> bool:
        """Whether more is due than the last `TimePassed` has dealt with."""

    def timer_in_hand(self) -> str:
        """Return whose time was being dealt with when `handle` raised; "": it was the event itself."""
        ...

    def pass_over(self, timers: frozenset[str]) -> None:
        """Let the time of these pass without dealing with it; names as `timer_in_hand` gives them."""
        ...

    def wanted_commands(self) -> Sequence[AnyCommand]:
        """Return what the state still wants of the rooms, under the keys that it was ordered by first."""
        ...

    def kept_legs(self) -> Sequence[StoredLeg]:
        """Return the legs that adapters have stored, each with the name of its adapter."""
        ...

    def snapshot(self) -> bytes:
        """Return the whole state as bytes."""
        ...

    def restore(self, data: bytes) -> None:
        """Become the engine that made these bytes.

        Raises:
            msgspec.DecodeError, Defect: They are of another version.
        """
        ...

    def state_hash(self) -> str:
        """Return a hash of the state; equal states, equal hashes, on any machine."""
        ...


class Room(Protocol):
    """A room of the house, as the loop sees it."""

    @property
    def name(self) -> str:
        """Unique; for an adapter the word that its contacts bear as `adapter`."""
        ...

    @property
    def commands(self) -> frozenset[type[Command]]:
        """What it carries out. A command that names an adapter goes to that room alone."""
        ...

    async def start(self, submit: Submit) -> None:
        """Open what must be open. Called after recovery; records before it have been observed already.

        Must not wait for the record of an event that it submits: orders are held until every room has started.

        Raises:
            ConfigError: An address is taken, a file is missing: the operator must act.
        """
        ...

    def execute(self, command: AnyCommand) -> None:
        """Carry out an order; its record is durable and has been observed before it comes here. Must return
        at once and must not raise for a peer's fault. A key that was done before is done already."""
        ...

    def observe(self, record: Record, is_replay: bool) -> None:
        """Take note of a durable record, in order of `seq`, without waiting.

        Args:
            is_replay: True for every record before this room's `start` has returned: nothing can be done yet.
        """
        ...

    async def stop(self) -> None:
        """Refuse new work, finish, close."""
        ...


class KeepingRoom(Room, Protocol):
    """A room that stores what it learns of records, and need not hear again what it has stored."""

    @property
    def kept_seq(self) -> int:
        """The last record whose consequences are stored; the replay of a start reaches back behind it."""
        ...


class CustomerGone(Exception):
    """The customer's leg is gone, or no longer the bot's: whoever waits on it stops. Nobody's fault."""


class Prompt(msgspec.Struct, frozen=True):
    """Something to be said, by the name that the media room gives it, with its variable part."""

    name: str
    number: int = 0
    digits: str = ""
    """Said one by one: a telephone number, a ticket."""


class Keys(msgspec.Struct, frozen=True):
    """What a customer pressed. `is_complete`: as many keys as asked for, or the end key; else time ran out."""

    digits: str
    is_complete: bool


class Recorded(msgspec.Struct, frozen=True):
    """What a customer said."""

    recording: str
    """Its name, relative to the folder of recordings; "" where nothing was said or it could not be kept."""
    duration_ms: int = 0
    key: str = ""
    """The key that ended it; "" where silence, length or the end of the prompt's patience did."""
    failure: str = ""
    """Why it could not be kept (`disk_full`, ...); "" where it was."""


class Voice(Protocol):
    """One call in the hands of the bot; the adapter that holds the leg makes one for each `StartIntake`.

    One method runs at a time. Each raises `CustomerGone` as soon as the leg is gone, also while it waits,
    and at every later call.
    """

    async def say(self, prompts: Sequence[Prompt], language: str) -> None:
        """Play to the end; a key cuts it short."""
        ...

    async def ask(
        self,
        prompts: Sequence[Prompt],
        language: str,
        *,
        digits_max: int = 1,
        end_key: str = "#",
        first_ms_max: int = 8_000,
        next_ms_max: int = 4_000,
    ) -> Keys:
        """Play, and collect keys; a key cuts the prompts short and counts. `end_key` is part of no answer."""
        ...

    async def record(
        self,
        prompts: Sequence[Prompt],
        language: str,
        *,
        name: str,
        end_keys: str = "#",
        length_ms_max: int = 120_000,
        silence_ms_max: int = 4_000,
    ) -> Recorded:
        """Play, then record until one of `end_keys`, silence or the length. A key of `end_keys` while the
        prompt plays ends it with nothing recorded; any other key only cuts the prompt short.

        Args:
            name: What the recording is to be called, without suffix; unique, safe as a file name.
        """
        ...


class ChatChoice(msgspec.Struct, frozen=True):
    """A button under a line of the bot; pressing it says `value` for the customer."""

    value: str
    label: str


class TextChat(Protocol):
    """One chat in the hands of the bot; the adapter that holds it makes one for each `StartIntake`."""

    def say(self, text: str, choices: Sequence[ChatChoice] = ()) -> None:
        """Show a line of the bot. A page that is away for a moment sees it when it is back.

        Raises:
            CustomerGone: The chat is over, or no longer the bot's.
        """
        ...

    async def hear(self) -> str:
        """Return the customer's next line, not empty, whole.

        Raises:
            CustomerGone: The chat is over, or no longer the bot's.
        """
        ...


class IntakeBot(Protocol):
    """The bot as adapters know it. `StartIntake` goes to the adapter that holds the leg; the adapter hands
    the leg on here. What the bot takes down, and that it gave up, it tells the engine itself.

    An adapter that was given no bot answers `StartIntake` with `IntakeGaveUp(reason="no_bot")`.
    """

    def begin_voice(self, order: StartIntake, voice: Voice) -> None:
        """Take a matter down by voice, at once and without waiting. A repeated key is done already."""
        ...

    def begin_text(self, order: StartIntake, chat: TextChat) -> None:
        """The same by text."""
        ...


class Ability(StrEnum):
    """What an adapter may declare that it cannot do. Beside each: how an order for it is refused all the same.

    The refusal is an event, so that the engine, the desks and the records say what is so; the talk goes on.
    """

    HOLD = "hold"
    """`HoldChosen(offer, False)`."""
    TRANSFER_OUT = "transfer_out"
    """`ConnectFailed(offer, "cannot")`."""
    CONSULT = "consult"
    """`ConsultEnded(offer, "cannot")`."""
    CONFERENCE = "conference"
    """`ParticipantLeft(offer, target)`: the customer stays with the agent."""
    DIAL = "dial"
    """`DialFailed(offer, ...)`."""
    INTAKE = "intake"
    """`IntakeGaveUp(contact, "no_bot")`."""
    MONITOR = "monitor"
    """`ParticipantLeft(offer, supervisor)`; the next two as well."""
    WHISPER = "whisper"
    BARGE = "barge"
    TAKE_OVER = "take_over"
    """Refused at the desk alone: by the time of the order the agent has been relieved."""
    RECORD = "record"
    """Nobody orders it; a desk shows no sign of a recording."""


class Adapter(Room, Protocol):
    """A room that holds customers' legs. Held to `tests/telephony_adapters/conformance.py`."""

    @property
    def cannot(self) -> frozenset[str]:
        """Each `Ability` that it lacks; the desk greys it out and refuses it."""
        ...

    async def resume(self, legs: Sequence[KeptLeg]) -> None:
        """After `start`, take these legs up again; report those that are gone by `LegsCompared`."""
        ...


class Speaker(StrEnum):
    """Who said a line of a chat."""

    CUSTOMER = "customer"
    AGENT = "agent"
    BOT = "bot"
    HOUSE = "house"
    """The house itself: greetings, positions, notices."""


class ChatMessage(msgspec.Struct, frozen=True):
    """One line of a chat, as both sides see it. `number` counts a contact's lines from 1 without gaps."""

    contact: ContactId
    number: int
    by: Speaker
    text: str
    at_ms: int
    name: str = ""
    """Name of the agent as the customer sees it."""
    agent: AgentId | None = None


class ChatRefused(Exception):
    """A line was not taken; `code` is stable: `unknown_contact`, `contact_ended`, `too_long`, `too_many`."""

    def __init__(self, code: str, found: str = "", expected: str = "") -> None:
        super().__init__(f"{code}: found {found!r}, expected {expected!r}")
        self.code = code
        self.found = found
        self.expected = expected


class Conversations(Protocol):
    """What the desks need of the room that holds the chats (telephony_adapters/web). Never waits."""

    def transcript(self, contact: ContactId) -> Sequence[ChatMessage]:
        """Return the lines so far, in order; empty for an unknown contact. Bounded by the room."""
        ...

    def say(self, contact: ContactId, agent: AgentId, text: str, key: str) -> ChatMessage:
        """Say a line to the customer. A repeated `key` of one contact returns the line of the first time.

        The desk has checked that the agent holds an assignment of this contact.
        Raises `ChatRefused`: The line was not taken.
        """
        ...

    def listen(self, hear: Callable[[ChatMessage], None]) -> None:
        """Call `hear` for every new line of any chat, whoever said it, from now on."""
        ...


class TranscriptStore(Protocol):
    """Where the lines of chats are kept whole. Keeping never waits; reading does."""

    def keep(self, line: ChatMessage, key: str, then: Callable[[], None]) -> bool:
        """Store a line, soon and in order; call `then` once it is durable. False: full, the line was not taken.

        Args:
            line: What was said.
            key: The speaker's own mark of the line, by which a repetition is known; "" for none.
            then: Called on the loop.
        """
        ...

    async def lines_of(self, contacts: Sequence[ContactId]) -> dict[ContactId, list[tuple[ChatMessage, str]]]:
        """Return the lines of these chats with their keys, in order; chats without lines are left out."""
        ...


class TicketCard(msgspec.Struct, frozen=True):
    """What an agent sees of a ticket in a list."""

    ticket: TicketId
    state: str
    opened_at_ms: int
    queue: str = ""
    category: str = ""
    words: str = ""
    recording: str = ""
    number: str = ""
    """Where to call back; whole, for those who may see it."""
    customer: str = ""
    contact: ContactId | None = None
    owner: AgentId | None = None
    return_call: str = ""
    """State of the return call: empty where none is booked, else `waiting`, `offered`, `talking`, `done`,
    `unreached`, `cancelled`."""
    due_at_ms: int | None = None
    closed_at_ms: int | None = None
    disposition: str = ""
    notes: str = ""


class TicketEntry(msgspec.Struct, frozen=True):
    """One entry of a ticket's thread. `kind`: `opened`, `linked`, `return_call`, `disposition`, `note`, `closed`."""

    id: int
    at_ms: int
    kind: str
    by: str = ""
    """An agent, another person, or `bot`; "" where nobody acted."""
    text: str = ""
    contact: ContactId | None = None


class TicketThread(msgspec.Struct, frozen=True):
    """One ticket with everything that happened to it, in order. A clock that has not stopped is None."""

    card: TicketCard
    language: str
    is_partial: bool
    """The customer left before the bot was through."""
    transcript: str
    """What a recogniser made of the recording; "" where none is configured."""
    entries: list[TicketEntry]
    contacts: list[ContactId]
    identities: list[Identity]
    first_response_ms: int | None
    resolution_ms: int | None


class TicketShelf(Protocol):
    """What the desks need of the tickets room. Reading waits for SQL; listening does not."""

    async def open_tickets(self, limit: int) -> Sequence[TicketCard]:
        """Return tickets that are not closed, the latest first."""
        ...

    async def tickets_of(self, identities: Sequence[Identity], limit: int) -> Sequence[TicketCard]:
        """Return a customer's tickets over all channels, open ones first, then the latest."""
        ...

    def listen(self, hear: Callable[[TicketCard], None]) -> None:
        """Call `hear` for every ticket that is opened, changed or closed, from now on."""
        ...

    async def ticket(self, ticket: TicketId) -> TicketThread | None:
        """Return one ticket with its thread; None if there is no such ticket."""
        ...

    async def add_note(self, ticket: TicketId, by: PersonId, text: str, key: str) -> TicketEntry | None:
        """Add to the thread; a repeated `key` of one person is one note. None if there is no such ticket."""
        ...


class TimelineContact(msgspec.Struct, frozen=True):
    """One contact on a customer's timeline; what has not happened is empty or None."""

    contact: ContactId
    channel: str
    origin: str
    queue: str
    arrived_at_ms: int
    answered_at_ms: int | None = None
    ended_at_ms: int | None = None
    outcome: str = ""
    agent: AgentId | None = None
    disposition: str = ""
    notes: str = ""
    ticket: TicketId | None = None


class CustomerCard(msgspec.Struct, frozen=True):
    """One customer over all channels, with the latest contacts first."""

    account: str
    name: str
    identities: list[Identity]
    contacts: list[TimelineContact]


class CustomerBook(Protocol):
    """What the desks need of the customers room. Waits for SQL."""

    async def customer_of(self, identities: Sequence[Identity], limit: int) -> CustomerCard | None:
        """Return the account that bears one of these identities, the first that is known; None for a stranger."""
        ...


class FiguresBy(StrEnum):
    """What figures by interval are summed for: queues have the counts of contacts, agents and teams those of
    agents, regions both."""

    QUEUE = "queue"
    REGION = "region"
    AGENT = "agent"
    TEAM = "team"


class FiguresAsked(msgspec.Struct, frozen=True):
    """Which figures are wanted.

    `queues` narrows the counts of contacts, `teams` and `agents` those of agents, before anything is summed; None
    narrows nothing. Teams and regions of agents are those at the end of each quarter.
    """

    periods: Sequence[tuple[int, int]]
    """[from, to) in ms since the epoch, on borders of quarters of an hour, in order, without overlap."""
    by: FiguresBy
    queues: frozenset[QueueId] | None = None
    teams: frozenset[TeamId] | None = None
    agents: frozenset[AgentId] | None = None
    rows_max: int = 10_000


class FiguresRow(msgspec.Struct, frozen=True):
    """Sums over one period; None: this kind of count does not exist for it, or nothing was counted."""

    from_ms: int
    to_ms: int
    key: str
    """Id of the queue, region, agent or team. "" for what had none: customers refused at the door, for example."""
    queue_counts: QueueCounts | None = None
    agent_counts: AgentCounts | None = None


class FiguresTooMany(Exception):
    """More rows than `rows_max` would be the answer."""


class FigureBook(Protocol):
    """What the desks need of the reports room. Waits for SQL."""

    async def figures(self, asked: FiguresAsked) -> Sequence[FiguresRow]:
        """Return what was counted, by period and key; what counts nothing is left out. What runs is counted up to now.

        Raises:
            FiguresTooMany: Ask for less.
        """
        ...
