"""The kinds of values that messages are made of, each with its form and its bounds."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer
from pydantic.functional_validators import AfterValidator
from pydantic_core import PydanticCustomError

MAX_SAFE_INTEGER: Final = 2**53 - 1
"""Integers beyond this do not survive a parser that knows only doubles (RFC 7493, section 2.2)."""

MAX_MEMBERS: Final = 64
"""Members of an object, or elements of an array, in free JSON (state, params, data)."""

MAX_TEXT: Final = 1024
"""Characters of one string in free JSON."""

MAX_NESTING: Final = 4
"""Levels of free JSON. With the message's own level this stays below the codec's depth."""


class Message(BaseModel):
    """What all messages share: they cannot be changed, take no unknown field, and convert nothing silently.

    Unknown fields are refused so that what we do not need never gets in. Errors never show the input.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True, allow_inf_nan=False)


def problem(sentence: str) -> PydanticCustomError:
    """A validation error that carries one of our own sentences, and never a value."""
    return PydanticCustomError("hearthgate", "{sentence}", {"sentence": sentence})


_INSTANT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")


def rfc3339(moment: datetime) -> str:
    """A moment as it is written in messages: `2026-01-31T08:05:09.250Z`. Milliseconds (cut, not rounded), always UTC.

    RFC 3339 writes years with four digits, `strftime` writes them without zeros in front; hence `isoformat`.

    Raises:
        ValueError: the moment has no zone.
    """
    if moment.utcoffset() is None:
        raise ValueError("a time without a zone")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _instant(value: object) -> datetime:
    """Exactly the written form above, or an aware datetime, cut to the milliseconds that the wire has."""
    if isinstance(value, str):
        if _INSTANT.fullmatch(value) is None:
            raise problem("is not a UTC time with milliseconds")
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            raise problem("is not a time that exists") from None
    if not isinstance(value, datetime):
        raise problem("is not a time")
    if value.utcoffset() is None:
        raise problem("is a time without a zone")
    return value.astimezone(UTC).replace(microsecond=value.microsecond // 1000 * 1000)


Instant = Annotated[datetime, BeforeValidator(_instant), PlainSerializer(rfc3339, return_type=str, when_used="json")]

_MAC_PLAIN: Final = re.compile(r"[0-9a-f]{12}")
_MAC_SEPARATED: Final = re.compile(r"[0-9a-f]{2}([:-])[0-9a-f]{2}(?:\1[0-9a-f]{2}){4}")


def _mac(value: object) -> str:
    """`aa:bb:cc:dd:ee:ff` from that, from `AA-BB-CC-DD-EE-FF` or from `AABBCCDDEEFF`."""
    if not isinstance(value, str):
        raise problem("is not a text")
    lowered = value.lower() if value.isascii() else ""
    if _MAC_SEPARATED.fullmatch(lowered):
        return lowered.replace("-", ":")
    if _MAC_PLAIN.fullmatch(lowered):
        return ":".join(lowered[at : at + 2] for at in range(0, 12, 2))
    raise problem("is not a MAC address")


Mac = Annotated[str, BeforeValidator(_mac)]

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,47}")


def _check_free(value: object, levels: int) -> None:
    """Raise the first thing that is out of bounds in free JSON. Commonest kinds first: this sees every report."""
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            raise problem("holds a text that is too long")
    elif isinstance(value, float | int):  # true and false are integers here, and in bounds
        if not -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER:  # false for NaN and infinities too
            raise problem("holds a number that is too large")
    elif isinstance(value, dict | list):
        _check_container(value, levels)
    elif value is not None:
        raise problem("holds something that is not JSON")


def _check_container(value: dict[Any, Any] | list[Any], levels: int) -> None:
    if levels == 0:
        raise problem("is nested too deeply")
    if len(value) > MAX_MEMBERS:
        raise problem("has too many members")
    members: Iterable[Any] = value
    if isinstance(value, dict):
        if not all(map(_is_name, value)):
            raise problem("holds a name of the wrong form")
        members = value.values()
    for member in members:
        _check_free(member, levels - 1)


