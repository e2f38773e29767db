"""The intake room: one task for each customer who is with the bot, and what became known of them by the journal.

An adapter hands a leg over by `begin_voice` or `begin_text`. The room tells the engine each piece as soon as it is
down (`IntakeProgressed`), so a hang-up or a crash loses nothing: after a restart the dialogue goes on with the first
question that has no answer in the journal.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Final

import msgspec

from acd.intake.dialogue import Ask, Category, Dialogue, Finish, GiveUp, Notes, Question, Said, Spoken, Turn
from acd.intake.wording import choices_of, farewell_of, prompts_of, text_of
from acd.ports import CustomerGone, Record, Submit, TextChat, Voice
from acd.routing.events import IntakeFinished, IntakeGaveUp, IntakeProgressed
from acd.routing.model import ContactId
from acd.routing.outputs import (
    AnyCommand,
    AnyFact,
    Command,
    ContactEnded,
    ContactReturned,
    IntakeEntered,
    IntakeNoted,
    IntakeTaken,
    StartIntake,
)

KEYS_MAX: Final = 20
DONE_KEYS_MAX: Final = 100_000
_log = logging.getLogger(__name__)


class IntakeSettings(msgspec.Struct, frozen=True):
    """What the operator may set."""

    categories: tuple[Category, ...] = (
        Category("product", "A product does not work", "产品故障"),
        Category("order", "An order or a delivery", "订单或物流"),
        Category("billing", "Billing or a refund", "账单或退款"),
        Category("other", "Something else", "其他问题"),
    )
    """In the order of their keys. The prompt `intake_category` must name the same ones."""
    misses_max: int = 3
    words_ms_max: int = 120_000
    silence_ms_max: int = 4_000
    chat_silence_s: float = 180.0
    """A chat customer who says nothing for so long is asked again; that counts as not understood."""


class IntakeRoom:
    """A `Room` for the loop and the `IntakeBot` of the adapters."""

    name = "intake"
    commands: frozenset[type[Command]] = frozenset()

    def __init__(self, settings: IntakeSettings = IntakeSettings()) -> None:
        self._settings = settings
        self._notes: dict[ContactId, Notes] = {}
        self._tasks: dict[ContactId, asyncio.Task[None]] = {}
        self._begun: dict[str, None] = {}
        self._stack = AsyncExitStack()
        self._group: asyncio.TaskGroup | None = None
        self._submit: Submit | None = None

    async def start(self, submit: Submit) -> None:
        """Be ready to take matters down."""
        self._submit = submit
        self._group = await self._stack.enter_async_context(asyncio.TaskGroup())

    def execute(self, command: AnyCommand) -> None:
        """The bot is handed legs by adapters; the engine orders nothing of it directly."""

    def observe(self, record: Record, is_replay: bool) -> None:
        """Remember what is down; let go of customers who are the bot's no longer."""
        for fact in record.facts:
            self._follow(fact)

    async def stop(self) -> None:
        """Let go of everybody; the journal has what they said."""
        for task in list(self._tasks.values()):
            task.cancel()
        await self._stack.aclose()

    def begin_voice(self, order: StartIntake, voice: Voice) -> None:
        """Take a matter down by voice."""

        async def ask(question: Ask) -> Said | Spoken:
            return await self._ask_voice(question, order, voice)

        self._begin(order, ask, lambda: None, reads_back=True)

    def begin_text(self, order: StartIntake, chat: TextChat) -> None:
        """Take a matter down by text."""

        async def ask(question: Ask) -> Said | Spoken:
            return await self._ask_text(question, order, chat)

        self._begin(order, ask, lambda: chat.say(farewell_of(order.language)), reads_back=False)

    def _begin(
        self,
        order: StartIntake,
        ask: Callable[[Ask], Awaitable[Said | Spoken]],
        say_farewell: Callable[[], None],
        *,
        reads_back: bool,
    ) -> None:
        if order.key in self._begun:
            return
        assert self._group is not None, "no leg is handed over before start"
        self._begun[order.key] = None
        if len(self._begun) > DONE_KEYS_MAX:
            del self._begun[next(iter(self._begun))]
        self._end(order.contact)
        known = self._notes.get(order.contact, Notes())
        settings = self._settings
        dialogue = Dialogue(settings.categories, order.number, known, settings.misses_max, reads_back)
        task = self._group.create_task(self._talk(order, dialogue, ask, say_farewell), name=order.key)
        self._tasks[order.contact] = task

    async def _talk(
        self,
        order: StartIntake,
        dialogue: Dialogue,
        ask: Callable[[Ask], Awaitable[Said | Spoken]],
        say_farewell: Callable[[], None],
    ) -> None:
        try:
            turn = dialogue.begin()
            while isinstance(turn.next, Ask):
                turn = dialogue.hear(await ask(turn.next))
                self._tell(order.contact, turn)
            if isinstance(turn.next, GiveUp):
                say_farewell()
        except CustomerGone:
            _log.info("intake_left contact_id=%s", order.contact)
        finally:
            if self._tasks.get(order.contact) is asyncio.current_task():
                del self._tasks[order.contact]

    def _tell(self, contact: ContactId, turn: Turn) -> None:
        assert self._submit is not None, "nobody talks before start"
        if turn.noted is not None:
            noted = turn.noted
            self._submit(
                IntakeProgressed(contact, noted.category, noted.words, noted.recording, noted.number)
            )
        if isinstance(turn.next, Finish):
            self._submit(IntakeFinished(contact, turn.next.return_call))
        elif isinstance(turn.next, GiveUp):
            self._submit(IntakeGaveUp(contact, turn.next.reason))

    async def _ask_voice(self, ask: Ask, order: StartIntake, voice: Voice) -> Said | Spoken:
        prompts, language = prompts_of(ask), order.language
        if ask.question is Question.MATTER:
            name = f"{_file_name(order.contact)}-{order.turn}-{ask.misses}"
            recorded = await voice.record(
                prompts,
                language,
                name=name,
                end_keys="#0",
                length_ms_max=self._settings.words_ms_max,
                silence_ms_max=self._settings.silence_ms_max,
            )
            if recorded.failure:
                _log.error("intake_recording_failed contact_id=%s why=%s", order.contact, recorded.failure)
            return Spoken(recorded.recording, recorded.key)
        digits_max = KEYS_MAX if ask.question is Question.NUMBER_ENTRY else 1
        keys = await voice.ask(prompts, language, digits_max=digits_max)
        return Said(keys.digits)

    async def _ask_text(self, ask: Ask, order: StartIntake, chat: TextChat) -> Said | Spoken:
        chat.say(text_of(ask, order.language), choices_of(ask, self._settings.categories, order.language))
        try:
            async with asyncio.timeout(self._settings.chat_silence_s):
                return Said(await chat.hear())
        except TimeoutError:
            return Said("")

    def _follow(self, fact: AnyFact) -> None:
        if isinstance(fact, IntakeEntered):
            self._notes.setdefault(fact.contact, Notes())
        elif isinstance(fact, IntakeNoted):
            known = self._notes.get(fact.contact, Notes())
            given = {
                name: value
                for name in ("category", "words", "recording", "number")
                if (value := getattr(fact, name))
            }
            self._notes[fact.contact] = msgspec.structs.replace(known, **given)
        elif isinstance(fact, ContactEnded):
            self._notes.pop(fact.contact, None)
            self._end(fact.contact)
        elif isinstance(fact, ContactReturned | IntakeTaken):
            self._end(fact.contact)

    def _end(self, contact: ContactId) -> None:
        task = self._tasks.pop(contact, None)
        if task is not None:
            task.cancel()


def _file_name(contact: ContactId) -> str:
    """Return the contact's id with everything that a file name should not hold made harmless."""
    return "".join(each if each.isascii() and (each.isalnum() or each in "-_") else "_" for each in contact)[
        :100
    ]
