"""What a refused request gets: RFC 9457 problems. The one place where refusals and exceptions become HTTP."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gateway.api.codes import CATALOGUE, ApiCode
from gateway.api.help import help_path
from gateway.domain.failures import CATALOGUE as FAILURES
from gateway.domain.failures import Code, Retry
from gateway.usecases.services import PasswordBusyError
from gateway.usecases.transaction import DatabaseUnavailableError

MEDIA_TYPE: Final = "application/problem+json"

_LONGEST_FIELD: Final = 100
_MOST_ERRORS: Final = 50

_FAILURE_STATUS: Final[Mapping[Code, int]] = MappingProxyType(
    {
        Code.BIND_TOKEN_EXPIRED: HTTPStatus.GONE,
        Code.BIND_TOKEN_UNKNOWN: HTTPStatus.NOT_FOUND,
        Code.ACT_RATE_LIMITED: HTTPStatus.TOO_MANY_REQUESTS,
        Code.ACT_SECRET_NOT_WANTED: HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)
"""Status of those failure codes that are not simply a conflict with what is there (409)."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One bad field."""

    where: str
    """`body`, `query`, `path` or `header`."""
    field: str
    """The path of the field, such as `members.0.role`; empty for the whole body."""
    message: str
    """What is wrong with it. Never contains the value."""


