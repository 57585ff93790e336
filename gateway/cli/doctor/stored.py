"""The database: reachable, up to date, safe against a power cut, and written under this master key."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from gateway.cli.doctor.files import read_keys
from gateway.cli.doctor.findings import Finding, Looked, ok, warning, wrong
from gateway.config import shown
from gateway.security.keys import KeyRing, MasterKeyError
from gateway.storage.inspection import DatabaseLook, inspect_database
from gateway.usecases.transaction import DatabaseUnavailableError

SLACK: Final = timedelta(minutes=5)
"""Clocks of machines that tell each other the time differ by less."""

_SQLITE: Final = "sqlite:///"


def database(looked: Looked) -> Iterator[Finding]:
    """Everything about the database that can be seen without changing it."""
    url = looked.settings.database_url.get_secret_value()
    place = shown(looked.settings)["database"]["url"]
    if url.startswith(_SQLITE) and not Path(url.removeprefix(_SQLITE)).exists():
        yield warning(
            "database",
            f"{place} does not exist yet",
            "none needed: the first start makes it; or run: hearthgate migrate",
        )
        return
    try:
        found = inspect_database(url)
    except DatabaseUnavailableError:
        fix = "start the database, or correct database.url (address, user, password, rights)"
        yield wrong("database", f"{place} cannot be used", fix)
        return
    yield _schema(found, place)
    if found.journal is not None and found.journal.lower() != "wal":
        fix = "put the data folder on a local file system: SQLite's log does not work on network shares"
        yield wrong("database journal", f"SQLite runs with {found.journal} instead of WAL", fix)
    yield from _key_fits(looked, found)
    yield from _clock(looked, found)


def region(looked: Looked) -> Iterator[Finding]:
    """Where the data lies. A host outside of the region is refused when the configuration is read."""
    settings = looked.settings
    if settings.region is None:
        yield wrong("region", "no region is set", "set region to where the data may be stored, such as eu-central")
        return
    host = urlsplit(settings.database_url.get_secret_value()).hostname
    place = "on this machine" if host is None else f"on {host}, which database.allowed_hosts names or which is local"
    yield ok("region", f"{settings.region}; the data is {place}")


def _schema(found: DatabaseLook, place: str) -> Finding:
    if found.schema is None:
        return warning(
            "database", f"{place} is empty", "none needed: the first start fills it; or run: hearthgate migrate"
        )
    if not found.is_current:
        fix = "run: hearthgate migrate (the start does it too); if that refuses, install the newer program again"
        return warning("database", f"{place} has schema {found.schema}, not this program's", fix)
    return ok("database", f"{place}, schema {found.schema}")


def _key_fits(looked: Looked, found: DatabaseLook) -> Iterator[Finding]:
    keys = read_keys(looked)
    if found.key_record is None or not isinstance(keys, KeyRing):
        return
    try:
        keys.check(found.key_record)
    except MasterKeyError as error:
        yield wrong("master key fits", str(error), "put back the master key that this database was written under")
    else:
        yield ok("master key fits", "the database was written under this master key")


def _clock(looked: Looked, found: DatabaseLook) -> Iterator[Finding]:
    if found.newest is not None and found.newest > looked.now + SLACK:
        here = f"it is {looked.now:%Y-%m-%d %H:%M}Z here"
        says = f"the database's newest row is of {found.newest:%Y-%m-%d %H:%M}Z, and {here}"
        yield wrong("clock", says, "set this machine's clock; have it kept by NTP")
