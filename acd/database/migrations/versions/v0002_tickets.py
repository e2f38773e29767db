"""Tickets, their customers, contacts and threads."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_NUMBER_FIRST = 10_001
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables of the ticket room."""
    _make_tickets()
    op.create_table(
        "ticket_identities",
        sa.Column("ticket", sa.Integer, nullable=False),
        sa.Column("identity", sa.Text, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("ticket", "identity", name="pk_ticket_identities"),
        sa.ForeignKeyConstraint(["ticket"], ["tickets.number"], name="fk_ticket_identities_ticket"),
    )
    op.create_index("ix_ticket_identities_identity", "ticket_identities", ["identity"])
    op.create_table(
        "ticket_contacts",
        sa.Column("ticket", sa.Integer, nullable=False),
        sa.Column("contact", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("ticket", "contact", name="pk_ticket_contacts"),
        sa.ForeignKeyConstraint(["ticket"], ["tickets.number"], name="fk_ticket_contacts_ticket"),
    )
    op.create_table(
        "ticket_entries",
        sa.Column("id", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("ticket", sa.Integer, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False, server_default=""),
        sa.Column("contact", sa.Text),
        sa.Column("text", sa.Text, nullable=False, server_default=""),
        sa.Column("key", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_ticket_entries"),
        sa.UniqueConstraint("key", name="uq_ticket_entries_key"),
        sa.ForeignKeyConstraint(["ticket"], ["tickets.number"], name="fk_ticket_entries_ticket"),
    )
    op.create_index("ix_ticket_entries_ticket", "ticket_entries", ["ticket"])


def _make_tickets() -> None:
    words = (
        "contact",
        "state",
        "queue",
        "language",
        "category",
        "words",
        "recording",
        "phone",
        "customer",
        "return_call",
    )
    op.create_table(
        "tickets",
        sa.Column("number", sa.Integer, sa.Identity(start=_NUMBER_FIRST), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in words),
        sa.Column("transcript", sa.Text, nullable=False, server_default=""),
        sa.Column("disposition", sa.Text, nullable=False, server_default=""),
        sa.Column("notes", sa.Text, nullable=False, server_default=""),
        sa.Column("return_contact", sa.Text),
        sa.Column("owner", sa.Text),
        sa.Column("is_partial", sa.Boolean, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
        *(sa.Column(f"{name}_at", _MOMENT) for name in ("not_before", "responded", "closed")),
        *(
            sa.Column(f"{name}_at", _MOMENT, nullable=False)
            for name in ("opened", "changed", "respond_by", "resolve_by")
        ),
        sa.PrimaryKeyConstraint("number", name="pk_tickets"),
        sa.UniqueConstraint("contact", name="uq_tickets_contact"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_tickets_state", "tickets", ["state"])
    op.create_index("ix_tickets_return_contact", "tickets", ["return_contact"])
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"INSERT INTO sqlite_sequence (name, seq) VALUES ('tickets', {_NUMBER_FIRST - 1})")
