"""Mosquitto's log as evidence: lines of the real program, and lines that nobody expected."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.broker.mosquitto.log import MOST, LogReader
from gateway.broker.port import LogLine

START = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
DEVICE = "d-c3mfa8srmzprgfhwkp4b5kspfx"
FEATURES = "QoS too high, retain not supported, or bad AUTH method"


class Reading:
    def __init__(self) -> None:
        self.now = START
        self.lines: list[LogLine] = []
        self.notices: list[str] = []
        self.reader = LogReader(lambda: self.now, self.lines.append, self.notices.append)

    def read(self, *lines: str) -> list[tuple[str, str | None, str | None]]:
        for line in lines:
            self.reader.read(line.encode())
        return [(line.says, line.client_id, line.address) for line in self.lines]


@pytest.mark.parametrize(
    ("cause", "says"),
    [
        ("error:0A000086:SSL routines::certificate verify failed", "tls_client_certificate_refused"),
        ("error:0A0000C7:SSL routines::peer did not return a certificate", "tls_no_client_certificate"),
        ("error:0A00010B:SSL routines::wrong version number", "tls_failed"),
        ("error:0A000102:SSL routines::unsupported protocol", "tls_version"),
    ],
)
def test_2_0_tells_a_failed_handshake_in_three_lines_and_the_address_is_in_the_first(cause: str, says: str) -> None:
    assert Reading().read(
        "New connection from 127.0.0.1:34874 on port 40475.",
        f"OpenSSL Error[0]: {cause}",
        "Client <unknown> disconnected: Protocol error.",
    ) == [(says, None, "127.0.0.1")]


def test_a_handshake_that_failed_at_once_names_its_address_itself() -> None:
    line = "Client connection from 127.0.0.1 failed: error:0A000086:SSL routines::certificate verify failed."
    assert Reading().read(line) == [("tls_client_certificate_refused", None, "127.0.0.1")]


def test_2_1_names_the_kind_of_error() -> None:
    reading = Reading()
    assert reading.read(
        "New connection from ::1:34874 on port 8883.",
        "OpenSSL Error while reading[0]: error:0A000086:SSL routines::certificate verify failed",
        "Client (null) [::1:34874] disconnected: protocol error.",
    ) == [("tls_client_certificate_refused", None, "::1")]


def test_of_several_that_are_half_way_none_is_accused() -> None:
    assert Reading().read(
        "New connection from 192.0.2.1:1000 on port 8883.",
        "New connection from 192.0.2.2:1000 on port 8883.",
        "OpenSSL Error[0]: error:0A000086:SSL routines::certificate verify failed",
    ) == [("tls_client_certificate_refused", None, None)]


def test_one_that_said_connect_is_no_longer_half_way() -> None:
    assert Reading().read(
        "New connection from 192.0.2.1:1000 on port 8883.",
        f"New client connected from 192.0.2.1:1000 as {DEVICE} (p2, c1, k60, u'{DEVICE}').",
        "New connection from 192.0.2.2:1000 on port 8883.",
        "OpenSSL Error[0]: error:0A000086:SSL routines::certificate verify failed",
    ) == [("tls_client_certificate_refused", None, "192.0.2.2")]


def test_one_that_never_says_connect_is_forgotten_after_half_a_minute() -> None:
    reading = Reading()
    reading.read("New connection from 192.0.2.1:1000 on port 8883.")
    reading.now = START + dt.timedelta(seconds=31)
    assert reading.read(
        "New connection from 192.0.2.2:1000 on port 8883.",
        "OpenSSL Error[0]: error:0A000086:SSL routines::certificate verify failed",
    ) == [("tls_client_certificate_refused", None, "192.0.2.2")]


@pytest.mark.parametrize(
    ("line", "says", "client"),
    [
        (f"Denied PUBLISH from {DEVICE} (d0, q1, r0, m1, 'hg/v1/dev/x', ... (5 bytes))", "publish_denied", DEVICE),
        (f"Client {DEVICE} disconnected due to oversize packet.", "payload_too_large", DEVICE),
        (f"Client {DEVICE} [192.0.2.1:9] disconnected: oversize packet.", "payload_too_large", DEVICE),
        (f"Client {DEVICE} disconnected due to QoS too high or retain not supported.", "refused", DEVICE),
        (f"Client {DEVICE} disconnected due to using not allowed feature ({FEATURES}).", "refused", DEVICE),
        (f"Client {DEVICE} [192.0.2.1:9] disconnected: used disallowed feature ({FEATURES}).", "refused", DEVICE),
        (f"Client {DEVICE} disconnected, not authorised.", "refused", DEVICE),
        (f"Client {DEVICE} [192.0.2.1:9] disconnected: not authorised.", "refused", DEVICE),
        (f"Bad socket read/write on client {DEVICE}: Unknown error.", "refused", DEVICE),
        ("Client connection from 192.0.2.1 denied: max_connections exceeded.", "broker_busy", None),
        ("Client <unknown> disconnected due to protocol error.", "refused", None),
        ("Client a-stranger's-name disconnected, not authorised.", "refused", None),
    ],
)  # fmt: skip
def test_a_line_that_tells_of_a_refusal_is_evidence(line: str, says: str, client: str | None) -> None:
    assert [(each[0], each[1]) for each in Reading().read(line)] == [(says, client)]


@pytest.mark.parametrize(
    "line",
    [
        "mosquitto version 2.0.11 starting",
        "Opening ipv4 listen socket on port 8883.",
        "Warning: ACL pattern 'hg/#' does not contain '%c' or '%u'.",
        f"Client {DEVICE} disconnected.",
        f"Client {DEVICE} closed its connection.",
        f"Client {DEVICE} has exceeded timeout, disconnecting.",
        f"Client {DEVICE} already connected, closing old connection.",
        f"Bad socket read/write on client {DEVICE}: The connection was lost.",
        "something from a version that nobody has seen",
        "",
    ],
)
def test_every_other_line_is_counted_and_is_no_evidence(line: str) -> None:
    reading = Reading()
    assert reading.read(line) == []
    assert reading.reader.counts.total() == 1


@pytest.mark.parametrize("stamp", ["1795352022: ", "2026-03-01T12:00:00+0000: ", "2026-03-01 12:00:00: "])
def test_a_time_stamp_before_a_line_makes_no_difference(stamp: str) -> None:
    assert Reading().read(f"{stamp}Client {DEVICE} disconnected, not authorised.") == [("refused", DEVICE, None)]


def test_running_and_reloading_are_noticed() -> None:
    reading = Reading()
    reading.read("mosquitto version 2.0.11 running", "Reloading config.")
    assert reading.notices == ["running", "reloading"]


def test_a_line_is_cut_and_made_printable() -> None:
    reading = Reading()
    reading.read(f"Client connection from 192.0.2.1 failed: \x1b[31m{'x' * 5000}.")
    reading.read(f"Client {DEVICE} disconnected, not authorised.")
    assert all(len(line.raw) <= MOST and line.raw.isprintable() for line in reading.lines)


def test_connections_that_are_half_way_do_not_pile_up() -> None:
    reading = Reading()
    for number in range(5_000):
        reading.read(f"New connection from 192.0.2.{number % 250}:{number} on port 8883.")
    assert len(reading.reader._pending) == 1_000


@given(st.lists(st.binary(max_size=300), max_size=5))
def test_no_line_whatever_it_holds_ends_the_reading(lines: list[bytes]) -> None:
    reading = Reading()
    for line in lines:
        reading.reader.read(line)
    assert reading.reader.counts.total() == len(lines)


@given(st.text(max_size=60), st.sampled_from(["Client {} disconnected, not authorised.", "Denied PUBLISH from {} (x"]))
def test_a_name_that_no_certificate_carries_is_not_taken_over(name: str, form: str) -> None:
    reading = Reading()
    reading.reader.read(form.format(name).encode())
    assert all(line.client_id is None for line in reading.lines)
