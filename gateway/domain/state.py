"""Reported state: the latest word of an appliance, whatever order its words arrive in.

Called for every report (30,000 a second), so it is one plain function over plain dicts and tuples: about 1 µs.

Order: within one `boot`, the higher `seq` is newer. A `boot` never seen before is a restart and begins a new count; one
that was seen earlier and is no longer the present one is old, however high its `seq`. A merge follows RFC 7396 one
level deep: `null` removes a property, anything else replaces it.
"""

from enum import Enum, unique
from typing import Any, Final, NamedTuple

PROPERTIES_LIMIT: Final = 256
BYTES_LIMIT: Final = 16 * 1024
"""Of the merged state as JSON; the same as for one message."""
BOOTS_REMEMBERED: Final = 4
"""Former boots by which late reports are recognised. A report that is late by more restarts than this is lost mail."""


class Known(NamedTuple):
    """The latest state of one device and where in its count it stands."""

    boot: str
    """What the appliance calls its present count; empty when it names none."""
    seq: int
    state: dict[str, Any]
    earlier_boots: tuple[str, ...] = ()
    """The boots before, newest first, at most `BOOTS_REMEMBERED`."""


@unique
class Ignored(Enum):
    """Why a report changes nothing."""

    REPEATED = "repeated"
    OLDER = "older"
    EARLIER_BOOT = "earlier_boot"
    TOO_MANY_PROPERTIES = "too_many_properties"


def apply_report(
    known: Known | None,
    boot: str,
    seq: int,
    reported: dict[str, Any],
    full: bool,  # noqa: FBT001 - positional for speed; the caller's word for it is on the wire
) -> Known | Ignored:
    """The state after a report, or why it changes nothing. `known` and `reported` are left as they are."""
    earlier: tuple[str, ...] = ()
    before: dict[str, Any] | None = None
    if known is not None:
        known_boot, known_seq, before, earlier = known
        if boot == known_boot:
            if seq <= known_seq:
                return Ignored.REPEATED if seq == known_seq else Ignored.OLDER
        elif boot in earlier:
            return Ignored.EARLIER_BOOT
        else:
            earlier = (known_boot, *earlier[: BOOTS_REMEMBERED - 1])
    merged = reported if full or not before else before | reported
    if None in merged.values():
        merged = {name: value for name, value in merged.items() if value is not None}
    if len(merged) > PROPERTIES_LIMIT:
        return Ignored.TOO_MANY_PROPERTIES
    return Known(boot, seq, merged, earlier)


def fits(encoded_state: bytes | str) -> bool:
    """True when a merged state, encoded as JSON, is small enough to be kept.

    Apart from `apply_report`, because whoever stores the state has to encode it anyway.
    """
    return len(encoded_state) <= BYTES_LIMIT


def forget(known: Known) -> Known:
    """A new epoch: nothing of the state stays, the place in the count does, so that old reports remain old."""
    return known._replace(state={})
