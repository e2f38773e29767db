"""Orders posted to a switch, signed as Standard Webhooks says: one at a time, in order, until they are taken."""

from __future__ import annotations

import logging
from asyncio import sleep
from collections.abc import Callable, Sequence

import aiohttp
import msgspec

from acd.runtime.webhooks import Target, open_session, post, why_never
from telephony_adapters.cti.orders import Orders
from telephony_adapters.cti.settings import SwitchSettings
from telephony_adapters.cti.wire import CloudEvent

WAITS_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
TRIES_MAX = 25
"""About ten minutes; then the order is given up, counted and logged."""

log = logging.getLogger(__name__)


class Webhook:
    """Posts the orders of one switch."""

    def __init__(
        self,
        switch: SwitchSettings,
        orders: Orders,
        now_ms: Callable[[], int],
        waits_s: Sequence[float] = WAITS_S,
        tries_max: int = TRIES_MAX,
    ) -> None:
        self._source, self._orders, self._now_ms = switch.source, orders, now_ms
        self._target = Target(switch.webhook_url, switch.webhook_secrets, switch.allow_private)
        self._waits_s, self._tries_max = waits_s, tries_max
        self.given_up = 0

    async def run(self) -> None:
        """Post for ever; cancel to stop."""
        if never := await why_never(self._target):
            log.error('webhook_never_called source=%s why="%s"', self._source, never)
        async with open_session(self._target) as session:
            done = 0
            while True:
                await self._orders.wait_after(done)
                for number, order in self._orders.after(done):
                    await self._deliver(session, order)
                    self._orders.acknowledge(number)
                    done = number

    async def _deliver(self, session: aiohttp.ClientSession, order: CloudEvent) -> None:
        body = msgspec.json.encode(order)
        for attempt in range(self._tries_max):
            why = await post(
                session, self._target, order.id, self._now_ms(), body, "application/cloudevents+json"
            )
            if not why:
                return
            log.warning("webhook_refused source=%s why=%s", self._source, why)
            await sleep(self._waits_s[min(attempt, len(self._waits_s) - 1)])
        self.given_up += 1
        log.error("webhook_given_up source=%s order=%s tries=%d", self._source, order.id, self._tries_max)
