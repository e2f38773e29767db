"""Orders on their way to one switch: numbered, kept until acknowledged, bounded.

The number counts this process's orders to the switch; `stream` names the count. After a restart the engine
issues again what its state still wants, under a new stream: the ids of the orders are the same, so the switch
sees which it has done.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from telephony_adapters.cti.wire import CloudEvent

KEPT_MAX = 10_000


class Orders:
    """The stream of orders to one switch."""

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.last = 0
        self.dropped = 0
        """Orders that fell out unacknowledged because the switch was away for too long."""
        self._kept: OrderedDict[int, CloudEvent] = OrderedDict()
        self._news = asyncio.Event()

    def next_number(self) -> int:
        """Return the number of the next order; `add` it before asking again."""
        return self.last + 1

    def add(self, order: CloudEvent) -> None:
        """Append an order; at the limit the oldest falls out and is counted."""
        self.last += 1
        self._kept[self.last] = order
        if len(self._kept) > KEPT_MAX:
            self._kept.popitem(last=False)
            self.dropped += 1
        self._news.set()

    def acknowledge(self, number: int) -> None:
        """Forget every order up to this number."""
        while self._kept:
            first = next(iter(self._kept))
            if first > number:
                return
            del self._kept[first]

    def after(self, number: int) -> list[tuple[int, CloudEvent]]:
        """Return the kept orders with greater numbers, in order."""
        return [(each, order) for each, order in self._kept.items() if each > number]

    async def wait_after(self, number: int) -> None:
        """Return when an order with a greater number is kept; one that was acknowledged meanwhile is not news."""
        while next(reversed(self._kept), 0) <= number:
            self._news.clear()
            await self._news.wait()
