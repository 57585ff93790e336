"""Mosquitto's files: exact access lists, every setting that guards something, nothing that a path could smuggle in."""

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.broker.mosquitto.configuration import (
    CONFIGURATION_FILE,
    ListenerSettings,
    MosquittoSettings,
    render,
)

FOLDER = Path("/var/lib/hearthgate/mosquitto")
SETTINGS = MosquittoSettings(
    folder=FOLDER,
    certificate=Path("/etc/hg/broker.crt"),
    key=Path("/etc/hg/broker.key"),
    claim=ListenerSettings(8884, Path("/etc/hg/factory.pem"), revoked=FOLDER / "claim.crl"),
    device=ListenerSettings(8883, Path("/etc/hg/device.pem"), revoked=FOLDER / "device.crl", max_connections=5_000),
    service=ListenerSettings(8885, Path("/etc/hg/service.pem"), bind="127.0.0.1"),
)


def sections(settings: MosquittoSettings = SETTINGS) -> list[dict[str, str]]:
    """Options of the global part and of each listener; a repeated option keeps its values one after the other."""
    parts: list[dict[str, str]] = [{}]
    for line in render(settings)[CONFIGURATION_FILE].splitlines():
        if not line or line.startswith("#"):
            continue
        option, _, value = line.partition(" ")
        if option == "listener":
            parts.append({})
        parts[-1][option] = f"{parts[-1][option]},{value}" if option in parts[-1] else value
    return parts


def test_the_access_lists_hold_patterns_only_and_exactly_these() -> None:
    files = render(SETTINGS)
    assert files["claim.acl"] == "pattern write hg/v1/claim/%u/req\npattern read hg/v1/claim/%u/reply\n"
    assert files["device.acl"] == "pattern write hg/v1/dev/%u/up/#\npattern read hg/v1/dev/%u/down/#\n"
    assert files["service.acl"] == "pattern write hg/#\npattern read hg/#\npattern read $SYS/broker/log/#\n"


def test_there_are_three_listeners_and_the_service_one_is_bound() -> None:
    _, claim, device, service = sections()
    assert [claim["listener"], device["listener"], service["listener"]] == ["8884", "8883", "8885 127.0.0.1"]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("per_listener_settings", "true"),
        ("persistence", "true"),
        ("persistence_location", "/var/lib/hearthgate/mosquitto/"),
        ("autosave_interval", "1"),
        ("autosave_on_changes", "false"),
        ("persistent_client_expiration", "14d"),
        ("retain_available", "false"),
        ("max_packet_size", "32768"),
        ("message_size_limit", "16384"),
        ("max_inflight_messages", "2000"),
        ("max_queued_messages", "0"),
        ("max_queued_bytes", "268435456"),
        ("queue_qos0_messages", "false"),
        ("max_keepalive", "300"),
        ("set_tcp_nodelay", "true"),
        ("sys_interval", "0"),
        ("log_dest", "stderr"),
        ("log_type", "error,warning,notice,information"),
        ("connection_messages", "true"),
    ],
)
def test_a_setting_that_guards_something_is_set_explicitly(option: str, value: str) -> None:
    assert sections()[0][option] == value


@pytest.mark.parametrize("index", [1, 2, 3])
def test_every_listener_wants_a_certificate_and_lets_it_be_the_user(index: int) -> None:
    listener = sections()[index]
    assert listener["require_certificate"] == "true"
    assert listener["use_identity_as_username"] == "true"
    assert listener["allow_anonymous"] == "false"
    assert listener["allow_zero_length_clientid"] == "false"
    assert listener["tls_version"] == "tlsv1.2"
    assert listener["certfile"] == "/etc/hg/broker.crt"
    assert listener["keyfile"] == "/etc/hg/broker.key"
    assert listener["max_connections"]


def test_only_a_gateway_may_choose_its_client_id() -> None:
    _, claim, device, service = sections()
    assert claim["use_username_as_clientid"] == "true"
    assert device["use_username_as_clientid"] == "true"
    assert service["use_username_as_clientid"] == "false"


def test_each_listener_trusts_its_own_authority_and_reads_its_own_lists() -> None:
    _, claim, device, service = sections()
    assert [part["cafile"] for part in (claim, device, service)] == [
        "/etc/hg/factory.pem",
        "/etc/hg/device.pem",
        "/etc/hg/service.pem",
    ]
    assert [part["acl_file"] for part in (claim, device, service)] == [
        "/var/lib/hearthgate/mosquitto/claim.acl",
        "/var/lib/hearthgate/mosquitto/device.acl",
        "/var/lib/hearthgate/mosquitto/service.acl",
    ]
    assert claim["crlfile"] == "/var/lib/hearthgate/mosquitto/claim.crl"
    assert device["crlfile"] == "/var/lib/hearthgate/mosquitto/device.crl"
    assert "crlfile" not in service


def test_per_listener_settings_come_first_because_what_follows_is_read_by_them() -> None:
    options = [line for line in render(SETTINGS)[CONFIGURATION_FILE].splitlines() if not line.startswith("#")]
    assert options[0] == "per_listener_settings true"


def test_the_account_is_named_only_when_there_is_one() -> None:
    assert "user" not in sections()[0]
    assert sections(replace(SETTINGS, run_as="mosquitto"))[0]["user"] == "mosquitto"


def test_a_broker_of_somebody_else_publishes_its_log() -> None:
    assert sections(replace(SETTINGS, log_to="topic"))[0]["log_dest"] == "topic"


def test_a_service_listener_open_to_all_addresses_is_refused() -> None:
    with pytest.raises(ValueError, match="service listener"):
        render(replace(SETTINGS, service=replace(SETTINGS.service, bind=None)))


@pytest.mark.parametrize("path", ["/tmp/a b", "/tmp/a\nallow_anonymous true", "relative/folder", "/tmp/tab\there"])
def test_a_path_that_could_end_its_line_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="paths"):
        render(replace(SETTINGS, folder=Path(path)))
    with pytest.raises(ValueError, match="paths"):
        render(replace(SETTINGS, device=replace(SETTINGS.device, authority=Path(path))))


def test_the_key_file_is_not_in_a_repr() -> None:
    assert "broker.key" not in repr(SETTINGS)
