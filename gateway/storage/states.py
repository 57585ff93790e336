"""States and presences on SQL. Written as plain SQL for the driver: this is the path of 30,000 reports a second."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from pydantic_core import from_json, to_json
from sqlalchemy import TextClause, text

from gateway.domain.identity import AccountId, DeviceId
from gateway.domain.presence import Gone, NeverSeen, Offline, Online, Presence
from gateway.domain.state import Known
from gateway.storage.statements import AnyRow, Statements
from gateway.storage.tables.schema import from_milliseconds, to_milliseconds
from gateway.usecases.repositories.states import StoredState, VisibleState
from gateway.usecases.transaction import StaleVersionError

# One JSON parameter carries any number of ids: an IN list would be compiled anew for each length.
_IDS_SQLITE: Final = "(SELECT value FROM json_each(:ids))"
_IDS_POSTGRESQL: Final = "(SELECT json_array_elements_text(CAST(:ids AS json)))"


class _ByIds:
    """A query for any number of ids, in the three forms that it needs."""

    def __init__(self, sql: str, *, locking: bool = False) -> None:
        self._sqlite: Final = text(sql.format(ids=_IDS_SQLITE))  # its one writer needs no row locks
        self._reading: Final = text(sql.format(ids=_IDS_POSTGRESQL))
        # Locks are taken in the order of ids: two gateways with overlapping batches cannot wait for each other.
        lock = " ORDER BY device_id FOR UPDATE" if locking else ""
        self._changing: Final = text(sql.format(ids=_IDS_POSTGRESQL) + lock)

    def looking(self, statements: Statements) -> TextClause:
        """The form that locks nothing, whatever the transaction."""
        return self._reading if statements.is_postgresql else self._sqlite

    def form(self, statements: Statements) -> TextClause:
        """The form for this transaction."""
        if not statements.is_postgresql:
            return self._sqlite
        return self._reading if statements.read_only else self._changing


_LOCK: Final = _ByIds(
    "SELECT device_id, epoch, boot, seq, full_seq, properties, marks, earlier_boots, as_of, received_at "
    "FROM states WHERE device_id IN {ids}",
    locking=True,
)
_PRESENCES: Final = _ByIds(
    "SELECT device_id, status, since, last_seen_at, session, why FROM presences WHERE device_id IN {ids}",
    locking=True,
)
_OWNERS: Final = _ByIds(
    "SELECT b.device_id, b.account_id FROM bindings b "
    "JOIN devices d ON d.device_id = b.device_id AND d.epoch = b.epoch WHERE b.device_id IN {ids}",
)
_CLEAR: Final = text(
    "UPDATE states SET properties = '{}', marks = '{}', as_of = NULL, received_at = NULL WHERE device_id = :id",
)
_SILENT: Final = text(
    "SELECT device_id FROM presences WHERE status = 'online' AND last_seen_at <= :before "
    "ORDER BY last_seen_at LIMIT :at_most",
)
_LONGEST_SILENT: Final = text("SELECT min(last_seen_at) FROM presences WHERE status = 'online'")
_VISIBLE: Final = (
    "SELECT b.device_id, b.epoch, b.until, s.epoch AS state_epoch, s.properties, s.as_of, s.received_at, s.revision, "
    "p.status, p.since, p.last_seen_at, p.session, p.why, p.revision AS presence_revision "
    "FROM bindings b JOIN devices d ON d.device_id = b.device_id AND d.epoch = b.epoch "
    "LEFT JOIN states s ON s.device_id = b.device_id LEFT JOIN presences p ON p.device_id = b.device_id "
    "WHERE b.account_id = :account_id AND "
)
_VISIBLE_ONE: Final = text(_VISIBLE + "b.device_id = :device_id")
_VISIBLE_ALL: Final = text(
    _VISIBLE
    + "(:after < 0 OR (s.revision > :after AND s.epoch = b.epoch) OR p.revision > :after) ORDER BY b.device_id",
)

_STATE_COLUMNS: Final = (
    "device_id text, epoch integer, boot text, seq bigint, full_seq bigint, properties text, marks text, "
    "earlier_boots text, as_of bigint, received_at bigint, revision bigint"
)
_PRESENCE_COLUMNS: Final = (
    "device_id text, status text, since bigint, last_seen_at bigint, session text, why text, revision bigint"
)


@dataclass(frozen=True, slots=True)
class _Put:
    """Writing many rows at once."""

    sqlite: str
    """Row after row, in the driver's own form. Its one writer knows that nobody else adds rows meanwhile."""
    columns: tuple[str, ...]
    known: TextClause
    """PostgreSQL, rows that this transaction has locked. One JSON parameter for all: one message, not one a row."""
    new: TextClause
    """PostgreSQL, rows that were not there to be locked, in the order of ids: two gateways cannot wait for each other.
    One that came meanwhile is left as it is."""


