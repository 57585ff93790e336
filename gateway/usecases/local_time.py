"""Time on the wall of a home: what is night there. The rules of time zones come with the program (`tzdata`)."""

from datetime import datetime, time
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

LONGEST_ZONE: Final = 64
"""Characters of an IANA name; the longest in use has 32."""


def is_zone(name: str) -> bool:
    """True for an IANA name such as `Europe/Berlin`."""
    return name in _zones()


@cache
def _zones() -> frozenset[str]:
    # A name is looked up in this set before it becomes the path of a file.
    return frozenset(name for name in available_timezones() if len(name) <= LONGEST_ZONE)


def on_the_wall(zone: str, now: datetime) -> time:
    """What a clock on the wall there shows at a moment.

    From a moment there is one answer, also in the hour that summer time shows twice; the hour that it leaves out is
    never shown.
    """
    return now.astimezone(ZoneInfo(zone)).time()
