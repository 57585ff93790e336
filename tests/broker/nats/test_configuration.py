"""What is written for nats-server, and what the server itself thinks of it."""

import dataclasses
import stat
import subprocess
from pathlib import Path

import pytest

from gateway.broker.nats.binary import packaged_binary
from gateway.broker.nats.configuration import (
    Cluster,
    Listen,
    NatsSettings,
    TlsFiles,
    UnsafeListenerError,
    render,
    write_configuration,
)
from gateway.broker.nats.credentials import load_or_make_credentials, new_credentials, write_private
from tests.contracts.pki import Pki


def settings_in(folder: Path) -> NatsSettings:
    pki = Pki(folder / "pki")
    return NatsSettings(
        folder=folder / "nats",
        client=Listen("127.0.0.1", 4222),
        mqtt=Listen("0.0.0.0", 8883),  # noqa: S104 - appliances come from everywhere
        mqtt_tls=TlsFiles(pki.server.certificate, pki.server.key, pki.clients_ca),
        credentials=new_credentials(),
    )


def complaint(settings: NatsSettings) -> str:
    """What nats-server has against this configuration; empty when it accepts it."""
    file = write_configuration(settings)
    done = subprocess.run(  # noqa: S603 - the checked executable
        [packaged_binary().path, "-t", "-c", file], capture_output=True, check=False, timeout=20
    )
    return done.stderr.decode() if done.returncode else ""


def test_the_server_accepts_it_and_refuses_it_with_one_word_changed(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    assert complaint(settings) == ""
    text = settings.file.read_text().replace("max_payload:", "max_paylode:")
    settings.file.write_text(text)
    done = subprocess.run(  # noqa: S603 - the checked executable
        [packaged_binary().path, "-t", "-c", settings.file], capture_output=True, check=False, timeout=20
    )
    assert done.returncode != 0


def test_the_server_accepts_a_node_of_a_cluster_with_tls_everywhere(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    routes = (Listen("192.0.2.1", 6222), Listen("2001:db8::1", 6222))
    node = dataclasses.replace(
        settings,
        client=Listen("0.0.0.0", 4222),  # noqa: S104 - with TLS
        client_tls=settings.mqtt_tls,
        cluster=Cluster("hearth", Listen("0.0.0.0", 6222), routes, settings.mqtt_tls),  # noqa: S104 - with TLS
        sync_always=True,
    )
    assert complaint(node) == ""
    assert "stream_replicas: 3" in settings.file.read_text()


def test_a_path_with_quotes_spaces_and_letters_of_the_world_is_accepted(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    assert complaint(dataclasses.replace(settings, folder=tmp_path / 'Übel "quoted" $HOME #1')) == ""


def test_the_client_listener_has_tls_unless_it_is_on_loopback(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    for host in ("0.0.0.0", "192.0.2.1", "::", "gateway.example", "127.0.0.1.example"):  # noqa: S104 - the refusal
        with pytest.raises(UnsafeListenerError):
            render(dataclasses.replace(settings, client=Listen(host, 4222)))
    for host in ("127.0.0.1", "localhost", "::1", "127.9.9.9"):
        assert render(dataclasses.replace(settings, client=Listen(host, 4222)))


def test_the_cluster_listener_has_tls_unless_all_of_it_is_on_loopback(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    here, there = Listen("127.0.0.1", 6222), Listen("192.0.2.1", 6222)
    for listen, routes in ((there, (here,)), (here, (here, there))):
        with pytest.raises(UnsafeListenerError):
            render(dataclasses.replace(settings, cluster=Cluster("c", listen, routes)))
    assert render(dataclasses.replace(settings, cluster=Cluster("c", here, (here,))))


def test_no_monitoring_port_is_opened_and_secrets_are_in_a_private_file_only(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    file = write_configuration(settings)
    assert "http" not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert settings.credentials.sys in file.read_text()
    assert settings.credentials.sys not in repr(settings)
    assert settings.credentials.issuer_seed not in file.read_text(), "the server needs the public half only"


def test_credentials_are_made_once_kept_private_and_different_everywhere(tmp_path: Path) -> None:
    first = load_or_make_credentials(tmp_path / "a" / "credentials.json")
    assert load_or_make_credentials(tmp_path / "a" / "credentials.json") == first
    assert stat.S_IMODE((tmp_path / "a" / "credentials.json").stat().st_mode) == 0o600
    other = load_or_make_credentials(tmp_path / "b" / "credentials.json")
    values = [*dataclasses.astuple(first), *dataclasses.astuple(other)]
    assert len(set(values)) == len(values)
    assert all(value not in repr(first) for value in dataclasses.astuple(first))
    assert first.issuer.startswith("A")


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", b'{"gateway": "x"}', b"\xff"])
def test_a_damaged_credentials_file_is_an_error_and_not_replaced(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "credentials.json"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"credentials\.json"):
        load_or_make_credentials(file)
    assert file.read_bytes() == content


def test_a_private_file_is_replaced_whole_and_a_leftover_of_a_crash_is_no_obstacle(tmp_path: Path) -> None:
    file = tmp_path / "x"
    (tmp_path / "x.new").write_bytes(b"half")
    write_private(file, b"one")
    write_private(file, b"two")
    assert file.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [file]
