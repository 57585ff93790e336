"""Staff log in with name, password and the code of their authenticator; then every request shows the cookie.

An unknown name, a wrong password, a wrong or used code and a disabled account are answered alike after the same work:
one bcrypt and two commits. Each leaves a row. What is tried during a wait is not looked at and leaves none: the row of
the try that began the wait says how long it is.
"""

import base64
import hmac
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from gateway.domain.audit import NOBODY, AuditEntry, Result
from gateway.domain.staff import (
    Action,
    Staff,
    StaffId,
    StaffRole,
    StaffSession,
    acting_role,
    admits,
    normal_staff_name,
    used,
)
from gateway.domain.throttle import Wait
from gateway.domain.totp import matching_step
from gateway.usecases import audit, throttling
from gateway.usecases.services import (
    BlindIndexes,
    IndexedField,
    PasswordBusyError,
    PasswordRecord,
    Passwords,
    Sealer,
    TokenPurpose,
    Tokens,
)
from gateway.usecases.throttling import ThrottleKeys
from gateway.usecases.transaction import Database, DatabaseUnavailableError, Transaction

THROTTLED_AS: Final = "staff"


class MayNotError(Exception):
    """None of their roles allows this. Nothing was done; `note_refusal` writes it to the audit."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody of the staff showed a cookie that counts. Has one maker: `authenticate`."""

    staff_id: StaffId = field(repr=False)
    name: str = field(repr=False)
    """To be shown to themselves and to colleagues."""
    roles: frozenset[StaffRole]
    ends_at: datetime
    """When the session ends if nobody uses it any more."""
    digest: bytes = field(repr=False)

    def role_for(self, action: Action) -> StaffRole | None:
        """The role in which they may do this; None when they may not."""
        return acting_role(self.roles, action)

    def role_in(self, action: Action) -> StaffRole:
        """The role in which they do this. Every use case of staff asks, whatever the page before it has asked.

        Raises:
            MayNotError: they may not.
        """
        role = self.role_for(action)
        if role is None:
            raise MayNotError
        return role


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """The cookie, and what forms carry. The gateway keeps a digest only."""

    token: str = field(repr=False)
    csrf_token: str = field(repr=False)
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class LogInRefused:
    """Unknown, wrong, used, disabled, or too many tries: not told apart."""

    retry_after_s: int | None = None
    """Seconds in which no further try is looked at. As long for a name that nobody has."""


@dataclass(frozen=True, slots=True)
class _Begun:
    staff: Staff | None
    record: PasswordRecord | None
    wait: int | None
    looked_at: bool


async def log_in(
    database: Database,
    name: str,
    password: str,
    code: str,
    *,
    passwords: Passwords,
    indexes: BlindIndexes,
    sealer: Sealer,
    tokens: Tokens,
    address: str,
    now: datetime,
) -> LoggedIn | LogInRefused:
    """Count the try, check password and code, open a session, and write it all to the audit.

    Raises:
        PasswordBusyError: too many are being checked.
        AuditUnavailableError: the audit cannot be written: nobody gets in unseen.
    """
    normal = normal_staff_name(name)
    # What is no name is counted as it came: the same answer, and no hint about the form of names.
    value = normal if isinstance(normal, str) else f"\0{name}"
    keys = throttling.keys_of(indexes, what=THROTTLED_AS, name=value, address=address)
    name_index = indexes.index(IndexedField.STAFF_NAME, value)

    def begin(tx: Transaction) -> _Begun:
        allowed = throttling.take_try(tx, keys, now)
        if isinstance(allowed, Wait):
            return _Begun(None, None, allowed.seconds, looked_at=False)
        staff = tx.staff.by_name(name_index)
        record = None if staff is None else tx.staff.password(staff.staff_id)
        return _Begun(staff, record, throttling.wait_after(tx, keys, now), looked_at=True)

    begun = await audit.recorded(database, begin)
    right = await passwords.verify(password, begun.record)
    if not begun.looked_at:
        return LogInRefused(begun.wait)

    def finish(tx: Transaction) -> LoggedIn | LogInRefused:
        tx.audit.hold()  # before anything of the staff's is locked, as in every use case of theirs
        staff = None if begun.staff is None else tx.staff.get(begun.staff.staff_id)
        step = _usable_step(tx, staff, begun.record, code, sealer, now) if right else None
        if staff is None or step is None:
            row = _log_in_row(staff, name_index, Result.REFUSED, now)
            audit.append(tx, replace(row, reason="" if begun.wait is None else f"further tries wait {begun.wait} s"))
            return LogInRefused(begun.wait)
        return _open_session(tx, replace(staff, totp_step=step), keys, tokens, name_index, now)

    outcome = await audit.recorded(database, finish)
    if isinstance(outcome, LoggedIn) and begun.staff is not None and begun.record is not None:
        await _renew_hash(database, passwords, begun.staff.staff_id, begun.record, password)
    return outcome


async def _renew_hash(
    database: Database, passwords: Passwords, staff_id: StaffId, record: PasswordRecord, password: str
) -> None:
    """Hash the password anew where its record is an old one.

    Only for somebody who was admitted: a second hash before that would tell by its time that the password is right.
    """
    if not passwords.needs_rehash(record):
        return
    try:
        replacement = await passwords.hash(password)
        await database.run(lambda tx: tx.staff.replace_password(staff_id, record, replacement))
    except (PasswordBusyError, DatabaseUnavailableError):
        return  # they are logged in, and the next log-in tries again


