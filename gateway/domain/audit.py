"""The audit: who looked at what, in rows that hang together so that none can be changed, removed, added or swapped.

Each row holds the hash of the one before. Once a day the newest hash is signed with a key that is not in the database,
so that not even the whole chain can be made anew; the newest of these checkpoints is kept outside of it as well, so
that they cannot be taken away either. Time removes rows only up to a signed checkpoint.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum, unique
from typing import Final

from gateway.domain.identity import AccountId, DeviceId
from gateway.domain.staff import StaffId

GENESIS: Final = bytes(32)
"""What the first row has in place of the hash before it."""
CHECKPOINT_EVERY: Final = timedelta(hours=24)
CLOCKS_MAY_DIFFER: Final = timedelta(hours=1)
"""A checkpoint from further ahead was signed by a clock that was wrong: it does not put off the next one."""
KEPT_FOR: Final = timedelta(days=730)
"""privacy.md: two years."""

MACHINE: Final = "machine"
"""The role of whoever sits at the command line."""
CUSTOMER: Final = "customer"
"""The role of a customer who ended what they had allowed."""
NOBODY: Final = "nobody"
"""The role of somebody who did not get in."""


@unique
class Result(StrEnum):
    """What became of it."""

    GRANTED = "granted"
    REFUSED = "refused"
    NOT_FOUND = "not_found"
    """Looked, and there was nothing: a miss."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One look, or one decision, of somebody of the staff."""

    at: datetime
    staff_id: StaffId | None = field(repr=False)
    """None for the command line, and for whoever did not get in."""
    role: str
    """A `StaffRole` in which it was done, or `MACHINE`, `CUSTOMER`, `NOBODY`."""
    action: str
    """An `Action`."""
    result: str
    """A `Result`."""
    device_id: DeviceId | None = field(default=None, repr=False)
    """The appliance, where the customer must see that it was looked at."""
    account_id: AccountId | None = field(default=None, repr=False)
    """Whose appliance that was: who sees this row in their activity."""
    target: bytes | None = field(default=None, repr=False)
    """What else it was about, as a keyed digest (32 bytes)."""
    case: str = field(default="", repr=False)
    reason: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class AuditRow:
    """An entry in its place in the chain."""

    number: int
    """1, 2, 3, without a gap."""
    entry: AuditEntry
    previous: bytes = field(repr=False)
    """Hash of the row before."""
    hash: bytes = field(repr=False)
    """SHA-256 over the canonical form of all of the above."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The newest hash of a moment, signed together with its place among all checkpoints and the signature before."""

    number: int
    """Of the row that it vouches for, and with it for all before."""
    hash: bytes = field(repr=False)
    at: datetime
    signature: bytes = field(repr=False)
    """Ed25519, 64 bytes."""


@dataclass(frozen=True, slots=True)
class KnownCheckpoint:
    """The newest checkpoint as it is kept outside of the database: less than this the database may not hold."""

    ordinal: int
    """1 for the first that this installation ever made. None is ever removed."""
    number: int
    """Of the row that it vouches for."""
    signature: bytes = field(repr=False)


@unique
class Fault(StrEnum):
    """What is wrong with the chain."""

    EDITED = "edited"
    """The row is not what was written: its hash does not fit its content."""
    MISSING = "missing"
    """This row is gone, and not by its age."""
    OUT_OF_PLACE = "out_of_place"
    """The row does not follow the one before it: swapped or slipped in."""
    END_MISSING = "end_missing"
    """Rows after this one are gone."""
    CHECKPOINT = "checkpoint"
    """The row is not the one that a checkpoint was signed for: everything up to it may have been written anew."""
    SIGNATURE = "signature"
    """A checkpoint was not signed with this installation's key, or the one before it is gone."""
    SIGNATURE_MISSING = "signature_missing"
    """The checkpoint of this row was made, and is gone: the database was set back, or somebody hides a new chain."""


