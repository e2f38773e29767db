"""Orders by webhook: signed as Standard Webhooks says, in order, again until taken, and never to the inside."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from acd.runtime.webhooks import signature
from telephony_adapters.cti.orders import KEPT_MAX, Orders
from telephony_adapters.cti.settings import SwitchSettings
from telephony_adapters.cti.webhooks import Webhook
from telephony_adapters.cti.wire import CloudEvent

OLD, NEW = (base64.b64encode(bytes([n]) * 24).decode() for n in (1, 2))
NOW_MS = 1_700_000_000_500


def an_order(number: int) -> CloudEvent:
    return CloudEvent(
        "1.0", f"EndContact/{number}", "acd", "acd.order.end", subject=f"c{number}", sequence=str(number)
    )


@asynccontextmanager
async def target(answer: Callable[[int], int]) -> AsyncIterator[tuple[str, list[web.Request], asyncio.Event]]:
    """A switch that answers the nth post with the status that `answer` gives."""
    posts: list[web.Request] = []
    came = asyncio.Event()

    async def take(request: web.Request) -> web.Response:
        await request.read()
        posts.append(request)
        came.set()
        status = answer(len(posts))
        return web.Response(status=status, headers={"Location": "/elsewhere"} if status == 302 else {})

    app = web.Application()
    app.router.add_post("/hook", take)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/hook", posts, came
    finally:
        await runner.cleanup()


@asynccontextmanager
async def posting(url: str, orders: Orders, allow_private: bool = True) -> AsyncIterator[Webhook]:
    switch = SwitchSettings("pbx-1", "", url, (OLD, NEW), allow_private)
    webhook = Webhook(switch, orders, lambda: NOW_MS, waits_s=(0.01,), tries_max=4)
    task = asyncio.get_running_loop().create_task(webhook.run())
    try:
        yield webhook
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(came: asyncio.Event, ready: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not ready():
            came.clear()
            await came.wait()


async def test_orders_are_posted_in_order_signed_with_both_secrets_and_again_until_taken() -> None:
    orders = Orders("s")
    async with target(lambda n: {1: 500, 2: 302}.get(n, 204)) as (url, posts, came), posting(url, orders):
        for number in (1, 2):
            orders.add(an_order(number))
        await until(came, lambda: len(posts) == 4)
        assert [post.headers["webhook-id"] for post in posts] == ["EndContact/1"] * 3 + ["EndContact/2"]
        assert posts[0].headers["webhook-timestamp"] == "1700000000"
        body = await posts[3].read()
        both = " ".join(signature(secret, "EndContact/2", 1_700_000_000, body) for secret in (OLD, NEW))
        assert posts[3].headers["webhook-signature"] == both


async def test_an_inside_address_is_never_posted_to() -> None:
    orders = Orders("s")
    async with target(lambda n: 204) as (url, posts, _), posting(url, orders, allow_private=False) as webhook:
        orders.add(an_order(1))
        async with asyncio.timeout(5):
            while not webhook.given_up:  # noqa: ASYNC110 - a counter has no event of its own
                await asyncio.sleep(0)
        assert posts == []
    named = url.replace("127.0.0.1", "localhost")
    async with target(lambda n: 204) as (_, posts, _), posting(named, orders, allow_private=False) as webhook:
        orders.add(an_order(2))
        async with asyncio.timeout(5):
            while not webhook.given_up:  # noqa: ASYNC110 - a counter has no event of its own
                await asyncio.sleep(0)
        assert posts == []


def test_the_oldest_order_falls_out_at_the_limit_and_is_counted() -> None:
    orders = Orders("s")
    for number in range(KEPT_MAX + 2):
        orders.add(an_order(number))
    assert orders.dropped == 2
    assert orders.after(0)[0][0] == 3
    orders.acknowledge(KEPT_MAX)
    assert [number for number, _ in orders.after(0)] == [KEPT_MAX + 1, KEPT_MAX + 2]
