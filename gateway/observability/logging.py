"""JSON logs, one object a line, with trace ids and without secrets.

Redaction is a second line of defence. The first is not to log values: but a library that is asked to log an exception
does not know that rule.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Final, TextIO

import structlog

REDACTED: Final = "[redacted]"
_DEEPEST: Final = 6

SECRET_KEYS: Final = frozenset(
    {
        "authorization", "cookie", "set_cookie", "password", "old_password", "new_password", "passphrase", "psk",
        "ssid",
        "bssid", "secret", "token", "access_token", "refresh_token", "bind_token", "idempotency_key", "pepper", "salt",
        "master_key", "private_key", "unit_key", "setup_code", "code_digest", "proof", "sig", "csr", "certificate",
        "credential", "login_name", "mail", "email", "phone", "mac", "machine_code", "address", "remote", "nickname",
        "device_id", "account_id", "common_name", "client_id", "cn", "body", "payload", "latitude", "longitude",
    }
)  # fmt: skip
"""Names whose values are never written, whatever they are."""

_SECRET_VALUES: Final = re.compile(
    r"""
      -----BEGIN[^-]*-----.*?(?:-----END[^-]*-----|\Z)         # PEM
    | \$2[aby]\$[0-9]{2}\$[./A-Za-z0-9]{53}                    # bcrypt
    | \b(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}\b              # MAC
    | \b[a-z]-[0-9a-z]{26}\b                                   # our random ids
    | (?i:bearer|basic)\s+[A-Za-z0-9+/=_.~-]+                  # Authorization
    | (?<![A-Za-z0-9_-])(?=[A-Za-z0-9_-]*[0-9])(?=[A-Za-z0-9_-]*[A-Z])[A-Za-z0-9_-]{20,}(?![A-Za-z0-9_-])  # tokens
    | \b[0-9a-fA-F]{32,}\b                                     # digests and keys in hexadecimal
    | [^\s@"'<>]+@[^\s@"'<>]+\.[A-Za-z]{2,}                    # mail addresses
    | (?<![0-9A-Za-z])\+[1-9][0-9]{6,14}\b                     # telephone numbers
    """,
    re.VERBOSE | re.DOTALL,
)


def redact_text(text: str) -> str:
    """The text with everything in it that looks like a secret or names somebody replaced."""
    return _SECRET_VALUES.sub(REDACTED, text)


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: drops values by the name of their field, and parts of texts by their look."""
    for name in list(event):
        event[name] = _redacted(name, event[name], 0)
    return event


def _redacted(name: str, value: Any, depth: int) -> Any:  # noqa: PLR0911 - one line a kind of value
    if name.lower().replace("-", "_") in SECRET_KEYS:
        return REDACTED
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, bytes | bytearray | memoryview) or depth >= _DEEPEST:
        return REDACTED
    if isinstance(value, dict):
        return {redact_text(str(key)): _redacted(str(key), each, depth + 1) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted("", each, depth + 1) for each in value]
    return redact_text(repr(value))


_SHARED: Final[tuple[structlog.typing.Processor, ...]] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    redact,
)


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger. Events are snake-case names of what happened; details are keywords."""
    bound: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return bound


def configure(*, level: str = "INFO", stream: TextIO | None = None, human: bool = False) -> None:
    """Send all logging of the process, also that of libraries, through one chain to one stream.

    Args:
        level: `DEBUG` to `CRITICAL`.
        stream: standard error if not given.
        human: readable lines for a terminal in place of JSON.
    """
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    last: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=False) if human else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    handler = logging.StreamHandler(stream if stream is not None else sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for chatty in ("aiohttp.access", "asyncio"):
        logging.getLogger(chatty).setLevel("WARNING")
