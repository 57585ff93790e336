"""`hearthgate doctor` on settings, folders, key, database, clock: each is made to fail by what it is there for."""

import asyncio
import os
import sqlite3
from datetime import UTC, datetime, timedelta

from gateway.cli.doctor.certificates import authority_dates
from gateway.cli.doctor.findings import Level, Looked
from gateway.cli.doctor.machine import clock
from gateway.cli.doctor.stored import database
from gateway.cli.opening import opened
from gateway.runtime.clock import utc_now
from gateway.security.authorities import AuthorityName
from gateway.usecases.repositories.attempts import AttemptKeys
from tests.cli.examined import DAY, bad, looked, settings_of, told
from tests.cli.shell import Shell
from tests.storage.records import an_attempt


def test_an_installation_in_order_is_told_so(well: Shell) -> None:
    answer = well.json("doctor")
    assert answer["ok"] is True
    assert {one["level"] for one in answer["findings"]} <= {"ok", "warning"}
    assert not [one for one in answer["findings"] if one["level"] != "ok" and one["check"] != "open files"]
    said = well("doctor")
    assert len(said.splitlines()) >= len(answer["findings"])


def test_a_misspelt_setting_is_named(well: Shell) -> None:
    well.environment["HEARTHGATE_REGIO"] = "eu"
    assert "HEARTHGATE_REGIO: is no setting (did you mean HEARTHGATE_REGION?)" in told(well, "configuration")


def test_settings_that_do_not_fit_together_are_named(well: Shell) -> None:
    well.environment["HEARTHGATE_API__PORT"] = well.environment["HEARTHGATE_OPERATOR__PORT"]
    assert "its port" in told(well, "settings")


def test_a_missing_region_is_named(well: Shell) -> None:
    del well.environment["HEARTHGATE_REGION"]
    assert "no region is set" in told(well, "region")


def test_a_database_outside_of_the_region_is_named(well: Shell) -> None:
    well.environment["HEARTHGATE_DATABASE__URL"] = "postgresql+psycopg://u:s3cret@db.elsewhere.example/h"
    said = told(well, "configuration")
    assert "not in allowed_hosts" in said
    assert "s3cret" not in said


def test_a_data_folder_that_does_not_exist_cannot_be_written_or_is_open_to_all_is_told(well: Shell) -> None:
    folder = settings_of(well).data_folder
    folder.chmod(0o755)
    assert "chmod 700" in told(well, "data folder", level="warning")
    well.environment["HEARTHGATE_DATA_FOLDER"] = str(folder / "nowhere")
    assert "hearthgate init" in told(well, "data folder")
    well.environment["HEARTHGATE_DATA_FOLDER"] = "/proc/self"
    assert "cannot be written" in told(well, "data folder")


def test_a_full_disk_is_told_and_one_that_the_broker_may_fill(well: Shell) -> None:
    well.environment["HEARTHGATE_BROKER__NATS__STORE_BYTES"] = str(1024**5)
    assert "store_bytes" in told(well, "disk", level="warning")
    well.environment["HEARTHGATE_DATA_FOLDER"] = "/proc/self"  # a file system that has no room at all
    assert "0.0 GiB free" in told(well, "disk")


def test_a_master_key_that_is_missing_open_or_none_is_told_and_never_shown(well: Shell) -> None:
    path = settings_of(well).master_key_file
    secret = path.read_text().strip()
    path.chmod(0o640)
    assert "chmod 600" in told(well, "master key")
    path.chmod(0o600)
    path.write_text("no key at all")
    assert "base64" in told(well, "master key")
    path.unlink()
    assert "hearthgate init" in told(well, "master key")
    assert secret not in well.run("doctor").output


def test_a_master_key_of_another_database_is_told(well: Shell) -> None:
    with opened(settings_of(well)):
        pass  # the record of the key is kept from the first opening on
    assert "this master key" in told(well, "master key fits", level="ok")
    path = settings_of(well).master_key_file
    path.write_text(bytes(range(32)).hex())
    assert "another master key" in told(well, "master key fits")


def test_a_database_that_is_not_there_empty_old_or_unreachable_is_told(well: Shell) -> None:
    file = settings_of(well).data_folder / "hearthgate.db"
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    connection.close()
    assert "hearthgate migrate" in told(well, "database", level="warning")
    for left in file.parent.glob("hearthgate.db*"):
        left.unlink()
    assert "does not exist yet" in told(well, "database", level="warning")
    assert not file.exists()
    file.touch()
    assert "is empty" in told(well, "database", level="warning")
    well.environment["HEARTHGATE_DATABASE__URL"] = "postgresql+psycopg://u:s3cret@127.0.0.1:1/h"
    said = told(well, "database")
    assert "cannot be used" in said
    assert "s3cret" not in said


def test_a_database_without_its_log_is_told(well: Shell) -> None:
    """In memory SQLite has no WAL: the same answer as a network share gives."""
    well.environment["HEARTHGATE_DATABASE__URL"] = "sqlite://"
    assert "instead of WAL" in bad(database(looked(well)))["database journal"].says


def test_a_clock_before_the_newest_row_is_told(well: Shell) -> None:
    attempt = an_attempt()
    with opened(settings_of(well)) as (stored, _):
        asyncio.run(stored.run(lambda tx: tx.attempts.add(attempt, AttemptKeys())))
    at = Looked(settings_of(well), attempt.updated_at - DAY, running=False)
    assert "newest row" in bad(database(at))["clock"].says
    assert "clock" not in bad(database(looked(well)))


def test_a_clock_before_the_installation_or_a_file_of_ours_is_told(well: Shell) -> None:
    in_1970 = Looked(settings_of(well), datetime(1970, 1, 1, tzinfo=UTC), running=False)
    assert "before this program was installed" in bad(clock(in_1970))["clock"].says
    file = settings_of(well).data_folder / "gateway.id"
    file.touch()
    tomorrow = (utc_now() + DAY).timestamp()
    os.utime(file, (tomorrow, tomorrow))
    assert "a file of the data folder" in told(well, "clock")


def test_authorities_that_are_missing_end_or_have_ended_are_told(well: Shell) -> None:
    years = timedelta(days=20 * 365)
    assert bad(authority_dates(looked(well))) == {}
    assert {one.level for one in bad(authority_dates(looked(well, later=years - 10 * DAY))).values()} == {Level.WARNING}
    assert list(bad(authority_dates(looked(well, later=years - 470 * DAY)))) == ["device authority 1"]
    ended = bad(authority_dates(looked(well, later=years + 30 * DAY)))
    assert {one.level for one in ended.values()} == {Level.WRONG}
    assert len(ended) == len(AuthorityName)
    (settings_of(well).authorities_folder / "device-0001.pem").unlink()
    assert "hearthgate ca init" in told(well, "device authority")
    (settings_of(well).authorities_folder / "https-0001.pem").write_text("no certificate")
    assert "cannot be read" in told(well, "https authority")
