"""What all request and response models share, and the parameters that many routes have."""

from datetime import datetime
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer

LIMIT_AT_MOST: Final = 200
LIMIT_BY_DEFAULT: Final = 50

Text = Annotated[str, Field(max_length=200)]


class RequestModel(BaseModel):
    """A body, query or path. Nothing is coerced, nothing unknown is taken, no value appears in an error."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class ParameterModel(RequestModel):
    """A query or path: everything arrives as text, so text is read as what the field says."""

    model_config = ConfigDict(strict=False)


class ResponseModel(BaseModel):
    """A body of an answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Page(ParameterModel):
    """Where a list begins and how long a piece of it is."""

    limit: int = Field(default=LIMIT_BY_DEFAULT, ge=1, le=LIMIT_AT_MOST, description="At most so many entries")
    cursor: str | None = Field(
        default=None,
        max_length=200,
        pattern=r"^[A-Za-z0-9_-]+$",
        description="`next` of the piece before; not to be made or read",
    )


def _milliseconds(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("has no time zone")
    return moment


Moment = Annotated[datetime, AfterValidator(_aware), PlainSerializer(_milliseconds, return_type=str, when_used="json")]
"""A UTC time, written as RFC 3339 with milliseconds."""


def identifier(prefix: str) -> object:
    """Describes the field of an id, such as `d-` and 26 letters. It goes inside `Annotated[str, …]`."""
    return Field(pattern=rf"^{prefix}-[0-9a-z]{{26}}$", examples=[f"{prefix}-0123456789abcdefghjkmnpqrs"])


AccountIdText = Annotated[str, identifier("a")]
DeviceIdText = Annotated[str, identifier("d")]
PairingIdText = Annotated[str, identifier("p")]
UuidText = Annotated[str, Field(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")]
