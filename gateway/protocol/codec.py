"""Bytes to messages and back. Whatever the bytes are, the only thing that escapes is `MalformedMessageError`.

Decoding looks at a message four times, each look cheap: size; JSON syntax and UTF-8 (`pydantic_core.from_json`); one
walk over the tree for what a JSON parser lets through (depth, NUL, numbers no double holds, repeated names) and for
fields that look like Wi-Fi secrets; then the message's own schema. The second parse inside pydantic is what makes its
strict mode know JSON's types, and costs about 2 µs for a state report.
"""

import re
from typing import Any, Final, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails, from_json

from gateway.protocol.canonical import MAX_INTEGER, NotCanonicalError, canonical
from gateway.protocol.messages import (
    ActivationAccepted,
    ActivationRefused,
    BindVerdict,
    Command,
    Message,
)
from gateway.protocol.wifi_secrets import join, looks_secret, secret_path, segment

__all__ = [
    "MAX_BYTES",
    "MAX_DEPTH",
    "MalformedMessageError",
    "NotCanonicalError",
    "canonical",
    "decode",
    "decode_activation_reply",
    "encode",
    "secret_path",
]

MAX_BYTES: Final = 16384
MAX_DEPTH: Final = 8
"""Levels of objects and arrays; the message itself is the first."""

MALFORMED: Final = "act.malformed"
SECRET_NOT_WANTED: Final = "act.secret_not_wanted"  # noqa: S105 - a failure code

MAX_NAME: Final = 64
"""Characters in the name of a field; no name of ours is longer than 48."""

_NUL: Final = rb"\u0000"
"""The only way to write NUL in JSON. (After an escaped backslash the same bytes mean something harmless.)"""
_NAME_ENDS: Final = (b'":', b'" ', b'"\t', b'"\n', b'"\r')
_STRING: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')

ModelT = TypeVar("ModelT", bound=Message)


class MalformedMessageError(Exception):
    """A message that is refused. Holds names and our own sentences, never a value.

    Attributes:
        code: the failure code, `act.malformed` or `act.secret_not_wanted`.
        path: where, such as `radio.rssi`; empty for the message as a whole.
        problem: a short sentence.
    """

    def __init__(self, path: str, problem: str, *, code: str = MALFORMED) -> None:
        super().__init__(f"{code}: {path or 'message'} {problem}")
        self.code = code
        self.path = path
        self.problem = problem


def decode(model: type[ModelT], payload: bytes) -> ModelT:
    """The message in these bytes.

    Raises:
        MalformedMessageError: they are not such a message. Nothing else is raised for any bytes.
    """
    _inspect(payload)
    try:
        return model.__pydantic_validator__.validate_json(payload)  # type: ignore[no-any-return]
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=True, include_input=False)[0]
    # Raised out here, so that no traceback leads back to the validation error and the input that it holds.
    raise MalformedMessageError(_path(first["loc"]), _sentence(first))


def decode_activation_reply(payload: bytes) -> ActivationAccepted | ActivationRefused:
    """Either answer to an activation request.

    Raises:
        MalformedMessageError: neither of the two.
    """
    tree = _inspect(payload)
    return decode(ActivationAccepted, payload) if tree.get("ok") is True else decode(ActivationRefused, payload)


def encode(model: Message) -> bytes:
    """A message as JSON: no white space, fields that are None left out, members of free JSON kept even when null.

    Signed messages are written in canonical form with `sig` at the end, so that a receiver can check the very bytes
    that came instead of writing them anew: the last 98 bytes are `,"sig":"`, 88 characters and `"}`, and what stands
    before them, closed with `}`, is what `gateway.protocol.signing` covers.

    Raises:
        ValueError: it would be larger than `MAX_BYTES`.
    """
    if isinstance(model, Command | BindVerdict):
        unsigned = canonical(model.model_dump(mode="json", exclude_none=True, exclude={"sig"}))
        written = unsigned[:-1] + b',"sig":"' + model.sig.encode() + b'"}'
    else:
        written = model.__pydantic_serializer__.to_json(model, exclude_none=True)
    if len(written) > MAX_BYTES:
        raise ValueError("a message larger than the protocol allows")
    return written


