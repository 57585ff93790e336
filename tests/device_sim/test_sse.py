"""Event streams as the standard reads them, and from servers that mean harm."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_sim.sse import MAX_EVENT_CHARACTERS, EventTooLargeError, ServerEvent, SseParser

STREAM = (
    '\ufeff: hello\nretry: 1500\n\nevent: snapshot\nid: 7\ndata: {"a":\ndata: 1}\n\n'
    "data:no space\r\n\r\nid\rdata: é🌡\r\r: comment\n\nevent: lost\ndata: never ended"
).encode()
EVENTS = [
    ServerEvent("snapshot", '{"a":\n1}', "7"),
    ServerEvent("message", "no space", "7"),
    ServerEvent("message", "é🌡", ""),
]


def test_events_ids_retries_and_comments() -> None:
    parser = SseParser()
    assert parser.feed(STREAM) == EVENTS
    assert (parser.retry_ms, parser.comments, parser.last_event_id) == (1500, 2, "")


@given(st.lists(st.integers(min_value=0, max_value=len(STREAM)), max_size=12))
def test_the_same_however_the_network_cuts_it(cuts: list[int]) -> None:
    parser = SseParser()
    places = [0, *sorted(cuts), len(STREAM)]
    found = [event for start, end in pairwise(places) for event in parser.feed(STREAM[start:end])]
    assert found == EVENTS


def test_byte_by_byte() -> None:
    parser = SseParser()
    assert [event for byte in STREAM for event in parser.feed(bytes([byte]))] == EVENTS


@given(st.binary(max_size=400))
def test_no_bytes_make_it_fail(noise: bytes) -> None:
    SseParser().feed(noise)


def test_an_event_without_data_is_none_but_its_id_counts() -> None:
    parser = SseParser()
    assert parser.feed(b"id: 9\nevent: x\n\n") == []
    assert parser.last_event_id == "9"
    assert parser.feed(b"data: y\n\n") == [ServerEvent("message", "y", "9")]


def test_an_id_that_was_not_completed_is_not_resumed_from() -> None:
    parser = SseParser("5")
    parser.feed(b"id: 6\ndata: half an event\n")
    assert parser.last_event_id == "5"


def test_an_id_with_nul_is_ignored() -> None:
    parser = SseParser("5")
    parser.feed(b"id: 6\x007\ndata: x\n\n")
    assert parser.last_event_id == "5"


@pytest.mark.parametrize("retry", ["-1", "1e3", "ten", "", "٣", "99999999999999999999"])
def test_a_retry_that_is_no_sane_number_is_ignored(retry: str) -> None:
    parser = SseParser()
    parser.feed(f"retry: {retry}\n\n".encode())
    assert parser.retry_ms is None


def test_bad_utf8_is_replaced() -> None:
    assert SseParser().feed(b"data: a\xff\xfeb\n\n") == [ServerEvent("message", "a\ufffd\ufffdb", "")]


def test_unknown_fields_are_ignored() -> None:
    assert SseParser().feed(b"danger: 1\ndata\ndata: x\n\n") == [ServerEvent("message", "\nx", "")]


def test_a_line_without_end_is_given_up() -> None:
    parser = SseParser()
    for _ in range(MAX_EVENT_CHARACTERS // 65536):
        parser.feed(b"x" * 65536)
    with pytest.raises(EventTooLargeError):
        parser.feed(b"x")


def test_an_event_without_end_is_given_up() -> None:
    parser = SseParser()
    line = b"data: " + b"x" * 60000 + b"\n"
    for _ in range(MAX_EVENT_CHARACTERS // 60001):
        parser.feed(line)
    with pytest.raises(EventTooLargeError):
        parser.feed(line)
