"""Forms in: bounded, of one media type, each field once. What is wrong with a field is told, its value never."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qsl

from aiohttp import web

from gateway.console.refusal import Refusal

FORM_AT_MOST: Final = 16 * 1024
FORM_SECONDS: Final = 10.0
FIELDS_AT_MOST: Final = 32

_MEDIA_TYPE: Final = "application/x-www-form-urlencoded"
NOTHING: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({})
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Form:
    """What was sent with a form."""

    values: Mapping[str, tuple[str, ...]] = field(repr=False, default_factory=lambda: NOTHING)

    def text(self, name: str, *, at_most: int, required: bool = True) -> str:
        """One field without blanks around it; an absent one is empty.

        Raises:
            Refusal: given twice, too long, with control characters, or empty though required.
        """
        sent = self.values.get(name, ())
        value = sent[0].strip() if sent else ""
        if len(sent) > 1 or len(value) > at_most or _CONTROL.search(value) is not None:
            raise Refusal(HTTPStatus.BAD_REQUEST, "form_field_unfit", field=name)
        if required and not value:
            raise Refusal(HTTPStatus.BAD_REQUEST, "form_field_missing", field=name)
        return value

    def secret(self, name: str, *, at_most: int) -> str:
        """One field as it was typed, blanks included: a password.

        Raises:
            Refusal: given twice or too long.
        """
        sent = self.values.get(name, ())
        if len(sent) > 1 or (sent and len(sent[0]) > at_most):
            raise Refusal(HTTPStatus.BAD_REQUEST, "form_field_unfit", field=name)
        return sent[0] if sent else ""

    def draft(self, name: str, *, at_most: int) -> str:
        """A long text as it was typed, its lines ended alike; cut off at so many characters, and never refused.

        For forms that come back with what was typed when it cannot be taken.
        """
        sent = self.values.get(name, ())
        return sent[0].replace("\r\n", "\n")[:at_most] if sent else ""

    def many(self, name: str) -> tuple[str, ...]:
        """The ticked values of a group of boxes."""
        return self.values.get(name, ())


async def read_form(request: web.Request, at_most: int = FORM_AT_MOST) -> Form:
    """The whole form, of at most so many bytes.

    Raises:
        Refusal: too large, too slow, cut short, of another media type, or not readable.
    """
    if request.content_length is not None and request.content_length > at_most:
        raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "form_too_large")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "form_unreadable")  # no decompression, hence no zip bomb
    content = bytearray()
    try:
        async with asyncio.timeout(FORM_SECONDS):
            async for piece in request.content.iter_any():
                content += piece
                if len(content) > at_most:
                    raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "form_too_large")
    except TimeoutError:
        raise Refusal(HTTPStatus.REQUEST_TIMEOUT, "form_slow") from None
    except (web.RequestPayloadError, ConnectionError):
        raise Refusal(HTTPStatus.BAD_REQUEST, "form_unreadable") from None
    if content and request.content_type != _MEDIA_TYPE:
        raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "form_unreadable")
    return parse_form(bytes(content))


def parse_form(content: bytes) -> Form:
    """The fields of a form.

    Raises:
        Refusal: it is not UTF-8, or has too many fields.
    """
    try:
        pairs = parse_qsl(
            content.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=FIELDS_AT_MOST
        )
    except ValueError:  # also of the decoding
        raise Refusal(HTTPStatus.BAD_REQUEST, "form_unreadable") from None
    values: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        values[name] = (*values.get(name, ()), value)
    return Form(values)
