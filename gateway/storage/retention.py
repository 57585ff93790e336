"""Removing old rows on SQL: for each class of the data map that time ends, which rows those are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from sqlalchemy import ColumnElement, Delete, Select, Table, bindparam, delete, func, select, true, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.domain.attempts import Outcome
from gateway.domain.support_access import GlassState
from gateway.storage.data_map import ended_by_time
from gateway.storage.statements import AnyRow, Statements
from gateway.storage.tables import (
    access,
    audit,
    automations,
    consent,
    delivery,
    erasure,
    households,
    lifecycle,
    operation,
    rights,
    staff,
)
from gateway.storage.tables.schema import Instant
from gateway.usecases.repositories.retention import RetentionClass


@dataclass(frozen=True)
class Rule:
    """Which rows of a table are of a class, and since when the time of each has been running."""

    table: Table
    since: ColumnElement[Any]
    only: ColumnElement[bool] | None = None
    also: ColumnElement[bool] | None = None
    """Something that follows from `since`, in a form that an index serves."""

    @property
    def key(self) -> tuple[ColumnElement[Any], ...]:
        """The columns of the primary key."""
        return tuple(self.table.primary_key.columns)

    @cached_property
    def old(self) -> Select[Any]:
        """The keys of the oldest rows whose time is over. Two gateways share them: neither waits for the other."""
        return (
            select(*self.key)
            .where(
                self.since <= bindparam("before", type_=Instant()),
                true() if self.only is None else self.only,
                true() if self.also is None else self.also,
            )
            .order_by(self.since)
            .limit(bindparam("at_most"))
            .with_for_update(skip_locked=True)
        )

    @cached_property
    def removal(self) -> Delete:
        """Removes them."""
        return delete(self.table).where(tuple_(*self.key).in_(self.old))

    @cached_property
    def oldest(self) -> Select[Any]:
        """When the time of the oldest row began."""
        begun = func.min(self.since, type_=Instant())
        return select(begun).where(true() if self.only is None else self.only)


_attempts = lifecycle.attempts.c
_pairings = lifecycle.pairings.c
_sessions = access.sessions.c
_staff_sessions = staff.staff_sessions.c
_grants = staff.support_grants.c
_glasses = staff.break_glass.c
_consent_events = consent.consent_events.c

RULES: Final = {
    RetentionClass.ATTEMPT: Rule(
        lifecycle.attempts,
        _attempts.updated_at,
        _attempts.outcome.in_((Outcome.FAILED.value, Outcome.OPEN.value)),
    ),
    RetentionClass.ATTEMPT_SUCCEEDED: Rule(
        lifecycle.attempts,
        _attempts.updated_at,
        _attempts.outcome == Outcome.SUCCEEDED.value,
    ),
    RetentionClass.EVIDENCE_WAITING: Rule(
        lifecycle.evidence,
        lifecycle.evidence.c.at,
        lifecycle.evidence.c.attempt_id.is_(None),
    ),
    RetentionClass.PAIRING: Rule(lifecycle.pairings, _pairings.expires_at),
    RetentionClass.PAIRING_TOKEN: Rule(lifecycle.pairings, _pairings.expires_at, _pairings.token_digest.is_not(None)),
    RetentionClass.PAIRING_ADDRESS: Rule(lifecycle.pairings, _pairings.opened_at, _pairings.address_index.is_not(None)),
    RetentionClass.COMMAND: Rule(
        operation.commands,
        operation.commands.c.issued_at,
        operation.commands.c.ended_at.is_not(None),
    ),
    RetentionClass.MESSAGE_ID: Rule(operation.received_messages, operation.received_messages.c.at),
    RetentionClass.EVENT: Rule(delivery.events, delivery.events.c.at),
    RetentionClass.SESSION: Rule(
        access.sessions,
        func.coalesce(_sessions.ended_at, _sessions.refreshed_at, type_=Instant()),
        also=_sessions.refreshed_at <= bindparam("before", type_=Instant()),
    ),
    RetentionClass.SESSION_TOKEN: Rule(access.session_tokens, access.session_tokens.c.expires_at),
    RetentionClass.THROTTLE: Rule(access.throttles, access.throttles.c.updated_at),
    RetentionClass.KEPT_ANSWER: Rule(access.idempotent_requests, access.idempotent_requests.c.started_at),
    RetentionClass.STAFF: Rule(staff.staff, staff.staff.c.disabled_at, staff.staff.c.disabled_at.is_not(None)),
    RetentionClass.STAFF_SESSION: Rule(
        staff.staff_sessions,
        func.coalesce(_staff_sessions.ended_at, _staff_sessions.used_at, type_=Instant()),
        also=_staff_sessions.used_at <= bindparam("before", type_=Instant()),
    ),
    RetentionClass.SUPPORT_CODE: Rule(staff.support_codes, staff.support_codes.c.expires_at),
    RetentionClass.SUPPORT_GRANT: Rule(
        staff.support_grants, func.coalesce(_grants.ended_at, _grants.until, type_=Instant())
    ),
    RetentionClass.BREAK_GLASS: Rule(
        staff.break_glass,
        func.coalesce(_glasses.reviewed_at, _glasses.asked_at, type_=Instant()),
        # What was approved waits for its review, however long that takes.
        _glasses.reviewed_at.is_not(None) | (_glasses.state != GlassState.APPROVED.value),
    ),
    RetentionClass.EXPORT: Rule(rights.exports, rights.exports.c.expires_at),
    RetentionClass.REQUEST: Rule(rights.requests, rights.requests.c.ended_at, rights.requests.c.ended_at.is_not(None)),
    RetentionClass.DISCLOSURE: Rule(rights.disclosures, rights.disclosures.c.at),
    RetentionClass.INCIDENT: Rule(rights.incidents, rights.incidents.c.recorded_at),
    RetentionClass.CLOSURE: Rule(rights.closures, rights.closures.c.expires_at),
    RetentionClass.CONSENT_CLOSED: Rule(
        consent.consent_events,
        func.coalesce(_consent_events.closed_at, _consent_events.at, type_=Instant()),
        _consent_events.account_id.is_(None),
        also=_consent_events.at <= bindparam("before", type_=Instant()),
    ),
    RetentionClass.CONSENT_NOTICE: Rule(consent.consent_notices, consent.consent_notices.c.expires_at),
    RetentionClass.NOTICE: Rule(consent.notices, consent.notices.c.at),
    RetentionClass.GUARDIAN_CODE: Rule(consent.guardian_codes, consent.guardian_codes.c.expires_at),
    RetentionClass.HOME_INVITATION: Rule(households.home_invitations, households.home_invitations.c.expires_at),
    RetentionClass.PRESENCE: Rule(households.whereabouts, households.whereabouts.c.heard_at),
    RetentionClass.FIRING: Rule(automations.automation_firings, automations.automation_firings.c.at),
    RetentionClass.EXPLANATION: Rule(automations.automation_lines, automations.automation_lines.c.at),
    RetentionClass.ERASURE: Rule(
        erasure.erasures, erasure.erasures.c.finished_at, erasure.erasures.c.finished_at.is_not(None)
    ),
    RetentionClass.ERASURE_FETCHED: Rule(
        erasure.erasures, erasure.erasures.c.fetched_at, erasure.erasures.c.fetched_at.is_not(None)
    ),
    RetentionClass.AUDIT: Rule(audit.audit_rows, audit.audit_rows.c.at),
}

_EVIDENCE_OF: Final = delete(lifecycle.evidence).where(
    lifecycle.evidence.c.evidence_id.in_(
        select(lifecycle.evidence.c.evidence_id)
        .where(lifecycle.evidence.c.attempt_id.in_(bindparam("ids", expanding=True)))
        .limit(bindparam("at_most")),
    ),
)
_ATTEMPTS: Final = delete(lifecycle.attempts).where(_attempts.attempt_id.in_(bindparam("ids", expanding=True)))
_FORGET_TOKENS: Final = (
    update(lifecycle.pairings)
    .where(_pairings.pairing_id.in_(RULES[RetentionClass.PAIRING_TOKEN].old))
    .values(token_digest=None)
)
_FORGET_ADDRESSES: Final = (
    update(lifecycle.pairings)
    .where(_pairings.pairing_id.in_(RULES[RetentionClass.PAIRING_ADDRESS].old))
    .values(address_index=None)
)
_COMMANDS: Final = RULES[RetentionClass.COMMAND].removal.returning(
    operation.commands.c.status,
    operation.commands.c.issued_at,
)
_PRUNABLE: Final = (
    select(audit.audit_rows.c.number)
    .where(
        audit.audit_rows.c.number
        <= select(func.max(audit.audit_checkpoints.c.number))
        .where(audit.audit_checkpoints.c.at <= bindparam("before", type_=Instant()))
        .scalar_subquery(),
        # The newest row stays whatever its age: the next one refers to it.
        audit.audit_rows.c.number
        < select(delivery.counters.c.value).where(delivery.counters.c.name == "audit").scalar_subquery(),
    )
    .order_by(audit.audit_rows.c.number)
    .limit(bindparam("at_most"))
)
_AUDIT: Final = delete(audit.audit_rows).where(audit.audit_rows.c.number.in_(_PRUNABLE))
"""Only from the beginning and up to a signed checkpoint: what is left can be checked as before."""
_EVENTS: Final = RULES[RetentionClass.EVENT].removal.returning(delivery.events.c.event_id)
_FORGOTTEN: Final = (
    update(delivery.counters)
    .where(delivery.counters.c.name == "forgotten_events", delivery.counters.c.value < bindparam("latest"))
    .values(value=bindparam("latest"))
)


def _add(dialect: Any) -> Any:
    row = dialect.insert(delivery.tallies)
    return row.on_conflict_do_update(
        index_elements=["name", "day"],
        set_={"value": delivery.tallies.c.value + row.excluded.value},
    )


_ADD: Final = {True: _add(postgresql), False: _add(sqlite)}
_REMOVED: Final = "removed."
"""Before the name of a class: how many of its rows went."""
_REMOVED_SINCE: Final = (
    select(delivery.tallies.c.name, func.sum(delivery.tallies.c.value).label("many"))
    .where(delivery.tallies.c.name.startswith(_REMOVED), delivery.tallies.c.day >= bindparam("day"))
    .group_by(delivery.tallies.c.name)
)


class SqlRetention:
    """Implements `usecases.repositories.retention.RetentionRepository`."""

    def __init__(self, statements: Statements) -> None:
        self._statements: Final = statements

    def classes(self) -> tuple[RetentionClass, ...]:
        """See the protocol."""
        return ended_by_time()

    def remove(self, which: RetentionClass, before: datetime, at_most: int) -> int:
        """See the protocol."""
        values = {"before": before, "at_most": at_most}
        match which:
            case RetentionClass.ATTEMPT | RetentionClass.ATTEMPT_SUCCEEDED:
                return self._attempts(RULES[which], values)
            case RetentionClass.COMMAND:
                return self._counted(self._statements.all(_COMMANDS, values))
            case RetentionClass.EVENT:
                return self._forgotten(self._statements.all(_EVENTS, values))
            case RetentionClass.PAIRING_TOKEN:
                return self._statements.execute(_FORGET_TOKENS, values).rowcount
            case RetentionClass.PAIRING_ADDRESS:
                return self._statements.execute(_FORGET_ADDRESSES, values).rowcount
            case _:
                removal = _AUDIT if which is RetentionClass.AUDIT else RULES[which].removal
                return self._statements.execute(removal, values).rowcount

    def count_removed(self, which: RetentionClass, many: int, at: datetime) -> None:
        """See the protocol."""
        row = {"name": f"{_REMOVED}{which.value}", "day": at.date().isoformat(), "value": many}
        self._statements.execute_many(_ADD[self._statements.is_postgresql], [row])

    def removed_since(self, since: datetime) -> dict[RetentionClass, int]:
        """See the protocol."""
        known = {f"{_REMOVED}{which.value}": which for which in RetentionClass}
        rows = self._statements.all(_REMOVED_SINCE, {"day": since.date().isoformat()})
        return {known[row.name]: int(row.many) for row in rows if row.name in known}

    def oldest(self, which: RetentionClass) -> datetime | None:
        """See the protocol."""
        row = self._statements.first(RULES[which].oldest)
        return None if row is None else row[0]

    def _attempts(self, rule: Rule, values: dict[str, Any]) -> int:
        """Attempts with their evidence, at most so many rows of each."""
        ids = [row.attempt_id for row in self._statements.all(rule.old, values)]
        if not ids:
            return 0
        at_most: int = values["at_most"]
        evidence = self._statements.execute(_EVIDENCE_OF, {"ids": ids, "at_most": at_most}).rowcount
        if evidence >= at_most:
            return evidence  # there may be more of it: the attempts' turn comes with the next transaction
        return self._statements.execute(_ATTEMPTS, {"ids": ids}).rowcount

    def _counted(self, commands: Sequence[AnyRow]) -> int:
        """What is left of commands is how many ended how, by day."""
        tally: dict[tuple[str, str], int] = {}
        for row in commands:
            key = (f"commands.{row.status}", row.issued_at.date().isoformat())
            tally[key] = tally.get(key, 0) + 1
        rows = [{"name": name, "day": day, "value": many} for (name, day), many in sorted(tally.items())]
        self._statements.execute_many(_ADD[self._statements.is_postgresql], rows)
        return len(commands)

    def _forgotten(self, events: Sequence[AnyRow]) -> int:
        """From which number on the log is complete must be known before anybody misses what is gone."""
        if events:
            self._statements.execute(_FORGOTTEN, {"latest": max(row.event_id for row in events)})
        return len(events)
