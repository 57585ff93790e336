"""The keys of persons, in a store of their own: a file beside the database, or a database that several gateways share.

A row holds a keyed digest of the account's name and the person's key, wrapped. A destroyed key leaves its row without
the key, so that it is never made again. The store knows no account by its name, so the row itself tells nothing.
"""

from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, Final, TypeVar

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    LargeBinary,
    MetaData,
    Table,
    Text,
    bindparam,
    create_engine,
    event,
    make_url,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.pool import QueuePool, StaticPool

from gateway.domain.identity import AccountId
from gateway.storage.engine import BUSY_TIMEOUT_MS, engine_for
from gateway.storage.trouble import as_told
from gateway.usecases.persons import PersonKeyGoneError
from gateway.usecases.services import Sealer

T = TypeVar("T")

_tables: Final = MetaData(naming_convention={"pk": "pk_%(table_name)s"})
person_keys: Final = Table(
    "person_keys",
    _tables,
    Column("subject", LargeBinary, primary_key=True),
    Column("wrapped", LargeBinary),
)
store: Final = Table("person_key_store", _tables, Column("name", Text, primary_key=True), Column("value", LargeBinary))

_LOCK: Final = 0x48656172746870
"""Of PostgreSQL's advisory lock: the letters "Hearthp"."""

REWRITTEN_UP_TO: Final = 64 * 1024**2
"""Bytes of a store on PostgreSQL, some half a million keys, that is written anew when one is destroyed: half a second
in which others wait. Of a larger one, the server overwrites the place of what was destroyed when it next needs it."""

_WRAPPED: Final = select(person_keys.c.wrapped).where(person_keys.c.subject == bindparam("subject"))
_ADD: Final = {
    True: postgresql.insert(person_keys).on_conflict_do_nothing(),
    False: sqlite.insert(person_keys).on_conflict_do_nothing(),
}
_DESTROY: Final = (
    update(person_keys)
    .where(person_keys.c.subject == bindparam("which"), person_keys.c.wrapped.is_not(None))
    .values(wrapped=None)
)
_DESTROYED: Final = select(person_keys.c.subject).where(person_keys.c.wrapped.is_(None))
_NAME: Final = "identity"
_IDENTITY: Final = select(store.c.value).where(store.c.name == _NAME)
_NAMED: Final = {
    True: postgresql.insert(store).on_conflict_do_nothing(),
    False: sqlite.insert(store).on_conflict_do_nothing(),
}


@dataclass(frozen=True, slots=True)
class KeyMaking:
    """What the store needs of security."""

    index: Callable[[AccountId], bytes] = field(repr=False)
    """The keyed digest under which a person's key is found."""
    wrapping: Sealer = field(repr=False)
    """Wraps keys: derives from the master key."""
    new_key: Callable[[], bytes] = field(repr=False)
    sealer_of: Callable[[bytes], Sealer] = field(repr=False)


