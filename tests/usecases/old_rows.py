"""A row of every kind that time ends, each written at `NOW`, and how many there are."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from gateway.domain.attempts import Outcome
from gateway.domain.audit import Checkpoint
from gateway.domain.evidence import Evidence, Source
from gateway.domain.identity import SessionId
from gateway.domain.sessions import AccessToken, RefreshToken, Session, SessionEnd
from gateway.domain.staff import StaffSession
from gateway.domain.support_access import GlassState
from gateway.domain.throttle import Throttle
from gateway.storage.retention import RULES
from gateway.usecases import audit
from gateway.usecases.repositories.attempts import AttemptKeys
from gateway.usecases.repositories.idempotency import KeptAnswer
from gateway.usecases.repositories.pairings import PairingStep
from gateway.usecases.repositories.retention import RetentionClass as Class
from gateway.usecases.transaction import Transaction
from tests.storage.location_records import with_firing, with_invitation, with_line, with_presence
from tests.storage.records import (
    NOW,
    SECOND,
    a_pairing,
    account_id,
    an_attempt,
    an_ended_command,
    device_id,
    digest,
    pairing_id,
    with_accounts,
    with_devices,
)
from tests.storage.staff_records import (
    a_code,
    a_glass,
    a_grant,
    a_password,
    a_reviewed_glass,
    a_staff,
    an_ended_grant,
    an_entry,
)
from tests.usecases import old_consents, old_erasures, old_rights

TEN_MINUTES = timedelta(minutes=10)
FAILED = an_attempt(list(Outcome).index(Outcome.FAILED)).attempt_id


def session(number: int, *, ended: bool) -> tuple[Session, AccessToken, RefreshToken]:
    session_id = SessionId(f"s-{number:026}")
    yesterday = NOW - timedelta(days=1)
    one = Session(session_id, account_id(), yesterday, NOW)
    if ended:
        one = replace(one, refreshed_at=NOW - SECOND, ended_at=NOW, end=SessionEnd.LOGGED_OUT)
    far = NOW + timedelta(days=100)
    return (
        one,
        AccessToken(digest(f"access {number}"), session_id, far),
        RefreshToken(digest(f"refresh {number}"), session_id, far),
    )


def with_session(tx: Transaction, *, ended: bool) -> None:
    with_accounts(tx, 1)
    tx.sessions.add(*session(1 if ended else 2, ended=ended))


def with_tokens(tx: Transaction) -> None:
    with_accounts(tx, 1)
    one, access, refresh = session(3, ended=False)
    tx.sessions.add(one, replace(access, expires_at=NOW), refresh)


def with_attempt(tx: Transaction, outcome: Outcome) -> None:
    attempt = an_attempt(list(Outcome).index(outcome), outcome)
    tx.attempts.add(attempt, AttemptKeys())
    tx.attempts.note(attempt.attempt_id, Evidence(Source.CLAIM, NOW, "seen"))


def with_pairing(tx: Transaction) -> None:
    with_accounts(tx, 1)
    if tx.pairings.get(pairing_id()) is not None:
        return
    tx.pairings.add(replace(a_pairing(), opened_at=NOW - TEN_MINUTES, expires_at=NOW))
    tx.pairings.note_step(pairing_id(), PairingStep("opened", NOW))


def with_address(tx: Transaction) -> None:
    with_accounts(tx, 1)
    tx.pairings.add(a_pairing(2), digest("address"))


def with_command(tx: Transaction) -> None:
    with_devices(tx, 1)
    tx.commands.add(an_ended_command(), None)


def an_answer() -> KeptAnswer:
    return KeptAnswer(digest("key"), digest("request"), 201, None, b"sealed", account_id(), NOW)


def with_former_staff(tx: Transaction) -> None:
    tx.staff.add(replace(a_staff(1), disabled_at=NOW), a_password())


def with_staff_session(tx: Transaction, *, ended: bool) -> None:
    number = 2 if ended else 3
    tx.staff.add(a_staff(number), a_password())
    tx.staff_sessions.add(
        StaffSession(
            digest(f"staff session {number}"),
            a_staff(number).staff_id,
            opened_at=NOW - TEN_MINUTES,
            used_at=NOW - SECOND if ended else NOW,
            ended_at=NOW if ended else None,
        )
    )


def with_audit(tx: Transaction) -> None:
    """A row with the signature that lets it go, and one of much later, which is kept as the newest."""
    row = audit.append(tx, an_entry(NOW))
    tx.audit.add_checkpoint(Checkpoint(row.number, row.hash, NOW, b"signature"))
    audit.append(tx, an_entry(NOW + timedelta(days=900)))


Seed = Callable[[Transaction], Any]


SEEDS: dict[str, tuple[Class, Seed]] = {
    "a failed attempt": (Class.ATTEMPT, lambda tx: with_attempt(tx, Outcome.FAILED)),
    "an attempt that nobody closed": (Class.ATTEMPT, lambda tx: with_attempt(tx, Outcome.OPEN)),
    "a successful attempt": (Class.ATTEMPT_SUCCEEDED, lambda tx: with_attempt(tx, Outcome.SUCCEEDED)),
    "evidence without an attempt": (
        Class.EVIDENCE_WAITING,
        lambda tx: tx.attempts.note(None, Evidence(Source.BROKER, NOW, "refused"), digest("address")),
    ),
    "a pairing": (Class.PAIRING, with_pairing),
    "a pairing's token": (Class.PAIRING_TOKEN, with_pairing),
    "a pairing's address": (Class.PAIRING_ADDRESS, with_address),
    "a command": (Class.COMMAND, with_command),
    "a message id": (Class.MESSAGE_ID, lambda tx: tx.received.first_time(device_id(), "m", NOW)),
    "an event": (Class.EVENT, lambda tx: tx.emit(account_id(), "device.bound", {}, NOW)),
    "a session at rest": (Class.SESSION, lambda tx: with_session(tx, ended=False)),
    "a session that ended": (Class.SESSION, lambda tx: with_session(tx, ended=True)),
    "a token": (Class.SESSION_TOKEN, with_tokens),
    "a throttle": (Class.THROTTLE, lambda tx: tx.throttles.put(digest("name"), Throttle(1, NOW))),
    "a kept answer": (Class.KEPT_ANSWER, lambda tx: tx.idempotency.keep(an_answer(), NOW - timedelta(days=1))),
    "somebody who left the staff": (Class.STAFF, with_former_staff),
    "a session of staff at rest": (Class.STAFF_SESSION, lambda tx: with_staff_session(tx, ended=False)),
    "a session of staff that ended": (Class.STAFF_SESSION, lambda tx: with_staff_session(tx, ended=True)),
    "a support code": (Class.SUPPORT_CODE, lambda tx: tx.support_access.show_code(replace(a_code(), expires_at=NOW))),
    "a grant that ran out": (Class.SUPPORT_GRANT, lambda tx: tx.support_access.add_grant(a_grant(1, until=NOW))),
    "a grant that was ended": (Class.SUPPORT_GRANT, lambda tx: tx.support_access.add_grant(an_ended_grant(2))),
    "a break-glass that was declined": (
        Class.BREAK_GLASS,
        lambda tx: tx.support_access.add_glass(replace(a_glass(1), state=GlassState.DECLINED)),
    ),
    "a break-glass that was reviewed": (
        Class.BREAK_GLASS,
        lambda tx: tx.support_access.add_glass(a_reviewed_glass(2)),
    ),
    "a row of the audit": (Class.AUDIT, with_audit),
    **old_consents.SEEDS,
    **old_erasures.SEEDS,
    **old_rights.SEEDS,
    "an invitation into a home": (Class.HOME_INVITATION, with_invitation),
    "where somebody is": (Class.PRESENCE, with_presence),
    "what a rule did": (Class.FIRING, with_firing),
    "why a rule did it": (Class.EXPLANATION, with_line),
}


def rows(tx: Any, which: Class) -> int:
    """Rows of a class."""
    rule = RULES[which]
    query = select(func.count()).select_from(rule.table)
    if rule.only is not None:
        query = query.where(rule.only)
    count: int = tx.statements.execute(query).scalar_one()
    return count
