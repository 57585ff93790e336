"""Whatever the bytes are, a message or a `MalformedMessageError` comes out, and never a value in its text."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.protocol import messages
from gateway.protocol.codec import (
    MAX_BYTES,
    MAX_DEPTH,
    MalformedMessageError,
    decode,
    decode_activation_reply,
    encode,
)
from gateway.protocol.messages import Bye, EventReport, Hello, Message, RenewRequest, StateReport

MODELS = [
    kind
    for kind in (getattr(messages, name) for name in messages.__all__)
    if isinstance(kind, type) and issubclass(kind, Message) and kind is not Message
]
REQUEST = "0198c2f0-7a10-7b3c-8d4e-5f60718293a4"


def refused(payload: bytes, model: type[Message] = StateReport) -> MalformedMessageError:
    with pytest.raises(MalformedMessageError) as refusal:
        decode(model, payload)
    assert refusal.value.__context__ is None, "a traceback could lead to the input"
    return refusal.value


def state(text: str) -> bytes:
    return b'{"seq":1,"state":' + text.encode() + b"}"


def nested(levels: int) -> str:
    return '{"a":' * levels + "1" + "}" * levels


@given(st.binary(max_size=200))
@settings(max_examples=300)
def test_any_bytes_are_a_message_or_malformed(payload: bytes) -> None:
    for model in MODELS:
        with suppress(MalformedMessageError):
            decode(model, payload)
    with pytest.raises(MalformedMessageError):
        decode_activation_reply(payload)


json_values: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)


@given(st.data())
@settings(max_examples=300)
def test_any_json_in_the_right_fields_is_a_message_or_malformed(data: st.DataObject) -> None:
    model = data.draw(st.sampled_from(MODELS))
    fields = st.dictionaries(st.sampled_from([*model.model_fields, "device_id"]), json_values, max_size=6)
    with suppress(MalformedMessageError):
        decode(model, json.dumps(data.draw(fields)).encode())


@given(st.integers(0, 400), st.binary(min_size=1, max_size=3))
@settings(max_examples=300)
def test_a_damaged_message_is_a_message_or_malformed(at: int, damage: bytes) -> None:
    good = b'{"seq":91,"boot":"b1","at":"2026-01-31T08:05:09.250Z","state":{"power":"on","target_c":21.5,"a":[1,{}]}}'
    at %= len(good)
    with suppress(MalformedMessageError):
        decode(StateReport, good[:at] + damage + good[at + 1 :])


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b" ",
        b"null",
        b"true",
        b"17",
        b'"text"',
        b"[]",
        b'[{"seq":1,"state":{}}]',
        b'{"seq":1,"state":{}',
        b'{"seq":1,"state":{}}x',
        b'{"seq":1,"state":{},}',
        b"{'seq':1}",
        b'{"seq":1,"state":{"a":01}}',
        b'{"seq":1,"state":{}}\0',
        b"\xef\xbb\xbf" + b'{"seq":1,"state":{}}',
        '{"seq":1,"state":{}}'.encode("utf-16"),
        b'{"seq":1,"state":{"a":NaN}}',
        b'{"seq":1,"state":{"a":Infinity}}',
        b'{"seq":1,"state":{"a":-Infinity}}',
        b'{"seq":1,"state":{"a":"\xff"}}',
        b'{"seq":1,"state":{"a":"\xed\xa0\x80"}}',
        b'{"seq":1,"state":{"a":"\xc0\x80"}}',
        b'{"seq":1,"state":{"a":"\\ud800"}}',
        b'{"seq":1,"state":{"a":"\\udc00\\ud800"}}',
        b'{"seq":1,"state":{"\\ud800":1}}',
        b'{"seq":1,"state":{"a":"\n"}}',
        b'{"seq":1,"state":{"a":"\0"}}',
        b'{"seq":1,"state":{"a":' + b"9" * 5000 + b"}}",
        b"[" * 16000,
        b'{"a":' * 3000,
    ],
)
def test_what_is_no_json_object_is_malformed_as_a_whole(payload: bytes) -> None:
    refusal = refused(payload)
    assert (refusal.code, refusal.path, refusal.problem) == ("act.malformed", "", "is not a JSON object")


@pytest.mark.parametrize(
    ("payload", "path", "problem"),
    [
        (state('{"a":1e400}'), "state.a", "is a number that is too large"),
        (state('{"a":-1e400}'), "state.a", "is a number that is too large"),
        (state('{"a":[1,' + "9" * 4000 + "]}"), "state.a.1", "is a number that is too large"),
        (state('{"a":9007199254740992}'), "state.a", "is a number that is too large"),
        (state('{"a":-9007199254740992}'), "state.a", "is a number that is too large"),
        (state('{"a":"\\u0000"}'), "state.a", "holds NUL"),
        (state('{"a\\u0000":1}'), "state", "holds a name of the wrong form"),
        (state('{"' + "a" * 65 + '":1}'), "state", "holds a name of the wrong form"),
        (state('{"A":1}'), "state", "holds a name of the wrong form"),
        (state('{"a":"' + "x" * 1025 + '"}'), "state", "holds a text that is too long"),
        (state(nested(5)), "state", "is nested too deeply"),
        (state(nested(8)), "", "is nested too deeply"),
        (state("[1]"), "state", "has the wrong type"),
        (state(json.dumps({"a": [0] * 65})), "state", "has too many members"),
        (b'{"seq":1,"seq":1,"state":{}}', "", "names a field twice"),
        (b'{"seq":1 ,"state":{"a" :1,"a":2}}', "", "names a field twice"),
        (b'{"seq":1,"state":{"a":1,"\\u0061":2}}', "", "names a field twice"),
        (b'{"seq":1,"state":{"a":":\\":","a":2}}', "", "names a field twice"),
        (b'{"seq":1,"state":{"b":{},"a":[{"c":1,"c":1}]}}', "", "names a field twice"),
        (b'{"state":{}}', "seq", "is missing"),
        (b'{"seq":1,"state":{},"device_id":"d-0"}', "device_id", "is not a field of this message"),
        (b'{"seq":1,"state":{},"claim_id":"c-0"}', "claim_id", "is not a field of this message"),
        (b'{"seq":1,"state":{},"Villa 7":1}', "?", "is not a field of this message"),
        (b'{"seq":-1,"state":{}}', "seq", "is too small"),
        (b'{"seq":"1","state":{}}', "seq", "has the wrong type"),
        (b'{"seq":true,"state":{}}', "seq", "has the wrong type"),
        (b'{"seq":1.0,"state":{}}', "seq", "has the wrong type"),
        (b'{"seq":1,"state":{},"full":1}', "full", "has the wrong type"),
        (b'{"seq":1,"state":{},"boot":"a b"}', "boot", "has the wrong form"),
        (b'{"seq":1,"state":{},"boot":"a\\n"}', "boot", "has the wrong form"),
    ],
)
def test_a_fault_is_named_by_path_and_sentence(payload: bytes, path: str, problem: str) -> None:
    refusal = refused(payload)
    assert (refusal.code, refusal.path, refusal.problem) == ("act.malformed", path, problem)


@pytest.mark.parametrize(
    "good", ['{"a":":"}', '{"a":"\\":"}', '{"a" :"\\\\" , "b":"x"}', '{"a":"\\\\u0000"}', '{"a":null}']
)
def test_strings_that_look_like_faults_are_none(good: str) -> None:
    assert decode(StateReport, state(good)).state == json.loads(good)


def test_size_and_depth_are_allowed_up_to_their_limits() -> None:
    assert decode(StateReport, state(nested(4))).state == json.loads(nested(4))
    whole = b'{"seq":1,"state":{}}'
    assert decode(StateReport, whole + b" " * (MAX_BYTES - len(whole))).seq == 1
    assert refused(whole + b" " * (MAX_BYTES - len(whole) + 1)).problem == "is larger than 16 KiB"
    assert refused(nested(MAX_DEPTH).encode()).problem == "is missing", "the schema refuses it, not the depth"
    assert refused(nested(MAX_DEPTH + 1).encode()).problem == "is nested too deeply"


def test_a_message_too_large_to_be_read_is_not_written() -> None:
    with pytest.raises(ValueError, match="larger than the protocol allows"):
        encode(RenewRequest(request_id=REQUEST, csr="x" * MAX_BYTES))


def test_absent_fields_are_not_written_and_nulls_in_free_json_are() -> None:
    assert encode(EventReport(id=REQUEST, name="n", data={"a": None})).endswith(b'"name":"n","data":{"a":null}}')
    assert encode(Bye()) == b"{}"
    assert encode(Hello(firmware="1", reset_counter=0, descriptor_version=0)).count(b":") == 3


@pytest.mark.parametrize("canary", ["canary-1183", "7355608"])
def test_no_refused_value_shows_in_the_error(canary: str) -> None:
    for payload in (
        f'{{"seq":"{canary}","state":{{}}}}',
        f'{{"seq":1,"state":{{}},"at":"{canary}"}}',
        f'{{"seq":1,"state":{{"a":"\\u0000{canary}"}}}}',
        f'{{"seq":1,"state":{{}},"boot":" {canary}"}}',
        f'{{"seq":1,"state":["{canary}"]}}',
        f'{{"seq":1,"state":{{}}, {canary}}}',
    ):
        refusal = refused(payload.encode())
        assert canary not in str(refusal) + repr(refusal)
