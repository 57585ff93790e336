"""Rules on SQL. What they are about to do is in `firings`."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, func, insert, select, update

from gateway.domain.automations import Automation, AutomationId, Mode, Reason, Trigger
from gateway.domain.households import HomeRef
from gateway.domain.identity import AccountId, DeviceId
from gateway.storage.firings import SqlFirings
from gateway.storage.statements import AnyRow
from gateway.storage.tables.automations import automation_lines, automations
from gateway.storage.tables.delivery import events
from gateway.usecases.repositories.automations import LINES_KEPT, Did, Line

_ADD: Final = insert(automations)
_ONE: Final = select(automations).where(
    automations.c.automation_id == bindparam("automation_id"), automations.c.account_id == bindparam("account_id")
)
_EDITED: Final = ("triggered_by", "mode", "action", "params", "starts", "enabled", "dry_run_until")
"""Not `rested_until`: an edit that began before somebody told the appliance something must not end that rest."""
_PUT: Final = (
    update(automations)
    .where(automations.c.automation_id == bindparam("b_automation_id"), automations.c.version == bindparam("b_version"))
    .values({**{name: bindparam(name) for name in _EDITED}, "version": automations.c.version + 1})
)
_REMOVE: Final = delete(automations).where(automations.c.automation_id == bindparam("automation_id"))
_OF_ACCOUNT: Final = (
    select(automations)
    .where(automations.c.account_id == bindparam("account_id"), automations.c.automation_id > bindparam("after"))
    .order_by(automations.c.automation_id)
    .limit(bindparam("at_most"))
)
_MANY: Final = select(func.count()).select_from(automations).where(automations.c.account_id == bindparam("account_id"))
_OF_HOME: Final = (
    select(automations).where(automations.c.home_ref == bindparam("home_ref")).order_by(automations.c.automation_id)
)
_FIRED: Final = (
    update(automations)
    .where(automations.c.automation_id == bindparam("b_automation_id"))
    .values(fired_at=bindparam("fired_at"))
)
_REST: Final = (
    update(automations)
    .where(automations.c.device_id == bindparam("b_device_id"))
    .values(rested_until=bindparam("rested_until"))
)
_REMOVE_OF_DEVICE: Final = delete(automations).where(automations.c.device_id == bindparam("device_id"))
_REMOVE_OF_ACCOUNT: Final = delete(automations).where(automations.c.account_id == bindparam("account_id"))

_ADD_LINES: Final = insert(automation_lines)
_EXCESS: Final = delete(automation_lines).where(
    automation_lines.c.automation_id == bindparam("automation_id"),
    automation_lines.c.line_id
    <= select(automation_lines.c.line_id)
    .where(automation_lines.c.automation_id == bindparam("automation_id"))
    .order_by(automation_lines.c.line_id.desc())
    .offset(LINES_KEPT)
    .limit(1)
    .scalar_subquery(),
)
_LINES: Final = (
    select(automation_lines)
    .where(
        automation_lines.c.automation_id == bindparam("automation_id"),
        automation_lines.c.line_id < bindparam("before"),
    )
    .order_by(automation_lines.c.line_id.desc())
    .limit(bindparam("at_most"))
)
_FORGET_LINES: Final = delete(automation_lines).where(automation_lines.c.account_id == bindparam("account_id"))
_FORGET_EVENTS: Final = delete(events).where(
    events.c.account_id == bindparam("account_id"), events.c.kind.like("automation.%")
)
_AFTER_ALL: Final = 2**63 - 1


class SqlAutomations(SqlFirings):
    """Implements `usecases.repositories.automations.AutomationRepository`."""

    def add(self, rule: Automation) -> None:
        """See the protocol."""
        self._statements.execute(
            _ADD,
            {
                "automation_id": rule.automation_id,
                "account_id": rule.account_id,
                "home_ref": rule.home_ref,
                "device_id": rule.device_id,
                "epoch": rule.epoch,
                "created_at": rule.created_at,
                "rested_until": rule.rested_until,
                "fired_at": rule.fired_at,
                "version": rule.version,
                **_edited(rule),
            },
        )

    def one(self, account_id: AccountId, automation_id: AutomationId) -> Automation | None:
        """See the protocol."""
        row = self._statements.first(_ONE, {"account_id": account_id, "automation_id": automation_id})
        return None if row is None else _rule(row)

    def put(self, rule: Automation) -> Automation:
        """See the protocol."""
        names = {"b_automation_id": rule.automation_id, "b_version": rule.version}
        self._statements.execute_guarded(_PUT, {**names, **_edited(rule)})
        stored = self.one(rule.account_id, rule.automation_id)
        if stored is None:
            raise LookupError("a rule that was just stored")
        return stored

    def remove(self, automation_id: AutomationId) -> None:
        """See the protocol."""
        self._statements.execute(_REMOVE, {"automation_id": automation_id})

    def of_account(self, account_id: AccountId, after: AutomationId | None, at_most: int) -> list[Automation]:
        """See the protocol."""
        values = {"account_id": account_id, "after": after or "", "at_most": at_most}
        return [_rule(row) for row in self._statements.all(_OF_ACCOUNT, values)]

    def many(self, account_id: AccountId) -> int:
        """See the protocol."""
        many: int = self._statements.execute(_MANY, {"account_id": account_id}).scalar_one()
        return many

    def of_home(self, home_ref: HomeRef) -> list[Automation]:
        """See the protocol."""
        return [_rule(row) for row in self._statements.all(_OF_HOME, {"home_ref": home_ref})]

    def fired(self, automation_id: AutomationId, now: datetime) -> None:
        """See the protocol."""
        self._statements.execute(_FIRED, {"b_automation_id": automation_id, "fired_at": now})

    def rest(self, device_id: DeviceId, until: datetime) -> int:
        """See the protocol."""
        return self._statements.execute(_REST, {"b_device_id": device_id, "rested_until": until}).rowcount

    def remove_of_device(self, device_id: DeviceId) -> None:
        """See the protocol."""
        self._statements.execute(_REMOVE_OF_DEVICE, {"device_id": device_id})

    def remove_of_account(self, account_id: AccountId) -> None:
        """See the protocol."""
        self._statements.execute(_REMOVE_OF_ACCOUNT, {"account_id": account_id})

    def explain(self, lines: Sequence[Line]) -> None:
        """See the protocol."""
        rows = [
            {
                "automation_id": line.automation_id,
                "account_id": line.account_id,
                "at": line.at,
                "did": line.did.value,
                "reason": line.reason.value,
                "dry": line.dry,
            }
            for line in lines
        ]
        self._statements.execute_many(_ADD_LINES, rows)
        for automation_id in sorted({line.automation_id for line in lines}):
            self._statements.execute(_EXCESS, {"automation_id": automation_id})

    def lines(self, automation_id: AutomationId, before: int | None, at_most: int) -> list[Line]:
        """See the protocol."""
        first = _AFTER_ALL if before is None else before
        values = {"automation_id": automation_id, "before": first, "at_most": at_most}
        return [
            Line(
                automation_id=AutomationId(row.automation_id),
                account_id=AccountId(row.account_id),
                at=row.at,
                did=Did(row.did),
                reason=Reason(row.reason),
                dry=bool(row.dry),
                number=row.line_id,
            )
            for row in self._statements.all(_LINES, values)
        ]

    def forget_lines(self, account_id: AccountId) -> None:
        """See the protocol."""
        self._statements.execute(_FORGET_LINES, {"account_id": account_id})

    def forget_events(self, account_id: AccountId) -> None:
        """See the protocol."""
        self._statements.execute(_FORGET_EVENTS, {"account_id": account_id})


def _edited(rule: Automation) -> dict[str, object]:
    return {
        "triggered_by": rule.trigger.value,
        "mode": rule.mode.value,
        "action": rule.action,
        "params": json.dumps(dict(rule.params), ensure_ascii=False, separators=(",", ":")),
        "starts": rule.starts,
        "enabled": rule.enabled,
        "dry_run_until": rule.dry_run_until,
    }


def _rule(row: AnyRow) -> Automation:
    return Automation(
        automation_id=AutomationId(row.automation_id),
        account_id=AccountId(row.account_id),
        home_ref=HomeRef(row.home_ref),
        device_id=DeviceId(row.device_id),
        epoch=row.epoch,
        trigger=Trigger(row.triggered_by),
        mode=Mode(row.mode),
        action=row.action,
        params=json.loads(row.params),
        starts=bool(row.starts),
        created_at=row.created_at,
        enabled=bool(row.enabled),
        dry_run_until=row.dry_run_until,
        rested_until=row.rested_until,
        fired_at=row.fired_at,
        version=row.version,
    )
