"""The web adapter: pages' messages as our events, our commands and facts as pages' messages.

Where a chat stands is told by facts; what is to be done by commands. A chat lives as long as its contact; a page may
come and go within the grace. Everything that is needed to take a chat up again is in the journal (the leg's resume
bytes) and in the transcript store.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import msgspec
from aiohttp import web

from acd.numbers import Numbers
from acd.ports import (
    Ability,
    ChatMessage,
    IntakeBot,
    KeptLeg,
    Overloaded,
    Record,
    Speaker,
    Submit,
    TranscriptStore,
)
from acd.routing.events import AnyEvent, ContactArrived, CustomerChose, CustomerLeft, LegsCompared
from acd.routing.model import AgentId, Channel, ContactId, EntryId, Link
from acd.routing.outputs import AnyCommand, Command, ContactEntered, Late
from acd.routing.outputs import Refused as RefusedFact
from telephony_adapters.web.chat import WAITING, Chat, KeptChat
from telephony_adapters.web.chats import Chats
from telephony_adapters.web.connection import CustomerSocket, Page
from telephony_adapters.web.following import ChatFollower
from telephony_adapters.web.orders import Orders
from telephony_adapters.web.settings import LINES_MAX, WebSettings
from telephony_adapters.web.wire import (
    Choose,
    Ended,
    FromPage,
    Hello,
    Leave,
    Limits,
    Refused,
    Say,
    WebError,
    Welcome,
    identity_of,
)

NAME: Final = "web"
PATH: Final = "/customer"
ARRIVAL_TIMEOUT_S: Final = 10.0
READY_TIMEOUT_S: Final = 10.0
CLOSE_TRY_AGAIN: Final = 1013
_log = logging.getLogger(__name__)


class WebAdapter:
    """An `Adapter` for the loop, `Conversations` for the desks, and the handler of the customer page's websocket."""

    name = NAME
    cannot: frozenset[str] = frozenset(
        {
            Ability.CONSULT, Ability.CONFERENCE, Ability.TRANSFER_OUT, Ability.DIAL, Ability.MONITOR,
            Ability.WHISPER, Ability.BARGE, Ability.RECORD,
        }
    )  # fmt: skip

    def __init__(
        self,
        settings: WebSettings,
        store: TranscriptStore,
        now_ms: Callable[[], int],
        bot: IntakeBot | None = None,
    ) -> None:
        self._settings = settings
        self._numbers = Numbers(settings.country)
        self._chats = Chats(store, now_ms)
        self._follower = ChatFollower(self._chats, NAME, self._submit_if_live)
        self._orders = Orders(self._chats, NAME, bot, self._submit_now)
        self._socket = CustomerSocket(settings, self)
        self._submit: Submit | None = None
        self._ready = asyncio.Event()

    # A room of the house.

    @property
    def commands(self) -> frozenset[type[Command]]:
        """What it carries out."""
        return self._orders.commands

    def add_routes(self, app: web.Application) -> None:
        """Mount the websocket on the house's HTTP server; pages are sent away before that closes."""
        app.router.add_get(PATH, self._socket.handle)
        app.on_shutdown.append(self._send_away)

    async def start(self, submit: Submit) -> None:
        """Take up the chats that the journal holds, and begin to serve pages."""
        self._submit = submit
        await self._take_up(self._chats.all_live())
        self._ready.set()

    async def resume(self, legs: Sequence[KeptLeg]) -> None:
        """Take up chats whose beginning the journal holds no more; pages come back by themselves, within the grace."""
        new = []
        for leg in legs:
            if self._chats.live(leg.contact) is None and leg.resume:
                chat = Chat(leg.contact, msgspec.json.decode(leg.resume, type=KeptChat))
                self._chats.add(chat)
                new.append(chat)
        await self._take_up(new)
        self._submit_now(LegsCompared(NAME))

    def execute(self, command: AnyCommand) -> None:
        """Carry out an order."""
        self._orders.execute(command)

    def observe(self, record: Record, is_replay: bool) -> None:
        """Show where chats stand."""
        for fact in record.facts:
            self._follower.follow(fact, is_replay)

    async def stop(self) -> None:
        """Send the pages away; they come back to the next node, or to this one when it is up again."""
        self._chats.stop_graces()
        await self._socket.close_all()

    # The desks' conversations.

    def transcript(self, contact: ContactId) -> Sequence[ChatMessage]:
        """Return the lines so far."""
        return self._chats.transcript(contact)

    def say(self, contact: ContactId, agent: AgentId, text: str, key: str) -> ChatMessage:
        """Say a line to the customer."""
        return self._chats.say_as_agent(contact, agent, self._follower.agent_name(agent), text, key)

    def listen(self, hear: Callable[[ChatMessage], None]) -> None:
        """Call `hear` for every new line of any chat."""
        self._chats.listen(hear)

    # The pages.

    async def hello(self, message: Hello, page: Page) -> None:
        """Begin or take up a visit."""
        try:
            async with asyncio.timeout(READY_TIMEOUT_S):
                await self._ready.wait()
        except TimeoutError:
            page.send(Refused("overloaded"))
            page.close(CLOSE_TRY_AGAIN)
            return
        chat = self._chats.of_identity(identity_of(message.visitor))
        if message.contact is not None and (chat is None or chat.contact != message.contact):
            page.send(Ended("gone"))
            page.close(1000)
            return
        if chat is None:
            if not message.entry:
                raise WebError("bad_message", "no entry", "the name of an entry")
            await self._arrive(message, page)
            return
        self._chats.attach(chat, page)
        if self._chats.shown_by(page) is chat and not chat.is_ended:
            page.send(self._welcome(chat, False, message.after))

    def hear(self, message: FromPage, page: Page) -> None:
        """Take a message of a page that shows a chat."""
        chat = self._chats.shown_by(page)
        if chat is None:
            raise WebError("ended", key=message.key if isinstance(message, Say) else "")
        if isinstance(message, Say):
            self._hear_line(chat, message, page)
        elif isinstance(message, Choose):
            self._hear_choice(chat, message, page)
        elif isinstance(message, Leave):
            chat.why = "left"
            self._submit_now(CustomerLeft(chat.contact, "left"))
        else:
            raise WebError("bad_message", "a second hello", "one hello for a connection")

    def gone(self, page: Page) -> None:
        """A page is gone; its chat waits for it for the grace."""
        chat = self._chats.detach(page)
        if chat is not None and not chat.is_ended:
            self._chats.start_grace(chat, self._settings.grace_s, self._lose)

    async def _arrive(self, message: Hello, page: Page) -> None:
        """Begin a visit. What becomes of it meanwhile waits behind the welcome."""
        page.hold()
        welcome = None
        try:
            welcome = await self._enter(message, page)
        finally:
            page.release(welcome)

    async def _enter(self, message: Hello, page: Page) -> Welcome | None:
        """Hand a visit in; None if it was turned away, which the page is told."""
        assert self._submit is not None, "pages are served after start"
        identity = identity_of(message.visitor)
        contact = ContactId(f"{NAME}-{secrets.token_hex(10)}")
        chat = Chat(contact, KeptChat(identity, message.language or "en", name=message.name))
        identities = (identity, *self._numbers.identities(message.phone))
        self._chats.add(chat)
        self._chats.attach(chat, page)
        try:
            future = self._submit(
                ContactArrived(
                    contact,
                    NAME,
                    Channel.CHAT,
                    EntryId(message.entry),
                    identities=identities,
                    display=message.name,
                    language=message.language,
                    links=(Link.DESK,),
                    return_adapter=self._settings.return_calls_by,
                    return_links=self._settings.return_links,
                )
            )
            async with asyncio.timeout(ARRIVAL_TIMEOUT_S):
                record = await asyncio.shield(future)
        except Overloaded as full:
            self._turn_away(chat, page, full.code)
            return None
        except TimeoutError:
            self._turn_away(chat, page, "lag")
            return None
        for fact in record.facts:
            if isinstance(fact, ContactEntered) and fact.contact == contact:
                chat.language = fact.language
                return self._welcome(chat, True, 0)
        return None

    def _turn_away(self, chat: Chat, page: Page, why: str) -> None:
        self._chats.detach(page)
        self._chats.remove(chat)
        page.send(Refused("overloaded", found=why, expected="the same again later"))
        page.close(CLOSE_TRY_AGAIN)

    def _welcome(self, chat: Chat, is_new: bool, after: int) -> Welcome:
        limits = Limits(grace_s=self._settings.grace_s)
        lines = chat.shown_after(after)
        return Welcome(chat.contact, is_new, chat.language, lines, chat.state, chat.question, limits)

    def _hear_line(self, chat: Chat, message: Say, page: Page) -> None:
        known = chat.line_of(Speaker.CUSTOMER, message.key)
        if known is not None:
            for line in chat.shown_after(known.number - 1)[:1]:
                page.send(line)
            return
        if chat.is_too_fast(asyncio.get_running_loop().time()):
            raise WebError("too_fast", key=message.key)
        if chat.is_full:
            raise WebError("too_many", str(len(chat.lines)), f"at most {LINES_MAX} lines", message.key)
        line_added = self._chats.add_line(chat, Speaker.CUSTOMER, message.text, key=message.key)
        if line_added is None:
            raise WebError("overloaded", key=message.key)
        bot_chat = self._chats.bot_of(chat)
        if bot_chat is not None:
            bot_chat.put(message.text)

    def _hear_choice(self, chat: Chat, message: Choose, page: Page) -> None:
        if message.choice in ("accept", "decline"):
            question = chat.question
            if question is None or message.turn not in (None, question.turn):
                raise WebError("no_question", message.choice)
        elif chat.state.state != WAITING:
            raise WebError("no_question", message.choice)
        assert self._submit is not None, "nobody acts before start"
        future = self._submit(CustomerChose(chat.contact, message.choice))
        future.add_done_callback(partial(_tell_refusal, page, message.choice))

    async def _send_away(self, app: web.Application) -> None:
        await self._socket.close_all()

    async def _take_up(self, chats: Sequence[Chat]) -> None:
        if chats:
            await self._chats.restore(chats)
        for chat in chats:
            if not self._chats.is_seen(chat):
                self._chats.start_grace(chat, self._settings.grace_s, self._lose)

    def _lose(self, chat: Chat) -> None:
        if not self._chats.is_seen(chat):
            _log.info("page_lost contact_id=%s", chat.contact)
            self._submit_now(CustomerLeft(chat.contact, "page_closed"))

    def _submit_now(self, event: AnyEvent) -> None:
        assert self._submit is not None, "nobody acts before start"
        self._submit(event)

    def _submit_if_live(self, event: AnyEvent) -> None:
        if self._submit is not None:
            self._submit(event)


def _tell_refusal(page: Page, choice: str, done: asyncio.Future[Record]) -> None:
    """Tell a page that a button did nothing, and why."""
    if done.cancelled() or done.exception() is not None:
        page.send(Refused("overloaded", found=choice, expected="the same again later"))
        return
    for fact in done.result().facts:
        if isinstance(fact, Late):
            page.send(Refused("no_question", found=choice, expected=fact.why))
        elif isinstance(fact, RefusedFact):
            page.send(Refused(fact.code, found=choice, expected=fact.expected))
