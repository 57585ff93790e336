"""The event log on SQL. Writing is `SqlTransaction.emit`."""

import json
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, or_, select

from gateway.domain.identity import AccountId, DeviceId, PairingId
from gateway.storage.statements import AnyRow, Statements
from gateway.storage.tables.delivery import counters, events
from gateway.storage.tables.lifecycle import bindings
from gateway.usecases.repositories.events import LoggedEvent

_COUNTERS: Final = select(counters).where(or_(counters.c.name == "changes", counters.c.name == "forgotten_events"))
_COUNTER: Final = select(counters.c.value).where(counters.c.name == bindparam("name"))
# An event of a device is shown while its epoch is the account's: joined at each reading, not remembered.
_OF_ACCOUNT: Final = (
    select(events, bindings.c.until)
    .outerjoin(
        bindings,
        (bindings.c.account_id == events.c.account_id)
        & (bindings.c.device_id == events.c.device_id)
        & (bindings.c.epoch == events.c.epoch),
    )
    .where(
        events.c.account_id == bindparam("account_id"),
        events.c.event_id > bindparam("after"),
        or_(events.c.epoch.is_(None), bindings.c.device_id.is_not(None)),
    )
    .order_by(events.c.event_id)
    .limit(bindparam("at_most"))
)
_OF_PAIRING: Final = (
    select(events)
    .where(events.c.pairing_id == bindparam("pairing_id"), events.c.event_id > bindparam("after"))
    .order_by(events.c.event_id)
    .limit(bindparam("at_most"))
)

_FORGET_DEVICE: Final = delete(events).where(events.c.device_id == bindparam("device_id"))


class SqlEvents:
    """Implements `usecases.repositories.events.EventRepository`."""

    def __init__(self, statements: Statements) -> None:
        self._statements: Final = statements

    def bounds(self) -> tuple[int, int]:
        """See the protocol."""
        values = {row.name: row.value for row in self._statements.all(_COUNTERS)}
        return values["forgotten_events"], values["changes"]

    def newest(self) -> int:
        """See the protocol."""
        value: int = self._statements.execute(_COUNTER, {"name": "changes"}).scalar_one()
        return value

    def resumable_from(self) -> int:
        """See the protocol."""
        value: int = self._statements.execute(_COUNTER, {"name": "forgotten_events"}).scalar_one()
        return value

    def of_account(self, account_id: AccountId, after: int, at_most: int) -> list[LoggedEvent]:
        """See the protocol."""
        values = {"account_id": account_id, "after": after, "at_most": at_most}
        return [_event(row, row.until) for row in self._statements.all(_OF_ACCOUNT, values)]

    def forget_device(self, device_id: DeviceId) -> None:
        """See the protocol."""
        self._statements.execute(_FORGET_DEVICE, {"device_id": device_id})

    def of_pairing(self, pairing_id: PairingId, after: int, at_most: int) -> list[LoggedEvent]:
        """See the protocol."""
        values = {"pairing_id": pairing_id, "after": after, "at_most": at_most}
        return [_event(row) for row in self._statements.all(_OF_PAIRING, values)]


def _event(row: AnyRow, until: datetime | None = None) -> LoggedEvent:
    return LoggedEvent(
        number=row.event_id,
        kind=row.kind,
        data=json.loads(row.data),
        at=row.at,
        device_id=row.device_id,
        epoch=row.epoch,
        pairing_id=row.pairing_id,
        until=until,
    )
