"""`python -m websockets`, as a person types into it: the client that everybody has at hand."""

from __future__ import annotations

import asyncio
import re
import sys
from typing import Self

WAIT_S = 15


class SocketCli:
    """One running client; what it printed stays readable."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.printed = ""

    @classmethod
    async def open(cls, address: str) -> Self:
        """Connect."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-u", "-m", "websockets", address, stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        client = cls(process)
        try:
            await client.until("Connected to")
        except BaseException:
            process.kill()
            await process.wait()
            raise
        return client

    async def type(self, line: str) -> None:
        """Type a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        await self._process.stdin.drain()

    async def until(self, pattern: str) -> re.Match[str]:
        """Wait until it has printed a line that holds `pattern`."""
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(WAIT_S):
                while (found := re.search(pattern, self.printed)) is None:
                    more = await self._process.stdout.read(65536)
                    assert more, f"it ended without {pattern!r}: {self.printed}"
                    self.printed += more.decode()
        except TimeoutError:
            raise AssertionError(f"no {pattern!r} within {WAIT_S} s in: {self.printed}") from None
        return found

    async def close(self) -> None:
        """End the input, on which it closes the connection and ends."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), WAIT_S)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
            raise
