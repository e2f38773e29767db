"""A view as a stream: the latest row of every key, each with the number of the change that made it so.

There is no queue of deltas for anybody. A reader has a cursor, the number of the last change it was given; what it
lacks is every key that changed after the cursor, with its latest value. So a slow reader costs nothing but its
cursor and is conflated by nature; a reader that comes back resumes with its number; and a large snapshot is the
same thing from 0, given in pieces. Numbers grow by one with every change of a row.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

import msgspec

from acd.desk.frames import build_frame
from acd.desk.messages import JSON_SUBPROTOCOL
from acd.desk.rows import AnyRow

Key = tuple[str, str]
"""Table and key of a row."""

GONE_KEPT_MAX: Final = 2_000
"""Rows that are gone are remembered, so that a reader can be told; beyond this it needs a new snapshot."""
PIECE_BYTES_MAX: Final = 98_304
PIECE_ROWS_MAX: Final = 2_000
FRAMES_SHARED_MAX: Final = 8

_json = msgspec.json.Encoder()
_msgpack = msgspec.msgpack.Encoder()


class Cell:
    """A row that several streams may share, encoded at most once for each encoding."""

    __slots__ = ("_json", "_msgpack", "row")

    def __init__(self, row: AnyRow) -> None:
        self.row = row
        self._json: bytes | None = None
        self._msgpack: bytes | None = None

    def encode(self, subprotocol: str) -> bytes:
        """Return the row's bytes."""
        if subprotocol == JSON_SUBPROTOCOL:
            if self._json is None:
                self._json = _json.encode(self.row)
            return self._json
        if self._msgpack is None:
            self._msgpack = _msgpack.encode(self.row)
        return self._msgpack


class Piece(msgspec.Struct, frozen=True):
    """What brings a reader to the number `seq`: one frame."""

    frame: bytes
    seq: int


class Stream:
    """One view. `name` is new with every start of the server: an old number is never taken for a new one."""

    __slots__ = ("_cells", "_gone", "_is_shared", "_shared", "_shared_seq", "horizon", "name", "seq")

    def __init__(self, name: str, *, is_shared: bool = False) -> None:
        self.name = name
        self.seq = 0
        self.horizon = 0
        """Removals up to this number are forgotten."""
        self._cells: OrderedDict[Key, tuple[int, Cell | None]] = OrderedDict()
        self._gone: OrderedDict[Key, None] = OrderedDict()
        self._is_shared = is_shared
        self._shared: dict[tuple[int, str], Piece] = {}
        self._shared_seq = 0

    def __len__(self) -> int:
        """Return how many rows the view has."""
        return len(self._cells) - len(self._gone)

    def put(self, table: str, key: str, cell: Cell) -> None:
        """Set a row. Nothing changes if it is as it was."""
        known = self._cells.get((table, key))
        if known is not None and known[1] is not None and (known[1] is cell or known[1].row == cell.row):
            return
        self._change((table, key), cell)
        self._gone.pop((table, key), None)

    def drop(self, table: str, key: str) -> None:
        """Take a row out."""
        known = self._cells.get((table, key))
        if known is None or known[1] is None:
            return
        self._change((table, key), None)
        self._gone[(table, key)] = None
        if len(self._gone) > GONE_KEPT_MAX:
            oldest, _ = self._gone.popitem(last=False)
            self.horizon = self._cells.pop(oldest)[0]

    def row(self, table: str, key: str) -> AnyRow | None:
        """Return a row."""
        known = self._cells.get((table, key))
        return known[1].row if known is not None and known[1] is not None else None

    def keys_of(self, table: str) -> list[str]:
        """Return the keys of a table's rows."""
        return [key for (name, key), (_, cell) in self._cells.items() if name == table and cell is not None]

    def lacking(self, cursor: int) -> list[tuple[int, Key]]:
        """Return what changed after the cursor, the last change first."""
        found = []
        for key in reversed(self._cells):
            number = self._cells[key][0]
            if number <= cursor:
                break
            found.append((number, key))
        return found

    def build_piece(
        self,
        cursor: int,
        lacking: list[tuple[int, Key]],
        subprotocol: str,
        at_ms: int,
        *,
        is_snapshot: bool = False,
    ) -> Piece:
        """Take as much of `lacking` as one message holds off its end, and return it encoded.

        Rows that changed again meanwhile are left out: they come later, with their latest value.
        """
        is_all = not is_snapshot and bool(lacking) and lacking[0][0] == self.seq
        if self._is_shared and is_all:
            shared = self._find_shared(cursor, subprotocol)
            if shared is not None:
                lacking.clear()
                return shared
        rows: dict[str, list[msgspec.Raw]] = {}
        gone: dict[str, list[str]] = {}
        seq, taken, size = cursor, 0, 0
        while lacking and size < PIECE_BYTES_MAX and taken < PIECE_ROWS_MAX:
            seq, key = lacking.pop()
            taken += 1
            number, cell = self._cells.get(key, (0, None))
            if number != seq:
                continue
            if cell is not None:
                raw = cell.encode(subprotocol)
                rows.setdefault(key[0], []).append(msgspec.Raw(raw))
                size += len(raw)
            elif not is_snapshot:
                gone.setdefault(key[0], []).append(key[1])
                size += len(key[1])
        message: dict[str, Any] = (
            {"type": "snapshot", "stream": self.name, "seq": seq, "at_ms": at_ms, "tables": rows}
            if is_snapshot
            else {"type": "delta", "after": cursor, "seq": seq, "at_ms": at_ms, "set": rows, "gone": gone}
        )
        payload = (_json if subprotocol == JSON_SUBPROTOCOL else _msgpack).encode(message)
        piece = Piece(build_frame(payload, subprotocol), seq)
        if self._is_shared and is_all and seq == self.seq and len(self._shared) < FRAMES_SHARED_MAX:
            self._shared[(cursor, subprotocol)] = piece
        return piece

    def _find_shared(self, cursor: int, subprotocol: str) -> Piece | None:
        """Return the frame that another reader in the same place was given."""
        if self._shared_seq != self.seq:
            self._shared.clear()
            self._shared_seq = self.seq
        return self._shared.get((cursor, subprotocol))

    def _change(self, key: Key, cell: Cell | None) -> None:
        self.seq += 1
        self._cells[key] = (self.seq, cell)
        self._cells.move_to_end(key)


