"""Opens the store of persons' keys, and makes sure that it is the one which this database was written with."""

import os
from functools import partial
from pathlib import Path
from secrets import token_bytes
from typing import Final

from gateway.bootstrap.secrets import Secrets
from gateway.config import Settings
from gateway.security.sealing import AesGcmSealer, new_sealing_key
from gateway.storage.database import Database
from gateway.storage.key_checks import remembered_key_check
from gateway.storage.person_keys import KeyMaking, SqlPersonKeys, person_engine_for
from gateway.usecases.services import IndexedField

PERSON_KEYS: Final = "person keys"
"""The name under which a database remembers whose keys its rows are sealed with."""

_IDENTITY_BYTES: Final = 16


class ForeignPersonKeysError(Exception):
    """The store of persons' keys is not the one that this database belongs to; the text says what to do."""

    def __init__(self) -> None:
        super().__init__(
            "the keys of persons here are not those that this database was written with: restore persons.db from "
            "persons-copies, or give gateways that share a database one keys.store_url"
        )


def open_person_keys(settings: Settings, secrets: Secrets, database: Database) -> SqlPersonKeys:
    """The store for this database; made at the first start.

    Args:
        settings: names it.
        secrets: the keys that wrap what is in it.
        database: the database, migrated. It remembers the first store that it was opened with.

    Raises:
        DatabaseUnavailableError: one of the two cannot be reached.
        ForeignPersonKeysError: the database was written with another store. Going on would make new keys for everybody.
    """
    was_there = _file(settings).exists()
    keys = person_keys_at(settings, secrets)
    identity = keys.prepare(token_bytes(_IDENTITY_BYTES))
    if remembered_key_check(database.engine, identity, PERSON_KEYS) != identity:
        keys.close()
        if not was_there:  # room for the copy that has to come here
            _file(settings).unlink(missing_ok=True)
        raise ForeignPersonKeysError
    return keys


def identity_here(settings: Settings, secrets: Secrets) -> bytes | None:
    """The identity of the store that is here; None when there is none yet."""
    if settings.keys.store_url is None and not _file(settings).exists():
        return None
    keys = person_keys_at(settings, secrets)
    try:
        return keys.prepare(token_bytes(_IDENTITY_BYTES))
    finally:
        keys.close()


def person_keys_at(settings: Settings, secrets: Secrets) -> SqlPersonKeys:
    """The store, whatever it holds. `prepare` it before its use."""
    url = settings.person_keys_url.get_secret_value()
    if settings.keys.store_url is None:
        settings.data_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(_file(settings), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    return SqlPersonKeys(
        person_engine_for(url, threads=settings.database.threads),
        KeyMaking(
            index=partial(secrets.indexes.index, IndexedField.PERSON),
            wrapping=AesGcmSealer(secrets.keys.wrapping_key),
            new_key=new_sealing_key,
            sealer_of=AesGcmSealer,
        ),
    )


def _file(settings: Settings) -> Path:
    return settings.data_folder / "persons.db"
