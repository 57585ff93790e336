"""The quick way of reading reports says what the ordinary way says, for everything."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.protocol.codec import MalformedMessageError, decode
from gateway.protocol.messages import StateReport
from gateway.protocol.reports import ReadReport, _plain, read_report

USUAL = (
    b'{"seq":91,"boot":"b1","at":"2026-11-22T12:00:00.250Z","epoch":4,'
    b'"state":{"power":"on","target_c":21.5,"room_c":19,"heating":true,"fault":null}}'
)


def ordinary(payload: bytes) -> ReadReport | str:
    try:
        report = decode(StateReport, payload)
    except MalformedMessageError as malformed:
        return malformed.code
    return ReadReport(report.boot or "", report.seq, report.state, report.full, report.at, report.epoch)


def quick(payload: bytes) -> ReadReport | str:
    try:
        return read_report(payload)
    except MalformedMessageError as malformed:
        return malformed.code


def test_a_usual_report_goes_the_quick_way() -> None:
    assert _plain(USUAL) == ordinary(USUAL)
    spaced = json.dumps(json.loads(USUAL)).encode()
    assert _plain(spaced) == ordinary(spaced)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff",
        b'{"seq":1,"state":{}}',
        b'{"seq":1,"state":{"a":1,"a":2}}',
        b'{"seq":1,"state":{"a":1, "a" :2}}',
        b'{"seq":1,"seq":2,"state":{}}',
        b'{"seq":1,"state":{"a":1,"a"\r:2}}',
        b'{"seq":1,"state":{"a":"x\\":"}}',
        b'{"seq":1,"state":{"a":"\\u0000"}}',
        b'{"seq":1,"state":{"a":"\\ud800"}}',
        b'{"seq":1,"state":{"a":NaN}}',
        b'{"seq":1,"state":{"a":1e400}}',
        b'{"seq":1,"state":{"a":-1e17}}',
        b'{"seq":9007199254740993,"state":{}}',
        b'{"seq":-1,"state":{}}',
        b'{"seq":true,"state":{}}',
        b'{"seq":1.0,"state":{}}',
        b'{"seq":1,"state":{"A":1}}',
        b'{"seq":1,"state":{"ssid":"home"}}',
        b'{"seq":1,"state":{"wifi_password":"hunter2"}}',
        b'{"seq":1,"state":{"a":{"b":{"c":{"d":{"e":1}}}}}}',
        b'{"seq":1,"state":{"a":{"b":1}}}',
        b'{"seq":1,"state":{"a":[1,2]}}',
        b'{"seq":1,"state":[]}',
        b'{"seq":1,"state":{},"more":1}',
        b'{"seq":1,"state":{},"device_id":"d-1"}',
        b'{"seq":1,"state":{},"full":1}',
        b'{"seq":1,"state":{},"full":null}',
        b'{"seq":1,"state":{},"boot":""}',
        b'{"seq":1,"state":{},"boot":null}',
        b'{"seq":1,"state":{},"at":"2026-02-30T00:00:00.000Z"}',
        b'{"seq":1,"state":{},"at":"2026-11-22T12:00:00Z"}',
        b'{"seq":1,"state":{},"at":null}',
        b'{"seq":1,"state":{},"epoch":2147483648}',
        b'{"seq":1,"state":{"a":"' + b"x" * 1025 + b'"}}',
        b'{"seq":1,"state":{"a":"' + b"x" * 17000 + b'"}}',
        json.dumps({"seq": 1, "state": {f"p{n}": n for n in range(65)}}).encode(),
        USUAL + b" ",
        USUAL + b"}",
    ],
)
def test_both_ways_agree_on_what_is_odd(payload: bytes) -> None:
    assert quick(payload) == ordinary(payload)


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12)
values = scalars | st.lists(scalars, max_size=2) | st.dictionaries(st.sampled_from(["a", "psk"]), scalars, max_size=2)
names = st.sampled_from(["power", "target_c", "ssid", "Bad", "a" * 49, "x:y", ""]) | st.text(max_size=4)
reports = st.fixed_dictionaries(
    {"seq": st.integers(-1, 5) | scalars, "state": st.dictionaries(names, values, max_size=5) | scalars},
    optional={
        "boot": st.text(max_size=40) | scalars,
        "at": st.sampled_from(["2026-11-22T12:00:00.250Z", "2026-13-01T00:00:00.000Z"]) | scalars,
        "full": st.booleans() | scalars,
        "epoch": st.integers(-1, 3) | scalars,
        "extra": scalars,
    },
)


@given(report=reports, compact=st.booleans(), ascii_only=st.booleans())
def test_both_ways_agree_on_any_object(report: dict[str, Any], *, compact: bool, ascii_only: bool) -> None:
    separators = (",", ":") if compact else (", ", ": ")
    try:
        payload = json.dumps(report, ensure_ascii=ascii_only, separators=separators).encode()
    except UnicodeEncodeError:
        return
    assert quick(payload) == ordinary(payload)


@given(payload=st.binary(max_size=60))
@example(payload=b'{"seq":1,"state":{"a":1}}')
def test_both_ways_agree_on_any_bytes(payload: bytes) -> None:
    assert quick(payload) == ordinary(payload)
