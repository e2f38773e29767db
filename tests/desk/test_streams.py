"""Readers of a stream: gap-free, conflated, resumable; whatever happens in between, they end with the same rows."""

from __future__ import annotations

import json
from typing import Any

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acd.desk import streams
from acd.desk.messages import JSON_SUBPROTOCOL, MSGPACK_SUBPROTOCOL
from acd.desk.rows import GroupRow
from acd.desk.streams import Cell, Piece, Reader, Stream
from acd.routing.model import Label


def row(key: str, waiting: int) -> Cell:
    """Return a row whose only content is a number."""
    return Cell(GroupRow(key, Label(), 0, 0, 0, 0, 0, 0, waiting))


def payload(frame: bytes) -> bytes:
    """Return what an unmasked, final frame carries."""
    length = frame[1]
    at = {126: 4, 127: 10}.get(length, 2)
    if at > 2:
        length = int.from_bytes(frame[2:at], "big")
    assert len(frame) == at + length
    return frame[at:]


class Copy:
    """A client: applies messages as PROTOCOL.md says, and minds the gaps."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], int] = {}
        self.seq = -1
        self.stream = ""

    def take(self, piece: Piece, subprotocol: str) -> dict[str, Any]:
        raw = payload(piece.frame)
        message: dict[str, Any] = json.loads(raw) if subprotocol == JSON_SUBPROTOCOL else msgpack.unpackb(raw)
        if message["type"] == "snapshot":
            self.rows, self.stream = {}, message["stream"]
            tables = message["tables"]
        else:
            assert message["after"] == self.seq, "a gap"
            assert message["seq"] > message["after"]
            for table, keys in message["gone"].items():
                for key in keys:
                    self.rows.pop((table, key), None)
            tables = message["set"]
        for table, rows in tables.items():
            for one in rows:
                self.rows[(table, one["key"])] = one["waiting"]
        self.seq = message["seq"]
        assert self.seq == piece.seq
        return message

    def take_all(self, reader: Reader, subprotocol: str = JSON_SUBPROTOCOL) -> None:
        while reader.is_behind():
            piece = reader.next_piece(0)
            assert piece is not None
            self.take(piece, subprotocol)


def truth(stream: Stream) -> dict[tuple[str, str], int]:
    """Return the rows of a stream."""
    return {
        (table, key): found.waiting
        for table in ("regions", "teams")
        for key in stream.keys_of(table)
        if isinstance(found := stream.row(table, key), GroupRow)
    }


ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.sampled_from("abcdefgh"), st.integers(0, 3)),
        st.tuples(st.just("drop"), st.sampled_from("abcdefgh"), st.just(0)),
        st.tuples(st.just("read"), st.just(""), st.just(0)),
        st.tuples(st.just("read_all"), st.just(""), st.just(0)),
        st.tuples(st.just("cut"), st.just(""), st.just(0)),
    ),
    max_size=120,
)


@given(
    acts=ACTS,
    pieces=st.integers(1, 4),
    kept=st.integers(1, 5),
    encoding=st.sampled_from([0, 1]),
    shared=st.booleans(),
)
@settings(max_examples=300, deadline=None)
def test_cut_and_resumed_anywhere_a_reader_ends_with_the_truth_and_without_a_gap(
    acts: list[tuple[str, str, int]], pieces: int, kept: int, encoding: int, shared: bool
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streams, "PIECE_ROWS_MAX", pieces)
        patch.setattr(streams, "GONE_KEPT_MAX", kept)
        subprotocol = (JSON_SUBPROTOCOL, MSGPACK_SUBPROTOCOL)[encoding]
        stream, copy = Stream("s", is_shared=shared), Copy()
        reader = Reader(stream, subprotocol)
        for act, key, number in acts:
            if act == "put":
                stream.put("teams" if key > "d" else "regions", key, row(key, number))
            elif act == "drop":
                stream.drop("teams" if key > "d" else "regions", key)
            elif act == "cut":
                reader = Reader(stream, subprotocol, copy.seq if copy.stream else None)
                assert reader.resumed or reader.is_behind()
            elif act == "read_all":
                copy.take_all(reader, subprotocol)
                assert copy.rows == truth(stream)
            elif reader.is_behind():
                piece = reader.next_piece(0)
                assert piece is not None
                copy.take(piece, subprotocol)
        copy.take_all(reader, subprotocol)
        assert copy.rows == truth(stream)


def test_many_changes_of_one_row_are_one_row_for_a_slow_reader() -> None:
    stream, copy = Stream("s"), Copy()
    reader = Reader(stream, JSON_SUBPROTOCOL)
    copy.take_all(reader)
    for number in range(1000):
        stream.put("regions", "north", row("north", number))
    piece = reader.next_piece(0)
    assert piece is not None
    message = copy.take(piece, JSON_SUBPROTOCOL)
    assert (message["after"], message["seq"]) == (0, 1000)
    assert [one["waiting"] for one in message["set"]["regions"]] == [999]
    assert not reader.is_behind()


def test_an_equal_row_is_no_change() -> None:
    stream = Stream("s")
    stream.put("regions", "north", row("north", 1))
    stream.put("regions", "north", row("north", 1))
    stream.drop("regions", "south")
    assert stream.seq == 1


def test_readers_in_the_same_place_are_given_the_same_bytes() -> None:
    stream = Stream("s", is_shared=True)
    readers = [Reader(stream, JSON_SUBPROTOCOL) for _ in range(3)]
    other = Reader(stream, MSGPACK_SUBPROTOCOL)
    for reader in (*readers, other):
        reader.next_piece(0)
    stream.put("regions", "north", row("north", 1))
    pieces = [reader.next_piece(5) for reader in readers]
    assert pieces[0] is not None
    assert pieces[0] is pieces[1] is pieces[2]
    assert other.next_piece(5) is not pieces[0]
    stream.put("regions", "north", row("north", 2))
    later = readers[0].next_piece(6)
    assert later is not None
    assert later is not pieces[0]


def test_a_large_view_comes_in_pieces_of_bounded_size() -> None:
    stream, copy = Stream("s"), Copy()
    for number in range(5_000):
        stream.put("regions", f"region-{number}", row(f"region-{number}", number))
    reader = Reader(stream, JSON_SUBPROTOCOL)
    kinds, sizes = [], []
    while reader.is_behind():
        piece = reader.next_piece(0)
        assert piece is not None
        sizes.append(len(piece.frame))
        kinds.append(copy.take(piece, JSON_SUBPROTOCOL)["type"])
    assert kinds == ["snapshot"] + ["delta"] * (len(kinds) - 1)
    assert max(sizes) < streams.PIECE_BYTES_MAX + 1_000
    assert copy.rows == truth(stream)


def test_a_number_of_another_stream_or_of_the_future_is_not_resumed() -> None:
    stream = Stream("s")
    stream.put("regions", "north", row("north", 1))
    assert not Reader(stream, JSON_SUBPROTOCOL, 2).resumed
    assert Reader(stream, JSON_SUBPROTOCOL, 1).resumed
    assert not Reader(stream, JSON_SUBPROTOCOL, 1).is_behind()


def test_who_missed_forgotten_removals_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "GONE_KEPT_MAX", 2)
    stream, copy = Stream("s"), Copy()
    for key in "abcde":
        stream.put("regions", key, row(key, 1))
    reader = Reader(stream, JSON_SUBPROTOCOL)
    copy.take_all(reader)
    for key in "abcd":
        stream.drop("regions", key)
    assert not Reader(stream, JSON_SUBPROTOCOL, copy.seq).resumed
    piece = reader.next_piece(0)
    assert piece is not None
    assert copy.take(piece, JSON_SUBPROTOCOL)["type"] == "snapshot"
    assert copy.rows == truth(stream) == {("regions", "e"): 1}
