"""Opens what commands work on besides a running gateway: keys, authorities, database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gateway.cli.command import CommandError

if TYPE_CHECKING:
    from gateway.bootstrap.secrets import Secrets
    from gateway.config import Settings
    from gateway.security.authorities import AuthorityFolder
    from gateway.security.keys import KeyRing
    from gateway.storage.database import Database


def key_ring(settings: "Settings", *, make: bool = False) -> "KeyRing":
    """The keys that derive from the configured master key.

    Args:
        settings: names the key, or the file of it.
        make: make the file when there is none.

    Raises:
        CommandError: there is none.
        MasterKeyError, UnsafeFileError: it cannot be used.
    """
    from gateway.security.keys import KeyRing, MasterKey

    if settings.keys.master_key is not None:
        return KeyRing(MasterKey.from_text(settings.keys.master_key.get_secret_value()))
    path = settings.master_key_file
    if make:
        return KeyRing(MasterKey.from_file_or_new(path))
    try:
        return KeyRing(MasterKey.from_file(path))
    except FileNotFoundError:
        raise CommandError(f"there is no master key in {path}; run: hearthgate init") from None


def authorities(settings: "Settings", *, make_key: bool = False) -> "AuthorityFolder":
    """The certificate authorities of the data folder."""
    from gateway.security.authorities import AuthorityFolder

    return AuthorityFolder(settings.authorities_folder, key_ring(settings, make=make_key).ca_passphrase)


@contextmanager
def opened(settings: "Settings") -> "Iterator[tuple[Database, Secrets]]":
    """The database and the keys, for a command that works on stored data while no gateway need be running.

    Raises:
        CommandError: there is no master key.
        WrongMasterKeyError: the database was written under another master key.
        DatabaseUnavailableError: it cannot be opened.
        FolderInUseError: a restore is going on, or was interrupted.
    """
    from gateway.bootstrap.folder import folder_use
    from gateway.bootstrap.secrets import open_secrets
    from gateway.runtime.clock import utc_now
    from gateway.storage.database import Database
    from gateway.storage.engine import engine_for
    from gateway.storage.key_checks import remembered_key_check
    from gateway.storage.migrate import migrate

    key_ring(settings)  # a command never makes one: what it stored under a new key nobody would find again
    with folder_use(settings):
        secrets = open_secrets(settings, utc_now)
        engine = engine_for(settings.database_url.get_secret_value(), threads=settings.database.threads)
        migrate(engine)
        secrets.keys.check(remembered_key_check(engine, secrets.keys.self_test_record()))
        database = Database(engine, gateway_id="", writers=1)
        try:
            yield database, secrets
        finally:
            database.close()
