"""Real databases for tests: a SQLite file, and a PostgreSQL server of our own on a free port, one for a test run."""

import asyncio
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

DIALECTS = [
    pytest.param("sqlite"),
    pytest.param(
        "postgresql", marks=[pytest.mark.needs("pg_ctlcluster"), pytest.mark.xdist_group("postgresql")]
    ),
]
_UNPRIVILEGED = ("postgres", "nobody")


class PostgresServer:
    """A server in a folder of its own. Only its own process is ever ended."""

    def __init__(self, binaries: Path) -> None:
        self._binaries = binaries
        self._folder = Path(tempfile.mkdtemp(prefix="acd-pg-"))
        self._user = _user_for_server()
        if self._user is not None:
            shutil.chown(self._folder, self._user)
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        order = ["--pgdata", str(self._data), "--username", "acd", "--auth", "trust", "--encoding", "UTF8"]
        self._run("initdb", *order, "--locale", "C", "--no-sync")
        self.start()

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def start(self) -> None:
        """Start it and wait until it answers."""
        settings = [
            "-k", str(self._folder), "-p", str(self.port), "-c", "listen_addresses=127.0.0.1",
            "-c", "fsync=off", "-c", "max_connections=50",
        ]  # fmt: skip
        self._process = subprocess.Popen(
            self._as_user(str(self._binaries / "postgres"), "-D", str(self._data), *settings),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/",
        )  # fmt: skip
        self._run("pg_isready", "-h", "127.0.0.1", "-p", str(self.port), tries=200)

    def stop(self) -> None:
        """Stop it at once, as a crash of its machine would; what it committed to its files stays."""
        if self._process is None:
            return
        self._run("pg_ctl", "stop", "-D", str(self._data), "-m", "immediate")
        self._process.wait(timeout=20)
        self._process = None

    def remove(self) -> None:
        """Stop it and leave nothing behind."""
        self.stop()
        shutil.rmtree(self._folder)

    def new_database(self) -> str:
        """Return the address of a new, empty database."""
        name = "acd_" + secrets.token_hex(6)
        address = f"postgresql://acd@127.0.0.1:{self.port}"

        async def make() -> None:
            connection = await asyncpg.connect(f"{address}/postgres")
            await connection.execute(f"CREATE DATABASE {name}")
            await connection.close()

        runner = asyncio.Runner()
        with runner:
            runner.run(make())
        return f"{address}/{name}"

    def _as_user(self, *order: str) -> list[str]:
        return [*order] if self._user is None else ["runuser", "-u", self._user, "--", *order]

    def _run(self, program: str, *arguments: str, tries: int = 1) -> None:
        order = self._as_user(str(self._binaries / program), *arguments)
        for _ in range(tries):
            done = subprocess.run(order, capture_output=True, timeout=60, cwd="/", stdin=subprocess.DEVNULL)
            if done.returncode == 0:
                return
        raise RuntimeError(f"{program}: {done.stdout.decode()} {done.stderr.decode()}")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A server for all tests of this run; skips, with the reason, where there can be none."""
    binaries = _binaries()
    if binaries is None:
        pytest.skip("initdb and postgres are not installed (Debian package postgresql)")
    server = PostgresServer(binaries)
    yield server
    server.remove()


@pytest.fixture
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database of the kind that the test asks for by indirect parameter."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/acd.sqlite"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.new_database()


on_both_databases = pytest.mark.parametrize("address", DIALECTS, indirect=True)


def _binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    beside = shutil.which("initdb")
    if found:
        return found[-1].parent
    return None if beside is None else Path(beside).resolve().parent


def _user_for_server() -> str | None:
    """Whom the server runs as: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    user = next((name for name in _UNPRIVILEGED if name in known), None)
    if user is None or shutil.which("runuser") is None:
        pytest.skip("PostgreSQL refuses to run as root, and there is no unprivileged user to run it as")
    return user


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
