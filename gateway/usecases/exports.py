"""A copy of everything that is stored about a person: made piece by piece by a job, fetched once with a token.

What is in it, the data map says (`tx.subject_rows`); nothing here knows a table. Each piece is the next stretch of the
finished document, sealed under the person's key, and is written with the place at which the next one goes on: a job
that was killed goes on where it was, and two gateways write no piece twice. A copy is not one moment's picture: each
piece is what was there when it was made, within minutes.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from gateway.domain import exports as rules
from gateway.domain.exports import (
    DAY,
    PIECES_AT_MOST,
    BeingFetched,
    EnoughAsked,
    Export,
    ExportId,
    ExportStatus,
    NotFetchable,
)
from gateway.domain.identity import AccountId, DeviceId
from gateway.usecases import notices
from gateway.usecases.outbox import Counted
from gateway.usecases.persons import PersonKeys, SealedBefore
from gateway.usecases.repositories.subject_rows import SealedValue, SubjectRow
from gateway.usecases.services import Identifiers, Sealer, TokenPurpose, Tokens
from gateway.usecases.transaction import Transaction

FORMAT: Final = "hearthgate export 1"
READY: Final = "export.ready"
"""Notice for the person."""
FETCHED: Final = "export.fetched"
"""Notice for the person: if it was not they who fetched it, they should know."""
FAILED: Final = "export.failed"

ROWS_AT_ONCE: Final = 100
PIECE_BYTES: Final = 64 * 1024
"""A piece is closed when it has grown to this; one row may carry it beyond."""
OF_DEVICE_AT_MOST: Final = 200
"""Rows of one table that are shown of a device at once."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A copy will be made. The token is told once; the gateway keeps a digest."""

    export: Export
    token: str = field(repr=False)


def ask(
    tx: Transaction, account_id: AccountId, *, tokens: Tokens, identifiers: Identifiers, now: datetime
) -> Asked | EnoughAsked:
    """Ask for a copy of everything about this account."""
    token, digest = tokens.mint(TokenPurpose.EXPORT)
    export = rules.ask(
        export_id=ExportId(identifiers.new("y")),
        account_id=account_id,
        token_digest=digest,
        asked=tx.exports.asked_at(account_id, now - DAY),
        now=now,
    )
    if isinstance(export, EnoughAsked):
        return export
    tx.exports.add(export)
    tx.count(Counted.EXPORT, "asked")
    return Asked(export, token)


def of_account(tx: Transaction, account_id: AccountId) -> list[Export]:
    """The account's copies, newest first."""
    return tx.exports.of_account(account_id)


def one(tx: Transaction, account_id: AccountId, export_id: ExportId) -> Export | None:
    """One of the account's copies."""
    export = tx.exports.get(export_id)
    return None if export is None or export.account_id != account_id else export


def remove(tx: Transaction, account_id: AccountId, export_id: ExportId) -> bool:
    """Take a copy away, whatever has become of it; False when the account has none of this id."""
    return tx.exports.remove(account_id, export_id)


