"""The people: agents who take every offer, talk, end and finish; supervisors who watch, one of whom never reads.

Runs as a process of its own: a part of the agents each, so that the generator does not become what is measured.
Its figures go to the parent as one JSON line on standard output.
"""

from __future__ import annotations

import asyncio
import json
import random
import resource
import sys
import time
from contextlib import AsyncExitStack, suppress
from typing import Any

import msgpack
import uvloop
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from acd.client import ActionRefused, Desk, DeskClosed, sign_in
from bench.desks.house import PASSWORD, agent_name, supervisor_name

SIGN_INS_AT_ONCE = 8


class Agent:
    """One agent: `talk_s` on average in each talk, `wrap_up_s` in each wrap-up."""

    def __init__(self, desk: Desk, chance: random.Random, talk_s: float, wrap_up_s: float) -> None:
        self.desk = desk
        self.freed_to_offer: list[tuple[float, float]] = []
        """Moment of the offer (seconds, of the clock that all processes share) and how long it took (ms)."""
        self.action_ms: list[float] = []
        self.done = 0
        self.refusals: list[str] = []
        self._chance = chance
        self._talk_s = talk_s
        self._wrap_up_s = wrap_up_s
        self._freed_s: float | None = None
        self._seen: dict[int, float] = {}
        desk.on_delta = self._note

    def _note(self, message: dict[str, Any]) -> None:
        """An offer counts from the moment at which its message was read."""
        for row in message.get("set", {}).get("offers", ()):
            self._seen.setdefault(row["offer"], time.perf_counter())

    async def work(self) -> None:
        """Take every offer until cancelled."""
        await self.desk.act("set_presence", presence="ready", timeout_s=60)
        async for _ in self.desk.changes():
            offers = self.desk.rows("offers")
            if offers:
                await self._serve(offers[0]["offer"])

    async def _serve(self, offer: int) -> None:
        seen = self._seen.pop(offer, None)
        self._seen.clear()
        if seen is not None and self._freed_s is not None:
            self.freed_to_offer.append((seen, (seen - self._freed_s) * 1000))
        self._freed_s = None
        try:
            await self._act("accept_offer", offer=offer)
            await self.desk.until(lambda desk: _is_in(desk, offer, "talking"), timeout_s=30)
            await asyncio.sleep(self._talk_s * self._chance.uniform(0.5, 1.5))
            await self._act("end_talk", offer=offer)
            await asyncio.sleep(self._wrap_up_s * self._chance.uniform(0.5, 1.5))
            self._freed_s = time.perf_counter()
            await self._act("finish_wrap_up", offer=offer, disposition="done")
        except ActionRefused as refusal:
            self.refusals.append(refusal.code)
            return
        except TimeoutError:
            self.refusals.append("timeout")
            return
        self.done += 1

    async def _act(self, kind: str, **fields: Any) -> None:
        begun = time.perf_counter()
        await self.desk.act(kind, timeout_s=30, **fields)
        self.action_ms.append((time.perf_counter() - begun) * 1000)


class Watcher:
    """A supervisor who reads everything as it comes and looks at nothing: what is measured is who sends it.

    The first supervisor of each process sits at a real desk and minds the gaps.
    """

    def __init__(self, http: str, token: str, encoding: str) -> None:
        self.frames = 0
        self.bytes = 0
        self.closes = 0
        self._uri = "ws" + http.removeprefix("http") + "/desk"
        self._token = token
        self._encoding = encoding

    async def watch(self, seated: asyncio.Event) -> None:
        """Read until cancelled; a socket that is closed is opened again, and counted."""
        while True:
            with suppress(ConnectionClosed):
                await self._watch_once(seated)
            self.closes += 1

    async def _watch_once(self, seated: asyncio.Event) -> None:
        async with connect(
            self._uri,
            subprotocols=[Subprotocol(f"acd.desk.v1+{self._encoding}")],
            compression=None,
            max_size=None,
            ping_interval=None,
            proxy=None,
        ) as socket:
            hello = {"type": "hello", "token": self._token, "view": "supervisor"}
            await socket.send(json.dumps(hello) if self._encoding == "json" else msgpack.packb(hello))
            async for frame in socket:
                seated.set()
                self.frames += 1
                self.bytes += len(frame)
                if len(frame) < 100 and (b"heartbeat" if isinstance(frame, bytes) else "heartbeat") in frame:  # type: ignore[operator]
                    await socket.send(frame)


