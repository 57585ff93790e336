"""Accounts of staff: made, listed, given other roles, recovered and disabled; by an admin, or on the machine itself.

Nobody changes their own account this way: whoever lost their authenticator needs another admin, and nobody hands
themselves a role.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from gateway.domain.audit import MACHINE, AuditEntry, Result
from gateway.domain.staff import (
    Action,
    BadStaffName,
    Staff,
    StaffId,
    StaffRole,
    normal_staff_name,
    wrong_together,
)
from gateway.domain.support_access import GrantEnd
from gateway.domain.totp import SECRET_BYTES, otpauth_uri
from gateway.usecases import audit
from gateway.usecases.accounts import BadChoice
from gateway.usecases.services import (
    BlindIndexes,
    Identifiers,
    IndexedField,
    PasswordRecord,
    Passwords,
    Sealer,
    Tokens,
)
from gateway.usecases.staff_sessions import SignedIn, name_of, name_place, totp_place
from gateway.usecases.support_notes import end_and_tell
from gateway.usecases.transaction import StaleVersionError, Transaction

ISSUER: Final = "Hearthgate"
"""The name under which an authenticator shows the account."""


@dataclass(frozen=True, slots=True)
class NewStaff:
    """Somebody to be made; checked by `check_new_staff`, hashed since. Has one maker: `prepare_staff`."""

    staff: Staff
    record: PasswordRecord
    otpauth_uri: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What the authenticator needs, to be shown once, as text and as a QR code."""

    staff_id: StaffId = field(repr=False)
    otpauth_uri: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class StaffNameTaken:
    """Somebody has this name, perhaps somebody who is disabled."""


@dataclass(frozen=True, slots=True)
class NoSuchStaff:
    """There is nobody of this id or name."""


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """Another admin has to do this."""


@dataclass(frozen=True, slots=True)
class LastAdmin:
    """Nobody would be left who could undo it, save on the machine."""


@dataclass(frozen=True, slots=True)
class Changed:
    """Done; every session of the person ended, so that it holds at once."""

    sessions_ended: int


@dataclass(frozen=True, slots=True)
class SeenStaff:
    """Somebody, as an admin sees them."""

    staff_id: StaffId = field(repr=False)
    name: str = field(repr=False)
    roles: frozenset[StaffRole]
    created_at: datetime
    disabled_at: datetime | None


def check_new_staff(
    name: str, password: str, roles: Iterable[StaffRole], passwords: Passwords
) -> str | list[BadChoice]:
    """The normal name, or everything that is wrong with the three."""
    normal = normal_staff_name(name)
    problems = {
        "name": normal.reason if isinstance(normal, BadStaffName) else None,
        "password": passwords.check_rules(password, name),
        "roles": wrong_together(roles),
    }
    wrong = [BadChoice(where, problem) for where, problem in problems.items() if problem is not None]
    return wrong if wrong or isinstance(normal, BadStaffName) else normal


async def prepare_staff(
    name: str,
    password: str,
    roles: Iterable[StaffRole],
    *,
    passwords: Passwords,
    indexes: BlindIndexes,
    identifiers: Identifiers,
    sealer: Sealer,
    tokens: Tokens,
    now: datetime,
) -> NewStaff:
    """Hash the password, make the authenticator's secret. `name` is what `check_new_staff` returned.

    Raises:
        PasswordBusyError: too many are being hashed.
    """
    staff_id = StaffId(identifiers.new("w"))
    secret = tokens.shared_secret(SECRET_BYTES)
    staff = Staff(
        staff_id=staff_id,
        name_index=indexes.index(IndexedField.STAFF_NAME, name),
        name_sealed=sealer.seal(name.encode(), place=name_place(staff_id)),
        roles=frozenset(roles),
        created_at=now,
        totp_sealed=sealer.seal(secret, place=totp_place(staff_id)),
    )
    return NewStaff(staff, await passwords.hash(password), otpauth_uri(secret, issuer=ISSUER, name=name))


def create(tx: Transaction, new: NewStaff, *, by: SignedIn | None, now: datetime) -> Enrolled | StaffNameTaken:
    """Make the account. `by` None: on the machine itself."""
    _may_manage(by)
    tx.audit.hold()
    if not tx.staff.add(new.staff, new.record):
        return StaffNameTaken()
    _record(tx, new.staff, by, "created", now)
    return Enrolled(new.staff.staff_id, new.otpauth_uri)


def listed(tx: Transaction, sealer: Sealer) -> list[SeenStaff]:
    """Everybody, oldest first."""
    return [
        SeenStaff(staff.staff_id, name_of(staff, sealer), staff.roles, staff.created_at, staff.disabled_at)
        for staff in tx.staff.all()
    ]


def by_name(tx: Transaction, name: str, indexes: BlindIndexes) -> StaffId | None:
    """The id of the person who logs in with this name."""
    normal = normal_staff_name(name)
    if isinstance(normal, BadStaffName):
        return None
    staff = tx.staff.by_name(indexes.index(IndexedField.STAFF_NAME, normal))
    return None if staff is None else staff.staff_id


