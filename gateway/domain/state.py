"""Reported state: the latest word of an appliance, whatever order its words arrive in.

Called for every report (30,000 a second), so it is one plain function over plain dicts and tuples: under 2 µs.

Order: within one `boot`, the higher `seq` is newer, property by property: a late report still adds what nothing newer
said, so the reports of one boot come to the same in any order. A `boot` never seen before is a restart and begins a new
count; one that was seen earlier and is no longer the present one is old, however high its `seq`. A merge follows
RFC 7396 one level deep: `null` removes a property, anything else replaces it.
"""

from collections.abc import Mapping
from enum import Enum, unique
from types import MappingProxyType
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
    """The highest that was seen in this boot."""
    state: dict[str, Any]
    earlier_boots: tuple[str, ...] = ()
    """The boots before, newest first, at most `BOOTS_REMEMBERED`."""
    marks: Mapping[str, int] = MappingProxyType({})
    """For each property that a merge wrote (or removed) since the last full report: by which `seq`."""
    full_seq: int = -1
    """The `seq` of the last full report; nothing before it counts. -1 when there was none."""


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
    reported: Mapping[str, Any],
    full: bool,  # noqa: FBT001 - positional for speed; the caller's word for it is on the wire
) -> Known | Ignored:
    """The state after a report, or why it changes nothing. `known` and `reported` are left as they are."""
    earlier: tuple[str, ...] = ()
    before: dict[str, Any] = {}
    marks: Mapping[str, int] = {}
    full_seq = -1
    if known is not None:
        known_boot, known_seq, before, earlier, marks, full_seq = known
        if boot == known_boot:
            if seq <= known_seq:
                return _late(known, seq, reported, full)
        elif boot in earlier:
            return Ignored.EARLIER_BOOT
        else:
            earlier = (known_boot, *earlier[: BOOTS_REMEMBERED - 1])
            marks = {}  # a new count: nothing of the old one is comparable with it
            full_seq = -1
    if full:
        merged, marks, full_seq = dict(reported), {}, seq
    else:
        merged = {**before, **reported}
        marks = {**marks, **dict.fromkeys(reported, seq)}
    if None in merged.values():
        merged = {name: value for name, value in merged.items() if value is not None}
    if len(merged) > PROPERTIES_LIMIT or len(marks) > PROPERTIES_LIMIT:
        return Ignored.TOO_MANY_PROPERTIES
    return Known(boot, seq, merged, earlier, marks, full_seq)


def _late(known: Known, seq: int, reported: Mapping[str, Any], full: bool) -> Known | Ignored:  # noqa: FBT001 - as above
    """A report that others of its boot overtook, as happens when two gateways share the intake.

    It was acknowledged like any other, so what nobody has said since still counts: property by property, the highest
    `seq` wins, and so the order of arrival does not matter.
    """
    if seq == known.seq:
        return Ignored.REPEATED
    if seq <= known.full_seq:
        return Ignored.OLDER
    state, marks = dict(known.state), dict(known.marks)
    floor = known.full_seq
    if full:
        for name in [name for name in state if marks.get(name, floor) < seq]:
            del state[name]
        floor = seq
    news = {name: value for name, value in reported.items() if marks.get(name, known.full_seq) < seq}
    if not news and not full:
        return Ignored.OLDER
    for name, value in news.items():
        if value is None:
            state.pop(name, None)
        else:
            state[name] = value
    if full:
        marks = {name: mark for name, mark in marks.items() if mark > seq}
    else:
        marks.update(dict.fromkeys(news, seq))
    if len(state) > PROPERTIES_LIMIT or len(marks) > PROPERTIES_LIMIT:
        return Ignored.TOO_MANY_PROPERTIES
    return Known(known.boot, known.seq, state, known.earlier_boots, marks, floor)


def fits(encoded_state: bytes | str) -> bool:
    """True when a merged state, encoded as JSON, is small enough to be kept.

    Apart from `apply_report`, because whoever stores the state has to encode it anyway.
    """
    return len(encoded_state) <= BYTES_LIMIT


def forget(known: Known) -> Known:
    """A new epoch: nothing of the state stays, the place in the count does.

    Everything up to it counts as overruled, as by a full report: what another gateway still has in hand of the former
    owner's reports must not come to light under the next one.
    """
    return known._replace(state={}, marks={}, full_seq=known.seq)


def of_epoch(reported: int | None, present: int) -> bool:
    """Whether a report belongs to the present epoch, by the appliance's own word where it gives one.

    A report may wait in a queue while its device is released and bound to somebody else. An appliance that names its
    epoch cannot have an earlier person's state stored for a later one.
    """
    return reported is None or reported == present
