"""A chat in the hands of the bot: the `TextChat` that the web adapter hands over with `StartIntake`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from acd.ports import ChatChoice, CustomerGone


class BotChat:
    """One hand-over. Lines of the customer come in by `put`; after `close` the bot has lost the chat."""

    def __init__(self, write: Callable[[str, Sequence[ChatChoice]], None]) -> None:
        self._write = write
        self._heard: asyncio.Queue[str | None] = asyncio.Queue()
        self._is_closed = False

    def put(self, text: str) -> None:
        """The customer said this. Bounded by the lines that a visit may have."""
        self._heard.put_nowait(text)

    def close(self) -> None:
        """The chat is over, or no longer the bot's."""
        self._is_closed = True
        self._heard.put_nowait(None)

    def say(self, text: str, choices: Sequence[ChatChoice] = ()) -> None:
        """Show a line of the bot."""
        if self._is_closed:
            raise CustomerGone
        self._write(text, choices)

    async def hear(self) -> str:
        """Return the customer's next line."""
        text = None if self._is_closed else await self._heard.get()
        if text is None:
            raise CustomerGone
        return text
