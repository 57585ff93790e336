"""One open transaction: the repositories a use case works with, and what leaves the process when it commits.

Longer than other files, and flat: each repository is one property, named with what it is read for.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from sqlalchemy import Connection, bindparam, insert, update

from gateway.domain.identity import AccountId, DeviceId, PairingId
from gateway.domain.read_purposes import ReadPurpose
from gateway.storage.accounts import SqlAccounts
from gateway.storage.attempts import SqlAttempts
from gateway.storage.audit import SqlAudit
from gateway.storage.automations import SqlAutomations
from gateway.storage.bindings import SqlBindings
from gateway.storage.certificates import SqlCertificates
from gateway.storage.closures import SqlClosures
from gateway.storage.commands import SqlCommands
from gateway.storage.consents import SqlConsents
from gateway.storage.deletions import SqlDeletions
from gateway.storage.devices import SqlDevices
from gateway.storage.disclosures import SqlDisclosures
from gateway.storage.erasures import SqlErasures
from gateway.storage.events import SqlEvents
from gateway.storage.exports import SqlExports
from gateway.storage.guardians import SqlGuardians
from gateway.storage.households import SqlHouseholds
from gateway.storage.idempotency import SqlIdempotency
from gateway.storage.incidents import SqlIncidents
from gateway.storage.notices import SqlNotices
from gateway.storage.pairings import SqlPairings
from gateway.storage.policies import SqlPolicies
from gateway.storage.received import SqlReceived
from gateway.storage.requests import SqlRequests
from gateway.storage.retention import SqlRetention
from gateway.storage.sessions import SqlSessions
from gateway.storage.staff import SqlStaff, SqlStaffSessions
from gateway.storage.statements import Connected, Statements
from gateway.storage.states import SqlStates
from gateway.storage.subject_rows import SqlSubjectRows
from gateway.storage.support import SqlSupport
from gateway.storage.support_access import SqlSupportAccess
from gateway.storage.tables.delivery import counters, events, outbox
from gateway.storage.throttles import SqlThrottles
from gateway.storage.units import SqlUnits
from gateway.storage.whereabouts import SqlWhereabouts
from gateway.usecases.outbox import CLAIM_FOR, Committed, Counted, Kind, OutboxRow, Timed

_NEXT = update(counters).where(counters.c.name == "changes").values(value=counters.c.value + bindparam("many"))
_NEXT_VALUE: Final = _NEXT.returning(counters.c.value)
_INSERT_EVENTS: Final = insert(events)
_INSERT_OUTBOX: Final = insert(outbox).returning(outbox.c.outbox_id)


class SqlTransaction:
    """Implements `usecases.transaction.Transaction`. Made by `Database` for each run of a use case."""

    def __init__(self, connection: Connection, gateway_id: str, *, read_only: bool = False) -> None:
        self.statements: Final = Connected(connection, read_only=read_only)
        """Without a purpose: every repository is made for one."""
        self._gateway_id: Final = gateway_id
        self._events: list[dict[str, Any]] = []
        self._outbox: list[dict[str, Any]] = []
        self._accounts: set[AccountId] = set()
        self._hushed: set[AccountId] = set()
        self._ring_at: datetime | None = None
        self._counted: list[tuple[Counted, tuple[str, ...]]] = []
        self._timed: list[tuple[Timed, float, tuple[str, ...]]] = []

    # -- what leaves with the commit

    def publish(self, topic: str, payload: bytes, now: datetime, *, expires_at: datetime | None = None) -> None:
        """See the protocol."""
        self._queue(Kind.PUBLISH, topic, payload, now, expires_at)

    def evict(self, common_name: str, now: datetime) -> None:
        """See the protocol."""
        self._queue(Kind.EVICT, common_name, b"", now, None)

    def _queue(self, kind: Kind, target: str, payload: bytes, now: datetime, expires_at: datetime | None) -> None:
        self._outbox.append(
            {
                "kind": kind,
                "target": target,
                "payload": payload,
                "created_at": now,
                "expires_at": expires_at,
                "claimed_by": self._gateway_id,
                # A command line has no relay: what it leaves to do is free for the first gateway that looks.
                "claimed_until": now + CLAIM_FOR if self._gateway_id else now,
            },
        )

    def emit(
        self,
        account_id: AccountId,
        kind: str,
        data: Mapping[str, Any],
        now: datetime,
        *,
        device_id: DeviceId | None = None,
        epoch: int | None = None,
        pairing_id: PairingId | None = None,
    ) -> None:
        """See the protocol."""
        self._events.append(
            {
                "account_id": account_id,
                "kind": kind,
                "data": json.dumps(data, ensure_ascii=False, separators=(",", ":")),
                "at": now,
                "device_id": device_id,
                "epoch": epoch,
                "pairing_id": pairing_id,
            },
        )
        self._accounts.add(account_id)

    def hush(self, account_id: AccountId) -> None:
        """See the protocol."""
        self._write_put_off()
        self._hushed.add(account_id)
        self._accounts.add(account_id)

    def touch(self, account_id: AccountId) -> None:
        """See the protocol."""
        self._accounts.add(account_id)

    def next_revision(self) -> int:
        """See the protocol."""
        return self._advance(1)

    def count(self, what: Counted, *labels: str) -> None:
        """See the protocol."""
        self._counted.append((what, labels))

    def time(self, what: Timed, seconds: float, *labels: str) -> None:
        """See the protocol."""
        self._timed.append((what, seconds, labels))

    def ring_at(self, moment: datetime) -> None:
        """See the protocol."""
        if self._ring_at is None or moment < self._ring_at:
            self._ring_at = moment

    @cached_property
    def _leaving(self) -> Statements:
        return self.statements.reading(ReadPurpose.DELIVERY)

    def _advance(self, many: int) -> int:
        value: int = self._leaving.execute(_NEXT_VALUE, {"many": many}).scalar_one()
        return value

    def finish(self) -> Committed:
        """Write the rows that leave with the commit. Called last: the event numbers lock until the commit."""
        self._write_put_off()
        rows: tuple[OutboxRow, ...] = ()
        if self._outbox:
            rows = tuple(self._written(row) for row in self._outbox)
        self._events = [event for event in self._events if event["account_id"] not in self._hushed]
        if self._events:
            last = self._advance(len(self._events))
            first = last - len(self._events) + 1
            numbered = [{"event_id": first + n, **event} for n, event in enumerate(self._events)]
            self._leaving.execute_many(_INSERT_EVENTS, numbered)
        return Committed(rows, frozenset(self._accounts), self._ring_at, tuple(self._counted), tuple(self._timed))

    def _write_put_off(self) -> None:
        for name in ("commands", "attempts"):  # cached properties: only a transaction that used them has any to write
            if name in self.__dict__:
                self.__dict__[name].flush()

    def _written(self, row: dict[str, Any]) -> OutboxRow:
        number: int = self._leaving.execute(_INSERT_OUTBOX, row).scalar_one()
        return OutboxRow(number, row["kind"], row["target"], row["payload"], row["expires_at"], row["claimed_until"])

    # -- repositories

    @cached_property
    def units(self) -> SqlUnits:
        """See the protocol."""
        return SqlUnits(self.statements.reading(ReadPurpose.SERVICE))

    @cached_property
    def devices(self) -> SqlDevices:
        """See the protocol."""
        return SqlDevices(self.statements.reading(ReadPurpose.SERVICE))

    @cached_property
    def certificates(self) -> SqlCertificates:
        """See the protocol."""
        return SqlCertificates(self.statements.reading(ReadPurpose.SERVICE))

    @cached_property
    def attempts(self) -> SqlAttempts:
        """See the protocol."""
        return SqlAttempts(self.statements.reading(ReadPurpose.SERVICE))

    @cached_property
    def pairings(self) -> SqlPairings:
        """See the protocol."""
        return SqlPairings(self.statements.reading(ReadPurpose.SERVICE))

    @cached_property
    def bindings(self) -> SqlBindings:
        """See the protocol."""
        return SqlBindings(self.statements.reading(ReadPurpose.SERVICE))

    @cached_property
    def accounts(self) -> SqlAccounts:
        """See the protocol."""
        return SqlAccounts(self.statements.reading(ReadPurpose.SECURITY))

    @cached_property
    def sessions(self) -> SqlSessions:
        """See the protocol."""
        return SqlSessions(self.statements.reading(ReadPurpose.SECURITY))

    @cached_property
    def throttles(self) -> SqlThrottles:
        """See the protocol."""
        return SqlThrottles(self.statements.reading(ReadPurpose.SECURITY))

    @cached_property
    def states(self) -> SqlStates:
        """See the protocol."""
        return SqlStates(self.statements.reading(ReadPurpose.SERVICE))

    @cached_property
    def commands(self) -> SqlCommands:
        """See the protocol."""
        return SqlCommands(self.statements.reading(ReadPurpose.SERVICE))

    @cached_property
    def events(self) -> SqlEvents:
        """See the protocol."""
        return SqlEvents(self.statements.reading(ReadPurpose.SERVICE))

    @cached_property
    def idempotency(self) -> SqlIdempotency:
        """See the protocol."""
        return SqlIdempotency(self.statements.reading(ReadPurpose.SECURITY))

    @cached_property
    def received(self) -> SqlReceived:
        """See the protocol."""
        return SqlReceived(self.statements.reading(ReadPurpose.SERVICE))

    @cached_property
    def support(self) -> SqlSupport:
        """See the protocol."""
        return SqlSupport(self.statements.reading(ReadPurpose.SUPPORT_UNIT))

    @cached_property
    def retention(self) -> SqlRetention:
        """See the protocol."""
        return SqlRetention(self.statements.reading(ReadPurpose.RETENTION))

    @cached_property
    def staff(self) -> SqlStaff:
        """See the protocol."""
        return SqlStaff(self.statements.reading(ReadPurpose.STAFF))

    @cached_property
    def staff_sessions(self) -> SqlStaffSessions:
        """See the protocol."""
        return SqlStaffSessions(self.statements.reading(ReadPurpose.STAFF))

    @cached_property
    def support_access(self) -> SqlSupportAccess:
        """See the protocol."""
        return SqlSupportAccess(self.statements.reading(ReadPurpose.SUPPORT_CUSTOMER))

    @cached_property
    def policies(self) -> SqlPolicies:
        """See the protocol."""
        return SqlPolicies(self.statements.reading(ReadPurpose.CONSENT))

    @cached_property
    def consents(self) -> SqlConsents:
        """See the protocol."""
        return SqlConsents(self.statements.reading(ReadPurpose.CONSENT))

    @cached_property
    def notices(self) -> SqlNotices:
        """See the protocol."""
        return SqlNotices(self.statements.reading(ReadPurpose.SERVICE))

    @cached_property
    def guardians(self) -> SqlGuardians:
        """See the protocol."""
        return SqlGuardians(self.statements.reading(ReadPurpose.CONSENT))

    @cached_property
    def households(self) -> SqlHouseholds:
        """See the protocol."""
        return SqlHouseholds(self.statements.reading(ReadPurpose.SERVICE))

    @cached_property
    def whereabouts(self) -> SqlWhereabouts:
        """See the protocol."""
        return SqlWhereabouts(self.statements.reading(ReadPurpose.LOCATION))

    @cached_property
    def automations(self) -> SqlAutomations:
        """See the protocol."""
        return SqlAutomations(self.statements.reading(ReadPurpose.LOCATION))

    @cached_property
    def audit(self) -> SqlAudit:
        """See the protocol."""
        return SqlAudit(self.statements.reading(ReadPurpose.STAFF))

    @cached_property
    def erasures(self) -> SqlErasures:
        """See the protocol."""
        return SqlErasures(self.statements.reading(ReadPurpose.RETENTION))

    @cached_property
    def deletions(self) -> SqlDeletions:
        """See the protocol."""
        return SqlDeletions(self.statements.reading(ReadPurpose.OWN_DATA))

    @cached_property
    def closures(self) -> SqlClosures:
        """See the protocol."""
        return SqlClosures(self.statements.reading(ReadPurpose.OWN_DATA))

    @cached_property
    def disclosures(self) -> SqlDisclosures:
        """See the protocol."""
        return SqlDisclosures(self.statements.reading(ReadPurpose.DELIVERY))

    @cached_property
    def exports(self) -> SqlExports:
        """See the protocol."""
        return SqlExports(self.statements.reading(ReadPurpose.OWN_DATA))

    @cached_property
    def incidents(self) -> SqlIncidents:
        """See the protocol."""
        return SqlIncidents(self.statements.reading(ReadPurpose.PRIVACY_OFFICE))

    @cached_property
    def requests(self) -> SqlRequests:
        """See the protocol."""
        return SqlRequests(self.statements.reading(ReadPurpose.PRIVACY_OFFICE))

    @cached_property
    def subject_rows(self) -> SqlSubjectRows:
        """See the protocol."""
        return SqlSubjectRows(self.statements.reading(ReadPurpose.OWN_DATA))