def _put(table: str, columns: str, *, keep: str = "") -> _Put:
    """The column `keep` stays what it was."""
    names = tuple(column.split()[0] for column in columns.split(", "))
    changed = [name for name in names[1:] if name != keep]
    overwrite = ", ".join(f"{name} = excluded.{name}" for name in changed)
    change = ", ".join(f"{name} = r.{name}" for name in changed)
    insert = f"INSERT INTO {table} ({', '.join(names)}) "
    rows = f"json_to_recordset(CAST(:rows AS json)) AS r({columns})"
    return _Put(
        sqlite=f"{insert}VALUES ({', '.join('?' * len(names))}) ON CONFLICT (device_id) DO UPDATE SET {overwrite}",
        columns=names,
        known=text(f"UPDATE {table} SET {change} FROM {rows} WHERE {table}.device_id = r.device_id"),  # noqa: S608 - names of ours
        new=text(f"{insert}SELECT * FROM {rows} ORDER BY device_id ON CONFLICT DO NOTHING"),  # noqa: S608 - same
    )


_PUT_STATES: Final = _put("states", _STATE_COLUMNS)
_PUT_PRESENCES: Final = _put("presences", _PRESENCE_COLUMNS)
_PUT_LAST_SEEN: Final = _put("presences", _PRESENCE_COLUMNS, keep="revision")


class SqlStates:
    """Implements `usecases.repositories.states.StateRepository`."""

    def __init__(self, statements: Statements) -> None:
        self._statements: Final = statements
        # Of the devices that were asked for: whether there was a row, which is then locked until the commit.
        self._states: Final[dict[DeviceId, bool]] = {}
        self._presences: Final[dict[DeviceId, bool]] = {}

    def lock(self, device_ids: Iterable[DeviceId]) -> dict[DeviceId, StoredState]:
        """See the protocol."""
        ids = list(device_ids)
        if not ids:
            return {}
        rows = self._statements.tuples(_LOCK.form(self._statements), {"ids": json.dumps(ids)})
        found = dict(map(_stored, rows))
        self._states.update((one, one in found) for one in ids)
        return found

    def put(self, states: Sequence[StoredState], revision: int) -> None:
        """See the protocol."""
        if states:
            if self._statements.is_postgresql:
                self.lock([one.device_id for one in states if one.device_id not in self._states])
            self._put(_PUT_STATES, [_row(one, revision) for one in states], self._states)

    def presences(self, device_ids: Iterable[DeviceId]) -> dict[DeviceId, Presence]:
        """See the protocol."""
        ids = list(device_ids)
        if not ids:
            return {}
        rows = self._statements.all(_PRESENCES.form(self._statements), {"ids": json.dumps(ids)})
        found = {DeviceId(row[0]): _presence(row) for row in rows}
        self._presences.update((one, one in found) for one in ids)
        return found

    def look(self, device_id: DeviceId) -> tuple[StoredState | None, Presence]:
        """See the protocol."""
        statements, ids = self._statements, {"ids": json.dumps([device_id])}
        states = dict(map(_stored, statements.tuples(_LOCK.looking(statements), ids)))
        presences = [_presence(row) for row in statements.all(_PRESENCES.looking(statements), ids)]
        return states.get(device_id), presences[0] if presences else NeverSeen()

    def put_presences(self, presences: Sequence[tuple[DeviceId, Presence]], revision: int | None) -> None:
        """See the protocol."""
        if presences:
            if self._statements.is_postgresql:
                self.presences([one for one, _ in presences if one not in self._presences])
            rows = [_presence_row(device_id, presence, revision) for device_id, presence in presences]
            self._put(_PUT_LAST_SEEN if revision is None else _PUT_PRESENCES, rows, self._presences)

    def _put(self, put: _Put, rows: list[tuple[Any, ...]], there: dict[DeviceId, bool]) -> None:
        if not self._statements.is_postgresql:
            self._statements.write_rows(put.sqlite, rows)
        else:
            known = [row for row in rows if there[row[0]]]
            new = [row for row in rows if not there[row[0]]]
            if known:
                self._statements.execute(put.known, _as_json(put, known))
            if new and self._statements.execute(put.new, _as_json(put, new)).rowcount != len(new):
                raise StaleVersionError  # another gateway had the first word of one of them: read it, then merge
        there.update((row[0], True) for row in rows)

    def clear(self, device_id: DeviceId) -> None:
        """See the protocol."""
        self._statements.execute(_CLEAR, {"id": device_id})

    def silent(self, last_seen_before: datetime, at_most: int) -> list[DeviceId]:
        """See the protocol."""
        values = {"before": to_milliseconds(last_seen_before), "at_most": at_most}
        return [DeviceId(row[0]) for row in self._statements.all(_SILENT, values)]

    def longest_silent(self) -> datetime | None:
        """See the protocol."""
        row = self._statements.first(_LONGEST_SILENT)
        return None if row is None or row[0] is None else from_milliseconds(row[0])

    def owners(self, device_ids: Iterable[DeviceId]) -> dict[DeviceId, list[AccountId]]:
        """See the protocol."""
        found: dict[DeviceId, list[AccountId]] = {}
        statement = _OWNERS.form(self._statements)
        for device_id, account_id in self._statements.all(statement, {"ids": json.dumps(list(device_ids))}):
            found.setdefault(device_id, []).append(account_id)
        return found

    def visible(self, account_id: AccountId, device_id: DeviceId | None, after: int) -> list[VisibleState]:
        """See the protocol."""
        if device_id is None:
            rows = self._statements.all(_VISIBLE_ALL, {"account_id": account_id, "after": after})
        else:
            rows = self._statements.all(_VISIBLE_ONE, {"account_id": account_id, "device_id": device_id})
        return [_visible(row) for row in rows]


