"""`PROTOCOL.md` is what strangers write clients from: its examples are messages, its table of refusals is whole, its
first program works as printed."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from acd.desk import messages as m
from acd.desk.actions import AnyAction
from acd.desk.rows import AgentRow, AssignmentRow, OfferRow
from acd.ports import ChatMessage
from acd.routing import events as e
from acd.routing.states import ASSIGNMENT_MOVES, CONTACT_MOVES, Refusal
from tests.desk.house import PASSWORD, House

ROOT = Path(__file__).parents[2]
PROTOCOL = (ROOT / "acd/desk/PROTOCOL.md").read_text()
SERVER = {"welcome", "snapshot", "delta", "done", "refused"}
ROWS = {"me": AgentRow, "offers": OfferRow, "assignments": AssignmentRow, "chat_messages": ChatMessage}


def blocks(language: str) -> list[str]:
    """Return the code blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", PROTOCOL, re.DOTALL)


def documents() -> list[dict[str, Any]]:
    """Return all objects of all JSON blocks; one may take several lines."""
    found, decoder = [], json.JSONDecoder()
    for block in blocks("json"):
        at = 0
        while at < len(block.rstrip()):
            value, at = decoder.raw_decode(block, at)
            found.append(value)
            at += len(block[at:]) - len(block[at:].lstrip())
    return found


def test_every_message_of_a_client_in_the_examples_is_one() -> None:
    seen = set()
    for document in documents():
        if document.get("type") in {*SERVER, None}:
            continue
        message = m.parse_client_message(json.dumps(document), m.JSON_SUBPROTOCOL)
        seen.add(type(message))
    assert seen >= set(get_args(AnyAction)), "an action without an example"
    assert {m.Hello} <= seen


def test_every_message_of_the_server_in_the_examples_has_the_fields_it_will_have() -> None:
    kinds = {
        m.Welcome: "welcome",
        m.Snapshot: "snapshot",
        m.Delta: "delta",
        m.Done: "done",
        m.Refused: "refused",
    }
    for kind, word in kinds.items():
        (document,) = [each for each in documents() if each.get("type") == word]
        fields = {field.name for field in msgspec.structs.fields(kind)}
        assert set(document) == fields | {"type"}, word


@pytest.mark.parametrize("table", sorted(ROWS))
def test_an_example_of_a_row_has_every_field_of_its_kind(table: str) -> None:
    section = PROTOCOL[PROTOCOL.index(f"\n`{table}`") :]
    found = re.search(r"```json\n(.*?)```", section, re.DOTALL)
    assert found is not None
    row = json.loads(found[1])
    assert msgspec.convert(row, ROWS[table])
    assert set(row) == {field.name for field in msgspec.structs.fields(ROWS[table])}


def test_every_code_of_a_refusal_stands_in_the_protocol() -> None:
    sources = [
        *(ROOT / "acd/routing").rglob("*.py"),
        ROOT / "acd/desk/requests.py",
        ROOT / "acd/desk/desks.py",
    ]
    text = "\n".join(path.read_text() for path in sources)
    codes = set(re.findall(r'\.refuse\([^,()]+(?:\([^)]*\))?, "([a-z_]+)"', text))
    codes |= set(re.findall(r'NotDone\("([a-z_]+)"', text))
    codes |= {
        verdict.code
        for table in (CONTACT_MOVES, ASSIGNMENT_MOVES)
        for verdict in table.values()
        if isinstance(verdict, Refusal)
    }
    codes -= {"rules_invalid", "not_allowed"}  # answers to the house's own files, and to customers
    assert len(codes) > 25
    missing = sorted(code for code in codes if f"`{code}`" not in PROTOCOL)
    assert not missing


async def test_the_first_program_works_as_printed(house: House) -> None:
    (program,) = blocks("python")
    program = program.replace("http://127.0.0.1:8080", house.address).replace("ann-example", PASSWORD)
    assert PASSWORD in program
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-u", "-c", program, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    seen: list[dict[str, Any]] = []

    async def hear(kind: str) -> dict[str, Any]:
        async with asyncio.timeout(20):
            while True:
                assert process.stdout is not None
                line = await process.stdout.readline()
                assert line, await process.stderr.read() if process.stderr else b""
                seen.append(json.loads(line))
                if seen[-1]["type"] == kind:
                    return seen[-1]

    try:
        assert (await hear("done"))["id"].endswith("-ready")
        assert [each["type"] for each in seen[:2]] == ["welcome", "snapshot"]
        house.arrive("4001")
        answered = await hear("done")
        assert answered["id"].rpartition("-")[2].isdigit()
        assert [
            fact
            for record in house.records
            if isinstance(record.event, e.OfferAccepted)
            for fact in record.facts
        ]
    finally:
        process.kill()
        await process.wait()


def test_what_cannot_be_read_bears_the_id_that_can() -> None:
    for frame, about in (
        ('{"type":"accept_offer","id":"a-1","offer":"x"}', "a-1"),
        ('{"type":"nonsense","id":"a-2"}', "a-2"),
        ('{"type":"accept_offer","offer":1}', ""),
        ('{"type":"accept_offer","id":7,"offer":1}', ""),
        ("[]", ""),
        ("{", ""),
    ):
        with pytest.raises(m.DeskError) as refused:
            m.parse_client_message(frame, m.JSON_SUBPROTOCOL)
        assert refused.value.about == about, frame
