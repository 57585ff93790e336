"""Who decides for a minor, on SQL."""

from typing import Any, Final

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from gateway.domain.guardians import GuardianCode, Guardianship
from gateway.domain.identity import AccountId
from gateway.storage.statements import AnyRow, Statements
from gateway.storage.tables.consent import guardian_codes, guardianships


def _show(dialect: Any) -> Any:
    shown = dialect.insert(guardian_codes)
    names = ("digest", "shown_at", "expires_at")
    return shown.on_conflict_do_update(
        index_elements=["account_id"], set_={name: shown.excluded[name] for name in names}
    )


_SHOW: Final = {True: _show(postgresql), False: _show(sqlite)}
_BY_CODE: Final = select(guardian_codes).where(guardian_codes.c.digest == bindparam("digest")).with_for_update()
_REMOVE_CODE: Final = delete(guardian_codes).where(
    guardian_codes.c.account_id == bindparam("account_id"), guardian_codes.c.digest == bindparam("digest")
)
_ADD: Final = {
    True: postgresql.insert(guardianships).on_conflict_do_nothing().returning(guardianships.c.ward_id),
    False: sqlite.insert(guardianships).on_conflict_do_nothing().returning(guardianships.c.ward_id),
}
_OF_MINOR: Final = select(guardianships).where(guardianships.c.account_id == bindparam("account_id"))
_OF_GUARDIAN: Final = (
    select(guardianships)
    .where(guardianships.c.guardian_id == bindparam("guardian_id"))
    .order_by(guardianships.c.since, guardianships.c.ward_id)
)
_BY_WARD: Final = select(guardianships).where(guardianships.c.ward_id == bindparam("ward_id"))
_HELD_WARD: Final = _BY_WARD.with_for_update(read=True)
_REMOVE: Final = delete(guardianships).where(guardianships.c.ward_id == bindparam("ward_id"))


class SqlGuardians:
    """Implements `usecases.repositories.guardians.GuardianRepository`."""

    def __init__(self, statements: Statements) -> None:
        self._statements: Final = statements

    def show_code(self, code: GuardianCode) -> None:
        """See the protocol."""
        self._statements.execute(
            _SHOW[self._statements.is_postgresql],
            {
                "account_id": code.account_id,
                "digest": code.digest,
                "shown_at": code.shown_at,
                "expires_at": code.expires_at,
            },
        )

    def by_code(self, digest: bytes) -> GuardianCode | None:
        """See the protocol."""
        row = self._statements.first(_BY_CODE, {"digest": digest})
        return None if row is None else GuardianCode(row.account_id, row.digest, row.shown_at, row.expires_at)

    def remove_code(self, code: GuardianCode) -> bool:
        """See the protocol."""
        values = {"account_id": code.account_id, "digest": code.digest}
        return self._statements.execute(_REMOVE_CODE, values).rowcount == 1

    def add(self, guardianship: Guardianship) -> bool:
        """See the protocol."""
        values = {
            "account_id": guardianship.account_id,
            "ward_id": guardianship.ward_id,
            "guardian_id": guardianship.guardian_id,
            "since": guardianship.since,
        }
        return self._statements.first(_ADD[self._statements.is_postgresql], values) is not None

    def of_minor(self, account_id: AccountId) -> Guardianship | None:
        """See the protocol."""
        row = self._statements.first(_OF_MINOR, {"account_id": account_id})
        return None if row is None else _guardianship(row)

    def of_guardian(self, guardian_id: AccountId) -> list[Guardianship]:
        """See the protocol."""
        return [_guardianship(row) for row in self._statements.all(_OF_GUARDIAN, {"guardian_id": guardian_id})]

    def by_ward(self, ward_id: str) -> Guardianship | None:
        """See the protocol."""
        row = self._statements.first(_BY_WARD if self._statements.read_only else _HELD_WARD, {"ward_id": ward_id})
        return None if row is None else _guardianship(row)

    def remove(self, guardianship: Guardianship) -> bool:
        """See the protocol."""
        return self._statements.execute(_REMOVE, {"ward_id": guardianship.ward_id}).rowcount == 1


def _guardianship(row: AnyRow) -> Guardianship:
    return Guardianship(AccountId(row.account_id), row.ward_id, AccountId(row.guardian_id), row.since)