def _as_json(put: _Put, rows: list[tuple[Any, ...]]) -> dict[str, str]:
    return {"rows": to_json([dict(zip(put.columns, row, strict=True)) for row in rows]).decode()}


def _row(state: StoredState, revision: int) -> tuple[Any, ...]:
    device_id, epoch, known, as_of, received_at = state
    boot, seq, properties, earlier, marks, full_seq = known
    return (
        device_id,
        epoch,
        boot,
        seq,
        full_seq,
        to_json(properties).decode(),  # several times as quick as `json`
        to_json(dict(marks)).decode() if marks else "{}",
        " ".join(earlier) if earlier else "",
        None if as_of is None else to_milliseconds(as_of),
        _milliseconds(received_at),
        revision,
    )


def _stored(row: tuple[Any, ...]) -> tuple[DeviceId, StoredState]:
    device_id, epoch, boot, seq, full_seq, properties, marks, earlier, as_of, received_at = row
    known = Known(
        boot,
        seq,
        from_json(properties),
        tuple(earlier.split()) if earlier else (),
        from_json(marks) if marks != "{}" else {},
        full_seq,
    )
    return device_id, StoredState(device_id, epoch, known, _moment(as_of), _moment(received_at))


@lru_cache(maxsize=1024)  # the states of one batch were received at one moment
def _moment(value: int | None) -> datetime | None:
    return None if value is None else from_milliseconds(value)


@lru_cache(maxsize=64)
def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else to_milliseconds(moment)


def _presence(row: AnyRow) -> Presence:
    if row.status is None:
        return NeverSeen()
    since, last_seen = from_milliseconds(row.since), from_milliseconds(row.last_seen_at)
    if row.status == "online":
        return Online(since=since, last_seen=last_seen, session=row.session)
    return Offline(since=since, last_seen=last_seen, why=Gone(row.why))


def _presence_row(device_id: DeviceId, presence: Presence, revision: int | None) -> tuple[Any, ...]:
    match presence:
        case Online(since=since, last_seen=last_seen, session=session):
            status, why = "online", None
        case Offline(since=since, last_seen=last_seen, why=gone):
            status, why, session = "offline", gone.value, None
        case NeverSeen():
            raise ValueError("who was never seen has no row")
    return (device_id, status, to_milliseconds(since), to_milliseconds(last_seen), session, why, revision or 0)


def _visible(row: AnyRow) -> VisibleState:
    mine = row.state_epoch == row.epoch
    return VisibleState(
        device_id=row.device_id,
        epoch=row.epoch,
        properties=from_json(row.properties) if mine else {},
        as_of=_moment(row.as_of) if mine else None,
        received_at=_moment(row.received_at) if mine else None,
        presence=_presence(row),
        revision=max(row.revision or 0, row.presence_revision or 0),
        until=_moment(row.until),
    )
