"""Lines that real brokers wrote when each failure was caused for real: what they are called, and what code that is."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.broker.mosquitto.log import LogReader
from gateway.broker.nats.log import parse_line
from gateway.broker.port import LogLine
from gateway.domain.broker_words import TLS_CODES, TLS_WORDS
from gateway.domain.failures import Stage, stage_of

LOGS = Path(__file__).parent / "logs"
AT = dt.datetime(2026, 11, 22, 17, tzinfo=dt.UTC)


def cases(file: str) -> Iterator[tuple[str, str, list[str]]]:
    """Cause, expected name, lines."""
    for section in (LOGS / file).read_text().split("\n## ")[1:]:
        head, *lines = section.strip().splitlines()
        cause, _, name = head.rpartition(": ")
        yield cause, name, lines


@pytest.mark.parametrize(("cause", "name", "lines"), list(cases("nats-server-2.15.log")))
def test_nats_server(cause: str, name: str, lines: list[str]) -> None:
    parsed = [parse_line(line.encode(), AT) for line in lines]
    assert [line.says for line in parsed if line.says != "other"] == [name]
    assert parsed[0].address == "127.0.0.1"


@pytest.mark.parametrize(("cause", "name", "lines"), list(cases("mosquitto-2.0.log")))
def test_mosquitto(cause: str, name: str, lines: list[str]) -> None:
    taken: list[LogLine] = []
    reader = LogReader(lambda: AT, taken.append)
    for line in lines:
        reader.read(line.encode())
    assert [line.says for line in taken] == [name]
    assert taken[0].address == "127.0.0.1" or taken[0].client_id is not None


@pytest.mark.parametrize("file", ["nats-server-2.15.log", "mosquitto-2.0.log"])
def test_both_logs_tell_nearly_every_failed_handshake_apart(file: str) -> None:
    told = {name for _, name, _ in cases(file)}
    untold = {"broker_busy"} if file.startswith("mosquitto") else set()
    if file.startswith("mosquitto"):
        untold.add("tls_client_certificate_expired")  # "certificate verify failed" is all that OpenSSL says
    assert set(TLS_CODES) - untold <= told


def test_a_failed_handshake_is_of_the_stage_tls() -> None:
    assert {stage_of(code) for code in TLS_CODES.values()} == {Stage.TLS}
    assert set(TLS_CODES) < TLS_WORDS
