"""The tables of the ticket room. Migrations make them; a test holds the two together."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, ForeignKey, Identity, Index, Integer, Table

from acd.database import METADATA, PlainText, UtcMoment

NUMBER_FIRST: Final = 10_001
"""Five digits from the first ticket on: short enough to be said and typed, long enough to look like a number."""

TICKETS: Final = Table(
    "tickets",
    METADATA,
    Column("number", Integer, Identity(start=NUMBER_FIRST), primary_key=True),
    Column("contact", PlainText, nullable=False, unique=True),
    Column("state", PlainText, nullable=False),
    Column("queue", PlainText, nullable=False),
    Column("language", PlainText, nullable=False),
    Column("category", PlainText, nullable=False),
    Column("words", PlainText, nullable=False),
    Column("transcript", PlainText, nullable=False, server_default=""),
    Column("recording", PlainText, nullable=False),
    Column("phone", PlainText, nullable=False),
    Column("customer", PlainText, nullable=False),
    Column("is_partial", Boolean, nullable=False),
    Column("return_call", PlainText, nullable=False),
    Column("return_contact", PlainText),
    Column("not_before_at", UtcMoment),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("owner", PlainText),
    Column("disposition", PlainText, nullable=False, server_default=""),
    Column("notes", PlainText, nullable=False, server_default=""),
    Column("opened_at", UtcMoment, nullable=False),
    Column("changed_at", UtcMoment, nullable=False),
    Column("respond_by_at", UtcMoment, nullable=False),
    Column("resolve_by_at", UtcMoment, nullable=False),
    Column("responded_at", UtcMoment),
    Column("closed_at", UtcMoment),
    Index("ix_tickets_state", "state"),
    Index("ix_tickets_return_contact", "return_contact"),
    sqlite_autoincrement=True,
)
"""`number` is the ticket: what the customer is told. `contact` is the one it was opened for, and the key."""

TICKET_IDENTITIES: Final = Table(
    "ticket_identities",
    METADATA,
    Column("ticket", ForeignKey("tickets.number"), primary_key=True),
    Column("identity", PlainText, primary_key=True),
    Column("place", Integer, nullable=False),
    Index("ix_ticket_identities_identity", "identity"),
)

TICKET_CONTACTS: Final = Table(
    "ticket_contacts",
    METADATA,
    Column("ticket", ForeignKey("tickets.number"), primary_key=True),
    Column("contact", PlainText, primary_key=True),
)
"""Every contact that had to do with the ticket: the one that opened it and its return calls."""

TICKET_ENTRIES: Final = Table(
    "ticket_entries",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("ticket", ForeignKey("tickets.number"), nullable=False, index=True),
    Column("at", UtcMoment, nullable=False),
    Column("kind", PlainText, nullable=False),
    Column("by", PlainText, nullable=False, server_default=""),
    Column("contact", PlainText),
    Column("text", PlainText, nullable=False, server_default=""),
    Column("key", PlainText, unique=True),
)
"""The thread of a ticket. `key` makes a note that is sent twice one note."""
