"""`acd serve` and its companions from outside: what an operator sees, and with which exit status."""

from __future__ import annotations

import json
import re
import socket
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.end_to_end.house import Desk, Server, fetch
from tests.telephony_adapters.sip.telephones import Telephone

pytestmark = pytest.mark.timeout(120)


@asynccontextmanager
async def running(folder: Path, agents: int = 2) -> AsyncIterator[Server]:
    server = Server(folder, agents)
    await server.start()
    try:
        yield server
    finally:
        assert await server.stop() == 0


def refused(server: Server, *more: str) -> str:
    """What a start that must not succeed says; with status 2, in words, without a traceback."""
    done = server.acd("serve", "--config", str(server.folder / "config"), *more)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


async def test_metrics_health_and_readiness_are_served(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        status, figures = fetch(f"{server.http}/metrics")
        assert status == 200
        for name in (
            "acd_events_total",
            "acd_journal_commit_seconds_bucket",
            "acd_loop_lag_seconds_sum",
            "acd_epoch 1.0",
        ):
            assert name in figures
        assert fetch(f"{server.http}/healthz") == (200, "ok\n")
        assert fetch(f"{server.http}/readyz") == (200, "ok\n")
    assert "password-0" in server.log, "the sign-ins of the example people are printed"


async def test_a_second_server_on_the_same_folder_names_the_first_ones_pid(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        assert server.process is not None
        assert f"pid {server.process.pid}" in refused(
            server, "--set", "server.http.port=0", "--set", "server.sip.port=0"
        )
        assert fetch(f"{server.http}/readyz") == (200, "ok\n")


async def test_a_port_that_is_taken_is_named_with_its_key(tmp_path: Path) -> None:
    server = Server(tmp_path, 1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = refused(server, "--set", f"server.http.port={port}")
        assert str(port) in said
        assert "http.port" in said
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        assert str(port) in refused(server, "--set", f"server.sip.port={port}")


async def test_a_journal_of_a_newer_version_is_refused_with_both_versions(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        pass
    with sqlite3.connect(server.folder / "var/journal/journal.sqlite3") as connection:
        connection.execute("PRAGMA user_version = 7")
    connection.close()
    assert "found journal version 7, expected at most 1" in refused(server)
    for words in (("journal", "verify"), ("journal", "show"), ("explain", "x")):
        done = server.acd(*words)
        assert (done.returncode, "journal version 7" in done.stderr) == (2, True)


async def test_a_broken_configuration_names_file_line_key_found_and_expected_before_anything_opens(
    tmp_path: Path,
) -> None:
    server = Server(tmp_path, 1)
    (tmp_path / "config" / "queues.yaml").write_text(
        "queues:\n  line:\n    label: {en: Line, zh: L}\n    offer_s: soon\n"
    )
    said = refused(server)
    assert re.search(r"queues\.yaml:4: queues\.line\.offer_s: found .*soon.*, expected", said)
    assert not (tmp_path / "var").exists()


async def test_a_data_folder_that_cannot_be_made_is_said_in_words(tmp_path: Path) -> None:
    server = Server(tmp_path, 1)
    (tmp_path / "var").write_text("a file where a folder should be")
    assert "--var" in refused(server)


def test_tools_without_a_journal_say_so(tmp_path: Path) -> None:
    server = Server(tmp_path, 1)
    for words in (("journal", "verify"), ("journal", "export"), ("explain", "x")):
        done = server.acd(*words)
        assert done.returncode == 2
        assert "there is no journal" in done.stderr


async def test_a_call_is_explained_from_its_arrival_to_its_end(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        phone = await Telephone(server.sip, "2000").open()
        assert (await phone.register("phone-00")).status == 200
        desk = Desk(server, "agent0", "password-0")
        caller = await Telephone(server.sip, "13900001234").open()
        leg = caller.call("4000")
        await caller.until(lambda: 182 in caller.statuses())
        await desk.open()
        await caller.until(lambda: 200 in caller.statuses(), 20)
        caller.hang_up(leg)
        await caller.until(lambda: caller.statuses()[-1] == 200)
        await desk.close()
        entered = [
            fact["contact"]
            for record in server.export()
            for fact in record["facts"]
            if fact["type"] == "ContactEntered"
        ]
        told = server.acd("explain", entered[0])
        assert told.returncode == 0, told.stderr
        for part in (
            "entered queue line",
            "offered to agent0 (offer 1)",
            "looked because an agent became free",
            "1 agent was eligible; strategy longest_idle; rules version 1",
            "taken out: 1 not signed in",
            "nobody else was eligible",
            "talking with agent0 (answered)",
            "ended: answered",
        ):
            assert part in told.stdout, told.stdout
        assert "13900001234" not in told.stdout
        for each in (phone, caller):
            each.close()
        assert "13900001234" not in server.log
        unknown = server.acd("explain", "nobody")
        assert (unknown.returncode, 'unknown contact "nobody"' in unknown.stderr) == (2, True)


async def test_the_journal_is_verified_shown_and_exported_while_the_server_writes_it(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        seq, living = await server.state()
        told = server.verify()
        assert (told["last_seq"], told["state_hash"], told["epoch"]) == (seq, living, 1)
        assert [record["seq"] for record in server.export()] == list(range(1, seq + 1))
        assert "NodeStarted" in server.acd("journal", "show").stdout


async def test_a_damaged_journal_is_named_by_its_record(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        pass
    with sqlite3.connect(server.folder / "var/journal/journal.sqlite3") as connection:
        connection.execute("UPDATE records SET at_ms = at_ms + 1 WHERE seq = 2")
    connection.close()
    assert "damaged at record 2" in refused(server)
    assert "damaged at record 2" in server.acd("journal", "verify").stderr


async def test_a_reload_brings_rules_into_force_and_a_broken_one_changes_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        path = tmp_path / "config" / "queues.yaml"
        queues = json.loads(path.read_text())
        queues["queues"]["line"]["offer_s"] = 33
        path.write_text(json.dumps(queues))
        config = ("--config", str(tmp_path / "config"))
        assert server.acd("reload", *config).returncode == 0
        await server.said("config_in_force version=2 changed=queues")
        in_force = [r for r in server.export() if r["event"]["type"] == "RulesLoaded"][-1]["event"]["rules"]
        assert (in_force["version"], in_force["queues"][0]["offer_ms"]) == (2, 33_000)
        before = len(server.export())
        path.write_text("queues: nonsense")
        assert server.acd("reload", *config).returncode == 2
        server.hang_up_signal()
        await server.said("config_refused")
        assert len(server.export()) == before
    done = server.acd("reload", *config)
    assert done.returncode == 2
