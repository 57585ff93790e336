"""Names that look like a Wi-Fi secret are found wherever they are; the names that the protocol needs are not."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.protocol import messages
from gateway.protocol.codec import MalformedMessageError, decode, secret_path
from gateway.protocol.messages import ActivationRequest, Message, StateReport

SECRETS = [
    "wifi_password", "wifi-password", "wifiPassword", "WIFI PASSWORD", "Wi-Fi Password", "wifipwd", "wifi_pass",
    "password", "passwd", "passphrase", "pass_phrase", "psk", "PSK", "wifiPSK", "psk_hex", "psk1", "wpa2psk", "sta_psk",
    "pre_shared_key", "ssid", "SSID", "s.s.i.d", "home_ssid", "homessid", "ssid2", "wifiSsid", "bssid", "BSSIDs",
    "essid", "wpa_key", "WPA-KEY", "wpa3Key", "wep.key", "wifi_key", "wlanKey", "wifi_name", "network_name",
    "networkKey", "homessid", "router_password", "hotspot_secret", "pmk", "ｓｓｉｄ",  # noqa: RUF001 - full-width letters are the point
]  # fmt: skip

HARMLESS = [
    "request_id", "machine_code", "mac", "type_id", "csr", "bind_token", "proof", "radio", "rssi", "security", "band",
    "history", "stage", "code", "count", "ago_ms", "nonce", "serial", "class_id", "classId", "classid", "process_id",
    "access_id", "task_skipped", "name", "key", "mode", "target_c", "pass_count", "bypass", "wifi", "wifi_rssi",
]  # fmt: skip


@pytest.mark.parametrize("name", SECRETS)
def test_a_name_that_looks_like_a_secret_is_found_at_any_depth(name: str) -> None:
    assert secret_path({name: 1}) is not None
    assert secret_path({"a": [{"b": {name: None}}]}) is not None


@pytest.mark.parametrize("name", HARMLESS)
def test_a_harmless_name_is_left_alone(name: str) -> None:
    assert secret_path({name: "ssid"}) is None


def test_every_field_of_the_protocol_is_harmless() -> None:
    for name in messages.__all__:
        kind = getattr(messages, name)
        if isinstance(kind, type) and issubclass(kind, Message):
            assert secret_path(dict.fromkeys(kind.model_fields)) is None


def test_the_object_around_a_name_counts() -> None:
    assert secret_path({"wifi": {"key": "x"}}) == "wifi.key"
    assert secret_path({"Wi-Fi": [{"name": "x"}]}) == "Wi-Fi.0.name"
    assert secret_path({"motor": {"key": "x", "name": "y"}}) is None


def test_the_path_shows_no_name_that_may_be_a_value() -> None:
    assert secret_path({"ssid=Villa Kunterbunt": 1}) == "?"
    assert secret_path({"x" * 40: {"ssid": 1}}) == "?.ssid"


@given(
    st.recursive(
        st.none() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    )
)
def test_no_tree_raises(tree: Any) -> None:
    assert secret_path(tree) is None or isinstance(secret_path(tree), str)


@pytest.mark.parametrize(
    "payload",
    [
        b'{"wifi_password": "hunter2"}',
        b'{"radio": {"ssid": "hunter2"}}',
        b'{"radio": {"rssi": "bad", "b": {"c": {"d": {"e": {"f": {"g": {"h": {"i": {"psk": "hunter2"}}}}}}}}}}',
        b'{"a": 1, "a": 2, "psk": "hunter2"}',
        b'{"a": "\\u0000", "psk": "hunter2"}',
        b'{"a": 1e999, "psk": "hunter2"}',
        b'{"\\u0073sid": "hunter2"}',
        b'{"' + b"x" * 100 + b'_ssid": "hunter2"}',
    ],
)
@pytest.mark.parametrize("model", [ActivationRequest, StateReport])
def test_a_secret_is_refused_as_one_whatever_else_is_wrong(model: type[Message], payload: bytes) -> None:
    with pytest.raises(MalformedMessageError) as refusal:
        decode(model, payload)
    assert refusal.value.code == "act.secret_not_wanted"
    assert "hunter2" not in str(refusal.value) + repr(refusal.value)
    assert refusal.value.__context__ is None


def test_a_secret_inside_reported_state_is_refused() -> None:
    with pytest.raises(MalformedMessageError, match="secret_not_wanted"):
        decode(StateReport, b'{"seq": 1, "state": {"wifi": {"bssid": "aa"}}}')
