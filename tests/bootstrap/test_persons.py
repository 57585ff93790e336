"""A database goes with the keys of persons that it was written with, and with no others."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from gateway.bootstrap.persons import ForeignPersonKeysError, open_person_keys
from gateway.bootstrap.secrets import Secrets, open_secrets
from gateway.config import Settings
from gateway.domain.identity import AccountId
from gateway.runtime.clock import utc_now
from gateway.storage.database import Database
from tests.databases import POSTGRESQL, SQLITE_FILE, fresh_url, opened, postgresql_server

ANN = AccountId("a-" + "1" * 26)


def settings_in(folder: Path, key: Path, store_url: str | None = None) -> Settings:
    keys = {"master_key_file": key, "store_url": None if store_url is None else SecretStr(store_url)}
    return Settings.model_validate({"data_folder": folder, "region": "local", "keys": keys})


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return tmp_path / "master.key"


@pytest.fixture
def secrets(tmp_path: Path, key: Path) -> Secrets:
    return open_secrets(settings_in(tmp_path / "one", key), utc_now)


@pytest.fixture(params=[SQLITE_FILE, POSTGRESQL])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with fresh_url(request.param, tmp_path) as url, opened(url) as database:
        yield database


def test_they_are_made_at_the_first_start_and_found_at_the_next(
    tmp_path: Path, key: Path, secrets: Secrets, database: Database
) -> None:
    settings = settings_in(tmp_path / "one", key)
    first = open_person_keys(settings, secrets, database)
    sealed = first.sealer(ANN).seal(b"Bath", place="p")
    first.close()
    again = open_person_keys(settings, secrets, database)
    assert again.sealer(ANN).open(sealed, place="p") == b"Bath"
    again.close()
    assert (tmp_path / "one" / "persons.db").stat().st_mode & 0o777 == 0o600


def test_a_gateway_with_keys_of_its_own_does_not_start_on_a_shared_database(
    tmp_path: Path, key: Path, secrets: Secrets, database: Database
) -> None:
    open_person_keys(settings_in(tmp_path / "one", key), secrets, database).close()
    other = settings_in(tmp_path / "two", key)
    with pytest.raises(ForeignPersonKeysError, match=r"keys\.store_url"):
        open_person_keys(other, secrets, database)
    assert not (tmp_path / "two" / "persons.db").exists()  # room for the copy that has to come here


def test_gateways_that_share_a_store_share_the_keys(
    tmp_path: Path, key: Path, secrets: Secrets, database: Database
) -> None:
    server = postgresql_server()
    url = server.empty_database()
    one, two = (open_person_keys(settings_in(tmp_path / name, key, url), secrets, database) for name in ("one", "two"))
    sealed = one.sealer(ANN).seal(b"Bath", place="p")
    assert two.sealer(ANN).open(sealed, place="p") == b"Bath"
    assert not (tmp_path / "two" / "persons.db").exists()
    one.close()
    two.close()
    server.drop_database(url)
