"""A whole server whose disk is full, or whose fsync fails: everybody is told, and nothing acknowledged is lost."""

from __future__ import annotations

import asyncio
import shutil
import signal
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from acd.client import Desk as ClientDesk
from acd.client import sign_in as sign_in_desk
from tests.disks import fill, mounted
from tests.end_to_end.house import Server, fetch
from tests.end_to_end.test_operating import Admin, open_house, until
from tests.telephony_adapters.web.page import Page, new_visitor

pytestmark = pytest.mark.timeout(120)
DISK_MIB = 64
"""Room for the reserve (8 MiB), the journal's write-ahead log, and the tables of the rooms."""
LABEL = {"en": "Line", "zh": "队列"}
QUEUES = {
    "line": {"label": LABEL, "channels": ["voice", "chat"], "wrap_up": {"mode": "none"}, "announce_s": 0}
}
ENTRIES = {
    "4000": {"channel": "voice", "queue": "line", "label": LABEL},
    "page": {"channel": "chat", "queue": "line", "label": LABEL},
}


async def until_said(server: Server, path: str, status: int, words: str) -> None:
    """Wait until a path of the operator answers so."""
    async with asyncio.timeout(20):
        while True:
            found = await asyncio.to_thread(fetch, server.http + path)
            if found[0] == status and words in found[1]:
                return
            await asyncio.sleep(0.05)


async def push_until_refused(admin: Admin, code: str, taken: list[str], wait_s: float = 2.0) -> None:
    """Push calls, and remember those that were acknowledged, until one is refused with this code."""
    for number in range(4_000):
        call = f"call-{len(taken)}-{number}"
        try:
            status, text = await asyncio.wait_for(
                admin.push("acd.call.arrived", call, entry="4000", attributes={"why": "x" * 1_900}), wait_s
            )
        except TimeoutError:
            continue  # not acknowledged: it may be there after a restart, or not
        if status == 503:
            assert f'"{code}"' in text, text
            return
        assert status == 202 and "accepted" in text, text
        taken.append(call)
    raise AssertionError(f"never refused with {code}")


def entered(server: Server) -> list[str]:
    """Every call that came in, as the journal has it."""
    return [
        fact["contact"].rsplit(":", 1)[1]
        for record in server.export()
        for fact in record["facts"]
        if fact["type"] == "ContactEntered"
    ]


async def test_a_full_disk_is_told_to_everybody_and_room_on_it_ends_it(tmp_path: Path) -> None:
    with mounted(tmp_path / "var", DISK_MIB) as disk:
        async with open_house(
            tmp_path, files={"queues": {"queues": QUEUES}, "entries": {"entries": ENTRIES}}
        ) as admin:
            server, taken = admin.server, list[str]()
            assert (await admin.push("acd.call.arrived", "first", entry="4000"))[0] == 202
            token = (await sign_in_desk(server.http, "agent0", "password-0")).token
            async with ClientDesk(server.http, token) as desk, AsyncExitStack() as stack:
                await desk.act("set_presence", presence="ready")
                offer = (await desk.until(lambda one: one.rows("offers")))[0]["offer"]
                await desk.act("accept_offer", offer=offer)
                await admin.push("acd.call.connected", "first", offer=offer)
                filler = await asyncio.to_thread(fill, disk)
                watcher = await stack.enter_async_context(
                    ClientDesk(server.http, admin.token, view="supervisor")
                )
                await push_until_refused(admin, "journal_full", taken)
                alert = await watcher.until(
                    lambda one: [row for row in one.rows("alerts") if row["table"] == "house"]
                )
                assert (alert[0]["kind"], alert[0]["level"]) == ("journal_full", "critical")
                await until_said(server, "/readyz", 503, "journal_full")
                await until_said(server, "/metrics", 200, "\nacd_journal_writing 0.0\n")
                assert (await asyncio.to_thread(fetch, server.http + "/healthz"))[0] == 200, "it will go on"
                page = await Page.visit(int(server.http.rsplit(":", 1)[1]), new_visitor(), entry="page")
                assert await page.close_code() == 1013
                assert (page.messages[0]["code"], page.messages[0]["found"]) == ("overloaded", "journal_full")
                # What ends something is taken still: there is a reserve for it.
                await desk.act("hold_contact", offer=offer, is_held=True)
                assert "accepted" in (await admin.push("acd.call.left", "first"))[1]
                await desk.until(lambda one: not one.rows("assignments"))
                filler.unlink()
                await until_said(server, "/readyz", 200, "ok")
                await watcher.until(
                    lambda one: not [row for row in one.rows("alerts") if row["table"] == "house"]
                )
                await until_said(server, "/metrics", 200, "\nacd_journal_writing 1.0\n")
                assert "accepted" in (await admin.push("acd.call.arrived", "after", entry="4000"))[1]
            await server.kill()
            found = await asyncio.to_thread(entered, server)
            assert set(taken) | {"first", "after"} <= set(found)
            assert len(found) == len(set(found)), "no call twice"
            await asyncio.to_thread(server.verify)
            await server.start()
            assert "accepted" in (await admin.push("acd.call.left", "after"))[1]
            assert "Traceback" not in server.log


async def test_a_failed_fsync_stops_the_acknowledging_for_good_and_a_restart_has_all(tmp_path: Path) -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed: it makes fsync fail")
    async with open_house(tmp_path) as admin:
        server, taken = admin.server, list[str]()
        for number in range(5):
            assert "accepted" in (await admin.push("acd.call.arrived", f"before-{number}", entry="4000"))[1]
            taken.append(f"before-{number}")
        assert server.process is not None
        strace = await asyncio.create_subprocess_exec(
            "strace", "-f", "-p", str(server.process.pid), "-e", "trace=fsync,fdatasync",
            "-e", "inject=fsync,fdatasync:error=EIO", "-o", str(tmp_path / "strace.log"),
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert strace.stderr is not None
        said = await asyncio.wait_for(strace.stderr.readline(), 10)
        if b"attached" not in said:
            pytest.skip(f"strace may not attach here: {said.decode().strip()}")
        await push_until_refused(admin, "journal_failed", taken)
        await until_said(server, "/readyz", 503, "journal_failed")
        await until_said(server, "/healthz", 503, "journal")
        await until_said(server, "/metrics", 200, "\nacd_journal_writing 0.0\n")
        strace.send_signal(signal.SIGINT)
        await strace.wait()
        status, text = await admin.push("acd.call.arrived", "sane-again", entry="4000")
        assert status == 503 and "journal_failed" in text, "a disk that failed once is not trusted again"
        await server.kill()
        await asyncio.to_thread(server.verify)
        found = await asyncio.to_thread(entered, server)
        assert set(taken) <= set(found) and len(found) == len(set(found)) and "sane-again" not in found
        await server.start()
        assert "accepted" in (await admin.push("acd.call.left", "before-0"))[1]


async def test_the_test_reads_calls_from_the_journal(tmp_path: Path) -> None:
    async with open_house(tmp_path) as admin:
        await admin.push("acd.call.arrived", "one", entry="4000")
        await until(lambda: entered(admin.server) == ["one"])
