"""Copies of a person's data on SQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, delete, insert, select, update

from gateway.domain.exports import Export, ExportId, ExportStatus
from gateway.domain.identity import AccountId
from gateway.storage.statements import AnyRow, Statements
from gateway.storage.tables.access import accounts
from gateway.storage.tables.rights import export_pieces, exports

_INSERT: Final = insert(exports)
_GET: Final = select(exports).where(exports.c.export_id == bindparam("export_id"))
_BY_TOKEN: Final = select(exports).where(exports.c.token_digest == bindparam("digest"))
_OF_ACCOUNT: Final = (
    select(exports)
    .where(exports.c.account_id == bindparam("account_id"))
    .order_by(exports.c.asked_at.desc(), exports.c.export_id)
)
_HOLD: Final = select(accounts.c.account_id).where(accounts.c.account_id == bindparam("account_id")).with_for_update()
_ASKED: Final = select(exports.c.asked_at).where(
    exports.c.account_id == bindparam("account_id"), exports.c.asked_at > bindparam("after")
)
_IN_MAKING: Final = (
    select(exports)
    .where(exports.c.status == ExportStatus.MAKING.value)
    .order_by(exports.c.asked_at, exports.c.export_id)
    .limit(1)
    # Of several gateways each takes another one; where there is only one, the others leave it to the first.
    .with_for_update(skip_locked=True)
)
_CHANGING: Final = ("status", "ready_at", "expires_at", "place", "pieces", "size", "fetching_until", "fetched_at")
_PUT: Final = (
    update(exports)
    .where(exports.c.export_id == bindparam("b_export_id"), exports.c.version == bindparam("b_version"))
    .values({**{name: bindparam(name) for name in _CHANGING}, "version": exports.c.version + 1})
)
_REMOVE: Final = delete(exports).where(
    exports.c.export_id == bindparam("b_export_id"), exports.c.account_id == bindparam("b_account_id")
)
_ADD_PIECE: Final = insert(export_pieces)
_PIECE: Final = select(export_pieces.c.sealed).where(
    export_pieces.c.export_id == bindparam("export_id"), export_pieces.c.number == bindparam("number")
)
_DROP: Final = delete(export_pieces).where(export_pieces.c.export_id == bindparam("b_export_id"))


class SqlExports:
    """Implements `usecases.repositories.exports.ExportRepository`."""

    def __init__(self, statements: Statements) -> None:
        self._statements: Final = statements

    def add(self, export: Export) -> None:
        """See the protocol."""
        self._statements.execute(
            _INSERT,
            {
                "export_id": export.export_id,
                "account_id": export.account_id,
                "asked_at": export.asked_at,
                "token_digest": export.token_digest,
                "version": export.version,
                **_changing(export),
            },
        )

    def get(self, export_id: ExportId) -> Export | None:
        """See the protocol."""
        row = self._statements.first(_GET, {"export_id": export_id})
        return None if row is None else _export(row)

    def by_token(self, digest: bytes) -> Export | None:
        """See the protocol."""
        row = self._statements.first(_BY_TOKEN, {"digest": digest})
        return None if row is None else _export(row)

    def of_account(self, account_id: AccountId) -> list[Export]:
        """See the protocol."""
        return [_export(row) for row in self._statements.all(_OF_ACCOUNT, {"account_id": account_id})]

    def asked_at(self, account_id: AccountId, after: datetime) -> Sequence[datetime]:
        """See the protocol."""
        self._statements.first(_HOLD, {"account_id": account_id})
        rows = self._statements.all(_ASKED, {"account_id": account_id, "after": after})
        return [row.asked_at for row in rows]

    def in_making(self) -> Export | None:
        """See the protocol."""
        row = self._statements.first(_IN_MAKING)
        return None if row is None else _export(row)

    def put(self, export: Export) -> None:
        """See the protocol."""
        values = {"b_export_id": export.export_id, "b_version": export.version, **_changing(export)}
        self._statements.execute_guarded(_PUT, values)

    def add_piece(self, export_id: ExportId, number: int, sealed: bytes) -> None:
        """See the protocol."""
        self._statements.execute(_ADD_PIECE, {"export_id": export_id, "number": number, "sealed": sealed})

    def piece(self, export_id: ExportId, number: int) -> bytes | None:
        """See the protocol."""
        row = self._statements.first(_PIECE, {"export_id": export_id, "number": number})
        return None if row is None else row.sealed

    def drop_pieces(self, export_id: ExportId) -> None:
        """See the protocol."""
        self._statements.execute(_DROP, {"b_export_id": export_id})

    def remove(self, account_id: AccountId, export_id: ExportId) -> bool:
        """See the protocol."""
        values = {"b_export_id": export_id, "b_account_id": account_id}
        return self._statements.execute(_REMOVE, values).rowcount == 1


def _changing(export: Export) -> dict[str, Any]:
    return {
        "status": export.status.value,
        "ready_at": export.ready_at,
        "expires_at": export.expires_at,
        "place": export.place,
        "pieces": export.pieces,
        "size": export.size,
        "fetching_until": export.fetching_until,
        "fetched_at": export.fetched_at,
    }


def _export(row: AnyRow) -> Export:
    return Export(
        export_id=ExportId(row.export_id),
        account_id=AccountId(row.account_id),
        token_digest=row.token_digest,
        asked_at=row.asked_at,
        expires_at=row.expires_at,
        status=ExportStatus(row.status),
        ready_at=row.ready_at,
        place=row.place,
        pieces=row.pieces,
        size=row.size,
        fetching_until=row.fetching_until,
        fetched_at=row.fetched_at,
        version=row.version,
    )
