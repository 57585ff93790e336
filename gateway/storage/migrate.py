"""Brings a database to the schema of this program; safe when two gateways start at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    insert,
    inspect,
    select,
)
from sqlalchemy.exc import SQLAlchemyError

from gateway.storage.tables import metadata
from gateway.storage.tables.delivery import counters
from gateway.storage.trouble import as_told

SCHEMA: Final = "0007"
"""The newest migration in `migrations/versions`; a test holds the two together."""

SEEDS: Final = ("audit", "changes", "forgotten_events")
"""Counters that exist from the beginning, at 0."""

_FOLDER: Final = Path(__file__).with_name("migrations")
_LOCK: Final = 0x48656172746867
"""Of PostgreSQL's advisory lock: the letters "Hearthg"."""

# As Alembic makes it.
VERSION_TABLE: Final = "alembic_version"
_VERSION: Final = Table(
    VERSION_TABLE,
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


class UnknownSchemaError(Exception):
    """The database was written by a newer program, or holds tables that no version of this one made."""


def migrate(engine: Engine) -> None:
    """Bring the database up to date; nothing happens when it is. Others who try at the same time wait.

    An empty database gets all tables at once instead of migration by migration (a test proves the results identical):
    that takes some ten milliseconds and does not load Alembic.

    Raises:
        DatabaseUnavailableError: it cannot be reached or written.
        UnknownSchemaError: it is newer than this program, or not one of its databases.
    """
    if is_current(engine):
        return
    try:
        with alone(engine) as connection:
            _bring_up_to_date(connection)
    except SQLAlchemyError as error:
        told = as_told(error)
        if told is error:
            raise
        raise told from error


def is_current(engine: Engine) -> bool:
    """True when the database has the schema of this program; false for an empty, an older or a newer one.

    Raises:
        DatabaseUnavailableError: it cannot be reached.
    """
    try:
        with engine.connect() as connection:
            return schema_of(connection) == SCHEMA
    except SQLAlchemyError as error:
        told = as_told(error)
        if told is error:
            raise
        raise told from error


def schema_of(connection: Connection) -> str | None:
    """The migration that the database stands at; None for an empty one."""
    if not inspect(connection).has_table(_VERSION.name):
        return None
    return connection.execute(select(_VERSION.c.version_num)).scalar()


def upgrade(connection: Connection, target: str = "head") -> None:
    """Run migrations with Alembic, in the transaction that is open."""
    from alembic import command  # 0.2 s to load, and only an older database needs it

    configuration = alembic_configuration()
    configuration.attributes["connection"] = connection
    command.upgrade(configuration, target)


def alembic_configuration() -> Any:
    """Alembic's configuration, without a file."""
    from alembic.config import Config  # as above

    configuration = Config()
    configuration.set_main_option("script_location", str(_FOLDER))
    configuration.set_main_option("path_separator", "os")
    return configuration


def known_schemas() -> set[str]:
    """Every schema that there ever was, the present one included."""
    from alembic.script import ScriptDirectory  # as above

    scripts = ScriptDirectory.from_config(alembic_configuration())
    return {str(script.revision) for script in scripts.walk_revisions()}


def create_at(connection: Connection, schema: str) -> None:
    """Make the tables of a schema in an empty database, in the transaction that is open."""
    if schema == SCHEMA:
        _create(connection)
    else:
        upgrade(connection, schema)


def _bring_up_to_date(connection: Connection) -> None:
    present = schema_of(connection)
    if present == SCHEMA:
        return
    if present is None:
        strangers = set(inspect(connection).get_table_names()) & set(metadata.tables)
        if strangers:
            raise UnknownSchemaError("the database holds tables of unknown origin; give the gateway one of its own")
        _create(connection)
        return
    if present not in known_schemas():
        raise UnknownSchemaError(f"the database has schema {present}, this program knows none newer than {SCHEMA}")
    upgrade(connection)


def _create(connection: Connection) -> None:
    metadata.create_all(connection, checkfirst=False)
    connection.execute(insert(counters), [{"name": name, "value": 0} for name in SEEDS])
    _VERSION.create(connection)
    connection.execute(insert(_VERSION), {"version_num": SCHEMA})


@contextmanager
def alone(engine: Engine) -> Iterator[Connection]:
    """A transaction that nobody else migrates beside; committed at the end, undone after an exception."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
            yield connection
            connection.commit()
            return
        # Making a table anew must not take along the rows that refer to it. Within a transaction this has no effect.
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        try:
            connection.exec_driver_sql("BEGIN EXCLUSIVE")
            try:
                yield connection
                _all_refer_to_something(connection)
                connection.exec_driver_sql("COMMIT")
            except BaseException:
                connection.connection.rollback()  # does nothing where the trouble has undone it already
                raise
        finally:
            connection.exec_driver_sql("PRAGMA foreign_keys=ON")


def _all_refer_to_something(connection: Connection) -> None:
    if connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
        raise RuntimeError("a migration left rows that refer to nothing")
