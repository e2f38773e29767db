"""What all tables share: the collection they are declared in, moments, and how far each room has read.

Each room declares its own tables beside its store; migrations make them. A test holds the two together.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import BigInteger, Column, DateTime, Dialect, MetaData, Table, Text
from sqlalchemy.types import TypeDecorator

NAMING: Final = {
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
METADATA: Final = MetaData(naming_convention=NAMING)


class UtcMoment(TypeDecorator[datetime]):
    """An aware datetime in UTC, going in and coming out, also where the database knows no time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive moment: it would be stored as something else than was meant."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"found the naive moment {value.isoformat()}; expected an aware one")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """SQLite forgets the zone; it was UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class PlainText(TypeDecorator[str]):
    """Text of any length. What no database can hold (NUL, halves of surrogate pairs) is left out, going in."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Leave out what PostgreSQL would refuse, so that both databases hold the same."""
        return None if value is None else plain_text(value)


def plain_text(text: str) -> str:
    """Return what a `PlainText` column keeps of a text."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode("utf-8")


def moment_of(at_ms: int) -> datetime:
    """Return an aware moment for milliseconds since the epoch."""
    return datetime.fromtimestamp(at_ms // 1000, UTC).replace(microsecond=at_ms % 1000 * 1000)


def ms_of(moment: datetime) -> int:
    """Return milliseconds since the epoch."""
    return round(moment.timestamp() * 1000)


ROOM_PROGRESS: Final = Table(
    "room_progress",
    METADATA,
    Column("room", PlainText, primary_key=True),
    Column("seq", BigInteger, nullable=False),
)
"""The last record of the journal that a room's tables hold; written in the transaction that holds it."""
