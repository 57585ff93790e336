"""Restoring a backup: everything is checked before anything is replaced, and nobody who was erased comes back.

On SQLite the restored database is made in a file beside the present one, erasures are replayed into it, and then it
takes the other's place in one step. On PostgreSQL the rows are replaced in one transaction. From the first replacement
to the last, a mark keeps gateways and commands away; a restore that was interrupted is simply run again.
"""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gateway.bootstrap.assembly import activation_services
from gateway.bootstrap.backup import Head, Progress, check_ledger, read_backup, restore_authorities, sync_folder
from gateway.bootstrap.erasures import replay_erasures
from gateway.bootstrap.folder import folder_use, restore_mark
from gateway.bootstrap.persons import PERSON_KEYS, ForeignPersonKeysError, identity_here, open_person_keys
from gateway.bootstrap.secrets import AUDIT_MEMORY, Secrets, open_secrets
from gateway.config import Settings
from gateway.domain.audit import MACHINE, AuditEntry, Result
from gateway.domain.staff import Action
from gateway.observability.logging import logger
from gateway.security.backup_cipher import BackupError
from gateway.security.erasure_ledger import ErasureLedger
from gateway.security.files import create_private, replace_private
from gateway.security.keys import KeyRing
from gateway.storage.database import Database
from gateway.storage.dump import DumpError
from gateway.storage.engine import engine_for
from gateway.storage.freed_space import overwrite
from gateway.storage.key_checks import remembered_key_check
from gateway.storage.restoring import beside, file_of, fill_file, refill
from gateway.usecases import audit
from gateway.usecases.services import Clock, MemoryUnavailableError
from gateway.usecases.types import load_catalogue

_log = logger(__name__)


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
        try:
            database = file_of(settings.database_url.get_secret_value())
            if database is None:
                return _into_postgresql(settings, head, shown, clock)
            return _into_file(settings, head, shown, database, clock)
        except DumpError as wrong:
            raise BackupError(f"this backup cannot be restored: {wrong}") from None


def _shown(lines: Iterator[bytes], progress: Progress) -> Iterator[bytes]:
    for number, line in enumerate(lines):
        progress(number, "")
        yield line


def _into_file(settings: Settings, head: Head, lines: Iterator[bytes], database: Path, clock: Clock) -> Restored:
    fresh = database.with_name(f"{database.name}.restoring")
    _remove(fresh)
    try:
        rows = fill_file(fresh, lines)
        authorities, secrets = _authorities(settings, head, clock)
        again = asyncio.run(_erase_again(settings, secrets, f"sqlite:///{fresh}", head, clock))
    except BaseException:
        _remove(fresh)
        raise
    for path in beside(fresh):
        path.unlink(missing_ok=True)
    _on_disk(fresh)
    _mark(settings)
    # A log of the former database would be taken for one of the new.
    for path in beside(database):
        path.unlink(missing_ok=True)
    sync_folder(database.parent)
    fresh.replace(database)
    sync_folder(database.parent)
    _newest_signature(settings, head)
    _unmark(settings)
    return Restored(head.made_at, rows, again, authorities)


def _into_postgresql(settings: Settings, head: Head, lines: Iterator[bytes], clock: Clock) -> Restored:
    url = settings.database_url.get_secret_value()
    found: list[tuple[bool, Secrets]] = []

    def same_persons(records: dict[str, bytes]) -> None:
        """Whether the keys of persons here are those of what was just filled in."""
        found.append(_authorities(settings, head, clock))
        wanted = records.get(PERSON_KEYS)
        if wanted is not None and wanted != identity_here(settings, found[0][1]):
            raise ForeignPersonKeysError

    interrupted = restore_mark(settings).exists()
    _mark(settings)
    try:
        rows = refill(url, lines, same_persons)
    except BaseException:
        if not interrupted:
            _unmark(settings)  # nothing of it took place
        raise
    [(authorities, secrets)] = found
    again = asyncio.run(_erase_again(settings, secrets, url, head, clock))
    _newest_signature(settings, head)
    _unmark(settings)
    return Restored(head.made_at, rows, again, authorities)


def _authorities(settings: Settings, head: Head, clock: Clock) -> tuple[bool, Secrets]:
    put_back = restore_authorities(settings.authorities_folder, head.authorities)
    return put_back, open_secrets(settings, clock)


async def _erase_again(settings: Settings, secrets: Secrets, url: str, head: Head, clock: Clock) -> int:
    """Whoever was erased after the backup was made, before anybody can meet them; and the audit says what happened."""
    database = Database(engine_for(url, threads=2), gateway_id="", writers=1)
    try:
        secrets.keys.check(remembered_key_check(database.engine, secrets.keys.self_test_record()))
        persons = open_person_keys(settings, secrets, database)
        try:
            services = activation_services(settings, secrets, load_catalogue(settings.types_folder))
            found = await replay_erasures(settings, secrets, database, persons, services, clock)
        finally:
            persons.close()
        await _write_down(database, secrets, head, clock())
        overwrite(database.engine)  # also leaves all of an SQLite database in one file
        return found.accounts
    finally:
        database.close()


async def _write_down(database: Database, secrets: Secrets, head: Head, now: datetime) -> None:
    """In the restored audit: that it was restored, and up to which row the one in its place was signed."""
    try:
        known = secrets.audit_memory.known()
        signed = "nothing" if known is None else f"row {known.number}"
    except MemoryUnavailableError:
        signed = "unknown"
    entry = AuditEntry(
        at=now,
        staff_id=None,
        role=MACHINE,
        action=Action.RESTORE_BACKUP,
        result=Result.GRANTED,
        reason=f"backup of {head.made_at}; before, signed up to: {signed}",
    )
    try:
        await audit.recorded(database, lambda tx: audit.append(tx, entry))
    except audit.AuditUnavailableError:  # the backup's own audit lacks its end, as `audit verify` says: no way back
        _log.warning("restore_not_in_the_audit")


def _newest_signature(settings: Settings, head: Head) -> None:
    """What the audit remembers outside of the database goes back with it: else it would miss what was not made yet."""
    path = settings.authorities_folder / AUDIT_MEMORY
    kept = head.authorities.get(AUDIT_MEMORY)
    if kept is None:
        path.unlink(missing_ok=True)
    else:
        replace_private(path, kept)


def _mark(settings: Settings) -> None:
    """Nobody else opens anything from here on, not after a crash either, until it is taken away."""
    create_private(restore_mark(settings), b"hearthgate restore\n")


def _unmark(settings: Settings) -> None:
    restore_mark(settings).unlink(missing_ok=True)
    sync_folder(settings.data_folder)


def _remove(database: Path) -> None:
    for path in (database, *beside(database)):
        path.unlink(missing_ok=True)


def _on_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
