"""Cutting a stream into MQTT packets: whatever the pieces, the same messages; whatever the bytes, no surprise."""

import asyncio
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.transport.mqtt_wire import LARGEST_PACKET, MalformedPacketError, Wire

Message = tuple[str, bytes, bytes | None]


class Line(asyncio.Transport):
    """The far end of nothing: remembers what was written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.aborted = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def is_closing(self) -> bool:
        return self.aborted

    def abort(self) -> None:
        self.aborted = True

    def close(self) -> None:
        self.aborted = True


class Ear:
    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.lost: list[Exception | None] = []
        self.batches = 0
        self.line = Line()
        self.wire = Wire(
            lambda *message: self.messages.append(cast("Message", message)), self._batch, lambda: None, self.lost.append
        )
        self.wire.connection_made(self.line)

    def _batch(self) -> None:
        self.batches += 1

    def for_paho(self) -> bytes:
        taken = b""
        while self.wire.has_input:
            taken += self.wire.recv(7)
        return taken


def length(number: int) -> bytes:
    digits = b""
    while True:
        number, digit = divmod(number, 128)
        digits += bytes([digit | (0x80 if number else 0)])
        if not number:
            return digits


def publish(
    topic: bytes, payload: bytes, identifier: int | None, properties: bytes = b"", *, dup: bool = False
) -> bytes:
    body = len(topic).to_bytes(2, "big") + topic
    if identifier is not None:
        body += identifier.to_bytes(2, "big")
    body += length(len(properties)) + properties + payload
    return bytes([0x30 | (0 if identifier is None else 2) | (8 if dup else 0)]) + length(len(body)) + body


STREAM = b"".join(
    [
        b"\x20\x03\x00\x00\x00",  # CONNACK
        publish(b"hg/v1/dev/d/up/state", b"one", 1),
        b"\x40\x02\x00\x07",  # PUBACK
        publish(b"hg/v1/dev/d/up/state", b"x" * 200, 2, dup=True),
        publish(b"hg/v1/bus/a", b"", None),
        publish(b"t", b"y" * 20_000, 65_535, b"\x26" + b"\0" * 150),  # two digits of property length, three of length
        b"\xd0\x00",  # PINGRESP
    ]
)
MESSAGES: list[Message] = [
    ("hg/v1/dev/d/up/state", b"one", b"\x00\x01"),
    ("hg/v1/dev/d/up/state", b"x" * 200, b"\x00\x02"),
    ("hg/v1/bus/a", b"", None),
    ("t", b"y" * 20_000, b"\xff\xff"),
]
OTHERS = b"\x20\x03\x00\x00\x00" + b"\x40\x02\x00\x07" + b"\xd0\x00"


@pytest.mark.parametrize("size", [1, 2, 3, 5, 64, 1000, 100_000])
def test_messages_are_the_same_however_the_bytes_come(size: int) -> None:
    ear = Ear()
    for start in range(0, len(STREAM), size):
        ear.wire.data_received(STREAM[start : start + size])
    assert ear.messages == MESSAGES
    assert ear.for_paho() == OTHERS


@given(st.lists(st.integers(1, 3_000), min_size=1, max_size=40))
def test_messages_are_the_same_however_unevenly_the_bytes_come(sizes: list[int]) -> None:
    ear, position = Ear(), 0
    for size in [*sizes, len(STREAM)]:
        ear.wire.data_received(STREAM[position : position + size])
        position += size
    assert ear.messages == MESSAGES
    assert ear.for_paho() == OTHERS


def test_messages_that_came_together_are_announced_once() -> None:
    ear = Ear()
    ear.wire.data_received(publish(b"t", b"1", 1) + publish(b"t", b"2", 2) + publish(b"t", b"3", 3))
    assert (len(ear.messages), ear.batches) == (3, 1)


def test_a_topic_that_is_no_utf_8_becomes_one_that_nobody_knows() -> None:
    ear = Ear()
    ear.wire.data_received(publish(b"hg/\xff", b"x", 1))
    assert ear.messages == [("hg/\ufffd", b"x", b"\x00\x01")]


@pytest.mark.parametrize(
    "data",
    [
        b"\x30\xff\xff\xff\xff\x01",
        b"\x32" + length(LARGEST_PACKET + 1),
        b"\x20\xff\xff\xff\x7f",
        b"\x34\x08\x00\x01t\x00\x01\x00ab",  # QoS 2
        b"\x32\x05\x00\x00\x00\x01\x00",  # a topic alias: no topic
        b"\x32\x03\x00\x05t",  # a topic that is longer than the packet
        b"\x32\x00",
        publish(b"t", b"", 1, b"\x26" * 16_384),
    ],
)
def test_bytes_that_are_no_packet_end_the_connection_once(data: bytes) -> None:
    ear = Ear()
    ear.wire.data_received(data)
    assert ear.line.aborted
    ear.wire.connection_lost(None)
    assert len(ear.lost) == 1
    assert isinstance(ear.lost[0], MalformedPacketError | IndexError)


@given(st.binary(max_size=400))
def test_no_bytes_raise(data: bytes) -> None:
    ear = Ear()
    ear.wire.data_received(data)
    assert ear.line.aborted or not ear.lost


def test_nothing_is_handed_out_once_the_connection_is_being_left() -> None:
    ear = Ear()
    ear.wire.mute()
    ear.wire.data_received(publish(b"t", b"1", 1))
    assert ear.messages == []


def test_packets_of_paho_go_out_as_one_write_and_ours_at_once() -> None:
    ear = Ear()
    assert ear.wire.send(b"\x10\x01a") == 3
    assert ear.wire.send(b"\xc0\x00") == 2
    assert ear.line.written == b""
    ear.wire.send_now(b"\x40\x02\x00\x01")
    assert ear.line.written == b"\x40\x02\x00\x01"
    ear.wire.flush()
    assert ear.line.written == b"\x40\x02\x00\x01\x10\x01a\xc0\x00"


def test_reading_when_there_is_nothing_would_block_and_writing_when_closed_fails() -> None:
    ear = Ear()
    with pytest.raises(BlockingIOError):
        ear.wire.recv(1)
    ear.line.abort()
    with pytest.raises(ConnectionError):
        ear.wire.send(b"x")
