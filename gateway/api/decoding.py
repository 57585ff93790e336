"""Bodies in: size, time, media type, then JSON that two programs would read alike, then the model."""

import asyncio
import json
import re
from typing import Any, Final, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from gateway.api.codes import ApiCode
from gateway.api.problem import FieldError, Problem, fields_of

DEPTH_AT_MOST: Final = 8
"""As on the wire: levels of objects and arrays, the body itself being the first."""
INTEGER_AT_MOST: Final = 2**53 - 1
"""What a double holds exactly (RFC 8259, 6)."""
_DIGITS_AT_MOST: Final = 16
_LONE_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")

ModelT = TypeVar("ModelT", bound=BaseModel)


class _RefusedError(ValueError):
    """JSON by grammar, but not what is taken here."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


async def read_body(request: web.Request, *, at_most: int, seconds: float) -> bytes:
    """The whole body.

    Raises:
        Problem: too large (413), compressed or not JSON (415), too slow (408), cut short (400).
    """
    if request.content_length is not None and request.content_length > at_most:
        raise Problem(ApiCode.PAYLOAD_TOO_LARGE)
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Problem(ApiCode.UNSUPPORTED_MEDIA_TYPE)  # no decompression, hence no zip bomb
    content = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for piece in request.content.iter_any():
                content += piece
                if len(content) > at_most:
                    raise Problem(ApiCode.PAYLOAD_TOO_LARGE)
    except TimeoutError:
        raise Problem(ApiCode.SLOW_REQUEST) from None
    except (web.RequestPayloadError, ConnectionError):
        raise Problem(ApiCode.MALFORMED, "The body ended too early.") from None
    if content and request.content_type != "application/json":
        raise Problem(ApiCode.UNSUPPORTED_MEDIA_TYPE)
    return bytes(content)


def decode(model: type[ModelT], content: bytes) -> ModelT:
    """The model in a body.

    Raises:
        Problem: not JSON (400), or not this model (422, every bad field named).
    """
    inspect(content)
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        raise Problem(ApiCode.VALIDATION, errors=fields_of(error, "body")) from None


def inspect(content: bytes) -> Any:
    """The tree of a body that breaks no rule which holds for all bodies.

    Raises:
        Problem: otherwise. Grammar is 400; what grammar allows and we do not (a name twice, NaN, NUL …) is 422.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise Problem(ApiCode.MALFORMED, "The body is not UTF-8.") from None
    try:
        tree = json.loads(
            text, object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer, parse_float=_float
        )
        _walk(tree)
    except _RefusedError as refused:
        raise Problem(ApiCode.VALIDATION, errors=[FieldError("body", "", refused.message)]) from None
    except RecursionError:
        raise Problem(ApiCode.VALIDATION, errors=[FieldError("body", "", _TOO_DEEP)]) from None
    except ValueError:
        raise Problem(ApiCode.MALFORMED, "The body is not JSON.") from None
    return tree


_TOO_DEEP: Final = f"is nested deeper than {DEPTH_AT_MOST} levels"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise _RefusedError("names a field twice")
    return result


def _constant(_name: str) -> float:
    raise _RefusedError("holds NaN or Infinity, which are not JSON")


def _integer(text: str) -> int:
    if len(text) > _DIGITS_AT_MOST + 1 or abs(value := int(text)) > INTEGER_AT_MOST:
        raise _RefusedError("holds an integer beyond 2^53 - 1")
    return value


def _float(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise _RefusedError("holds a number that no double can")
    return value


def _walk(tree: Any) -> None:
    level, depth = [tree], 0
    while level:
        depth += 1
        below: list[Any] = []
        for node in level:
            match node:
                case dict() | list() if depth > DEPTH_AT_MOST:
                    raise _RefusedError(_TOO_DEEP)
                case dict():
                    below.extend(node)
                    below.extend(node.values())
                case list():
                    below.extend(node)
                case str() if "\0" in node:
                    raise _RefusedError("holds NUL")
                case str() if _LONE_SURROGATE.search(node):
                    raise _RefusedError("holds half a surrogate pair")
        level = below
