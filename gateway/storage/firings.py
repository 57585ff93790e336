"""Firings of rules on SQL: the part of `automations` that the timer works with."""

from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, func, insert, select, update

from gateway.domain.automations import AutomationId, Reason
from gateway.domain.firings import Firing, FiringId, FiringState
from gateway.domain.households import HomeRef
from gateway.domain.identity import AccountId, CommandId, DeviceId
from gateway.storage.statements import AnyRow, Statements
from gateway.storage.tables.automations import automation_firings as firings
from gateway.storage.tables.schema import Instant
from gateway.usecases.repositories.automations import FIRINGS_KEPT

_ADD: Final = insert(firings)
_ONE: Final = select(firings).where(
    firings.c.firing_id == bindparam("firing_id"), firings.c.account_id == bindparam("account_id")
)
_CHANGED: Final = ("waits", "state", "due_at", "command_id", "reason")
_PUT: Final = (
    update(firings)
    .where(firings.c.firing_id == bindparam("b_firing_id"), firings.c.version == bindparam("b_version"))
    .values({**{name: bindparam(name) for name in _CHANGED}, "version": firings.c.version + 1})
)
_DUE: Final = (
    select(firings)
    .where(firings.c.due_at <= bindparam("now", type_=Instant()))
    .order_by(firings.c.due_at, firings.c.firing_id)
    .limit(bindparam("at_most"))
)
_NEXT: Final = select(func.min(firings.c.due_at, type_=Instant()).label("at"))
_OPEN: Final = select(firings).where(firings.c.due_at.is_not(None)).order_by(firings.c.at, firings.c.firing_id)
_OPEN_OF_ACCOUNT: Final = _OPEN.where(firings.c.account_id == bindparam("account_id"))
_OPEN_OF_HOME: Final = _OPEN.where(firings.c.home_ref == bindparam("home_ref"))
_OPEN_OF_DEVICE: Final = _OPEN.where(firings.c.device_id == bindparam("device_id"))
_FORGET: Final = delete(firings).where(firings.c.account_id == bindparam("account_id"))
_FORGET_SOME: Final = _FORGET.where(firings.c.starts == bindparam("starts"))


_NEWEST: Final = (
    select(firings.c.firing_id)
    .where(firings.c.automation_id == bindparam("automation_id"))
    .order_by(firings.c.at.desc(), firings.c.firing_id.desc())
    .limit(FIRINGS_KEPT)
)
_EXCESS: Final = delete(firings).where(
    firings.c.automation_id == bindparam("automation_id"),
    firings.c.due_at.is_(None),
    firings.c.firing_id.not_in(_NEWEST),
)


class SqlFirings:
    """The firings' part of `usecases.repositories.automations.AutomationRepository`."""

    def __init__(self, statements: Statements) -> None:
        self._statements: Final = statements

    def add_firing(self, firing: Firing) -> None:
        """See the protocol."""
        self._statements.execute(
            _ADD,
            {
                "firing_id": firing.firing_id,
                "automation_id": firing.automation_id,
                "account_id": firing.account_id,
                "home_ref": firing.home_ref,
                "device_id": firing.device_id,
                "epoch": firing.epoch,
                "starts": firing.starts,
                "at": firing.at,
                "off_command_id": firing.off_command_id,
                "version": firing.version,
                **_changed(firing),
            },
        )
        self._statements.execute(_EXCESS, {"automation_id": firing.automation_id})

    def firing(self, account_id: AccountId, firing_id: FiringId) -> Firing | None:
        """See the protocol."""
        row = self._statements.first(_ONE, {"account_id": account_id, "firing_id": firing_id})
        return None if row is None else _firing(row)

    def put_firing(self, firing: Firing) -> None:
        """See the protocol."""
        names = {"b_firing_id": firing.firing_id, "b_version": firing.version}
        self._statements.execute_guarded(_PUT, {**names, **_changed(firing)})

    def due(self, now: datetime, at_most: int) -> list[Firing]:
        """See the protocol."""
        return [_firing(row) for row in self._statements.all(_DUE, {"now": now, "at_most": at_most})]

    def next_due(self) -> datetime | None:
        """See the protocol."""
        row = self._statements.first(_NEXT)
        return None if row is None else row.at

    def open_of_account(self, account_id: AccountId) -> list[Firing]:
        """See the protocol."""
        return [_firing(row) for row in self._statements.all(_OPEN_OF_ACCOUNT, {"account_id": account_id})]

    def open_of_home(self, home_ref: HomeRef) -> list[Firing]:
        """See the protocol."""
        return [_firing(row) for row in self._statements.all(_OPEN_OF_HOME, {"home_ref": home_ref})]

    def open_of_device(self, device_id: DeviceId) -> list[Firing]:
        """See the protocol."""
        return [_firing(row) for row in self._statements.all(_OPEN_OF_DEVICE, {"device_id": device_id})]

    def forget_firings(self, account_id: AccountId, *, starting: bool | None = None) -> None:
        """See the protocol."""
        if starting is None:
            self._statements.execute(_FORGET, {"account_id": account_id})
        else:
            self._statements.execute(_FORGET_SOME, {"account_id": account_id, "starts": starting})


def _changed(firing: Firing) -> dict[str, object]:
    return {
        "waits": firing.waits,
        "state": firing.state.value,
        "due_at": firing.due_at,
        "command_id": firing.command_id,
        "reason": None if firing.reason is None else firing.reason.value,
    }


def _firing(row: AnyRow) -> Firing:
    return Firing(
        firing_id=FiringId(row.firing_id),
        automation_id=AutomationId(row.automation_id),
        account_id=AccountId(row.account_id),
        home_ref=HomeRef(row.home_ref),
        device_id=DeviceId(row.device_id),
        epoch=row.epoch,
        starts=bool(row.starts),
        waits=bool(row.waits),
        state=FiringState(row.state),
        at=row.at,
        due_at=row.due_at,
        off_command_id=CommandId(row.off_command_id),
        command_id=None if row.command_id is None else CommandId(row.command_id),
        reason=None if row.reason is None else Reason(row.reason),
        version=row.version,
    )