def reset_totp(
    tx: Transaction, staff_id: StaffId, *, by: SignedIn | None, sealer: Sealer, tokens: Tokens, now: datetime
) -> Enrolled | NoSuchStaff | OwnAccount:
    """A new secret for somebody who lost their authenticator; what the old one shows counts no more."""
    staff = _other(tx, staff_id, by)
    if not isinstance(staff, Staff):
        return staff
    secret = tokens.shared_secret(SECRET_BYTES)
    # From the beginning: of the new secret no code was used yet, in this half minute neither.
    tx.staff.put(replace(staff, totp_sealed=sealer.seal(secret, place=totp_place(staff_id)), totp_step=-1))
    tx.staff_sessions.end_all(staff_id, now)
    _record(tx, staff, by, "authenticator reset", now)
    return Enrolled(staff_id, otpauth_uri(secret, issuer=ISSUER, name=name_of(staff, sealer)))


def set_password(
    tx: Transaction, staff_id: StaffId, record: PasswordRecord, *, by: SignedIn | None, now: datetime
) -> Changed | NoSuchStaff | OwnAccount:
    """Another password for somebody who forgot theirs. Hashed beforehand, outside of the transaction."""
    staff = _other(tx, staff_id, by)
    if not isinstance(staff, Staff):
        return staff
    present = tx.staff.password(staff_id)
    if present is None:
        return NoSuchStaff()
    if not tx.staff.replace_password(staff_id, present, record):
        raise StaleVersionError  # hashed anew by a log-in at this moment
    _record(tx, staff, by, "password reset", now)
    return Changed(tx.staff_sessions.end_all(staff_id, now))


def change_roles(
    tx: Transaction, staff_id: StaffId, roles: Iterable[StaffRole], *, by: SignedIn | None, now: datetime
) -> Changed | NoSuchStaff | OwnAccount | LastAdmin | BadChoice:
    """Other roles for somebody else."""
    wanted = frozenset(roles)
    wrong = wrong_together(wanted)
    if wrong is not None:
        return BadChoice("roles", wrong)
    staff = _other(tx, staff_id, by)
    if not isinstance(staff, Staff):
        return staff
    if StaffRole.ADMIN not in wanted and _is_last_admin(tx, staff):
        return LastAdmin()
    tx.staff.put(replace(staff, roles=wanted))
    _record(tx, staff, by, "roles: " + ", ".join(sorted(wanted)), now)
    return Changed(tx.staff_sessions.end_all(staff_id, now))


def disable(
    tx: Transaction, staff_id: StaffId, *, by: SignedIn | None, now: datetime
) -> Changed | NoSuchStaff | OwnAccount | LastAdmin:
    """Nobody logs in with this account any more; its sessions and grants end now. The name stays taken."""
    staff = _other(tx, staff_id, by)
    if not isinstance(staff, Staff):
        return staff
    if _is_last_admin(tx, staff):
        return LastAdmin()
    if staff.disabled_at is None:
        tx.staff.put(replace(staff, disabled_at=now))
        for grant in tx.support_access.open_grants(now):
            if grant.staff_id == staff_id:
                end_and_tell(tx, grant, GrantEnd.DISABLED, _entry(by, Action.END_GRANT, now), now)
        _record(tx, staff, by, "disabled", now)
    return Changed(tx.staff_sessions.end_all(staff_id, now))


def _other(tx: Transaction, staff_id: StaffId, by: SignedIn | None) -> Staff | NoSuchStaff | OwnAccount:
    _may_manage(by)
    tx.audit.hold()  # two admins who disable each other at once: the second sees what the first has done
    if by is not None and by.staff_id == staff_id:
        return OwnAccount()
    return tx.staff.get(staff_id) or NoSuchStaff()


def _may_manage(by: SignedIn | None) -> None:
    if by is not None:
        by.role_in(Action.MANAGE_STAFF)


def _is_last_admin(tx: Transaction, staff: Staff) -> bool:
    if StaffRole.ADMIN not in staff.roles or staff.disabled_at is not None:
        return False
    others = (one for one in tx.staff.all() if one.staff_id != staff.staff_id)
    return not any(StaffRole.ADMIN in one.roles and one.disabled_at is None for one in others)


def _record(tx: Transaction, about: Staff, by: SignedIn | None, what: str, now: datetime) -> None:
    audit.append(tx, replace(_entry(by, Action.MANAGE_STAFF, now), target=about.name_index, reason=what))


def _entry(by: SignedIn | None, action: Action, now: datetime) -> AuditEntry:
    """What an admin does is done in that role, whatever follows from it."""
    return AuditEntry(
        at=now,
        staff_id=None if by is None else by.staff_id,
        role=MACHINE if by is None else by.role_in(Action.MANAGE_STAFF),
        action=action,
        result=Result.GRANTED,
    )
