"""Canonical JSON: one value, one form, or a refusal."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.protocol.canonical import NotCanonicalError, canonical

numbers = st.integers(-(2**53) + 1, 2**53 - 1) | st.builds(
    lambda units, scale: units / 10**scale, st.integers(-(10**12), 10**12).filter(bool), st.integers(3, 4)
)
names = st.text(st.characters(min_codepoint=32, max_codepoint=126))
values: Any = st.recursive(
    st.none() | st.booleans() | numbers | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_reading_and_writing_again_changes_no_byte(value: Any) -> None:
    written = canonical(value)
    assert canonical(json.loads(written)) == written
    assert json.loads(written) == value


@given(st.floats() | st.integers())
def test_a_number_is_written_plainly_or_refused(value: float) -> None:
    try:
        written = canonical(value)
    except NotCanonicalError:
        return
    assert not set(written) - set(b"-.0123456789")
    assert json.loads(written) == value


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (22, b"22"),
        (22.0, b"22"),
        (-0.0, b"0"),
        (0.5, b"0.5"),
        (-21.25, b"-21.25"),
        (0.0001, b"0.0001"),
        (999999999.9999, b"999999999.9999"),
        (1e15, b"1000000000000000"),
        (True, b"true"),
        (None, b"null"),
        ({"b": 1, "a": [], "B": {}, "_": 0, "a_b": 0, "aB": 0}, b'{"B":{},"_":0,"a":[],"aB":0,"a_b":0,"b":1}'),
        ("é€😀/\x7f", '"é€😀/\x7f"'.encode()),
        ('\b\t\n\f\r"\\\x01\x1f\0', rb'"\b\t\n\f\r\"\\\u0001\u001f\u0000"'),
    ],
)
def test_the_form_is_that_of_rfc_8785(value: object, written: bytes) -> None:
    assert canonical(value) == written


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        math.inf,
        -math.inf,
        2**53,
        -(2**53),
        10**400,
        1e300,
        0.1 + 0.2,
        0.00001,
        1e-7,
        1234567890.5,
        5e-324,
        "\ud800",
        {"\ud800": 1},
        {"é": 1},
        {1: 1},
        {"a\n": 1},
        b"bytes",
        {1, 2},
        object(),
    ],
)
def test_what_has_two_forms_or_none_is_refused(value: object) -> None:
    with pytest.raises(NotCanonicalError) as refusal:
        canonical({"a": [value]})
    assert repr(value) not in str(refusal.value)


def test_depth_without_end_is_refused() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(NotCanonicalError):
        canonical(value)
