"""Commands on SQL."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, func, insert, select, update

from gateway.domain.binding import Role
from gateway.domain.commands import Command, Status
from gateway.domain.identity import AccountId, CommandId, DeviceId
from gateway.storage.put_off import PutOff
from gateway.storage.statements import AnyRow, Statements
from gateway.storage.tables.lifecycle import bindings
from gateway.storage.tables.operation import commands

_SELECT: Final = select(commands)
_GET: Final = _SELECT.where(commands.c.command_id == bindparam("id"))
_OF_ACCOUNT: Final = _GET.where(
    commands.c.account_id == bindparam("account_id"),
    select(bindings.c.device_id)
    .where(
        bindings.c.account_id == commands.c.account_id,
        bindings.c.device_id == commands.c.device_id,
        bindings.c.epoch == commands.c.epoch,
    )
    .exists(),
)
_UNDER_WAY: Final = _SELECT.where(
    commands.c.device_id == bindparam("device_id"),
    commands.c.ended_at.is_(None),
).order_by(commands.c.seq)
_INSERT: Final = insert(commands)
_UPDATE: Final = update(commands).where(
    commands.c.command_id == bindparam("b_key"),
    commands.c.version == bindparam("b_version"),
)
_OWNER: Final = (
    select(bindings.c.account_id)
    .where(
        bindings.c.device_id == commands.c.device_id,
        bindings.c.epoch == commands.c.epoch,
        bindings.c.role == Role.OWNER.value,
        bindings.c.account_id != bindparam("b_account_id"),
    )
    .limit(1)
    .scalar_subquery()
)
_LEAVE_TO_OWNERS: Final = (
    update(commands)
    .where(
        commands.c.account_id == bindparam("b_account_id"),
        commands.c.ended_at.is_(None),
        commands.c.action == "off",
        _OWNER.is_not(None),
    )
    .values(account_id=_OWNER, version=commands.c.version + 1)
)
_DUE: Final = (
    select(commands.c.device_id)
    .where(commands.c.due_at <= bindparam("now"))
    .group_by(commands.c.device_id)
    .order_by(func.min(commands.c.due_at))
    .limit(bindparam("at_most"))
)
_NEXT_DUE: Final = select(func.min(commands.c.due_at))


class SqlCommands:
    """Implements `usecases.repositories.commands.CommandRepository`. Writes are put off: see `put_off`."""

    def __init__(self, statements: Statements) -> None:
        self._statements: Final = statements
        self._rows: Final = PutOff(statements, _INSERT, _UPDATE)

    def flush(self) -> None:
        """Write what was put off.

        Raises:
            StaleVersionError: one of the commands changed meanwhile.
        """
        self._rows.flush()

    def get(self, command_id: CommandId) -> Command | None:
        """See the protocol."""
        self.flush()
        row = self._statements.first(_GET, {"id": command_id})
        return None if row is None else _command(row)

    def of_account(self, account_id: AccountId, command_id: CommandId) -> Command | None:
        """See the protocol."""
        self.flush()
        row = self._statements.first(_OF_ACCOUNT, {"id": command_id, "account_id": account_id})
        return None if row is None else _command(row)

    def under_way(self, device_id: DeviceId) -> list[Command]:
        """See the protocol."""
        self.flush()
        return [_command(row) for row in self._statements.all(_UNDER_WAY, {"device_id": device_id})]

    def add(self, command: Command, due_at: datetime | None) -> None:
        """See the protocol."""
        columns = {
            "command_id": command.command_id,
            "device_id": command.device_id,
            "epoch": command.epoch,
            "account_id": command.account_id,
            "seq": command.seq,
            "action": command.action,
            "issued_at": command.issued_at,
            "expires_at": command.expires_at,
            **_changing(command),
            "due_at": due_at,
            "version": command.version,
        }
        self._rows.add(command.command_id, columns)

    def update(self, command: Command, due_at: datetime | None) -> Command:
        """See the protocol."""
        columns = {**_changing(command), "due_at": due_at, "version": command.version + 1}
        self._rows.change(command.command_id, command.version, columns)
        return replace(command, version=command.version + 1)

    def leave_to_owners(self, account_id: AccountId) -> int:
        """See the protocol."""
        self.flush()
        return self._statements.execute(_LEAVE_TO_OWNERS, {"b_account_id": account_id}).rowcount

    def due(self, now: datetime, at_most: int) -> list[DeviceId]:
        """See the protocol."""
        self.flush()
        return [DeviceId(row.device_id) for row in self._statements.all(_DUE, {"now": now, "at_most": at_most})]

    def next_due(self) -> datetime | None:
        """See the protocol."""
        self.flush()
        row = self._statements.first(_NEXT_DUE)
        return None if row is None else row[0]


def _changing(command: Command) -> dict[str, Any]:
    return {
        "params": json.dumps(dict(command.params), ensure_ascii=False) if command.under_way else None,
        "status": command.status.value,
        "code": command.code,
        "sent_at": command.sent_at,
        "received_at": command.received_at,
        "ended_at": command.ended_at,
        "sends": command.sends,
        "next_send_at": command.next_send_at,
    }


def _command(row: AnyRow) -> Command:
    return Command(
        command_id=row.command_id,
        device_id=row.device_id,
        epoch=row.epoch,
        account_id=row.account_id,
        seq=row.seq,
        action=row.action,
        params={} if row.params is None else json.loads(row.params),
        issued_at=row.issued_at,
        expires_at=row.expires_at,
        status=Status(row.status),
        sends=row.sends,
        next_send_at=row.next_send_at,
        sent_at=row.sent_at,
        received_at=row.received_at,
        ended_at=row.ended_at,
        code=row.code,
        version=row.version,
    )
