"""The server's log as evidence. The lines are nats-server 2.15.1's own, with other names and addresses."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.broker.nats.log import MOST, LogCounts, parse_line
from gateway.broker.port import LogLine

AT = dt.datetime(2026, 11, 22, 12, 51, tzinfo=dt.UTC)
CN = "d-mkv03vyx8y077hhk2ygpg1nh64"
START = "[22412] 2026/11/22 12:51:28.664090 "
LINES = [
    (
        f'[ERR] 192.0.2.7:46946 - mid:20 - "{CN}" - Publish Violation - Subject "hg.v1.dev.d-7gmkq0yv1qm.up.state"',
        ("publish_denied", CN, "192.0.2.7"),
    ),
    (
        f'[ERR] 192.0.2.7:46946 - mid:20 - "{CN}" - Subscription Violation - Subject ">", SID >',
        ("subscribe_denied", CN, "192.0.2.7"),
    ),
    (
        "[ERR] 192.0.2.7:46960 - mid:34 - TLS handshake error: tls: client didn't provide a certificate",
        ("tls_no_client_certificate", None, "192.0.2.7"),
    ),
    (
        f"[ERR] [2001:db8::7]:46974 - mid:35 - TLS handshake error: tls: failed to verify certificate: (CN={CN})",
        ("tls_client_certificate_refused", CN, "2001:db8::7"),
    ),
    (
        f'[ERR] 192.0.2.7:46988 - mid:37 - "{CN}" - unable to connect: authentication error',
        ("refused", CN, "192.0.2.7"),
    ),
    (f'[ERR] 192.0.2.7:46988 - mid:37 - "{CN}" - authentication error', ("other", None, "192.0.2.7")),
    (
        "[ERR] 192.0.2.7:46988 - mid:37 - TLS handshake error: read tcp 192.0.2.9->192.0.2.7: connection reset by peer",
        ("tls_reset", None, "192.0.2.7"),
    ),
    (
        "[ERR] 192.0.2.7:46988 - mid:37 - TLS handshake error: read tcp 192.0.2.9:8883->192.0.2.7:46988: i/o timeout",
        ("tls_reset", None, "192.0.2.7"),
    ),
    ("[ERR] 192.0.2.7:46988 - mid:37 - TLS handshake error: EOF", ("tls_reset", None, "192.0.2.7")),
    ("[ERR] 192.0.2.7:46988 - mid:37 - TLS handshake timeout", ("tls_reset", None, "192.0.2.7")),
    ("[ERR] 192.0.2.7:46988 - mid:37 - TLS handshake error: tls: new trouble", ("tls_failed", None, "192.0.2.7")),
    # A session that stood and was cut off is no failed handshake.
    (
        "[ERR] 192.0.2.7:46988 - mid:37 - read tcp 192.0.2.9:8883->192.0.2.7:46988: read: connection reset by peer",
        ("other", None, "192.0.2.7"),
    ),
    (
        "[ERR] 192.0.2.7:46988 - mid:37 - Error flushing: writev tcp 192.0.2.9:8883->192.0.2.7:46988: i/o timeout",
        ("other", None, "192.0.2.7"),
    ),
    # Nor is a topic that somebody gave such a name.
    (
        f'[ERR] 192.0.2.7:46946 - mid:20 - "{CN}" - Publish Violation - Subject "TLS handshake error: EOF"',
        ("publish_denied", CN, "192.0.2.7"),
    ),
    ("[INF] Server is ready", ("other", None, None)),
    ("[WRN] Auth callout service returned an error: cert.revoked", ("other", None, None)),
]


@pytest.mark.parametrize(("line", "expected"), LINES)
def test_a_line_of_the_server_is_named(line: str, expected: tuple[str, str | None, str | None]) -> None:
    parsed = parse_line((START + line).encode(), AT)
    assert (parsed.says, parsed.client_id, parsed.address) == expected
    assert parsed.raw == START + line
    assert parsed.at == AT


@given(st.binary(max_size=6000))
def test_any_bytes_become_a_bounded_printable_line(raw: bytes) -> None:
    parsed = parse_line(raw, AT)
    assert len(parsed.raw) <= MOST
    assert parsed.raw.isprintable()


@given(st.sampled_from([line for line, _ in LINES]), st.binary(max_size=200), st.integers(0, 200))
def test_a_line_with_anything_in_its_middle_is_survived(line: str, inserted: bytes, at: int) -> None:
    raw = (START + line).encode()
    assert parse_line(raw[:at] + inserted + raw[at:], AT).says


def test_a_name_inside_a_longer_word_is_nobodys() -> None:
    line = f'{START}[ERR] 192.0.2.7:1 - mid:1 - "x{CN}9" - Publish Violation - Subject "a"'
    assert parse_line(line.encode(), AT).client_id is None


def test_nothing_of_a_line_is_in_its_repr() -> None:
    parsed = parse_line((START + LINES[0][0]).encode(), AT)
    assert CN not in repr(parsed)
    assert "192.0.2.7" not in repr(parsed)


def test_lines_are_counted_and_only_those_that_say_something_are_handed_on() -> None:
    got: list[LogLine] = []
    counts = LogCounts()
    take = counts.counting(got.append)
    for line, _ in LINES:
        take(parse_line((START + line).encode(), AT))
    assert counts.counts == {
        "publish_denied": 2,
        "subscribe_denied": 1,
        "tls_no_client_certificate": 1,
        "tls_client_certificate_refused": 1,
        "tls_reset": 4,
        "tls_failed": 1,
        "refused": 1,
        "other": 5,
    }
    assert len(got) == 11
