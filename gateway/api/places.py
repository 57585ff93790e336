"""Cursors of lists that are ordered by a moment and an id: `1772366400123-q-…`. Not to be made or read by clients."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from gateway.api.codes import ApiCode
from gateway.api.problem import FieldError, Problem

_CURSOR: Final = re.compile(r"([0-9]{1,15})-([a-z]-[0-9a-z]{26})")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


def written(place: tuple[datetime, str] | None) -> str | None:
    """A place as a cursor; None at the end of a list."""
    return None if place is None else f"{(place[0] - _EPOCH) // _MILLISECOND}-{place[1]}"


def read(cursor: str | None) -> tuple[datetime, str] | None:
    """The place that a cursor names; None without one.

    Raises:
        Problem: no answer gave this cursor.
    """
    if cursor is None:
        return None
    found = _CURSOR.fullmatch(cursor)
    try:
        if found is not None:
            return _EPOCH + int(found[1]) * _MILLISECOND, found[2]
    except OverflowError:
        pass
    raise Problem(ApiCode.VALIDATION, errors=[FieldError("query", "cursor", "is none that an answer gave")])
