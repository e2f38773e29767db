"""Opening: from an address to an engine whose tables are of this version.

SQLite is the default; its write transactions take the write lock at their beginning, so that two writers wait
for each other instead of failing in the middle. What was committed is durable (`synchronous=FULL`): the journal
forgets an order as soon as a room has answered it.

Migrations run at every start, forward only, one node at a time.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from acd.database.errors import DatabaseUnusable, SchemaTooNew
from acd.database.tables import METADATA

CONNECT_TIMEOUT_S: Final = 10
BUSY_TIMEOUT_MS: Final = 5_000
POOL_SIZE: Final = 5
MIGRATION_LOCK: Final = 0x41434401
"""Any fixed number: PostgreSQL's advisory lock that lets one node migrate at a time."""
_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_DRIVERS: Final = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
}


class Database:
    """An open database. One for all rooms of a node."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection for questions; whatever it changes is rolled back."""
        async with self.engine.connect() as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction, committed at the end of the block, rolled back if the block raises."""
        async with self.engine.connect() as connection:
            await connection.execution_options(acd_writes=True)
            async with connection.begin():
                yield connection

    async def close(self) -> None:
        """Give all connections back."""
        await self.engine.dispose()


async def open_database(address: str) -> Database:
    """Open the database and bring its tables up to this version.

    Args:
        address: `sqlite:///var/acd.sqlite` (three slashes: relative to the working directory), or
            `postgresql://user:password@host/name`.

    Raises:
        DatabaseUnusable: It cannot be opened or reached.
        SchemaTooNew: It belongs to a newer version.
    """
    url = _url_of(address)
    shown = url.render_as_string(hide_password=True)
    engine = _make_engine(url, shown)
    try:
        async with engine.connect() as connection:
            await connection.execution_options(acd_writes=True)
            async with connection.begin():
                await connection.run_sync(_migrate, shown)
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        await engine.dispose()
        raise DatabaseUnusable(shown, str(getattr(error, "orig", error)) or type(error).__name__) from error
    except SchemaTooNew:
        await engine.dispose()
        raise
    return Database(engine)


def schema_version() -> str:
    """Return the version of the tables that this program makes."""
    head = _scripts().get_current_head()
    assert head is not None, "there is at least one migration"
    return head


def _url_of(address: str) -> URL:
    try:
        url = make_url(address)
    except ArgumentError as error:
        expected = "expected sqlite:///path or postgresql://user@host/name"
        raise DatabaseUnusable("(unreadable)", f"the address is not one; {expected}") from error
    driver = _DRIVERS.get(url.drivername.split("+")[0])
    if driver is None:
        raise DatabaseUnusable(
            url.render_as_string(hide_password=True), f"found {url.drivername}; expected sqlite or postgresql"
        )
    return url.set(drivername=driver)


def _make_engine(url: URL, shown: str) -> AsyncEngine:
    if url.drivername.startswith("sqlite"):
        return _make_sqlite_engine(url, shown)
    arguments = {"timeout": CONNECT_TIMEOUT_S, "command_timeout": 60}
    return create_async_engine(url, pool_size=POOL_SIZE, pool_pre_ping=True, connect_args=arguments)


def _make_sqlite_engine(url: URL, shown: str) -> AsyncEngine:
    if not url.database or url.database == ":memory:":
        raise DatabaseUnusable(
            shown, "found no file; expected one, since every connection must see the same tables"
        )
    try:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseUnusable(shown, str(error)) from error
    engine = create_async_engine(url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000}, pool_size=POOL_SIZE)
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver would begin transactions by itself, too late and never before DDL; we begin them ourselves.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("acd_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return ScriptDirectory.from_config(config)


def _migrate(connection: Connection, shown: str) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
    scripts = _scripts()
    found = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in scripts.walk_revisions()}
    if found is not None and found not in known:
        raise SchemaTooNew(shown, found, schema_version())
    if found == schema_version():
        return

    def upgrade(revision: Any, _context: MigrationContext) -> Any:
        return scripts._upgrade_revs("head", revision)

    with EnvironmentContext(Config(), scripts, fn=upgrade, destination_rev="head") as environment:
        environment.configure(connection=connection, target_metadata=METADATA)
        environment.run_migrations()
