"""The chats of this node: who talks where, which page shows which chat, and how a line comes to everybody.

Here is no engine: what a page or an agent does is told to the adapter, which submits it.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence

from acd.ports import ChatChoice, ChatMessage, ChatRefused, Speaker, TranscriptStore
from acd.routing.model import AgentId, ContactId, Identity
from telephony_adapters.web.bot_chat import BotChat
from telephony_adapters.web.chat import ENDED, Chat
from telephony_adapters.web.connection import CLOSE_REPLACED, Page
from telephony_adapters.web.settings import DURABLE_WAIT_S, ENDED_KEPT, TEXT_MAX
from telephony_adapters.web.wire import Ended, ToPage, clean_text


class Chats:
    """All chats. Belongs to the loop's thread."""

    def __init__(self, store: TranscriptStore, now_ms: Callable[[], int]) -> None:
        self._store = store
        self._now_ms = now_ms
        self._live: dict[ContactId, Chat] = {}
        self._ended: OrderedDict[ContactId, Chat] = OrderedDict()
        self._by_identity: dict[Identity, ContactId] = {}
        self._pages: dict[ContactId, Page] = {}
        self._shown_by: dict[Page, Chat] = {}
        self._bots: dict[ContactId, BotChat] = {}
        self._graces: dict[ContactId, asyncio.TimerHandle] = {}
        self._hearers: list[Callable[[ChatMessage], None]] = []

    def __len__(self) -> int:
        return len(self._live)

    # Chats.

    def add(self, chat: Chat) -> None:
        """Begin to hold a chat."""
        self._live[chat.contact] = chat
        self._by_identity[chat.identity] = chat.contact

    def remove(self, chat: Chat) -> None:
        """Hold it no longer; its lines can be read for a while."""
        if self._live.pop(chat.contact, None) is None:
            return
        if self._by_identity.get(chat.identity) == chat.contact:
            del self._by_identity[chat.identity]
        self.release_bot(chat)
        self._stop_grace(chat)
        self._ended[chat.contact] = chat
        if len(self._ended) > ENDED_KEPT:
            self._ended.popitem(last=False)

    def live(self, contact: ContactId) -> Chat | None:
        """Return the chat of a contact that is not over."""
        return self._live.get(contact)

    def all_live(self) -> list[Chat]:
        """Return every chat that is not over."""
        return list(self._live.values())

    def of_identity(self, identity: Identity) -> Chat | None:
        """Return a visitor's open chat."""
        contact = self._by_identity.get(identity)
        return None if contact is None else self._live.get(contact)

    async def restore(self, chats: Sequence[Chat]) -> None:
        """Put the stored lines back into chats that were taken up again."""
        stored = await self._store.lines_of([chat.contact for chat in chats])
        for chat in chats:
            chat.restore(stored.get(chat.contact, []))

    def finish(self, chat: Chat, why: str) -> None:
        """End a chat: the page is told everything, then that it is over."""
        if chat.is_ended:
            return
        self.show(chat, len(chat.lines))
        self.tell(chat, chat.ask_no_more())
        chat.turn_to(ENDED)
        page = self._pages.pop(chat.contact, None)
        if page is not None:
            self._shown_by.pop(page, None)
            page.send(Ended(why, chat.ticket))
            page.close(1000)
        self.remove(chat)

    # Pages.

    def attach(self, chat: Chat, page: Page) -> None:
        """Show a chat on this page, and on no other."""
        other = self._pages.get(chat.contact)
        if other is not None and other is not page:
            self._shown_by.pop(other, None)
            other.close(CLOSE_REPLACED)
        self._pages[chat.contact] = page
        self._shown_by[page] = chat
        self._stop_grace(chat)

    def detach(self, page: Page) -> Chat | None:
        """A page is gone; return the chat that nobody sees now."""
        chat = self._shown_by.pop(page, None)
        if chat is None or self._pages.get(chat.contact) is not page:
            return None
        del self._pages[chat.contact]
        return chat

    def shown_by(self, page: Page) -> Chat | None:
        """Return the chat that a page shows."""
        return self._shown_by.get(page)

    def is_seen(self, chat: Chat) -> bool:
        """Whether a page shows it."""
        return chat.contact in self._pages

    def tell(self, chat: Chat, messages: Iterable[ToPage]) -> None:
        """Send to the page, if there is one."""
        page = self._pages.get(chat.contact)
        if page is not None:
            for message in messages:
                page.send(message)

    def start_grace(self, chat: Chat, grace_s: float, over: Callable[[Chat], None]) -> None:
        """Call `over` unless a page shows the chat by then."""
        self._stop_grace(chat)
        timer = asyncio.get_running_loop().call_later(grace_s, over, chat)
        self._graces[chat.contact] = timer

    def stop_graces(self) -> None:
        """The node stops; nobody is late."""
        for timer in self._graces.values():
            timer.cancel()
        self._graces.clear()

    # Lines.

    def add_line(
        self,
        chat: Chat,
        by: Speaker,
        text: str,
        *,
        key: str = "",
        name: str = "",
        agent: AgentId | None = None,
        choices: Sequence[ChatChoice] = (),
    ) -> ChatMessage | None:
        """Add a line, store it, let agents hear it now and the customer see it when it is stored.

        Returns:
            The line, that of the first time for a repeated key; None if the store takes nothing more.
        """
        known = chat.line_of(by, key)
        if known is not None:
            return known
        line = chat.add(by, text, self._now_ms(), key=key, name=name, agent=agent, choices=choices)

        def show() -> None:
            self.show(chat, line.number)

        if not self._store.keep(line, key, show):
            chat.drop_last()
            return None
        asyncio.get_running_loop().call_later(DURABLE_WAIT_S, show)
        for hear in self._hearers:
            hear(line)
        return line

    def show(self, chat: Chat, number: int) -> None:
        """Let the customer see the lines up to `number`."""
        self.tell(chat, chat.show(number))

    def listen(self, hear: Callable[[ChatMessage], None]) -> None:
        """Call `hear` for every new line."""
        self._hearers.append(hear)

    def transcript(self, contact: ContactId) -> Sequence[ChatMessage]:
        """Return the lines of a chat that is live, or was not long ago."""
        chat = self._live.get(contact) or self._ended.get(contact)
        return [] if chat is None else list(chat.lines)

    def say_as_agent(self, contact: ContactId, agent: AgentId, name: str, text: str, key: str) -> ChatMessage:
        """Say a line to the customer.

        Raises:
            ChatRefused: The line was not taken.
        """
        chat = self._live.get(contact)
        if chat is None:
            code = "contact_ended" if contact in self._ended else "unknown_contact"
            raise ChatRefused(code, contact, "a chat that is not over")
        cleaned = clean_text(text)
        if not 0 < len(cleaned) <= TEXT_MAX:
            raise ChatRefused(
                "too_long" if cleaned else "empty", str(len(cleaned)), f"1 to {TEXT_MAX} characters"
            )
        if chat.is_full and chat.line_of(Speaker.AGENT, key) is None:
            raise ChatRefused("too_many", str(len(chat.lines)), "fewer lines in a visit")
        line = self.add_line(chat, Speaker.AGENT, cleaned, key=key, name=name, agent=agent)
        if line is None:
            raise ChatRefused("overloaded", "", "try again later")
        return line

    # The bot.

    def hand_to_bot(self, chat: Chat, bot_chat: BotChat) -> None:
        """What the customer says from now on, the bot hears."""
        self.release_bot(chat)
        self._bots[chat.contact] = bot_chat

    def release_bot(self, chat: Chat) -> None:
        """The bot has lost the chat, if it had it."""
        bot_chat = self._bots.pop(chat.contact, None)
        if bot_chat is not None:
            bot_chat.close()

    def bot_of(self, chat: Chat) -> BotChat | None:
        """Return the hand-over, if the bot has the chat."""
        return self._bots.get(chat.contact)

    def _stop_grace(self, chat: Chat) -> None:
        timer = self._graces.pop(chat.contact, None)
        if timer is not None:
            timer.cancel()
