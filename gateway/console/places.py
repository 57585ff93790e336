"""Where a list goes on, as its address says it: the moment and the random id of the last row."""

import re
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Final

from gateway.console.refusal import Refusal
from gateway.console.visit import Visit

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PLACE: Final = re.compile(r"([0-9]{1,14})\.([a-z]-[0-9a-z]{26})")


def place_text(place: tuple[datetime, str] | None) -> str | None:
    """As it stands in an address; None at the end."""
    return None if place is None else f"{(place[0] - _EPOCH) // timedelta(milliseconds=1)}.{place[1]}"


def read_place(visit: Visit) -> tuple[datetime, str] | None:
    """The place that the address asks for; None for the beginning.

    Raises:
        Refusal: it is none of ours.
    """
    asked = visit.request.query.get("from")
    if asked is None:
        return None
    found = _PLACE.fullmatch(asked)
    if found is None:
        raise Refusal(HTTPStatus.NOT_FOUND, "not_found")
    return _EPOCH + timedelta(milliseconds=int(found[1])), found[2]