class Reader:
    """One reader of a stream: what it has, and what it is to be given next."""

    __slots__ = ("_backlog", "_base", "_needs_snapshot", "cursor", "stream", "subprotocol")

    def __init__(self, stream: Stream, subprotocol: str, resume_seq: int | None = None) -> None:
        """Begin behind `resume_seq` if all that came after it is still known, else with a snapshot."""
        self.stream = stream
        self.subprotocol = subprotocol
        self._backlog: list[tuple[int, Key]] = []
        can_resume = resume_seq is not None and stream.horizon <= resume_seq <= stream.seq
        self.cursor = resume_seq if can_resume and resume_seq is not None else 0
        self._base = self.cursor
        self._needs_snapshot = not can_resume

    @property
    def resumed(self) -> bool:
        """Whether what the reader had is still good."""
        return not self._needs_snapshot

    def is_behind(self) -> bool:
        """Return whether there is something to be given."""
        return self._needs_snapshot or self.cursor < self.stream.seq

    def watch(self, stream: Stream) -> None:
        """Read another stream from now on, from a snapshot."""
        self.stream = stream
        self._needs_snapshot = True

    def next_piece(self, at_ms: int) -> Piece | None:
        """Return the next message, None if the reader has all there is."""
        stream = self.stream
        # A reader so slow that removals were forgotten which it was not told of begins anew.
        if stream.horizon > max(self.cursor, self._base):
            self._needs_snapshot = True
        if self._needs_snapshot:
            self._needs_snapshot = False
            self._base = stream.seq
            self._backlog = stream.lacking(0)
            piece = stream.build_piece(0, self._backlog, self.subprotocol, at_ms, is_snapshot=True)
        elif self.cursor < stream.seq:
            if not self._backlog:
                self._backlog = stream.lacking(self.cursor)
            piece = stream.build_piece(self.cursor, self._backlog, self.subprotocol, at_ms)
        else:
            return None
        self.cursor = piece.seq
        return piece
