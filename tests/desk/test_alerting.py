"""Alerts by signed webhook: raised, changed, cleared; each told once, whatever is full, refused, or started anew."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from acd.desk import alerting
from acd.desk.alerting import AlertNews
from acd.desk.rows import AlertRow
from acd.runtime.webhooks import Target
from tests.desk.house import open_house

OLD, NEW = (f"whsec_{base64.b64encode(bytes([n]) * 24).decode()}" for n in (1, 2))
NOW_MS = 1_764_000_000_000


class Receiver:
    """Whoever takes alerts: checks every signature by both secrets, as the standard says, with code of its own."""

    def __init__(self, answer: Callable[[int], int]) -> None:
        self._answer = answer
        self.url = ""
        self.posts: list[tuple[str, dict[str, Any]]] = []
        self.tries: list[str] = []
        self._came = asyncio.Event()

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        name, at = request.headers["webhook-id"], request.headers["webhook-timestamp"]
        wanted = [
            "v1," + base64.b64encode(
                hmac.new(base64.b64decode(each[6:]), f"{name}.{at}.".encode() + body, hashlib.sha256).digest()
            ).decode()
            for each in (OLD, NEW)
        ]  # fmt: skip
        assert request.headers["webhook-signature"].split() == wanted
        self.tries.append(name)
        status = self._answer(len(self.tries))
        if status < 300:
            self.posts.append((name, json.loads(body)))
        self._came.set()
        return web.Response(status=status, headers={"Location": "/elsewhere"} if status == 307 else {})

    async def until(self, ready: Callable[[Receiver], bool]) -> None:
        async with asyncio.timeout(10):
            while not ready(self):
                self._came.clear()
                await self._came.wait()

    def said(self) -> list[tuple[str, str]]:
        return [(body["type"].removeprefix("acd.alert."), body["data"]["key"]) for _, body in self.posts]


@asynccontextmanager
async def receiver(answer: Callable[[int], int] = lambda n: 204) -> AsyncIterator[Receiver]:
    taking = Receiver(answer)
    app = web.Application()
    app.router.add_post("/alerts", taking.take)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    taking.url = f"http://127.0.0.1:{runner.addresses[0][1]}/alerts"
    try:
        yield taking
    finally:
        await runner.cleanup()


def target(url: str, allow_private: bool = True) -> Target:
    return Target(url, (OLD, NEW), allow_private)


@asynccontextmanager
async def telling(news: AlertNews) -> AsyncIterator[AlertNews]:
    task = asyncio.get_running_loop().create_task(news.run())
    try:
        yield news
    finally:
        news.close()
        await asyncio.wait_for(task, 5)


def row(key: str, level: str = "warning", since_ms: int = NOW_MS) -> AlertRow:
    return AlertRow(f"queue_wait/{key}", "queue_wait", "queues", key, since_ms, level, "130000", "120000")


def news(url: str, folder: Path, **options: Any) -> AlertNews:
    return AlertNews(target(url), folder / "alerts.json", lambda: NOW_MS, waits_s=(0.01,), **options)


async def test_raised_and_cleared_are_posted_while_no_supervisor_looks(tmp_path: Path) -> None:
    async with receiver() as taking, open_house(tmp_path, alert_webhook=target(taking.url)) as house:
        contact = house.arrive("4002")
        await taking.until(lambda it: ("raised", "nobody_ready/support") in it.said())
        house.submit_left(contact)
        await taking.until(lambda it: ("cleared", "nobody_ready/support") in it.said())
        assert len({name for name, _ in taking.posts}) == len(taking.posts)


async def test_what_is_refused_is_posted_again_with_the_same_id_and_no_redirect_is_followed(
    tmp_path: Path,
) -> None:
    async with (
        receiver(lambda n: {1: 500, 2: 307}.get(n, 200)) as taking,
        telling(news(taking.url, tmp_path)) as told,
    ):
        told.compare([row("a")], is_whole=True)
        told.compare([row("a", "critical")], is_whole=True)
        await taking.until(lambda it: len(it.posts) == 2)
    assert taking.said() == [("raised", "queue_wait/a"), ("changed", "queue_wait/a")]
    assert len(set(taking.tries[:3])) == 1
    assert len(taking.tries) == 4


async def test_a_restart_tells_nothing_twice_and_loses_nothing(tmp_path: Path) -> None:
    is_up = [False]
    async with receiver(lambda n: 204 if is_up[0] else 503) as taking:
        async with telling(news(taking.url, tmp_path)) as told:
            told.compare([row("a"), row("b")], is_whole=True)
            await taking.until(lambda it: len(it.tries) >= 2)
        before, is_up[0] = set(taking.tries), True
        async with telling(news(taking.url, tmp_path)) as told:
            # Seen anew, at another moment; and not everything was looked at yet.
            told.compare([row("a", since_ms=NOW_MS + 5)], is_whole=False)
            await taking.until(lambda it: len(it.posts) == 2)
            assert taking.said() == [("raised", "queue_wait/a"), ("raised", "queue_wait/b")]
            assert before == {taking.posts[0][0]}
            told.compare([row("a", since_ms=NOW_MS + 5)], is_whole=True)
            await taking.until(lambda it: len(it.posts) == 3)
        async with telling(news(taking.url, tmp_path)) as told:
            told.compare([row("c")], is_whole=True)
            await taking.until(lambda it: len(it.posts) == 5)
    assert taking.said()[2:] == [
        ("cleared", "queue_wait/b"),
        ("raised", "queue_wait/c"),
        ("cleared", "queue_wait/a"),
    ]


async def test_a_full_queue_puts_off_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alerting, "WAITING_MAX", 2)
    rows = [row(key) for key in "abc"]
    async with receiver() as taking:
        told = news(taking.url, tmp_path)
        told.compare(rows, is_whole=True)
        assert [each.getMessage() for each in caplog.records if "deferred" in each.message] == [
            "alerts_deferred waiting=2"
        ]
        async with telling(told):
            await taking.until(lambda it: len(it.posts) == 2)
            await asyncio.wait_for(_empty(told), 5)
            told.compare(rows, is_whole=True)
            await taking.until(lambda it: len(it.posts) == 3)
    assert taking.said()[-1] == ("raised", "queue_wait/c")


async def _empty(told: AlertNews) -> None:
    while told._waiting:  # noqa: ASYNC110 - the queue has no event of its own
        await asyncio.sleep(0)


async def test_a_private_address_is_never_called_and_the_log_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with receiver() as taking:
        shy = AlertNews(
            target(taking.url, allow_private=False),
            tmp_path / "a.json",
            lambda: NOW_MS,
            (0.001,),
            tries_max=3,
        )
        with caplog.at_level(logging.WARNING):
            async with telling(shy):
                shy.compare([row("a")], is_whole=True)
                async with asyncio.timeout(5):
                    while not shy.given_up:  # noqa: ASYNC110 - a counter has no event of its own
                        await asyncio.sleep(0)
        assert taking.tries == []
    assert "alert_webhook_never_called" in caplog.text
    assert "alert_given_up" in caplog.text
