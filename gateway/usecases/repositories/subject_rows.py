"""Everything that is stored about one person, table by table, as the data map says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from gateway.domain.identity import AccountId, DeviceId


@dataclass(frozen=True, slots=True)
class SealedValue:
    """A value under the person's key, and the place at which it opens."""

    sealed: bytes = field(repr=False)
    place: str = field(repr=False)
    is_json: bool = False


@dataclass(frozen=True, slots=True)
class SubjectRow:
    """What a person may read of one row: each column whose readers include them, ready for JSON or sealed."""

    values: Mapping[str, Any | SealedValue] = field(repr=False)


@dataclass(frozen=True, slots=True)
class SubjectPage:
    """Some rows of a table, in the order of its key."""

    rows: tuple[SubjectRow, ...]
    after: str | None = field(repr=False)
    """Where to go on; None at the end of the table."""


class SubjectRowRepository(Protocol):
    """Reading whatever is about one person. Which tables those are, and how their rows are reached, the map says."""

    def tables(self) -> tuple[str, ...]:
        """The tables of which a person may read something, in the map's order."""

    def page(self, account_id: AccountId, table: str, after: str | None, at_most: int, now: datetime) -> SubjectPage:
        """Rows of one of those tables that are about this person, after a place that an earlier page gave."""

    def tables_of_devices(self) -> tuple[str, ...]:
        """Those of which some rows belong to one device."""

    def of_device(
        self, account_id: AccountId, device_id: DeviceId, table: str, at_most: int, now: datetime
    ) -> tuple[SubjectRow, ...]:
        """Rows of one of those that are about this person and belong to this device."""

    def schema(self) -> Mapping[str, Any]:
        """A JSON Schema (2020-12) of all that: an object with an array for each table."""
