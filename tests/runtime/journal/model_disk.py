"""A model of a disk: what a process wrote and synced, and what a power cut at any moment may leave of it.

The system calls of a real journaling process are recorded by strace. A write that was not yet synced is lost, kept, or torn, sector
by sector and in any order; a truncation or a deletion that was not synced has happened or not.
"""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Final, NamedTuple

SECTOR: Final = 512
TRACED: Final = "openat,pwrite64,write,fdatasync,fsync,ftruncate,unlink,rename"

_CALL: Final = re.compile(r"^\d+\s+(\w+)\((.*)\)\s+= (-?\d+)")
_RESUMED: Final = re.compile(r"^(\d+)\s+<\.\.\. (\w+) resumed>(.*)$")
_FILE: Final = re.compile(r"^\d+<([^>]+)>(?:, )?(.*)$", re.S)


class Op(NamedTuple):
    """One thing that the process did. `ack`: it told somebody that a record is durable."""

    kind: str
    name: str = ""
    offset: int = 0
    data: bytes = b""
    ack: int = 0


def parse_trace(log: Path, folder: Path) -> list[Op]:
    """Return what happened to the files of a folder, in order, with the acknowledgements between."""
    ops: list[Op] = []
    open_calls: dict[str, str] = {}
    for text in log.read_text().splitlines():
        if text.endswith("<unfinished ...>"):
            open_calls[text.split()[0]] = text.removesuffix("<unfinished ...>").rstrip()
            continue
        if (resumed := _RESUMED.match(text)) is not None:
            text = open_calls.pop(resumed[1], "") + resumed[3]
        call = _CALL.match(text)
        if call is not None and int(call[3]) >= 0:
            op = _op(call[1], call[2], folder)
            if op is not None:
                ops.append(op)
    return ops


def _op(call: str, arguments: str, folder: Path) -> Op | None:
    if call == "unlink":
        path = _path(arguments.strip('"'))
        return Op("unlink", path.name) if path.parent == folder else None
    found = _FILE.match(arguments)
    if found is None:
        return None
    path, rest = _path(found[1]), found[2]
    if call == "write" and b"ACK " in (data := _bytes(rest)):
        return Op("ack", ack=int(data.split()[1]))
    if path == folder and call in ("fsync", "fdatasync"):
        return Op("sync folder")
    if path.parent != folder or path.name.endswith("-shm"):
        return None
    if call == "pwrite64":
        return Op("write", path.name, int(rest.rsplit(", ", 1)[1]), _bytes(rest))
    if call in ("fdatasync", "fsync"):
        return Op("sync", path.name)
    return Op("truncate", path.name, int(rest)) if call == "ftruncate" else None


def _path(text: str) -> Path:
    """A path, which strace writes in hexadecimal too."""
    return Path(bytes.fromhex(text.replace("\\x", "")).decode() if text.startswith("\\x") else text)


def _bytes(rest: str) -> bytes:
    return bytes.fromhex(rest[rest.index('"') + 1 : rest.rindex('"')].replace("\\x", ""))


class ModelFile:
    """One file: what is surely on the disk, and what has been done since."""

    def __init__(self) -> None:
        self.durable = b""
        self.since: list[Op] = []

    def sync(self) -> None:
        """Everything done so far is durable."""
        body = bytearray(self.durable)
        for op in self.since:
            _apply(body, op, None)
        self.durable, self.since = bytes(body), []

    def after_cut(self, chance: random.Random) -> bytes:
        """What the disk holds after a power cut."""
        body = bytearray(self.durable)
        mode = chance.choice(["lost", "kept", "torn", "torn"])
        for op in self.since:
            if mode == "kept":
                _apply(body, op, None)
            elif mode == "torn":
                _apply(body, op, chance)
        return bytes(body)


class ModelDisk:
    """The files of a folder."""

    def __init__(self) -> None:
        self.files: dict[str, ModelFile] = {}
        self.deleted: dict[str, ModelFile] = {}

    def do(self, op: Op) -> None:
        """Let one operation happen."""
        if op.kind == "sync folder":
            self.deleted.clear()
        elif op.kind == "unlink" and op.name in self.files:
            self.deleted[op.name] = self.files.pop(op.name)
        elif op.kind == "sync":
            self.files.setdefault(op.name, ModelFile()).sync()
        elif op.kind in ("write", "truncate"):
            self.files.setdefault(op.name, ModelFile()).since.append(op)

    def cut(self, folder: Path, chance: random.Random) -> None:
        """Write what a power cut leaves into a folder."""
        folder.mkdir(exist_ok=True)
        for path in folder.iterdir():
            path.unlink()
        for name, file in self.files.items():
            (folder / name).write_bytes(file.after_cut(chance))
        for name, file in self.deleted.items():
            if name not in self.files and chance.random() < 0.5:
                (folder / name).write_bytes(file.after_cut(chance))


def _apply(body: bytearray, op: Op, chance: random.Random | None) -> None:
    if op.kind == "truncate":
        if chance is None or chance.random() < 0.5:
            del body[op.offset :]
            body.extend(bytes(op.offset - len(body)))
        return
    for start in range(0, len(op.data), SECTOR):
        if chance is None or chance.random() < 0.5:
            piece = op.data[start : start + SECTOR]
            if chance is not None and chance.random() < 0.1:
                piece = piece[: chance.randrange(len(piece) + 1)]
            at = op.offset + start
            body.extend(bytes(max(0, at - len(body))))
            body[at : at + len(piece)] = piece
