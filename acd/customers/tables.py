"""The tables of the customers room. Migrations make them; a test holds the two together."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table

from acd.database import METADATA, PlainText, UtcMoment

CUSTOMERS: Final = Table(
    "customers",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("name", PlainText, nullable=False, server_default=""),
    Column("known_since_at", UtcMoment, nullable=False),
    sqlite_autoincrement=True,
)

CUSTOMER_IDENTITIES: Final = Table(
    "customer_identities",
    METADATA,
    Column("identity", PlainText, primary_key=True),
    Column("customer", ForeignKey("customers.id"), nullable=False, index=True),
    Column("is_verified", Boolean, nullable=False),
    Column("known_since_at", UtcMoment, nullable=False),
)

CUSTOMER_JOININGS: Final = Table(
    "customer_joinings",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("account", Integer, nullable=False),
    Column("into", ForeignKey("customers.id"), nullable=False),
    Column("contact", PlainText, nullable=False),
    Column("at", UtcMoment, nullable=False),
)
"""That two accounts turned out to be one customer, and which contact told so: so that a person may judge it."""

CUSTOMER_CONTACTS: Final = Table(
    "customer_contacts",
    METADATA,
    Column("contact", PlainText, primary_key=True),
    Column("customer", ForeignKey("customers.id")),
    Column("channel", PlainText, nullable=False, server_default=""),
    Column("origin", PlainText, nullable=False, server_default=""),
    Column("adapter", PlainText, nullable=False, server_default=""),
    Column("entry", PlainText, nullable=False, server_default=""),
    Column("queue", PlainText, nullable=False, server_default=""),
    Column("language", PlainText, nullable=False, server_default=""),
    Column("arrived_at", UtcMoment),
    Column("answered_at", UtcMoment),
    Column("ended_at", UtcMoment),
    Column("outcome", PlainText, nullable=False, server_default=""),
    Column("why", PlainText, nullable=False, server_default=""),
    Column("agent", PlainText),
    Column("disposition", PlainText, nullable=False, server_default=""),
    Column("notes", PlainText, nullable=False, server_default=""),
    Column("ticket", PlainText),
    Index("ix_customer_contacts_customer", "customer", "arrived_at"),
)

CHAT_LINES: Final = Table(
    "chat_lines",
    METADATA,
    Column("contact", PlainText, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("by", PlainText, nullable=False),
    Column("text", PlainText, nullable=False),
    Column("at", UtcMoment, nullable=False),
    Column("name", PlainText, nullable=False),
    Column("agent", PlainText),
    Column("key", PlainText, nullable=False),
)
"""Every line of every chat, as it was shown."""