def _inspect(payload: bytes) -> dict[str, Any]:
    """The tree of a message whose bytes break no rule that holds for all messages."""
    if len(payload) > MAX_BYTES:
        raise MalformedMessageError("", "is larger than 16 KiB")
    try:
        tree = from_json(payload, allow_inf_nan=False, cache_strings="keys")
    except ValueError:
        tree = None
    if not isinstance(tree, dict):
        raise MalformedMessageError("", "is not a JSON object")
    names = _count_names(tree)
    if names is None or _NUL in payload:
        _refuse_for_cause(tree)
    # Behind every name stands a quote, and then a colon or white space. When there are no more such pairs of bytes than
    # names in the tree, no name was lost to a repetition. Strings may hold such pairs too: then it is counted exactly.
    if sum(map(payload.count, _NAME_ENDS)) != names and _STRING.sub(b"", payload).count(b":") != names:
        raise MalformedMessageError("", "names a field twice")
    return tree


def _count_names(tree: dict[str, Any]) -> int | None:
    """How many names the objects of a tree have, or None when something in it is not allowed.

    The hot path of every message: it only says that something is wrong, `_refuse_for_cause` says what.
    """
    names = 0
    level: list[tuple[str, Any]] = [("", tree)]
    for _ in range(MAX_DEPTH):
        below: list[tuple[str, Any]] = []
        for parent, node in level:
            members = node
            if isinstance(node, dict):
                names += len(node)
                members = node.items()
            else:
                members = [(parent, value) for value in node]
            for name, value in members:
                if len(name) > MAX_NAME or looks_secret(parent, name):
                    return None
                kind = type(value)
                if kind is dict or kind is list:
                    below.append((name, value))
                elif (kind is int or kind is float) and not -MAX_INTEGER <= value <= MAX_INTEGER:
                    return None  # the infinity that 1e400 becomes, too
        if not below:
            return names
        level = below
    return None


def _refuse_for_cause(tree: dict[str, Any]) -> None:
    """Say what is wrong with a tree that may be wrong. Slow and exact.

    A Wi-Fi secret comes before all other faults: it must be known as such whatever else is wrong.
    """
    secret = secret_path(tree)
    if secret is not None:
        raise MalformedMessageError(secret, "looks like a Wi-Fi secret", code=SECRET_NOT_WANTED)
    waiting: list[tuple[int, str, Any]] = [(1, "", tree)]
    while waiting:
        depth, path, node = waiting.pop()
        match node:
            case dict() | list() if depth > MAX_DEPTH:
                raise MalformedMessageError("", "is nested too deeply")
            case dict():
                if any("\0" in name or len(name) > MAX_NAME for name in node):
                    raise MalformedMessageError(path, "holds a name of the wrong form")
                waiting.extend((depth + 1, join(path, segment(name)), value) for name, value in node.items())
            case list():
                waiting.extend((depth + 1, join(path, str(at)), value) for at, value in enumerate(node))
            case str() if "\0" in node:
                raise MalformedMessageError(path, "holds NUL")
            case bool():
                pass
            case int() | float() if not -MAX_INTEGER <= node <= MAX_INTEGER:
                raise MalformedMessageError(path, "is a number that is too large")


def _path(location: tuple[int | str, ...]) -> str:
    return ".".join(str(step) if isinstance(step, int) else segment(step) for step in location)


_SENTENCES: Final = {
    "missing": "is missing",
    "extra_forbidden": "is not a field of this message",
    "string_pattern_mismatch": "has the wrong form",
    "string_too_long": "is too long",
    "string_too_short": "is too short",
    "too_long": "has too many entries",
    "literal_error": "is none of the allowed words",
    "greater_than_equal": "is too small",
    "less_than_equal": "is too large",
}


def _sentence(error: ErrorDetails) -> str:
    """Our own words for what pydantic found; its own messages may quote what was allowed or what came."""
    if error["type"] == "hearthgate":
        return str(error["ctx"]["sentence"])
    return _SENTENCES.get(error["type"], "has the wrong type")
