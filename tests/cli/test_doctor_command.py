"""`hearthgate doctor`: every check is made to fail by what it is there for."""

import asyncio
import os
import resource
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from gateway.api.operator import Check, make_operator_application
from gateway.api.server import ApiServer, Listen
from gateway.cli.doctor.brokers import ask_operator, readiness
from gateway.cli.doctor.certificates import authority_dates, server_certificates
from gateway.cli.doctor.findings import Finding, Level, Looked
from gateway.cli.doctor.machine import clock, open_files
from gateway.cli.doctor.stored import database
from gateway.cli.opening import authorities, opened
from gateway.config import Settings, load
from gateway.observability.metrics import Metrics
from gateway.runtime.clock import utc_now
from gateway.security.authorities import AuthorityName
from gateway.security.certificate_facts import CertificateFacts, is_for
from gateway.security.certificates import issue_https_certificate
from gateway.security.identifiers import RandomIdentifiers
from gateway.usecases.repositories.attempts import AttemptKeys
from tests.cli.shell import Shell
from tests.ports import free_port
from tests.storage.records import an_attempt

DAY = timedelta(days=1)


@pytest.fixture
def well(shell: Shell) -> Shell:
    """An installation in order, on ports that nobody uses."""
    shell("init")
    shell("migrate")
    shell.environment["HEARTHGATE_REGION"] = "eu-central"
    for name in (
        "API__PORT",
        "CONSOLE__PORT",
        "OPERATOR__PORT",
        "BROKER__NATS__MQTT_PORT",
        "BROKER__NATS__CLIENT_PORT",
    ):
        shell.environment[f"HEARTHGATE_{name}"] = str(free_port())
    return shell


def told(shell: Shell, check: str, *, level: str = "wrong") -> str:
    """What the doctor says of a check that must be of this level; the exit code must fit."""
    answer: dict[str, Any] = shell.json("doctor", code=1 if level == "wrong" else 0)
    found = [one for one in answer["findings"] if one["check"] == check and one["level"] == level]
    assert found, answer["findings"]
    assert (found[0]["fix"] is None) == (level == "ok")
    return f"{found[0]['says']} → {found[0]['fix']}"


def settings_of(shell: Shell) -> Settings:
    return load(environment=shell.environment)


def looked(shell: Shell, *, later: timedelta = timedelta(0), running: bool = False) -> Looked:
    return Looked(settings_of(shell), utc_now() + later, running=running)


def bad(findings: Iterator[Finding]) -> dict[str, Finding]:
    return {one.check: one for one in findings if one.level is not Level.OK}


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


@pytest.fixture
def issued(well: Shell) -> Callable[..., Path]:
    """A certificate and key in place of the API's own."""
    well.environment["HEARTHGATE_API__TLS"] = "issued"
    settings = settings_of(well)

    def issue(*hosts: str) -> Path:
        folder = settings.data_folder / "api"
        folder.mkdir(exist_ok=True)
        authority = authorities(settings).signing(AuthorityName.HTTPS)
        made = issue_https_certificate(authority, hosts, utc_now())
        (folder / "server.pem").write_text(made.certificate_pem + made.chain_pem)
        (folder / "server.key").write_text(made.key_pem)
        return folder

    return issue


def test_a_server_certificate_that_ends_ended_or_lies_in_the_future_is_told(
    well: Shell, issued: Callable[..., Path]
) -> None:
    assert bad(server_certificates(looked(well))) == {}  # not made yet: the start does it
    issued("localhost", "127.0.0.1")
    assert bad(server_certificates(looked(well))) == {}
    for later, level in ((-3 * DAY, Level.WRONG), (9000 * DAY, Level.WRONG)):
        assert bad(server_certificates(looked(well, later=later)))["api certificate"].level is level
    ends = next(one for one in server_certificates(looked(well)) if one.check == "api certificate").says
    end = datetime.fromisoformat(ends.removeprefix("until ")).replace(tzinfo=UTC)
    nearly = bad(server_certificates(looked(well, later=end - utc_now() - 10 * DAY)))
    assert nearly["api certificate"].level is Level.WARNING


