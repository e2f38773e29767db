"""The agents' desks, in a process of their own so that they do not disturb the clock of the telephones.

    python -m bench.sip_load.desks HTTP_ADDRESS AGENTS

Signs everybody in, makes them ready, says so on standard output (`ready N`), keeps the sockets alive, and ends
when standard input is closed.
"""

from __future__ import annotations

import asyncio
import json
import sys
import urllib.request

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from bench.sip_load.house import agent_name, password

SIGN_INS_AT_ONCE = 4


def sign_in(http: str, name: str, secret: str) -> str:
    """Return the token of a person."""
    body = json.dumps({"name": name, "password": secret}).encode()
    request = urllib.request.Request(f"{http}/api/sign-in", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        token: str = json.load(answer)["token"]
        return token


async def sit(http: str, at: int, gate: asyncio.Semaphore, ready: asyncio.Queue[int]) -> None:
    """Hold one agent's desk until cancelled."""
    async with gate:
        token = await asyncio.to_thread(sign_in, http, agent_name(at), password(at))
    address = http.replace("http://", "ws://") + "/desk"
    async with connect(
        address, subprotocols=[Subprotocol("acd.desk.v1+json")], compression=None, max_size=None
    ) as socket:
        await socket.send(json.dumps({"type": "hello", "token": token, "view": "agent"}))
        await socket.send(json.dumps({"type": "set_presence", "id": f"ready-{at}", "presence": "ready"}))
        await _live(socket, at, ready)


async def _live(socket: ClientConnection, at: int, ready: asyncio.Queue[int]) -> None:
    async for frame in socket:
        # Nearly all frames are deltas that nobody here reads; only the few words of the protocol matter.
        head = frame[:400] if isinstance(frame, str) else ""
        if '"heartbeat"' in head[:40]:
            await socket.send('{"type":"heartbeat","at_ms":0}')
        elif '"done"' in head[:40]:
            ready.put_nowait(at)
        elif '"refused"' in head[:40]:
            raise RuntimeError(f"{agent_name(at)}: {head}")


async def main(http: str, agents: int) -> None:
    """Hold all desks until standard input ends."""
    gate, ready = asyncio.Semaphore(SIGN_INS_AT_ONCE), asyncio.Queue[int]()
    async with asyncio.TaskGroup() as group:
        desks = [group.create_task(sit(http, at, gate, ready)) for at in range(agents)]
        for _ in range(agents):
            await ready.get()
        print(f"ready {agents}", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        for desk in desks:
            desk.cancel()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
