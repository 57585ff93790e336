"""Restoring a backup: everything is checked before anything is replaced, and nobody who was erased comes back.

On SQLite the restored database is made in a file beside the present one, erasures are replayed into it, and then it
takes the other's place in one step. On PostgreSQL the rows are replaced in one transaction. From the first replacement
to the last, a mark keeps gateways and commands away; a restore that was interrupted is simply run again.
"""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, inspect, make_url, select, text

from gateway.bootstrap.backup import Head, Progress, check_ledger, read_backup, restore_authorities, sync_folder
from gateway.bootstrap.erasures import replay_erasures
from gateway.bootstrap.folder import folder_use, restore_mark
from gateway.bootstrap.persons import PERSON_KEYS, ForeignPersonKeysError, identity_here, open_person_keys
from gateway.bootstrap.secrets import Secrets, open_secrets
from gateway.config import Settings
from gateway.security.backup_cipher import BackupError
from gateway.security.erasure_ledger import ErasureLedger
from gateway.security.files import create_private
from gateway.security.keys import KeyRing
from gateway.storage.database import Database
from gateway.storage.dump import DumpError, fill
from gateway.storage.engine import engine_for
from gateway.storage.freed_space import overwrite
from gateway.storage.key_checks import remembered_key_check
from gateway.storage.migrate import VERSION_TABLE, alone
from gateway.storage.tables import metadata
from gateway.storage.tables.delivery import key_checks
from gateway.usecases.services import Clock

GATEWAYS: Final = (
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND application_name = 'hearthgate' AND pid <> pg_backend_pid()"
)


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back."""

    made_at: str
    rows: int
    erased_again: int
    """Accounts that the backup brought back and that were erased at once."""
    authorities: bool
    """Whether the certificate authorities were put back; false where there were some."""


def restore(settings: Settings, keys: KeyRing, file: Path, clock: Clock, progress: Progress) -> Restored:
    """Put a backup in the place of the database. No gateway may be running.

    Raises:
        BackupError: the backup, or what is here, does not go together; nothing was changed.
        FolderInUseError: a gateway is running.
        ForeignPersonKeysError: the keys of persons here are not those of the backup; nothing was changed.
        DatabaseUnavailableError: the database cannot be written.
    """
    with folder_use(settings, alone=True), file.open("rb") as source:
        head, lines = read_backup(source, keys)
        check_ledger(ErasureLedger(settings.erasure_ledger_file, keys), head)
        shown = _shown(lines, progress)
        url = make_url(settings.database_url.get_secret_value())
        if url.get_backend_name() == "postgresql":
            return _into_postgresql(settings, head, shown, clock)
        if url.database in (None, "", ":memory:"):
            raise BackupError("a database in memory cannot be restored")
        return _into_file(settings, head, shown, Path(str(url.database)), clock)


def _shown(lines: Iterator[bytes], progress: Progress) -> Iterator[bytes]:
    for number, line in enumerate(lines):
        progress(number, "")
        yield line


def _into_file(settings: Settings, head: Head, lines: Iterator[bytes], database: Path, clock: Clock) -> Restored:
    fresh = database.with_name(f"{database.name}.restoring")
    _remove(fresh)
    engine = engine_for(f"sqlite:///{fresh}", threads=2)
    try:
        with alone(engine) as connection:
            rows = _filled(connection, lines)
        authorities, secrets = _authorities(settings, head, clock)
        again = asyncio.run(_erase_again(settings, secrets, engine, clock))
        overwrite(engine)  # whoever was erased again; and leaves all of it in one file
    except BaseException:
        engine.dispose()
        _remove(fresh)
        raise
    engine.dispose()
    for beside in _beside(fresh):
        beside.unlink(missing_ok=True)
    _on_disk(fresh)
    _mark(settings)
    # A log of the former database would be taken for one of the new.
    for beside in _beside(database):
        beside.unlink(missing_ok=True)
    sync_folder(database.parent)
    fresh.replace(database)
    sync_folder(database.parent)
    _unmark(settings)
    return Restored(head.made_at, rows, again, authorities)


def _into_postgresql(settings: Settings, head: Head, lines: Iterator[bytes], clock: Clock) -> Restored:
    engine = engine_for(settings.database_url.get_secret_value(), threads=2)
    try:
        with engine.connect() as connection:
            if connection.exec_driver_sql(GATEWAYS).scalar():
                raise BackupError("a gateway is connected to the database; stop it first")
        _mark(settings)
        try:
            with alone(engine) as connection:
                _drop_everything(connection)
                rows = _filled(connection, lines)
                authorities, secrets = _authorities(settings, head, clock)
                _same_persons(settings, secrets, connection)
        except BaseException:
            _unmark(settings)  # nothing of it took place
            raise
        again = asyncio.run(_erase_again(settings, secrets, engine, clock))
        _unmark(settings)
    finally:
        engine.dispose()
    return Restored(head.made_at, rows, again, authorities)


def _filled(connection: Connection, lines: Iterator[bytes]) -> int:
    try:
        many = fill(connection, lines)
    except DumpError as wrong:
        raise BackupError(f"this backup cannot be used: {wrong}") from None
    for _ in lines:  # only its end proves that it is whole
        raise BackupError("this backup cannot be used: something follows its end")
    return sum(many.values())


def _authorities(settings: Settings, head: Head, clock: Clock) -> tuple[bool, Secrets]:
    put_back = restore_authorities(settings.authorities_folder, head.authorities)
    return put_back, open_secrets(settings, clock)


async def _erase_again(settings: Settings, secrets: Secrets, engine: Engine, clock: Clock) -> int:
    """Whoever was erased after the backup was made, before anybody can meet them."""
    from gateway.bootstrap.assembly import activation_services
    from gateway.usecases.types import load_catalogue

    secrets.keys.check(remembered_key_check(engine, secrets.keys.self_test_record()))
    persons = open_person_keys(settings, secrets, engine)
    database = Database(engine, gateway_id="", writers=1)
    try:
        services = activation_services(settings, secrets, load_catalogue(settings.types_folder))
        return (await replay_erasures(settings, secrets, database, persons, services, clock)).accounts
    finally:
        persons.close()
        database.close()


def _drop_everything(connection: Connection) -> None:
    there = set(inspect(connection).get_table_names())
    for name in there & {*metadata.tables, VERSION_TABLE}:
        connection.execute(text(f"DROP TABLE {name} CASCADE"))


def _same_persons(settings: Settings, secrets: Secrets, connection: Connection) -> None:
    """Whether the keys of persons here are those of what was just filled in, before it is committed."""
    wanted = connection.execute(select(key_checks.c.record).where(key_checks.c.name == PERSON_KEYS)).scalar()
    if wanted is not None and wanted != identity_here(settings, secrets):
        raise ForeignPersonKeysError


def _mark(settings: Settings) -> None:
    """Nobody else opens anything from here on, not after a crash either, until it is taken away."""
    create_private(restore_mark(settings), b"hearthgate restore\n")


def _unmark(settings: Settings) -> None:
    restore_mark(settings).unlink(missing_ok=True)
    sync_folder(settings.data_folder)


def _beside(database: Path) -> list[Path]:
    return [database.with_name(database.name + end) for end in ("-wal", "-shm", "-journal")]


def _remove(database: Path) -> None:
    for path in (database, *_beside(database)):
        path.unlink(missing_ok=True)


def _on_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
