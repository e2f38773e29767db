"""How long a node needs from its journal to the living state, with and without a snapshot.

    python -m bench.recovery --facts 1000000 --json

Writes a journal of a busy centre (contacts that arrive, are offered, answered, ended and wrapped up; the real
engine decides), then recovers it from the first record, checks the state's hash against the one that lived, takes
a snapshot some records before the end, and recovers again from there. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from acd.ports import Record
from acd.routing.engine import Engine
from acd.routing.events import (
    AgentSignedIn,
    AnyEvent,
    ContactArrived,
    ContactConnected,
    CustomerLeft,
    LegStored,
    LinkChanged,
    OfferAccepted,
    RulesLoaded,
    WrapUpFinished,
)
from acd.routing.model import (
    AgentId,
    AgentRules,
    Channel,
    ContactId,
    Disposition,
    EntryId,
    EntryRules,
    Identity,
    LegId,
    Link,
    Presence,
    QueueId,
    QueueRules,
    QueueServed,
    Rules,
)
from acd.routing.outputs import AnyFact, OfferMade
from acd.runtime.clock import Clock
from acd.runtime.collector import settle
from acd.runtime.journal import JournalReader, SnapshotShelf, encode_record, open_journal
from acd.runtime.journal.entries import entry_check
from acd.runtime.recovery import recover
from acd.runtime.snapshotting import build_snapshot

BATCH = 2_000
TAIL_RECORDS = 5_000


class Centre:
    """A busy day, told to a real engine as fast as it goes."""

    def __init__(self, agents: int) -> None:
        self.engine = Engine()
        self.now_ms = Clock().now_ms()
        self.seq = 0
        self.facts = 0
        self.rows: list[Any] = []
        self.offers: list[OfferMade] = []
        self.ringing = min(50, agents // 2)
        names = [AgentId(f"agent-{number:05}") for number in range(agents)]
        queue = QueueRules(QueueId("line"), dispositions=(Disposition("done"),), disposition_default="done")
        rules = Rules(
            1,
            queues=(queue,),
            entries=(EntryRules(EntryId("4000"), QueueId("line")),),
            agents=tuple(AgentRules(name, queues=(QueueServed(QueueId("line")),)) for name in names),
        )
        self.tell(RulesLoaded(rules))
        for name in names:
            self.tell(LinkChanged(name, Link.PHONE, True))
            self.tell(AgentSignedIn(name, "s", Presence.READY))

    def tell(self, event: AnyEvent) -> list[AnyFact]:
        """Hand an event in and keep its record."""
        self.now_ms += 1
        outputs = self.engine.handle(event, self.now_ms)
        self.seq += 1
        self.facts += len(outputs.facts)
        self.rows.append(encode_record(Record(self.seq, 1, self.now_ms, event, outputs.facts)))
        self.offers.extend(fact for fact in outputs.facts if isinstance(fact, OfferMade))
        return outputs.facts

    def serve_one(self, number: int) -> None:
        """One contact arrives; the offer that has waited longest goes through its whole life."""
        contact = ContactId(f"call-{number:09}")
        identity = Identity(f"tel:+86138{number % 50_000:08}")
        self.tell(
            ContactArrived(contact, "sip", Channel.VOICE, EntryId("4000"), (identity,), links=(Link.PHONE,))
        )
        self.tell(LegStored(contact, LegId("customer"), bytes(400)))
        if len(self.offers) < self.ringing:
            return
        made = self.offers.pop(0)
        self.tell(OfferAccepted(made.offer))
        self.tell(ContactConnected(made.offer))
        self.tell(CustomerLeft(made.contact))
        self.tell(WrapUpFinished(made.offer, "done"))


def write_journal(folder: Path, facts: int, agents: int) -> Centre:
    """Write a journal of at least so many facts, without waiting for each record."""
    centre = Centre(agents)
    file = open_journal(folder)
    chain = file.extent.last_chain
    connection = file.connection
    number = 0
    while centre.facts < facts:
        number += 1
        centre.serve_one(number)
        if len(centre.rows) >= BATCH or centre.facts >= facts:
            rows = []
            for entry in centre.rows:
                crc, chain = entry_check(entry, chain)
                rows.append((*entry, crc, chain))
            centre.rows.clear()
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            connection.execute("COMMIT")
            file.note(rows[-1][0], chain)
    file.close()
    return centre


def recovered(folder: Path, *, with_snapshot: bool) -> tuple[float, Engine, int]:
    """Recover once; return the seconds from opening the journal to the state, the engine, and the facts folded."""
    started = time.perf_counter()
    reader = JournalReader(folder / "journal.sqlite3")
    engine = Engine()
    found = recover(engine, reader, shelf=SnapshotShelf(folder) if with_snapshot else None)
    seconds = time.perf_counter() - started
    reader.close()
    return seconds, engine, found.facts


def measure(facts: int, agents: int, folder: Path) -> dict[str, Any]:
    """Return all figures."""
    load_before = round(os.getloadavg()[0], 2)
    started = time.perf_counter()
    centre = write_journal(folder, facts, agents)
    write_s = time.perf_counter() - started
    living = centre.engine.state_hash()
    settle()
    cpu = time.process_time()
    full_s, engine, folded = recovered(folder, with_snapshot=False)
    cpu_s = time.process_time() - cpu
    assert engine.state_hash() == living, "recovery is not the state that lived"
    started = time.perf_counter()
    reader = JournalReader(folder / "journal.sqlite3")
    SnapshotShelf(folder).write(build_snapshot(Engine(), reader, None, until_seq=centre.seq - TAIL_RECORDS))
    reader.close()
    snapshot_s = time.perf_counter() - started
    tail_s, engine, tail = recovered(folder, with_snapshot=True)
    assert engine.state_hash() == living, "snapshot and tail are not the state that lived"
    return {
        "facts": folded,
        "records": centre.seq,
        "agents": agents,
        "journal_mb": round((folder / "journal.sqlite3").stat().st_size / 2**20, 1),
        "recovery_s": round(full_s, 2),
        "recovery_cpu_s": round(cpu_s, 2),
        "recovery_with_snapshot_s": round(tail_s, 3),
        "tail_facts": tail,
        "snapshot_build_s": round(snapshot_s, 2),
        "snapshot_mb": round(
            sum(path.stat().st_size for path in (folder / "snapshots").iterdir()) / 2**20, 2
        ),
        "write_s": round(write_s, 1),
        "hash_equal": True,
        "load_before": load_before,
    }


def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--facts", type=int, default=1_000_000)
    parser.add_argument("--agents", type=int, default=1_000)
    parser.add_argument("--json", action="store_true", help="print nothing but the JSON object")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="acd-recovery-"))
    try:
        answer = measure(options.facts, options.agents, folder / "journal")
    finally:
        shutil.rmtree(folder)
    if not options.json:
        for key, value in answer.items():
            print(f"{key:26}{value}")
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
