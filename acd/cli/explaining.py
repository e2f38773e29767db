"""The life of one contact, found in the journal: which records speak of it, and what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

from acd.ports import Record
from acd.routing.model import ContactId, OfferId
from acd.routing.outputs import AnyFact, OfferMade
from acd.runtime.journal import JournalReader, decode_record

_OFFER_FIELD = b"\xa5offer"


class Moment(NamedTuple):
    """One fact of a contact's life."""

    seq: int
    at_ms: int
    event: str
    by: str
    fact: AnyFact


def life_of(
    contact: ContactId, reader: JournalReader, progress: Callable[[int], None] = lambda seq: None
) -> Iterator[Moment]:
    """Yield what is known of a contact, in order; nothing for one that the journal does not know.

    Facts about an offer name the offer alone, so a record is read when it holds the contact's id, or when it speaks
    of offers and the contact has had one.
    """
    needle = contact.encode()
    offers: set[OfferId] = set()
    for entry in reader.entries():
        if entry.seq % 10_000 == 0:
            progress(entry.seq)
        is_named = needle in entry.facts or needle in entry.event
        if not is_named and not (offers and _OFFER_FIELD in entry.facts):
            continue
        try:
            record = decode_record(entry)
        except msgspec.DecodeError as error:
            reader.unreadable(entry, error)
        yield from _moments(record, contact, offers)


def _moments(record: Record, contact: ContactId, offers: set[OfferId]) -> Iterator[Moment]:
    event = type(record.event).__name__
    by = str(getattr(record.event, "by", None) or "")
    for fact in record.facts:
        if isinstance(fact, OfferMade) and fact.contact == contact:
            offers.add(fact.offer)
        of_contact = getattr(fact, "contact", None)
        is_ours = of_contact == contact or getattr(fact, "of", None) == contact
        is_ours = is_ours or (of_contact is None and getattr(fact, "offer", None) in offers)
        is_ours = is_ours or getattr(fact, "about", None) == contact
        if is_ours:
            yield Moment(record.seq, record.at_ms, event, by, fact)
