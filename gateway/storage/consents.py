"""What people said to each purpose, and the notices shown for it, on SQL. The ledger is in `consent_ledger`."""

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import and_, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.domain.consent import Consent, ConsentState, Purpose
from gateway.domain.consent_notices import ConsentNotice
from gateway.domain.identity import AccountId
from gateway.domain.policies import Language
from gateway.storage.consent_ledger import SqlConsentLedger
from gateway.storage.statements import AnyRow
from gateway.storage.tables.consent import consent_notices, consents, guardianships, policies, policy_purposes
from gateway.storage.tables.schema import Instant
from gateway.usecases.repositories.consents import Standing
from gateway.usecases.transaction import StaleVersionError

# What came after a version that takes rights away never reaches who did not say yes to that one. So it does not ask
# them for their acknowledgement either: they would have to give it to what they refused, or connect nothing any more.
_REACHES: Final = or_(
    policy_purposes.c.purpose != Purpose.POLICY.value,
    ~select(policies.c.version)
    .where(
        policies.c.reduces_rights,
        policies.c.version > consents.c.policy_version,
        policies.c.version < policy_purposes.c.version,
    )
    .correlate(consents, policy_purposes)
    .exists(),
)
# Beside each consent the newest version in effect that asks for its purpose anew: one reading tells whether it counts.
_STOPPED_BY: Final = (
    select(func.max(policy_purposes.c.version))
    .where(
        policy_purposes.c.purpose == consents.c.purpose,
        policy_purposes.c.effective_at <= bindparam("now", type_=Instant()),
        _REACHES,
    )
    .scalar_subquery()
    .label("stopped_by")
)
_UNGUARDED: Final = and_(
    consents.c.by_guardian,
    ~select(guardianships.c.ward_id).where(guardianships.c.account_id == consents.c.account_id).exists(),
)
_STANDINGS: Final = select(consents, _STOPPED_BY, _UNGUARDED.label("unguarded")).where(
    consents.c.account_id == bindparam("account_id")
)
_STANDING: Final = _STANDINGS.where(consents.c.purpose == bindparam("purpose"))
_HELD: Final = _STANDING.with_for_update(read=True, of=consents)

_TO_CHANGE: Final = _STANDING.with_for_update(of=consents)

_NAMES: Final = ("state", "at", "text_version", "policy_version", "event_number", "by_guardian", "ask_at")
_ADD: Final = {
    True: postgresql.insert(consents).on_conflict_do_nothing().returning(consents.c.version),
    False: sqlite.insert(consents).on_conflict_do_nothing().returning(consents.c.version),
}
_THIS: Final = (
    consents.c.account_id == bindparam("b_account_id"),
    consents.c.purpose == bindparam("b_purpose"),
    consents.c.version == bindparam("b_version"),
)
_PUT: Final = (
    update(consents)
    .where(*_THIS)
    .values({**{name: bindparam(name) for name in _NAMES}, "version": consents.c.version + 1})
)
_PUT_ASK_AT: Final = update(consents).where(*_THIS).values(ask_at=bindparam("ask_at"), version=consents.c.version + 1)
_TO_ASK: Final = (
    select(consents)
    .where(consents.c.ask_at <= bindparam("now", type_=Instant()))
    .order_by(consents.c.ask_at, consents.c.account_id)
    .limit(bindparam("at_most"))
)
_NEXT_TO_ASK: Final = select(func.min(consents.c.ask_at, type_=Instant()))
_STOPPABLE: Final = (
    (policy_purposes.c.purpose == consents.c.purpose)
    & (consents.c.state == ConsentState.GRANTED.value)
    & (consents.c.policy_version < policy_purposes.c.version)
    & _REACHES
)
_SUPERSEDED: Final = (
    select(consents)
    .where(
        consents.c.state == ConsentState.GRANTED.value,
        or_(
            select(policy_purposes.c.version)
            .where(_STOPPABLE, policy_purposes.c.effective_at <= bindparam("now", type_=Instant()))
            .exists(),
            _UNGUARDED,
        ),
    )
    .order_by(consents.c.account_id, consents.c.purpose)
    .limit(bindparam("at_most"))
)
_NEXT_TO_STOP: Final = select(func.min(policy_purposes.c.effective_at, type_=Instant())).where(
    select(consents.c.account_id).where(_STOPPABLE).exists()
)

_REPLACE_NOTICE: Final = delete(consent_notices).where(
    consent_notices.c.account_id == bindparam("account_id"),
    consent_notices.c.shown_to == bindparam("shown_to"),
    consent_notices.c.purpose == bindparam("purpose"),
    consent_notices.c.used_by.is_(None),
)
_ADD_NOTICE: Final = insert(consent_notices)
_NOTICE: Final = select(consent_notices).where(consent_notices.c.notice_id == bindparam("notice_id"))
_USE_NOTICE: Final = (
    update(consent_notices)
    .where(consent_notices.c.notice_id == bindparam("b_notice_id"), consent_notices.c.version == bindparam("b_version"))
    .values(used_by=bindparam("used_by"), version=consent_notices.c.version + 1)
)


