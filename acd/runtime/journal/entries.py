"""A record as bytes: what one row of the journal holds, and the checks on it.

A row bears `seq`, `epoch`, `at_ms`, the event and the facts (MessagePack each, so that recovery decodes the
facts alone), a CRC32 over all of them, and `chain`: a hash of the row and of the chain before it. The CRC finds a
flipped bit; the chain finds rows that were changed, lost or put elsewhere with their CRC made good.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from typing import Final, NamedTuple

import msgspec

from acd.ports import Record
from acd.routing.events import AnyEvent
from acd.routing.outputs import AnyFact

CHAIN_START: Final = bytes(16)
"""The chain before the first record of a journal."""

_HEAD: Final = struct.Struct(">QQqII")
_encoder: Final = msgspec.msgpack.Encoder()
_event_decoder: Final = msgspec.msgpack.Decoder(AnyEvent)
_facts_decoder: Final = msgspec.msgpack.Decoder(list[AnyFact])


class Entry(NamedTuple):
    """One row."""

    seq: int
    epoch: int
    at_ms: int
    event: bytes
    facts: bytes


def encode_record(record: Record) -> Entry:
    """Return the row of a record."""
    encode = _encoder.encode
    return Entry(record.seq, record.epoch, record.at_ms, encode(record.event), encode(record.facts))


def decode_facts(entry: Entry) -> list[AnyFact]:
    """Return the facts of a row.

    Raises:
        msgspec.ValidationError: It holds a fact that this version does not know.
        msgspec.DecodeError: It is not MessagePack.
    """
    return _facts_decoder.decode(entry.facts)


def decode_record(entry: Entry) -> Record:
    """Return the whole record of a row; raises as `decode_facts` does."""
    event = _event_decoder.decode(entry.event)
    return Record(entry.seq, entry.epoch, entry.at_ms, event, _facts_decoder.decode(entry.facts))


def entry_check(entry: Entry, chain: bytes) -> tuple[int, bytes]:
    """Return the CRC32 of a row and the chain up to and with it, given the chain before it."""
    body = entry_body(*entry)
    return zlib.crc32(body), next_chain(chain, body)


def entry_body(seq: int, epoch: int, at_ms: int, event: bytes, facts: bytes) -> bytes:
    """Return what CRC and chain are taken of."""
    return _HEAD.pack(seq, epoch, at_ms, len(event), len(facts)) + event + facts


def next_chain(chain: bytes, body: bytes) -> bytes:
    """Return the chain with one more row."""
    return hashlib.blake2b(chain + body, digest_size=16).digest()
