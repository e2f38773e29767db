"""Customers, their identities and contacts, and the lines of chats."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables of the customers room."""
    op.create_table(
        "customers",
        sa.Column("id", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text, nullable=False, server_default=""),
        sa.Column("known_since_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_customers"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "customer_identities",
        sa.Column("identity", sa.Text, nullable=False),
        sa.Column("customer", sa.Integer, nullable=False),
        sa.Column("is_verified", sa.Boolean, nullable=False),
        sa.Column("known_since_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("identity", name="pk_customer_identities"),
        sa.ForeignKeyConstraint(["customer"], ["customers.id"], name="fk_customer_identities_customer"),
    )
    op.create_index("ix_customer_identities_customer", "customer_identities", ["customer"])
    op.create_table(
        "customer_joinings",
        sa.Column("id", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("account", sa.Integer, nullable=False),
        sa.Column("into", sa.Integer, nullable=False),
        sa.Column("contact", sa.Text, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_customer_joinings"),
        sa.ForeignKeyConstraint(["into"], ["customers.id"], name="fk_customer_joinings_into"),
    )
    _make_contacts()
    op.create_table(
        "chat_lines",
        sa.Column("contact", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("by", "text", "name", "key")),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("agent", sa.Text),
        sa.PrimaryKeyConstraint("contact", "number", name="pk_chat_lines"),
    )


def _make_contacts() -> None:
    words = (
        "channel",
        "origin",
        "adapter",
        "entry",
        "queue",
        "language",
        "outcome",
        "why",
        "disposition",
        "notes",
    )
    op.create_table(
        "customer_contacts",
        sa.Column("contact", sa.Text, nullable=False),
        sa.Column("customer", sa.Integer),
        *(sa.Column(name, sa.Text, nullable=False, server_default="") for name in words),
        *(sa.Column(name, _MOMENT) for name in ("arrived_at", "answered_at", "ended_at")),
        sa.Column("agent", sa.Text),
        sa.Column("ticket", sa.Text),
        sa.PrimaryKeyConstraint("contact", name="pk_customer_contacts"),
        sa.ForeignKeyConstraint(["customer"], ["customers.id"], name="fk_customer_contacts_customer"),
    )
    op.create_index("ix_customer_contacts_customer", "customer_contacts", ["customer", "arrived_at"])
