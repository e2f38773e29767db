"""The two encodings, the words, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import msgpack
import msgspec
import pytest

from acd.desk.actions import AcceptOffer, AnyAction, ChangeAgent, SetPresence
from acd.desk.messages import (
    JSON_SUBPROTOCOL,
    MSGPACK_SUBPROTOCOL,
    Close,
    Delta,
    DeskError,
    Hello,
    Resume,
    Snapshot,
    encode_server_message,
    parse_client_message,
)
from acd.desk.rows import KEY_FIELD, QueueLabel, Tables
from acd.routing.model import Label, OfferId, Presence, QueueId

PROTOCOL = (Path(__file__).parents[2] / "acd/desk/PROTOCOL.md").read_text()


def test_both_encodings_carry_the_same_message() -> None:
    plain = {"type": "accept_offer", "id": "a-1", "offer": 7}
    expected = AcceptOffer(id="a-1", offer=OfferId(7))
    assert parse_client_message(json.dumps(plain), JSON_SUBPROTOCOL) == expected
    assert parse_client_message(msgpack.packb(plain), MSGPACK_SUBPROTOCOL) == expected


def test_hello_may_resume() -> None:
    frame = '{"type":"hello","token":"t","view":"supervisor","resume":{"stream":"k","seq":41}}'
    assert parse_client_message(frame, JSON_SUBPROTOCOL) == Hello("t", "supervisor", Resume("k", 41))


def test_what_the_server_says_reads_the_same_by_an_independent_codec() -> None:
    delta = Delta(
        4, 6, 99, Tables(labels=(QueueLabel(QueueId("q"), Label("Q", "队"), ()),)), {"offers": ("3",)}
    )
    by_json = json.loads(encode_server_message(delta, JSON_SUBPROTOCOL))
    by_msgpack = msgpack.unpackb(encode_server_message(delta, MSGPACK_SUBPROTOCOL))
    assert by_json == by_msgpack
    assert by_json["type"] == "delta"
    assert by_json["set"]["labels"][0]["label"] == {"en": "Q", "zh": "队"}
    assert by_json["gone"] == {"offers": ["3"]}


def test_an_empty_snapshot_names_no_tables() -> None:
    frame = encode_server_message(Snapshot("k", 1, 2, Tables()), JSON_SUBPROTOCOL)
    assert json.loads(frame) == {"type": "snapshot", "stream": "k", "seq": 1, "at_ms": 2, "tables": {}}


@pytest.mark.parametrize(
    "frame",
    [
        '{"type":"accept_offer","id":"a","offer":1,"agent":"bob"}',
        '{"type":"accept_offer","id":"a","offer":"1"}',
        '{"type":"accept_offer","id":"","offer":1}',
        '{"type":"accept_offer","id":"a","offer":0}',
        '{"type":"accept_offer","id":"a","offer":9007199254740992}',
        '{"type":"accept_offer","offer":1}',
        '{"type":"change_agent","id":"a","agent":"b","skills":{"s":6}}',
        '{"type":"set_presence","id":"a","presence":"lunch"}',
        '{"type":"hello","token":"t","view":"admin"}',
        '{"type":"hello","token":"t","role":"admin"}',
        '{"type":"welcome"}',
        '{"type":5}',
        "{}",
        "[]",
        "null",
        "",
        "[" * 100_000,
        '{"type":"accept_offer","id":"\ud800","offer":1}',
    ],
)
def test_what_is_no_message_is_refused_with_a_reason(frame: str) -> None:
    with pytest.raises(DeskError) as caught:
        parse_client_message(frame.encode("utf-8", "surrogatepass"), JSON_SUBPROTOCOL)
    assert caught.value.code == "bad_message"
    assert caught.value.found
    assert caught.value.expected


def test_a_text_frame_under_messagepack_is_refused() -> None:
    with pytest.raises(DeskError, match="binary"):
        parse_client_message('{"type":"heartbeat"}', MSGPACK_SUBPROTOCOL)


def test_optional_fields_may_be_left_out() -> None:
    assert parse_client_message(
        '{"type":"set_presence","id":"a","presence":"ready"}', JSON_SUBPROTOCOL
    ) == SetPresence(id="a", presence=Presence.READY)
    changed = parse_client_message('{"type":"change_agent","id":"a","agent":"b"}', JSON_SUBPROTOCOL)
    assert isinstance(changed, ChangeAgent)
    assert changed.skills is None
    assert changed.queues is None


@pytest.mark.parametrize("action", get_args(AnyAction))
def test_every_action_stands_in_the_protocol_with_its_fields(action: type[msgspec.Struct]) -> None:
    config = action.__struct_config__
    rows = [line for line in PROTOCOL.splitlines() if line.startswith(f"| `{config.tag}` |")]
    assert len(rows) == 1, f"{config.tag} is not documented once"
    for field in msgspec.structs.fields(action):
        assert field.name == "id" or field.name in rows[0], f"{config.tag}.{field.name} is not documented"


def test_every_table_and_every_field_of_its_rows_stands_in_the_protocol() -> None:
    for field in msgspec.structs.fields(Tables):
        assert f"`{field.name}`" in PROTOCOL
        row = get_args(field.type)[0]
        assert KEY_FIELD[field.name] in {f.name for f in msgspec.structs.fields(row)}
        for inner in msgspec.structs.fields(row):
            assert inner.name in PROTOCOL, f"{field.name}.{inner.name}"


def test_every_close_code_stands_in_the_protocol() -> None:
    for code in Close:
        assert f"| {code.value} |" in PROTOCOL
