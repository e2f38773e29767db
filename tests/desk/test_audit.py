"""The audit log: durable, bound line to line; to alter, delete or move a line shows where."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from acd.client import ActionRefused, HttpRefused
from acd.client.http import call
from acd.desk.audit import FIRST, AuditBroken, AuditLog, verify
from tests.desk.house import House

NOW = 1_764_000_000_000


async def write(path: Path, count: int) -> str:
    """Write some lines and return the head."""
    log = AuditLog(path)
    for number in range(count):
        await log.write(
            NOW + number, "sue", "supervisor", "end_contact", f"contact c-{number}", "allowed", "why\n"
        )
    log.close()
    return log.head


async def test_the_chain_goes_on_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    await write(path, 3)
    head = await write(path, 2)
    assert verify(path) == (5, head)
    assert path.stat().st_mode & 0o077 == 0


async def test_an_empty_log_has_the_first_head(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    log = AuditLog(path)
    assert log.head == FIRST
    assert await log.tail(10) == []
    log.close()
    assert verify(path) == (0, FIRST)


@pytest.mark.parametrize("number", [1, 3, 5])
@pytest.mark.parametrize("how", ["alter", "delete", "swap", "hash", "insert"])
async def test_whoever_touches_a_line_is_found_at_that_line(tmp_path: Path, number: int, how: str) -> None:
    path = tmp_path / "audit.jsonl"
    await write(path, 6)
    lines = path.read_bytes().splitlines(keepends=True)
    at = number - 1
    if how == "alter":
        lines[at] = lines[at].replace(b'"sue"', b'"ann"')
    elif how == "delete":
        del lines[at]
    elif how == "swap":
        lines[at], lines[at + 1] = lines[at + 1], lines[at]
    elif how == "hash":
        lines[at] = lines[at].replace(b'"hash":"', b'"hash":"0')
    else:
        lines.insert(at, lines[at])
    path.write_bytes(b"".join(lines))
    with pytest.raises(AuditBroken) as broken:
        verify(path)
    assert broken.value.number in (number, number + 1)


async def test_a_torn_last_line_is_cut_and_a_forged_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    head = await write(path, 2)
    with path.open("ab") as file:
        file.write(b'{"number":3,"at":"2026')
    log = AuditLog(path)
    assert log.head == head
    log.close()
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b"c-1", b"c-9"))
    with pytest.raises(AuditBroken):
        AuditLog(path)


async def test_a_full_disk_leaves_no_half_line_and_stops_the_act(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    contact = house.arrive()
    path = house.room.desks.audit.path
    async with await house.desk("sue", view="supervisor") as sue:
        await sue.act("set_head_start", contact=contact, head_start_ms=1_000)
        size = path.stat().st_size

        def full(_descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            with pytest.raises(ActionRefused) as refused:
                await sue.act("end_contact", contact=contact)
        assert refused.value.code == "audit_unavailable"
        assert contact in house.room.desks.board.state.contacts
        assert path.stat().st_size == size
        await sue.act("end_contact", contact=contact, reason="spam")
    count, _ = verify(path)
    assert count == 2


async def test_acts_on_what_is_anothers_are_written_with_who_and_what(house: House) -> None:
    contact = house.arrive()
    async with await house.desk("sue", view="supervisor") as sue:
        await sue.act("set_head_start", contact=contact, head_start_ms=60_000)
        with pytest.raises(ActionRefused):
            await sue.act("force_presence", agent="cho", presence="ready")
    auditor = await house.sign_in("aud")
    page = await call(house.address, "GET", "/api/audit?limit=3", token=auditor.token)
    raised, denied, read = page["lines"]
    assert (raised["person"], raised["act"], raised["about"], raised["outcome"]) == (
        "sue", "set_head_start", f"contact {contact}", "allowed",
    )  # fmt: skip
    assert "60000" in raised["detail"]
    assert (denied["act"], denied["outcome"]) == ("force_presence", "not_yours")
    assert (read["person"], read["act"]) == ("aud", "read_audit")
    assert page["head"] == read["hash"]
    verify(house.room.desks.audit.path)


@pytest.mark.parametrize("name", ["ann", "sue", "ina"])
async def test_what_http_denies_is_written_too(house: House, name: str) -> None:
    token = (await house.sign_in(name)).token
    asked = {
        "read_audit": ("GET", "/api/audit"),
        "revoke_person": ("POST", "/api/people/bob/revoke"),
        "reload_config": ("POST", "/api/config/reload"),
        "drain": ("POST", "/api/drain"),
    }
    for method, path in asked.values():
        with pytest.raises(HttpRefused) as refused:
            await call(house.address, method, path, token=token)
        assert refused.value.status == 403
    auditor = await house.sign_in("aud")
    lines = (await call(house.address, "GET", "/api/audit", token=auditor.token))["lines"]
    assert [(line["person"], line["act"], line["outcome"]) for line in lines[:-1]] == [
        (name, act, "forbidden") for act in asked
    ]
    verify(house.room.desks.audit.path)


async def test_a_revoke_of_nobody_is_written(house: House) -> None:
    token = (await house.sign_in("adi")).token
    with pytest.raises(HttpRefused) as refused:
        await call(house.address, "POST", "/api/people/nobody/revoke", token=token)
    assert refused.value.status == 404
    lines = (await call(house.address, "GET", "/api/audit", token=token))["lines"]
    assert (lines[0]["act"], lines[0]["about"], lines[0]["outcome"]) == (
        "revoke_person", "person nobody", "not_found",
    )  # fmt: skip
