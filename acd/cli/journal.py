"""`acd journal verify | show | export`: read a journal, also while a server writes it. Nothing is changed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.progress import Progress

from acd.cli.printing import err, for_operators, moment, out, refuse
from acd.ports import Record
from acd.routing.engine import Engine
from acd.runtime.clock import monotonic_s
from acd.runtime.journal import JournalReader
from acd.runtime.logs import line
from acd.runtime.recovery import recover

FILE = "journal/journal.sqlite3"

app = typer.Typer(no_args_is_help=True, help="Look into the journal: what happened, and whether it is whole.")
Var = Annotated[Path, typer.Option("--var", help="The server's data folder.", show_default=True)]
From = Annotated[
    int, typer.Option("--from", min=0, help="Begin with this record; 0: with the first that is kept.")
]
Count = Annotated[int, typer.Option("--count", min=0, help="At most so many records; 0: all.")]


def open_reader(var: Path) -> JournalReader:
    """Open the journal of a data folder for reading; refuse in words where there is none."""
    with for_operators():
        return JournalReader(var / FILE)


@app.command()
def verify(
    var: Var = Path("var"), as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False
) -> None:
    """Check every record (number, CRC, hash chain), fold them, and print the last number and the state's hash.

    Exit status 2 names the first record that is damaged.
    """
    reader = open_reader(var)
    started_s = monotonic_s()
    engine = Engine()
    with for_operators(), Progress(console=err, transient=True) as bar:
        task = bar.add_task("reading the journal", total=None)
        found = recover(
            engine, reader, progress=lambda done, total: bar.update(task, completed=done, total=total)
        )
    extent = reader.extent()
    answer = {
        "records": found.last_seq - extent.base_seq,
        "facts": found.facts,
        "first_seq": extent.base_seq + 1,
        "last_seq": found.last_seq,
        "epoch": reader.meta.epoch,
        "chain": extent.last_chain.hex(),
        "state_hash": engine.state_hash(),
        "seconds": round(monotonic_s() - started_s, 3),
    }
    if as_json:
        out.print(msgspec.json.encode(answer).decode(), markup=False)
        return
    out.print(
        f"the journal is whole: records {answer['first_seq']} to {answer['last_seq']}, {found.facts} facts"
    )
    for key in ("epoch", "chain", "state_hash", "seconds"):
        out.print(f"{key:12}{answer[key]}")


@app.command()
def show(var: Var = Path("var"), start: From = 0, count: Count = 20) -> None:
    """Print records in words, customers' numbers masked. Without --from: the last ones."""
    reader = open_reader(var)
    with for_operators():
        if not start and count:
            start = max(reader.extent().base_seq + 1, reader.extent().last_seq - count + 1)
        for record in _records(reader, start, count):
            out.print(
                f"{record.seq} {moment(record.at_ms)} epoch {record.epoch} {line(record.event)}", markup=False
            )
            for fact in record.facts:
                out.print(f"    {line(fact)}", markup=False)


@app.command()
def export(var: Var = Path("var"), start: From = 0, count: Count = 0) -> None:
    """Write records to standard output, one JSON object a line, whole: numbers of customers are in clear."""
    reader = open_reader(var)
    encoder = msgspec.json.Encoder()
    write = sys.stdout.buffer.write
    with for_operators():
        for record in _records(reader, start, count):
            write(encoder.encode(record) + b"\n")
    sys.stdout.buffer.flush()


def _records(reader: JournalReader, start: int, count: int) -> Iterator[Record]:
    last = reader.extent().last_seq
    if start > last:
        refuse(f"found no record {start}, expected one of {reader.meta.base_seq + 1} to {last}")
    after = max(start - 1, reader.meta.base_seq)
    for number, record in enumerate(reader.records(min(after, reader.extent().last_seq)), 1):
        yield record
        if number == count:
            return
