"""One-time codes: the vectors of the standards, and what counts."""

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from gateway.domain.totp import code_at, matching_step, otpauth_uri, step_at

SECRET = b"12345678901234567890"
NOW = datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC)
STEP = step_at(NOW)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_vectors_of_rfc_6238_appendix_b(seconds: int, code: str) -> None:
    assert code_at(SECRET, step_at(datetime.fromtimestamp(seconds, UTC)), digits=8) == code


@pytest.mark.parametrize(
    ("count", "code"),
    list(
        enumerate(["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"])
    ),
)
def test_the_vectors_of_rfc_4226_appendix_d(count: int, code: str) -> None:
    assert code_at(SECRET, count) == code


@pytest.mark.parametrize("off", [-1, 0, 1])
def test_a_step_before_and_after_count(off: int) -> None:
    assert matching_step(SECRET, code_at(SECRET, STEP + off), after=-1, now=NOW) == STEP + off


@pytest.mark.parametrize("off", [-2, 2, 100])
def test_others_do_not(off: int) -> None:
    assert matching_step(SECRET, code_at(SECRET, STEP + off), after=-1, now=NOW) is None


def test_a_code_counts_once_and_no_earlier_one_after_it() -> None:
    for used in (STEP, STEP + 1):
        assert matching_step(SECRET, code_at(SECRET, STEP), after=used, now=NOW) is None
    assert matching_step(SECRET, code_at(SECRET, STEP - 1), after=STEP, now=NOW) is None
    later = NOW + timedelta(seconds=30)
    assert matching_step(SECRET, code_at(SECRET, STEP + 1), after=STEP, now=later) == STEP + 1


@pytest.mark.parametrize(
    "typed", ["", "0", "abcdef", "\uff11\uff12\uff13\uff14\uff15\uff16", "\ud800", "1" * 1000, "-00001"]
)
def test_what_is_no_code_is_no_code(typed: str) -> None:
    assert matching_step(SECRET, typed, after=-1, now=NOW) is None


def test_blanks_in_a_code_do_not_count() -> None:
    code = code_at(SECRET, STEP)
    assert matching_step(SECRET, f" {code[:3]} {code[3:]} ", after=-1, now=NOW) == STEP


def test_in_1970_there_are_no_steps_before_the_first() -> None:
    start = datetime(1970, 1, 1, tzinfo=UTC)
    assert matching_step(SECRET, code_at(SECRET, 0), after=-1, now=start) == 0


def test_an_authenticator_reads_the_secret_from_the_uri() -> None:
    uri = urlsplit(otpauth_uri(SECRET, issuer="Hearth gate", name="ada@example.org"))
    asked = {name: values[0] for name, values in parse_qs(uri.query).items()}
    assert (uri.scheme, uri.netloc, uri.path) == ("otpauth", "totp", "/Hearth%20gate:ada%40example.org")
    assert base64.b32decode(asked.pop("secret")) == SECRET
    assert asked == {"issuer": "Hearth gate", "algorithm": "SHA1", "digits": "6", "period": "30"}
