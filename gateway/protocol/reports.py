"""State reports, read quickly: there are 30,000 a second of them, and nearly all are plain.

Plain means: compact or ordinary JSON without escapes, whose properties are numbers, short texts, booleans or null. Such
a report is checked here in one pass. Whatever is not plain goes the way of all messages (`codec.decode`), so the two
can differ in speed only; a test holds them against each other.
"""

import re
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

from pydantic_core import from_json

from gateway.protocol.canonical import MAX_INTEGER
from gateway.protocol.codec import MAX_BYTES, decode
from gateway.protocol.messages import StateReport
from gateway.protocol.messages.fields import MAX_MEMBERS, MAX_TEXT
from gateway.protocol.wifi_secrets import looks_secret

_FIELDS: Final = frozenset({"seq", "boot", "at", "state", "full", "epoch"})
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,47}")
_BOOT: Final = re.compile(r"[0-9A-Za-z_-]{1,36}")
_INSTANT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
_MAX_EPOCH: Final = 2**31 - 1


class ReadReport(NamedTuple):
    """What a report says. A tuple, because making a model costs more than reading it."""

    boot: str
    """Empty when it names none."""
    seq: int
    state: dict[str, Any]
    full: bool
    at: datetime | None
    epoch: int | None


def read_report(payload: bytes) -> ReadReport:
    """The report in these bytes.

    Raises:
        MalformedMessageError: they are no such message. Nothing else is raised for any bytes.
    """
    return _plain(payload) or _any(payload)


def _any(payload: bytes) -> ReadReport:
    report = decode(StateReport, payload)
    return ReadReport(report.boot or "", report.seq, report.state, report.full, report.at, report.epoch)


def _plain(payload: bytes) -> ReadReport | None:  # noqa: PLR0911 - one return a reason
    """The report, or None when it is not plain; then it may still be good."""
    # No escapes: no NUL, no surrogates, no quote inside a text. No blank after a quote: names end with `":` and so can
    # be counted, which is how a repeated name is noticed (the parser keeps the last one and says nothing).
    if len(payload) > MAX_BYTES or b"\\" in payload or b'" ' in payload or b'"\t' in payload or b'"\n' in payload:
        return None
    try:
        tree = from_json(payload, allow_inf_nan=False, cache_strings="keys")
    except ValueError:
        return None
    if type(tree) is not dict or not tree.keys() <= _FIELDS:
        return None
    state = tree.get("state")
    if type(state) is not dict or len(state) > MAX_MEMBERS or b'"\r' in payload:
        return None
    if payload.count(b'":') != len(tree) + len(state):
        return None
    for name, value in state.items():
        if not _is_property(name) or not _is_scalar(value):
            return None
    return _report(tree, state)


def _report(tree: dict[str, Any], state: dict[str, Any]) -> ReadReport | None:
    seq, boot, at, full, epoch = (
        tree.get("seq"),
        tree.get("boot"),
        tree.get("at"),
        tree.get("full", False),
        tree.get("epoch"),
    )
    if type(seq) is not int or not 0 <= seq <= MAX_INTEGER or type(full) is not bool:
        return None
    if boot is not None and (type(boot) is not str or _BOOT.fullmatch(boot) is None):
        return None
    if epoch is not None and (type(epoch) is not int or not 0 <= epoch <= _MAX_EPOCH):
        return None
    moment = None
    if at is not None:
        if type(at) is not str or _INSTANT.fullmatch(at) is None:
            return None
        try:
            moment = datetime.fromisoformat(at)
        except ValueError:
            return None
    return ReadReport(boot or "", seq, state, full, moment, epoch)


def _is_scalar(value: object) -> bool:
    kind = type(value)
    if kind is int or kind is float:
        return -MAX_INTEGER <= value <= MAX_INTEGER  # type: ignore[operator]  # the line above says what it is
    if kind is str:
        return len(value) <= MAX_TEXT  # type: ignore[arg-type]  # same
    return kind is bool or value is None


@lru_cache(maxsize=4096)
def _is_property(name: str) -> bool:
    """Whether a property may have this name. There are a few dozen names, and millions of reports with them."""
    return _NAME.fullmatch(name) is not None and not looks_secret("state", name)
