"""Logs are JSON and keep secrets even when somebody logs them."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from gateway.observability.logging import REDACTED, configure, logger, redact_text


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    stream = io.StringIO()
    configure(level="DEBUG", stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


SECRETS = [
    "a4:c1:38:00:4f:2a",
    "A4-C1-38-00-4F-2A",
    "d-0123456789abcdefghjkmnpqrs",
    "Bearer zV9-hg_2kf83jfA83jfk",
    "mZ4Yc0g4lq2VYh7v8b3cXw9d0eR1tT2uU3iI4oO5pP6",
    "$2b$12$abcdefghijklmnopqrstuuAbCdEfGhIjKlMnOpQrStUvWxYz01234",
    "5f4dcc3b5aa765d61d8327deb882cf99",
    "ann@example.org",
    "+8613800138000",
    "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMG\n-----END PRIVATE KEY-----",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_what_looks_like_a_secret_is_not_written_wherever_it_is(written: io.StringIO, secret: str) -> None:
    log = logger("test")
    log.info("something", detail=f"before {secret} after", deep={"list": [secret, {"x": secret}]})
    log.info("in the event: " + secret)  # noqa: G003 - as somebody might
    logging.getLogger("library").warning("a library says %s", secret)
    log.error("failed", exc_info=ValueError(secret))
    text = written.getvalue()
    assert secret not in text
    assert text.count(REDACTED) >= 5
    assert len([json.loads(line) for line in text.splitlines()]) == 4


@pytest.mark.parametrize("name", ["password", "Authorization", "refresh-token", "mac", "login_name", "device_id"])
def test_some_fields_are_never_written_whatever_they_hold(written: io.StringIO, name: str) -> None:
    logger("test").info("something", **{name: "plain"}, nested={name: {"inner": "plain"}}, raw=b"plain")
    assert "plain" not in written.getvalue()


def test_ordinary_words_stay_readable() -> None:
    for text in (
        "the certificate of the broker expires in 12 days",
        "trace k7q-4m2 at 2026-03-01T12:00:00Z on 127.0.0.1:8883",
        "gateway/api/middleware.py line 84 in answer_everything",
        "hearthgate_http_requests_total act.unknown_machine_code",
    ):
        assert redact_text(text) == text


def test_lines_carry_the_trace_id_that_is_bound(written: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(trace_id="k7q-4m2"):
        logger("gateway.api").warning("request_failed", status=500)
    line = json.loads(written.getvalue())
    assert (line["trace_id"], line["level"], line["logger"]) == ("k7q-4m2", "warning", "gateway.api")
    assert line["timestamp"].endswith("Z")
