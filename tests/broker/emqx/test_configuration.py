"""EMQX's files, compared as text: no EMQX runs here."""

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.broker.emqx.configuration import CONFIGURATION_FILE, RULES_FILE, EmqxListener, EmqxSettings, render

SETTINGS = EmqxSettings(
    rules=Path("/opt/emqx/etc/acl.conf"),
    certificate=Path("/etc/hg/broker.crt"),
    key=Path("/etc/hg/broker.key"),
    claim=EmqxListener("0.0.0.0:8884", Path("/etc/hg/factory.pem")),
    device=EmqxListener("0.0.0.0:8883", Path("/etc/hg/device.pem"), max_connections=5_000),
    service=EmqxListener("10.0.0.1:8885", Path("/etc/hg/service.pem")),
)


def block(start: str) -> str:
    """The braces that follow this text."""
    text = render(SETTINGS)[CONFIGURATION_FILE]
    assert text.count(start) == 1
    return text.split(start)[1].split("\n}")[0]


def test_the_rules_are_exactly_these_and_end_with_a_refusal() -> None:
    expected = r"""%% Written by `hearthgate broker render emqx`.
{allow, {'and', [{listener, "ssl:claim"}, {username, {re, "^c-[0-9a-z]{26}\\z"}}]}, publish, ["hg/v1/claim/${username}/req"]}.
{allow, {'and', [{listener, "ssl:claim"}, {username, {re, "^c-[0-9a-z]{26}\\z"}}]}, subscribe, ["hg/v1/claim/${username}/reply"]}.
{allow, {'and', [{listener, "ssl:device"}, {username, {re, "^d-[0-9a-z]{26}\\z"}}]}, publish, ["hg/v1/dev/${username}/up/#"]}.
{allow, {'and', [{listener, "ssl:device"}, {username, {re, "^d-[0-9a-z]{26}\\z"}}]}, subscribe, ["hg/v1/dev/${username}/down/#"]}.
{allow, {'and', [{listener, "ssl:service"}, {username, {re, "^g-[0-9a-z]{26}\\z"}}]}, publish, ["hg/#"]}.
{allow, {'and', [{listener, "ssl:service"}, {username, {re, "^g-[0-9a-z]{26}\\z"}}]}, subscribe, ["hg/#"]}.
{deny, all}.
"""  # noqa: E501 - one rule a line, as EMQX reads it
    assert render(SETTINGS)[RULES_FILE] == expected


def test_what_no_rule_names_is_denied() -> None:
    rules = block("authorization {")
    assert "no_match = deny" in rules
    assert "deny_action = ignore" in rules
    assert 'sources = [\n    {type = file, enable = true, path = "/opt/emqx/etc/acl.conf"}\n  ]' in rules


@pytest.mark.parametrize(
    ("name", "bind", "authority"),
    [
        ("claim", "0.0.0.0:8884", "/etc/hg/factory.pem"),
        ("device", "0.0.0.0:8883", "/etc/hg/device.pem"),
        ("service", "10.0.0.1:8885", "/etc/hg/service.pem"),
    ],
)
def test_each_listener_wants_a_certificate_of_its_own_authority(name: str, bind: str, authority: str) -> None:
    listener = block(f"listeners.ssl.{name} {{")
    for line in (
        f'bind = "{bind}"',
        f"zone = {name}",
        f'cacertfile = "{authority}"',
        "verify = verify_peer",
        "fail_if_no_peer_cert = true",
        'versions = ["tlsv1.3", "tlsv1.2"]',
        "reuse_sessions = false",
        "tcp_options.nodelay = true",
    ):
        assert line in listener


def test_the_certificate_is_the_user_and_an_appliance_cannot_choose_its_client_id() -> None:
    for zone, client_id in (("claim", "cn"), ("device", "cn"), ("service", "disabled")):
        assert "peer_cert_as_username = cn" in block(f"zones.{zone}.mqtt {{")
        assert f"peer_cert_as_clientid = {client_id}" in block(f"zones.{zone}.mqtt {{")


@pytest.mark.parametrize("kind", ["tcp", "ssl", "ws", "wss"])
def test_the_listeners_that_emqx_opens_by_itself_are_closed(kind: str) -> None:
    assert f"listeners.{kind}.default.enable = false" in render(SETTINGS)[CONFIGURATION_FILE]


def test_limits_are_set_and_nothing_is_retained() -> None:
    text = render(SETTINGS)[CONFIGURATION_FILE]
    for line in (
        "max_packet_size = 32KB",
        "retain_available = false",
        "retainer.enable = false",
        "max_topic_alias = 0",
    ):
        assert line in text
    assert "server_keepalive = 300" in block("zones.device.mqtt {")
    assert "max_mqueue_len = infinity" in block("zones.service.mqtt {")


@pytest.mark.parametrize("text", ['/x"y', "/x\ny", "/x\\y", "/x${y}"])
def test_a_path_that_could_end_its_quotes_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="cannot carry"):
        render(replace(SETTINGS, certificate=Path(text)))
    with pytest.raises(ValueError, match="cannot carry"):
        render(replace(SETTINGS, device=replace(SETTINGS.device, bind=text)))


def test_the_key_file_is_not_in_a_repr() -> None:
    assert "broker.key" not in repr(SETTINGS)