def test_a_certificate_for_other_hosts_or_of_another_key_is_told(well: Shell, issued: Callable[..., Path]) -> None:
    folder = issued("localhost", "127.0.0.1")
    well.environment["HEARTHGATE_API__HOSTS"] = "localhost,hearth.example"
    assert "does not hold for hearth.example" in told(well, "api certificate")
    kept = (folder / "server.key").read_text()
    issued("localhost", "hearth.example")
    (folder / "server.key").write_text(kept)
    assert "do not belong together" in told(well, "api certificate")
    (folder / "server.pem").write_text("nonsense")
    assert "is no certificate" in told(well, "api certificate")


def test_a_wildcard_stands_for_one_label() -> None:
    facts = CertificateFacts(utc_now(), utc_now(), frozenset({"*.home.example"}))
    assert is_for(facts, "hearth.home.example")
    assert not is_for(facts, "home.example")
    assert not is_for(facts, "a.hearth.home.example")


def test_a_port_that_somebody_else_holds_is_told(well: Shell) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", int(well.environment["HEARTHGATE_API__PORT"])))
        other.listen(1)
        assert "in use by another program" in told(well, "port of api")


def test_an_address_that_is_not_this_machines_is_told(well: Shell) -> None:
    well.environment["HEARTHGATE_BROKER__NATS__MQTT_HOST"] = "192.0.2.1"  # RFC 5737: nobody's
    assert "no address of this machine" in told(well, "port of broker.nats.mqtt")


def test_few_open_files_are_told(well: Shell) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(1000, before[0]), before[1]))
    try:
        assert "LimitNOFILE" in str(bad(open_files(looked(well)))["open files"].fix)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_broker_program_that_is_none_is_told(well: Shell) -> None:
    well.environment["HEARTHGATE_BROKER__NATS__PROGRAM"] = "/bin/true"
    assert "not a nats-server" in told(well, "nats-server")
    well.environment["HEARTHGATE_BROKER__KIND"] = "mosquitto"
    del well.environment["HEARTHGATE_BROKER__NATS__PROGRAM"]
    well.environment["HEARTHGATE_BROKER__MOSQUITTO__PROGRAM"] = "/nowhere/mosquitto"
    told(well, "mosquitto")


def test_a_broker_of_somebody_else_that_does_not_answer_is_told(well: Shell) -> None:
    well.environment["HEARTHGATE_BROKER__KIND"] = "external"
    well.environment["HEARTHGATE_BROKER__EXTERNAL__SERVICE_PORT"] = str(free_port())
    assert "does not answer" in told(well, "broker")


async def test_a_running_gateway_is_asked_whether_it_is_ready(well: Shell) -> None:
    reason: list[str | None] = ["the broker is not connected"]

    async def broker() -> str | None:
        return reason[0]

    checks: dict[str, Check] = {"broker": broker}
    settings = settings_of(well)
    identifiers = RandomIdentifiers()
    server = ApiServer(
        make_operator_application(Metrics(), checks, identifiers),
        Listen("127.0.0.1", settings.operator.port),
        identifiers=identifiers,
        drain_s=0.1,
    )
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(server.run())
        await server.listening()
        assert await asyncio.to_thread(ask_operator, settings, "/livez") == {"alive": True}
        found = await asyncio.to_thread(lambda: bad(readiness(looked(well, running=True))))
        assert "broker: the broker is not connected" in found["gateway"].says
        reason[0] = None
        assert await asyncio.to_thread(lambda: bad(readiness(looked(well, running=True)))) == {}
        running.cancel()
    assert "ready" in bad(readiness(looked(well, running=True)))["gateway"].says


class Stranger(BaseHTTPRequestHandler):
    """Says what we would say, and is not us."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"alive": true}')

    def log_message(self, *_: object) -> None:
        """Nothing."""


def test_a_stranger_on_the_operators_port_is_not_taken_for_us(well: Shell) -> None:
    port = int(well.environment["HEARTHGATE_OPERATOR__PORT"])
    with HTTPServer(("127.0.0.1", port), Stranger) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            assert ask_operator(settings_of(well), "/livez") is None
            assert "in use by another program" in told(well, "port of operator")
        finally:
            server.shutdown()
            thread.join()
