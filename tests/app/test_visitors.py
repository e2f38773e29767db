"""Connections that never come to the point, on a real server by raw sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from acd.app.visitors import Visitors, VisitRunner

BODY = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n"


@asynccontextmanager
async def site(
    head_s: float = 0.3, body_s: float = 0.3, per_address: int = 100
) -> AsyncIterator[tuple[int, Visitors]]:
    async def echo(request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    async def socket(request: web.Request) -> web.WebSocketResponse:
        opened = web.WebSocketResponse()
        await opened.prepare(request)
        async for message in opened:
            await opened.send_str(message.data)
        return opened

    app = web.Application()
    app.router.add_post("/echo", echo)
    app.router.add_get("/socket", socket)
    visitors = Visitors(head_s, body_s, per_address)
    runner = VisitRunner(app, visitors)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1], visitors
    finally:
        await runner.cleanup()


async def answer(port: int, *parts: bytes) -> bytes:
    """Send parts, then nothing more; return all that comes until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
        return await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.close()


@pytest.mark.parametrize("sent", [b"", b"G", b"GET / HTTP/1.1\r\nHost: a\r\nX: ", BODY + b"123"])
async def test_a_request_that_never_becomes_whole_is_closed_with_408(sent: bytes) -> None:
    async with site() as (port, visitors):
        assert (await answer(port, sent)).startswith(b"HTTP/1.1 408 ")
        assert not visitors.by_address


async def test_a_byte_now_and_then_does_not_help() -> None:
    async with site() as (port, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nX: ")

        async def drip() -> None:
            for _ in range(400):
                writer.write(b"a")
                await asyncio.sleep(0.02)

        dripping = asyncio.get_running_loop().create_task(drip())
        got = await asyncio.wait_for(reader.read(), 5)
        dripping.cancel()
        await asyncio.gather(dripping, return_exceptions=True)
        writer.close()
        assert got.startswith(b"HTTP/1.1 408 ")


async def test_the_second_request_of_a_connection_has_a_clock_too() -> None:
    async with site() as (port, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(BODY + b"1234567890")
        assert (await reader.readuntil(b"1234567890")).startswith(b"HTTP/1.1 200 ")
        writer.write(b"POST /ec")
        assert (await asyncio.wait_for(reader.read(), 5)).startswith(b"HTTP/1.1 408 ")
        writer.close()


async def test_connections_from_one_address_are_bounded_and_open_sockets_do_not_count() -> None:
    async with site(head_s=30, per_address=3) as (port, visitors), aiohttp.ClientSession() as session:
        sockets = [await session.ws_connect(f"http://127.0.0.1:{port}/socket") for _ in range(5)]
        assert not visitors.by_address
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        assert (await answer(port)).startswith(b"HTTP/1.1 429 ")
        for opened in sockets:
            await opened.send_str("still here")
            assert await opened.receive_str(timeout=5) == "still here"
            await opened.close()
        for _, writer in idle:
            writer.close()
            await writer.wait_closed()
        async with asyncio.timeout(5):
            while visitors.by_address:  # noqa: ASYNC110 - a counter has no event of its own
                await asyncio.sleep(0)
        async with session.post(f"http://127.0.0.1:{port}/echo", data=b"again") as response:
            assert (response.status, await response.read()) == (200, b"again")


async def test_an_open_socket_outlives_both_clocks() -> None:
    async with (
        site(head_s=0.1, body_s=0.1) as (port, _),
        aiohttp.ClientSession() as session,
        session.ws_connect(f"http://127.0.0.1:{port}/socket") as opened,
    ):
        # Another connection that is closed for being slow shows that the clock's time has passed.
        assert (await answer(port, b"G")).startswith(b"HTTP/1.1 408 ")
        await opened.send_str("still here")
        assert await opened.receive_str(timeout=5) == "still here"


@pytest.mark.parametrize(
    "sent", [b"13800138000 <b>\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\nA b\r\n\r\n"]
)
async def test_what_is_no_request_is_answered_without_what_it_said_or_what_we_run_on(sent: bytes) -> None:
    async with site() as (port, _):
        got = await answer(port, sent)
        assert b" 400 " in got.split(b"\r\n")[0]
        for told in (b"13800138000", b"<b>", b"Python", b"aiohttp"):
            assert told not in got