@lru_cache(maxsize=4096)
def _is_name(name: object) -> bool:
    """Remembered, because appliances of one type all use the same few names. The codec lets no long one come here."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def _free(value: dict[str, Any]) -> dict[str, Any]:
    _check_free(value, MAX_NESTING)
    return value


FreeJson = Annotated[dict[str, Any], AfterValidator(_free)]
"""An object whose members a type descriptor defines, not this protocol: names `[a-z][a-z0-9_]*`, bounded everywhere."""


def _text(pattern: str) -> Any:
    return Field(pattern=f"^(?:{pattern})$")


Uuid = Annotated[str, _text(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")]
"""Lower case. The gateway's are version 7; an appliance that has no clock yet cannot make one and uses version 4."""

_REQUEST_ID: Final = r"[0-9A-Za-z][0-9A-Za-z._:-]{0,63}"
RequestId = Annotated[str, _text(_REQUEST_ID)]
"""An appliance's own number for what it asks; a UUID is best, whatever it counts with will do."""


def is_request_id(text: str) -> bool:
    """True for what may stand as `request_id`."""
    return re.fullmatch(_REQUEST_ID, text) is not None


DeviceName = Annotated[str, _text(r"d-[0-9a-z]{26}")]
GatewayName = Annotated[str, _text(r"g-[0-9a-z]{26}")]
Code = Annotated[str, _text(r"[a-z]{1,16}\.[a-z0-9_]{1,48}")]
"""A failure code, such as `act.malformed`."""
CodeNumber = Annotated[int, Field(ge=1, le=999)]
OwnCode = Annotated[str, _text(r"[0-9A-Za-z][0-9A-Za-z._:-]{0,47}")]
"""A code of the appliance's own: ours, three digits, or its vendor's."""
TraceId = Annotated[str, _text(r"[23456789a-hjkmnp-tv-z]{3}-[23456789a-hjkmnp-tv-z]{3}")]
Token = Annotated[str, _text(r"[0-9A-Za-z_-]{16,128}")]
Nonce = Annotated[str, _text(r"[0-9A-Za-z_-]{8,64}")]
MachineCode = Annotated[str, _text(r"[0-9A-Za-z](?:[0-9A-Za-z._-]{0,38}[0-9A-Za-z])?")]
TypeId = Annotated[str, _text(r"[a-z0-9]+(?:[._-][a-z0-9]+)*"), Field(max_length=64)]
Firmware = Annotated[str, _text(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,31}")]
Boot = Annotated[str, _text(r"[0-9A-Za-z_-]{1,36}")]
Name = Annotated[str, _text(r"[a-z][a-z0-9_]{0,47}")]
PublicKey = Annotated[str, _text(r"[0-9A-Za-z+/]{42}[048AEIMQUYcgkosw]=")]
"""An Ed25519 public key: 32 bytes in base64 (standard alphabet, padded, RFC 4648 section 4), 44 characters."""
Signature = Annotated[str, _text(r"[0-9A-Za-z+/]{85}[AQgw]==")]
"""An Ed25519 signature: 64 bytes in base64, always 88 characters, so that a receiver can cut it off the end."""
Proof = Annotated[str, _text(r"[0-9a-f]{64}")]
"""HMAC-SHA256, lower-case hex."""
SerialHex = Annotated[str, _text(r"[0-9a-f]{1,40}")]
"""Serial number of a certificate, lower-case hex (RFC 5280: at most 20 bytes)."""
Pem = Annotated[str, Field(min_length=1, max_length=16384)]
Host = Annotated[str, _text(r"[0-9A-Za-z](?:[0-9A-Za-z.:-]{0,251}[0-9A-Za-z])?")]
Port = Annotated[int, Field(ge=1, le=65535)]
Count = Annotated[int, Field(ge=0, le=MAX_SAFE_INTEGER)]
Epoch = Annotated[int, Field(ge=0, le=2**31 - 1)]
Seconds = Annotated[int, Field(ge=0, le=86400)]
