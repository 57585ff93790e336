"""Bindings on SQL."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from gateway.domain.binding import Binding, ReleaseWaiting, Role
from gateway.domain.identity import AccountId, DeviceId
from gateway.storage.devices import device_from
from gateway.storage.statements import AnyRow, Statements
from gateway.storage.tables.lifecycle import bindings, release_requests, verdicts
from gateway.storage.tables.registry import devices, units
from gateway.usecases.repositories.bindings import BoundDevice, StoredVerdict
from gateway.usecases.transaction import StaleVersionError

_OF_DEVICE: Final = select(bindings).where(bindings.c.device_id == bindparam("id"))
# `device` is joined on the epoch as well: a binding of an earlier epoch reaches nothing.
_BOUND: Final = (
    select(
        devices,
        units.c.type_id,
        bindings.c.account_id,
        bindings.c.role,
        bindings.c.since,
        bindings.c.until,
        bindings.c.reset_counter.label("proved_counter"),
        bindings.c.nickname_sealed,
    )
    .join(devices, (devices.c.device_id == bindings.c.device_id) & (devices.c.epoch == bindings.c.epoch))
    .join(units, units.c.unit_id == devices.c.unit_id)
    .where(bindings.c.account_id == bindparam("account_id"))
)
_ONE: Final = _BOUND.where(bindings.c.device_id == bindparam("device_id"))
_PAGE: Final = (
    _BOUND.where(bindings.c.device_id > bindparam("after")).order_by(bindings.c.device_id).limit(bindparam("at_most"))
)
_OWNED: Final = (
    select(func.count())
    .select_from(bindings)
    .where(bindings.c.account_id == bindparam("account_id"), bindings.c.role == Role.OWNER.value)
)
_CHANGED_ON_CONFLICT: Final = ("epoch", "role", "since", "until", "reset_counter")


def _put(dialect: Any) -> Any:
    statement = dialect.insert(bindings)
    return statement.on_conflict_do_update(
        index_elements=["device_id", "account_id"],
        set_={name: statement.excluded[name] for name in _CHANGED_ON_CONFLICT},
    )


def _remember(dialect: Any) -> Any:
    statement = dialect.insert(verdicts)
    return statement.on_conflict_do_update(
        index_elements=["device_id"],
        set_={"message": statement.excluded.message, "at": statement.excluded.at},
    )


_PUT: Final = {True: _put(postgresql), False: _put(sqlite)}
_REMEMBER: Final = {True: _remember(postgresql), False: _remember(sqlite)}
_ASK: Final = {
    True: postgresql.insert(release_requests).on_conflict_do_nothing(),
    False: sqlite.insert(release_requests).on_conflict_do_nothing(),
}
_RENAME: Final = (
    update(bindings)
    .where(bindings.c.account_id == bindparam("b_account_id"), bindings.c.device_id == bindparam("b_device_id"))
    .values(nickname_sealed=bindparam("nickname_sealed"))
)
_REMOVE_ALL: Final = delete(bindings).where(bindings.c.device_id == bindparam("id")).returning(bindings.c.account_id)
_WAITING: Final = select(release_requests).where(release_requests.c.device_id == bindparam("id"))
_FORGET: Final = delete(release_requests).where(release_requests.c.device_id == bindparam("id"))
_DUE: Final = (
    select(release_requests.c.device_id)
    .where(release_requests.c.until <= bindparam("now"))
    .order_by(release_requests.c.until)
    .limit(bindparam("at_most"))
)
_NEXT: Final = select(func.min(release_requests.c.until))
_VERDICT: Final = select(verdicts).where(verdicts.c.device_id == bindparam("id"))


class SqlBindings:
    """Implements `usecases.repositories.bindings.BindingRepository`."""

    def __init__(self, statements: Statements) -> None:
        self._statements: Final = statements

    def of_device(self, device_id: DeviceId) -> tuple[Binding, ...]:
        """See the protocol."""
        rows = self._statements.all(_OF_DEVICE, {"id": device_id})
        return tuple(_binding(row, row.reset_counter) for row in rows)

    def of_account(self, account_id: AccountId, after: DeviceId | None, at_most: int) -> list[BoundDevice]:
        """See the protocol."""
        values = {"account_id": account_id, "after": after or "", "at_most": at_most}
        return [_bound(row) for row in self._statements.all(_PAGE, values)]

    def one(self, account_id: AccountId, device_id: DeviceId) -> BoundDevice | None:
        """See the protocol."""
        row = self._statements.first(_ONE, {"account_id": account_id, "device_id": device_id})
        return None if row is None else _bound(row)

    def owned(self, account_id: AccountId) -> int:
        """See the protocol."""
        many: int = self._statements.execute(_OWNED, {"account_id": account_id}).scalar_one()
        return many

    def put(self, binding: Binding) -> None:
        """See the protocol."""
        try:
            self._statements.execute(
                _PUT[self._statements.is_postgresql],
                {
                    "device_id": binding.device_id,
                    "account_id": binding.account_id,
                    "epoch": binding.epoch,
                    "role": binding.role.value,
                    "since": binding.since,
                    "until": binding.until,
                    "reset_counter": binding.reset_counter,
                },
            )
        except IntegrityError as taken:
            raise StaleVersionError from taken

    def rename(self, account_id: AccountId, device_id: DeviceId, nickname_sealed: bytes | None) -> None:
        """See the protocol."""
        self._statements.execute(
            _RENAME,
            {"b_account_id": account_id, "b_device_id": device_id, "nickname_sealed": nickname_sealed},
        )

    def remove_all(self, device_id: DeviceId) -> list[AccountId]:
        """See the protocol."""
        return [AccountId(row.account_id) for row in self._statements.all(_REMOVE_ALL, {"id": device_id})]

    def waiting(self, device_id: DeviceId) -> tuple[AccountId, datetime, datetime, int] | None:
        """See the protocol."""
        row = self._statements.first(_WAITING, {"id": device_id})
        return None if row is None else (AccountId(row.newcomer), row.asked_at, row.until, row.epoch)

    def ask_release(self, waiting: ReleaseWaiting) -> None:
        """See the protocol."""
        self._statements.execute(
            _ASK[self._statements.is_postgresql],
            {
                "device_id": waiting.owner.device_id,
                "epoch": waiting.owner.epoch,
                "newcomer": waiting.newcomer,
                "asked_at": waiting.asked_at,
                "until": waiting.until,
            },
        )

    def forget_release(self, device_id: DeviceId) -> None:
        """See the protocol."""
        self._statements.execute(_FORGET, {"id": device_id})

    def releases_due(self, now: datetime, at_most: int) -> list[DeviceId]:
        """See the protocol."""
        return [DeviceId(row.device_id) for row in self._statements.all(_DUE, {"now": now, "at_most": at_most})]

    def next_release(self) -> datetime | None:
        """See the protocol."""
        row = self._statements.first(_NEXT)
        return None if row is None else row[0]

    def remember_verdict(self, device_id: DeviceId, message: bytes, now: datetime) -> None:
        """See the protocol."""
        values = {"device_id": device_id, "message": message, "at": now}
        self._statements.execute(_REMEMBER[self._statements.is_postgresql], values)

    def verdict(self, device_id: DeviceId) -> StoredVerdict | None:
        """See the protocol."""
        row = self._statements.first(_VERDICT, {"id": device_id})
        return None if row is None else StoredVerdict(row.message, row.at)


def _binding(row: AnyRow, reset_counter: int) -> Binding:
    return Binding(
        device_id=DeviceId(row.device_id),
        epoch=row.epoch,
        account_id=AccountId(row.account_id),
        role=Role(row.role),
        since=row.since,
        until=row.until,
        reset_counter=reset_counter,
    )


def _bound(row: AnyRow) -> BoundDevice:
    return BoundDevice(device_from(row), _binding(row, row.proved_counter), row.type_id, row.nickname_sealed)