class Watch:
    """The supervisors of one process, who come and go when told to."""

    def __init__(self, http: str, names: list[str], encoding: str) -> None:
        self.others: list[Watcher] = []
        self.gaps = 0
        self._http = http
        self._names = names
        self._encoding = encoding
        self._minding: Desk | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def come(self, group: asyncio.TaskGroup) -> int:
        """Open everybody's view; return how many they are."""
        for at, name in enumerate(self._names):
            token = (await sign_in(self._http, name, PASSWORD)).token
            if at == 0:
                self._minding = Desk(self._http, token, view="supervisor", encoding=self._encoding)
                await self._minding.__aenter__()
                continue
            watcher, seated = Watcher(self._http, token, self._encoding), asyncio.Event()
            self.others.append(watcher)
            self._tasks.append(group.create_task(watcher.watch(seated)))
            await seated.wait()
        return len(self._names)

    async def go(self) -> None:
        """Close them all."""
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()
        if self._minding is not None:
            self.gaps += self._minding.gaps
            await self._minding.close()
            self._minding = None


def _is_in(desk: Desk, offer: int, state: str) -> bool:
    return any(row["offer"] == offer and row["state"] == state for row in desk.rows("assignments"))


async def run(wishes: dict[str, Any]) -> None:
    """Seat everybody, work until told to stop, say what was seen."""
    gate = asyncio.Semaphore(SIGN_INS_AT_ONCE)
    async with AsyncExitStack() as stack:

        async def seat(name: str, view: str) -> Desk:
            async with gate:
                signed_in = await sign_in(wishes["http"], name, PASSWORD)
                return await stack.enter_async_context(
                    Desk(wishes["http"], signed_in.token, view=view, encoding=wishes["encoding"])
                )

        chance = random.Random(wishes["seed"])
        agents = [
            Agent(desk, chance, wishes["talk_s"], wishes["wrap_up_s"])
            for desk in await asyncio.gather(*(seat(agent_name(at), "agent") for at in wishes["agents"]))
        ]
        names = [supervisor_name(at) for at in wishes["supervisors"]]
        watch = Watch(wishes["http"], names, wishes["encoding"])
        async with asyncio.TaskGroup() as group:
            say({"seated": len(agents)})
            tasks = [group.create_task(_keep_working(agent)) for agent in agents]
            while (word := (await asyncio.to_thread(sys.stdin.readline)).strip()) not in ("stop", ""):
                if word == "come":
                    say({"watching": await watch.come(group)})
                else:
                    await watch.go()
                    say({"watching": 0})
            await watch.go()
            for task in tasks:
                task.cancel()
        usage = resource.getrusage(resource.RUSAGE_SELF)
        say(
            {
                "freed_to_offer": [v for agent in agents for v in agent.freed_to_offer],
                "action_ms": [v for agent in agents for v in agent.action_ms],
                "done": sum(agent.done for agent in agents),
                "refusals": [code for agent in agents for code in agent.refusals],
                "gaps": sum(agent.desk.gaps for agent in agents) + watch.gaps,
                "reconnects": sum(agent.desk.connects - 1 for agent in agents),
                "watched_mb": sum(other.bytes for other in watch.others) / 2**20,
                "watchers_closed": sum(other.closes for other in watch.others),
                "cpu_s": usage.ru_utime + usage.ru_stime,
            }
        )


async def _keep_working(agent: Agent) -> None:
    try:
        await agent.work()
    except DeskClosed as closed:
        agent.refusals.append(f"closed {closed.code}")


def say(message: dict[str, Any]) -> None:
    """Tell the parent."""
    print(json.dumps(message), flush=True)


if __name__ == "__main__":
    uvloop.run(run(json.loads(sys.stdin.readline())))
