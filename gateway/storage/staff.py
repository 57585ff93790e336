"""Staff and their sessions on SQL."""

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.domain.staff import Staff, StaffId, StaffRole, StaffSession
from gateway.storage.accounts import INDEX_KEY
from gateway.storage.statements import AnyRow, Statements
from gateway.storage.tables.staff import staff, staff_sessions
from gateway.usecases.services import PasswordRecord

_GET: Final = select(staff).where(staff.c.staff_id == bindparam("staff_id"))
_BY_NAME: Final = select(staff).where(staff.c.name_index == bindparam("name_index"))
_ALL: Final = select(staff).order_by(staff.c.created_at, staff.c.staff_id)
_ADD: Final = {
    True: postgresql.insert(staff).on_conflict_do_nothing(index_elements=["name_index"]).returning(staff.c.staff_id),
    False: sqlite.insert(staff).on_conflict_do_nothing(index_elements=["name_index"]).returning(staff.c.staff_id),
}
_PUT: Final = (
    update(staff)
    .where(staff.c.staff_id == bindparam("b_staff_id"), staff.c.version == bindparam("b_version"))
    .values(
        {
            name: bindparam(name)
            for name in ("name_index", "name_sealed", "roles", "disabled_at", "totp_sealed", "totp_step", "version")
        }
    )
)
_PASSWORD: Final = ("password_scheme", "password_hash", "password_pepper_id")
_REPLACE_PASSWORD: Final = (
    update(staff)
    .where(staff.c.staff_id == bindparam("b_staff_id"), staff.c.password_hash == bindparam("b_hash"))
    # With the version, so that who checked the former password and stores the person afterwards starts again.
    .values({**{name: bindparam(name) for name in _PASSWORD}, "version": staff.c.version + 1})
)
_OPEN: Final = insert(staff_sessions)
_SESSION: Final = select(staff_sessions).where(staff_sessions.c.digest == bindparam("digest"))
_LIVING: Final = update(staff_sessions).where(staff_sessions.c.ended_at.is_(None))
_PUT_SESSION: Final = _LIVING.where(staff_sessions.c.digest == bindparam("b_digest")).values(
    used_at=bindparam("used_at"), ended_at=bindparam("ended_at")
)
_END_ALL: Final = _LIVING.where(staff_sessions.c.staff_id == bindparam("b_staff_id")).values(
    ended_at=bindparam("ended_at")
)


class SqlStaff:
    """Implements `usecases.repositories.staff.StaffRepository`."""

    def __init__(self, statements: Statements) -> None:
        self._statements: Final = statements

    def get(self, staff_id: StaffId) -> Staff | None:
        """See the protocol."""
        row = self._statements.first(_GET, {"staff_id": staff_id})
        return None if row is None else _staff(row)

    def by_name(self, name_index: bytes) -> Staff | None:
        """See the protocol."""
        row = self._statements.first(_BY_NAME, {"name_index": name_index})
        return None if row is None else _staff(row)

    def all(self) -> list[Staff]:
        """See the protocol."""
        return [_staff(row) for row in self._statements.all(_ALL)]

    def add(self, staff: Staff, password: PasswordRecord) -> bool:
        """See the protocol."""
        values = {
            "staff_id": staff.staff_id,
            "name_index_key": INDEX_KEY,
            "created_at": staff.created_at,
            **_columns(staff),
            **_password(password),
        }
        return self._statements.first(_ADD[self._statements.is_postgresql], values) is not None

    def put(self, staff: Staff) -> None:
        """See the protocol."""
        changed = replace(staff, version=staff.version + 1)
        values = {"b_staff_id": staff.staff_id, "b_version": staff.version, **_columns(changed)}
        self._statements.execute_guarded(_PUT, values)

    def password(self, staff_id: StaffId) -> PasswordRecord | None:
        """See the protocol."""
        row = self._statements.first(_GET, {"staff_id": staff_id})
        if row is None:
            return None
        return PasswordRecord(row.password_scheme, row.password_hash, row.password_pepper_id)

    def replace_password(self, staff_id: StaffId, old: PasswordRecord, new: PasswordRecord) -> bool:
        """See the protocol."""
        values = {"b_staff_id": staff_id, "b_hash": old.hash, **_password(new)}
        return self._statements.execute(_REPLACE_PASSWORD, values).rowcount == 1


class SqlStaffSessions:
    """Implements `usecases.repositories.staff.StaffSessionRepository`."""

    def __init__(self, statements: Statements) -> None:
        self._statements: Final = statements

    def add(self, session: StaffSession) -> None:
        """See the protocol."""
        self._statements.execute(
            _OPEN,
            {
                "digest": session.digest,
                "staff_id": session.staff_id,
                "opened_at": session.opened_at,
                "used_at": session.used_at,
                "ended_at": session.ended_at,
            },
        )

    def get(self, digest: bytes) -> StaffSession | None:
        """See the protocol."""
        row = self._statements.first(_SESSION, {"digest": digest})
        if row is None:
            return None
        return StaffSession(row.digest, StaffId(row.staff_id), row.opened_at, row.used_at, row.ended_at)

    def put(self, session: StaffSession) -> None:
        """See the protocol."""
        values = {"b_digest": session.digest, "used_at": session.used_at, "ended_at": session.ended_at}
        self._statements.execute(_PUT_SESSION, values)

    def end_all(self, staff_id: StaffId, now: datetime) -> int:
        """See the protocol."""
        return self._statements.execute(_END_ALL, {"b_staff_id": staff_id, "ended_at": now}).rowcount


def _columns(staff: Staff) -> dict[str, Any]:
    return {
        "name_index": staff.name_index,
        "name_sealed": staff.name_sealed,
        "roles": ",".join(sorted(staff.roles)),
        "disabled_at": staff.disabled_at,
        "totp_sealed": staff.totp_sealed,
        "totp_step": staff.totp_step,
        "version": staff.version,
    }


def _password(record: PasswordRecord) -> dict[str, Any]:
    return {
        "password_scheme": record.scheme,
        "password_hash": record.hash,
        "password_pepper_id": record.pepper_id,
    }


def _staff(row: AnyRow) -> Staff:
    return Staff(
        staff_id=StaffId(row.staff_id),
        name_index=row.name_index,
        name_sealed=row.name_sealed,
        roles=frozenset(StaffRole(role) for role in row.roles.split(",")),
        created_at=row.created_at,
        totp_sealed=row.totp_sealed,
        totp_step=row.totp_step,
        disabled_at=row.disabled_at,
        version=row.version,
    )
