"""Orders posted to a switch, signed as Standard Webhooks says: one at a time, in order, until they are taken."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import logging
import socket
from asyncio import sleep
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import DefaultResolver

from telephony_adapters.cti.orders import Orders
from telephony_adapters.cti.settings import SwitchSettings
from telephony_adapters.cti.wire import CloudEvent

TIMEOUT = aiohttp.ClientTimeout(total=5.0)
WAITS_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
TRIES_MAX = 25
"""About ten minutes; then the order is given up, counted and logged."""

log = logging.getLogger(__name__)


def signature(secret: str, message_id: str, timestamp_s: int, body: bytes) -> str:
    """Return `v1,` and the base64 HMAC-SHA256 over `id.timestamp.body`.

    Source: Standard Webhooks, "Signature scheme".

    Raises:
        ValueError: The secret is not base64.
    """
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error as error:
        raise ValueError(f"a webhook secret is not base64: {error}") from error
    signed = b".".join((message_id.encode(), str(timestamp_s).encode(), body))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def is_public(address: str) -> bool:
    """Say whether an address lies in the open network: not private, loopback, link-local, or mapped to such."""
    known = ipaddress.ip_address(address)
    mapped = getattr(known, "ipv4_mapped", None)
    return (mapped or known).is_global


class PublicResolver(AbstractResolver):
    """Resolves names, and refuses those that lead inside; asked at every connection, so a change is seen."""

    def __init__(self) -> None:
        self._names = DefaultResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the public addresses of a name.

        Raises:
            OSError: The name leads to a private address.
        """
        found = await self._names.resolve(host, port, family)
        inside = [each["host"] for each in found if not is_public(each["host"])]
        if inside:
            raise OSError(f"{host} leads to {inside[0]}, which is not a public address")
        return found

    async def close(self) -> None:
        """Close the resolver beneath."""
        await self._names.close()


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
        self._switch, self._orders, self._now_ms = switch, orders, now_ms
        self._waits_s, self._tries_max = waits_s, tries_max
        self.given_up = 0

    async def run(self) -> None:
        """Post for ever; cancel to stop."""
        resolver = None if self._switch.allow_private else PublicResolver()
        connector = aiohttp.TCPConnector(limit=1, resolver=resolver)
        async with aiohttp.ClientSession(connector=connector, timeout=TIMEOUT) as session:
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
            if await self._post(session, order.id, body):
                return
            await sleep(self._waits_s[min(attempt, len(self._waits_s) - 1)])
        self.given_up += 1
        log.error(
            "webhook_given_up source=%s order=%s tries=%d", self._switch.source, order.id, self._tries_max
        )

    async def _post(self, session: aiohttp.ClientSession, message_id: str, body: bytes) -> bool:
        host = urlsplit(self._switch.webhook_url).hostname or ""
        if not self._switch.allow_private and _is_inside(host):
            log.error(
                "webhook_refused source=%s host=%s expected=a_public_address", self._switch.source, host
            )
            return False
        now_s = self._now_ms() // 1000
        signed = " ".join(
            signature(secret, message_id, now_s, body) for secret in self._switch.webhook_secrets
        )
        headers = {
            "content-type": "application/cloudevents+json",
            "webhook-id": message_id,
            "webhook-timestamp": str(now_s),
            "webhook-signature": signed,
        }
        try:
            async with session.post(
                self._switch.webhook_url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                if 200 <= answer.status < 300:
                    return True
                log.warning("webhook_refused source=%s status=%d", self._switch.source, answer.status)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            log.warning("webhook_failed source=%s error=%s", self._switch.source, type(error).__name__)
        return False


def _is_inside(host: str) -> bool:
    try:
        return not is_public(host)
    except ValueError:
        return False  # a name: the resolver looks where it leads
