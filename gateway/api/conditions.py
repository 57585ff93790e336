"""Conditional requests (RFC 9110, 13) and preferences (RFC 7240): small readings of headers."""

import re
from typing import Final

from aiohttp import web

from gateway.api.codes import ApiCode
from gateway.api.problem import FieldError, Problem

_TAG: Final = re.compile(r'"([A-Za-z0-9_-]{1,64})"')
_WAIT: Final = re.compile(r"\s*wait\s*=\s*\"?([0-9]{1,4})\"?\s*(?:;.*)?", re.IGNORECASE)
_ANY: Final = "*"


def version_tag(version: int) -> str:
    """The entity tag of a row's version, without the quotes."""
    return f"v{version}"


def require_match(request: web.BaseRequest, present: str) -> None:
    """Check `If-Match` against the present entity tag.

    Raises:
        Problem: there is none (428), it cannot be read (400), or it names another state (412).
    """
    sent = request.headers.get("If-Match")
    if sent is None:
        raise Problem(ApiCode.PRECONDITION_REQUIRED)
    if sent.strip() == _ANY:
        return
    tags = _TAG.findall(sent)
    if not tags:
        raise Problem(ApiCode.MALFORMED, errors=[FieldError("header", "If-Match", "is no entity tag")])
    if present not in tags:
        raise Problem(ApiCode.PRECONDITION_FAILED)


def preferred_wait(request: web.BaseRequest, at_most: float) -> float | None:
    """Seconds of `Prefer: wait=…`, at most `at_most`; None without it. What cannot be read is ignored (RFC 7240, 2)."""
    for header in request.headers.getall("Prefer", ()):
        for preference in header.split(","):
            found = _WAIT.fullmatch(preference)
            if found is not None:
                return min(float(found[1]), at_most)
    return None
