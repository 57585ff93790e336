"""`hearthgate doctor` on certificates, ports, the broker and a running gateway."""

import asyncio
import resource
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from gateway.api.operator import Check, make_operator_application
from gateway.api.server import ApiServer, Listen
from gateway.cli.doctor.brokers import ask_operator, readiness
from gateway.cli.doctor.certificates import server_certificates
from gateway.cli.doctor.findings import Level
from gateway.cli.doctor.machine import open_files
from gateway.cli.opening import authorities
from gateway.observability.metrics import Metrics
from gateway.runtime.clock import utc_now
from gateway.security.authorities import AuthorityName
from gateway.security.certificate_facts import CertificateFacts, is_for
from gateway.security.certificates import issue_https_certificate
from gateway.security.identifiers import RandomIdentifiers
from tests.cli.examined import DAY, bad, looked, settings_of, told
from tests.cli.shell import Shell
from tests.ports import free_port


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