class SqlConsents(SqlConsentLedger):
    """Implements `usecases.repositories.consents.ConsentRepository`."""

    def standing(self, account_id: AccountId, purpose: Purpose, now: datetime) -> Standing:
        """See the protocol."""
        held = self._statements.is_postgresql and not self._statements.read_only
        values = {"account_id": account_id, "purpose": purpose.value, "now": now}
        return _standing(self._statements.first(_HELD if held else _STANDING, values))

    def to_change(self, account_id: AccountId, purpose: Purpose, now: datetime) -> Standing:
        """See the protocol."""
        values = {"account_id": account_id, "purpose": purpose.value, "now": now}
        return _standing(self._statements.first(_TO_CHANGE, values))

    def of_account(self, account_id: AccountId, now: datetime) -> dict[Purpose, Standing]:
        """See the protocol."""
        rows = self._statements.all(_STANDINGS, {"account_id": account_id, "now": now})
        return {Purpose(row.purpose): _standing(row) for row in rows}

    def put(self, consent: Consent) -> Consent:
        """See the protocol."""
        values = {name: getattr(consent, name) for name in _NAMES} | {"state": consent.state.value}
        if consent.version == 0:
            names = {"account_id": consent.account_id, "purpose": consent.purpose.value, "version": 1}
            if self._statements.first(_ADD[self._statements.is_postgresql], {**values, **names}) is None:
                raise StaleVersionError
        else:
            self._statements.execute_guarded(_PUT, values | _this(consent))
        return replace(consent, version=consent.version + 1)

    def put_ask_at(self, consent: Consent) -> None:
        """See the protocol."""
        self._statements.execute_guarded(_PUT_ASK_AT, {"ask_at": consent.ask_at} | _this(consent))

    def to_ask(self, now: datetime, at_most: int) -> list[Consent]:
        """See the protocol."""
        return [_consent(row) for row in self._statements.all(_TO_ASK, {"now": now, "at_most": at_most})]

    def superseded(self, now: datetime, at_most: int) -> list[Consent]:
        """See the protocol."""
        return [_consent(row) for row in self._statements.all(_SUPERSEDED, {"now": now, "at_most": at_most})]

    def next_moment(self) -> datetime | None:
        """See the protocol."""
        rows = (self._statements.first(_NEXT_TO_ASK), self._statements.first(_NEXT_TO_STOP))
        return min((row[0] for row in rows if row is not None and row[0] is not None), default=None)

    def add_notice(self, notice: ConsentNotice) -> None:
        """See the protocol."""
        answerless = {"account_id": notice.account_id, "shown_to": notice.shown_to, "purpose": notice.purpose.value}
        self._statements.execute(_REPLACE_NOTICE, answerless)
        self._statements.execute(
            _ADD_NOTICE,
            {
                "notice_id": notice.notice_id,
                "account_id": notice.account_id,
                "purpose": notice.purpose.value,
                "shown_to": notice.shown_to,
                "language": notice.language.value,
                "text_version": notice.text_version,
                "text_hash": notice.text_hash,
                "policy_version": notice.policy_version,
                "shown_at": notice.shown_at,
                "expires_at": notice.expires_at,
                "used_by": notice.used_by,
                "version": notice.version,
            },
        )

    def notice(self, notice_id: str) -> ConsentNotice | None:
        """See the protocol."""
        row = self._statements.first(_NOTICE, {"notice_id": notice_id})
        return None if row is None else _notice(row)

    def use_notice(self, notice: ConsentNotice) -> None:
        """See the protocol."""
        self._statements.execute_guarded(
            _USE_NOTICE,
            {"b_notice_id": notice.notice_id, "b_version": notice.version, "used_by": notice.used_by},
        )


def _standing(row: AnyRow | None) -> Standing:
    return Standing(None, None) if row is None else Standing(_consent(row), row.stopped_by, not row.unguarded)


def _this(consent: Consent) -> dict[str, Any]:
    return {
        "b_account_id": consent.account_id,
        "b_purpose": consent.purpose.value,
        "b_version": consent.version,
    }


def _consent(row: AnyRow) -> Consent:
    return Consent(
        account_id=AccountId(row.account_id),
        purpose=Purpose(row.purpose),
        state=ConsentState(row.state),
        at=row.at,
        text_version=row.text_version,
        policy_version=row.policy_version,
        event_number=row.event_number,
        by_guardian=row.by_guardian,
        ask_at=row.ask_at,
        version=row.version,
    )


def _notice(row: AnyRow) -> ConsentNotice:
    return ConsentNotice(
        notice_id=row.notice_id,
        account_id=AccountId(row.account_id),
        shown_to=AccountId(row.shown_to),
        purpose=Purpose(row.purpose),
        language=Language(row.language),
        text_version=row.text_version,
        text_hash=row.text_hash,
        policy_version=row.policy_version,
        shown_at=row.shown_at,
        expires_at=row.expires_at,
        used_by=row.used_by,
        version=row.version,
    )
