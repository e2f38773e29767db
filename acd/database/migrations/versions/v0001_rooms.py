"""How far each room has read the journal, and what a database would not take."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables that all rooms share."""
    op.create_table(
        "room_progress",
        sa.Column("room", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("room", name="pk_room_progress"),
    )
    op.create_table(
        "spool_refused",
        sa.Column("id", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("room", sa.Text, nullable=False),
        sa.Column("item", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_spool_refused"),
    )
