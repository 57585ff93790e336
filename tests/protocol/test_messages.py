"""What each message allows and refuses beyond the codec's common rules."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.protocol.codec import MalformedMessageError, decode, encode
from gateway.protocol.messages import (
    ActivationRefused,
    ActivationRequest,
    BindRequest,
    Button,
    Command,
    CommandAck,
    Hello,
    LogReport,
    Message,
    RememberedFailure,
    RenewReply,
    StateReport,
    UnsignedCommand,
    UnsignedVerdict,
    rfc3339,
)

REQUEST = "0198c2f0-7a10-7b3c-8d4e-5f60718293a4"
NOW = datetime(2026, 1, 31, 8, 5, 9, 250_000, tzinfo=UTC)
ACTIVATION: dict[str, Any] = {
    "request_id": REQUEST,
    "machine_code": "SQ24-0007-1183",
    "mac": "a4:c1:38:00:4f:2a",
    "type_id": "heater.panel.s2",
    "firmware": "1.4.2",
    "csr": "x",
    "reset_counter": 0,
}


def read(model: type[Message], value: dict[str, Any]) -> Any:
    return decode(model, json.dumps(value).encode())


def refusal_path(model: type[Message], value: dict[str, Any]) -> str:
    with pytest.raises(MalformedMessageError) as refusal:
        read(model, value)
    return refusal.value.path


@pytest.mark.parametrize("mac", ["a4:c1:38:00:4f:2a", "A4:C1:38:00:4F:2A", "a4-c1-38-00-4f-2a", "A4C138004F2A"])
def test_a_mac_has_one_form_whichever_was_sent(mac: str) -> None:
    assert read(ActivationRequest, {**ACTIVATION, "mac": mac}).mac == "a4:c1:38:00:4f:2a"


@pytest.mark.parametrize(
    "mac",
    ["", "a4:c1:38:00:4f", "a4:c1-38:00:4f:2a", "a4:c1:38:00:4f:2a\n", "a4:c1:38:00:4f:2g", "a4c1.3800.4f2a", 7, "İ"],
)
def test_what_is_no_mac_is_refused(mac: object) -> None:
    assert refusal_path(ActivationRequest, {**ACTIVATION, "mac": mac}) == "mac"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("request_id", "two words"),
        ("machine_code", ""),
        ("machine_code", "x" * 41),
        ("machine_code", "SQ24\n"),
        ("type_id", "Heater"),
        ("firmware", "v" * 33),
        ("csr", ""),
        ("reset_counter", -1),
        ("reset_counter", 2**53),
        ("bind_token", "short"),
        ("proof", "A" * 64),
        ("radio", []),
        ("history", [{"stage": "wifi", "code": "202", "ago_ms": 1}] * 17),
    ],
)
def test_every_field_of_an_activation_is_bounded(field: str, value: object) -> None:
    assert refusal_path(ActivationRequest, {**ACTIVATION, field: value}).startswith(field)


def test_a_fault_inside_a_list_names_its_place() -> None:
    history = [{"stage": "wifi", "code": "202", "ago_ms": 1}, {"stage": "wifi", "code": "202", "ago_ms": -1}]
    assert refusal_path(ActivationRequest, {**ACTIVATION, "history": history}) == "history.1.ago_ms"
    assert refusal_path(ActivationRequest, {**ACTIVATION, "radio": {"rssi": 900}}) == "radio.rssi"


def test_identifiers_and_secrets_do_not_show_in_a_repr() -> None:
    request = read(ActivationRequest, {**ACTIVATION, "bind_token": "Zq3vX8mB1nK5tR7y", "proof": "0" * 64})
    for hidden in ("1183", "a4:c1", "Zq3v", "0000"):
        assert hidden not in repr(request)
    assert "5tR7yW2c" not in repr(BindRequest(request_id=REQUEST, button=Button(nonce="5tR7yW2c"), reset_counter=0))


@pytest.mark.parametrize(
    "at",
    [
        "2026-01-31T08:05:09.250",
        "2026-01-31T08:05:09Z",
        "2026-01-31T08:05:09.250+00:00",
        "2026-01-31T08:05:09.250+01:00",
        "2026-01-31 08:05:09.250Z",
        "2026-02-31T08:05:09.250Z",
        "2026-01-31T08:05:60.000Z",
        "2026-01-31T08:05:09.250Z\n",
        "٢026-01-31T08:05:09.250Z",
        1769846709,
        True,
    ],
)
def test_a_time_is_utc_with_milliseconds_or_refused(at: object) -> None:
    assert refusal_path(StateReport, {"seq": 1, "state": {}, "at": at}) == "at"


def test_a_naive_time_is_refused_in_our_own_code_too() -> None:
    with pytest.raises(ValidationError, match="without a zone"):
        StateReport(seq=1, state={}, at=NOW.replace(tzinfo=None))


def test_a_naive_time_is_never_written() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        rfc3339(NOW.replace(tzinfo=None))


def test_a_time_is_cut_to_milliseconds_and_moved_to_utc_so_that_what_is_sent_is_what_is_kept() -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=5, minutes=30))) + timedelta(microseconds=999)
    report = StateReport(seq=1, state={}, at=elsewhere)
    assert report.at == NOW
    assert decode(StateReport, encode(report)) == report


def test_years_have_four_digits_however_wrong_a_clock_is() -> None:
    hello = Hello(firmware="1", reset_counter=0, descriptor_version=0, clock=datetime(1, 1, 1, tzinfo=UTC))
    assert decode(Hello, encode(hello)) == hello


def test_a_binding_needs_exactly_one_proof() -> None:
    assert refusal_path(BindRequest, {"request_id": REQUEST, "reset_counter": 0}) == ""
    both = {"bind_token": "Zq3vX8mB1nK5tR7y", "button": {"nonce": "5tR7yW2c"}}
    assert refusal_path(BindRequest, {"request_id": REQUEST, "reset_counter": 0, **both}) == ""


def test_a_state_in_an_acknowledgement_needs_its_place_among_the_reports() -> None:
    ack = {"command_id": REQUEST, "status": "applied", "state": {"a": 1}}
    assert refusal_path(CommandAck, ack) == ""
    assert read(CommandAck, {**ack, "seq": 2}).seq == 2
    assert refusal_path(CommandAck, {"command_id": REQUEST, "status": "done"}) == "status"


def test_sixteen_remembered_failures_are_taken_and_seventeen_refused() -> None:
    entry = {"stage": "wifi", "code": "202", "ago_ms": 1}
    assert len(read(LogReport, {"entries": [entry] * 16}).entries) == 16
    assert refusal_path(LogReport, {"entries": [entry] * 17}) == "entries"
    assert read(LogReport, {"entries": []}).entries == ()
    assert RememberedFailure(stage="wifi", code="202", ago_ms=1).count == 1


def test_waiting_has_a_number_of_seconds_and_nothing_else_has() -> None:
    base: dict[str, Any] = {"request_id": REQUEST, "code": "act.blocked", "number": 507, "trace_id": "k7q-4m2"}
    assert ActivationRefused(**base, retry="after", retry_after_s=60).retry_after_s == 60
    for wrong in ({"retry": "after"}, {"retry": "never", "retry_after_s": 60}):
        with pytest.raises(ValidationError, match="retry_after_s belongs"):
            ActivationRefused.model_validate({**base, **wrong})


@pytest.mark.parametrize(
    "parts",
    [
        {"ok": True},
        {"ok": False},
        {"ok": False, "code": "cert.csr_invalid", "number": 601, "retry": "never", "certificate": "x"},
        {"ok": True, "certificate": "x", "chain": "x", "not_after": "2026-01-31T08:05:09.250Z"},
        {"ok": False, "code": "cert.csr_invalid", "number": 601, "retry": "after"},
    ],
)
def test_a_renewal_is_a_whole_certificate_or_a_whole_refusal(parts: dict[str, Any]) -> None:
    assert refusal_path(RenewReply, {"request_id": REQUEST, "trace_id": "k7q-4m2", **parts}) == ""


@pytest.mark.parametrize(
    "parts",
    [
        {"bound": True, "code": "bind.owned", "number": 803},
        {"bound": True, "wipe": True},
        {"bound": False, "code": "bind.owned"},
        {"bound": False, "retry": "after"},
    ],
)
def test_a_verdict_says_one_thing(parts: dict[str, Any]) -> None:
    base = {"verdict_id": REQUEST, "epoch": 1, "trace_id": "k7q-4m2", "time": NOW}
    with pytest.raises(ValidationError):
        UnsignedVerdict.model_validate({**base, **parts})


def command(**changes: Any) -> UnsignedCommand:
    fields: dict[str, Any] = {
        "command_id": REQUEST,
        "seq": 1,
        "epoch": 1,
        "action": "set",
        "params": {},
        "issued_at": NOW,
        "expires_at": NOW + timedelta(seconds=30),
    }
    return UnsignedCommand(**{**fields, **changes})


def test_a_command_that_cannot_be_signed_cannot_be_made() -> None:
    with pytest.raises(ValidationError, match="no canonical form"):
        command(params={"target_c": 0.1 + 0.2})
    with pytest.raises(ValidationError, match="expires before"):
        command(expires_at=NOW)


def test_a_signature_has_one_written_form() -> None:
    good = "A" * 85 + "A=="
    assert isinstance(command().signed(good), Command)
    for wrong in ("", "A" * 88, "A" * 85 + "B==", good + "\n", good.replace("A", "-")):
        with pytest.raises(ValidationError):
            command().signed(wrong)


def test_a_command_field_named_sig_inside_params_confuses_nobody() -> None:
    signed = command(params={"sig": "x"}).signed("A" * 86 + "==")
    assert encode(signed)[-98:].startswith(b',"sig":"AAAA')
    assert decode(Command, encode(signed)) == signed


def test_messages_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        command().seq = 2  # type: ignore[misc]  # that it is refused is the point