@dataclass(frozen=True, slots=True)
class Sound:
    """Every row is what was written, where it was written."""

    rows: int
    checkpoints: int
    first: int | None
    """Number of the oldest row that is kept; None when there is none."""
    last: int | None
    vouched: int
    """Number of the newest row that a signature vouches for; what is newer is chained, not signed yet."""


@dataclass(frozen=True, slots=True)
class Broken:
    """The first row at which something is wrong."""

    number: int
    fault: Fault


def is_due(newest: Checkpoint | None, end: int, now: datetime) -> bool:
    """Whether the audit, whose last row is `end`, is to be signed: once a day where there is something new."""
    if newest is None:
        return end > 0
    late = now >= newest.at + CHECKPOINT_EVERY or newest.at > now + CLOCKS_MAY_DIFFER
    return late and end != newest.number


Digest = Callable[[int, AuditEntry, bytes], bytes]
"""The hash of a row: of its number, its entry and the hash before."""


class Chain:
    """Follows the chain row by row, oldest first, without holding more than one.

    Args:
        checkpoints: all that are kept, signatures already checked.
        digest: how a row is hashed.
        end: the number that was given out last.
        now: the present moment, by which is judged what age may have removed.
    """

    def __init__(self, checkpoints: Sequence[Checkpoint], digest: Digest, end: int, now: datetime) -> None:
        self._checkpoints: Final = {one.number: one for one in checkpoints}
        self._newest: Final = max((one.number for one in checkpoints), default=0)
        self._digest: Final = digest
        self._end: Final = end
        self._forgettable: Final = max((one.number for one in checkpoints if one.at <= now - KEPT_FOR), default=0)
        self._rows = 0
        self._first: int | None = None
        self._last: AuditRow | None = None

    def follow(self, rows: Iterable[AuditRow]) -> Broken | None:
        """Take the next rows; the first that is wrong, or None."""
        return next((broken for row in rows if (broken := self._take(row)) is not None), None)

    def end(self) -> Sound | Broken:
        """After the last row: whether the end is where it has to be."""
        last = 0 if self._last is None else self._last.number
        if last < max(self._end, self._newest):
            return Broken(last + 1, Fault.END_MISSING)
        vouched = min(self._newest, last)
        return Sound(self._rows, len(self._checkpoints), self._first, last or None, vouched)

    @property
    def _expected(self) -> int:
        return self._forgettable + 1 if self._last is None else self._last.number + 1

    def _take(self, row: AuditRow) -> Broken | None:
        fault = self._fault(row)
        if fault is not None:
            return Broken(self._expected if fault is Fault.MISSING else row.number, fault)
        self._rows += 1
        self._first = row.number if self._first is None else self._first
        self._last = row
        return None

    def _fault(self, row: AuditRow) -> Fault | None:
        before = self._last
        if before is None:
            fault = self._fault_of_first(row)
        elif row.number != before.number + 1:
            fault = Fault.MISSING
        else:
            fault = None if row.previous == before.hash else Fault.OUT_OF_PLACE
        if fault is not None:
            return fault
        if not self._is_what_was_written(row):
            return Fault.EDITED
        vouched = self._checkpoints.get(row.number)
        return Fault.CHECKPOINT if vouched is not None and vouched.hash != row.hash else None

    def _is_what_was_written(self, row: AuditRow) -> bool:
        try:
            return self._digest(row.number, row.entry, row.previous) == row.hash
        except (AttributeError, TypeError, ValueError):
            return False  # somebody put in what no program writes: SQLite takes text for a number

    def _fault_of_first(self, row: AuditRow) -> Fault | None:
        if row.number == 1:
            return None if row.previous == GENESIS else Fault.OUT_OF_PLACE
        if row.number < 1 or row.number - 1 > self._forgettable:
            return Fault.MISSING
        before = self._checkpoints.get(row.number - 1)  # none where the removing was interrupted half-way
        return Fault.OUT_OF_PLACE if before is not None and before.hash != row.previous else None