def _usable_step(
    tx: Transaction, staff: Staff | None, record: PasswordRecord | None, code: str, sealer: Sealer, now: datetime
) -> int | None:
    """The step of a code that counts, for somebody who may log in with the password that was checked."""
    if staff is None or staff.disabled_at is not None or record is None:
        return None
    if tx.staff.password(staff.staff_id) != record:
        return None  # changed since it was checked
    secret = sealer.open(staff.totp_sealed, place=totp_place(staff.staff_id))
    return matching_step(secret, code, after=staff.totp_step, now=now)


def _open_session(
    tx: Transaction, staff: Staff, keys: ThrottleKeys, tokens: Tokens, name_index: bytes, now: datetime
) -> LoggedIn:
    tx.staff.put(staff)  # with the step that is used up: of two log-ins with one code the second starts again, refused
    throttling.forgive(tx, keys)
    token, digest = tokens.mint(TokenPurpose.STAFF)
    session = StaffSession(digest, staff.staff_id, opened_at=now, used_at=now)
    tx.staff_sessions.add(session)
    audit.append(tx, _log_in_row(staff, name_index, Result.GRANTED, now))
    return LoggedIn(token, csrf_token(tokens, token), session.ends_at)


def _log_in_row(staff: Staff | None, name_index: bytes, result: Result, now: datetime) -> AuditEntry:
    """Refused ones too. The name that was tried is kept as a digest: it may be a password typed into the wrong box."""
    role = acting_role(staff.roles, Action.LOG_IN) if staff is not None and result is Result.GRANTED else None
    return AuditEntry(
        at=now,
        staff_id=None if staff is None else staff.staff_id,
        role=NOBODY if role is None else role.value,
        action=Action.LOG_IN,
        result=result,
        target=name_index,
    )


def authenticate(
    tx: Transaction, token: str, *, tokens: Tokens, sealer: Sealer, now: datetime, prolong: bool = True
) -> SignedIn | None:
    """Who shows this cookie; None when it does not count (any more).

    Prolongs the session: run it, do not read it. Unless a script asked, whoever it is that sits before the page.
    """
    session = tx.staff_sessions.get(tokens.digest(TokenPurpose.STAFF, token))
    staff = None if session is None else tx.staff.get(session.staff_id)
    if session is None or staff is None or not admits(session, staff, now):
        return None
    prolonged = used(session, now) if prolong else session
    if prolonged is not session:
        tx.staff_sessions.put(prolonged)
    return SignedIn(staff.staff_id, name_of(staff, sealer), staff.roles, prolonged.ends_at, session.digest)


def still_signed_in(tx: Transaction, who: SignedIn, now: datetime) -> bool:
    """Whether a page that updates itself may still tell anything. Does not prolong: nobody pressed a key."""
    session = tx.staff_sessions.get(who.digest)
    staff = None if session is None else tx.staff.get(session.staff_id)
    return session is not None and staff is not None and staff.roles == who.roles and admits(session, staff, now)


def log_out(tx: Transaction, who: SignedIn, now: datetime) -> None:
    """End this session."""
    tx.audit.hold()
    session = tx.staff_sessions.get(who.digest)
    if session is None or session.ended_at is not None:
        return
    tx.staff_sessions.put(replace(session, ended_at=now))
    audit.append(tx, entry_of(who, Action.LOG_OUT, Result.GRANTED, now))


def entry_of(who: SignedIn, action: Action, result: Result, now: datetime) -> AuditEntry:
    """An entry about nobody in particular; `dataclasses.replace` adds what it was about.

    Raises:
        MayNotError: their roles do not allow it.
    """
    return AuditEntry(at=now, staff_id=who.staff_id, role=who.role_in(action), action=action, result=result)


def note_refusal(tx: Transaction, who: SignedIn, action: Action, now: datetime) -> None:
    """Somebody asked for what none of their roles allows."""
    entry = AuditEntry(at=now, staff_id=who.staff_id, role=NOBODY, action=action, result=Result.REFUSED)
    audit.append(tx, entry)


def csrf_token(tokens: Tokens, token: str) -> str:
    """What the forms of a session carry: an HMAC of its cookie, so that it need not be kept."""
    return base64.urlsafe_b64encode(tokens.digest(TokenPurpose.CSRF, token)).rstrip(b"=").decode()


def csrf_fits(tokens: Tokens, token: str, presented: str) -> bool:
    """Whether a form came from a page of this session; in constant time."""
    return hmac.compare_digest(csrf_token(tokens, token).encode(), presented.encode("utf-8", "replace"))


def name_of(staff: Staff, sealer: Sealer) -> str:
    """The name in readable form, for colleagues."""
    return sealer.open(staff.name_sealed, place=name_place(staff.staff_id)).decode()


def name_place(staff_id: StaffId) -> str:
    """Where a sealed name lives."""
    return f"staff.name_sealed:{staff_id}"


def totp_place(staff_id: StaffId) -> str:
    """Where a sealed authenticator's secret lives."""
    return f"staff.totp_sealed:{staff_id}"