class Problem(Exception):  # noqa: N818 - RFC 9457's own name; also returned as a value, so that a commit stands
    """A refusal on its way to the client.

    Return it from a handler or from the function given to `Call.commit` (what was written is then committed), or raise
    it where nothing has been written.
    """

    def __init__(
        self,
        code: ApiCode | Code,
        detail: str | None = None,
        *,
        retry_after_s: int | None = None,
        errors: Iterable[FieldError] = (),
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """A problem with this code.

        Args:
            code: decides status, title and whether trying again makes sense.
            detail: a sentence about this occurrence; no values of the request in it.
            retry_after_s: seconds, in place of the code's own.
            errors: every bad field.
            extra: further members (RFC 9457, 3.2), such as `last_seen`.
            headers: further headers.
        """
        super().__init__(str(code))
        self.code = code
        self.detail = detail
        self.errors = tuple(errors)[:_MOST_ERRORS]
        self.extra = dict(extra or {})
        self.headers = dict(headers or {})
        if isinstance(code, Code):
            failure = FAILURES[code]
            self.status = int(_FAILURE_STATUS.get(code, HTTPStatus.CONFLICT))
            self.number: int | None = failure.number
            self.help: str | None = help_path(code)
            self.title = f"{failure.stage.value} failed: {code.value.partition('.')[2].replace('_', ' ')}"
            self.retryable = failure.retry is not Retry.NEVER
            self.retry_after_s = retry_after_s if retry_after_s is not None else failure.retry_after_s
        else:
            known = CATALOGUE[code]
            self.status = known.status
            self.number = None
            self.help = None
            self.title = known.title
            self.retryable = known.retryable or retry_after_s is not None
            self.retry_after_s = retry_after_s if retry_after_s is not None else known.retry_after_s

    def body(self, trace_id: str) -> dict[str, Any]:
        """The members of the document."""
        members: dict[str, Any] = {
            "type": f"/docs#{self.code}" if self.help is None else self.help,
            "title": self.title,
            "status": self.status,
            "code": str(self.code),
            "number": self.number,
            "retryable": self.retryable,
            "retry_after_s": self.retry_after_s,
            "trace_id": trace_id,
        }
        if self.help is not None:
            members["help"] = self.help
        if self.detail is not None:
            members["detail"] = self.detail
        if self.errors:
            members["errors"] = [{"in": e.where, "field": e.field, "message": e.message} for e in self.errors]
        return {**self.extra, **members}

    def content(self, trace_id: str) -> bytes:
        """The document as JSON."""
        return json.dumps(self.body(trace_id), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")

    def response(self, trace_id: str) -> web.Response:
        """The whole answer."""
        headers = dict(self.headers)
        if self.retry_after_s is not None:
            headers["Retry-After"] = str(self.retry_after_s)
        if self.status == HTTPStatus.UNAUTHORIZED:
            headers.setdefault("WWW-Authenticate", 'Bearer realm="hearthgate"')
        return web.Response(status=self.status, body=self.content(trace_id), content_type=MEDIA_TYPE, headers=headers)


class FieldErrorDocument(BaseModel):
    """One bad field."""

    model_config = ConfigDict(extra="forbid")
    where: str = Field(alias="in", description="body, query, path or header")
    field: str = Field(description="Path of the field; empty for the whole body")
    message: str


class ProblemDocument(BaseModel):
    """RFC 9457 problem details."""

    type: str = Field(description="Where the code is explained")
    title: str
    status: int
    code: str = Field(description="For programs; never renamed")
    number: int | None = Field(description="Where the code has one; people are shown three digits: 1 is 001")
    retryable: bool = Field(description="Sending the same request again may succeed")
    retry_after_s: int | None = Field(description="Seconds to wait before that")
    trace_id: str = Field(description="To be read out to support", examples=["k7q-4m2"])
    help: str | None = Field(
        default=None,
        description="The page for people about this code, where it has three digits",
        examples=["/docs/codes/803"],
    )
    detail: str | None = None
    errors: list[FieldErrorDocument] | None = Field(default=None, description="Every bad field at once")


_BY_STATUS: Final[Mapping[int, ApiCode]] = MappingProxyType(
    {
        400: ApiCode.MALFORMED,
        401: ApiCode.UNAUTHENTICATED,
        403: ApiCode.FORBIDDEN,
        404: ApiCode.NOT_FOUND,
        405: ApiCode.METHOD_NOT_ALLOWED,
        406: ApiCode.NOT_ACCEPTABLE,
        408: ApiCode.SLOW_REQUEST,
        409: ApiCode.CONFLICT,
        410: ApiCode.GONE,
        412: ApiCode.PRECONDITION_FAILED,
        413: ApiCode.PAYLOAD_TOO_LARGE,
        415: ApiCode.UNSUPPORTED_MEDIA_TYPE,
        417: ApiCode.EXPECTATION_FAILED,
        422: ApiCode.VALIDATION,
        428: ApiCode.PRECONDITION_REQUIRED,
        429: ApiCode.RATE_LIMITED,
        431: ApiCode.HEADERS_TOO_LARGE,
        503: ApiCode.BUSY,
    }
)


def problem_of(error: BaseException) -> Problem:
    """The problem that an exception becomes. Whatever is not known is `http.internal` without any detail."""
    match error:
        case Problem():
            return error
        case PasswordBusyError(retry_after_s=seconds):
            return Problem(ApiCode.BUSY, retry_after_s=seconds)
        case DatabaseUnavailableError():
            return Problem(ApiCode.UNAVAILABLE)
        case web.HTTPMethodNotAllowed():
            return Problem(ApiCode.METHOD_NOT_ALLOWED, headers={"Allow": error.headers.get("Allow", "")})
        case web.HTTPException(status=status):
            return Problem(_BY_STATUS.get(status, ApiCode.INTERNAL if status >= 500 else ApiCode.MALFORMED))  # noqa: PLR2004 - server errors
        case _:
            return Problem(ApiCode.INTERNAL)


_SENTENCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "missing": "is missing",
        "extra_forbidden": "is not a field of this request",
        "union_tag_invalid": "is none of the allowed kinds",
        "uuid_parsing": "is not a UUID",
        "json_invalid": "is not JSON",
    }
)
"""Our own words where pydantic's would repeat a value that was sent, or speak of Python."""


def fields_of(error: ValidationError, where: str) -> list[FieldError]:
    """Every bad field of a validation error, without any of the values."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return [
        FieldError(
            where,
            ".".join(str(step) for step in each["loc"])[:_LONGEST_FIELD],
            _SENTENCES.get(each["type"], each["msg"]),
        )
        for each in found
    ]
