"""Signed posts to an address of somebody else's: the signature, where it may lead, and one attempt.

When to try again, in which order and for how long is the business of the room that posts. Nothing is ever posted into
a private network unless the configuration allows it, and no redirect is followed: else whoever answers could send us
anywhere.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import socket
from typing import Final
from urllib.parse import urlsplit

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import DefaultResolver

TIMEOUT: Final = aiohttp.ClientTimeout(total=5.0)
PREFIX: Final = "whsec_"
LOCAL_NAMES: Final = ("localhost", "localhost.localdomain")


class Target(msgspec.Struct, frozen=True):
    """Where to post. Each post is signed with every secret: two while one is being changed."""

    url: str
    secrets: tuple[str, ...]
    allow_private: bool = False
    """Whether the address may lie in a private or loopback network."""


def signature(secret: str, message_id: str, timestamp_s: int, body: bytes) -> str:
    """Return `v1,` and the base64 HMAC-SHA256 over `id.timestamp.body`.

    Args:
        secret: Base64, with or without `whsec_` before it.

    Source: Standard Webhooks, "Signature scheme".

    Raises:
        ValueError: The secret is not base64.
    """
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError(f"a webhook secret is not base64: {error}") from error
    signed = b".".join((message_id.encode(), str(timestamp_s).encode(), body))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def is_public(address: str) -> bool:
    """Say whether an address lies in the open network: not private, loopback, link-local, or mapped to such."""
    known = ipaddress.ip_address(address)
    mapped = getattr(known, "ipv4_mapped", None)
    return (mapped or known).is_global


def is_inside(url: str) -> bool:
    """Say whether an address as written leads inside; a name other than this machine's own has to be looked up."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    try:
        return not is_public(host)
    except ValueError:
        return host in LOCAL_NAMES or host.endswith(".localhost")


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


def open_session(target: Target) -> aiohttp.ClientSession:
    """Return a session for one target: one connection, to where it may lead. The caller closes it."""
    resolver = None if target.allow_private else PublicResolver()
    connector = aiohttp.TCPConnector(limit=1, resolver=resolver)
    return aiohttp.ClientSession(connector=connector, timeout=TIMEOUT)


async def why_never(target: Target) -> str:
    """Return why nothing will ever be posted there, as far as can be seen now; empty if there is no such reason."""
    if target.allow_private:
        return ""
    if is_inside(target.url):
        return "a private address, and allow_private is not set"
    parts = urlsplit(target.url)
    resolver = PublicResolver()
    try:
        await resolver.resolve(parts.hostname or "", parts.port or 443)
    except OSError as error:
        return str(error) if "not a public address" in str(error) else ""
    finally:
        await resolver.close()
    return ""


async def post(
    session: aiohttp.ClientSession,
    target: Target,
    message_id: str,
    now_ms: int,
    body: bytes,
    content_type: str,
) -> str:
    """Post once. Return why it was not taken; empty when it was (2xx)."""
    if not target.allow_private and is_inside(target.url):
        return "private_address"
    now_s = now_ms // 1000
    headers = {
        "content-type": content_type,
        "webhook-id": message_id,
        "webhook-timestamp": str(now_s),
        "webhook-signature": " ".join(signature(each, message_id, now_s, body) for each in target.secrets),
    }
    try:
        async with session.post(target.url, data=body, headers=headers, allow_redirects=False) as answer:
            return "" if 200 <= answer.status < 300 else f"status_{answer.status}"
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        return type(error).__name__