def person_engine_for(url: str, *, threads: int = 10) -> Engine:
    """An engine for a key store: `sqlite:///file`, `sqlite://` (for tests) or `postgresql+psycopg://…`.

    Raises:
        ValueError: another kind of database.
    """
    target = make_url(url)
    if target.get_backend_name() != "sqlite":
        return engine_for(url, threads=threads).execution_options(isolation_level="AUTOCOMMIT")
    in_memory = target.database in (None, "", ":memory:")
    pool: dict[str, Any] = (
        {"poolclass": StaticPool} if in_memory else {"poolclass": QueuePool, "pool_size": threads, "max_overflow": -1}
    )
    engine = create_engine(
        target,
        connect_args={"check_same_thread": False, "isolation_level": None},
        hide_parameters=True,
        isolation_level="AUTOCOMMIT",
        **pool,
    )

    @event.listens_for(engine, "connect")
    def _settings(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        # No log that keeps former pages: what a change replaces is in the journal for the length of that change.
        cursor.execute("PRAGMA journal_mode=TRUNCATE")
        cursor.execute("PRAGMA synchronous=EXTRA")
        cursor.execute("PRAGMA secure_delete=ON")
        cursor.close()

    return engine


class SqlPersonKeys:
    """Implements `usecases.persons.PersonKeys`. Any thread may use it. `close` it at the end."""

    def __init__(self, engine: Engine, making: KeyMaking) -> None:
        self._engine: Final = engine
        self._making: Final = making
        self._is_postgresql: Final = engine.dialect.name == "postgresql"
        # One connection is all that a store in memory has: two threads must not use it at once.
        self._alone: Final = Lock() if isinstance(engine.pool, StaticPool) else None

    def prepare(self, new_identity: bytes) -> bytes:
        """Make the tables where they are missing. Returns the store's identity: `new_identity` if it is new.

        Raises:
            DatabaseUnavailableError: it cannot be reached or written.
        """

        def make(connection: Connection) -> bytes:
            if self._is_postgresql:
                connection.exec_driver_sql(f"SELECT pg_advisory_lock({_LOCK})")
            try:
                _tables.create_all(connection)
                connection.execute(_NAMED[self._is_postgresql], {"name": _NAME, "value": new_identity})
                found: bytes = connection.execute(_IDENTITY).scalar_one()
                return found
            finally:
                if self._is_postgresql:
                    connection.exec_driver_sql(f"SELECT pg_advisory_unlock({_LOCK})")

        return self._with(make)

    def sealer(self, account_id: AccountId) -> Sealer:
        """See the protocol."""
        return _PersonSealer(self, account_id)

    def destroy(self, account_id: AccountId) -> bool:
        """See the protocol.

        Raises:
            DatabaseUnavailableError: the store cannot be reached or written; try again.
        """
        return self.destroy_indexed([self._making.index(account_id)]) == 1

    def destroy_indexed(self, subjects: Iterable[bytes]) -> int:
        """The same for digests of accounts, as the erasure ledger has them. Returns how many had a key."""
        subjects = tuple(subjects)
        if not subjects:
            return 0

        def end(connection: Connection) -> int:
            ended = 0
            for subject in subjects:
                ended += connection.execute(_DESTROY, {"which": subject}).rowcount
                # Whoever has no key yet never gets one.
                connection.execute(_ADD[self._is_postgresql], {"subject": subject, "wrapped": None})
            if self._is_postgresql:
                _rewrite(connection)  # the former rows, with their keys, are still there
            return ended

        return self._with(end)

    def destroyed(self) -> set[bytes]:
        """The digests of all whose key was destroyed."""
        return self._with(lambda connection: set(connection.execute(_DESTROYED).scalars()))

    def copy_to(self, file: Path) -> int:
        """Write a copy of the store to a new file, for the daily copies. Returns how many keys are in it."""
        target = person_engine_for(f"sqlite:///{file}", threads=1)
        try:
            with closing(target.raw_connection()) as raw:
                into: Any = raw.driver_connection
                into.execute("PRAGMA synchronous=OFF")  # on disk in one go at the end; half a file is thrown away
                _tables.create_all(target)
                return self._with(lambda connection: _copy(connection, into))
        finally:
            target.dispose()

    def key_of(self, account_id: AccountId, *, make: bool) -> bytes:
        """The key of a person.

        Raises:
            PersonKeyGoneError: it was destroyed, or there is none and none is to be made.
        """
        subject = self._making.index(account_id)
        place = f"person_keys.wrapped:{account_id}"

        def find(connection: Connection) -> bytes:
            row = connection.execute(_WRAPPED, {"subject": subject}).first()
            if row is None and make:
                fresh = self._making.wrapping.seal(self._making.new_key(), place=place)
                connection.execute(_ADD[self._is_postgresql], {"subject": subject, "wrapped": fresh})
                row = connection.execute(_WRAPPED, {"subject": subject}).first()  # another may have been first
            if row is None or row.wrapped is None:
                raise PersonKeyGoneError
            wrapped: bytes = row.wrapped
            return wrapped

        return self._making.wrapping.open(self._with(find), place=place)

    def sealer_of(self, key: bytes) -> Sealer:
        """What seals under a key."""
        return self._making.sealer_of(key)

    def close(self) -> None:
        """Close its connections."""
        self._engine.dispose()

    def _with(self, work: Callable[[Connection], T]) -> T:
        try:
            if self._alone is not None:
                with self._alone, self._engine.connect() as connection:
                    return work(connection)
            with self._engine.connect() as connection:
                return work(connection)
        except Exception as error:
            told = as_told(error)
            if told is error:
                raise
            raise told from error


class _PersonSealer:
    """Seals for one person, for the length of a transaction."""

    __slots__ = ("_account_id", "_keys", "_sealer")

    def __init__(self, keys: SqlPersonKeys, account_id: AccountId) -> None:
        self._keys = keys
        self._account_id = account_id
        self._sealer: Sealer | None = None

    def seal(self, value: bytes, *, place: str) -> bytes:
        return self._ready(make=True).seal(value, place=place)

    def open(self, sealed: bytes, *, place: str) -> bytes:
        return self._ready(make=False).open(sealed, place=place)

    def _ready(self, *, make: bool) -> Sealer:
        if self._sealer is None:
            self._sealer = self._keys.sealer_of(self._keys.key_of(self._account_id, make=make))
        return self._sealer


def _rewrite(connection: Connection) -> None:
    """On PostgreSQL a change leaves the former row in its page, and even a vacuum leaves its bytes there."""
    size: int = connection.exec_driver_sql("SELECT pg_relation_size('person_keys')").scalar_one()
    options = "FULL" if size <= REWRITTEN_UP_TO else "INDEX_CLEANUP ON"
    connection.exec_driver_sql(f"VACUUM ({options}) person_keys")


def _copy(connection: Connection, into: Any) -> int:
    many = 0
    if connection.dialect.name == "postgresql":
        connection.execution_options(isolation_level="REPEATABLE READ")  # one moment for all pieces
    into.execute("BEGIN")
    for row in connection.execution_options(yield_per=1000).execute(select(store)):
        into.execute("INSERT INTO person_key_store VALUES (?, ?)", tuple(row))
    for row in connection.execution_options(yield_per=1000).execute(select(person_keys)):
        into.execute("INSERT INTO person_keys VALUES (?, ?)", tuple(row))
        many += 1
    into.execute("COMMIT")
    return many