# -- making it


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the tables were left."""

    tables: str
    """Which tables there were: a newer program may have more, and then the copy is begun again."""
    table: str
    after: str | None
    begun: bool
    """A row of the table is in the copy already."""


def make_some(tx: Transaction, persons: PersonKeys, common: Sealer, now: datetime) -> bool:
    """Make one piece of the copy that has waited longest; False when there is none to make.

    Args:
        tx: a transaction of its own.
        persons: keys of persons.
        common: opens what was sealed before persons had keys.
        now: the present moment.
    """
    export = tx.exports.in_making()
    if export is None:
        return False
    sealer = SealedBefore(persons.sealer(export.account_id), common)
    try:
        _make_piece(tx, export, sealer, now)
    except ValueError:  # a value does not open, or the key is gone: never a copy with a hole that nobody sees
        _fail(tx, export, now)
    return True


def _make_piece(tx: Transaction, export: Export, sealer: Sealer, now: datetime) -> None:
    names = tx.subject_rows.tables()
    fingerprint = hashlib.sha256("\0".join(names).encode()).hexdigest()[:16]
    place = _read_place(export, names, fingerprint)
    if place is None:
        export = replace(export, place=None, pieces=0, size=0)
        place = _Place(fingerprint, names[0], None, begun=False)
        text = _head(tx, export, now)
    else:
        text = ""
    if export.pieces >= PIECES_AT_MOST:
        raise ValueError("too large")
    while len(text) < PIECE_BYTES:
        more, following = _some_rows(tx, export.account_id, place, names, sealer, now)
        text += more
        if following is None:
            _store(tx, export, text + "}}\n", place, sealer, now, last=True)
            return
        place = following
    _store(tx, export, text, place, sealer, now, last=False)


def _some_rows(
    tx: Transaction, account_id: AccountId, place: _Place, names: tuple[str, ...], sealer: Sealer, now: datetime
) -> tuple[str, _Place | None]:
    """The next rows as text, and where to go on; None after the last table."""
    page = tx.subject_rows.page(account_id, place.table, place.after, ROWS_AT_ONCE, now)
    index = names.index(place.table)
    opening = "" if place.after is not None else f"{',' if index else ''}\n{json.dumps(place.table)}:["
    rows = ",".join("\n " + _json(opened(row, sealer)) for row in page.rows)
    text = opening + ("," if rows and place.begun else "") + rows
    begun = place.begun or bool(page.rows)
    if page.after is not None:
        return text, replace(place, after=page.after, begun=begun)
    if index + 1 == len(names):
        return text + "]", None
    return text + "]", _Place(place.tables, names[index + 1], None, begun=False)


def _store(
    tx: Transaction, export: Export, text: str, place: _Place, sealer: Sealer, now: datetime, *, last: bool
) -> None:
    content = text.encode()
    number = export.pieces
    sealed = sealer.seal(content, place=_piece_place(export, number))
    grown = rules.grown(export, place=_written(place), size=len(content))
    # First the row with the version: another gateway at the same piece waits there, and then begins again after it.
    tx.exports.put(rules.ready(grown, now) if last else grown)
    if number == 0:
        tx.exports.drop_pieces(export.export_id)  # of a beginning that another program made
    tx.exports.add_piece(export.export_id, number, sealed)
    if last:
        notices.tell(tx, export.account_id, READY, {"export_id": export.export_id}, now)
        tx.count(Counted.EXPORT, "ready")


def _fail(tx: Transaction, export: Export, now: datetime) -> None:
    tx.exports.put(rules.failed(export))
    tx.exports.drop_pieces(export.export_id)
    tx.count(Counted.EXPORT, "failed")
    notices.tell(tx, export.account_id, FAILED, {"export_id": export.export_id}, now)


def _head(tx: Transaction, export: Export, now: datetime) -> str:
    told = {
        "format": FORMAT,
        "made_at": _moment(now),
        "account_id": export.account_id,
        "schema": tx.subject_rows.schema(),
    }
    return _json(told)[:-1] + ',"data":{'


def opened(row: SubjectRow, sealer: Sealer) -> dict[str, Any]:
    """A row as its person reads it: what is sealed, opened.

    Raises:
        ValueError: something does not open.
    """
    return {
        name: _opened(value, sealer) if isinstance(value, SealedValue) else value for name, value in row.values.items()
    }


def _opened(value: SealedValue, sealer: Sealer) -> Any:
    text = sealer.open(value.sealed, place=value.place).decode()
    return json.loads(text) if value.is_json else text


def schema(tx: Transaction) -> Mapping[str, Any]:
    """The JSON Schema of `data` in a copy."""
    return tx.subject_rows.schema()


# -- fetching it


def begin_fetch(tx: Transaction, token: str, *, tokens: Tokens, now: datetime) -> Export | NotFetchable | BeingFetched:
    """Whoever holds the token begins to fetch; the export, to be read with `piece`."""
    export = rules.begin_fetch(tx.exports.by_token(tokens.digest(TokenPurpose.EXPORT, token)), now)
    if isinstance(export, Export):
        tx.exports.put(export)
    return export


def piece(tx: Transaction, export: Export, number: int, persons: PersonKeys) -> bytes | None:
    """A stretch of the document; None when it is gone (the account closed meanwhile).

    Raises:
        ValueError: it does not open.
    """
    sealed = tx.exports.piece(export.export_id, number)
    if sealed is None:
        return None
    return persons.sealer(export.account_id).open(sealed, place=_piece_place(export, number))


def end_fetch(tx: Transaction, begun: Export, *, complete: bool, now: datetime) -> None:
    """All of what was `begun` was handed over, and it goes; or the connection broke, and the token still counts."""
    export = tx.exports.get(begun.export_id)
    if export is None or export.status is not ExportStatus.READY:
        return
    ended = rules.end_fetch(export, begun, complete=complete, now=now)
    if ended is not export:
        tx.exports.put(ended)
    if complete:
        tx.exports.drop_pieces(export.export_id)
        tx.count(Counted.EXPORT, "fetched")
        notices.tell(tx, export.account_id, FETCHED, {"export_id": export.export_id}, now)


# -- one device, live


def of_device(
    tx: Transaction, account_id: AccountId, device_id: DeviceId, sealer: Sealer, now: datetime
) -> dict[str, list[dict[str, Any]]]:
    """Everything that is stored about a device for this person now: at most so many rows of each table, the latest.

    The caller has made sure that the device is theirs.
    """
    return {
        table: [opened(row, sealer) for row in rows]
        for table in tx.subject_rows.tables_of_devices()
        if (rows := tx.subject_rows.of_device(account_id, device_id, table, OF_DEVICE_AT_MOST, now))
    }


# -- texts


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _piece_place(export: Export, number: int) -> str:
    return f"export_pieces.sealed:{export.account_id}:{export.export_id}:{number}"


def _written(place: _Place) -> str:
    return json.dumps([place.tables, place.table, place.after, place.begun])


def _read_place(export: Export, names: tuple[str, ...], fingerprint: str) -> _Place | None:
    """Where to go on; None to begin, or to begin again because the tables are others now."""
    if export.place is None:
        return None
    tables, table, after, begun = json.loads(export.place)
    return _Place(tables, table, after, begun) if tables == fingerprint and table in names else None
